"""Lengths of matches in code points: bounds read off expressions, and least ones by searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Any

from constrain.lexing.assertions import postorder
from constrain.lexing.derivatives import Budget, steps
from constrain.lexing.divided import alternatives
from constrain.lexing.nodes import (
    UNMEASURED,
    Chars,
    Complement,
    Concat,
    Intersect,
    Regex,
    Repeat,
    Union,
    Words,
)

_FEW_TEXTS = 64
_WORK_LIMIT = 1_000_000
"""Nodes that the search for a least length may visit."""


class Lengths:
    """Least lengths of matches; what a search finds on its way is remembered."""

    def __init__(self) -> None:
        self._least: dict[Regex, int] = {}
        self._above: dict[Regex, int] = {}

    def least(self, regex: Regex, limit: int) -> int:
        """Return the least length of a match, or `limit + 1` where it is greater.

        Raises:
            RegexTooComplexError: it takes too long to find.
        """
        if self._above.get(regex, -1) < limit and regex not in self._least:
            self._search(regex, limit)
        return min(self._least.get(regex, limit + 1), limit + 1)

    def _search(self, root: Regex, limit: int) -> None:
        """Search best first (A*), of equally good ways first the one that promises most."""
        reached: dict[Regex, tuple[int, Regex | None]] = {root: (0, None)}
        order = count(0, -1)
        heap = [(fewest(root), 0, 0, next(order), root)]
        budget = Budget(_WORK_LIMIT)
        while heap:
            bound, _, depth, _, here = heappop(heap)
            if bound > limit:
                break
            if depth > reached[here][0]:
                continue
            left = 0 if here.nullable else self._least.get(here)
            if left is not None:
                if depth + left > bound:
                    heappush(heap, (depth + left, 0, depth, next(order), here))
                    continue
                step: Regex | None = here
                while step is not None:
                    before, parent = reached[step]
                    self._least[step] = depth + left - before
                    step = parent
                return
            choices = alternatives(here)
            budget.spend(len(choices) or here.size)
            there = depth + (not choices)
            for target in choices or [target for _, target in steps(here)]:
                if target in reached and reached[target][0] <= there:
                    continue
                bound = there + max(self._least.get(target, 0), fewest(target))
                if bound <= limit and not target._empty:
                    reached[target] = (there, here)
                    heappush(heap, (bound, target.effort, there, next(order), target))
        self._above[root] = limit


def fewest(regex: Regex) -> int:
    """Return a lower bound of the length of a match; the least length of a simple expression."""
    found = regex._fewest
    return postorder(regex, _unbounded, _bound) if found == UNMEASURED else found


def _unbounded(node: Regex) -> Sequence[Regex]:
    """Return the parts that bound a node and are not bounded themselves yet."""
    parts = node.parts if isinstance(node, Intersect) else _parts(node)
    return [part for part in parts if part._fewest == UNMEASURED]


def _bound(node: Regex, done: Mapping[Regex, int]) -> int:
    bound = node._fewest = _fewest(node)
    return bound


def _fewest(node: Any) -> int:
    """Return what `fewest` does, from the same of the parts."""
    if isinstance(node, Chars):
        return 1
    if isinstance(node, Words):
        few = node.high - node.low <= _FEW_TEXTS
        return min(map(len, node.texts)) if few or node.nullable else 1
    if isinstance(node, Concat):
        return node.head._fewest + node.tail._fewest
    if isinstance(node, Repeat):
        return node.body._fewest * node.low
    if isinstance(node, Union):
        return min(part._fewest for part in node.parts)
    if isinstance(node, Intersect):
        return max(part._fewest for part in node.parts)
    return int(isinstance(node, Complement) and not node.nullable)


def breadth(regex: Regex) -> int | None:
    """Return a length that the least completion of no beginning of a match passes; None: unknown.

    It is known of simple expressions.
    """
    if not regex.simple:
        return None
    if regex._breadth == UNMEASURED:
        postorder(regex, _unmeasured, _measure)
    return regex._breadth


def _unmeasured(node: Regex) -> Sequence[Regex]:
    return [part for part in _parts(node) if part._breadth == UNMEASURED]


def _measure(node: Regex, done: Mapping[Regex, int | None]) -> int | None:
    breadth = node._breadth = _breadth(node)
    return breadth


def _breadth(node: Regex) -> int | None:
    """Return what `breadth` does, from the same of the parts."""
    if isinstance(node, Chars):
        return 1
    if isinstance(node, Words):
        return max(map(len, node.texts)) if node.high - node.low <= _FEW_TEXTS else None
    widths = [part._breadth for part in _parts(node)]
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
