"""The numba kernels: lazily determinised lexer times token trie.

A kernel takes *handles* instead of arrays: an int64 array that holds the addresses and sizes of
all tables, so that a call costs a quarter of a microsecond however many tables there are. The
objects that own the tables (`LexerTables`, `TrieTables`) keep them alive and refresh the handle
when a table grows.

A lexer state is a set of *members*. A member is an NFA state `q` with a small counter `k`, packed
as `q | k << 32`. What `k` means depends on the kind of `q`: the position in a literal, the number
of indentation characters in white space, the phase and the number of characters in a JSON string.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, njit, types  # type: ignore[attr-defined]
from numba.core import cgutils
from numba.extending import intrinsic

# Lexer handle: addresses.
STATES, TRANSITIONS, BLOB, DSTATES, SETS, ROWS, HASH, STRINGS = range(8)
# Lexer handle: sizes.
N_DSTATES, CAP_DSTATES, N_SETS, CAP_SETS, N_ROWS, CAP_ROWS, HASH_MASK, FAULT = range(8, 16)
LEXER_HANDLE_SIZE = 16

# Trie handle: addresses, then sizes.
BYTE, DEPTH, SKIP, TOKEN, MORE, ROOT_CHILD, TOKENS_OUT, STATES_OUT, PORTALS_OUT = range(9)
STACK, N_NODES, MAX_DEPTH, CAP_PORTALS, CAP_TOKENS, N_PORTALS_OUT, N_TOKENS_OUT = range(9, 16)
# Trie handle: where an interrupted walk goes on.
AT_ROOT, AT_BYTE, AT_NODE, AT_END = range(16, 20)
TRIE_HANDLE_SIZE = 20

# Columns of the NFA state table (int32[n, STATE_WIDTH]).
KIND, A, B, NEXT, ACCEPT, LOW, HIGH, LEXEME = range(8)
STATE_WIDTH = 8
# LOW: characters that have to come, HIGH: most characters in all (-1: any number); in white space
# HIGH is the most indentation.
# Kinds of NFA states. COUNTING is RANGES where each step begins a character.
RANGES, LITERAL, LAZY, SPACE, STRING, END, TAIL, COUNTING = range(8)

# Columns of the DFA state table (int32[n, DSTATE_WIDTH]).
SET_BEGIN, SET_LENGTH, ROW, ACCEPTS, OPEN = range(5)
DSTATE_WIDTH = 5
# ACCEPTS: the number of the one lexeme that ends here, or
NO_LEXEME, SEVERAL = -1, -2

# Kernel statuses.
OK, EXPAND, GROW, DEAD, ENDS = range(5)

# Strings: the phase is in the low bits of the counter, the number of characters above it.
PHASES = 32
PHASE_BITS = 5
CLOSE = 255
BODY = 1
MAX_COUNT = 1 << 25


@intrinsic
def _pointer(typing_context: Any, address: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), build


@njit(inline="always")
def _i32(address, n):
    return carray(_pointer(address), (n,), dtype=np.int32)


@njit(inline="always")
def _i64(address, n):
    return carray(_pointer(address), (n,), dtype=np.int64)


@njit(inline="always")
def _u8(address, n):
    return carray(_pointer(address), (n,), dtype=np.uint8)


@njit(cache=True, nogil=True)
def _hash_of(members, begin, n):
    key = np.uint64(14695981039346656037)
    for i in range(begin, begin + n):
        key = (key ^ np.uint64(members[i])) * np.uint64(1099511628211)
        key ^= key >> np.uint64(29)
    return np.int64(key & np.uint64(0x7FFFFFFFFFFFFFFF))


@njit(cache=True, nogil=True)
def rehash(h):
    """Enter all DFA states into the (empty) hash table."""
    table = _i32(h[HASH], h[HASH_MASK] + 1)
    dstates = _i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    sets = _i64(h[SETS], h[CAP_SETS])
    for d in range(1, h[N_DSTATES]):
        begin = dstates[d * DSTATE_WIDTH + SET_BEGIN]
        slot = _hash_of(sets, begin, dstates[d * DSTATE_WIDTH + SET_LENGTH]) & h[HASH_MASK]
        while table[slot] != 0:
            slot = (slot + 1) & h[HASH_MASK]
        table[slot] = d


@njit(cache=True, nogil=True)
def _intern(h, members, n):
    """Return the DFA state of `members[:n]` (sorted, distinct), or -1 if a table is full."""
    table = _i32(h[HASH], h[HASH_MASK] + 1)
    dstates = _i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    sets = _i64(h[SETS], h[CAP_SETS])
    mask = h[HASH_MASK]
    slot = _hash_of(members, 0, n) & mask
    while table[slot] != 0:
        d = table[slot]
        if dstates[d * DSTATE_WIDTH + SET_LENGTH] == n:
            begin = dstates[d * DSTATE_WIDTH + SET_BEGIN]
            same = True
            for i in range(n):
                if sets[begin + i] != members[i]:
                    same = False
                    break
            if same:
                return d
        slot = (slot + 1) & mask
    if (
        h[N_DSTATES] >= h[CAP_DSTATES]
        or h[N_SETS] + n > h[CAP_SETS]
        or 2 * h[N_DSTATES] > h[HASH_MASK]
    ):
        return -1
    states = _i32(h[STATES], 1)
    d = h[N_DSTATES]
    h[N_DSTATES] = d + 1
    begin = h[N_SETS]
    accepts = NO_LEXEME
    is_open = 0
    for i in range(n):
        sets[begin + i] = members[i]
        q = (members[i] & 0xFFFFFFFF) * STATE_WIDTH
        lexeme = states[q + ACCEPT]
        if lexeme >= 0:
            if accepts == NO_LEXEME:
                accepts = lexeme
            elif accepts != lexeme:
                accepts = SEVERAL
        if states[q + KIND] != END:
            is_open = 1
    h[N_SETS] = begin + n
    dstates[d * DSTATE_WIDTH + SET_BEGIN] = begin
    dstates[d * DSTATE_WIDTH + SET_LENGTH] = n
    dstates[d * DSTATE_WIDTH + ROW] = -1
    dstates[d * DSTATE_WIDTH + ACCEPTS] = accepts
    dstates[d * DSTATE_WIDTH + OPEN] = is_open
    table[slot] = d
    return d


@njit(cache=True, nogil=True)
def intern_start(h, members):
    """Return the DFA state of the sorted, distinct `members` (int64[n]), or -1 to grow."""
    return _intern(h, members, members.shape[0])


@njit(inline="always")
def _counted(states, q, counter, count):
    """Return the member of NFA state `q` after `count` characters; -1 where they are too many."""
    high = states[q * STATE_WIDTH + HIGH]
    if high < 0 or states[q * STATE_WIDTH + KIND] == SPACE:
        return q | (np.int64(counter) << 32)
    low = states[q * STATE_WIDTH + LOW]
    if states[q * STATE_WIDTH + KIND] == STRING:
        low = 0
    if count + low > high:
        return np.int64(-1)
    return q | (((count << PHASE_BITS) | np.int64(counter)) << 32)


@njit(cache=True, nogil=True)
def _fill_row(h, d):
    """Compute all transitions of DFA state `d`."""
    dstates = _i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    sets = _i64(h[SETS], h[CAP_SETS])
    states = _i32(h[STATES], 1)
    transitions = _i32(h[TRANSITIONS], 1)
    blob = _u8(h[BLOB], 1)
    strings = _u8(h[STRINGS], 2 * PHASES * 256)
    if h[N_ROWS] >= h[CAP_ROWS]:
        return GROW
    begin = dstates[d * DSTATE_WIDTH + SET_BEGIN]
    length = dstates[d * DSTATE_WIDTH + SET_LENGTH]
    for i in range(begin, begin + length):
        # What may be empty leads on to the next state, which may be lazy as well.
        q = sets[i] & 0xFFFFFFFF
        while True:
            s = q * STATE_WIDTH
            if states[s + KIND] == LAZY:
                h[FAULT] = q
                return EXPAND
            leads_on = states[s + KIND] == SPACE or states[s + KIND] == RANGES
            if not leads_on or states[s + NEXT] < 0:
                break
            q = np.int64(states[s + NEXT])

    head = np.full(256, -1, np.int32)
    following = np.empty(64 + 256 * 2, np.int32)
    target = np.empty(64 + 256 * 2, np.int64)
    used = 0
    for i in range(begin, begin + length):
        q = sets[i] & 0xFFFFFFFF
        k = sets[i] >> 32
        while q >= 0:
            if used + 512 > following.shape[0]:
                wider = np.empty(following.shape[0] * 2 + 512, np.int32)
                wider[:used] = following[:used]
                following = wider
                wider_target = np.empty(following.shape[0], np.int64)
                wider_target[:used] = target[:used]
                target = wider_target
            s = q * STATE_WIDTH
            kind = states[s + KIND]
            onward = np.int64(states[s + NEXT])
            q = np.int64(-1)
            if kind == LITERAL:
                b = blob[states[s + A] + k]
                following[used] = head[b]
                here = np.int64(s // STATE_WIDTH)
                target[used] = onward if k + 1 == states[s + B] else here | ((k + 1) << 32)
                head[b] = used
                used += 1
            elif kind in (RANGES, COUNTING):
                count = k >> PHASE_BITS
                if kind == COUNTING:
                    count += 1
                q = onward
                k = np.int64(0)
                for t in range(states[s + A], states[s + B]):
                    value = _counted(
                        states, np.int64(transitions[t * 4 + 2]), transitions[t * 4 + 3], count
                    )
                    if value < 0:
                        continue
                    for b in range(transitions[t * 4], transitions[t * 4 + 1] + 1):
                        if used >= following.shape[0]:
                            wider = np.empty(following.shape[0] * 2, np.int32)
                            wider[:used] = following[:used]
                            following = wider
                            wider_target = np.empty(following.shape[0], np.int64)
                            wider_target[:used] = target[:used]
                            target = wider_target
                        following[used] = head[b]
                        target[used] = value
                        head[b] = used
                        used += 1
            elif kind == STRING:
                phase = k & (PHASES - 1)
                count = k >> PHASE_BITS
                low = states[s + LOW]
                high = states[s + HIGH]
                base = (states[s + A] * PHASES + phase) * 256
                for b in range(256):
                    to = strings[base + b]
                    if to == 0:
                        continue
                    if to == CLOSE:
                        if count < low:
                            continue
                        value = onward
                    else:
                        n = count
                        if phase == BODY:
                            if high >= 0 and count >= high:
                                continue
                            if high >= 0 or count < low:
                                n = count + 1
                        value = np.int64(s // STATE_WIDTH) | (
                            ((n << PHASE_BITS) | np.int64(to)) << 32
                        )
                    following[used] = head[b]
                    target[used] = value
                    head[b] = used
                    used += 1
            elif kind == TAIL:
                count = k >> PHASE_BITS
                base = (k & (PHASES - 1)) * 256
                for b in range(0x80, 0xC0):
                    to = strings[base + b]
                    if to == 0:
                        continue
                    following[used] = head[b]
                    if to == BODY:
                        target[used] = _counted(states, onward, states[s + B], count)
                    else:
                        inside = (count << PHASE_BITS) | np.int64(to)
                        target[used] = np.int64(s // STATE_WIDTH) | (inside << 32)
                    head[b] = used
                    used += 1
            elif kind == SPACE:
                here = np.int64(s // STATE_WIDTH)
                if states[s + A] == 1:
                    for b in (9, 10, 13, 32):
                        following[used] = head[b]
                        target[used] = here
                        head[b] = used
                        used += 1
                elif k == 0:
                    following[used] = head[32]
                    target[used] = np.int64(states[s + B])
                    head[32] = used
                    used += 1
                    following[used] = head[10]
                    target[used] = here | (np.int64(1) << 32)
                    head[10] = used
                    used += 1
                elif k <= states[s + HIGH]:
                    for b in (9, 32):
                        following[used] = head[b]
                        target[used] = here | ((k + 1) << 32)
                        head[b] = used
                        used += 1
                q = onward
                k = np.int64(0)

    r = h[N_ROWS]
    row = _i32(h[ROWS] + r * 1024, 256)
    members = np.empty(max(used, 1), np.int64)
    last_member = np.int64(-1)
    last_state = 0
    for b in range(256):
        i = head[b]
        if i < 0:
            row[b] = 0
            continue
        if following[i] < 0 and target[i] == last_member:
            row[b] = last_state
            continue
        n = 0
        while i >= 0:
            value = target[i]
            j = n
            while j > 0 and members[j - 1] > value:
                j -= 1
            if j == 0 or members[j - 1] != value:
                for m in range(n, j, -1):
                    members[m] = members[m - 1]
                members[j] = value
                n += 1
            i = following[i]
        to_state = _intern(h, members, n)
        if to_state < 0:
            return GROW
        row[b] = to_state
        if n == 1:
            last_member = members[0]
            last_state = to_state
    h[N_ROWS] = r + 1
    dstates[d * DSTATE_WIDTH + ROW] = r
    return OK


@njit(cache=True, nogil=True)
def fill_row(h, d):
    """Make sure that DFA state `d` has its row; return OK, EXPAND or GROW."""
    dstates = _i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    if dstates[d * DSTATE_WIDTH + ROW] >= 0:
        return OK
    return _fill_row(h, d)


@njit(cache=True, nogil=True)
def scan(h, address, begin, end, d):
    """Run the bytes [begin, end) at `address` from DFA state `d`.

    Stops after the first byte that leads to a state in which a lexeme ends, unless it is the last
    byte. Returns status | position << 4 | state << 36, the position being that of the next byte.
    Statuses: OK (all bytes used), ENDS (a lexeme can end here), DEAD, EXPAND, GROW.
    """
    text = _u8(address, end)
    dstates = _i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    for i in range(begin, end):
        if dstates[d * DSTATE_WIDTH + ROW] < 0:
            status = _fill_row(h, d)
            if status != OK:
                return np.int64(status)
        t = _i32(h[ROWS] + np.int64(dstates[d * DSTATE_WIDTH + ROW]) * 1024, 256)[text[i]]
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
    byte = _u8(v[BYTE], v[N_NODES])
    depth = carray(_pointer(v[DEPTH]), (v[N_NODES],), dtype=np.int16)
    skip = _i32(v[SKIP], v[N_NODES])
    token = _i32(v[TOKEN], v[N_NODES])
    more = _i32(v[MORE], 1)
    root_child = _i32(v[ROOT_CHILD], 256)
    stack = _i64(v[STACK], v[MAX_DEPTH] + 2)
    tokens = _i32(v[TOKENS_OUT], 1)
    states = _i32(v[STATES_OUT], 1)
    portals = _i32(v[PORTALS_OUT], 2 * v[CAP_PORTALS])
    dstates = _i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    rows = _i32(h[ROWS], h[CAP_ROWS] * 256)
    n_tokens = v[N_TOKENS_OUT]
    n_portals = v[N_PORTALS_OUT]
    if dstates[start * DSTATE_WIDTH + ROW] < 0:
        status = _fill_row(h, start)
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
                status = _fill_row(h, t)
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
    byte = _u8(v[BYTE], v[N_NODES])
    skip = _i32(v[SKIP], v[N_NODES])
    root_child = _i32(v[ROOT_CHILD], 256)
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
    text = _u8(address, n)
    byte = _u8(v[BYTE], v[N_NODES])
    skip = _i32(v[SKIP], v[N_NODES])
    token = _i32(v[TOKEN], v[N_NODES])
    root_child = _i32(v[ROOT_CHILD], 256)
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
    dstates = _i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    for n in range(out.shape[0]):
        if dstates[d * DSTATE_WIDTH + ROW] < 0:
            status = _fill_row(h, d)
            if status != OK:
                return np.int64(status)
        row = _i32(h[ROWS] + np.int64(dstates[d * DSTATE_WIDTH + ROW]) * 1024, 256)
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
