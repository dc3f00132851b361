"""Masks of bounded strings, derived, against the walk that they stand for."""

from __future__ import annotations

import random

import numpy as np
import pytest

from constrain.engine.automaton import Automaton
from constrain.engine.bitmask import allowed
from constrain.engine.counted import PlainString
from constrain.engine.masks import Interior, Masks
from constrain.engine.tables import address
from constrain.lexing.cofinite import open_ended
from constrain.lexing.lexeme import JSONString, Literal, Space, lexeme
from constrain.lexing.regex import ANYTHING, difference, words
from constrain.lexing.syntax import search
from tests.engine.test_masks import VOCABULARY


@pytest.mark.parametrize("spelling", ["minimal", "any"])
@pytest.mark.parametrize("rest", [(), (Space("any"), Literal(b":"))])
def test_selection_equals_a_walk(spelling, rest) -> None:
    masks = Masks.of(VOCABULARY)
    counted = PlainString(masks.tables, spelling, rest)
    rng = random.Random(0)
    for _ in range(20):
        low = rng.randrange(4)
        high = rng.choice([None, low + rng.randrange(5)])
        automaton = Automaton()
        text = b'"' + b"x" * rng.randrange(0, 4 if high is None else high + 1)
        data = np.frombuffer(text, np.uint8)
        item = lexeme(JSONString(ANYTHING, spelling, low, high), *rest)
        state = automaton.run(address(data), 0, len(data), automaton.start((item,)))
        used = len(text) - 1
        tokens, nodes = counted.select(max(low - used, 0), -1 if high is None else high - used)
        scratch = masks.tables.scratch()
        scratch.clear()
        automaton.walk(np.zeros(1, np.int32), state, scratch)
        portals = scratch.take_portals()
        assert sorted(tokens.tolist()) == sorted(scratch.tokens_found().tolist())
        assert sorted(nodes.tolist()) == (sorted(portals[0][1].tolist()) if portals else [])


@pytest.mark.parametrize("rest", [(), (Space("any"), Literal(b":"))])
@pytest.mark.parametrize(
    "pattern", ["ab", "[a-f]{3}$", "x|^(a|[^b])$", "^[\\s\\S]{3,}$", "^[^]*[0-9]$", "é\\n"]
)
def test_open_ended_strings_equal_a_walk(pattern, rest) -> None:
    masks = Masks.of(VOCABULARY)
    plain = PlainString(masks.tables, "minimal", rest)
    regex = difference(search(pattern, "ecma"), words(["ab", "b", 'a"', "abc"]))
    assert open_ended(regex)
    rng = random.Random(0)
    automaton = Automaton()
    start = automaton.start((lexeme(JSONString(regex), *rest),))
    for _ in range(20):
        text = b'"' + bytes(rng.choices(b"abcfx1 ", k=rng.randrange(6)))
        data = np.frombuffer(text, np.uint8)
        state = automaton.run(address(data), 0, len(data), start)
        tokens, nodes = plain.select_open(automaton, state)
        scratch = masks.tables.scratch()
        scratch.clear()
        automaton.walk(np.zeros(1, np.int32), state, scratch)
        portals = scratch.take_portals()
        assert sorted(tokens.tolist()) == sorted(scratch.tokens_found().tolist())
        assert sorted(nodes.tolist()) == (sorted(portals[0][1].tolist()) if portals else [])


@pytest.mark.parametrize("high", [None, 4, 7])
@pytest.mark.parametrize("rest", [(), (Space("any"), Literal(b":"))])
@pytest.mark.parametrize("pattern", ["", "^[a-z]+$", "^(a|[b-z ]*)$", "^[ab]*\\x1f?$", "^a?b?$"])
def test_strings_less_words_equal_a_walk(pattern, rest, high) -> None:
    masks = Masks.of(VOCABULARY)
    rng = random.Random(0)
    derived = 0
    for _ in range(20):
        left = {"".join(rng.choices("abc", k=rng.randrange(5))) for _ in range(rng.randrange(1, 5))}
        regex = difference(search(pattern, "ecma"), words(left))
        automaton = Automaton(masks.tables.longest)
        state = automaton.start((lexeme(JSONString(regex, "minimal", 0, high), *rest),))
        text = b'"' * rng.randrange(2)
        text += bytes(rng.choices(b"abc", k=rng.randrange(4) if text else 0))
        data = np.frombuffer(text, np.uint8)
        state = automaton.run(address(data), 0, len(data), state)
        for member in automaton.parts(state)[0]:
            found = masks._less(member)
            if found is not None:
                walked = masks._compute(automaton, member.state)
                derived += 1
                assert tokens_of(found) == tokens_of(walked)
                assert sorted(found.nodes.tolist()) == sorted(walked.nodes.tolist())
    assert derived or pattern == "^a?b?$" or (pattern and high)


def tokens_of(interior: Interior) -> list[int]:
    row = np.zeros(VOCABULARY.bitmask_words, np.int32) if interior.dense is None else interior.dense
    dense = np.flatnonzero(allowed(row, VOCABULARY.size)).tolist()
    return sorted(dense + interior.tokens.tolist())
