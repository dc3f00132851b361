"""The kernels that run an LR parser: over persistent stacks, from place to place.

A configuration of such a control is a stack and a *mode*, all that is known beside it. A lexeme
says which terminals to shift and which mode comes after; what is on the stack says the rest.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from constrain.engine.edges import add_edge, edge_of
from constrain.engine.layout import (
    ACTIONS,
    ACTIONS_BEGIN,
    ACTIONS_END,
    BELOW,
    CAP_KINDS,
    CAP_PLACES,
    CAP_STACKS,
    CAP_SYMBOL_SETS,
    CAPTURES,
    CLASS,
    EDGE_MASK,
    FAULT_CLASS,
    FAULT_MODE,
    FAULT_STACK,
    FAULT_STATE,
    KIND_CAPTURES,
    KIND_CLASS,
    KIND_MODE,
    KIND_SLOTS,
    KIND_START,
    KIND_STATE,
    KIND_USABLE,
    KIND_WIDTH,
    KINDS,
    LR_STATE,
    LR_STATES,
    LR_WIDTH,
    MODE,
    MOVE_KEYS,
    MOVE_MASK,
    MOVE_VALUES,
    MOVES,
    N_EDGES,
    N_KINDS,
    N_PLACES,
    N_SETS_USED,
    N_STACKS,
    NEED_CONTROL,
    NEED_KIND,
    NEED_MOVE,
    NEED_PLACE,
    NEED_ROOM,
    NEED_STATE,
    NONE_OF_IT,
    ONCE,
    PARSER,
    PARSER_HANDLE_SIZE,
    PLACE_LOW,
    PLACE_MASK,
    PLACE_SLOTS,
    PLACE_WIDTH,
    PLACES,
    REDUCTIONS,
    REDUCTIONS_BEGIN,
    REDUCTIONS_END,
    SET_SLOTS,
    SET_WORDS,
    SHIFTABLE,
    STACK_DEPTH,
    STACK_OF,
    STACK_SLOTS,
    STACK_WIDTH,
    STACKS,
    START,
    SYMBOL_SETS,
    TOUCHED,
    UNDER_WAY,
    UNKNOWN_SET,
    USABLE,
    USABLE_LOW,
    i32,
    i64,
)


@njit(inline="always")
def _mixed(one, other):
    key = (np.uint64(one) << np.uint64(32)) ^ np.uint64(other)
    key *= np.uint64(0x9E3779B97F4A7C15)
    key ^= key >> np.uint64(29)
    return np.int64((key * np.uint64(0xBF58476D1CE4E5B9)) >> np.uint64(33))


@njit(inline="always")
def _touch(p, stacks, stack):
    """Note that the state on top of a stack has been looked at."""
    p[TOUCHED] = min(p[TOUCHED], np.int64(stacks[stack * STACK_WIDTH + STACK_DEPTH]))


@njit(cache=True, nogil=True)
def push(p, state, below):
    """Return the stack with `state` on `below`, or NEED_ROOM."""
    stacks = i32(p[STACKS], p[CAP_STACKS] * STACK_WIDTH)
    depth = np.int64(0)
    if below >= 0:
        _touch(p, stacks, below)
        depth = np.int64(stacks[below * STACK_WIDTH + STACK_DEPTH]) + 1
    if (
        below >= 0
        and stacks[below * STACK_WIDTH + LR_STATE] == state
        and i32(p[LR_STATES], 1)[state * LR_WIDTH + ONCE] == 1
    ):
        return np.int64(below)
    mask = 2 * p[CAP_STACKS] - 1
    slots = i32(p[STACK_SLOTS], mask + 1)
    slot = _mixed(state, below) & mask
    while slots[slot] != 0:
        found = np.int64(slots[slot]) - 1
        if (
            stacks[found * STACK_WIDTH + LR_STATE] == state
            and stacks[found * STACK_WIDTH + BELOW] == below
        ):
            return found
        slot = (slot + 1) & mask
    n = p[N_STACKS]
    if n == p[CAP_STACKS]:
        return np.int64(NEED_ROOM)
    stacks[n * STACK_WIDTH + LR_STATE] = state
    stacks[n * STACK_WIDTH + BELOW] = below
    stacks[n * STACK_WIDTH + USABLE] = UNKNOWN_SET
    stacks[n * STACK_WIDTH + STACK_DEPTH] = depth
    stacks[n * STACK_WIDTH + USABLE_LOW] = depth
    slots[slot] = n + 1
    p[N_STACKS] = n + 1
    return n


@njit(inline="always")
def _action(p, state, symbol):
    """Return what a state does with a symbol: 0 for nothing, or NEED_STATE."""
    row = state * LR_WIDTH
    states = i32(p[LR_STATES], 1)
    low = np.int64(states[row + ACTIONS_BEGIN])
    if low < 0:
        p[FAULT_STATE] = state
        return np.int64(0), np.int64(NEED_STATE)
    high = np.int64(states[row + ACTIONS_END])
    actions = i32(p[ACTIONS], 1)
    while low < high:
        middle = (low + high) >> 1
        if actions[2 * middle] < symbol:
            low = middle + 1
        else:
            high = middle
    if low < np.int64(states[row + ACTIONS_END]) and actions[2 * low] == symbol:
        return np.int64(actions[2 * low + 1]), np.int64(0)
    return np.int64(0), np.int64(0)


@njit(cache=True, nogil=True)
def reduce(p, stack, reduction):
    """Return the stack after a reduction, NEED_ROOM or NEED_STATE."""
    stacks = i32(p[STACKS], 1)
    reductions = i32(p[REDUCTIONS], 1)
    below = np.int64(stack)
    for _ in range(reductions[3 * reduction]):
        below = np.int64(stacks[below * STACK_WIDTH + BELOW])
    _touch(p, stacks, below)
    state = np.int64(stacks[below * STACK_WIDTH + LR_STATE])
    action, status = _action(p, state, reductions[3 * reduction + 1])
    if status < 0:
        return status
    return push(p, action - 1, below)


@njit(cache=True, nogil=True)
def shift(p, stack, terminal):
    """Return the stack after a terminal that can be shifted, NEED_ROOM or NEED_STATE."""
    stack = np.int64(stack)
    while True:
        stacks = i32(p[STACKS], 1)
        _touch(p, stacks, stack)
        action, status = _action(p, np.int64(stacks[stack * STACK_WIDTH + LR_STATE]), terminal)
        if status < 0:
            return status
        if action > 0:
            return push(p, action - 1, stack)
        stack = reduce(p, stack, -1 - action)
        if stack < 0:
            return stack


@njit(cache=True, nogil=True)
def add_set(p, words):
    """Return the number of a set of terminals (int64[words]), or NEED_ROOM."""
    size = p[SET_WORDS]
    sets = i64(p[SYMBOL_SETS], p[CAP_SYMBOL_SETS] * size)
    mixed = np.int64(0)
    for i in range(size):
        mixed = _mixed(mixed, words[i] ^ (words[i] >> 32))
    mask = 2 * p[CAP_SYMBOL_SETS] - 1
    slots = i32(p[SET_SLOTS], mask + 1)
    slot = mixed & mask
    while slots[slot] != 0:
        found = np.int64(slots[slot]) - 1
        same = True
        for i in range(size):
            if sets[found * size + i] != words[i]:
                same = False
                break
        if same:
            return found
        slot = (slot + 1) & mask
    n = p[N_SETS_USED]
    if n == p[CAP_SYMBOL_SETS]:
        return np.int64(NEED_ROOM)
    for i in range(size):
        sets[n * size + i] = words[i]
    slots[slot] = n + 1
    p[N_SETS_USED] = n + 1
    return n


@njit(cache=True, nogil=True)
def usable(p, top):
    """Return the set of the terminals that can be shifted on a stack, NEED_ROOM or NEED_STATE."""
    stacks = i32(p[STACKS], p[CAP_STACKS] * STACK_WIDTH)
    if stacks[top * STACK_WIDTH + USABLE] >= 0:
        return np.int64(stacks[top * STACK_WIDTH + USABLE])
    states = i32(p[LR_STATES], 1)
    size = p[SET_WORDS]
    words = np.empty(size, np.int64)
    is_early = False
    met = np.empty(64, np.int64)
    pending = np.empty(64, np.int64)
    met[0] = pending[0] = top
    n_met = n_pending = 1
    touched = p[TOUCHED]
    p[TOUCHED] = stacks[top * STACK_WIDTH + STACK_DEPTH]
    stacks[top * STACK_WIDTH + USABLE] = UNDER_WAY
    status = np.int64(0)
    while n_pending > 0 and status == 0:
        here = pending[n_pending - 1]
        row = np.int64(stacks[here * STACK_WIDTH + LR_STATE]) * LR_WIDTH
        if states[row + ACTIONS_BEGIN] < 0:
            p[FAULT_STATE] = stacks[here * STACK_WIDTH + LR_STATE]
            status = np.int64(NEED_STATE)
            break
        waits = False
        for reduction in range(states[row + REDUCTIONS_BEGIN], states[row + REDUCTIONS_END]):
            after = reduce(p, here, reduction)
            if after < 0:
                status = after
                break
            if stacks[after * STACK_WIDTH + USABLE] >= 0:
                low = np.int64(stacks[after * STACK_WIDTH + USABLE_LOW])
                p[TOUCHED] = min(p[TOUCHED], low)
            _touch(p, stacks, after)
            if stacks[after * STACK_WIDTH + USABLE] == UNKNOWN_SET:
                stacks[after * STACK_WIDTH + USABLE] = UNDER_WAY
                waits = True
                if n_met == met.shape[0]:
                    met = _longer(met)
                if n_pending == pending.shape[0]:
                    pending = _longer(pending)
                met[n_met] = pending[n_pending] = after
                n_met += 1
                n_pending += 1
        if waits or status < 0:
            continue
        n_pending -= 1
        is_early |= _gather(p, here, words)
        found = add_set(p, words)
        if found < 0:
            status = found
        else:
            stacks[here * STACK_WIDTH + USABLE] = found
    # Where reductions go round in circles, sets grow until they no longer do.
    while is_early and status == 0:
        is_early = False
        for i in range(n_met):
            _gather(p, met[i], words)
            found = add_set(p, words)
            if found < 0:
                status = found
                break
            if stacks[met[i] * STACK_WIDTH + USABLE] != found:
                stacks[met[i] * STACK_WIDTH + USABLE] = found
                is_early = True
    for i in range(n_met):
        stacks[met[i] * STACK_WIDTH + USABLE_LOW] = p[TOUCHED]
        if status < 0:
            stacks[met[i] * STACK_WIDTH + USABLE] = UNKNOWN_SET
    p[TOUCHED] = touched
    if status < 0:
        return status
    return np.int64(stacks[top * STACK_WIDTH + USABLE])


@njit(inline="always")
def _gather(p, stack, words):
    """Put the terminals that can be shifted on a stack, by what is known of the stacks after
    reductions, into `words`; return whether something is not known."""
    stacks = i32(p[STACKS], p[CAP_STACKS] * STACK_WIDTH)
    states = i32(p[LR_STATES], 1)
    reductions = i32(p[REDUCTIONS], 1)
    size = p[SET_WORDS]
    sets = i64(p[SYMBOL_SETS], p[CAP_SYMBOL_SETS] * size)
    row = np.int64(stacks[stack * STACK_WIDTH + LR_STATE]) * LR_WIDTH
    is_early = False
    for i in range(size):
        words[i] = sets[states[row + SHIFTABLE] * size + i]
    for reduction in range(states[row + REDUCTIONS_BEGIN], states[row + REDUCTIONS_END]):
        found = np.int64(stacks[reduce(p, stack, reduction) * STACK_WIDTH + USABLE])
        if found < 0:
            is_early = True
            continue
        before = np.int64(reductions[3 * reduction + 2])
        for i in range(size):
            words[i] |= sets[before * size + i] & sets[found * size + i]
    return is_early


@njit(inline="always")
def _longer(array):
    grown = np.empty(2 * array.shape[0], np.int64)
    grown[: array.shape[0]] = array
    return grown


@njit(inline="always")
def _place_slot(h, p, stack, mode):
    """Return the slot of a place, or the free one where it belongs."""
    places = i32(h[PLACES], h[CAP_PLACES] * PLACE_WIDTH)
    slots = i32(p[PLACE_SLOTS], p[PLACE_MASK] + 1)
    slot = _mixed(stack, mode) & p[PLACE_MASK]
    while slots[slot] != 0:
        place = np.int64(slots[slot]) * PLACE_WIDTH
        if places[place + STACK_OF] == stack and places[place + MODE] == mode:
            break
        slot = (slot + 1) & p[PLACE_MASK]
    return slot


@njit(inline="always")
def _kind(p, state, terminals, mode):
    """Return the slot of a kind of configurations, or the free one where it belongs."""
    kinds = i32(p[KINDS], p[CAP_KINDS] * KIND_WIDTH)
    mask = 2 * p[CAP_KINDS] - 1
    slots = i32(p[KIND_SLOTS], mask + 1)
    slot = _mixed(_mixed(state, terminals), mode) & mask
    while slots[slot] != 0:
        kind = (np.int64(slots[slot]) - 1) * KIND_WIDTH
        if (
            kinds[kind + KIND_STATE] == state
            and kinds[kind + KIND_USABLE] == terminals
            and kinds[kind + KIND_MODE] == mode
        ):
            break
        slot = (slot + 1) & mask
    return slot


@njit(cache=True, nogil=True)
def place_of(h, stack, mode):
    """Return the place of a stack and a mode, or what is needed."""
    p = i64(h[PARSER], PARSER_HANDLE_SIZE)
    slot = _place_slot(h, p, stack, mode)
    slots = i32(p[PLACE_SLOTS], p[PLACE_MASK] + 1)
    if slots[slot] != 0:
        return np.int64(slots[slot])
    terminals = usable(p, stack)
    if terminals < 0:
        return terminals
    p[FAULT_STACK] = stack
    p[FAULT_MODE] = mode
    state = i32(p[STACKS], 1)[stack * STACK_WIDTH + LR_STATE]
    kind = np.int64(i32(p[KIND_SLOTS], 2 * p[CAP_KINDS])[_kind(p, state, terminals, mode)])
    if kind == 0:
        return np.int64(NEED_KIND)
    kinds = i32(p[KINDS], p[CAP_KINDS] * KIND_WIDTH)
    row = (kind - 1) * KIND_WIDTH
    if kinds[row + KIND_CLASS] == 0:
        return np.int64(NEED_PLACE)
    return add_place(
        h,
        stack,
        mode,
        kinds[row + KIND_CLASS],
        kinds[row + KIND_START],
        kinds[row + KIND_CAPTURES],
        i32(p[STACKS], p[CAP_STACKS] * STACK_WIDTH)[stack * STACK_WIDTH + USABLE_LOW],
    )


@njit(cache=True, nogil=True)
def add_place(h, stack, mode, kind, start, captures, low):
    """Add the place of a stack and a mode and return it, or NEED_ROOM."""
    p = i64(h[PARSER], PARSER_HANDLE_SIZE)
    n = h[N_PLACES]
    if n == h[CAP_PLACES]:
        return np.int64(NEED_ROOM)
    places = i32(h[PLACES], h[CAP_PLACES] * PLACE_WIDTH)
    places[n * PLACE_WIDTH + START] = start
    places[n * PLACE_WIDTH + CAPTURES] = captures
    places[n * PLACE_WIDTH + CLASS] = kind
    places[n * PLACE_WIDTH + STACK_OF] = stack
    places[n * PLACE_WIDTH + MODE] = mode
    places[n * PLACE_WIDTH + PLACE_LOW] = low
    i32(p[PLACE_SLOTS], p[PLACE_MASK] + 1)[_place_slot(h, p, stack, mode)] = n
    h[N_PLACES] = n + 1
    return n


@njit(cache=True, nogil=True)
def add_kind(p, state, terminals, mode, kind, start, captures):
    """Enter a kind of configurations; there is room for it."""
    slot = _kind(p, state, terminals, mode)
    n = p[N_KINDS]
    row = n * KIND_WIDTH
    kinds = i32(p[KINDS], p[CAP_KINDS] * KIND_WIDTH)
    kinds[row + KIND_STATE] = state
    kinds[row + KIND_USABLE] = terminals
    kinds[row + KIND_MODE] = mode
    kinds[row + KIND_CLASS] = kind
    kinds[row + KIND_START] = start
    kinds[row + KIND_CAPTURES] = captures
    i32(p[KIND_SLOTS], 2 * p[CAP_KINDS])[slot] = n + 1
    p[N_KINDS] = n + 1


@njit(inline="always")
def _move_slot(p, key):
    keys = i64(p[MOVE_KEYS], p[MOVE_MASK] + 1)
    slot = _mixed(key >> 32, key & 0xFFFFFFFF) & p[MOVE_MASK]
    while keys[slot] != key and keys[slot] != -1:
        slot = (slot + 1) & p[MOVE_MASK]
    return slot


@njit(cache=True, nogil=True)
def add_move(p, kind, ended, begin):
    """Enter where the move of a class after `ended` begins; there is room for it."""
    key = np.int64(kind) << 32 | (np.int64(ended) & 0xFFFFFFFF)
    slot = _move_slot(p, key)
    i64(p[MOVE_KEYS], p[MOVE_MASK] + 1)[slot] = key
    i32(p[MOVE_VALUES], p[MOVE_MASK] + 1)[slot] = begin


@njit(cache=True, nogil=True)
def step(h, place, ended):
    """Add the edge from a place by what ends there and return its value, or what is needed."""
    if h[PARSER] == 0:
        return np.int64(NEED_CONTROL)
    known = edge_of(h, place, ended)
    if known >= 0:
        return known
    kind = np.int64(i32(h[PLACES], 1)[place * PLACE_WIDTH + CLASS])
    if kind == 0:
        return np.int64(NEED_CONTROL)
    p = i64(h[PARSER], PARSER_HANDLE_SIZE)
    key = kind << 32 | (np.int64(ended) & 0xFFFFFFFF)
    slot = _move_slot(p, key)
    if i64(p[MOVE_KEYS], p[MOVE_MASK] + 1)[slot] != key:
        p[FAULT_CLASS] = kind
        return np.int64(NEED_MOVE)
    begin = np.int64(i32(p[MOVE_VALUES], p[MOVE_MASK] + 1)[slot])
    moves = i32(p[MOVES], begin + 2)
    mode = moves[begin]
    n_terminals = moves[begin + 1]
    stack = np.int64(i32(h[PLACES], 1)[place * PLACE_WIDTH + STACK_OF])
    p[TOUCHED] = NONE_OF_IT
    for i in range(begin + 2, begin + 2 + n_terminals):
        stack = shift(p, stack, i32(p[MOVES], i + 1)[i])
        if stack < 0:
            return stack
    low = p[TOUCHED]
    target = place_of(h, stack, mode)
    if target < 0:
        return target
    if 2 * (h[N_EDGES] + 1) > h[EDGE_MASK]:
        return np.int64(NEED_ROOM)
    h[N_EDGES] += 1
    add_edge(h, place, ended, target << 1, low)
    return target << 1


@njit(cache=True, nogil=True)
def states_on_top(h, place, states):
    """Write the states of a place's stack, from the one on top down, to `states` (int32[n]).

    Returns how many there are, if fewer than n.
    """
    p = i64(h[PARSER], PARSER_HANDLE_SIZE)
    stacks = i32(p[STACKS], p[CAP_STACKS] * STACK_WIDTH)
    stack = np.int64(i32(h[PLACES], 1)[place * PLACE_WIDTH + STACK_OF])
    for i in range(states.shape[0]):
        if stack < 0:
            return i
        states[i] = stacks[stack * STACK_WIDTH + LR_STATE]
        stack = np.int64(stacks[stack * STACK_WIDTH + BELOW])
    return states.shape[0]


@njit(cache=True, nogil=True)
def rehash_stacks(p):
    """Enter all stacks into the empty hash table."""
    stacks = i32(p[STACKS], p[CAP_STACKS] * STACK_WIDTH)
    mask = 2 * p[CAP_STACKS] - 1
    slots = i32(p[STACK_SLOTS], mask + 1)
    for i in range(p[N_STACKS]):
        state, below = stacks[i * STACK_WIDTH + LR_STATE], stacks[i * STACK_WIDTH + BELOW]
        slot = _mixed(state, below) & mask
        while slots[slot] != 0:
            slot = (slot + 1) & mask
        slots[slot] = i + 1


@njit(cache=True, nogil=True)
def rehash_places(h, first):
    """Enter the places from `first` on into the empty hash table."""
    p = i64(h[PARSER], PARSER_HANDLE_SIZE)
    places = i32(h[PLACES], h[CAP_PLACES] * PLACE_WIDTH)
    slots = i32(p[PLACE_SLOTS], p[PLACE_MASK] + 1)
    for i in range(first, h[N_PLACES]):
        stack, mode = places[i * PLACE_WIDTH + STACK_OF], places[i * PLACE_WIDTH + MODE]
        slots[_place_slot(h, p, stack, mode)] = i
