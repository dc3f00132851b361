"""Expressions that match all texts but finitely many, and others that any text may begin."""

from __future__ import annotations

from constrain.lexing.nodes import (
    ANY,
    ANYTHING,
    EMPTY,
    EPSILON,
    Chars,
    Complement,
    Concat,
    Intersect,
    Regex,
    Repeat,
    Union,
    Words,
)
from constrain.lexing.regex import complement, intersect, words

_MAX_CHARS = 64


def left_out(regex: Regex) -> frozenset[str] | None:
    """Return the texts that an expression leaves out, None unless they are plainly few."""
    if regex is ANYTHING:
        return frozenset()
    if isinstance(regex, Complement):
        return _members(regex.body)
    if isinstance(regex, Intersect):
        found: frozenset[str] = frozenset()
        for part in regex.parts:
            texts = left_out(part)
            if texts is None:
                return None
            found |= texts
        return found
    return None


def open_ended(regex: Regex) -> bool:
    """Return whether every text is the beginning of matches of any great length.

    That is so at least where it plainly is.
    """
    if isinstance(regex, Union):
        return any(map(open_ended, regex.parts))
    if isinstance(regex, Concat):
        return regex.tail.pure and regex.tail.live and _is_anything(regex.head)
    if isinstance(regex, Intersect):
        others = [part for part in regex.parts if not _is_long_or_cofinite(part)]
        return not others or (len(others) == 1 and open_ended(others[0]))
    return _is_long_or_cofinite(regex)


def _is_long_or_cofinite(regex: Regex) -> bool:
    return _is_anything(regex) or left_out(regex) is not None


def _is_anything(regex: Regex) -> bool:
    """Whether an expression matches all texts of a least length."""
    return isinstance(regex, Repeat) and regex.body is ANY and regex.high is None


def apart(regex: Regex) -> tuple[Regex, frozenset[str]]:
    """Return an expression without the texts that it plainly leaves out, and these texts."""
    texts = left_out(regex)
    if texts is not None:
        return ANYTHING, texts
    if not isinstance(regex, Intersect):
        return regex, frozenset()
    found = [(part, left_out(part)) for part in regex.parts]
    rest = [part for part, texts in found if texts is None]
    return intersect(*rest), frozenset().union(*(texts for _, texts in found if texts is not None))


def all_but(texts: frozenset[str]) -> Regex:
    """Return the expression that leaves out these texts."""
    return complement(words(texts)) if texts else ANYTHING


def _members(regex: Regex) -> frozenset[str] | None:
    if regex is EMPTY:
        return frozenset()
    if regex is EPSILON:
        return frozenset(("",))
    if isinstance(regex, Words):
        return frozenset(regex.texts)
    if isinstance(regex, Chars):
        size = sum(high - low + 1 for low, high in regex.ranges)
        if size > _MAX_CHARS:
            return None
        return frozenset(chr(c) for low, high in regex.ranges for c in range(low, high + 1))
    if isinstance(regex, Union):
        parts = [_members(part) for part in regex.parts]
        return None if None in parts else frozenset().union(*(p for p in parts if p is not None))
    return None
