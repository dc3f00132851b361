"""The check of every keyword that can be reached: well-formed, and one that can be enforced.

Nothing is normalised here, so the cost is a few microseconds for each subschema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from constrain.errors import InvalidSchemaError, UnsupportedSchemaError
from constrain.schema.facts import Atom
from constrain.schema.keywords import KEYWORDS, NUMBER, Keyword, says_nothing, types_of
from constrain.schema.numbers import exact
from constrain.schema.positions import Position
from constrain.schema.shapes import key_classes
from constrain.schema.strings import pattern

_LARGE = 2**64
"""Smaller numbers cannot have too many digits in front of the point."""

Edges = Mapping[Position, list[Atom]]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check has come across.

    Attributes:
        exclusive: the schemas with a `oneOf` of several branches.
        negated: the schemas with a keyword that negates, and the keyword.
    """

    exclusive: list[Position]
    negated: list[tuple[Position, str]]


def check(root: Atom) -> Checked:
    """Check the schemas that can be reached from one.

    Raises:
        InvalidSchemaError: a keyword has a wrong value, a `$ref` leads nowhere, or schemas apply
            one another to the same value in a circle.
        RegexSyntaxError: a pattern is malformed.
        SchemaTooComplexError: `patternProperties` overlap in too many ways, or a number has too
            many digits.
        UnsupportedSchemaError: a keyword cannot be enforced.
    """
    in_place: dict[Position, list[Atom]] = {}
    checked = Checked([], [])
    pending = [root]
    while pending:
        atom = pending.pop()
        if not isinstance(atom, Position) or atom in in_place:
            continue
        same, below = _check_one(atom)
        in_place[atom] = same
        pending += below
        pending += same
        if not atom.reference_only:
            schema = atom.schema
            if len(schema.get("oneOf", ())) > 1:
                checked.exclusive.append(atom)
            checked.negated.extend((atom, word) for word in ("not", "if") if word in schema)
    for position in in_place:
        if "$ref" in position.schema:
            _refuse_circle(position, in_place)
    return checked


def _check_one(position: Position) -> tuple[list[Atom], list[Atom]]:
    """Check a schema; return its subschemas, those for the same value and those for others."""
    same: list[Atom] = []
    below: list[Atom] = []
    schema = position.schema
    if position.reference_only:
        _require(position, "$ref", KEYWORDS["$ref"])
        return [position.target()], below
    dialect = position.scope.dialect
    types: int | None = None
    for name, value in schema.items():
        keyword = KEYWORDS.get(name)
        if keyword is None or not keyword.since <= dialect <= keyword.until:
            continue
        _require(position, name, keyword)
        if name == "$ref":
            same.append(position.target())
        elif name == "pattern":
            pattern(value)
        elif keyword.types == NUMBER and (isinstance(value, Decimal) or abs(value) > _LARGE):
            exact(value)
        elif name == "patternProperties":
            key_classes(tuple(dict.fromkeys(map(pattern, value))))
        if not keyword.supported and not says_nothing(name, schema):
            if types is None:
                if "type" in schema:
                    _require(position, "type", KEYWORDS["type"])
                types = types_of(schema)
            if types & keyword.types:
                raise UnsupportedSchemaError(name, position.pointer(name))
        if keyword.children != "none":
            children = same if keyword.in_place else below
            children.extend(map(position.child, keyword.subschemas(value)))
    return same, below


def _require(position: Position, name: str, keyword: Keyword) -> None:
    problem = keyword.problem(position.schema[name])
    if problem is not None:
        raise InvalidSchemaError(position.pointer(name), problem)


def _refuse_circle(start: Position, in_place: Edges) -> None:
    """Refuse a schema that is applied to the very value that it is applied to already."""
    met = set()
    pending = list(in_place[start])
    while pending:
        atom = pending.pop()
        if atom is start:
            raise InvalidSchemaError(start.pointer("$ref"), "the reference leads back to itself")
        if isinstance(atom, Position) and atom not in met:
            met.add(atom)
            pending += in_place[atom]
