"""Random schemas with one keyword broken: `lenient` reads them as if the keyword were not there."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from constrain import JSONOptions
from constrain.errors import ConstraintError, InvalidSchemaError, RegexSyntaxError
from constrain.schema import SchemaControl, schema_control
from constrain.schema.sources.documents import escape
from tests.reference import accepts
from tests.schema.strategies import schemas, values
from tests.schema.test_fuzz import BUDGET

SPECIFICATION = JSONOptions.specification()
BROKEN: dict[str, Any] = {
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), "1"),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), -1),
    **dict.fromkeys(("minProperties", "maxProperties", "minContains", "maxContains"), 1.5),
    "type": "any",
    "enum": {"a": 1},
    "multipleOf": 0,
    "pattern": "(",
    "uniqueItems": "true",
    "required": True,
}


def places(schema: Any, pointer: str = "") -> Iterator[tuple[dict[str, Any], str, str]]:
    """The keywords that can be broken: the schema, the keyword and its pointer."""
    if not isinstance(schema, dict):
        return
    for name, value in schema.items():
        here = f"{pointer}/{escape(name)}"
        if name in BROKEN:
            yield schema, name, here
        elif name in ("properties", "patternProperties", "dependentSchemas", "$defs"):
            for key, child in value.items():
                yield from places(child, f"{here}/{escape(key)}")
        elif name in ("allOf", "anyOf", "oneOf", "prefixItems"):
            for index, child in enumerate(value):
                yield from places(child, f"{here}/{index}")
        elif name not in ("const", "dependentRequired"):
            yield from places(value, here)


def read(schema: Any, lenient: bool = True) -> tuple[SchemaControl | None, list[str]]:
    """The control, None where there is none, and the pointers of the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            control = schema_control(schema, SPECIFICATION, lenient=lenient)
        except (InvalidSchemaError, RegexSyntaxError):
            raise
        except ConstraintError:
            return None, []
    return control, [getattr(warning.message, "pointer", "") for warning in caught]


@BUDGET
@given(data=st.data())
def test_one_keyword_broken(data: st.DataObject) -> None:
    whole = json.loads(json.dumps(data.draw(schemas)))
    found = list(places(whole))
    assume(found)
    schema, keyword, pointer = data.draw(st.sampled_from(found))
    del schema[keyword]
    try:
        without, told = read(whole, lenient=False)
    except ConstraintError:
        return
    judge = Draft202012Validator(json.loads(json.dumps(whole)))
    schema[keyword] = BROKEN[keyword]
    try:
        read(whole, lenient=False)
        reached = False
    except (InvalidSchemaError, RegexSyntaxError):
        reached = True
    control, ignored = read(whole)
    if without is None or control is None:
        assert without is control is None
        return
    assert sorted(ignored) == sorted([*told, pointer] if reached else told)
    value = data.draw(values)
    assert accepts(control, json.dumps(value).encode()) == judge.is_valid(value)
