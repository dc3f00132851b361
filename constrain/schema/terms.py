"""Multiplying out: from atoms with choices among atoms to terms without.

The groups of alternatives that a conjunction has are decided one after the other, the one with
the fewest branches left first. A branch that contradicts what is known already is dropped, and a
group one of whose branches follows from it is decided (Davis, Logemann and Loveland 1962); without
that, the negations in a `oneOf` would multiply beyond all bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from constrain.schema.evaluate import holds
from constrain.schema.facts import ALL_STRINGS, FALSE, TRUE, Atom, Facts, ObjectFacts, Place
from constrain.schema.keywords import ANY_TYPE, OBJECT
from constrain.schema.numbers import ALL_NUMBERS

Group = tuple[Place, Sequence[Atom]]


@dataclass(frozen=True, slots=True)
class _Summary:
    """What a branch says that is quickly compared.

    Attributes:
        types: mask of the types it allows.
        needs: properties that objects must have, each with its atom.
        lacks: properties that objects must not have.
        whole: whether this is all that it says.
    """

    types: int
    needs: dict[str, Atom]
    lacks: frozenset[str]
    whole: bool


class Terms:
    """Multiplies out conjunctions of atoms.

    Args:
        spend: is told of work, with the atoms that cause it.
    """

    def __init__(self, spend: Callable[[int, Sequence[Atom]], None]) -> None:
        self._spend = spend
        self._summaries: dict[Atom, _Summary] = {}

    def of(self, atoms: Sequence[Atom]) -> Iterator[tuple[int, list[Facts]]]:
        """Return the terms of a conjunction, each a mask of types and a list of facts.

        The facts of a term are in the order of the places that they have in the schema.
        """
        first = _Term(ANY_TYPE, {}, [], {}, frozenset())
        for index, atom in enumerate(atoms):
            first.add((index,), atom)
        if first.groups:
            first.learn(map(self._summary, first.met))
        pending = [first]
        while pending:
            term = pending.pop()
            self._spend(1 + len(term.met), atoms)
            group = self._choose(term, atoms) if term.types else None
            if group is not None:
                place, branches = group
                for branch in reversed(branches):
                    grown = term.copy()
                    known = len(grown.met)
                    grown.add(place, branch)
                    grown.learn(map(self._summary, list(grown.met)[known:]))
                    pending.append(grown)
            elif term.types:
                met = sorted(term.met, key=term.met.__getitem__)
                yield term.types, [atom.facts for atom in met]

    def _choose(self, term: _Term, atoms: Sequence[Atom]) -> Group | None:
        """Take the group with the fewest branches left off a term; None where there is none."""
        groups: list[Group] = []
        for place, branches in term.groups:
            self._spend(len(branches), atoms)
            left = []
            for branch in branches:
                relation = "follows" if branch in term.met else term.compare(self._summary(branch))
                if relation == "follows":
                    break
                if relation == "open":
                    left.append(branch)
            else:
                groups.append((place, left))
        if not groups:
            return None
        best = min(range(len(groups)), key=lambda index: len(groups[index][1]))
        chosen = groups.pop(best)
        term.groups = groups
        return chosen

    def _summary(self, atom: Atom) -> _Summary:
        found = self._summaries.get(atom)
        if found is None:
            found = self._summaries[atom] = self._read(atom.facts)
        return found

    def _read(self, facts: Facts) -> _Summary:
        types, whole = facts.types, _says_little(facts)
        needs: dict[str, Atom] = {}
        lacks: set[str] = set()
        if facts.object is not None:
            members = facts.object
            for name in members.required:
                given = name in members.properties
                needs[name] = members.atom(members.properties[name]) if given else TRUE
            lacks.update(name for name, value in members.properties.items() if value is FALSE)
            whole = whole and len(needs.keys() | lacks) >= len(members.properties)
        for _, atom in facts.all_of:
            part = self._summary(atom)
            types &= part.types
            lacks |= part.lacks
            whole = whole and part.whole and needs.keys().isdisjoint(part.needs)
            needs.update(part.needs)
        return _Summary(types, needs, frozenset(lacks), whole)


def _says_little(facts: Facts) -> bool:
    """Whether facts say nothing but types, and which properties there must and must not be."""
    return (
        facts.enum is None
        and facts.excluded is None
        and facts.number is ALL_NUMBERS
        and facts.string is ALL_STRINGS
        and facts.array is None
        and not facts.any_of
        and (facts.object is None or _names_only(facts.object))
    )


def _names_only(facts: ObjectFacts) -> bool:
    return (
        not facts.patterns
        and facts.additional is TRUE
        and facts.names is TRUE
        and facts.low == 0
        and facts.high is None
        and not facts.breaches
    )


class _Term:
    """Part of a disjunction.

    Attributes:
        types: mask of the types left.
        met: the atoms, with their places.
        groups: what is still to be decided.
        needs: properties that objects must have, with the values that they can have where these
            are listed.
        lacks: properties that objects must not have.
    """

    __slots__ = ("groups", "lacks", "met", "needs", "types")

    def __init__(
        self,
        types: int,
        met: dict[Atom, Place],
        groups: list[Group],
        needs: dict[str, list[Any] | None],
        lacks: frozenset[str],
    ) -> None:
        self.types = types
        self.met = met
        self.groups = groups
        self.needs = needs
        self.lacks = lacks

    def copy(self) -> _Term:
        return _Term(self.types, dict(self.met), list(self.groups), dict(self.needs), self.lacks)

    def add(self, place: Place, atom: Atom) -> None:
        """Add an atom and those that it brings along."""
        queue = [(place, atom)]
        while queue and self.types:
            place, atom = queue.pop()
            if atom in self.met:
                continue
            facts = atom.facts
            self.met[atom] = (*place, facts.place)
            self.types &= facts.types
            queue += [(place + at, part) for at, part in facts.all_of]
            self.groups += [(place + at, group) for at, group in facts.any_of]

    def learn(self, summaries: Iterator[_Summary]) -> None:
        """Note what atoms say of the properties of objects."""
        for summary in summaries:
            self.lacks |= summary.lacks
            for name, atom in summary.needs.items():
                known = self.needs.get(name)
                if known is not None:
                    self.needs[name] = [value for value in known if holds(atom, value)]
                elif atom.facts.enum is not None:
                    self.needs[name] = [v for v in atom.facts.enum.values if holds(atom, v)]
                else:
                    self.needs[name] = None
        if self.types & OBJECT and (
            not self.lacks.isdisjoint(self.needs) or [] in self.needs.values()
        ):
            self.types &= ~OBJECT

    def compare(self, branch: _Summary) -> Literal["follows", "open", "never"]:
        """Return whether a branch follows from what is known, may hold, or contradicts it."""
        types = self.types & branch.types
        if types & OBJECT and self._contradicts(branch):
            types &= ~OBJECT
        if not types:
            return "never"
        if branch.whole and types == self.types and (not types & OBJECT or self._implies(branch)):
            return "follows"
        return "open"

    def _contradicts(self, branch: _Summary) -> bool:
        if not self.lacks.isdisjoint(branch.needs) or not branch.lacks.isdisjoint(self.needs):
            return True
        return any(
            values is not None and not any(holds(atom, value) for value in values)
            for name, atom in branch.needs.items()
            if (values := self.needs.get(name)) is not None
        )

    def _implies(self, branch: _Summary) -> bool:
        return branch.lacks <= self.lacks and all(
            name in self.needs and (atom is TRUE or self._all_hold(atom, self.needs[name]))
            for name, atom in branch.needs.items()
        )

    @staticmethod
    def _all_hold(atom: Atom, values: list[Any] | None) -> bool:
        return values is not None and all(holds(atom, value) for value in values)
