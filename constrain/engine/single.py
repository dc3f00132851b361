"""The simplest control: a text is one lexeme."""

from __future__ import annotations

from constrain.errors import ConstraintError
from constrain.lexing.lexeme import Lexeme, Text, lexeme
from constrain.lexing.regex import EPSILON, Regex, difference, is_empty, shortest

_START, _END = "start", "end"


class RegexControl:
    """Allows the texts that a regular expression matches in full.

    Attributes:
        regex: the expression.
    """

    def __init__(self, regex: Regex) -> None:
        least = shortest(regex)
        if least is None:
            raise ConstraintError("the regular expression matches no text")
        self.regex = regex
        self._ending = least.encode()
        self._nullable = regex.nullable
        filled = difference(regex, EPSILON) if regex.nullable else regex
        self._lexemes: tuple[Lexeme, ...] = () if is_empty(filled) else (lexeme(Text(filled)),)

    def start(self) -> str:
        """See `Control.start`."""
        return _START

    def lexemes(self, config: str) -> tuple[Lexeme, ...]:
        """See `Control.lexemes`."""
        return self._lexemes if config == _START else ()

    def advance(self, config: str, lexemes: tuple[Lexeme, ...], text: bytes | None) -> str:
        """See `Control.advance`."""
        return _END

    def accepting(self, config: str) -> bool:
        """See `Control.accepting`."""
        return config == _END or self._nullable

    def ending(self, config: str) -> bytes:
        """See `Control.ending`."""
        return self._ending if config == _START else b""
