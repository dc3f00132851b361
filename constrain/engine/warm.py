"""Compiling the kernels ahead of need."""

from __future__ import annotations

import sys
import threading
import time
from functools import cache

_PATIENCE = 1.5
"""Seconds after which a person wants to be told what is going on."""


@cache
def warmup() -> float:
    """Load the kernels, compiling them the first time on a machine; return the seconds it took.

    Compiled code is kept beside the package, or in the user's cache directory where that cannot
    be written. A compilation that takes longer than a moment says so on stderr.
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
        "constrain: compiling its kernels; this happens once and takes up to a minute",
        file=sys.stderr,
        flush=True,
    )


def _touch() -> None:
    """Call each kernel once, with the types that it is always called with."""
    import numpy as np

    from constrain.engine import crossings, kernels, layout, rows
    from constrain.engine.graph import Graph
    from constrain.engine.single import RegexControl
    from constrain.engine.tables import TrieTables
    from constrain.lexing.regex import literal
    from constrain.vocabulary import Vocabulary

    if kernels.signature() != layout.SIGNATURE:
        # numba looks at the file of a kernel alone to see whether it has changed.
        for module in (kernels, rows, crossings):
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
    tables.scratch().add_portals(root_node, 0, root.place)
    graph.cross(root, start, tables.scratch())
    graph.cross_narrow(root, start, tables.scratch())
    graph.advance(root, start, tables.blob_address, 0, 1)
    crossings.move_edges(automaton.handle, np.full(1, -1, np.int64), np.zeros(1, np.int32))
    automaton.scan(tables.blob_address, 0, 1, start)
    automaton.row(start)
    automaton.parts(start)
    automaton.forced(start, 1)
    kernels.fewest_tokens(tables.scratch().handle, tables.blob_address, np.zeros(2, np.int32))
    rows.rehash(automaton.handle)
    offsets = np.array([0, 1], np.int32)
    automaton.alive(start, tables.trie.blob, offsets)
    row = np.zeros(1, np.int32)
    kernels.leave_out(tables.scratch().handle, tables.trie.blob, offsets, row, root_node)
    tokens = np.zeros(1, np.int32)
    kernels.set_bits(row, tokens)
    kernels.write_mask(row, row, tokens)
