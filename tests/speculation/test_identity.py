"""Over a speculative model every sampler writes what it writes over the target, seed for seed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from constrain.models import BundledModel, TableModel
from constrain.speculation import SpeculativeModel
from tests.sampling.exact import LETTERS, PROMPT

from .identity import (
    CONSTRAINTS,
    MAX_TOKENS,
    TABLE,
    TABLE_DRAFTERS,
    bundled_drafters,
    bundled_settings,
    differences,
    is_level,
    table_settings,
)
from .runs import RUNS

pytestmark = pytest.mark.filterwarnings("error")


class Counting(TableModel):
    """Counts its calls."""

    calls = 0

    def logprobs(self, prefixes: Any) -> Any:
        self.calls += 1
        return TABLE.logprobs(prefixes)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("drafter", TABLE_DRAFTERS)
def test_tables_give_the_same_to_the_last_bit(run: str, drafter: str) -> None:
    for setting in table_settings():
        ahead = SpeculativeModel(TABLE, TABLE_DRAFTERS[drafter]())
        for seed in range(2):
            texts = (RUNS[run](model, *setting, seed) for model in (TABLE, ahead))
            assert differences(seed, *texts) == []


@pytest.fixture(scope="module")
def bundled() -> BundledModel:
    torch.set_num_threads(1)
    return BundledModel()


@pytest.mark.parametrize("run", RUNS)
def test_the_bundled_model_gives_the_same_but_for_rounding(run: str, bundled: BundledModel) -> None:
    setting = bundled_settings(bundled)[0]
    for name in ("all", "layers"):
        ahead = SpeculativeModel(bundled, bundled_drafters(bundled)[name]())
        texts = (RUNS[run](model, *setting, 1) for model in (bundled, ahead))
        for difference in differences(1, *texts):
            assert is_level(bundled, setting[1], difference), difference


def test_rounding_excuses_little(bundled: BundledModel) -> None:
    """Another noise, or another weight, is not excused."""
    setting = bundled_settings(bundled)[0]
    one, other = (RUNS["masked"](bundled, *setting, seed)[0] for seed in (1, 2))
    assert not is_level(bundled, setting[1], (1, 0, one, other))
    assert not is_level(bundled, setting[1], (1, 0, one, replace(one, log_weight=0.1)))
    assert is_level(bundled, setting[1], (1, 0, one, replace(one, logprob=one.logprob + 1e-4)))


@pytest.mark.parametrize("run", RUNS)
def test_a_perfect_drafter_is_hardly_ever_wrong(run: str) -> None:
    """Guesses are drawn with the sampler's own noise, so whoever knows the model is right."""
    target = Counting(LETTERS)
    speculative = SpeculativeModel(target, TABLE_DRAFTERS["the model itself"]())
    for seed in range(12):
        RUNS[run](speculative, CONSTRAINTS["choices"], PROMPT, 1, MAX_TOKENS, seed)
    statistics = speculative.statistics
    assert statistics.calls == target.calls
    acceptance = statistics.drafters["model"]
    assert acceptance.sent >= 5
    # A draft ends unseen where rejection draws what is not allowed, or an estimate is zero.
    exact = run.split(",")[0] in ("decode", "masked", "asap", "smc over masked")
    assert acceptance.rate == 1 if exact else acceptance.rate > 0.5
    assert statistics.calls < statistics.questions
