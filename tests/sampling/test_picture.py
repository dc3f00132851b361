"""The picture of a run is well-formed and shows every particle, death and text."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from constrain import compile_regex
from constrain.models import TableModel
from constrain.sampling import SMC, MaskedSampler, Run
from constrain.sampling.picture import html, svg

from .exact import LETTERS, PROMPT

SVG = "{http://www.w3.org/2000/svg}"


def make(pattern: str, max_tokens: int) -> Run:
    sampler = MaskedSampler(TableModel(LETTERS, 1), compile_regex(pattern, LETTERS), seed=1)
    return SMC(sampler, ess_threshold=0.9).run(PROMPT, 7, max_tokens)


@pytest.mark.parametrize(("pattern", "max_tokens"), [("(a|b0|ab){1,4}", 5), ("a{9}", 3), ("a", 9)])
def test_every_particle_is_there(pattern: str, max_tokens: int) -> None:
    run = make(pattern, max_tokens)
    root = ElementTree.fromstring(svg(run))
    kinds = [element.get("class") for element in root.iter()]
    alive = sum(np.isfinite(step.log_weights).sum() for step in run.steps)
    assert kinds.count("alive") == alive
    assert kinds.count("resampled") == sum(step.resampled for step in run.steps)
    shown = [element.text or "" for element in root.iter(f"{SVG}text")]
    assert sum(sample.text in "".join(shown) for sample in run.samples) == 7
    assert (kinds.count("dead") > 0) == any(sample.reason for sample in run.samples)


def test_a_page_holds_the_picture() -> None:
    run = make("a", 4)
    assert svg(run) in html(run)


def test_what_markup_means_is_escaped() -> None:
    from constrain import Vocabulary

    vocabulary = Vocabulary.from_bytes([b"<b>", b"&\n", b"\x00\xff", None], [3])
    model = TableModel(vocabulary, 1)
    run = SMC(MaskedSampler(model, compile_regex(r"[<b>&\n]*", vocabulary))).run((0,), 5, 6)
    ElementTree.fromstring(svg(run))
