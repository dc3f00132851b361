"""Texts read in one pass though they branch off from one another, or differ in length: trees of
tokens, each seeing those before it in its text.

Miao et al. 2024, "SpecInfer: Accelerating Large Language Model Serving with Tree-based Speculative
Inference and Verification", section 4.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

MOST_PLACES = 256
"""The most tokens of a tree: the mask has a row for each."""


@dataclass(frozen=True, slots=True)
class Packing:
    """A tree of tokens that continue one beginning.

    Attributes:
        start: length of the beginning.
        tokens: [N] the token at each place, after those that it continues.
        parents: [N] the place before; -1 for the beginning.
        paths: for each text, the places of its tokens from `start` on.
    """

    start: int
    tokens: tuple[int, ...]
    parents: tuple[int, ...]
    paths: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, texts: Sequence[tuple[int, ...]], start: int) -> Packing:
        """Pack texts whose first `start` tokens are the same."""
        places: dict[tuple[int, int], int] = {}
        paths = []
        for text in texts:
            path, place = [], -1
            for token in text[start:]:
                place = places.setdefault((place, token), len(places))
                path.append(place)
            paths.append(tuple(path))
        parents, tokens = zip(*places, strict=True)
        return cls(start, tokens, parents, tuple(paths))

    def positions(self) -> list[int]:
        """Return [N] the position of each token in its text."""
        found: list[int] = []
        for parent in self.parents:
            found.append(self.start if parent < 0 else found[parent] + 1)
        return found

    def sees(self) -> torch.Tensor:
        """Return bool[N, N], which places each place sees: itself and those before it."""
        sees = torch.eye(len(self.tokens), dtype=torch.bool)
        for place, parent in enumerate(self.parents):
            if parent >= 0:
                sees[place] |= sees[parent]
        return sees


class Places(NamedTuple):
    """Where a text is in the keys of a pass.

    Attributes:
        lane: in which row of the batch.
        columns: [length of the text] where along the row.
    """

    lane: int
    columns: torch.Tensor


@dataclass(frozen=True, slots=True)
class Lanes:
    """Trees read side by side, a row of the batch each.

    What is known of a lane is padded at its beginning, to S positions; what is new at its end, to
    N positions. Padding is seen by nobody else.

    Attributes:
        packings: the trees.
        known: S.
        width: N.
    """

    packings: tuple[Packing, ...]
    known: int
    width: int

    @classmethod
    def of(cls, packings: Sequence[Packing]) -> Lanes:
        """Put trees side by side."""
        width = max(len(packing.tokens) for packing in packings)
        return cls(tuple(packings), max(packing.start for packing in packings), width)

    def tokens(self) -> list[list[int]]:
        """Return [lanes, N] token ids."""
        return [self._padded(packing.tokens) for packing in self.packings]

    def positions(self) -> list[list[int]]:
        """Return [lanes, N] positions."""
        return [self._padded(packing.positions()) for packing in self.packings]

    def mask(self, dtype: torch.dtype, device: Any) -> torch.Tensor:
        """Return what is added to attention scores, [lanes, 1, N, S + N]: 0 for what is seen, else
        the least number."""
        shape = len(self.packings), 1, self.width, self.known + self.width
        sees = torch.zeros(shape, dtype=torch.bool)
        for lane, packing in enumerate(self.packings):
            count = len(packing.tokens)
            sees[lane, 0, :, self.known :].fill_diagonal_(True)
            sees[lane, 0, :count, self.known - packing.start : self.known] = True
            sees[lane, 0, :count, self.known : self.known + count] = packing.sees()
        hidden = torch.zeros(shape, dtype=dtype)
        return hidden.masked_fill_(~sees, torch.finfo(dtype).min).to(device)

    def places(self) -> tuple[Places, ...]:
        """Return where each text of each tree is."""
        return tuple(
            Places(lane, torch.cat([before, torch.tensor(path) + self.known]))
            for lane, packing in enumerate(self.packings)
            for before in [torch.arange(self.known - packing.start, self.known)]
            for path in packing.paths
        )

    def _padded(self, numbers: Sequence[int]) -> list[int]:
        return [*numbers, *[0] * (self.width - len(numbers))]


def common_length(texts: Sequence[tuple[int, ...]]) -> int:
    """Return how many tokens all texts begin with."""
    first, last = min(texts), max(texts)
    for i, token in enumerate(first):
        if i == len(last) or last[i] != token:
            return i
    return len(first)


def sees_trees(model: Any, accepted: Any) -> bool:
    """Return whether a model of transformers attends by a mask that it is given.

    Args:
        model: the model.
        accepted: names of what its `forward` takes.
    """
    config = model.config.get_text_config()
    layers = getattr(config, "layer_types", None) or ["full_attention"]
    return (
        {"attention_mask", "position_ids", "past_key_values"}.issubset(accepted)
        and config._attn_implementation in ("eager", "sdpa")
        and set(layers) == {"full_attention"}
        and not getattr(config, "sliding_window", None)
        and not getattr(config, "alibi", False)
    )
