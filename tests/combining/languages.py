"""What a combined constraint has to agree on with an enumeration of its language."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from constrain.engine import Constraint
from constrain.engine.bitmask import allowed
from constrain.engine.control import Control
from constrain.special import SpecialToken
from constrain.vocabulary import Vocabulary

CALL, STOP = "<|call|>", "<|stop|>"
TEXTS = [
    b"a",
    b"b",
    b"(",
    b")",
    b"1",
    b",",
    b'"',
    b"\n",
    b"ab",
    b"(a",
    b"))",
    b"1,",
    b'"a',
    b"ba(1",
    b"a)",
    b"[",
    b"]",
    b"[1",
    b"\xff",
]
_TABLE = [*TEXTS, None, None, None]
VOCABULARY = Vocabulary.from_bytes(
    _TABLE,
    eos_token_ids=[len(_TABLE) - 1],
    special_tokens={CALL: len(_TABLE) - 3, STOP: len(_TABLE) - 2},
)
SYMBOLS = {CALL: "C", STOP: "S"}
"""How the special tokens are written in the texts below."""


def universe(alphabet: str, most: int) -> list[str]:
    """All texts of up to `most` characters."""
    return ["".join(text) for n in range(most + 1) for text in product(alphabet, repeat=n)]


def agrees(
    control: Control, alphabet: str, most: int, is_member: Callable[[str], bool], margin: int = 3
) -> int:
    """Compare masks, acceptance and endings with the language of `is_member`, text by text.

    A text of up to `most - margin` characters is taken to be the beginning of another if it is that
    of one of up to `most`. `C` and `S` stand for the special tokens. Returns how many texts of the
    language there are.
    """
    constraint = Constraint(control, VOCABULARY)
    sentences = {text for text in universe(alphabet, most) if is_member(text)}
    begun: dict[str, str] = {}
    for text in sentences:
        for n in range(len(text) + 1):
            known = begun.get(text[:n])
            if known is None or _rank(text[n:]) < _rank(known):
                begun[text[:n]] = text[n:]
    tokens = {
        token_id: written
        for token_id in range(VOCABULARY.size)
        if set(written := _written(VOCABULARY.spelling(token_id))) <= set(alphabet)
    }
    row = np.empty(VOCABULARY.bitmask_words, np.int32)
    for text in universe(alphabet, most - margin):
        matcher = constraint.matcher()
        if not matcher.accept_bytes(_spelt(text)):
            assert text not in begun, text
            continue
        assert text in begun, text
        assert matcher.is_accepting() == (text in sentences), text
        ending = _written(constraint.budget.ending(matcher))
        assert ending == begun[text], text
        matcher.fill_bitmask(row)
        found = set(np.flatnonzero(allowed(row, VOCABULARY.size)).tolist())
        assert TEXTS.index(b"\xff") not in found
        for token_id, token in tokens.items():
            if not token:
                assert (token_id in found) == (text in sentences), text
            elif len(text + token) <= most - margin:
                assert (token_id in found) == (text + token in begun), (text, token)
    return len(sentences)


def _rank(text: str) -> tuple[int, bytes]:
    return len(_spelt(text)), _spelt(text)


def _spelt(text: str) -> bytes:
    marks = {symbol: SpecialToken(name).mark for name, symbol in SYMBOLS.items()}
    return b"".join(marks.get(char, char.encode()) for char in text)


def _written(data: bytes) -> str:
    for name, symbol in SYMBOLS.items():
        data = data.replace(SpecialToken(name).mark, symbol.encode())
    return data.decode(errors="replace")
