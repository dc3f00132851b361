"""Growing numpy tables behind the kernels' handles."""

from __future__ import annotations

import threading
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from constrain.engine import kernels, layout
from constrain.vocabulary import TokenTrie, Vocabulary

NOTHING = np.empty(0, np.int32)


def address(array: NDArray[np.generic]) -> int:
    """Return the address of an array's first element."""
    return int(array.__array_interface__["data"][0])


class Doors(NamedTuple):
    """Trie nodes by their bytes.

    Attributes:
        offsets: how many have a lesser byte, int32[257].
        nodes: the nodes, int32[n].
    """

    offsets: NDArray[np.int32]
    nodes: NDArray[np.int32]


class TrieTables:
    """A vocabulary's trie for the kernels, with one scratch area per thread."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.trie: TokenTrie = vocabulary.trie
        self.blob_address = address(self.trie.blob)
        self.offsets: list[int] = self.trie.offsets.tolist()
        children = np.full(256, -1, np.int32)
        node = 1
        while node < len(self.trie.byte):
            children[self.trie.byte[node]] = node
            node = int(self.trie.skip[node])
        self._root_child = children
        self._max_depth = int(self.trie.depth.max(initial=0))
        self._local = threading.local()

    @cached_property
    def longest(self) -> int:
        """Bytes in the longest token."""
        return self._max_depth

    def place_of(self, token_id: int) -> tuple[int, int, int]:
        """Return where the bytes of a token are: an address, and begin and end from there."""
        begin, end = self.offsets[token_id : token_id + 2]
        return self.blob_address, begin, end

    def node(self, text: bytes) -> int | None:
        """Return the trie node that a text leads to; None where no token begins with it."""
        node = 0
        for byte in text:
            end = int(self.trie.skip[node])
            child = node + 1
            while child < end and self.trie.byte[child] != byte:
                child = int(self.trie.skip[child])
            if child >= end:
                return None
            node = child
        return node

    def leave_out(
        self, paths: list[bytes], dense: NDArray[np.int32], nodes: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return a mask (int32[words]) and trie nodes without all that begins with a path."""
        dense, nodes = dense.copy(), nodes.copy()
        offsets = np.fromiter(accumulate(map(len, paths), initial=0), np.int32)
        text = np.frombuffer(b"".join(paths), np.uint8)
        kept = kernels.leave_out(self.scratch().handle, text, offsets, dense, nodes)
        return dense, nodes[:kept]

    def doors(self, nodes: NDArray[np.int32]) -> Doors:
        """Return the children of trie nodes by their bytes."""
        handle = self.scratch().handle
        offsets = np.empty(257, np.int32)
        kernels.doors(handle, nodes, offsets, NOTHING)
        children = np.empty(offsets.item(256), np.int32)
        kernels.doors(handle, nodes, offsets, children)
        return Doors(offsets, children)

    def scratch(self) -> Scratch:
        """Return this thread's scratch area."""
        scratch: Scratch | None = getattr(self._local, "scratch", None)
        if scratch is None:
            scratch = self._local.scratch = Scratch(self.trie, self._root_child, self._max_depth)
        return scratch


