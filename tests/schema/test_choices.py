"""Choices among constants are the values that `jsonschema` lets through."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from constrain.schema import JSONOptions, schema_control
from tests.reference import accepts

VALUES: list[Any] = [1, 1.5, 2, "a", "b", True, None, [1], {"a": 1}, {"b": 1}]

SCHEMAS: list[Any] = [
    {"anyOf": [{"const": 1}, {"const": "a", "title": "A"}, {"enum": [None, [1]]}]},
    {"oneOf": [{"const": 1}, {"enum": [1.0, 2]}, {"enum": ["a", "a"]}, False]},
    {"anyOf": [{"type": "integer", "enum": [1, 1.5, "a"]}, {"type": "string", "enum": [1, "b"]}]},
    {"oneOf": [{"const": {"a": 1}}, {"const": {"a": 1.0}}, {"const": {"b": 1}}]},
    {"anyOf": [{"const": 1}, {"const": 2}], "enum": [2, "a"]},
    {"anyOf": [{"const": 1}, {"const": 2}], "oneOf": [{"const": 2}, {"const": "a"}]},
    {"anyOf": [{"const": 1, "enum": [1, 2]}, {"const": 2, "enum": [1]}]},
    {"not": {"anyOf": [{"const": 1}, {"const": [1]}, {"enum": [{"a": 1}]}]}},
    {"not": {"oneOf": [{"enum": [1, 2]}, {"enum": [2, "a"]}]}},
    {
        "anyOf": [{"const": {"a": 1}}, {"const": {"b": 1}}],
        "properties": {"b": {}},
        "unevaluatedProperties": False,
    },
    {"anyOf": [{"const": 1}, {"const": 2, "minimum": 3}]},
    {"not": {"not": {"not": {"enum": [1, "a"]}}}},
    {"allOf": [{"not": {"not": {"type": "string"}}}, {"not": {"not": {"not": {"const": "a"}}}}]},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
def test_the_values_of_choices(schema: Any) -> None:
    control = schema_control(schema, JSONOptions.specification())
    valid = jsonschema.Draft202012Validator(schema).is_valid
    for value in VALUES:
        assert accepts(control, json.dumps(value).encode()) == valid(value), value


def test_const_says_nothing_in_draft_4() -> None:
    schema = {"anyOf": [{"const": 1}, {"enum": [2]}]}
    assert accepts(schema_control(schema, draft="draft4"), b'"a"')


@pytest.mark.parametrize("depth", [2, 3, 500, 501])
def test_negations_of_negations(depth: int) -> None:
    schema: Any = {"type": "integer"}
    for _ in range(depth):
        schema = {"not": schema}
    control = schema_control(schema)
    assert accepts(control, b"1") == (depth % 2 == 0)
    assert accepts(control, b'"a"') == (depth % 2 == 1)
