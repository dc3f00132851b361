"""Texts made of parts, each of which a matcher of its own kind follows.

Where all parts are controls, they are combined into one (`combining`). A part that only its matcher
knows, as a constraint with monitors, is followed by that matcher, from where it begins to where it
ends; where there are several ways to divide a text, all are followed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from constrain.engine import kernels
from constrain.engine.bitmask import allowed, writable_row
from constrain.engine.constraint import Constraint
from constrain.engine.matcher import Matcher
from constrain.engine.stepped import SteppedMatcher
from constrain.errors import ConstraintError

_MOST_THREADS = 64
"""Ways to divide a text that are followed at once."""
_MOST_TRIED = 512
"""Tokens that are tried one by one for whether a part ends within them."""

Key = Hashable


class Parts(Protocol):
    """Which parts a text has: an automaton."""

    def starts(self) -> tuple[Key, ...]:
        """Return the parts that a text may begin with."""
        ...

    def constraint(self, part: Key) -> Constraint:
        """Return what a part allows."""
        ...

    def after(self, part: Key) -> tuple[Key, ...]:
        """Return the parts that may come after one."""
        ...

    def is_last(self, part: Key) -> bool:
        """Return whether a text may end with a part."""
        ...


class Chain(NamedTuple):
    """One of some sequences of parts.

    Attributes:
        ways: the sequences.
    """

    ways: tuple[tuple[Constraint, ...], ...]

    def starts(self) -> tuple[Key, ...]:
        """See `Parts.starts`."""
        return tuple((way, 0) for way in range(len(self.ways)))

    def constraint(self, part: Any) -> Constraint:
        """See `Parts.constraint`."""
        return self.ways[part[0]][part[1]]

    def after(self, part: Any) -> tuple[Key, ...]:
        """See `Parts.after`."""
        way, place = part
        return () if self.is_last(part) else ((way, place + 1),)

    def is_last(self, part: Any) -> bool:
        """See `Parts.is_last`."""
        return bool(part[1] + 1 == len(self.ways[part[0]]))


class Opaque(Constraint):
    """A constraint without a control, which only its matchers know."""

    @property
    def control(self) -> Any:  # type: ignore[override]
        """There is none.

        Raises:
            ConstraintError: always.
        """
        raise ConstraintError(
            "a constraint with monitors cannot be a rule of a grammar, nor both sides of & be "
            "alternatives or sequences with monitors; combine the constraints first, and add the "
            "monitors with & afterwards"
        )

    def __or__(self, other: Constraint) -> Constraint:
        """The texts that either allows; what only its matchers know of a side is that side's."""
        return _chain(((self,), (other,)), lambda one, two: one | two, self, other)

    def __ror__(self, other: Constraint) -> Constraint:
        return _chain(((other,), (self,)), lambda one, two: one | two, other, self)

    def __add__(self, other: Constraint) -> Constraint:
        """A text of this constraint, then one of the other."""
        return _chain(((self, other),), lambda one, two: one + two, self, other)

    def __radd__(self, other: Constraint) -> Constraint:
        return _chain(((other, self),), lambda one, two: one + two, other, self)


def _chain(
    ways: tuple[tuple[Constraint, ...], ...],
    combined: Callable[[Constraint, Constraint], Constraint],
    one: Constraint,
    two: Constraint,
) -> Constraint:
    if not isinstance(one, Constraint) or not isinstance(two, Constraint):
        return NotImplemented
    if one.vocabulary != two.vocabulary:
        raise ConstraintError(
            "the constraints have different vocabularies; compile both with the same one"
        )
    return PartedConstraint(Chain(ways), combined(one.outer, two.outer))


