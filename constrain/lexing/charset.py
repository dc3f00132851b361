"""Classes of code points, and the algebra on their ranges."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from constrain.lexing.nodes import EMPTY, Chars, Regex, chars


def char_class(ranges: Iterable[tuple[int, int]]) -> Regex:
    """One code point out of inclusive ranges, given in any order; surrogates are left out."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            if high > merged[-1][1]:
                merged[-1] = (merged[-1][0], high)
        else:
            merged.append((low, high))
    if merged and merged[-1][1] >= 0xD800:
        merged = [
            part
            for low, high in merged
            for part in ((low, min(high, 0xD7FF)), (max(low, 0xE000), high))
            if part[0] <= part[1]
        ]
    return chars(tuple(merged)) if merged else EMPTY


@lru_cache(maxsize=256)
def overlay(sets: tuple[Chars, ...]) -> tuple[tuple[Chars, tuple[int, ...]], ...]:
    """The coarsest partition of the union of sets that refines each: cells and their owners."""
    if len(sets) == 1:
        return ((sets[0], (0,)),)
    return tuple(
        (cell, tuple([index for index, members in enumerate(sets) if members in owners]))
        for cell, owners in _partition(frozenset(sets))
    )


@lru_cache(maxsize=256)
def _partition(sets: frozenset[Chars]) -> tuple[tuple[Chars, frozenset[Chars]], ...]:
    ordered = list(sets)
    events = []
    for index, members in enumerate(ordered):
        bit = 1 << index
        for low, high in members.ranges:
            events.append((low, bit))
            events.append((high + 1, bit))
    events.sort()
    cells: dict[int, list[tuple[int, int]]] = {}
    active = start = 0
    for point, bit in events:
        if active and point > start:
            cells.setdefault(active, []).append((start, point - 1))
        active ^= bit
        start = point
    return tuple(
        (chars(tuple(cell)), frozenset([ordered[index] for index in _bits(mask)]))
        for mask, cell in cells.items()
    )


def _bits(mask: int) -> list[int]:
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found


@lru_cache(maxsize=256)
def join(sets: tuple[Chars, ...]) -> Chars:
    """The union of classes."""
    if len(sets) == 1:
        return sets[0]
    merged = char_class([pair for members in sets for pair in members.ranges])
    assert isinstance(merged, Chars)
    return merged


def subtract(left: Chars, right: Chars) -> Regex:
    cells = [cell for cell, owners in overlay((left, right)) if owners == (0,)]
    return cells[0] if cells else EMPTY


def meet(left: Chars, right: Chars) -> Chars | None:
    return next((cell for cell, owners in overlay((left, right)) if len(owners) == 2), None)
