"""Normal form: what a value must satisfy, as a union of alternatives of one type each.

A node is a conjunction of atoms, one object for each set of them. Its alternatives are worked out
when first asked for: `allOf` and `$ref` add atoms to the conjunction, `anyOf` multiplies it, and
each of the terms that result gives at most one alternative for each type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from typing import Any

from constrain.errors import ConstraintError, RegexTooComplexError, SchemaTooComplexError
from constrain.lexing.regex import Regex, complement, intersect, is_finite, union, words
from constrain.schema.arrays import ArrayShape
from constrain.schema.evaluate import holds, satisfies
from constrain.schema.facts import (
    ALL_STRINGS,
    FALSE,
    TRUE,
    Atom,
    Enumeration,
    Facts,
    Given,
    type_of,
    writable,
)
from constrain.schema.numeric import numbers
from constrain.schema.numeric.numbers import ALL_NUMBERS, NumberShape
from constrain.schema.positions import Atoms, Position
from constrain.schema.shapes import Alternative, Composites, ObjectShape, Values
from constrain.schema.sources.keywords import ARRAY, BOOLEAN, NULL, NUMBER, OBJECT, STRING
from constrain.schema.terms import Group, Terms
from constrain.schema.textual import strings
from constrain.schema.textual.strings import JudgedStrings, StringShape

WORK_LIMIT = 400_000
"""Most atoms, terms and alternatives looked at before any text is written, and at one lexeme."""


class Node:
    """A conjunction of atoms: the set of JSON values in all of them. Equality is identity.

    Attributes:
        atoms: the atoms, in the order in which they were met.
        never: whether one of them is `false`.
        possible: whether the set has a member; None: not known yet.
        alternatives: the set as a union; None: not worked out yet.
        begun: the alternatives found so far, and what finds the others, where only some have been
            asked for.
    """

    __slots__ = ("alternatives", "atoms", "begun", "never", "possible")

    def __init__(self, atoms: tuple[Atom, ...]) -> None:
        self.atoms = atoms
        self.never = FALSE in atoms
        self.possible: bool | None = False if self.never else None
        self.alternatives: tuple[Alternative, ...] | None = () if self.never else None
        self.begun: tuple[list[Alternative], Iterator[Alternative]] | None = None


def too_complex(atoms: Sequence[Atom], limit: str) -> SchemaTooComplexError:
    """Return the error that a limit is passed at atoms."""
    places = [atom.pointer() for atom in atoms if isinstance(atom, Position)]
    return SchemaTooComplexError(places[0] if places else "", limit)


TOO_COMPLEX = RegexTooComplexError, SchemaTooComplexError


def placed(error: ConstraintError, atoms: Sequence[Atom]) -> ConstraintError:
    """Return one of `TOO_COMPLEX` met at atoms, with a pointer to them where it has none."""
    if isinstance(error, RegexTooComplexError) and error.pointer is None:
        error.pointer = too_complex(atoms, error.limit).pointer
    elif isinstance(error, SchemaTooComplexError) and not error.pointer:
        return too_complex(atoms, error.limit)
    return error


class Normaliser:
    """Makes nodes and their alternatives, each once.

    Attributes:
        work: what has been counted for the question that is answered now; set to 0 before one.
    """

    def __init__(self, atoms: Atoms) -> None:
        self.atoms = atoms
        self._nodes: dict[tuple[Atom, ...], Node] = {}
        self._shapes: dict[tuple[type, tuple[Any, ...]], Any] = {}
        self.work = 0
        self._terms = Terms(self.spend)
        self.root = self.node((atoms.root,))

    def node(self, atoms: Iterable[Atom]) -> Node:
        """Return the conjunction of atoms."""
        key = tuple(dict.fromkeys(atom for atom in atoms if atom is not TRUE))
        if FALSE in key:
            key = (FALSE,)
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = Node(key)
        return found

    def close(self) -> None:
        """Let all nodes go; none may be asked anything any more."""
        for node in self._nodes.values():
            node.alternatives = node.begun = None
        vars(self).clear()

    def spend(self, work: int, atoms: Sequence[Atom] = ()) -> None:
        """Count work.

        Raises:
            SchemaTooComplexError: it passes `WORK_LIMIT`.
        """
        self.work += work
        if self.work > WORK_LIMIT:
            raise too_complex(atoms, f"more than {WORK_LIMIT:,} steps of normalisation")

    def alternatives(self, node: Node) -> tuple[Alternative, ...]:
        """Return the alternatives of a node. They may overlap, and may turn out to be empty."""
        if node.alternatives is None:
            found = list(self._find(node) if node.begun is None else self.each(node))
            node.alternatives = _merged(found) if len(found) > 1 else tuple(found)
            node.begun = None
        return node.alternatives

    def each(self, node: Node) -> Iterable[Alternative]:
        """Return the alternatives of a node, worked out no further than they are gone through.

        Here a finite set may be in several parts.
        """
        if node.alternatives is None and self._terms.is_choice(node.atoms):
            return self._go_through(node)
        return self.alternatives(node)

    def _go_through(self, node: Node) -> Iterator[Alternative]:
        if node.begun is None:
            node.begun = [], self._find(node)
        found, others = node.begun
        for index in count():
            if index == len(found):
                try:
                    alternative = next(others, None)
                except BaseException:
                    node.begun = None
                    raise
                if alternative is None:
                    return
                found.append(alternative)
            yield found[index]

    def _find(self, node: Node) -> Iterator[Alternative]:
        found: set[Alternative] = set()
        for term in self._terms.of(node.atoms):
            for alternative in self._of_term(*term):
                if alternative not in found:
                    found.add(alternative)
                    yield alternative
        self.spend(len(found), node.atoms)

    def _of_term(
        self, types: int, facts: list[Facts], groups: list[Group]
    ) -> Iterable[Alternative]:
        enums = [fact.enum for fact in facts if fact.enum is not None]
        if enums:
            least = min(enums, key=lambda enum: len(enum.values))
            return self._of_enum(types, facts, groups, least)
        excluded = [fact.excluded for fact in facts if fact.excluded is not None]
        found: list[Alternative] = []
        for kind, values in ((NULL, (None,)), (BOOLEAN, (False, True))):
            if types & kind:
                left = tuple(v for v in values if not any(v in other for other in excluded))
                if left:
                    found.append(Values(left))
        if types & NUMBER:
            found += _numbers(facts, excluded)
        if types & STRING:
            choices = (self._terms.texts.of_any(atoms) for _, atoms in groups)
            found += _strings(facts, excluded, [regex for regex in choices if regex is not None])
        if types & ARRAY:
            found.append(self._array(fact.array for fact in facts))
        if types & OBJECT:
            found.append(self._object(fact.object for fact in facts))
        return found

    def keys(self, atoms: Iterable[Atom]) -> Regex:
        """Return the strings in all of several atoms."""
        languages = []
        for alternative in self.alternatives(self.node((*atoms, _STRINGS))):
            if isinstance(alternative, Values):
                languages.append(words(alternative.values))
            elif isinstance(alternative, StringShape):
                languages.append(alternative.language)
        return union(*languages)

    def _array(self, facts: Iterable[Any]) -> ArrayShape:
        return self._shape(ArrayShape, facts)

    def _object(self, facts: Iterable[Any]) -> ObjectShape:
        return self._shape(ObjectShape, facts)

    def _shape(self, kind: Callable[..., Any], facts: Iterable[Any]) -> Any:
        key = tuple(fact for fact in facts if fact is not None)
        found = self._shapes.get((kind, key))  # type: ignore[arg-type]
        if found is None:
            found = self._shapes[kind, key] = kind(key, self)  # type: ignore[index]
        return found

    def _of_enum(
        self, types: int, facts: list[Facts], groups: list[Group], enum: Enumeration
    ) -> Iterable[Alternative]:
        self.spend(len(enum.values) * (1 + len(groups)) // 64)
        limits = [fact for fact in facts if _limits(fact)]
        enums = [fact.enum for fact in facts if fact.enum not in (None, enum)]
        excluded = [fact.excluded for fact in facts if fact.excluded is not None]
        scalars: dict[int, list[Any]] = {}
        composites: list[Any] = []
        for value in enum.values:
            kind = type_of(value)
            if (
                not kind & types
                or not all(satisfies(fact, value) for fact in limits)
                or not all(value in other for other in enums)
                or any(value in other for other in excluded)
                or not all(any(holds(atom, value) for atom in group) for _, group in groups)
            ):
                continue
            if kind in (ARRAY, OBJECT):
                if writable(value):
                    composites.append(value)
            elif kind != STRING or value.isascii() or writable(value):
                scalars.setdefault(kind, []).append(value)
        if composites:
            yield Composites(tuple(composites))
        for values in scalars.values():
            yield Values(tuple(values))


_EXAMINED = 1000
"""Of so few strings those that functions accept are listed."""

_STRINGS = Given(Facts(STRING))


def _numbers(facts: list[Facts], excluded: list[Enumeration]) -> list[Alternative]:
    shape: NumberShape | None = ALL_NUMBERS
    for fact in facts:
        if shape is not None and fact.number is not ALL_NUMBERS:
            shape = numbers.intersect(shape, fact.number)
    values = [v for other in excluded for v in other.values if type_of(v) == NUMBER]
    if values and shape is not None:
        others = numbers.number(excluded=values)
        shape = None if others is None else numbers.intersect(shape, others)
    return [] if shape is None else [shape]


def _strings(
    facts: list[Facts], excluded: list[Enumeration], choices: list[Regex]
) -> list[Alternative]:
    shapes = [StringShape(intersect(*choices))] if choices else []
    shapes += [fact.string for fact in facts if fact.string is not ALL_STRINGS]
    values = [v for other in excluded for v in other.values if isinstance(v, str)]
    if values:
        shapes.append(StringShape(complement(words(values))))
    shape = strings.intersect(*shapes) if shapes else ALL_STRINGS
    judges = tuple(dict.fromkeys(judge for fact in facts for judge in fact.judges))
    if not judges:
        return [shape]
    texts = is_finite(shape.language, _EXAMINED)
    if texts is None:
        return [JudgedStrings(shape, judges)]
    left = tuple(text for text in texts if strings.accepted(text, judges))
    return [Values(left)] if left else []


def _limits(facts: Facts) -> bool:
    """Whether facts say more of a value than its type and an enumeration."""
    return (
        facts.number is not ALL_NUMBERS
        or facts.string is not ALL_STRINGS
        or bool(facts.judges)
        or facts.array is not None
        or facts.object is not None
    )


def _merged(alternatives: Iterable[Alternative]) -> tuple[Alternative, ...]:
    """Join the finite sets of each scalar type into one."""
    sets: dict[int, list[Values]] = {}
    others: list[Alternative] = []
    for alternative in alternatives:
        if isinstance(alternative, Values):
            sets.setdefault(type_of(alternative.values[0]), []).append(alternative)
        else:
            others.append(alternative)
    return (*map(_joined, sets.values()), *others)


def _joined(sets: list[Values]) -> Values:
    if len(sets) == 1:
        return sets[0]
    distinct = {(type(value), value): value for values in sets for value in values.values}
    return Values(tuple(distinct.values()))
