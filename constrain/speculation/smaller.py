"""A smaller model as a drafter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from constrain.models import LanguageModel
from constrain.speculation.drafter import Drafter, Likely, Text


class DraftModel(Drafter):
    """Guesses what a smaller model over the same vocabulary says.

    Args:
        model: the model.
        cost: of one of its calls, as a share of a call of the target.
        name: what statistics call it.
    """

    def __init__(self, model: LanguageModel, *, cost: float = 0.2, name: str = "model") -> None:
        self.model = model
        self.cost = cost
        self.name = name
        self.vocabulary = model.vocabulary
        self._all = np.arange(model.vocabulary.size)

    def guess(self, texts: Sequence[Text]) -> list[Likely | None]:
        """See `Drafter.guess`; texts longer than the model's context get no guess."""
        limit = self.model.context_length
        fitting = [i for i, text in enumerate(texts) if not limit or len(text.prefix) <= limit]
        guesses: list[Likely | None] = [None] * len(texts)
        if fitting:
            rows = self.model.logprobs([texts[i].prefix for i in fitting])
            for i, row in zip(fitting, rows, strict=True):
                guesses[i] = Likely(self._all, row)
        return guesses
