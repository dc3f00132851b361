"""How the tables behind the kernels are laid out.

A kernel takes *handles* instead of arrays: an int64 array that holds the addresses and sizes of
all tables, so that a call costs a quarter of a microsecond however many tables there are. The
objects that own the tables (`Automaton`, `Scratch`) keep them alive and refresh the handle when a
table grows.

A lexer state is a set of *members*. A member is an NFA state `q` with a small counter `k`, packed
as `q | k << 32`. What `k` means depends on the kind of `q`: the position in a literal, the number
of indentation characters in white space; in strings the phase within a character in the low bits
and the number of characters above them (of SPELT, see `spelt`, the opening quote is one).
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numba import carray, njit, types  # type: ignore[attr-defined]
from numba.core import cgutils
from numba.extending import intrinsic


def _digest() -> int:
    """Return a number that changes with the source of the kernels and of what they are made of."""
    folder = Path(__file__).parent
    source = b"".join(
        (folder / name).read_bytes()
        for name in (
            "layout.py",
            "rows.py",
            "spelt.py",
            "kernels.py",
            "walks.py",
            "edges.py",
            "shifts.py",
            "crossings.py",
        )
    )
    return int.from_bytes(blake2b(source, digest_size=7).digest(), "little")


SIGNATURE = _digest()

# Lexer handle: addresses.
STATES, TRANSITIONS, BLOB, DSTATES, SETS, ROWS, HASH, STRINGS, WORDS = range(9)
PLACES, EDGE_KEYS, EDGE_VALUES = range(9, 12)
# Lexer handle: sizes, and what a kernel stopped at.
N_DSTATES, CAP_DSTATES, N_SETS, CAP_SETS, N_ROWS, CAP_ROWS, HASH_MASK, EDGE_MASK = range(12, 20)
FAULT, FAULT_ENDED = range(20, 22)
N_EDGES, N_PLACES, CAP_PLACES = range(22, 25)
# Lexer handle: the address of the parser handle, 0 where there is none.
PARSER = 25
# Lexer handle: the walks that are known.
WALKS, WALKED, WALKS_MASK, N_WALKS, CAP_WALKED, N_WALKED = range(26, 32)
# Lexer handle: the address of what edges have looked at, see LOW.
EDGE_LOWS = 32
LEXER_HANDLE_SIZE = 33

# Parser handle: addresses of tables, and of the hash tables that find their rows.
LR_STATES, ACTIONS, REDUCTIONS, SYMBOL_SETS, STACKS, KINDS, MOVES = range(7)
SET_SLOTS, STACK_SLOTS, KIND_SLOTS, PLACE_SLOTS, MOVE_KEYS, MOVE_VALUES = range(7, 13)
# Parser handle: sizes, and what a kernel stopped at.
SET_WORDS, N_SETS_USED, CAP_SYMBOL_SETS, N_STACKS, CAP_STACKS = range(13, 18)
N_KINDS, CAP_KINDS, MOVE_MASK, PLACE_MASK = range(18, 22)
FAULT_STATE, FAULT_STACK, FAULT_MODE, FAULT_CLASS = range(22, 26)
# Parser handle: the lowest place of a stack that has been looked at, see LOW.
TOUCHED = 26
PARSER_HANDLE_SIZE = 27

# Trie handle: addresses, then sizes.
BYTE, DEPTH, SKIP, TOKEN, MORE, ROOT_CHILD, TOKENS_OUT, STATES_OUT, SUSPECTS_OUT = range(9)
PORTALS_OUT, STACK, N_NODES, MAX_DEPTH, CAP_PORTALS, CAP_TOKENS = range(9, 15)
N_PORTALS_OUT, N_TOKENS_OUT, N_SUSPECTS_OUT = range(15, 18)
# Trie handle: where an interrupted walk goes on.
AT_TOP, AT_INDEX, AT_BYTE, AT_NODE, AT_END, AT_DEPTH, AT_START, AT_PLACE = range(18, 26)
AT_FLAGS = 26
# Trie handle: the walk under way that is to be kept (KEEP_START 0: none), and the output before it.
KEEP_NODE, KEEP_START, KEEP_TOKENS, KEEP_PORTALS = range(27, 31)
# Trie handle: how far down the stacks have been looked at, see LOW.
LOWEST = 31
# Trie handle: the walks since the output was empty, see SEEN_WIDTH.
N_SEEN, SEEN, SEEN_MASK, SEEN_STAMP = 32, 33, 34, 35
TRIE_HANDLE_SIZE = 36

# Columns of the portals (int32[n, PORTAL_WIDTH]): the trie node, or minus a child of it where that
# child alone leads on, what ends at the node (see `ENDED`), the place that the walk belongs to (0:
# none), its flags.
PORTAL_WIDTH = 4
# Flags of a walk: a captured text on the way here is not known; it may matter to what comes now.
UNKNOWN, DOUBTFUL = 1, 2
# The flag of a portal that stands for doors, which begin at `node` in WALKED.
DOORS = 4

# Columns of a hash table of walks begun (int64[n, SEEN_WIDTH]): trie node, place and flags in one
# number; and the stamp of the output that they belong to, so that the table is empty at no cost.
SEEN_WIDTH = 2

# Columns of the walks (int32[n, WALK_WIDTH]), a hash table: the trie node, or minus a child as in a
# portal; the lexer state (0: no walk); where WALKED (int32) has its tokens, then its portals, as
# pairs of a node and what ends there, then its doors (see `walks`); how many of each there are.
WALK_NODE, WALK_START, WALK_BEGIN, WALK_TOKENS, WALK_PORTALS, WALK_DOORS = range(6)
WALK_WIDTH = 6
MOST_WALKED = 1 << 22
"""Numbers in WALKED from which on it does not grow."""

# Columns of the table of places (int32[n, PLACE_WIDTH]), the nodes of the control: the lexer state
# before any lexeme, and whether one of the lexemes captures its text; with a parser its class (0:
# none), its stack, its mode, and LOW.
START, CAPTURES, CLASS, STACK_OF, MODE, PLACE_LOW = range(6)
PLACE_WIDTH = 6
# LOW: how far down a stack has been looked at for something, as the number of states below that
# one; ALL_OF_IT where the control has looked at it. The rest of the stack does not matter.
ALL_OF_IT, NONE_OF_IT = -1, 1 << 30
# An edge leads from a place and what ends there to a place: a hash table of int64 keys
# `place << 32 | ended` and int32 values, `target << 1 | captures`, REFUSED or UNRESOLVED; and
# int32 LOW of what has been looked at to find the target's stack.
REFUSED, UNRESOLVED_EDGE = 0, -1

# Columns of the parser's states (int32[n, LR_WIDTH]): its actions (begin -1: not known yet), its
# reductions, the set of the terminals that it shifts, whether it is put on itself only once.
ACTIONS_BEGIN, ACTIONS_END, REDUCTIONS_BEGIN, REDUCTIONS_END, SHIFTABLE, ONCE = range(6)
LR_WIDTH = 6
# Actions (int32[n, 2]), by state and symbol: the symbol, and one more than the state to shift to,
# or less than zero: -1 - reduction. Reductions (int32[n, 3]): symbols, then the symbol instead of
# them, and the set of the terminals before which it is made.
# Columns of the stacks (int32[n, STACK_WIDTH]): state, stack below (-1: none), the set of the
# terminals that can be shifted (UNKNOWN_SET, or UNDER_WAY while it is worked out), how many states
# are below, and LOW of that set.
LR_STATE, BELOW, USABLE, STACK_DEPTH, USABLE_LOW = range(5)
STACK_WIDTH = 5
UNKNOWN_SET, UNDER_WAY = -1, -2
# Columns of the kinds of configurations (int32[n, KIND_WIDTH]): state, usable terminals, mode, and
# their class, or 0 where each stack has to be looked at; of a class, lexer state and captures.
KIND_STATE, KIND_USABLE, KIND_MODE, KIND_CLASS, KIND_START, KIND_CAPTURES = range(6)
KIND_WIDTH = 6
# Moves (int32): where MOVE_VALUES has them, by `class << 32 | ended`: the mode after a lexeme, how
# many terminals are shifted, these terminals.
# What a kernel needs where it does not come to a place: the control, room, the row of FAULT_STATE,
# the move of FAULT_CLASS by FAULT_ENDED, the kind or the place of FAULT_STACK and FAULT_MODE.
NEED_CONTROL, NEED_ROOM, NEED_STATE, NEED_MOVE, NEED_KIND, NEED_PLACE = -1, -2, -3, -4, -5, -6

# Columns of the NFA state table (int32[n, STATE_WIDTH]).
KIND, A, B, NEXT, ACCEPT, LOW, HIGH, LEXEME, CAPTURING = range(9)
STATE_WIDTH = 9
# LOW: characters that have to come, HIGH: most characters in all (-1: any number); in white space
# HIGH is the most indentation.
# CAPTURING: 0, or 1 where the lexeme captures its text, or 2 where moreover all but finitely many
# texts lead on, or, with no bound, infinitely many: two more characters are more than are left out.
# Kinds of NFA states. COUNTING is RANGES where each step begins a character.
RANGES, LITERAL, LAZY, SPACE, STRING, END, TAIL, COUNTING, EXCEPT, SPELT = range(10)

# Columns of the table of words (int32[n, WORD_WIDTH]), a trie of what EXCEPT states leave out:
# first child, next sibling, parent, byte, phase of the string after it, number of the word.
CHILD, SIBLING, PARENT, LETTER, PHASE, WORD = range(6)
WORD_WIDTH = 6

# Columns of the DFA state table (int32[n, DSTATE_WIDTH]).
SET_BEGIN, SET_LENGTH, ROW, ENDED, OPEN, CAPTURED, FREE = range(7)
DSTATE_WIDTH = 7
# ENDED: the number of the one lexeme that ends here, SEVERAL - state where there are several, or
# NO_LEXEME. OPEN: whether a byte may follow inside the lexemes. CAPTURED: whether a capturing
# lexeme ends here. FREE: whether each capturing lexeme can still be completed, however few texts
# it may not be; so it is inside a string of any but finitely many values.
NO_LEXEME, SEVERAL = -1, -2

# Kernel statuses.
OK, EXPAND, GROW, FORKS, DEAD, ENDS, FULL, UNRESOLVED, WIDE, CROWDED = range(10)

# Strings: the phase is in the low bits of the counter, the number of characters above it.
PHASES = 32
PHASE_BITS = 5
CLOSE = 255
BODY = 1
QUOTE, BACKSLASH = 34, 92
MAX_COUNT = 1 << 25

MOST_BYTES = 4000
"""Most bytes that `crossings.advance` takes at once."""


@intrinsic
def pointer(typing_context: Any, address: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), build


@njit(inline="always")
def i32(address, n):
    return carray(pointer(address), (n,), dtype=np.int32)


@njit(inline="always")
def i64(address, n):
    return carray(pointer(address), (n,), dtype=np.int64)


@njit(inline="always")
def u8(address, n):
    return carray(pointer(address), (n,), dtype=np.uint8)
