"""Schemas that are only almost valid: what is not understood is ignored, and told.

A part that is no schema is taken for `true`, an entry that is wrong left out. Where that does not
help, the whole keyword is ignored, and with it those that would read its absence as a limit.
"""

from __future__ import annotations

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


def mend(position: Position, keyword: str, error: ConstraintError) -> None:
    """Mend the keyword of a schema that has raised one of `NOT_UNDERSTOOD`, or ignore it."""
    reason = error.args[0] if isinstance(error, RegexSyntaxError) else vars(error)["reason"]
    pointer = position.pointer(keyword)
    if isinstance(error, RegexSyntaxError) and error.pointer is not None:
        pointer = error.pointer
    position.documents.warnings.append(SchemaWarning(keyword, pointer, reason))
    value = position.schema[keyword]
    mended = _with_schemas(keyword, value)
    if mended != value and KEYWORDS[keyword].problem(mended) is None:
        position.amend({**position.schema, keyword: mended})
        return
    ignored = {keyword, *_READERS.get(keyword, ())}
    if KEYWORDS[keyword].in_place:
        ignored |= {"unevaluatedProperties", "unevaluatedItems"}
    left = {name: v for name, v in position.schema.items() if name not in ignored}
    if isinstance(error, RegexSyntaxError) and isinstance(value, dict):
        left[keyword] = {text: child for text, child in value.items() if text != error.pattern}
    position.amend(left)


def _with_schemas(keyword: str, value: Any) -> Any:
    """Return the value of a keyword with what says nothing for the entries that are wrong."""
    known = KEYWORDS[keyword]
    if isinstance(value, dict) and (known.children == "map" or keyword == "dependentRequired"):
        return {
            name: child if known.problem({name: child}) is None else _NOTHING.get(keyword, True)
            for name, child in value.items()
            if isinstance(name, str) and writable(name)
        }
    if keyword in ("allOf", "items", "prefixItems") and isinstance(value, list):
        return list(map(_schema, value))
    return value


def _schema(value: Any) -> Any:
    return value if isinstance(value, (bool, dict)) else True


_NOTHING: dict[str, Any] = {"dependentRequired": []}
"""What says nothing as an entry of a keyword, where that is not `true`."""

_READERS = {
    "properties": ("additionalProperties", "unevaluatedProperties"),
    "patternProperties": ("additionalProperties", "unevaluatedProperties"),
    "prefixItems": ("items", "unevaluatedItems"),
    "items": ("additionalItems", "unevaluatedItems"),
    "contains": ("minContains", "maxContains", "unevaluatedItems"),
}
"""The keywords that read what another says, or its absence."""