class PartedConstraint(Opaque):
    """Texts made of parts.

    A token is allowed if a part allows it, or if it ends a part and what is left of it begins the
    next. Tokens of the second kind are tried one by one, 512 at most; where there are more, they
    are refused, and the text can be written with others.

    Args:
        parts: which parts there are.
        outer: what is allowed at most, with a control.
    """

    def __init__(self, parts: Parts, outer: Constraint) -> None:
        self.parts = parts
        self._outer = outer
        self.vocabulary = outer.vocabulary
        self.masks = outer.masks
        self.eos = np.array(outer.vocabulary.eos_token_ids, np.int32)
        self.rest = lru_cache(None)(self._rest)

    def __repr__(self) -> str:
        return f"<{self.outer!r} in parts>"

    @property
    def outer(self) -> Constraint:
        """See `Constraint.outer`."""
        return self._outer

    @property
    def budget(self) -> _PartedBudget:  # type: ignore[override]
        """See `Constraint.budget`."""
        return _PartedBudget(self.outer)

    def matcher(self) -> PartedMatcher:
        """See `Constraint.matcher`."""
        return PartedMatcher(self)

    def _rest(self, part: Key) -> int:
        """The fewest tokens that come after a part, EOS included."""
        if self.parts.is_last(part):
            return 1
        costs = (self.start_cost(after) + self.rest(after) for after in self.parts.after(part))
        return min(min(costs), sys.maxsize)

    def start_cost(self, part: Key) -> int:
        """The fewest tokens of a part."""
        return self.parts.constraint(part).matcher().tokens_to_finish() - 1


class _PartedBudget:
    """See `Constraint.budget`; as far as other constraints ask for it."""

    def __init__(self, outer: Constraint) -> None:
        self._outer = outer

    def ending(self, matcher: PartedMatcher) -> bytes:
        """Return a short ending of the text so far."""
        return matcher.ending()

    def fewest(self, text: bytes) -> int:
        """Return the fewest tokens that spell a text."""
        return self._outer.budget.fewest(text)


class _Thread(NamedTuple):
    """One way to divide a text: the part that it has come to, and where it stands in it."""

    part: Key
    matcher: Matcher


class _Step(NamedTuple):
    """The ways to divide a text; a shared persistent list."""

    threads: tuple[_Thread, ...]
    finished: bool
    before: _Step | None


