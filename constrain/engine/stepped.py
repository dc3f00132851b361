"""What matchers share that stand beside another one: their steps go along with its own."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from constrain.engine.constraint import Constraint
from constrain.engine.matcher import Matcher

if TYPE_CHECKING:
    from typing_extensions import Self


class Step(Protocol):
    """Where a text stands, beside what another matcher knows of it; a shared persistent list."""

    @property
    def before(self) -> Step | None:
        """The step before; None at the beginning."""


AnyStep = TypeVar("AnyStep", bound=Step)
AnyConstraint = TypeVar("AnyConstraint", bound=Constraint)


class SteppedMatcher(Matcher, Generic[AnyConstraint, AnyStep]):
    """Follows a text together with another matcher: each step of one is a step of the other.

    Args:
        constraint: what it follows.
        base: the other matcher.
    """

    __slots__ = ("_base", "_own", "_path")

    def __init__(self, constraint: AnyConstraint, base: Matcher) -> None:
        self._own = constraint
        self._base = base
        self._path = self._first_step()

    @abstractmethod
    def _first_step(self) -> AnyStep:
        """Return where an empty text stands."""

    @property
    def constraint(self) -> AnyConstraint:
        """The constraint that this matcher follows."""
        return self._own

    def rollback(self, n_tokens: int) -> None:
        """See `Matcher.rollback`."""
        self._base.rollback(n_tokens)
        for _ in range(n_tokens):
            before = self._path.before
            assert before is not None
            self._path = before  # type: ignore[assignment]

    def fork(self) -> Self:
        """See `Matcher.fork`."""
        other = type(self).__new__(type(self))
        other._own = self._own
        other._base = self._base.fork()
        other._path = self._path
        return other

    def reset(self) -> None:
        """See `Matcher.reset`."""
        self._base.reset()
        self._path = self._first_step()

    def _agreed(self, tokens: list[int]) -> list[int]:
        """Return as many of some tokens as may follow."""
        trial = self.fork()
        for count, token in enumerate(tokens):
            if not trial.accept(token):
                return tokens[:count]
        return tokens
