"""What every control of a grammar has to agree on with Lark and with the reference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from constrain.engine import Constraint
from constrain.engine.bitmask import allowed
from constrain.grammar.compile import GrammarControl
from constrain.vocabulary import Vocabulary
from tests.grammar.grammars import lark_accepts, texts
from tests.reference import viable

TOKENS = [*[bytes([byte]) for byte in b"abAB #\n\t"], b"ab", b"ba", b"aab", b" b", b"b #", b"a\n b"]
VOCABULARY = Vocabulary.from_bytes([*TOKENS, None], eos_token_ids=[len(TOKENS)])
VOCABULARY_OF_ALL = Vocabulary.from_bytes(
    [*[bytes([byte]) for byte in range(256)], None], eos_token_ids=[256]
)


def agrees(control: GrammarControl, grammar: str, most: int) -> None:
    """Prefixes, acceptance, endings and masks are those of the language that Lark has."""
    universe = texts(grammar, most)
    is_exact(control, universe, lambda text: lark_accepts(grammar, text, control.lexer), most - 3)


def is_exact(
    control: GrammarControl, universe: list[str], accepts: Callable[[str], bool], most: int
) -> None:
    """Prefixes, acceptance, endings and masks are those of the language that `accepts` judges.

    The universe is all texts up to a length; masks are compared after texts of at most `most`.
    """
    sentences = {text for text in universe if accepts(text)}
    begun = {text[:n] for text in sentences for n in range(len(text) + 1)}
    constraint = Constraint(control, VOCABULARY)
    row = np.zeros(VOCABULARY.bitmask_words, np.int32)
    for text in universe:
        matcher = constraint.matcher()
        if not matcher.accept_bytes(text.encode()):
            assert text not in begun
            continue
        assert matcher.is_accepting() == (text in sentences), text
        ending = constraint.budget.ending(matcher).decode()
        assert accepts(text + ending), (text, ending)
        others = [s for s in sentences if s.startswith(text)]
        least = min((s[len(text) :] for s in others), key=lambda s: (len(s), s), default=ending)
        assert (len(ending), ending) <= (len(least), least), text
        if len(text) > most:
            continue
        matcher.fill_bitmask(row)
        going_on = {t for t, token in enumerate(TOKENS) if viable(control, text.encode() + token)}
        if text in sentences:
            going_on.add(len(TOKENS))
        assert set(np.flatnonzero(allowed(row, VOCABULARY.size)).tolist()) == going_on, text
