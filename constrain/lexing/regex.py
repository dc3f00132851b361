"""Regular expressions over Unicode code points: construction, derivatives, and questions.

Languages are sets of texts; texts are sequences of Unicode scalar values. `arcs` gives the
derivatives (Brzozowski 1964) of an expression by classes of code points (Owens, Reppy and Turon,
"Regular-expression derivatives re-examined", 2009). Everything is computed when first asked for
and kept on the expression, which lives as long as somebody holds it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from itertools import count
from operator import itemgetter

from constrain.errors import RegexTooComplexError
from constrain.lexing.algebra import (
    barrier,
    behind_of,
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
    word_state,
    words,
)
from constrain.lexing.assertions import (
    END,
    START,
    ahead,
    behind,
    containing,
    postorder,
    substitute,
    unfold,
    whole,
)
from constrain.lexing.charset import char_class, join, overlay
from constrain.lexing.nodes import (
    ANY,
    ANYTHING,
    EMPTY,
    EPSILON,
    Ahead,
    Behind,
    Chars,
    Complement,
    Concat,
    Intersect,
    Leaf,
    Machine,
    Ranges,
    Regex,
    Repeat,
    Union,
    Whole,
    Words,
    chars,
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

WORK_LIMIT = 200_000
"""Nodes that one question (the arcs of a node, a search for a match) may visit."""

Steps = tuple[tuple[Chars, Regex], ...]


def arcs(r: Regex) -> tuple[tuple[Ranges, Regex], ...]:
    """The derivatives of `r` by all code points, as disjoint classes with distinct targets.

    Code points after which nothing matches are in no class.

    Raises:
        RegexTooComplexError: the derivatives, or the search for a match, passed `WORK_LIMIT`.
    """
    found = r._arcs
    if found is None:
        found = r._arcs = tuple(
            (members.ranges, target)
            for members, target in _steps(r)
            if target.live or not is_empty(target)
        )
    return found


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
        r = next((to for chars, to in _steps(r) if _contains(chars.ranges, codepoint)), EMPTY)
        if r is EMPTY:
            return False
    return r.nullable


def is_empty(r: Regex) -> bool:
    """Whether `r` matches no text at all.

    Raises:
        RegexTooComplexError: neither a match nor its absence was found within `WORK_LIMIT`.
    """
    if r.live:
        return False
    if r._empty is None:
        _search(r, greedy=True)
    return bool(r._empty)


def shortest(r: Regex) -> str | None:
    """The match of least UTF-8 length, of several the least as text; None if there is none.

    Raises:
        RegexTooComplexError: it was not found within `WORK_LIMIT`.
    """
    if is_empty(r):
        return None
    text = ""
    left = _distance(r)
    left = _search(r) if left is None else left
    while left:
        if r.simple:
            return text + _simple_shortest(r)
        for members, target in sorted(_steps(r), key=lambda step: step[0].ranges[0]):
            first = members.ranges[0][0]
            after = left - utf8_length(first)
            distance = _distance(target)
            if (_search(target, bound=after) if distance is None else distance) == after:
                break
        text += chr(first)
        r, left = target, after
    return text


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
        if len(found) + size > limit + (size == 1 and not node.nullable):
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


def _steps(r: Regex) -> Steps:
    """As `arcs`, but with targets that may match nothing."""
    if r._steps is None:
        work = 0
        stack = [r]
        while stack:
            node = stack[-1]
            if node._steps is not None:
                stack.pop()
                continue
            needed = [child for child in _NEEDS[type(node)](node) if child._steps is None]
            if needed:
                stack.extend(needed)
                continue
            node._steps = _DERIVE[type(node)](node)
            work += node.size
            if work > WORK_LIMIT:
                raise RegexTooComplexError(f"more than {WORK_LIMIT} nodes in one derivative")
            stack.pop()
        assert r._steps is not None
    return r._steps


def _overlaid(pairs: list[tuple[Chars, Regex]], merge: Callable[[list[Regex]], Regex]) -> Steps:
    """One step for each set of code points with the same pairs; `merge` makes the target."""
    cells = overlay(tuple([members for members, _ in pairs]))
    return _grouped(
        [(cell, merge([pairs[owner][1] for owner in owners])) for cell, owners in cells]
    )


def _grouped(pairs: list[tuple[Chars, Regex]]) -> Steps:
    """The pairs, whose classes are disjoint, with equal targets made one and EMPTY left out."""
    groups: dict[Regex, list[Chars]] = {}
    for members, target in pairs:
        if target is not EMPTY:
            groups.setdefault(target, []).append(members)
    return tuple([(join(tuple(classes)), target) for target, classes in groups.items()])


def _union_of(targets: list[Regex]) -> Regex:
    return targets[0] if len(targets) == 1 else union(*targets)


def _derive_none(r: Regex) -> Steps:
    return ()


def _derive_chars(r: Chars) -> Steps:
    return ((r, EPSILON),)


def _derive_words(r: Words) -> Steps:
    texts, depth = r.list.texts, r.depth
    start = r.low + r.nullable
    pairs: list[tuple[Chars, Regex]] = []
    char_at = itemgetter(depth)
    while start < r.high:
        char = texts[start][depth]
        end = bisect_right(texts, char, start, r.high, key=char_at)
        members = chars(((ord(char), ord(char)),))
        pairs.append((members, word_state(r.list, start, end, depth + 1)))
        start = end
    return _grouped(pairs)


def _derive_leaf(r: Leaf) -> Steps:
    pairs: list[tuple[Chars, Regex]] = []
    for ranges, state in r.state.arcs():
        members = char_class(ranges)
        if isinstance(members, Chars):
            pairs.append((members, machine(state)))
    return _grouped(pairs)


def _derive_concat(r: Concat) -> Steps:
    head, tail = r.head, r.tail
    if head.open:
        return _steps(_unfolded(r))
    if tail.behinds:
        updates = list(_updates(tail))

        def join_both(targets: list[Regex]) -> Regex:
            return concat(*targets) if len(targets) == 2 else EMPTY

        pairs = list(_overlaid([*_steps(head), *updates], join_both))
    else:
        pairs = [(members, concat(target, tail)) for members, target in _steps(head)]
    if head.nullable:
        return _overlaid([*pairs, *_steps(tail)], _union_of)
    return _grouped(pairs)


def _derive_union(r: Union) -> Steps:
    return _overlaid([pair for part in r.parts for pair in _steps(part)], _union_of)


def _derive_intersect(r: Intersect) -> Steps:
    parts = r.parts

    def meet_all(targets: list[Regex]) -> Regex:
        return intersect(*targets) if len(targets) == len(parts) else EMPTY

    return _overlaid([pair for part in parts for pair in _steps(part)], meet_all)


def _derive_complement(r: Complement) -> Steps:
    def invert(targets: list[Regex]) -> Regex:
        return complement(targets[0]) if len(targets) == 2 else ANYTHING

    return _overlaid([*_steps(r.body), (ANY, ANYTHING)], invert)


def _derive_repeat(r: Repeat) -> Steps:
    if r.open:
        return _steps(_unfolded(r))
    rest = repeat(r.body, max(r.low - 1, 0), None if r.high is None else r.high - 1)
    return (
        _steps(concat(r.body, rest))
        if rest.behinds
        else _grouped([(members, concat(target, rest)) for members, target in _steps(r.body)])
    )


def _derive_whole(r: Whole) -> Steps:
    return _grouped([(members, barrier(target)) for members, target in _steps(r.body)])


def _unfolded(r: Concat | Repeat) -> Regex:
    if r._unfolded is None:
        r._unfolded = unfold(r.head, r.tail) if isinstance(r, Concat) else unfold(r, EPSILON)
    return r._unfolded


def _updates(r: Regex) -> Steps:
    """`r`, not reached yet, after one more code point before it: a partition of ANY."""
    if r._updates is None:
        behinds = list(r.behinds)
        pairs: list[tuple[Chars, Regex]] = [(ANY, ANY)]
        owner: list[Regex] = [ANY]
        for node in behinds:
            for members, target in _steps(node.language):
                pairs.append((members, target))
                owner.append(node)
        result: list[tuple[Chars, Regex]] = []
        for cell, owners in overlay(tuple([members for members, _ in pairs])):
            changes: dict[Regex, Regex] = dict.fromkeys(behinds, EMPTY)
            for index in owners[1:]:
                changes[owner[index]] = behind_of(pairs[index][1])
            result.append((cell, substitute(r, changes)))
        r._updates = _grouped(result)
    return r._updates


def _needs_concat(r: Concat) -> list[Regex]:
    if r.head.open:
        return [_unfolded(r)]
    needed = [node.language for node in r.tail.behinds]
    needed.append(r.head)
    if r.head.nullable:
        needed.append(r.tail)
    return needed


def _needs_repeat(r: Repeat) -> list[Regex]:
    return [_unfolded(r)] if r.open else [r.body]


_NEEDS: dict[type, Callable[..., list[Regex] | tuple[Regex, ...]]] = {
    **dict.fromkeys((type(EMPTY), type(EPSILON), Chars, Words, Leaf, Ahead, Behind), lambda r: ()),
    **dict.fromkeys((Union, Intersect), lambda r: r.parts),
    **dict.fromkeys((Complement, Whole), lambda r: (r.body,)),
    Concat: _needs_concat,
    Repeat: _needs_repeat,
}
"""The expressions whose steps the steps of a node are made of."""

_DERIVE: dict[type, Callable[..., Steps]] = {
    **dict.fromkeys((type(EMPTY), type(EPSILON), Ahead, Behind), _derive_none),
    Chars: _derive_chars,
    Words: _derive_words,
    Leaf: _derive_leaf,
    Concat: _derive_concat,
    Union: _derive_union,
    Intersect: _derive_intersect,
    Complement: _derive_complement,
    Repeat: _derive_repeat,
    Whole: _derive_whole,
}


def _search(root: Regex, greedy: bool = False, bound: int | None = None) -> int | None:
    """The UTF-8 length of a shortest match, if there is one (and it is at most `bound`).

    This is A* over the steps, with `least` as the estimate of what is left. Where `greedy`, it
    finds any match, and looks where one promises to be near.
    """
    reached: dict[Regex, tuple[int, Regex | None]] = {root: (0, None)}
    order = count(0, -1)
    heap = [(0, next(order), 0, root)]
    work = 0
    while heap:
        _, _, cost, node = heappop(heap)
        if cost > reached[node][0]:
            continue
        found = node.live or node.nullable or node._empty is False
        rest = (0 if found else None) if greedy else _distance(node)
        if rest is not None:
            total = cost + rest
            step: Regex | None = node
            while step is not None:
                step._empty = False
                before, parent = reached[step]
                if not greedy:
                    step._distance = total - before
                step = parent
            return total
        work += node.size
        if work > WORK_LIMIT:
            raise RegexTooComplexError(f"no match found among {WORK_LIMIT} nodes")
        for members, target in _steps(node):
            there = cost + utf8_length(members.ranges[0][0])
            if target._empty or (target in reached and (greedy or reached[target][0] <= there)):
                continue
            known = None if greedy else _distance(target)
            estimate = target.least if known is None else known
            if bound is None or there + estimate <= bound:
                reached[target] = (there, node)
                priority = estimate if greedy else there + estimate
                heappush(heap, (priority, next(order), there, target))
    if bound is None:
        for node in reached:
            node._empty = True
    return None


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
