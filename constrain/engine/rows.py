"""The rows of the automaton: sets of NFA states -> DFA states, and their transitions."""

from __future__ import annotations

import numpy as np
from numba import njit

from constrain.engine.layout import (
    ACCEPT,
    BLOB,
    BODY,
    CAP_DSTATES,
    CAP_ROWS,
    CAP_SETS,
    CAPTURED,
    CAPTURING,
    CHILD,
    CLOSE,
    COUNTING,
    DSTATE_WIDTH,
    DSTATES,
    END,
    ENDED,
    EXCEPT,
    EXPAND,
    FAULT,
    FREE,
    GROW,
    HASH,
    HASH_MASK,
    HIGH,
    KIND,
    LAZY,
    LETTER,
    LITERAL,
    LOW,
    N_DSTATES,
    N_ROWS,
    N_SETS,
    NEXT,
    NO_LEXEME,
    OK,
    OPEN,
    PARENT,
    PHASE,
    PHASE_BITS,
    PHASES,
    RANGES,
    ROW,
    ROWS,
    SET_BEGIN,
    SET_LENGTH,
    SETS,
    SEVERAL,
    SIBLING,
    SPACE,
    SPELT,
    STATE_WIDTH,
    STATES,
    STRING,
    STRINGS,
    TAIL,
    TRANSITIONS,
    WORD,
    WORD_WIDTH,
    WORDS,
    A,
    B,
    i32,
    i64,
    u8,
)
from constrain.engine.spelt import spelt_steps


@njit(cache=True, nogil=True)
def _hash_of(members, begin, n):
    key = np.uint64(14695981039346656037)
    for i in range(begin, begin + n):
        key = (key ^ np.uint64(members[i])) * np.uint64(1099511628211)
        key ^= key >> np.uint64(29)
    return np.int64(key & np.uint64(0x7FFFFFFFFFFFFFFF))


@njit(cache=True, nogil=True)
def note(h, states, transitions, blob, words, dstates, sets, rows, table):
    """Enter in the handle where the tables of an automaton are, and how long those of its DFA."""
    h[STATES] = states.ctypes.data
    h[TRANSITIONS] = transitions.ctypes.data
    h[BLOB] = blob.ctypes.data
    h[WORDS] = words.ctypes.data
    h[DSTATES] = dstates.ctypes.data
    h[SETS] = sets.ctypes.data
    h[ROWS] = rows.ctypes.data
    h[HASH] = table.ctypes.data
    h[CAP_DSTATES] = dstates.shape[0]
    h[CAP_SETS] = sets.shape[0]
    h[CAP_ROWS] = rows.shape[0]
    h[HASH_MASK] = table.shape[0] - 1


@njit(cache=True, nogil=True)
def rehash(h):
    """Enter all DFA states into the (empty) hash table."""
    table = i32(h[HASH], h[HASH_MASK] + 1)
    dstates = i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    sets = i64(h[SETS], h[CAP_SETS])
    for d in range(1, h[N_DSTATES]):
        begin = dstates[d * DSTATE_WIDTH + SET_BEGIN]
        slot = _hash_of(sets, begin, dstates[d * DSTATE_WIDTH + SET_LENGTH]) & h[HASH_MASK]
        while table[slot] != 0:
            slot = (slot + 1) & h[HASH_MASK]
        table[slot] = d


@njit(cache=True, nogil=True)
def intern(h, members, n):
    """Return the DFA state of `members[:n]` (sorted, distinct), or -1 if a table is full."""
    table = i32(h[HASH], h[HASH_MASK] + 1)
    dstates = i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    sets = i64(h[SETS], h[CAP_SETS])
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
    states = i32(h[STATES], 1)
    d = h[N_DSTATES]
    h[N_DSTATES] = d + 1
    begin = h[N_SETS]
    ended = np.int64(NO_LEXEME)
    is_open = 0
    captured = 0
    free = 1
    for i in range(n):
        sets[begin + i] = members[i]
        q = (members[i] & 0xFFFFFFFF) * STATE_WIDTH
        lexeme = np.int64(states[q + ACCEPT])
        if lexeme >= 0:
            if ended == NO_LEXEME:
                ended = lexeme
            elif ended != lexeme:
                ended = np.int64(SEVERAL) - d
            captured |= states[q + CAPTURING] != 0
        kind = states[q + KIND]
        if kind != END:
            is_open = 1
        if states[q + CAPTURING] == 1:
            free = 0
        elif states[q + CAPTURING] == 2 and states[q + HIGH] >= 0:
            used = members[i] >> (32 + PHASE_BITS)
            if states[q + HIGH] - used < 2:
                free = 0
    h[N_SETS] = begin + n
    dstates[d * DSTATE_WIDTH + SET_BEGIN] = begin
    dstates[d * DSTATE_WIDTH + SET_LENGTH] = n
    dstates[d * DSTATE_WIDTH + ROW] = -1
    dstates[d * DSTATE_WIDTH + ENDED] = ended
    dstates[d * DSTATE_WIDTH + OPEN] = is_open
    dstates[d * DSTATE_WIDTH + CAPTURED] = captured
    dstates[d * DSTATE_WIDTH + FREE] = free
    table[slot] = d
    return d


