"""References, dialects, and every way in which a schema is refused."""

from __future__ import annotations

import json
import math
import time
import warnings
from typing import Any

import numpy as np
import pytest
import referencing
from referencing.jsonschema import DRAFT7, DRAFT202012

from constrain.errors import (
    ConstraintError,
    InvalidSchemaError,
    RegexSyntaxError,
    SchemaTooComplexError,
    SchemaWarning,
    UnsatisfiableSchemaError,
    UnsupportedSchemaError,
)
from constrain.schema import JSONOptions, schema_control
from tests.reference import accepts


def verdicts(schema: Any, *texts: str, **arguments: Any) -> list[bool]:
    control = schema_control(schema, JSONOptions(), **arguments)
    return [accepts(control, text.encode()) for text in texts]


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/a~1b%20~0", "$defs": {"a/b ~": {"type": "null"}}},
        {"$ref": "#/anyOf/0/1", "anyOf": [[1, {"type": "null"}]]},
        {"$ref": "#here", "$defs": {"x": {"$anchor": "here", "type": "null"}}},
        {
            "$ref": "item",
            "$id": "http://e.org/root",
            "$defs": {"x": {"$id": "item", "type": "null"}},
        },
        {"allOf": [{"$ref": "#/definitions/n"}], "definitions": {"n": {"type": "null"}}},
        '{"$ref": "#/$defs/n", "$defs": {"n": {"type": "null"}}}',
    ],
    ids=["pointer", "list", "anchor", "identifier", "definitions", "text"],
)
def test_references(schema: Any) -> None:
    if isinstance(schema, dict) and "anyOf" in schema:
        schema = {"$ref": "#/x/0/1", "x": schema["anyOf"]}
    assert verdicts(schema, "null", "1") == [True, False]


def test_a_reference_is_resolved_in_the_resource_that_it_stands_in() -> None:
    schema = {
        "$id": "http://e.org/root",
        "$defs": {
            "n": {"type": "null"},
            "inner": {
                "$id": "inner",
                "$defs": {"n": {"type": "integer"}},
                "prefixItems": [{"$ref": "#/$defs/n"}, {"$ref": "root#/$defs/n"}],
            },
        },
        "$ref": "#/$defs/inner",
    }
    assert verdicts(schema, "[1,null]", "[null,null]", "[1,1]") == [True, False, False]


def test_siblings_of_a_reference_count_since_2019() -> None:
    schema = {"$ref": "#/definitions/n", "maximum": 5, "definitions": {"n": {"type": "integer"}}}
    assert verdicts(schema, "6") == [False]
    assert verdicts(schema, "6", draft="draft7") == [True]
    assert verdicts({"$schema": "http://json-schema.org/draft-04/schema#", **schema}, "6") == [True]


def test_dialects() -> None:
    bounds = {"type": "integer", "minimum": 1, "exclusiveMinimum": True}
    assert verdicts(bounds, "1", "2", draft="draft4") == [False, True]
    const = {"const": 1}
    assert verdicts(const, "2", draft="draft4") == [True]
    assert verdicts(const, "2", draft="draft6") == [False]


def test_remote_documents() -> None:
    registry = referencing.Registry().with_resources(
        [
            (
                "http://e.org/a",
                DRAFT202012.create_resource({"items": {"$ref": "b#/definitions/n"}}),
            ),
            ("http://e.org/b", DRAFT7.create_resource({"definitions": {"n": {"type": "null"}}})),
        ]
    )
    schema = {"$ref": "http://e.org/a"}
    assert verdicts(schema, "[null]", "[1]", registry=registry) == [True, False]
    with pytest.raises(InvalidSchemaError, match="registry"):
        schema_control(schema)


def test_a_document_is_of_the_draft_that_it_is_given_with() -> None:
    registry = referencing.Registry().with_resources(
        [
            (
                "http://e.org/old",
                DRAFT7.create_resource(
                    {
                        "$ref": "#/definitions/n",
                        "maximum": 5,
                        "definitions": {"n": {"type": "integer"}},
                    }
                ),
            )
        ]
    )
    schema = {"$ref": "http://e.org/old", "minimum": 3}
    assert verdicts(schema, "2", "9", registry=registry) == [False, True]


