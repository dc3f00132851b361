"""Noise depends on its address alone, and is Gumbel noise."""

from __future__ import annotations

import numpy as np
import pytest

from constrain.sampling.noise import gumbel


def test_a_token_has_its_noise_whatever_else_is_asked() -> None:
    everything = gumbel(5, 1, 2, np.arange(5000))
    for tokens in (np.array([0]), np.array([4999]), np.arange(0, 5000, 7)):
        np.testing.assert_array_equal(gumbel(5, 1, 2, tokens), everything[tokens])
    assert gumbel(5, 1, 2, np.array([], np.int64)).shape == (0,)


@pytest.mark.parametrize("other", [(6, 1, 2), (5, 2, 2), (5, 1, 3), (-5, 1, 2), (5, 2, 1)])
def test_another_address_is_other_noise(other: tuple[int, int, int]) -> None:
    first, second = gumbel(5, 1, 2, np.arange(5000)), gumbel(*other, np.arange(5000))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05


def test_any_integer_is_a_seed() -> None:
    for seed in (0, -1, 2**64, 2**127 + 1, 2**200):
        assert np.isfinite(gumbel(seed, 0, 0, np.arange(10))).all()
    np.testing.assert_array_equal(
        gumbel(-1, 0, 0, np.arange(9)), gumbel(2**128 - 1, 0, 0, np.arange(9))
    )


def test_the_noise_never_changes() -> None:
    """Saved seeds must give the same texts in later versions."""
    np.testing.assert_allclose(
        gumbel(1, 2, 3, np.arange(3)),
        [-0.02014676907815414, -0.8776183915998045, -0.4508778616788243],
        rtol=1e-12,
    )


def test_the_distribution_is_gumbel() -> None:
    """Kolmogorov-Smirnov against exp(-exp(-x)), over particles and over tokens."""
    n = 4000
    by_particle = np.array([gumbel(9, i, 0, np.array([3]))[0] for i in range(n)])
    by_position = np.array([gumbel(9, 0, i, np.array([3]))[0] for i in range(n)])
    for sample in (by_particle, by_position, gumbel(9, 0, 0, np.arange(n))):
        uniform = np.exp(-np.exp(-np.sort(sample)))
        distance = np.abs(uniform - (np.arange(n) + 0.5) / n).max()
        assert distance < 1.95 / np.sqrt(n)  # p = 0.001
