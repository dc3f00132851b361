"""Copying from the prompt and from the output so far."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from constrain.speculation.drafter import Drafter, Likely, Text, certain

_SURE = {8: 0.9, 4: 0.8, 2: 0.5}
"""How sure a copy is after so many equal tokens."""


class Copying(Drafter):
    """Guesses that a text goes on as it did where the last tokens stood before, at their latest
    place, be it in the prompt or in the output.

    Copies after longer matches come first (Ge et al. 2022, "Lossless Acceleration for Seq2seq
    Generation with Aggressive Decoding"; Dumitru et al. 2025, "CopySpec").
    """

    name = "copying"

    def guess(self, texts: Sequence[Text]) -> list[Likely | None]:
        """See `Drafter.guess`."""
        return [_copy(text.prefix) for text in texts]


def _copy(prefix: tuple[int, ...]) -> Likely | None:
    tokens = array("i", prefix)
    data, size = tokens.tobytes(), tokens.itemsize
    for length, sure in _SURE.items():
        if len(prefix) <= length:
            continue
        last = data[-length * size :]
        place = data.rfind(last, 0, len(data) - size)
        while place > 0 and place % size:  # between tokens
            place = data.rfind(last, 0, place + len(last) - 1)
        if place >= 0:
            return certain(prefix[place // size + length], sure)
    return None
