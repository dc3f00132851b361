"""Texts of callers that do not show how they draw."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from constrain.engine import Matcher
from constrain.engine.bitmask import allowed
from constrain.models.lookahead import Drawn


class Unguided:
    """Goes on with the likeliest tokens that are allowed. What its methods do is said at
    `Lookahead`.

    Args:
        key, prefix: see `Lookahead`.
        eos: the tokens that end a text.
        matcher: the constraint after `prefix`; None for none.
    """

    __slots__ = ("_eos", "_key", "_matcher", "_prefix")

    def __init__(
        self,
        key: Hashable,
        prefix: tuple[int, ...],
        eos: Sequence[int],
        matcher: Matcher | None = None,
    ) -> None:
        self._key = key
        self._prefix = prefix
        self._eos = eos
        self._matcher = matcher

    @property
    def key(self) -> Hashable:
        """See `Lookahead.key`."""
        return self._key

    @property
    def prefix(self) -> tuple[int, ...]:
        """See `Lookahead.prefix`."""
        return self._prefix

    def fork(self) -> Unguided:
        """See `Lookahead.fork`."""
        matcher = self._matcher and self._matcher.fork()
        return Unguided(self._key, self._prefix, self._eos, matcher)

    def draw(self, tokens: NDArray[np.intp], logprobs: NDArray[Any]) -> Drawn | None:
        """See `Lookahead.draw`."""
        width, refused = len(tokens), 0.0
        if self._matcher:
            vocabulary = self._matcher.constraint.vocabulary
            row = np.empty(vocabulary.bitmask_words, np.int32)
            self._matcher.fill_bitmask(row)
            mask = allowed(row, vocabulary.size)
            width, kept = int(np.count_nonzero(mask)), mask[tokens]
            refused = float(np.exp(logprobs[~kept]).sum())
            tokens, logprobs = tokens[kept], logprobs[kept]
        if not len(tokens):
            return None
        best = int(np.argmax(logprobs))
        probability = float(np.exp(logprobs[best])) / max(1 - refused, 1e-9)
        return Drawn(int(tokens[best]), min(1.0, probability), width)

    def take(self, token: int) -> bool:
        """See `Lookahead.take`."""
        self._prefix = (*self._prefix, token)
        if self._matcher:
            self._matcher.accept(token)
        return token not in self._eos

    def forced(self) -> Sequence[int]:
        """See `Lookahead.forced`."""
        return self._matcher.forced_tokens() if self._matcher else ()
