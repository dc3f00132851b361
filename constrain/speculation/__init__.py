"""Speculation: several tokens for each call of the target model, under every constraint.

There are two ways. `SpeculativeModel` is a `LanguageModel` that gives the rows of its target.
Samplers ask it as they ask any model, by `LanguageModel.logprobs_ahead`, and show it how they will
go on: a `Lookahead` for each text draws from what anybody says is likely, with the sampler's noise,
under its constraint. A `Drafter` says what is likely. Guess by guess the text is drafted, one call
of the target scores the draft, and the sampler runs on unchanged: what it writes is the same, seed
for seed.

`VerifiedSampler` keeps the distribution of masked decoding alone, by a verification rule, with one
draft or many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from constrain.speculation.account import Account
from constrain.speculation.copying import Copying
from constrain.speculation.drafter import Drafter, Likely, Said
from constrain.speculation.forced import Forced
from constrain.speculation.model import SpeculativeModel
from constrain.speculation.recycling import Recycling
from constrain.speculation.rules import Greedy, KSequential, Rejection, Rule
from constrain.speculation.smaller import DraftModel
from constrain.speculation.statistics import Acceptance, Statistics
from constrain.speculation.transport import Transport
from constrain.speculation.trees import Branching, Chains, Dynamic, Shape
from constrain.speculation.trigram import Trigrams
from constrain.speculation.verified import VerifiedSampler

if TYPE_CHECKING:
    from constrain.speculation.layers import SkippedLayers

__all__ = [
    "Acceptance",
    "Account",
    "Branching",
    "Chains",
    "Copying",
    "DraftModel",
    "Drafter",
    "Dynamic",
    "Forced",
    "Greedy",
    "KSequential",
    "Likely",
    "Recycling",
    "Rejection",
    "Rule",
    "Said",
    "Shape",
    "SkippedLayers",
    "SpeculativeModel",
    "Statistics",
    "Transport",
    "Trigrams",
    "VerifiedSampler",
]


def __getattr__(name: str) -> Any:
    if name == "SkippedLayers":  # needs torch
        from constrain.speculation.layers import SkippedLayers

        return SkippedLayers
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
