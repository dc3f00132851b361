"""Adaptive weighted rejection sampling: only tokens that are drawn are checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from constrain.errors import ConstraintError
from constrain.models import LanguageModel
from constrain.sampling.base import Draw, Observer, Particle, Sampler
from constrain.sampling.cursor import AnyConstraint
from constrain.sampling.race import Race

Estimator: TypeAlias = Literal["auto", "recursive", "geometric", "averaged"]

_PEAK = 2 / 3
"""Where the likeliest token has at least this probability, the geometric estimators need fewer
than two checks on average, and the recursive one always two."""


class Trial(NamedTuple):
    """What came of drawing a token.

    Attributes:
        token: the first allowed token; None if there was none within `max_rejects`.
        estimate: of the probability of the allowed tokens; 0 where `token` is None.
        refused: the tokens that were not allowed.
    """

    token: int | None
    estimate: float
    refused: tuple[int, ...]


def recursive(race: Race, allows: Callable[[int], bool], max_rejects: float = math.inf) -> Trial:
    """Draw a token, and estimate without bias the probability Z of those allowed.

    Tokens arrive without replacement. If the first, of probability q, is refused, then
    Z = (1 - q) Z' with Z' that of the tokens left; so the estimate is a product of such factors
    until a token is allowed, and then q + (1 - q) [the next one is allowed], whose mean is that
    Z too (Lipkin et al. 2025, "Fast Controlled Generation from Language Models with Adaptive
    Weighted Rejection Sampling", the recursive estimator). If only one refusal is left, a coin
    does: 1 if the token is allowed, else 0.

    Contract: E[estimate f(token)] = sum of p(t) f(t) over the allowed t, for every f.
    """
    left = _Left(race)
    arrivals = iter(race)
    for token, _ in arrivals:
        if not allows(token):
            left.refuse(token)
            if len(left.refused) >= max_rejects:
                break
            continue
        estimate = left.mass
        if len(left.refused) < max_rejects - 1:
            second = next(arrivals, None)
            if second is None or not allows(second[0]):
                estimate = race.probability(token)
        return Trial(token, estimate, tuple(left.refused))
    return Trial(None, 0.0, tuple(left.refused))


def geometric(
    race: Race,
    allows: Callable[[int], bool],
    spare: NDArray[np.float64],
    repetitions: Callable[[float], float],
    max_rejects: float = math.inf,
) -> Trial:
    """Draw a token, and estimate without bias the probability Z of those allowed.

    Tokens are drawn, and put back, until r of them were allowed. Then r - 1 over the number of
    draws but the last is without bias (negative binomial sampling: Haldane 1945; the geometric
    estimator of Lipkin et al. 2025). Refused tokens that come again are not asked about; how
    many do is drawn in one number. Where Z is small the estimate varies by some 1 / Z of its
    square: see `averaged`.

    Args:
        race: the tokens; by its lack of memory a token is put back by waiting anew.
        allows: whether a token is allowed; is asked once for each different token.
        spare: [r] numbers in [0, 1), for the waiting; r >= 2.
        repetitions: a draw from the Poisson distribution of a given mean.
        max_rejects: different refused tokens after which to stop.

    Contract: as of `recursive`.
    """
    course = _Course.run(race, allows, spare, max_rejects)
    if course.token is None:
        return Trial(None, 0.0, course.refused)
    rejects = len(course.refused) + repetitions(course.exposure)
    good = min(course.accepts, len(spare) - 1)
    return Trial(course.token, good / (course.accepts + rejects - 1), course.refused)


def averaged(
    race: Race,
    allows: Callable[[int], bool],
    spare: NDArray[np.float64],
    max_rejects: float = math.inf,
) -> Trial:
    """Draw a token, and estimate without bias the probability Z of those allowed.

    The mean of the estimate of `geometric`, given the token and those refused in their order; so
    it never varies more (Rao and Blackwell), and where a likely token is refused far less. With
    m_i the probability left after i refusals, and h_k the complete homogeneous symmetric
    polynomial of degree k, it is

        h_{r-2}(1/m_0, ..., 1/m_j) / h_{r-1}(1/m_0, ..., 1/m_j)

    after j refusals: the probability, given the refused, that the first draw was an allowed one.
    Where the n-th refusal, of at most n = `max_rejects`, comes after a < r allowed draws, it is
    h_{a-1} / h_a of 1/m_0, ..., 1/m_{n-1} for the same reason.

    Args, and contract: as of `geometric`.
    """
    wanted = len(spare)
    course = _Course.run(race, allows, spare, max_rejects)
    if course.token is None:
        return Trial(None, 0.0, course.refused)
    # polynomials[k] is h_k of the 1 / m_i so far, times mass**k, where mass is the latest m_i
    polynomials, mass = np.ones(wanted), 1.0
    for left in course.masses:
        polynomials = np.cumsum(polynomials * (left / mass) ** np.arange(wanted))
        mass = left
    degree = min(course.accepts, wanted - 1)
    ratio = polynomials[degree - 1] / polynomials[degree]
    return Trial(course.token, float(ratio) * mass, course.refused)


class _Course(NamedTuple):
    """What happens until r draws were allowed, or too many tokens refused.

    Attributes:
        token: the first allowed token, if any.
        accepts: draws that were allowed, repetitions counted.
        refused: the tokens that were not.
        masses: the probability left after each refusal, the one that ended the course excepted.
        exposure: how many times a token is expected to come again after its refusal.
    """

    token: int | None
    accepts: int
    refused: tuple[int, ...]
    masses: tuple[float, ...]
    exposure: float

    @classmethod
    def run(
        cls,
        race: Race,
        allows: Callable[[int], bool],
        spare: NDArray[np.float64],
        max_rejects: float,
    ) -> _Course:
        """Follow a race in which each allowed token comes back at its rate."""
        left = _Left(race)
        returns: list[tuple[float, int]] = []
        masses: list[float] = []
        first: int | None = None
        accepts, exposure, now = 0, 0.0, 0.0
        while accepts < len(spare):
            arrival = race.arrive(before=returns[0][0] if returns else math.inf)
            if arrival is not None:
                token, time = arrival
            elif returns:
                time, token = heappop(returns)
            else:
                break
            exposure += (1 - left.mass) * (time - now)
            now = time
            if arrival is not None and not allows(token):
                left.refuse(token)
                if len(left.refused) >= max_rejects:
                    break
                masses.append(left.mass)
                continue
            first = token if first is None else first
            waiting = -math.log1p(-spare[accepts]) / race.probability(token)
            accepts += 1
            heappush(returns, (time + waiting, token))
        return cls(first, accepts, tuple(left.refused), tuple(masses), exposure)


class _Left:
    """The tokens that have not been refused."""

    def __init__(self, race: Race) -> None:
        self.mass = 1.0
        self.refused: list[int] = []
        self._race = race
        self._exact = 1.0

    def refuse(self, token: int) -> None:
        """Take a token out. Differences lose digits, so now and then the mass is summed anew."""
        self.refused.append(token)
        self.mass -= self._race.probability(token)
        if self.mass < self._exact / 64:
            self.mass = self._exact = self._race.probability_without(self.refused)


class AWRSSampler(Sampler):
    """Draws each token by rejection: in the order of their noise, tokens are checked until one is
    allowed, and a few checks more estimate what the allowed ones weigh together.

    Contract: properly weighted (see `Sampler`), by the contracts of `recursive`, `geometric` and
    `averaged` at each step. The weight of a text is the product of the estimates. The texts
    themselves come from the distribution of local masking: with the same noise, and masks,
    `MaskedSampler` writes the same texts, with the exact normalisers in place of their estimates;
    but for tokens whose probability is 0 in the dtype of the model's rows (see `Race`).

    With `max_rejects` a text may die, weight zero, where an allowed token was left; the weights
    stay without bias.

    Args:
        model, constraint, seed, observe: see `Sampler`.
        max_accepts: allowed tokens to draw, repetitions counted, >= 2: more lower the variance of
            the geometric estimators; the recursive one takes two.
        max_rejects: tokens to refuse before a step fails; None for no bound. A constraint that can
            only be asked may allow a beginning that nothing completes, and is then asked about all
            tokens that the model gives any probability: set a bound where asking takes time.
        estimator: "recursive" and "geometric" are those of the paper, and "averaged" is the mean
            of the geometric one given the refused tokens. "auto" takes the averaged one where
            the paper takes the geometric one: where `max_accepts` > 2 or the likeliest token has
            probability 2/3 or more; else the recursive one.

    Attributes:
        checks: how often the constraint was asked about a token, over all calls.
        tokens: tokens drawn, over all calls.
    """

    def __init__(
        self,
        model: LanguageModel,
        constraint: AnyConstraint,
        *,
        seed: int = 0,
        max_accepts: int = 2,
        max_rejects: int | None = None,
        estimator: Estimator = "auto",
        observe: Observer | None = None,
    ) -> None:
        super().__init__(model, constraint, seed=seed, observe=observe)
        if max_accepts < 2:
            raise ConstraintError(f"max_accepts must be >= 2 for proper weights, not {max_accepts}")
        if max_rejects is not None and max_rejects < 1:
            raise ConstraintError(f"max_rejects must be >= 1, not {max_rejects}")
        if estimator not in get_args(Estimator):
            known = ", ".join(get_args(Estimator))
            raise ConstraintError(f"no estimator {estimator!r}; there are {known}")
        self.max_accepts = max_accepts
        self.max_rejects = math.inf if max_rejects is None else max_rejects
        self.estimator = estimator
        self.checks = 0
        self.tokens = 0

    def draw(self, particle: Particle, logprobs: NDArray[Any]) -> Draw:
        """See `Sampler.draw`."""
        position = particle.position
        race = Race(logprobs, particle.stream.uniforms(position, len(logprobs)))

        def allows(token: int) -> bool:
            self.checks += 1
            return particle.cursor.allows(token)

        chosen = self.estimator
        if chosen == "auto":
            peaked = self.max_accepts > 2 or race.peak >= _PEAK
            chosen = "averaged" if peaked else "recursive"
        if chosen == "recursive":
            trial = recursive(race, allows, self.max_rejects)
        else:
            spare = particle.stream.spare(position, self.max_accepts)
            if chosen == "averaged":
                trial = averaged(race, allows, spare, self.max_rejects)
            else:
                repetitions = partial(particle.stream.poisson, position)
                trial = geometric(race, allows, spare, repetitions, self.max_rejects)
        if trial.token is None:
            return Draw(None, -math.inf)
        self.tokens += 1
        return Draw(trial.token, race.log_total + math.log(trial.estimate))