def test_documents_are_retrieved_when_a_reference_asks_for_them() -> None:
    asked = []

    def retrieve(uri: str) -> Any:
        asked.append(uri)
        documents: dict[str, Any] = {
            "http://e.org/a": {"$defs": {"x": {"$ref": "b"}}},
            "http://e.org/b": DRAFT7.create_resource({"items": [{"const": 1}]}),
        }
        return documents[uri]

    schema = {"$ref": "http://e.org/a#/$defs/x", "$defs": {"unused": {"$ref": "http://e.org/c"}}}
    assert verdicts(schema, "[1]", "[2]", retrieve=retrieve) == [True, False]
    assert asked == ["http://e.org/a", "http://e.org/b"]
    with pytest.raises(InvalidSchemaError) as caught:
        schema_control({"$ref": "http://e.org/none"}, retrieve=retrieve)
    assert caught.value.pointer == "/$ref"


def test_what_a_retriever_raises_is_not_hidden() -> None:
    def retrieve(uri: str) -> Any:
        raise TimeoutError(uri)

    with pytest.raises(TimeoutError, match=r"e\.org"):
        schema_control({"$ref": "http://e.org/a"}, retrieve=retrieve)


def test_identifiers_of_what_is_no_schema_name_nothing() -> None:
    named = {"$id": "http://e.org/n", "type": "null"}
    for holder in ({"const": named}, {"enum": [named]}, {"x-schemas": [named]}):
        with pytest.raises(InvalidSchemaError, match="nothing is at"):
            schema_control({"$defs": {"h": holder}, "$ref": "http://e.org/n"})
    assert verdicts({"x-schemas": [{"type": "null"}], "$ref": "#/x-schemas/0"}, "null") == [True]


TREE = {
    "$id": "http://e.org/tree",
    "$dynamicAnchor": "node",
    "properties": {"data": True, "children": {"items": {"$dynamicRef": "#node"}}},
}


def test_dynamic_references_lead_to_the_outermost_schema_of_that_name() -> None:
    registry = DRAFT202012.create_resource(TREE) @ referencing.Registry()
    strict = {
        "$id": "http://e.org/strict",
        "$dynamicAnchor": "node",
        "$ref": "tree",
        "required": ["data"],
    }
    texts = '{"data":1,"children":[{"data":1}]}', '{"data":1,"children":[{}]}'
    assert verdicts(strict, *texts, registry=registry) == [True, False]
    assert verdicts({"$ref": "http://e.org/tree"}, *texts, registry=registry) == [True, True]
    both = {"prefixItems": [strict, {"$ref": "tree"}], "$id": "http://e.org/both"}
    pairs = [f"[{first},{second}]" for first in texts for second in texts]
    assert verdicts(both, *pairs, registry=registry) == [True, True, False, False]


def test_recursion_through_dynamic_scopes_ends() -> None:
    inner = [
        {
            "$id": f"n{i}",
            "$dynamicAnchor": f"a{i % 3}",
            "items": {"anyOf": [{"$dynamicRef": f"n{j}#a{j % 3}"} for j in range(4)]},
        }
        for i in range(4)
    ]
    schema = {"$id": "http://e.org/root", "$defs": dict(zip("abcd", inner, strict=True))}
    assert verdicts({**schema, "$ref": "n0"}, "[[[[1]]]]", "[[[[") == [True, False]


def test_anchors_are_dynamic_in_the_drafts_that_have_them() -> None:
    schema = {
        "$id": "http://e.org/outer",
        "$recursiveAnchor": True,
        "type": ["integer", "array"],
        "$ref": "inner",
        "$defs": {
            "inner": {
                "$id": "inner",
                "$recursiveAnchor": True,
                "items": {"$recursiveRef": "#"},
            }
        },
    }
    assert verdicts(schema, "[[1]]", '["a"]', draft="draft2019-09") == [True, False]
    assert verdicts(schema, "[[1]]", '["a"]', draft="draft2020-12") == [True, True]


CUSTOM = "http://e.org/meta"


