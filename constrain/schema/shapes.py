"""Alternatives of one type each: what values of a conjunction of atoms look like.

A shape of arrays or objects is a conjunction itself: it holds what each atom says of the type,
and gives for an item or a property the conjunction of what all of them say of it. Schemas are
never merged. Everything is made when first asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from constrain.errors import SchemaTooComplexError
from constrain.lexing.regex import (
    ANYTHING,
    Regex,
    difference,
    intersect,
    is_empty,
    is_finite,
    matches,
    union,
    words,
)
from constrain.schema.arrays import ArrayShape, Possible
from constrain.schema.breaches import can_end, capacity
from constrain.schema.evaluate import holds, property_atoms
from constrain.schema.facts import FALSE, TRUE, Atom, Breach, ObjectFacts, writable
from constrain.schema.numeric.numbers import NumberShape
from constrain.schema.textual.strings import JudgedStrings, StringShape

if TYPE_CHECKING:
    from constrain.schema.normal import Node, Normaliser

CLASS_LIMIT = 64
"""Most classes of keys that match the same patterns, out of those that overlap with others."""
PATTERN_LIMIT = 500
"""Most patterns of keys that are held against one another."""


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """A finite set of values, at least one, of one scalar type, in the order of the schema."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Composites:
    """A finite set of arrays and objects, at least one, in the order of the schema."""

    values: tuple[Any, ...]


