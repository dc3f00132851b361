"""Bitmasks on logits of numpy and torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from constrain.engine import apply_bitmask

RNG = np.random.default_rng(0)
BITMASK = RNG.integers(-(2**31), 2**31, size=(3, 4), dtype=np.int32)


def expected(size: int) -> np.ndarray:
    bits = [[(int(row[t // 32]) >> t % 32) & 1 for t in range(min(size, 128))] for row in BITMASK]
    return np.pad(np.array(bits, bool), [(0, 0), (0, max(0, size - 128))])


@pytest.mark.parametrize("size", [100, 128, 130])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_numpy(size: int, dtype: type) -> None:
    logits = np.zeros((3, size), dtype)
    apply_bitmask(logits, BITMASK)
    assert ((logits == 0) == expected(size)).all()
    assert np.isneginf(logits[~expected(size)]).all()


@pytest.mark.parametrize("size", [100, 128, 130])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_torch(size: int, dtype: torch.dtype) -> None:
    logits = torch.zeros(3, size, dtype=dtype)
    apply_bitmask(logits, BITMASK)
    assert ((logits == 0).numpy() == expected(size)).all()
    single = torch.zeros(size, dtype=dtype)
    apply_bitmask(single, BITMASK[0])
    assert ((single == 0).numpy() == expected(size)[0]).all()


def test_shapes_that_do_not_match() -> None:
    with pytest.raises(ValueError, match="do not match"):
        apply_bitmask(np.zeros((2, 128)), BITMASK)
