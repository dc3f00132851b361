"""Short names of expressions: what knows an expression by its digest does not keep it alive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from hashlib import blake2b
from itertools import count
from typing import Any

from constrain.lexing.nodes import (
    Ahead,
    Behind,
    Chars,
    Complement,
    Concat,
    Intersect,
    Leaf,
    Regex,
    Repeat,
    Union,
    Whole,
    Words,
)

_FEW_TEXTS = 64
_SIZE = 16

_serials = count()


REACH = 128
"""Bytes that `near` looks ahead."""


def digest(regex: Regex) -> bytes:
    """Return 16 bytes that stand for an expression.

    Expressions that are built alike have the same digest, also when one of them has gone before
    the other is made. Machines are told apart by identity.
    """
    return _digest(regex, near=False)


def near(regex: Regex) -> bytes:
    """Return 16 bytes that stand for which texts of up to `REACH` bytes begin, or are, a match.

    Counts that so few bytes do not reach make no difference to that, where nothing in the
    expression can tell: in a simple one.
    """
    return _digest(regex, near=regex.simple)


def _digest(regex: Regex, near: bool) -> bytes:
    pending = [regex]
    while pending:
        node = pending[-1]
        parts = _parts(node)
        missing = [part for part in parts if _known(part, near) is None]
        if missing:
            pending += missing
            continue
        pending.pop()
        if _known(node, near) is None:
            found = _hash(_describe(node, [_known(part, near) or b"" for part in parts], near))
            if near:
                node._near = found
            else:
                node._digest = found
    result = _known(regex, near)
    assert result is not None
    return result


def _known(node: Regex, near: bool) -> bytes | None:
    return node._near if near else node._digest


def fingerprint(value: Any, name: Callable[[Regex], bytes]) -> bytes:
    """Return 16 bytes that stand for a value: tuples, parts of lexemes, scalars, expressions.

    `name` is what stands for an expression, `digest` or `near`.
    """
    return _hash(_encode(value, name))


def _hash(data: bytes) -> bytes:
    return blake2b(data, digest_size=_SIZE).digest()


def _encode(value: Any, name: Callable[[Regex], bytes]) -> bytes:
    if isinstance(value, Regex):
        return b"R" + name(value)
    if isinstance(value, tuple):
        return b"(%b)" % b"".join([_encode(member, name) for member in value])
    attributes = _attributes(value.__class__)
    if attributes is not None:
        members = b"".join([_encode(getattr(value, a), name) for a in attributes])
        return b"%b(%b)" % (type(value).__name__.encode(), members)
    return repr(value).encode() + b";"


@cache
def _attributes(kind: Any) -> tuple[str, ...] | None:
    """Return the names of a dataclass's fields; None of other classes."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else None


def _parts(node: Regex) -> Sequence[Regex]:
    if isinstance(node, Concat):
        return node.head, node.tail
    if isinstance(node, (Union, Intersect)):
        return node.parts
    if isinstance(node, (Complement, Repeat, Whole)):
        return (node.body,)
    if isinstance(node, (Ahead, Behind)):
        return (node.language,)
    return ()


def _describe(node: Regex, parts: list[bytes], near: bool) -> bytes:
    kind = type(node).__name__.encode()
    if isinstance(node, (Union, Intersect)):
        parts.sort()
    if isinstance(node, Repeat):
        kind += repr(_counts(node) if near else (node.low, node.high)).encode()
    elif isinstance(node, Chars):
        kind += repr(node.ranges).encode()
    elif isinstance(node, Words):
        kind += _words(node)
    elif isinstance(node, Leaf):
        kind += str(next(_serials)).encode()
    return kind + b"|" + b"".join(parts)


def _counts(node: Repeat) -> tuple[int, int | None]:
    most = REACH // max(node.body.least, 1)
    high = None if node.high is None or node.high > most else node.high
    return min(node.low, most + 1), high


def _words(node: Words) -> bytes:
    if node.high - node.low <= _FEW_TEXTS:
        return repr(node.texts).encode()
    lexicon = node.lexicon
    if lexicon.digest is None:
        lexicon.digest = _hash(repr(lexicon.texts).encode())
    return lexicon.digest + repr((node.low, node.high, node.depth)).encode()
