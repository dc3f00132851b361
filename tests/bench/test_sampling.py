"""The distortion experiment shows what it is meant to show."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from bench import sampling
from bench.sampling_distortion import VOCABULARY, divergence, exact, skewed
from bench.sampling_grammars import enumerate_texts, pooled
from constrain import compile_regex
from constrain.models import TableModel
from constrain.sampling import Sample


def test_the_exact_distribution() -> None:
    truth = exact(TableModel(VOCABULARY, skewed))
    assert len(truth) == 17
    assert sum(truth.values()) == pytest.approx(1)
    assert truth["00000"] == pytest.approx(0.9 * 0.2**4 / (0.9 * 0.2**4 + 0.1), rel=1e-9)


def test_divergence_takes_the_weights() -> None:
    def sample(text: str, weight: float) -> Sample:
        return Sample((), text, math.log(weight), 0.0, True)

    truth = {"a": 0.25, "b": 0.75}
    fair = [sample("a", 1.0), sample("b", 3.0)]
    assert divergence(fair, truth, True) == pytest.approx(0)
    assert divergence(fair, truth, False) == pytest.approx(0.5 * math.log(2 * 2 / 3))


def test_texts_are_enumerated_under_a_grammar() -> None:
    model = TableModel(VOCABULARY, skewed)
    found, lost = enumerate_texts(model, compile_regex("00000|1[01]{4}", VOCABULARY), (), 6)
    z = sum(found.values())
    assert {text: p / z for text, p in found.items()} == pytest.approx(exact(model))
    assert lost == 0
    slight, lost = enumerate_texts(model, compile_regex("0{5}", VOCABULARY), (), 5)
    assert (slight, lost) == ({}, 0)


def test_slight_texts_are_one() -> None:
    truth = {"a": 0.6, "b": 0.395, "c": 0.004, "d": 0.001}
    assert pooled(truth, 100) == pytest.approx({"a": 0.6, "b": 0.395, "": 0.005})


def test_masking_distorts_and_the_others_do_not(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    assert sampling.main(["distortion", "--samples", "300", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "distortion.json").read_text("utf-8"))
    last = {name: kl[-1] for name, kl in found["kl"]["00000|1[01]{4}"].items()}
    assert last["masked"] > 2
    for name in ("rejection", "ASAp", "CARS"):
        assert last[name] < 0.1
    assert last["masked, weighted"] < 0.5
    assert (tmp_path / "distortion.md").read_text("utf-8").count("\n| ") == 7
    assert (tmp_path / "distortion.png").stat().st_size > 1000
