"""Everything that a small model can write, one by one: what the samplers are held against."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from constrain import Vocabulary
from constrain.models import LanguageModel, TableModel
from constrain.sampling import Sample

LETTERS = Vocabulary.from_bytes([b"a", b"b", b"ab", b"0", None], eos_token_ids=[4])
PROMPT = (3, 0)


@dataclass(frozen=True)
class Exact:
    """The valid texts and their probabilities under the model, together Z."""

    texts: dict[tuple[int, ...], float]

    @property
    def z(self) -> float:
        return sum(self.texts.values())

    @property
    def conditional(self) -> dict[tuple[int, ...], float]:
        return {text: p / self.z for text, p in self.texts.items()}


def enumerate_texts(model: LanguageModel, valid: Callable[[bytes], bool], max_tokens: int) -> Exact:
    """All token sequences of at most `max_tokens` that end and are valid, judged as a whole."""
    vocabulary = model.vocabulary
    found: dict[tuple[int, ...], float] = {}
    level: list[tuple[tuple[int, ...], bytes, float]] = [((), b"", 1.0)]
    for _ in range(max_tokens):
        rows = np.exp(model.logprobs([(*PROMPT, *tokens) for tokens, _, _ in level]))
        after = []
        for (tokens, text, mass), row in zip(level, rows, strict=True):
            for token in np.flatnonzero(row).tolist():
                p = mass * float(row[token])
                if token in vocabulary.eos_token_ids:
                    if valid(text):
                        found[(*tokens, token)] = p
                else:
                    after.append(
                        ((*tokens, token), text + (vocabulary.token_bytes(token) or b""), p)
                    )
        level = after
    return Exact(found)


class Asked:
    """A yes/no constraint from a test of whole texts, by brute force over some texts."""

    def __init__(self, texts: Iterable[bytes]) -> None:
        self._complete = frozenset(texts)
        self._begun = {text[:i] for text in self._complete for i in range(len(text) + 1)}
        self.asked = 0

    def allows(self, prefix: bytes) -> bool:
        self.asked += 1
        return prefix in self._begun

    def complete(self, prefix: bytes) -> bool:
        self.asked += 1
        return prefix in self._complete


def peaked_model(seed: int, vocabulary: Vocabulary = LETTERS, power: float = 3.0) -> TableModel:
    """A random model whose distributions are far from flat."""
    flat = TableModel(vocabulary, seed)
    return TableModel(vocabulary, lambda prefix: np.exp(power * flat.logprobs([prefix])[0]))


def chi_square(drawn: Sequence[tuple[int, ...]], exact: dict[tuple[int, ...], float]) -> float:
    """How surprising the draws are under a distribution, in standard deviations (normal scale).

    Pearson's statistic with rare texts pooled, by the approximation of Wilson and Hilferty.
    """
    n = len(drawn)
    counts = dict.fromkeys(exact, 0)
    for text in drawn:
        if text not in counts:
            return math.inf
        counts[text] += 1
    cells = [(n * p, counts[text]) for text, p in exact.items() if n * p >= 8]
    rest = n - sum(e for e, _ in cells), n - sum(c for _, c in cells)
    if rest[0] > 1:
        cells.append(rest)
    df = len(cells) - 1
    statistic = sum((count - expected) ** 2 / expected for expected, count in cells)
    spread = 2 / (9 * df)
    return ((statistic / df) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)


def standard_score(values: np.ndarray, mean: float) -> float:
    """How far the mean of independent values is from what it should be, in standard errors."""
    error = values.std(ddof=1) / math.sqrt(len(values))
    if error <= 1e-9 * mean:
        return 0.0 if math.isclose(values.mean(), mean, rel_tol=1e-9) else math.inf
    return float((values.mean() - mean) / error)


def weights(samples: Sequence[Sample]) -> np.ndarray:
    return np.exp([sample.log_weight for sample in samples])


def two_samples(first: Counter[Any], second: Counter[Any]) -> float:
    """Chi-square of two samples of one size being of one distribution, on the normal scale."""
    cells = [(first[key], second[key]) for key in first | second]
    rare = [cell for cell in cells if sum(cell) < 16]
    cells = [cell for cell in cells if sum(cell) >= 16]
    if sum(map(sum, rare)) >= 16:
        cells.append((sum(a for a, _ in rare), sum(b for _, b in rare)))
    df = len(cells) - 1
    if not df:
        return 0.0
    statistic = sum((a - b) ** 2 / (a + b) for a, b in cells)
    spread = 2 / (9 * df)
    return float(((statistic / df) ** (1 / 3) - (1 - spread)) / np.sqrt(spread))
