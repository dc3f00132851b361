"""Derivatives of regular expressions (Brzozowski 1964), by classes of code points.

The derivative of an expression by a code point matches what may follow after it. Code points
with the same derivative make a class (Owens, Reppy and Turon, "Regular-expression derivatives
re-examined", 2009), which is found by laying the classes of the parts over one another. Results
are kept on the expression.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import chain
from operator import itemgetter
from typing import Any

from constrain.errors import RegexTooComplexError
from constrain.lexing.algebra import (
    barrier,
    behind_of,
    complement,
    concat,
    intersect,
    machine,
    repeat,
    union,
    word_state,
)
from constrain.lexing.assertions import substitute, unfold
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
    Flat,
    Intersect,
    Leaf,
    Regex,
    Repeat,
    Union,
    Whole,
    Words,
    chars,
)

WORK_LIMIT = 200_000
"""Nodes that one question (the steps of a node, a search for a match) may visit."""


class Budget:
    """The nodes that one question may still visit.

    Args:
        limit: how many.
        question: what the error says that visits more.
    """

    __slots__ = ("left", "limit", "question")

    def __init__(self, limit: int = WORK_LIMIT, question: str = "a question") -> None:
        self.left = self.limit = limit
        self.question = question

    def renew(self) -> None:
        """Begin with another question."""
        self.left = self.limit

    def spend(self, nodes: int) -> None:
        """Take nodes off; raise `RegexTooComplexError` where fewer are left."""
        self.left -= nodes
        if self.left < 0:
            raise RegexTooComplexError(f"{self.question} visits more than {self.limit} nodes")


Steps = tuple[tuple[Chars, Regex], ...]


def steps(r: Regex) -> Steps:
    """The derivatives of `r`, as disjoint classes with distinct targets, none of them EMPTY.

    A target may still match nothing; telling takes a search. The steps of the parts of `r` are
    computed first, with a stack of their own.

    Raises:
        RegexTooComplexError: the steps visit more than `WORK_LIMIT` nodes.
    """
    if r._steps is None:
        budget = Budget()
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
            budget.spend(node.size)
            node._steps = flat(_DERIVE[type(node)](node))
            stack.pop()
        assert r._steps is not None
    return tuple(pairs_of(r._steps))


def flat(found: Steps) -> Flat:
    """Return steps in the form in which they are kept: one object, and no pairs."""
    return tuple(chain.from_iterable(found))


def pairs_of(kept: Flat) -> Iterator[tuple[Any, Any]]:
    """Return steps that are kept."""
    parts = iter(kept)
    return zip(parts, parts, strict=True)


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
    texts, depth = r.lexicon.texts, r.depth
    start = r.low + r.nullable
    pairs: list[tuple[Chars, Regex]] = []
    char_at = itemgetter(depth)
    while start < r.high:
        char = texts[start][depth]
        end = bisect_right(texts, char, start, r.high, key=char_at)
        members = chars(((ord(char), ord(char)),))
        pairs.append((members, word_state(r.lexicon, start, end, depth + 1)))
        start = end
    return _grouped(pairs)


def _derive_leaf(r: Leaf) -> Steps:
    pairs: list[tuple[Chars, Regex]] = []
    for ranges, state in r.state.arcs():
        members = char_class(ranges)
        if isinstance(members, Chars):
            pairs.append((members, state if isinstance(state, Regex) else machine(state)))
    return _grouped(pairs)


def _derive_concat(r: Concat) -> Steps:
    head, tail = r.head, r.tail
    if head.open:
        return steps(_unfolded(r))
    if tail.behinds:
        updates = list(_updates(tail))

        def join_both(targets: list[Regex]) -> Regex:
            return concat(*targets) if len(targets) == 2 else EMPTY

        pairs = list(_overlaid([*steps(head), *updates], join_both))
    else:
        pairs = [(members, concat(target, tail)) for members, target in steps(head)]
    if head.nullable:
        return _overlaid([*pairs, *steps(tail)], _union_of)
    return _grouped(pairs)


def _derive_union(r: Union) -> Steps:
    return _overlaid([pair for part in r.parts for pair in steps(part)], _union_of)


def _derive_intersect(r: Intersect) -> Steps:
    parts = r.parts

    def meet_all(targets: list[Regex]) -> Regex:
        return intersect(*targets) if len(targets) == len(parts) else EMPTY

    return _overlaid([pair for part in parts for pair in steps(part)], meet_all)


def _derive_complement(r: Complement) -> Steps:
    def invert(targets: list[Regex]) -> Regex:
        return complement(targets[0]) if len(targets) == 2 else ANYTHING

    return _overlaid([*steps(r.body), (ANY, ANYTHING)], invert)


def _derive_repeat(r: Repeat) -> Steps:
    if r.open:
        return steps(_unfolded(r))
    rest = repeat(r.body, max(r.low - 1, 0), None if r.high is None else r.high - 1)
    return (
        steps(concat(r.body, rest))
        if rest.behinds
        else _grouped([(members, concat(target, rest)) for members, target in steps(r.body)])
    )


def _derive_whole(r: Whole) -> Steps:
    return _grouped([(members, barrier(target)) for members, target in steps(r.body)])


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
            for members, target in steps(node.language):
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
