"""Temperature and truncation against their definitions, token by token."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from constrain import ConstraintError
from constrain.sampling.warp import Warp

P = np.array([0.05, 0.4, 0.0, 0.3, 0.05, 0.2])


def warped(weights: Any = P, **settings: Any) -> list[float]:
    with np.errstate(divide="ignore"):
        scores = Warp(**settings)(np.log(np.asarray(weights, float)) - 3)
    assert scores.max() == 0
    weights = np.exp(scores)
    return (weights / weights.sum()).tolist()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, P),
        ({"temperature": 0.5}, P**2 / (P**2).sum()),
        ({"temperature": 0}, [0, 1, 0, 0, 0, 0]),
        ({"temperature": 1e-300}, [0, 1, 0, 0, 0, 0]),
        ({"top_k": 2}, [0, 4 / 7, 0, 3 / 7, 0, 0]),
        ({"top_k": 4}, [0.05 / 0.95, 0.4 / 0.95, 0, 0.3 / 0.95, 0, 0.2 / 0.95]),
        ({"top_k": 99}, P),
        ({"top_p": 0.39}, [0, 1, 0, 0, 0, 0]),
        ({"top_p": 0.41}, [0, 4 / 7, 0, 3 / 7, 0, 0]),
        ({"top_p": 1.0}, P),
        ({"min_p": 0.49}, [0, 4 / 9, 0, 3 / 9, 0, 2 / 9]),
        ({"min_p": 0.0}, P),
        ({"min_p": 1.0}, [0, 1, 0, 0, 0, 0]),
        # top-p is of what top-k has left, where the likeliest has 4/7 and not 0.4
        ({"top_k": 2, "top_p": 0.6}, [0, 4 / 7, 0, 3 / 7, 0, 0]),
        ({"top_k": 2, "top_p": 0.55}, [0, 1, 0, 0, 0, 0]),
        # the temperature comes first: 0.4**2 of 0.295 is more than half
        ({"temperature": 0.5, "top_p": 0.5}, [0, 1, 0, 0, 0, 0]),
    ],
)
def test_against_the_definition(settings: dict[str, Any], expected: Any) -> None:
    assert warped(**settings) == pytest.approx(list(expected), abs=1e-9)


def test_of_equals_the_first_are_kept() -> None:
    assert warped([1, 1, 1, 1], top_k=2) == [0.5, 0.5, 0, 0]
    assert warped([1, 2, 1, 1], top_p=0.55) == [1 / 3, 2 / 3, 0, 0]
    assert warped([1, 1, 1, 1], temperature=0) == [1, 0, 0, 0]


def test_half_precision_is_widened_and_the_input_left_alone() -> None:
    logprobs = np.log(np.array([0.25, 0.75], np.float16))
    before = logprobs.copy()
    assert Warp(temperature=0.7)(logprobs).dtype == np.float64
    np.testing.assert_array_equal(logprobs, before)


def test_values_out_of_range() -> None:
    for settings in ({"temperature": -0.1}, {"top_k": 0}, {"top_p": 0}, {"min_p": 1.1}):
        with pytest.raises(ConstraintError, match=next(iter(settings))):
            Warp(**settings)
