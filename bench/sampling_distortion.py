"""How far from the model's own distribution, given the constraint, samples are.

The experiment of Park et al. 2024, "Grammar-Aligned Decoding", section 4: binary strings of
length 5 that are 00000 or begin with 1, under a model that likes to begin with 0 and then to go on
with 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from constrain import Vocabulary, compile_regex
from constrain.models import TableModel
from constrain.sampling import (
    SMC,
    ASApSampler,
    AWRSSampler,
    CARSSampler,
    MaskedSampler,
    RejectionSampler,
    Sample,
)

_PATTERN = "00000|1[01]{4}"
_LENGTH = 5
_PARTICLES = 20
_MARKS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)

VOCABULARY = Vocabulary.from_bytes([b"0", b"1", None], [2])


def skewed(prefix: tuple[int, ...]) -> list[float]:
    """Weights of 0, 1 and the end: p(00000) is small, but its first token is likely."""
    if len(prefix) == _LENGTH:
        return [0.0, 0.0, 1.0]
    if not prefix:
        return [0.9, 0.1, 0.0]
    return [0.2, 0.8, 0.0] if prefix[0] == 0 else [0.4 + 0.05 * len(prefix), 0.5, 0.0]


def exact(model: TableModel) -> dict[str, float]:
    """The distribution of the model given the constraint, by enumeration."""
    texts = [(0,) * _LENGTH, *((1, *rest) for rest in product((0, 1), repeat=_LENGTH - 1))]
    masses = {
        "".join(map(str, text)): math.prod(
            float(np.exp(model.logprobs([text[:i]])[0, token])) for i, token in enumerate(text)
        )
        for text in texts
    }
    total = sum(masses.values())
    return {text: mass / total for text, mass in masses.items()}


def divergence(samples: Sequence[Sample], truth: dict[str, float], weighted: bool) -> float:
    """KL(samples || truth), of the distribution that the samples, with their weights, make."""
    shares: dict[str, float] = {}
    for sample in samples:
        weight = math.exp(sample.log_weight) if weighted else float(sample.finished)
        shares[sample.text] = shares.get(sample.text, 0.0) + weight
    total = sum(shares.values())
    return sum(w / total * math.log(w / total / truth[t]) for t, w in shares.items() if w)


def marks_up_to(n: int) -> list[int]:
    """Numbers of samples after which to look."""
    return [mark for mark in _MARKS if mark < n] + [n]


def distortion(n: int) -> dict[str, Any]:
    """KL after so many samples, for each sampler."""
    model = TableModel(VOCABULARY, skewed)
    constraint = compile_regex(_PATTERN, VOCABULARY)
    truth = exact(model)
    most = _LENGTH + 1
    cars = CARSSampler(model, constraint, seed=1)
    rejection = RejectionSampler(model, constraint, seed=1)
    masked = MaskedSampler(model, constraint, seed=1).sample((), n, most)
    steered = [
        sample
        for seed in range(-(-n // _PARTICLES))
        for sample in SMC(AWRSSampler(model, constraint, seed=seed)).sample((), _PARTICLES, most)
    ]
    drawn: dict[str, tuple[Sequence[Sample], bool]] = {
        "masked": (masked, False),
        "masked, weighted": (masked, True),
        "rejection": (rejection.sample((), n, most), False),
        "ASAp": (ASApSampler(model, constraint, seed=1).sample((), n, most), False),
        "CARS": (cars.sample((), n, most), False),
        f"AWRS-SMC, {_PARTICLES} particles": (steered[:n], True),
    }
    marks = marks_up_to(n)
    curves = {
        name: [divergence(samples[:mark], truth, weighted) for mark in marks]
        for name, (samples, weighted) in drawn.items()
    }
    rows: list[list[Any]] = [["KL after", *marks], *([name, *kl] for name, kl in curves.items())]
    note = (
        f"KL(samples || model given the constraint), {_PATTERN}; an ideal sampler has about "
        f"{len(truth) - 1} / 2n. Accepted: rejection {rejection.acceptance_rate:.1%}, "
        f"CARS {cars.acceptance_rate:.1%}."
    )
    return {"marks": marks, "kl": {_PATTERN: curves}, "rows": rows, "note": note}


def plot(curves: Mapping[str, Mapping[str, Sequence[float]]], marks: Any, path: Path) -> None:
    """Draw the curves of each experiment side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1 + 6 * len(curves), 4.5), layout="constrained")
    for place, (title, kls) in enumerate(curves.items(), 1):
        axes = figure.add_subplot(1, len(curves), place)
        for name, kl in kls.items():
            axes.plot(marks, np.maximum(kl, 1e-6), marker="o", label=name)
        axes.set(xscale="log", yscale="log", xlabel="samples", title=title)
        axes.set_ylabel("KL to the exact distribution")
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=150)
