"""Interiors of long lists of texts, read off the list.

To walk them would take a lexer state for each beginning of a text. Where such a list ends within
a token, what comes next is looked at for the tokens alone that are no beginning of a text: of the
others it is known already that they are allowed.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from constrain.engine import kernels
from constrain.engine.automaton import Member
from constrain.engine.bitmask import allowed
from constrain.engine.tables import Doors, TrieTables
from constrain.lexing.nodes import Words

_LONG = 64
"""Texts of a list that is worth it, at least."""


def list_of(member: Member) -> Words | None:
    """Return the long list of texts that a member of a lexer state is in, and ends with."""
    what, regex, *rest = (*member.origin, None)
    if what != "text" or rest[0] or not isinstance(regex, Words):
        return None
    return regex if regex.high - regex.low >= _LONG else None


def listed(tables: TrieTables, regex: Words) -> tuple[NDArray[np.int32], Doors]:
    """Return what the tokens of a trie do in a list.

    Returns:
        those that a text begins with, or is, ascending int32[n]
        children of trie nodes at which a text ends, with tokens below that are not alive
    """
    trie = tables.trie
    alive, nodes = _walked(tables, [text.encode() for text in regex.texts])
    doors = _undecided(tables, nodes[trie.skip[nodes] > nodes + 1], alive)
    return np.flatnonzero(alive).astype(np.int32), doors


def rests(tables: TrieTables, regex: Words) -> dict[bytes, NDArray[np.int32]]:
    """Return the tokens that texts of a list begin with, by the least text that is left then."""
    trie = tables.trie
    texts = [text.encode() for text in regex.texts]
    alive, nodes = _walked(tables, texts)
    lengths = np.fromiter(map(len, texts), np.int64)
    found: dict[bytes, list[int]] = {}
    whole: list[NDArray[np.int32]] = []
    tokens = trie.token[nodes]
    while len(tokens := tokens[tokens >= 0]):
        whole.append(tokens)
        alive[tokens] = False
        tokens = trie.more[tokens]
    for token in np.flatnonzero(alive).tolist():
        begun = trie.blob[trie.offsets[token] : trie.offsets[token + 1]].tobytes()
        low = bisect_left(texts, begun)
        high = bisect_left(texts, begun + b"\xff", low)
        least = texts[low + int(lengths[low:high].argmin())]
        found.setdefault(least[len(begun) :], []).append(token)
    groups = {rest: np.array(tokens, np.int32) for rest, tokens in found.items()}
    return {b"": np.concatenate(whole), **groups} if whole else groups


def _walked(tables: TrieTables, texts: list[bytes]) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """Walk along sorted texts: the tokens on the way, bool[V], and the nodes where texts end."""
    size = len(tables.trie.more)
    blob = np.frombuffer(b"".join(texts), np.uint8)
    offsets = np.fromiter(accumulate(map(len, texts), initial=0), np.int64)
    row = np.zeros((size + 31) // 32, np.int32)
    ends = np.empty(len(texts), np.int32)
    handle = tables.scratch().handle
    count = kernels.walk_texts(handle, 0, blob, offsets, 0, len(texts), 0, row, ends)
    nodes = np.unique(ends[:count])
    return allowed(row, size), nodes[nodes > 0]


def _undecided(tables: TrieTables, nodes: NDArray[np.int32], alive: NDArray[np.bool_]) -> Doors:
    """The children of some nodes below which there are tokens that are not alive."""
    trie = tables.trie
    missing = (trie.token >= 0) & ~alive[trie.token]
    before = np.concatenate([[0], np.cumsum(missing)])
    children = tables.doors(nodes).nodes
    children = children[before[trie.skip[children]] > before[children]]
    of_bytes = np.bincount(trie.byte[children], minlength=256)
    offsets = np.concatenate([[0], np.cumsum(of_bytes)]).astype(np.int32)
    return Doors(offsets, children)
