"""Formats of the caller's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from constrain.errors import RegexSyntaxError, UnsatisfiableSchemaError, UnsupportedSchemaError
from constrain.schema import JSONOptions, schema_control
from tests.reference import accepts, viable


def isbn(text: str) -> bool:
    weights = (1, 3) * 7
    return sum(int(c) * w for c, w in zip(text, weights, strict=False)) % 10 == 0


ISBN = "97[89][0-9]{10}", isbn
OPTIONS = JSONOptions(formats={"plate": "[A-Z]{2}-[0-9]{1,4}", "isbn": ISBN, "date": "today"})


def verdicts(schema: Any, *values: Any, options: JSONOptions = OPTIONS) -> list[bool]:
    control = schema_control(schema, options)
    return [accepts(control, json.dumps(value).encode()) for value in values]


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
    options = JSONOptions(formats={"broken": "a(", "wide": (".*", isbn)})
    schema_control({"format": "date"}, options)
    with pytest.raises(RegexSyntaxError):
        schema_control({"items": {"format": "broken"}}, options)
    with pytest.raises(UnsupportedSchemaError) as caught:
        schema_control({"items": {"format": "wide"}}, options)
    assert (caught.value.keyword, caught.value.pointer) == ("format", "/items/format")
