"""Formats that a caller registers: an expression, and perhaps a function with the last word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from heapq import heappop, heappush
from itertools import count

from constrain.lexing.regex import EMPTY, Machine, Ranges, Regex, arcs, is_finite, machine
from constrain.lexing.syntax import parse
from constrain.schema.options import CustomFormat

Check = Callable[[str], bool]
_WIDEST = 256
"""Most characters that may come next where a function has the last word."""

_EXAMINED = 1000
"""Where no more strings than this are left, those that the function refuses are left out."""


class TooWideError(Exception):
    """A function is to judge strings of which too many differ in a single character."""


@lru_cache(256)
def custom_regex(format: CustomFormat) -> Regex:
    """Return the strings of a format.

    Raises:
        RegexSyntaxError: the expression is malformed.
        TooWideError: more than 256 characters may come next somewhere in a string that a function
            judges.
    """
    if isinstance(format, str):
        return parse(format, "ecma")
    pattern, check = format
    regex = parse(pattern, "ecma")
    _refuse_wide(regex)
    start = _Judged(regex, "", check)
    return machine(start) if start._can_end() else EMPTY


def _refuse_wide(regex: Regex) -> None:
    pending, met = [regex], {regex}
    while pending:
        found = arcs(pending.pop())
        if sum(high - low + 1 for ranges, _ in found for low, high in ranges) > _WIDEST:
            raise TooWideError
        new = {target for _, target in found} - met
        met |= new
        pending += new


@dataclass(frozen=True, slots=True)
class _Judged(Machine):
    """A beginning of a string that the function judges in the end.

    Attributes:
        rest: what the expression says of the rest.
        text: the beginning.
        check: the function.
    """

    rest: Regex
    text: str
    check: Check

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        return self.rest.nullable and self.check(self.text)

    @property
    def least(self) -> int:
        return self.rest.least

    def arcs(self) -> tuple[tuple[Ranges, Machine], ...]:
        return tuple(
            (((point, point),), after)
            for ranges, rest in arcs(self.rest)
            for low, high in ranges
            for point in range(low, high + 1)
            if (after := _Judged(rest, self.text + chr(point), self.check))._can_end()
        )

    def _can_end(self) -> bool:
        """Whether the function accepts some string that goes on so, as far as is examined."""
        if not _is_small(self.rest):
            return True
        order = count()
        queue = [(self.rest.least, next(order), self)]
        while queue:
            _, _, state = heappop(queue)
            if state.nullable:
                return True
            for ranges, rest in arcs(state.rest):
                for low, high in ranges:
                    for point in range(low, high + 1):
                        after = _Judged(rest, state.text + chr(point), state.check)
                        cost = len(after.text) - len(self.text) + rest.least
                        heappush(queue, (cost, -next(order), after))
        return False


@lru_cache(4096)
def _is_small(regex: Regex) -> bool:
    return is_finite(regex, _EXAMINED) is not None
