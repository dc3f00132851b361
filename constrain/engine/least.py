"""What is least in a state of a lexeme: bytes to its end, and the text there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from constrain.engine import layout
from constrain.engine.escapes import Hex, spell
from constrain.lexing.lexeme import JSONString, Literal, Part, Space, Text
from constrain.lexing.regex import Regex, shortest

QUOTES_TO_COME = {"text": 0, "content": 1, "quote": 2}
"""Quotes from a lazy state to the end of its part, by the kind of the state."""
_LONGEST_CHARACTER = 4
"""Bytes of a code point in UTF-8, at most."""


def least_bytes(origin: tuple[Any, ...]) -> int:
    """Return a lower bound of the bytes from a lazy state, named by its origin, to its end."""
    return _least_own(origin) + sum(map(_least_part, origin[-1]))


def _least_own(origin: tuple[Any, ...]) -> int:
    kind = origin[0]
    if kind in QUOTES_TO_COME:
        return int(origin[1].least) + QUOTES_TO_COME[kind]
    if kind == "literal":
        return len(origin[1])
    if kind in ("utf-8", "tail"):
        target = origin[1] if kind == "tail" else origin[2]
        known = target[0] == "literal" or target[0] in QUOTES_TO_COME
        return 1 + (_least_own(target) if known else 0)
    if kind == "escape":
        return 1 + _least_after_character(origin[1])
    at: Hex = origin[1]
    digits = at.digits + {"hex": 0, "pair-u": 1, "pair": 2}[kind]
    return digits + _least_after_character(at.regex)


def least_text(what: Sequence[Any], count: int, low: int, high: int) -> bytes | None:
    """Return the least text to the end of a part, where that is plain to see.

    Args:
        what: names the state (see `Member.origin`), what follows the part aside.
        count: the counter of the state.
        low, high: the bounds of the state.
    """
    phase, used = count & (layout.PHASES - 1), count >> layout.PHASE_BITS
    opening = b'"' if what[0] == "quote" or (what[0] == "string" and phase == 0) else b""
    if what[0] == "space":
        return b""
    if what[0] == "literal":
        return bytes(what[1][count:])
    if what[0] == "spelt":
        if phase:
            return None
        rest = what[1][max(used - 1, 0) :] if used < len(what[1]) + 2 else ""
        closing = b'"' if used < len(what[1]) + 2 else b""
        return b'"' * (used == 0) + spell(rest) + closing
    if what[0] == "string" and phase <= layout.BODY:
        return opening + b" " * (low - used) + b'"'
    if what[0] not in QUOTES_TO_COME or not what[1].simple:
        return None
    found = shortest(what[1])
    if found is None or 0 <= high < used + len(found):
        return None
    text = found.encode()
    if what[0] == "text":
        return text
    return opening + text + b'"' if spell(found) == text else None


def least_of(parts: Iterable[Part]) -> bytes | None:
    """Return the least text of parts that are literals and white space; None of others."""
    found = [part.data for part in parts if isinstance(part, Literal)]
    return None if any(isinstance(p, (Text, JSONString)) for p in parts) else b"".join(found)


def _least_after_character(regex: Regex) -> int:
    return max(0, regex.least - _LONGEST_CHARACTER) + 1


def _least_part(part: Part) -> int:
    if isinstance(part, Literal):
        return len(part.data)
    if isinstance(part, Text):
        return part.regex.least
    return 0 if isinstance(part, Space) else part.low + 2
