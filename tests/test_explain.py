"""Where a text leaves its schema: the byte, the path and what was allowed there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from constrain import JSONOptions, compile_json_schema
from constrain.explain import Refusal, byte_vocabulary, explain

VOCABULARY = byte_vocabulary()
SCHEMA = {
    "type": "object",
    "properties": {
        "colour": {"enum": ["red", "green"]},
        "size": {"type": "integer", "minimum": 10, "maximum": 20},
        "pair": {"type": "array", "prefixItems": [{"const": 1}, {"const": 2}], "items": False},
        "a/b": {"type": "object", "additionalProperties": {"type": "boolean"}},
    },
    "required": ["colour"],
    "additionalProperties": False,
}


def _explain(text: str, schema: Any = SCHEMA, options: JSONOptions | None = None) -> Refusal | None:
    options = options or JSONOptions.specification()
    return explain(compile_json_schema(schema, VOCABULARY, options=options), text.encode())


@pytest.mark.parametrize(
    "text",
    ['{"colour": "red"}', ' {"a\\/b": {"x": true, "y": false}, "colour":\n"green", "size": 1.5e1}'],
)
def test_valid_texts_are_accepted(text: str):
    assert _explain(text) is None


@pytest.mark.parametrize(
    ("text", "position", "pointer", "found", "expected"),
    [
        ("[]", 0, "", "[", {"{"}),
        ("", 0, "", "", {"{"}),
        ('{"colour": "grey"}', 15, "/colour", '"grey"', {'"green"', '"red"'}),
        ('{"colour": "red"', 16, "", "", {', "a/b"', ', "pair"', ', "size"', "}"}),
        ('{"size": 15}', 11, "", "}", {', "a/b"', ', "colour"', ', "pair"'}),
        ('{"colr": 1}', 5, "", '"colr"', {'"a/b"', '"colour"', '"pair"', '"size"'}),
        ('{"pair": [1, 3]}', 13, "/pair/1", "3", {"0", "2"}),
        ('{"pair": [1, 2, 3]}', 14, "/pair", ",", {"]"}),
        ('{"a/b": {"~": 1}}', 14, "/a~1b/~0", "1", {"true", "false"}),
        ('{"colour": "red"} x', 18, "", "x", {"the end of the text"}),
        ('{"colour": "red", "colour": "red"}', 19, "", '"colour"', {'"a/b"', '"pair"', '"size"'}),
    ],
)
def test_refusals_say_where_and_what_was_allowed(
    text: str, position: int, pointer: str, found: str, expected: set[str]
):
    refusal = _explain(text)
    assert refusal is not None
    assert (refusal.position, refusal.pointer, refusal.found) == (position, pointer, found)
    assert set(refusal.expected) == expected


def test_a_number_that_ends_too_early_is_the_number_s_fault():
    refusal = _explain('{"size": 2}')
    assert refusal is not None
    assert (refusal.position, refusal.pointer, refusal.found) == (10, "/size", "2")
    assert (refusal.after, refusal.expected) == ("2", (".", "0"))


def test_lines_and_columns_count_characters():
    refusal = _explain('{"colour":\n "é"}')
    assert refusal is not None
    assert (refusal.position, refusal.line, refusal.column) == (13, 2, 3)


def test_characters_are_told_as_ranges():
    refusal = _explain('"ab7"', {"type": "string", "pattern": "^[a-f_]+$"}, JSONOptions())
    assert refusal is not None
    assert (refusal.found, refusal.after) == ('"ab7"', '"ab')
    assert refusal.expected == ('"', "_", "a-f")
    refusal = _explain('"a\n"', {"type": "string"})
    assert refusal is not None
    assert refusal.expected == ("any character",)


def test_long_values_are_shortened():
    refusal = _explain(json.dumps("x" * 1000), {"enum": ["a", "b"]})
    assert refusal is not None
    assert len(refusal.found) == 40
