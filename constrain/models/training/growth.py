"""A deeper model out of a trained one, which says the same to begin with."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import torch
from transformers import LlamaConfig, LlamaForCausalLM

if TYPE_CHECKING:
    from pathlib import Path


def deepened(folder: Path, layers: int) -> LlamaForCausalLM:
    """Return the model of a folder with more layers, in float32.

    Each layer is followed by copies of itself that add nothing, because the matrices that lead back
    into the stream are zero (Wu et al. 2024, "LLaMA Pro: Progressive LLaMA with Block Expansion").

    Raises:
        ValueError: `layers` is no multiple of the layers that there are.
    """
    model: LlamaForCausalLM = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    old = model.model.layers
    copies, rest = divmod(layers, len(old))
    if rest or not copies:
        raise ValueError(f"{layers} layers are no multiple of {len(old)}")
    state = {name: value for name, value in model.state_dict().items() if ".layers." not in name}
    for place in range(layers):
        layer = deepcopy(old[place // copies])
        if place % copies:
            torch.nn.init.zeros_(layer.self_attn.o_proj.weight)
            torch.nn.init.zeros_(layer.mlp.down_proj.weight)
        for name, value in layer.state_dict().items():
            state[f"model.layers.{place}.{name}"] = value
    config = LlamaConfig.from_pretrained(folder)
    config.num_hidden_layers = layers
    deeper = LlamaForCausalLM(config)
    deeper.load_state_dict(state)
    return deeper
