"""Members of sets, the shortest first."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from itertools import islice, product
from typing import Any

import pytest

from constrain.lexing.regex import matches
from constrain.schema.in_order import numbers_in_order, strings_in_order
from constrain.schema.numeric.numbers import NumberShape, number
from constrain.schema.numeric.numerals import numerals
from constrain.schema.textual.strings import StringShape, pattern


@pytest.mark.parametrize(
    "expression", ["^[ab]{0,3}$", '^(a|bc|"|\n|é)*$', "b", "^(ab)*$|^c{2,3}$", "^(?!ab).{2}$"]
)
def test_strings_come_by_length_then_bytes(expression: str) -> None:
    regex = pattern(expression)
    letters = ["a", "b", "c", '"', "\n", "é", " "]
    texts = ("".join(text) for n in range(5) for text in product(letters, repeat=n))
    whole = sorted(
        (json.dumps(text, ensure_ascii=False).encode() for text in texts if matches(regex, text)),
        key=lambda text: (len(text), text),
    )
    found = (
        text
        for text in strings_in_order(StringShape(regex))
        if set(json.loads(text)) <= set(letters)
    )
    short = [text for text in whole if len(text) <= 4]
    assert list(islice(found, len(short))) == short


def test_all_strings_of_a_finite_set() -> None:
    texts = list(strings_in_order(StringShape(pattern("^[a-c]{1,3}$"), 2, None)))
    assert len(texts) == len(set(texts)) == 9 + 27


NUMBERS: list[dict[str, Any]] = [
    {},
    {"integer": True},
    {"integer": True, "minimum": -12, "maximum": 130},
    {"multiple_of": 0.25, "minimum": 0.5, "maximum": 20},
    {"multiple_of": 7, "minimum": 10**40},
    {"minimum": 0.001, "exclusive_maximum": 0.01},
    {"integer": True, "maximum": -95, "excluded": [-96, -100]},
    {"integer": True, "not_multiple_of": [2, 3]},
    {"multiple_of": 0.5, "not_multiple_of": [1]},
]


@pytest.mark.parametrize("limits", NUMBERS, ids=repr)
@pytest.mark.parametrize("language", ["plain", "any"])
def test_numbers_are_members_and_different(limits: dict[str, Any], language: Any) -> None:
    shape = number(**limits)
    assert shape is not None
    spelled = numerals(shape, language)
    found = list(islice(numbers_in_order(shape, language), 300))
    assert len({value for value, _ in found}) == len(found)
    for value, text in found:
        assert shape.contains(value)
        assert Fraction(Decimal(text.decode())) == value
        assert matches(spelled, text.decode()), text


@pytest.mark.parametrize(
    ("shape", "count"),
    [
        (number(integer=True, minimum=-12, maximum=130), 143),
        (number(multiple_of=0.25, minimum=0.5, maximum=20), 79),
        (NumberShape(low=Fraction(7, 4), high=Fraction(7, 4)), 1),
    ],
)
def test_all_numbers_of_a_finite_set(shape: NumberShape, count: int) -> None:
    assert len(list(numbers_in_order(shape, "plain"))) == count
