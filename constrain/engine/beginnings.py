"""Tokens that texts may begin with: those of an expression, and those of a list."""

from __future__ import annotations

import threading
import weakref
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from constrain.engine import kernels
from constrain.engine.automaton import Automaton
from constrain.engine.bitmask import allowed
from constrain.engine.masks import ROOT, Masks
from constrain.engine.tables import address
from constrain.lexing.lexeme import Text, lexeme
from constrain.lexing.regex import EMPTY, EPSILON, Regex
from constrain.vocabulary import Vocabulary

_KEPT = 1024
"""Masks that are remembered, and tokens below nodes."""
_AUTOMATON_BYTES = 8 << 20
"""Beyond this, the automaton is begun afresh."""


class Texts:
    """Texts in the order of their bytes, ready for kernels.

    Attributes:
        items: the texts, each once.
        members: the same as a set.
        blob, offsets: text i is `blob[offsets[i]:offsets[i + 1]]`; uint8, int64[n + 1].
    """

    __slots__ = ("blob", "items", "members", "offsets")

    def __init__(self, texts: Sequence[bytes]) -> None:
        self.members = frozenset(texts)
        self.items = sorted(self.members)
        self.blob = np.frombuffer(b"".join(self.items) or b"\0", np.uint8)
        self.offsets = np.fromiter(accumulate(map(len, self.items), initial=0), np.int64)

    def range(self, begun: bytes) -> tuple[int, int]:
        """Return the first, and the one after the last, of the texts that begin so."""
        if not begun:
            return 0, len(self.items)
        low = bisect_left(self.items, begun)
        return low, bisect_left(self.items, begun + b"\xff", low)


