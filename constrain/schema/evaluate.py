"""Whether a given value is in the set of an atom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from constrain.lexing.regex import matches
from constrain.schema.facts import (
    TRUE,
    ArrayFacts,
    Atom,
    Count,
    Facts,
    ObjectFacts,
    identity,
    type_of,
)
from constrain.schema.sources.keywords import ARRAY, NUMBER, OBJECT, STRING
from constrain.schema.textual.strings import accepted


def holds(atom: Atom, value: Any) -> bool:
    """Return whether `value`, a JSON value as Python reads it, is in the set of `atom`."""
    facts = atom.facts
    return (
        satisfies(facts, value)
        and (facts.enum is None or value in facts.enum)
        and (facts.excluded is None or value not in facts.excluded)
        and all(holds(part, value) for _, part in facts.all_of)
        and all(any(holds(branch, value) for branch in group) for _, group in facts.any_of)
    )


def satisfies(facts: Facts, value: Any) -> bool:
    """Return whether `value` agrees with what an atom says of types, limits and children."""
    kind = type_of(value)
    if not kind & facts.types:
        return False
    if kind == STRING and not (facts.string.contains(value) and accepted(value, facts.judges)):
        return False
    if kind == NUMBER and not facts.number.contains(value):
        return False
    if kind == ARRAY and facts.array and not _array_satisfies(facts.array, value):
        return False
    return not (kind == OBJECT and facts.object) or _object_satisfies(facts.object, value)


def _array_satisfies(facts: ArrayFacts, items: Sequence[Any]) -> bool:
    return (
        _within(facts.low, len(items), facts.high)
        and all(holds(facts.item(index), item) for index, item in enumerate(items))
        and all(_counts(count, items) for count in facts.counts)
        and (facts.unique is None or facts.unique == _are_unique(items))
    )


def _are_unique(items: Sequence[Any]) -> bool:
    return len(set(map(identity, items))) == len(items)


def _counts(count: Count, items: Sequence[Any]) -> bool:
    counted = sum(holds(count.atom, item) for item in items[count.start :])
    return _within(count.low, counted, count.high)


def _object_satisfies(facts: ObjectFacts, members: Mapping[str, Any]) -> bool:
    return (
        _within(facts.low, len(members), facts.high)
        and all(name in members for name in facts.required)
        and (facts.names is TRUE or all(holds(facts.names, name) for name in members))
        and all(
            holds(atom, value)
            for name, value in members.items()
            for atom in property_atoms(facts, name)
        )
        and all(_breaks(breach.rule, members) for breach in facts.breaches)
    )


def _breaks(rule: ObjectFacts, members: Mapping[str, Any]) -> bool:
    return not all(name in members for name in rule.required) or not all(
        holds(rule.names, name) and all(holds(atom, value) for atom in property_atoms(rule, name))
        for name, value in members.items()
    )


def property_atoms(facts: ObjectFacts, name: str) -> list[Atom]:
    """Return the atoms that the value of a property must satisfy."""
    atoms = [facts.atom(facts.properties[name])] if name in facts.properties else []
    atoms += [atom for regex, atom in facts.patterns if matches(regex, name)]
    return atoms or [facts.additional]


def _within(low: int, count: int, high: int | None) -> bool:
    return low <= count and (high is None or count <= high)
