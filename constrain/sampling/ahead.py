"""Guesses of what a sampler will draw: with its own noise, under its own constraint."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from constrain.models.lookahead import Drawn
from constrain.sampling.noise import Stream

if TYPE_CHECKING:
    from constrain.sampling.base import Particle, Sampler

_TINY = 1e-9
_TRIES = 4
"""Most tokens that a constraint without masks is asked about, for one guess."""


class Offer:
    """Some tokens and what a model may say of them; those that are not offered share the rest.

    Args:
        tokens: [K] ascending ids.
        logprobs: [K] their log-probabilities, together 1 or less.

    Attributes:
        tokens, logprobs: as above.
        rest: probability of the tokens that are not offered.
    """

    __slots__ = ("logprobs", "rest", "tokens")

    def __init__(self, tokens: NDArray[np.intp], logprobs: NDArray[Any]) -> None:
        self.tokens = tokens
        self.logprobs = logprobs
        self.rest = max(0.0, 1 - float(np.exp(logprobs).sum()))

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Leave out the tokens that a mask [V] does not allow, and renormalise."""
        allowed = mask[self.tokens]
        self.tokens, self.logprobs = self.tokens[allowed], self.logprobs[allowed]
        kept = float(np.exp(self.logprobs).sum()) + self.rest
        self.rest /= max(kept, _TINY)

    def race(
        self, scores: NDArray[Any], noise: NDArray[np.float64]
    ) -> tuple[NDArray[np.intp], float]:
        """Draw from the offer.

        If token t arrives after an exponential time of rate p(t), and the rest has the rate r, no
        other token comes before the time T with probability exp(-T r). Where a model says about
        the same as the offer, the first of those offered, at T, stays ahead of the second, at T',
        the surer the further they are apart; T' / (T + T') stands for that.

        Args:
            scores: [K] unnormalised log-probabilities, -inf for tokens that are never drawn.
            noise: [K] Gumbel noise.

        Returns:
            The first tokens in the order of arrival, `_TRIES` at most; and a measure of how surely
            the first is first.
        """
        noisy = scores + noise
        early = np.argpartition(-noisy, _TRIES)[:_TRIES] if len(noisy) > _TRIES else slice(None)
        tokens, noisy = self.tokens[early], noisy[early]
        order = np.argsort(-noisy)
        first = float(noisy[order[0]])
        top = float(scores.max())
        total = top + math.log(float(np.exp(scores - top).sum())) - math.log(1 - self.rest + _TINY)
        sure = math.exp(-self.rest * math.exp(min(total - first, 100.0)))
        if len(order) > 1:
            sure /= 1 + math.exp(float(noisy[order[1]]) - first)
        return tokens[order], sure


class Ahead:
    """The next tokens of a particle. What its methods do is said at `Lookahead`."""

    __slots__ = ("_forced", "_particle", "_sampler")

    def __init__(
        self, sampler: Sampler, particle: Particle, forced: Sequence[int] | None = None
    ) -> None:
        self._sampler = sampler
        self._particle = particle
        self._forced = forced

    @property
    def key(self) -> Stream:
        """The noise of the particle, which is its alone."""
        return self._particle.stream

    @property
    def prefix(self) -> tuple[int, ...]:
        """See `Lookahead.prefix`."""
        return self._particle.prefix

    def fork(self) -> Ahead:
        """See `Lookahead.fork`."""
        particle = self._particle.fork(self._particle.stream)
        return Ahead(self._sampler, particle, self._forced)

    def draw(self, tokens: NDArray[np.intp], logprobs: NDArray[Any]) -> Drawn | None:
        """See `Lookahead.draw`."""
        particle = self._particle
        offer = Offer(tokens, logprobs)
        mask = particle.cursor.mask()
        if mask is not None:
            offer.keep(mask)
        if not len(offer.tokens):
            return None
        scores = self._sampler.scores(particle, offer.tokens, offer.logprobs)
        if scores.max() == -np.inf:
            return None
        noise = particle.stream.gumbel(particle.position, offer.tokens)
        order, sure = offer.race(scores, noise)
        if mask is not None:
            return Drawn(int(order[0]), sure, int(np.count_nonzero(mask)))
        for token in order.tolist():
            if particle.cursor.allows(token):
                return Drawn(token, sure, self._sampler.model.vocabulary.size)
        return None

    def take(self, token: int) -> bool:
        """See `Lookahead.take`."""
        self._sampler.follow(self._particle, token)
        known = self._forced or ()
        self._forced = known[1:] if len(known) > 1 and known[0] == token else None
        return self._particle.is_live

    def forced(self) -> Sequence[int]:
        """See `Lookahead.forced`."""
        if self._forced is None:
            self._forced = self._particle.cursor.forced()
        return self._forced
