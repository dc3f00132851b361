"""What a model that looks ahead may know of the texts that it is asked about."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Drawn(NamedTuple):
    """A token drawn ahead.

    Attributes:
        token: the token.
        probability: of drawing it, by what it was drawn from.
        width: how many tokens the constraint allowed; V where it can only be asked.
    """

    token: int
    probability: float
    width: int


class Lookahead(Protocol):
    """The next tokens of one text, as far as those who draw them know: by their noise and their
    constraint, without the model. It is moved along guesses; the text itself stays as it is.
    """

    @property
    def key(self) -> Hashable:
        """Which of the texts it is: the same from one question to the next."""
        ...

    @property
    def prefix(self) -> tuple[int, ...]:
        """Prompt, tokens and guesses; what the model is asked for next."""
        ...

    def fork(self) -> Lookahead:
        """Return an independent copy."""
        ...

    def draw(self, tokens: NDArray[np.intp], logprobs: NDArray[Any]) -> Drawn | None:
        """Return the token that would be drawn if the model said this; None if none is allowed.

        Args:
            tokens: [K] ids, ascending, K >= 1; the others are taken to be unlikely.
            logprobs: [K] the natural logarithms of their probabilities, which sum to 1 or less.
        """
        ...

    def take(self, token: int) -> bool:
        """Append a token that `draw` has given. Returns False where the text ends with it, so that
        the model will be asked no more."""
        ...

    def forced(self) -> Sequence[int]:
        """Return tokens of the bytes that must come next, by the vocabulary's own tokenization;
        the model may spell them in other tokens."""
        ...
