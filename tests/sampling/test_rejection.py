"""Attempts side by side come to what attempts one after another come to."""

from __future__ import annotations

import pytest

from constrain import AcceptanceError, compile_regex
from constrain.models import TableModel
from constrain.sampling import RejectionSampler, Sample, rejection

from .exact import LETTERS, PROMPT

RARE = compile_regex("(a|b)b", LETTERS)


class Counting(TableModel):
    """Counts its calls."""

    calls = 0

    def logprobs(self, prefixes):  # type: ignore[no-untyped-def]
        self.calls += 1
        return super().logprobs(prefixes)


def drawn(model: TableModel, n: int) -> tuple[list[Sample], int]:
    sampler = RejectionSampler(model, RARE, seed=5)
    return sampler.sample(PROMPT, n, 4), sampler.attempts


@pytest.mark.parametrize("n", [1, 3, 100])
def test_the_first_valid_attempt_counts(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = TableModel(LETTERS, 3)
    monkeypatch.setattr(rejection, "_SIDE_BY_SIDE", 1)
    alone, attempts = drawn(model, n)
    assert attempts > 4 * n
    monkeypatch.undo()
    assert drawn(model, n) == (alone, attempts)


def test_many_failures_share_the_calls_of_the_model() -> None:
    model = Counting(LETTERS, 3)
    with pytest.raises(AcceptanceError, match="in 2000 attempts") as caught:
        RejectionSampler(model, compile_regex("b{9}", LETTERS), max_attempts=2000).sample(
            PROMPT, 1, 4
        )
    assert caught.value.attempts == 2000
    assert model.calls < 300


def test_what_was_accepted_counts_where_others_are_given_up() -> None:
    constraint = compile_regex("a|b", LETTERS)
    model = TableModel(LETTERS, lambda prefix: [1, 0, 0, 0, 1] if prefix else [1, 1, 0, 0, 0])
    sampler = RejectionSampler(model, constraint, seed=2, max_attempts=1)
    with pytest.raises(AcceptanceError, match="in 1 attempts") as caught:
        sampler.sample((), 12, 4)
    assert 0 < len(caught.value.samples) < sampler.attempts == caught.value.attempts
    assert sampler.acceptance_rate == len(caught.value.samples) / sampler.attempts


def test_a_text_that_always_comes_is_tried_once() -> None:
    """As at temperature 0."""
    model = TableModel(LETTERS, lambda prefix: [1, 0, 0, 0, 0])
    sampler = RejectionSampler(model, RARE)
    with pytest.raises(AcceptanceError, match="always writes the same text"):
        sampler.sample(PROMPT, 2, 4)
    assert sampler.attempts == 2
