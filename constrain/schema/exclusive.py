"""Whether the branches of a `oneOf` exclude one another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from constrain.errors import UnsupportedSchemaError
from constrain.schema.documents import Dialect
from constrain.schema.facts import Atom, Position, Siblings, identity
from constrain.schema.keywords import ANY_TYPE, OBJECT, types_of


def require_exclusive(position: Position, disjoint: Callable[[Atom, Atom, Atom], bool]) -> None:
    """Check that no value satisfies two branches of a `oneOf`.

    Args:
        position: the schema with the `oneOf`.
        disjoint: whether no value satisfies three atoms.

    Raises:
        UnsupportedSchemaError: some value may.
    """
    branches = [position.child(branch) for branch in position.schema["oneOf"]]
    looks = [_Look.at(branch) for branch in branches]
    siblings = Siblings(position)
    for i, j in combinations(range(len(branches)), 2):
        if not looks[i].excludes(looks[j]) and not disjoint(siblings, branches[i], branches[j]):
            raise UnsupportedSchemaError(
                "oneOf",
                position.pointer("oneOf"),
                f"a value may satisfy both branch {i} and branch {j}",
            )


@dataclass(frozen=True, slots=True)
class _Look:
    """What a glance shows of a branch.

    Attributes:
        types: mask of the types it allows.
        values: the values it allows, where it lists them.
        tags: the values of required properties, where it lists them.
    """

    types: int
    values: frozenset[Any] | None
    tags: Mapping[str, frozenset[Any]]

    @classmethod
    def at(cls, atom: Atom) -> _Look:
        for _ in range(4):
            if not isinstance(atom, Position) or "$ref" not in atom.schema:
                break
            atom = atom.target()
        if not isinstance(atom, Position):
            return cls(ANY_TYPE, None, {})
        schema, dialect = atom.schema, atom.scope.dialect
        properties = schema.get("properties", {})
        tags = {
            name: values
            for name in schema.get("required", ())
            if (values := _listed(properties.get(name), dialect)) is not None
        }
        return cls(types_of(schema), _listed(schema, dialect), tags)

    def excludes(self, other: _Look) -> bool:
        """Whether no value can be in both branches."""
        common = self.types & other.types
        if not common or _apart(self.values, other.values):
            return True
        return common == OBJECT and any(
            _apart(values, other.tags.get(name)) for name, values in self.tags.items()
        )


def _listed(schema: Any, dialect: Dialect) -> frozenset[Any] | None:
    """The values that a schema lists, in a form in which equal values are equal."""
    if not isinstance(schema, dict):
        return None
    if "const" in schema and dialect >= Dialect.DRAFT6:
        return frozenset((identity(schema["const"]),))
    return frozenset(map(identity, schema["enum"])) if "enum" in schema else None


def _apart(some: frozenset[Any] | None, others: frozenset[Any] | None) -> bool:
    return some is not None and others is not None and some.isdisjoint(others)
