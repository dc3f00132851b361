"""Compiling the kernels ahead of need."""

from __future__ import annotations

import sys
import threading
import time
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from constrain.engine.pushdown import Row

if TYPE_CHECKING:
    from constrain.lexing.lexeme import Lexeme

_PATIENCE = 1.5
"""Seconds after which a person wants to be told what is going on."""


@cache
def warmup() -> float:
    """Load the kernels, compiling them the first time on a machine; return the seconds it took.

    Compiled code is kept beside the package, or in the user's cache directory where that cannot
    be written. What takes longer than a moment says so on stderr.
    """
    begin = time.perf_counter()
    notice = threading.Timer(_PATIENCE, _say)
    notice.daemon = True
    notice.start()
    try:
        _touch()
    finally:
        notice.cancel()
    return time.perf_counter() - begin


def _say() -> None:
    print(
        "constrain: loading its kernels; the first time they are compiled, for up to a minute",
        file=sys.stderr,
        flush=True,
    )


class _Stack(NamedTuple):
    state: int
    below: _Stack | None = None


class _Letter:
    """The least control that runs a parser; its text is a letter, of the terminal 0."""

    n_states = 2
    n_terminals = 2
    tails = ()

    def __init__(self, letter: Lexeme) -> None:
        self.parser = self
        self.letter = letter

    def row(self, state: int) -> Row:
        return Row({0: 1} if state == 0 else {}, (), state == 1)

    def push(self, state: int, below: _Stack | None) -> _Stack:
        return _Stack(state, below)

    def start(self) -> _Stack:
        return _Stack(0)

    def lexemes(self, config: _Stack) -> list[Lexeme]:
        return [] if self.accepting(config) else [self.letter]

    def advance(self, config: _Stack, lexemes: tuple[Lexeme, ...], text: bytes | None) -> _Stack:
        return _Stack(1, config)

    def accepting(self, config: _Stack) -> bool:
        return config.state == 1

    def ending(self, config: _Stack) -> bytes:
        return b"" if self.accepting(config) else b"a"

    def divide(self, config: _Stack) -> tuple[_Stack, None]:
        return config, None

    def unite(self, stack: _Stack, mode: None) -> _Stack:
        return stack

    def sight(self, config: _Stack) -> tuple[()]:
        return ()

    def is_regular(self, config: _Stack) -> bool:
        return True

    def moves(self, config: _Stack) -> None:
        return None

    def move(self, config: _Stack, lexeme: Lexeme) -> tuple[tuple[int], None]:
        return (0,), None


def _touch() -> None:
    """Call each kernel once, with the types that it is always called with."""
    import numpy as np

    from constrain.engine import crossings, edges, kernels, layout, rows, shifts, stamp, walks
    from constrain.engine.beginnings import Texts
    from constrain.engine.graph import Graph
    from constrain.engine.pushdown import Stacks
    from constrain.engine.single import RegexControl
    from constrain.engine.tables import TrieTables
    from constrain.lexing.lexeme import Literal, lexeme
    from constrain.lexing.regex import literal
    from constrain.vocabulary import Vocabulary

    if stamp.signature() != layout.SIGNATURE:
        # numba looks at the file of a kernel alone to see whether it has changed.
        for module in (kernels, rows, edges, shifts, walks, crossings, stamp):
            for dispatcher in vars(module).values():
                if hasattr(dispatcher, "py_func"):
                    dispatcher._cache.flush()

    tables = TrieTables(Vocabulary.from_bytes([b"a", b"ab", None], eos_token_ids=[2]))
    graph = Graph(RegexControl(literal("ab")))
    root = graph.node(graph.control.start())
    automaton, start = graph.automaton, root.start
    root_node = np.zeros(1, np.int32)
    automaton.walk(root_node, start, tables.scratch())
    tables.scratch().clear()
    scratch = tables.scratch()
    crossings.add_doors(
        automaton.handle, scratch.handle, *tables.doors(root_node), 0, root.place, start
    )
    scratch.clear()
    graph.cross(root, start, tables.scratch())
    graph.cross_narrow(root, start, tables.scratch())
    walks.move_walks(automaton.handle, np.zeros((1, layout.WALK_WIDTH), np.int32))
    graph.advance(root, start, tables.blob_address, 0, 1)
    a = automaton.row(start).item(ord("a"))
    graph.follow(root, automaton.ended(automaton.row(a).item(ord("b"))))
    none = np.zeros(1, np.int32)
    edges.move_edges(automaton.handle, np.full(1, -1, np.int64), none, none)
    automaton.scan(tables.blob_address, 0, 1, start)
    automaton.row(start)
    automaton.parts(start)
    automaton.number_words((b"a",))
    automaton.forced(start, 1)
    kernels.fewest_tokens(tables.scratch().handle, tables.blob_address, np.zeros(2, np.int32))
    rows.rehash(automaton.handle)
    offsets = np.array([0, 1], np.int32)
    automaton.alive(start, tables.trie.blob, offsets)
    row = np.zeros(1, np.int32)
    kernels.leave_out(tables.scratch().handle, tables.trie.blob, offsets, row, root_node)
    texts = Texts([b"a"])
    handle = tables.scratch().handle
    kernels.walk_texts(handle, 0, texts.blob, texts.offsets, 0, 1, 0, row, root_node)
    tokens = np.zeros(1, np.int32)
    kernels.set_bits(row, tokens)
    kernels.write_mask(row, row, tokens)
    letter = lexeme(Literal(b"a"))
    graph = Graph(_Letter(letter))
    root = graph.node(graph.control.start())
    ended = graph.automaton.ended(graph.automaton.row(root.start).item(ord("a")))
    target = graph.follow(root, ended)
    assert target is not None
    graph.look(root, ended, target, tables.scratch())
    graph.states_on_top(root, 1)
    shifts.rehash_places(graph.automaton.handle, 1)
    stacks = Stacks(_Letter(letter))
    stacks.numbers(_Stack(0))
    stacks.mend(layout.NEED_ROOM)
    shifts.rehash_stacks(stacks.handle)
