"""The picture of a run is well-formed and shows every particle, death and text."""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest

from constrain import compile_regex
from constrain.models import TableModel
from constrain.sampling import SMC, MaskedSampler, Run
from constrain.sampling.picture import _legend, html, svg

from .exact import LETTERS, PROMPT

SVG = "{http://www.w3.org/2000/svg}"


def make(pattern: str, max_tokens: int) -> Run:
    sampler = MaskedSampler(TableModel(LETTERS, 1), compile_regex(pattern, LETTERS), seed=1)
    return SMC(sampler, ess_threshold=0.9).run(PROMPT, 7, max_tokens)


@pytest.mark.parametrize(("pattern", "max_tokens"), [("(a|b0|ab){1,4}", 5), ("a{9}", 3), ("a", 9)])
def test_every_particle_is_there(pattern: str, max_tokens: int) -> None:
    run = make(pattern, max_tokens)
    kinds = Counter(
        kind
        for element in list(ElementTree.fromstring(svg(run)).iter())
        for kind in (element.get("class") or "").split()
    )
    legend = Counter(
        kind
        for element in ElementTree.fromstring(f"<g>{''.join(_legend())}</g>")
        for kind in (element.get("class") or "").split()
    )
    kinds.subtract(legend)
    alive = sum(np.isfinite(step.log_weights).sum() for step in run.steps)
    assert kinds["alive"] == alive
    assert kinds["resampled"] == sum(step.resampled for step in run.steps)
    assert (kinds["dead"] > 0) == any(sample.reason for sample in run.samples)
    assert kinds["share"] == sum(sample.finished for sample in run.samples)
    assert (kinds["ended"] > 0) == any(sample.finished for sample in run.samples)


def test_texts_and_deaths_are_listed() -> None:
    run = make("(a|b0|ab){1,4}", 5)
    shown = [element.text for element in ElementTree.fromstring(svg(run)).iter(f"{SVG}text")]
    for text, share in run.posterior().items():
        assert shown[shown.index(text) - 1] == f"{share:.1%}"
    dead = svg(make("a{9}", 3))
    assert "7 died" in dead
    assert "all have died" in dead
    assert "max_tokens reached" in dead


def test_what_lasts_is_an_ancestry() -> None:
    """From the last step back: who has a living descendant, by the record of parents."""
    run = make("(a|b0|ab){1,4}", 5)
    assert any(step.resampled for step in run.steps)
    root = ElementTree.fromstring(svg(run))
    dots = [e for e in root.iter(f"{SVG}circle") if float(e.get("cy", 0)) > 100]
    dark = {(e.get("cx"), e.get("cy")) for e in dots if "lasting" in (e.get("class") or "")}
    columns = sorted({e.get("cx", "") for e in dots}, key=float)
    rows = sorted({e.get("cy", "") for e in dots}, key=float)
    living = {i for i, w in enumerate(run.steps[-1].log_weights) if np.isfinite(w)}
    for column, step in zip(reversed(columns), reversed(run.steps), strict=True):
        assert {rows.index(y) for x, y in dark if x == column and y} == living
        living = {step.parents[i] for i in living}


def test_a_page_holds_the_picture() -> None:
    run = make("a", 4)
    assert svg(run) in html(run)


def test_what_markup_means_is_escaped() -> None:
    from constrain import Vocabulary

    vocabulary = Vocabulary.from_bytes([b"<b>", b"&\n", b"\x00\xff", None], [3])
    model = TableModel(vocabulary, 1)
    run = SMC(MaskedSampler(model, compile_regex(r"[<b>&\n]*", vocabulary))).run((0,), 5, 6)
    ElementTree.fromstring(svg(run))