class Chance(NamedTuple):
    """That the value of a property can make a breach.

    Attributes:
        bit: the breach, as a mask.
        broken: the atom of the values that make it.
        kept: the atoms of those that do not.
    """

    bit: int
    broken: Atom
    kept: tuple[Atom, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Property:
    """A named property of an object shape.

    Attributes:
        name: the key.
        node: what the value satisfies.
        required: whether it must be there.
        chances: the breaches that it can make.
        lacking: the breaches made where it is not there, as a mask.
    """

    name: str
    node: Node
    required: bool
    chances: tuple[Chance, ...] = ()
    lacking: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class FreeKeys:
    """Properties without a name of their own: all whose key is in a language.

    Attributes:
        regex: the keys, named ones excluded.
        node: what the values satisfy.
        index: index among the free keys of the shape.
        chances: the breaches that they can make.
    """

    regex: Regex
    node: Node
    index: int
    chances: tuple[Chance, ...] = ()


class ObjectShape:
    """Objects.

    Attributes:
        names: the named properties in the order of the schema.
        required: the names that must be there.
        low: least number of properties.
        high: greatest number of properties; None: any.
        breaches: rules that must be broken.
    """

    def __init__(self, facts: Sequence[ObjectFacts], normaliser: Normaliser) -> None:
        self.breaches = tuple(breach for fact in facts for breach in fact.breaches)
        self.names = _names(facts, self.breaches)
        self.required = frozenset(name for fact in facts for name in fact.required)
        if self.breaches:
            self.required, self.breaches = _companions(self.required, self.breaches)
        self.low = max((fact.low for fact in facts), default=0)
        self.high = min((fact.high for fact in facts if fact.high is not None), default=None)
        self._facts = facts
        self._normaliser = normaliser
        self._properties: dict[int, Property] = {}

    def property(self, index: int) -> Property:
        """Return the named property at an index of `names`."""
        found = self._properties.get(index)
        if found is None:
            name = self.names[index]
            general, naming = self._speaking
            atoms = [
                atom
                for fact in (*general, *naming.get(name, ()))
                for atom in property_atoms(fact, name)
            ]
            if not (name.isascii() or writable(name)) or not self._may_be_key(name):
                atoms = [FALSE]
            node = self._normaliser.node(atoms)
            found = Property(name, node, name in self.required)
            if self.breaches:
                chances = self._chances(_kept(breach.rule, name) for breach in self.breaches)
                found = Property(name, node, found.required, chances, self._lacking(name))
            self._properties[index] = found
        return found

    @cached_property
    def _speaking(self) -> tuple[Sequence[ObjectFacts], dict[str, list[ObjectFacts]]]:
        """The facts that say something of any name, and the others by the names that they know."""
        general: list[ObjectFacts] = []
        naming: dict[str, list[ObjectFacts]] = {}
        if len(self._facts) == 1:
            return self._facts, naming
        for fact in self._facts:
            if fact.patterns or fact.additional is not TRUE:
                general.append(fact)
                continue
            for name in fact.properties:
                naming.setdefault(name, []).append(fact)
        return general, naming

    def _lacking(self, name: str) -> int:
        return sum(1 << i for i, breach in enumerate(self.breaches) if name in breach.rule.required)

    def _chances(self, kept: Iterable[tuple[Atom, ...]]) -> tuple[Chance, ...]:
        chances = (
            Chance(1 << index, breach.of(atoms), atoms)
            for index, (breach, atoms) in enumerate(zip(self.breaches, kept, strict=True))
        )
        return tuple(chance for chance in chances if chance.broken is not FALSE)

    def broken(self, found: Property | FreeKeys, mask: int) -> Node:
        """Return what the value of a property satisfies if it makes some breaches."""
        self.spend(len(found.chances) // 4)
        broken = (chance.broken for chance in found.chances if chance.bit & mask)
        return self._normaliser.node((*found.node.atoms, *broken))

    def outcomes(
        self, found: Property | FreeKeys, open: int, possible: Possible
    ) -> Mapping[Node, int]:
        """Return what the value of a property may satisfy, and which breaches are then still open.

        Args:
            found: the property.
            open: the breaches not made yet, as a mask.
            possible: whether a node has a value.
        """
        if not possible(found.node):
            return {}
        masks = {found.node: 0}
        for bit, broken, kept in found.chances:
            if not open & bit:
                continue
            self.spend(len(masks))
            for node, mask in list(masks.items()):
                made = self._normaliser.node((*node.atoms, broken))
                if possible(made):
                    if not possible(self._normaliser.node((*node.atoms, *kept))):
                        made = node
                    masks[made] = mask | bit
        return {node: open & ~mask for node, mask in masks.items()}

    def spend(self, work: int) -> None:
        """Count work; see `Normaliser.spend`."""
        self._normaliser.spend(work)

    def _may_be_key(self, name: str) -> bool:
        return self._keys is None or matches(self._keys, name)

    @cached_property
    def _keys(self) -> Regex | None:
        """The keys that there may be; None: any."""
        atoms = [fact.names for fact in self._facts if fact.names is not TRUE]
        return self._normaliser.keys(atoms) if atoms else None

    @cached_property
    def free(self) -> tuple[FreeKeys, ...]:
        """The properties that are not named, in classes of keys that match the same patterns."""
        rules = (*self._facts, *(breach.rule for breach in self.breaches))
        languages = [self._language(breach.rule.names) for breach in self.breaches]
        patterns = tuple(dict.fromkeys(regex for rule in rules for regex, _ in rule.patterns))
        patterns += tuple(language for language in languages if language is not ANYTHING)
        keys: dict[tuple[Node, tuple[Chance, ...]], list[Regex]] = {}
        for regex, matched in key_classes(patterns):
            node = self._normaliser.node(
                atom for fact in self._facts for atom in _atoms(fact, matched)
            )
            kept = (
                tuple(_atoms(breach.rule, matched))
                if language is ANYTHING or language in matched
                else (FALSE,)
                for breach, language in zip(self.breaches, languages, strict=True)
            )
            if not node.never:
                keys.setdefault((node, self._chances(kept)), []).append(regex)
        named = words(self.names) if self.names else None
        classes: list[FreeKeys] = []
        for (node, chances), regexes in keys.items():
            regex = union(*regexes) if len(regexes) > 1 else regexes[0]
            if named is not None:
                regex = difference(regex, named)
            if self._keys is not None:
                regex = intersect(regex, self._keys)
            if (not patterns and self._keys is None) or not is_empty(regex):
                classes.append(FreeKeys(regex, node, len(classes), chances))
        return tuple(classes)

    def _language(self, names: Atom) -> Regex:
        return ANYTHING if names is TRUE else self._normaliser.keys((names,))

    def possible(self, ask: Possible) -> bool:
        """Return whether there is such an object."""
        required = [index for index, name in enumerate(self.names) if name in self.required]
        if self.high is not None and max(self.low, len(required)) > self.high:
            return False
        needed = [ask(self.property(index).node) for index in required]
        missing = self.low - len(required)
        if self.breaches:
            return all(needed) and self._can_end(missing, len(required), ask)
        return all(needed) and (missing <= 0 or self._can_add(missing, ask))

    def _can_end(self, missing: int, required: int, ask: Possible) -> bool:
        count = len(self.breaches)
        return can_end(
            self,
            (1 << count) - 1,
            map(self.property, range(len(self.names))),
            [(keys, capacity(keys, max(missing, count))) for keys in self.free],
            missing,
            None if self.high is None else self.high - required,
            ask,
        )

    def _can_add(self, missing: int, ask: Possible) -> bool:
        for index, name in enumerate(self.names):
            if name not in self.required and ask(self.property(index).node):
                missing -= 1
                if missing == 0:
                    return True
        return missing <= self.free_capacity(missing, ask)

    def free_capacity(self, limit: int, ask: Possible) -> int:
        """Return how many free properties an object can have, `limit` where at least that many."""
        count = 0
        for keys in self.free:
            if count < limit and ask(keys.node):
                members = is_finite(keys.regex, limit)
                count += limit if members is None else len(members)
        return min(count, limit)


def _names(facts: Sequence[ObjectFacts], breaches: Sequence[Breach]) -> tuple[str, ...]:
    """The order in which properties are written."""
    names: dict[str, None] = {}
    for fact in facts:
        names.update(dict.fromkeys(fact.properties))
    for fact in facts:
        names.update(dict.fromkeys(fact.required))
    for breach in breaches:
        names.update(dict.fromkeys((*breach.rule.properties, *breach.rule.required)))
    return tuple(names)


def _companions(
    required: frozenset[str], breaches: tuple[Breach, ...]
) -> tuple[frozenset[str], tuple[Breach, ...]]:
    """Return the names that must be there because others are, and the breaches left to make."""
    while True:
        left = []
        more: set[str] = set()
        for breach in breaches:
            others = breach.forbidden
            if others.isdisjoint(required):
                if len(others) == 1 and required.issuperset(breach.rule.required):
                    more |= others
                else:
                    left.append(breach)
        if len(left) == len(breaches):
            return required, breaches
        required, breaches = required | more, tuple(left)


def _kept(rule: ObjectFacts, name: str) -> tuple[Atom, ...]:
    """The atoms of the values with which a named property keeps a rule."""
    return tuple(property_atoms(rule, name)) if holds(rule.names, name) else (FALSE,)


@lru_cache(16)
def key_classes(patterns: tuple[Regex, ...]) -> tuple[tuple[Regex, frozenset[Regex]], ...]:
    """Split all keys by the patterns that they match; empty classes are left out.

    Raises:
        SchemaTooComplexError: there are more than `PATTERN_LIMIT` patterns, or those that overlap
            with others make more than `CLASS_LIMIT` classes.
    """
    if len(patterns) > PATTERN_LIMIT:
        raise SchemaTooComplexError("", f"more than {PATTERN_LIMIT} different patternProperties")
    overlapping = _overlapping(patterns)
    apart = [pattern for pattern in patterns if pattern not in overlapping]
    others = union(*apart)
    classes = []
    for regex, matched in _overlaps([pattern for pattern in patterns if pattern in overlapping]):
        if apart and not matched:
            regex = difference(regex, others)
            if is_empty(regex):
                continue
        classes.append((regex, matched))
    classes += ((regex, frozenset((regex,))) for regex in apart if not is_empty(regex))
    return tuple(classes)


def _overlapping(patterns: Sequence[Regex]) -> set[Regex]:
    """Return the patterns that match something that another one matches."""
    found: set[Regex] = set()
    for one, other in combinations(patterns, 2):
        met = one in found and other in found
        if not met and not is_empty(intersect(one, other)):
            found |= {one, other}
    return found


def _overlaps(patterns: Sequence[Regex]) -> list[tuple[Regex, frozenset[Regex]]]:
    """Split all keys by the patterns that they match, each held against each class."""
    classes: list[tuple[Regex, frozenset[Regex]]] = [(ANYTHING, frozenset())]
    for pattern in patterns:
        split = []
        for regex, matched in classes:
            inside, outside = intersect(regex, pattern), difference(regex, pattern)
            if not is_empty(inside):
                split.append((inside, matched | {pattern}))
            if not is_empty(outside):
                split.append((outside, matched))
        classes = split
        if len(classes) > CLASS_LIMIT:
            raise SchemaTooComplexError(
                "",
                f"patternProperties that overlap divide keys into more than {CLASS_LIMIT} classes",
            )
    return classes


def _atoms(facts: ObjectFacts, matched: frozenset[Regex]) -> list[Atom]:
    """Return the atoms of an unnamed property whose key matches exactly these patterns."""
    return [atom for regex, atom in facts.patterns if regex in matched] or [facts.additional]


Alternative = (
    Values | Composites | NumberShape | StringShape | JudgedStrings | ArrayShape | ObjectShape
)
