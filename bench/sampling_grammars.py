"""How far from the bundled model's own distribution, given a grammar, samples are.

The texts of few tokens are enumerated with their probabilities, so that nothing is estimated but
the distributions of the samplers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bench.sampling_distortion import divergence, marks_up_to
from constrain import Constraint, compile_grammar, grammars
from constrain.engine.bitmask import allowed
from constrain.models import BundledModel, LanguageModel
from constrain.sampling import (
    SMC,
    ASApSampler,
    AWRSSampler,
    CARSSampler,
    MaskedSampler,
    Sample,
)

_TASKS = (("arithmetic", "Give me a number.", 4), ("json", "Give me a color.", 4))
"""Grammar, prompt, and the most tokens of a text, its end included."""
_PARTICLES, _ROUND, _BATCH = 20, 10, 128
_SLIGHT = 3e-8
"""Probability of a beginning below which nothing is followed."""
_EXPECTED = 5
"""Texts that are expected less often than this among the samples are counted together."""


def distortion_by_grammars(n: int) -> dict[str, Any]:
    """KL after so many samples, for each sampler and grammar."""
    model = BundledModel()
    marks = marks_up_to(n)
    rows: list[list[Any]] = [["grammar", "KL after", *marks]]
    curves: dict[str, dict[str, list[float]]] = {}
    notes = []
    for name, request, most in _TASKS:
        constraint = compile_grammar(grammars.load(name), model.vocabulary)
        prompt = model.encode_prompt(request)
        masses, lost = enumerate_texts(model, constraint, prompt, most)
        z = sum(masses.values())
        truth = pooled({text: mass / z for text, mass in masses.items()}, n)
        curves[name] = {}
        for sampler, (samples, weighted) in _samples(model, constraint, prompt, n, most).items():
            known = [_known(sample, truth) for sample in samples]
            curves[name][sampler] = [divergence(known[:mark], truth, weighted) for mark in marks]
            rows.append([name, sampler, *curves[name][sampler]])
        notes.append(
            f"{name}, {request!r}, at most {most} tokens: {len(masses):,} texts, Z = {z:.3g}, "
            f"beginnings of {lost / z:.1%} of it left out, {len(truth)} classes"
        )
    note = (
        "KL(samples || bundled model given the grammar); texts expected fewer than "
        f"{_EXPECTED} times count as one; an ideal sampler has (classes - 1) / 2n. "
        f"{'; '.join(notes)}."
    )
    return {"marks": marks, "kl": curves, "rows": rows, "note": note}


def enumerate_texts(
    model: LanguageModel, constraint: Constraint, prompt: Sequence[int], most: int
) -> tuple[dict[str, float], float]:
    """The probability of each valid text of at most `most` tokens, and that of the beginnings
    that were not followed."""
    vocabulary = model.vocabulary
    row = np.empty(vocabulary.bitmask_words, np.int32)
    found: dict[str, float] = {}
    lost = 0.0
    level = [((), b"", 1.0, constraint.matcher())]
    for left in reversed(range(most)):
        after: list[Any] = []
        for begin in range(0, len(level), _BATCH):
            batch = level[begin : begin + _BATCH]
            logprobs = model.logprobs([(*prompt, *tokens) for tokens, *_ in batch])
            for (tokens, text, mass, matcher), values in zip(batch, logprobs, strict=True):
                matcher.fill_bitmask(row)
                onward = np.flatnonzero(allowed(row, vocabulary.size))
                masses = mass * np.exp(values[onward].astype(np.float64))
                ends = np.isin(onward, vocabulary.eos_token_ids)
                if ends.any():
                    said = text.decode()
                    found[said] = found.get(said, 0.0) + float(masses[ends].sum())
                if not left:
                    continue
                followed = ~ends & (masses >= _SLIGHT)
                lost += float(masses[~ends & ~followed].sum())
                for token, p in zip(onward[followed].tolist(), masses[followed], strict=True):
                    fork = matcher.fork()
                    fork.accept(token)
                    data = text + (vocabulary.token_bytes(token) or b"")
                    after.append(((*tokens, token), data, float(p), fork))
        level = after
    return found, lost


def pooled(truth: dict[str, float], n: int) -> dict[str, float]:
    """The likely texts, and all others as one of no name."""
    likely = {text: p for text, p in truth.items() if p * n >= _EXPECTED}
    return {**likely, "": max(1 - sum(likely.values()), 1e-12)}


def _known(sample: Sample, truth: dict[str, float]) -> Sample:
    return sample if sample.text in truth else replace(sample, text="")


def _samples(
    model: LanguageModel, constraint: Constraint, prompt: Sequence[int], n: int, most: int
) -> dict[str, tuple[Sequence[Sample], bool]]:
    """Samples of each sampler, and whether their weights count."""
    masked = MaskedSampler(model, constraint, seed=1).sample(prompt, n, most)
    steered: list[Sample] = []
    for seed in range(-(-n // _PARTICLES)):
        run = SMC(AWRSSampler(model, constraint, seed=seed)).run(prompt, _PARTICLES, most)
        steered += run.samples
    asap = ASApSampler(model, constraint, seed=1, round_size=_ROUND)
    cars = CARSSampler(model, constraint, seed=1, round_size=_ROUND, max_attempts=100_000)
    return {
        "masked": (masked, False),
        "masked, weighted": (masked, True),
        "ASAp": (asap.sample(prompt, n, most), False),
        "CARS": (cars.sample(prompt, n, most), False),
        f"AWRS-SMC, {_PARTICLES} particles": (steered[:n], True),
    }