@pytest.mark.parametrize(
    ("vocabularies", "accepted"),
    [
        (["core", "applicator", "validation"], [True, False, False, True]),
        (["core", "applicator"], [True, False, True, True]),
        (["core", "validation"], [True, True, False, True]),
        (["core", "applicator", "validation", "format-assertion"], [True, False, False, False]),
    ],
    ids=["usual", "no validation", "no applicators", "formats"],
)
def test_a_meta_schema_chooses_vocabularies(vocabularies: list[str], accepted: list[bool]) -> None:
    uris = [f"https://json-schema.org/draft/2020-12/vocab/{name}" for name in vocabularies]
    meta = {
        "$id": CUSTOM,
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$vocabulary": {**dict.fromkeys(uris, True), "http://e.org/unknown": False},
    }
    registry = DRAFT202012.create_resource(meta) @ referencing.Registry()
    schema = {
        "$schema": CUSTOM,
        "maxLength": 4,
        "format": "ipv4",
        "properties": {"bad": False},
    }
    control = schema_control(schema, JSONOptions.specification(), registry=registry)
    texts = '{"good":1}', '{"bad":1}', '"longer"', '"text"'
    assert [accepts(control, text.encode()) for text in texts] == accepted


def test_a_vocabulary_that_is_needed_but_not_known() -> None:
    meta = {"$id": CUSTOM, "$vocabulary": {"http://e.org/unknown": True}}
    with pytest.raises(UnsupportedSchemaError, match=r"e\.org/unknown") as caught:
        schema_control({"$schema": CUSTOM}, retrieve={CUSTOM: meta}.__getitem__)
    assert caught.value.pointer == "/$schema"


def test_the_meta_schemas_are_there() -> None:
    schema = {"$ref": "http://json-schema.org/draft-04/schema#/properties/minLength"}
    assert verdicts(schema, "3", "-1") == [True, False]


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ("{", ""),
        ("[1]", ""),
        ([], ""),
        (3, ""),
        ('{"minimum": NaN}', ""),
        ("[" * 100_000, ""),
        ({"type": "text"}, "/type"),
        ({"type": []}, "/type"),
        ({"properties": {"a/b": {"minLength": -1}}}, "/properties/a~1b/minLength"),
        ({"items": [{"pattern": 3}]}, "/items/0/pattern"),
        ({"$defs": {"x": {"maximum": "3"}}, "$ref": "#/$defs/x"}, "/$defs/x/maximum"),
        ({"required": True}, "/required"),
        ({"enum": 3}, "/enum"),
        ({"anyOf": []}, "/anyOf"),
        ({"allOf": [3]}, "/allOf"),
        ({"properties": []}, "/properties"),
        ({"properties": {"a": 1}}, "/properties"),
        ({"multipleOf": 0}, "/multipleOf"),
        ({"minimum": float("inf")}, "/minimum"),
        ({"$ref": "#/$defs/none"}, "/$ref"),
        ({"$ref": "#none"}, "/$ref"),
        ({"$ref": 5}, "/$ref"),
        ({"$ref": "#"}, "/$ref"),
        (
            {"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}},
            "/$defs/a/anyOf/0/$ref",
        ),
    ],
)
def test_invalid_schemas(schema: Any, pointer: str) -> None:
    with pytest.raises(InvalidSchemaError) as caught:
        schema_control(schema)
    assert caught.value.pointer == pointer
    assert caught.value.reason


def test_the_names_of_drafts() -> None:
    for draft in (5, "draft5", "", "draft"):
        with pytest.raises(ConstraintError, match="draft2020-12"):
            schema_control({}, draft=draft)
    schema = {"prefixItems": [False], "const": []}
    for draft, accepted in ((4, True), ("4", True), (7, False), ("draft7", False), ("v1", False)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SchemaWarning)
            assert accepts(schema_control(schema, draft=draft), b"[1]") is accepted
    for draft in ("2020-12", "draft2020-12"):
        assert not accepts(schema_control({"prefixItems": [False]}, draft=draft), b"[1]")


