"""The kernels that run the automaton: over bytes, over the token trie, and into masks."""

from __future__ import annotations

import numpy as np
from numba import carray, njit  # type: ignore[attr-defined]

from constrain.engine.layout import (
    AT_BYTE,
    AT_DEPTH,
    AT_END,
    AT_FLAGS,
    AT_INDEX,
    AT_NODE,
    AT_PLACE,
    AT_START,
    AT_TOP,
    BYTE,
    CAP_DSTATES,
    CAP_PORTALS,
    CAP_ROWS,
    CAP_TOKENS,
    CAPTURES,
    DEAD,
    DEPTH,
    DOUBTFUL,
    DSTATE_WIDTH,
    DSTATES,
    ENDED,
    ENDS,
    FREE,
    FULL,
    MAX_DEPTH,
    MORE,
    N_NODES,
    N_PORTALS_OUT,
    N_SUSPECTS_OUT,
    N_TOKENS_OUT,
    NO_LEXEME,
    OK,
    OPEN,
    PLACE_WIDTH,
    PLACES,
    PORTAL_WIDTH,
    PORTALS_OUT,
    ROOT_CHILD,
    ROW,
    ROWS,
    SKIP,
    STACK,
    STATES_OUT,
    SUSPECTS_OUT,
    TOKEN,
    TOKENS_OUT,
    UNKNOWN,
    i32,
    i64,
    pointer,
    u8,
)
from constrain.engine.rows import make_row


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
        if i + 1 < end and dstates[t * DSTATE_WIDTH + ENDED] != NO_LEXEME:
            return np.int64(ENDS) | (np.int64(i + 1) << 4) | (d << 36)
    return np.int64(OK) | (np.int64(end) << 4) | (d << 36)


@njit(inline="always")
def begin_walk(v, top, start, place, flags):
    """Let `go_on` walk the tokens below trie node `top` from DFA state `start`.

    Where `top` is negative, it is a child, and the walk goes there alone.
    """
    v[AT_TOP] = abs(top)
    v[AT_BYTE] = 0
    v[AT_NODE] = 0
    v[AT_END] = 0
    v[AT_DEPTH] = carray(pointer(v[DEPTH]), (v[N_NODES],), dtype=np.int16)[abs(top)]
    if top < 0:
        v[AT_NODE] = -top
        v[AT_END] = i32(v[SKIP], v[N_NODES])[-top]
        v[AT_DEPTH] -= 1
    elif top != 0:
        v[AT_NODE] = top + 1
        v[AT_END] = i32(v[SKIP], v[N_NODES])[top]
    v[AT_START] = start
    v[AT_PLACE] = place
    v[AT_FLAGS] = flags


