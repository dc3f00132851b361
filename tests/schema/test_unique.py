"""`uniqueItems` and its negation, against `jsonschema` on all short arrays over a few values."""

from __future__ import annotations

import json
import random
from itertools import product
from typing import Any

import jsonschema
import pytest

from constrain.errors import SchemaTooComplexError, UnsatisfiableSchemaError
from constrain.schema import JSONOptions, schema_control
from tests.reference import accepts, allowed_next, viable
from tests.schema.test_fuzz import walk

OPTIONS = {"generation": JSONOptions(), "specification": JSONOptions.specification()}
COMPACT = JSONOptions(whitespace="none")

UNIQUE = {"type": "array", "uniqueItems": True}
REPEATING = {"type": "array", "not": {"uniqueItems": True}}
A, LETTERS, STRING = {"const": "a"}, {"enum": ["a", "b"]}, {"type": "string"}
FLAG = {
    "type": "object",
    "properties": {"on": {"type": "boolean"}},
    "required": ["on"],
    "additionalProperties": False,
}

SCALARS = (1, 1.5, "a", "b", None, True, False)
OBJECTS: tuple[Any, ...] = ({}, {"a": 1}, {"a": 2}, {"a": 1, "b": 1}, {"b": 1, "a": 1}, {"a": {}})
NESTED: tuple[Any, ...] = ([], [1], [2], [1, 2], [[1]], [[1], [1]])
FLAGS: tuple[Any, ...] = ({"on": True}, {"on": False}, {}, True)

CASES: list[tuple[tuple[Any, ...], Any]] = [
    (SCALARS, UNIQUE),
    (SCALARS, {**UNIQUE, "items": STRING}),
    (SCALARS, {**UNIQUE, "items": {"type": ["integer", "boolean"]}, "minItems": 2}),
    (SCALARS, {**UNIQUE, "items": {"type": "boolean"}, "minItems": 2}),
    (SCALARS, {**UNIQUE, "items": {"enum": [1, 1.0, "a"]}, "minItems": 2}),
    (SCALARS, {**UNIQUE, "prefixItems": [LETTERS], "items": A, "minItems": 2}),
    (SCALARS, {**UNIQUE, "prefixItems": [STRING], "items": A, "minItems": 2}),
    (SCALARS, {**UNIQUE, "prefixItems": [STRING, LETTERS], "items": A, "minItems": 3}),
    (SCALARS, {**UNIQUE, "contains": STRING, "minContains": 2}),
    (SCALARS, {**UNIQUE, "items": {"enum": ["a", 1, None]}, "contains": {"enum": ["a", 1]},
               "minContains": 2}),
    (SCALARS, {**UNIQUE, "items": STRING, "contains": A, "minItems": 2, "maxItems": 3}),
    (OBJECTS, {**UNIQUE, "items": {"type": "object"}}),
    (OBJECTS, {**UNIQUE, "items": {"type": "object", "properties": {"a": {"type": "integer"}},
                                   "additionalProperties": False}}),
    (OBJECTS, {**UNIQUE, "items": {"minProperties": 1}, "minItems": 2}),
    (FLAGS, {**UNIQUE, "items": FLAG}),
    (FLAGS, {**UNIQUE, "items": FLAG, "minItems": 2}),
    (FLAGS, {**UNIQUE, "items": {"anyOf": [FLAG, {"type": "boolean"}]}, "minItems": 3}),
    (NESTED, UNIQUE),
    (NESTED, {**UNIQUE, "items": UNIQUE}),
    (NESTED, {**UNIQUE, "items": {"type": "array", "items": {"enum": [1, 2]}, "maxItems": 1},
              "minItems": 3}),
    (SCALARS, REPEATING),
    (SCALARS, {**REPEATING, "items": {"enum": ["a", 1]}, "minItems": 3}),
    (SCALARS, {**REPEATING, "prefixItems": [STRING, A], "items": False}),
    (SCALARS, {**REPEATING, "prefixItems": [STRING, {"type": "null"}], "items": A}),
    (SCALARS, {**REPEATING, "contains": A, "maxContains": 1, "maxItems": 3}),
    (SCALARS, {"type": "array", "oneOf": [{"uniqueItems": True}, {"minItems": 3}]}),
    (SCALARS, {"type": "array", "not": {"uniqueItems": True, "items": STRING}}),
    (FLAGS, {**REPEATING, "items": FLAG}),
    (NESTED, {**REPEATING, "items": UNIQUE}),
]  # fmt: skip


