"""The lexer of one constraint: the allowed lexemes as one lazily built byte automaton."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Collection, Iterable
from itertools import accumulate
from struct import Struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from constrain.engine import kernels, layout, rows
from constrain.engine.fragments import Fragments
from constrain.engine.least import least_bytes, least_of, least_text
from constrain.engine.strings import TABLE
from constrain.engine.tables import Scratch, address, doubled
from constrain.lexing.digest import REACH as NEAR
from constrain.lexing.digest import digest, fingerprint, near
from constrain.lexing.lengths import breadth
from constrain.lexing.lexeme import Lexeme
from constrain.lexing.regex import EPSILON, Regex

_MOST_STATES = 1 << 24
_NATIVE = (layout.LITERAL, layout.SPACE, layout.STRING, layout.EXCEPT, layout.SPELT)
_pack_state = Struct(f"{layout.STATE_WIDTH}i").pack_into
_STATE_BYTES = 4 * layout.STATE_WIDTH
_RESTING = 0
"""The NFA state that marks where the output may rest; nothing follows it."""
_NO_WORDS = np.full((64, layout.WORD_WIDTH), -1, np.int32)
_NO_WORDS[0, layout.PHASE] = layout.BODY
_HANDLE = np.zeros(layout.LEXER_HANDLE_SIZE, np.int64)
_HANDLE[layout.STRINGS] = address(TABLE)
"""What the words that strings may not be, and the handle, are at first."""


class Member(NamedTuple):
    """A member of a lexer state, alone.

    Attributes:
        state: the lexer state with no other member.
        number: the number of the lexeme that it belongs to.
        kind, low, high: of the NFA state, see `layout`.
        origin: what the NFA state matches, in terms that hold for every automaton.
        fingerprint: of the origin.
        counter: its counter.
    """

    state: int
    number: int
    kind: int
    origin: tuple[Any, ...]
    fingerprint: bytes
    counter: int
    low: int
    high: int

    @property
    def phase(self) -> int:
        """The phase within a character of a string."""
        return self.counter & (layout.PHASES - 1)

    def bounds(self, reach: int) -> tuple[int, int]:
        """Return the characters that a plain string needs and has room for, -1 for any number.

        They are told apart only as far as `reach` bytes can make a difference.
        """
        used = self.counter >> layout.PHASE_BITS
        room = self.high - used
        need = min(max(self.low - used, 0), reach + 1)
        return need, -1 if self.high < 0 or room > reach else room

    def name(self, reach: int) -> tuple[object, ...]:
        """Return what the member matches within `reach` bytes, for every automaton the same."""
        if self.kind == layout.STRING:
            return self.fingerprint, self.phase, *self.bounds(reach)
        if self.high < 0:
            return self.fingerprint, self.counter
        room = self.high - (self.counter >> layout.PHASE_BITS)
        if room > reach and self.origin[0] == "content":
            width = breadth(self.origin[1])
            if width is not None and room > width + reach:
                room = -1
        return self.fingerprint, self.phase, room


class Automaton:
    """Lexemes -> NFA -> DFA, each state made when first reached. Safe for many threads.

    A DFA state is an int; 0 is the dead one. The automaton only grows; a constraint replaces it
    by a fresh one when it passes its share of memory.

    Args:
        reach: the most bytes that its members are told apart by.
    """

    def __init__(self, reach: int = NEAR) -> None:
        self._name = near if reach <= NEAR else digest
        self.lock = threading.RLock()
        self._states = np.empty((512, layout.STATE_WIDTH), np.int32)
        self._packed = self._states.data
        self._transitions = np.empty((512, 4), np.int32)
        self._blob = np.empty(1024, np.uint8)
        self._dstates = np.empty((1024, layout.DSTATE_WIDTH), np.int32)
        self._sets = np.empty(4096, np.int64)
        self._rows = np.empty((256, 256), np.int32)
        self._hash = np.zeros(4096, np.int32)
        self._wide = np.empty((64, 2), np.int64)
        self._words = _NO_WORDS.copy()
        self._word_numbers: dict[bytes, int] = {}
        self._n_states = self._n_transitions = self._n_blob = 0
        self._n_words = 1
        self._origins: list[tuple[Any, ...]] = []
        self._fingerprints: dict[int, bytes] = {}
        self._lexemes: list[Lexeme] = []
        self._entries: dict[Lexeme, int] = {}
        self._starts: dict[tuple[object, ...], int] = {}
        self._ended: dict[int, tuple[Lexeme, ...]] = {layout.NO_LEXEME: ()}
        self._fragments = Fragments(self)
        self.renew()
        self._states[_RESTING] = (layout.END, 0, 0, -1, -1, 0, -1, -1, 0)
        self._origins.append(("end",))
        self._n_states = 1
        self.handle = _HANDLE.copy()
        self._refresh()
        self.start(())

    def close(self) -> None:
        """Let go of what builds the states; nothing may be asked of the automaton any more."""
        self._fragments.close()
        del self._fragments

    def renew(self) -> None:
        """Count the work on expressions anew: a mask begins, or a run over bytes.

        Beyond a bound, what has to expand them raises `RegexTooComplexError`.
        """
        self._fragments.budget.renew()
        self._fragments.work.renew()

    # -- states --------------------------------------------------------------------------------

    def start(self, lexemes: Collection[Lexeme], resting: bool = False) -> int:
        """Return the state before any of `lexemes`.

        Where the output may rest there (`resting`), no state within the lexemes is the same, not
        even where a lexeme comes back to its beginning.
        """
        resting = resting and bool(lexemes)
        key = (resting, *lexemes)
        known = self._starts.get(key)
        if known is not None:
            return known
        with self.lock:
            members = {self._entry(x) for x in lexemes}
            if resting:
                members.add(_RESTING)
            state = self._starts[key] = self._intern(sorted(members))
            return state

    def ended(self, state: int) -> int:
        """Return the number of what ends in a state (see `layout.ENDED`)."""
        return self._dstates.item(state, layout.ENDED)

    def captures(self, state: int) -> bool:
        """Return whether a capturing lexeme ends in a state."""
        return self._dstates.item(state, layout.CAPTURED) == 1

    def lexemes_of(self, ended: int) -> tuple[Lexeme, ...]:
        """Return the lexemes behind the number of what ends in a state."""
        found = self._ended.get(ended)
        if found is None:
            numbers = {ended}
            if ended < 0:
                members = self.members(layout.SEVERAL - ended)
                numbers = {self._states.item(q, layout.ACCEPT) for q, _ in members} - {-1}
            found = self._ended[ended] = tuple(self._lexemes[n] for n in sorted(numbers))
        return found

    def is_open(self, state: int) -> bool:
        """Return whether any byte may follow inside the lexemes of a state."""
        return self._dstates.item(state, layout.OPEN) == 1

    def members(self, state: int) -> list[tuple[int, int]]:
        """Return the NFA states and counters that make up a state."""
        begin, length = self._dstates[state, : layout.SET_LENGTH + 1].tolist()
        return [(m & 0xFFFFFFFF, m >> 32) for m in self._sets[begin : begin + length].tolist()]

    def distances(self, state: int) -> list[tuple[int, int]]:
        """Return for each member the number of its lexeme, and at least how far its end is."""
        return [
            (self._states.item(q, layout.LEXEME), self._distance(q, count))
            for q, count in self.members(state)
        ]

    def _distance(self, q: int, count: int) -> int:
        kind, _, length, following, _, low, _, _, _ = self._states[q].tolist()
        if kind == layout.END:
            return 0
        if kind in _NATIVE:
            rest = self._distance(following, 0) if following >= 0 else 0
            if kind == layout.LITERAL:
                return rest + length - count
            if kind == layout.SPELT:
                return rest + length - (count >> layout.PHASE_BITS)
            if kind == layout.STRING:
                opening = count & (layout.PHASES - 1) == 0
                return rest + max(low - (count >> layout.PHASE_BITS), 0) + 1 + opening
            return rest + (kind == layout.EXCEPT)
        return least_bytes(self._origins[q])

    def rest(self, state: int) -> tuple[int, bytes] | None:
        """Return the number of the one lexeme of a state, and the least text that ends it.

        None where there are several, or where that text is not plain to see.
        """
        members = self.members(state)
        if len(members) > 1:
            return None
        q, count = members[0]
        number = self._states.item(q, layout.LEXEME)
        kind, low, high = self._states[q, [layout.KIND, layout.LOW, layout.HIGH]].tolist()
        if kind == layout.END:
            return number, b""
        if kind == layout.EXCEPT:
            _, words, parts = self._origins[q]
            left = self.rests_of_words(words, count)
            own = None if left is None or b"" in left else b'"'
        else:
            *what, parts = self._origins[q]
            own = least_text(what, count, low, high)
        after = least_of(parts)
        return None if own is None or after is None else (number, own + after)

    def texts(self, state: int) -> list[tuple[int, Regex]] | None:
        """Return for each member its lexeme's number and the expression of what is left of it.

        None unless that is a text, and the end of the lexeme, for every member.
        """
        found = []
        for q, _ in self.members(state):
            origin = self._origins[q]
            if origin[0] != "end" and (origin[0] != "text" or origin[-1]):
                return None
            regex: Any = EPSILON if origin[0] == "end" else origin[1]
            found.append((self._states.item(q, layout.LEXEME), regex))
        return found

    def steps(self, state: int) -> list[tuple[bytes, int]]:
        """Return the bytes that lead on from a state, each with the state there.

        Of bytes that lead to the same state, the least is returned; between the characters of a
        plain string that is too short yet, the spaces that fill it up are one step.
        """
        members = self.members(state)
        q, count = members[0]
        if len(members) == 1 and self._states.item(q, layout.KIND) == layout.STRING:
            need = self._states.item(q, layout.LOW) - (count >> layout.PHASE_BITS)
            if count & (layout.PHASES - 1) == layout.BODY and need > 0:
                spaces = np.full(need, 0x20, np.uint8)
                return [(b" " * need, self.run(address(spaces), 0, need, state))]
        row = self.row(state)
        targets, first = np.unique(row, return_index=True)
        steps = [
            (bytes((byte,)), to)
            for byte, to in zip(first.tolist(), targets.tolist(), strict=True)
            if to
        ]
        steps.sort()
        return steps

    def parts(self, state: int) -> tuple[list[Member], int]:
        """Split a state into parts whose tokens together are its own.

        Returns the members that many tokens may fit, and one state (0 if none) with those in
        literals, in white space and at the end, which few tokens fit.
        """
        with self.lock:
            while self._dstates.item(state, layout.SET_LENGTH) > len(self._wide):
                self._wide = doubled(self._wide, 0)
            while (packed := rows.split(self.handle, state, self._wide)) < 0:
                self._grow()
            count, narrow = packed & 0xFFFFFFFF, packed >> 32
            found = self._wide[:count].tolist() if count else ()
        return [self._member(member, alone) for member, alone in found], narrow

    def joined(self, states: Iterable[int]) -> int:
        """Return the state with the members of several."""
        return self._intern(sorted({q | k << 32 for x in states for q, k in self.members(x)}))

    def _member(self, member: int, alone: int) -> Member:
        q = member & 0xFFFFFFFF
        kind, _, _, _, _, low, high, number, _ = self._states[q].tolist()
        origin = self._origins[q]
        name = self._fingerprints.get(q)
        if name is None:
            name = self._fingerprints[q] = fingerprint(origin, self._name)
        return Member(alone, number, kind, origin, name, member >> 32, low, high)

    def _intern(self, members: list[int]) -> int:
        with self.lock:
            array = np.array(members, np.int64)
            while (state := int(rows.intern_start(self.handle, array))) < 0:
                self._grow()
            return state

    def string_count(self, state: int) -> int | None:
        """Return the characters read of the one plain string that a state is in, if it is."""
        counts = {
            count >> layout.PHASE_BITS
            for q, count in self.members(state)
            if self._states.item(q, layout.KIND) == layout.STRING
        }
        return counts.pop() if len(counts) == 1 else None

    def rests_of_words(self, words: tuple[bytes, ...], node: int) -> list[bytes] | None:
        """Return what is left of those of `words` (sorted) that a node of their trie leads to.

        None where the node is within a character.
        """
        if self._words.item(node, layout.PHASE) != layout.BODY:
            return None
        path = bytearray()
        while node:
            path.append(self._words.item(node, layout.LETTER))
            node = self._words.item(node, layout.PARENT)
        path.reverse()
        prefix = bytes(path)
        low = bisect_left(words, prefix)
        high = bisect_left(words, prefix + b"\xff", low)
        return [word[len(prefix) :] for word in words[low:high]]

    def row(self, state: int) -> NDArray[np.int32]:
        """Return the transitions of a state: int32[256], 0 where dead. Copied."""
        with self.lock:
            while (status := rows.fill_row(self.handle, state)) != layout.OK:
                self.mend(status)
            copy: NDArray[np.int32] = self._rows[self._dstates.item(state, layout.ROW)].copy()
            return copy

    @property
    def nbytes(self) -> int:
        """Memory of all tables, in bytes."""
        return (
            self._rows.nbytes
            + self._dstates.nbytes
            + self._sets.nbytes
            + self._hash.nbytes
            + self._states.nbytes
            + self._transitions.nbytes
            + self._blob.nbytes
            + self._words.nbytes
            + 400 * len(self._origins)
        )

    # -- running -------------------------------------------------------------------------------

    def scan(self, text: int, begin: int, end: int, state: int) -> tuple[int, int, int]:
        """Run the bytes [begin, end) at address `text`; return (status, position, state).

        See `kernels.scan`; the statuses EXPAND and GROW are dealt with here.
        """
        mended = False
        with self.lock:
            while True:
                packed = kernels.scan(self.handle, text, begin, end, state)
                status = packed & 15
                if status == layout.EXPAND or status == layout.GROW:
                    if not mended:
                        self.renew()
                        mended = True
                    self.mend(status)
                else:
                    return status, packed >> 4 & 0xFFFFFFFF, packed >> 36

    def run(self, text: int, begin: int, end: int, state: int) -> int:
        """Return the state after the bytes [begin, end) at address `text`, within the lexemes."""
        status = layout.ENDS
        while status == layout.ENDS:
            status, begin, state = self.scan(text, begin, end, state)
        return state

    def forced(self, state: int, limit: int) -> tuple[bytes, bool, int]:
        """Return the bytes that must come within the lexemes of a state.

        Returns at most `limit` bytes, whether a lexeme ends after them, and the state there.
        """
        self.renew()
        out = np.empty(limit, np.uint8)
        with self.lock:
            while True:
                packed = kernels.forced_run(self.handle, state, out)
                status = packed & 15
                if status == layout.EXPAND or status == layout.GROW:
                    self.mend(status)
                else:
                    count = packed >> 4 & 0xFFFFFFFF
                    return out[:count].tobytes(), status == layout.ENDS, packed >> 36

    def walk(self, nodes: NDArray[np.int32], state: int, scratch: Scratch) -> None:
        """Walk trie subtrees (see `kernels.walk`), appending to the outputs of `scratch`."""
        with self.lock:
            while (status := kernels.walk(self.handle, scratch.handle, nodes, state)) != layout.OK:
                if status == layout.FULL:
                    scratch.grow()
                else:
                    self.mend(status)

    def alive(
        self, state: int, text: NDArray[np.uint8], offsets: NDArray[np.int32]
    ) -> NDArray[np.bool_]:
        """Return which of the texts `text[offsets[i]:offsets[i + 1]]` stay alive from a state."""
        alive = np.empty(len(offsets) - 1, np.bool_)
        first = 0
        with self.lock:
            while packed := kernels.run_all(self.handle, text, offsets, first, state, alive):
                self.mend(packed & 7)
                first = packed >> 3
        return alive

    def mend(self, status: int) -> None:
        """Give a kernel what it stopped for: EXPAND or GROW."""
        if status == layout.EXPAND:
            self._expand(int(self.handle[layout.FAULT]))
        else:
            self._grow()

    # -- building ------------------------------------------------------------------------------

    def _entry(self, lexeme: Lexeme) -> int:
        q = self._entries.get(lexeme)
        if q is None:
            number = len(self._lexemes)
            self._lexemes.append(lexeme)
            q = self._entries[lexeme] = self._fragments.build(lexeme, number)
        return q

    def add_state(
        self,
        lexeme: int,
        kind: int,
        origin: tuple[object, ...],
        *,
        a: int = 0,
        b: int = 0,
        following: int = -1,
        accept: int = -1,
        low: int = 0,
        high: int = -1,
        vast: bool = False,
    ) -> int:
        """Add an NFA state and return its number (see `fragments.States`)."""
        q = self._n_states
        if q == len(self._states):
            self._states = np.concatenate([self._states, np.empty_like(self._states)])
            self._packed = self._states.data
            self.handle[layout.STATES] = address(self._states)
        captures = self._lexemes[lexeme].captures * (1 + vast)
        values = kind, a, b, following, accept, low, high, lexeme, captures
        _pack_state(self._packed, _STATE_BYTES * q, *values)
        self._origins.append(origin)
        self._n_states = q + 1
        return q

    def add_bytes(self, data: bytes) -> int:
        """Keep the bytes of a literal and return where they begin."""
        begin = self._n_blob
        end = begin + len(data)
        if end > len(self._blob):
            grown = np.empty(max(2 * len(self._blob), end), np.uint8)
            grown[:begin] = self._blob[:begin]
            self._blob = grown
            self.handle[layout.BLOB] = address(grown)
        self._blob.data[begin:end] = data
        self._n_blob = end
        return begin

    def number_words(self, words: tuple[bytes, ...]) -> list[int]:
        """Return the numbers of words that strings may not be, in the trie of words."""
        numbers = self._word_numbers
        new = [word for word in words if word not in numbers]
        if new:
            offsets = np.fromiter(accumulate(map(len, new), initial=0), np.int32)
            room = self._n_words + int(offsets[-1])
            if room > len(self._words):
                grown = np.full((2 * room, layout.WORD_WIDTH), -1, np.int32)
                grown[: self._n_words] = self._words[: self._n_words]
                self._words = grown
                self.handle[layout.WORDS] = address(grown)
            text = np.frombuffer(b"".join(new) + b" ", np.uint8)
            first = len(numbers)
            self._n_words = rows.insert_words(
                self._words, self._n_words, TABLE[0], text, offsets, first
            )
            numbers.update(zip(new, range(first, first + len(new)), strict=True))
        return [numbers[word] for word in words]

    def add_numbers(self, numbers: list[int]) -> int:
        """Keep numbers among the transitions and return where they begin."""
        size = -(-len(numbers) // 4)
        begin = self._room_for_transitions(size)
        flat = self._transitions[begin : begin + size].reshape(-1)
        flat[: len(numbers)] = numbers
        return begin

    def _room_for_transitions(self, size: int) -> int:
        begin = self._n_transitions
        end = begin + size
        if end > len(self._transitions):
            grown = np.empty((max(2 * len(self._transitions), end), 4), np.int32)
            grown[:begin] = self._transitions[:begin]
            self._transitions = grown
            self.handle[layout.TRANSITIONS] = address(grown)
        self._n_transitions = end
        return begin

    def origin(self, q: int) -> tuple[object, ...]:
        """Return what NFA state `q` matches, in terms that hold for every automaton."""
        return self._origins[q]

    def shortest(self, q: int) -> int:
        """Return the characters that have to come after state `q` of a string with a bound."""
        kind, low = self._states.item(q, layout.KIND), self._states.item(q, layout.LOW)
        return 0 if kind == layout.STRING else low

    def _expand(self, q: int) -> None:
        transitions, following, kind = self._fragments.expand(q)
        begin = self._room_for_transitions(len(transitions))
        end = begin + len(transitions)
        if transitions:
            self._transitions[begin:end] = transitions
        self._states[q, : layout.NEXT + 1] = (kind, begin, end, following)

    def _grow(self) -> None:
        """Double the tables of the DFA that are half full; if none is, a set is long."""
        h = self.handle
        n_states, n_sets = h.item(layout.N_DSTATES), h.item(layout.N_SETS)
        n_rows = h.item(layout.N_ROWS)
        more_states, more_rows = 2 * n_states >= len(self._dstates), 2 * n_rows >= len(self._rows)
        if more_states:
            if n_states >= _MOST_STATES:
                raise MemoryError(f"an automaton of more than {_MOST_STATES:,} states")
            self._dstates = doubled(self._dstates, n_states)
            self._hash = np.zeros(2 * len(self._hash), np.int32)
        if more_rows:
            self._rows = doubled(self._rows, n_rows)
        if 2 * n_sets >= len(self._sets) or not (more_states or more_rows):
            self._sets = doubled(self._sets, n_sets)
        self._refresh()
        if more_states:
            rows.rehash(h)

    def _refresh(self) -> None:
        rows.note(
            self.handle,
            self._states,
            self._transitions,
            self._blob,
            self._words,
            self._dstates,
            self._sets,
            self._rows,
            self._hash,
        )
