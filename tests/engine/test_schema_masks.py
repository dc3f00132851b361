"""Masks of schemas, token by token, against the interpreter of controls."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from constrain.engine import Constraint
from constrain.engine.bitmask import allowed
from constrain.schema import JSONOptions, SchemaControl, schema_control
from constrain.vocabulary import Vocabulary
from tests.engine.test_masks import VOCABULARY, expected, mask_of
from tests.reference import accepts, viable

MAP = {"type": "object", "additionalProperties": {"type": "integer"}}
UNIQUE = {"type": "array", "uniqueItems": True}
RECORD = {
    "type": "object",
    "properties": {"a": {"type": "boolean"}, "b": {"enum": ["a", "ab"]}},
    "required": ["b"],
    "additionalProperties": False,
}
SCHEMAS = {
    "map": MAP,
    "map of maps": {"type": "object", "additionalProperties": MAP},
    "names and others": {
        "properties": {"a": {"enum": ["a", "ab"]}, "b": {"type": "integer"}},
        "required": ["b"],
        "type": "object",
    },
    "patterns": {
        "type": "object",
        "patternProperties": {"^a": {"type": "integer"}, "b$": {"maximum": 12}},
        "additionalProperties": False,
    },
    "few keys": {
        "type": "object",
        "patternProperties": {"^[ab]$": {"type": "integer"}},
        "additionalProperties": False,
        "minProperties": 1,
    },
    "two kinds of few keys": {
        "type": "object",
        "patternProperties": {"^a$": {"type": "integer"}, "^b$": {"type": "boolean"}},
        "additionalProperties": False,
    },
    "not a map": {"type": "object", "not": MAP},
    "not only one kind": {
        "type": "object",
        "patternProperties": {"^[ab]$": {"enum": [1, 12]}},
        "additionalProperties": False,
        "not": {"additionalProperties": {"const": 1}},
    },
    "unevaluated": {
        "type": "object",
        "anyOf": [{"properties": {"a": {"const": 1}}}, {"patternProperties": {"b$": True}}],
        "unevaluatedProperties": False,
    },
    "counts": {**MAP, "minProperties": 2, "maxProperties": 3},
    "array": {"type": "array", "items": {"enum": [1, 12, "a", None]}, "maxItems": 2, "minItems": 1},
    "any of": {"anyOf": [{"type": "string", "maxLength": 2}, {"type": "integer"}, MAP]},
}
ARRAYS: dict[str, Any] = {
    "strings with one": {
        "type": "array",
        "items": {"type": "string"},
        "contains": {"const": "a"},
        "maxItems": 3,
    },
    "one integer at most": {
        "type": "array",
        "items": {"type": ["string", "integer"]},
        "contains": {"type": "integer"},
        "maxContains": 1,
    },
    "unique strings": {**UNIQUE, "items": {"type": "string"}},
    "unique short strings": {**UNIQUE, "items": {"minLength": 1, "maxLength": 3}},
    "unique single characters": {**UNIQUE, "items": {"type": "string", "maxLength": 1}},
    "unique bounded strings": {**UNIQUE, "items": {"type": "string", "maxLength": 5}},
    "unique long strings": {**UNIQUE, "items": {"type": "string", "minLength": 3}},
    "unique words": {**UNIQUE, "items": {"type": "string", "pattern": "^[a-z]+$"}},
    "unique bounded words": {
        **UNIQUE,
        "items": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 3},
    },
    "unique words that end": {**UNIQUE, "items": {"type": "string", "pattern": "^(a|ab|b+)$"}},
    "unique few values": {**UNIQUE, "items": {"enum": ["a", "ab", 1, 12, None]}, "minItems": 2},
    "unique integers": {**UNIQUE, "items": {"type": "integer"}},
    "unique values": UNIQUE,
    "unique records": {**UNIQUE, "items": RECORD, "minItems": 2},
    "unique unique": {**UNIQUE, "items": {**UNIQUE, "items": {"type": "integer"}}},
    "unique with two": {
        **UNIQUE,
        "items": {"type": "string"},
        "contains": {"enum": ["a", "ab"]},
        "minContains": 2,
        "maxItems": 3,
    },
    "unique last": {
        **UNIQUE,
        "prefixItems": [{"type": "string"}],
        "items": {"const": "a"},
        "minItems": 2,
    },
    "repeated strings": {
        "type": "array",
        "items": {"type": "string"},
        "maxItems": 3,
        "not": {"uniqueItems": True},
    },
    "repeated records": {"type": "array", "items": RECORD, "not": {"uniqueItems": True}},
}


@pytest.mark.parametrize("order", ["schema", "any"])
@pytest.mark.parametrize("name", SCHEMAS)
def test_masks_equal_the_interpreter(name: str, order: str) -> None:
    control = schema_control(SCHEMAS[name], JSONOptions(property_order=order))
    walk_with_the_interpreter(control, random.Random(name + order), 4)


@pytest.mark.parametrize("name", ARRAYS)
def test_masks_of_arrays_equal_the_interpreter(name: str) -> None:
    control = schema_control(ARRAYS[name])
    walk_with_the_interpreter(control, random.Random(name), 3)


def walk_with_the_interpreter(control: SchemaControl, rng: random.Random, walks: int) -> None:
    constraint = Constraint(control, VOCABULARY)
    for _ in range(walks):
        matcher, text = constraint.matcher(), b""
        for _ in range(12):
            here = expected(control, text)
            assert mask_of(matcher) == here, text
            assert matcher.is_accepting() == accepts(control, text)
            inner = sorted(here - set(VOCABULARY.eos_token_ids))
            if not inner:
                break
            token = rng.choice(inner)
            assert matcher.accept(token)
            text += VOCABULARY.token_bytes(token) or b""


@pytest.mark.parametrize("text", [b'"\\u001f"', b'"\\u001F"', b'"a\\u000B"'])
def test_a_word_left_out_is_so_however_it_is_spelled(text: bytes) -> None:
    control = schema_control({"type": "string", "not": {"enum": ["\x1f", "a\x0b"]}})
    matcher = Constraint(control, VOCABULARY).matcher()
    assert not matcher.accept_bytes(text)
    assert matcher.accept_bytes(text[:-1] + b' "')


@pytest.mark.parametrize(
    "prefix", ['[{"n":[{"r":"1', '[{"n":[{"r":"1"},{"r":"a', '[{"n":[{"r":"1"}]},{"n":[{"r":"']
)
def test_tokens_that_end_unique_items_within_unique_items(prefix: str) -> None:
    text = {"type": "string", "pattern": "^[1a]+$"}
    notes = {"type": "object", "properties": {"r": {"anyOf": [text, {"type": "number"}]}}}
    items = {"type": "object", "properties": {"n": {**UNIQUE, "items": {"anyOf": [notes, text]}}}}
    tokens = ['"', "1", "}", '"}', '"},{', '"},{"', '"}],"', '"}]},{', '"}]},{"', '"},{}', '"},"a"']
    vocabulary = Vocabulary.from_bytes([*map(str.encode, tokens), None], [len(tokens)])
    control = schema_control({**UNIQUE, "items": items})
    matcher = Constraint(control, vocabulary).matcher()
    assert matcher.accept_bytes(prefix.encode())
    row = np.zeros(vocabulary.bitmask_words, np.int32)
    matcher.fill_bitmask(row)
    found = {token for token, flag in zip(tokens, allowed(row, len(tokens)), strict=True) if flag}
    assert found == {token for token in tokens if viable(control, (prefix + token).encode())}


def test_strings_of_one_pattern_have_bounds_of_their_own() -> None:
    text = {"type": "string", "pattern": "^b*(a{7}|c)$"}
    properties = {"x": {**text, "maxLength": 3}, "y": {**text, "maxLength": 10}}
    control = schema_control({"type": "object", "properties": properties})
    matcher = Constraint(control, VOCABULARY).matcher()
    assert matcher.accept_bytes(b'{"x":"bbc","y":"bbb')
    assert not matcher.fork().accept_bytes(b"ba")  # seven of them do not fit any more
    assert matcher.accept_bytes(b'aaaaaaa"}')
