"""What a drafter is: whoever has an idea of what the target will say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from constrain.errors import VocabularyError
from constrain.vocabulary import Vocabulary

_LEAST = 7.0
"""Tokens less likely than the likeliest by more than this, in logarithms, are not learnt from."""


class Likely(NamedTuple):
    """Some tokens that may come next; the others share the rest of the probability.

    Attributes:
        tokens: [K] ids, ascending.
        logprobs: [K] the natural logarithms of their probabilities, together 1 or less.
    """

    tokens: NDArray[np.intp]
    logprobs: NDArray[Any]


class Text(Protocol):
    """What drafters see of a text; each `Lookahead` is one."""

    @property
    def prefix(self) -> tuple[int, ...]:
        """Prompt, tokens and guesses."""
        ...

    def forced(self) -> Sequence[int]:
        """See `Lookahead.forced`."""
        ...


class Drafter(ABC):
    """Guesses next tokens.

    A drafter only says what is likely. Which token is guessed, the sampler's own noise and
    constraint decide (`Lookahead.draw`), and nothing that a drafter says changes what is written.

    Attributes:
        name: what statistics call it.
        cost: of guessing once, for all texts, as a share of a call of the target.
        vocabulary: the one that its tokens are of; None where it takes those of the target.
    """

    name: str
    cost: float = 0.0
    vocabulary: Vocabulary | None = None

    @abstractmethod
    def guess(self, texts: Sequence[Text]) -> Sequence[Likely | None]:
        """Say what may come next in each text; None where there is no idea. The texts are only
        looked at."""

    def learn(self, prefix: tuple[int, ...], said: Likely) -> None:  # noqa: B027 - may be empty
        """Learn what the target says after a prefix: its likeliest tokens."""


def check_vocabulary(drafter: Drafter, vocabulary: Vocabulary) -> None:
    """Refuse a drafter with other tokens than the target.

    Raises:
        VocabularyError: its tokens are others.
    """
    if drafter.vocabulary not in (None, vocabulary):
        raise VocabularyError(
            f"the drafter {drafter.name!r} has another vocabulary than the target "
            f"({drafter.vocabulary!r}, not {vocabulary!r}); take a draft model with the tokenizer "
            "of the target"
        )


def likeliest(logprobs: NDArray[Any], most: int = 16) -> list[Likely]:
    """Return the likeliest tokens of rows [n, V] of log-probabilities, at most so many of each."""
    size = logprobs.shape[1]
    good = np.flatnonzero(logprobs >= logprobs.max(axis=1, keepdims=True) - _LEAST)
    ends = np.searchsorted(good, size * np.arange(1, len(logprobs) + 1))
    found: list[Likely] = []
    begin = 0
    for row, end in zip(logprobs, ends.tolist(), strict=True):
        among = good[begin:end] - size * len(found)
        said = row[among]
        if end - begin > most:
            best = np.sort(np.argpartition(said, -most)[-most:])
            among, said = among[best], said[best]
        found.append(Likely(among, said))
        begin = end
    return found


def certain(token: int, probability: float) -> Likely:
    """Return a guess of one token."""
    return Likely(np.array([token], np.intp), np.log([probability]))
