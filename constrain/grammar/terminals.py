"""Terminals as lexemes."""

from __future__ import annotations

from functools import lru_cache

from constrain.lexing.lexeme import Lexeme, Literal, Text, lexeme
from constrain.lexing.regex import Regex, literal, shortest


def text_lexeme(regex: Regex) -> Lexeme:
    """The texts of an expression as a lexeme."""
    return lexeme(Text(regex))


def regex_of(item: Lexeme) -> Regex:
    """The texts of a terminal's lexeme."""
    (part,) = item.parts
    if isinstance(part, Literal):
        return literal(part.data.decode())
    assert isinstance(part, Text)
    return part.regex


@lru_cache(maxsize=4096)
def least_text(item: Lexeme) -> bytes:
    """The least text of a terminal's lexeme, by length, then as bytes."""
    text = shortest(regex_of(item))
    assert text is not None
    return text.encode()
