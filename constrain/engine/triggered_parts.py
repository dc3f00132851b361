"""Free text with structure after triggers, where a structure has a matcher of its own kind."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from constrain.engine.combining.triggered import FreeText, Trigger, up_to
from constrain.engine.constraint import Constraint
from constrain.engine.control import Control
from constrain.engine.single import RegexControl
from constrain.vocabulary import Vocabulary


class TriggeredParts:
    """The parts of such a text, see `Parts`: free text, and in turn a trigger, a structure, an end.

    A part is its kind, how many structures are written before it as far as it matters, and the
    trigger.

    Args:
        constraints: what follows each trigger.
        ends: what has to come after each structure; None: nothing.
        at_least: structures that there have to be.
        at_most: structures that there may be; None for any number.
        vocabulary: the tokens.
    """

    def __init__(
        self,
        constraints: Mapping[Trigger, Constraint],
        ends: Control[Any] | None,
        at_least: int,
        at_most: int | None,
        vocabulary: Vocabulary,
    ) -> None:
        self._constraints = constraints
        self._ends = None if ends is None else Constraint(ends, vocabulary)
        self._free = FreeText(constraints.keys())
        self._at_least, self._at_most = at_least, at_most
        self._vocabulary = vocabulary
        self._begun = lru_cache(None)(self._up_to)
        self._last = Constraint(RegexControl(self._free.regex), vocabulary)

    def _up_to(self, trigger: Trigger) -> Constraint:
        return Constraint(up_to(self._free, trigger), self._vocabulary)

    def starts(self) -> tuple[Any, ...]:
        """See `Parts.starts`."""
        return self._between(0)

    def _between(self, written: int) -> tuple[Any, ...]:
        """The parts that may come after so many structures."""
        most = self._at_least if self._at_most is None else self._at_most
        written = min(written, most)
        found: list[Any] = [("free", written, None)] if written >= self._at_least else []
        if self._at_most is None or written < self._at_most:
            found += [("up to", written, trigger) for trigger in self._constraints]
        return tuple(found)

    def constraint(self, part: Any) -> Constraint:
        """See `Parts.constraint`."""
        kind, _, trigger = part
        if kind == "free":
            return self._last
        if kind == "end":
            assert self._ends is not None
            return self._ends
        return self._begun(trigger) if kind == "up to" else self._constraints[trigger]

    def after(self, part: Any) -> tuple[Any, ...]:
        """See `Parts.after`."""
        kind, written, trigger = part
        if kind == "up to":
            return (("within", written, trigger),)
        if kind == "within" and self._ends is not None:
            return (("end", written, trigger),)
        return () if kind == "free" else self._between(written + 1)

    def is_last(self, part: Any) -> bool:
        """See `Parts.is_last`."""
        return bool(part[0] == "free")
