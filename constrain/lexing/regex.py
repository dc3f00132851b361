"""Regular expressions over Unicode code points: construction, derivatives, and questions.

Languages are sets of texts; texts are sequences of Unicode scalar values. Expressions are
immutable, and equal ones are one object. What is asked is computed when first asked for and kept
on the expression, which lives as long as somebody holds it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from itertools import count
from operator import itemgetter

from constrain.lexing.algebra import (
    complement,
    concat,
    difference,
    intersect,
    literal,
    machine,
    optional,
    plus,
    repeat,
    spine,
    star,
    union,
    words,
)
from constrain.lexing.assertions import (
    END,
    START,
    ahead,
    behind,
    containing,
    postorder,
    whole,
)
from constrain.lexing.charset import char_class
from constrain.lexing.contents import are_apart
from constrain.lexing.derivatives import Budget, flat, pairs_of, steps
from constrain.lexing.divided import alternatives
from constrain.lexing.nodes import (
    ANY,
    ANYTHING,
    EMPTY,
    EPSILON,
    Chars,
    Concat,
    Intersect,
    Leaf,
    Machine,
    Ranges,
    Regex,
    Repeat,
    Union,
    Words,
    utf8_length,
)

__all__ = [
    "ANY",
    "ANYTHING",
    "EMPTY",
    "END",
    "EPSILON",
    "START",
    "Machine",
    "Ranges",
    "Regex",
    "ahead",
    "arcs",
    "behind",
    "char_class",
    "complement",
    "concat",
    "containing",
    "derive",
    "difference",
    "intersect",
    "is_empty",
    "is_finite",
    "literal",
    "machine",
    "matches",
    "optional",
    "plus",
    "repeat",
    "shortest",
    "star",
    "union",
    "whole",
    "words",
]


def arcs(
    r: Regex, budget: Budget | None = None, work: Budget | None = None
) -> tuple[tuple[Ranges, Regex], ...]:
    """The derivatives of `r` by all code points, as disjoint classes with distinct targets.

    Code points after which nothing matches are in no class.

    Args:
        r: the expression.
        budget: what the searches for matches may cost together; None: `WORK_LIMIT` for each.
        work: what new derivatives may cost together; None: any number.

    Raises:
        RegexTooComplexError: the derivatives, or the searches for matches, cost more.
    """
    kept = r._arcs
    if kept is None:
        if work is not None and r._steps is None:
            work.spend(r.size)
        found = steps(r)
        ended = [to for _, to in found if not to.live and is_empty(to, budget)]
        kept = r._steps
        if ended:
            kept = flat(tuple(step for step in found if step[1] not in ended))
        assert kept is not None
        r._arcs = kept
    return tuple([(members.ranges, target) for members, target in pairs_of(kept)])


def derive(r: Regex, codepoint: int) -> Regex:
    """What may follow after `codepoint`: the texts `t` such that `codepoint t` matches `r`."""
    for ranges, target in arcs(r):
        if _contains(ranges, codepoint):
            return target
    return EMPTY


def matches(r: Regex, text: str) -> bool:
    """Whether `r` matches the whole of `text`."""
    for char in text:
        codepoint = ord(char)
        r = next((to for chars, to in steps(r) if _contains(chars.ranges, codepoint)), EMPTY)
        if r is EMPTY:
            return False
    return r.nullable


def is_empty(r: Regex, budget: Budget | None = None) -> bool:
    """Whether `r` matches no text at all.

    Raises:
        RegexTooComplexError: neither a match nor its absence was found within the budget, by
            default `WORK_LIMIT`.
    """
    if r.live:
        return False
    if r._empty is None:
        _search(r, budget or Budget(), greedy=True)
    return bool(r._empty)


def shortest(r: Regex) -> str | None:
    """The match of least UTF-8 length, of several the least as text; None if there is none.

    Raises:
        RegexTooComplexError: it was not found within `WORK_LIMIT`.
    """
    if isinstance(r, Leaf) and (ending := r.state.ending()) is not None:
        return ending
    if is_empty(r):
        return None
    text = ""
    budget = Budget()
    left = _distance(r)
    left = _search(r, budget) if left is None else left
    while left:
        if r.simple:
            return text + _simple_shortest(r)
        for members, target in sorted(steps(r), key=lambda step: step[0].ranges[0]):
            first = members.ranges[0][0]
            after = left - utf8_length(first)
            distance = _distance(target)
            if (_search(target, budget, bound=after) if distance is None else distance) == after:
                break
        text += chr(first)
        r, left = target, after
    return text


def least_length(r: Regex, budget: Budget) -> int:
    """The UTF-8 length of a shortest match of an expression that has one, in bytes.

    Raises:
        RegexTooComplexError: it was not found within the budget.
    """
    known = _distance(r)
    found = _search(r, budget) if known is None else known
    assert found is not None, "the expression matches something"
    return found


def is_finite(r: Regex, limit: int) -> list[str] | None:
    """All matches, sorted, if there are at most `limit`; None otherwise."""
    found: list[str] = []
    open_nodes: set[Regex] = set()
    stack: list[tuple[Regex, str, bool]] = [(r, "", False)]
    if is_empty(r):
        return found
    while stack:
        node, text, leave = stack.pop()
        if leave:
            open_nodes.remove(node)
            continue
        if node in open_nodes:
            return None
        if node.nullable:
            found.append(text)
        open_nodes.add(node)
        stack.append((node, text, True))
        size = sum(high - low + 1 for ranges, _ in arcs(node) for low, high in ranges)
        if len(found) + size > limit:
            return None
        branches = [
            (codepoint, target)
            for ranges, target in arcs(node)
            for low, high in ranges
            for codepoint in range(low, high + 1)
        ]
        for codepoint, target in sorted(branches, key=itemgetter(0), reverse=True):
            stack.append((target, text + chr(codepoint), False))
    return found if len(found) <= limit else None


def _contains(ranges: Ranges, codepoint: int) -> bool:
    index = bisect_right(ranges, codepoint, key=itemgetter(0))
    return index > 0 and codepoint <= ranges[index - 1][1]


_SHORT_SEARCH = 16
"""A search that reaches no more expressions takes no longer than to see what they consist of."""


def _search(
    root: Regex, budget: Budget, greedy: bool = False, bound: int | None = None
) -> int | None:
    """The UTF-8 length of a shortest match, if there is one (and it is at most `bound`).

    This is A* over the steps of alternatives, with `least` as the estimate of what is left; of
    equally good ways it follows the one of least `effort`. Where `greedy`, it finds any match, and
    knows no other measure. Where that takes longer, it looks first whether there can be one.
    """
    reached: dict[Regex, tuple[int, Regex | None]] = {root: (0, None)}
    order = count(0, -1)
    heap = [(0, 0, next(order), 0, root)]
    compared = False
    while heap:
        priority, _, _, cost, node = heappop(heap)
        if cost > reached[node][0]:
            continue
        rest = (0 if _is_met(node) else None) if greedy else _distance(node)
        if rest is not None:
            total = cost + rest
            if not greedy and priority < total:
                # It was queued with an estimate.
                heappush(heap, (total, 0, next(order), cost, node))
                continue
            step: Regex | None = node
            while step is not None:
                step._empty = False
                before, parent = reached[step]
                if not greedy:
                    step._distance = total - before
                step = parent
            return total
        if greedy and len(reached) > _SHORT_SEARCH and not compared:
            compared = True
            if isinstance(root, Intersect) and are_apart(root.parts):
                break
        for length, target in _moves(node, budget):
            there = cost + length
            if target._empty or (target in reached and (greedy or reached[target][0] <= there)):
                continue
            known = None if greedy else _distance(target)
            estimate = target.least if known is None else known
            if bound is None or there + estimate <= bound:
                reached[target] = (there, node)
                queued = -_is_met(target) if greedy else there + estimate
                heappush(heap, (queued, target.effort, next(order), there, target))
    if bound is None:
        for node in reached:
            node._empty = True
    return None


def _is_met(r: Regex) -> bool:
    """Whether `r` is known to match something."""
    return r.live or r.nullable or r._empty is False


def _moves(r: Regex, budget: Budget) -> Sequence[tuple[int, Regex]]:
    """What a search goes on with after an expression, each with the bytes that lead there."""
    choices = alternatives(r)
    if choices:
        budget.spend(len(choices) * (len(r.parts) if isinstance(r, Intersect) else 1))
        return [(0, choice) for choice in choices]
    budget.spend(r.size)
    return [(utf8_length(members.ranges[0][0]), target) for members, target in steps(r)]


def _distance(r: Regex) -> int | None:
    """The UTF-8 length of a shortest match, where it is known without a search."""
    if r._distance is None:
        if r.nullable:
            r._distance = 0
        elif r.simple:
            r._distance = len(_simple_shortest(r).encode())
    return r._distance


def _simple_shortest(r: Regex) -> str:
    def children(node: Regex) -> list[Regex] | tuple[Regex, ...]:
        if isinstance(node, Concat):
            return spine(node)
        if isinstance(node, Union):
            return node.parts
        return (node.body,) if isinstance(node, Repeat) else ()

    def visit(node: Regex, done: Mapping[Regex, str]) -> str:
        if isinstance(node, Chars):
            return chr(node.ranges[0][0])
        if isinstance(node, Words):
            return min(node.texts, key=_length_then_text)
        if isinstance(node, Repeat):
            return done[node.body] * node.low
        parts = [done[child] for child in children(node)]
        return min(parts, key=_length_then_text) if isinstance(node, Union) else "".join(parts)

    return postorder(r, children, visit)


def _length_then_text(text: str) -> tuple[int, str]:
    return (len(text.encode()), text)
