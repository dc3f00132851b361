"""States that are kept between calls say what reading anew says, and spare reading."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from constrain import compile_regex, generate_regex
from constrain.models import HFModel
from constrain.models.states import FAR, goes_on_by
from constrain.sampling import MaskedSampler
from constrain.speculation import DraftModel, SpeculativeModel

from .conftest import make_model, make_tokenizer

KINDS = {"mamba": 1, "mamba2": -1}
"""Models, and how many tokens they read at once after a state."""


class Reading:
    """A model, and what it was given to read, as (rows, tokens) of each pass."""

    def __init__(self, kind: str, **options: Any) -> None:
        self.model = HFModel(make_model(kind), make_tokenizer(), **options)
        self.passes: list[tuple[int, int]] = []

        def note(_: Any, __: Any, given: Any) -> None:
            self.passes.append(tuple(given["input_ids"].shape))

        self.model.model.register_forward_pre_hook(note, with_kwargs=True)

    def read(self, *prefixes: tuple[int, ...]) -> Any:
        self.passes.clear()
        return self.model.logprobs(prefixes)


@pytest.mark.parametrize("kind", KINDS)
def test_how_models_go_on_is_found_out(kind: str) -> None:
    assert goes_on_by(make_model(kind), "cache_params") == KINDS[kind]


def test_a_model_with_another_state_does_not_go_on() -> None:
    class Strange(torch.nn.Module):
        device = torch.device("cpu")
        dtype = torch.float32
        config = make_model("mamba").config

    assert goes_on_by(Strange(), "cache_params") == 0


def walk(seed: int) -> Iterator[list[tuple[int, ...]]]:
    """Questions about texts that go on, with guesses, branch off, and start again."""
    rng = np.random.default_rng(seed)

    def more(count: int) -> tuple[int, ...]:
        return tuple(rng.integers(0, 250, count).tolist())

    texts = [more(7), more(3)]
    for _ in range(25):
        asked = []
        for text in texts:
            guesses = more(int(rng.integers(0, 4)))
            asked += [text + guesses[:i] for i in range(len(guesses) + 1)]
        yield asked
        chosen = [asked[i] for i in rng.integers(0, len(asked), len(texts))]
        texts = [text + more(int(rng.integers(1, 3))) for text in chosen]
        if rng.random() < 0.1:
            texts[0] = texts[0][:4]
        if rng.random() < 0.1:
            texts[1] += more(FAR + 3)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_those_of_reading_anew(kind: str, seed: int) -> None:
    kept, anew = Reading(kind), Reading(kind)
    anew.model._states = None
    read = {kept: 0, anew: 0}
    for asked in walk(seed):
        rows = [reading.read(*asked) for reading in read]
        np.testing.assert_allclose(*rows, atol=2e-4)
        for reading in read:
            read[reading] += sum(texts * tokens for texts, tokens in reading.passes)
    assert read[kept] < (0.5 if kind == "mamba2" else 1) * read[anew]


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_that_goes_on_by_a_token_is_read_by_a_token(kind: str) -> None:
    reading = Reading(kind)
    one, other = tuple(range(9)), tuple(range(20, 29))
    reading.read(one, other)
    assert reading.passes == [(2, 9)]
    reading.read((*one, 1), (*other, 2), (*other, 3))
    assert reading.passes == [(3, 1)]


def test_guesses_that_do_not_come_true_are_read_over_from_the_last_accepted_state() -> None:
    reading = Reading("mamba2")
    text = tuple(range(9))
    reading.read(text, (*text, 1), (*text, 1, 2))
    assert reading.passes == [(1, 11)]
    reading.read((*text, 1, 2, 3))
    assert reading.passes == [(1, 1)]  # all came true
    guessed = (*text, 1, 2, 3, 4)
    reading.read(guessed, (*guessed, 5), (*guessed, 5, 6))
    assert reading.passes == [(1, 3)]
    reading.read((*guessed, 7))
    assert reading.passes == [(1, 2)]  # 4 again, and 7


def test_a_state_is_kept_before_guesses_that_follow_much() -> None:
    reading = Reading("mamba2")
    prompt = tuple(range(FAR + 9))
    reading.read(prompt, (*prompt, 1))
    assert reading.passes == [(1, len(prompt) - 1), (1, 2)]
    reading.read((*prompt, 2), (*prompt, 3))
    assert reading.passes == [(2, 2)]


def test_states_need_no_room() -> None:
    reading = Reading("mamba2", cache_bytes=0)
    reading.read((1, 2, 3))
    rows = reading.read((1, 2, 3, 4))
    assert reading.passes == [(1, 4)]
    np.testing.assert_allclose(rows, Reading("mamba2").read((1, 2, 3, 4)), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_looking_ahead_writes_the_same(kind: str) -> None:
    reading = Reading(kind)
    constraint = compile_regex("[a-e]{20}x", reading.model.vocabulary)
    for seed in range(2):
        plain = MaskedSampler(reading.model, constraint, seed=seed).sample([1, 2], 2, 30)
        drafter = DraftModel(HFModel(make_model(kind), make_tokenizer()), cost=0.01)
        ahead = SpeculativeModel(reading.model, drafter, first_cost=0, loan=50)
        samples = MaskedSampler(ahead, constraint, seed=seed).sample([1, 2], 2, 30)
        assert [s.token_ids for s in samples] == [s.token_ids for s in plain]
        assert ahead.statistics.per_call > 2


def test_auto_does_not_guess_where_each_guess_is_read_with_the_whole_text() -> None:
    kept, anew = Reading("mamba"), Reading("mamba")
    anew.model._states = None
    assert not kept.model.scores_guesses
    for reading in (kept, anew):
        details = generate_regex(
            "(red|blue)( red| blue){30}", reading.model, seed=1, draft="auto", return_details=True
        )
        assert details.speculation.positions == details.speculation.calls
    tokens = [sum(tokens for _, tokens in reading.passes) for reading in (kept, anew)]
    assert tokens[0] < 0.2 * tokens[1]
