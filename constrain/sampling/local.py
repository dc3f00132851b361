"""Local masking as importance sampling."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from constrain.engine import Constraint
from constrain.errors import ConstraintError
from constrain.models import LanguageModel
from constrain.sampling.base import Draw, Observer, Particle, Sampler, log_sum
from constrain.sampling.masked import NEEDS_MASKS
from constrain.sampling.warp import Warp


class MaskedSampler(Sampler):
    """Draws each token from the model's distribution over the allowed ones (local masking).

    Contract: properly weighted (see `Sampler`) where the warp keeps every token. With a(x_<t) for
    the allowed tokens, a text is drawn from

        q(x) = product over t of warp(p(x_t | x_<t) restricted to a(x_<t))

    and its weight is p(x) / q(x), which without a warp is the product over t of p(a(x_<t) | x_<t).
    Weights aside, q is not p(x | V): it is too fond of texts that begin like many invalid ones
    (Park et al. 2024, "Grammar-Aligned Decoding", section 3). Top-k, top-p, min-p and temperature
    0 leave texts out, and no weight brings them back.

    No room is kept for an ending: a text that has not ended within `max_tokens` has weight zero.

    Args:
        model, constraint, seed, observe: see `Sampler`; the constraint must have masks.
        warp: temperature and truncation of the distribution over the allowed tokens.

    Raises:
        ConstraintError: the constraint has no masks.
    """

    def __init__(
        self,
        model: LanguageModel,
        constraint: Constraint,
        *,
        seed: int = 0,
        warp: Warp | None = None,
        observe: Observer | None = None,
    ) -> None:
        super().__init__(model, constraint, seed=seed, observe=observe)
        if not isinstance(constraint, Constraint):
            raise ConstraintError(NEEDS_MASKS)
        self.warp = warp or Warp()

    def scores(
        self, particle: Particle, tokens: NDArray[np.intp], logprobs: NDArray[Any]
    ) -> NDArray[Any]:
        """See `Sampler.scores`."""
        return self.warp(logprobs)

    def draw(self, particle: Particle, logprobs: NDArray[Any]) -> Draw:
        """See `Sampler.draw`."""
        mask = particle.cursor.mask()
        assert mask is not None
        tokens = np.flatnonzero(mask)
        among = logprobs[tokens].astype(np.float64)
        kept = np.flatnonzero(among > -np.inf)
        if not len(kept):
            return Draw(None, -np.inf)
        tokens, among = tokens[kept], among[kept]
        scores = self.scores(particle, tokens, among)
        noise = particle.stream.gumbel(particle.position, tokens)
        chosen = int(np.argmax(scores + noise))
        drawn = float(scores[chosen]) - log_sum(scores)
        return Draw(int(tokens[chosen]), float(among[chosen]) - drawn)