def test_broken_patterns() -> None:
    for schema, pointer in (
        ({"pattern": "a("}, "/items/pattern"),
        ({"patternProperties": {"a(": {}}}, "/items/patternProperties/a("),
    ):
        with pytest.raises(RegexSyntaxError) as caught:
            schema_control({"items": schema})
        assert caught.value.pattern == "a("
        assert caught.value.pointer == pointer
        assert str(caught.value).startswith(f"at {pointer}: regular expression")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "uniqueItems": True},
        {"uniqueItems": False},
        {"maxItems": 1, "uniqueItems": True},
        {"if": {"type": "null"}},
        {"not": False},
        {"dependencies": {}},
        {"x-note": {"not": {}}, "title": "t", "default": 1, "examples": [1]},
        {"$defs": {"unused": {"not": {}, "type": "nonsense"}}},
    ],
)
def test_keywords_that_say_nothing_are_no_obstacle(schema: Any) -> None:
    schema_control(schema, draft="draft7")


@pytest.mark.parametrize(
    "branches",
    [
        [{"type": "string"}, {"type": "array"}, {"type": ["null", "integer"]}],
        [{"const": 1}, {"enum": ["a", "b"]}, {"type": "object"}],
        [{"type": "integer", "maximum": 4}, {"type": "integer", "minimum": 5}],
        [{"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^b"}],
        [
            {"type": "object", "required": ["k"], "properties": {"k": {"const": name}}}
            for name in ("a", "b", "c")
        ],
        [
            {
                "type": "object",
                "required": ["a"],
                "additionalProperties": False,
                "properties": {"a": {}},
            },
            {"type": "object", "required": ["b"]},
        ],
        [{"type": "array", "maxItems": 1}, {"type": "array", "minItems": 2}],
    ],
    ids=["types", "values", "ranges", "patterns", "tags", "keys", "lengths"],
)
def test_one_of_branches_that_exclude_one_another(branches: list[Any]) -> None:
    schema_control({"oneOf": branches})


def test_branches_that_overlap_are_made_exclusive() -> None:
    schema = {"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}
    texts = '{"a":1}', '{"b":1}', '{"a":1,"b":1}', "{}"
    assert verdicts(schema, *texts) == [True, True, False, False]
    three = {"oneOf": [{"minimum": 2}, {"maximum": 4}, {"multipleOf": 2}], "type": "integer"}
    assert verdicts(three, "0", "1", "2", "3", "4", "5", "6") == [
        False,
        True,
        False,
        False,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"enum": []},
        {"type": "integer", "minimum": 3, "maximum": 2},
        {"type": "string", "minLength": 3, "maxLength": 2},
        {"type": "string", "pattern": "^a$", "minLength": 2},
        {"type": "string", "enum": [1, None]},
        {"allOf": [{"type": "string"}, {"type": "null"}]},
        {"type": "object", "required": ["a"], "properties": {"a": False}},
        {"type": "object", "required": ["a"], "additionalProperties": False},
        {"type": "object", "minProperties": 3, "maxProperties": 2},
        {
            "type": "object",
            "minProperties": 2,
            "patternProperties": {"^a$": True},
            "additionalProperties": False,
        },
        {"type": "array", "minItems": 2, "prefixItems": [True, False]},
        {
            "$ref": "#/$defs/list",
            "$defs": {
                "list": {
                    "type": "object",
                    "required": ["next"],
                    "properties": {"next": {"$ref": "#/$defs/list"}},
                }
            },
        },
    ],
)
def test_unsatisfiable_schemas(schema: Any) -> None:
    with pytest.raises(UnsatisfiableSchemaError):
        schema_control(schema)


def _nested(depth: int) -> Any:
    schema: Any = {"type": "integer"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


@pytest.mark.parametrize(
    ("schema", "length"),
    [
        (_nested(100), 6 * 100 + 1),
        ({"type": "object", "properties": {f"p{i}": {"type": "null"} for i in range(10_000)}}, 2),
        (
            {
                "type": "object",
                "properties": {f"p{i}": {"type": "null"} for i in range(10_000)},
                "required": [f"p{i}" for i in range(10_000)],
            },
            2 + sum(len(f'"p{i}":null,') for i in range(10_000)) - 1,
        ),
        ({"enum": [f"value {i:060}" for i in range(60_000)]}, 68),
        ({"type": "array", "minItems": 10_000}, 20_001),
        ({"type": "string", "minLength": 1000, "maxLength": 65_535}, 1002),
    ],
    ids=["nested", "properties", "required", "enum", "items", "string"],
)
def test_large_schemas(schema: Any, length: int) -> None:
    started = time.process_time()
    control = schema_control(schema)
    assert list(control.lexemes(control.start()))
    assert len(control.ending(control.start())) == length
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "schema",
    [
        {
            "allOf": [
                {"anyOf": [{"properties": {f"{k}{i}": {"const": k}}} for k in "ab"]}
                for i in range(20)
            ]
        },
        {"patternProperties": {letter: {} for letter in "abcdefghijkl"}},
        {"multipleOf": 3, "minimum": 10**5000},
    ],
    ids=["alternatives", "overlaps", "digits"],
)
def test_too_complex_schemas(schema: Any) -> None:
    started = time.process_time()
    with pytest.raises(SchemaTooComplexError):
        schema_control(schema)
    assert time.process_time() - started < 5


