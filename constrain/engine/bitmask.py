"""Bitmasks on logits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from constrain.errors import ConstraintError

_BITS = np.arange(32, dtype=np.int32)
INT32 = np.dtype(np.int32)


def writable_row(row: Any, words: int) -> NDArray[np.int32]:
    """Return what a mask can be written into: the array itself, or the memory of a CPU tensor.

    Args:
        row: a numpy array, or a torch tensor on the CPU, int32[words], contiguous.
        words: how many.

    Raises:
        ConstraintError: it is none, or read-only.
    """
    array = row
    if not isinstance(row, np.ndarray) and hasattr(row, "numpy"):
        try:
            array = row.numpy()
        except (TypeError, RuntimeError) as error:
            raise ConstraintError(
                f"row is a tensor whose memory numpy cannot share: {error}"
            ) from None
    if not isinstance(array, np.ndarray):
        raise ConstraintError(f"row is of type {type(row).__name__}; give a numpy array of int32")
    if array.dtype != INT32:
        raise ConstraintError(f"row is of dtype {array.dtype}, not int32")
    if array.shape != (words,):
        raise ConstraintError(f"row has shape {array.shape}, not ({words},)")
    if not array.flags.carray:
        raise ConstraintError("row must be contiguous and writable")
    return array


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
