"""From what a caller says of drafts to a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from constrain.errors import ConstraintError
from constrain.models import LanguageModel
from constrain.speculation.copying import Copying
from constrain.speculation.drafter import Drafter
from constrain.speculation.forced import Forced
from constrain.speculation.model import SpeculativeModel
from constrain.speculation.recycling import Recycling
from constrain.speculation.smaller import DraftModel

Draft: TypeAlias = "Literal['auto'] | LanguageModel | Drafter | Sequence[Drafter]"
"""Drafters; "auto" for those that need no model; a model for these and that model."""


_SHARE = 0.2
"""What a call of a draft model is taken to cost where nothing is known of it."""


def free_drafters() -> list[Drafter]:
    """Return the drafters that need no model."""
    return [Forced(), Copying(), Recycling()]


def speculative(target: LanguageModel, draft: Draft) -> SpeculativeModel:
    """Return the target with drafters beneath it.

    Raises:
        ConstraintError: `draft` says nothing of drafts.
        VocabularyError: see `SpeculativeModel`.
    """
    costs = _costs(target)
    if draft == "auto":  # which is to cost nothing, ever
        return SpeculativeModel(target, free_drafters(), loan=0.0, **costs)
    if isinstance(draft, LanguageModel):
        model = DraftModel(draft, cost=_share(draft, target), vocabulary=target.vocabulary)
        return SpeculativeModel(target, [*free_drafters(), model], **costs)
    drafters = [draft] if isinstance(draft, Drafter) else draft
    if (
        isinstance(drafters, str)
        or not isinstance(drafters, Sequence)
        or not all(isinstance(each, Drafter) for each in drafters)
    ):
        raise ConstraintError(
            f'draft must be "auto", a model, a drafter or several drafters, not {draft!r}'
        )
    return SpeculativeModel(target, drafters, **costs)


def _costs(target: LanguageModel) -> dict[str, Any]:
    """Return what guesses cost on the device of a model; see `SpeculativeModel`. A model that reads
    a text anew for them, and else a token, is not worth asking."""
    if not getattr(target, "scores_guesses", True):
        return {"position_cost": 0.99, "first_cost": 0.99}
    device = getattr(getattr(target, "model", None), "device", None)
    if getattr(device, "type", "cpu") == "cpu":
        return {}
    return {"position_cost": 0.01, "first_cost": 0.02}


def _share(draft: LanguageModel, target: LanguageModel) -> float:
    """Return what a call of a draft model costs, as a share of a call of the target: that of its
    layers, which run one after the other and set the pace for a few tokens."""
    depths = [
        getattr(getattr(getattr(each, "model", None), "config", None), "num_hidden_layers", None)
        for each in (draft, target)
    ]
    return depths[0] / depths[1] if depths[0] and depths[1] else _SHARE
