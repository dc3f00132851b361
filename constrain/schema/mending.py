"""Schemas that are only almost valid: what is not understood is ignored, and told.

An entry that is no schema is taken for `true`, another entry that is wrong left out. Where that
does not help, or would forbid what the entry may have meant to allow (a type, a branch of `anyOf`),
the whole keyword is ignored, and with it those that would read its absence as a limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from constrain.errors import (
    ConstraintError,
    InvalidSchemaError,
    RegexSyntaxError,
    SchemaWarning,
    UnsupportedSchemaError,
)
from constrain.schema.facts import writable
from constrain.schema.positions import Position
from constrain.schema.sources.keywords import KEYWORDS

NOT_UNDERSTOOD = InvalidSchemaError, RegexSyntaxError, UnsupportedSchemaError

_Place = tuple[Any, ...]
"""The steps from the value of a keyword to an entry: keys and indices."""


def mend(position: Position, keyword: str, error: ConstraintError) -> None:
    """Mend the keyword of a schema that has raised one of `NOT_UNDERSTOOD`, or ignore it."""
    value = position.schema[keyword]
    wrong = dict(_wrong(keyword, value))
    told = position.documents.warnings
    for place, reason in wrong.items():
        pointer = position.pointer(keyword, *map(str, place))
        told.append(SchemaWarning(keyword, pointer, reason))
    if not wrong:
        told.append(_warning(position, keyword, error))
    elif keyword not in _CHOICES and (mended := _mended(keyword, value, wrong)) != []:
        position.amend({**position.schema, keyword: mended})
        return
    ignored = {keyword, *_READERS.get(keyword, ())}
    if KEYWORDS[keyword].in_place:
        ignored |= {"unevaluatedProperties", "unevaluatedItems"}
    left = {name: v for name, v in position.schema.items() if name not in ignored}
    if isinstance(error, RegexSyntaxError) and isinstance(value, dict):
        left[keyword] = {text: child for text, child in value.items() if text != error.pattern}
    position.amend(left)


def _warning(position: Position, keyword: str, error: ConstraintError) -> SchemaWarning:
    pointer = position.pointer(keyword)
    if not isinstance(error, RegexSyntaxError):
        return SchemaWarning(keyword, pointer, vars(error)["reason"])
    return SchemaWarning(keyword, error.pointer or pointer, error.args[0])


def _wrong(keyword: str, value: Any) -> Iterator[tuple[_Place, str]]:
    """Return the entries of a keyword that are wrong by themselves, each with what is wrong."""
    problem = KEYWORDS[keyword].problem
    if isinstance(value, list) and keyword in _LISTS:
        for index, entry in enumerate(value):
            if (reason := problem([entry])) is not None:
                yield (index,), reason
    elif isinstance(value, dict) and keyword in _MAPS:
        for name, child in value.items():
            if keyword in _LISTS_OF_NAMES and isinstance(child, list):
                yield from (((name, *place), why) for place, why in _wrong("required", child))
            elif (reason := problem({name: child})) is not None:
                yield (name,), reason


def _mended(keyword: str, value: Any, wrong: Mapping[_Place, str]) -> Any:
    """Return the value of a keyword with what says nothing for the entries that are wrong."""
    has_schemas = KEYWORDS[keyword].children != "none"
    if isinstance(value, list):
        entries = [True if (i,) in wrong else entry for i, entry in enumerate(value)]
        return entries if has_schemas else [e for i, e in enumerate(value) if (i,) not in wrong]
    mended: dict[str, Any] = {}
    for name, child in value.items():
        if keyword in _LISTS_OF_NAMES and isinstance(child, list):
            mended[name] = [e for i, e in enumerate(child) if (name, i) not in wrong]
        elif (name,) not in wrong:
            mended[name] = child
        elif has_schemas and isinstance(name, str) and writable(name):
            mended[name] = True
    return mended


_LISTS = ("type", "enum", "required", "allOf", "anyOf", "oneOf", "items", "prefixItems")
_LISTS_OF_NAMES = ("dependentRequired", "dependencies")
_MAPS = ("properties", "patternProperties", "dependentSchemas", *_LISTS_OF_NAMES)

_CHOICES = ("type", "anyOf", "oneOf")
"""The keywords whose entries allow something: one that is not understood could allow anything."""

_READERS = {
    "properties": ("additionalProperties", "unevaluatedProperties"),
    "patternProperties": ("additionalProperties", "unevaluatedProperties"),
    "prefixItems": ("items", "unevaluatedItems"),
    "items": ("additionalItems", "unevaluatedItems"),
    "contains": ("minContains", "maxContains", "unevaluatedItems"),
}
"""The keywords that read what another says, or its absence."""
