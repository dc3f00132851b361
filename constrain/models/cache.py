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
from typing import Any, TypeAlias

import torch

from .packing import Places

_MOST_BLOCKS = 8

Index: TypeAlias = tuple[slice, slice, "slice | torch.Tensor"]
"""Where keys or values are: in which row of the batch, for all heads, at which positions."""


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

    def where(self, row: int, length: int) -> Index:
        """Where the first `length` of a row's keys or values are."""
        lane, begin = row, 0
        if self.places is not None:
            lane, columns = self.places[row]
            begin = int(columns[0])
            if int(columns[length - 1]) - begin >= length:
                device = self.cache.layers[0].keys.device
                return slice(lane, lane + 1), slice(None), columns[:length].to(device)
        return slice(lane, lane + 1), slice(None), slice(begin, begin + length)

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
    places = [match.block.where(match.row, length) for match in matches]
    cache = copy.copy(first.cache)
    cache.layers = []
    for depth, layer in enumerate(first.cache.layers):
        if first.places or any(match.block is not first for match in matches):
            layers = [match.block.cache.layers[depth] for match in matches]
            pairs = list(zip(layers, places, strict=True))
            keys = torch.cat([other.keys[place] for other, place in pairs])
            values = torch.cat([other.values[place] for other, place in pairs])
        elif rows == list(range(len(first.rows))):
            keys, values = layer.keys[:, :, :length], layer.values[:, :, :length]
        else:
            keys, values = layer.keys[rows, :, :length], layer.values[rows, :, :length]
        layer = copy.copy(layer)
        layer.keys, layer.values = keys, values
        cache.layers.append(layer)
    return cache


def assemble_lanes(matches: Sequence[Match | None], lengths: Sequence[int]) -> Any:
    """The first keys and values of each match, so many, each after others that are to be hidden
    where it is not the longest; not all lengths are 0."""
    known = [
        (match.block, match.block.where(match.row, length)) if match and length else None
        for match, length in zip(matches, lengths, strict=True)
    ]
    width = max(lengths)
    together = _together(known, width)
    first = next(each[0].cache for each in known if each)
    cache = copy.copy(first)
    cache.layers = []
    for depth, layer in enumerate(first.layers):
        layer = copy.copy(layer)
        for name in ("keys", "values"):
            states = getattr(layer, name)
            if together is None:
                _, heads, _, size = states.shape
                apart = states.new_zeros(len(matches), heads, width, size)
                for lane, (each, length) in enumerate(zip(known, lengths, strict=True)):
                    if each:
                        block, place = each
                        apart[lane, :, -length:] = getattr(block.cache.layers[depth], name)[place]
                setattr(layer, name, apart)
            else:
                setattr(layer, name, states[together])
        cache.layers.append(layer)
    return cache


def _together(known: Sequence[tuple[Block, Index] | None], width: int) -> Any:
    """The index of the last `width` keys or values up to where all end, if they are of one block,
    as those of texts that go on side by side are; else None."""
    if not all(known):
        return None
    blocks, places = zip(*filter(None, known), strict=True)
    ends = {span.stop if isinstance(span, slice) else -1 for _, _, span in places}
    if any(block is not blocks[0] for block in blocks) or len(ends) > 1 or -1 in ends:
        return None
    [end] = ends
    lanes: Any = [lane.start for lane, _, _ in places]
    if lanes == list(range(len(blocks[0].cache.layers[0].keys))):
        lanes = slice(None)
    return lanes, slice(None), slice(end - width, end)


def _common_length(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    """How many tokens at the beginning are the same."""
    pairs = enumerate(zip(a, b))  # noqa: B905 - up to the shorter
    return next((i for i, (x, y) in pairs if x != y), min(len(a), len(b)))
