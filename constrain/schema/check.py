"""The check of every keyword that can be reached: well-formed, and one that can be enforced.

Nothing is normalised here, so the cost is a few microseconds for each subschema.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter
from math import prod
from typing import Any

from constrain.errors import (
    InvalidSchemaError,
    RegexSyntaxError,
    RegexTooComplexError,
    SchemaTooComplexError,
    SchemaWarning,
    UnsupportedSchemaError,
)
from constrain.lexing.nodes import Regex
from constrain.schema.distinct import DIFFERENT
from constrain.schema.facts import Atom
from constrain.schema.mending import NOT_UNDERSTOOD, mend
from constrain.schema.numeric.numbers import exact
from constrain.schema.overlooked import overlooked
from constrain.schema.positions import Position
from constrain.schema.shapes import key_classes
from constrain.schema.sources.keywords import (
    DEPENDENCIES,
    KEYWORDS,
    NUMBER,
    REFERENCES,
    Keyword,
)
from constrain.schema.sources.resources import Schema
from constrain.schema.textual.strings import LEAST_LIMIT, pattern

_JSON = (bool, int, float, Decimal, str, list, dict, type(None))
"""What JSON values are in Python."""

_LARGE = 2**64
"""Smaller numbers cannot have too many digits in front of the point."""

_LEAST_COUNTS = ("minLength", "minItems", "minProperties", "minContains")
"""Keywords that ask for values of some length."""

_MOST_SCHEMAS = 10_000
"""Most schemas in one `allOf`, `anyOf` or `oneOf`, but for those that list values."""

_MANY_TERMS = 256
"""A schema of more terms than this is worked out at once, to see whether it is too complex."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check has come across.

    Attributes:
        exclusive: the schemas with a `oneOf` of several branches.
        negated: the schemas with a keyword that negates.
        manifold: the schemas that stand for a union of many terms.
    """

    exclusive: list[Position]
    negated: list[Position]
    manifold: list[Position]


def check(root: Atom) -> Checked:
    """Check the schemas that can be reached from one.

    Raises:
        InvalidSchemaError: a keyword has a wrong value, a `$ref` leads nowhere, or schemas apply
            one another to the same value in a circle.
        RegexSyntaxError: a pattern is malformed.
        SchemaTooComplexError: `patternProperties` overlap in too many ways, too many schemas
            apply to one value, or a number has too many digits.
        UnsupportedSchemaError: a format given by the caller cannot be enforced.
    """
    in_place: dict[Position, list[Atom]] = {}
    checked = Checked([], [], [])
    checked_already: set[Position] = set()
    pending = [root]
    while pending:
        atom = pending.pop()
        if not isinstance(atom, Position) or atom in checked_already:
            continue
        _tell_overlooked(atom)
        same, below = _check_one(atom)
        if same:
            in_place[atom] = same
        checked_already.add(atom)
        pending += below
        pending += same
        schema = atom.schema
        if len(schema.get("oneOf", ())) > 1:
            checked.exclusive.append(atom)
        if "not" in schema or "if" in schema:
            checked.negated.append(atom)
    checked.exclusive[:] = [p for p in checked.exclusive if p.choice("oneOf") is None]
    if isinstance(root, Position) and root.options.formats:
        _refuse_judged_names(checked_already, in_place)
    terms: dict[Atom, int] = {}
    for position in _children_first(in_place):
        terms[position] = _terms(position, terms)
        if terms[position] > _MANY_TERMS:
            checked.manifold.append(position)
    return checked


def _tell_overlooked(position: Position) -> None:
    told = position.documents.warnings
    for name, reason in overlooked(position):
        told.append(SchemaWarning(name, position.pointer(name), reason))


def _check_one(position: Position) -> tuple[list[Atom], list[Atom]]:
    """Check a schema; return its subschemas, those for the same value and those for others."""
    name = ""
    while True:
        same: list[Atom] = []
        below: list[Atom] = []
        try:
            for name, value in position.schema.items():
                keyword = KEYWORDS.get(name)
                if keyword is None:
                    if not isinstance(name, str) and not position.documents.lenient:
                        reason = f"the key {name!r} must be a string"
                        raise InvalidSchemaError(position.pointer(), reason)
                    continue
                _require(position, name, keyword)
                if name in REFERENCES:
                    same.append(position.target(name))
                elif keyword.children == "none":
                    _check_value(position, name, keyword, value)
                else:
                    if name == "patternProperties":
                        regexes = (_pattern(position, text, name, text) for text in value)
                        _check_classes(position, name, tuple(dict.fromkeys(regexes)))
                    if isinstance(value, list) and keyword.in_place:
                        _check_number(position, name, value)
                    children = same if keyword.in_place else below
                    schemas = keyword.subschemas(value)
                    children += (position.child(s) for s in schemas if not _is_constant(s))
        except NOT_UNDERSTOOD as error:
            if not position.documents.lenient:
                raise
            mend(position, name, error)
        else:
            return same, below


def _check_classes(position: Position, name: str, patterns: tuple[Regex, ...]) -> None:
    try:
        key_classes(patterns)
    except SchemaTooComplexError as error:
        raise SchemaTooComplexError(position.pointer(name), error.limit) from None


def _check_number(position: Position, name: str, schemas: list[Any]) -> None:
    if len(schemas) > _MOST_SCHEMAS and not all(
        isinstance(schema, dict) and ("const" in schema or "enum" in schema) for schema in schemas
    ):
        limit = f"more than {_MOST_SCHEMAS:,} schemas for one value"
        raise SchemaTooComplexError(position.pointer(name), limit)


def _is_constant(schema: Schema) -> bool:
    """Whether there is nothing to check in a schema."""
    return isinstance(schema, dict) and schema.keys() == {"const"}


def _check_value(position: Position, name: str, keyword: Keyword, value: Any) -> None:
    if keyword.types == NUMBER:
        if isinstance(value, Decimal) or abs(value) > _LARGE:
            exact(value)
    elif name == "pattern":
        _pattern(position, value, name)
    elif name == "format":
        if value in position.options.formats:
            assert position.format is not None
    elif name == "minItems" and value > DIFFERENT and position.schema.get("uniqueItems") is True:
        limit = f"it asks for more than {DIFFERENT} items that differ"
        raise SchemaTooComplexError(position.pointer(name), limit)
    elif name in _LEAST_COUNTS and value > LEAST_LIMIT:
        limit = f"it asks for more than {LEAST_LIMIT:,}"
        raise SchemaTooComplexError(position.pointer(name), limit)


def _pattern(position: Position, text: str, *steps: str) -> Regex:
    """Return what a pattern in a schema means, errors with the pointer to it."""
    try:
        return pattern(text)
    except (RegexSyntaxError, RegexTooComplexError) as error:
        error.pointer = position.pointer(*steps)
        raise


def _refuse_judged_names(
    positions: Iterable[Position], in_place: Mapping[Position, list[Atom]]
) -> None:
    """Check that no function is to judge the names of properties."""
    pending: list[Atom] = [
        position.child(position.schema["propertyNames"])
        for position in positions
        if "propertyNames" in position.schema
    ]
    met: set[Atom] = set()
    while pending:
        atom = pending.pop()
        if not isinstance(atom, Position) or atom in met:
            continue
        met.add(atom)
        pending += in_place.get(atom, ())
        if atom.format is not None and atom.format.judge is not None:
            reason = "a function cannot judge the names of properties; let an expression do it"
            raise UnsupportedSchemaError("format", atom.pointer("format"), reason)


def _require(position: Position, name: str, keyword: Keyword) -> None:
    value = position.schema[name]
    problem = keyword.problem(value)
    if problem is not None:
        if not isinstance(value, _JSON):
            problem += f"; this is a {type(value).__name__} of Python, which JSON does not have"
        raise InvalidSchemaError(position.pointer(name), problem)


def _children_first(in_place: Mapping[Position, list[Atom]]) -> Iterable[Position]:
    """Order schemas so that those that apply others to the same value come after them."""
    graph = {
        position: [atom for atom in same if isinstance(atom, Position)]
        for position, same in in_place.items()
    }
    while True:
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            circle = error.args[1]
        position, keyword = next(
            (position, keyword)
            for position in circle
            for keyword in REFERENCES
            if keyword in position.schema and position.target(keyword) in circle
        )
        reason = "the reference leads back to itself"
        wrong = InvalidSchemaError(position.pointer(keyword), reason)
        if not position.documents.lenient:
            raise wrong
        graph[position].remove(position.target(keyword))
        mend(position, keyword, wrong)


def _terms(position: Position, known: Mapping[Atom, int]) -> int:
    """Return how many terms a schema multiplies out to, nothing simplified."""
    schema = position.schema

    def of(subschema: Any) -> int:
        return known.get(position.child(subschema), 1)

    targets = (position.target(keyword) for keyword in REFERENCES if keyword in schema)
    product = prod(known.get(target, 1) for target in targets)
    product *= prod(map(of, schema.get("allOf", ())))
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema and position.choice(keyword) is None:
            product *= sum(map(of, schema[keyword]))
    for keyword in DEPENDENCIES:
        product *= 2 ** len(schema.get(keyword, ()))
    return min(product, _MANY_TERMS**2)