@pytest.mark.parametrize("language", OPTIONS)
@pytest.mark.parametrize(("items", "schema"), CASES, ids=[json.dumps(s) for _, s in CASES])
def test_all_short_arrays(items: tuple[Any, ...], schema: Any, language: str) -> None:
    control = schema_control(schema, OPTIONS[language])
    valid = jsonschema.Draft202012Validator(schema).is_valid
    for length in range(4):
        for array in map(list, product(items, repeat=length)):
            assert accepts(control, json.dumps(array).encode()) == valid(array), array
    ending = control.ending(control.start())
    assert accepts(control, ending)
    assert valid(json.loads(ending))


@pytest.mark.parametrize(
    ("text", "next_bytes"),
    [
        (b'["a"', b","),
        (b'["a","', b"bc"),
        (b'["a","b"', b","),
        (b'["a","b","', b"c"),
        (b'["a","b","c"', b"]"),
    ],
)
def test_what_is_left_of_few_values(text: bytes, next_bytes: bytes) -> None:
    schema = {**UNIQUE, "items": {"enum": ["a", "b", "c"]}, "minItems": 3}
    assert allowed_next(schema_control(schema, COMPACT), text) == set(next_bytes)


def test_no_item_is_begun_that_could_only_be_one_before() -> None:
    control = schema_control({**UNIQUE, "items": FLAG}, COMPACT)
    assert allowed_next(control, b'[{"on":true},{"on":') == set(b"f")
    assert allowed_next(control, b'[{"on":true},{"on":false}') == set(b"]")
    pair = {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 2}
    control = schema_control({**UNIQUE, "items": pair}, COMPACT)
    assert allowed_next(control, b"[[true,true],[true,false],[") == set(b"f")
    assert allowed_next(control, b"[[true,true],[true,") == set(b"f")


def test_values_that_later_items_need_are_left_for_them() -> None:
    schema = {**UNIQUE, "prefixItems": [STRING, STRING], "items": A, "minItems": 3, "maxItems": 3}
    control = schema_control(schema, COMPACT)
    assert not viable(control, b'["a"') and viable(control, b'["ab"')
    assert not viable(control, b'["ab","a"') and accepts(control, b'["ab","b","a"]')


def test_numbers_are_compared_by_value() -> None:
    control = schema_control(UNIQUE, JSONOptions.specification())
    for first, second in product(("1", "1.0", "10e-1", "0.1E+1"), repeat=2):
        assert not viable(control, f"[{first},{second},".encode())
    assert accepts(control, b"[1,true,[1],[true],0,false,0.1,-1,10]")
    assert not accepts(control, b"[0,-0.0]")


def test_strings_are_compared_however_they_are_spelled() -> None:
    control = schema_control({**UNIQUE, "items": {"maxLength": 3}}, JSONOptions.specification())
    assert not accepts(control, rb'["a","\u0061"]')
    assert accepts(control, rb'["a","\u0041"]')


def test_objects_are_compared_whatever_the_order_of_their_keys() -> None:
    control = schema_control(UNIQUE, JSONOptions.specification())
    assert not accepts(control, b'[{"a":1,"b":[{"c":null}]}, {"b" : [{"c":null}], "a":1.0}]')
    assert accepts(control, b'[{"a":1,"b":[{"c":null}]}, {"b" : [{"c":false}], "a":1.0}]')


