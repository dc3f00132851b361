"""The strings of an atom as one expression.

Expressions are closed under union, intersection and complement, so that choices among sets of
strings need not be multiplied out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from constrain.lexing.regex import EMPTY, Regex, difference, intersect, union, words
from constrain.schema.facts import Atom, Enumeration
from constrain.schema.sources.keywords import STRING

_DEEP = 100
"""Atoms nested deeper are not looked at."""


class Texts:
    """Gives the expressions of atoms, each worked out once.

    Args:
        spend: is told of work, with the atoms that cause it.
    """

    def __init__(self, spend: Callable[[int, Sequence[Atom]], None]) -> None:
        self._spend = spend
        self._known: dict[Atom, Regex | None] = {}

    def of(self, atom: Atom, depth: int = 0) -> Regex | None:
        """Return the strings of an atom; None where a function has a say, or it is too deep."""
        if atom not in self._known:
            self._known[atom] = self._read(atom, depth) if depth < _DEEP else None
        return self._known[atom]

    def of_any(self, atoms: Sequence[Atom], depth: int = 0) -> Regex | None:
        """Return the strings of any of some atoms."""
        found = [self.of(atom, depth) for atom in atoms]
        return None if None in found else union(*(regex for regex in found if regex is not None))

    def _read(self, atom: Atom, depth: int) -> Regex | None:
        facts = atom.facts
        self._spend(1, (atom,))
        if not facts.types & STRING:
            return EMPTY
        if facts.judges:
            return None
        parts = [self.of(part, depth + 1) for _, part in facts.all_of]
        parts += [self.of_any(group, depth + 1) for _, group in facts.any_of]
        if None in parts:
            return None
        own = facts.string.language
        if facts.enum is not None:
            own = intersect(own, _strings(facts.enum))
        if facts.excluded is not None:
            own = difference(own, _strings(facts.excluded))
        return intersect(own, *(part for part in parts if part is not None))


def _strings(enumeration: Enumeration) -> Regex:
    return words(value for value in enumeration.values if isinstance(value, str))
