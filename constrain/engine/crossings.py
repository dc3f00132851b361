"""The kernels that follow the edges of the control's graph: over the ends of lexemes."""

from __future__ import annotations

import numpy as np
from numba import njit

from constrain.engine.edges import edge_of, low_of
from constrain.engine.kernels import go_on
from constrain.engine.layout import (
    AT_INDEX,
    AT_PLACE,
    AT_TOP,
    BYTE,
    CAP_DSTATES,
    CAP_PORTALS,
    CAP_SETS,
    CAPTURED,
    DEAD,
    DOORS,
    DOUBTFUL,
    DSTATE_WIDTH,
    DSTATES,
    ENDED,
    FAULT,
    FAULT_ENDED,
    FORKS,
    FULL,
    KEEP_START,
    KIND,
    LOWEST,
    MOST_BYTES,
    N_NODES,
    N_PORTALS_OUT,
    N_SEEN,
    N_SUSPECTS_OUT,
    N_TOKENS_OUT,
    NO_LEXEME,
    NONE_OF_IT,
    OK,
    OPEN,
    PARSER,
    PLACE_LOW,
    PLACE_WIDTH,
    PLACES,
    PORTAL_WIDTH,
    PORTALS_OUT,
    REFUSED,
    ROW,
    ROWS,
    SEEN,
    SEEN_MASK,
    SEEN_STAMP,
    SEEN_WIDTH,
    SET_BEGIN,
    SET_LENGTH,
    SETS,
    SKIP,
    START,
    STATE_WIDTH,
    STATES,
    UNKNOWN,
    UNRESOLVED,
    UNRESOLVED_EDGE,
    WIDE,
    i32,
    i64,
    u8,
)
from constrain.engine.rows import is_narrow, make_row
from constrain.engine.shifts import step
from constrain.engine.walks import enter, keep, open_doors

_FEW_WALKS = 256
"""So many walks of one mask are made without a look at whether they have been begun before."""


@njit(cache=True, nogil=True)
def add_doors(h, v, offsets, children, ended, place, start):
    """Append as portals of a place those of some children of trie nodes that lead on from `start`.

    The children (int32[n]) come by their bytes: `offsets` (int32[257]) says how many have a lesser
    one. Returns OK, EXPAND, GROW or FULL.
    """
    dstates = i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    if dstates[start * DSTATE_WIDTH + ROW] < 0:
        status = make_row(h, start)
        if status != OK:
            return status
    row = i32(h[ROWS] + np.int64(dstates[start * DSTATE_WIDTH + ROW]) * 1024, 256)
    n = v[N_PORTALS_OUT]
    portals = i32(v[PORTALS_OUT], PORTAL_WIDTH * v[CAP_PORTALS])
    for b in range(256):
        if row[b] == 0:
            continue
        if n + offsets[b + 1] - offsets[b] > v[CAP_PORTALS]:
            return FULL
        for i in range(offsets[b], offsets[b + 1]):
            portal = n * PORTAL_WIDTH
            portals[portal] = -children[i]
            portals[portal + 1] = ended
            portals[portal + 2] = place
            portals[portal + 3] = 0
            n += 1
    v[N_PORTALS_OUT] = n
    return OK


@njit(cache=True, nogil=True)
def look(h, v, place, ended, edge):
    """Note what has been looked at of stacks for an edge, by its value, and for the place there."""
    v[LOWEST] = min(v[LOWEST], low_of(h, place, ended))
    if edge != REFUSED:
        low = np.int64(i32(h[PLACES], 1)[(edge >> 1) * PLACE_WIDTH + PLACE_LOW])
        v[LOWEST] = min(v[LOWEST], low)


