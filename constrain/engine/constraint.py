"""Constraint: a control over a vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from constrain.engine.combining import choice, intersection, sequence
from constrain.engine.control import Control, special_tokens
from constrain.engine.masks import Masks
from constrain.engine.matcher import Matcher
from constrain.engine.plans import Planner
from constrain.engine.warm import warmup
from constrain.errors import ConstraintError, VocabularyError
from constrain.vocabulary import Vocabulary, check_vocabulary

if TYPE_CHECKING:
    from constrain.engine.budget import Budget


class Constraint:
    """What texts are allowed, for one vocabulary. Immutable to its users, shared by any number
    of threads; what it caches is bounded with all else of its vocabulary (`set_cache_limit`).
    A copy is the constraint itself. It cannot be pickled: each process compiles its own.

    Attributes:
        control: what may come next, lexeme by lexeme.
        vocabulary: the tokens.

    Raises:
        VocabularyError: it is no vocabulary, or lacks a special token that the control asks for.
    """

    def __init__(self, control: Control[Any], vocabulary: Vocabulary) -> None:
        check_vocabulary(vocabulary)
        missing = special_tokens(control).difference(vocabulary.special_tokens)
        if missing:
            raise VocabularyError(
                f"the vocabulary has no special token {', '.join(map(repr, sorted(missing)))}; "
                "see vocabulary.special_tokens for those that it has"
            )
        warmup()
        self.control = control
        self.vocabulary = vocabulary
        self.masks = Masks.of(vocabulary)
        self._planner = Planner(control, self.masks, vocabulary.eos_token_ids)
        self.masks.join(self._planner)

    def __repr__(self) -> str:
        return f"<Constraint of a {type(self.control).__name__} over {self.vocabulary!r}>"

    def __copy__(self) -> Constraint:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Constraint:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a constraint cannot be pickled; compile it in each process")

    @property
    def outer(self) -> Constraint:
        """The constraint without what only its matchers know; it has a control."""
        return self

    def matcher(self) -> Matcher:
        """Return a matcher at the start, for one sequence."""
        return Matcher(self, self._planner)

    def __and__(self, other: Constraint) -> Constraint:
        """The texts that both allow; see `combining.intersection` for what is exact."""
        return self._combined(intersection, other)

    def __or__(self, other: Constraint) -> Constraint:
        """The texts that either allows."""
        return self._combined(choice, other)

    def __add__(self, other: Constraint) -> Constraint:
        """A text of this constraint, then one of the other."""
        return self._combined(sequence, other)

    def _combined(
        self, combine: Callable[[Control[Any], Control[Any]], Control[Any]], other: Constraint
    ) -> Constraint:
        if not isinstance(other, Constraint):
            return NotImplemented
        if other.vocabulary != self.vocabulary:
            raise ConstraintError(
                "the constraints have different vocabularies; compile both with the same one"
            )
        return Constraint(combine(self.control, other.control), self.vocabulary)

    @cached_property
    def budget(self) -> Budget:
        """What it takes to end a text, see `budget`."""
        from constrain.engine.budget import Budget

        return Budget(self._planner, self.vocabulary, self.masks)


def fill_bitmasks(
    matchers: list[Matcher], rows: NDArray[np.int32], *, max_threads: int | None = None
) -> None:
    """Fill the masks of many matchers in parallel threads; the kernels release the GIL.

    Args:
        matchers: n matchers, of one or several constraints over vocabularies of equal size.
        rows: int32[n, ceil(V / 32)], each row contiguous.
        max_threads: threads to use; None for one per processor.
    """
    if rows.shape[:1] != (len(matchers),):
        raise ValueError(f"{len(matchers)} matchers, but rows has shape {rows.shape}")
    if max_threads == 1 or len(matchers) < 2:
        for matcher, row in zip(matchers, rows, strict=True):
            matcher.fill_bitmask(row)
        return
    with ThreadPoolExecutor(max_threads) as pool:
        for _ in pool.map(lambda matcher, row: matcher.fill_bitmask(row), matchers, rows):
            pass
