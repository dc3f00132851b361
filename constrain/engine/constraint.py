"""Constraint: a control over a vocabulary."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from constrain.engine.control import Control
from constrain.engine.masks import Masks
from constrain.engine.matcher import Matcher
from constrain.engine.plans import Planner
from constrain.engine.warm import warmup
from constrain.vocabulary import Vocabulary

if TYPE_CHECKING:
    from constrain.engine.budget import Budget


class Constraint:
    """What texts are allowed, for one vocabulary. Immutable to its users, shared by any number
    of threads; what it caches is bounded with all else of its vocabulary (`set_cache_limit`).

    Attributes:
        control: what may come next, lexeme by lexeme.
        vocabulary: the tokens.
    """

    def __init__(self, control: Control[Any], vocabulary: Vocabulary) -> None:
        warmup()
        self.control = control
        self.vocabulary = vocabulary
        self.masks = Masks.of(vocabulary)
        self._planner = Planner(control, self.masks, vocabulary.eos_token_ids)
        self.masks.join(self._planner)

    def matcher(self) -> Matcher:
        """Return a matcher at the start, for one sequence."""
        return Matcher(self, self._planner)

    @cached_property
    def budget(self) -> Budget:
        """What it takes to end a text, see `budget`."""
        from constrain.engine.budget import Budget

        return Budget(self._planner, self.vocabulary, self.masks)


def fill_bitmasks(
    matchers: list[Matcher], rows: NDArray[np.int32], *, max_threads: int | None = None
) -> None:
    """Fill the masks of many matchers in parallel threads; the kernels release the GIL.

    Args:
        matchers: n matchers, of one or several constraints over vocabularies of equal size.
        rows: int32[n, ceil(V / 32)], each row contiguous.
        max_threads: threads to use; None for one per processor.
    """
    if rows.shape[:1] != (len(matchers),):
        raise ValueError(f"{len(matchers)} matchers, but rows has shape {rows.shape}")
    if max_threads == 1 or len(matchers) < 2:
        for matcher, row in zip(matchers, rows, strict=True):
            matcher.fill_bitmask(row)
        return
    with ThreadPoolExecutor(max_threads) as pool:
        for _ in pool.map(Matcher.fill_bitmask, matchers, rows):
            pass
