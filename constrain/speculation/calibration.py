"""How likely a guess is to come true, learnt from those before it."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

_SHARES = 5
"""Classes of a drafter's own confidence."""
_WIDTHS = 4
"""Bits of the constraint's entropy in a class."""
_DOUBT = 4.0
"""Guesses that what is expected of a class counts for."""
_FADING = 0.97
"""What is left of a result after the next one of its class."""


@dataclass(slots=True)
class _Record:
    """Results, the latest counting most.

    Attributes:
        right: guesses that came true.
        total: all guesses.
        claimed: the sum of their confidences.
    """

    right: float = 0.0
    total: float = 0.0
    claimed: float = 0.0

    def add(self, confidence: float, right: bool) -> None:
        self.right = self.right * _FADING + right
        self.total = self.total * _FADING + 1
        self.claimed = self.claimed * _FADING + confidence


class Calibration:
    """Chances of guesses, by drafter, by its confidence, and by the entropy of the constraint.

    A guess belongs to a class: its drafter, its confidence in fifths, and the bits log2(width) of
    the constraint, uniform over its allowed tokens, in fours. The chance of a guess is the share
    of those of its class that came true, shrunk to what its confidence, corrected by how its
    drafter overrates itself, lets expect.
    """

    def __init__(self) -> None:
        self._drafters: dict[str, _Record] = {}
        self._classes: dict[tuple[str, int, int], _Record] = {}

    def chance(self, drafter: str, confidence: float, width: int) -> float:
        """Return how likely a guess is to come true.

        Args:
            drafter: its name.
            confidence: `Drawn.probability`.
            width: how many tokens the constraint allows.
        """
        overall = self._drafters.get(drafter, _Record())
        correction = (overall.right + _DOUBT) / (overall.claimed + _DOUBT)
        expected = min(1.0, confidence * correction)
        record = self._classes.get(_class(drafter, confidence, width), _Record())
        return (record.right + _DOUBT * expected) / (record.total + _DOUBT)

    def learn(self, drafter: str, confidence: float, width: int, right: bool) -> None:
        """Learn whether a guess came true."""
        self._drafters.setdefault(drafter, _Record()).add(confidence, right)
        place = _class(drafter, confidence, width)
        self._classes.setdefault(place, _Record()).add(confidence, right)


def _class(drafter: str, confidence: float, width: int) -> tuple[str, int, int]:
    share = min(int(confidence * _SHARES), _SHARES - 1)
    return drafter, share, int(log2(max(width, 1))) // _WIDTHS
