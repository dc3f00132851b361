"""What the target has proposed before."""

from __future__ import annotations

from collections.abc import Sequence

from constrain.speculation.drafter import Drafter, Likely, Text


class Recycling(Drafter):
    """Guesses what the target found likely when it last stood after the same token.

    The adjacency matrix of token recycling (Luo et al. 2024, "Turning Trash into Treasure"), with
    the probabilities of the candidates beside them. It keeps what all calls so far have shown.
    """

    name = "recycling"

    def __init__(self) -> None:
        self._after: dict[int, Likely] = {}

    def guess(self, texts: Sequence[Text]) -> list[Likely | None]:
        """See `Drafter.guess`."""
        return [self._after.get(text.prefix[-1]) if text.prefix else None for text in texts]

    def learn(self, prefix: tuple[int, ...], said: Likely) -> None:
        """See `Drafter.learn`."""
        if prefix:
            self._after[prefix[-1]] = said
