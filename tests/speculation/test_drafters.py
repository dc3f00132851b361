"""What every drafter promises, and what each of them is there for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from constrain import compile_regex
from constrain.models import TableModel
from constrain.models.lookahead import Lookahead
from constrain.sampling import MaskedSampler
from constrain.sampling.ahead import Ahead
from constrain.speculation import Copying, Drafter, Forced, Recycling, SpeculativeModel, Trigrams
from constrain.speculation.drafter import Said, likeliest
from constrain.speculation.unguided import Unguided
from tests.sampling.exact import LETTERS, PROMPT, peaked_model

from .runs import blurred, drafters

MODEL = peaked_model(3, power=2)
CONSTRAINT = compile_regex(r"(ab|b0|0a){0,6}(ab[ab0]{2,}|b|0*)", LETTERS)
MAKERS = drafters(MODEL, blurred(MODEL))
SINGLE = [name for name in MAKERS if name != "all"]


def text(*tokens: int, pattern: str = "[ab0]*") -> Ahead:
    """A text under a pattern, after some tokens."""
    sampler = MaskedSampler(MODEL, compile_regex(pattern, LETTERS), seed=1)
    ahead = Ahead(sampler, sampler.begin(PROMPT, 30, 0)).fork()
    for token in tokens:
        assert ahead.take(token)
    return ahead


@pytest.mark.parametrize("name", SINGLE)
def test_offers_are_distributions_over_some_tokens(name: str) -> None:
    drafter: Drafter = MAKERS[name]()
    texts = [text(0, 1, 0, 1), text(), text(0, 1, 3, 0, 1), text(2, pattern="abab0ab0")]
    before = [t.prefix for t in texts]
    for t in texts * 2:
        offers = drafter.guess([t])
        assert len(offers) == 1
        rows = MODEL.logprobs([t.prefix])
        drafter.learn(t.prefix, Said(rows[0]))
    offers = drafter.guess(texts)
    assert len(offers) == len(texts)
    assert any(offer is not None for offer in offers)
    for offer in filter(None, offers):
        assert (np.diff(offer.tokens) > 0).all()
        assert offer.tokens.min() >= 0
        assert offer.tokens.max() < LETTERS.size
        assert offer.tokens.shape == offer.logprobs.shape
        assert 0 < np.exp(offer.logprobs).sum() <= 1 + 1e-9
    assert [t.prefix for t in texts] == before
    assert drafter.guess([]) in ([], ())


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_not_allowed_is_never_sent(name: str) -> None:
    """Every prefix that the target sees can be completed."""

    class Watching(TableModel):
        def logprobs(self, prefixes: Any) -> Any:
            for prefix in prefixes:
                matcher = CONSTRAINT.matcher()
                assert all(map(matcher.accept, prefix[len(PROMPT) :]))
                assert not matcher.is_finished()
            return MODEL.logprobs(prefixes)

    speculative = SpeculativeModel(Watching(LETTERS), MAKERS[name](), first_cost=0, loan=99)
    for seed in range(20):
        MaskedSampler(speculative, CONSTRAINT, seed=seed).sample(PROMPT, 1, 20)
    assert sum(a.sent for a in speculative.statistics.drafters.values()) > 5 or name == "forced"


def said(drafter: Drafter, t: Lookahead) -> dict[int, float]:
    offer = drafter.guess([t])[0]
    if offer is None:
        return {}
    return dict(zip(offer.tokens.tolist(), np.exp(offer.logprobs).tolist(), strict=True))


def test_forced_bytes() -> None:
    assert list(said(Forced(), text(pattern="b0ab"))) == [1]
    assert list(said(Forced(), text(1, 3, pattern="b0ab"))) == [2]
    assert said(Forced(), text(pattern="b0|ab")) == {}


def test_copying_takes_the_latest_and_longest_match() -> None:
    tokens = [0, 1, 3, 1, 0, 1, 1, 0, 1]  # "0 1" was followed by 3 and then by 1
    assert list(said(Copying(), text(*tokens))) == [1]
    prompt = (3, 1, 0, 0, 1, 2, 0, 0, 1, 3, 3, 1, 0, 0, 1)
    assert list(said(Copying(), Unguided(0, prompt, ()))) == [2]
    assert said(Copying(), text(0, 1, 3)) == {}


def test_copying_is_not_misled_between_tokens() -> None:
    """Token ids are matched, not the bytes that they are stored as."""
    assert said(Copying(), Unguided(0, (0, 256, 0, 7, 9, 1, 0), ())) == {}
    assert said(Copying(), Unguided(0, (5,) * 9, ())) == {5: 0.9}


def test_recycling_keeps_what_the_target_said_last() -> None:
    drafter = Recycling()
    for prefix in ((1, 0), (2, 0)):
        drafter.learn(prefix, Said(MODEL.logprobs([prefix])[0]))
    latest = likeliest(MODEL.logprobs([(2, 0)])[0])
    assert said(drafter, text(1, 0)) == pytest.approx(
        dict(zip(latest.tokens.tolist(), np.exp(latest.logprobs).tolist(), strict=True))
    )
    assert said(drafter, text(1)) == {}


def test_trigrams_are_means_and_curious() -> None:
    rows = np.log([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1]])
    plain, curious = Trigrams(curiosity=0), Trigrams(curiosity=1)
    for drafter in (plain, curious):
        for row in rows:
            drafter.learn((1, 0), Said(row))
            drafter.learn((1, 0, 0), Said(row))
    assert said(plain, Unguided(0, (9, 1, 0), ())) == pytest.approx({0: 0.7, 1: 0.2, 2: 0.1})
    tried = said(curious, Unguided(0, (9, 1, 0), ()))
    assert sum(tried.values()) == pytest.approx(1)
    assert tried[1] / tried[0] > 2 / 7 + 0.1
    assert tried[1] / tried[2] == pytest.approx(2)


@pytest.mark.parametrize("name", SINGLE)
def test_texts_without_a_prompt(name: str) -> None:
    """What comes first in a text is heard of more than once."""
    drafter: Drafter = MAKERS[name]()
    prefixes: list[tuple[int, ...]] = [(), (0,), (0, 1)]
    for prefix in prefixes * 2:
        drafter.learn(prefix, Said(MODEL.logprobs([prefix])[0]))
    assert len(drafter.guess([Unguided(0, prefix, ()) for prefix in prefixes])) == 3


def test_likeliest() -> None:
    row = np.log(np.array([0.5, 1e-9, 0.2, 0.25, 0.05]))
    assert likeliest(row).tokens.tolist() == [0, 2, 3, 4]
    assert likeliest(row, most=2).tokens.tolist() == [0, 3]


def test_guesses_are_drawn_as_the_sampler_draws() -> None:
    """From the row of the model itself, the very token that the sampler then draws."""
    sampler = MaskedSampler(MODEL, CONSTRAINT, seed=5)
    every: Sequence[int] = np.arange(LETTERS.size)  # type: ignore[assignment]
    for i, sample in enumerate(sampler.sample(PROMPT, 40, 12)):
        ahead = Ahead(sampler, sampler.begin(PROMPT, 12, i)).fork()
        for token in sample.token_ids:
            drawn = ahead.draw(np.array(every), MODEL.logprobs([ahead.prefix])[0])
            assert drawn is not None
            assert drawn.token == token
            assert 0.5 <= drawn.probability <= 1
            goes_on = ahead.take(token)
        assert not goes_on or not sample.finished


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_the_chance_of_a_single_guess_is_that_of_the_race(share: float) -> None:
    """A token of which only its probability is known wins the race as often as is said."""
    vocabulary = LETTERS
    model = TableModel(vocabulary, lambda _: [share, 1 - share, 0, 0, 0])
    sampler = MaskedSampler(model, compile_regex("[ab]{1,9}", vocabulary), seed=3)
    expected, won = [], []
    for i, sample in enumerate(sampler.sample((), 600, 1)):
        ahead = Ahead(sampler, sampler.begin((), 3, i))
        drawn = ahead.draw(np.array([0]), np.log([share]))
        assert drawn is not None
        expected.append(drawn.probability)
        won.append(sample.token_ids[0] == 0)
    error = np.array(won, float) - expected
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(len(error))
    assert np.std(expected) > 0.1  # it depends on the noise
