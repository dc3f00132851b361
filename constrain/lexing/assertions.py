"""Lookahead and lookbehind, rewritten to boolean operations on languages.

A lookahead restricts the rest of the text, so before it stands a rest `S` it is an intersection
with `S`. A lookbehind holds the language that the text so far must be in, as its derivative by
the text so far; every step of the text updates the lookbehinds of what is not yet reached.
Compare the location-based derivatives of Varatalu, Veanes and Ernits, "RE#: High Performance
Derivative-Based Regex Matching with Intersection, Complement, and Restricted Lookarounds"
(POPL 2025), which places restrictions on where assertions may stand that are not needed here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

from constrain.errors import RegexTooComplexError
from constrain.lexing.algebra import (
    ahead_of,
    barrier,
    behind_of,
    complement,
    concat,
    intersect,
    plus,
    repeat,
    spine,
    union,
)
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
    Regex,
    Repeat,
    Union,
)

START = behind_of(EPSILON)
"""The start of the text."""

END = ahead_of(EPSILON)
"""The end of the text."""

Node = TypeVar("Node", bound=Hashable)
Result = TypeVar("Result")


def ahead(r: Regex, negated: bool = False) -> Regex:
    """The empty text where `r` matches (negated: does not match) some text from here on."""
    language = concat(r, ANYTHING)
    return ahead_of(complement(language) if negated else language)


def behind(r: Regex, negated: bool = False) -> Regex:
    """The empty text where `r` matches (negated: does not match) some text up to here.

    Raises:
        RegexTooComplexError: a lookahead in `r` looks over the end of `r`, and does not end it.
    """
    cases = _split_end(r)
    if negated:
        return concat(
            *[
                union(
                    behind_of(complement(_anywhere(before))),
                    EMPTY if after is None else ahead_of(complement(after)),
                )
                for before, after in cases
            ]
        )
    return union(
        *[
            concat(behind_of(_anywhere(before)), EPSILON if after is None else ahead_of(after))
            for before, after in cases
        ]
    )


def containing(r: Regex) -> Regex:
    """The texts in which `r` matches somewhere."""
    return whole(concat(_anywhere(r), ANYTHING))


def whole(r: Regex) -> Regex:
    """`r` as a language of whole texts: its assertions see nothing outside of the match.

    Assertions that stand at the start or before the end are resolved right away.
    """
    if r.pure:
        return r
    try:
        return barrier(_settle_start(_settle_end(r, EPSILON)))
    except RecursionError:
        raise RegexTooComplexError("assertions nested too deeply") from None


def unfold(r: Regex, rest: Regex) -> Regex:
    """`r` and then `rest`, up to the end of the text, with no assertion left to begin with.

    It is meant for the present position: the lookbehinds must be up to date.
    """
    try:
        return _unfold(r, rest, consume=False)
    except RecursionError:
        raise RegexTooComplexError("assertions nested too deeply") from None


def substitute(r: Regex, changes: Mapping[Regex, Regex]) -> Regex:
    """`r` with some of its lookbehinds replaced."""

    def children(node: Regex) -> tuple[Regex, ...]:
        if node.behinds.isdisjoint(changes):
            return ()
        if isinstance(node, Ahead):
            return (node.language,)
        if isinstance(node, Concat):
            return (node.head, node.tail)
        if isinstance(node, Union | Intersect):
            return node.parts
        return (node.body,) if isinstance(node, Complement | Repeat) else ()

    def rebuild(node: Regex, done: Mapping[Regex, Regex]) -> Regex:
        if node.behinds.isdisjoint(changes):
            return node
        parts = [done[child] for child in children(node)]
        if isinstance(node, Ahead):
            return ahead_of(*parts)
        if isinstance(node, Concat):
            return concat(*parts)
        if isinstance(node, Union):
            return union(*parts)
        if isinstance(node, Intersect):
            return intersect(*parts)
        if isinstance(node, Complement):
            return complement(*parts)
        if isinstance(node, Repeat):
            return repeat(parts[0], node.low, node.high)
        return changes[node]

    return postorder(r, children, rebuild)


def postorder(
    root: Node,
    children: Callable[[Node], Sequence[Node]],
    visit: Callable[[Node, Mapping[Node, Result]], Result],
) -> Result:
    """Visit a graph without cycles from its leaves to its root, with a stack of its own."""
    done: dict[Node, Result] = {}
    stack = [root]
    while stack:
        node = stack[-1]
        if node in done:
            stack.pop()
            continue
        missing = [child for child in children(node) if child not in done]
        if missing:
            stack.extend(missing)
        else:
            done[stack.pop()] = visit(node, done)
    return done[root]


def _anywhere(r: Regex) -> Regex:
    """Anything and then `r`; what starts at the start of the text starts nowhere else."""
    later = substitute(r, {START: EMPTY})
    if later is r:
        return concat(ANYTHING, r)
    return union(_settle_start(r), concat(plus(ANY), later))


def _settle_end(r: Regex, rest: Regex) -> Regex:
    """`r` and then `rest`, with which the text ends."""
    if not r.open:
        return concat(r, rest)
    for factor in reversed(spine(r)):
        if isinstance(factor, Ahead):
            rest = intersect(factor.language, rest)
        elif factor.open and isinstance(factor, Union):
            rest = union(*[_settle_end(part, rest) for part in factor.parts])
        elif factor.open and isinstance(factor, Repeat) and factor.high == 1:
            rest = union(rest, _settle_end(factor.body, rest))
        else:
            rest = concat(factor, rest)
    return rest


def _settle_start(r: Regex) -> Regex:
    """`r`, with which the text starts."""
    while True:
        head, tail = (r.head, r.tail) if isinstance(r, Concat) else (r, EPSILON)
        if not isinstance(head, Behind):
            break
        if not head.nullable:
            return EMPTY
        r = tail
    if head.open and isinstance(head, Union):
        return union(*[_settle_start(concat(part, tail)) for part in head.parts])
    return r


def _unfold(r: Regex, rest: Regex, consume: bool) -> Regex:
    """As `unfold`; where `consume`, only the matches in which `r` is not empty."""
    if not r.open:
        if consume and r.nullable:
            r = _nonempty(r)
        return concat(r, rest)
    if isinstance(r, Concat):
        skipped = ANYTHING
        ways = []
        while isinstance(r, Concat):
            ways.append(intersect(skipped, _unfold(r.head, concat(r.tail, rest), consume)))
            if not consume:
                return ways[0]
            skipped = intersect(skipped, _when_empty(r.head))
            r = r.tail
        ways.append(intersect(skipped, _unfold(r, rest, consume)))
        return union(*ways)
    if isinstance(r, Union):
        return union(*[_unfold(part, rest, consume) for part in r.parts])
    if isinstance(r, Repeat):
        fewer = None if r.high is None else r.high - 1
        others = concat(repeat(r.body, max(r.low - 1, 0), fewer), rest)
        first = _unfold(r.body, others, consume=True)
        if r.low == 0:
            return first if consume else union(rest, first)
        # Where the body matches the empty text once, it does so as often as is required.
        free = repeat(r.body, 0, fewer)
        after = _unfold(free, rest, consume=True) if consume else concat(free, rest)
        return union(first, intersect(_when_empty(r.body), after))
    return EMPTY if consume else intersect(_when_empty(r), rest)


def _nonempty(r: Regex) -> Regex:
    if isinstance(r, Repeat) and not r.body.nullable:
        return repeat(r.body, 1, r.high)
    return intersect(r, plus(ANY))


def _when_empty(r: Regex) -> Regex:
    """The rests of the text before which `r` matches the empty text."""
    if isinstance(r, Ahead):
        return r.language
    if r.open and isinstance(r, Concat):
        return intersect(*[_when_empty(factor) for factor in spine(r)])
    if r.open and isinstance(r, Union):
        return union(*[_when_empty(part) for part in r.parts])
    if r.open and isinstance(r, Repeat) and r.low > 0:
        return _when_empty(r.body)
    return ANYTHING if r.nullable else EMPTY


def _split_end(r: Regex) -> list[tuple[Regex, Regex | None]]:
    """`r` as cases: an expression that does not look over its end, and a language ahead of it."""
    if not _lookaheads(r):
        return [(r, None)]
    if isinstance(r, Ahead):
        return [(EPSILON, r.language)]
    if isinstance(r, Union):
        return [case for part in r.parts for case in _split_end(part)]
    *before, last = spine(r)
    looking = [index for index, factor in enumerate(before) if _lookaheads(factor)]
    cases = _split_end(last)
    if looking:
        between = before[looking[-1] + 1 :]
        inner = [node for factor in before for node in _lookaheads(factor)]
        settled = all(
            any(factor.pure and not factor.nullable for factor in [*between, case])
            for case, _ in cases
        )
        if not settled or not all(_looks_at_one(node.language) for node in inner):
            raise RegexTooComplexError("a lookahead inside a lookbehind looks over its end")
    elif not before:
        raise RegexTooComplexError("a repeated lookahead inside a lookbehind")
    return [(concat(*before, case), after) for case, after in cases]


def _lookaheads(r: Regex) -> list[Ahead]:
    """The lookaheads in `r` that look at what follows it."""
    found = []
    stack = [r]
    while stack:
        node = stack.pop()
        if isinstance(node, Ahead):
            found.append(node)
        elif node.open and isinstance(node, Concat):
            stack.extend(spine(node))
        elif node.open and isinstance(node, Union):
            stack.extend(node.parts)
        elif node.open and isinstance(node, Repeat):
            stack.append(node.body)
    return found


def _looks_at_one(language: Regex) -> bool:
    """Whether the first code point alone decides membership."""
    if isinstance(language, Complement):
        return _looks_at_one(language.body)
    if isinstance(language, Union | Intersect):
        return all(_looks_at_one(part) for part in language.parts)
    if isinstance(language, Repeat):
        return language.body is ANY or (language.high == 1 and _looks_at_one(language.body))
    if isinstance(language, Concat):
        return isinstance(language.head, Chars) and language.tail is ANYTHING
    return language is EPSILON
