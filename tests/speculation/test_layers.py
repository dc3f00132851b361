"""Drafting by some layers of the target."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from constrain import ConstraintError, compile_regex
from constrain.models import HFModel
from constrain.models.layers import depth, with_layers
from constrain.sampling import MaskedSampler
from constrain.speculation import SkippedLayers, SpeculativeModel
from constrain.speculation.drafter import Said
from constrain.speculation.unguided import Unguided
from tests.models.conftest import CONFIGS, make_model, make_tokenizer

PREFIXES = [(5, 6, 7), (5, 6, 7, 8, 9), (1, 2)]
LAYERS = {"gpt2": {"n_layer": 4}}


def model(kind: str = "llama") -> HFModel:
    changes = LAYERS.get(kind, {"num_hidden_layers": 4})
    return HFModel(make_model(kind, **changes), make_tokenizer())


@pytest.mark.parametrize("kind", CONFIGS)
def test_all_layers_are_the_model_and_fewer_are_another(kind: str) -> None:
    target = model(kind)
    rows = target.logprobs(PREFIXES)
    np.testing.assert_allclose(with_layers(target, range(4)).logprobs(PREFIXES), rows, atol=1e-4)
    thinner = with_layers(target, (0, 2))
    assert depth(thinner) == 2
    fewer = thinner.logprobs(PREFIXES)
    assert np.abs(fewer - rows).max() > 0.01
    for i, prefix in enumerate(PREFIXES):  # with what is cached by now, and without
        np.testing.assert_allclose(thinner.logprobs([prefix])[0], fewer[i], atol=1e-4)
        other = with_layers(target, (0, 2)).logprobs([prefix])[0]
        np.testing.assert_allclose(other, fewer[i], atol=1e-4)
    np.testing.assert_allclose(target.logprobs(PREFIXES), rows, atol=1e-4)
    assert depth(target) == 4


def test_weights_are_shared() -> None:
    target = model()
    ours = {p.data_ptr() for p in target.model.parameters()}
    assert {p.data_ptr() for p in with_layers(target, (1, 3)).model.parameters()} < ours


@pytest.mark.parametrize("kept", [(), (2, 1), (0, 0), (0, 4), (-1, 2)])
def test_layers_that_are_not_there(kept: Any) -> None:
    with pytest.raises(ConstraintError, match="ascending, from 0 to 3"):
        with_layers(model(), kept)


def test_the_output_is_the_same() -> None:
    target = model()
    constraint = compile_regex("[a-e]{30}", target.vocabulary)
    drafter = SkippedLayers(target, [(0, 1, 2)])
    ahead = SpeculativeModel(target, drafter, position_cost=0.01)
    for seed in range(3):
        samples = (
            MaskedSampler(m, constraint, seed=seed).sample([1, 2, 3], 1, 40)[0]
            for m in (target, ahead)
        )
        assert next(samples).token_ids == next(samples).token_ids
    assert ahead.statistics.questions > 60


def test_the_choice_that_agrees_best_for_its_cost_guesses() -> None:
    target = model()
    drafter = SkippedLayers(target, [(0,), (0, 1, 2, 3), (0, 1)])
    rng = np.random.default_rng(1)
    for _ in range(60):
        prefix = tuple(rng.integers(0, 200, 5).tolist())
        drafter.guess([Unguided(0, prefix, ())])
        drafter.learn(prefix, Said(target.logprobs([prefix])[0]))
    agreements = [choice.agreement for choice in drafter._choices]
    assert agreements[1] == max(agreements) > 0.9
    assert agreements[0] < 0.9
    best = max(drafter._choices, key=lambda c: c.agreement - c.drafter.cost)
    assert drafter.cost == best.drafter.cost


def test_the_usual_choices() -> None:
    target = model()
    costs = [choice.drafter.cost for choice in SkippedLayers(target)._choices]
    assert costs == [0.25, 0.5, 0.75, 0.5]
