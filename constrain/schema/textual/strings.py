"""Sets of JSON strings: a regular expression and bounds on the length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from heapq import heappop, heappush
from itertools import count

from constrain.errors import RegexSyntaxError, RegexTooComplexError, SchemaTooComplexError
from constrain.lexing import regex as rx
from constrain.lexing.cofinite import left_out
from constrain.lexing.derivatives import Budget
from constrain.lexing.lexeme import JSONString, Spelling
from constrain.lexing.nodes import Extent
from constrain.lexing.regex import ANY, ANYTHING, EPSILON, Regex
from constrain.lexing.syntax import search
from constrain.schema.options import Judge
from constrain.texts import json_text

LEAST_LIMIT = 1_000_000
"""Most bytes of the least text of a value."""
_CHARACTERS = 1_112_064


@lru_cache(64)
def pattern(text: str) -> Regex:
    """Return the strings in which `text`, an ECMA-262 regular expression, finds a match.

    An expression that only Python's `re` understands, such as `(?i)yes` or `\\A[a-z]+\\Z`, is read
    as Python reads it.

    Raises:
        RegexSyntaxError: it is neither, or not regular.
    """
    try:
        return search(text, "ecma")
    except RegexSyntaxError as error:
        try:
            return search(text, "python")
        except RegexSyntaxError:
            raise error from None


Judges = tuple[tuple[Judge, bool], ...]
"""Functions, and what each has to return of a string."""


@dataclass(frozen=True, slots=True)
class StringShape:
    """A set of strings; perhaps none.

    Attributes:
        regex: what the value matches in full; patterns and formats are intersected here.
        low: least length, in code points.
        high: greatest length; None: unbounded.
    """

    regex: Regex = ANYTHING
    low: int = 0
    high: int | None = None

    @property
    def language(self) -> Regex:
        """The values as one expression, lengths included."""
        if self.low == 0 and self.high is None:
            return self.regex
        if self.high is not None and self.high < self.low:
            return rx.EMPTY
        return rx.intersect(self.regex, rx.repeat(ANY, self.low, self.high))

    @property
    def is_empty(self) -> bool:
        """No string is a member."""
        if self.regex is ANYTHING or self.is_vast:
            return self.high is not None and self.high < self.low
        return rx.is_empty(self.language)

    @property
    def is_vast(self) -> bool:
        """Whether it leaves out a few strings only of all that are not too long."""
        if self.regex.extent is not Extent.COFINITE:
            return False
        texts, high = left_out(self.regex), self.high
        return texts is not None and (high is None or high > 1 or len(texts) < _CHARACTERS**high)

    def contains(self, value: str) -> bool:
        """Return whether `value` is a member."""
        return (
            self.low <= len(value)
            and (self.high is None or len(value) <= self.high)
            and (self.regex is ANYTHING or rx.matches(self.regex, value))
        )

    def part(self, spelling: Spelling) -> JSONString:
        """Return the members as JSON text."""
        return JSONString(self.regex, spelling, self.low, self.high)

    @property
    def least(self) -> bytes | None:
        """The least JSON text of a member, by length, then bytes; None: no string is a member."""
        if self.is_empty:
            return None
        if self.low > LEAST_LIMIT:
            limit = f"strings of at least {self.low:,} characters"
            raise SchemaTooComplexError("", limit)
        if self.regex is ANYTHING:
            return spell(" " * self.low)
        return _least_text(self.language)


@dataclass(frozen=True, slots=True)
class JudgedStrings:
    """Strings of which functions have to accept or to refuse each.

    Attributes:
        shape: the strings.
        judges: the functions.
    """

    shape: StringShape
    judges: Judges

    def contains(self, value: str) -> bool:
        """Return whether `value` is a member."""
        return self.shape.contains(value) and accepted(value, self.judges)

    @property
    def least(self) -> bytes:
        """The JSON text of a short member.

        Raises:
            SchemaTooComplexError: none is found.
        """
        text = _first_accepted(self.shape.language, self.judges)
        if text is None:
            raise SchemaTooComplexError(
                "",
                "no string is found that the function of a format accepts; let an expression say "
                "what its strings look like",
            )
        return text


def accepted(value: str, judges: Judges) -> bool:
    """Return whether all functions say of a string what they have to."""
    return all(bool(judge(value)) is expected for judge, expected in judges)


def string(regexes: Iterable[Regex] = (), low: int = 0, high: int | None = None) -> StringShape:
    """Return the strings that all of `regexes` match, of `low` to `high` code points."""
    return StringShape(rx.intersect(ANYTHING, *regexes), low, high)


def intersect(*shapes: StringShape) -> StringShape:
    """Return the strings in all of one or more shapes."""
    highs = [shape.high for shape in shapes if shape.high is not None]
    regex = rx.intersect(*[shape.regex for shape in shapes])
    return StringShape(regex, max(shape.low for shape in shapes), min(highs, default=None))


def disjoint(a: StringShape, b: StringShape) -> bool:
    """Return whether no string is in both."""
    return intersect(a, b).is_empty


def spell(value: str) -> bytes:
    """Return the JSON text of a string, with as few escapes as can be.

    Raises:
        ValueError: the string holds a lone surrogate, which has no UTF-8 form.
    """
    try:
        return json_text(value).encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"index {error.start - 1} of the string is a lone surrogate, which UTF-8 cannot write"
        ) from None


_STATE_LIMIT = 20_000
SEARCH_LIMIT = 500_000
"""Nodes of expressions that the search for a least match may visit."""
_TRIED = 2000
_TYPICAL = tuple(map(ord, "0aA- "))

_SHORT_ESCAPES = {8: b"\\b", 9: b"\\t", 10: b"\\n", 12: b"\\f", 13: b"\\r", 34: b'\\"', 92: b"\\\\"}

_BY_COST = [
    *((0x20, 0x21), (0x23, 0x5B), (0x5D, 0x7F)),
    *((point, point) for point in sorted(_SHORT_ESCAPES, key=_SHORT_ESCAPES.__getitem__)),
    *((0x80, 0x7FF), (0x800, 0xFFFF), (0x10000, 0x10FFFF)),
    *((0x00, 0x07), (0x0B, 0x0B), (0x0E, 0x1F)),
]
"""The code points by the text that JSON needs for them, least first."""


def characters(ranges: rx.Ranges) -> Iterator[bytes]:
    """Yield the JSON texts of characters, by length, then bytes."""
    for low, high in _BY_COST:
        for first, last in ranges:
            for point in range(max(first, low), min(last, high) + 1):
                yield spell(chr(point))[1:-1]


def _least_text(regex: Regex) -> bytes:
    """Return the least text of a match, by A* search over the derivatives of the expression."""
    best = {regex: (0, b"")}
    queue = [(regex.least, b"", next(order := count()), regex)]
    budget = Budget(SEARCH_LIMIT)
    while queue:
        if len(best) > _STATE_LIMIT:  # each with its text, so that memory grows with the square
            raise RegexTooComplexError(f"no least match found among {_STATE_LIMIT} states")
        _, text, _, node = heappop(queue)
        if node is EPSILON:
            return b'"%b"' % text
        if best[node] != (len(text), text):
            continue
        if node.nullable:
            heappush(queue, (len(text), text, next(order), EPSILON))
        budget.spend(node.size)
        for ranges, target in rx.arcs(node, budget):
            longer = text + next(characters(ranges))
            reached = (len(longer), longer)
            if target not in best or reached < best[target]:
                best[target] = reached
                heappush(queue, (len(longer) + target.least, longer, next(order), target))
    raise AssertionError("the expression matches something")


def _first_accepted(regex: Regex, judges: Judges) -> bytes | None:
    """Return the text of a match that functions accept, as far as a few thousand are tried."""
    queue = [(regex.least, "", next(order := count()), regex)]
    for _ in range(_TRIED):
        if not queue:
            return None
        _, value, _, node = heappop(queue)
        if node.nullable and accepted(value, judges):
            return spell(value)
        for ranges, target in rx.arcs(node):
            points = {ranges[0][0], *(p for p in _TYPICAL if any(a <= p <= b for a, b in ranges))}
            for point in points:
                longer = value + chr(point)
                heappush(queue, (len(longer) + target.least, longer, next(order), target))
    return None
