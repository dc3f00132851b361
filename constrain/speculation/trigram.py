"""A tri-gram table of the target."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from constrain.speculation.drafter import Drafter, Likely, Said, Text

_MEMORY = 8
"""A mean is over about so many of the latest visits."""
_REMEMBERED = 1 << 16
"""Most pairs of tokens."""
_KEPT = 32
"""Most tokens after a pair."""


class _Pair:
    """What came after two tokens.

    Attributes:
        visits: how often the target was seen there.
        means: the mean of its probabilities, by token.
        tried: how often each token was gone on with.
    """

    __slots__ = ("means", "tried", "visits")

    def __init__(self) -> None:
        self.visits = 0
        self.means: dict[int, float] = {}
        self.tried: dict[int, int] = {}


class Trigrams(Drafter):
    """Guesses by the last two tokens, from running means of what the target said after them.

    A token is weighed by what is known of it, and by how little it was tried, as ADED does (Liu et
    al. 2024, "Adaptive Draft-Verification for Efficient Large Language Model Decoding", after the
    rule of "AlphaZero"): with p(t) the mean, n(t) of n tries and the constant c = `curiosity`,

        weight(t) proportional to p(t) (1 + c sqrt(n) / (1 + n(t))).

    Args:
        curiosity: how much a token gains that was not tried.
    """

    name = "trigrams"

    def __init__(self, curiosity: float = 0.1) -> None:
        self.curiosity = curiosity
        self._pairs: OrderedDict[tuple[int, ...], _Pair] = OrderedDict()

    def guess(self, texts: Sequence[Text]) -> list[Likely | None]:
        """See `Drafter.guess`."""
        return [self._weighed(self._pairs.get(text.prefix[-2:])) for text in texts]

    def learn(self, prefix: tuple[int, ...], said: Said) -> None:
        """See `Drafter.learn`."""
        before = self._pairs.get(prefix[-3:-1]) if prefix else None
        if before is not None:
            before.tried[prefix[-1]] = before.tried.get(prefix[-1], 0) + 1
        key = prefix[-2:]
        pair = self._pairs.setdefault(key, _Pair())
        self._pairs.move_to_end(key)
        pair.visits += 1
        rate = 1 / min(pair.visits, _MEMORY)
        tokens, logprobs = said.likely
        means = {token: (1 - rate) * mean for token, mean in pair.means.items()}
        for token, p in zip(tokens.tolist(), np.exp(logprobs).tolist(), strict=True):
            means[token] = means.get(token, 0.0) + rate * p
        best = sorted(means, key=means.__getitem__, reverse=True)[:_KEPT]
        pair.means = {token: means[token] for token in sorted(best)}
        pair.tried = {token: n for token, n in pair.tried.items() if token in pair.means}
        if len(self._pairs) > _REMEMBERED:
            self._pairs.popitem(last=False)

    def _weighed(self, pair: _Pair | None) -> Likely | None:
        if pair is None:
            return None
        means = np.array(list(pair.means.values()))
        tried = np.array([pair.tried.get(token, 0) for token in pair.means])
        weights = means * (1 + self.curiosity * np.sqrt(tried.sum()) / (1 + tried))
        weights *= min(1.0, means.sum()) / weights.sum()
        return Likely(np.array(list(pair.means), np.intp), np.log(weights))
