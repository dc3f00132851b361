"""Random numbers that have an address.

Noise is a function of (seed, particle, position, token) and of nothing else: not of what was drawn
before, of the size of a batch, or of which other tokens are in question. A run can be replayed
from any place, and who drafts can see the very noise that the sampler will use.

The streams are Philox 4x64 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"),
with the seed as key. The counter's words are the place in the stream, the lane, the position and
the particle.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KEYS = 1 << 128
_FAR = 1 << 63
"""A place in a stream that no other number comes from."""
_COUNTED = 1e15
"""Of more events, their number is the mean but for one part in 30 million."""
_APART = 2048
"""Tokens in a row that take as long as one that is looked up by itself."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Where the noise of a text comes from.

    Attributes:
        seed: any integer; those that differ by a multiple of 2**128 are the same.
        particle: index >= 0 of the text among those drawn with this seed.
        attempt: index >= 0 of the trial, where a text is tried several times.
    """

    seed: int
    particle: int
    attempt: int = 0

    def uniforms(self, position: int, count: int) -> NDArray[np.float64]:
        """The numbers in [0, 1) of the tokens 0 to `count` - 1 at a position; see `gumbel`."""
        return self._random(2 * self.attempt, position, count)

    def gumbel(self, position: int, tokens: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """Standard Gumbel noise of some tokens, ascending, at a position; see `gumbel`."""
        if not len(tokens):
            return np.empty(0)
        if len(tokens) * _APART < tokens[-1]:
            return as_gumbel(self._apart(2 * self.attempt, position, tokens))
        return as_gumbel(self.uniforms(position, int(tokens[-1]) + 1)[tokens])

    def spare(self, position: int, count: int) -> NDArray[np.float64]:
        """Other `count` numbers in [0, 1), independent of those of the tokens."""
        return self._random(2 * self.attempt + 1, position, count)

    def poisson(self, position: int, mean: float) -> float:
        """A number of events of which `mean` are expected, independent of all other numbers."""
        if mean > _COUNTED:
            return mean
        counter = [_FAR, 2 * self.attempt + 1, position, self.particle]
        bits = np.random.Philox(key=self.seed % _KEYS, counter=counter)
        return float(np.random.Generator(bits).poisson(mean))

    def _random(self, lane: int, position: int, count: int) -> NDArray[np.float64]:
        size = 1 << max(count - 1, 0).bit_length()
        return _numbers(self.seed % _KEYS, self.particle, lane, position, size)[:count]

    def _apart(
        self, lane: int, position: int, tokens: NDArray[np.integer[Any]]
    ) -> NDArray[np.float64]:
        """The numbers of a few tokens; each turn of the generator makes four."""
        numbers = []
        for token in tokens.tolist():
            counter = [token // 4, lane, position, self.particle]
            bits = np.random.Philox(key=self.seed % _KEYS, counter=counter)
            numbers.append(np.random.Generator(bits).random(4)[token % 4])
        return np.array(numbers)


@lru_cache(maxsize=64)
def _numbers(key: int, particle: int, lane: int, position: int, size: int) -> NDArray[np.float64]:
    """The first numbers at a place; the latest are kept, for guesses come before draws."""
    bits = np.random.Philox(key=key, counter=[0, lane, position, particle])
    numbers = np.random.Generator(bits).random(size)
    numbers.flags.writeable = False
    return numbers


def gumbel(
    seed: int, particle: int, position: int, tokens: NDArray[np.integer[Any]]
) -> NDArray[np.float64]:
    """Standard Gumbel noise of some tokens.

    The token with the greatest log-probability plus noise is a draw from the distribution (the
    Gumbel-max trick: Maddison, Tarlow and Minka 2014, "A* Sampling", section 2).

    Args:
        seed: any integer.
        particle: index >= 0 of the text among those drawn with this seed.
        position: index >= 0 of the token in the text, counted from the end of the prompt.
        tokens: [K] ascending token ids; token t has the t-th number of the stream.

    Returns:
        [K] float64.
    """
    return Stream(seed, particle).gumbel(position, tokens)


def as_gumbel(uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers in [0, 1) as Gumbel noise, in the same order."""
    with np.errstate(divide="ignore"):
        return -np.log(-np.log(uniforms))
