"""What looking ahead takes besides the target, in CPU time, where it does not help."""

from __future__ import annotations

from statistics import median
from time import process_time
from typing import Any

import numpy as np
import pytest

from bench.speculation_cost import AlwaysWrong, Case
from constrain import Vocabulary, compile_regex
from constrain.models import LanguageModel
from constrain.speculation import SpeculativeModel
from constrain.speculation.auto import speculative

SIZE = 3000
VOCABULARY = Vocabulary.from_bytes(
    [chr(0x4E00 + i).encode() for i in range(SIZE)] + [None], eos_token_ids=[SIZE]
)
CALL = 0.003
"""Seconds that a call of the target takes."""
TOKENS = 60


class Busy(LanguageModel):
    """Takes its time, and says of each text something else, so that nothing can be guessed."""

    vocabulary = VOCABULARY

    def __init__(self) -> None:
        rows = np.random.default_rng(0).normal(size=(512, SIZE + 1)).astype(np.float32) * 2
        rows -= np.log(np.exp(rows).sum(axis=1, keepdims=True))
        self._rows = rows

    def logprobs(self, prefixes: Any) -> Any:
        started = process_time()
        rows = self._rows[[hash(tuple(prefix)) % 512 for prefix in prefixes]]
        while process_time() - started < CALL:
            pass
        return rows


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("way", ["auto", "wrong"])
def test_it_costs_little_where_it_does_not_help(way: str, n: int) -> None:
    """5 % is what is promised of a model with calls of this length, and measured by
    `bench.speculation_cost`; the rest here is for machines that do other things as well."""
    target = Busy()
    case = Case("text", (1, 2, 3), compile_regex("[一-龥]{50,}", VOCABULARY), n)
    drafter = AlwaysWrong(SIZE)
    wrong = SpeculativeModel(target, drafter, loan=0)
    ratios = []
    for seed in range(3):
        model = wrong if way == "wrong" else speculative(target, "auto")
        started = process_time()
        plain = case.write(target, TOKENS, seed)
        between = process_time()
        drafter.know(case.prompt, plain)
        begun = process_time()
        assert [o.token_ids for o in case.write(model, TOKENS, seed)] == [
            o.token_ids for o in plain
        ]
        ratios.append((process_time() - begun) / (between - started))
    assert median(ratios) < 1.12
