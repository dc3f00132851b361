"""What drafting has brought, and what it has cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter


@dataclass
class Account:
    """What drafting has brought and cost, over all runs of a sampler.

    Attributes:
        steps: steps of texts; a call of the target makes one for each text under way.
        target_calls: calls of the target.
        draft_calls: calls of the draft model.
        tokens: tokens written.
        offered: depth in the tree -> how many steps came to a place with drafts there.
        accepted: depth in the tree -> how many of these went on with one of the drafts.
        offered_by, accepted_by: the same by the name of the drafter; "forced" where the constraint
            leaves a single token.
        seconds: part of the work -> seconds spent in it: "target", "draft" (the draft model),
            "drafting" (growing trees), "choosing", "mask" (what masks take of these two).
    """

    steps: int = 0
    target_calls: int = 0
    draft_calls: int = 0
    tokens: int = 0
    offered: Counter[int] = field(default_factory=Counter)
    accepted: Counter[int] = field(default_factory=Counter)
    offered_by: Counter[str] = field(default_factory=Counter)
    accepted_by: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=partial(defaultdict, float))

    @property
    def block_efficiency(self) -> float:
        """Tokens for each step of a text."""
        return self.tokens / self.steps if self.steps else 0.0

    @contextmanager
    def time(self, part: str) -> Iterator[None]:
        """Count what is done within."""
        started = perf_counter()
        try:
            yield
        finally:
            self.seconds[part] += perf_counter() - started