class _Shared:
    """What is worked out for equal vocabularies; it keeps none of them alive."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.masks = Masks.of(vocabulary)
        self.lock = threading.RLock()
        self.automaton = Automaton(self.masks.tables.longest)
        self.known: OrderedDict[tuple[Regex, bytes], NDArray[np.int32]] = OrderedDict()
        self.below: OrderedDict[tuple[Regex, int], NDArray[np.int32]] = OrderedDict()
        self.spaces: OrderedDict[tuple[bytes, int], tuple[NDArray[np.int32], list[int]]]
        self.spaces = OrderedDict()
        self.having: dict[bytes, NDArray[np.int32]] = {}

    @staticmethod
    def of(vocabulary: Vocabulary) -> _Shared:
        with _registry_lock:
            found = _registry.get(vocabulary)
            if found is None:
                found = _registry[vocabulary] = _Shared(vocabulary)
            return found


class Beginnings:
    """The tokens that texts may go on with, for one vocabulary. Safe for many threads.

    Attributes:
        vocabulary: the tokens.
        words: int32 words in a bitmask.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.words = vocabulary.bitmask_words
        self._shared = _Shared.of(vocabulary)
        self._masks = self._shared.masks
        self._lock = self._shared.lock

    def node(self, text: bytes) -> int | None:
        """Return the trie node that a text leads to; None where no token begins with it."""
        return self._masks.tables.node(text)

    def mask(self, regex: Regex, said: bytes = b"") -> NDArray[np.int32]:
        """Return the tokens that a text of an expression may go on with after some bytes.

        Returns:
            bitmask int32[words], which must not be changed.
        """
        with self._lock:
            found = self._shared.known.get((regex, said))
            if found is None:
                found = _keep(self._shared.known, (regex, said), self._mask(regex, said))
            else:
                self._shared.known.move_to_end((regex, said))
            return found

    def _mask(self, regex: Regex, said: bytes) -> NDArray[np.int32]:
        row = np.zeros(self.words, np.int32)
        state = self._state(regex, said)
        if not state:
            return row
        automaton, scratch = self._shared.automaton, self._masks.tables.scratch()
        wide, narrow = automaton.parts(state)
        wide, others = self._masks.divide(wide)
        if others:
            narrow = automaton.joined([narrow, *[member.state for member in others]])
        for member in wide:
            interior = self._masks.interior(automaton, member)
            if interior.dense is not None:
                row |= interior.dense
            kernels.set_bits(row, interior.tokens)
        if narrow:
            scratch.clear()
            automaton.walk(ROOT, narrow, scratch)
            kernels.set_bits(row, scratch.tokens_found())
        return row

    def allows(self, regex: Regex, said: bytes) -> bool:
        """Return whether a text of an expression may begin with some bytes."""
        with self._lock:
            return self._state(regex, said) != 0

    def forced(self, regex: Regex, said: bytes, limit: int = 64) -> bytes:
        """Return the bytes that must come next, `limit` at most."""
        with self._lock:
            state = self._state(regex, said)
            return self._shared.automaton.forced(state, limit)[0] if state else b""

    def _state(self, regex: Regex, said: bytes) -> int:
        if regex is EMPTY or regex is EPSILON:
            return 0
        if self._shared.automaton.nbytes > _AUTOMATON_BYTES:
            self._shared.automaton = Automaton(self._masks.tables.longest)
        state = self._shared.automaton.start((lexeme(Text(regex)),))
        if said:
            text = np.frombuffer(said, np.uint8)
            state = self._shared.automaton.run(address(text), 0, len(text), state)
        return state

    def add_below(self, row: NDArray[np.int32], regex: Regex, node: int) -> None:
        """Add the tokens below a trie node that begin a text of an expression after it."""
        with self._lock:
            found = self._shared.below.get((regex, node))
            if found is None:
                found = np.empty(0, np.int32)
                state = self._state(regex, b"")
                if state:
                    scratch = self._masks.tables.scratch()
                    scratch.clear()
                    self._shared.automaton.walk(np.array([node], np.int32), state, scratch)
                    found = scratch.tokens_found().copy()
                _keep(self._shared.below, (regex, node), found)
        kernels.set_bits(row, found)

    def add_along(
        self, row: NDArray[np.int32], node: int, texts: Texts, low: int, high: int, said: int
    ) -> list[int]:
        """Add the tokens below a trie node that texts may begin with.

        Args:
            row: int32[words].
            node: the trie node.
            texts: the texts, of which those from `low` to `high` are looked at.
            said: so many of their first bytes are left out.

        Returns:
            The nodes at which whole texts end.
        """
        ends = np.empty(high - low, np.int32)
        handle = self._masks.tables.scratch().handle
        count = kernels.walk_texts(
            handle, node, texts.blob, texts.offsets, low, high, said, row, ends
        )
        return np.unique(ends[:count]).tolist()

    def with_bytes(self, wanted: bytes) -> NDArray[np.int32]:
        """Return the tokens (int32[n], ascending) that have some of certain bytes in them."""
        with self._lock:
            found = self._shared.having.get(wanted)
            if found is None:
                trie = self._masks.tables.trie
                places = np.flatnonzero(np.isin(trie.blob, np.frombuffer(wanted, np.uint8)))
                tokens = np.searchsorted(trie.offsets, places, side="right") - 1
                found = self._shared.having[wanted] = np.unique(tokens).astype(np.int32)
        return found

    def spaces(self, chars: bytes, node: int, row: NDArray[np.int32]) -> list[int]:
        """Add the tokens below a trie node that consist of some characters alone.

        Returns:
            The nodes that such characters lead to, `node` included, and others lead on from.
        """
        with self._lock:
            found = self._shared.spaces.get((chars, node))
            if found is None:
                found = _keep(self._shared.spaces, (chars, node), self._found_spaces(chars, node))
        kernels.set_bits(row, found[0])
        return found[1]

    def _found_spaces(self, chars: bytes, node: int) -> tuple[NDArray[np.int32], list[int]]:
        trie = self._masks.tables.trie
        reached, branching, pending = [], [], [node]
        while pending:
            here = pending.pop()
            child, end = here + 1, int(trie.skip[here])
            while child < end:
                if trie.byte[child] in chars:
                    reached.append(child)
                    pending.append(child)
                elif here not in branching:
                    branching.append(here)
                child = int(trie.skip[child])
        row = np.zeros(self.words, np.int32)
        for space in reached:
            self.add_token(row, space)
        return np.flatnonzero(allowed(row, self.vocabulary.size)).astype(np.int32), branching

    def add_token(self, row: NDArray[np.int32], node: int) -> None:
        """Add the tokens whose bytes lead to a trie node."""
        trie = self._masks.tables.trie
        kernels.set_bits(row, self._same(trie.token[node : node + 1]))

    def add_all_below(self, row: NDArray[np.int32], node: int) -> None:
        """Add the tokens that begin with the bytes of a trie node, itself included."""
        trie = self._masks.tables.trie
        kernels.set_bits(row, self._same(trie.token[node : int(trie.skip[node])]))

    def _same(self, tokens: NDArray[np.int32]) -> NDArray[np.int32]:
        """The tokens with the same bytes as some (-1: none)."""
        found, more = [], self._masks.tables.trie.more
        while len(tokens := tokens[tokens >= 0]):
            found.append(tokens)
            tokens = more[tokens]
        return np.concatenate(found) if found else np.empty(0, np.int32)


_registry: weakref.WeakKeyDictionary[Vocabulary, _Shared] = weakref.WeakKeyDictionary()
_registry_lock = threading.Lock()

Key = TypeVar("Key")
Value = TypeVar("Value")


def _keep(known: OrderedDict[Key, Value], key: Key, value: Value) -> Value:
    """Remember the latest."""
    known[key] = value
    if len(known) > _KEPT:
        known.popitem(last=False)
    return value
