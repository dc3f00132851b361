"""Random schemas and values, with `jsonschema` as the oracle, in both directions."""

from __future__ import annotations

import json
import random
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from constrain.errors import InvalidSchemaError, UnsatisfiableSchemaError
from constrain.lexing.lexeme import JSONString, Lexeme, Literal, Text
from constrain.lexing.regex import shortest
from constrain.schema import JSONOptions, SchemaControl, schema_control
from constrain.schema.strings import StringShape
from tests.reference import accepts, is_complete, start_states, step_states
from tests.schema.strategies import schemas, spelled, values

BUDGET = settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def is_valid(schema: Any, value: Any) -> bool:
    return jsonschema.Draft202012Validator(schema).is_valid(value)


def compiled(schema: Any, options: JSONOptions) -> SchemaControl | None:
    """The control of a schema; None where nothing satisfies it. Circles are not of interest."""
    try:
        return schema_control(schema, options)
    except UnsatisfiableSchemaError:
        return None
    except InvalidSchemaError as error:
        assert "leads back" in error.reason
        reject()


@BUDGET
@given(schemas, values, st.data())
def test_the_specification_language_is_the_valid_values(
    schema: Any, value: Any, data: st.DataObject
) -> None:
    control = compiled(schema, JSONOptions.specification())
    valid = is_valid(schema, value)
    if control is None:
        assert not valid
    else:
        assert accepts(control, data.draw(spelled(value)).encode()) == valid


@BUDGET
@given(schemas, values)
def test_the_generation_language_in_any_order_is_the_valid_values(schema: Any, value: Any) -> None:
    control = compiled(schema, JSONOptions(property_order="any"))
    valid = is_valid(schema, value)
    if control is None:
        assert not valid
    elif not _has_whole_floats(value):
        assert accepts(control, json.dumps(value, ensure_ascii=False).encode()) == valid


@BUDGET
@given(schemas, values)
def test_the_generation_language_has_only_valid_values(schema: Any, value: Any) -> None:
    control = compiled(schema, JSONOptions())
    if control is not None and accepts(control, json.dumps(value, ensure_ascii=False).encode()):
        assert is_valid(schema, value)


@pytest.mark.parametrize(
    "options", [JSONOptions(), JSONOptions.specification()], ids=["generation", "specification"]
)
@BUDGET
@given(schema=schemas, seed=st.integers(0, 2**32))
def test_walks_end_in_valid_values(options: JSONOptions, schema: Any, seed: int) -> None:
    control = compiled(schema, options)
    assume(control is not None)
    assert control is not None
    generator = random.Random(seed)
    config, text = control.start(), b""
    for _ in range(generator.randrange(12)):
        lexemes = list(control.lexemes(config))
        if not lexemes:
            break
        piece = least_of(generator.choice(lexemes))
        ending = control.ending(config)
        together = tuple(item for item in lexemes if matches(item, piece))
        text += piece
        config = control.advance(config, together, piece)
        assert config is not None
        if ending.startswith(piece):
            assert control.ending(config) == ending[len(piece) :]
    text += control.ending(config)
    assert accepts(control, text)
    assert is_valid(schema, json.loads(text))


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


def _has_whole_floats(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_whole_floats, value.values()))
    if isinstance(value, list):
        return any(map(_has_whole_floats, value))
    return isinstance(value, float) and value.is_integer()