class PartedMatcher(SteppedMatcher["PartedConstraint", "_Step"]):
    """Follows one text made of parts. See `Matcher`."""

    __slots__ = ()

    def __init__(self, constraint: PartedConstraint) -> None:
        super().__init__(constraint, constraint.outer.matcher())

    def _first_step(self) -> _Step:
        starts = [self._start(part) for part in self._own.parts.starts()]
        return _Step(self._with_next(starts), False, None)

    def _start(self, part: Key) -> _Thread:
        return _Thread(part, self._own.parts.constraint(part).matcher())

    def _with_next(self, threads: list[_Thread]) -> tuple[_Thread, ...]:
        """Threads, and those of the parts that may begin here.

        Raises:
            ConstraintError: there are too many ways to divide the text.
        """
        found: dict[object, _Thread] = {}
        pending = list(reversed(threads))
        while pending:
            thread = pending.pop()
            key = (thread.part, thread.matcher.place)
            if key in found:
                continue
            found[key] = thread
            if len(found) > _MOST_THREADS:
                raise ConstraintError(
                    f"there are more than {_MOST_THREADS} ways to divide the text into parts; put "
                    "something between them by which they can be told apart"
                )
            if thread.matcher.is_accepting():
                pending += map(self._start, self._own.parts.after(thread.part))
        return tuple(found.values())

    def __repr__(self) -> str:
        return f"<{self._base!r} in parts>"

    @property
    def place(self) -> object:
        """See `Matcher.place`."""
        return tuple((thread.part, thread.matcher.place) for thread in self._path.threads)

    # -- masks ---------------------------------------------------------------------------------

    def fill_bitmask(self, row: NDArray[np.int32], budget: int | None = None) -> None:
        """See `Matcher.fill_bitmask`."""
        row = writable_row(row, self._own.vocabulary.bitmask_words)
        if self._path.finished:
            row[:] = 0
            return
        self._base.fill_bitmask(row)
        found, own = np.zeros_like(row), np.empty_like(row)
        for part, matcher in self._path.threads:
            left = None if budget is None else budget - self._own.rest(part) + 1
            if left is None or left > 0:
                matcher.fill_bitmask(own, budget=left)
                found |= own
        ends = np.zeros_like(row)
        kernels.set_bits(ends, self._own.eos)
        found &= ~ends
        beyond = np.flatnonzero(allowed(row & ~found & ~ends, self._own.vocabulary.size))
        row &= found
        if len(beyond) <= _MOST_TRIED:
            kernels.set_bits(row, np.array(self._crossing(beyond.tolist(), budget), np.int32))
        if self.is_accepting() and budget != 0:
            row |= ends

    def _crossing(self, tokens: list[int], budget: int | None) -> list[int]:
        """Those of some tokens within which a part ends."""
        found = []
        for token in tokens:
            trial = self.fork()
            if trial.accept(token) and (budget is None or trial.tokens_to_finish() < budget):
                found.append(token)
        return found

    def is_accepting(self) -> bool:
        """See `Matcher.is_accepting`."""
        return not self._path.finished and any(
            self._own.parts.is_last(part) and matcher.is_accepting()
            for part, matcher in self._path.threads
        )

    def is_finished(self) -> bool:
        """See `Matcher.is_finished`."""
        return self._path.finished

    # -- moving --------------------------------------------------------------------------------

    def accept(self, token_id: int) -> bool:
        """See `Matcher.accept`."""
        if self._path.finished:
            return False
        if token_id in self._own.vocabulary.eos_token_ids:
            if not self.is_accepting() or not self._base.accept(token_id):
                return False
            self._path = _Step(self._path.threads, True, self._path)
            return True
        if not self._base.accept(token_id):
            return False
        data = self._own.vocabulary.token_bytes(token_id) or b""
        within = []
        for part, matcher in self._path.threads:
            after = matcher.fork()
            if after.accept(token_id):
                within.append(_Thread(part, after))
        return self._moved(within + self._across(data))

    def accept_bytes(self, data: bytes) -> bool:
        """See `Matcher.accept_bytes`."""
        if self._path.finished or not self._base.accept_bytes(data):
            return False
        within = []
        for part, matcher in self._path.threads:
            after = matcher.fork()
            if after.accept_bytes(data):
                within.append(_Thread(part, after))
        return self._moved(within + self._across(data))

    def _moved(self, threads: list[_Thread]) -> bool:
        if not threads:
            self._base.rollback(1)
            return False
        self._path = _Step(self._with_next(threads), False, self._path)
        return True

    def _across(self, data: bytes) -> list[_Thread]:
        """Where the text comes to if parts end within some bytes, before the last of them."""
        found = []
        pending = [(thread, 0) for thread in self._path.threads]
        while pending:
            (part, matcher), begin = pending.pop()
            if not self._own.parts.after(part):
                continue
            for end in range(begin + 1, len(data)):
                before = matcher.fork()
                if not before.accept_bytes(data[begin:end]):
                    break
                if before.is_accepting():
                    for start in map(self._start, self._own.parts.after(part)):
                        pending.append((start, end))
                        after = start.matcher.fork()
                        if after.accept_bytes(data[end:]):
                            found.append(_Thread(start.part, after))
        return found

    # -- looking ahead -------------------------------------------------------------------------

    def forced_tokens(self) -> list[int]:
        """See `Matcher.forced_tokens`."""
        if self._path.finished or len(self._path.threads) > 1:
            return []
        return self._agreed(self._path.threads[0].matcher.forced_tokens())

    def dead_end(self, token_ids: tuple[int, ...] = ()) -> ConstraintError:
        """See `Matcher.dead_end`. That of the part that the text has come to."""
        return self._path.threads[-1].matcher.dead_end(token_ids)

    def tokens_to_finish(self) -> int:
        """See `Matcher.tokens_to_finish`. The ending is divided where parts end."""
        if self._path.finished:
            return 0
        costs = (
            matcher.tokens_to_finish() - 1 + self._own.rest(part)
            for part, matcher in self._path.threads
        )
        least = min(costs)
        return least if least < _NEVER else sys.maxsize

    def ending(self) -> bytes:
        """Return a short ending of the text so far."""
        parts, found = self._own.parts, b""
        part, matcher = min(
            self._path.threads,
            key=lambda thread: thread.matcher.tokens_to_finish() + self._own.rest(thread.part),
        )
        while True:
            found += matcher.constraint.budget.ending(matcher)
            if parts.is_last(part):
                return found
            part = min(
                parts.after(part),
                key=lambda after: self._own.start_cost(after) + self._own.rest(after),
            )
            matcher = self._start(part).matcher


_NEVER = sys.maxsize // 2
