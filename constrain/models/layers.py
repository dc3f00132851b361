"""A transformer with some of its layers left out, over the same weights."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy, deepcopy
from typing import Any

from torch import nn

from constrain.errors import ConstraintError
from constrain.models.cache import PrefixCache
from constrain.models.hf import HFModel
from constrain.models.states import StateCache, goes_on_by


def depth(model: HFModel) -> int:
    """Return how many layers a model has."""
    return int(model.model.config.get_text_config().num_hidden_layers)


def with_layers(model: HFModel, kept: Sequence[int], *, cache_bytes: int = 1 << 28) -> HFModel:
    """Return a model that runs only some layers of another and shares all weights with it.

    Args:
        model: the other.
        kept: the layers to run, ascending from 0.
        cache_bytes: see `HFModel`.

    Raises:
        ConstraintError: `kept` names no layers of the model, or these cannot be told apart.
    """
    size = depth(model)
    if not kept or list(kept) != sorted(set(kept)) or not 0 <= kept[0] <= kept[-1] < size:
        raise ConstraintError(f"layers must be ascending, from 0 to {size - 1}, not {list(kept)}")
    network = model.model
    places = [
        name
        for name, module in network.named_modules()
        if isinstance(module, nn.ModuleList) and len(module) == size
    ]
    if len(places) != 1:
        raise ConstraintError(
            f"cannot tell which are the layers of {type(network).__name__}; it has {len(places)} "
            f"lists of {size} modules"
        )
    thinner = copy(model)
    thinner.model = _thinned(network, places[0].split("."), kept, _config(network.config, kept))
    thinner._cache = model._cache and PrefixCache(cache_bytes)
    if model._states:
        thinner._reads_on = goes_on_by(thinner.model, thinner._cache_argument)
        thinner._states = StateCache(cache_bytes) if thinner._reads_on else None
    return thinner


def _config(config: Any, kept: Sequence[int]) -> Any:
    changed = deepcopy(config)
    text = changed.get_text_config()
    kinds = getattr(text, "layer_types", None)
    text.num_hidden_layers = len(kept)
    if kinds and text.layer_types != (fewer := [kinds[i] for i in kept]):
        text.layer_types = fewer
    return changed


def _thinned(module: nn.Module, path: Sequence[str], kept: Sequence[int], config: Any) -> Any:
    """Return a copy of a module with fewer layers; what is not on the way to them is shared."""
    if not path:
        assert isinstance(module, nn.ModuleList)
        return nn.ModuleList([_renumbered(module[old], new) for new, old in enumerate(kept)])
    changed = copy(module)
    changed._modules = dict(module._modules)
    changed._modules[path[0]] = _thinned(getattr(module, path[0]), path[1:], kept, config)
    if hasattr(changed, "config"):
        changed.config = config
    return changed


def _renumbered(module: nn.Module, index: int) -> nn.Module:
    """Return a copy of a layer that keeps its keys and values at another index."""
    changed = copy(module)
    changed._modules = {
        name: child and _renumbered(child, index) for name, child in module._modules.items()
    }
    if hasattr(changed, "layer_idx"):
        changed.layer_idx = index  # type: ignore[assignment]
    return changed
