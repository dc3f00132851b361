"""One constraint under many threads, and masks of many matchers at once."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from constrain.engine import Constraint, fill_bitmasks
from constrain.engine.bitmask import allowed
from tests.engine.controls import CONTROLS
from tests.engine.test_masks import VOCABULARY, mask_of


def walk(constraint: Constraint, seed: int) -> list[frozenset[int]]:
    rng = random.Random(seed)
    matcher, masks = constraint.matcher(), []
    for _ in range(25):
        mask = mask_of(matcher)
        masks.append(frozenset(mask))
        if not mask or not matcher.accept(rng.choice(sorted(mask))):
            break
    return masks


@pytest.mark.parametrize("name", ["unique keys", "any spelling", "intersection"])
def test_threads_see_the_same_masks(name: str) -> None:
    alone = Constraint(CONTROLS[name], VOCABULARY)
    expected = [walk(alone, seed) for seed in range(40)]
    shared = Constraint(CONTROLS[name], VOCABULARY)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda seed: walk(shared, seed), range(40))) == expected


def test_batch_of_matchers() -> None:
    constraints = [Constraint(CONTROLS[name], VOCABULARY) for name in ("number", "unique keys")]
    matchers = [constraint.matcher() for constraint in constraints * 5]
    for index, matcher in enumerate(matchers[1::2]):
        assert matcher.accept_bytes(b'{"a":1,"b'[: index + 1])
    rows = np.full((10, VOCABULARY.bitmask_words), -1, np.int32)
    fill_bitmasks(matchers, rows)
    for matcher, row in zip(matchers, rows, strict=True):
        assert set(np.flatnonzero(allowed(row, VOCABULARY.size)).tolist()) == mask_of(matcher)
    with pytest.raises(ValueError, match="10 matchers"):
        fill_bitmasks(matchers, rows[:3])
