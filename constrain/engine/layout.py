"""How the tables behind the kernels are laid out.

A kernel takes *handles* instead of arrays: an int64 array that holds the addresses and sizes of
all tables, so that a call costs a quarter of a microsecond however many tables there are. The
objects that own the tables (`Automaton`, `Scratch`) keep them alive and refresh the handle when a
table grows.

A lexer state is a set of *members*. A member is an NFA state `q` with a small counter `k`, packed
as `q | k << 32`. What `k` means depends on the kind of `q`: the position in a literal, the number
of indentation characters in white space; in strings the phase within a character in the low bits
and the number of characters above them.
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
        for name in ("layout.py", "rows.py", "kernels.py", "crossings.py")
    )
    return int.from_bytes(blake2b(source, digest_size=7).digest(), "little")


SIGNATURE = _digest()

# Lexer handle: addresses.
STATES, TRANSITIONS, BLOB, DSTATES, SETS, ROWS, HASH, STRINGS, WORDS = range(9)
PLACES, EDGE_KEYS, EDGE_VALUES = range(9, 12)
# Lexer handle: sizes, and what a kernel stopped at.
N_DSTATES, CAP_DSTATES, N_SETS, CAP_SETS, N_ROWS, CAP_ROWS, HASH_MASK, EDGE_MASK = range(12, 20)
FAULT, FAULT_ENDED = range(20, 22)
LEXER_HANDLE_SIZE = 22

# Trie handle: addresses, then sizes.
BYTE, DEPTH, SKIP, TOKEN, MORE, ROOT_CHILD, TOKENS_OUT, STATES_OUT, SUSPECTS_OUT = range(9)
PORTALS_OUT, STACK, N_NODES, MAX_DEPTH, CAP_PORTALS, CAP_TOKENS = range(9, 15)
N_PORTALS_OUT, N_TOKENS_OUT, N_SUSPECTS_OUT = range(15, 18)
# Trie handle: where an interrupted walk goes on.
AT_TOP, AT_INDEX, AT_BYTE, AT_NODE, AT_END, AT_START, AT_PLACE, AT_FLAGS = range(18, 26)
TRIE_HANDLE_SIZE = 26

# Columns of the portals (int32[n, PORTAL_WIDTH]): the trie node, what ends there (see `ENDED`),
# the place that the walk belongs to (0: none), its flags.
PORTAL_WIDTH = 4
# Flags of a walk: a captured text on the way here is not known; it may matter to what comes now.
UNKNOWN, DOUBTFUL = 1, 2

# Columns of the table of places (int32[n, PLACE_WIDTH]), the nodes of the control: the lexer state
# before any lexeme, and whether one of the lexemes captures its text.
START, CAPTURES = range(2)
PLACE_WIDTH = 2
# An edge leads from a place and what ends there to a place: a hash table of int64 keys
# `place << 32 | ended` and int32 values, `target << 1 | captures`, REFUSED or UNRESOLVED.
REFUSED, UNRESOLVED_EDGE = 0, -1

# Columns of the NFA state table (int32[n, STATE_WIDTH]).
KIND, A, B, NEXT, ACCEPT, LOW, HIGH, LEXEME, CAPTURING = range(9)
STATE_WIDTH = 9
# LOW: characters that have to come, HIGH: most characters in all (-1: any number); in white space
# HIGH is the most indentation.
# CAPTURING: 0, or 1 where the lexeme captures its text, or 2 where moreover all but finitely many
# texts lead on, or, with no bound, infinitely many: two more characters are more than are left out.
# Kinds of NFA states. COUNTING is RANGES where each step begins a character.
RANGES, LITERAL, LAZY, SPACE, STRING, END, TAIL, COUNTING, EXCEPT = range(9)

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
OK, EXPAND, GROW, FORKS, DEAD, ENDS, FULL, UNRESOLVED, WIDE = range(9)

# Strings: the phase is in the low bits of the counter, the number of characters above it.
PHASES = 32
PHASE_BITS = 5
CLOSE = 255
BODY = 1
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
