"""States of models that cannot be cut back to a shorter prefix, kept between calls.

State-space and hybrid models keep a state of what they have read, not keys and values of each
token. A state goes on to any longer text, never to a shorter one. So a text whose guesses have not
come true is read again from the last state that it was accepted with.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache

from .cache import Block, Match

FAR = 16
"""Tokens after a state from which on the next one is kept before guesses are read."""
_MOST_BLOCKS = 8
_PROBE = 12
"""Tokens that show how a model goes on from a state."""


class StateCache:
    """The states after the latest passes, within a bound on their bytes."""

    def __init__(self, nbytes: int) -> None:
        self._nbytes = nbytes
        self._blocks: list[Block] = []  # latest first

    def match(self, prefix: tuple[int, ...], most: int) -> Match | None:
        """Return the state after the longest beginning of `prefix` of at most so many tokens."""
        best: Match | None = None
        for block in self._blocks:
            size = len(block.rows[0])
            if size <= most and (best is None or size > best.length):
                row = block.index.get(prefix[:size])
                if row is not None:
                    best = Match(block, row, size)
        return best

    def add(self, block: Block) -> None:
        """Keep a block, first of all."""
        room = self._nbytes
        blocks, self._blocks = [block, *self._blocks], []
        for each in blocks[:_MOST_BLOCKS]:
            room -= sum(tensor.nbytes for tensor in _tensors(each.cache))
            if room < 0:
                break
            self._blocks.append(each)


def assemble_states(matches: Sequence[Match]) -> Any:
    """Return the states of some rows, side by side, as a cache that may be written to."""
    caches = [match.block.cache for match in matches]
    rows = [match.row for match in matches]

    def beside(values: Sequence[Any]) -> Any:
        first = values[0]
        if isinstance(first, dict):
            return {key: beside([value[key] for value in values]) for key in first}
        if isinstance(first, torch.Tensor) and first.ndim > 1:
            return torch.cat([v[row : row + 1] for v, row in zip(values, rows, strict=True)])
        return first

    cache = copy.copy(caches[0])
    cache.layers = []
    for depth, layer in enumerate(caches[0].layers):
        layer = copy.copy(layer)
        for name in vars(layer):
            setattr(layer, name, beside([getattr(c.layers[depth], name) for c in caches]))
        cache.layers.append(layer)
    return cache


def empty_state(model: Any) -> Any:
    """Return the state of a model that has read nothing."""
    return DynamicCache(config=model.config)


@torch.inference_mode()
def goes_on_by(model: Any, argument: str) -> int:
    """Return how many tokens a model reads at once after a state: 0 where it does not go on from
    one, 1 where it reads several as if nothing stood before them, else any number, -1.

    States are changed at random for it: small models hardly show what they make of a short one.

    Args:
        model: a model of transformers.
        argument: the name of what its `forward` takes a state by.
    """
    config = model.config.get_text_config()
    tokens = torch.arange(_PROBE, device=model.device)[None] % config.vocab_size
    split = _PROBE // 2

    def read(state: Any, first: int, last: int) -> torch.Tensor:
        options = {argument: state, "use_cache": True}
        logits: torch.Tensor = model(input_ids=tokens[:, first:last], **options).logits
        return logits[:, -1].float()

    def go_on(steps: Sequence[int], changed: bool = False) -> torch.Tensor:
        state = empty_state(model)
        read(state, 0, split)
        generator = torch.Generator().manual_seed(0)
        for value in _recurrent(state) if changed else ():
            noise = torch.randn(value.shape, generator=generator)
            value.add_(noise.to(value.device, value.dtype))
        last = split
        for step in steps:
            logits, last = read(state, last, last + step), last + step
        return logits

    def are_close(one: torch.Tensor, other: torch.Tensor) -> bool:
        allowed = torch.finfo(model.dtype).eps ** 0.5 * one.abs().max()
        return bool((one - other).abs().max() <= allowed)

    singly, at_once = [1] * (_PROBE - split), [_PROBE - split]
    try:
        if not are_close(read(empty_state(model), 0, _PROBE), go_on(singly)):
            return 0
        plain, changed = go_on(at_once), go_on(at_once, changed=True)
        follows = bool((plain != changed).any()) and are_close(changed, go_on(singly, changed=True))
        return -1 if follows else 1
    except Exception:  # a state of another kind
        return 0


def _recurrent(cache: Any) -> list[torch.Tensor]:
    return [
        value
        for layer in cache.layers
        for value in getattr(layer, "recurrent_states", {}).values()
        if value is not None
    ]


def _tensors(cache: Any) -> list[torch.Tensor]:
    found: list[torch.Tensor] = []
    for layer in cache.layers:
        for value in vars(layer).values():
            parts = value.values() if isinstance(value, dict) else [value]
            found += [part for part in parts if isinstance(part, torch.Tensor)]
    return found
