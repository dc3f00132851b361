"""Temperature, top-k, top-p and min-p: what is done to a distribution before a token is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from constrain.errors import ConstraintError


@dataclass(frozen=True, slots=True)
class Warp:
    """Changes of a distribution over tokens, in the order of the fields.

    Each works on what those before it have left, renormalised. Under a constraint the distribution
    is that of the allowed tokens: the mask comes first.

    Attributes:
        temperature: divides the log-probabilities; 0 leaves the likeliest token alone.
        top_k: keep the k likeliest tokens.
        top_p: keep the likeliest tokens, the fewest whose probabilities sum to p or more
            (Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration").
        min_p: keep the tokens that are at least p times as likely as the likeliest
            (Nguyen et al. 2024, "Turning Up the Heat").

    Raises:
        ConstraintError: a value is out of its range.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < math.inf:
            raise ConstraintError(f"temperature must be finite and >= 0, not {self.temperature}")
        if self.top_k is not None and self.top_k < 1:
            raise ConstraintError(f"top_k must be >= 1, not {self.top_k}")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ConstraintError(f"top_p must be > 0 and <= 1, not {self.top_p}")
        if self.min_p is not None and not 0 <= self.min_p <= 1:
            raise ConstraintError(f"min_p must be >= 0 and <= 1, not {self.min_p}")

    def __call__(self, logprobs: NDArray[Any]) -> NDArray[np.float64]:
        """Return unnormalised log-probabilities, -inf for what is not kept.

        Args:
            logprobs: [K] log-probabilities, unnormalised; at least one is finite, none is NaN or
                +inf. Of equally likely tokens the first counts as the likelier.

        Returns:
            [K] float64; the greatest is 0.
        """
        if self.temperature == 0:
            scores = np.full(len(logprobs), -np.inf)
            scores[np.argmax(logprobs)] = 0
            return scores
        scores = logprobs.astype(np.float64)
        scores -= scores.max()
        scores /= self.temperature
        nucleus = self.top_p is not None and self.top_p < 1
        if nucleus or self.top_k is not None:
            falling = np.sort(scores)[::-1][: self.top_k]
            if nucleus:
                mass = np.cumsum(np.exp(falling))
                falling = falling[: 1 + int(np.searchsorted(mass, self.top_p * mass[-1]))]
            ties = np.flatnonzero(scores == falling[-1])
            scores[ties[np.count_nonzero(falling == falling[-1]) :]] = -np.inf
            scores[scores < falling[-1]] = -np.inf
        if self.min_p:
            scores[scores < math.log(self.min_p)] = -np.inf
        return scores
