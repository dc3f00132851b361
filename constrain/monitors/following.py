"""Answers that a text of another language follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from constrain.engine import Constraint, Control, Matcher
from constrain.engine.beginnings import Beginnings
from constrain.engine.combining import sequence
from constrain.engine.single import RegexControl
from constrain.lexing.regex import literal
from constrain.lexing.syntax import parse
from constrain.monitors.answers import MOST_NAMES, Answer, Expected, ended


class Following(Answer):
    """A text of a control, and what may stand after it.

    Args:
        control: of the text.
        lead: what may stand before it, as a pattern in Python's dialect.
        beyond: the class of the characters that may stand after it, none of which extends it, as a
            pattern in Python's dialect.
        texts: some of the texts, which are looked at on the way to an ending.
    """

    def __init__(
        self, control: Control[Any], lead: str, beyond: str, texts: Sequence[bytes] = ()
    ) -> None:
        self.texts = sorted(texts, key=len)
        self._value = sequence(RegexControl(parse(lead, "python")), control)
        self._control = sequence(self._value, RegexControl(ended(beyond)))
        self._constraints: dict[bytes | None, Constraint] = {}

    def begin(self, beginnings: Beginnings, base: Matcher | None) -> Expected:
        """See `Answer.begin`."""
        vocabulary = beginnings.vocabulary
        for head, control in ((None, self._value), (b"", self._control)):
            if head not in self._constraints:
                self._constraints[head] = Constraint(control, vocabulary)
        value, whole = self._constraints[None].matcher(), self._constraints[b""].matcher()
        return _Followed(self, b"", value, whole, beginnings)

    def after_head(self, head: bytes, beginnings: Beginnings) -> Constraint:
        """Return the constraint that allows `head`, then the text."""
        found = self._constraints.get(head)
        if found is None:
            before = RegexControl(literal(head.decode()))
            found = Constraint(sequence(before, self._control), beginnings.vocabulary)
            self._constraints[head] = found
        return found


@dataclass(frozen=True, slots=True)
class _Followed(Expected):
    """A text of a control, and what stands after it.

    Attributes:
        said: what is written of it.
        value: has read it up to here, if that is not beyond its end.
        whole: has read it and what stands after it.
    """

    answer: Following
    said: bytes
    value: Matcher | None
    whole: Matcher
    beginnings: Beginnings

    def after(self, data: bytes, chars: str, rest: bytes) -> Expected | None:
        """See `Expected.after`."""
        whole, value = self.whole.fork(), self.value
        if not whole.accept_bytes(data):
            return None
        if value is not None:
            value = value.fork()
            if not value.accept_bytes(data):
                value = None
        return replace(self, said=self.said + data, value=value, whole=whole)

    def fill(self, row: NDArray[np.int32], rest: bytes, base: Matcher) -> None:
        """See `Expected.fill`."""
        found = np.empty_like(row)
        self.whole.fill_bitmask(found)
        row &= found

    def fill_below(self, row: NDArray[np.int32], head: bytes, node: int, base: Matcher) -> None:
        """See `Expected.fill_below`."""
        found = np.empty_like(row)
        self.answer.after_head(head, self.beginnings).matcher().fill_bitmask(found)
        below = np.zeros_like(row)
        self.beginnings.add_all_below(below, node)
        row &= found & below

    @property
    def is_accepting(self) -> bool:
        """See `Expected.is_accepting`."""
        return self.whole.is_accepting()

    @property
    def is_met(self) -> bool:
        """See `Expected.is_met`."""
        return self.value is None

    def endings(self) -> Iterator[bytes]:
        """See `Expected.endings`."""
        if self.value is not None:
            yield self.value.constraint.budget.ending(self.value)
            said = self.said.lstrip()
            begun = (text for text in self.answer.texts if text.startswith(said))
            yield from (text[len(said) :] for text in islice(begun, MOST_NAMES))
