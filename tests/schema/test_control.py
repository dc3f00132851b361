"""What the schema control allows, in small cases worked out by hand."""

from __future__ import annotations

import json
from itertools import chain, combinations, permutations
from typing import Any

import pytest

from constrain.schema import JSONOptions, SchemaControl, schema_control
from tests.reference import accepts, allowed_next, run, viable


def control_of(schema: Any, **options: Any) -> SchemaControl:
    return schema_control(schema, JSONOptions(**options))


def accepted(control: SchemaControl, *texts: str) -> list[bool]:
    return [accepts(control, text.encode()) for text in texts]


PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "mail": {"type": "string"},
    },
    "required": ["name"],
}


def test_properties_come_in_schema_order_and_the_others_after_them() -> None:
    texts = (
        '{"name":"a"}',
        '{"name":"a","mail":"b"}',
        '{"name":"a","mail":"b","age":1}',
        '{"age":1,"name":"a"}',
        '{"name":"a","other":[],"more":{}}',
        '{"other":1,"name":"a"}',
    )
    assert accepted(control_of(PERSON), *texts) == [True, True, False, False, True, False]
    assert accepted(control_of(PERSON, property_order="any"), *texts) == [True] * 6


@pytest.mark.parametrize("order", ["schema", "any"])
def test_no_key_comes_twice(order: str) -> None:
    control = control_of(PERSON, property_order=order)
    assert accepted(control, '{"name":"a","name":"a"}', '{"name":"a","x":1,"x":2}') == [False] * 2
    assert not viable(control, b'{"name":"a","x":1,"x"')
    assert viable(control, b'{"name":"a","x":1,"xy":1,"z')


def test_a_key_is_the_same_however_it_is_spelled() -> None:
    control = schema_control(PERSON, JSONOptions.specification())
    assert accepts(control, b'{"n\\u0061me":"a"}')
    assert not accepts(control, b'{"name":"a","n\\u0061me":"a"}')
    assert not accepts(control, b'{"name":"a","x":1,"\\u0078":1}')


def test_the_order_of_properties_is_that_of_the_keywords() -> None:
    base = {"properties": {"b": {}}}
    own = {"a": {}}
    before = control_of({"type": "object", "properties": own, "allOf": [base]})
    after = control_of({"type": "object", "allOf": [base], "properties": own})
    assert accepted(before, '{"a":1,"b":1}', '{"b":1,"a":1}') == [True, False]
    assert accepted(after, '{"a":1,"b":1}', '{"b":1,"a":1}') == [False, True]


@pytest.mark.parametrize(
    ("whitespace", "good", "bad"),
    [
        ("none", ['{"a":[1,2]}'], ['{ "a":[1,2]}', '{"a":[1, 2]}', '{"a":[1,2]} ']),
        (
            "bounded",
            ['{"a": [1, 2]}', '{\n  "a" : [\n\t\t1 ,\n 2\n]\n}', "[]"],
            ['{  "a":[]}', " []", "[] ", '{"a":[\r1]}', "[\n" + " " * 41 + "1]"],
        ),
        ("any", [' \r\n\t{ \n\n "a" :\t[1  ,2 ] } \n', "[  ]", " 1 "], ["\v1", '{"a"\x0c:1}']),
    ],
)
def test_white_space(whitespace: str, good: list[str], bad: list[str]) -> None:
    control = control_of(True, whitespace=whitespace)
    assert all(accepted(control, *good))
    assert not any(accepted(control, *bad))


def test_escapes() -> None:
    minimal, free = control_of(True), control_of(True, escapes="any")
    needed = r'"\"\\\n\u0000é"'
    idle = r'"\u0061"', r'"\/"', r'"\u000a"', r'"\ud83d\ude00"'
    assert accepted(minimal, needed, *idle) == [True, False, False, False, False]
    assert all(accepted(free, needed, *idle))


def test_numbers() -> None:
    integer = {"type": "integer"}
    spelled = "1.0", "10e-1", "-0"
    assert not any(accepted(control_of(integer), *spelled))
    assert all(accepted(control_of(integer, numbers="any"), *spelled))


