"""The keywords: what values they take, in which drafts they exist, what they apply to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from constrain.schema.sources.dialects import Dialect
from constrain.texts import shown, surrogate

NULL, BOOLEAN, NUMBER, STRING, ARRAY, OBJECT = 1, 2, 4, 8, 16, 32
ANY_TYPE = 63

TYPES: Mapping[str, int] = {
    "null": NULL,
    "boolean": BOOLEAN,
    "integer": NUMBER,
    "number": NUMBER,
    "string": STRING,
    "array": ARRAY,
    "object": OBJECT,
}

Children = Literal["none", "one", "list", "map", "one or list"]


@dataclass(frozen=True, slots=True)
class Keyword:
    """What is known of a keyword before its meaning.

    Attributes:
        problem: returns what is wrong with a value of the keyword, or None.
        children: where subschemas stand in the value.
        in_place: whether the subschemas apply to the very value that the schema applies to.
        types: the types of values that the keyword says something about.
        since: the first draft with the keyword.
        until: the last.
    """

    problem: Callable[[Any], str | None]
    children: Children = "none"
    in_place: bool = False
    types: int = ANY_TYPE
    since: Dialect = Dialect.DRAFT4
    until: Dialect = Dialect.V1

    def subschemas(self, value: Any) -> Iterable[Any]:
        """Return the subschemas in a value of the keyword; of `dependencies`, also what is none."""
        kind = self.children
        if kind == "map":
            return value.values()
        if kind == "list" or (kind == "one or list" and isinstance(value, list)):
            return value
        return () if kind == "none" else (value,)


def is_number(value: Any) -> bool:
    """Whether a Python value is a finite JSON number."""
    if isinstance(value, int):
        return not isinstance(value, bool)
    return isinstance(value, (float, Decimal)) and math.isfinite(value)


def _is_schema(value: Any) -> bool:
    return isinstance(value, (bool, dict))


def _schema(value: Any) -> str | None:
    return None if _is_schema(value) else "a schema is an object or a boolean"


def _schema_list(value: Any) -> str | None:
    if not isinstance(value, list):
        return "must be a list of schemas"
    return None if all(map(_is_schema, value)) else "every entry must be an object or a boolean"


def _nonempty_schema_list(value: Any) -> str | None:
    return "must not be empty" if value == [] else _schema_list(value)


def _schema_or_list(value: Any) -> str | None:
    return None if _is_schema(value) else _schema_list(value)


def _schema_map(value: Any) -> str | None:
    if not isinstance(value, dict):
        return "must be an object of schemas"
    for name, schema in value.items():
        if not isinstance(schema, (dict, bool)):
            return f"the entry {name!r} must be an object or a boolean"
        if not isinstance(name, str):
            return f"the name {name!r} must be a string"
    return None


def _properties(value: Any) -> str | None:
    return _schema_map(value) or (None if _is_ascii(value) else _unwritable(list(value)))


def _type(value: Any) -> str | None:
    if isinstance(value, str):
        return None if value in TYPES else f"unknown type {value!r}"
    if not isinstance(value, list) or not value:
        return "must be a type or a list of types"
    for name in value:
        if not isinstance(name, str) or name not in TYPES:
            return f"unknown type {name!r}"
    return None


def _count(value: Any) -> str | None:
    whole = is_number(value) and value >= 0 and value == int(value)
    return None if whole else "must be a non-negative integer"


def _number(value: Any) -> str | None:
    return None if is_number(value) else "must be a number"


def _number_or_bool(value: Any) -> str | None:
    return None if isinstance(value, bool) else _number(value)


def _positive(value: Any) -> str | None:
    return None if is_number(value) and value > 0 else "must be a number above zero"


def _string(value: Any) -> str | None:
    return None if isinstance(value, str) else "must be a string"


def _names(value: Any) -> str | None:
    if not isinstance(value, list):
        return "must be a list of property names"
    if _is_ascii(value):
        return None
    wrong = (f"{shown(name)} is no property name" for name in value if not isinstance(name, str))
    return next(wrong, None) or _unwritable(value)


def _values(value: Any) -> str | None:
    if not isinstance(value, list):
        return "must be a list of values"
    return None if _is_ascii(value) else _unwritable(value)


def _is_ascii(values: Iterable[Any]) -> bool:
    """Whether values are texts, all of ASCII alone: a glance at what is most usual."""
    try:
        return "".join(values).isascii()
    except TypeError:
        return False


def _unwritable(value: Any) -> str | None:
    """Return what in a value JSON, or UTF-8, has no text for, or None."""
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            if not value.isascii() and (found := surrogate(value)) is not None:
                return f"{shown(value)} holds {found}, which UTF-8 cannot write"
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, dict):
            if not all(isinstance(key, str) for key in value):
                return f"the keys of {shown(value)} must be strings"
            pending += value
            pending += value.values()
        elif not (value is None or isinstance(value, bool) or is_number(value)):
            return f"{shown(value)} of type {type(value).__name__} is no JSON value"
    return None


def _bool(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _name_lists(value: Any) -> str | None:
    if not isinstance(value, dict):
        return "must be an object of lists of property names"
    return next((problem for names in value.values() if (problem := _names(names))), None)


def _dependencies(value: Any) -> str | None:
    if not isinstance(value, dict):
        return "must be an object"
    for needed in value.values():
        if not _is_schema(needed) and not isinstance(needed, str) and _names(needed):
            return "every entry must be a schema or a list of property names"
    return None


_D6, _D7, _D2019 = Dialect.DRAFT6, Dialect.DRAFT7, Dialect.DRAFT2019

KEYWORDS: Mapping[str, Keyword] = {
    "$ref": Keyword(_string, in_place=True),
    "$dynamicRef": Keyword(_string, in_place=True, since=Dialect.DRAFT2020),
    "$recursiveRef": Keyword(_string, in_place=True, since=_D2019, until=_D2019),
    "type": Keyword(_type),
    "enum": Keyword(_values),
    "const": Keyword(_unwritable, since=_D6),
    "allOf": Keyword(_nonempty_schema_list, "list", in_place=True),
    "anyOf": Keyword(_nonempty_schema_list, "list", in_place=True),
    "oneOf": Keyword(_nonempty_schema_list, "list", in_place=True),
    "minimum": Keyword(_number, types=NUMBER),
    "maximum": Keyword(_number, types=NUMBER),
    "exclusiveMinimum": Keyword(_number_or_bool, types=NUMBER),
    "exclusiveMaximum": Keyword(_number_or_bool, types=NUMBER),
    "multipleOf": Keyword(_positive, types=NUMBER),
    "minLength": Keyword(_count, types=STRING),
    "maxLength": Keyword(_count, types=STRING),
    "pattern": Keyword(_string, types=STRING),
    "format": Keyword(_string, types=STRING),
    "items": Keyword(_schema_or_list, "one or list", types=ARRAY),
    "additionalItems": Keyword(_schema, "one", types=ARRAY),
    "prefixItems": Keyword(_schema_list, "list", types=ARRAY, since=Dialect.DRAFT2020),
    "minItems": Keyword(_count, types=ARRAY),
    "maxItems": Keyword(_count, types=ARRAY),
    "properties": Keyword(_properties, "map", types=OBJECT),
    "patternProperties": Keyword(_schema_map, "map", types=OBJECT),
    "additionalProperties": Keyword(_schema, "one", types=OBJECT),
    "required": Keyword(_names, types=OBJECT),
    "minProperties": Keyword(_count, types=OBJECT),
    "maxProperties": Keyword(_count, types=OBJECT),
    "not": Keyword(_schema, "one", in_place=True),
    "if": Keyword(_schema, "one", in_place=True, since=_D7),
    "then": Keyword(_schema, "one", in_place=True, since=_D7),
    "else": Keyword(_schema, "one", in_place=True, since=_D7),
    "dependencies": Keyword(_dependencies, "map", in_place=True, types=OBJECT),
    "dependentRequired": Keyword(_name_lists, types=OBJECT, since=_D2019),
    "dependentSchemas": Keyword(_schema_map, "map", in_place=True, types=OBJECT, since=_D2019),
    "contains": Keyword(_schema, "one", types=ARRAY, since=_D6),
    "minContains": Keyword(_count, types=ARRAY, since=_D2019),
    "maxContains": Keyword(_count, types=ARRAY, since=_D2019),
    "uniqueItems": Keyword(_bool, types=ARRAY),
    "propertyNames": Keyword(_schema, "one", types=OBJECT, since=_D6),
    "unevaluatedProperties": Keyword(_schema, "one", types=OBJECT, since=_D2019),
    "unevaluatedItems": Keyword(_schema, "one", types=ARRAY, since=_D2019),
}
"""Every keyword that constrains values; all others are annotations.

`dependencies` and `additionalItems` have outlived their drafts: schemas in use go on to mean them.
"""

REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
"""The keywords that lead to another schema for the same value."""

DEPENDENCIES = ("dependencies", "dependentRequired", "dependentSchemas")
"""The keywords that say what comes with a property."""


UNEVALUATED = frozenset(("unevaluatedProperties", "unevaluatedItems"))
"""The keywords about what others leave."""


def types_of(schema: dict[str, Any]) -> int:
    """Return the types that `type` allows, as a mask."""
    names = schema.get("type")
    if names is None:
        return ANY_TYPE
    if isinstance(names, str):
        return TYPES[names]
    mask = 0
    for name in names:
        mask |= TYPES[name]
    return mask
