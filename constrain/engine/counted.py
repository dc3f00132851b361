"""Interiors derived from that of the plain string, so that one walk serves them all.

Inside a string with at least `need` and at most `room` characters to come, the tokens are those
of an unbounded string, less those with too many characters and those that close it at the wrong
time. Where every text is the beginning of a match, only tokens that close the string can be wrong.
"""

from __future__ import annotations

from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from constrain.engine import layout
from constrain.engine.automaton import Automaton
from constrain.engine.strings import SPELLINGS, TABLE
from constrain.engine.tables import TrieTables, address
from constrain.lexing.lexeme import JSONString, Part, Spelling, lexeme
from constrain.lexing.regex import ANYTHING

_QUOTE = np.frombuffer(b'"', np.uint8)


class PlainString:
    """The tokens inside a plain string, by the number of characters that they add."""

    def __init__(self, tables: TrieTables, spelling: Spelling, rest: tuple[Part, ...]) -> None:
        automaton = Automaton()
        # A bound beyond reach makes the automaton count.
        counting = lexeme(JSONString(ANYTHING, spelling, 0, layout.MAX_COUNT), *rest)
        state = automaton.run(address(_QUOTE), 0, 1, automaton.start((counting,)))
        scratch = tables.scratch()
        scratch.clear()
        automaton.walk(np.zeros(1, np.int32), state, scratch)
        portals = scratch.take_portals()
        tokens, states = scratch.tokens_found(), scratch.states_found()
        added = np.full(int(states.max(initial=0)) + 1, -1, np.int32)
        for present in np.flatnonzero(np.bincount(states)).tolist():
            inside = automaton.string_count(present)
            if inside is not None:
                added[present] = inside
        count = added[states]
        self._table = TABLE[SPELLINGS.index(spelling)].tolist()
        closing = tokens[count < 0]
        self._closing = closing
        ends = [_bytes_of(tables, t) for t in closing.tolist()]
        self._closing_count = self._counts(ends)
        order = np.argsort(count[count >= 0], kind="stable")
        self._inside = tokens[count >= 0][order]
        self._inside_count = count[count >= 0][order]
        self._nodes = portals[0][1] if portals else np.empty(0, np.int32)
        paths = [_path_of(tables, n) for n in self._nodes.tolist()]
        self._node_count = self._counts(paths)
        self._text = np.frombuffer(b"".join(ends + paths), np.uint8)
        self._offsets = np.fromiter(accumulate(map(len, ends + paths), initial=0), np.int32)

    def select(self, need: int, room: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the tokens and the portal nodes with `need` to `room` (-1: any) characters left.

        Tokens that stay inside may have any number of characters up to `room`.
        """
        if room < 0:
            inside = self._inside
            closing = self._closing_count >= need
            nodes = self._node_count >= need
        else:
            inside = self._inside[: np.searchsorted(self._inside_count, room, side="right")]
            closing = (self._closing_count >= need) & (self._closing_count <= room)
            nodes = (self._node_count >= need) & (self._node_count <= room)
        return np.concatenate([inside, self._closing[closing]]), self._nodes[nodes]

    def select_open(
        self, automaton: Automaton, state: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the tokens and portal nodes alive in a state in which any text may come on."""
        alive = automaton.alive(state, self._text, self._offsets)
        closing, nodes = alive[: len(self._closing)], alive[len(self._closing) :]
        return np.concatenate([self._inside, self._closing[closing]]), self._nodes[nodes]

    def _counts(self, texts: list[bytes]) -> NDArray[np.int32]:
        return np.array([self._characters(text) for text in texts], np.int32)

    def _characters(self, text: bytes) -> int:
        """Return the number of characters of `text` before the closing quote."""
        phase, characters = layout.BODY, 0
        for byte in text:
            to = self._table[phase][byte]
            if to == layout.CLOSE:
                break
            characters += phase == layout.BODY
            phase = to
        return characters


def _bytes_of(tables: TrieTables, token: int) -> bytes:
    begin, end = tables.offsets[token : token + 2]
    return tables.trie.blob[begin:end].tobytes()


def _path_of(tables: TrieTables, node: int) -> bytes:
    """Return the bytes on the path to a trie node: the start of the first token from there on."""
    below = node
    while tables.trie.token[below] < 0:
        below += 1
    return _bytes_of(tables, int(tables.trie.token[below]))[: int(tables.trie.depth[node])]
