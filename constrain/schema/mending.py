"""Schemas that are only almost valid: what is not understood is ignored, and told.

A part that is no schema is taken for `true`. Where that does not help, the whole keyword is
ignored, and with it those that would read its absence as a limit.
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
from constrain.schema.positions import Position
from constrain.schema.sources.keywords import KEYWORDS
from constrain.schema.textual.strings import pattern

NOT_UNDERSTOOD = InvalidSchemaError, RegexSyntaxError, UnsupportedSchemaError


def mend(position: Position, keyword: str, error: ConstraintError) -> None:
    """Mend the keyword of a schema that has raised one of `NOT_UNDERSTOOD`, or ignore it."""
    reason = error.args[0] if isinstance(error, RegexSyntaxError) else vars(error)["reason"]
    position.documents.warnings.append(SchemaWarning(keyword, position.pointer(keyword), reason))
    value = position.schema[keyword]
    mended = _with_schemas(keyword, value)
    if mended != value and KEYWORDS[keyword].problem(mended) is None:
        position.amend({**position.schema, keyword: mended})
        return
    ignored = {keyword, *_READERS.get(keyword, ())}
    if KEYWORDS[keyword].in_place:
        ignored |= {"unevaluatedProperties", "unevaluatedItems"}
    left = {name: v for name, v in position.schema.items() if name not in ignored}
    if keyword == "patternProperties" and isinstance(value, dict):
        left[keyword] = {text: _schema(v) for text, v in value.items() if _is_pattern(text)}
    position.amend(left)


def _with_schemas(keyword: str, value: Any) -> Any:
    """Return the value of a keyword with `true` for what should be a schema and is none."""
    if keyword in ("properties", "dependentSchemas") and isinstance(value, dict):
        return {name: _schema(child) for name, child in value.items()}
    if keyword in ("allOf", "items", "prefixItems") and isinstance(value, list):
        return list(map(_schema, value))
    return value


def _is_pattern(text: str) -> bool:
    try:
        pattern(text)
    except RegexSyntaxError:
        return False
    return True


def _schema(value: Any) -> Any:
    return value if isinstance(value, (bool, dict)) else True


_READERS = {
    "properties": ("additionalProperties", "unevaluatedProperties"),
    "patternProperties": ("additionalProperties", "unevaluatedProperties"),
    "prefixItems": ("items", "unevaluatedItems"),
    "items": ("additionalItems", "unevaluatedItems"),
    "contains": ("minContains", "maxContains", "unevaluatedItems"),
}
"""The keywords that read what another says, or its absence."""
