"""The kernels that run the automaton: over bytes, over the token trie, and into masks."""

from __future__ import annotations

import numpy as np
from numba import carray, njit  # type: ignore[attr-defined]

from constrain.engine.layout import (
    ACCEPTS,
    AT_BYTE,
    AT_END,
    AT_NODE,
    AT_ROOT,
    BYTE,
    CAP_DSTATES,
    CAP_PORTALS,
    CAP_ROWS,
    CAP_TOKENS,
    DEAD,
    DEPTH,
    DSTATE_WIDTH,
    DSTATES,
    ENDS,
    GROW,
    MAX_DEPTH,
    MORE,
    N_NODES,
    N_PORTALS_OUT,
    N_TOKENS_OUT,
    NO_LEXEME,
    OK,
    OPEN,
    PORTALS_OUT,
    ROOT_CHILD,
    ROW,
    ROWS,
    SEVERAL,
    SIGNATURE,
    SKIP,
    STACK,
    STATES_OUT,
    TOKEN,
    TOKENS_OUT,
    i32,
    i64,
    pointer,
    u8,
)
from constrain.engine.rows import make_row


@njit(cache=True, nogil=True)
def signature():
    """Return the `SIGNATURE` that the kernels on disk were compiled with."""
    return np.int64(SIGNATURE)


@njit(cache=True, nogil=True)
def scan(h, address, begin, end, d):
    """Run the bytes [begin, end) at `address` from DFA state `d`.

    Stops after the first byte that leads to a state in which a lexeme ends, unless it is the last
    byte. Returns status | position << 4 | state << 36, the position being that of the next byte.
    Statuses: OK (all bytes used), ENDS (a lexeme can end here), DEAD, EXPAND, GROW.
    """
    text = u8(address, end)
    dstates = i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    for i in range(begin, end):
        if dstates[d * DSTATE_WIDTH + ROW] < 0:
            status = make_row(h, d)
            if status != OK:
                return np.int64(status)
        t = i32(h[ROWS] + np.int64(dstates[d * DSTATE_WIDTH + ROW]) * 1024, 256)[text[i]]
        if t == 0:
            return np.int64(DEAD) | (np.int64(i) << 4)
        d = np.int64(t)
        if i + 1 < end and dstates[t * DSTATE_WIDTH + ACCEPTS] != NO_LEXEME:
            return np.int64(ENDS) | (np.int64(i + 1) << 4) | (d << 36)
    return np.int64(OK) | (np.int64(end) << 4) | (d << 36)


@njit(cache=True, nogil=True)
def walk(h, v, nodes, start):
    """Walk the subtrees below trie `nodes` (int32[n]), each from DFA state `start`.

    Appends, to the outputs of the trie handle, each token whose bytes stay alive in the automaton
    with the state it leads to, and each portal: an inner trie node at which a lexeme ends, as a
    pair (node, ACCEPTS value, or SEVERAL - state where several lexemes end). Returns OK, EXPAND or
    GROW; after the last two the same call goes on where it stopped.
    """
    byte = u8(v[BYTE], v[N_NODES])
    depth = carray(pointer(v[DEPTH]), (v[N_NODES],), dtype=np.int16)
    skip = i32(v[SKIP], v[N_NODES])
    token = i32(v[TOKEN], v[N_NODES])
    more = i32(v[MORE], 1)
    root_child = i32(v[ROOT_CHILD], 256)
    stack = i64(v[STACK], v[MAX_DEPTH] + 2)
    tokens = i32(v[TOKENS_OUT], 1)
    states = i32(v[STATES_OUT], 1)
    portals = i32(v[PORTALS_OUT], 2 * v[CAP_PORTALS])
    dstates = i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    rows = i32(h[ROWS], h[CAP_ROWS] * 256)
    n_tokens = v[N_TOKENS_OUT]
    n_portals = v[N_PORTALS_OUT]
    if dstates[start * DSTATE_WIDTH + ROW] < 0:
        status = make_row(h, start)
        if status != OK:
            return status
    first_row = np.int64(dstates[start * DSTATE_WIDTH + ROW]) * 256
    stack[0] = first_row
    w = v[AT_ROOT]
    b = v[AT_BYTE]
    i = v[AT_NODE]
    end = v[AT_END]
    while True:
        if i >= end:
            # The next subtree: below the root by live bytes, elsewhere as one piece.
            if w >= 0 and nodes[w] == 0 and b < 256:
                while b < 256 and (rows[first_row + b] == 0 or root_child[b] < 0):
                    b += 1
                if b < 256:
                    i = np.int64(root_child[b])
                    end = np.int64(skip[i])
                    b += 1
            else:
                w += 1
                if w == nodes.shape[0]:
                    break
                b = np.int64(0)
                if nodes[w] != 0:
                    i = np.int64(nodes[w]) + 1
                    end = np.int64(skip[nodes[w]])
            continue
        level = depth[i] - depth[nodes[w]]
        t = np.int64(rows[stack[level - 1] + byte[i]])
        if t == 0:
            i = np.int64(skip[i])
            continue
        inner = skip[i] > i + 1
        descend = inner and dstates[t * DSTATE_WIDTH + OPEN] == 1
        if inner or n_tokens > v[CAP_TOKENS]:
            full = n_portals >= v[CAP_PORTALS] or n_tokens > v[CAP_TOKENS]
            status = GROW if full else OK
            if descend and dstates[t * DSTATE_WIDTH + ROW] < 0 and status == OK:
                status = make_row(h, t)
            if status != OK:
                v[AT_ROOT] = w
                v[AT_BYTE] = b
                v[AT_NODE] = i
                v[AT_END] = end
                v[N_TOKENS_OUT] = n_tokens
                v[N_PORTALS_OUT] = n_portals
                return status
            if descend:
                stack[level] = np.int64(dstates[t * DSTATE_WIDTH + ROW]) * 256
        found = token[i]
        while found >= 0:
            tokens[n_tokens] = found
            states[n_tokens] = t
            n_tokens += 1
            found = more[found]
        if inner:
            accepts = dstates[t * DSTATE_WIDTH + ACCEPTS]
            if accepts != NO_LEXEME:
                portals[2 * n_portals] = i
                portals[2 * n_portals + 1] = accepts if accepts != SEVERAL else SEVERAL - t
                n_portals += 1
        i = i + 1 if descend else np.int64(skip[i])
    v[AT_ROOT] = -1
    v[AT_BYTE] = 256
    v[AT_NODE] = 0
    v[AT_END] = 0
    v[N_TOKENS_OUT] = n_tokens
    v[N_PORTALS_OUT] = n_portals
    return OK


