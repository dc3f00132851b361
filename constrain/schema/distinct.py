"""Arrays no two items of which are equal: what an item may still be.

Items are told apart by value. Those written before must not come again, and those that later
items cannot do without must be left for them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from constrain.errors import SchemaTooComplexError
from constrain.schema.arrays import ArrayShape, Items, LeastText, Possible, Way, Written
from constrain.schema.few import Few
from constrain.schema.language import by_length
from constrain.schema.normal import Node
from constrain.schema.pieces import value_of

LIST = 32
"""The values of nodes that have at most so many are always told apart."""

DIFFERENT = 10_000
"""Most items that differ that an array may be asked to have."""
CONTAINED = 200
"""Most items that differ that may be asked to be contained in one."""

List = Callable[[Node, int], Collection[Any] | None]
"""The values of a node if there are at most so many, None otherwise."""


_ANOTHER = object()
"""Stands for a value that is none of those listed."""


class Told(NamedTuple):
    """What has been written of an array whose items are told apart.

    Attributes:
        written: how much.
        values: the items, as `identity` gives them; a `Fresh` stands for one that is not known.
        doubtful: whether there is such a one.
    """

    written: Written
    values: frozenset[Any] = frozenset()
    doubtful: bool = False


class Fresh(NamedTuple):
    """A way to write one more item, which is compared with others.

    Attributes:
        node: what the item satisfies.
        barred: the values that it must not be.
        special: values that it may be, and that make a difference later.
        others: whether it may be something else, with no difference what.
        doubtful: whether what it is compared with is not known.
        onward: what the plan needs in order to go on after it.
    """

    node: Node
    barred: frozenset[Any]
    special: frozenset[Any]
    others: bool
    doubtful: bool
    onward: Any

    def allows(self, value: Any) -> bool:
        """Return whether the item may be a value of the node."""
        return value in self.special or (self.others and value not in self.barred)


class DistinctItems:
    """The ways to write the arrays of a shape whose items must differ.

    Args:
        items: the ways to write them were it not for that.
        few: lists the values of nodes.
        possible: whether a node has a value.
    """

    def __init__(self, items: Items, few: Few, possible: Possible) -> None:
        self.shape = items.shape
        if self.shape.low > DIFFERENT:
            limit = f"an array needs more than {DIFFERENT:,} items that differ"
            raise SchemaTooComplexError("", limit)
        if self.shape.missing(items.start) > CONTAINED:
            limit = f"an array contains more than {CONTAINED:,} items of a kind that differ"
            raise SchemaTooComplexError("", limit)
        self.start = Told(items.start)
        self._items = items
        self._few = few
        self._possible = possible
        self._later: dict[Written, list[Node]] = {}
        self._free = Free(self.shape, self._list)

    def may_end(self, told: Told) -> bool:
        """Return whether the array may end here."""
        return self.shape.may_end(told.written)

    def next(self, told: Told) -> list[Fresh]:
        """Return the ways to write one more item after which the array can be completed."""
        found = []
        for way in self._items.next(told.written):
            most = most_that_matter(self.shape, told.written, told.values)
            own = self._list(way.node, most)
            onward = told, way.after
            if own is not None and self.shape.settled(told.written):
                # Whatever one is, the others have one value less.
                if _left(own, way.node, told.values) >= max(self._to_come(told), 1):
                    none = frozenset[Any]()
                    found.append(Fresh(way.node, told.values, none, True, told.doubtful, onward))
                continue
            special = self._wanted(way, most) if own is None else frozenset(own)
            fit = self._fit(special - told.values, way, told)
            others = own is None and self._completes(way.after, told.values | {_ANOTHER})
            if others or fit:
                barred = told.values | (special - fit)
                found.append(Fresh(way.node, barred, fit, others, told.doubtful, onward))
        return found

    def _to_come(self, told: Told) -> int:
        return self.shape.low - told.written.items

    def _fit(self, values: frozenset[Any], way: Way, told: Told) -> frozenset[Any]:
        """The values after which the array can be completed."""
        taken = told.values
        return frozenset(v for v in values if self._completes(way.after, taken | {v}))

    def _completes(self, written: Written, taken: frozenset[Any]) -> bool:
        return completes(self.shape, written, taken, self._list, self._free)

    def after(self, fresh: Fresh, value: Any, text: bytes | None) -> tuple[DistinctItems, Told]:
        """Return the plan and what has been written after an item; its text is None if unknown."""
        told, written = fresh.onward
        if text is None:
            return self, Told(written, told.values | {fresh}, True)
        return self, Told(written, told.values | {value}, told.doubtful)

    def _list(self, node: Node, most: int) -> Collection[Any] | None:
        return self._few.of(node, most, self._possible)

    def _wanted(self, way: Way, most: int) -> frozenset[Any]:
        """The values of later items that have few."""
        # Where items are counted, what all of them may satisfy: more values, found only once.
        start = self._items.start if self.shape.counts else way.after
        later = self._later.get(start)
        if later is None:
            later = self._later[start] = list(self.shape.later(start))
        lists = [self._list(node, most) for node in later]
        return frozenset(value for values in lists if values is not None for value in values)

    def least(self, told: Told, at_least: int, text: LeastText) -> list[bytes] | None:
        """Return the items of a short text that ends the array, or None where not known.

        It is the shortest by the number of items. Those that are counted come first; apart from
        that the texts of items are the least, one after the other.
        """
        items: list[bytes] = []
        while len(items) < at_least or not self.may_end(told):
            if self.shape.settled(told.written):
                more = max(at_least - len(items), self._to_come(told))
                rest = self._least_alike(told, more, text)
                return None if rest is None else items + rest
            ways = []
            for fresh in self.next(told):
                _, written = fresh.onward
                if written == told.written and not self.may_end(told):
                    continue  # nothing but one value fewer would be left
                found = self.least_item(fresh, text)
                if found is not None:
                    left = self.shape.fewest(written)
                    # What counts for something comes first: the others are all alike.
                    rank = left, -sum(written.counted), *by_length(found[1])
                    ways.append((rank, found, fresh))
            if not ways:
                return None
            _, (value, item), fresh = min(ways, key=lambda way: way[0])
            items.append(item)
            _, told = self.after(fresh, value, item)
        return items

    def _least_alike(self, told: Told, more: int, text: LeastText) -> list[bytes] | None:
        """Return so many items that satisfy the same, the shortest left."""
        node = self.shape.item(self.shape.distinct)
        first = text(node) if self._possible(node) else None
        if first is None:
            return None
        taken = {*told.values, *self._guesses(told, text)}
        items = {} if value_of(first) in taken else {value_of(first): first}
        for value, item in self._few.some(node, len(taken) + more + 1).items():
            if len(items) == more:
                break
            if value not in taken:
                items.setdefault(value, item)
        return list(items.values()) if len(items) == more else None

    def _guesses(self, told: Told, text: LeastText) -> list[Any]:
        """Values that the items may have that are not known."""
        unknown = (value for value in told.values if isinstance(value, Fresh))
        return [found[0] for one in unknown if (found := self.least_item(one, text))]

    def least_item(self, fresh: Fresh, text: LeastText) -> tuple[Any, bytes] | None:
        """Return the value and the text of a short item, or None where not known."""
        first = text(fresh.node)
        if first is None:
            return None
        guesses = self._guesses(fresh.onward[0], text)
        value = value_of(first)
        if fresh.allows(value) and value not in guesses:
            return value, first
        count = len(fresh.barred) + len(fresh.special) + len(guesses) + 1
        for value, listed in self._few.some(fresh.node, count).items():
            if fresh.allows(value) and value not in guesses:
                return value, listed
        return None


def most_that_matter(shape: ArrayShape, written: Written, taken: Collection[Any]) -> int:
    """Return how many values a node must have more than, so that there is always one left."""
    return max(LIST, len(taken) + shape.needed(written) + 1)


def completes(
    shape: ArrayShape,
    written: Written,
    taken: frozenset[Any],
    values: List,
    free: Free | None = None,
) -> bool:
    """Return whether an array can be completed with items that differ.

    Args:
        shape: the shape of the array.
        written: how much has been written; the array can be completed but for the differences.
        taken: the items written.
        values: lists the values of nodes.
        free: what is known of ways to the end; None: nothing, and nothing is to be kept.
    """
    if shape.may_end(written):
        return True
    if not shape.settled(written) and shape.counts:
        return _search(shape, written, taken, values, free or Free(shape, values))
    return _assign(shape, written.items, taken, values)


class Free:
    """Knows from where an array can be completed with items that all have many values.

    Args:
        shape: the shape of the array.
        values: lists the values of nodes.
    """

    def __init__(self, shape: ArrayShape, values: List) -> None:
        self._shape = shape
        self._values = values
        self._open: dict[Written, int] = {}  # how many values, at the most
        self._shut: dict[Written, int] = {}  # how many values are too many, at the least

    def reaches(self, written: Written, most: int) -> bool:
        """Return whether there is such a way along nodes of more than `most` values."""
        before: dict[Written, Written | None] = {written: None}
        pending = [written]
        while pending:
            here = pending.pop()
            if self._shape.may_end(here) or self._open.get(here, -1) >= most:
                last: Written | None = here
                while last is not None:
                    self._open[last] = max(most, self._open.get(last, 0))
                    last = before[last]
                return True
            if self._shut.get(here, most + 1) <= most:
                continue
            self._shape.spend(1)
            for way in self._shape.ways(here):
                if way.after not in before and self._values(way.node, most) is None:
                    before[way.after] = here
                    pending.append(way.after)
        self._shut.update(dict.fromkeys(before, most))
        return False


def _left(listed: Collection[Any], node: Node, taken: frozenset[Any]) -> int:
    """Return how many values of a node are not taken; items not known that satisfy it take one."""
    unknown = sum(isinstance(value, Fresh) and value.node is node for value in taken)
    return sum(value not in taken for value in listed) - unknown


def _assign(shape: ArrayShape, first: int, taken: frozenset[Any], values: List) -> bool:
    """Whether each of the items still needed can have a value of its own (Kuhn 1955)."""
    most = len(taken) + shape.low - first
    choices: list[list[Any]] = []
    more = shape.low - max(first, shape.distinct)
    if more > 0:
        listed = values(shape.item(shape.distinct), most)
        if listed is not None:
            if _left(listed, shape.item(shape.distinct), taken) < more:
                return False
            if first < shape.distinct:
                choices += [[value for value in listed if value not in taken]] * more
    for index in range(first, min(shape.low, shape.distinct)):
        listed = values(shape.item(index), most)
        if listed is not None:
            choices.append([value for value in listed if value not in taken])
    owners: dict[Any, int] = {}

    def seat(item: int, tried: set[Any]) -> bool:
        for value in choices[item]:
            if value not in owners:
                owners[value] = item
                return True
        for value in choices[item]:
            if value not in tried:
                tried.add(value)
                if seat(owners[value], tried):
                    owners[value] = item
                    return True
        return False

    return all(seat(item, set()) for item in range(len(choices)))


def _search(
    shape: ArrayShape, written: Written, taken: frozenset[Any], values: List, free: Free
) -> bool:
    met = {(written, taken)}
    pending = [(written, taken)]
    while pending:
        written, taken = pending.pop()
        if shape.may_end(written):
            return True
        most = most_that_matter(shape, written, taken)
        if free.reaches(written, most):
            return True
        for way in shape.ways(written):
            listed = values(way.node, most)
            left = [taken] if listed is None else [taken | {v} for v in listed if v not in taken]
            shape.spend(len(left))
            for after in left:
                if (way.after, after) not in met:
                    met.add((way.after, after))
                    pending.append((way.after, after))
    return False
