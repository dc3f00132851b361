"""Samplers that learn which texts lead nowhere: ASAp and CARS."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from constrain.errors import ConstraintError
from constrain.models import LanguageModel
from constrain.sampling.awrs import recursive
from constrain.sampling.base import Draw, Observer, Particle, Sample, Sampler, log_sum, room_after
from constrain.sampling.cursor import AnyConstraint
from constrain.sampling.race import Race
from constrain.sampling.rejection import ExactSampler
from constrain.sampling.trie import Node, Trie, Visit

Choice: TypeAlias = "tuple[int | None, float, tuple[int, ...]]"
"""See `_Learner.choose`."""
_DRIFT = 0.05
"""Change of a probability that cannot be rounding."""


@dataclass(frozen=True, slots=True)
class _Trail:
    """The way of a text through the trie.

    Attributes:
        root: where it began.
        node: where it is; None where nothing is known any more.
        visits: what was seen on the way.
    """

    root: Node
    node: Node | None
    visits: tuple[Visit, ...] = ()

    def onward(self, visit: Visit) -> _Trail:
        """Return the way after another token."""
        children = self.node.children if self.node else {}
        node = None if visit.token is None else children.get(visit.token)
        return _Trail(self.root, node, (*self.visits, visit))


class _Learner(Sampler):
    """What ASAp and CARS share: proposals from the trie, and learning after each round.

    A text x is proposed token by token from p(x_t | x_<t) c(x_<=t), renormalised, where c is the
    trie's bound on the future. While the texts of a round are written the trie stands still.
    """

    trie: Trie
    round_size: int

    def begin(
        self, prompt_ids: Sequence[int], max_tokens: int, particle: int, attempt: int = 0
    ) -> Particle:
        """See `Sampler.begin`."""
        made = super().begin(prompt_ids, max_tokens, particle, attempt)
        root = self.root(prompt_ids, max_tokens)
        made.memory = _Trail(root, root)
        return made

    def root(self, prompt_ids: Sequence[int], max_tokens: int) -> Node:
        """Return the trie's node before any output."""
        return self.trie.root(prompt_ids, room_after(self.model, prompt_ids, max_tokens))

    def learn(self, particles: Sequence[Particle]) -> None:
        """Put what texts have met into the trie."""
        for particle in particles:
            trail: _Trail = particle.memory
            self.trie.record(trail.root, trail.visits, particle.cursor.finished)
        self.trie.trim()

    def scores(
        self, particle: Particle, tokens: NDArray[np.intp], logprobs: NDArray[Any]
    ) -> NDArray[Any]:
        """See `Sampler.scores`."""
        children = particle.memory.node.children if particle.memory.node else {}
        futures = [children[t].future if t in children else 1.0 for t in tokens.tolist()]
        with np.errstate(divide="ignore"):
            return logprobs + np.log(futures)

    def follow(self, particle: Particle, token: int) -> None:
        """See `Sampler.follow`."""
        super().follow(particle, token)
        trail: _Trail = particle.memory
        child = trail.node.children.get(token) if trail.node else None
        particle.memory = replace(trail, node=child)

    def draw(self, particle: Particle, logprobs: NDArray[Any]) -> Draw:
        """See `Sampler.draw`."""
        trail: _Trail = particle.memory
        node = trail.node
        total = log_sum(logprobs)
        scores = logprobs.astype(np.float64) - total
        rest = np.exp(scores)
        mask = particle.cursor.mask()
        if mask is not None:
            rest[~mask] = 0.0
            if self.masks_at_once or (node is not None and node.rest is not None):
                scores[~mask] = -np.inf
        children = node.children if node is not None else {}
        for seen, child in children.items():
            rest[seen] = 0.0
            p = math.exp(float(logprobs[seen]) - total)
            if abs(p - child.p) > _DRIFT:
                raise ConstraintError(
                    "the trie was learnt from another model, or at another temperature: token "
                    f"{seen} had the probability {child.p:.3f} after the tokens "
                    f"{particle.token_ids}, and now has {p:.3f}; take a new Trie"
                )
            if child.future < 1:
                scores[seen] += math.log(child.future) if child.future else -math.inf
        if scores.max() == -np.inf:
            return Draw(None, -math.inf)
        race = Race(scores, particle.stream.uniforms(particle.position, len(scores)))
        token, log_estimate, refused = self.choose(race, particle, mask is not None)
        # What a mask rules out is no part of `rest`, and so must never be taken from it.
        told = refused if mask is None else ()
        drawn = token if token is not None or not told else told[-1]

        def probability(token: int) -> float:
            return math.exp(float(logprobs[token]) - total)

        others = tuple((t, probability(t)) for t in told if t != drawn)
        p = 0.0 if drawn is None else probability(drawn)
        rest[[*told, *(() if drawn is None else (drawn,))]] = 0.0
        visit = Visit(drawn, p, float(rest.sum()), len(children), others)
        particle.memory = trail.onward(visit)
        if token is None:
            return Draw(None, -math.inf)
        weight = race.log_total + log_estimate + float(logprobs[token]) - float(scores[token])
        return Draw(token, weight)

    masks_at_once: bool
    """Whether masks hold where the trie knows nothing yet."""

    @abstractmethod
    def choose(self, race: Race, particle: Particle, masked: bool) -> Choice:
        """Return a token, an estimate of log p(allowed) in the race, and the tokens refused."""


