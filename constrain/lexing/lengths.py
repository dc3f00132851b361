"""Lengths of matches in code points, read off expressions without taking derivatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from constrain.lexing.assertions import postorder
from constrain.lexing.nodes import Chars, Complement, Concat, Intersect, Regex, Repeat, Union, Words

_FEW_TEXTS = 64


def fewest(regex: Regex) -> int:
    """Return a lower bound of the length of a match; the least length of a simple expression."""
    return postorder(regex, _bounding, _fewest)


def _fewest(node: Regex, done: Mapping[Regex, int]) -> int:
    if isinstance(node, Chars):
        return 1
    if isinstance(node, Words):
        few = node.high - node.low <= _FEW_TEXTS
        return min(map(len, node.texts)) if few or node.nullable else 1
    if isinstance(node, Concat):
        return done[node.head] + done[node.tail]
    if isinstance(node, Repeat):
        return done[node.body] * node.low
    if isinstance(node, Union):
        return min(done[part] for part in node.parts)
    if isinstance(node, Intersect):
        return max(done[part] for part in node.parts)
    return int(isinstance(node, Complement) and not node.nullable)


def _bounding(node: Regex) -> Sequence[Regex]:
    return node.parts if isinstance(node, Intersect) else _parts(node)


def breadth(regex: Regex) -> int | None:
    """Return a length that the least completion of no beginning of a match passes; None: unknown.

    It is known of simple expressions.
    """
    return postorder(regex, _parts, _breadth) if regex.simple else None


def _breadth(node: Regex, done: Mapping[Regex, int | None]) -> int | None:
    if isinstance(node, Chars):
        return 1
    if isinstance(node, Words):
        return max(map(len, node.texts)) if node.high - node.low <= _FEW_TEXTS else None
    widths = [done[part] for part in _parts(node)]
    known = [width for width in widths if width is not None]
    if len(known) < len(widths):
        return None
    if isinstance(node, Union):
        return max(known)
    return sum(known) * (max(node.low, 1) if isinstance(node, Repeat) else 1)


def _parts(node: Regex) -> Sequence[Regex]:
    if isinstance(node, Concat):
        return node.head, node.tail
    if isinstance(node, Union):
        return node.parts
    return (node.body,) if isinstance(node, Repeat) else ()
