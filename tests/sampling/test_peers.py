"""AWRS draws tokens and weights as genlm-control's AWRS does."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from bench.sampling_peer import Peer
from constrain import Vocabulary, compile_json_schema, compile_regex
from constrain.models import TableModel
from constrain.sampling import AWRSSampler
from constrain.sampling.noise import Stream

from .exact import LETTERS, PROMPT, peaked_model, standard_score, two_samples

pytest.importorskip("genlm.control", reason="genlm-control is not installed")

JSON = Vocabulary.from_bytes([b"[", b"]", b",", b"1", b"tr", b"ue", b"1]", b" ", None], [8])
DRAWS = 2000


def regex_place() -> tuple[Any, Any, Any]:
    model = TableModel(LETTERS, 3)
    return model, compile_regex("(a|b0|ab){1,4}", LETTERS), (1,)


def schema_place() -> tuple[Any, Any, Any]:
    schema = {"type": "array", "items": {"enum": [1, 11, True]}, "minItems": 1}
    return TableModel(JSON, 4), compile_json_schema(schema, JSON), (0, 3)


def end_place() -> tuple[Any, Any, Any]:
    return peaked_model(4), compile_regex("(a|b0)*", LETTERS), (0,)


PLACES = [regex_place, schema_place, end_place]


def drawn(place: Any, estimator: str, **settings: Any) -> tuple[list[Any], list[Any]]:
    """Ours and theirs: (token, log weight, tokens refused in their order) of each draw."""
    model, constraint, tokens = place()
    sampler = AWRSSampler(model, constraint, estimator=estimator, **settings)
    particle = sampler.begin(PROMPT, 9, 0)
    for token in tokens:
        particle.cursor.append(token)
    row = model.logprobs([(*PROMPT, *tokens)])[0]
    mask = particle.cursor.mask()
    ours, theirs = [], []
    asked: list[int] = []
    cursor = particle.cursor
    allows = cursor.allows
    cursor.allows = lambda token: asked.append(token) or allows(token)  # type: ignore[method-assign]
    for i in range(DRAWS):
        asked.clear()
        particle.stream = Stream(1, i)
        draw = sampler.draw(particle, row)
        ours.append((draw.token, draw.log_weight, refused(asked, mask)))
    peer = Peer(model.vocabulary, seed=1, **settings)
    peer.look(particle, row)
    for _ in range(DRAWS):
        peer.asked.clear()
        draw = peer.draw()
        token = draw.token if draw.log_weight > -np.inf else None
        theirs.append((token, draw.log_weight, refused(peer.asked, mask)))
    return ours, theirs


def refused(asked: list[int], mask: Any) -> tuple[int, ...]:
    return tuple(dict.fromkeys(token for token in asked if not mask[token]))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("settings", [{}, {"max_rejects": 2}])
def test_the_recursive_weights_have_one_distribution(
    place: Any, settings: Any, monkeypatch: Any
) -> None:
    from genlm.control.sampler import token

    monkeypatch.setattr(token, "GEOMETRIC_THRESHOLD", np.inf)
    ours, theirs = drawn(place, "recursive", **settings)
    samples = [
        Counter((token, round(weight, 6), rejects) for token, weight, rejects in draws)
        for draws in (ours, theirs)
    ]
    assert len(samples[0]) > 2
    assert two_samples(*samples) < 4


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("accepts", [2, 4])
def test_the_geometric_weights_have_one_distribution(
    place: Any, accepts: int, monkeypatch: Any
) -> None:
    from genlm.control.sampler import token

    monkeypatch.setattr(token, "GEOMETRIC_THRESHOLD", -np.inf)
    samples = [
        Counter((token, round(weight, 6), rejects) for token, weight, rejects in draws)
        for draws in drawn(place, "geometric", max_accepts=accepts)
    ]
    assert len(samples[0]) > 2
    assert two_samples(*samples) < 4


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("accepts", [2, 4])
def test_the_averaged_weights_are_the_means_of_theirs(
    place: Any, accepts: int, monkeypatch: Any
) -> None:
    """Given the tokens refused: so they have the same mean, and vary no more."""
    from genlm.control.sampler import token

    monkeypatch.setattr(token, "GEOMETRIC_THRESHOLD", -np.inf)
    ours, theirs = drawn(place, "averaged", max_accepts=accepts)
    assert two_samples(*(Counter((t, r) for t, _, r in draws) for draws in (ours, theirs))) < 4
    means = {rejects: float(np.exp(weight)) for _, weight, rejects in ours}
    errors: dict[Any, list[float]] = {}
    for _, weight, rejects in theirs:
        if rejects in means:
            errors.setdefault(rejects, []).append(float(np.exp(weight)) - means[rejects])
    for values in errors.values():
        if len(values) >= 200 and np.ptp(values) > 0:
            assert abs(standard_score(np.array(values), 0.0)) < 4
    weights = [np.exp([weight for _, weight, _ in draws]) for draws in (ours, theirs)]
    assert abs(standard_score(weights[0] - weights[1], 0.0)) < 4
    assert weights[0].std() < weights[1].std()
