"""Keys and values of prefixes that a transformer has read, kept between calls.

A block is the cache of one forward pass: rows of equal length, without padding, or trees of rows
(`packing.py`). A new prefix starts from the row that shares the most tokens with it. No tensor of a
block is ever written to: a pass that continues a block leaves new ones.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from .packing import Places

_MOST_BLOCKS = 8


@dataclass(frozen=True, eq=False)
class Block:
    """Rows that were read together.

    Attributes:
        rows: n token sequences, of one length where they are no trees.
        cache: a `DynamicCache` whose layers hold keys and values [n, heads, length, head size];
            for trees n is their number.
        places: for trees, where each row is.
    """

    rows: tuple[tuple[int, ...], ...]
    cache: Any
    places: tuple[Places, ...] | None = None

    @cached_property
    def index(self) -> dict[tuple[int, ...], int]:
        return {row: i for i, row in enumerate(self.rows)}

    def read(self, states: torch.Tensor, row: int, length: int) -> torch.Tensor:
        """The first `length` of a row's keys or values, [1, heads, length, head size]."""
        if self.places is None:
            return states[row : row + 1, :, :length]
        lane, columns = self.places[row]
        return states[lane : lane + 1, :, columns[:length].to(states.device)]

    @property
    def nbytes(self) -> int:
        return sum(t.nbytes for layer in self.cache.layers for t in (layer.keys, layer.values))


@dataclass(frozen=True, slots=True)
class Match:
    """A row of a block of which the first `length` tokens are those of a prefix."""

    block: Block
    row: int
    length: int


class PrefixCache:
    """The blocks of the latest passes, within a bound on their bytes."""

    def __init__(self, nbytes: int) -> None:
        self._nbytes = nbytes
        self._blocks: list[Block] = []  # latest first

    def match(self, prefix: tuple[int, ...]) -> Match | None:
        """The row that shares the most tokens with the beginning of `prefix`."""
        best: Match | None = None
        length = 0
        for block in self._blocks:
            if block.places is not None:
                continue
            size = len(block.rows[0])
            row = block.index.get(prefix[:size])
            if row is not None and size > length:
                best, length = Match(block, row, size), size
        if length >= len(prefix) - 1:
            return best
        for block in self._blocks:
            for row, known in enumerate(block.rows):
                if known[: length + 1] == prefix[: length + 1]:
                    length = _common_length(known, prefix)
                    best = Match(block, row, length)
        return best

    def add(self, block: Block) -> None:
        """Keep a block, first of all; it replaces those that it continues in every row."""
        blocks = [block]
        for old in self._blocks:
            size = len(old.rows[0])
            if not {row[:size] for row in block.rows}.issuperset(old.rows):
                blocks.append(old)
        room = self._nbytes
        self._blocks = []
        for block in blocks[:_MOST_BLOCKS]:
            room -= block.nbytes
            if room < 0:
                break
            self._blocks.append(block)


def assemble(matches: Sequence[Match], length: int) -> Any:
    """The first `length` keys and values of each match, as a cache to continue; rows in order."""
    first = matches[0].block
    rows = [match.row for match in matches]
    cache = copy.copy(first.cache)
    cache.layers = []
    for depth, layer in enumerate(first.cache.layers):
        if first.places or any(match.block is not first for match in matches):
            layers = [match.block.cache.layers[depth] for match in matches]
            pairs = list(zip(matches, layers, strict=True))
            keys = torch.cat([m.block.read(other.keys, m.row, length) for m, other in pairs])
            values = torch.cat([m.block.read(other.values, m.row, length) for m, other in pairs])
        elif rows == list(range(len(first.rows))):
            keys, values = layer.keys[:, :, :length], layer.values[:, :, :length]
        else:
            keys, values = layer.keys[rows, :, :length], layer.values[rows, :, :length]
        layer = copy.copy(layer)
        layer.keys, layer.values = keys, values
        cache.layers.append(layer)
    return cache


def assemble_lanes(matches: Sequence[Match | None], lengths: Sequence[int]) -> Any:
    """The first keys and values of each match, so many, padded at the beginning; not all are 0."""
    first = next(match.block.cache for match in matches if match)
    cache = copy.copy(first)
    cache.layers = []
    for depth, layer in enumerate(first.layers):
        layer = copy.copy(layer)
        for name in ("keys", "values"):
            _, heads, _, size = getattr(layer, name).shape
            states = getattr(layer, name).new_zeros(len(matches), heads, max(lengths), size)
            for lane, (match, length) in enumerate(zip(matches, lengths, strict=True)):
                if match and length:
                    known = getattr(match.block.cache.layers[depth], name)
                    states[lane, :, -length:] = match.block.read(known, match.row, length)[0]
            setattr(layer, name, states)
        cache.layers.append(layer)
    return cache


def _common_length(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    """How many tokens at the beginning are the same."""
    pairs = enumerate(zip(a, b))  # noqa: B905 - up to the shorter
    return next((i for i, (x, y) in pairs if x != y), min(len(a), len(b)))