@njit(cache=True, nogil=True)
def intern_start(h, members):
    """Return the DFA state of the sorted, distinct `members` (int64[n]), or -1 to grow."""
    return intern(h, members, members.shape[0])


@njit(inline="always")
def is_narrow(kind):
    """Whether few tokens fit an NFA state of a kind."""
    return kind in (LITERAL, SPACE, END, SPELT)


@njit(cache=True, nogil=True)
def split(h, d, wide):
    """Split a DFA state: members that few tokens fit, together, and the others, each alone.

    Writes to `wide` (int64[n, 2], room for all members) of each of the others the member and the
    state with it alone. Returns their number | the state of the rest (0: none) << 32, or -1 where
    a table is full.
    """
    dstates = i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    sets = i64(h[SETS], h[CAP_SETS])
    states = i32(h[STATES], 1)
    begin = dstates[d * DSTATE_WIDTH + SET_BEGIN]
    length = dstates[d * DSTATE_WIDTH + SET_LENGTH]
    n_wide = 0
    for i in range(begin, begin + length):
        kind = states[(sets[i] & 0xFFFFFFFF) * STATE_WIDTH + KIND]
        if not is_narrow(kind):
            wide[n_wide, 0] = sets[i]
            n_wide += 1
    if n_wide == 0:
        return np.int64(d) << 32
    if length == 1:
        wide[0, 1] = d
        return np.int64(1)
    narrow = np.empty(length - n_wide, np.int64)
    n_narrow = 0
    for i in range(begin, begin + length):
        kind = states[(sets[i] & 0xFFFFFFFF) * STATE_WIDTH + KIND]
        if is_narrow(kind):
            narrow[n_narrow] = sets[i]
            n_narrow += 1
    alone = np.empty(1, np.int64)
    for i in range(n_wide):
        alone[0] = wide[i, 0]
        wide[i, 1] = intern(h, alone, 1)
        if wide[i, 1] < 0:
            return np.int64(-1)
    rest = np.int64(0)
    if n_narrow > 0:
        rest = np.int64(intern(h, narrow, n_narrow))
        if rest < 0:
            return np.int64(-1)
    return np.int64(n_wide) | (rest << 32)


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
def sort_distinct(members):
    """Sort `members` (int64[n], mostly in order) in place, without repetitions; return how many."""
    for i in range(1, members.shape[0]):
        if members[i - 1] > members[i]:
            members.sort()
            break
    n = min(1, members.shape[0])
    for i in range(1, members.shape[0]):
        if members[i] != members[n - 1]:
            members[n] = members[i]
            n += 1
    return n


