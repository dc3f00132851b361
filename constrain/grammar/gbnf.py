"""Grammars in GBNF, the language of llama.cpp.

Its terminals are single characters. Rules may be left recursive, which llama.cpp refuses.

What tokens a text comes in is nothing that a constraint sees. So a token (`<think>`, `<[1000]>`)
is the special token, or the text of the token; any token but one (`!</think>`) is the text of any
other token, or another special token. Repeated at will it is free text and special tokens.

What llama.cpp takes though no text has it (a reversed range, half of a surrogate pair) matches
nothing here as there, and warns; so does a rule that is defined anew, where the last one holds.
"""

from __future__ import annotations

import os
import re
import warnings

from constrain.errors import GrammarSyntaxError, GrammarWarning
from constrain.grammar.cfg import Grammar, checked
from constrain.grammar.ebnf import (
    Choice,
    Expression,
    Match,
    Reference,
    Repetition,
    Sequence,
    Special,
    flatten,
)
from constrain.grammar.tokens import Others, Tokens
from constrain.lexing.charset import char_class, subtract
from constrain.lexing.nodes import Chars
from constrain.lexing.regex import ANY, EMPTY, literal
from constrain.special import SpecialToken
from constrain.vocabulary import Vocabulary

_ESCAPES = {"t": "\t", "r": "\r", "n": "\n", **{char: char for char in '\\"[]-'}}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_QUANTIFIERS = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_TOKEN = re.compile(r"<(?:\[([0-9]{1,9})\]|[^>\[][^>]*)?>")
_REPEATED = re.compile(r"[ \t]*[*+]")
_REPEATED_GROUP = re.compile(r"\s*\)[ \t]*[*+]")
_VAST = re.compile(r"0*[1-9][0-9]{9,}")
_LAST = 0x10FFFF
_DEEPEST = 100
"""Groups within groups, and quantifiers upon quantifiers."""


def read_gbnf(
    text: str,
    start: str = "root",
    path: str | os.PathLike[str] | None = None,
    vocabulary: Vocabulary | None = None,
) -> Grammar:
    """Read a grammar and leave out what no text needs.

    Args:
        text: the grammar.
        start: the rule that stands for whole texts.
        path: the file that the text is from, for messages.
        vocabulary: the tokens; None if they are not known. Tokens in the grammar are taken to be
            special ones then.

    Raises:
        GrammarSyntaxError: the grammar is malformed, or its start stands for no text.

    Warns:
        GrammarWarning: a rule or a character stands for no text, and is left out; a rule is
            defined anew.
    """
    reader = _Reader(text, None if path is None else os.fspath(path), vocabulary)
    rules = reader.read()
    if start not in rules:
        raise reader.fault(0, f"there is no rule {start!r} to start from")
    grammar = flatten(rules, start, reader.fault)
    return checked(grammar, rules, lambda reason, name: reader.fault(reader.places[name], reason))


