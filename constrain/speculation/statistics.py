"""What a run of a speculative model came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Guesses that the target has scored.

    Attributes:
        sent: how many.
        accepted: how many of them were drawn in the end.
    """

    sent: int
    accepted: int

    def __sub__(self, other: Acceptance) -> Acceptance:
        return Acceptance(self.sent - other.sent, self.accepted - other.accepted)

    @property
    def rate(self) -> float:
        """The share that was accepted; 0 where none was sent."""
        return self.accepted / self.sent if self.sent else 0.0


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts since the model was made.

    Attributes:
        questions: how often the model was asked, for one or several texts at once.
        calls: calls of the target.
        positions: prefixes scored in these calls, guesses included.
        drafters: guesses by the name of their drafter.
        places: guesses by their place in the draft, from 1.
        target_seconds: time in the target.
        draft_seconds: time in the drafters, and in drawing and following guesses.
    """

    questions: int
    calls: int
    positions: int
    drafters: dict[str, Acceptance]
    places: dict[int, Acceptance]
    target_seconds: float
    draft_seconds: float

    def since(self, before: Statistics) -> Statistics:
        """Return what came after other counts of the same model."""
        none = Acceptance(0, 0)
        return Statistics(
            self.questions - before.questions,
            self.calls - before.calls,
            self.positions - before.positions,
            {name: a - before.drafters.get(name, none) for name, a in self.drafters.items()},
            {place: a - before.places.get(place, none) for place, a in self.places.items()},
            self.target_seconds - before.target_seconds,
            self.draft_seconds - before.draft_seconds,
        )

    @property
    def per_call(self) -> float:
        """Questions answered by a call of the target (block efficiency); plain decoding has 1."""
        return self.questions / self.calls if self.calls else 0.0


@dataclass(slots=True)
class Tally:
    """Counts under way; see `Statistics`."""

    questions: int = 0
    calls: int = 0
    positions: int = 0
    target_seconds: float = 0.0
    draft_seconds: float = 0.0
    sent: Counter[tuple[str, int]] = field(default_factory=Counter)
    accepted: Counter[tuple[str, int]] = field(default_factory=Counter)

    def statistics(self) -> Statistics:
        """Return the counts so far."""
        drafters = {name for name, _ in self.sent}
        places = {place for _, place in self.sent}
        return Statistics(
            self.questions,
            self.calls,
            self.positions,
            {name: self._of(0, name) for name in sorted(drafters)},
            {place: self._of(1, place) for place in sorted(places)},
            self.target_seconds,
            self.draft_seconds,
        )

    def _of(self, part: int, value: str | int) -> Acceptance:
        return Acceptance(
            sum(n for key, n in self.sent.items() if key[part] == value),
            sum(n for key, n in self.accepted.items() if key[part] == value),
        )
