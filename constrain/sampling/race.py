"""Tokens in the order of their noise, worked out only as far as anybody looks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from constrain.sampling.noise import as_gumbel

_ARRIVALS = 8.0
"""Arrivals that are expected in the first look, at most; in each further one four times as many."""
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
        scores: [V] log p(t), unnormalised; -inf for tokens that never arrive. Probabilities are
            kept in their dtype, and what is 0 there never arrives either: in float32, tokens less
            likely than the likeliest by a factor of e^-103.
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
        self._left = weights
        self._reach = _ARRIVALS
        self._horizon = 0.0
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
        """Work out the next arrivals, up to a time that the probability left suggests.

        Since -log(u) >= 1 - u, tokens with u + p * horizon < 1 arrive after the horizon: most of
        a large vocabulary is never looked at.
        """
        mass = 1.0
        if self._horizon:
            if self._left is self._weights:
                self._left = self._weights.copy()
            self._left[[token for token, _ in self._known]] = 0
            mass = float(self._left.sum(dtype=np.float64))
        self._known, self._taken = [], 0
        if not mass:
            self._horizon = math.inf
            return
        self._horizon += self._reach / mass
        self._reach *= 4
        bounds = np.multiply(self._left, self._horizon * _MARGIN, dtype=np.float64)
        bounds += self._uniforms
        tokens = np.flatnonzero(bounds >= 1)
        noisy = self._scores[tokens].astype(np.float64) + as_gumbel(self._uniforms[tokens])
        times = np.exp(self.log_total - noisy)
        for place in np.argsort(times, kind="stable").tolist():
            if times[place] <= self._horizon:
                self._known.append((int(tokens[place]), float(times[place])))

    def probability(self, token: int) -> float:
        """Return p(token), normalised."""
        return float(self._weights[token])

    def probability_without(self, tokens: Sequence[int]) -> float:
        """Return the sum of p(t) over all tokens but some."""
        weights = self._weights.copy()
        weights[list(tokens)] = 0
        return float(weights.sum(dtype=np.float64))
