"""Formats of the caller's own."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest

from constrain import Vocabulary, compile_json_schema
from constrain.errors import (
    RegexSyntaxError,
    SchemaTooComplexError,
    UnsatisfiableSchemaError,
    UnsupportedSchemaError,
)
from constrain.schema import JSONOptions, schema_control
from tests.reference import accepts, viable


def isbn(text: str) -> bool:
    weights = (1, 3) * 7
    return sum(int(c) * w for c, w in zip(text, weights, strict=False)) % 10 == 0


ISBN = "97[89][0-9]{10}", isbn
OPTIONS = JSONOptions(formats={"plate": "[A-Z]{2}-[0-9]{1,4}", "isbn": ISBN, "date": "today"})


def verdicts(schema: Any, *values: Any, options: JSONOptions = OPTIONS) -> list[bool]:
    control = schema_control(schema, options)
    return [accepts(control, json.dumps(value, ensure_ascii=False).encode()) for value in values]


def test_an_expression_matches_in_full() -> None:
    assert verdicts({"format": "plate"}, "AB-12", "xAB-12", "AB-12345", 7) == [
        True,
        False,
        False,
        True,
    ]
    assert verdicts({"format": "plate", "maxLength": 4}, "AB-1", "AB-12") == [True, False]


def test_a_function_has_the_last_word() -> None:
    texts = "9783161484100", "9783161484101"
    assert verdicts({"format": "isbn"}, *texts) == [True, False]
    assert verdicts({"not": {"format": "isbn"}}, *texts) == [False, True]
    assert verdicts({"format": "isbn", "pattern": "^979"}, *texts) == [False, False]


def test_what_a_function_refuses_is_left_out_before_the_end() -> None:
    control = schema_control({"format": "isbn", "type": "string"}, OPTIONS)
    prefix = b'"978316148410'
    assert [viable(control, prefix + digit) for digit in (b"0", b"1", b"9")] == [True, False, False]
    ending = control.ending(control.start())
    assert isbn(json.loads(ending))


def test_a_finite_format_of_which_nothing_is_left() -> None:
    options = JSONOptions(formats={"odd": ("[02468]", lambda text: int(text) % 2 == 1)})
    with pytest.raises(UnsatisfiableSchemaError):
        schema_control({"type": "string", "format": "odd"}, options)


def test_formats_of_ones_own_come_first_and_are_always_asserted() -> None:
    assert verdicts({"format": "date"}, "today", "2020-01-01") == [True, False]
    annotated = JSONOptions.specification(formats={"plate": "[A-Z]+"}, format="annotate")
    assert verdicts({"format": "plate"}, "AB", "ab", options=annotated) == [True, False]
    assert verdicts({"format": "date"}, "today", options=annotated) == [True]


def test_options_with_formats_are_values() -> None:
    formats = {"plate": "[A-Z]+"}
    assert hash(JSONOptions(formats=formats)) == hash(JSONOptions(formats=dict(formats)))
    assert JSONOptions(formats=formats) == JSONOptions(formats=dict(formats)) != JSONOptions()


def test_what_is_wrong_with_a_format_is_said_where_a_schema_uses_it() -> None:
    options = JSONOptions(formats={"broken": "a(", "judged": str.isupper})
    schema_control({"format": "date"}, options)
    with pytest.raises(RegexSyntaxError):
        schema_control({"items": {"format": "broken"}}, options)
    with pytest.raises(UnsupportedSchemaError) as caught:
        schema_control({"propertyNames": {"allOf": [{"format": "judged"}]}}, options)
    where = caught.value.keyword, caught.value.pointer
    assert where == ("format", "/propertyNames/allOf/0/format")


def even(text: str) -> bool:
    return len(text) % 2 == 0


JUDGED = {"even": even, "small": ("[a-z]+", even), "upper": str.isupper}


@pytest.mark.parametrize("specification", [False, True])
@pytest.mark.parametrize(
    ("schema", "accepted", "refused"),
    [
        ({"format": "even"}, ["", "ab", 'é"', "a\n", "😀x", 7], ["a", "abc", '"']),
        ({"format": "small"}, ["ab", "abcd"], ["", "a", "AB", "a1"]),
        ({"format": "even", "pattern": "^a", "maxLength": 4}, ["ab", "abbb"], ["b", "bb", "abc"]),
        ({"not": {"format": "even"}}, ["a"], ["ab", 7]),
        ({"oneOf": [{"format": "even"}, {"format": "upper"}]}, ["ab", "A"], ["AB", "a"]),
        ({"anyOf": [{"format": "even"}, {"format": "upper"}]}, ["ab", "A", "AB"], ["a"]),
        ({"format": "even", "enum": ["a", "ab", 3]}, ["ab", 3], ["a"]),
        ({"format": "even", "pattern": "^[xy]{1,2}$"}, ["xx", "xy"], ["x", "y", "xxx"]),
        ({"properties": {"k": {"format": "even"}}}, [{"k": "ab"}, {"k": 1}], [{"k": "a"}]),
    ],
)
def test_a_function_judges_what_is_written(
    schema: Any, accepted: list[Any], refused: list[Any], specification: bool
) -> None:
    make = JSONOptions.specification if specification else JSONOptions
    options = make(formats=JUDGED)
    verdict = verdicts(schema, *accepted, *refused, options=options)
    assert verdict == [True] * len(accepted) + [False] * len(refused)


def test_escapes_are_read_before_a_function_judges() -> None:
    options = JSONOptions.specification(formats=JUDGED)
    control = schema_control({"type": "string", "format": "upper"}, options)
    for text, valid in ((rb'"\u0041"', True), (rb'"\u0061"', False), (rb'"\ud83d\ude00A"', True)):
        assert accepts(control, text) is valid
    assert not viable(control, rb'"A\ud83dx')


def test_masks_of_strings_that_a_function_judges() -> None:
    tokens = [b'"', b"a", b"b", b"ab", b'a"', b'b",', b'",', b"[", b",", b"]", b'"]', b'"a"', b"\\"]
    tokens += [b"n", b"\\n", b'ab"]', b'"ab","', b"[]"]
    vocabulary = Vocabulary.from_bytes([*tokens, None], eos_token_ids=[len(tokens)])
    options = JSONOptions(formats=JUDGED, whitespace="none")
    schema = {"type": "array", "items": {"type": "string", "format": "even"}, "maxItems": 3}
    control = schema_control(schema, options)
    constraint = compile_json_schema(schema, vocabulary, options)
    rng = random.Random(5)
    for _ in range(40):
        matcher, text = constraint.matcher(), b""
        for _ in range(12):
            row = np.zeros(1, np.int32)
            matcher.fill_bitmask(row)
            allowed = {t for t in range(len(tokens)) if row[0] >> t & 1}
            expected = {t for t, data in enumerate(tokens) if viable(control, text + data)}
            assert allowed == expected, text
            if not allowed:
                break
            token = rng.choice(sorted(allowed))
            assert matcher.accept(token)
            text += tokens[token]


def test_the_shortest_ending_asks_the_function() -> None:
    schema = {"type": "array", "items": {"type": "string", "format": "upper"}, "minItems": 1}
    control = schema_control(schema, OPTIONS_WITH_JUDGES)
    assert control.ending(control.start()) == b'["A"]'
    hopeless = JSONOptions(formats={"never": lambda text: False})
    control = schema_control({"type": "string", "format": "never"}, hopeless)
    with pytest.raises(SchemaTooComplexError, match="expression"):
        control.ending(control.start())


OPTIONS_WITH_JUDGES = JSONOptions(formats=JUDGED)
