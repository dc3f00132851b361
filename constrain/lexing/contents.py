"""What matches consist of: reason enough, often, that no text matches two expressions.

Where one needs a character that another never has, there is no match in common, and no search
has to find that out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from constrain.lexing.assertions import postorder
from constrain.lexing.nodes import (
    ANY,
    Chars,
    Concat,
    Epsilon,
    Intersect,
    Ranges,
    Regex,
    Repeat,
    Union,
    Whole,
    Words,
)

_MANY_TEXTS = 64


class Contents(NamedTuple):
    """What the matches of an expression consist of.

    Attributes:
        letters: the code points of all matches, or more.
        needed: sets of code points; each match has one at least of each.
    """

    letters: Ranges
    needed: frozenset[Ranges]


def are_apart(expressions: Sequence[Regex]) -> bool:
    """Return whether it is plain to see that no text matches all of some expressions."""
    found = [contents(expression) for expression in expressions]
    return any(
        not _meet(needed, other.letters)
        for one in found
        for needed in one.needed
        for other in found
    )


def contents(expression: Regex) -> Contents:
    """Return what the matches of an expression consist of."""
    return postorder(expression, _children, _visit)


def _children(node: Regex) -> Sequence[Regex]:
    if isinstance(node, Concat):
        return node.head, node.tail
    if isinstance(node, (Union, Intersect)):
        return node.parts
    return (node.body,) if isinstance(node, (Repeat, Whole)) else ()


def _visit(node: Regex, done: Mapping[Regex, Contents]) -> Contents:
    parts = [done[child] for child in _children(node)]
    if isinstance(node, Chars):
        return Contents(node.ranges, frozenset((node.ranges,)))
    if isinstance(node, Words) and node.high - node.low <= _MANY_TEXTS:
        texts = list(map(frozenset, node.texts))
        letters = _merged((ord(c), ord(c)) for c in frozenset[str]().union(*texts))
        common = texts[0].intersection(*texts)
        return Contents(letters, frozenset(((ord(c), ord(c)),) for c in common))
    if isinstance(node, Epsilon):
        return Contents((), frozenset())
    if isinstance(node, Intersect):
        letters = min((part.letters for part in parts), key=_size)
        return Contents(letters, frozenset[Ranges]().union(*(part.needed for part in parts)))
    if not parts:
        return _UNKNOWN
    letters = _merged(pair for part in parts for pair in part.letters)
    needed = [part.needed for part in parts]
    if isinstance(node, Repeat) and node.low == 0:
        return Contents(letters, frozenset())
    if isinstance(node, Union):
        return Contents(letters, needed[0].intersection(*needed))
    return Contents(letters, needed[0].union(*needed))


_UNKNOWN = Contents(ANY.ranges, frozenset())


def _merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(high, merged[-1][1])
        else:
            merged.append((low, high))
    return tuple(merged)


def _size(ranges: Ranges) -> int:
    return sum(high - low + 1 for low, high in ranges)


def _meet(some: Ranges, others: Ranges) -> bool:
    """Whether sorted ranges have a code point in common with others."""
    for low, high in some:
        index = bisect_right(others, (high, high))
        index += index < len(others) and others[index][0] == high
        if index and others[index - 1][1] >= low:
            return True
    return False