@njit(cache=True, nogil=True)
def cross(h, v, start, place):
    """Walk the tokens from DFA state `start` of a place (0: do not), and on through all portals.

    Returns OK, EXPAND, GROW, FULL, CROWDED where there is no room to keep a walk, or UNRESOLVED
    where there is no edge yet from place FAULT by FAULT_ENDED; after these a call with `start` 0
    goes on.
    """
    if start != 0:
        enter(h, v, 0, start, place, 0)
    while True:
        if v[AT_TOP] >= 0:
            status = go_on(h, v)
            if status != OK:
                return status
        status = keep(h, v, v[AT_PLACE])
        if status != OK:
            return status
        n = v[N_PORTALS_OUT] - 1
        if n < 0:
            return OK
        portals = i32(v[PORTALS_OUT], PORTAL_WIDTH * v[CAP_PORTALS])
        node = np.int64(portals[n * PORTAL_WIDTH])
        ended = np.int64(portals[n * PORTAL_WIDTH + 1])
        source = np.int64(portals[n * PORTAL_WIDTH + 2])
        flags = np.int64(portals[n * PORTAL_WIDTH + 3])
        edge = edge_of(h, source, ended)
        if edge == UNRESOLVED_EDGE:
            edge = step(h, source, ended)
        if edge < 0:
            h[FAULT] = source
            h[FAULT_ENDED] = ended
            return UNRESOLVED
        v[N_PORTALS_OUT] = n
        if h[PARSER] != 0:
            look(h, v, source, ended, edge)
        if edge == REFUSED:
            continue
        is_door = flags & DOORS != 0
        if edge & 1:
            flags = UNKNOWN | (DOUBTFUL if flags & UNKNOWN else flags & DOUBTFUL)
        target = edge >> 1
        begin = np.int64(i32(h[PLACES], 1)[target * PLACE_WIDTH + START])
        if is_door:
            status = _pass_doors(h, v, node, ended, source, begin)
            if status != OK:
                v[N_PORTALS_OUT] = n + 1
                return status
        elif begin != 0 and (node < 0 or _leads_on(h, v, node, begin)):
            if 2 * v[N_SEEN] > v[SEEN_MASK]:
                v[N_PORTALS_OUT] = n + 1
                return FULL
            if _is_new(v, node, target, flags):
                enter(h, v, node, begin, target, flags)


@njit(inline="always")
def _is_new(v, node, place, flags):
    """Note a walk; return whether it is to be made: all but those that are known to have begun.

    Where lexemes are ambiguous, many ways lead to the same walk. Few walks are not worth it.
    """
    v[N_SEEN] += 1
    if v[N_SEEN] <= _FEW_WALKS:
        return True
    seen = i64(v[SEEN], SEEN_WIDTH * (v[SEEN_MASK] + 1))
    key = node << 32 ^ (place << 2 | flags)
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    slot = np.int64(mixed >> np.uint64(32)) & v[SEEN_MASK]
    while seen[slot * SEEN_WIDTH + 1] == v[SEEN_STAMP]:
        if seen[slot * SEEN_WIDTH] == key:
            return False
        slot = (slot + 1) & v[SEEN_MASK]
    seen[slot * SEEN_WIDTH] = key
    seen[slot * SEEN_WIDTH + 1] = v[SEEN_STAMP]
    return True


@njit(inline="always")
def _pass_doors(h, v, at, ended, source, start):
    """Add the children behind doors that lead on from a state; OK, EXPAND, GROW or FULL."""
    if start == 0:
        return OK
    dstates = i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    if dstates[start * DSTATE_WIDTH + ROW] < 0:
        status = make_row(h, start)
        if status != OK:
            return status
    row = i32(h[ROWS] + np.int64(dstates[start * DSTATE_WIDTH + ROW]) * 1024, 256)
    return open_doors(h, v, at, ended, source, row)


@njit(inline="always")
def _leads_on(h, v, node, start):
    """Return whether a byte below a trie node may come in DFA state `start`, as far as is known."""
    slot = np.int64(i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)[start * DSTATE_WIDTH + ROW])
    if slot < 0:
        return True
    row = i32(h[ROWS] + slot * 1024, 256)
    byte = u8(v[BYTE], v[N_NODES])
    skip = i32(v[SKIP], v[N_NODES])
    child = node + 1
    end = np.int64(skip[node])
    while child < end:
        if row[byte[child]] != 0:
            return True
        child = np.int64(skip[child])
    return False


