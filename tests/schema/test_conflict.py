"""Where no value satisfies a schema, the error names keywords that contradict one another."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from constrain import UnsatisfiableSchemaError
from constrain.errors import ConstraintError
from constrain.schema import schema_control


def conflict(schema: Any) -> tuple[str, list[str]]:
    """The pointer of the error, and the names in its reason."""
    with pytest.raises(UnsatisfiableSchemaError) as caught:
        schema_control(schema)
    return caught.value.pointer, re.findall("'([^']*)'", caught.value.reason)


TEXT = {"type": "string", "title": "a", "minLength": 3, "maxLength": 2}


@pytest.mark.parametrize(
    ("schema", "pointer", "names"),
    [
        (False, "", []),
        ({"enum": [], "title": "a"}, "", ["enum"]),
        (TEXT, "", ["type", "minLength", "maxLength"]),
        (
            {
                "type": "object",
                "properties": {"a": TEXT, "b": {"type": "integer"}},
                "required": ["b", "a"],
                "additionalProperties": False,
            },
            "",
            ["type", *(f"properties/a/{k}" for k in TEXT if k != "title"), "required"],
        ),
        (
            {"allOf": [{"$ref": "#/$defs/a"}, True, {"type": ["null", "string"], "minLength": 1}]}
            | {"$defs": {"a": {"type": "number"}}},
            "",
            ["allOf/2/type", "$defs/a/type"],
        ),
        ({"oneOf": [{"type": "null"}, {"type": "null"}]}, "", ["oneOf/0/type", "oneOf/1/type"]),
        ({"allOf": [TEXT]}, "/allOf/0", ["type", "minLength", "maxLength"]),
        (
            {"$defs": {"a/b": {"not": {}}}, "$ref": "#/$defs/a~1b"},
            "/$defs/a~1b",
            ["not"],
        ),
        (
            {"prefixItems": [True, False], "minItems": 2, "maxItems": 5, "type": "array"},
            "",
            ["prefixItems/1", "minItems", "type"],
        ),
        (
            {"type": "object", "required": ["x"], "allOf": [{"properties": {"y": True}}]}
            | {"unevaluatedProperties": False},
            "",
            ["type", "required", "unevaluatedProperties"],
        ),
    ],
)
def test_named(schema: Any, pointer: str, names: list[str]) -> None:
    assert conflict(schema) == (pointer, names)


def test_what_is_named_is_needed() -> None:
    """Without any one of the keywords named, the schema has values; with these alone, none."""
    rng = random.Random(3)
    pool: list[dict[str, Any]] = [
        {"type": ["string", "integer"]},
        {"minimum": 5},
        {"maximum": 3},
        {"multipleOf": 4},
        {"minLength": 4},
        {"maxLength": 2},
        {"pattern": "^a+$"},
        {"enum": ["aaaa", 4, "b"]},
        {"const": 4},
        {"not": {"type": "string"}},
    ]
    seen = 0
    while seen < 30:
        schema: dict[str, Any] = {}
        for part in rng.sample(pool, rng.randint(2, 7)):
            schema |= part
        try:
            schema_control(schema)
        except UnsatisfiableSchemaError:
            seen += 1
            pointer, names = conflict(schema)
            left = {name: schema[name] for name in names}
            assert pointer == "" and set(names) <= set(schema)
            assert set(conflict(left)[1]) == set(names)
            for name in names:
                schema_control({key: value for key, value in left.items() if key != name})


def test_deep_and_large_contradictions_are_told_soon() -> None:
    deep: Any = False
    for _ in range(400):
        deep = {"allOf": [deep]}
    with pytest.raises(ConstraintError):
        schema_control(deep)
    properties = {f"p{i}": {"type": "integer"} for i in range(3000)}
    assert conflict({"type": "object", "properties": properties, "allOf": [TEXT]})[0] == ""
