"""Targets of every kind: with trees, with chains alone, and with a state in place of a cache."""

from __future__ import annotations

import pytest

from constrain import compile_regex
from constrain.models import HFModel
from constrain.sampling import MaskedSampler
from constrain.speculation import (
    Chains,
    Copying,
    DraftModel,
    Dynamic,
    Recycling,
    SpeculativeModel,
    Trigrams,
    VerifiedSampler,
)
from tests.models.conftest import CONFIGS, make_model, make_tokenizer

PROMPT = [1, 2, 3]


@pytest.mark.parametrize("kind", CONFIGS)
def test_looking_ahead_writes_the_same(kind: str) -> None:
    target = HFModel(make_model(kind), make_tokenizer())
    constraint = compile_regex("[a-e]{20}", target.vocabulary)
    drafters = [Copying(), Recycling(), Trigrams(), DraftModel(target, cost=0.01)]
    ahead = SpeculativeModel(target, drafters, first_cost=0, loan=50)
    for n in (1, 3):
        samples = [
            MaskedSampler(model, constraint, seed=n).sample(PROMPT, n, 30)
            for model in (target, ahead)
        ]
        assert [s.token_ids for s in samples[0]] == [s.token_ids for s in samples[1]]
    assert ahead.statistics.per_call > 1.5


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_perfect_draft_is_accepted_whole(kind: str) -> None:
    """Whatever the target reads of a tree, it says of it what it says of each text alone."""
    target = HFModel(make_model(kind), make_tokenizer())
    constraint = compile_regex("[a-e]{12}", target.vocabulary)
    for rule, shape in (("distinct", Dynamic()), ("spectr", Chains(3, 4))):
        made = VerifiedSampler(target, constraint, draft=target, rule=rule, shape=shape, seed=1)
        samples = made.sample(PROMPT, 2, 30)
        assert all(sample.finished for sample in samples)
        accepted, offered = (sum(c.values()) for c in (made.account.accepted, made.account.offered))
        assert accepted >= 0.99 * offered > 5
        for sample in samples:
            ids = sample.token_ids
            rows = [target.logprobs([(*PROMPT, *ids[:i])])[0] for i in range(len(ids))]
            told = sum(float(row[token]) for row, token in zip(rows, ids, strict=True))
            assert sample.logprob == pytest.approx(told, abs=1e-3)
