"""Keywords that say nothing, though they seem to be meant, are told."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from constrain import SchemaWarning
from constrain.schema import JSONOptions, schema_control
from tests.reference import accepts

DRAFT4 = "http://json-schema.org/draft-04/schema#"
DRAFT7 = "http://json-schema.org/draft-07/schema#"


def told(schema: Any) -> list[tuple[str, str]]:
    """The keyword and the pointer of each warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        schema_control(schema)
    assert all(isinstance(warning.message, SchemaWarning) for warning in caught)
    return [(warning.message.keyword, warning.message.pointer) for warning in caught]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (
            {"properties": {"a": {"minLenght": 3, "minLength": 1}}},
            [("minLenght", "/properties/a/minLenght")],
        ),
        ({"Required": ["a"]}, [("Required", "/Required")]),
        ({"type:": "string"}, [("type:", "/type:")]),
        ({"$schema": DRAFT4, "const": 1}, [("const", "/const")]),
        ({"$schema": DRAFT7, "prefixItems": [True]}, [("prefixItems", "/prefixItems")]),
        ({"$recursiveRef": "#"}, [("$recursiveRef", "/$recursiveRef")]),
        (
            {"$schema": DRAFT7, "items": {"$ref": "#/definitions/a", "maxLength": 2}},
            [("maxLength", "/items/maxLength")],
        ),
        ({"tpye": "string"}, [("tpye", "/tpye")]),
        ({"items": {"format": "emial"}}, [("format", "/items/format")]),
        ({"format": "datetime"}, [("format", "/format")]),
        ({"items": {"nullable": True}}, [("nullable", "/items/nullable")]),
        (
            {"divisibleBy": 2, "disallow": "null", "extends": {"type": "null"}},
            [("divisibleBy", "/divisibleBy"), ("disallow", "/disallow"), ("extends", "/extends")],
        ),
        ({"name": "a", "strict": True, "schema": {"type": "object"}}, [("schema", "/schema")]),
        # One schema, met twice.
        (
            {
                "allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}],
                "$defs": {"a": {"enumm": []}},
            },
            [("enumm", "/$defs/a/enumm")],
        ),
    ],
)
def test_told(schema: Any, expected: list[tuple[str, str]]) -> None:
    if "$schema" in schema:
        schema = {**schema, "definitions": {"a": {}}}
    assert told(schema) == expected


@pytest.mark.parametrize(
    "schema",
    [
        {"title": "a", "examples": [], "example": 1, "x-order": 1, "units": "m", "enumNames": []},
        {"_format": "date", "//pattern": "a", "@type": "b"},
        {"$schema": DRAFT7, "$ref": "#/definitions/a", "description": "a", "x": 1},
        {"$ref": "#/$defs/a", "maxLength": 2, "$defs": {"a": {}}},
        {"properties": {"minLenght": {"type": "string"}}, "default": {"minLenght": 1}},
        {"items": {"format": "url", "nullable": False, "extends": "base.json", "fi": True}},
        {"format": "MIME", "items": {"schema": {"type": "object"}}},
        {"properties": {"nullable": True, "extends": {"type": "null"}}},
        {"type": "object", "schema": {"type": "object"}},
        {"schema": {"title": "a"}},
        {"dependencies": {"a": ["b"]}, "items": [True], "additionalItems": False},
    ],
)
def test_not_told(schema: Any) -> None:
    if "$schema" in schema:
        schema = {**schema, "definitions": {"a": {}}}
    assert told(schema) == []


def test_what_is_told_constrains_nothing() -> None:
    with pytest.warns(SchemaWarning, match="perhaps 'minLength' is meant"):
        assert accepts(schema_control({"minLenght": 3}), b'"a"')


def test_formats_are_told_where_they_would_constrain() -> None:
    with pytest.warns(SchemaWarning, match="perhaps 'email' is meant"):
        schema_control({"format": "emial"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for options in (
            JSONOptions(format="annotate"),
            JSONOptions.specification(),
            JSONOptions(formats={"emial": "a+"}),
        ):
            schema_control({"format": "emial"}, options)
