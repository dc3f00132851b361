"""Searches for matches: alternatives, least lengths, and expressions with vast automata."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constrain.lexing import regex as rx
from constrain.lexing.derivatives import Budget
from constrain.lexing.divided import alternatives
from constrain.lexing.lengths import Lengths
from constrain.lexing.syntax import search
from tests.lexing.test_regex import CASES, LONGEST, TEXTS, Case

LETTERS = rx.star(rx.char_class([(0x61, 0x62)]))


@settings(max_examples=400, deadline=None)
@given(CASES)
def test_alternatives_match_together_what_the_expression_does(case: Case) -> None:
    expression, texts = case
    choices = alternatives(expression)
    assert len(choices) != 1
    if choices:
        assert {t for t in TEXTS if any(rx.matches(choice, t) for choice in choices)} == texts


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(CASES, st.integers(0, LONGEST)), min_size=1, max_size=3))
def test_least_lengths_do_not_depend_on_what_was_asked_before(
    asked: list[tuple[Case, int]],
) -> None:
    lengths = Lengths()
    for (expression, texts), limit in asked:
        least = min(map(len, texts), default=LONGEST + 1)
        for bound in (limit, LONGEST):
            assert lengths.least(rx.intersect(expression, LETTERS), bound) == min(least, bound + 1)


PIECE = "((c1d3g3).{4,8}){6,6}"


@pytest.mark.parametrize(
    ("parts", "possible"),
    [
        ((PIECE, "(t|8){10,10}..$"), True),
        ((f"^(?!..{PIECE})", PIECE, "(t|8){10,10}..$"), True),
        (("^..(c1d3g3.{4,8}){6}", "^(?!.*c1d3g3.{4,8}c1d3g3)"), False),
        (("ab1", "b12", "bc1", "c12", "ca1", "a12", "bca", "2a2", "^.{60}$"), True),
    ],
)
def test_parts_of_an_intersection_are_followed_one_by_one(
    parts: tuple[str, ...], possible: bool
) -> None:
    letters = search("^[a-z0-9]+$")
    whole = rx.intersect(rx.repeat(rx.ANY, 0, 104), letters, *map(search, parts))
    assert rx.is_empty(whole, Budget(50_000)) is not possible
