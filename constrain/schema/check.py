"""The check of every keyword that can be reached: well-formed, and one that can be enforced.

Nothing is normalised here, so the cost is a few microseconds for each subschema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
from constrain.schema.overlooked import UNOBTRUSIVE, overlooked
from constrain.schema.positions import Position
from constrain.schema.shapes import key_classes
from constrain.schema.sources.keywords import (
    DEPENDENCIES,
    KEYWORDS,
    NUMBER,
    REFERENCES,
    TYPES,
)
from constrain.schema.textual.strings import LEAST_LIMIT, pattern

_JSON = (bool, int, float, Decimal, str, list, dict, type(None))
"""What JSON values are in Python."""

_LARGE = 2**64
"""Smaller numbers cannot have too many digits in front of the point."""

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
        if atom.schema is not atom.written or not UNOBTRUSIVE.issuperset(atom.schema):
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
    """Check a schema; return its subschemas, those for the same value and those for others.

    Subschemas in which there is nothing to check are left out.
    """
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
                problem = keyword.problem(value)
                if problem is not None:
                    raise _wrong(position, name, problem)
                if keyword.children == "none":
                    if name in _CHECKS:
                        _CHECKS[name](position, name, value)
                    elif name in REFERENCES:
                        same.append(position.target(name))
                elif keyword.in_place:
                    if isinstance(value, list):
                        _check_number(position, name, value)
                    for schema in keyword.subschemas(value):
                        if isinstance(schema, dict) and not _is_constant(schema):
                            same.append(position.child(schema))
                else:
                    if name == "patternProperties":
                        _check_patterns(position, name, value)
                    for schema in keyword.subschemas(value):
                        if isinstance(schema, dict) and not _is_plain(schema):
                            below.append(position.child(schema))
        except NOT_UNDERSTOOD as error:
            if not position.documents.lenient:
                raise
            mend(position, name, error)
        else:
            return same, below


def _check_patterns(position: Position, name: str, patterns: Iterable[str]) -> None:
    regexes = (_pattern(position, text, name, text) for text in patterns)
    try:
        key_classes(tuple(dict.fromkeys(regexes)))
    except SchemaTooComplexError as error:
        raise SchemaTooComplexError(position.pointer(name), error.limit) from None


def _check_number(position: Position, name: str, schemas: list[Any]) -> None:
    if len(schemas) > _MOST_SCHEMAS and not all(
        isinstance(schema, dict) and ("const" in schema or "enum" in schema) for schema in schemas
    ):
        limit = f"more than {_MOST_SCHEMAS:,} schemas for one value"
        raise SchemaTooComplexError(position.pointer(name), limit)


def _is_constant(schema: Mapping[str, Any]) -> bool:
    return schema.keys() == _CONSTANT


def _is_plain(schema: Mapping[str, Any]) -> bool:
    """Whether nothing but one type is said: most subschemas are like that."""
    if _PLAIN.issuperset(schema):
        kind = schema.get("type", "object")
        return isinstance(kind, str) and kind in TYPES
    return schema.keys() == _CONSTANT


_CONSTANT = {"const"}
_PLAIN = frozenset(("type", "title", "description", "default", "examples", "$comment"))


def _check_size(position: Position, name: str, value: Any) -> None:
    if isinstance(value, Decimal) or abs(value) > _LARGE:
        exact(value)


def _check_pattern(position: Position, name: str, value: str) -> None:
    _pattern(position, value, name)


def _check_format(position: Position, name: str, value: str) -> None:
    if value in position.options.formats:
        assert position.format is not None


def _check_least(position: Position, name: str, value: Any) -> None:
    if name == "minItems" and value > DIFFERENT and position.schema.get("uniqueItems") is True:
        limit = f"it asks for more than {DIFFERENT} items that differ"
        raise SchemaTooComplexError(position.pointer(name), limit)
    if value > LEAST_LIMIT:
        limit = f"it asks for more than {LEAST_LIMIT:,}"
        raise SchemaTooComplexError(position.pointer(name), limit)


_CHECKS: Mapping[str, Callable[[Position, str, Any], None]] = {
    **{name: _check_size for name, keyword in KEYWORDS.items() if keyword.types == NUMBER},
    "pattern": _check_pattern,
    "format": _check_format,
    **dict.fromkeys(("minLength", "minItems", "minProperties", "minContains"), _check_least),
}
"""What is checked of the values of keywords beside their form."""


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


def _wrong(position: Position, name: str, problem: str) -> InvalidSchemaError:
    value = position.schema[name]
    if not isinstance(value, _JSON):
        problem += f"; this is a {type(value).__name__} of Python, which JSON does not have"
    return InvalidSchemaError(position.pointer(name), problem)


def _children_first(in_place: Mapping[Position, list[Atom]]) -> Iterable[Position]:
    """Order schemas so that those that apply others to the same value come after them."""
    first: list[Position] = []
    graph: dict[Position, list[Atom]] = {}
    for position, same in in_place.items():
        linked = [atom for atom in same if atom in in_place]
        if linked:
            graph[position] = linked
        else:
            first.append(position)
    while graph:
        try:
            order = TopologicalSorter(graph).static_order()
            return [*first, *(position for position in order if position in graph)]
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
    return first


def _terms(position: Position, known: Mapping[Atom, int]) -> int:
    """Return how many terms a schema multiplies out to, nothing simplified."""
    schema = position.schema

    def of(subschema: Any) -> int:
        return known.get(position.child(subschema), 1)

    product = 1
    for keyword in REFERENCES:
        if keyword in schema:
            product *= known.get(position.target(keyword), 1)
    if not _MULTIPLYING.isdisjoint(schema):
        product *= prod(map(of, schema.get("allOf", ())))
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema and position.choice(keyword) is None:
                product *= sum(map(of, schema[keyword]))
        for keyword in DEPENDENCIES:
            product *= 2 ** len(schema.get(keyword, ()))
    return min(product, _MANY_TERMS**2)


_MULTIPLYING = frozenset(("allOf", "anyOf", "oneOf", *DEPENDENCIES))
