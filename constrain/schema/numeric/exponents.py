"""Exponents: an `e` has been read, and what follows must be an integer within bounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from constrain.lexing.regex import Machine

Arcs = tuple[tuple[tuple[tuple[int, int], ...], Machine], ...]

LETTERS = tuple((ord(first), ord(last)) for first, last in ("++", "-.", "09", "EE", "ee"))
"""What numerals are written with."""


def merged(moves: Iterable[tuple[str, Machine]]) -> Arcs:
    """Return the arcs for moves by runs of characters, in the order of their code points."""
    targets: dict[Machine, list[tuple[int, int]]] = {}
    for run, target in moves:
        first, last = ord(run[0]), ord(run[-1])
        ranges = targets.setdefault(target, [])
        if ranges and ranges[-1][1] == first - 1:
            first, _ = ranges.pop()
        ranges.append((first, last))
    return tuple((tuple(ranges), target) for target, ranges in targets.items())


def exponent(
    low: int | None, high: int | None, excluded: frozenset[int], room: int | None
) -> Exponent | None:
    """Return the machine of the exponents from `low` to `high` that are not excluded.

    None stands for no bound, and as the result for no exponent. With `room`, at most so many
    digits are written.
    """
    up = Power(max(low or 0, 0), high, excluded, room)
    down = Power(
        max(-(high or 0), 0), None if low is None else -low, frozenset(-x for x in excluded), room
    )
    state = Exponent(up if up.completable() else None, down if down.completable() else None)
    return state if state.up or state.down else None


@dataclass(frozen=True, slots=True)
class Exponent(Machine):
    """Behind the `e`.

    Attributes:
        up: what follows a plus sign, or no sign.
        down: what follows a minus sign.
    """

    letters: ClassVar = LETTERS

    up: Power | None
    down: Power | None

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        return False

    def arcs(self) -> Arcs:
        signs = [(ord("+"), self.up), (ord("-"), self.down)]
        found = tuple((((point, point),), target) for point, target in signs if target)
        return found + self.up.arcs() if self.up else found


@dataclass(frozen=True, slots=True)
class Power(Machine):
    """Behind the sign: digits of a number from `low` to `high`, leading zeros included."""

    letters: ClassVar = LETTERS

    low: int
    high: int | None
    excluded: frozenset[int]
    room: int | None  # digits that may be written yet
    value: int | None = None  # of the digits so far

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        return (
            self.value is not None
            and self.low <= self.value
            and (self.high is None or self.value <= self.high)
            and self.value not in self.excluded
        )

    def arcs(self) -> Arcs:
        return merged((digit, state) for digit in "0123456789" if (state := self._after(digit)))

    def _after(self, digit: str) -> Power | None:
        if self.room == 0:
            return None
        value = (self.value or 0) * 10 + int(digit)
        if self.high is None:
            value = min(value, max(self.low, *self.excluded, 0) + 1)
        state = replace(self, value=value, room=None if self.room is None else self.room - 1)
        return state if state.completable() else None

    def completable(self) -> bool:
        """Return whether some digits, or none, make it a member."""
        if self.nullable or (self.high is None and self.room is None):
            return True
        first = (self.value or 0) * 10
        size = 10
        room = self.room
        while room != 0 and (self.high is None or first <= self.high):
            low = max(first, self.low)
            high = first + size - 1 if self.high is None else min(first + size - 1, self.high)
            if high - low + 1 > sum(low <= value <= high for value in self.excluded):
                return True
            if self.high is not None and size > 10 * self.high:
                return False
            first, size = first * 10, size * 10
            room = None if room is None else room - 1
        return False
