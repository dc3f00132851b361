"""Tokens that can be divided into lexemes in very many ways: a walk is made once."""

from __future__ import annotations

import numpy as np
import pytest

from constrain import Vocabulary, compile_grammar

LONG = 60
VOCABULARY = Vocabulary.from_bytes(
    [*(b"a" * n for n in range(1, LONG + 1)), b"!", b"a" * LONG + b"!", b"aaa!", None], [LONG + 3]
)
GRAMMARS = {
    "in a row": ('start: W~12 "!"\nW: /a+/', 12),
    "in turn": ('start: (A | B)+ "!"\nA: /a+/\nB: /a/', 1),
    "nested": ('start: e "!"\ne: e e | W\nW: /a+/', 1),
    "a list": ('start: W (W W)* "!"\nW: /aaa|aa|a/', 1),
}


@pytest.mark.parametrize(("grammar", "least"), GRAMMARS.values(), ids=GRAMMARS)
@pytest.mark.parametrize("budget", [None, 40])
@pytest.mark.parametrize("first", [None, 0, 4, 20])
def test_masks(grammar: str, least: int, budget: int | None, first: int | None) -> None:
    """C(60, 11) ways lead through the longest token."""
    matcher = compile_grammar(grammar, VOCABULARY, lexer="dynamic").matcher()
    if first is not None:
        assert matcher.accept(first)
    written = 0 if first is None else first + 1
    row = np.zeros(VOCABULARY.bitmask_words, np.int32)
    matcher.fill_bitmask(row, budget=budget)
    expected = []
    for token in range(LONG + 3):
        text = VOCABULARY.spelling(token)
        if not text.endswith(b"!") or written + text.count(b"a") >= least:
            expected.append(token)
    found = np.unpackbits(row.view(np.uint8), bitorder="little")
    assert np.flatnonzero(found).tolist() == expected
