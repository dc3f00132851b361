"""AWRS draws tokens and weights as genlm-control's AWRS does."""

from __future__ import annotations

from collections import Counter
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pytest

from bench.sampling_peer import Peer
from constrain import Vocabulary, compile_json_schema, compile_regex
from constrain.models import TableModel
from constrain.sampling import AWRSSampler
from constrain.sampling.noise import Stream

from .exact import LETTERS, PROMPT, peaked_model, standard_score

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


def two_samples(first: Counter[Any], second: Counter[Any]) -> float:
    """Chi-square of two samples of one size being of one distribution, on the normal scale."""
    cells = [(first[key], second[key]) for key in first | second]
    rare = [cell for cell in cells if sum(cell) < 16]
    cells = [cell for cell in cells if sum(cell) >= 16]
    if sum(map(sum, rare)) >= 16:
        cells.append((sum(a for a, _ in rare), sum(b for _, b in rare)))
    df = len(cells) - 1
    if not df:
        return 0.0
    statistic = sum((a - b) ** 2 / (a + b) for a, b in cells)
    spread = 2 / (9 * df)
    return float(((statistic / df) ** (1 / 3) - (1 - spread)) / np.sqrt(spread))


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


def repeated(
    refused: tuple[int, ...], probabilities: Any, accepts: int, rng: np.random.Generator
) -> float:
    """The logarithm of the estimate, had the tokens that were refused been put back.

    After i refusals the probability m_i is left. The allowed draws lie between the refusals in
    proportion to the product of 1 / m_i over them, the last one after all refusals; and before
    each draw of a token that had not been refused come tokens that had, geometrically many.
    """
    masses = 1 - np.cumsum([0.0, *probabilities[list(refused)]])
    ways = list(combinations_with_replacement(range(len(masses)), accepts - 1))
    shares = np.array([np.prod(1 / masses[list(way)]) for way in ways])
    draws = np.bincount([*ways[rng.choice(len(ways), p=shares / shares.sum())], len(refused)])
    draws = np.append(draws[:-1] + 1, draws[-1])
    rejects = len(refused) + sum(map(int, rng.negative_binomial(draws, np.minimum(masses, 1))))
    return float(np.log((accepts - 1) / (accepts + rejects - 1)))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("accepts", [2, 4])
def test_the_geometric_weights_have_one_distribution_with_repetitions(
    place: Any, accepts: int, monkeypatch: Any
) -> None:
    """What theirs add to ours is noise: how often refused tokens would have come again."""
    from genlm.control.sampler import token

    monkeypatch.setattr(token, "GEOMETRIC_THRESHOLD", -np.inf)
    ours, theirs = drawn(place, "geometric", max_accepts=accepts)
    model, _, tokens = place()
    probabilities = np.exp(model.logprobs([(*PROMPT, *tokens)])[0])
    rng = np.random.default_rng(2)
    again = [(t, repeated(rejects, probabilities, accepts, rng), rejects) for t, _, rejects in ours]
    samples = [
        Counter((token, round(weight, 6), rejects) for token, weight, rejects in draws)
        for draws in (again, theirs)
    ]
    assert len(samples[0]) > 2
    assert two_samples(*samples) < 4
    shifted = Counter((t, round(weight, 6), r) for t, weight, r in ours)
    assert two_samples(shifted, samples[1]) > 4


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("accepts", [2, 4])
def test_the_geometric_weights_are_the_means_of_theirs(
    place: Any, accepts: int, monkeypatch: Any
) -> None:
    """Given the tokens refused: so they have the same mean, and vary no more."""
    from genlm.control.sampler import token

    monkeypatch.setattr(token, "GEOMETRIC_THRESHOLD", -np.inf)
    ours, theirs = drawn(place, "geometric", max_accepts=accepts)
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
