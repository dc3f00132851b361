"""What atoms say that is quickly compared: types, and properties of objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from constrain.schema.evaluate import holds
from constrain.schema.facts import ALL_STRINGS, FALSE, TRUE, Atom, Facts, ObjectFacts, identity
from constrain.schema.negation import Not
from constrain.schema.numeric.numbers import ALL_NUMBERS
from constrain.schema.sources.keywords import ANY_TYPE, ARRAY, NUMBER, OBJECT, STRING


@dataclass(frozen=True, slots=True)
class Listed:
    """A set of values: those listed, or all but those listed.

    Attributes:
        values: the values, by their identities.
        without: whether these are the values left out.
    """

    values: Mapping[Any, Any]
    without: bool = False


def _listed(atom: Atom) -> Listed | None:
    if isinstance(atom, Not):
        found = _listed(atom.atom)
        return None if found is None else Listed(found.values, not found.without)
    facts = atom.facts
    if facts.enum is not None:
        return Listed({identity(value): value for value in facts.enum.values if holds(atom, value)})
    if (
        facts.excluded is not None
        and not facts.all_of
        and _only_parts(replace(facts, excluded=None))
    ):
        return Listed({identity(value): value for value in facts.excluded.values}, without=True)
    return None


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule that must be broken says that is quickly compared.

    Attributes:
        needs: properties that objects must have.
        limits: properties whose values it lists, each with its atom.
        whole: whether this is all that it says.
    """

    needs: frozenset[str]
    limits: dict[str, Atom]
    whole: bool

    @classmethod
    def of(cls, facts: ObjectFacts) -> Rule:
        """Return what facts say."""
        limits = dict(_limits(facts))
        limits.update((name, FALSE) for name, value in facts.properties.items() if value is FALSE)
        whole = _names_only(facts) and len(limits) == len(facts.properties)
        return cls(frozenset(facts.required), limits, whole)


@dataclass(frozen=True, slots=True)
class Summary:
    """What an atom says that is quickly compared.

    Attributes:
        types: mask of the types it allows.
        needs: properties that objects must have, each with its atom.
        limits: other properties whose values it lists, each with its atom.
        lacks: properties that objects must not have.
        breaches: what it says must be broken.
        whole: mask of the types of which this is all that it says.
        parts: the atom and those that hold where it does.
        denied: atoms that do not hold where it does.
        joint: the atoms that hold where it does, if they are all that it says.
    """

    types: int
    needs: dict[str, Atom]
    limits: dict[str, Atom]
    lacks: frozenset[str]
    breaches: tuple[Rule, ...]
    whole: int
    parts: frozenset[Atom]
    denied: frozenset[Atom]
    joint: frozenset[Atom] | None

    def tags(self) -> Iterator[tuple[str, Atom]]:
        """Return the properties, with their atoms, on whose values it depends."""
        yield from self.needs.items()
        yield from self.limits.items()
        for rule in self.breaches:
            yield from rule.limits.items()


class Summaries:
    """The summaries of atoms, each made once."""

    def __init__(self) -> None:
        self._known: dict[Atom, Summary] = {}
        self._listed: dict[Atom, Listed | None] = {}
        self._held: dict[tuple[Atom, Any], bool] = {}

    def listed(self, atom: Atom) -> Listed | None:
        """Return the set of an atom where it lists its values, or those that it leaves out."""
        if atom not in self._listed:
            self._listed[atom] = _listed(atom)
        return self._listed[atom]

    def of(self, atom: Atom) -> Summary:
        """Return the summary of an atom."""
        found = self._known.get(atom)
        if found is None:
            found = self._known[atom] = self._read(atom, atom.facts)
        return found

    def holds(self, atom: Atom, key: Any, value: Any) -> bool:
        """Return whether a value, with its identity, is in the set of an atom."""
        found = self._held.get((atom, key))
        if found is None:
            found = self._held[atom, key] = holds(atom, value)
        return found

    def _read(self, atom: Atom, facts: Facts) -> Summary:
        types, whole = facts.types, _whole(facts)
        needs: dict[str, Atom] = {}
        limits: dict[str, Atom] = {}
        lacks: set[str] = set()
        breaches: tuple[Rule, ...] = ()
        parts = {atom}
        if facts.object is not None:
            members = facts.object
            for name in members.required:
                given = name in members.properties
                needs[name] = members.atom(members.properties[name]) if given else TRUE
            limits.update(_limits(members))
            for name in needs:
                limits.pop(name, None)
            lacks.update(name for name, value in members.properties.items() if value is FALSE)
            breaches = tuple(Rule.of(breach.rule) for breach in members.breaches)
            if len(needs.keys() | limits.keys() | lacks) < len(members.properties):
                whole &= ~OBJECT
        for _, inner in facts.all_of:
            part = self.of(inner)
            types &= part.types
            lacks |= part.lacks
            breaches += part.breaches
            whole &= part.whole
            if not (needs.keys().isdisjoint(part.needs) and limits.keys().isdisjoint(part.limits)):
                whole &= ~OBJECT
            needs.update(part.needs)
            limits.update(part.limits)
            parts |= part.parts
        joint = frozenset(inner for _, inner in facts.all_of) if _only_parts(facts) else None
        return Summary(
            types,
            needs,
            limits,
            frozenset(lacks),
            breaches,
            whole,
            frozenset(parts),
            frozenset(part.atom for part in parts if isinstance(part, Not)),
            joint,
        )


def _limits(members: ObjectFacts) -> Iterator[tuple[str, Atom]]:
    """The named properties whose values are listed, as a glance shows."""
    for name, value in members.properties.items():
        if isinstance(value, dict):
            if "enum" in value or "const" in value:
                yield name, members.atom(value)
        elif isinstance(value, Atom) and value is not TRUE and value is not FALSE:
            yield name, value


def _whole(facts: Facts) -> int:
    """Return the types of which facts say nothing but which properties there must be or not be."""
    if facts.enum is not None or facts.excluded is not None or facts.any_of:
        return 0
    return (
        ANY_TYPE
        & ~(0 if facts.number is ALL_NUMBERS else NUMBER)
        & ~(0 if facts.string is ALL_STRINGS and not facts.judges else STRING)
        & ~(0 if facts.array is None else ARRAY)
        & ~(0 if facts.object is None or _names_only(facts.object) else OBJECT)
    )


def _only_parts(facts: Facts) -> bool:
    """Whether facts say nothing but that other atoms hold."""
    return facts.types == ANY_TYPE and _whole(facts) == ANY_TYPE and facts.object is None


def _names_only(facts: ObjectFacts) -> bool:
    return (
        not facts.patterns
        and facts.additional is TRUE
        and facts.names is TRUE
        and facts.low == 0
        and facts.high is None
    )
