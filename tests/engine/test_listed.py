"""Long lists of texts: their masks are those of a walk, whatever follows them."""

from __future__ import annotations

import random
from weakref import WeakKeyDictionary

import numpy as np
import pytest

from constrain import Vocabulary, compile_grammar
from constrain.engine import Constraint, listed, masks
from constrain.engine.single import RegexControl
from constrain.lexing.regex import words as texts

TOKENS = sorted(
    {*"abé😀,", "ab", "bé", "é😀", "a,", "b,a", "éa,", ",a,b", "abab", "bb,bb", "a😀,é"}
    | {"".join(word) for word in ("aab", "bba", "éé", "aé", "éb")}
)
PARTS = [b"\xc3", b"\xa9", b"a\xc3", b"\xa9b", b"\xf0\x9f", b"\x98\x80", b"\x98\x80,", b"b,\xc3"]


def vocabulary():
    table = [*[text.encode() for text in TOKENS], *PARTS]
    return Vocabulary.from_bytes([*table, None], eos_token_ids=[len(table)])


def walked(make, seed):
    """The masks and the least endings along a random text."""
    rng = random.Random(seed)
    constraint = make(vocabulary())
    matcher, row = constraint.matcher(), np.zeros(constraint.vocabulary.bitmask_words, np.int32)
    found = []
    for _ in range(12):
        matcher.fill_bitmask(row)
        found.append((row.copy(), constraint.budget.ending(matcher)))
        tokens = [t for t in range(constraint.vocabulary.size) if row[t >> 5] >> (t & 31) & 1]
        token = rng.choice(tokens)
        matcher.accept(token)
        if token == constraint.vocabulary.size - 1:
            break
    return found


@pytest.mark.parametrize("seed", range(40))
def test_masks_are_those_of_a_walk(seed, monkeypatch):
    rng = random.Random(seed)
    words = {"".join(rng.choices("abé😀", k=rng.randint(1, 5))) for _ in range(80)}
    after = rng.choice(['"," word', "word word?", "/[,ab]+/", '/é|😀/? ","', '(word ",")+'])

    def make(vocabulary):
        word = Constraint(RegexControl(texts(words)), vocabulary)
        return compile_grammar(f"start: word {after}", vocabulary, rules={"word": word})

    found = []
    for long in (2, 1_000_000):
        monkeypatch.setattr(listed, "_LONG", long)
        monkeypatch.setattr(masks, "_registry", WeakKeyDictionary())
        found.append(walked(make, seed))
    assert len(found[0]) == len(found[1])
    for one, other in zip(*found, strict=True):
        assert np.array_equal(one[0], other[0])
        assert one[1] == other[1]