class _Reader:
    """A text, and a place in it.

    Attributes:
        places: where each rule is defined.
    """

    def __init__(self, text: str, file: str | None, vocabulary: Vocabulary | None) -> None:
        self._text = text
        self._file = file
        self._tokens = None if vocabulary is None else Tokens(vocabulary)
        self._others: dict[Expression, Others] = {}
        self._at = 0
        self.places: dict[str, int] = {}
        self._used: dict[str, int] = {}

    def fault(self, offset: int, reason: str) -> GrammarSyntaxError:
        """An error at an offset."""
        line = self._text.count("\n", 0, offset) + 1
        column = offset - self._text.rfind("\n", 0, offset)
        return GrammarSyntaxError(line, column, reason, self._file)

    def _warn(self, offset: int, reason: str) -> None:
        fault = self.fault(offset, reason)
        warnings.warn(
            GrammarWarning(fault.file, fault.line, fault.column, fault.reason), stacklevel=2
        )

    def read(self) -> dict[str, Expression]:
        """Read all rules."""
        rules: dict[str, Expression] = {}
        self._space(lines=True)
        while self._at < len(self._text):
            offset = self._at
            name = self._name()
            if name in rules:
                self._warn(offset, f"rule {name!r} is defined anew; the last definition holds")
            self.places[name] = offset
            self._space(lines=False)
            self._expect("::=")
            self._space(lines=True)
            rules[name] = self._choice(0)
            if self._at < len(self._text) and self._char not in "\r\n":
                raise self._unexpected("the end of the line")
            self._space(lines=True)
        for name, offset in self._used.items():
            if name not in rules:
                raise self.fault(offset, f"rule {name!r} is used, but not defined")
        return rules

    @property
    def _char(self) -> str:
        return self._text[self._at : self._at + 1]

    def _expect(self, text: str) -> None:
        if not self._text.startswith(text, self._at):
            raise self._unexpected(f"{text!r}")
        self._at += len(text)

    def _unexpected(self, expected: str) -> GrammarSyntaxError:
        found = repr(self._char) if self._char else "the end of the text"
        return self.fault(self._at, f"expected {expected}, found {found}")

    def _space(self, lines: bool) -> None:
        """Pass spaces and comments, and ends of lines where `lines`."""
        space = " \t\r\n" if lines else " \t"
        while self._char and self._char in space + "#":
            if self._char == "#":
                while self._char and self._char not in "\r\n":
                    self._at += 1
            else:
                self._at += 1

    def _name(self) -> str:
        begin = self._at
        while self._char in _NAME:
            self._at += 1
        if begin == self._at:
            raise self._unexpected("the name of a rule")
        return self._text[begin : self._at]

    def _number(self) -> int:
        begin = self._at
        while self._char.isascii() and self._char.isdigit():
            self._at += 1
        digits = self._text[begin : self._at]
        if not 1 <= len(digits) <= 9:
            raise self.fault(begin, "expected a number of at most nine digits")
        return int(digits)

    def _bound(self) -> int | None:
        """Read a greatest number of times; None where it is beyond every text."""
        found = _VAST.match(self._text, self._at)
        if found is None:
            return self._number()
        self._at = found.end()
        return None

    def _choice(self, depth: int) -> Expression:
        ways = [self._sequence(depth)]
        while self._char == "|":
            self._at += 1
            self._space(lines=True)
            ways.append(self._sequence(depth))
        return ways[0] if len(ways) == 1 else Choice(tuple(ways))

    def _sequence(self, depth: int) -> Expression:
        """Read what stands side by side; within a group it goes on over the ends of lines."""
        parts: list[Expression] = []
        quantified = 0
        while self._char:
            offset = self._at
            if self._char in "*+?{":
                quantified += 1
                if not parts:
                    raise self.fault(offset, "nothing stands before this to be repeated")
                if depth + quantified > _DEEPEST:
                    raise self.fault(offset, "too many quantifiers follow one another")
                low, high = self._quantifier(depth > 0)
                parts[-1] = self._repeated(parts[-1], low, high, offset)
            else:
                part = self._part(depth)
                if part is None:
                    break
                quantified = 0
                parts.append(part)
            self._space(lines=depth > 0)
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _part(self, depth: int) -> Expression | None:
        """Read a string, a class, a rule's name or a group; None where nothing of these comes."""
        offset = self._at
        if self._char in _NAME:
            name = self._name()
            self._used.setdefault(name, offset)
            return Reference(name)
        if self._char not in '"[.(<!':
            return None
        opening = self._char
        self._at += 1
        if opening == '"':
            return self._string()
        if opening == "[":
            return self._class(offset)
        if opening == ".":
            return Match(ANY)
        if opening == "(":
            if depth == _DEEPEST:
                raise self.fault(offset, "groups are nested too deep")
            self._space(lines=True)
            group = self._choice(depth + 1)
            self._expect(")")
            return group
        self._at = offset
        return self._other(offset) if opening == "!" else self._token(offset)

    def _token(self, offset: int) -> Expression:
        """Read a token."""
        name, number = self._token_number()
        if self._tokens is None or number is None:
            return Special((SpecialToken(name),))
        if self._tokens.ends(number):
            raise self.fault(offset, f"token {name} ends a text; leave it out")
        found = self._tokens.one(number)
        if found is None:
            raise self.fault(offset, f"token {name} is a part of a character, and no text")
        return found

    def _token_number(self) -> tuple[str, int | None]:
        """Read the name or number of a token; return it as it is written, and the number."""
        offset = self._at
        found = _TOKEN.match(self._text, offset)
        if found is None:
            raise self.fault(offset, "expected a token, by name as in <think> or as in <[1000]>")
        self._at = found.end()
        name = found[0]
        if self._tokens is None:
            return name, None
        number = self._tokens.named(name) if found[1] is None else int(found[1])
        if number is None or not self._tokens.exists(number):
            raise self.fault(offset, f"the vocabulary has no token {name}")
        return name, number

    def _other(self, offset: int) -> Expression:
        """Read any token but one."""
        self._at += 1
        _, number = self._token_number()
        if self._tokens is None or number is None:
            return self._free(offset)
        others = self._tokens.others(number)
        self._others[others.once] = others
        return others.once

    def _free(self, offset: int) -> Expression:
        """Return any token but one, repeated at will, where the vocabulary is not known."""
        is_group = self._text[:offset].rstrip().endswith("(")
        if not (
            _REPEATED.match(self._text, self._at)
            or (is_group and _REPEATED_GROUP.match(self._text, self._at))
        ):
            raise self.fault(offset, "which texts are those of one token, the vocabulary says")
        return Match(ANY)

    def _repeated(self, body: Expression, low: int, high: int | None, offset: int) -> Expression:
        others = self._others.get(body) if high is None else None
        if others is None:
            return Repetition(body, low, high, offset)
        if others.some is None or others.freely is None:
            reason = "the token left out is a part of characters that no others spell"
            raise self.fault(offset, f"{reason}; give a greatest number")
        if low < 2:
            return others.some if low else others.freely
        return Sequence((Repetition(body, low - 1, low - 1, offset), others.some))

    def _quantifier(self, lines: bool) -> tuple[int, int | None]:
        mark = self._char
        self._at += 1
        if mark in _QUANTIFIERS:
            return _QUANTIFIERS[mark]
        self._space(lines)
        low = self._number()
        high: int | None = low
        self._space(lines)
        if self._char == ",":
            self._at += 1
            self._space(lines)
            offset, high = self._at, None
            if self._char != "}":
                high = self._bound()
                if high is not None and high < low:
                    raise self.fault(offset, f"{high} is less than {low}")
                self._space(lines)
        self._expect("}")
        return low, high

    def _string(self) -> Expression:
        offset = self._at
        codes = []
        while self._char != '"':
            codes.append(self._character())
        self._at += 1
        if any(code > _LAST or char_class([(code, code)]) is EMPTY for code in codes):
            self._warn(offset, "this string has what is no character, and matches nothing")
            return Match(EMPTY)
        return Match(literal("".join(map(chr, codes)))) if codes else Sequence(())

    def _class(self, offset: int) -> Expression:
        negated = self._char == "^"
        self._at += negated
        ranges = []
        while self._char != "]":
            place = self._at
            low = high = self._character()
            if self._char == "-" and self._text[self._at + 1 : self._at + 2] != "]":
                self._at += 1
                high = self._character()
            if high < low:
                self._warn(place, "this range is reversed, and has no character")
            ranges.append((low, high))
        self._at += 1
        if not ranges:
            self._warn(offset, "this class is empty, and matches the empty text")
            return Sequence(())
        known = [(low, min(high, _LAST)) for low, high in ranges]
        found = char_class((low, high) for low, high in known if low <= high)
        if negated:
            found = subtract(ANY, found) if isinstance(found, Chars) else ANY
        if found is EMPTY:
            self._warn(offset, "no character is in this class")
        return Match(found)

    def _character(self) -> int:
        """Read a character of a string or class; return its code point."""
        offset, char = self._at, self._char
        if not char:
            raise self._unexpected("a character")
        self._at += 1
        if char != "\\":
            return ord(char)
        letter = self._char
        self._at += 1
        if letter in _ESCAPES:
            return ord(_ESCAPES[letter])
        if letter not in _HEX_DIGITS:
            raise self.fault(offset, f"unknown escape {char + letter!r}")
        digits = self._text[self._at : self._at + _HEX_DIGITS[letter]]
        self._at += len(digits)
        if len(digits) < _HEX_DIGITS[letter] or not set(digits) <= set("0123456789abcdefABCDEF"):
            wanted = _HEX_DIGITS[letter]
            raise self.fault(offset, f"expected {wanted} hexadecimal digits after {char + letter}")
        return int(digits, 16)
