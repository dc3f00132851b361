"""Rejection: whole texts of the model, of which the valid ones are kept."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from constrain.errors import AcceptanceError, ConstraintError
from constrain.models import LanguageModel
from constrain.sampling.base import Draw, Observer, Particle, Progress, Sample, Sampler
from constrain.sampling.cursor import AnyConstraint
from constrain.sampling.race import Race


class ExactSampler(Sampler):
    """Draws from p(x | V) itself, by trying until a text is valid. Every weight is 1.

    Args:
        model, constraint, seed, observe: see `Sampler`.
        max_attempts: texts to try for each sample before giving up.

    Attributes:
        attempts: texts tried, over all calls.
        accepted: texts accepted, over all calls.
    """

    def __init__(
        self,
        model: LanguageModel,
        constraint: AnyConstraint,
        *,
        seed: int = 0,
        max_attempts: int = 10_000,
        observe: Observer | None = None,
    ) -> None:
        super().__init__(model, constraint, seed=seed, observe=observe)
        if max_attempts < 1:
            raise ConstraintError(f"max_attempts must be >= 1, not {max_attempts}")
        self.max_attempts = max_attempts
        self.attempts = 0
        self.accepted = 0

    @property
    def acceptance_rate(self) -> float:
        """Texts accepted among those tried; 0 before the first."""
        return self.accepted / self.attempts if self.attempts else 0.0

    @property
    def evidence(self) -> float:
        """Estimate of Z = p(V), over all calls; 0 before the first."""
        return self.acceptance_rate

    @abstractmethod
    def sample(self, prompt_ids: Sequence[int], n: int, max_tokens: int) -> list[Sample]:
        """As `Sampler.sample`; every sample is finished.

        Raises:
            AcceptanceError: no text was valid in `max_attempts` attempts.
        """

    def report(self, particles: Sequence[Particle], attempts: int, finished: int = 0) -> None:
        """See `Sampler.report`; accepted texts count alike, and those under way not yet."""
        if self.observe is not None:
            finished += sum(particle.is_finished for particle in particles)
            longest = max(particle.position for particle in particles)
            self.observe(Progress(longest, finished, attempts, finished))

    def accept(self, particle: Particle) -> Sample:
        """Return a finished text as a sample, with the weight 1."""
        self.accepted += 1
        return replace(particle.sample(), log_weight=0.0)

    def give_up(self, why: str, samples: Sequence[Sample]) -> AcceptanceError:
        """Return the error for giving up, with the samples there are."""
        return AcceptanceError(
            f"{why}; {len(samples)} were accepted before. The constraint and the model may have "
            "(almost) no text in common, or max_tokens may be too small",
            self.attempts,
            tuple(samples),
        )


class RejectionSampler(ExactSampler):
    """Draws texts from the model until one is valid; a text is dropped at the first token that
    cannot lead to a valid one.

    Contract: the samples are independent draws from p(x | V), and `acceptance_rate` estimates
    Z = p(V) (von Neumann 1951, "Various techniques used in connection with random digits"). The
    attempts of a sample have noise of their own, so that it does not depend on the others.

    As a proposal of `SMC` (the bootstrap filter of Gordon, Salmond and Smith 1993) a token is
    drawn from the model and has the weight 1 where it is allowed, else 0.
    """

    def sample(self, prompt_ids: Sequence[int], n: int, max_tokens: int) -> list[Sample]:
        """See `ExactSampler.sample`."""
        self.check(n, max_tokens)
        particles = [self.begin(prompt_ids, max_tokens, i) for i in range(n)]
        while self.advance(particles):
            for i, particle in enumerate(particles):
                if particle.reason:
                    self.attempts += 1
                    attempt = particle.stream.attempt + 1
                    if attempt == self.max_attempts:
                        done = [self.accept(p) for p in particles if p.cursor.finished]
                        raise self.give_up(f"no text was valid in {attempt} attempts", done)
                    particles[i] = self.begin(prompt_ids, max_tokens, i, attempt)
            self.report(particles, self.attempts + n)
        self.attempts += n
        return [self.accept(particle) for particle in particles]

    def draw(self, particle: Particle, logprobs: NDArray[Any]) -> Draw:
        """See `Sampler.draw`."""
        race = Race(logprobs, particle.stream.uniforms(particle.position, len(logprobs)))
        token, _ = next(iter(race))
        if not particle.cursor.allows(token):
            return Draw(None, -float("inf"))
        return Draw(token, race.log_total)
