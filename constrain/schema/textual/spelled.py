"""How strings are written, as an automaton over the characters of the text between the quotes.

The engine spells strings by itself, up to the closing quote. This is for strings that someone has
to see before they are closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from constrain.lexing.lexeme import Spelling
from constrain.lexing.regex import Machine, Ranges, Regex, arcs, machine

_PLAIN: Ranges = ((0x20, 0x21), (0x23, 0x5B), (0x5D, 0x10FFFF))
_SHORT = {'"': 0x22, "\\": 0x5C, "/": 0x2F, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9}
_CONTROLS: Ranges = ((0x00, 0x07), (0x0B, 0x0B), (0x0E, 0x1F))  # without a short escape
_MUST: Ranges = tuple((point, point) for short, point in _SHORT.items() if short != "/")
_ANY: Ranges = ((0x00, 0xD7FF), (0xE000, 0x10FFFF))
_LETTERS = "".join(_SHORT) + "u0123456789acdeABCDEF"
_HIGH, _LOW = (0xD800, 0xDBFF), (0xDC00, 0xDFFF)  # surrogates


def spelled(values: Regex, spelling: Spelling) -> Regex:
    """Return the texts between the quotes of the strings that `values` matches in full."""
    return machine(_Spelled(values, spelling))


@dataclass(frozen=True, slots=True)
class _Spelled(Machine):
    """A place in such a text.

    Attributes:
        rest: what the value goes on with.
        spelling: how it is written.
        escape: what has been written of an escape.
    """

    rest: Regex
    spelling: Spelling
    escape: str = ""

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        return not self.escape and self.rest.nullable

    @property
    def least(self) -> int:
        return 1 if self.escape else self.rest.least

    def arcs(self) -> tuple[tuple[Ranges, Machine], ...]:
        found: dict[Machine, list[tuple[int, int]]] = {}
        for ranges, after in self._plain() if not self.escape else self._escaped(_LETTERS):
            found.setdefault(after, []).extend(ranges)
        return tuple((tuple(sorted(ranges)), after) for after, ranges in found.items())

    def _plain(self) -> Iterator[tuple[Ranges, _Spelled]]:
        for ranges, target in arcs(self.rest):
            plain = _common(ranges, _PLAIN)
            if plain:
                yield plain, replace(self, rest=target)
        yield from self._escaped("\\")

    def _escaped(self, letters: str) -> Iterator[tuple[Ranges, _Spelled]]:
        for letter in letters:
            escape = self.escape + letter
            points = _points(escape, self.spelling)
            reached = [target for ranges, target in arcs(self.rest) if _common(ranges, points)]
            if reached:
                after = replace(self, escape=escape)
                if _is_whole(escape):
                    after = replace(self, rest=reached[0], escape="")
                yield ((ord(letter), ord(letter)),), after


def _points(escape: str, spelling: Spelling) -> Ranges:
    """Return the characters whose escapes begin so."""
    others = _CONTROLS if spelling == "minimal" else _ANY
    letters = escape[1:]
    if not letters:
        return others if others is _ANY else (*others, *_MUST)
    if letters in _SHORT:
        point = _SHORT[letters]
        return () if letters == "/" and spelling == "minimal" else ((point, point),)
    if letters[0] != "u":
        return ()
    low, high = _units(letters[1:5])
    found = _common(((low, high),), others)
    surrogates = _common(((low, high),), (_HIGH,)) if others is _ANY else ()
    for first, last in surrogates:
        rest = letters[5:]
        if not "\\u".startswith(rest[:2]):
            return ()
        base = 0x10000 + (first - _HIGH[0]) * 0x400
        if rest[2:]:
            pairs = _common((_units(rest[2:]),), (_LOW,))
            return tuple((base + least - _LOW[0], base + most - _LOW[0]) for least, most in pairs)
        found = (*found, (base, base + (last - first) * 0x400 + 0x3FF))
    return found


def _units(digits: str) -> tuple[int, int]:
    """Return the least and the greatest number of four digits that begin so; none: (1, 0)."""
    if not all(digit in "0123456789abcdefABCDEF" for digit in digits):
        return 1, 0
    left = 4 * (4 - len(digits))
    low = int(digits or "0", 16) << left
    return low, low + (1 << left) - 1


def _is_whole(escape: str) -> bool:
    if escape[1:2] != "u":
        return len(escape) == 2
    return len(escape) == 12 or (len(escape) == 6 and not _common((_units(escape[2:]),), (_HIGH,)))


def _common(some: Ranges, others: Ranges) -> Ranges:
    return tuple(
        (max(low, least), min(high, most))
        for low, high in some
        for least, most in others
        if low <= most and least <= high and low <= high
    )
