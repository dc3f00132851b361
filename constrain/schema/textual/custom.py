"""Formats that a caller registers: an expression, a function, or both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from constrain.lexing.regex import ANYTHING, EMPTY, Machine, Ranges, Regex, arcs, is_finite, machine
from constrain.lexing.syntax import parse
from constrain.schema.options import CustomFormat, Judge
from constrain.schema.textual.formats import Format

_WIDEST = 40
"""Most characters that may come next where what a function refuses is left out as early as can be.

The states of such strings are the strings themselves.
"""

_EXAMINED = 1000
"""Where no more strings than this are left, those that the function refuses are left out."""

_STATES = 10_000


@lru_cache(64)
def custom_format(format: CustomFormat) -> Format:
    """Return the strings of a format.

    Where the strings have a greatest length and few characters may come next at any time, those
    that the function refuses are left out at once, and it has no word any more.

    Raises:
        RegexSyntaxError: the expression is malformed.
    """
    if isinstance(format, str):
        return Format(parse(format, "ecma"))
    if not isinstance(format, tuple):
        return Format(ANYTHING, format)
    pattern, judge = format
    regex = parse(pattern, "ecma")
    if not _is_narrow(regex):
        return Format(regex, judge)
    start = _Judged(regex, "", judge)
    return Format(machine(start) if start.can_end() else EMPTY)


def _is_narrow(regex: Regex) -> bool:
    """Whether matches have a greatest length, and few characters may come next at any time."""
    done: set[Regex] = set()
    above: set[Regex] = set()
    pending = [(regex, False)]
    while pending:
        state, left = pending.pop()
        if left:
            above.remove(state)
            done.add(state)
        elif state in above or len(done) > _STATES:
            return False
        elif state not in done:
            found = arcs(state)
            if sum(high - low + 1 for ranges, _ in found for low, high in ranges) > _WIDEST:
                return False
            above.add(state)
            pending.append((state, True))
            pending += ((target, False) for _, target in found)
    return True


@dataclass(frozen=True, slots=True)
class _Judged(Machine):
    """A beginning of a string that a function judges in the end.

    Attributes:
        rest: what the expression says of the rest.
        text: the beginning.
        judge: the function.
    """

    rest: Regex
    text: str
    judge: Judge

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        return self.rest.nullable and bool(self.judge(self.text))

    @property
    def least(self) -> int:
        return self.rest.least

    def arcs(self) -> tuple[tuple[Ranges, Machine], ...]:
        return tuple(
            (((ord(after.text[-1]), ord(after.text[-1])),), after)
            for after in self._next()
            if after.can_end()
        )

    def can_end(self) -> bool:
        """Whether the function accepts some string that goes on so, as far as is examined."""
        if not _is_small(self.rest):
            return True
        pending = [self]
        while pending:
            state = pending.pop()
            if state.nullable:
                return True
            pending += state._next()
        return False

    def _next(self) -> list[_Judged]:
        return [
            _Judged(rest, self.text + chr(point), self.judge)
            for ranges, rest in arcs(self.rest)
            for low, high in ranges
            for point in range(low, high + 1)
        ]


@lru_cache(128)
def _is_small(regex: Regex) -> bool:
    return is_finite(regex, _EXAMINED) is not None
