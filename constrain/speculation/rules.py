"""Verification rules: a token of the target's distribution, chosen in view of drafts of it.

Let p be the target's distribution over K tokens and q the draft model's, both after the same mask
and the same warp. Drafts x_1, ..., x_k are drawn from q, and a rule answers with a token y. The
contract of every rule, for every p, every q and every k >= 0:

    E over x_1, ..., x_k of P(y | x_1, ..., x_k) = p(y)   for every token y,

so that the draft decides how fast a text is written and not what is written. A rule goes through
the drafts one by one: it *tries* each with some probability of accepting it, and if all are
rejected, y comes from what is left of p, the *residual*. Greedy decoding alone is no draw from p.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Distribution: TypeAlias = NDArray[np.float64]
"""[K] probabilities."""
Trials: TypeAlias = Generator[float, None, Distribution]
"""Yields the probability of accepting each draft, those before it rejected; returns the residual,
whose sum need not be one."""

_HALVINGS = 16
"""Steps to find the divisor of `KSequential`."""


class Rule(ABC):
    """How drafts are drawn, and how one is chosen.

    Attributes:
        one_by_one: whether the contract also holds where it depends on the drafts so far if there
            is another one, as in trees that grow where they are likely to be accepted.
    """

    one_by_one: bool = True

    def draw(self, rest: Distribution, uniform: float) -> int:
        """Return a draft, given the distribution of the next one and a number in [0, 1)."""
        return inverse(rest, uniform)

    def without(self, rest: Distribution, drawn: int) -> Distribution:
        """Return the distribution of the draft after `drawn`; its sum is zero if there is none."""
        return rest

    @abstractmethod
    def trials(self, target: Distribution, draft: Distribution, drafts: Sequence[int]) -> Trials:
        """Try the drafts.

        Args:
            target: p.
            draft: q, the distribution of the first draft.
            drafts: x_1, ..., x_k, k >= 1, drawn by `draw`, each after `without` the one before.
        """

    def choose(
        self,
        target: Distribution,
        draft: Distribution,
        drafts: Sequence[int],
        uniforms: Sequence[float],
    ) -> int:
        """Return y.

        Args:
            target, draft, drafts: see `trials`; where there are no drafts, q does not matter.
            uniforms: k + 1 independent numbers in [0, 1), the first for the residual.
        """
        if not drafts:
            return inverse(target, uniforms[0])
        trials = self.trials(target, draft, drafts)
        try:
            for drafted, uniform in zip(drafts, uniforms[1:], strict=True):
                if uniform < next(trials):
                    return drafted
            next(trials)
        except StopIteration as stop:
            return inverse(stop.value, uniforms[0])
        raise AssertionError("more trials than drafts")

    def law(self, target: Distribution, draft: Distribution, drafts: Sequence[int]) -> Distribution:
        """Return [K] P(y | x_1, ..., x_k); for the arguments see `trials`."""
        if not drafts:
            return target
        chances, left = np.zeros(len(target)), 1.0
        trials = self.trials(target, draft, drafts)
        try:
            for drafted in drafts:
                accepted = left * next(trials)
                chances[drafted] += accepted
                left -= accepted
            next(trials)
        except StopIteration as stop:
            return chances + left * normalised(stop.value)
        raise AssertionError("more trials than drafts")


class Greedy(Rule):
    """Greedy decoding: y is the likeliest token of p, and drafts are the likeliest of q."""

    def draw(self, rest: Distribution, uniform: float) -> int:
        """See `Rule.draw`."""
        return int(rest.argmax())

    def without(self, rest: Distribution, drawn: int) -> Distribution:
        """See `Rule.without`."""
        return _left_out(rest, drawn)

    def trials(self, target: Distribution, draft: Distribution, drafts: Sequence[int]) -> Trials:
        """See `Rule.trials`."""
        likeliest = int(target.argmax())
        for drafted in drafts:
            yield float(drafted == likeliest)
        residual = np.zeros(len(target))
        residual[likeliest] = 1
        return residual


@dataclass(frozen=True)
class Rejection(Rule):
    """Recursive rejection: x_i is accepted with probability min(1, p_i(x_i) / q_i(x_i)).

    p_1 = p and q_1 = q; after a rejection p_i+1 is max(p_i - q_i, 0), normalised. One draft makes
    this the maximal coupling, which accepts with probability sum over y of min(p(y), q(y))
    (Leviathan et al. 2023, "Fast Inference from Transformers via Speculative Decoding", algorithm
    1; Chen et al. 2023, "Accelerating Large Language Model Decoding with Speculative Sampling").
    Several drafts with replacement: q_i+1 = q_i. Without replacement, q_i+1 is q_i less x_i,
    normalised (Jeon et al. 2024, "Recursive Speculative Decoding", section 3.2).

    Attributes:
        replacement: whether a draft can be drawn again.
    """

    replacement: bool = False

    def without(self, rest: Distribution, drawn: int) -> Distribution:
        """See `Rule.without`."""
        return rest if self.replacement else _left_out(rest, drawn)

    def trials(self, target: Distribution, draft: Distribution, drafts: Sequence[int]) -> Trials:
        """See `Rule.trials`."""
        for drafted in drafts:
            yield min(1.0, float(target[drafted] / draft[drafted]))
            # where rounding leaves nothing, p and q are equal: nothing is ever rejected
            left = np.maximum(target - draft, 0)
            target = normalised(left) if left.any() else target
            draft = self.without(draft, drafted)
        return target


class KSequential(Rule):
    """SpecTr's k-sequential selection: each of k drafts, drawn with replacement, is accepted with
    probability min(1, p(x_i) / (rho q(x_i))).

    With beta = sum over y of min(q(y), p(y) / rho) and a = 1 - (1 - beta)^k, the probability of
    accepting any, the residual is p(y) - min(q(y), p(y) / rho) a / beta. It is nowhere negative
    where a <= rho beta; rho is the least such number in [1, k], up to rounding from above (Sun et
    al. 2023, "SpecTr: Fast Speculative Decoding via Optimal Transport", algorithm 2 and theorem 1:
    a is at least 1 - (1 - 1/k)^k times what is accepted by the optimal transport).
    """

    one_by_one = False

    def trials(self, target: Distribution, draft: Distribution, drafts: Sequence[int]) -> Trials:
        """See `Rule.trials`."""
        k = len(drafts)
        low, rho = 1.0, float(k)
        for _ in range(_HALVINGS if k > 1 else 0):
            middle = (low + rho) / 2
            beta = float(np.minimum(draft, target / middle).sum())
            if 1 - (1 - beta) ** k <= middle * beta:
                rho = middle
            else:
                low = middle
        accepted = np.minimum(draft, target / rho)
        for drafted in drafts:
            yield float(accepted[drafted] / draft[drafted])
        beta = min(1.0, float(accepted.sum()))
        if beta == 0:
            return target
        residual = np.maximum(target - accepted * ((1 - (1 - beta) ** k) / beta), 0)
        return residual if residual.any() else target


def inverse(distribution: Distribution, uniform: float) -> int:
    """Return the token at which the distribution function exceeds `uniform` times its total."""
    reached = np.cumsum(distribution)
    token = int(np.searchsorted(reached, uniform * reached[-1], side="right"))
    return min(token, int(np.searchsorted(reached, reached[-1])))


def normalised(weights: NDArray[Any]) -> Distribution:
    """Return weights with a positive sum as probabilities."""
    return weights / weights.sum()


def _left_out(rest: Distribution, drawn: int) -> Distribution:
    """Return the distribution given that it is not `drawn`; zero where nothing else is left."""
    others = rest.copy()
    others[drawn] = 0
    total = others.sum()
    return others / total if total > 0 else others
