"""Tokens of one vocabulary as those of another that has the same, under other ids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from constrain.errors import VocabularyError
from constrain.vocabulary import Vocabulary


def counterparts(target: Vocabulary, draft: Vocabulary) -> NDArray[np.intp]:
    """Return [V] the draft's token for each token of the target; -1 where it has none.

    A counterpart has the same bytes, or is the special token of the same name. Tokens that end a
    text, and ids that stand for nothing, have it under the same id, if it stands for no bytes
    there; else a token that ends a text has the first of those. So models of one tokenizer
    understand each other where one has more logits, or ends texts otherwise.

    Raises:
        VocabularyError: a token that has bytes has no counterpart, so that texts of the target
            cannot be told to the draft token by token.
    """
    spelt: dict[bytes, int] = {}
    for token in reversed(range(draft.size)):
        spelt[draft.spelling(token)] = token
    spelt.pop(b"", None)
    found = np.full(target.size, -1, np.intp)
    for token in range(target.size):
        spelling = target.spelling(token)
        if token < draft.size and draft.spelling(token) == spelling:
            found[token] = token
        elif spelling:
            found[token] = spelt.get(spelling, -1)
        elif token < draft.size and draft.token_bytes(token) is None:
            found[token] = token
        elif token in target.eos_token_ids:
            found[token] = draft.eos_token_ids[0]
        if found[token] < 0 and (data := target.token_bytes(token)):
            raise VocabularyError(
                "the draft model has another vocabulary than the target: no token of it is "
                f"{data!r} (token {token} of the target); take one with the tokenizer of the target"
            )
    return found
