"""Plans that many stacks of a parser share: masks allow what the matcher accepts."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest

from constrain import compile_grammar
from constrain.engine import Constraint
from constrain.engine.bitmask import allowed
from constrain.vocabulary import Vocabulary

LETTERS = "ab()[],"
WORDS = ["".join(w) for n in (1, 2, 3) for w in product(LETTERS, repeat=n)]
TOKENS = [*WORDS, "))))", "]])])", ")]" * 4, "a" * 5, "(" * 6, "[a,[", "a,a,a", ")a)a", "ab" * 3]
VOCABULARY = Vocabulary.from_bytes([*map(str.encode, TOKENS), None], eos_token_ids=[len(TOKENS)])

GRAMMARS = {
    "brackets": 'start: "(" start ")" | "[" [start ("," start)*] "]" | "a"',
    "left and right": """
        start: list
        list: list "," item | item
        item: "a" item | "(" list ")" | "[" item "]" | "b"
        """,
    # At the end of the innermost, all of them are reduced at once.
    "much at once": """
        start: one | "[" start "]"
        one: "a" one "b"~0..1 | "(" start ")" | ","
        """,
    "nothing between": """
        start: "(" inner ")" end | "[" inner "]"
        inner: start? "a"*
        end: "b"?
        """,
}


def mask_of(matcher) -> list[int]:
    row = np.zeros(VOCABULARY.bitmask_words, np.int32)
    matcher.fill_bitmask(row)
    return np.flatnonzero(allowed(row, VOCABULARY.size)).tolist()


def grow(constraint: Constraint, seed: int, steps: int) -> int:
    """Follow a text that likes to open brackets; return how many places had a mask."""
    rng = random.Random(seed)
    matcher = constraint.matcher()
    seen = set()
    for _ in range(steps):
        found = mask_of(matcher)
        assert found == [t for t in range(VOCABULARY.size) if matcher.fork().accept(t)]
        seen.add(matcher.place)
        inner = [token for token in found if token not in VOCABULARY.eos_token_ids]
        if not inner:
            break
        opening = [t for t in inner if TOKENS[t].count("(") + TOKENS[t].count("[") > 1]
        assert matcher.accept(rng.choice(opening if opening and rng.random() < 0.7 else inner))
    return len(seen)


@pytest.mark.parametrize("name", GRAMMARS)
def test_masks_allow_what_is_accepted(name: str) -> None:
    constraint = compile_grammar(GRAMMARS[name], VOCABULARY, lexer="contextual")
    for seed in range(8):
        grow(constraint, seed, 25)


def test_deep_places_share_plans() -> None:
    constraint = compile_grammar(GRAMMARS["brackets"], VOCABULARY)
    matcher = constraint.matcher()
    plans, places = set(), set()
    for token in ["[a,[", "(" * 6] * 30:
        mask_of(matcher)
        node = matcher.alternatives[0].node
        plans |= {id(plan) for plan in node.plans.values()}
        places.add(matcher.place)
        assert matcher.accept(TOKENS.index(token))
    assert len(places) == 60
    assert len(plans) < 15
