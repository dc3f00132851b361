"""Keywords about arrays, against `jsonschema` on all short arrays over a few values."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import jsonschema
import pytest

from constrain.errors import UnsatisfiableSchemaError
from constrain.schema import JSONOptions, schema_control
from tests.reference import accepts, viable

OPTIONS = {"generation": JSONOptions(), "specification": JSONOptions.specification()}
ITEMS = (1, 2, "a", None)
ARRAYS = [list(items) for length in range(5) for items in product(ITEMS, repeat=length)]
INTEGER, ONE = {"type": "integer"}, {"const": 1}

COUNTS: list[Any] = [
    {"contains": INTEGER},
    {"contains": True, "minContains": 2},
    {"contains": ONE, "minContains": 2, "maxContains": 3},
    {"contains": INTEGER, "maxContains": 1},
    {"contains": INTEGER, "minContains": 0},
    {"contains": INTEGER, "minContains": 0, "maxContains": 0},
    {"contains": ONE, "minContains": 0, "maxContains": 1, "minItems": 2},
    {"allOf": [{"contains": ONE}, {"contains": {"const": 2}}], "maxItems": 2},
    {"allOf": [{"contains": INTEGER, "minContains": 2}, {"contains": ONE}], "maxItems": 3},
    {"prefixItems": [ONE], "items": {"type": ["string", "null"]}, "contains": {"type": "null"}},
    {"prefixItems": [True, ONE], "items": {"type": "string"}, "contains": INTEGER, "minItems": 3},
    {"anyOf": [{"contains": ONE, "maxContains": 1}, {"contains": {"type": "null"}}]},
    {"not": {"items": INTEGER}},
    {"not": {"prefixItems": [True], "items": {"enum": [1, "a"]}}},
    {"not": {"prefixItems": [ONE, {"type": "null"}], "items": False}},
    {"not": {"contains": ONE}},
    {"not": {"contains": INTEGER, "minContains": 1, "maxContains": 2}},
    {"not": {"contains": INTEGER, "minContains": 2}, "contains": {"const": "a"}},
    {"not": {"minItems": 1, "maxItems": 2, "items": {"type": ["integer", "null"]}}},
    {"oneOf": [{"contains": ONE}, {"items": INTEGER}]},
]


@pytest.mark.parametrize("language", OPTIONS)
@pytest.mark.parametrize("keywords", COUNTS, ids=json.dumps)
@pytest.mark.parametrize("items", [{"enum": list(ITEMS)}, True], ids=["few items", "any items"])
def test_all_short_arrays(keywords: Any, items: Any, language: str) -> None:
    schema = {"allOf": [{"type": "array", "items": items}, keywords]}
    control = schema_control(schema, OPTIONS[language])
    valid = jsonschema.Draft202012Validator(schema).is_valid
    for array in ARRAYS:
        assert accepts(control, json.dumps(array).encode()) == valid(array), array
    ending = control.ending(control.start())
    assert accepts(control, ending)
    shortest = min(len(json.dumps(a, separators=(",", ":"))) for a in ARRAYS if valid(a))
    assert len(ending) <= shortest


def test_no_array_is_begun_that_cannot_be_ended() -> None:
    schema = {
        "type": "array",
        "items": {"enum": ["x", "y", "z"]},
        "contains": {"const": "x"},
        "minContains": 2,
        "maxItems": 3,
    }
    control = schema_control(schema, JSONOptions(whitespace="none"))
    assert viable(control, b'["y","x"')
    assert not viable(control, b'["y","y"') and not viable(control, b'["y","z')
    assert accepts(control, b'["x","y","x"]') and not accepts(control, b'["x","y"]')


def test_an_ending_where_some_outcomes_are_impossible() -> None:
    schema = {"type": "array", "items": {"const": "x"}, "contains": {"const": "y"}}
    control = schema_control({"anyOf": [schema, {**schema, "contains": {"enum": ["x", 1]}}]})
    config = control.start()
    for bracket in list(control.lexemes(config)):
        after = control.advance(config, (bracket,), None)
        assert after is not None and control.ending(after) == b'"x"]'
    mixed = {"type": "array", "prefixItems": [{"const": "x"}], "contains": {"const": "y"}}
    control = schema_control(mixed, JSONOptions(whitespace="none"))
    assert control.ending(control.start()) == b'["x","y"]'
    (bracket,) = control.lexemes(control.start())
    after = control.advance(control.start(), (bracket,), None)
    assert after is not None and control.ending(after) == b'"x","y"]'
    (item,) = control.lexemes(after)
    after = control.advance(after, (item,), None)
    assert after is not None and control.ending(after) == b',"y"]'


@pytest.mark.parametrize(
    "schema",
    [
        {"contains": False},
        {"contains": {"type": "string"}, "items": {"type": "integer"}},
        {"contains": True, "minContains": 2, "maxContains": 1},
        {"contains": True, "minContains": 3, "maxItems": 2},
        {"contains": {"type": "string"}, "prefixItems": [{"type": "string"}], "items": False,
         "minContains": 2},
        {"contains": True, "minContains": 0, "maxContains": 1, "minItems": 2},
        {"not": {"items": True}},
    ],
)  # fmt: skip
def test_unsatisfiable(schema: Any) -> None:
    with pytest.raises(UnsatisfiableSchemaError):
        schema_control({"type": "array", **schema})


@pytest.mark.parametrize(
    ("draft", "schema", "good", "bad"),
    [
        ("draft4", {"contains": {"type": "null"}}, "[1]", None),
        ("draft6", {"contains": {"type": "null"}, "minContains": 2}, "[null]", "[1]"),
        ("draft7", {"contains": {"type": "null"}, "maxContains": 1}, "[null,null]", "[]"),
        ("draft2019-09", {"contains": {"type": "null"}, "maxContains": 1}, "[null]", "[null,null]"),
        ("draft7", {"not": {"items": [True], "additionalItems": False}}, "[1,2]", "[1]"),
    ],
)
def test_drafts(draft: str, schema: Any, good: str, bad: str | None) -> None:
    control = schema_control({"type": "array", **schema}, draft=draft)
    assert accepts(control, good.encode())
    assert bad is None or not accepts(control, bad.encode())


def test_many_counts_at_once_are_not_split_forever() -> None:
    counts = [{"contains": {"multipleOf": n}, "maxContains": 3} for n in range(2, 6)]
    control = schema_control({"type": "array", "items": INTEGER, "allOf": counts})
    assert accepts(control, b"[1,2,3,4,5,6,7,9]")
    assert not accepts(control, b"[2,4,6,8]")


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"contains": {"const": value}} for value in (9, 12, 1)]},
        {"contains": {"const": "b"}, "maxContains": 1, "minItems": 3},
        {
            "allOf": [
                {"contains": {"type": "string", "minLength": 1}, "minContains": 2},
                {"contains": {"enum": ["10", 10, "x"]}, "minContains": 2, "maxContains": 2},
            ],
            "minItems": 3,
        },
    ],
)
def test_the_least_array_with_items_that_are_counted(schema: Any) -> None:
    judge = jsonschema.Draft202012Validator(schema)
    values = [0, 1, 9, 10, 12, " ", "!", "b", "x", "10"]
    valid = (
        json.dumps(items, separators=(",", ":")).encode()
        for count in range(4)
        for items in map(list, product(values, repeat=count))
        if judge.is_valid(items)
    )
    control = schema_control({"type": "array", **schema})
    assert control.ending(control.start()) == min(valid, key=lambda text: (len(text), text))
