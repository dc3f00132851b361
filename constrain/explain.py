"""Where a JSON text leaves its constraint, and what could have stood there."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from constrain.schema.frames import Value
from constrain.schema.positions import Position
from constrain.schema.stacks import Configuration

if TYPE_CHECKING:
    from constrain.engine import Constraint, Matcher
    from constrain.vocabulary import Vocabulary

_SPACE = frozenset(b" \t\n\r")
_DELIMITERS = frozenset(b",]}") | _SPACE
_NUMBER = frozenset(b"+-.0123456789Ee")
_END = 256
_END_SHOWN = "the end of the text"

_MOST_ALTERNATIVES = 8
_LONGEST_ALTERNATIVE = 64
_WIDEST_CHOICE = 20
_MOST_STEPS = 300


@dataclass(frozen=True, slots=True)
class Refusal:
    """The first byte at which no valid text goes on as this one does.

    Attributes:
        position: its offset in bytes; the length of the text where the text only ends too early.
        line, column: the same place in lines and characters, from 1.
        pointer: JSON pointer to the value that is being written there.
        found: the token that stands there, shortened; empty at the end of the text.
        after: the part of the token that is right, where `expected` goes on from it.
        expected: what could have stood there: whole tokens, or the characters after `after`.
        schemas: JSON pointers to the schemas that a value there has to satisfy.
    """

    position: int
    line: int
    column: int
    pointer: str
    found: str
    after: str
    expected: tuple[str, ...]
    schemas: tuple[str, ...]


def byte_vocabulary() -> Vocabulary:
    """Return the vocabulary of the 256 single bytes and, as token 256, the end of the text."""
    from constrain.vocabulary import Vocabulary

    return Vocabulary.from_bytes([*(bytes([b]) for b in range(256)), None], eos_token_ids=[_END])


def explain(constraint: Constraint, text: bytes) -> Refusal | None:
    """Follow a JSON text byte by byte; return where it is refused, or None if it is valid.

    Args:
        constraint: compiled for `byte_vocabulary()`.
        text: the JSON text in UTF-8.
    """
    matcher = constraint.matcher()
    position = next((i for i, byte in enumerate(text) if not matcher.accept(byte)), len(text))
    if position == len(text) and matcher.is_accepting():
        return None
    allowed = _allowed(matcher)
    pointer, start = _place(text, position, ends_scalar=bool(allowed & _DELIMITERS))
    so_far = text[start:position] or text[position - 1 : position]
    matcher.rollback(position - start)
    expected = _alternatives(matcher, after_number=start == position and _is_number(so_far))
    after = b""
    if expected is None:
        expected, after = _describe(_telling(allowed, so_far)), text[start:position]
    line_start = text.rfind(b"\n", 0, position) + 1
    return Refusal(
        position=position,
        line=text.count(b"\n", 0, position) + 1,
        column=len(text[line_start:position].decode("utf-8", "replace")) + 1,
        pointer=pointer,
        found=_excerpt(text, start, position),
        after=after.decode("utf-8", "replace"),
        expected=expected,
        schemas=_schemas(matcher),
    )


def pointer_of(path: Iterable[str | int]) -> str:
    """Return the JSON pointer of keys and indices."""
    return "".join(f"/{str(p).replace('~', '~0').replace('/', '~1')}" for p in path)


@dataclass(slots=True)
class _Frame:
    """An open object or array: which of its members the scan is in."""

    is_object: bool
    member: str | int
    within: bool  # in the member's value, rather than before or after it


def _place(text: bytes, position: int, *, ends_scalar: bool) -> tuple[str, int]:
    """Return the pointer to the value at `position`, and where the token there starts.

    `ends_scalar`: a number or word that ends right before `position` is over, not cut short.
    """
    frames: list[_Frame] = []
    start, i = position, 0
    while i < position:
        frame = frames[-1] if frames else None
        byte = text[i : i + 1]
        end = i + 1
        if byte in b"{[":
            frames.append(_Frame(byte == b"{", 0, byte == b"["))
        elif byte in b"}]":
            frames = frames[:-1]
            frame = frames[-1] if frames else None
            if frame:
                frame.within = False
        elif byte == b"," and frame:
            if not frame.is_object:
                frame.member = int(frame.member) + 1
            frame.within = not frame.is_object
        elif byte == b":" and frame:
            frame.within = True
        elif text[i] not in _SPACE:
            end = string_end(text, i) if byte == b'"' else _scalar_end(text, i)
            if end > position or (end == position and byte != b'"' and not ends_scalar):
                start = i
                break
            if frame and frame.is_object and not frame.within:
                frame.member = _decode(text[i:end])
            elif frame:
                frame.within = False
        i = end
    path = [f.member for f in frames[:-1]]
    if frames and frames[-1].within:
        path.append(frames[-1].member)
    return pointer_of(path), start


def string_end(text: bytes, start: int) -> int:
    """Return the offset after the string that starts here; past the text if it does not end."""
    i = start + 1
    while i < len(text) and text[i] != ord('"'):
        i += 2 if text[i] == ord("\\") else 1
    return i + 1


def _scalar_end(text: bytes, start: int) -> int:
    return next((i for i in range(start, len(text)) if text[i] in _DELIMITERS), len(text))


def _decode(string: bytes) -> str:
    try:
        return str(json.loads(string))
    except ValueError:
        return string.decode("utf-8", "replace")


def _allowed(matcher: Matcher) -> frozenset[int]:
    """Return the bytes allowed next, with `_END` where the text may end."""
    row = np.zeros(_END // 32 + 1, dtype=np.int32)
    matcher.fill_bitmask(row)
    bits = np.unpackbits(row.view(np.uint8), bitorder="little")
    return frozenset(int(b) for b in np.flatnonzero(bits))


def _schemas(matcher: Matcher) -> tuple[str, ...]:
    """Return the JSON pointers of the schemas that the value to come has to satisfy."""
    begun = matcher.fork()
    if not any(begun.accept(byte) for byte in sorted(_allowed(matcher) - _SPACE - {_END})):
        return ()
    frames = [
        frame
        for node, _, _ in begun.alternatives
        if isinstance(node.config, Configuration)
        for frame in node.config.frames
        if isinstance(frame, Value)
    ]
    atoms = dict.fromkeys(atom for frame in frames for atom in frame.node.atoms)
    return tuple(atom.pointer() for atom in atoms if isinstance(atom, Position))


def _is_number(token: bytes) -> bool:
    return token[:1] == b"-" or token[:1].isdigit()


def _telling(allowed: frozenset[int], token: bytes) -> frozenset[int]:
    """Leave out spellings that go without saying, unless there is nothing else to say."""
    if token.startswith(b'"'):
        return allowed - {ord("\\")} or allowed
    if _is_number(token):
        may_end = allowed & (_DELIMITERS | {_END})
        allowed = allowed - (_NUMBER if may_end else frozenset(b"eE")) or allowed
    return allowed - _SPACE or allowed


def _alternatives(matcher: Matcher, *, after_number: bool) -> tuple[str, ...] | None:
    """Return all tokens that may come next, or None where they are many.

    A comma or colon before the token is shown with it, and of objects and arrays the bracket.
    """
    found: set[str] = set()
    pending = deque([(b"", matcher.fork())])
    for _ in range(_MOST_STEPS):
        if not pending or len(found) > _MOST_ALTERNATIVES:
            break
        text, here = pending.popleft()
        token = text.lstrip(b",: \t\n\r")
        allowed = _allowed(here)
        if not token:
            if _END in allowed:
                found.add(_END_SHOWN)
            following = _telling(allowed, b"0" if after_number and not text else b"")
        elif token in (b"{", b"}", b"[", b"]") or _is_string(token):
            found.add(_show(text))
            continue
        else:
            if not token.startswith(b'"') and allowed & (_DELIMITERS | {_END}):
                found.add(_show(text))
                allowed &= _NUMBER
            following = _telling(allowed, token)
        following -= {_END}
        if len(token) > _LONGEST_ALTERNATIVE or len(following) > _WIDEST_CHOICE:
            return None
        for byte in following:
            child = here.fork()
            child.accept(byte)
            pending.append((text + bytes([byte]), child))
    return tuple(sorted(found)) if not pending and found else None


def _is_string(token: bytes) -> bool:
    return token.startswith(b'"') and string_end(token, 0) <= len(token)


def _show(alternative: bytes) -> str:
    """Return the text of an alternative, with one space after a comma or colon."""
    head, tail = alternative[:1].decode(), alternative[1:].decode("utf-8", "replace")
    return f"{head} {tail.strip()}".rstrip() if head in ",:" else head + tail


def _describe(allowed: frozenset[int]) -> tuple[str, ...]:
    """Return a set of bytes as a few words and ranges of characters."""
    words = [_END_SHOWN] if _END in allowed else []
    printable = {b for b in allowed if 0x20 <= b < 0x7F}
    if len(printable) > 90:
        missing = sorted(set(range(0x20, 0x7F)) - printable - set(b'"\\'))
        tail = f" but {' '.join(map(chr, missing))}" if missing else ""
        return (*words, f"any character{tail}")
    letters = {b for b in printable if chr(b).isalnum()}
    words += [chr(b) for b in sorted(printable - letters)]
    words += [
        chr(a) if a == b else f"{chr(a)}{chr(b)}" if b == a + 1 else f"{chr(a)}-{chr(b)}"
        for a, b in _runs(letters)
    ]
    if any(0x80 <= b < 0x100 for b in allowed):
        words.append("characters beyond ASCII")
    return tuple(words)


def _runs(values: Iterable[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for value in sorted(values):
        if runs and runs[-1][1] == value - 1:
            runs[-1] = (runs[-1][0], value)
        else:
            runs.append((value, value))
    return runs


def _excerpt(text: bytes, start: int, position: int) -> str:
    """Return the token at or right before the refused byte, as far as it is worth showing."""
    if position >= len(text):
        return ""
    if text[start] == ord('"'):
        end = string_end(text, start)
    elif text[start] in b"{}[],:":
        end = start + 1
    else:
        end = _scalar_end(text, start)
    shown = text[start : max(end, start + 1)].decode("utf-8", "replace")
    return shown if len(shown) <= 40 else f"{shown[:37]}..."
