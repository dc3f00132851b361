"""`jsonschema` as a judge of whole texts: formats asserted, numbers exact, nothing fetched."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Context, Decimal, localcontext
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

_DIGITS = 2000
"""Precision in which numbers are divided."""


class Judge:
    """Judges the texts of one schema, in the draft that the schema names."""

    def __init__(self, schema: Any) -> None:
        kind = validator_for(schema, default=Draft202012Validator)
        self._validator = kind(
            _exact(schema), format_checker=kind.FORMAT_CHECKER, registry=REGISTRY
        )

    def complaint(self, text: bytes) -> str | None:
        """Return what is wrong with a text, or None: it is JSON, has no key twice, is valid."""
        try:
            value = _exact(json.loads(text.decode(), parse_float=Decimal, object_pairs_hook=_once))
        except ValueError as error:
            return f"not JSON: {error}"
        with localcontext(Context(prec=_DIGITS)):
            found = next(self._validator.iter_errors(value), None)
        return None if found is None else f"{found.json_path}: {found.message}"


def _once(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise ValueError("an object has a key twice")
    return found


def _exact(value: Any) -> Any:
    """Return a value with floats as decimals, and whole ones as integers."""
    if isinstance(value, dict):
        return {name: _exact(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and value.is_finite() and value == int(value):
        return int(value)
    return value