def test_a_large_unused_part_costs_nothing() -> None:
    unused = {f"d{i}": {"not": {"properties": {"x": {"type": "nonsense"}}}} for i in range(20_000)}
    schema = {"$defs": {**unused, "n": {"type": "null"}}, "$ref": "#/$defs/n"}
    started = time.process_time()
    assert verdicts(schema, "null") == [True]
    assert time.process_time() - started < 0.1


def test_numbers_in_text_are_read_exactly() -> None:
    schema = json.dumps({"type": "number"})[:-1] + ', "maximum": 0.1000000000000000000001}'
    assert verdicts(schema, "0.1000000000000000000001", "0.1000000000000000000002") == [True, False]


def test_meta_schemas_that_are_not_known() -> None:
    with pytest.raises(UnsupportedSchemaError, match="draft4, draft6, draft7") as unsupported:
        schema_control({"$schema": "http://json-schema.org/draft-03/schema#"})
    assert unsupported.value.pointer == "/$schema"
    with pytest.raises(InvalidSchemaError, match="not int") as invalid:
        schema_control({"properties": {"a": {"$id": "b", "$schema": 4}}, "$ref": "b"})
    assert invalid.value.pointer == "/properties/a/$schema"
    with pytest.warns(SchemaWarning, match=r"read as draft7; pass the meta-schema") as warned:
        schema_control({"$schema": "http://example.com/foo"}, draft="draft7")
    assert warned[0].message.pointer == "/$schema"
    for uri in ("http://json-schema.org/draft-03/schema", 4):
        with pytest.warns(SchemaWarning, match="ignored '\\$schema'"):
            schema_control({"$schema": uri}, lenient=True)
    hyper = {"$schema": "http://json-schema.org/draft-04/hyper-schema#", "const": 1, "type": "null"}
    with pytest.warns(SchemaWarning, match="no keyword of draft4"):
        assert verdicts(hyper, "null") == [True]


@pytest.mark.parametrize(
    ("schema", "pointer", "message"),
    [
        ({"items": {"minimum": np.int64(3)}}, "/items/minimum", "a int64 of Python"),
        ({"enum": ("a", "b")}, "/enum", "a tuple of Python"),
        ({"enum": [{"a"}]}, "/enum", "of type set is no JSON value"),
        ({"const": [b"a"]}, "/const", "of type bytes is no JSON value"),
        ({"const": {"a": math.nan}}, "/const", "nan of type float"),
        ({"const": {"a": {1: 2}}}, "/const", "must be strings"),
        ({"items": {1: 2}}, "/items", "the key 1 must be a string"),
        ({"enum": ["a\ud800"]}, "/enum", r"holds the lone surrogate U\+D800"),
        ({"const": {"\udfff": 1}}, "/const", r"U\+DFFF"),
        ({"required": ["a\ud800"]}, "/required", r"U\+D800"),
        ({"properties": {"a\ud800": True}}, "/properties", r"U\+D800"),
    ],
)
def test_what_json_or_utf8_has_no_text_for(schema: Any, pointer: str, message: str) -> None:
    with pytest.raises(InvalidSchemaError, match=message) as caught:
        schema_control(schema)
    assert caught.value.pointer == pointer


def test_floats_of_numpy_are_floats() -> None:
    assert verdicts({"minimum": np.float64(2.5)}, "2", "3") == [False, True]
