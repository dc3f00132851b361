"""Masks are exact: a token is allowed iff some valid text goes on with it.

Random schemas are held to a finite universe of values, of which `jsonschema` picks the valid ones.
Their texts, in every order, are all there is to be written, so the mask after any beginning can be
read off them, bit for bit.
"""

from __future__ import annotations

import json
import os
import random
from functools import lru_cache
from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from constrain.engine import Constraint
from constrain.engine.bitmask import allowed
from constrain.schema import JSONOptions
from constrain.vocabulary import Vocabulary
from tests.schema.agreement import compiled, is_valid
from tests.schema.strategies import schemas_of

_ROUND = int(os.environ.get("CONSTRAIN_FUZZ", "0"))
BUDGET = settings(
    max_examples=_ROUND or 60,
    deadline=None,
    derandomize=not _ROUND,
    database=None,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

OPTIONS = JSONOptions(property_order="any", whitespace="none")
LEAVES = ["a", "ab", "", 1, 10, True, None]
SMALL = [1, 0, "a", False]

UNIVERSES: dict[str, tuple[Any, list[Any]]] = {
    "scalars": ({"enum": LEAVES}, LEAVES),
    "arrays": (
        {"type": "array", "items": {"enum": SMALL}, "maxItems": 3},
        [list(items) for n in range(4) for items in product(SMALL, repeat=n)],
    ),
    "objects": (
        {
            "type": "object",
            "additionalProperties": {"enum": ["a", 2]},
            "propertyNames": {"enum": ["a", "b", "ab"]},
        },
        [
            {name: value for name, value in zip(("a", "b", "ab"), chosen, strict=True) if value}
            for chosen in product(("a", 2, None), repeat=3)
        ],
    ),
    "arrays of arrays": (
        {
            "type": "array",
            "items": {"type": "array", "items": {"enum": [0, 1]}, "maxItems": 2},
            "maxItems": 2,
        },
        [
            list(items)
            for n in range(3)
            for items in product([[], [0], [1], [0, 0], [0, 1], [1, 0], [1, 1]], repeat=n)
        ],
    ),
    "arrays of objects": (
        {
            "type": "array",
            "items": {
                "properties": {"a": {"enum": [0, 1]}, "b": {"const": 0}},
                "additionalProperties": False,
                "type": "object",
            },
            "maxItems": 2,
        },
        [
            list(items)
            for n in range(3)
            for items in product(
                [{}, {"a": 0}, {"a": 1}, {"b": 0}, {"a": 0, "b": 0}, {"a": 1, "b": 0}], repeat=n
            )
        ],
    ),
}
"""Schemas that hold values to a finite universe, and all values in it."""


def texts_of(value: Any) -> list[str]:
    """Return the texts of a value: its members in every order, without white space."""
    if isinstance(value, list):
        return [f"[{','.join(items)}]" for items in product(*map(texts_of, value))]
    if isinstance(value, dict):
        return [
            "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in members) + "}"
            for order in permutations(value.items())
            for members in product(
                *([(name, text) for text in texts_of(member)] for name, member in order)
            )
        ]
    return [json.dumps(value)]


@lru_cache
def vocabulary(universe: str) -> Vocabulary:
    """Return all bytes that occur in a universe, random pieces of its texts, and an EOS token."""
    texts = [text for value in UNIVERSES[universe][1] for text in texts_of(value)]
    pieces = {character for text in texts for character in text} | {"x", "}}", ',"', "]x"}
    generator = random.Random(universe)
    while len(pieces) < 90 and len(texts) > 10:
        text = generator.choice(texts)
        start = generator.randrange(len(text))
        pieces.add(text[start : start + generator.randint(1, 9)])
    tokens = [piece.encode() for piece in sorted(pieces - {""})]
    return Vocabulary.from_bytes([*tokens, None], eos_token_ids=[len(tokens)])


def mask_of(constraint: Constraint, text: str) -> set[int]:
    matcher = constraint.matcher()
    assert matcher.accept_bytes(text.encode())
    row = np.zeros(constraint.vocabulary.bitmask_words, np.int32)
    matcher.fill_bitmask(row)
    return set(np.flatnonzero(allowed(row, constraint.vocabulary.size)).tolist())


def check_masks(schema: Any, universe: str, seed: int, draft: str = "draft2020-12") -> None:
    """Compare masks along random beginnings of valid texts with those texts.

    Raises:
        AssertionError: a mask differs; the message is a test.
    """
    bound, values = UNIVERSES[universe]
    rest = {keyword: value for keyword, value in schema.items() if keyword != "$defs"}
    held = {"allOf": [bound, rest], "$defs": schema.get("$defs", {})}
    control = compiled(held, OPTIONS, draft)
    texts = [text for value in values if is_valid(held, value, draft) for text in texts_of(value)]
    assert (control is None) == (not texts), f"check_masks({schema!r}, {universe!r}, 0, {draft!r})"
    if control is None:
        return
    beginnings = {text[:end] for text in texts for end in range(len(text) + 1)}
    constraint = Constraint(control, vocabulary(universe))
    tokens = [constraint.vocabulary.token_bytes(t) for t in range(constraint.vocabulary.size)]
    generator = random.Random(seed)
    for _ in range(3):
        text, token = "", -1
        while token not in constraint.vocabulary.eos_token_ids:
            expected = {
                token
                for token, piece in enumerate(tokens)
                if piece and text + piece.decode() in beginnings
            }
            if text in texts:
                expected |= set(constraint.vocabulary.eos_token_ids)
            found = mask_of(constraint, text)
            if found != expected:
                raise AssertionError(
                    f"after {text!r} wrong: {[tokens[t] for t in found ^ expected]}\n\n"
                    f"def test_found_by_fuzzing() -> None:\n"
                    f"    check_masks({schema!r}, {universe!r}, {seed}, {draft!r})\n"
                )
            token = generator.choice(sorted(expected))
            text += (tokens[token] or b"").decode()


@pytest.mark.parametrize("draft", ["draft7", "draft2019-09", "draft2020-12"])
@pytest.mark.parametrize("universe", UNIVERSES)
@BUDGET
@given(data=st.data(), seed=st.integers(0, 2**16))
def test_masks_of_random_schemas(universe: str, draft: str, data: st.DataObject, seed: int) -> None:
    check_masks(data.draw(schemas_of(draft)), universe, seed, draft)
