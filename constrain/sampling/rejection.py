"""Rejection: whole texts of the model, of which the valid ones are kept."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import takewhile
from typing import Any

from numpy.typing import NDArray

from constrain.errors import AcceptanceError, ConstraintError
from constrain.models import LanguageModel
from constrain.sampling.base import Draw, Observer, Particle, Progress, Sample, Sampler
from constrain.sampling.cursor import AnyConstraint
from constrain.sampling.race import Race

_SIDE_BY_SIDE = 64
"""Attempts under way at once, of all samples; at least one of each."""
_WAITING = 4
"""How many times as many may wait for earlier ones to end."""


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
    attempts of a sample have noise of their own, so that it does not depend on the others. The more
    of them have failed, the more are tried side by side; what counts is the first that is valid.

    As a proposal of `SMC` (the bootstrap filter of Gordon, Salmond and Smith 1993) a token is
    drawn from the model and has the weight 1 where it is allowed, else 0.
    """

    def sample(self, prompt_ids: Sequence[int], n: int, max_tokens: int) -> list[Sample]:
        """See `ExactSampler.sample`."""
        self.check(n, max_tokens)
        trials = [_Trials(self, prompt_ids, max_tokens, i) for i in range(n)]
        while True:
            open_ = [trial for trial in trials if not trial.is_settled]
            if not open_:
                break
            for trial in open_:
                trial.refill(max(1, _SIDE_BY_SIDE // len(open_)))
            under_way = [particle for trial in open_ for particle in trial.particles]
            self.advance(under_way)
            self.attempts += sum(trial.settle() for trial in open_)
            hopeless = [trial.hopeless for trial in open_ if trial.hopeless]
            if hopeless:
                raise self.give_up(hopeless[0], self._accepted(trials))
            self.report(under_way, self.attempts + n, n - len(open_))
        return self._accepted(trials)

    def _accepted(self, trials: Sequence[_Trials]) -> list[Sample]:
        found = [self.accept(trial.particles[0]) for trial in trials if trial.is_settled]
        self.attempts += len(found)
        return found

    def draw(self, particle: Particle, logprobs: NDArray[Any]) -> Draw:
        """See `Sampler.draw`; a particle remembers whether chance had no say."""
        race = Race(logprobs, particle.stream.uniforms(particle.position, len(logprobs)))
        particle.memory = race.peak == 1 and particle.memory is not False
        token, _ = next(iter(race))
        if not particle.cursor.allows(token):
            return Draw(None, -float("inf"))
        return Draw(token, race.log_total)


class _Trials:
    """The attempts at a sample, from the first one on that is not known to have failed.

    Attributes:
        particles: the texts; where the first is finished, it is the sample.
        failures: attempts that came before these.
        hopeless: why no further attempt is worth it; empty while one is.
    """

    def __init__(
        self, sampler: RejectionSampler, prompt_ids: Sequence[int], max_tokens: int, number: int
    ) -> None:
        self.particles: list[Particle] = []
        self.failures = 0
        self.hopeless = ""
        self._begin = partial(sampler.begin, prompt_ids, max_tokens, number)
        self._most = sampler.max_attempts

    @property
    def is_settled(self) -> bool:
        """Whether the sample is there."""
        return bool(self.particles) and self.particles[0].is_finished

    def refill(self, most: int) -> None:
        """Begin attempts until as many are side by side as have failed, but `most`."""
        if any(particle.is_finished for particle in self.particles):
            return
        width = min(most, max(1, self.failures))
        room = min(_WAITING * width, self._most - self.failures)
        live = sum(particle.is_live for particle in self.particles)
        for _ in range(min(width - live, room - len(self.particles))):
            self.particles.append(self._begin(self.failures + len(self.particles)))

    def settle(self) -> int:
        """Drop what failed before all others, and what comes after a valid text; return the
        number of the former."""
        failed = sum(1 for _ in takewhile(lambda particle: particle.reason, self.particles))
        if any(particle.memory for particle in self.particles[:failed]):
            self.hopeless = "the model always writes the same text, and it is not valid"
        del self.particles[:failed]
        for i, particle in enumerate(self.particles):
            if particle.is_finished:
                del self.particles[i + 1 :]
                break
        self.failures += failed
        if self.failures == self._most:
            self.hopeless = f"no text was valid in {self._most} attempts"
        return failed
