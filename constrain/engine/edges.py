"""The kernels of the table of edges: from a place of the graph, by what ends there, to a place."""

from __future__ import annotations

import numpy as np
from numba import njit

from constrain.engine.layout import (
    CAP_PLACES,
    CAP_WALKED,
    EDGE_KEYS,
    EDGE_LOWS,
    EDGE_MASK,
    EDGE_VALUES,
    PLACES,
    WALKED,
    WALKS,
    WALKS_MASK,
    i32,
    i64,
)


@njit(cache=True, nogil=True)
def note(h, places, keys, values, lows, walks, walked):
    """Enter in the handle where the tables of a graph are, and how long they are."""
    h[PLACES] = places.ctypes.data
    h[EDGE_KEYS] = keys.ctypes.data
    h[EDGE_VALUES] = values.ctypes.data
    h[EDGE_LOWS] = lows.ctypes.data
    h[WALKS] = walks.ctypes.data
    h[WALKED] = walked.ctypes.data
    h[CAP_PLACES] = places.shape[0]
    h[EDGE_MASK] = keys.shape[0] - 1
    h[WALKS_MASK] = walks.shape[0] - 1
    h[CAP_WALKED] = walked.shape[0]


@njit(inline="always")
def _slot(h, key):
    """Return the slot of an edge's key, or the free one where it belongs."""
    keys = i64(h[EDGE_KEYS], h[EDGE_MASK] + 1)
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    slot = np.int64(mixed >> np.uint64(32)) & h[EDGE_MASK]
    while keys[slot] != key and keys[slot] != -1:
        slot = (slot + 1) & h[EDGE_MASK]
    return slot


@njit(inline="always")
def edge_of(h, place, ended):
    """Return the value of the edge from a place by what ends there, UNRESOLVED_EDGE if none."""
    slot = _slot(h, np.int64(place) << 32 | (np.int64(ended) & 0xFFFFFFFF))
    return np.int64(i32(h[EDGE_VALUES], h[EDGE_MASK] + 1)[slot])


@njit(cache=True, nogil=True)
def edge(h, place, ended):
    """Return the value of the edge from a place by what ends there, UNRESOLVED_EDGE if none."""
    return edge_of(h, place, ended)


@njit(inline="always")
def low_of(h, place, ended):
    """Return LOW of the edge from a place by what ends there."""
    slot = _slot(h, np.int64(place) << 32 | (np.int64(ended) & 0xFFFFFFFF))
    return np.int64(i32(h[EDGE_LOWS], h[EDGE_MASK] + 1)[slot])


@njit(cache=True, nogil=True)
def add_edge(h, place, ended, value, low):
    """Enter an edge; there is room for it."""
    key = np.int64(place) << 32 | (np.int64(ended) & 0xFFFFFFFF)
    slot = _slot(h, key)
    i64(h[EDGE_KEYS], h[EDGE_MASK] + 1)[slot] = key
    i32(h[EDGE_VALUES], h[EDGE_MASK] + 1)[slot] = value
    i32(h[EDGE_LOWS], h[EDGE_MASK] + 1)[slot] = low


@njit(cache=True, nogil=True)
def move_edges(h, keys, values, lows):
    """Enter edges (int64[n], key -1: none; int32[n], int32[n]) into the empty table."""
    for i in range(keys.shape[0]):
        if keys[i] != -1:
            slot = _slot(h, keys[i])
            i64(h[EDGE_KEYS], h[EDGE_MASK] + 1)[slot] = keys[i]
            i32(h[EDGE_VALUES], h[EDGE_MASK] + 1)[slot] = values[i]
            i32(h[EDGE_LOWS], h[EDGE_MASK] + 1)[slot] = lows[i]
