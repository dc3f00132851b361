"""Drawing texts from a model under a constraint, so that the model's own distribution is kept."""

from constrain.sampling.adaptive import ASApSampler, CARSSampler
from constrain.sampling.awrs import AWRSSampler
from constrain.sampling.base import Progress, Sample, Sampler
from constrain.sampling.cursor import YesNo
from constrain.sampling.local import MaskedSampler
from constrain.sampling.potential import Critic, ModelPotential, Potential, Written
from constrain.sampling.rejection import RejectionSampler
from constrain.sampling.smc import SMC, Run, Step
from constrain.sampling.trie import Trie

__all__ = [
    "SMC",
    "ASApSampler",
    "AWRSSampler",
    "CARSSampler",
    "Critic",
    "MaskedSampler",
    "ModelPotential",
    "Potential",
    "Progress",
    "RejectionSampler",
    "Run",
    "Sample",
    "Sampler",
    "Step",
    "Trie",
    "Written",
    "YesNo",
]
