"""Texts before they are bytes: lone surrogates, values as JSON, and as messages show them."""

from __future__ import annotations

import json
import re
from typing import Any

from constrain.errors import ConstraintError

_SURROGATE = re.compile("[\ud800-\udfff]")
_SHOWN = 80

json_text = json.JSONEncoder(ensure_ascii=False).encode
"""The JSON text of a value, its strings escaped only where they must be."""


def surrogate(text: str) -> str | None:
    """Return which lone surrogate a text holds, that UTF-8 cannot write; None where it has none."""
    if text.isascii():
        return None
    found = _SURROGATE.search(text)
    return None if found is None else f"the lone surrogate U+{ord(found[0]):04X}"


def refuse_surrogates(text: str, what: str) -> None:
    """Check that UTF-8 can write a text.

    Raises:
        ConstraintError: it holds a lone surrogate; `what` says whose text it is.
    """
    found = surrogate(text)
    if found is not None:
        raise ConstraintError(f"{what} {shown(text)} holds {found}, which UTF-8 cannot write")


def shown(value: Any) -> str:
    """Return a value as messages show it, cut off where it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
