"""Grammars in GBNF, the language of llama.cpp.

Its terminals are single characters. Rules may be left recursive, which llama.cpp refuses.

Tokens by name and by number (`<think>`, `<[1000]>`) are special tokens alone: what tokens a text
comes in is nothing that a constraint sees. So "any token but this one" stands for free text, and
can only be repeated at will (`!</think>*`); special tokens are no part of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from constrain.errors import GrammarSyntaxError
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
from constrain.lexing.charset import char_class, subtract
from constrain.lexing.nodes import Chars
from constrain.lexing.regex import ANY, EMPTY, literal
from constrain.special import SpecialToken

_ESCAPES = {"t": "\t", "r": "\r", "n": "\n", **{char: char for char in '\\"[]-'}}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_QUANTIFIERS = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_TOKEN = re.compile(r"<(?:\[([0-9]{1,9})\]|[^<>\s\[][^<>\s]*)>")
_REPEATED = re.compile(r"[ \t]*[*+]")
_REPEATED_GROUP = re.compile(r"\s*\)[ \t]*[*+]")
_DEEPEST = 100
"""Groups within groups, and quantifiers upon quantifiers."""


def read_gbnf(
    text: str,
    start: str = "root",
    path: str | os.PathLike[str] | None = None,
    tokens: Mapping[int, str] | None = None,
) -> Grammar:
    """Read a grammar and leave out what no text needs.

    Args:
        text: the grammar.
        start: the rule that stands for whole texts.
        path: the file that the text is from, for messages.
        tokens: the names of the special tokens, by number; None if they are not known, and those
            in the grammar are not looked at.

    Raises:
        GrammarSyntaxError: the grammar is malformed, or its start stands for no text.

    Warns:
        GrammarWarning: a rule stands for no text, and is left out.
    """
    reader = _Reader(text, None if path is None else os.fspath(path), tokens)
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

    def __init__(self, text: str, file: str | None, tokens: Mapping[int, str] | None) -> None:
        self._text = text
        self._file = file
        self._tokens = tokens
        self._at = 0
        self.places: dict[str, int] = {}
        self._used: dict[str, int] = {}

    def fault(self, offset: int, reason: str) -> GrammarSyntaxError:
        """An error at an offset."""
        line = self._text.count("\n", 0, offset) + 1
        column = offset - self._text.rfind("\n", 0, offset)
        return GrammarSyntaxError(line, column, reason, self._file)

    def read(self) -> dict[str, Expression]:
        """Read all rules."""
        rules: dict[str, Expression] = {}
        self._space(lines=True)
        while self._at < len(self._text):
            offset = self._at
            name = self._name()
            if name in rules:
                raise self.fault(offset, f"rule {name!r} is defined more than once")
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
                parts[-1] = Repetition(parts[-1], low, high, offset)
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
        return self._free(offset) if opening == "!" else Special(self._token())

    def _token(self) -> SpecialToken:
        """Read a special token, by its name or its number."""
        offset = self._at
        found = _TOKEN.match(self._text, offset)
        if found is None:
            raise self.fault(offset, "expected a token, by name as in <think> or as in <[1000]>")
        self._at = found.end()
        name = found[0]
        if self._tokens is None:
            return SpecialToken(name)
        if found[1] is not None:
            name = self._tokens.get(int(found[1]), "")
            if not name:
                raise self.fault(
                    offset,
                    f"token {found[1]} is no special token; write the text of others as a string",
                )
        elif name not in self._tokens.values():
            raise self.fault(offset, f"the vocabulary has no special token {name!r}")
        return SpecialToken(name)

    def _free(self, offset: int) -> Expression:
        """Read any token but one, repeated at will: free text."""
        self._at += 1
        self._token()
        is_group = self._text[:offset].rstrip().endswith("(")
        if not (
            _REPEATED.match(self._text, self._at)
            or (is_group and _REPEATED_GROUP.match(self._text, self._at))
        ):
            raise self.fault(
                offset,
                "a constraint sees texts, not the tokens that they come in, so one token that is "
                "not another cannot be told; repeat it with * or +, for any text without special "
                "tokens",
            )
        return Match(ANY)

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
                high = self._number()
                if high < low:
                    raise self.fault(offset, f"{high} is less than {low}")
                self._space(lines)
        self._expect("}")
        return low, high

    def _string(self) -> Expression:
        chars = []
        while self._char != '"':
            offset = self._at
            char = self._character()
            if "\ud800" <= char <= "\udfff":
                raise self.fault(offset, "half of a surrogate pair is not a character")
            chars.append(char)
        self._at += 1
        return Match(literal("".join(chars))) if chars else Sequence(())

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
                raise self.fault(place, f"the range from {low!r} to {high!r} is reversed")
            ranges.append((ord(low), ord(high)))
        self._at += 1
        found = char_class(ranges)
        if negated and isinstance(found, Chars):
            found = subtract(ANY, found)
        if found is EMPTY:
            raise self.fault(offset, "no character is in this class")
        return Match(found)

    def _character(self) -> str:
        """Read a character of a string or class."""
        offset, char = self._at, self._char
        if not char:
            raise self._unexpected("a character")
        self._at += 1
        if char != "\\":
            return char
        letter = self._char
        self._at += 1
        if letter in _ESCAPES:
            return _ESCAPES[letter]
        if letter not in _HEX_DIGITS:
            raise self.fault(offset, f"unknown escape {char + letter!r}")
        digits = self._text[self._at : self._at + _HEX_DIGITS[letter]]
        self._at += len(digits)
        if len(digits) < _HEX_DIGITS[letter] or not set(digits) <= set("0123456789abcdefABCDEF"):
            wanted = _HEX_DIGITS[letter]
            raise self.fault(offset, f"expected {wanted} hexadecimal digits after {char + letter}")
        if int(digits, 16) > 0x10FFFF:
            raise self.fault(offset, f"there is no character {digits}")
        return chr(int(digits, 16))