@pytest.mark.parametrize(
    "schema",
    [
        {**UNIQUE, "items": {"type": "boolean"}, "minItems": 3},
        {**UNIQUE, "items": {"enum": [1, 1.0]}, "minItems": 2},
        {**UNIQUE, "items": {"type": "integer", "minimum": 0, "maximum": 40}, "minItems": 42},
        {**UNIQUE, "prefixItems": [A, A], "minItems": 2},
        {**UNIQUE, "prefixItems": [LETTERS, LETTERS, LETTERS], "minItems": 3},
        {**UNIQUE, "contains": A, "minContains": 2},
        {**UNIQUE, "items": FLAG, "minItems": 3},
        {**UNIQUE, "items": {"$ref": "#"}, "minItems": 2},
        {**UNIQUE, "items": {"anyOf": [{"type": "null"}, {"$ref": "#"}]}, "minItems": 2},
        {**REPEATING, "maxItems": 1},
        {**REPEATING, "prefixItems": [STRING, {"type": "integer"}], "items": False},
        {**REPEATING, "uniqueItems": True},
    ],
    ids=json.dumps,
)
def test_unsatisfiable(schema: Any) -> None:
    with pytest.raises(UnsatisfiableSchemaError):
        schema_control(schema)


def test_all_values_of_a_set_larger_than_what_is_listed() -> None:
    schema = {**UNIQUE, "items": {"type": "integer", "minimum": 1, "maximum": 40}, "minItems": 40}
    control = schema_control(schema, COMPACT)
    ending = control.ending(control.start())
    assert sorted(json.loads(ending)) == list(range(1, 41))
    numbers = [str(n) for n in range(1, 40)]
    assert allowed_next(control, f"[{','.join(numbers)},".encode()) == set(b"4")
    assert allowed_next(control, f"[{','.join(numbers)},40".encode()) == set(b"]")


