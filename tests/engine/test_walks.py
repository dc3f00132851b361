"""Walks that are kept and repeated: masks allow what the matcher accepts, token by token."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest

from constrain import JSONOptions, compile_grammar, compile_json_schema
from constrain.engine import Constraint, layout
from constrain.engine.bitmask import allowed
from constrain.vocabulary import Vocabulary

LETTERS = ' ab,":'
WORDS = ["".join(w) for n in (1, 2, 3, 4) for w in product(LETTERS, repeat=n)]
TOKENS = [*(word.encode() for word in WORDS), b"{", b"}", b"(", b")", b"[", b"]"]
VOCABULARY = Vocabulary.from_bytes([*TOKENS, None], eos_token_ids=[len(TOKENS)])

NAMES = r"""
start: list
list: item (_COMMA item)*
item: NAME [_AS NAME] | "(" list ")"
NAME: /[ab]+/
_COMMA: / *, */
_AS: / +ab? +/
"""
KEYS = {"additionalProperties": {"type": "string"}, "required": ["a", "ab b"]}
DIFFERENT = {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "minItems": 3}


def schema(described: object) -> Constraint:
    return compile_json_schema(described, VOCABULARY, options=JSONOptions.specification())


CONSTRAINTS = {
    "names": lambda: compile_grammar(NAMES, VOCABULARY),
    "names, dynamic": lambda: compile_grammar(NAMES, VOCABULARY, lexer="dynamic"),
    "keys": lambda: schema({"type": "object", **KEYS}),
    "different items": lambda: schema(DIFFERENT),
}


def mask_of(matcher) -> list[int]:
    row = np.zeros(VOCABULARY.bitmask_words, np.int32)
    matcher.fill_bitmask(row)
    return np.flatnonzero(allowed(row, VOCABULARY.size)).tolist()


def follow_some_texts(constraint: Constraint, seed: str) -> None:
    rng = random.Random(seed)
    for _ in range(5):
        matcher = constraint.matcher()
        for _ in range(6):
            found = mask_of(matcher)
            accepted = [t for t in range(VOCABULARY.size) if matcher.fork().accept(t)]
            assert found == accepted
            inner = [token for token in found if token not in VOCABULARY.eos_token_ids]
            if not inner:
                break
            assert matcher.accept(rng.choice(inner))


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_masks_allow_what_is_accepted(name: str) -> None:
    constraint = CONSTRAINTS[name]()
    follow_some_texts(constraint, name)
    handle = constraint.matcher().alternatives[0].node.automaton.handle
    assert handle[layout.N_WALKS] > 5
    known = handle[layout.WALKED], handle[layout.N_WALKED]
    follow_some_texts(constraint, name)
    assert known == (handle[layout.WALKED], handle[layout.N_WALKED])


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_no_more_walks_are_kept_than_there_is_room_for(name: str) -> None:
    constraint = CONSTRAINTS[name]()
    graph = constraint.matcher().alternatives[0].node.graph
    handle = graph.automaton.handle
    graph._walked = np.empty(layout.MOST_WALKED, np.int32)
    graph._refresh()
    handle[layout.N_WALKED] = layout.MOST_WALKED
    follow_some_texts(constraint, name)
    assert handle[layout.N_WALKED] == layout.MOST_WALKED
