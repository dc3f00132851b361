"""Bitmasks on logits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BITS = np.arange(32, dtype=np.int32)


def allowed(bitmask: NDArray[np.int32], size: int) -> NDArray[np.bool_]:
    """Return a bitmask as booleans.

    Args:
        bitmask: int32[..., words].
        size: number of tokens V, at most 32 * words.

    Returns:
        bool[..., V].
    """
    packed = np.ascontiguousarray(bitmask).view(np.uint8)
    return np.unpackbits(packed, axis=-1, count=size, bitorder="little").view(np.bool_)


def apply_bitmask(logits: Any, bitmask: NDArray[np.int32]) -> None:
    """Set the logits of all tokens that a bitmask does not allow to -inf, in place.

    Args:
        logits: numpy array or torch tensor of any floating type and device, shape [..., V].
        bitmask: int32[..., words] with the same leading shape; tokens past its last bit are not
            allowed.

    Raises:
        ValueError: the leading shapes differ.
    """
    if tuple(logits.shape[:-1]) != bitmask.shape[:-1]:
        raise ValueError(f"logits {tuple(logits.shape)} and bitmask {bitmask.shape} do not match")
    size = int(logits.shape[-1])
    known = min(size, 32 * bitmask.shape[-1])
    if isinstance(logits, np.ndarray):
        logits[..., :known][~allowed(bitmask, known)] = -np.inf
        logits[..., known:] = -np.inf
        return
    words = logits.new_tensor(np.ascontiguousarray(bitmask), dtype=_torch_int32(logits))
    bits = words.new_tensor(_BITS)
    # Shifting the sign bit in is harmless: only the lowest bit is kept.
    banned = ((words.unsqueeze(-1) >> bits) & 1).flatten(-2)[..., :known] == 0
    logits[..., :known].masked_fill_(banned, float("-inf"))
    logits[..., known:] = float("-inf")


def _torch_int32(tensor: Any) -> Any:
    """Return torch.int32 without importing torch: the tensor's own package has it."""
    import sys

    return sys.modules["torch"].int32