@njit(cache=True, nogil=True)
def cross_narrow(h, v, start, place):
    """Forget all output and do as `cross`, but only if few tokens fit all members of the state.

    Returns WIDE where that is not so.
    """
    v[N_PORTALS_OUT] = 0
    v[N_TOKENS_OUT] = 0
    v[N_SUSPECTS_OUT] = 0
    v[AT_TOP] = -1
    v[AT_INDEX] = 0
    v[KEEP_START] = 0
    v[LOWEST] = NONE_OF_IT
    v[N_SEEN] = 0
    v[SEEN_STAMP] += 1
    dstates = i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    states = i32(h[STATES], 1)
    begin = dstates[start * DSTATE_WIDTH + SET_BEGIN]
    sets = i64(h[SETS], h[CAP_SETS])
    for i in range(begin, begin + dstates[start * DSTATE_WIDTH + SET_LENGTH]):
        if not is_narrow(states[(sets[i] & 0xFFFFFFFF) * STATE_WIDTH + KIND]):
            return WIDE
    return cross(h, v, start, place)


@njit(cache=True, nogil=True)
def advance(h, address, begin, end, d, place):
    """Run the bytes [begin, end) at `address` from DFA state `d` of a place, over lexemes' ends.

    Returns status | began << 3 | place << 15 | state << 39. `began` is 0 if the lexeme is the same
    as at first, else one more than the number of bytes before the one under way now. Statuses: OK,
    DEAD, EXPAND, GROW; FORKS where a step of `matcher` is needed: both ways are open, a captured
    text ends, an edge is missing, or there are too many bytes.
    """
    if end - begin > MOST_BYTES:
        return np.int64(FORKS)
    text = u8(address, end)
    dstates = i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    places = i32(h[PLACES], 1)
    began = np.int64(0)
    i = begin
    while True:
        ended = np.int64(dstates[d * DSTATE_WIDTH + ENDED])
        if ended != NO_LEXEME:
            stays = dstates[d * DSTATE_WIDTH + OPEN] == 1
            if dstates[d * DSTATE_WIDTH + CAPTURED] == 1:
                if i > begin:
                    return np.int64(FORKS)
            elif i < end or not stays:
                target = edge_of(h, place, ended)
                if target == UNRESOLVED_EDGE:
                    target = step(h, place, ended)
                if target < 0:
                    return np.int64(FORKS)
                start = np.int64(0)
                if target != REFUSED:
                    start = np.int64(places[(target >> 1) * PLACE_WIDTH + START])
                if i < end:
                    if stays:
                        if dstates[d * DSTATE_WIDTH + ROW] < 0:
                            status = make_row(h, d)
                            if status != OK:
                                return np.int64(status)
                        row = i32(h[ROWS] + np.int64(dstates[d * DSTATE_WIDTH + ROW]) * 1024, 256)
                        stays = row[text[i]] != 0
                    if start != 0:
                        if dstates[start * DSTATE_WIDTH + ROW] < 0:
                            status = make_row(h, start)
                            if status != OK:
                                return np.int64(status)
                        slot = np.int64(dstates[start * DSTATE_WIDTH + ROW])
                        if i32(h[ROWS] + slot * 1024, 256)[text[i]] == 0:
                            start = np.int64(0)
                    if start != 0 and stays:
                        return np.int64(FORKS)
                    moves = start != 0
                else:
                    moves = target != REFUSED
                if moves:
                    d = start
                    place = target >> 1
                    began = i - begin + 1
                elif not stays:
                    return np.int64(DEAD)
        if i == end:
            return np.int64(OK) | (began << 3) | (place << 15) | (np.int64(d) << 39)
        if dstates[d * DSTATE_WIDTH + ROW] < 0:
            status = make_row(h, d)
            if status != OK:
                return np.int64(status)
        row = i32(h[ROWS] + np.int64(dstates[d * DSTATE_WIDTH + ROW]) * 1024, 256)
        d = np.int64(row[text[i]])
        if d == 0:
            return np.int64(DEAD)
        i += 1
