"""A model with any next-token distributions over a small vocabulary, for exact tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from constrain.errors import GenerationError
from constrain.vocabulary import Vocabulary

from .base import LanguageModel

Table: TypeAlias = Callable[[tuple[int, ...]], ArrayLike]


class TableModel(LanguageModel):
    """A model given by a table: prefix -> probabilities of the next token, in float64.

    Args:
        vocabulary: the tokens, V of them.
        table: a function from a prefix to [V] weights >= 0, which are normalised; or a seed, for
            a fixed random table: each prefix has a Dirichlet(1) distribution over the tokens that
            the vocabulary allows and the end-of-text tokens.
    """

    def __init__(self, vocabulary: Vocabulary, table: Table | int = 0) -> None:
        self.vocabulary = vocabulary
        self._table = table if callable(table) else _random_table(vocabulary, table)

    def logprobs(self, prefixes: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """As `LanguageModel.logprobs`, in float64."""
        result = np.empty((len(prefixes), self.vocabulary.size))
        for row, prefix in zip(result, prefixes, strict=True):
            weights = np.asarray(self._table(tuple(prefix)), np.float64)
            total = weights.sum()
            if weights.shape != row.shape or not (weights >= 0).all() or not 0 < total < np.inf:
                raise GenerationError(
                    f"the table must give {self.vocabulary.size} weights >= 0 with a positive "
                    f"finite sum after {tuple(prefix)}, not {weights}"
                )
            with np.errstate(divide="ignore"):
                np.log(weights / total, out=row)
        return result


def _random_table(vocabulary: Vocabulary, seed: int) -> Table:
    ids = [i for i in range(vocabulary.size) if vocabulary.token_bytes(i) is not None]
    ids = sorted({*ids, *vocabulary.eos_token_ids})

    @lru_cache(maxsize=1 << 14)
    def table(prefix: tuple[int, ...]) -> NDArray[np.float64]:
        digest = blake2b(repr((seed, *map(int, prefix))).encode(), digest_size=16).digest()
        generator = np.random.Generator(np.random.Philox(int.from_bytes(digest, "big")))
        weights = np.zeros(vocabulary.size)
        weights[ids] = generator.exponential(size=len(ids))
        return weights

    return table
