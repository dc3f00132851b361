"""Tokens that need no model, because the constraint leaves no choice."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from constrain.engine import Matcher
from constrain.engine.bitmask import allowed
from constrain.vocabulary import Vocabulary


class Overhangs:
    """Which texts are proper beginnings of tokens."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        table = map(vocabulary.token_bytes, range(vocabulary.size))
        self._tokens = sorted({item for item in table if item})
        self._longest = max(map(len, self._tokens))

    def reach(self, text: bytes) -> int:
        """Return the first place in `text` where a token can begin that runs on past its end."""
        tokens, end = self._tokens, len(text)
        for start in range(max(0, end - self._longest + 1), end):
            tail = text[start:]
            after = bisect_right(tokens, tail)
            if after < len(tokens) and tokens[after].startswith(tail):
                return start
        return end

    @staticmethod
    @lru_cache(maxsize=8)
    def of(vocabulary: Vocabulary) -> Overhangs:
        """Return those of a vocabulary, kept for the latest few."""
        return Overhangs(vocabulary)


def certain_tokens(matcher: Matcher) -> Sequence[int]:
    """Return the tokens of the bytes that must come next, as far as they are certain.

    The last of the forced bytes may share a token with what follows them, as in `":` and `": "`
    or `1` and `12`. Which token it is, is for the model to say, so those tokens are left out that
    reach past the place where such a token can begin, unless the text ends with the forced bytes.
    """
    forced = matcher.forced_tokens()
    if not forced:
        return forced
    vocabulary = matcher.constraint.vocabulary
    items = [vocabulary.spelling(token) for token in forced]
    reach = Overhangs.of(vocabulary).reach(b"".join(items))
    kept, end = 0, 0
    for item in items:
        end += len(item)
        if end > reach:
            break
        kept += 1
    if kept < len(forced) and _ends_after(matcher, b"".join(items)):
        return forced
    return forced[:kept]


def _ends_after(matcher: Matcher, text: bytes) -> bool:
    """Return whether the text must end after these bytes."""
    trial, vocabulary = matcher.fork(), matcher.constraint.vocabulary
    trial.accept_bytes(text)
    mask = np.empty(vocabulary.bitmask_words, np.int32)
    trial.fill_bitmask(mask)
    return set(vocabulary.eos_token_ids).issuperset(np.flatnonzero(allowed(mask, vocabulary.size)))
