"""The target itself, with layers left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from constrain.models.hf import HFModel
from constrain.models.layers import depth, with_layers
from constrain.speculation.drafter import Drafter, Likely, Said, Text
from constrain.speculation.smaller import DraftModel

_TURN = 8
"""Guesses before another choice of layers may take over."""
_PENDING = 64
"""Most guesses to remember until the target is heard."""
_FADING = 0.9
"""What is left of an agreement after the next one."""


class _Choice:
    """Some layers, and how well the target agrees with them.

    Attributes:
        drafter: the target with these layers.
        agreement: running mean of a = sum of min(p, q) over the tokens that the target finds
            likeliest, as a share of their sum of p; 1 before the first. A coupled guess comes true
            with a chance of at least a / (2 - a) (Daliri, Musco and Suresh 2024, theorem 3).
    """

    def __init__(self, target: HFModel, kept: Sequence[int]) -> None:
        self.drafter = DraftModel(with_layers(target, kept), cost=len(kept) / depth(target))
        self.agreement = 1.0


class SkippedLayers(Drafter):
    """Guesses what the target says if it runs some of its layers only.

    Early exit runs the first layers (as DEL: Entezari Zarch et al. 2025), skipping leaves out some
    in between (as SWIFT: Xia et al. 2024); both need no training and no memory for weights. Which
    layers to run is learnt: of the choices the one with the best agreement for its cost guesses,
    and each is tried.

    Args:
        target: the model that is going to be the target.
        choices: layers to choose from, each ascending from 0; by default early exits after a
            quarter, half and three quarters of the layers, and every second layer with the last.

    Raises:
        ConstraintError: see `with_layers`.
    """

    name = "layers"

    def __init__(self, target: HFModel, choices: Sequence[Sequence[int]] | None = None) -> None:
        if choices is None:
            choices = _usual(depth(target))
        self.vocabulary = target.vocabulary
        self._choices = [_Choice(target, kept) for kept in choices]
        self._current = self._choices[0]
        self._left = _TURN
        self._guessed: dict[tuple[int, ...], tuple[_Choice, Likely]] = {}

    @property
    def cost(self) -> float:  # type: ignore[override]
        """See `Drafter.cost`; that of the layers that guess at present."""
        return self._current.drafter.cost

    def guess(self, texts: Sequence[Text]) -> list[Likely | None]:
        """See `Drafter.guess`."""
        if not self._left:
            self._current = max(self._choices, key=lambda c: c.agreement - c.drafter.cost)
            self._left = _TURN
        self._left -= 1
        guesses = self._current.drafter.guess(texts)
        for text, guess in zip(texts, guesses, strict=True):
            if guess is not None:
                self._guessed[text.prefix] = self._current, guess
        while len(self._guessed) > _PENDING:
            del self._guessed[next(iter(self._guessed))]
        return guesses

    def learn(self, prefix: tuple[int, ...], said: Said) -> None:
        """See `Drafter.learn`."""
        choice, guess = self._guessed.pop(prefix, (None, None))
        tokens, logprobs = said.likely
        if choice and guess and len(tokens):
            both = np.minimum(guess.logprobs[tokens], logprobs)
            agreement = float(np.exp(both).sum() / np.exp(logprobs).sum())
            choice.agreement += (1 - _FADING) * (agreement - choice.agreement)


def _usual(layers: int) -> list[tuple[int, ...]]:
    exits = {max(1, layers * quarter // 4) for quarter in (1, 2, 3)}
    choices = [tuple(range(last)) for last in sorted(exits)]
    return [*choices, tuple(range(1 - layers % 2, layers, 2))]
