"""Over a speculative model every sampler writes what it writes over the target, seed for seed."""

from __future__ import annotations

from typing import Any

import pytest

from constrain import compile_grammar, compile_regex
from constrain.models import TableModel
from constrain.speculation import SpeculativeModel
from tests.sampling.exact import LETTERS, PROMPT, peaked_model

from .runs import RUNS, blurred, drafters

MODEL = peaked_model(3, power=2)
CONSTRAINTS = {
    "choices": compile_regex(r"(ab|b0|0a){0,3}(ab[ab0]{2,}|b|0*)", LETTERS),
    "nested": compile_grammar('start: "a" start "b" | "0"? | start "0"', LETTERS),
}
pytestmark = pytest.mark.filterwarnings("error")
DRAFTERS = drafters(MODEL, blurred(MODEL))
MAX_TOKENS = 12


class Counting(TableModel):
    """Counts its calls."""

    calls = 0

    def logprobs(self, prefixes: Any) -> Any:
        self.calls += 1
        return MODEL.logprobs(prefixes)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("drafter", DRAFTERS)
def test_the_output_is_the_same(run: str, drafter: str) -> None:
    """Tokens, weights and log-probabilities, to the last bit: the target is in float64."""
    for name, constraint in CONSTRAINTS.items():
        speculative = SpeculativeModel(MODEL, DRAFTERS[drafter]())
        for seed in range(2):
            arguments = constraint, PROMPT, 3, MAX_TOKENS, seed
            plain = RUNS[run](MODEL, *arguments)
            ahead = RUNS[run](speculative, *arguments)
            assert list(map(comparable, ahead)) == list(map(comparable, plain)), (name, seed)


def comparable(text: Any) -> Any:
    """All but the time that it took."""
    return text.token_ids, text.logprob, getattr(text, "log_weight", None)


@pytest.mark.parametrize("run", RUNS)
def test_a_perfect_drafter_is_hardly_ever_wrong(run: str) -> None:
    """Guesses are drawn with the sampler's own noise, so whoever knows the model is right."""
    target = Counting(LETTERS)
    speculative = SpeculativeModel(target, DRAFTERS["the model itself"]())
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
