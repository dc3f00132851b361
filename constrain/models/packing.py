"""Texts with a common beginning, read in one pass: a tree of tokens, each seeing those before it.

Miao et al. 2024, "SpecInfer: Accelerating Large Language Model Serving with Tree-based Speculative
Inference and Verification", section 4.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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

    def mask(self, dtype: torch.dtype, device: Any) -> torch.Tensor:
        """Return what is added to attention scores, [1, 1, N, start + N]: 0 for the beginning, the
        place itself and the places before it in its text, else the least number."""
        sees = torch.eye(len(self.tokens), dtype=torch.bool)
        for place, parent in enumerate(self.parents):
            if parent >= 0:
                sees[place] |= sees[parent]
        hidden = torch.zeros(1, 1, len(self.tokens), self.start + len(self.tokens), dtype=dtype)
        hidden[..., self.start :].masked_fill_(~sees, torch.finfo(dtype).min)
        return hidden.to(device)

    def columns(self) -> tuple[torch.Tensor, ...]:
        """Return for each text where the keys of its tokens are, after those of the beginning."""
        before = torch.arange(self.start)
        return tuple(torch.cat([before, torch.tensor(path) + self.start]) for path in self.paths)


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
