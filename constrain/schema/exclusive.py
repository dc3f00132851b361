"""Which branches of a `oneOf` exclude one another anyway, so that nothing need be negated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import Any, NamedTuple

from constrain.errors import RegexTooComplexError, SchemaTooComplexError
from constrain.lexing.nodes import the_word
from constrain.schema.control import SchemaControl
from constrain.schema.facts import TRUE, Atom, Given, identity
from constrain.schema.options import JSONOptions
from constrain.schema.positions import Atoms, Position
from constrain.schema.sources.documents import Documents
from constrain.schema.sources.keywords import ANY_TYPE, KEYWORDS, NUMBER, OBJECT, types_of
from constrain.schema.textual.strings import pattern

_MOST_GLANCES = 1_000_000
"""Most pairs of branches that are compared."""
_MOST_PROBES = 20_000
"""Most pairs of branches that are compared in depth."""


class Exclusion(NamedTuple):
    """What makes the branches of a `oneOf` exclude one another.

    Attributes:
        types: mask of the types of which a value can be in exactly one branch.
        others: for each branch that overlaps with others, which those are.
    """

    types: int = ANY_TYPE
    others: Mapping[int, Sequence[int]] = {}


class Overlaps:
    """Finds which branches of a `oneOf` may share a value.

    Negations are ignored here, and patterns that are hard to compare, so that two branches may be
    said to overlap that do not.
    """

    def __init__(self, documents: Documents, options: JSONOptions) -> None:
        self._documents = documents
        self._options = options
        self._probes = 0
        self._glances = 0

    @cached_property
    def _control(self) -> SchemaControl:
        atoms = Atoms(self._documents, self._options, {}, negating=False)
        return SchemaControl(atoms, self._options)

    def of(self, position: Position) -> Exclusion:
        """Return what makes the branches exclude one another.

        Raises:
            SchemaTooComplexError: too many branches of the schema may overlap.
        """
        branches = [position.child(branch) for branch in position.schema["oneOf"]]
        looks = [_Look.at(branch) for branch in branches]
        types = ANY_TYPE & ~_twice(look.free for look in looks)
        found: dict[int, list[int]] = {}
        alone = position.schema.keys() & KEYWORDS.keys() <= {"oneOf", "type"}
        probe: _Probe | None = None
        for i, j in self._pairs(position, looks, types):
            if looks[i].excludes(looks[j], types):
                continue
            probe = probe or _Probe(position, self._control)
            if (alone and looks[i].meets(looks[j])) or not self._disjoint(probe, i, j):
                found.setdefault(i, []).append(j)
                found.setdefault(j, []).append(i)
        return Exclusion(types, found)

    def _pairs(
        self, position: Position, looks: Sequence[_Look], types: int
    ) -> Iterable[tuple[int, int]]:
        """The pairs of branches of which a glance at all does not show that they exclude one
        another."""
        told = _told_apart(looks, types)
        groups: dict[Any, list[int]] = {None: list(range(len(looks)))}
        if told is not None:
            groups = {}
            for index, values in enumerate(told):
                for value in values:
                    groups.setdefault(value, []).append(index)
        self._glances += sum(len(group) ** 2 // 2 for group in groups.values())
        if self._glances > _MOST_GLANCES:
            limit = f"more than {_MOST_GLANCES:,} pairs of branches to be compared"
            raise SchemaTooComplexError(position.pointer("oneOf"), limit)
        return dict.fromkeys(p for group in groups.values() for p in combinations(group, 2))

    def _disjoint(self, probe: _Probe, i: int, j: int) -> bool:
        self._probes += 1
        if self._probes > _MOST_PROBES:
            raise SchemaTooComplexError(
                probe.position.pointer("oneOf"),
                f"more than {_MOST_PROBES:,} branches that may overlap",
            )
        return probe.disjoint(i, j)


class _Probe:
    """Compares branches of a `oneOf` in depth, with all that stands beside it.

    Attributes:
        position: the schema with the `oneOf`.
    """

    def __init__(self, position: Position, control: SchemaControl) -> None:
        self.position = position
        self._control = control
        probed = control.atoms.at(position.schema, position.scope)
        assert isinstance(probed, Position)
        self._beside = Given(replace(probed.facts, any_of=()))
        self._branches = [probed.child(branch) for branch in position.schema["oneOf"]]

    def disjoint(self, i: int, j: int) -> bool:
        """Return whether two branches have no value in common, as far as can be told."""
        try:
            return self._control.disjoint(self._beside, self._branches[i], self._branches[j])
        except RegexTooComplexError:
            return False


@dataclass(frozen=True, slots=True)
class _Look:
    """What a glance shows of a branch.

    Attributes:
        types: mask of the types it allows.
        values: the values it allows, where it lists them.
        tags: the values of required properties, where it lists them.
        free: mask of the types of which it allows all values.
        open: the properties of which it says something, if it says no more of objects than that
            and which are required.
    """

    types: int
    values: frozenset[Any] | None
    tags: Mapping[str, frozenset[Any]]
    free: int
    open: frozenset[str] | None = None

    @classmethod
    def at(cls, atom: Atom) -> _Look:
        free = ANY_TYPE
        for _ in range(4):
            if not isinstance(atom, Position) or "$ref" not in atom.schema:
                break
            free &= _free(atom.schema)
            atom = atom.target()
        if not isinstance(atom, Position):
            return cls(ANY_TYPE, None, {}, free if atom is TRUE else 0)
        schema = atom.schema
        properties = schema.get("properties", {})
        tags = {
            name: values
            for name in schema.get("required", ())
            if name in properties and (values := _listed(atom.child(properties[name]))) is not None
        }
        said = schema.keys() & KEYWORDS.keys()
        open = frozenset(properties).union(schema.get("required", ()))
        return cls(
            types_of(schema),
            _listed(atom),
            tags,
            free & _free(schema),
            open if said <= _OPEN and False not in properties.values() else None,
        )

    def meets(self, other: _Look) -> bool:
        """Whether some object is in both branches, unless one of them has none."""
        return (
            self.open is not None
            and other.open is not None
            and bool(self.types & other.types & OBJECT)
            and self.open.isdisjoint(other.open)
        )

    def excludes(self, other: _Look, types: int) -> bool:
        """Whether no value of some types can be in both branches."""
        common = self.types & other.types & types
        if not common or _apart(self.values, other.values):
            return True
        return common == OBJECT and any(
            _apart(values, other.tags.get(name)) for name, values in self.tags.items()
        )


_OPEN = frozenset(("type", "properties", "required"))


def _told_apart(looks: Sequence[_Look], types: int) -> list[frozenset[Any]] | None:
    """The values of all branches, or of one property that tells all of them apart; None where
    there is no such property."""
    values = [look.values for look in looks if look.values is not None]
    if len(values) == len(looks):
        return values
    if all(look.types & types == OBJECT for look in looks):
        for name in looks[0].tags:
            tags = [look.tags[name] for look in looks if name in look.tags]
            if len(tags) == len(looks):
                return tags
    return None


def _free(schema: dict[str, Any]) -> int:
    """The types of which a schema allows all values, `$ref` aside."""
    mask = types_of(schema)
    named = schema.get("type", ())
    if "integer" in named and "number" not in named:
        mask &= ~NUMBER
    for name in schema:
        keyword = KEYWORDS.get(name)
        if keyword is not None and name not in ("type", "$ref"):
            mask &= ~keyword.types
    return mask


def _twice(masks: Iterable[int]) -> int:
    """The types that are in more than one mask."""
    once = twice = 0
    for mask in masks:
        twice |= once & mask
        once |= mask
    return twice


def _listed(atom: Atom) -> frozenset[Any] | None:
    """The values that a schema lists, or more, in a form in which equal values are equal."""
    if not isinstance(atom, Position):
        return None
    schema = atom.schema
    if "const" in schema:
        return frozenset((identity(schema["const"]),))
    if "enum" in schema:
        return frozenset(map(identity, schema["enum"]))
    if "pattern" in schema and schema.get("type") == "string":
        word = the_word(pattern(schema["pattern"]))
        return None if word is None else frozenset((word,))
    return None


def _apart(some: frozenset[Any] | None, others: frozenset[Any] | None) -> bool:
    return some is not None and others is not None and some.isdisjoint(others)