class ASApSampler(_Learner):
    """Adaptive sampling with approximate expected futures: masked decoding that learns from every
    text how likely its beginnings are to end well (Park et al. 2024, "Grammar-Aligned Decoding",
    algorithm 1).

    Contract: a token is drawn from

        q(x_t | x_<t) proportional to p(x_t | x_<t) c(x_<=t)     (equations 4 and 5)

    over the allowed tokens, c an upper bound on the probability that a text that begins so is
    valid, from all texts before. As c falls to that probability, q(x) goes to p(x | V); over a
    finite V it gets there. The weight p(x) / q(x) makes each sample properly weighted (see
    `Sampler`), however little has been learnt; without masks q's normaliser is estimated as by
    AWRS.

    Sample i depends on those before it and on `round_size`, but on no later one.

    Args:
        model, constraint, seed, observe: see `Sampler`.
        trie: what is known; None for a new one. Take another seed when going on with one.
        round_size: texts that are written together, before anything is learnt from them.
    """

    masks_at_once = True

    def __init__(
        self,
        model: LanguageModel,
        constraint: AnyConstraint,
        *,
        seed: int = 0,
        trie: Trie | None = None,
        round_size: int = 1,
        observe: Observer | None = None,
    ) -> None:
        super().__init__(model, constraint, seed=seed, observe=observe)
        self.trie = Trie() if trie is None else trie
        self.trie.claim(constraint, model.vocabulary)
        self.round_size = checked_round_size(round_size)

    def sample(self, prompt_ids: Sequence[int], n: int, max_tokens: int) -> list[Sample]:
        """See `Sampler.sample`."""
        self.check(n, max_tokens)
        done: list[Particle] = []
        for first in range(0, n, self.round_size):
            last = min(n, first + self.round_size)
            particles = [self.begin(prompt_ids, max_tokens, i) for i in range(first, last)]
            while self.advance(particles):
                if self.observe is not None:
                    self.report([*done, *particles], last)
            self.learn(particles)
            done += particles
        return [particle.sample() for particle in done]

    def choose(self, race: Race, particle: Particle, masked: bool) -> Choice:
        """See `_Learner.choose`."""
        if masked:
            return next(iter(race))[0], 0.0, ()
        token, estimate, refused = recursive(race, particle.cursor.allows)
        return token, math.log(estimate) if estimate else -math.inf, refused


class CARSSampler(_Learner, ExactSampler):
    """Constrained adaptive rejection sampling: rejection that never tries again what is proven to
    lead nowhere (Parys et al. 2025, "Constrained Adaptive Rejection Sampling").

    Contract: the samples are independent draws from p(x | V). A text is proposed from p given
    that it is not among those ruled out, which is q(x) = p(x) / c for all others, c the trie's
    bound at the root; no mask comes in where the trie has not been. So a valid text has the
    probability p(x) / c in every attempt, whatever was learnt before, and the accepted ones are
    exact. The chance of an attempt, p(V) / c, only rises.

    Sample i depends on the attempts before it and on `round_size`, but on no later one.

    The acceptance rate is far above Z = p(V) once something has been learnt. What estimates Z is
    `evidence`, the mean over the attempts of c where the text was accepted, and 0 where not.

    Args:
        model, constraint, seed, max_attempts, observe: see `ExactSampler`. The rows of the model
            must be probabilities.
        trie: what is known; None for a new one. Take another seed when going on with one, or the
            samples will not be independent.
        round_size: texts that are tried together, before anything is learnt from them.
    """

    masks_at_once = False

    def __init__(
        self,
        model: LanguageModel,
        constraint: AnyConstraint,
        *,
        seed: int = 0,
        trie: Trie | None = None,
        round_size: int = 1,
        max_attempts: int = 10_000,
        observe: Observer | None = None,
    ) -> None:
        super().__init__(model, constraint, seed=seed, max_attempts=max_attempts, observe=observe)
        self.trie = Trie() if trie is None else trie
        self.trie.claim(constraint, model.vocabulary)
        self.round_size = checked_round_size(round_size)
        self._mass = 0.0

    @property
    def evidence(self) -> float:
        """See `ExactSampler.evidence`."""
        return self._mass / self.attempts if self.attempts else 0.0

    def sample(self, prompt_ids: Sequence[int], n: int, max_tokens: int) -> list[Sample]:
        """See `ExactSampler.sample`."""
        self.check(n, max_tokens)
        samples: list[Sample] = []
        first = failed = 0
        while True:
            bound = self.root(prompt_ids, max_tokens).future
            if not bound:
                why = "the model gives no probability to any valid text within max_tokens"
                raise self.give_up(why, samples)
            numbers = range(first, first + self.round_size)
            particles = [self.begin(prompt_ids, max_tokens, i) for i in numbers]
            while self.advance(particles):
                self.report(particles, self.attempts + len(particles), len(samples))
            self.learn(particles)
            first += self.round_size
            for particle in particles:
                self.attempts += 1
                failed += 1
                if particle.cursor.finished:
                    failed = 0
                    self._mass += bound
                    samples.append(self.accept(particle))
                    if len(samples) == n:
                        return samples
                elif failed == self.max_attempts:
                    raise self.give_up(f"no text was valid in {failed} attempts", samples)

    def choose(self, race: Race, particle: Particle, masked: bool) -> Choice:
        """See `_Learner.choose`."""
        token, _ = next(iter(race))
        if particle.cursor.allows(token):
            return token, 0.0, ()
        return None, -math.inf, (token,)


def checked_round_size(size: int) -> int:
    """Return it.

    Raises:
        ConstraintError: it is below 1.
    """
    if size < 1:
        raise ConstraintError(f"round_size must be >= 1, not {size}")
    return size
