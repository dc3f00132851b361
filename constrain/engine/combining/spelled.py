"""Lexemes as expressions over the characters that are written, escapes and all."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import ClassVar

from constrain.engine.escapes import (
    HIGH_SURROGATES,
    LONG_ESCAPES,
    LOW_SURROGATES,
    SHORT_ESCAPES,
    raw,
)
from constrain.lexing.lexeme import (
    INDENT_LIMIT,
    Lexeme,
    Literal,
    Part,
    Space,
    Spelling,
    Text,
)
from constrain.lexing.regex import (
    ANY,
    EMPTY,
    EPSILON,
    Machine,
    Ranges,
    Regex,
    arcs,
    char_class,
    concat,
    intersect,
    literal,
    machine,
    optional,
    repeat,
    star,
    union,
)
from constrain.special import MARK

_QUOTE: Ranges = ((ord('"'), ord('"')),)
_BACKSLASH: Ranges = ((ord("\\"), ord("\\")),)
_INDENT = union(literal(" "), literal("\t"))
_SPACES = {
    "bounded": optional(
        union(literal(" "), concat(literal("\n"), repeat(_INDENT, 0, INDENT_LIMIT)))
    ),
    "any": star(union(_INDENT, literal("\n"), literal("\r"))),
}


def spelled(item: Lexeme) -> Regex:
    """The texts of a lexeme; none where it has a special token, which is no text."""
    return concat(*map(_part, item.parts))


def _part(part: Part) -> Regex:
    if isinstance(part, Literal):
        return EMPTY if MARK in part.data else literal(part.data.decode())
    if isinstance(part, Text):
        return part.regex
    if isinstance(part, Space):
        return _SPACES[part.kind]
    value = part.regex
    if part.low or part.high is not None:
        value = intersect(value, repeat(ANY, part.low, part.high))
    return concat(literal('"'), machine(_Content(value, part.spelling)))


class _Content(Machine):
    """The rest of a JSON string, its closing quote included, whose value is to match `value`."""

    __slots__ = ("_spelling", "_value")

    nullable = False
    letters: ClassVar = ((0x20, 0x10FFFF),)

    def __init__(self, value: Regex, spelling: Spelling) -> None:
        self._value = value
        self._spelling = spelling

    def __hash__(self) -> int:
        return hash((self._value, self._spelling))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, type(self))
            and self._value is other._value
            and self._spelling == other._spelling
        )

    @property
    def least(self) -> int:
        """See `Machine.least`."""
        return self._value.least + 1

    def arcs(self) -> tuple[tuple[Ranges, Machine | Regex], ...]:
        """See `Machine.arcs`."""
        found: list[tuple[Ranges, Machine | Regex]] = []
        if self._value.nullable:
            found.append((_QUOTE, EPSILON))
        escaped: list[Regex] = []
        for ranges, target in arcs(self._value):
            after = _Content(target, self._spelling)
            plain = raw(ranges)
            if plain:
                found.append((plain, after))
            escaped.append(concat(_escapes(ranges, self._spelling), machine(after)))
        escape = union(*escaped)
        if escape is not EMPTY:
            found.append((_BACKSLASH, escape))
        return tuple(found)


@lru_cache(maxsize=1024)
def _escapes(ranges: Ranges, spelling: Spelling) -> Regex:
    """What may follow a backslash that stands for one of some characters."""
    found = [
        literal(letter)
        for code, letter in SHORT_ESCAPES.items()
        if (letter != "/" or spelling == "any") and any(a <= code <= b for a, b in ranges)
    ]
    allowed = LONG_ESCAPES if spelling == "minimal" else ((0, 0xD7FF), (0xE000, 0xFFFF))
    long = [
        _hex(max(low, a), min(high, b), 4)
        for low, high in ranges
        for a, b in allowed
        if max(low, a) <= min(high, b)
    ]
    if spelling == "any":
        long += [_pairs(max(low, 0x10000), high) for low, high in ranges if high > 0xFFFF]
    return union(*found, concat(literal("u"), union(*long))) if long else union(*found)


def _pairs(first: int, last: int) -> Regex:
    """Pairs of surrogates, after `u`, that stand for the code points from `first` to `last`."""
    high, low = divmod(first - 0x10000, 0x400)
    last_high, last_low = divmod(last - 0x10000, 0x400)
    found = []
    while high <= last_high:
        # Those of a high surrogate in part, or of several as a whole.
        end = last_low if high == last_high else 0x3FF
        to = high if low or end < 0x3FF else last_high - (last_low < 0x3FF)
        uppers = _hex(HIGH_SURROGATES.start + high, HIGH_SURROGATES.start + to, 4)
        lowers = _hex(LOW_SURROGATES.start + low, LOW_SURROGATES.start + end, 4)
        found.append(concat(uppers, literal("\\u"), lowers))
        high, low = to + 1, 0
    return union(*found)


def _hex(first: int, last: int, digits: int) -> Regex:
    """The numbers from `first` to `last` in so many hexadecimal digits."""
    if first == 0 and last == 16**digits - 1:
        return repeat(_digits(range(16)), digits, digits)
    size = 16 ** (digits - 1)
    grouped: dict[Regex, list[int]] = {}
    for digit in range(first // size, last // size + 1):
        rest = _hex(max(first - digit * size, 0), min(last - digit * size, size - 1), digits - 1)
        grouped.setdefault(rest, []).append(digit)
    return union(*[concat(_digits(group), rest) for rest, group in grouped.items()])


def _digits(numbers: Iterable[int]) -> Regex:
    letters = {ord(letter) for n in numbers for letter in f"{n:x}{n:X}"}
    return char_class([(letter, letter) for letter in letters])