class Scratch:
    """A trie handle with its output buffers; used by one thread at a time."""

    def __init__(self, trie: TokenTrie, root_child: NDArray[np.int32], max_depth: int) -> None:
        self._keep = (trie, root_child)
        self.tokens = np.empty(2 * len(trie.more) + 1024, np.int32)
        self.states = np.empty_like(self.tokens)
        self.suspects = np.empty_like(self.tokens)
        self.portals = np.empty((1024, layout.PORTAL_WIDTH), np.int32)
        self.seen = np.zeros((1 << 12, layout.SEEN_WIDTH), np.int64)
        self._stack = np.empty(max_depth + 2, np.int64)
        self.handle = np.zeros(layout.TRIE_HANDLE_SIZE, np.int64)
        for slot, array in (
            (layout.BYTE, trie.byte),
            (layout.DEPTH, trie.depth),
            (layout.SKIP, trie.skip),
            (layout.TOKEN, trie.token),
            (layout.MORE, trie.more),
            (layout.ROOT_CHILD, root_child),
            (layout.TOKENS_OUT, self.tokens),
            (layout.STATES_OUT, self.states),
            (layout.SUSPECTS_OUT, self.suspects),
            (layout.PORTALS_OUT, self.portals),
            (layout.SEEN, self.seen),
            (layout.STACK, self._stack),
        ):
            self.handle[slot] = address(array)
        self.handle[layout.N_NODES] = len(trie.byte)
        self.handle[layout.MAX_DEPTH] = max_depth
        self.handle[layout.CAP_PORTALS] = len(self.portals)
        self.handle[layout.SEEN_MASK] = len(self.seen) - 1
        # Room is left for all tokens with the same bytes.
        self._spare = len(trie.more)
        self.handle[layout.CAP_TOKENS] = len(self.tokens) - self._spare
        self.clear()

    def clear(self) -> None:
        """Forget all output."""
        self.handle[layout.N_PORTALS_OUT : layout.SEEN] = _EMPTY_OUTPUT
        self.handle[layout.SEEN_STAMP] += 1

    def tokens_found(self) -> NDArray[np.int32]:
        """Return the tokens of the walks since `clear`. Not copied."""
        return self.tokens[: self.handle.item(layout.N_TOKENS_OUT)]

    def suspects_found(self) -> NDArray[np.int32]:
        """Return the tokens since `clear` whose fate depends on text not known."""
        count = self.handle.item(layout.N_SUSPECTS_OUT)
        return self.suspects[:count].copy() if count else NOTHING

    def states_found(self) -> NDArray[np.int32]:
        """Return the lexer state after each of `tokens_found`. Not copied."""
        return self.states[: self.handle.item(layout.N_TOKENS_OUT)]

    def take_portals(self) -> list[tuple[int, NDArray[np.int32]]]:
        """Return and forget the portals: (number of the lexemes that end, nodes int32[n])."""
        count = self.handle.item(layout.N_PORTALS_OUT)
        if not count:
            return []
        self.handle[layout.N_PORTALS_OUT] = 0
        found = self.portals[:count]
        kinds = found[:, 1].tolist()
        first = kinds[0]
        if kinds.count(first) == count:
            return [(first, found[:, 0].copy())]
        nodes: dict[int, list[int]] = {}
        for kind, node in zip(kinds, found[:, 0].tolist(), strict=True):
            nodes.setdefault(kind, []).append(node)
        return [(kind, np.array(nodes[kind], np.int32)) for kind in sorted(nodes)]

    def grow(self) -> None:
        """Make room for more output where it is short."""
        found = self.handle[[layout.N_TOKENS_OUT, layout.N_SUSPECTS_OUT]].max()
        if found > self.handle[layout.CAP_TOKENS]:
            self.tokens = doubled(self.tokens, len(self.tokens))
            self.states = doubled(self.states, len(self.states))
            self.suspects = doubled(self.suspects, len(self.suspects))
            self.handle[layout.TOKENS_OUT] = address(self.tokens)
            self.handle[layout.STATES_OUT] = address(self.states)
            self.handle[layout.SUSPECTS_OUT] = address(self.suspects)
            self.handle[layout.CAP_TOKENS] = len(self.tokens) - self._spare
        elif 2 * self.handle[layout.N_SEEN] > self.handle[layout.SEEN_MASK]:
            self._grow_seen()
        else:
            self.grow_portals()

    def _grow_seen(self) -> None:
        """Make room for more walks; those that are forgotten may be made again, once."""
        self.seen = np.zeros((4 * len(self.seen), layout.SEEN_WIDTH), np.int64)
        self.handle[layout.SEEN] = address(self.seen)
        self.handle[layout.SEEN_MASK] = len(self.seen) - 1
        self.handle[layout.N_SEEN] = 0

    def grow_portals(self) -> None:
        """Make room for more portals."""
        self.portals = doubled(self.portals, len(self.portals))
        self.handle[layout.PORTALS_OUT] = address(self.portals)
        self.handle[layout.CAP_PORTALS] = len(self.portals)


def doubled(array: NDArray[Any], used: int) -> NDArray[Any]:
    """Return an array twice as long that begins with the first `used` rows; no more is touched."""
    grown = np.empty((2 * len(array), *array.shape[1:]), array.dtype)
    grown[:used] = array[:used]
    return grown


_EMPTY_OUTPUT = np.zeros(layout.SEEN - layout.N_PORTALS_OUT, np.int64)
_EMPTY_OUTPUT[layout.AT_TOP - layout.N_PORTALS_OUT] = -1
_EMPTY_OUTPUT[layout.LOWEST - layout.N_PORTALS_OUT] = layout.NONE_OF_IT
