"""Sequential Monte Carlo over texts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from constrain.errors import ConstraintError, ExtinctionError
from constrain.sampling.base import (
    OUT_OF_TOKENS,
    Observer,
    Particle,
    Progress,
    Sample,
    Sampler,
    effective_sample_size,
    log_sum,
    shares_of,
)
from constrain.sampling.noise import Stream
from constrain.sampling.potential import Potential, Written, evaluate
from constrain.sampling.resampling import scheme


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What happened to n particles in a step.

    Attributes:
        parents: [n] which particles of the step before they continue.
        added: the bytes that they got in the step.
        log_weights: [n] their weights after the step, unnormalised.
        effective: effective sample size after the step, before any resampling.
        resampled: whether `parents` were drawn, rather than each continuing itself.
    """

    parents: tuple[int, ...]
    added: tuple[bytes, ...]
    log_weights: NDArray[np.float64]
    effective: float
    resampled: bool


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What came of sequential Monte Carlo.

    Attributes:
        samples: n weighted texts; exp of their mean weight is the evidence.
        steps: the record of ancestry and weights, a step for each token; one more where, at the
            end, only finished texts were left by resampling. The last is that of `samples`.
    """

    samples: tuple[Sample, ...]
    steps: tuple[Step, ...]

    @property
    def log_evidence(self) -> float:
        """Logarithm of an unbiased estimate of Z; -inf where all particles have died."""
        weights = np.array([sample.log_weight for sample in self.samples])
        return log_sum(weights) - math.log(len(weights))

    @property
    def effective(self) -> float:
        """Effective sample size of the samples."""
        return effective_sample_size(np.array([sample.log_weight for sample in self.samples]))

    def posterior(self) -> dict[str, float]:
        """Return the estimated probability of each text given the target, likeliest first.

        Raises:
            ExtinctionError: all particles have died.
        """
        top = log_sum(np.array([sample.log_weight for sample in self.samples]))
        if top == -math.inf:
            raise self.extinction()
        found: dict[str, float] = {}
        for sample in self.samples:
            if sample.finished:
                share = math.exp(sample.log_weight - top)
                found[sample.text] = found.get(sample.text, 0.0) + share
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def extinction(self) -> ExtinctionError:
        """Return the error that says of what all particles have died, and what to do."""
        reasons = Counter(sample.reason for sample in self.samples)
        told = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common())
        longest = max((sample.token_ids for sample in self.samples), key=len)
        advice = ["raise max_tokens"] if OUT_OF_TOKENS in reasons else []
        if len(reasons) > len(advice):
            advice.append(
                "take more particles; or the constraint and the model have (almost) no text in "
                "common"
            )
        return ExtinctionError(
            f"all {len(self.samples)} texts have died, the last after {len(longest)} tokens "
            f"({told}); {', or '.join(advice)}",
            longest,
            self,
        )


class SMC:
    """Sequential Monte Carlo: particles are extended by a sampler's proposals, weighted, and, when
    few carry most of the weight, resampled by it.

    Contract: the target is p(x) [x in V] phi(x), with phi the potential. The mean weight is an
    unbiased estimate of its sum Z, and weighted means go to expectations under the target as n
    grows (Del Moral 2004, "Feynman-Kac Formulae", theorem 7.4.2; Lew et al. 2023, "Sequential
    Monte Carlo Steering of Large Language Models"), whatever the proposal, which has to be
    properly weighted at each step: every `Sampler` here is. A finished text stays as it is and
    takes part in resampling.

    Particle i has the noise of (seed, i), whichever text it continues; resampling has noise of its
    own.

    Args:
        proposal: a sampler; with its model, constraint, seed and observer.
        potential: a factor of the target, evaluated in one batch for all particles of a step.
        ess_threshold: resample when the effective sample size is below this share of n; 0 never,
            1 in every step with unequal weights.
        resampling: "systematic", "stratified", "residual" or "multinomial".

    Raises:
        ConstraintError: a setting is out of its range, or the potential is none.
        VocabularyError: the potential's model has another vocabulary.
    """

    def __init__(
        self,
        proposal: Sampler,
        *,
        potential: Potential | None = None,
        ess_threshold: float = 0.5,
        resampling: str = "systematic",
    ) -> None:
        if not 0 <= ess_threshold <= 1:
            raise ConstraintError(f"ess_threshold must be in [0, 1], not {ess_threshold}")
        if potential is not None:
            if not isinstance(potential, Potential):
                raise ConstraintError(
                    f"{potential!r} is no Potential; make one of a function by Critic"
                )
            potential.check(proposal.model.vocabulary)
        self.proposal = proposal
        self.potential = potential
        self.ess_threshold = ess_threshold
        self.resampling = resampling
        self._scheme = scheme(resampling)

    @property
    def observe(self) -> Observer | None:
        """The proposal's observer."""
        return self.proposal.observe

    def sample(self, prompt_ids: Sequence[int], n: int, max_tokens: int) -> list[Sample]:
        """Return the samples of `run`."""
        return list(self.run(prompt_ids, n, max_tokens).samples)

    def run(self, prompt_ids: Sequence[int], n: int, max_tokens: int) -> Run:
        """Write texts with `n` particles.

        Args:
            prompt_ids: the tokens that stand before each text.
            n: how many particles.
            max_tokens: the most tokens of a text, end of text included.

        Returns:
            The weighted texts. Where all particles die, all weights are zero, and each sample says
            why: an estimate of zero is one too.

        Raises:
            GenerationError: as `Sampler.sample`; or the potential raises or gives NaN.
        """
        self.proposal.check(n, max_tokens)
        particles = [self.proposal.begin(prompt_ids, max_tokens, i) for i in range(n)]
        steered = [0.0] * n
        parents, resampled = tuple(range(n)), False
        steps: list[Step] = []
        while live := [i for i, particle in enumerate(particles) if particle.is_live]:
            lengths = [len(particle.data) for particle in particles]
            self.proposal.advance(particles)
            self._steer(particles, live, steered)
            steps.append(self._record(particles, lengths, parents, resampled))
            weights, effective = steps[-1].log_weights, steps[-1].effective
            self._report(particles, effective)
            parents, resampled = tuple(range(n)), False
            few = 0 < effective < self.ess_threshold * n * (1 - 1e-9)
            if few and any(particle.is_live for particle in particles):
                parents, resampled = self._parents(weights, len(steps)), True
                level = log_sum(weights) - math.log(n)
                particles = [self._offspring(particles[j], i) for i, j in enumerate(parents)]
                steered = [steered[j] for j in parents]
                for particle in particles:
                    particle.log_weight = level
        if resampled:
            lengths = [len(particle.data) for particle in particles]
            steps.append(self._record(particles, lengths, parents, resampled))
        return Run(tuple(particle.sample() for particle in particles), tuple(steps))

    def _record(
        self,
        particles: Sequence[Particle],
        lengths: Sequence[int],
        parents: tuple[int, ...],
        resampled: bool,
    ) -> Step:
        weights = np.array([particle.log_weight for particle in particles])
        added = tuple(p.data[length:] for p, length in zip(particles, lengths, strict=True))
        return Step(parents, added, weights, effective_sample_size(weights), resampled)

    def _parents(self, log_weights: NDArray[np.float64], step: int) -> tuple[int, ...]:
        n = len(log_weights)
        uniforms = Stream(self.proposal.seed, n).spare(step, n)
        return tuple(self._scheme(shares_of(log_weights), uniforms).tolist())

    def _offspring(self, parent: Particle, place: int) -> Particle:
        return parent.fork(Stream(self.proposal.seed, place))

    def _steer(self, particles: list[Particle], moved: list[int], steered: list[float]) -> None:
        """Put the potential into the weights of particles; `steered` is what it has given so far,
        in logarithms."""
        if self.potential is None:
            return
        going = [i for i in moved if particles[i].is_live]
        ended = [i for i in moved if particles[i].is_finished]
        for function, places in (
            (self.potential.prefix, going),
            (self.potential.complete, ended),
        ):
            texts = [Written(particles[i].token_ids, particles[i].data) for i in places]
            for i, value in zip(places, evaluate(function, texts).tolist(), strict=True):
                if value == -math.inf:
                    particles[i].give_up("the potential rules the text out")
                else:
                    particles[i].log_weight += value - steered[i]
                    steered[i] = value

    def _report(self, particles: Sequence[Particle], effective: float) -> None:
        if self.observe is not None:
            self.observe(
                Progress(
                    max(particle.position for particle in particles),
                    sum(particle.is_finished for particle in particles),
                    len(particles),
                    effective,
                )
            )
