"""Atoms, and what one atom says of a value by itself.

An atom is a set of JSON values given by one place: a schema position, or a constant. What it says
is read once, into `Facts`: the types it allows, sets of numbers and strings, limits on arrays and
objects whose children are atoms again, and other atoms that apply to the same value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from constrain.errors import InvalidSchemaError
from constrain.lexing.regex import Regex
from constrain.schema import numbers, strings
from constrain.schema.documents import Dialect, Documents, Schema, Scope, escape
from constrain.schema.formats import format_regex
from constrain.schema.keywords import (
    ANY_TYPE,
    ARRAY,
    BOOLEAN,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    types_of,
)
from constrain.schema.numbers import ALL_NUMBERS, INTEGERS, NumberShape
from constrain.schema.options import JSONOptions
from constrain.schema.strings import StringShape, pattern

ALL_STRINGS = StringShape()

Place = tuple[int, ...]
"""Where a schema stands among those for the same value: it orders their properties."""


class Atom:
    """A set of JSON values; equality is identity."""

    __slots__ = ("_facts",)

    _facts: Facts | None

    def __init__(self) -> None:
        self._facts = None

    @property
    def facts(self) -> Facts:
        """What the atom says, read when first asked for."""
        if self._facts is None:
            self._facts = self._read()
        return self._facts

    def _read(self) -> Facts:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, eq=False)
class ArrayFacts:
    """What an atom says of arrays.

    Attributes:
        prefix: atoms of the first items, one each.
        rest: atom of all further items.
        low: least number of items.
        high: greatest number of items; None: any.
    """

    prefix: tuple[Atom, ...]
    rest: Atom
    low: int = 0
    high: int | None = None

    def item(self, index: int) -> Atom:
        """Return the atom of the item at an index."""
        return self.prefix[index] if index < len(self.prefix) else self.rest


@dataclass(frozen=True, slots=True, eq=False)
class ObjectFacts:
    """What an atom says of objects.

    Attributes:
        properties: what stands for the atom of each named property.
        atom: makes the atom of what stands for it.
        patterns: expressions of property names, each with the atom of such properties.
        additional: atom of the properties that neither `properties` nor `patterns` mention.
        required: names that must be there.
        low: least number of properties.
        high: greatest number of properties; None: any.
    """

    properties: Mapping[str, Any]
    atom: Callable[[Any], Atom]
    patterns: tuple[tuple[Regex, Atom], ...]
    additional: Atom
    required: Sequence[str]
    low: int = 0
    high: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What one atom says of a value.

    Attributes:
        types: mask of the types allowed.
        enum: the only values allowed; None: no such limit.
        number: the numbers allowed.
        string: the strings allowed.
        array: limits on arrays, if any.
        object: limits on objects, if any.
        all_of: atoms that hold of the same value, each with its place.
        any_of: groups of atoms, each with its place; one at least of each group holds of the same
            value.
        place: index of `properties` among the keywords of the schema.
    """

    types: int = ANY_TYPE
    enum: Enumeration | None = None
    number: NumberShape = ALL_NUMBERS
    string: StringShape = ALL_STRINGS
    array: ArrayFacts | None = None
    object: ObjectFacts | None = None
    all_of: tuple[tuple[Place, Atom], ...] = ()
    any_of: tuple[tuple[Place, tuple[Atom, ...]], ...] = ()
    place: int = 0


class Everything(Atom):
    """The atom of the schema `true`, or of `false`."""

    __slots__ = ("_types",)

    def __init__(self, types: int) -> None:
        super().__init__()
        self._types = types

    def _read(self) -> Facts:
        return Facts(types=self._types)


TRUE = Everything(ANY_TYPE)
FALSE = Everything(0)


class Constant(Atom):
    """The atom of one JSON value."""

    __slots__ = ("_make", "value")

    def __init__(self, value: Any, make: Callable[[Any], Atom]) -> None:
        super().__init__()
        self.value = value
        self._make = make

    def _read(self) -> Facts:
        value = self.value
        if isinstance(value, dict):
            members = ObjectFacts(value, self._make, (), FALSE, tuple(value))
            return Facts(types=OBJECT, object=members)
        if isinstance(value, list):
            items = tuple(map(self._make, value))
            return Facts(types=ARRAY, array=ArrayFacts(items, FALSE, len(items)))
        return Facts(types=type_of(value), enum=Enumeration((value,)))


