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


class Said:
    """What the target says after a text.

    Its likeliest tokens are found when somebody asks for them: most that is said is never looked at
    again.

    Args:
        row: [V] log-probabilities.
    """

    __slots__ = ("_likely", "_row")

    def __init__(self, row: NDArray[Any]) -> None:
        self._row: NDArray[Any] | None = row.copy()  # not the rows beside it
        self._likely: Likely | None = None

    @property
    def likely(self) -> Likely:
        """The likeliest tokens."""
        if self._likely is None:
            assert self._row is not None
            self._likely, self._row = likeliest(self._row), None
        return self._likely

    @property
    def nbytes(self) -> int:
        """What is kept in memory until the likeliest tokens are found; 0 after that."""
        return 0 if self._row is None else self._row.nbytes


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

    def learn(self, prefix: tuple[int, ...], said: Said) -> None:  # noqa: B027 - may be empty
        """Learn what the target says after a prefix."""


def check_vocabulary(drafter: Drafter, vocabulary: Vocabulary) -> None:
    """Refuse a drafter with other tokens than the target.

    Raises:
        VocabularyError: its tokens are others.
    """
    if drafter.vocabulary not in (None, vocabulary):
        raise VocabularyError(
            f"the drafter {drafter.name!r} has another vocabulary than the target "
            f"({drafter.vocabulary!r}, not {vocabulary!r}); take a draft model with the tokenizer "
            "of the target, and tell it of the target's: DraftModel(model, vocabulary=...)"
        )


def likeliest(row: NDArray[Any], most: int = 16) -> Likely:
    """Return the likeliest tokens of log-probabilities [V], at most so many; none where these are
    no distribution."""
    top = row.max()
    tokens = np.flatnonzero(row >= top - _LEAST) if np.isfinite(top) else np.empty(0, np.intp)
    said = row[tokens]
    if len(tokens) > most:
        best = np.sort(np.argpartition(said, -most)[-most:])
        tokens, said = tokens[best], said[best]
    return Likely(tokens, said)


def certain(token: int, probability: float) -> Likely:
    """Return a guess of one token."""
    return Likely(np.array([token], np.intp), np.log([probability]))
