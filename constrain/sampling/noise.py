"""Random numbers that have an address.

Noise is a function of (seed, particle, position, token) and of nothing else: not of what was drawn
before, of the size of a batch, or of which other tokens are in question. A run can be replayed
from any place, and who drafts can see the very noise that the sampler will use.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_KEYS = 1 << 128


def gumbel(
    seed: int, particle: int, position: int, tokens: NDArray[np.integer[Any]]
) -> NDArray[np.float64]:
    """Standard Gumbel noise of some tokens.

    The token with the greatest log-probability plus noise is a draw from the distribution (the
    Gumbel-max trick: Maddison, Tarlow and Minka 2014, "A* Sampling", section 2).

    Args:
        seed: any integer; those that differ by a multiple of 2**128 are the same.
        particle: index >= 0 of the text among those drawn with this seed.
        position: index >= 0 of the token in the text, counted from the end of the prompt.
        tokens: [K] ascending token ids.

    Returns:
        [K] float64. The stream is Philox 4x64 (Salmon et al. 2011) with the seed as its key and
        (particle, position) as its counter; token t has the t-th number of the stream.
    """
    if not len(tokens):
        return np.empty(0)
    bits = np.random.Philox(key=seed % _KEYS, counter=[0, 0, position, particle])
    uniform = np.random.Generator(bits).random(int(tokens[-1]) + 1)[tokens]
    with np.errstate(divide="ignore"):
        return -np.log(-np.log(uniform))
