"""How the characters of JSON strings are escaped, as sets of code points."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from constrain.lexing.lexeme import Spelling
from constrain.lexing.regex import Regex, arcs
from constrain.lexing.utf8 import Ranges
from constrain.texts import json_text

SHORT_ESCAPES = {
    ord('"'): '"',
    ord("\\"): "\\",
    ord("/"): "/",
    8: "b",
    9: "t",
    10: "n",
    12: "f",
    13: "r",
}
LONG_ESCAPES: Ranges = ((0, 7), (11, 11), (14, 31))
_LONG = re.compile(f"[{chr(0)}-{chr(7)}{chr(11)}{chr(14)}-{chr(31)}]")
MUST_ESCAPE: Ranges = ((0, 31), (ord('"'), ord('"')), (ord("\\"), ord("\\")))
EVERY: Ranges = ((0, 0x10FFFF),)
HIGH_SURROGATES = range(0xD800, 0xDC00)
LOW_SURROGATES = range(0xDC00, 0xE000)


@dataclass(frozen=True, slots=True)
class Hex:
    """A place in a \\uXXXX escape."""

    regex: Regex
    spelling: Spelling
    value: int
    """The digits read."""
    digits: int
    """The number of digits to come."""
    high: int
    """The high surrogate that the escape completes, or 0."""


def possible(at: Hex, first: int, last: int) -> Ranges:
    """Return the code points that escapes with a value from `first` to `last` can stand for."""
    if at.spelling == "minimal":
        return tuple(
            (max(first, a), min(last, b)) for a, b in LONG_ESCAPES if a <= last and b >= first
        )
    if at.high:
        low, high = max(first, LOW_SURROGATES.start), min(last, LOW_SURROGATES.stop - 1)
        base = 0x10000 + ((at.high - HIGH_SURROGATES.start) << 10) - LOW_SURROGATES.start
        return ((base + low, base + high),) if low <= high else ()
    plain = ((first, min(last, 0xD7FF)), (max(first, 0xE000), last))
    low, high = max(first, HIGH_SURROGATES.start), min(last, HIGH_SURROGATES.stop - 1)
    if low > high:
        return tuple((a, b) for a, b in plain if a <= b)
    base = 0x10000 - (HIGH_SURROGATES.start << 10)
    pairs = (base + (low << 10), base + (high << 10) + 0x3FF)
    return (*((a, b) for a, b in plain if a <= b), pairs)


@lru_cache(maxsize=4096)
def spell(word: str) -> bytes:
    """Return the content of the minimal JSON string of a word."""
    return json_text(word)[1:-1].encode()


def spelt_once(word: str) -> bool:
    """Return whether a word has one minimal spelling: hexadecimal digits may be of either case."""
    return not _LONG.search(word)


def after(regex: Regex, code: int) -> Regex | None:
    for ranges, target in arcs(regex):
        for low, high in ranges:
            if low <= code <= high:
                return target
    return None


def meets(regex: Regex, wanted: Ranges) -> bool:
    return any(meet(ranges, wanted) for ranges, _ in arcs(regex))


def meet(ranges: Ranges, wanted: Ranges) -> bool:
    last = wanted[-1][1] if wanted else -1
    for low, high in ranges:
        if low > last:
            break
        for a, b in wanted:
            if low <= b and a <= high:
                return True
    return False


@lru_cache(maxsize=4096)
def raw(ranges: Ranges) -> Ranges:
    """Return what of `ranges` stands unescaped in a JSON string."""
    result = []
    for low, high in ranges:
        start = max(low, 0x20)
        for code in (ord('"'), ord("\\")):
            if start <= code <= high:
                if start < code:
                    result.append((start, code - 1))
                start = code + 1
        if start <= high:
            result.append((start, high))
    return tuple(result)