@njit(cache=True, nogil=True)
def make_row(h, d):
    """Compute all transitions of DFA state `d`."""
    dstates = i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    sets = i64(h[SETS], h[CAP_SETS])
    states = i32(h[STATES], 1)
    transitions = i32(h[TRANSITIONS], 1)
    blob = u8(h[BLOB], 1)
    strings = u8(h[STRINGS], 2 * PHASES * 256)
    words = i32(h[WORDS], 1)
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

    if length == 1:
        s = (sets[begin] & 0xFFFFFFFF) * STATE_WIDTH
        if states[s + KIND] == LITERAL:
            # Most states by far: one byte leads on.
            k = sets[begin] >> 32
            member = np.empty(1, np.int64)
            member[0] = (
                np.int64(states[s + NEXT])
                if k + 1 == states[s + B]
                else np.int64(s // STATE_WIDTH) | ((k + 1) << 32)
            )
            to_state = intern(h, member, 1)
            if to_state < 0:
                return GROW
            r = h[N_ROWS]
            row = i32(h[ROWS] + r * 1024, 256)
            for b in range(256):
                row[b] = 0
            row[blob[states[s + A] + k]] = to_state
            h[N_ROWS] = r + 1
            dstates[d * DSTATE_WIDTH + ROW] = r
            return OK

    head = np.full(256, -1, np.int32)
    following = np.empty(64 + 256 * 2, np.int32)
    target = np.empty(64 + 256 * 2, np.int64)
    spelt = np.empty((2, 2), np.int64)
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
            elif kind == EXCEPT:
                here = np.int64(s // STATE_WIDTH)
                node = k
                base = (np.int64(words[node * WORD_WIDTH + PHASE])) * 256
                word = words[node * WORD_WIDTH + WORD]
                for b in range(256):
                    to = strings[base + b]
                    if to == 0:
                        continue
                    if to == CLOSE:
                        left_out = False
                        if word >= 0:
                            for i_word in range(states[s + B]):
                                if transitions[states[s + A] * 4 + i_word] == word:
                                    left_out = True
                                    break
                        if left_out:
                            continue
                        value = onward
                    else:
                        value = np.int64(states[s + LOW]) | (np.int64(to) << 32)
                    following[used] = head[b]
                    target[used] = value
                    head[b] = used
                    used += 1
                child = words[node * WORD_WIDTH + CHILD]
                while child >= 0:
                    # The entry just made for this byte leads on within the words instead.
                    slot = head[words[child * WORD_WIDTH + LETTER]]
                    target[slot] = here | (np.int64(child) << 32)
                    child = words[child * WORD_WIDTH + SIBLING]
            elif kind == SPELT:
                here = np.int64(s // STATE_WIDTH)
                place = k >> PHASE_BITS
                last = place + 1 == states[s + B]
                letter = np.int64(blob[states[s + A] + place])
                inside = place > 0 and not last
                for i_step in range(spelt_steps(letter, k & (PHASES - 1), inside, spelt)):
                    b = spelt[i_step, 0]
                    to = spelt[i_step, 1]
                    following[used] = head[b]
                    if to == 0 and last:
                        target[used] = onward
                    else:
                        after = place << PHASE_BITS if to else (place + 1) << PHASE_BITS
                        target[used] = here | ((after | to) << 32)
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
    row = i32(h[ROWS] + r * 1024, 256)
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
            members[used - 1 - n] = target[i]
            n += 1
            i = following[i]
        found = members[used - n :]
        n = sort_distinct(found)
        to_state = intern(h, found, n)
        if to_state < 0:
            return GROW
        row[b] = to_state
        if n == 1:
            last_member = found[0]
            last_state = to_state
    h[N_ROWS] = r + 1
    dstates[d * DSTATE_WIDTH + ROW] = r
    return OK


@njit(cache=True, nogil=True)
def fill_row(h, d):
    """Make sure that DFA state `d` has its row; return OK, EXPAND or GROW."""
    dstates = i32(h[DSTATES], h[CAP_DSTATES] * DSTATE_WIDTH)
    if dstates[d * DSTATE_WIDTH + ROW] >= 0:
        return OK
    return make_row(h, d)


@njit(cache=True, nogil=True)
def insert_words(words, size, strings, text, offsets, first):
    """Add words to the trie of words; return its new size.

    Word i is `text[offsets[i]:offsets[i + 1]]` (uint8), new, and gets the number `first + i`.
    `words` is int32[n, WORD_WIDTH] with room for all of the text, `strings` the phases of minimal
    strings, uint8[PHASES, 256].
    """
    for i in range(offsets.shape[0] - 1):
        node = 0
        for j in range(offsets[i], offsets[i + 1]):
            b = np.int32(text[j])
            child = words[node, CHILD]
            while child >= 0 and words[child, LETTER] != b:
                child = words[child, SIBLING]
            if child < 0:
                child = np.int32(size)
                words[child, CHILD] = -1
                words[child, SIBLING] = words[node, CHILD]
                words[child, PARENT] = node
                words[child, LETTER] = b
                words[child, PHASE] = strings[words[node, PHASE], b]
                words[child, WORD] = -1
                words[node, CHILD] = child
                size += 1
            node = child
        words[node, WORD] = first + i
    return size
