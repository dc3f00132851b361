"""When not to ask a drafter."""

from __future__ import annotations

from dataclasses import dataclass

_CREDIT = 0.5
"""Calls of the target that a drafter may waste before it has to rest."""
_MOST_CREDIT = 2.0
"""The most that it can put by."""
_SHORTEST, _LONGEST = 4, 64
"""Drafts in a row that begin without a drafter."""


@dataclass(slots=True)
class Rest:
    """When to ask a drafter again: one that costs more than it saves rests, longer and longer.

    Attributes:
        credit: what it has saved less what it has cost, in calls of the target.
        length: of its next rest, in drafts.
        left: of its present rest.
    """

    credit: float = _CREDIT
    length: int = _SHORTEST
    left: int = 0

    def save(self, calls: float) -> None:
        """Book what has been saved."""
        self.credit = min(self.credit + calls, _MOST_CREDIT)
        self.length = max(self.length // 2, _SHORTEST)

    def spend(self, calls: float) -> None:
        """Book what has been spent."""
        self.credit -= calls

    def is_over(self) -> bool:
        """Return whether to ask the drafter in the draft that begins now, the guesses of those
        before it being decided."""
        if self.left:
            self.left -= 1
        elif self.credit >= 0:
            return True
        else:
            self.credit, self.left = _CREDIT, self.length - 1
            self.length = min(2 * self.length, _LONGEST)
        return False
