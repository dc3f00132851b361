"""A random walk: tokens drawn from the masks of a constraint, to the end.

Walks are drawn from (seed, name, index) alone and can be repeated one by one. At every step a token
that the mask allows has to be accepted, one that it does not allow refused, and something has to be
allowed. After some tokens a walk goes on under a budget, so that it ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from constrain import Vocabulary
    from constrain.engine import Matcher

_FREE_TOKENS = 60
"""Most tokens of a walk before it has to head for an end."""
_SPARE_TOKENS = 10
"""Tokens that it then has beyond those of its least ending."""
_TRIED = 8
"""Tokens tried at each step, for one that is not allowed."""


class WalkError(Exception):
    """A walk that breaks a promise of the engine; the message says which."""


class Walker:
    """Walks with one vocabulary."""

    def __init__(self, vocabulary: Vocabulary, seed: int) -> None:
        self._vocabulary = vocabulary
        self._seed = seed
        self._kinds = _kinds(vocabulary)

    def walk(self, matcher: Matcher, name: str, index: int) -> Iterator[bytes]:
        """Yield the tokens of one walk.

        Raises:
            WalkError: the walk cannot go on, or mask and matcher disagree.
        """
        key = blake2b(f"{self._seed}:{name}:{index}".encode(), digest_size=16).digest()
        random = np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))
        free = int(random.integers(_FREE_TOKENS + 1))
        budget = None
        while not matcher.is_finished():
            allowed = self._mask(matcher)
            if budget is None and free == 0:
                budget = matcher.tokens_to_finish() + int(random.integers(_SPARE_TOKENS))
            free -= 1
            refused = self._draw_refused(allowed, random)
            if refused is not None and matcher.accept(refused):
                raise WalkError(f"token {refused} is accepted, but not in the mask")
            if budget is not None:
                within = self._mask(matcher, budget)
                if (within & ~allowed).any():
                    raise WalkError("a budget allows a token that the mask does not")
                allowed = within
                budget -= 1
            token = self._draw(allowed, random)
            if token is None:
                raise WalkError(f"nothing is allowed (budget: {budget})")
            if not matcher.accept(token):
                raise WalkError(f"token {token} is in the mask, but not accepted")
            yield self._vocabulary.token_bytes(token) or b""

    def _mask(self, matcher: Matcher, budget: int | None = None) -> NDArray[np.int32]:
        row = np.zeros(self._vocabulary.bitmask_words, np.int32)
        matcher.fill_bitmask(row, budget=budget)
        ends = {_has(row, token) for token in self._vocabulary.eos_token_ids}
        if ends != {matcher.is_accepting()}:
            raise WalkError("the mask and is_accepting do not agree on the end")
        return row

    def _draw(self, row: NDArray[np.int32], random: np.random.Generator) -> int | None:
        """Draw a kind of token, then one of the kind: else few tokens would be punctuation."""
        found = _tokens(row)
        if not len(found):
            return None
        kinds = self._kinds[found]
        kind = random.choice(np.flatnonzero(np.bincount(kinds)))
        return int(random.choice(found[kinds == kind]))

    def _draw_refused(self, row: NDArray[np.int32], random: np.random.Generator) -> int | None:
        """Draw a token that is not in a mask; None where a few that were tried are all in it."""
        drawn = random.integers(self._vocabulary.size, size=_TRIED)
        return next((int(token) for token in drawn if not _has(row, int(token))), None)


def _has(row: NDArray[np.int32], token: int) -> bool:
    return bool(row[token // 32] >> (token % 32) & 1)


def _tokens(row: NDArray[np.int32]) -> NDArray[np.int64]:
    """The tokens in a mask: int64[n], from int32[words]."""
    words = np.flatnonzero(row)
    bits = np.unpackbits(row[words].view(np.uint8), bitorder="little").reshape(-1, 32)
    place, bit = np.nonzero(bits)
    found: NDArray[np.int64] = words[place] * 32 + bit
    return found


def _kinds(vocabulary: Vocabulary) -> NDArray[np.int64]:
    """Return the kind of each token: int64[V]."""
    tests = (b'"', b"}])", b"{[(", b"<>", b",:", b"0123456789", b"\\", b" \n\r\t")
    kinds = np.full(vocabulary.size, len(tests), np.int64)
    for token in range(vocabulary.size):
        data = vocabulary.token_bytes(token) or b""
        found = (kind for kind, test in enumerate(tests) if not set(test).isdisjoint(data))
        kinds[token] = next(found, len(tests))
    kinds[list(vocabulary.eos_token_ids)] = len(tests) + 1
    return kinds