def test_formats_by_option() -> None:
    schema = {"type": "string", "format": "date"}
    assert accepted(control_of(schema), '"2024-02-29"', '"2023-02-29"') == [True, False]
    assert accepted(control_of(schema, format="annotate"), '"2023-02-29"') == [True]
    assert accepted(control_of({"format": "no-such-format"}), '"x"') == [True]


def test_masks_lead_into_no_dead_end() -> None:
    schema = {
        "type": "object",
        "properties": {"a": False, "b": {"type": "null"}, "c": {"const": "x"}},
        "additionalProperties": False,
        "minProperties": 1,
    }
    control = control_of(schema, whitespace="none")
    assert allowed_next(control, b"") == {ord("{")}
    assert allowed_next(control, b"{") == {ord('"')}
    assert allowed_next(control, b'{"') == {ord("b"), ord("c")}
    assert allowed_next(control, b'{"c":"') == {ord("x")}
    assert allowed_next(control, b'{"c":"x"') == {ord("}")}
    assert allowed_next(control, b'{"b":null') == {ord("}"), ord(",")}


def test_counts_of_properties() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {}, "b": {}, "c": {}},
        "patternProperties": {"^[xy]$": {}},
        "additionalProperties": False,
        "minProperties": 4,
        "maxProperties": 4,
        "required": ["b"],
    }
    control = control_of(schema, whitespace="none")
    assert allowed_next(control, b'{"b":1,"') == {ord("c")}
    assert allowed_next(control, b'{"a":1,"b":1,"') == set(b"cxy")
    assert allowed_next(control, b'{"a":1,"b":1,"x":1,"') == {ord("y")}
    assert accepts(control, b'{"b":1,"c":1,"y":1,"x":1}')
    assert not viable(control, b'{"a":1,"b":1,"c":1,"x":1,')


def test_overlapping_patterns_all_apply() -> None:
    schema = {
        "type": "object",
        "properties": {"ab": {"maximum": 9}},
        "patternProperties": {"^a": {"type": "integer"}, "b$": {"minimum": 5}},
        "additionalProperties": {"type": "null"},
    }
    control = control_of(schema)
    good = '{"ab":7}', '{"axb":70}', '{"a":1}', '{"b":5.5}', '{"b":"x"}', '{"c":null}'
    bad = '{"ab":4}', '{"ab":10}', '{"axb":4}', '{"axb":5.5}', '{"a":null}', '{"b":4}', '{"c":1}'
    assert all(accepted(control, *good))
    assert not any(accepted(control, *bad))


def test_items() -> None:
    schema = {"prefixItems": [{"type": "integer"}, False], "items": {"type": "null"}}
    assert accepted(control_of(schema), "[]", "[1]", "[1,2]", "[null]") == [
        True,
        True,
        False,
        False,
    ]
    older = {"items": [{"type": "integer"}], "additionalItems": {"type": "null"}, "minItems": 1}
    assert accepted(control_of(older), "[]", "[1]", "[1,null,null]", "[1,1]") == [
        False,
        True,
        True,
        False,
    ]


def test_many_items_need_few_configurations() -> None:
    control = control_of({"type": "array", "items": {"type": "null"}, "minItems": 2})
    first, second = (len(control.ending(_after(control, b"[null" + b",null" * n))) for n in (0, 1))
    assert (first, second) == (len(b",null]"), len(b"]"))
    assert _after(control, b"[null,null,null") is _after(control, b"[null,null,null,null,null")


def _after(control: SchemaControl, text: bytes) -> Any:
    """The configuration after the last whole lexeme of a text without overlaps."""
    return next(thread.config for thread in run(control, text) if not thread.text)


