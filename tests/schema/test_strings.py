"""Sets of strings: membership, least texts and JSON spelling."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constrain.errors import RegexSyntaxError
from constrain.lexing.charset import char_class
from constrain.lexing.lexeme import JSONString
from constrain.lexing.regex import ANYTHING, EMPTY, complement, difference, matches, words
from constrain.schema.textual.strings import (
    StringShape,
    disjoint,
    intersect,
    pattern,
    spell,
    string,
)

PATTERNS = [r"^a", r"b$", r"[^a]", r"^(a|\")*$", r"^.{2,3}$", r"^\\", r"\n", r"^[^ -~]$", "é"]
ALPHABET = 'ab"\\\né'
TEXTS = [
    "".join(chars) for length in range(4) for chars in itertools.product(ALPHABET, repeat=length)
]


def shapes():  # type: ignore[no-untyped-def]
    for text, (low, high) in itertools.product(PATTERNS, [(0, None), (2, None), (1, 3), (3, 2)]):
        yield string([pattern(text)], low, high)
    yield string([pattern(text) for text in PATTERNS[:3]])
    yield string(low=2, high=2)


def test_membership_is_pattern_and_length() -> None:
    for shape in shapes():
        for text in TEXTS:
            inside = (
                matches(shape.regex, text)
                and shape.low <= len(text)
                and (shape.high is None or len(text) <= shape.high)
            )
            assert shape.contains(text) == inside
            assert matches(shape.language, text) == inside


def test_intersection_and_emptiness() -> None:
    for a, b in itertools.combinations(shapes(), 2):
        both = intersect(a, b)
        members = [text for text in TEXTS if a.contains(text) and b.contains(text)]
        assert [text for text in TEXTS if both.contains(text)] == members
        assert disjoint(a, b) == both.is_empty
        if members:
            assert not both.is_empty
    assert disjoint(string([pattern("^a")]), string([pattern("^b")]))
    assert string(low=3, high=2).is_empty


@pytest.mark.parametrize("index", range(len(list(shapes()))))
def test_the_least_text_is_the_least(index: int) -> None:
    shape = list(shapes())[index]
    least = shape.least
    candidates = [chr(point) for point in range(0x100)]
    if shape.is_empty:
        assert least is None
        return
    assert least is not None
    assert shape.contains(json.loads(least))
    longest = max(shape.low, 2)
    if longest == 2:
        texts = ["", *candidates, *(a + b for a in candidates[::3] for b in candidates)]
        spelled = [spell(text) for text in texts if shape.contains(text)]
        if spelled:
            assert (len(least), least) <= min((len(text), text) for text in spelled)


def test_least_texts() -> None:
    assert string().least == b'""'
    assert string(low=3).least == b'"   "'
    assert string([pattern(r"^[\x00-\x1f]$")]).least == rb'"\b"'
    assert string([pattern(r'^(\x01|"")$')]).least == rb'"\"\""'
    assert string([pattern(r"^\u00e9+$")], low=2).least == '"éé"'.encode()
    assert string([pattern("^[a-z]{1000}$")]).least == b'"' + b"a" * 1000 + b'"'


@given(st.text())
def test_spelling_is_minimal_json(text: str) -> None:
    spelled = spell(text)
    assert json.loads(spelled) == text
    assert spelled.decode() == json.dumps(text, ensure_ascii=False)


def test_lone_surrogates_have_no_spelling() -> None:
    with pytest.raises(ValueError, match=r"index 2 .* lone surrogate"):
        spell("ab\ud800c")


def test_strings_with_a_few_left_out() -> None:
    others = complement(words(["", "a"]))
    found = [StringShape(others, low, high).is_empty for low, high in ((0, 0), (0, 1), (2, 1))]
    assert found == [True, False, True]
    assert StringShape(difference(others, char_class([(0, 0x10FFFF)])), 1, 1).is_empty
    assert StringShape(others, 10**9).is_empty is False


def test_patterns_that_only_python_knows() -> None:
    assert matches(pattern(r"(?i)^yes\Z"), "YeS")
    assert matches(pattern(r"^(?P<year>[0-9]{4})$"), "2024")
    with pytest.raises(RegexSyntaxError) as caught:
        pattern("^(a")
    assert caught.value.pattern == "^(a"


def test_lengths_are_counters() -> None:
    assert string(low=1, high=65535).part("any") == JSONString(ANYTHING, "any", 1, 65535)
    bounded = string([pattern("^a+$")], 2, 3)
    assert bounded.part("minimal") == JSONString(pattern("^a+$"), "minimal", 2, 3)
    assert [n for n in range(6) if matches(bounded.language, "a" * n)] == [2, 3]
    assert string([pattern("^a$")], 3, 2).language is EMPTY
