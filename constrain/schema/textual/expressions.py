"""The texts that are regular expressions: the format `regex`.

Balanced parentheses are beyond regular expressions, but not beyond a machine whose states hold
the open groups. The language is ECMA-262 with the flag `u`, with the limits below and
without property escapes, code point escapes and numbered backreferences. What is portable is also
an expression of Python's `re`: it has no lookbehind, no named group, no `\\c` and no empty class.
Names of groups differ in their first letters, or one of two that begin alike is a single letter;
references name groups of a single letter.
In classes, ranges begin at a letter, a digit, a space, an exclamation mark or an escape.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from constrain.lexing.regex import Machine, Ranges, Regex, machine

DEPTH_LIMIT = 50
"""Groups open at once."""

COUNT_DIGITS = 3
"""Digits of each number in `{n,m}`."""

_SYNTAX = r"^$\.*+?()[]{}|"
_CONTROLS = {"t": 0x09, "n": 0x0A, "v": 0x0B, "f": 0x0C, "r": 0x0D}
_SETS = "dDwWsS"
_SURROGATES = (0xD800, 0xDFFF)


def regular_expressions(portable: bool) -> Regex:
    """Return the regular expressions, as texts."""
    return machine(_Expression(portable))


def _without(excluded: str) -> Ranges:
    """Return all scalar values but these."""
    ranges = []
    start = 0
    for low, high in [*((point, point) for point in sorted(map(ord, excluded))), _SURROGATES]:
        if start < low:
            ranges.append((start, low - 1))
        start = high + 1
    return (*ranges, (start, 0x10FFFF))


_LITERALS = _without(_SYNTAX)
_MEMBERS = _without("\\]-")
_RANGE_STARTS = " !" + string.digits + string.ascii_letters
_OTHERS = _without("\\]-^" + _RANGE_STARTS)
_NAME_START = string.ascii_letters + "_"
_NAME_RANGES: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))

_Phase = Literal[
    "term",  # a term may begin
    "atom",  # behind something that may be repeated
    "repeated",  # behind a quantifier
    "escape",
    "control",  # behind \c
    "group",  # behind (
    "group?",  # behind (?
    "group<",  # behind (?<
    "name",
    "reference",  # behind \k<
    "class",  # behind [
    "first",  # behind [ or [^
    "item",  # behind a member of a class that may begin a range from `low`
    "closed",  # behind any other
    "range",  # behind the hyphen of a range from `low`
    "hyphen",  # behind a hyphen that has to be the last member
    "class escape",  # of a range from `low`, or (0) of another member
    "hex",  # behind \\x or \\u, `digits` to come; in a class, `low` as there
    "least",  # in {n
    "most",  # in {n,m
]


@dataclass(frozen=True, slots=True)
class _Expression(Machine):
    """Where a reader of the expression stands."""

    portable: bool
    phase: _Phase = "term"
    open: str = ""  # open groups: ( where it may be repeated, = where not
    names: tuple[str, ...] = ()  # of groups; of the longer ones the first letter and +
    text: str = ""  # of the name, or of the digits, being read
    low: int | None = None  # where the range begins that is being read, or the count
    digits: int = 0  # hexadecimal digits to come

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        return not self.open and self.phase in ("term", "atom", "repeated")

    @property
    def least(self) -> int:
        return len(self.open) + (self.phase not in ("term", "atom", "repeated"))

    def arcs(self) -> tuple[tuple[Ranges, Machine], ...]:
        targets: dict[Machine, list[tuple[int, int]]] = {}
        for what, target in self._moves():
            ranges = ((ord(what), ord(what)),) if isinstance(what, str) else what
            targets.setdefault(target, []).extend(ranges)
        return tuple((tuple(sorted(ranges)), target) for target, ranges in targets.items())

    def _to(self, phase: _Phase) -> _Expression:
        return _Expression(self.portable, phase, self.open, self.names)

    def _moves(self) -> Iterator[tuple[str | Ranges, _Expression]]:
        if self.phase in ("term", "atom", "repeated"):
            yield from self._terms()
            if self.phase == "atom":
                for char in "*+?":
                    yield char, self._to("repeated")
                yield "{", self._to("least")
            elif self.phase == "repeated":
                yield "?", self._to("term")
        elif self.phase in ("least", "most"):
            yield from self._counts()
        elif self.phase in ("group", "group?", "group<"):
            yield from self._groups()
        elif self.phase in ("name", "reference"):
            yield from self._named()
        elif self.phase in ("escape", "class escape"):
            yield from self._escapes()
        elif self.phase == "control":
            yield ((ord("A"), ord("Z")), (ord("a"), ord("z"))), self._to("atom")
        elif self.phase == "hex":
            yield from self._hexadecimal()
        else:
            yield from self._classes()

    def _terms(self) -> Iterator[tuple[str | Ranges, _Expression]]:
        yield _LITERALS, self._to("atom")
        yield ".", self._to("atom")
        for char in "^$|":
            yield char, self._to("term")
        yield "\\", self._to("escape")
        yield "[", self._to("class")
        if len(self.open) < DEPTH_LIMIT:
            yield "(", self._to("group")
        if self.open:
            closed = replace(self._to("atom"), open=self.open[:-1])
            yield ")", closed if self.open[-1] == "(" else closed._to("term")

    def _inside(self, kind: str) -> _Expression:
        return replace(self._to("term"), open=self.open + kind)

    def _groups(self) -> Iterator[tuple[str | Ranges, _Expression]]:
        if self.phase == "group":
            yield from self._inside("(")._terms()
            yield "?", self._to("group?")
            return
        yield "=", self._inside("=")
        yield "!", self._inside("=")
        if self.phase == "group?":
            yield ":", self._inside("(")
            if not self.portable:
                yield "<", self._to("group<")
        else:
            for char in _NAME_START:
                if char not in self.names or f"{char}+" not in self.names:
                    yield char, replace(self._to("name"), text=char)

    def _named(self) -> Iterator[tuple[str | Ranges, _Expression]]:
        if self.phase == "name":
            longer = self.text[0] + "+"
            if longer not in self.names:
                yield _NAME_RANGES, replace(self, text=longer)
            if self.text not in self.names:
                yield ">", replace(self._inside("("), names=(*self.names, self.text))
        else:
            place = len(self.text)
            for name in (name for name in self.names if len(name) == 1):
                reference = f"<{name}>"
                if reference == self.text + ">":
                    yield ">", self._to("atom")
                elif reference.startswith(self.text):
                    yield reference[place], replace(self, text=reference[: place + 1])

    def _counts(self) -> Iterator[tuple[str | Ranges, _Expression]]:
        room = COUNT_DIGITS - len(self.text)
        for digit in "0123456789" if room else "":
            greatest = int(self.text + digit + "9" * (room - 1))
            if self.low is None or self.low <= greatest:
                yield digit, replace(self, text=self.text + digit)
        if self.text and (self.low is None or self.low <= int(self.text)):
            yield "}", self._to("repeated")
        if self.text and self.low is None:
            yield ",", replace(self._to("most"), low=int(self.text))
        if self.phase == "most" and not self.text:
            yield "}", self._to("repeated")

    def _escapes(self) -> Iterator[tuple[str | Ranges, _Expression]]:
        """Escapes; those of a class know the least code point that may follow, 0 for any."""
        if self.phase == "escape":
            for char in (*_SETS, *_CONTROLS, *_SYNTAX, "/"):
                yield char, self._to("atom")
            yield "b", self._to("term")
            yield "B", self._to("term")
            if not self.portable:
                yield "c", self._to("control")
            if any(len(name) == 1 for name in self.names):
                yield "k", self._to("reference")
        else:
            values = {**_CONTROLS, "b": 0x08, **{char: ord(char) for char in _SYNTAX + "/-"}}
            for char, value in values.items():
                if member := self._member(value):
                    yield char, member
            if not self.low:
                for char in _SETS:
                    yield char, self._to("closed")
        for char, digits in (("x", 2), ("u", 4)):
            if (self.low or 0) < 16**digits:
                yield char, replace(self._to("hex"), low=self.low, digits=digits)

    def _hexadecimal(self) -> Iterator[tuple[str | Ranges, _Expression]]:
        left = self.digits - 1
        for digit in "0123456789ABCDEFabcdef":
            first = int(self.text + digit, 16) << 4 * left
            last = first + (1 << 4 * left) - 1
            if _SURROGATES[0] <= first and last <= _SURROGATES[1]:
                continue
            if left:
                if (self.low or 0) <= last:
                    yield digit, replace(self, text=self.text + digit, digits=left)
            elif self.low is None:
                yield digit, self._to("atom")
            elif member := self._member(first):
                yield digit, member

    def _member(self, value: int) -> _Expression | None:
        """Return where a member of a class leads to: into a range, behind one, or nowhere."""
        if not self.low:
            return replace(self._to("item"), low=value)
        return self._to("closed") if self.low <= value else None

    def _classes(self) -> Iterator[tuple[str | Ranges, _Expression]]:
        if self.phase == "class":
            yield "^", self._to("first")
        if self.phase not in ("class", "first") or not self.portable:
            yield "]", self._to("atom")
        if self.phase == "hyphen":
            return
        if self.phase == "range":
            least = self.low or 0
            ends = tuple((max(low, least), high) for low, high in _MEMBERS if least <= high)
            yield ends, self._to("closed")
            yield "\\", replace(self._to("class escape"), low=least)
            return
        yield _OTHERS, self._to("closed")
        if self.phase != "class":
            yield "^", self._to("closed")
        for char in _RANGE_STARTS:
            item = _Expression(self.portable, "item", self.open, self.names, low=ord(char))
            yield char, item
        yield "\\", replace(self._to("class escape"), low=0)
        if self.phase == "item":
            yield "-", replace(self._to("range"), low=self.low)
        else:
            yield "-", self._to("hyphen" if self.phase == "closed" else "closed")
