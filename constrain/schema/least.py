"""The least members that end an object which has to break rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from constrain.lexing.regex import difference, words
from constrain.schema.language import by_length, spell
from constrain.schema.normal import Node
from constrain.schema.shapes import FreeKeys, Property
from constrain.schema.textual.strings import StringShape


def least_key(keys: FreeKeys, written: Iterable[str | int]) -> bytes | None:
    """Return the least text of a free key that has not been written."""
    known = words(key for key in written if isinstance(key, str))
    return StringShape(difference(keys.regex, known)).least


_State = tuple[int, int, frozenset[str | int]]
"""The breaches left open, the number of members not required, and the free keys written."""
_Members = tuple[tuple[bytes, ...], tuple[bytes, ...]]
"""The texts of named members and of free ones."""


class LeastBreaking:
    """Finds the least members that end an object and make all breaches.

    Args:
        free: the free keys.
        outcomes: gives what the value of a property may satisfy, given the breaches still open,
            and which are then left open.
        any_order: whether properties may come in any order.
        text: the least texts of values; None where there is none, or none is known.
        fill: gives the least texts of a number of free members, given the free keys written.
        spend: is told of work.
    """

    def __init__(
        self,
        free: Sequence[FreeKeys],
        outcomes: Callable[[Property | FreeKeys, int], Mapping[Node, int]],
        any_order: bool,
        text: Callable[[Node], bytes | None],
        fill: Callable[[frozenset[str | int], int], list[bytes]],
        spend: Callable[[int], None],
    ) -> None:
        self._free = free
        self._outcomes = outcomes
        self._any_order = any_order
        self._text = text
        self._fill = fill
        self._spend = spend
        self._extra = 0
        self._counting = False

    def find(
        self,
        open: int,
        named: Iterable[Property],
        written: frozenset[str | int],
        extra: int,
        room: int | None,
    ) -> list[bytes] | None:
        """Return the members, or None where not known.

        Args:
            open: the breaches to be made, as a mask.
            named: the named properties that may come, required or not.
            written: the free keys written.
            extra: least number of members that are not required.
            room: greatest number of such members; None: any.
        """
        self._extra = extra
        self._counting = extra > 0 or room is not None
        most = max(extra, open.bit_count())
        most = most if room is None else min(most, room)
        best: dict[_State, _Members] = {(open, 0, written): ((), ())}
        for found in named:
            longer: dict[_State, _Members] = {}
            for state, members in best.items():
                if not found.required:
                    left, count, keys = state
                    self._keep(longer, (left & ~found.lacking, count, keys), members)
                for (left, count, keys), text in self._with(found, state, spell(found.name), most):
                    self._keep(longer, (left, count, keys), ((*members[0], text), members[1]))
            best = longer if self._counting else self._undominated(longer)
            self._spend(len(best))
        for _ in range(open.bit_count()):
            for state, members in list(best.items()):
                for (left, count, keys), text in self._with_free(state, most):
                    self._keep(best, (left, count, keys), (members[0], (*members[1], text)))
        complete = []
        for (left, count, keys), (before, after) in best.items():
            more = self._fill(keys, extra - count) if not left and count < extra else []
            if not left and count + len(more) >= extra:
                complete.append(self._ordered((before, (*after, *more))))
        return min(complete, key=_total, default=None)

    def _with_free(self, state: _State, most: int) -> Iterator[tuple[_State, bytes]]:
        open, _, written = state
        for keys in self._free if open else ():
            helps = any(left != open for left in self._outcomes(keys, open).values())
            key = least_key(keys, written) if helps else None
            if key is not None:
                for (left, count, known), text in self._with(keys, state, key, most):
                    if left != open:
                        yield (left, count, known | {json.loads(key)}), text

    def _with(
        self, found: Property | FreeKeys, state: _State, key: bytes, most: int
    ) -> Iterator[tuple[_State, bytes]]:
        """The states after a property, each with the least text of the member."""
        open, count, written = state
        required = isinstance(found, Property) and found.required
        count += self._counting and not required
        if count <= most:
            for node, left in self._outcomes(found, open).items():
                if required or left != open or (self._counting and count <= self._extra):
                    value = self._text(node)
                    if value is not None:
                        yield (left, count, written), key + b":" + value

    def _keep(self, best: dict[_State, _Members], state: _State, members: _Members) -> None:
        known = best.get(state)
        if known is None or _total(self._ordered(members)) < _total(self._ordered(known)):
            best[state] = members

    def _undominated(self, best: dict[_State, _Members]) -> dict[_State, _Members]:
        """Leave out states that leave more open than others with a lesser text."""
        kept: dict[_State, _Members] = {}
        by_text = sorted(best.items(), key=lambda item: _total(self._ordered(item[1])))
        for state, members in by_text:
            if not any(state[0] & other == other for other, _, _ in kept):
                kept[state] = members
        return kept

    def _ordered(self, members: _Members) -> list[bytes]:
        named, free = members
        return sorted(named + free) if self._any_order else [*named, *sorted(free)]


def _total(members: list[bytes]) -> tuple[int, bytes]:
    return by_length(b",".join(members))
