"""Random schemas and values, with `jsonschema` as the oracle, in both directions.

`make fuzz` runs these tests with new examples for as long as one likes.
"""

from __future__ import annotations

import json
import os
import random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from constrain.lexing.lexeme import JSONString, Lexeme, Literal, Text
from constrain.lexing.regex import shortest
from constrain.schema import JSONOptions, SchemaControl
from constrain.schema.textual.strings import StringShape
from tests.reference import accepts, is_complete, start_states, step_states
from tests.schema.agreement import (
    GENERATION,
    SPECIFICATION,
    check_text,
    check_value,
    compiled,
    is_valid,
)
from tests.schema.strategies import DRAFTS, NUMBERS, STRINGS, schemas_of, spelled, values, variants

_ROUND = int(os.environ.get("CONSTRAIN_FUZZ", "0"))
"""Examples of each test in a round of `make fuzz`; 0: the same few examples each time."""

BUDGET = settings(
    max_examples=_ROUND or 120,
    deadline=None,
    derandomize=not _ROUND,
    database=None,
    print_blob=False,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
    ],
)


@pytest.mark.parametrize("draft", DRAFTS)
@BUDGET
@given(data=st.data())
def test_the_specification_language_is_the_valid_values(draft: str, data: st.DataObject) -> None:
    schema = data.draw(schemas_of(draft))
    check_text(schema, data.draw(values.flatmap(spelled)), draft)


@pytest.mark.parametrize("draft", DRAFTS)
@BUDGET
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_values_near_the_valid_ones(draft: str, data: st.DataObject, seed: int) -> None:
    schema = data.draw(schemas_of(draft))
    control = compiled(schema, SPECIFICATION, draft)
    assume(control is not None)
    assert control is not None
    value = json.loads(walk(control, random.Random(seed)))
    near = data.draw(variants(value))
    check_text(schema, data.draw(spelled(near)), draft)


@pytest.mark.parametrize("draft", DRAFTS)
@BUDGET
@given(data=st.data())
def test_the_generation_language_is_the_valid_values(draft: str, data: st.DataObject) -> None:
    check_value(data.draw(schemas_of(draft)), data.draw(values), draft)


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize(
    "options", [GENERATION, SPECIFICATION], ids=["generation", "specification"]
)
@BUDGET
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_walks_end_in_valid_values(
    options: JSONOptions, draft: str, data: st.DataObject, seed: int
) -> None:
    schema = data.draw(schemas_of(draft))
    control = compiled(schema, options, draft)
    assume(control is not None)
    assert control is not None
    text = walk(control, random.Random(seed))
    assert accepts(control, text)
    assert is_valid(schema, json.loads(text), draft), text


def walk(control: SchemaControl, generator: random.Random) -> bytes:
    """Return a text of a control: some random lexemes, then the least ending."""
    config, text = control.start(), b""
    for _ in range(generator.randrange(16)):
        lexemes = list(control.lexemes(config))
        if not lexemes:
            break
        lexeme = generator.choice(lexemes)
        ending = control.ending(config)
        for piece in [*generator.sample(pieces_of(lexeme), 1), least_of(lexeme)]:
            together = tuple(item for item in lexemes if matches(item, piece))
            reached = control.advance(config, together, piece)
            if reached is not None:
                break
        else:
            break
        text += piece
        config = reached
        if ending.startswith(piece):
            assert len(control.ending(config)) <= len(ending) - len(piece)
    return text + control.ending(config)


def pieces_of(item: Lexeme) -> list[bytes]:
    """Return some texts of a lexeme."""
    scalars = [json.dumps(value, ensure_ascii=False).encode() for value in (*STRINGS, *NUMBERS)]
    keys = [json.dumps(name, ensure_ascii=False).encode() + b":" for name in STRINGS]
    return [piece for piece in (*scalars, *keys) if matches(item, piece)] or [least_of(item)]


def least_of(item: Lexeme) -> bytes:
    """Return a short text of a lexeme."""
    text = b""
    for part in item.parts:
        if isinstance(part, Literal):
            text += part.data
        elif isinstance(part, Text):
            text += (shortest(part.regex) or "").encode()
        elif isinstance(part, JSONString):
            text += StringShape(part.regex, part.low, part.high).least or b""
    return text


def matches(item: Lexeme, text: bytes) -> bool:
    states = start_states(item)
    for byte in text:
        states = step_states(item, states, byte)
    return is_complete(item, states)
