"""Multiplying out: from atoms with choices among atoms to terms without.

A branch that contradicts what is known already is dropped, a group one of whose branches follows
from it is decided, and one that has a single branch left is taken at once (Davis, Logemann and
Loveland 1962); without that, the negations in a `oneOf` would multiply beyond all bounds. Where
several groups depend on the value of the same property, its values are told apart first: each
decides all of these groups. Otherwise the group with the fewest branches left is next. Where the
values are listed, groups are not multiplied out at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any, Literal, NamedTuple

from constrain.errors import SchemaTooComplexError
from constrain.schema.facts import FALSE, TRUE, Atom, Enumeration, Facts, Given, Place
from constrain.schema.negation import Not, properties
from constrain.schema.sources.keywords import ANY_TYPE, OBJECT, STRING
from constrain.schema.summaries import Rule, Summaries, Summary
from constrain.schema.texts import Texts

Group = tuple[Place, Sequence[Atom]]

_OBJECTS = Given(Facts(OBJECT))
_OTHERS = Given(Facts(ANY_TYPE & ~OBJECT))

_DEEPEST = 5000
"""Steps to a schema by `$ref` and `allOf`, each of which has its place beneath the one before."""
_MANY = 16
"""So many terms of strings alone are not multiplied out."""

_LAST: Place = (1 << 60,)
"""The place behind all others."""


class Term(NamedTuple):
    """One of the terms of a disjunction.

    Attributes:
        types: mask of types.
        facts: what holds, in the order of the places in the schema.
        groups: where the values are listed, or there are many terms of strings alone, groups of
            atoms one of which holds of a value.
    """

    types: int
    facts: list[Facts]
    groups: list[Group]


class Terms:
    """Multiplies out conjunctions of atoms.

    Args:
        spend: is told of work, with the atoms that cause it.

    Attributes:
        texts: the strings of atoms.
    """

    def __init__(self, spend: Callable[[int, Sequence[Atom]], None]) -> None:
        self._spend = spend
        self.texts = Texts(spend)
        self._summaries = Summaries()
        self._tagged: dict[tuple[str, bool, frozenset[Any]], Atom] = {}

    def is_choice(self, atoms: Sequence[Atom]) -> bool:
        """Return whether a conjunction may have more terms than one."""
        return len(atoms) > 1 or bool(atoms and (atoms[0].facts.any_of or atoms[0].facts.all_of))

    def of(self, atoms: Sequence[Atom]) -> Iterator[Term]:
        """Return the terms of a conjunction."""
        if len(atoms) == 1 and not self.is_choice(atoms):
            facts = atoms[0].facts
            self._spend(2, atoms)
            if facts.types:
                yield Term(facts.types, [facts], [])
            return
        first = _Term(self._summaries)
        for index, atom in enumerate(atoms):
            first.add((index,), atom)
        if first.groups and not first.finite:
            first.learn(first.met)
        pending = [first]
        while pending:
            term = pending.pop()
            self._spend(1 + len(term.met), atoms)
            self._settle(term, atoms)
            if not term.types:
                continue
            if term.groups and not term.finite and not self._are_texts(term):
                place, branches = self._split(term)
                for branch in reversed(branches):
                    grown = term.copy()
                    grown.take(place, branch)
                    pending.append(grown)
            else:
                met = sorted(term.met, key=term.met.__getitem__)
                yield Term(term.types, [atom.facts for atom in met], term.groups)

    def _are_texts(self, term: _Term) -> bool:
        """Whether a term is one of strings that would be many, and can be one expression."""
        if term.types != STRING or prod(len(branches) for _, branches in term.groups) < _MANY:
            return False
        return all(self.texts.of_any(branches) is not None for _, branches in term.groups)

    def _settle(self, term: _Term, atoms: Sequence[Atom]) -> None:
        """Decide the groups that have no more than one branch left."""
        settled = False
        while term.types and not settled and not term.finite:
            settled = True
            groups, term.groups = term.groups, []
            for place, branches in groups:
                self._spend(len(branches), atoms)
                left = term.left(branches)
                if left is None:
                    continue
                if len(left) > 1:
                    term.groups.append((place, left))
                elif left:
                    term.take(place, left[0])
                    settled = False
                else:
                    term.types = 0

    def _split(self, term: _Term) -> Group:
        """Return the next alternatives of a term."""
        if term.types & OBJECT and len(term.groups) > 1:
            if term.types != OBJECT:
                return _LAST, (_OBJECTS, _OTHERS)
            for name, atoms in self._tags(term):
                ways = self._values(term, name, atoms)
                if len(ways) > 1:
                    return _LAST, ways
        sizes = [len(branches) for _, branches in term.groups]
        return term.groups.pop(sizes.index(min(sizes)))

    def _tags(self, term: _Term) -> list[tuple[str, dict[Atom, None]]]:
        """The properties on whose values several groups depend, with the atoms in question."""
        atoms: dict[str, dict[Atom, None]] = {}
        counts: dict[str, int] = {}
        for _, branches in term.groups:
            names = set()
            for branch in branches:
                for name, atom in self._summaries.of(branch).tags():
                    if name not in term.lacks and self._summaries.listed(atom) is not None:
                        names.add(name)
                        atoms.setdefault(name, {})[atom] = None
            for name in names:
                counts[name] = counts.get(name, 0) + 1
        several = [(name, atoms[name]) for name in atoms if counts[name] > 1]
        return sorted(several, key=lambda tag: -counts[tag[0]])

    def _values(self, term: _Term, name: str, atoms: Iterable[Atom]) -> list[Atom]:
        """Split a term by the value of a property; values that no atom tells apart stay as one."""
        found: dict[Any, Any] = {}
        for atom in atoms:
            listed = self._summaries.listed(atom)
            found.update(listed.values if listed is not None else {})
        if any(isinstance(value, (dict, list)) for value in found.values()):
            return []
        known = term.values.get(name)
        classes: dict[tuple[bool, ...], dict[Any, Any]] = {}
        for key, value in (found if known is None else known).items():
            if term.may_be(name, key, value):
                told = tuple(self._summaries.holds(atom, key, value) for atom in atoms)
                classes.setdefault(told, {})[key] = value
        ways = [self._tag(name, True, values) for values in classes.values()]
        if known is None:
            ways.append(self._tag(name, False, found))
        if name not in term.needs:
            ways.append(self._tag(name, True, {}))
        return ways

    def _tag(self, name: str, among: bool, values: Mapping[Any, Any]) -> Atom:
        """Return the atom of objects with a property among some values, or among all others.

        Where there are no values at all, it is the atom of objects without the property.
        """
        key = (name, among, frozenset(values))
        found = self._tagged.get(key)
        if found is None:
            listed = Enumeration(tuple(values.values()))
            value = Given(Facts(enum=listed) if among else Facts(excluded=listed))
            members = properties({name: value}, (name,)) if values else properties({name: FALSE})
            found = self._tagged[key] = Given(Facts(OBJECT, object=members))
        return found


class _Term:
    """Part of a disjunction.

    Attributes:
        types: mask of the types left.
        met: the atoms, with their places.
        groups: what is still to be decided.
        finite: whether the values are listed.
        denied: atoms that do not hold.
        needs: properties that objects must have.
        limits: properties with atoms that hold of their values where these are there.
        values: the values that properties can have, by their identities, where these are listed.
        lacks: properties that objects must not have.
    """

    __slots__ = (
        "_summaries",
        "denied",
        "finite",
        "groups",
        "lacks",
        "limits",
        "met",
        "needs",
        "types",
        "values",
    )

    def __init__(self, summaries: Summaries) -> None:
        self.types = ANY_TYPE
        self.met: dict[Atom, Place] = {}
        self.groups: list[Group] = []
        self.finite = False
        self.denied: set[Atom] = set()
        self.needs: frozenset[str] = frozenset()
        self.limits: dict[str, tuple[Atom, ...]] = {}
        self.values: dict[str, Mapping[Any, Any]] = {}
        self.lacks: frozenset[str] = frozenset()
        self._summaries = summaries

    def copy(self) -> _Term:
        copied = _Term(self._summaries)
        copied.types = self.types
        copied.met = dict(self.met)
        copied.groups = list(self.groups)
        copied.finite = self.finite
        copied.denied = set(self.denied)
        copied.needs = self.needs
        copied.limits = dict(self.limits)
        copied.values = dict(self.values)
        copied.lacks = self.lacks
        return copied

    def take(self, place: Place, atom: Atom) -> None:
        """Add an atom, and learn what it says."""
        self.learn(self.add(place, atom))

    def add(self, place: Place, atom: Atom) -> list[Atom]:
        """Add an atom and those that it brings along; return them."""
        queue = [(place, atom)]
        added: list[Atom] = []
        while queue and self.types:
            place, atom = queue.pop()
            if atom in self.met:
                continue
            if len(place) > _DEEPEST:
                limit = f"$refs and allOfs nest more than {_DEEPEST:,} deep"
                raise SchemaTooComplexError("", limit)
            facts = atom.facts
            self.met[atom] = (*place, facts.place)
            added.append(atom)
            self.types &= facts.types
            if facts.enum is not None:
                self.finite = True
            if atom in self.denied:
                self.types = 0
            if isinstance(atom, Not):
                self.denied.add(atom.atom)
                if atom.atom in self.met:
                    self.types = 0
            if facts.all_of:
                queue += [(place + at, part) for at, part in facts.all_of]
            if facts.any_of:
                self.groups += [(place + at, group) for at, group in facts.any_of]
        return added

    def learn(self, atoms: Iterable[Atom]) -> None:
        """Note what atoms say of the properties of objects."""
        named: dict[str, None] = {}
        for atom in atoms:
            summary = self._summaries.of(atom)
            self.lacks |= summary.lacks
            self.needs |= summary.needs.keys()
            for says in (summary.needs, summary.limits):
                for name, value in says.items():
                    named[name] = None
                    if value is not TRUE and value not in self.limits.get(name, ()):
                        self.limits[name] = (*self.limits.get(name, ()), value)
        for name in named:
            values = self._values(name)
            if values is not None:
                self.values[name] = values
        if self.types & OBJECT and (
            not self.lacks.isdisjoint(self.needs)
            or any(name in self.needs and self.values.get(name) == {} for name in named)
        ):
            self.types &= ~OBJECT

    def _values(self, name: str) -> Mapping[Any, Any] | None:
        for atom in self.limits.get(name, ()):
            listed = self._summaries.listed(atom)
            if listed is not None and not listed.without:
                return {k: v for k, v in listed.values.items() if self.may_be(name, k, v)}
        return None

    def may_be(self, name: str, key: Any, value: Any) -> bool:
        """Return whether a property can have a value, as far as is known."""
        holds = self._summaries.holds
        return all(holds(atom, key, value) for atom in self.limits.get(name, ()))

    def left(self, branches: Iterable[Atom]) -> list[Atom] | None:
        """Return the branches of a group that may hold, or None where one of them does."""
        left = []
        for branch in branches:
            if branch in self.met:
                return None
            relation = self._compare(self._summaries.of(branch))
            if relation == "follows":
                return None
            if relation == "open":
                left.append(branch)
        if len(left) == 2:
            a, b = map(self._summaries.of, left)
            if self._cover(a, b) or self._cover(b, a):
                return None
        return left

    def _cover(self, without: Summary, with_it: Summary) -> bool:
        """Return whether one branch holds without some property, and the other with it."""
        if len(without.lacks) != 1 or not self._follows(
            replace(without, lacks=frozenset()), self.types
        ):
            return False
        (name,) = without.lacks
        needs = dict(with_it.needs)
        return needs.pop(name, None) is TRUE and self._follows(
            replace(with_it, needs=needs), self.types & OBJECT
        )

    def _compare(self, branch: Summary) -> Literal["follows", "open", "never"]:
        """Return whether a branch follows from what is known, may hold, or contradicts it."""
        if not (self.denied.isdisjoint(branch.parts) and self.met.keys().isdisjoint(branch.denied)):
            return "never"
        types = self.types & branch.types
        if types & OBJECT and self._contradicts(branch):
            types &= ~OBJECT
        if not types:
            return "never"
        return "follows" if self._follows(branch, self.types) else "open"

    def _follows(self, branch: Summary, types: int) -> bool:
        """Return whether all values of some types satisfy a branch."""
        if branch.joint is not None and self.met.keys() >= branch.joint:
            return True
        return not types & ~(branch.whole & branch.types) and (
            not types & OBJECT or self._implies(branch)
        )

    def _contradicts(self, branch: Summary) -> bool:
        if not self.lacks.isdisjoint(branch.needs) or not branch.lacks.isdisjoint(self.needs):
            return True
        return any(self._relation(name, atom) == "none" for name, atom in branch.needs.items()) or (
            any(
                name in self.needs and self._relation(name, atom) == "none"
                for name, atom in branch.limits.items()
            )
            or any(self._keeps(rule) for rule in branch.breaches)
        )

    def _implies(self, branch: Summary) -> bool:
        return (
            branch.lacks <= self.lacks
            and all(
                name in self.needs and self._relation(name, atom) == "all"
                for name, atom in branch.needs.items()
            )
            and all(
                name in self.lacks or self._relation(name, atom) == "all"
                for name, atom in branch.limits.items()
            )
            and all(self._breaks(rule) for rule in branch.breaches)
        )

    def _keeps(self, rule: Rule) -> bool:
        return (
            rule.whole
            and rule.needs <= self.needs
            and all(
                name in self.lacks or self._relation(name, atom) == "all"
                for name, atom in rule.limits.items()
            )
        )

    def _breaks(self, rule: Rule) -> bool:
        return not rule.needs.isdisjoint(self.lacks) or any(
            name in self.needs and self._relation(name, atom) == "none"
            for name, atom in rule.limits.items()
        )

    def _relation(self, name: str, atom: Atom) -> Literal["all", "some", "none"]:
        """Return which of the values that a property can have are in the set of an atom."""
        if atom is TRUE or atom is FALSE:
            return "all" if atom is TRUE else "none"
        if name not in self.limits:
            return "some"
        values = self.values.get(name)
        if values is not None:
            held = sum(self._summaries.holds(atom, key, v) for key, v in values.items())
            return "all" if held == len(values) else "some" if held else "none"
        listed = self._summaries.listed(atom)
        if listed is None or any(self.may_be(name, *item) for item in listed.values.items()):
            return "some"
        return "all" if listed.without else "none"