@njit(cache=True, nogil=True)
def set_bits(row, tokens):
    """Set the bits of `tokens` (int32[n]) in the bitmask `row` (int32[words])."""
    for i in range(tokens.shape[0]):
        row[tokens[i] >> 5] |= np.int32(1) << np.int32(tokens[i] & 31)


@njit(cache=True, nogil=True)
def clear_bits(row, tokens):
    """Clear the bits of `tokens` (int32[n]) in the bitmask `row` (int32[words])."""
    for i in range(tokens.shape[0]):
        row[tokens[i] >> 5] &= ~(np.int32(1) << np.int32(tokens[i] & 31))


@njit(cache=True, nogil=True)
def write_mask(row, dense, tokens):
    """Write a mask to `row` (int32[words]): `dense` (int32[words] or empty) and `tokens`."""
    if dense.shape[0]:
        for i in range(row.shape[0]):
            row[i] = dense[i]
    else:
        for i in range(row.shape[0]):
            row[i] = 0
    for i in range(tokens.shape[0]):
        row[tokens[i] >> 5] |= np.int32(1) << np.int32(tokens[i] & 31)


@njit(inline="always")
def _child(byte, skip, node, b):
    """Return the child of an inner trie node along byte `b`, or -1."""
    child = node + 1
    end = skip[node]
    while child < end and byte[child] != b:
        child = skip[child]
    return np.int64(child) if child < end else np.int64(-1)


@njit(cache=True, nogil=True)
def find_nodes(v, text, offsets, found):
    """Find the trie nodes at the end of paths.

    Path i is `text[offsets[i]:offsets[i + 1]]` (uint8, not empty); its node, or -1, goes to
    `found[i]` (int32).
    """
    byte = u8(v[BYTE], v[N_NODES])
    skip = i32(v[SKIP], v[N_NODES])
    root_child = i32(v[ROOT_CHILD], 256)
    for i in range(found.shape[0]):
        node = np.int64(root_child[text[offsets[i]]])
        for j in range(offsets[i] + 1, offsets[i + 1]):
            if node < 0:
                break
            node = _child(byte, skip, node, text[j])
        found[i] = node


@njit(cache=True, nogil=True)
def fewest_tokens(v, address, n):
    """Return the fewest tokens that spell the `n` bytes at `address`, or -1 if none do."""
    text = u8(address, n)
    byte = u8(v[BYTE], v[N_NODES])
    skip = i32(v[SKIP], v[N_NODES])
    token = i32(v[TOKEN], v[N_NODES])
    root_child = i32(v[ROOT_CHILD], 256)
    fewest = np.full(n + 1, -1, np.int64)
    fewest[0] = 0
    for i in range(n):
        if fewest[i] < 0:
            continue
        node = np.int64(root_child[text[i]])
        j = i + 1
        while node >= 0:
            if token[node] >= 0 and (fewest[j] < 0 or fewest[j] > fewest[i] + 1):
                fewest[j] = fewest[i] + 1
            if j == n:
                break
            node = _child(byte, skip, node, text[j])
            j += 1
    return fewest[n]


@njit(cache=True, nogil=True)
def forced_run(h, d, out):
    """Follow the only live bytes from DFA state `d`, writing them to `out` (uint8[n]).

    Stops where several bytes are alive, where a lexeme can end, or when `out` is full. Returns
    status | count << 4 | state << 36, as `scan`; ENDS where a lexeme ends.
    """
    dstates = i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    for n in range(out.shape[0]):
        if dstates[d * DSTATE_WIDTH + ROW] < 0:
            status = make_row(h, d)
            if status != OK:
                return np.int64(status)
        row = i32(h[ROWS] + np.int64(dstates[d * DSTATE_WIDTH + ROW]) * 1024, 256)
        only = -1
        for b in range(256):
            if row[b] != 0:
                if only >= 0:
                    only = -2
                    break
                only = b
        if only < 0:
            return np.int64(OK) | (np.int64(n) << 4) | (np.int64(d) << 36)
        out[n] = only
        d = np.int64(row[only])
        if dstates[d * DSTATE_WIDTH + ACCEPTS] != NO_LEXEME:
            return np.int64(ENDS) | (np.int64(n + 1) << 4) | (d << 36)
    return np.int64(OK) | (np.int64(out.shape[0]) << 4) | (np.int64(d) << 36)
