"""Kernels: walks of one automaton below trie nodes, each made once and then repeated.

What lies below a node from a lexer state is the same wherever a text stands: the same name follows
after many a blank. Where no captured text is in doubt, the tokens and the portals of a walk are
kept by node and state. Portals at which the same ends are kept as *doors*, their children by bytes,
so that only those are looked at below which something may follow.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from constrain.engine.kernels import begin_walk
from constrain.engine.layout import (
    BYTE,
    CAP_PORTALS,
    CAP_TOKENS,
    CAP_WALKED,
    CROWDED,
    DOORS,
    FULL,
    KEEP_NODE,
    KEEP_PORTALS,
    KEEP_START,
    KEEP_TOKENS,
    MOST_WALKED,
    N_NODES,
    N_PORTALS_OUT,
    N_TOKENS_OUT,
    N_WALKED,
    N_WALKS,
    OK,
    PORTAL_WIDTH,
    PORTALS_OUT,
    SKIP,
    TOKENS_OUT,
    WALK_BEGIN,
    WALK_DOORS,
    WALK_NODE,
    WALK_PORTALS,
    WALK_START,
    WALK_TOKENS,
    WALK_WIDTH,
    WALKED,
    WALKS,
    WALKS_MASK,
    i32,
    u8,
)

_WORTH = 32
"""Nodes below one from which on a walk is worth keeping."""
_MANY = 8
"""Portals that are worth doors."""
_MOST_KINDS = 8
"""Of so many different ends of lexemes, at most, the portals are looked through for doors."""


@njit(inline="always")
def _row_of(h, node, start):
    """Return where the row of a walk begins, or the free one where it belongs."""
    walks = i32(h[WALKS], (h[WALKS_MASK] + 1) * WALK_WIDTH)
    mixed = (np.uint64(start) << np.uint64(32)) ^ np.uint64(node & 0xFFFFFFFF)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    slot = np.int64(mixed >> np.uint64(32)) & h[WALKS_MASK]
    while walks[slot * WALK_WIDTH + WALK_START] != 0 and (
        walks[slot * WALK_WIDTH + WALK_START] != start
        or walks[slot * WALK_WIDTH + WALK_NODE] != node
    ):
        slot = (slot + 1) & h[WALKS_MASK]
    return slot * WALK_WIDTH


@njit(inline="always")
def _put(portals, n, node, ended, place, flags):
    portals[n * PORTAL_WIDTH] = node
    portals[n * PORTAL_WIDTH + 1] = ended
    portals[n * PORTAL_WIDTH + 2] = place
    portals[n * PORTAL_WIDTH + 3] = flags


@njit(cache=True, nogil=True)
def enter(h, v, node, start, place, flags):
    """Begin a walk as `begin_walk` does, or add what is known of it to the output."""
    v[KEEP_START] = 0
    top = abs(node)
    if flags == 0 and np.int64(i32(v[SKIP], v[N_NODES])[top]) - top >= _WORTH:
        row = _row_of(h, node, start)
        walks = i32(h[WALKS], (h[WALKS_MASK] + 1) * WALK_WIDTH)
        if walks[row + WALK_START] == 0:
            v[KEEP_NODE] = node
            v[KEEP_START] = start
            v[KEEP_TOKENS] = v[N_TOKENS_OUT]
            v[KEEP_PORTALS] = v[N_PORTALS_OUT]
        elif v[N_TOKENS_OUT] <= v[CAP_TOKENS] and _reopen(h, v, row, place):
            n = v[N_TOKENS_OUT]
            end = n + walks[row + WALK_TOKENS]
            i32(v[TOKENS_OUT], end)[n:] = i32(h[WALKED], h[CAP_WALKED])[
                walks[row + WALK_BEGIN] : walks[row + WALK_BEGIN] + walks[row + WALK_TOKENS]
            ]
            v[N_TOKENS_OUT] = end
            return
    begin_walk(v, node, start, place, flags)


@njit(inline="always")
def _reopen(h, v, row, place):
    """Add the portals and doors of a walk to the output, for a place; False where that is full."""
    walks = i32(h[WALKS], (h[WALKS_MASK] + 1) * WALK_WIDTH)
    walked = i32(h[WALKED], h[CAP_WALKED])
    portals = i32(v[PORTALS_OUT], PORTAL_WIDTH * v[CAP_PORTALS])
    at = np.int64(walks[row + WALK_BEGIN]) + walks[row + WALK_TOKENS]
    n = v[N_PORTALS_OUT]
    if n + walks[row + WALK_PORTALS] + walks[row + WALK_DOORS] > v[CAP_PORTALS]:
        return False
    for _ in range(walks[row + WALK_PORTALS]):
        _put(portals, n, walked[at], walked[at + 1], place, 0)
        at += 2
        n += 1
    for _ in range(walks[row + WALK_DOORS]):
        _put(portals, n, at + 2, walked[at], place, DOORS)
        at += walked[at + 1]
        n += 1
    v[N_PORTALS_OUT] = n
    return True


@njit(cache=True, nogil=True)
def keep(h, v, place):
    """Keep what the walk that has just ended has found, if `enter` said so; OK or CROWDED."""
    if v[KEEP_START] == 0:
        return OK
    n_tokens = v[N_TOKENS_OUT] - v[KEEP_TOKENS]
    begin = h[N_WALKED]
    most = h[CAP_WALKED]
    is_full = begin + n_tokens > most or 2 * h[N_WALKS] > h[WALKS_MASK]
    if not is_full:
        walked = i32(h[WALKED], most)
        walked[begin : begin + n_tokens] = i32(v[TOKENS_OUT], v[N_TOKENS_OUT])[v[KEEP_TOKENS] :]
        end, n_portals, n_doors = _divide(h, v, begin + n_tokens)
        is_full = end < 0
    if is_full:
        if most >= MOST_WALKED:
            v[KEEP_START] = 0
            return OK
        return CROWDED
    row = _row_of(h, v[KEEP_NODE], v[KEEP_START])
    walks = i32(h[WALKS], (h[WALKS_MASK] + 1) * WALK_WIDTH)
    walks[row + WALK_NODE] = v[KEEP_NODE]
    walks[row + WALK_START] = v[KEEP_START]
    walks[row + WALK_BEGIN] = begin
    walks[row + WALK_TOKENS] = n_tokens
    walks[row + WALK_PORTALS] = n_portals
    walks[row + WALK_DOORS] = n_doors
    h[N_WALKED] = end
    h[N_WALKS] += 1
    v[KEEP_START] = 0
    v[N_PORTALS_OUT] = v[KEEP_PORTALS]
    _reopen(h, v, row, place)
    return OK


@njit(inline="always")
def _divide(h, v, at):
    """Write the portals of a walk from `at` on: those by themselves, then the doors.

    Returns where they end, -1 where there is no room, and how many portals and doors they are.
    """
    walked = i32(h[WALKED], h[CAP_WALKED])
    portals = i32(v[PORTALS_OUT], PORTAL_WIDTH * v[CAP_PORTALS])
    first = v[KEEP_PORTALS]
    n = v[N_PORTALS_OUT] - first
    n_kinds = 0
    kinds = np.empty(_MOST_KINDS, np.int64)
    counts = np.zeros(_MOST_KINDS, np.int64)
    for i in range(n):
        ended = np.int64(portals[(first + i) * PORTAL_WIDTH + 1])
        kind = 0
        while kind < n_kinds and kinds[kind] != ended:
            kind += 1
        if kind < _MOST_KINDS:
            kinds[kind] = ended
            n_kinds = max(n_kinds, kind + 1)
            counts[kind] += 1
    if at + 2 * n > h[CAP_WALKED]:
        return np.int64(-1), 0, 0
    n_alone = 0
    for i in range(n):
        portal = (first + i) * PORTAL_WIDTH
        kind = 0
        while kind < n_kinds and kinds[kind] != portals[portal + 1]:
            kind += 1
        if kind == n_kinds or counts[kind] < _MANY:
            walked[at] = portals[portal]
            walked[at + 1] = portals[portal + 1]
            at += 2
            n_alone += 1
    n_doors = 0
    for kind in range(n_kinds):
        if counts[kind] >= _MANY:
            at = _doors(h, v, kinds[kind], at)
            if at < 0:
                return np.int64(-1), 0, 0
            n_doors += 1
    return at, n_alone, n_doors


@njit(inline="always")
def _doors(h, v, ended, at):
    """Write the doors of the portals at which `ended` ends from `at` on; return the end, or -1.

    They are: what ends, how long all is, how many bytes; each byte, and how many children have it
    or one before it; the children.
    """
    walked = i32(h[WALKED], h[CAP_WALKED])
    portals = i32(v[PORTALS_OUT], PORTAL_WIDTH * v[CAP_PORTALS])
    byte = u8(v[BYTE], v[N_NODES])
    skip = i32(v[SKIP], v[N_NODES])
    counts = np.zeros(256, np.int64)
    for i in range(v[KEEP_PORTALS], v[N_PORTALS_OUT]):
        if portals[i * PORTAL_WIDTH + 1] == ended:
            node = np.int64(portals[i * PORTAL_WIDTH])
            child = node + 1
            while child < skip[node]:
                counts[np.int64(byte[child])] += 1
                child = np.int64(skip[child])
    n_bytes = 0
    total = 0
    for b in range(256):
        n_bytes += counts[b] > 0
        total += counts[b]
    length = 3 + 2 * n_bytes + total
    if at + length > h[CAP_WALKED]:
        return np.int64(-1)
    walked[at] = ended
    walked[at + 1] = length
    walked[at + 2] = n_bytes
    pair = at + 3
    children = pair + 2 * n_bytes
    total = 0
    for b in range(256):
        if counts[b] > 0:
            walked[pair] = b
            walked[pair + 1] = total + counts[b]
            pair += 2
        total += counts[b]
        counts[b] = total - counts[b]
    for i in range(v[KEEP_PORTALS], v[N_PORTALS_OUT]):
        if portals[i * PORTAL_WIDTH + 1] == ended:
            node = np.int64(portals[i * PORTAL_WIDTH])
            child = node + 1
            while child < skip[node]:
                b = np.int64(byte[child])
                walked[children + counts[b]] = child
                counts[b] += 1
                child = np.int64(skip[child])
    return at + length


@njit(inline="always")
def open_doors(h, v, at, ended, place, row):
    """Add those children behind doors as portals whose byte leads on in `row`; OK or FULL."""
    walked = i32(h[WALKED], h[CAP_WALKED])
    portals = i32(v[PORTALS_OUT], PORTAL_WIDTH * v[CAP_PORTALS])
    children = at + 1 + 2 * np.int64(walked[at])
    n = v[N_PORTALS_OUT]
    total = n
    before = np.int64(0)
    for pair in range(at + 1, children, 2):
        if row[walked[pair]] != 0:
            total += walked[pair + 1] - before
        before = np.int64(walked[pair + 1])
    if total > v[CAP_PORTALS]:
        return FULL
    before = np.int64(0)
    for pair in range(at + 1, children, 2):
        end = np.int64(walked[pair + 1])
        if row[walked[pair]] != 0:
            for i in range(before, end):
                _put(portals, n, -walked[children + i], ended, place, 0)
                n += 1
        before = end
    v[N_PORTALS_OUT] = n
    return OK


@njit(cache=True, nogil=True)
def move_walks(h, known):
    """Enter the rows of a table of walks (int32[n, WALK_WIDTH]) into the empty one."""
    walks = i32(h[WALKS], (h[WALKS_MASK] + 1) * WALK_WIDTH)
    for i in range(known.shape[0]):
        if known[i, WALK_START] != 0:
            row = _row_of(h, np.int64(known[i, WALK_NODE]), np.int64(known[i, WALK_START]))
            for column in range(WALK_WIDTH):
                walks[row + column] = known[i, column]
