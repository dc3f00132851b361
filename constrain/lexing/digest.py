"""Short names of expressions: what knows an expression by its digest does not keep it alive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
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


def digest(regex: Regex) -> bytes:
    """Return 16 bytes that stand for an expression.

    Expressions that are built alike have the same digest, also when one of them has gone before
    the other is made. Machines are told apart by identity.
    """
    pending = [regex]
    while pending:
        node = pending[-1]
        parts = _parts(node)
        missing = [part for part in parts if part._digest is None]
        if missing:
            pending += missing
            continue
        pending.pop()
        if node._digest is None:
            node._digest = _hash(_describe(node, [part._digest or b"" for part in parts]))
    assert regex._digest is not None
    return regex._digest


def fingerprint(value: Any) -> bytes:
    """Return 16 bytes that stand for a value: tuples, parts of lexemes, scalars, expressions."""
    return _hash(_encode(value))


def _hash(data: bytes) -> bytes:
    return blake2b(data, digest_size=_SIZE).digest()


def _encode(value: Any) -> bytes:
    if isinstance(value, Regex):
        return b"R" + digest(value)
    if isinstance(value, tuple):
        return b"(" + b"".join(map(_encode, value)) + b")"
    if is_dataclass(value):
        members = tuple(getattr(value, field.name) for field in fields(value))
        return type(value).__name__.encode() + _encode(members)
    return repr(value).encode() + b";"


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


def _describe(node: Regex, parts: list[bytes]) -> bytes:
    kind = type(node).__name__.encode()
    if isinstance(node, (Union, Intersect)):
        parts.sort()
    if isinstance(node, Repeat):
        kind += repr((node.low, node.high)).encode()
    elif isinstance(node, Chars):
        kind += repr(node.ranges).encode()
    elif isinstance(node, Words):
        kind += _words(node)
    elif isinstance(node, Leaf):
        kind += str(next(_serials)).encode()
    return kind + b"|" + b"".join(parts)


def _words(node: Words) -> bytes:
    if node.high - node.low <= _FEW_TEXTS:
        return repr(node.texts).encode()
    lexicon = node.lexicon
    if lexicon.digest is None:
        lexicon.digest = _hash(repr(lexicon.texts).encode())
    return lexicon.digest + repr((node.low, node.high, node.depth)).encode()
