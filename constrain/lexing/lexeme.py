"""Lexemes: the terminals that controls speak of and lexers recognise.

A lexeme is a sequence of parts, each a language of byte strings. It never matches the empty
string. Lexemes are hash-consed: equal parts give the same object, in the whole process, so that
automata and masks made for one constraint serve every other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal as OneOf
from typing import NamedTuple

from constrain.interned import Interned
from constrain.lexing.regex import Regex

Spelling = OneOf["minimal", "any"]
"""How the characters of a JSON string are written.

"minimal": escaped only where they must be (`\\"`, `\\\\`, the short escapes, `\\u00XX` for the
other control characters). "any": every spelling that JSON allows.
"""

SpaceKind = OneOf["bounded", "any"]
"""Optional white space between JSON tokens.

"bounded": nothing, one space, or a line feed and up to 40 spaces or tabs of indentation.
"any": any run of space, tab, line feed and carriage return.
"""

INDENT_LIMIT = 40


class Literal(NamedTuple):
    """Exactly these bytes (at least one)."""

    data: bytes


class Text(NamedTuple):
    """The UTF-8 encodings of the texts that `regex` matches in full."""

    regex: Regex


class JSONString(NamedTuple):
    """The JSON strings, quotes included, whose value `regex` matches in full.

    `low` and `high` bound the number of code points of the value; `high` is counted, not copied,
    and so is `low` where `regex` is ANYTHING.
    """

    regex: Regex
    spelling: Spelling = "minimal"
    low: int = 0
    high: int | None = None


class Space(NamedTuple):
    """Optional white space."""

    kind: SpaceKind


Part = Literal | Text | JSONString | Space


class Lexeme:
    """A hash-consed terminal; equality is identity. Make one with `lexeme`.

    Attributes:
        parts: the parts, matched one after the other.
        captures: whether the control wants to see the matched bytes when the lexeme ends.
    """

    __slots__ = ("__weakref__", "captures", "parts")

    parts: tuple[Part, ...]
    captures: bool

    def __repr__(self) -> str:
        inner = ", ".join(map(repr, self.parts))
        return f"Lexeme({inner}{', captures=True' if self.captures else ''})"


_interned: Interned[Lexeme] = Interned()


def lexeme(*parts: Part, captures: bool = False) -> Lexeme:
    """Return the one lexeme with these parts.

    At least one part must be unable to match the empty string.
    """
    key = (captures, *parts)
    found = _interned.get(key)
    if found is None:
        made = Lexeme()
        made.parts = parts
        made.captures = captures
        found = _interned.add(key, made)
    return found


def any_captures(lexemes: Iterable[Lexeme]) -> bool:
    """Return whether one of the lexemes captures its text."""
    for lexeme in lexemes:  # noqa: SIM110  # a generator costs three times as much
        if lexeme.captures:
            return True
    return False
