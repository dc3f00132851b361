"""The samplers by name, and outputs from their weighted texts."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from constrain.engine import Constraint
from constrain.errors import ConstraintError
from constrain.models import LanguageModel
from constrain.models.lookahead import Drawn, Lookahead
from constrain.sampling.adaptive import ASApSampler, CARSSampler
from constrain.sampling.awrs import AWRSSampler
from constrain.sampling.base import Observer, Sample, Sampler, log_sum, shares_of
from constrain.sampling.clock import Clock
from constrain.sampling.cursor import AnyConstraint
from constrain.sampling.masked import room_for
from constrain.sampling.noise import Stream
from constrain.sampling.potential import Potential
from constrain.sampling.rejection import ExactSampler, RejectionSampler
from constrain.sampling.resampling import systematic
from constrain.sampling.smc import SMC, Run
from constrain.sampling.warp import Warp

SamplerName: TypeAlias = Literal["masked", "rejection", "asap", "cars", "awrs", "smc"]

EXACT: dict[str, type[ExactSampler]] = {"rejection": RejectionSampler, "cars": CARSSampler}
WEIGHTED = ("asap", "awrs", "smc")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The texts that a sampler has come to, and how.

    Attributes:
        samples: the outputs, all of them finished.
        sampler: the name of the sampler.
        attempts: texts begun.
        acceptance_rate: finished texts among them.
        effective: effective sample size of the weighted texts that the outputs were drawn from;
            of exact samplers, the number of outputs.
        log_evidence: logarithm of the estimated probability that the model's own text is valid.
        run: all the weighted texts that the outputs were drawn from; `run.posterior()` sums them
            up, and `run.steps` records how they came about, but for ASAp. None of exact samplers.
        model_seconds: time spent in the model.
        mask_seconds: time spent in masks and in checks of tokens, guesses included.
    """

    samples: tuple[Sample, ...]
    sampler: str
    attempts: int
    acceptance_rate: float
    effective: float
    log_evidence: float
    run: Run | None
    model_seconds: float
    mask_seconds: float


def sample_texts(
    name: str,
    model: LanguageModel,
    constraint: AnyConstraint,
    prompt: Sequence[int],
    *,
    n: int,
    max_tokens: int,
    warp: Warp,
    seed: int,
    particles: int,
    potential: Potential | None = None,
    observe: Observer | None = None,
) -> Outcome:
    """Write `n` valid texts with a sampler other than local masking.

    "rejection" and "cars" give `n` independent draws from the model given the constraint. "asap",
    "awrs" and "smc" write max(n, particles) weighted texts and draw the `n` from these by weight.

    Args:
        warp: is part of the model: it works before the constraint, on all tokens.
        potential: a factor of the target; of "awrs", on complete texts alone.

    Raises:
        ConstraintError: there is no sampler of this name, `particles` is below 1, or the sampler
            takes no potential.
        GenerationError: even the shortest text does not fit; or, as an `AcceptanceError` or an
            `ExtinctionError`, no text was valid.
    """
    if particles < 1:
        raise ConstraintError(f"particles must be >= 1, not {particles}")
    if name not in (*EXACT, *WEIGHTED):
        names = ", ".join(("masked", *EXACT, *WEIGHTED))
        raise ConstraintError(f"no sampler {name!r}; there are {names}")
    if potential is not None and name not in ("awrs", "smc"):
        raise ConstraintError(
            f'sampler="{name}" takes no potential; those that weigh by one are "smc" and "awrs"'
        )
    if isinstance(constraint, Constraint) and max_tokens >= 1:
        room_for(model, constraint, prompt, max_tokens)
    warped = _Warped(model, warp)
    if name in EXACT:
        exact = EXACT[name](warped, constraint, seed=seed, observe=observe)
        samples = exact.sample(prompt, n, max_tokens)
        rate = exact.acceptance_rate
        return Outcome(
            tuple(samples),
            name,
            exact.attempts,
            rate,
            n,
            math.log(exact.evidence),
            None,
            warped.clock.seconds,
            exact.constraint_clock.seconds,
        )
    count = max(n, particles)
    proposal: Sampler
    if name == "asap":
        proposal = ASApSampler(warped, constraint, seed=seed, observe=observe)
        run = Run(tuple(proposal.sample(prompt, count, max_tokens)), ())
    else:
        proposal = AWRSSampler(warped, constraint, seed=seed, observe=observe)
        threshold = 0.5 if name == "smc" else 0.0
        smc = SMC(proposal, potential=potential, ess_threshold=threshold)
        run = smc.run(prompt, count, max_tokens)
    finished = [sample for sample in run.samples if sample.log_weight > -math.inf]
    if not finished:
        raise run.extinction()
    logs = np.array([sample.log_weight for sample in finished])
    uniforms = Stream(seed, count + 1).spare(0, n)
    chosen = systematic(shares_of(logs), uniforms).tolist()
    return Outcome(
        tuple(finished[i] for i in chosen),
        name,
        count,
        len(finished) / count,
        run.effective,
        run.log_evidence,
        run,
        warped.clock.seconds,
        proposal.constraint_clock.seconds,
    )


class _Warped(LanguageModel):
    """A model after a warp, and the time it takes."""

    def __init__(self, model: LanguageModel, warp: Warp) -> None:
        self._model = model
        self._warp = warp
        self.vocabulary = model.vocabulary
        self.context_length = model.context_length
        self.clock = Clock()

    def logprobs(self, prefixes: Sequence[Sequence[int]]) -> NDArray[Any]:
        """See `LanguageModel.logprobs`."""
        return self.logprobs_ahead(prefixes, ())

    def logprobs_ahead(
        self, prefixes: Sequence[Sequence[int]], texts: Sequence[Lookahead]
    ) -> NDArray[Any]:
        """See `LanguageModel.logprobs_ahead`."""
        warped = [_WarpedAhead(text, self._warp) for text in texts]
        with self.clock:
            rows = self._model.logprobs_ahead(prefixes, warped)
        if self._warp == Warp() or not np.isfinite(rows.max(axis=-1)).all():
            return rows
        scores = [self._warp(row) for row in rows]
        return np.stack([row - log_sum(row) for row in scores])


class _WarpedAhead:
    """A text whose tokens are drawn after a warp. What its methods do is said at `Lookahead`."""

    def __init__(self, text: Lookahead, warp: Warp) -> None:
        self._text = text
        self._warp = warp

    @property
    def key(self) -> Hashable:
        return self._text.key

    @property
    def prefix(self) -> tuple[int, ...]:
        return self._text.prefix

    def fork(self) -> _WarpedAhead:
        return _WarpedAhead(self._text.fork(), self._warp)

    def draw(self, tokens: NDArray[np.intp], logprobs: NDArray[Any]) -> Drawn | None:
        if self._warp != Warp() and logprobs.max() > -np.inf:
            mass = min(0.0, log_sum(logprobs))
            scores = self._warp(logprobs)
            kept = np.flatnonzero(scores > -np.inf)
            tokens, logprobs = tokens[kept], scores[kept] - log_sum(scores) + mass
        return self._text.draw(tokens, logprobs)

    def take(self, token: int) -> bool:
        return self._text.take(token)

    def forced(self) -> Sequence[int]:
        return self._text.forced()
