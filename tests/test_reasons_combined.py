"""Why texts are refused by schemas in which keywords are nested, and beside one another."""

from __future__ import annotations

from typing import Any

import pytest

from tests.test_reasons import DRAFT4, DRAFT7, told

DRAFT2019 = {"$schema": "https://json-schema.org/draft/2019-09/schema"}

CASES: list[tuple[Any, str, str, str]] = [
    ({"not": {"not": {"type": "integer"}}}, '"a"', "/not", ""),
    ({"not": {"allOf": [{"type": "integer"}, {"minimum": 3}]}}, "5", "/not", ""),
    ({"not": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}, "null", "/not", ""),
    (
        {"properties": {"a": {"not": {"required": ["b"]}}}},
        '{"a":{"b":1}}',
        "/properties/a/not",
        "/a",
    ),
    ({"not": {"properties": {"a": {"const": 1}}}}, '{"b":2}', "/not", ""),
    ({"properties": {"a": {"not": True}}}, '{"a":1}', "/properties/a/not", "/a"),
    ({"oneOf": [{"type": "integer"}, {"multipleOf": 0.5}, {"type": "string"}]}, "4", "/oneOf", ""),
    (
        {
            "oneOf": [
                {"properties": {"k": {"const": "a"}, "v": {"type": "string"}}, "required": ["k"]},
                {"properties": {"k": {"const": "b"}, "v": {"type": "integer"}}, "required": ["k"]},
            ]
        },
        '{"k":"b","v":"x"}',
        "/oneOf",
        "",
    ),
    (
        {"items": {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}},
        '[{"a":1},{"a":1,"b":2}]',
        "/items/oneOf",
        "/1",
    ),
    (
        {
            "oneOf": [
                {"anyOf": [{"const": 1}, {"const": 2}]},
                {"oneOf": [{"const": 3}, {"const": 4}]},
            ]
        },
        "5",
        "/oneOf",
        "",
    ),
    (
        {
            "if": {"properties": {"c": {"const": "US"}}, "required": ["c"]},
            "then": {"properties": {"zip": {"pattern": "^[0-9]{5}$"}}},
            "else": {"required": ["post"]},
        },
        '{"c":"US","zip":"1234"}',
        "/then/properties/zip/pattern",
        "/zip",
    ),
    (
        {
            "if": {"properties": {"c": {"const": "US"}}, "required": ["c"]},
            "then": {"properties": {"zip": {"pattern": "^[0-9]{5}$"}}},
            "else": {"required": ["post"]},
        },
        '{"c":"DE"}',
        "/else/required",
        "",
    ),
    (
        {
            "if": {"type": "integer"},
            "then": {"if": {"minimum": 10}, "then": {"maximum": 20}, "else": {"maximum": 5}},
        },
        "7",
        "/then/else/maximum",
        "",
    ),
    (
        {
            "allOf": [{"properties": {"a": True}}],
            "properties": {"b": True},
            "unevaluatedProperties": False,
        },
        '{"a":1,"b":1,"c":1}',
        "/unevaluatedProperties",
        "/c",
    ),
    (
        {
            "oneOf": [
                {"properties": {"a": {"const": 1}}, "required": ["a"]},
                {"properties": {"b": True}, "required": ["b"]},
            ],
            "unevaluatedProperties": False,
        },
        '{"a":1,"x":2}',
        "/unevaluatedProperties",
        "/x",
    ),
    (
        {
            "prefixItems": [{"type": "integer"}],
            "contains": {"type": "string"},
            "unevaluatedItems": {"type": "boolean"},
        },
        '[1,"a",null]',
        "/unevaluatedItems/type",
        "/2",
    ),
    (
        {
            "properties": {"o": {"$ref": "#/$defs/base", "unevaluatedProperties": False}},
            "$defs": {"base": {"properties": {"x": True}}},
        },
        '{"o":{"x":1,"y":2}}',
        "/properties/o/unevaluatedProperties",
        "/o/y",
    ),
    ({**DRAFT2019, "items": [True], "unevaluatedItems": False}, "[1,2]", "/unevaluatedItems", "/1"),
    (
        {
            "$id": "https://e.x/tree",
            "$dynamicAnchor": "node",
            "type": "object",
            "properties": {
                "data": {"type": "integer"},
                "children": {"type": "array", "items": {"$dynamicRef": "#node"}},
            },
        },
        '{"data":1,"children":[{"data":"x"}]}',
        "/properties/data/type",
        "/children/0/data",
    ),
    (
        {
            "$id": "https://e.x/strict",
            "$dynamicAnchor": "node",
            "$ref": "tree",
            "unevaluatedProperties": False,
            "$defs": {
                "t": {
                    "$id": "tree",
                    "$dynamicAnchor": "node",
                    "type": "object",
                    "properties": {
                        "data": True,
                        "children": {"type": "array", "items": {"$dynamicRef": "#node"}},
                    },
                }
            },
        },
        '{"children":[{"daat":1}]}',
        "/unevaluatedProperties",
        "/children/0/daat",
    ),
    (
        {
            **DRAFT2019,
            "$id": "https://e.x/r",
            "$recursiveAnchor": True,
            "type": "object",
            "properties": {"n": {"$recursiveRef": "#"}},
            "additionalProperties": False,
        },
        '{"n":{"n":{"m":1}}}',
        "/additionalProperties",
        "/n/n/m",
    ),
    (
        {
            "$ref": "#/$defs/a~1b/properties/c%25d",
            "$defs": {"a/b": {"properties": {"c%d": {"type": "null"}}}},
        },
        "1",
        "/$defs/a~1b/properties/c%d/type",
        "",
    ),
    ({"$ref": "#x", "$defs": {"q": {"$anchor": "x", "maximum": 3}}}, "4", "/$defs/q/maximum", ""),
    (
        {**DRAFT7, "$ref": "#/definitions/a", "minimum": 100, "definitions": {"a": {"maximum": 3}}},
        "4",
        "/definitions/a/maximum",
        "",
    ),
    (
        {"contains": {"type": "string"}, "minContains": 2, "maxContains": 3},
        '["a",1]',
        "/minContains",
        "",
    ),
    (
        {"contains": {"type": "string"}, "minContains": 2, "maxContains": 3},
        '["a","b","c","d"]',
        "/maxContains",
        "",
    ),
    (
        {"contains": {"type": "string"}, "minContains": 0, "maxContains": 0},
        '["a"]',
        "/maxContains",
        "",
    ),
    ({"contains": {"minimum": 5}, "items": {"maximum": 9}}, "[1,2,3]", "/contains", ""),
    ({"contains": {"const": 1}}, "[]", "/contains", ""),
    ({"uniqueItems": True, "items": {"enum": ["a", "b"]}}, '["a","b","a"]', "/uniqueItems", "/2"),
    ({"not": {"uniqueItems": True}}, "[1,2]", "/not", ""),
    ({"uniqueItems": True, "maxItems": 2}, "[1,1,1]", "/uniqueItems", "/1"),
    ({"format": "ipv6", "maxLength": 3}, '"::ffff:1"', "/maxLength", ""),
    (
        {"propertyNames": {"pattern": "^[a-z]+$", "maxLength": 3}},
        '{"abcd":1}',
        "/propertyNames",
        "",
    ),
    ({"propertyNames": {"pattern": "^[a-z]+$"}}, '{"A":1,"b":2}', "/propertyNames", ""),
    ({"propertyNames": {"enum": ["a"]}, "minProperties": 2}, '{"a":1}', "/minProperties", ""),
    (
        {"propertyNames": {"anyOf": [{"const": "a"}, {"format": "date"}]}},
        '{"b":1}',
        "/propertyNames",
        "",
    ),
    ({"dependentRequired": {"a": ["b", "c"]}}, '{"a":1,"b":2}', "/dependentRequired/a", ""),
    (
        {"dependentSchemas": {"a": {"required": ["z"], "properties": {"b": {"type": "string"}}}}},
        '{"a":1,"b":2,"z":1}',
        "/dependentSchemas/a/properties/b/type",
        "/b",
    ),
    ({"dependentSchemas": {"a": False}}, '{"a":1}', "/dependentSchemas/a", ""),
    (
        {**DRAFT7, "dependencies": {"a": {"properties": {"b": {"type": "null"}}}}},
        '{"a":1,"b":2}',
        "/dependencies/a/properties/b/type",
        "/b",
    ),
    ({**DRAFT7, "dependencies": {"a": ["c"]}}, '{"a":1,"b":2}', "/dependencies/a", ""),
    ({"type": "integer", "minimum": -5, "exclusiveMaximum": 5}, "5.0", "/exclusiveMaximum", ""),
    ({**DRAFT4, "maximum": 3, "exclusiveMaximum": True}, "3", "/maximum", ""),
    ({"multipleOf": 3, "minimum": 10}, "11", "/multipleOf", ""),
    ({"enum": [1, 2, 3]}, "1.5", "/enum", ""),
    ({"const": [1, {"a": None}]}, '[1,{"a":0}]', "/const", ""),
    ({"type": ["string", "integer"]}, "1.5", "/type", ""),
    ({"type": "string", "contentEncoding": "base64", "maxLength": 2}, '"abc"', "/maxLength", ""),
    (
        {
            "contentMediaType": "application/json",
            "contentSchema": {"type": "integer"},
            "minLength": 3,
        },
        '"a"',
        "/minLength",
        "",
    ),
    (
        {
            "type": "object",
            "properties": {"a": {"type": "string", "maxLength": 3}},
            "required": ["a"],
        },
        '{"a":"abcd',
        "/properties/a/maxLength",
        "/a",
    ),
    ({"type": "array", "minItems": 3}, "[1,2]", "/minItems", ""),
    ({"type": "array", "items": {"type": "integer"}}, '[1,2,"', "/items/type", "/2"),
    ({"type": "array", "maxItems": 2}, "[1,2,3", "/maxItems", ""),
    ({"type": "integer", "minimum": 10}, "1", "/minimum", ""),
    ({"enum": ["abc", "abd"]}, '"abx', "/enum", ""),
    ({"type": "integer", "maximum": 5}, "7 x", "/maximum", ""),
    ({"properties": {"a": {"type": "integer"}}}, '{"a":"x",}', "/properties/a/type", "/a"),
    (
        {
            "properties": {
                "a": {
                    "type": "object",
                    "properties": {"b": {"type": "array", "items": {"required": ["c"]}}},
                }
            }
        },
        '{"a":{"b":[{"c":1},{"d":2}]}}',
        "/properties/a/properties/b/items/required",
        "/a/b/1",
    ),
    (
        {"patternProperties": {"^a": {"minimum": 5}, "b$": {"maximum": 3}}},
        '{"ab":4}',
        "/patternProperties/^a/minimum",
        "/ab",
    ),
    (
        {
            "properties": {"a": True},
            "patternProperties": {"^x": True},
            "additionalProperties": {"type": "null"},
        },
        '{"a":1,"x":1,"z":0}',
        "/additionalProperties/type",
        "/z",
    ),
    ({"minProperties": 2, "maxProperties": 3}, '{"a":1}', "/minProperties", ""),
    (
        {"additionalProperties": False, "properties": {"a": True}, "allOf": [{"required": ["b"]}]},
        '{"b":1}',
        "/additionalProperties",
        "/b",
    ),
    ({"allOf": [{"minimum": 5}, {"maximum": 3}]}, "4", "/allOf/0/minimum", ""),
    (
        {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a", "b", "c"]},
        '{"a":1}',
        "/required",
        "",
    ),
    (
        {"anyOf": [{"type": "string", "minLength": 5}, {"type": "integer", "minimum": 5}]},
        "3",
        "/anyOf",
        "",
    ),
    (
        {
            "anyOf": [{"$ref": "#/$defs/x"}, {"$ref": "#/$defs/y"}],
            "$defs": {
                "x": {"properties": {"t": {"const": "x"}}, "required": ["t", "v"]},
                "y": {"properties": {"t": {"const": "y"}}, "required": ["t", "w"]},
            },
        },
        '{"t":"y"}',
        "/anyOf",
        "",
    ),
]


@pytest.mark.filterwarnings("ignore::constrain.SchemaWarning")
@pytest.mark.parametrize(("schema", "text", "keyword", "pointer"), CASES)
def test_the_first_reason_is_that_of_the_refused_place(
    schema: Any, text: str, keyword: str, pointer: str
) -> None:
    reason = told(schema, text)[0]
    assert (reason.schema, reason.pointer) == (keyword, pointer)
    assert reason.keyword in keyword.split("/")
