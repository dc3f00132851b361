"""Options that there are, and those that there are not."""

from __future__ import annotations

from typing import Any

import pytest

from constrain import ConstraintError
from constrain.schema import JSONOptions, schema_control


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"property_order": "foo"}, "property_order is 'foo'; it must be one of 'schema', 'any'"),
        ({"whitespace": None}, "whitespace is None; it must be one of 'bounded', 'any', 'none'"),
        ({"escapes": []}, "one of 'minimal', 'any'"),
        ({"numbers": "foo"}, "one of 'plain', 'any'"),
        ({"format": False}, "one of 'assert', 'annotate', 'dialect'"),
        ({"portable_formats": "no"}, "one of True, False"),
        ({"formats": None}, "given by their names"),
        ({"formats": {"x": 5}}, "the format 'x' is 5; it must be an expression"),
        ({"formats": {"x": ("a", "b")}}, "a pair of both"),
    ],
)
def test_what_is_no_option(options: Any, message: str) -> None:
    with pytest.raises(ConstraintError, match=message):
        JSONOptions(**options)
    with pytest.raises(ConstraintError, match=message):
        JSONOptions.specification(**options)


def test_options_are_no_dict() -> None:
    with pytest.raises(ConstraintError, match=r"give JSONOptions\(\.\.\.\)"):
        schema_control({}, {"whitespace": "any"})  # type: ignore[arg-type]
