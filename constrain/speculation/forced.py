"""The constraint as a drafter."""

from __future__ import annotations

from collections.abc import Sequence

from constrain.speculation.drafter import Drafter, Likely, Text, certain

_SURE = 0.9
"""Few models spell forced bytes in other tokens than the vocabulary does."""


class Forced(Drafter):
    """Guesses the tokens of the bytes that the constraint forces next: a key of an object, the
    rest of a word of an enumeration."""

    name = "forced"

    def guess(self, texts: Sequence[Text]) -> list[Likely | None]:
        """See `Drafter.guess`."""
        return [certain(tokens[0], _SURE) if (tokens := text.forced()) else None for text in texts]
