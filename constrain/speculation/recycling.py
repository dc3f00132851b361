"""What the target has proposed before."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from constrain.speculation.drafter import Drafter, Likely, Said, Text

_ROOM = 1 << 27
"""Bytes for what nobody has looked at yet."""


class Recycling(Drafter):
    """Guesses what the target found likely when it last stood after the same token.

    The adjacency matrix of token recycling (Luo et al. 2024, "Turning Trash into Treasure"), with
    the probabilities of the candidates beside them. It keeps what all calls so far have shown.
    """

    name = "recycling"

    def __init__(self) -> None:
        self._after: dict[int, Said] = {}
        self._unseen: OrderedDict[int, Said] = OrderedDict()

    def guess(self, texts: Sequence[Text]) -> list[Likely | None]:
        """See `Drafter.guess`."""
        said = (self._after.get(text.prefix[-1]) if text.prefix else None for text in texts)
        return [each.likely if each else None for each in said]

    def learn(self, prefix: tuple[int, ...], said: Said) -> None:
        """See `Drafter.learn`."""
        if not prefix:
            return
        token = prefix[-1]
        self._after[token] = self._unseen[token] = said
        if len(self._unseen) * said.nbytes > _ROOM:
            self._unseen.popitem(last=False)[1].likely  # noqa: B018 - lets go of the row
