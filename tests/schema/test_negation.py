"""Keywords that negate or depend, in cases worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from constrain.errors import UnsatisfiableSchemaError
from constrain.schema import JSONOptions, schema_control
from tests.reference import accepts, allowed_next

SCALARS = 'null true false -1 0 1 2 2.5 10 "" "a" "ab" "abc"'.split()


@pytest.mark.parametrize(
    ("negated", "left"),
    [
        ({"type": "integer"}, 'null true false 2.5 "" "a" "ab" "abc"'),
        ({"type": ["number", "string"]}, "null true false"),
        ({"enum": [1, "a", None, False]}, 'true -1 0 2 2.5 10 "" "ab" "abc"'),
        ({"const": 2.5}, 'null true false -1 0 1 2 10 "" "a" "ab" "abc"'),
        (
            {"type": "number", "minimum": 0, "exclusiveMaximum": 10},
            'null true false -1 10 "" "a" "ab" "abc"',
        ),
        ({"multipleOf": 2}, "-1 1 2.5"),
        (
            {"type": "string", "minLength": 1, "maxLength": 2},
            'null true false -1 0 1 2 2.5 10 "" "abc"',
        ),
        ({"pattern": "^a"}, '""'),
        ({"anyOf": [{"type": "string"}, {"minimum": 1}]}, "-1 0"),
        ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, "-1 0 2.5 10"),
        ({"not": {"type": "string"}}, '"" "a" "ab" "abc"'),
        ({"oneOf": [{"minimum": 1}, {"maximum": 2}]}, 'null true false 1 2 "" "a" "ab" "abc"'),
    ],
)
def test_scalars(negated: Any, left: str) -> None:
    control = schema_control({"not": negated})
    assert [text for text in SCALARS if accepts(control, text.encode())] == left.split()


def test_negated_objects() -> None:
    negated = {"required": ["a"], "properties": {"b": {"type": "null"}}}
    control = schema_control({"type": "object", "not": negated}, JSONOptions(property_order="any"))
    for text, expected in {
        "{}": True,
        '{"a":1}': False,
        '{"a":1,"b":null}': False,
        '{"b":null}': True,
        '{"a":1,"b":2}': True,
        '{"b":2}': True,
    }.items():
        assert accepts(control, text.encode()) == expected


def test_conditions_do_not_set_the_order_of_properties() -> None:
    schema = {
        "if": {"properties": {"b": {"const": 1}}},
        "then": {"required": ["c"]},
        "not": {"required": ["d"]},
        "properties": {"a": {}, "b": {}},
        "type": "object",
    }
    control = schema_control(schema)
    assert accepts(control, b'{"a":1,"b":1,"c":1}')
    assert not accepts(control, b'{"b":2,"a":1}')


def test_a_negated_property_is_never_begun() -> None:
    schema = {
        "properties": {"a": {}, "b": {}},
        "additionalProperties": False,
        "type": "object",
        "not": {"required": ["a"]},
    }
    control = schema_control(schema, JSONOptions(whitespace="none"))
    assert allowed_next(control, b'{"') == {ord("b")}


def test_conditions() -> None:
    schema = {
        "type": "object",
        "properties": {"kind": {"enum": ["x", "y"]}},
        "required": ["kind"],
        "if": {"properties": {"kind": {"const": "x"}}},
        "then": {"required": ["a"]},
        "else": {"properties": {"a": False}},
    }
    control = schema_control(schema, JSONOptions(whitespace="none"))
    assert allowed_next(control, b'{"kind":"x"') == {ord(",")}
    assert accepts(control, b'{"kind":"x","a":1}')
    assert accepts(control, b'{"kind":"y","b":1}')
    assert not accepts(control, b'{"kind":"y","a":1}')


@pytest.mark.parametrize(
    ("draft", "keywords"),
    [
        ("draft7", {"dependencies": {"a": ["b"], "c": {"maxProperties": 1}}}),
        (
            "draft2020-12",
            {"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"maxProperties": 1}}},
        ),
    ],
)
def test_dependencies(draft: str, keywords: Any) -> None:
    schema = {"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, **keywords}
    control = schema_control(schema, draft=draft)
    good = "{}", '{"b":1}', '{"a":1,"b":1}', '{"c":1}'
    bad = '{"a":1}', '{"a":1,"x":1}', '{"b":1,"c":1}', '{"a":1,"b":1,"c":1}'
    assert all(accepts(control, text.encode()) for text in good)
    assert not any(accepts(control, text.encode()) for text in bad)


def test_property_names() -> None:
    schema = {
        "type": "object",
        "propertyNames": {"pattern": "^[a-c]{1,2}$"},
        "properties": {"x": {}},
    }
    control = schema_control(schema, JSONOptions(whitespace="none"))
    assert allowed_next(control, b'{"') == set(b"abc")
    assert allowed_next(control, b'{"ab') == {ord('"')}
    assert accepts(control, b'{"a":1,"ab":2,"b":3}')
    assert not accepts(control, b'{"x":1}')


@pytest.mark.parametrize(
    "schema",
    [
        {"not": {}},
        {"not": True},
        {"type": "integer", "not": {"type": "number"}},
        {"type": "integer", "not": {"multipleOf": 1}},
        {"type": "integer", "minimum": 4, "maximum": 6, "not": {"multipleOf": 5}, "multipleOf": 5},
        {"oneOf": [True, True]},
        {"required": ["a"], "type": "object", "propertyNames": {"maxLength": 0}},
        {"const": "a", "if": {"type": "string"}, "then": {"minLength": 2}},
    ],
)
def test_unsatisfiable(schema: Any) -> None:
    with pytest.raises(UnsatisfiableSchemaError):
        schema_control(schema)


_TAGS = range(60)


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (
            {"dependentRequired": {f"a{i}": [f"b{i}"] for i in range(40)}},
            '{"a1":0,"b1":0}',
            '{"a1":0,"b2":0}',
        ),
        (
            {
                "properties": {"tag": {"type": "string"}},
                "allOf": [
                    {
                        "if": {"properties": {"tag": {"const": f"t{i}"}}},
                        "then": {"required": [f"p{i}"]},
                    }
                    for i in _TAGS
                ],
            },
            '{"tag":"t7","p7":0}',
            '{"tag":"t7","p8":0}',
        ),
        (
            {
                "properties": {"tag": {"enum": [f"t{i}" for i in _TAGS]}},
                "dependentSchemas": {
                    f"p{i}": {"properties": {"tag": {"const": f"t{i}"}}} for i in _TAGS
                },
            },
            '{"tag":"t7","p7":0}',
            '{"tag":"t7","p8":0}',
        ),
        (
            {
                "oneOf": [
                    {"properties": {"tag": {"const": f"t{i}"}, "n": {"type": "integer"}}}
                    for i in _TAGS
                ]
            },
            '{"tag":"t7","n":7}',
            '{"n":7}',
        ),
        (
            {
                "type": "object",
                "oneOf": [
                    {"properties": {"n": {"type": "integer"}}, "required": [f"p{i}"]} for i in _TAGS
                ],
            },
            '{"p7":0}',
            '{"p7":0,"p8":0}',
        ),
    ],
    ids=["dependentRequired", "if", "dependentSchemas", "oneOf by tag", "oneOf by presence"],
)
def test_many_choices(schema: Any, good: str, bad: str) -> None:
    control = schema_control(schema, JSONOptions(property_order="any"))
    assert accepts(control, good.encode())
    assert not accepts(control, bad.encode())
