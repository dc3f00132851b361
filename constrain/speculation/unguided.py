"""A text of which nothing is known but its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from constrain.models.lookahead import Drawn


class Unguided:
    """Goes on with the likeliest tokens. What its methods do is said at `Lookahead`."""

    __slots__ = ("_eos", "_number", "_prefix")

    def __init__(self, number: int, prefix: tuple[int, ...], eos: Sequence[int]) -> None:
        self._number = number
        self._prefix = prefix
        self._eos = eos

    @property
    def number(self) -> int:
        """See `Lookahead.number`."""
        return self._number

    @property
    def prefix(self) -> tuple[int, ...]:
        """See `Lookahead.prefix`."""
        return self._prefix

    def fork(self) -> Unguided:
        """See `Lookahead.fork`."""
        return Unguided(self._number, self._prefix, self._eos)

    def draw(self, tokens: NDArray[np.intp], logprobs: NDArray[Any]) -> Drawn:
        """See `Lookahead.draw`."""
        best = int(np.argmax(logprobs))
        return Drawn(int(tokens[best]), float(np.exp(logprobs[best])), len(tokens))

    def take(self, token: int) -> bool:
        """See `Lookahead.take`."""
        self._prefix = (*self._prefix, token)
        return token not in self._eos

    def forced(self) -> Sequence[int]:
        """See `Lookahead.forced`."""
        return ()
