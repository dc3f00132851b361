"""Terminals as lexemes."""

from __future__ import annotations

from constrain.lexing.lexeme import Lexeme, Literal, Text, lexeme
from constrain.lexing.regex import Machine, Ranges, Regex, arcs, literal, machine, shortest

_FEW_STATES = 50


def text_lexeme(regex: Regex) -> Lexeme:
    """The texts of an expression as a lexeme whose automaton never comes back to its start.

    The engine takes a state that is its start for a place at which no lexeme is under way.
    """
    return lexeme(Text(machine(_Begin(regex)) if _comes_back(regex) else regex))


def regex_of(item: Lexeme) -> Regex:
    """The texts of a terminal's lexeme."""
    (part,) = item.parts
    if isinstance(part, Literal):
        return literal(part.data.decode())
    assert isinstance(part, Text)
    return part.regex


def least_text(item: Lexeme) -> bytes:
    """The least text of a terminal's lexeme, by length, then as bytes."""
    text = shortest(regex_of(item))
    assert text is not None
    return text.encode()


def _comes_back(regex: Regex) -> bool:
    """Whether some text leads from the expression back to it; true where that takes a search."""
    found = {target for _, target in arcs(regex)}
    pending = [*found]
    while pending:
        if regex in found or len(found) > _FEW_STATES:
            return True
        for _, target in arcs(pending.pop()):
            if target not in found:
                found.add(target)
                pending.append(target)
    return False


class _Begin(Machine):
    """An expression before its first character."""

    __slots__ = ("_regex", "nullable")

    def __init__(self, regex: Regex) -> None:
        self._regex = regex
        self.nullable = regex.nullable

    def __hash__(self) -> int:
        return hash(self._regex)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Begin) and self._regex is other._regex

    @property
    def least(self) -> int:
        """See `Machine.least`."""
        return self._regex.least

    def arcs(self) -> tuple[tuple[Ranges, Regex], ...]:
        """See `Machine.arcs`."""
        return arcs(self._regex)
