"""What matches consist of, against sets of texts and against automata."""

from __future__ import annotations

import interegular
import pytest
from hypothesis import given, settings

from constrain.lexing import regex as rx
from constrain.lexing.contents import are_apart, contents
from constrain.lexing.derivatives import Budget
from constrain.lexing.nodes import Ranges, Regex
from constrain.lexing.syntax import parse, search
from tests.lexing.test_regex import CASES, PATTERNS, Case


def holds(ranges: Ranges, char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in ranges)


@settings(max_examples=600, deadline=None)
@given(CASES)
def test_matches_consist_of_the_letters_and_have_what_is_needed(case: Case) -> None:
    expression, texts = case
    letters, needed = contents(expression)
    for text in texts:
        assert all(holds(letters, char) for char in text)
        for some in needed:
            assert any(holds(some, char) for char in text)


@settings(max_examples=300, deadline=None)
@given(PATTERNS, PATTERNS)
def test_expressions_that_are_apart_have_no_match_in_common(one: str, two: str) -> None:
    alphabet = interegular.fsm.Alphabet.from_groups(*"abcd", {interegular.fsm.anything_else})
    left = interegular.parse_pattern(one).to_fsm(alphabet)
    right = interegular.parse_pattern(two).to_fsm(alphabet)
    if are_apart([parse(one, flags="s"), parse(two, flags="s")]):
        assert (left & right).empty()


@pytest.mark.parametrize(
    ("one", "two", "apart"),
    [
        ("^[0-9a-z_-]{1,255}$", r"\{\{.+\}\}", True),
        ("^[0-9a-z_{}-]{1,255}$", r"\{\{.+\}\}", False),
        ("^(ab|ac)+$", "^[b-d]*$", True),
        ("^(ab|ac)*$", "^[b-d]*$", False),
        ("^[a-c]$", "^[d-f]$", True),
        ("^[a-d]$", "^[d-f]$", False),
        ("^[f-h]$", "^[d-f]$", False),
        ("^[e]$", "^[d-f]$", False),
    ],
)
def test_some_are_seen_to_be_apart(one: str, two: str, apart: bool) -> None:
    expressions: list[Regex] = [search(one), search(two)]
    assert are_apart(expressions) is apart
    assert are_apart(expressions[::-1]) is apart


@pytest.mark.parametrize(
    "patterns",
    [
        ("^[0-9a-z_-]{1,255}$", r"^.{4,255}$", r"\{\{.+\}\}"),
        ("^([0-9a-z_-]{1,16}/){1,16}$", r"^.{4,255}$", r"(a|b|c).*\{.*d.*\}"),
    ],
)
def test_no_long_search_is_made_for_what_is_plain_to_see(patterns: tuple[str, ...]) -> None:
    assert rx.is_empty(rx.intersect(*map(search, patterns)), Budget(500))
