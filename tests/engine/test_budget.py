"""Least endings, costs, and masks that leave room for an ending."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from constrain.engine import Constraint
from constrain.engine.bitmask import allowed
from constrain.schema import JSONOptions, schema_control
from tests.engine.controls import CONTROLS
from tests.engine.test_masks import PIECES, VOCABULARY, mask_of
from tests.reference import accepts, run

BYTES = sorted(set("".join(PIECES).encode()))


def least_length(control, text: bytes) -> int:
    """Breadth first over bytes; places where the same lexemes run in the same states are one."""
    layer, seen, length = [run(control, text)], set(), 0
    while not any(thread.accepting for threads in layer for thread in threads):
        following = []
        for threads in layer:
            for byte in BYTES:
                after = [new for thread in threads for new in thread.step(byte)]
                key = frozenset((thread.config, thread.running) for thread in after)
                if after and key not in seen:
                    seen.add(key)
                    following.append(after)
        layer, length = following, length + 1
    return length


def fewest(text: bytes) -> int:
    tokens = {VOCABULARY.token_bytes(t) for t in range(VOCABULARY.size)} - {None}
    best = [0] + [10**9] * len(text)
    for end in range(1, len(text) + 1):
        for begin in range(end):
            if text[begin:end] in tokens:
                best[end] = min(best[end], best[begin] + 1)
    return best[-1]


@pytest.mark.parametrize("name", [n for n in CONTROLS if "finite set" not in n])
def test_cost_is_that_of_the_least_ending(name: str) -> None:
    control = CONTROLS[name]
    constraint = Constraint(control, VOCABULARY)
    rng = random.Random(name)
    for _ in range(5):
        matcher, text = constraint.matcher(), b""
        for _ in range(5):
            ending = constraint.budget.ending(matcher)
            assert accepts(control, text + ending)
            assert len(ending) == least_length(control, text)
            assert matcher.tokens_to_finish() == 1 + fewest(ending)
            inner = sorted(mask_of(matcher) - set(VOCABULARY.eos_token_ids))
            if not inner:
                break
            token = rng.choice(inner)
            assert matcher.accept(token)
            text += VOCABULARY.token_bytes(token) or b""


@pytest.mark.parametrize("pattern", ["^([a-z][0-9])+$", "^(ab|b{3})*c$", "(a|b)b$", "^a*(b|\\n)?$"])
@pytest.mark.parametrize("escapes", ["minimal", "any"])
def test_endings_do_not_depend_on_those_found_before(pattern: str, escapes: str) -> None:
    schema = {"type": "string", "pattern": pattern, "minLength": 5, "maxLength": 9}
    control = schema_control(schema, JSONOptions(escapes=escapes))
    used = Constraint(control, VOCABULARY)
    rng = random.Random(pattern)
    for _ in range(6):
        matcher, text = used.matcher(), b""
        while inner := sorted(mask_of(matcher) - set(VOCABULARY.eos_token_ids)):
            there = Constraint(control, VOCABULARY).matcher()
            assert there.accept_bytes(text)
            assert there.constraint.budget.ending(there) == used.budget.ending(matcher)
            assert there.tokens_to_finish() == matcher.tokens_to_finish()
            token = rng.choice(inner)
            assert matcher.accept(token)
            text += VOCABULARY.token_bytes(token) or b""


STRINGS: dict[str, Any] = {
    "plain": {},
    "bounded": {"minLength": 2, "maxLength": 3},
    "words": {"enum": ["a", "ab", 'a"', "b\n", "é"]},
    "pattern": {"pattern": '^(a|ab|"b)*[bé]$'},
    "bounded pattern": {"pattern": "^([ab]{2}|é)$", "maxLength": 1},
    "all but": {"not": {"enum": ["", "a", "ab"]}},
}


@pytest.mark.parametrize("escapes", ["minimal", "any"])
@pytest.mark.parametrize("name", STRINGS)
def test_endings_at_once_are_those_of_a_search(name: str, escapes: str) -> None:
    schema = {"type": "array", "items": {"type": "string", **STRINGS[name]}}
    constraint = Constraint(schema_control(schema, JSONOptions(escapes=escapes)), VOCABULARY)
    rng = random.Random(name)
    found = 0
    for _ in range(8):
        matcher = constraint.matcher()
        for _ in range(12):
            for node, state, _ in matcher.alternatives:
                if state != node.start and node.automaton.rest(state) is not None:
                    found += 1
                    at_once = constraint.budget._least(node, state).text
                    node.endings.clear()
                    assert at_once == constraint.budget._search(node, state).text
            inner = sorted(mask_of(matcher) - set(VOCABULARY.eos_token_ids))
            if not inner:
                break
            assert matcher.accept(rng.choice(inner))
    assert found > 5


@pytest.mark.parametrize("name", CONTROLS)
def test_every_walk_within_a_budget_ends(name: str) -> None:
    constraint = Constraint(CONTROLS[name], VOCABULARY)
    rng = random.Random(name)
    row = np.zeros(VOCABULARY.bitmask_words, np.int32)
    for slack in (0, 1, 5):
        for _ in range(2):
            matcher = constraint.matcher()
            budget = matcher.tokens_to_finish() + slack
            while not matcher.is_finished():
                plain = mask_of(matcher)
                matcher.fill_bitmask(row, budget=budget)
                tokens = set(np.flatnonzero(allowed(row, VOCABULARY.size)).tolist())
                assert tokens and tokens <= plain
                affordable = set()
                for token in plain:
                    fork = matcher.fork()
                    assert fork.accept(token)
                    if fork.tokens_to_finish() < budget:
                        affordable.add(token)
                assert tokens == affordable
                assert matcher.accept(rng.choice(sorted(tokens)))
                budget -= 1
            assert budget >= 0


def test_forced_tokens() -> None:
    constraint = Constraint(CONTROLS["finite"], VOCABULARY)
    matcher = constraint.matcher()
    assert matcher.forced_tokens() == []
    assert matcher.accept_bytes(b"abb")
    assert b"".join(VOCABULARY.token_bytes(t) or b"" for t in matcher.forced_tokens()) == b"a"
    matcher = Constraint(CONTROLS["unique keys"], VOCABULARY).matcher()
    assert b"".join(VOCABULARY.token_bytes(t) or b"" for t in matcher.forced_tokens()) == b"{"
    assert matcher.accept_bytes(b'{"a"')
    assert b"".join(VOCABULARY.token_bytes(t) or b"" for t in matcher.forced_tokens()) == b":"
