"""Potentials: soft constraints, critics, other models, as factors of the target."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from constrain.errors import GenerationError, VocabularyError
from constrain.models import LanguageModel
from constrain.vocabulary import Vocabulary

_REMEMBERED = 1 << 22
"""Tokens in the texts whose values a model's potential keeps."""


@dataclass(frozen=True, slots=True)
class Written:
    """A text, or the beginning of one.

    Attributes:
        token_ids: its tokens; of a complete text, end of text included.
        data: its bytes.
    """

    token_ids: tuple[int, ...]
    data: bytes


class Potential(ABC):
    """A function phi >= 0 of texts and of their beginnings, given by its logarithm.

    Combined with a model p and a constraint V, the target is p(x) [x in V] phi(x), with phi of
    the complete text. On beginnings, phi is what `SMC` steers by: any function will do that is
    zero only where phi is zero for all texts that begin so, and the better it foresees them, the
    better the particles are spent.

    Potentials multiply: `first * second` (a product of experts).
    """

    @abstractmethod
    def complete(self, texts: Sequence[Written]) -> ArrayLike:
        """Return log phi of complete texts, [n]; -inf for zero."""

    def prefix(self, texts: Sequence[Written]) -> ArrayLike:
        """Return log phi of beginnings, [n]; 0, nothing foreseen, unless overridden."""
        return np.zeros(len(texts))

    def check(self, vocabulary: Vocabulary) -> None:  # noqa: B027 - most read any text
        """Refuse texts of a vocabulary that the potential cannot read.

        Raises:
            VocabularyError: it cannot.
        """

    def __mul__(self, other: Potential) -> Potential:
        return _Product((self, other))


class Critic(Potential):
    """A potential from functions of text.

    Args:
        complete: from complete texts to log phi; what cannot be decoded has replacement
            characters.
        prefix: the same for beginnings; None for 0.
    """

    def __init__(
        self,
        complete: Callable[[list[str]], ArrayLike],
        prefix: Callable[[list[str]], ArrayLike] | None = None,
    ) -> None:
        self._complete = complete
        self._prefix = prefix

    def complete(self, texts: Sequence[Written]) -> ArrayLike:
        """See `Potential.complete`."""
        return self._complete([text.data.decode(errors="replace") for text in texts])

    def prefix(self, texts: Sequence[Written]) -> ArrayLike:
        """See `Potential.prefix`."""
        if self._prefix is None:
            return super().prefix(texts)
        return self._prefix([text.data.decode(errors="replace") for text in texts])


class ModelPotential(Potential):
    """Another model, or the same with another prompt, as an expert: phi(x) = p'(x | prompt')^power.

    Args:
        model: a model over the same vocabulary.
        prompt_ids: its prompt.
        power: how much it counts.
    """

    def __init__(self, model: LanguageModel, prompt_ids: Sequence[int], power: float = 1.0) -> None:
        self._model = model
        self._prompt = tuple(prompt_ids)
        self._power = power
        self._known: OrderedDict[tuple[int, ...], float] = OrderedDict()
        self._kept = 0

    def check(self, vocabulary: Vocabulary) -> None:
        """See `Potential.check`."""
        if self._model.vocabulary != vocabulary:
            raise VocabularyError(
                "the model of the potential has another vocabulary than the one that writes; take "
                "a model with the same tokenizer, or judge texts by a Critic"
            )

    def complete(self, texts: Sequence[Written]) -> ArrayLike:
        """See `Potential.complete`."""
        return self.prefix(texts)

    def prefix(self, texts: Sequence[Written]) -> ArrayLike:
        """See `Potential.prefix`; one call of the model for tokens not yet seen."""
        wanted: dict[tuple[int, ...], None] = {}
        for text in texts:
            tokens = text.token_ids
            while tokens and tokens not in self._known:
                wanted[tokens] = None
                tokens = tokens[:-1]
        if wanted:
            befores = list(dict.fromkeys(tokens[:-1] for tokens in wanted))
            rows = self._model.logprobs([(*self._prompt, *before) for before in befores])
            index = {before: i for i, before in enumerate(befores)}
            for tokens in sorted(wanted, key=len):
                last = float(rows[index[tokens[:-1]], tokens[-1]])
                self._known[tokens] = self._known.get(tokens[:-1], 0.0) + last
                self._kept += len(tokens)
        values = [self._power * self._known.get(text.token_ids, 0.0) for text in texts]
        while self._kept > _REMEMBERED:
            self._kept -= len(self._known.popitem(last=False)[0])
        return values


class _Product(Potential):
    def __init__(self, factors: tuple[Potential, ...]) -> None:
        self._factors = factors

    def check(self, vocabulary: Vocabulary) -> None:
        for factor in self._factors:
            factor.check(vocabulary)

    def complete(self, texts: Sequence[Written]) -> ArrayLike:
        return sum(np.asarray(factor.complete(texts), float) for factor in self._factors)

    def prefix(self, texts: Sequence[Written]) -> ArrayLike:
        return sum(np.asarray(factor.prefix(texts), float) for factor in self._factors)


def evaluate(
    function: Callable[[Sequence[Written]], ArrayLike], texts: Sequence[Written]
) -> NDArray[np.float64]:
    """Return log phi of texts, [n], asking for equal texts once.

    Raises:
        GenerationError: the potential raises, or gives NaN, +inf or another shape. `token_ids` is
            the first text in question.
    """
    unique: dict[Written, int] = {}
    for text in texts:
        unique.setdefault(text, len(unique))
    if not unique:
        return np.empty(0)
    asked = list(unique)
    try:
        values: NDArray[Any] = np.asarray(function(asked), np.float64)
    except Exception as error:
        raise GenerationError(
            f"the potential has failed with {type(error).__name__}: {error}", asked[0].token_ids
        ) from error
    if values.shape != (len(asked),):
        raise GenerationError(
            f"the potential gives values of shape {values.shape} for {len(asked)} texts; it must "
            "give one logarithm for each",
            asked[0].token_ids,
        )
    wrong = np.flatnonzero(np.isnan(values) | (values == np.inf))
    if len(wrong):
        text = asked[int(wrong[0])]
        raise GenerationError(
            f"the potential gives {values[wrong[0]]} for {text.data!r}; it must give a logarithm "
            "that is finite, or -inf",
            text.token_ids,
        )
    return values[[unique[text] for text in texts]]
