"""Constraints that monitors watch over, and their matchers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from constrain.engine import Constraint, Matcher, kernels
from constrain.engine.bitmask import allowed, writable_row
from constrain.engine.parted import Opaque
from constrain.engine.single import RegexControl
from constrain.engine.stepped import SteppedMatcher
from constrain.errors import ConstraintError
from constrain.lexing.regex import ANYTHING
from constrain.monitors.endings import agreed, dead_end, least_ending
from constrain.monitors.monitor import Monitor
from constrain.monitors.watch import State, Watch
from constrain.vocabulary import Vocabulary

Search = Literal["strict", "lenient"]
"""How endings are looked for: with all answers, or without those that nothing agrees with."""
_MOST_TRIED = 512
"""Tokens that are tried one by one for whether they leave room to end."""


def monitored(vocabulary: Vocabulary, *monitors: Monitor) -> MonitoredConstraint:
    """Return the constraint that allows any text that some monitors agree with."""
    return MonitoredConstraint(Constraint(RegexControl(ANYTHING), vocabulary), monitors)


class MonitoredConstraint(Opaque):
    """The texts of a constraint that monitors agree with. `constraint & monitor` makes one.

    A token is allowed iff the constraint and all monitors allow it. What they ask for together may
    have no text, which shows only in the middle of one: then nothing is allowed. Decoding within a
    budget (`generate_json` and its siblings) takes back the token that leads there.

    Attributes:
        base: the constraint.
        watches: what follows texts for each monitor.
    """

    def __init__(self, base: Constraint, monitors: Sequence[Monitor]) -> None:
        self.base = base
        self.vocabulary = base.vocabulary
        self.masks = base.masks
        self.watches = [Watch(monitor, base.vocabulary) for monitor in monitors]
        self.eos = np.array(base.vocabulary.eos_token_ids, np.int32)

    def __repr__(self) -> str:
        names = ", ".join(type(monitor).__name__ for monitor in self._monitors)
        return f"<{self.base!r} with {names}>"

    def matcher(self) -> MonitoredMatcher:
        """See `Constraint.matcher`."""
        return MonitoredMatcher(self)

    def __and__(self, other: Constraint | Monitor) -> Constraint:
        """The texts that another constraint allows as well, or that a monitor agrees with."""
        if isinstance(other, Monitor):
            return MonitoredConstraint(self.base, [*self._monitors, other])
        if isinstance(other, MonitoredConstraint):
            return MonitoredConstraint(self.base & other.base, self._monitors + other._monitors)
        if isinstance(other, Constraint):
            return MonitoredConstraint(self.base & other, self._monitors)
        return NotImplemented

    def __rand__(self, other: Constraint) -> Constraint:
        return MonitoredConstraint(other & self.base, self._monitors)

    @property
    def outer(self) -> Constraint:
        """See `Constraint.outer`."""
        return self.base.outer

    @property
    def budget(self) -> _Endings:  # type: ignore[override]
        """See `Constraint.budget`; as far as other constraints ask for it."""
        return _Endings(self.base)

    def beginnings(self, text: bytes) -> list[int]:
        """Return the tokens that a text may begin with; those that end it, if it is empty."""
        if not text:
            return list(self.vocabulary.eos_token_ids)
        spelt = (self.vocabulary.token_bytes(token) for token in range(self.vocabulary.size))
        return [token for token, data in enumerate(spelt) if data and text.startswith(data)]

    @property
    def _monitors(self) -> list[Monitor]:
        return [watch.monitor for watch in self.watches]


class _Endings:
    """See `MonitoredConstraint.budget`."""

    def __init__(self, base: Constraint) -> None:
        self._base = base

    def ending(self, matcher: MonitoredMatcher) -> bytes:
        """Return a short ending of the text so far; nothing where none is found."""
        found = least_ending(matcher)
        return b"".join(found.pieces) if found else b""

    def fewest(self, text: bytes) -> int:
        """Return the fewest tokens that spell a text."""
        return self._base.budget.fewest(text)


class _Step(NamedTuple):
    """Where the monitors stand; a shared persistent list."""

    states: tuple[State, ...]
    before: _Step | None


class MonitoredMatcher(SteppedMatcher[MonitoredConstraint, "_Step"]):
    """Follows one text under a constraint and for monitors. See `Matcher`."""

    __slots__ = ("_search",)

    def __init__(self, constraint: MonitoredConstraint) -> None:
        super().__init__(constraint, constraint.base.matcher())
        self._search: Search | None = None

    def __repr__(self) -> str:
        return f"<{self._base!r} with monitors>"

    def _first_step(self) -> _Step:
        return _Step(tuple(watch.start for watch in self._own.watches), None)

    @property
    def place(self) -> object:
        """See `Matcher.place`."""
        return self._base.place, self.states

    @property
    def base(self) -> Matcher:
        """Where the text stands under the constraint without monitors."""
        return self._base

    @property
    def states(self) -> tuple[State, ...]:
        """Where each monitor stands."""
        return self._path.states

    def fill_bitmask(self, row: NDArray[np.int32], budget: int | None = None) -> None:
        """See `Matcher.fill_bitmask`.

        With a budget, where many tokens are allowed, only those of the least ending may be left.
        """
        row = writable_row(row, self._own.vocabulary.bitmask_words)
        self._base.fill_bitmask(row, budget)
        if self._base.is_finished():
            return
        for watch, state in zip(self._own.watches, self.states, strict=True):
            watch.restrict(row, state, self._base)
        if budget != 0 and self.is_accepting():
            kernels.set_bits(row, self._own.eos)
        if budget is not None:
            self._spend(row, budget)

    def _spend(self, row: NDArray[np.int32], budget: int) -> None:
        tokens = np.flatnonzero(allowed(row, self._own.vocabulary.size))
        if len(tokens) > _MOST_TRIED:
            ending = least_ending(self)
            first = ending.pieces[0] if ending and ending.pieces else b""
            tokens = tokens[np.isin(tokens, self._own.beginnings(first))]
        row[:] = 0
        for token in tokens.tolist():
            trial = self.fork()
            if trial.accept(token) and trial.tokens_to_finish() < budget:
                kernels.set_bits(row, np.array([token], np.int32))

    def is_accepting(self) -> bool:
        """See `Matcher.is_accepting`."""
        return self._base.is_accepting() and all(
            expected.is_accepting for state in self.states for expected in state.expected
        )

    def is_finished(self) -> bool:
        """See `Matcher.is_finished`."""
        return self._base.is_finished()

    def accept(self, token_id: int) -> bool:
        """See `Matcher.accept`.

        Raises:
            MonitorError: a monitor has no answer, and that is an error.
        """
        if token_id in self._own.vocabulary.eos_token_ids:
            if not self.is_accepting() or not self._base.accept(token_id):
                return False
            self._path = _Step(self.states, self._path)
            return True
        before = self._base.fork()
        if not self._base.accept(token_id):
            return False
        if not self._is_approved(token_id, before):
            self._base.rollback(1)
            return False
        data = self._own.vocabulary.token_bytes(token_id) or b""
        return self._follow(data, before, is_token=True)

    def _is_approved(self, token_id: int, before: Matcher) -> bool:
        """Whether the monitors that judge allow a token."""
        row = None
        for watch, state in zip(self._own.watches, self.states, strict=True):
            if watch.monitor.judges:
                if row is None:
                    row = np.zeros(self._own.vocabulary.bitmask_words, np.int32)
                    kernels.set_bits(row, np.array([token_id], np.int32))
                watch.restrict(row, state, before)
        return row is None or bool(row.any())

    def accept_bytes(self, data: bytes) -> bool:
        """See `Matcher.accept_bytes`.

        Raises:
            MonitorError: a monitor has no answer, and that is an error.
        """
        before = self._base.fork()
        return self._base.accept_bytes(data) and self._follow(data, before, is_token=False)

    def _follow(self, data: bytes, before: Matcher, *, is_token: bool) -> bool:
        """Move the monitors too; where one refuses, take the move of the constraint back."""
        states = []
        try:
            for watch, state in zip(self._own.watches, self.states, strict=True):
                after = watch.after(state, data, before, is_token=is_token)
                if after is None:
                    self._base.rollback(1)
                    return False
                states.append(after)
        except ConstraintError:
            self._base.rollback(1)
            raise
        self._path = _Step(tuple(states), self._path)
        try:
            self._settle(before)
        except ConstraintError:
            assert self._path.before is not None
            self._path = self._path.before
            self._base.rollback(1)
            raise
        return True

    def _settle(self, before: Matcher) -> None:
        """Do without answers that nothing agrees with, where they could not be avoided.

        Args:
            before: where the text stood under the constraint, before they came.

        Raises:
            MonitorError: see `Monitor.otherwise`.
        """
        if self._search == "strict":
            return
        for number, watch in enumerate(self._own.watches):
            if self._is_possible(self.states[number]):
                continue
            if self._search is None:
                other = self.fork()
                other._base, other._path = before.fork(), self._path.before or self._path
                if least_ending(other, strict=True) is not None:
                    return
            states = list(self.states)
            states[number] = watch.without_last(states[number], quiet=self._search is not None)
            self._path = _Step(tuple(states), self._path.before)

    def _is_possible(self, state: State) -> bool:
        """Whether the constraint and all monitors agree with some of an answer that has come."""
        if not state.is_answered or not state.expected[-1].has_few:
            return True
        return any(
            all(x.is_accepting or not x.has_few for other in after.states for x in other.expected)
            for _, after in agreed(self.trial("strict"), state.expected[-1].endings())
        )

    def trial(self, search: Search) -> MonitoredMatcher:
        """Return a fork that looks for an ending."""
        other = self.fork()
        other._search = search
        return other

    def fork(self) -> MonitoredMatcher:
        """See `Matcher.fork`."""
        other = super().fork()
        other._search = self._search
        return other

    def forced_tokens(self) -> list[int]:
        """See `Matcher.forced_tokens`."""
        tokens = self._base.forced_tokens()
        for state in self.states:
            for expected in () if state.rest else state.expected:
                forced = expected.forced().decode(errors="ignore")
                tokens = max(tokens, self._own.vocabulary.encode(forced.encode()), key=len)
        return self._agreed(tokens)

    def dead_end(self, token_ids: tuple[int, ...] = ()) -> ConstraintError:
        """See `Matcher.dead_end`. A `MonitorError`: a monitor's own, or a `StuckError`."""
        return dead_end(self.trial("lenient"), token_ids)

    def tokens_to_finish(self) -> int:
        """See `Matcher.tokens_to_finish`. Where no ending is found, more than any budget."""
        if self.is_finished():
            return 0
        ending = least_ending(self)
        return sys.maxsize if ending is None else ending.cost
