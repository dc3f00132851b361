"""What a drafter is: whoever has an idea of what the target will say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from constrain.errors import ConstraintError, VocabularyError
from constrain.texts import shown
from constrain.vocabulary import Vocabulary

_ROUNDING = 1e-3
"""How far above 0 a logarithm of a probability may be."""
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
        row: [V] log-probabilities, which nobody writes to from here on.
    """

    __slots__ = ("_likely", "_row")

    def __init__(self, row: NDArray[Any]) -> None:
        self._row: NDArray[Any] | None = row
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
        """What is kept in memory until the likeliest tokens are found, at most: what the row is a
        part of; 0 after that."""
        if self._row is None:
            return 0
        return self._row.nbytes if self._row.base is None else self._row.base.nbytes


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


def ask(drafter: Drafter, texts: Sequence[Text], size: int) -> list[Likely | None]:
    """Return what a drafter says of texts over a vocabulary of some size, checked; None where it
    gives no token any probability.

    Raises:
        ValueError: it is no answer for each text, or not over the vocabulary. Besides, whatever
            the drafter raises.
    """
    offers = drafter.guess(texts)
    if len(offers) != len(texts):
        raise ValueError(f"{len(offers)} answers to {len(texts)} texts")
    return [None if offer is None else _checked(offer, size) for offer in offers]


def _checked(offer: Likely, size: int) -> Likely | None:
    tokens, logprobs = map(np.asarray, offer)
    if tokens.shape != logprobs.shape or tokens.ndim != 1:
        raise ValueError(f"tokens of shape {tokens.shape}, logarithms of {logprobs.shape}")
    if not len(tokens):
        return None
    if tokens.dtype.kind not in "iu":
        raise ValueError(f"tokens are ids, not {tokens.dtype}")
    first, last = int(tokens[0]), int(tokens[-1])
    if not (tokens[1:] > tokens[:-1]).all():
        raise ValueError("tokens must ascend")
    if first < 0 or last >= size:
        raise ValueError(f"guesses tokens {first} to {last}, of {size}")
    top = logprobs.max()
    if not top <= _ROUNDING:
        raise ValueError("gives NaN, or more than the logarithms of probabilities")
    return None if top == -np.inf else Likely(tokens, logprobs)


def admitted(drafters: Drafter | Iterable[Drafter], vocabulary: Vocabulary) -> list[Drafter]:
    """Return one drafter or several as a list.

    Raises:
        ConstraintError: one is no drafter, or lacks what each has.
        VocabularyError: the tokens of one are not those of the target.
    """
    several = [drafters] if isinstance(drafters, Drafter) else drafters
    if not isinstance(several, Iterable):
        raise ConstraintError(_refusal(several))
    made = list(several)
    for drafter in made:
        if not isinstance(drafter, Drafter):
            raise ConstraintError(_refusal(drafter))
        if not isinstance(getattr(drafter, "name", None), str):
            raise ConstraintError(
                f"the drafter {drafter!r} has no name; set the attribute `name` of its class to a "
                "text, by which statistics call it"
            )
        if not isinstance(drafter, Hashable):
            raise ConstraintError(
                f"the drafter {drafter.name!r} has no hash; a drafter is equal to itself alone: "
                "make its class a dataclass by @dataclass(eq=False)"
            )
        if drafter.vocabulary not in (None, vocabulary):
            raise VocabularyError(
                f"the drafter {drafter.name!r} has another vocabulary than the target "
                f"({drafter.vocabulary!r}, not {vocabulary!r}); take a draft model with the "
                "tokenizer of the target, and tell it of the target's: "
                "DraftModel(model, vocabulary=...)"
            )
    return made


def _refusal(given: object) -> str:
    return f"{shown(given)} is no drafter; a model becomes one as DraftModel(model)"


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