class Position(Atom):
    """The atom of a schema that stands somewhere in a document.

    Attributes:
        schema: the schema.
        scope: the resource it belongs to.
    """

    __slots__ = ("_atoms", "schema", "scope")

    def __init__(self, schema: dict[str, Any], scope: Scope, atoms: Atoms) -> None:
        super().__init__()
        self.schema = schema
        self.scope = scope
        self._atoms = atoms

    def pointer(self, *steps: str) -> str:
        """Return the JSON pointer to the schema, or to a place below it."""
        base = self._atoms.documents.pointer(self.schema, self.scope)
        return "".join([base, *("/" + escape(step) for step in steps)])

    def child(self, schema: Schema) -> Atom:
        """Return the atom of a subschema."""
        return self._atoms.at(schema, self.scope)

    def target(self) -> Atom:
        """Return the atom that `$ref` leads to.

        Raises:
            InvalidSchemaError: it leads nowhere.
        """
        reference = self.schema["$ref"]
        found = self._atoms.documents.resolve(self.scope, reference)
        if found is None:
            raise InvalidSchemaError(
                self.pointer("$ref"),
                f"nothing is at {reference!r}; pass remote documents as `registry`",
            )
        schema, scope = found
        if not isinstance(schema, (bool, dict)):
            raise InvalidSchemaError(self.pointer("$ref"), f"no schema is at {reference!r}")
        return self._atoms.at(schema, scope)

    @property
    def reference_only(self) -> bool:
        """Whether `$ref` hides the other keywords, as it does up to draft 7."""
        return "$ref" in self.schema and self.scope.dialect <= Dialect.DRAFT7

    def _read(self) -> Facts:
        if self.reference_only:
            return Facts(all_of=(((0,), self.target()),))
        schema = self.schema
        types = types_of(schema)
        number = ALL_NUMBERS
        if types & NUMBER:
            found = _numbers(schema)
            types, number = (types, found) if found is not None else (types & ~NUMBER, number)
        string = ALL_STRINGS
        if types & STRING and not _STRING_KEYS.isdisjoint(schema):
            string = self._strings(schema)
        array = None
        if types & ARRAY and not _ARRAY_KEYS.isdisjoint(schema):
            array = self._arrays(schema)
        members = None
        if types & OBJECT and not _OBJECT_KEYS.isdisjoint(schema):
            members = self._objects(schema)
        return Facts(
            types,
            self._enum(schema),
            number,
            string,
            array,
            members,
            *self._applicators(schema),
        )

    def _enum(self, schema: dict[str, Any]) -> Enumeration | None:
        enum = Enumeration(schema["enum"]) if "enum" in schema else None
        if "const" in schema and self.scope.dialect >= Dialect.DRAFT6:
            const = schema["const"]
            return Enumeration((const,) if enum is None or const in enum else ())
        return enum

    def _applicators(
        self, schema: dict[str, Any]
    ) -> tuple[tuple[tuple[Place, Atom], ...], tuple[tuple[Place, tuple[Atom, ...]], ...], int]:
        all_of: list[tuple[Place, Atom]] = []
        any_of: list[tuple[Place, tuple[Atom, ...]]] = []
        own = 0
        if _APPLICATORS.isdisjoint(schema):
            return (), (), own
        for place, keyword in enumerate(schema):
            if keyword == "properties":
                own = place
            elif keyword == "$ref":
                all_of.append(((place,), self.target()))
            elif keyword == "allOf":
                all_of += (
                    ((place, index), self.child(part)) for index, part in enumerate(schema[keyword])
                )
            elif keyword in ("anyOf", "oneOf"):
                any_of.append(((place,), tuple(map(self.child, schema[keyword]))))
        return tuple(all_of), tuple(any_of), own

    def _strings(self, schema: dict[str, Any]) -> StringShape:
        regexes = [pattern(schema["pattern"])] if "pattern" in schema else []
        if "format" in schema and self._atoms.options.format == "assert":
            regex = format_regex(schema["format"], self.scope.dialect.label)
            regexes += [regex] if regex is not None else []
        return strings.string(regexes, _low(schema, "minLength"), _high(schema, "maxLength"))

    def _arrays(self, schema: dict[str, Any]) -> ArrayFacts:
        dialect = self.scope.dialect
        items = schema.get("items", True)
        prefix: Sequence[Schema] = ()
        if isinstance(items, list):
            prefix, items = items, schema.get("additionalItems", True)
        elif "prefixItems" in schema and dialect >= Dialect.DRAFT2020:
            prefix = schema["prefixItems"]
        return ArrayFacts(
            tuple(map(self.child, prefix)),
            self.child(items),
            _low(schema, "minItems"),
            _high(schema, "maxItems"),
        )

    def _objects(self, schema: dict[str, Any]) -> ObjectFacts:
        patterns = schema.get("patternProperties", {})
        return ObjectFacts(
            schema.get("properties", {}),
            self.child,
            tuple((pattern(text), self.child(child)) for text, child in patterns.items()),
            self.child(schema.get("additionalProperties", True)),
            schema.get("required", ()),
            _low(schema, "minProperties"),
            _high(schema, "maxProperties"),
        )


