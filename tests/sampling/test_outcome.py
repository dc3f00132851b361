"""Outputs by each sampler: valid, reproducible, and with the probabilities of the model."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from constrain import (
    AcceptanceError,
    ConstraintError,
    ExtinctionError,
    GenerationError,
    generate,
    generate_choice,
    generate_json,
    generate_regex,
)
from constrain.models import TableModel
from constrain.sampling import Critic, Progress
from constrain.writing import Generation

from .exact import LETTERS, Asked

NAMES = ["rejection", "asap", "cars", "awrs", "smc"]


def skewed(prefix: tuple[int, ...]) -> Any:
    """Likes to begin with `a`, where little that it goes on with is allowed."""
    if not prefix:
        return [0.8, 0.2, 0, 0, 0]
    return [0.02, 0.03, 0, 0.9, 0.05] if prefix[0] == 0 else [0.4, 0.1, 0, 0.1, 0.4]


MODEL = TableModel(LETTERS, skewed)
P = {"ab": 0.8 * 0.03 * 0.05, "b": 0.2 * 0.4}


@pytest.mark.parametrize("name", NAMES)
def test_choices_are_made_as_the_model_would(name: str) -> None:
    drawn = generate_choice(list(P), MODEL, n=400, seed=1, sampler=name, max_tokens=6)
    share = P["b"] / sum(P.values())
    assert drawn.count("b") / 400 == pytest.approx(share, abs=0.03)


def test_masking_would_not() -> None:
    drawn = generate_choice(list(P), MODEL, n=400, seed=1, max_tokens=6)
    assert drawn.count("b") / 400 == pytest.approx(0.2, abs=0.06)


@pytest.mark.parametrize("name", ["awrs", "smc"])
def test_a_potential_is_a_factor(name: str) -> None:
    likes_ab = Critic(lambda texts: [math.log(5) if text == "ab" else 0.0 for text in texts])
    drawn = generate_choice(
        *(list(P), MODEL), n=400, seed=1, sampler=name, max_tokens=6, potential=likes_ab
    )
    share = P["b"] / (P["b"] + 5 * P["ab"])
    assert drawn.count("b") / 400 == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("name", ["masked", "rejection", "cars", "asap"])
def test_a_potential_needs_weights(name: Any) -> None:
    with pytest.raises(ConstraintError, match="potential"):
        generate_choice(["a"], MODEL, sampler=name, potential=Critic(lambda texts: [0.0]))


@pytest.mark.parametrize("name", NAMES)
def test_details(name: str) -> None:
    first, again = (
        generate_regex("a|b+", MODEL, n=3, seed=4, sampler=name, max_tokens=9, return_details=True)
        for _ in range(2)
    )
    assert [g.text for g in first] == [g.text for g in again]
    for generation in first:
        assert isinstance(generation, Generation)
        assert generation.outcome is not None
        assert generation.outcome.sampler == name
        run = generation.outcome.run
        assert (run is not None) == (name in ("asap", "awrs", "smc"))
        if run is not None:
            assert sum(run.posterior().values()) == pytest.approx(1)
            assert generation.text in run.posterior()
            assert bool(run.steps) == (name != "asap")
        assert 0 < generation.outcome.acceptance_rate <= 1
        assert generation.model_calls == len(generation.token_ids)


@pytest.mark.parametrize("name", NAMES)
def test_the_evidence_is_the_probability_of_what_is_valid(name: str) -> None:
    """Of CARS too, which accepts nearly all texts in the end."""
    details = generate_choice(
        list(P),
        MODEL,
        n=400,
        particles=400,
        seed=3,
        sampler=name,
        max_tokens=6,
        return_details=True,
    )
    assert details[0].outcome.log_evidence == pytest.approx(math.log(sum(P.values())), abs=0.2)


@pytest.mark.parametrize("name", NAMES)
def test_temperature_is_part_of_the_model(name: str) -> None:
    """At temperature t the texts have their probabilities under the model at t."""
    temperature = 0.5

    def at(prefix: tuple[int, ...]) -> Any:
        return np.array(skewed(prefix)) ** (1 / temperature)

    rows = {prefix: at(prefix) / at(prefix).sum() for prefix in ((), (0,), (1,))}
    p = {"a": rows[()][0] * rows[0,][4], "b": rows[()][1] * rows[1,][4]}
    drawn = generate_choice(
        ["a", "b"], MODEL, n=300, seed=2, sampler=name, temperature=temperature, max_tokens=4
    )
    assert drawn.count("b") / 300 == pytest.approx(p["b"] / sum(p.values()), abs=0.08)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_valid_is_an_error_that_says_so(name: str) -> None:
    model = TableModel(LETTERS, lambda prefix: [1, 0, 0, 0, 1])
    with pytest.raises(GenerationError, match=r"no probability|no text in common") as caught:
        generate_regex("b{3}", model, sampler=name, max_tokens=5)
    assert isinstance(caught.value, AcceptanceError) == (name in ("rejection", "cars"))


@pytest.mark.parametrize("name", ["masked", *NAMES])
def test_too_few_tokens_are_noticed_before_the_model_is_asked(name: str) -> None:
    def never(prefix: tuple[int, ...]) -> Any:
        raise AssertionError

    with pytest.raises(GenerationError, match="shortest output takes 4 tokens"):
        generate_regex("b{3}", TableModel(LETTERS, never), sampler=name, max_tokens=3)


@pytest.mark.parametrize("name", ["asap", "awrs", "smc"])
def test_what_all_died_of_is_told_and_kept(name: str) -> None:
    with pytest.raises(ExtinctionError, match=r"all 5 texts have died.*\d x max_tokens") as caught:
        generate_regex("0|a[ab]{9}", MODEL, sampler=name, particles=5, max_tokens=3, seed=1)
    assert len(caught.value.token_ids) == 3
    assert len(caught.value.run.samples) == 5
    assert len(caught.value.run.steps) == (0 if name == "asap" else 3)
    assert "raise max_tokens" in str(caught.value)
    assert ("no text in common" in str(caught.value)) == (name == "asap")  # which learns so


@pytest.mark.parametrize("name", NAMES)
def test_constraints_that_can_only_be_asked(name: str) -> None:
    drawn = generate(
        Asked([b"ab", b"b"]), MODEL, n=300, seed=1, sampler=name, max_tokens=6, particles=300
    )
    assert drawn.count("b") / 300 == pytest.approx(P["b"] / sum(P.values()), abs=0.05)
    with pytest.raises(ConstraintError, match="needs masks"):
        generate(Asked([b"ab"]), MODEL)


@pytest.mark.parametrize("name", ["masked", *NAMES])
def test_progress_is_told(name: str) -> None:
    told: list[Progress] = []
    generate_regex("a|b", MODEL, n=3, seed=1, sampler=name, particles=3, observe=told.append)
    assert told[-1].finished >= 3
    assert told[-1].finished <= told[-1].attempts
    assert 0 < told[-1].effective <= told[-1].attempts


def test_wrong_names_and_numbers() -> None:
    with pytest.raises(ConstraintError, match="no sampler 'best'; there are masked, rejection"):
        generate_regex("a", MODEL, sampler="best")  # type: ignore[arg-type]
    with pytest.raises(ConstraintError, match="particles must be"):
        generate_regex("a", MODEL, sampler="smc", particles=0)


def test_json_by_smc_with_the_bundled_model() -> None:
    from constrain.models import BundledModel

    schema = {"enum": [[1, 2], {"a": True}, "text"]}
    steps: list[Any] = []
    found = generate_json(
        schema, BundledModel(), sampler="smc", particles=4, seed=1, observe=steps.append
    )
    assert json.dumps(found) in map(json.dumps, schema["enum"])
    assert steps[-1].finished == 4
    assert 0 < steps[-1].effective <= 4
