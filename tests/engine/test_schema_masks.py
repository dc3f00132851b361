"""Masks of schemas, token by token, against the interpreter of controls."""

from __future__ import annotations

import random

import pytest

from constrain.engine import Constraint
from constrain.schema import JSONOptions, schema_control
from tests.engine.test_masks import VOCABULARY, expected, mask_of
from tests.reference import accepts

MAP = {"type": "object", "additionalProperties": {"type": "integer"}}
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
    "counts": {**MAP, "minProperties": 2, "maxProperties": 3},
    "array": {"type": "array", "items": {"enum": [1, 12, "a", None]}, "maxItems": 2, "minItems": 1},
    "any of": {"anyOf": [{"type": "string", "maxLength": 2}, {"type": "integer"}, MAP]},
}


@pytest.mark.parametrize("order", ["schema", "any"])
@pytest.mark.parametrize("name", SCHEMAS)
def test_masks_equal_the_interpreter(name: str, order: str) -> None:
    control = schema_control(SCHEMAS[name], JSONOptions(property_order=order))
    constraint = Constraint(control, VOCABULARY)
    rng = random.Random(name + order)
    for _ in range(4):
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