@njit(cache=True, nogil=True)
def go_on(h, v):
    """Go on with the walk that the trie handle describes.

    Appends each token whose bytes stay alive in the automaton, with the state it leads to, or to
    the suspects where its fate depends on a text not known; and each portal: an inner trie node at
    which a lexeme ends. Returns OK, EXPAND, GROW or FULL.
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
    suspects = i32(v[SUSPECTS_OUT], 1)
    portals = i32(v[PORTALS_OUT], PORTAL_WIDTH * v[CAP_PORTALS])
    dstates = i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    rows = i32(h[ROWS], h[CAP_ROWS] * 256)
    top = v[AT_TOP]
    start = v[AT_START]
    place = v[AT_PLACE]
    flags = v[AT_FLAGS]
    if dstates[start * DSTATE_WIDTH + ROW] < 0:
        status = make_row(h, start)
        if status != OK:
            return status
    first_row = np.int64(dstates[start * DSTATE_WIDTH + ROW]) * 256
    stack[0] = first_row
    n_tokens = v[N_TOKENS_OUT]
    n_suspects = v[N_SUSPECTS_OUT]
    n_portals = v[N_PORTALS_OUT]
    doubtful = flags & DOUBTFUL != 0
    unless_free = False
    if flags & UNKNOWN:
        unless_free = i32(h[PLACES], 1)[place * PLACE_WIDTH + CAPTURES] == 1
    top_depth = v[AT_DEPTH]
    b = v[AT_BYTE]
    i = v[AT_NODE]
    end = v[AT_END]
    while True:
        if i >= end:
            if top != 0:
                break
            # Below the root by live bytes, elsewhere the subtree is one piece.
            while b < 256 and (rows[first_row + b] == 0 or root_child[b] < 0):
                b += 1
            if b == 256:
                break
            i = np.int64(root_child[b])
            end = np.int64(skip[i])
            b += 1
            continue
        level = depth[i] - top_depth
        t = np.int64(rows[stack[level - 1] + byte[i]])
        if t == 0:
            i = np.int64(skip[i])
            continue
        inner = skip[i] > i + 1
        descend = inner and dstates[t * DSTATE_WIDTH + OPEN] == 1
        crowded = n_tokens > v[CAP_TOKENS] or n_suspects > v[CAP_TOKENS]
        if inner or crowded:
            status = FULL if crowded or n_portals >= v[CAP_PORTALS] else OK
            if descend and dstates[t * DSTATE_WIDTH + ROW] < 0 and status == OK:
                status = make_row(h, t)
            if status != OK:
                v[AT_BYTE] = b
                v[AT_NODE] = i
                v[AT_END] = end
                v[N_TOKENS_OUT] = n_tokens
                v[N_SUSPECTS_OUT] = n_suspects
                v[N_PORTALS_OUT] = n_portals
                return status
            if descend:
                stack[level] = np.int64(dstates[t * DSTATE_WIDTH + ROW]) * 256
        found = token[i]
        if found >= 0:
            if doubtful or (unless_free and dstates[t * DSTATE_WIDTH + FREE] == 0):
                while found >= 0:
                    suspects[n_suspects] = found
                    n_suspects += 1
                    found = more[found]
            else:
                while found >= 0:
                    tokens[n_tokens] = found
                    states[n_tokens] = t
                    n_tokens += 1
                    found = more[found]
        if inner:
            ended = dstates[t * DSTATE_WIDTH + ENDED]
            if ended != NO_LEXEME:
                portal = n_portals * PORTAL_WIDTH
                portals[portal] = i
                portals[portal + 1] = ended
                portals[portal + 2] = place
                portals[portal + 3] = flags
                n_portals += 1
        i = i + 1 if descend else np.int64(skip[i])
    v[AT_TOP] = -1
    v[N_TOKENS_OUT] = n_tokens
    v[N_SUSPECTS_OUT] = n_suspects
    v[N_PORTALS_OUT] = n_portals
    return OK


@njit(cache=True, nogil=True)
def run_all(h, text, offsets, first, start, alive):
    """Run texts from DFA state `start`, from number `first` on.

    Text i is `text[offsets[i]:offsets[i + 1]]` (uint8); `alive[i]` (bool) becomes whether it stays
    alive. Returns status | number << 3: OK, or EXPAND or GROW and the text to go on with.
    """
    dstates = i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    for i in range(first, offsets.shape[0] - 1):
        d = np.int64(start)
        for j in range(offsets[i], offsets[i + 1]):
            if dstates[d * DSTATE_WIDTH + ROW] < 0:
                status = make_row(h, d)
                if status != OK:
                    return np.int64(status) | (np.int64(i) << 3)
            row = i32(h[ROWS] + np.int64(dstates[d * DSTATE_WIDTH + ROW]) * 1024, 256)
            d = np.int64(row[text[j]])
            if d == 0:
                break
        alive[i] = d != 0
    return np.int64(OK)


@njit(cache=True, nogil=True)
def walk(h, v, nodes, start):
    """Walk the subtrees below trie `nodes` (int32[n]), each from DFA state `start`.

    What is found is appended to the outputs of the trie handle, see `go_on`. Returns OK,
    EXPAND, GROW or FULL; after the others than OK the same call goes on where it stopped.
    """
    while True:
        if v[AT_TOP] < 0:
            index = v[AT_INDEX]
            if index == nodes.shape[0]:
                v[AT_INDEX] = 0
                return OK
            begin_walk(v, nodes[index], start, 0, 0)
            v[AT_INDEX] = index + 1
        status = go_on(h, v)
        if status != OK:
            return status


@njit(cache=True, nogil=True)
def doors(v, nodes, offsets, children):
    """Sort the children of trie `nodes` (int32[n]) by their bytes.

    `offsets` (int32[257]) says how many have a lesser byte; they are written to `children`
    (int32[m]), if there is room for all.
    """
    byte = u8(v[BYTE], v[N_NODES])
    skip = i32(v[SKIP], v[N_NODES])
    offsets[:] = 0
    for i in range(nodes.shape[0]):
        child = nodes[i] + 1
        while child < skip[nodes[i]]:
            offsets[np.int64(byte[child]) + 1] += 1
            child = skip[child]
    for b in range(256):
        offsets[b + 1] += offsets[b]
    if children.shape[0] < offsets[256]:
        return
    at = offsets.copy()
    for i in range(nodes.shape[0]):
        child = nodes[i] + 1
        while child < skip[nodes[i]]:
            b = np.int64(byte[child])
            children[at[b]] = child
            at[b] += 1
            child = skip[child]


@njit(cache=True, nogil=True)
def set_bits(row, tokens):
    """Set the bits of `tokens` (int32[n]) in the bitmask `row` (int32[words])."""
    for i in range(tokens.shape[0]):
        row[tokens[i] >> 5] |= np.int32(1) << np.int32(tokens[i] & 31)


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
def leave_out(v, text, offsets, dense, nodes):
    """Take the tokens that begin with certain paths out of a mask and a list of trie nodes.

    Path i is `text[offsets[i]:offsets[i + 1]]` (uint8, not empty). Clears bits of `dense`
    (int32[words]), moves the nodes to keep to the front of `nodes` (int32[n], sorted) and returns
    how many they are.
    """
    byte = u8(v[BYTE], v[N_NODES])
    skip = i32(v[SKIP], v[N_NODES])
    token = i32(v[TOKEN], v[N_NODES])
    more = i32(v[MORE], 1)
    root_child = i32(v[ROOT_CHILD], 256)
    for i in range(offsets.shape[0] - 1):
        top = np.int64(root_child[text[offsets[i]]])
        for j in range(offsets[i] + 1, offsets[i + 1]):
            if top < 0:
                break
            top = _child(byte, skip, top, text[j])
        if top < 0:
            continue
        for node in range(top, skip[top]):
            found = token[node]
            while found >= 0:
                dense[found >> 5] &= ~(np.int32(1) << np.int32(found & 31))
                found = more[found]
        for j in range(nodes.shape[0]):
            if top <= nodes[j] < skip[top]:
                nodes[j] = -1
    kept = 0
    for j in range(nodes.shape[0]):
        if nodes[j] >= 0:
            nodes[kept] = nodes[j]
            kept += 1
    return kept


@njit(cache=True, nogil=True)
def walk_texts(v, top, text, offsets, low, high, skipped, row, ends):
    """Walk down from trie node `top` along texts `low` to `high`, each without some first bytes.

    Text i is `text[offsets[i] + skipped:offsets[i + 1]]` (uint8); the texts are sorted. Sets the
    bits of the tokens on the way in `row` (int32[words]), writes to `ends` (int32[high - low]) the
    nodes that whole texts lead to, and returns how many they are.
    """
    byte = u8(v[BYTE], v[N_NODES])
    skip = i32(v[SKIP], v[N_NODES])
    token = i32(v[TOKEN], v[N_NODES])
    more = i32(v[MORE], 1)
    root_child = i32(v[ROOT_CHILD], 256)
    path = np.empty(v[MAX_DEPTH] + 2, np.int64)
    path[0] = top
    known = 0
    before = np.int64(0)
    count = 0
    for i in range(low, high):
        begin = np.int64(offsets[i]) + skipped
        length = np.int64(offsets[i + 1]) - begin
        depth = 0
        while depth < known and depth < length and text[begin + depth] == text[before + depth]:
            depth += 1
        while depth < length:
            node = path[depth]
            b = text[begin + depth]
            child = np.int64(root_child[b]) if node == 0 else _child(byte, skip, node, b)
            if child < 0:
                break
            depth += 1
            path[depth] = child
            found = token[child]
            while found >= 0:
                row[found >> 5] |= np.int32(1) << np.int32(found & 31)
                found = more[found]
        known = depth
        before = begin
        if depth == length:
            ends[count] = path[depth]
            count += 1
    return count


@njit(cache=True, nogil=True)
def fewest_tokens(v, address, costs):
    """Work out the fewest tokens that spell the bytes at `address`, from each of them on.

    Writes them to `costs` (int32[n + 1]), -1 where no tokens do; the last is 0.
    """
    n = costs.shape[0] - 1
    text = u8(address, n)
    byte = u8(v[BYTE], v[N_NODES])
    skip = i32(v[SKIP], v[N_NODES])
    token = i32(v[TOKEN], v[N_NODES])
    root_child = i32(v[ROOT_CHILD], 256)
    costs[n] = 0
    for i in range(n - 1, -1, -1):
        fewest = -1
        node = np.int64(root_child[text[i]])
        j = i + 1
        while node >= 0:
            if token[node] >= 0 and costs[j] >= 0 and (fewest < 0 or fewest > costs[j] + 1):
                fewest = costs[j] + 1
            if j == n:
                break
            node = _child(byte, skip, node, text[j])
            j += 1
        costs[i] = fewest


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
        if dstates[d * DSTATE_WIDTH + ENDED] != NO_LEXEME:
            return np.int64(ENDS) | (np.int64(n + 1) << 4) | (d << 36)
    return np.int64(OK) | (np.int64(out.shape[0]) << 4) | (np.int64(d) << 36)
