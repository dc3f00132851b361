"""One text under a constraint, be it one with masks or one that only says yes or no."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from constrain.engine import Constraint, Matcher
from constrain.engine.bitmask import allowed
from constrain.errors import ConstraintError, GenerationError
from constrain.sampling.clock import Clock
from constrain.vocabulary import Vocabulary


@runtime_checkable
class YesNo(Protocol):
    """A constraint that can only be asked: a type checker, an executor, a database.

    Both methods are pure functions of the bytes. Contract: what `allows` refuses is the beginning
    of no complete text; of a complete text it allows every beginning, the whole included. It may
    allow beginnings that nothing completes; texts that end up there get weight zero.
    """

    def allows(self, prefix: bytes) -> bool:
        """Return whether some complete text may begin with `prefix`."""
        ...

    def complete(self, prefix: bytes) -> bool:
        """Return whether `prefix` is a complete text."""
        ...


AnyConstraint: TypeAlias = "Constraint | YesNo"

_REMEMBERED = 1 << 14
"""Answers of a constraint that can only be asked."""


class Cursor(ABC):
    """The place of one text under a constraint.

    Attributes:
        finished: whether an end-of-text token was appended.
    """

    finished: bool = False

    @abstractmethod
    def mask(self) -> NDArray[np.bool_] | None:
        """Return bool[V], the tokens that may come next; None if they can only be tried. Nobody
        writes to it."""

    @abstractmethod
    def allows(self, token: int) -> bool:
        """Return whether a token may come next."""

    @abstractmethod
    def append(self, token: int) -> None:
        """Append a token that is allowed."""

    @abstractmethod
    def fork(self) -> Cursor:
        """Return an independent cursor at the same place."""

    def forced(self) -> Sequence[int]:
        """Return the vocabulary's own tokens of the bytes that must come next, as far as known."""
        return ()


def cursor_maker(
    constraint: AnyConstraint, vocabulary: Vocabulary, clock: Clock | None = None
) -> Callable[[], Cursor]:
    """Return what makes cursors at the start of a text; the clock counts what they ask.

    Raises:
        ConstraintError: it is no constraint, or over another vocabulary.
    """
    clock = clock or Clock()
    if isinstance(constraint, Constraint):
        if constraint.vocabulary != vocabulary:
            raise ConstraintError(
                "the constraint and the model have different vocabularies; compile the constraint "
                "with model.vocabulary"
            )
        return lambda: MaskCursor(constraint.matcher(), clock)
    if isinstance(constraint, YesNo):
        judge = _Judge(constraint)
        return lambda: YesNoCursor(judge, vocabulary, clock)
    raise ConstraintError(
        f"{constraint!r} is no constraint: neither a compiled one nor an object with the methods "
        "allows(prefix) and complete(prefix)"
    )


class MaskCursor(Cursor):
    """A matcher's place."""

    def __init__(self, matcher: Matcher, clock: Clock) -> None:
        self._matcher = matcher
        self._clock = clock
        self._mask: NDArray[np.bool_] | None = None

    def mask(self) -> NDArray[np.bool_]:
        """See `Cursor.mask`; kept until a token is appended, as guesses come before draws."""
        if self._mask is None:
            vocabulary = self._matcher.constraint.vocabulary
            row = np.empty(vocabulary.bitmask_words, np.int32)
            with self._clock:
                self._matcher.fill_bitmask(row)
                self._mask = allowed(row, vocabulary.size)
            self._mask.flags.writeable = False
        return self._mask

    def allows(self, token: int) -> bool:
        """See `Cursor.allows`."""
        with self._clock:
            if not self._matcher.accept(token):
                return False
            self._matcher.rollback(1)
            return True

    def append(self, token: int) -> None:
        """See `Cursor.append`."""
        if not self._matcher.accept(token):
            raise AssertionError(f"token {token} was allowed, but the matcher refuses it")
        self._mask = None
        self.finished = self._matcher.is_finished()

    def fork(self) -> MaskCursor:
        """See `Cursor.fork`."""
        other = MaskCursor(self._matcher.fork(), self._clock)
        other.finished = self.finished
        other._mask = self._mask
        return other

    def forced(self) -> Sequence[int]:
        """See `Cursor.forced`."""
        return self._matcher.forced_tokens()


class _Judge:
    """A constraint that can only be asked, and its latest answers, for all texts.

    Attributes:
        allows, complete: as those of the constraint; asked once about a text.
    """

    def __init__(self, constraint: YesNo) -> None:
        self._constraint = constraint
        self.allows = lru_cache(_REMEMBERED)(partial(_answer, constraint.allows))
        self.complete = lru_cache(_REMEMBERED)(partial(_answer, constraint.complete))

    def confirm(self, text: bytes) -> None:
        """Ask again about a complete text.

        Raises:
            GenerationError: the constraint does not allow it, or does not call it complete.
        """
        asked = self._constraint.allows, self._constraint.complete
        if not all(_answer(question, text) for question in asked):
            raise GenerationError(
                f"the constraint contradicts itself: it has called {text!r} complete, but now "
                "refuses it; `allows` and `complete` must both hold of a complete text, and give "
                "the same answer every time"
            )


def _answer(question: Callable[[bytes], bool], text: bytes) -> bool:
    try:
        return bool(question(text))
    except Exception as error:
        raise GenerationError(
            f"the constraint, asked about {text!r}, has failed with {type(error).__name__}: {error}"
        ) from error


class YesNoCursor(Cursor):
    """The bytes so far."""

    def __init__(self, judge: _Judge, vocabulary: Vocabulary, clock: Clock) -> None:
        self._judge = judge
        self._clock = clock
        self._vocabulary = vocabulary
        self._text = b""

    def mask(self) -> None:
        """See `Cursor.mask`."""
        return

    def allows(self, token: int) -> bool:
        """See `Cursor.allows`.

        Raises:
            GenerationError: the constraint has failed.
        """
        with self._clock:
            if token in self._vocabulary.eos_token_ids:
                return self._judge.complete(self._text)
            added = self._vocabulary.token_bytes(token)
            return bool(added) and self._judge.allows(self._text + (added or b""))

    def append(self, token: int) -> None:
        """See `Cursor.append`.

        Raises:
            GenerationError: at the end of a text: the constraint does not allow, or no longer
                calls complete, what it has called complete; or it has failed.
        """
        if token in self._vocabulary.eos_token_ids:
            self._judge.confirm(self._text)
            self.finished = True
        else:
            self._text += self._vocabulary.token_bytes(token) or b""

    def fork(self) -> YesNoCursor:
        """See `Cursor.fork`."""
        other = YesNoCursor(self._judge, self._vocabulary, self._clock)
        other._text = self._text
        other.finished = self.finished
        return other