class Siblings(Atom):
    """The atom of a schema without its `anyOf` and `oneOf`."""

    __slots__ = ("_position",)

    def __init__(self, position: Position) -> None:
        super().__init__()
        self._position = position

    def _read(self) -> Facts:
        return replace(self._position.facts, any_of=())


class Atoms:
    """The atoms of a schema, one for each position and constant."""

    def __init__(self, documents: Documents, options: JSONOptions) -> None:
        self.documents = documents
        self.options = options
        self._positions: dict[tuple[int, int], Position] = {}
        self._constants: dict[int, Constant] = {}
        self.root = self.at(documents.root, documents.root_scope)

    def at(self, schema: Schema, scope: Scope) -> Atom:
        """Return the atom of a schema met in a scope."""
        if isinstance(schema, bool) or not schema:
            return FALSE if schema is False else TRUE
        scope = scope.of(schema)
        key = (id(schema), id(scope))
        found = self._positions.get(key)
        if found is None:
            found = self._positions[key] = Position(schema, scope, self)
        return found

    def constant(self, value: Any) -> Atom:
        """Return the atom of a value that stands in a document."""
        found = self._constants.get(id(value))
        if found is None:
            found = self._constants[id(value)] = Constant(value, self.constant)
        return found


_APPLICATORS = frozenset(("$ref", "allOf", "anyOf", "oneOf"))
_NUMBER_KEYS = frozenset(
    ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
)
_STRING_KEYS = frozenset(("minLength", "maxLength", "pattern", "format"))
_ARRAY_KEYS = frozenset(("items", "prefixItems", "additionalItems", "minItems", "maxItems"))
_OBJECT_KEYS = frozenset(
    (
        "properties",
        "patternProperties",
        "additionalProperties",
        "required",
        "minProperties",
        "maxProperties",
    )
)


def _low(schema: dict[str, Any], keyword: str) -> int:
    return int(schema.get(keyword, 0))


def _high(schema: dict[str, Any], keyword: str) -> int | None:
    return int(schema[keyword]) if keyword in schema else None


def type_of(value: Any) -> int:
    """Return the type of a value, as a mask."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, str):
        return STRING
    if isinstance(value, dict):
        return OBJECT
    return ARRAY if isinstance(value, list) else NUMBER


def identity(value: Any) -> Any:
    """Return something hashable that equal JSON values share: 1 and 1.0 do, 1 and true do not."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, dict):
        return frozenset((name, identity(member)) for name, member in value.items())
    if isinstance(value, list):
        return ("array", *map(identity, value))
    return value if isinstance(value, int) else numbers.exact(value)


class Enumeration:
    """The values of an `enum` or a `const`."""

    __slots__ = ("_identities", "values")

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = values
        self._identities: frozenset[Any] | None = None

    def __contains__(self, value: Any) -> bool:
        if self._identities is None:
            self._identities = frozenset(map(identity, self.values))
        return identity(value) in self._identities


def _numbers(schema: dict[str, Any]) -> NumberShape | None:
    """Return the numbers that a schema allows, or None where it allows none."""
    named = schema.get("type", "number")
    integer = "number" not in named if isinstance(named, list) else named == "integer"
    if _NUMBER_KEYS.isdisjoint(schema):
        return INTEGERS if integer else ALL_NUMBERS
    limits: dict[str, Any] = {"minimum": schema.get("minimum"), "maximum": schema.get("maximum")}
    for name in ("minimum", "maximum"):
        exclusive = schema.get(f"exclusive{name.capitalize()}")
        if exclusive is True:
            limits[f"exclusive_{name}"] = limits.pop(name)
        elif exclusive is not False:
            limits[f"exclusive_{name}"] = exclusive
    return numbers.number(integer=integer, multiple_of=schema.get("multipleOf"), **limits)
