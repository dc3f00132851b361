"""Tokens in the order of their noise, worked out only as far as anybody looks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from constrain.sampling.noise import as_gumbel

_HORIZONS = (8.0, 128.0, math.inf)
"""Times up to which arrivals are worked out, one after the other."""
_SMALL = 2048
"""Tokens of a vocabulary that is worked out at once."""
_MARGIN = 1 + 1e-5
"""Room for rounding where it is decided which arrivals to work out."""


class Race:
    """Tokens that arrive at independent exponential times, token t at rate p(t).

    Token t arrives at time -log(u_t) / p(t), which is exp(-(log p(t) + g_t)) for its Gumbel noise
    g_t. So the order of arrival is that of the noisy log-probabilities: the first is a draw from
    p, the next a draw from the others, and so on, a sample without replacement (Kool, van Hoof and
    Welling 2019, "Stochastic Beams and Where to Find Them", section 2.3). Of any set of tokens the
    first to arrive is a draw from p restricted to the set, and independent of what arrived before.

    Args:
        scores: [V] log p(t), unnormalised; -inf for tokens that never arrive.
        uniforms: [V] the numbers u_t of a `Stream`.

    Attributes:
        log_total: logarithm of the sum of exp(scores), 0 for probabilities.
        peak: probability of the likeliest token.
    """

    def __init__(self, scores: NDArray[Any], uniforms: NDArray[np.float64]) -> None:
        top = float(scores.max())
        weights = np.exp(scores - top)
        total = float(weights.sum(dtype=np.float64))
        weights /= total
        self.log_total = top + math.log(total)
        self.peak = 1 / total
        self._scores = scores
        self._weights = weights
        self._uniforms = uniforms
        self._horizon = -1.0
        self._horizons = iter(_HORIZONS if len(scores) > _SMALL else _HORIZONS[-1:])
        self._known: list[tuple[int, float]] = []
        self._taken = 0

    def __iter__(self) -> Iterator[tuple[int, float]]:
        """Yield each token that is yet to arrive with its time, in order."""
        while (arrival := self.arrive()) is not None:
            yield arrival

    def arrive(self, before: float = math.inf) -> tuple[int, float] | None:
        """Return the next token and its time; None if none arrives before a time."""
        while self._taken == len(self._known):
            if before <= self._horizon or self._horizon == math.inf:
                return None
            self._look_further()
        token, time = self._known[self._taken]
        if time >= before and before < math.inf:
            return None
        self._taken += 1
        return token, time

    def _look_further(self) -> None:
        """Work out the arrivals up to the next horizon.

        Since -log(u) >= 1 - u, tokens with 1 - u > p * horizon arrive after the horizon: most of
        a large vocabulary is never looked at.
        """
        begin, self._horizon = self._horizon, next(self._horizons)
        if self._horizon < math.inf:
            bounds = self._weights * (self._horizon * _MARGIN)
            tokens = np.flatnonzero(1 - self._uniforms <= bounds)
        else:
            tokens = np.flatnonzero(self._weights)
        noisy = self._scores[tokens].astype(np.float64) + as_gumbel(self._uniforms[tokens])
        times = np.exp(self.log_total - noisy)
        order = np.argsort(-noisy, kind="stable")
        arrivals = zip(tokens[order].tolist(), times[order].tolist(), strict=True)
        self._known = [(token, time) for token, time in arrivals if begin < time <= self._horizon]
        self._taken = 0

    def probability(self, token: int) -> float:
        """Return p(token), normalised."""
        return float(self._weights[token])

    def probability_without(self, tokens: Sequence[int]) -> float:
        """Return the sum of p(t) over all tokens but some."""
        weights = self._weights.copy()
        weights[list(tokens)] = 0
        return float(weights.sum(dtype=np.float64))
