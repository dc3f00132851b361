"""Speculation: several tokens for each call of the target model, under every constraint."""

from constrain.speculation.rules import Greedy, KSequential, Rejection, Rule
from constrain.speculation.transport import Transport
from constrain.speculation.trees import Branching, Chains, Dynamic, Shape
from constrain.speculation.verified import Account, VerifiedSampler

__all__ = [
    "Account",
    "Branching",
    "Chains",
    "Dynamic",
    "Greedy",
    "KSequential",
    "Rejection",
    "Rule",
    "Shape",
    "Transport",
    "VerifiedSampler",
]
