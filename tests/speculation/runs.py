"""Runs of every sampler over a model, to be held against those over a speculative model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from constrain.engine import Constraint
from constrain.models import LanguageModel, TableModel
from constrain.models.lookahead import Lookahead
from constrain.sampling import (
    SMC,
    ASApSampler,
    AWRSSampler,
    CARSSampler,
    MaskedSampler,
    RejectionSampler,
    Sample,
)
from constrain.sampling.masked import Output, decode
from constrain.sampling.warp import Warp
from constrain.speculation import (
    Copying,
    Drafter,
    DraftModel,
    Forced,
    Likely,
    Recycling,
    Trigrams,
)

Run = Callable[[LanguageModel, Constraint, Sequence[int], int, int, int], Sequence[Sample | Output]]
"""From a model, a constraint, a prompt, n, max_tokens and a seed to texts."""


def decoded(
    model: LanguageModel,
    constraint: Constraint,
    prompt: Sequence[int],
    n: int,
    most: int,
    seed: int,
    warp: Warp,
) -> Sequence[Output]:
    return decode(model, constraint, prompt, n=n, max_tokens=most, warp=warp, seed=seed)


def sampled(
    model: LanguageModel,
    constraint: Constraint,
    prompt: Sequence[int],
    n: int,
    most: int,
    seed: int,
    sampler: Callable[..., Any],
) -> Sequence[Sample]:
    return sampler(model, constraint, seed=seed).sample(prompt, n, most)


def smc(sampler: Callable[..., Any], *arguments: Any, **settings: Any) -> SMC:
    return SMC(sampler(*arguments, **settings), ess_threshold=0.7)


SAMPLERS: dict[str, Callable[..., Any]] = {
    "masked": MaskedSampler,
    "masked, warped": partial(MaskedSampler, warp=Warp(temperature=0.7, top_p=0.9)),
    "rejection": RejectionSampler,
    "asap": partial(ASApSampler, round_size=2),
    "cars": partial(CARSSampler, round_size=2),
    "awrs": AWRSSampler,
    "awrs geometric": partial(AWRSSampler, estimator="geometric", max_accepts=3),
    "smc over masked": partial(smc, MaskedSampler),
    "smc over awrs": partial(smc, AWRSSampler),
}
RUNS: dict[str, Run] = {
    "decode": partial(decoded, warp=Warp()),
    "decode, greedy": partial(decoded, warp=Warp(temperature=0)),
    **{name: partial(sampled, sampler=sampler) for name, sampler in SAMPLERS.items()},
}


class Wrong(Drafter):
    """Is sure of a token that the model will not draw, if it knows the model."""

    name = "wrong"

    def __init__(self, model: LanguageModel) -> None:
        self.model = model

    def guess(self, texts: Sequence[Lookahead]) -> list[Likely | None]:
        rows = self.model.logprobs([text.prefix for text in texts])
        every = np.arange(self.model.vocabulary.size)
        guesses: list[Likely | None] = []
        for text, row in zip(texts, rows, strict=True):
            right = text.draw(every, row)
            others = every[every != right.token] if right else every
            drawn = text.draw(others, np.full(len(others), -np.log(len(others))))
            token = drawn and np.array([drawn.token])
            guesses.append(None if token is None else Likely(token, np.log([0.99])))
        return guesses


def drafters(model: LanguageModel, near: LanguageModel) -> dict[str, Callable[[], Any]]:
    """Makers of all drafters; `near` is a model that resembles `model`."""
    return {
        "forced": Forced,
        "copying": Copying,
        "recycling": Recycling,
        "trigrams": Trigrams,
        "the model itself": lambda: DraftModel(model, cost=0.01),
        "another model": lambda: DraftModel(near),
        "wrong": lambda: Wrong(model),
        "all": lambda: [Forced(), Copying(), Recycling(), Trigrams(), DraftModel(near)],
    }


def blurred(model: LanguageModel, share: float = 0.3, seed: int = 5) -> TableModel:
    """A model whose rows are those of another, mixed with random ones."""
    noise = TableModel(model.vocabulary, seed)

    def table(prefix: tuple[int, ...]) -> Any:
        rows = (np.exp(other.logprobs([prefix])[0]) for other in (model, noise))
        return (1 - share) * next(rows) + share * next(rows)

    return TableModel(model.vocabulary, table)
