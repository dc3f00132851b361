"""Ranges of code points as sequences of UTF-8 byte ranges."""

from __future__ import annotations

from functools import lru_cache

Ranges = tuple[tuple[int, int], ...]
Branches = tuple[tuple[int, int, "Branches"], ...]
"""Alternatives (low byte, high byte, what follows); what follows the last byte is ()."""

_LIMITS = (0x7F, 0x7FF, 0xFFFF, 0x10FFFF)
_BEYOND_ASCII = 0x110000 - 0x800 - 0x80
"""Code points that are neither ASCII nor surrogates."""
_FIRST_SURROGATE, _LAST_SURROGATE = 0xD800, 0xDFFF


@lru_cache(maxsize=4096)
def utf8_parts(ranges: Ranges) -> tuple[Ranges, Branches | None]:
    """Return what of `ranges` (sorted, disjoint) is ASCII, and the byte sequences of the rest.

    None stands for all that is not ASCII. Surrogates have no encoding and are left out.
    """
    ascii_part = tuple((low, min(high, 0x7F)) for low, high in ranges if low < 0x80)
    beyond = tuple((max(low, 0x80), high) for low, high in ranges if high >= 0x80)
    if sum(high - low + 1 for low, high in beyond) == _BEYOND_ASCII:
        return ascii_part, None
    return ascii_part, _branches(beyond)


def _branches(ranges: Ranges) -> Branches:
    merged: list[tuple[int, int, Branches]] = []
    for low, high in ranges:
        for part_low, part_high in _encodable(low, high):
            for branch in _sequence(part_low, part_high):
                _append(merged, branch)
    return tuple(merged)


def _encodable(low: int, high: int) -> list[tuple[int, int]]:
    parts = []
    start = low
    for limit in _LIMITS:
        if start <= high and start <= limit:
            end = min(high, limit)
            if end >= _FIRST_SURROGATE and start <= _LAST_SURROGATE:
                if start < _FIRST_SURROGATE:
                    parts.append((start, _FIRST_SURROGATE - 1))
                if end > _LAST_SURROGATE:
                    parts.append((_LAST_SURROGATE + 1, end))
            else:
                parts.append((start, end))
            start = limit + 1
    return parts


def _sequence(low: int, high: int) -> list[tuple[int, int, Branches]]:
    """Split a range of equally long encodings."""
    first, last = chr(low).encode(), chr(high).encode()
    return _split(first, last)


def _split(first: bytes, last: bytes) -> list[tuple[int, int, Branches]]:
    if len(first) == 1:
        return [(first[0], last[0], ())]
    if first[0] == last[0]:
        return [(first[0], last[0], tuple(_split(first[1:], last[1:])))]
    least, greatest = b"\x80" * (len(first) - 1), b"\xbf" * (len(first) - 1)
    low, high = first[0], last[0]
    result = []
    if first[1:] != least:
        result.append((low, low, tuple(_split(first[1:], greatest))))
        low += 1
    closing = []
    if last[1:] != greatest:
        closing.append((high, high, tuple(_split(least, last[1:]))))
        high -= 1
    if low <= high:
        result.append((low, high, tuple(_split(least, greatest))))
    return result + closing


def _append(merged: list[tuple[int, int, Branches]], branch: tuple[int, int, Branches]) -> None:
    """Append a branch, joining it with the one before where the lead byte is shared."""
    if merged:
        low, high, tail = merged[-1]
        if tail and low == high == branch[0] == branch[1]:
            joined = list(tail)
            for sub in branch[2]:
                _append(joined, sub)
            merged[-1] = (low, high, tuple(joined))
            return
    merged.append(branch)