def test_alternatives_are_followed_together() -> None:
    schema = {
        "anyOf": [
            {
                "properties": {"kind": {"const": "a"}, "x": {"type": "integer"}},
                "required": ["kind"],
            },
            {"properties": {"kind": {"const": "b"}, "x": {"type": "string"}}, "required": ["kind"]},
        ],
        "type": "object",
    }
    control = control_of(schema, whitespace="none")
    assert allowed_next(control, b'{"kind":"') == set(b"ab")
    assert allowed_next(control, b'{"kind":"a","x":') == set(b"-0123456789")
    assert allowed_next(control, b'{"kind":"b","x":') == {ord('"')}


def test_recursion() -> None:
    schema = {
        "$defs": {"tree": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
        "$ref": "#/$defs/tree",
    }
    control = control_of(schema)
    deep = 2000
    assert accepts(control, b"[" * deep + b"]" * deep)
    config: Any = control.start()
    (bracket,) = control.lexemes(config)
    for _ in range(deep):
        config = control.advance(config, (bracket,), None)
    assert control.ending(config) == b"]" * deep


@pytest.mark.parametrize(
    ("schema", "least"),
    [
        (True, b"0"),
        ({"type": "object"}, b"{}"),
        ({"type": "object", "required": ["bb", "a"]}, b'{"bb":0,"a":0}'),
        ({"type": "object", "minProperties": 2, "properties": {"a": {}}}, b'{" ":0,"":0}'),
        ({"type": "array", "minItems": 2, "items": {"enum": ["x", True]}}, b'["x","x"]'),
        ({"enum": [{"a": [None]}, [10, 20]]}, b"[10,20]"),
        ({"type": "string", "pattern": "^[a-c]{2}$"}, b'"aa"'),
        ({"type": "integer", "minimum": 95}, b"95"),
        (
            {
                "$ref": "#/$defs/n",
                "$defs": {
                    "n": {
                        "anyOf": [
                            {
                                "type": "object",
                                "required": ["n"],
                                "properties": {"n": {"$ref": "#/$defs/n"}},
                            },
                            {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/n"}},
                            {"const": "end"},
                        ]
                    }
                },
            },
            b'"end"',
        ),
    ],
)
def test_the_least_text(schema: Any, least: bytes) -> None:
    control = control_of(schema)
    assert control.ending(control.start()) == least
    assert accepts(control, least)


@pytest.mark.parametrize("order", ["schema", "any"])
def test_the_least_objects_with_counts_against_all_objects(order: str) -> None:
    schema = {
        "type": "object",
        "properties": {
            "b": {"const": 1},
            "a": {"const": 22},
            "long": {"const": 1},
            "c": {"enum": [3]},
            "d": {"const": "x"},
        },
        "required": ["long"],
        "additionalProperties": False,
    }
    members = {"b": 1, "a": 22, "long": 1, "c": 3, "d": "x"}
    for low in range(6):
        control = control_of({**schema, "minProperties": low}, property_order=order)
        texts = [
            json.dumps({name: members[name] for name in names}, separators=(",", ":")).encode()
            for names in _arrangements(list(members), order == "any")
            if "long" in names and len(names) >= low
        ]
        assert control.ending(control.start()) == min(texts, key=lambda text: (len(text), text))


def _arrangements(names: list[str], any_order: bool) -> list[list[str]]:
    choose = permutations if any_order else combinations
    return [list(some) for some in chain(*(choose(names, n) for n in range(len(names) + 1)))]


def test_configurations_are_shared() -> None:
    control = control_of({"type": "array", "items": {"type": "object", "properties": {"a": {}}}})
    assert _after(control, b'[{"a":1}') is _after(control, b'[{},{"a":2}')


def test_names_that_utf8_cannot_write_are_left_out() -> None:
    named = control_of({"type": "object", "dependentRequired": {"\ud800": ["b"]}})
    assert accepts(named, b'{"a":1}')
    assert not viable(named, b'{"\\ud800"')


def test_branches_that_are_hard_to_compare_may_overlap() -> None:
    branches = [{"format": "uri"}, {"format": "hostname"}]
    control = schema_control({"type": "string", "oneOf": branches})
    assert accepts(control, b'"http://example.com"')
    assert accepts(control, b'"example.com"')
    assert not accepts(control, b'"a b"')
