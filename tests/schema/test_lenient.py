"""Schemas that are only almost valid: an error by default, a warning where `lenient`."""

from __future__ import annotations

import time
import warnings
from typing import Any

import pytest
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from constrain import SchemaWarning
from constrain.errors import ConstraintError
from constrain.schema import schema_control
from tests.reference import accepts


def lenient(schema: Any, *texts: str, **arguments: Any) -> tuple[list[bool], list[tuple[str, str]]]:
    """What is accepted, and the keyword and the pointer of each warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        control = schema_control(schema, lenient=True, **arguments)
    told = [warning.message for warning in caught]
    assert all(isinstance(warning, SchemaWarning) and warning.reason for warning in told)
    where = [(warning.keyword, warning.pointer) for warning in told]
    return [accepts(control, text.encode()) for text in texts], where


@pytest.mark.parametrize(
    ("schema", "texts", "accepted", "ignored"),
    [
        (
            {"properties": {"a": {"required": True, "type": "null"}}},
            ['{"a":null}', "{}", '{"a":1}'],
            [True, True, False],
            [("required", "/properties/a/required")],
        ),
        ({"type": "any", "const": 1}, ["1", "2"], [True, False], [("type", "/type")]),
        (
            {"type": ["string", "text"], "maxLength": 1},
            ["1", '"aa"'],
            [True, False],
            [("type", "/type/1")],
        ),
        (
            {"items": {"$ref": "#/nowhere", "type": "null"}},
            ["[null]", "[1]"],
            [True, False],
            [("$ref", "/items/$ref")],
        ),
        (
            {"$ref": "http://e.org/none"},
            ["1"],
            [True],
            [("$ref", "/$ref")],
        ),
        (
            {"pattern": "a(", "minLength": 2},
            ['"a"', '"bb"'],
            [False, True],
            [("pattern", "/pattern")],
        ),
        (
            {"properties": {"a": 3, "b": {"const": 1}}, "additionalProperties": False},
            ['{"a":2,"b":1}', '{"b":2}', '{"c":1}'],
            [True, False, False],
            [("properties", "/properties/a")],
        ),
        (
            {"properties": 3, "additionalProperties": False},
            ['{"a":2}'],
            [True],
            [("properties", "/properties")],
        ),
        (
            {"patternProperties": {"a(": {}, "^b": {"const": 1}}, "additionalProperties": False},
            ['{"a(":2}', '{"b":1}', '{"b":2}'],
            [True, True, False],
            [("patternProperties", "/patternProperties/a(")],
        ),
        (
            {"patternProperties": {"a(": {}, "[": {}, "^b": {"const": 1}}},
            ['{"a(":2}', '{"b":1}', '{"b":2}'],
            [True, True, False],
            [
                ("patternProperties", "/patternProperties/a("),
                ("patternProperties", "/patternProperties/["),
            ],
        ),
        (
            {
                "patternProperties": {"^a": 3, "^b": {"const": 1}},
                "additionalProperties": False,
            },
            ['{"a":2,"b":1}', '{"b":2}', '{"c":1}'],
            [True, False, False],
            [("patternProperties", "/patternProperties/^a")],
        ),
        (
            {"dependencies": {"a": 3, "b": ["c"], "d": {"maxProperties": 1}}},
            ['{"a":1}', '{"b":1}', '{"d":1}', '{"d":1,"e":1}'],
            [True, False, True, False],
            [("dependencies", "/dependencies/a")],
        ),
        (
            {"dependentRequired": {"a": [3], "b": ["c"]}},
            ['{"a":1}', '{"b":1}', '{"c":1,"b":1}'],
            [True, False, True],
            [("dependentRequired", "/dependentRequired/a/0")],
        ),
        (
            {"properties": {3: {"const": 1}, "a": {"const": 1}}},
            ['{"3":2}', '{"a":1}', '{"a":2}'],
            [True, True, False],
            [("properties", "/properties/3")],
        ),
        (
            {"allOf": [3, {"const": 1}]},
            ["1", "2"],
            [True, False],
            [("allOf", "/allOf/0")],
        ),
        ({"oneOf": [3, {"const": 1}]}, ["1", "2"], [True, True], [("oneOf", "/oneOf/0")]),
        (
            {"required": ["a", 3, "b\ud800", None]},
            ['{"a":1}', '{"b":1}'],
            [True, False],
            [("required", f"/required/{index}") for index in (1, 2, 3)],
        ),
        ({"required": [3]}, ["{}"], [True], [("required", "/required/0")]),
        (
            {"enum": [1, (2,), float("nan"), "a"]},
            ["1", '"a"', "2"],
            [True, True, False],
            [("enum", "/enum/1"), ("enum", "/enum/2")],
        ),
        ({"enum": [{1: 2}]}, ["1"], [True], [("enum", "/enum/0")]),
        (
            {"type": ["string", 5, None]},
            ["1", '"a"'],
            [True, True],
            [("type", "/type/1"), ("type", "/type/2")],
        ),
        (
            {"dependentRequired": {"a": ["b", 3], "c": 4, "d": ["e"]}},
            ['{"a":1}', '{"b":1,"a":1}', '{"c":1}', '{"d":1}'],
            [False, True, True, False],
            [("dependentRequired", "/dependentRequired/" + place) for place in ("a/1", "c")],
        ),
        (
            {"dependencies": {"a": ["b", 3], "c": {"required": [5, "d"]}}},
            ['{"a":1}', '{"b":1,"a":1}', '{"c":1}', '{"c":1,"d":1}'],
            [False, True, False, True],
            [("dependencies", "/dependencies/a/1"), ("required", "/dependencies/c/required/0")],
        ),
        (
            {"dependentSchemas": {"a": 3, "b": {"maxProperties": 1}}},
            ['{"a":1,"c":1}', '{"b":1}', '{"b":1,"c":1}'],
            [True, True, False],
            [("dependentSchemas", "/dependentSchemas/a")],
        ),
        (
            {"prefixItems": [{"const": 1}, "x", {"const": 3}], "items": False},
            ["[1,9,3]", "[1,9,4]", "[1,2,3,4]"],
            [True, False, False],
            [("prefixItems", "/prefixItems/1")],
        ),
        (
            {"allOf": [{"minimum": 1}, None, {"maximum": 2}, 3]},
            ["1", "0", "3"],
            [True, False, False],
            [("allOf", "/allOf/1"), ("allOf", "/allOf/3")],
        ),
        ({"minimum": [1]}, ["0"], [True], [("minimum", "/minimum")]),
        ({"const": [float("nan")]}, ["0"], [True], [("const", "/const")]),
        ({"anyOf": []}, ["1"], [True], [("anyOf", "/anyOf")]),
        ({"enum": 5, "minimum": "3"}, ["1"], [True], [("enum", "/enum"), ("minimum", "/minimum")]),
        (
            {"$defs": {"a": {"$ref": "#/$defs/a", "type": "null"}}, "$ref": "#/$defs/a"},
            ["1", "null"],
            [False, True],
            [("$ref", "/$defs/a/$ref")],
        ),
        (
            {
                "oneOf": [
                    {"properties": {"k": {"enum": 5}}, "required": ["k"]},
                    {"properties": {"k": {"const": 1}}, "required": ["k"]},
                ]
            },
            ['{"k":1}', '{"k":2}'],
            [False, True],
            [("enum", "/oneOf/0/properties/k/enum")],
        ),
    ],
)
def test_what_is_not_understood_is_ignored_and_told(
    schema: Any, texts: list[str], accepted: list[bool], ignored: list[tuple[str, str]]
) -> None:
    with pytest.raises(ConstraintError):
        schema_control(schema)
    assert lenient(schema, *texts) == (accepted, ignored)


def test_what_is_understood_is_not_told() -> None:
    schema = {"x-note": 3, "title": 5, "$defs": {"unused": {"type": "any"}}, "type": "null"}
    assert lenient(schema, "null", "1") == ([True, False], [])


def test_a_vocabulary_that_is_not_known() -> None:
    meta = {"$id": "http://e.org/meta", "$vocabulary": {"http://e.org/vocabulary": True}}
    registry = DRAFT202012.create_resource(meta) @ Registry()
    schema = {"$schema": "http://e.org/meta"}
    assert lenient(schema, "1", registry=registry) == ([True], [("$schema", "/$schema")])


def test_many_things_that_are_not_understood() -> None:
    properties = {f"p{i}": {"type": "string", "required": True} for i in range(3000)}
    started = time.process_time()
    _, told = lenient({"properties": properties})
    assert told[2999] == ("required", "/properties/p0/required")
    assert time.process_time() - started < 2
