"""The characters that the matches of an expression are written with."""

from __future__ import annotations

from constrain.lexing.charset import char_class, join
from constrain.lexing.nodes import (
    ANY,
    EMPTY,
    EPSILON,
    Chars,
    Concat,
    Intersect,
    Leaf,
    Regex,
    Repeat,
    Union,
    Words,
)
from constrain.lexing.nodes import chars as chars_of


def letters(regex: Regex) -> Chars:
    """Return the characters of all matches, or more where that is not plain to see.

    The expression has to have a match that is not empty.
    """
    found: set[Chars] = set()
    pending = [regex]
    seen = set()
    while pending:
        node = pending.pop()
        if node in seen or node is EMPTY or node is EPSILON:
            continue
        seen.add(node)
        if isinstance(node, Concat):
            pending += node.head, node.tail
        elif isinstance(node, Union):
            pending += node.parts
        elif isinstance(node, Repeat):
            pending.append(node.body)
        elif isinstance(node, Intersect):
            pending.append(node.parts[0])
        else:
            found.add(_own(node))
    return ANY if ANY in found else join(tuple(found))


def _own(node: Regex) -> Chars:
    if isinstance(node, Chars):
        return node
    if isinstance(node, Words):
        points = {ord(char) for text in node.texts for char in text}
        found = char_class([(point, point) for point in points])
        assert isinstance(found, Chars)
        return found
    if isinstance(node, Leaf) and node.state.letters is not None:
        return chars_of(node.state.letters)
    return ANY
