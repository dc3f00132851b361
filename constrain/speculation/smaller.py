"""A smaller model as a drafter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from constrain.models import LanguageModel
from constrain.speculation.drafter import Drafter, Likely, Text
from constrain.speculation.translation import counterparts
from constrain.vocabulary import Vocabulary


class DraftModel(Drafter):
    """Guesses what a smaller model over the same vocabulary says.

    Args:
        model: the model.
        cost: of one of its calls, as a share of a call of the target.
        name: what statistics call it.
        vocabulary: that of the target, where the model has the same tokens under other ids, more
            logits, or other tokens that end a text; see `counterparts`.

    Raises:
        VocabularyError: the model lacks tokens of the target.
    """

    def __init__(
        self,
        model: LanguageModel,
        *,
        cost: float = 0.2,
        name: str = "model",
        vocabulary: Vocabulary | None = None,
    ) -> None:
        self.model = model
        self.cost = cost
        self.name = name
        self.vocabulary = vocabulary or model.vocabulary
        self._there: NDArray[np.intp] | None = None
        self._tokens = np.arange(self.vocabulary.size)
        if self.vocabulary != model.vocabulary:
            self._there = counterparts(self.vocabulary, model.vocabulary)
            self._tokens = np.flatnonzero(self._there >= 0)

    def guess(self, texts: Sequence[Text]) -> list[Likely | None]:
        """See `Drafter.guess`; texts longer than the model's context get no guess, and none does
        that it cannot read."""
        limit = self.model.context_length
        fitting = [i for i, text in enumerate(texts) if not limit or len(text.prefix) <= limit]
        prefixes: Sequence[Sequence[int]] = [texts[i].prefix for i in fitting]
        if self._there is not None:
            read = [self._there[list(prefix)] for prefix in prefixes]
            fitting = [i for i, there in zip(fitting, read, strict=True) if (there >= 0).all()]
            prefixes = [there.tolist() for there in read if (there >= 0).all()]
        guesses: list[Likely | None] = [None] * len(texts)
        if fitting:
            rows = self.model.logprobs(prefixes)
            if self._there is not None:
                rows = rows[:, self._there[self._tokens]]
            for i, row in zip(fitting, rows, strict=True):
                guesses[i] = Likely(self._tokens, row)
        return guesses
