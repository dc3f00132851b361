"""Large schemas: soon followed token by token, or refused with the bound that they pass."""

from __future__ import annotations

from itertools import product
from time import process_time
from typing import Any

import numpy as np
import pytest

from constrain import JSONOptions, Vocabulary, compile_json_schema
from constrain.engine.bitmask import allowed
from constrain.errors import RegexTooComplexError, SchemaTooComplexError
from constrain.explain import byte_vocabulary
from constrain.schema import schema_control
from constrain.schema.shapes import CLASS_LIMIT, PATTERN_LIMIT
from tests.reference import accepts
from tests.schema.adversarial import LANGUAGES

VOCABULARY = byte_vocabulary()
LETTERS = "abcdefghijklmnopqrstuvwxyz"
NAMES = [a + b for a, b in product(LETTERS, LETTERS)]


def _follow(schema: Any, options: JSONOptions, text: str) -> int:
    """Return how many characters of an ASCII text the masks allow, one after the other."""
    matcher = compile_json_schema(schema, VOCABULARY, options=options).matcher()
    row = np.zeros(VOCABULARY.bitmask_words, np.int32)
    for index, byte in enumerate(text.encode()):
        matcher.fill_bitmask(row)
        if not allowed(row, VOCABULARY.size)[byte]:
            return index
        assert matcher.accept(byte)
    return len(text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("least", [0, 3, 15_000])
def test_many_properties(language: str, least: int) -> None:
    options = LANGUAGES[language]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {f"p{i}": {"type": "string"} for i in range(20_000)},
        "additionalProperties": False,
        "minProperties": least,
    }
    _follow(True, options, "[1]")  # loads the kernels
    started = process_time()
    begun = '{"p1":"","p22":"x","p4567":""'
    assert _follow(schema, options, begun + ',"p4570":1') == len(begun) + len(',"p4570":')
    again = begun + ',"p22"'
    assert _follow(schema, options, again) < len(again)
    closed = _follow(schema, options, begun + "}")
    assert closed == len(begun) + (least <= 3)
    assert process_time() - started < 30


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_it_takes_to_end_with_many_properties(language: str) -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {f"p{i}": {"type": "integer"} for i in range(1_500)},
        "additionalProperties": False,
        "minProperties": 1_200,
    }
    _follow(True, LANGUAGES[language], "[1]")  # loads the kernels
    least = "{" + ",".join(f'"p{i}":0' for i in range(1_200)) + "}"
    started = process_time()
    matcher = compile_json_schema(schema, VOCABULARY, options=LANGUAGES[language]).matcher()
    row = np.zeros(VOCABULARY.bitmask_words, np.int32)
    for begun, following in (("{", '"'), ('"p', "0123456789"), ('0":0,"p', "123456789")):
        matcher.accept_bytes(begun.encode())
        least = least[len(begun) :]
        assert matcher.tokens_to_finish() == len(least) + 1
        matcher.fill_bitmask(row, budget=len(least) + 1)
        after = {chr(byte) for byte in np.flatnonzero(allowed(row, VOCABULARY.size)[:256])}
        assert least[0] in after
        assert after <= set(following)
        matcher.fill_bitmask(row, budget=len(least))
        assert not row.any()
    assert process_time() - started < 10


def test_many_properties_that_have_to_come_in_order() -> None:
    schema = {
        "type": "object",
        "properties": {f"p{i}": {"type": "string"} for i in range(20_000)},
        "additionalProperties": False,
        "minProperties": 15_000,
    }
    # So few may be passed over that 15,000 are left.
    assert _follow(schema, JSONOptions(), '{"p5000":') == len('{"p5000":')
    assert _follow(schema, JSONOptions(), '{"p5001":') < len('{"p5001":')


@pytest.mark.parametrize("language", LANGUAGES)
def test_many_patterns_of_keys_apart(language: str) -> None:
    options = LANGUAGES[language]
    patterns: dict[str, Any] = {f"^{name}[0-9]+$": {"const": i} for i, name in enumerate(NAMES)}
    schema = {"patternProperties": dict(list(patterns.items())[:100]), "type": "object"}
    for additional in (True, False):
        control = schema_control({**schema, "additionalProperties": additional}, options)
        assert accepts(control, b'{"aa1":0,"dv22":99}')
        assert not accepts(control, b'{"aa1":1}')
        assert not accepts(control, b'{"dv22":98}')
        assert not accepts(control, b'{"aa1":0,"aa1":0}')
        assert accepts(control, b'{"dw22":98}') == additional
        assert accepts(control, b'{"aa":98}') == additional


def test_patterns_of_keys_some_of_which_overlap() -> None:
    apart = {f"^{name}$": {"const": i} for i, name in enumerate(NAMES[1:90])}
    schema = {
        "type": "object",
        "patternProperties": {"^x": {"minimum": 3}, **apart, "y$": {"maximum": 5}},
    }
    control = schema_control(schema)
    for key, value, right in (
        ("x", 3, True),
        ("x", 2, False),
        ("xy", 4, True),
        ("xy", 6, False),
        ("xy", 2, False),
        ("zy", 5, True),
        ("zy", 6, False),
        ("ab", 0, True),
        ("ab", 1, False),
        ("ay", 23, False),
        ("aa", 9, True),
    ):
        assert accepts(control, f'{{"{key}":{value}}}'.encode()) == right, key


def test_too_many_patterns_of_keys() -> None:
    names = product(LETTERS[:10], LETTERS, LETTERS)
    patterns = {
        f"^{''.join(name)}": True for _, name in zip(range(PATTERN_LIMIT + 1), names, strict=False)
    }
    with pytest.raises(SchemaTooComplexError, match="different patternProperties") as error:
        schema_control({"items": {"patternProperties": patterns}})
    assert error.value.pointer == "/items/patternProperties"
    patterns = {f"{letter}": True for letter in LETTERS}
    with pytest.raises(SchemaTooComplexError, match=f"more than {CLASS_LIMIT} classes") as error:
        schema_control({"patternProperties": patterns})
    assert error.value.pointer == "/patternProperties"


def test_products_of_patterns_are_bounded() -> None:
    tokens = [bytes((byte,)) for byte in range(256)]
    tokens += [bytes(letters) for letters in product(b"abcdez", repeat=6)]
    vocabulary = Vocabulary.from_bytes([*tokens, None], eos_token_ids=[len(tokens)])
    patterns = [f"{a}.{{9}}{b}" for a in "abcde" for b in "abcde"]
    schema = {"type": "string", "allOf": [{"not": {"pattern": pattern}} for pattern in patterns]}
    matcher = compile_json_schema(schema, vocabulary).matcher()
    row = np.zeros(vocabulary.bitmask_words, np.int32)
    assert matcher.accept(ord('"'))
    started = process_time()
    with pytest.raises(RegexTooComplexError, match="derived for one mask"):
        matcher.fill_bitmask(row)
    assert process_time() - started < 20
