"""What a longer match of a terminal would have to go on with, once it may end."""

from __future__ import annotations

from typing import NamedTuple

from constrain.errors import RegexTooComplexError
from constrain.grammar.cfg import Terminal
from constrain.grammar.terminals import text_lexeme
from constrain.lexing.lexeme import Lexeme
from constrain.lexing.regex import (
    ANYTHING,
    EPSILON,
    Machine,
    Ranges,
    Regex,
    arcs,
    concat,
    difference,
    is_empty,
    machine,
)

_MOST_STATES = 1000


class Remainder(NamedTuple):
    """Texts of a terminal after which the longer matches are the same.

    Attributes:
        lexeme: the texts.
        banned: what may not follow if no longer match is to follow.
    """

    lexeme: Lexeme
    banned: Regex


def remainders(terminal: Terminal) -> list[Remainder]:
    """The texts of a terminal by what may not follow them.

    Raises:
        RegexTooComplexError: the expression has too many states.
    """
    states = _states(terminal.regex)
    endings: dict[Regex, list[Regex]] = {}
    for state in states:
        if state.nullable:
            more = difference(state, EPSILON)
            banned = more if is_empty(more) else concat(more, ANYTHING)
            endings.setdefault(banned, []).append(state)
    if len(endings) == 1:
        return [Remainder(terminal.lexeme, banned) for banned in endings]
    return [
        Remainder(text_lexeme(machine(_Ending(terminal.regex, frozenset(ends)))), banned)
        for banned, ends in endings.items()
    ]


def _states(regex: Regex) -> list[Regex]:
    found = {regex: None}
    pending = [regex]
    while pending:
        for _, target in arcs(pending.pop()):
            if target not in found:
                if len(found) == _MOST_STATES:
                    raise RegexTooComplexError(f"more than {_MOST_STATES:,} states")
                found[target] = None
                pending.append(target)
    return list(found)


class _Ending(Machine):
    """The texts that lead from a state to one of some others."""

    __slots__ = ("_ends", "_hash", "_state", "nullable")

    def __init__(self, state: Regex, ends: frozenset[Regex]) -> None:
        self._state = state
        self._ends = ends
        self._hash = hash((state, ends))
        self.nullable = state in ends

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, type(self))
            and self._state is other._state
            and self._ends == other._ends
        )

    def arcs(self) -> tuple[tuple[Ranges, _Ending], ...]:
        """See `Machine.arcs`."""
        return tuple(
            (ranges, _Ending(target, self._ends))
            for ranges, target in arcs(self._state)
            if not self._ends.isdisjoint(_states(target))
        )
