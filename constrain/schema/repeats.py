"""Arrays some two items of which are equal: which two, guessed in every way that can turn out."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Any, NamedTuple

from constrain.schema.arrays import Items, LeastText, Possible, Way, Written
from constrain.schema.distinct import Fresh
from constrain.schema.normal import Node, Normaliser


class Sought(NamedTuple):
    """What has been written of an array before two of its items are equal.

    Attributes:
        written: how much.
        again: what the item satisfies that is to be equal to one before; None: none is settled on.
        value: the item before, as `identity` gives it.
        text: its text; None: not known.
    """

    written: Written
    again: Node | None = None
    value: Any = None
    text: bytes | None = None


class RepeatingItems:
    """The ways to write the arrays of a shape some two items of which must be equal.

    One of the two is chosen when it is written, and with it what its equal satisfies as well.

    Args:
        items: the ways to write them were it not for that.
        normaliser: makes nodes.
        possible: whether a node has a value.
    """

    def __init__(self, items: Items, normaliser: Normaliser, possible: Possible) -> None:
        self.start = Sought(items.start)
        self._items = items
        self._normaliser = normaliser
        self._possible = possible
        self._reached: dict[Written, list[Way]] = {}
        self._open: dict[Written, bool] = {}

    def may_end(self, sought: Sought) -> bool:
        """Return whether the array may end here: not before the second of the two."""
        return False

    def next(self, sought: Sought) -> Iterator[Way | Fresh]:
        """Return the ways to write one more item after which the array can be completed."""
        for way in self._items.next(sought.written):
            if self._can_repeat(way.after, sought.again):
                yield Way(way.node, sought._replace(written=way.after))
            if sought.again is None:
                for both, again in self._pairs(way):
                    onward = Sought(way.after, again)
                    yield Fresh(both, frozenset(), frozenset(), True, False, onward)
            elif sought.again is way.node:
                known = sought.text is not None
                special = frozenset((sought.value,)) if known else frozenset[Any]()
                yield Fresh(way.node, frozenset(), special, not known, not known, way.after)

    def after(
        self, fresh: Fresh, value: Any, text: bytes | None
    ) -> tuple[RepeatingItems, Sought] | tuple[Items, Written]:
        """Return the plan and what has been written after an item; its text is None if unknown."""
        if isinstance(fresh.onward, Sought):
            return self, fresh.onward._replace(value=value, text=text)
        return self._items, fresh.onward

    def possible(self) -> bool:
        """Return whether there is such an array."""
        return self._can_repeat(self.start.written, None)

    def _can_repeat(self, written: Written, again: Node | None) -> bool:
        """Whether two items can still be equal, or one can still satisfy `again`."""
        if again is not None:
            return any(way.node is again for way in self._reach(written))
        found = self._open.get(written)
        if found is None:
            pairs = (pair for way in self._reach(written) for pair in self._pairs(way))
            found = self._open[written] = next(pairs, None) is not None
        return found

    def _pairs(self, first: Way) -> Iterator[tuple[Node, Node]]:
        """What both of two equal items satisfy, and what the second does."""
        for again in dict.fromkeys(way.node for way in self._reach(first.after)):
            both = self._normaliser.node((*first.node.atoms, *again.atoms))
            if self._possible(both):
                yield both, again

    def _reach(self, written: Written) -> list[Way]:
        """The ways to write all items that may come."""
        found = self._reached.get(written)
        if found is None:
            met: dict[Written, None] = {written: None}
            pending = [written]
            found = self._reached[written] = []
            while pending:
                ways = self._items.next(pending.pop())
                self._normaliser.spend(1 + len(ways))
                found += ways
                new = [way.after for way in ways if way.after not in met]
                met.update(dict.fromkeys(new))
                pending += new
        return found

    def least(self, sought: Sought, at_least: int, text: LeastText) -> list[bytes] | None:
        """Return the items of the least text that ends the array, or None where not known."""
        heap: list[tuple[int, bytes, int, int, Any, list[bytes]]] = []
        met: set[Any] = set()
        order = count(1)
        first = sought
        if first.again is not None and first.text is None:
            first = first._replace(text=text(first.again))
        heappush(heap, (0, b"", 0, 0, first, []))
        while heap:
            _, joined, _, more, here, items = heappop(heap)
            if here is None:
                return items
            if (here, more) in met:
                continue
            met.add((here, more))
            for after, item in self._least_next(here, text):
                longer, grown = joined + b"," + item, [*items, item]
                reached = min(more + 1, at_least)
                if isinstance(after, Sought):
                    entry = len(longer), longer, next(order), reached, after, grown
                    heappush(heap, entry)
                    continue
                rest = self._items.least(after, at_least - reached, text)
                if rest is not None:
                    whole = b"".join(b"," + one for one in rest)
                    longer += whole
                    heappush(heap, (len(longer), longer, next(order), 0, None, grown + rest))
        return None

    def _least_next(
        self, sought: Sought, text: LeastText
    ) -> Iterator[tuple[Sought | Written, bytes]]:
        for way in self.next(sought):
            if isinstance(way, Way):
                item = text(way.node)
                after: Any = way.after
            elif isinstance(way.onward, Sought):
                item = text(way.node)
                after = way.onward._replace(text=item)
            else:
                item, after = sought.text, way.onward
            if item is not None:
                yield after, item