@pytest.mark.parametrize("language", OPTIONS)
@pytest.mark.parametrize(
    "items",
    [
        {},
        STRING,
        {"type": "integer", "minimum": 1, "maximum": 300},
        {"type": "number", "multipleOf": 0.5},
        {"type": "string", "pattern": "^[a-z]{2,8}$"},
        {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
        {"type": "array", "items": {"type": "boolean"}, "maxItems": 8},
    ],
    ids=json.dumps,
)
def test_many_items_that_differ(items: Any, language: str) -> None:
    schema = {**UNIQUE, "items": items, "minItems": 300}
    control = schema_control(schema, OPTIONS[language])
    ending = control.ending(control.start())
    assert jsonschema.Draft202012Validator(schema).is_valid(json.loads(ending))
    assert len(json.loads(ending)) == 300
    written = json.loads(ending)[:150]
    text = json.dumps(written, ensure_ascii=False)[:-1].encode()
    assert viable(control, text) and not accepts(control, text + b"]")
    again = json.dumps(written[70], ensure_ascii=False).encode()
    assert not viable(control, text + b", " + again + b",")


def test_many_items_that_are_contained() -> None:
    schema = {**UNIQUE, "contains": STRING, "minContains": 3, "maxContains": 5, "minItems": 150}
    control = schema_control(schema, COMPACT)
    ending = control.ending(control.start())
    assert jsonschema.Draft202012Validator(schema).is_valid(json.loads(ending))
    assert len(json.loads(ending)) == 150


def test_recursion() -> None:
    tree = {**UNIQUE, "items": {"$ref": "#"}}
    control = schema_control(tree, COMPACT)
    assert accepts(control, b"[[],[[]],[[],[[]]]]")
    assert not accepts(control, b"[[],[[]],[[[]],[[]]]]")
    assert allowed_next(control, b"[[],[") == set(b"[")


def test_a_least_array_does_not_wait_for_what_is_found_out_later() -> None:
    # Whether the array that has to contain something has a least text depends on what it contains,
    # which is looked at after it.
    array = {"uniqueItems": True, "not": {"items": {"enum": []}}}
    members = {"type": "object", "properties": {"a": array}, "minProperties": 1}
    for schema, least in ((members, b'{"":0}'), (array, b"[0]")):
        control = schema_control(schema, COMPACT)
        assert control.ending(control.start()) == least


@pytest.mark.parametrize(
    "items",
    [
        {"contains": False},
        {"type": "array", "contains": {"const": 1}},
        {"type": "array", "contains": {"const": 1}, "items": {"enum": [1, 2]}},
        {"type": "array", "contains": {"enum": [1, 2]}, "minItems": 2},
        {"type": "array", "contains": {"type": "array", "contains": {"const": 1}}},
        {"type": ["array", "null"], "contains": {"allOf": [{"type": "array"}, {"const": 1}]}},
    ],
)
def test_items_that_differ_and_contain_something(items: Any) -> None:
    schema = {**UNIQUE, "items": items, "minItems": 2}
    if "null" in items.get("type", ()):
        schema["minItems"] = 1
    control = schema_control(schema, COMPACT)
    ending = control.ending(control.start())
    assert jsonschema.Draft202012Validator(schema).is_valid(json.loads(ending))
    assert len(ending) < 25


def test_many_records_that_fill_what_there_is() -> None:
    record = {
        "type": "object",
        "properties": {"id": {"type": "integer", "minimum": 0}, "on": {"type": "boolean"}},
        "required": ["id", "on"],
        "additionalProperties": False,
    }
    control = schema_control({**UNIQUE, "items": record}, COMPACT)
    written = [{"id": i, "on": on} for i in range(12) for on in (True, False)]
    text = json.dumps(written[:-1], separators=(",", ":"))[:-1] + ',{"id":'
    assert viable(control, f'{text}12,"on":'.encode())
    assert not viable(control, f"{text}5,".encode()) and not viable(control, f"{text}5}}".encode())
    assert allowed_next(control, f'{text}11,"on":'.encode()) == set(b"f")


@pytest.mark.parametrize("language", OPTIONS)
@pytest.mark.parametrize("keys", [("id", "name"), ("name", "id"), ("id",)])
def test_many_free_records(keys: tuple[str, ...], language: str) -> None:
    schema = {**UNIQUE, "items": {"type": "object"}}
    control = schema_control(schema, OPTIONS[language])
    valid = jsonschema.Draft202012Validator(schema).is_valid
    many = [{key: i if key == "id" else f"n{i % 5}" for key in keys} for i in range(20)]
    for last in (
        {"id": 3, "name": "n3"},
        {"name": "n3", "id": 3},
        {"id": 3},
        {"id": 3.0},
        {"id": "3", "name": "n3"},
        {"id": 3, "name": "n4"},
        {"id": 3, "name": "n3", "more": {}},
        {"id": 30, "name": "n3"},
        {"id": {}, "name": "n3"},
        {},
    ):
        array = [*many, last]
        assert accepts(control, json.dumps(array).encode()) == valid(array), last


def test_nesting_beyond_all_bounds() -> None:
    control = schema_control({**UNIQUE, "items": {"$ref": "#"}}, COMPACT)
    assert accepts(control, b"[" * 50 + b"]" * 50)
    with pytest.raises(SchemaTooComplexError):
        viable(control, b"[" * 400)


@pytest.mark.parametrize("language", OPTIONS)
@pytest.mark.parametrize("schema", [schema for _, schema in CASES], ids=json.dumps)
def test_walks_end_in_valid_arrays(schema: Any, language: str) -> None:
    control = schema_control(schema, OPTIONS[language])
    generator = random.Random(json.dumps(schema) + language)
    valid = jsonschema.Draft202012Validator(schema).is_valid
    for _ in range(20):
        assert valid(json.loads(walk(control, generator)))
