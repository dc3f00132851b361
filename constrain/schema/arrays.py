"""The shape of arrays: what each item satisfies, and how items are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, NamedTuple

from constrain.schema.facts import ArrayFacts, Atom, Count

if TYPE_CHECKING:
    from constrain.schema.normal import Node, Normaliser

Possible = Callable[["Node"], bool]
"""Whether any value is in a node's set, as far as is known."""

LeastText = Callable[["Node"], bytes | None]
"""The least text of a node, or None where none is known."""


class Written(NamedTuple):
    """How much of an array has been written.

    Attributes:
        items: number of items, as far as it matters.
        counted: for each count of the shape, the items counted, as far as it matters.
    """

    items: int
    counted: tuple[int, ...]


class Way(NamedTuple):
    """A way to write one more item.

    Attributes:
        node: what the item satisfies.
        after: what has been written after it, as the plan at hand has it.
    """

    node: Node
    after: Any


Place = tuple[Written, int]
"""How much has been written, and the least number of items to come."""


class Rest:
    """A text from a place to the end of an array. Equality is identity.

    Attributes:
        length: its length.
        item: the next item; b"": there is none to come.
        after: the rest after that item.
    """

    __slots__ = ("after", "item", "length")

    def __init__(self, item: bytes, after: Rest | None) -> None:
        self.length: int = 0 if after is None else len(item) + 1 + after.length
        self.item = item
        self.after = after


class Rests:
    """The least rests that are known of places; None: there is none. Equal rests are one object."""

    def __init__(self) -> None:
        self.at: dict[Place, Rest | None] = {}
        self.end = Rest(b"", None)
        self._known: dict[tuple[bytes, Rest], Rest] = {}

    def least(self, ways: Iterable[tuple[bytes, Place]]) -> Rest | None:
        """Return the least rest of a place with so many ways on, those after it known."""
        least: Rest | None = None
        for item, place in ways:
            after = self.at[place]
            if after is not None:
                found = self._known.setdefault((item, after), Rest(item, after))
                if least is None or _is_less(found, least):
                    least = found
        return least


class ArrayShape:
    """Arrays.

    Attributes:
        low: least number of items.
        high: greatest number of items; None: any.
        unique: whether no two items are equal.
        repeats: whether some two items are equal.
        distinct: index from which on what items satisfy no longer changes.
        start: what has been written before the first item.
    """

    def __init__(self, facts: Sequence[ArrayFacts], normaliser: Normaliser) -> None:
        self.low = max((fact.low for fact in facts), default=0)
        self.high = min((fact.high for fact in facts if fact.high is not None), default=None)
        self.unique = any(fact.unique for fact in facts)
        self.repeats = any(fact.unique is False for fact in facts)
        self._facts = facts
        self._normaliser = normaliser
        counts = _merged(count for fact in facts for count in fact.counts)
        self._counts = tuple(count for count in counts if count.high != 0)
        self._barred = [
            (count.start, normaliser.atoms.negation(count.atom))
            for count in counts
            if count.high == 0
        ]
        self._empty = (self.unique and self.repeats) or any(
            count.high is not None and count.low > count.high for count in counts
        )
        if self.high is not None and self.high <= 1:
            self._empty = self._empty or self.repeats
            self.unique = False
        self.distinct = max(
            (
                *(len(fact.prefix) for fact in facts),
                *(count.start for count in self._counts),
                *(start for start, _ in self._barred),
            ),
            default=0,
        )
        self.start = Written(0, (0,) * len(self._counts))
        self._items: dict[int, Node] = {}
        self._ways: dict[Written, list[Way]] = {}
        self._fewest: dict[Written, int] = {}

    @property
    def counts(self) -> bool:
        """Whether items are counted that satisfy something."""
        return bool(self._counts)

    def item(self, index: int) -> Node:
        """Return what the item at an index satisfies, whatever is counted."""
        index = min(index, self.distinct)
        found = self._items.get(index)
        if found is None:
            found = self._items[index] = self._normaliser.node(self._atoms(index))
        return found

    def _atoms(self, index: int) -> list[Atom]:
        atoms = [fact.item(index) for fact in self._facts]
        return atoms + [atom for start, atom in self._barred if index >= start]

    def may_end(self, written: Written) -> bool:
        """Return whether the array may end here."""
        return written.items >= self.low and all(
            counted >= count.low
            for count, counted in zip(self._counts, written.counted, strict=True)
        )

    def settled(self, written: Written) -> bool:
        """Return whether all further items satisfy the same, and only their number matters."""
        counts = zip(self._counts, written.counted, strict=True)
        return written.items >= self.distinct and all(
            count.high is None and counted >= count.low for count, counted in counts
        )

    def ways(self, written: Written) -> Sequence[Way]:
        """Return the ways to write one more item: what it satisfies need not be possible."""
        if self.high is not None and written.items >= self.high:
            return ()
        found = self._ways.get(written)
        if found is None:
            found = self._ways[written] = self._find(written)
        return found

    def _find(self, written: Written) -> list[Way]:
        items = written.items + 1
        if self.high is None:
            items = min(items, max(self.low, self.distinct))
        if not self._counts:
            return [Way(self.item(written.items), Written(items, ()))]
        atoms = self._atoms(min(written.items, self.distinct))
        outcomes: list[tuple[list[Atom], tuple[int, ...]]] = [(atoms, ())]
        for count, counted in zip(self._counts, written.counted, strict=True):
            choices = self._choices(count, counted, written.items, atoms)
            outcomes = [
                (known + more, (*before, after))
                for known, before in outcomes
                for more, after in choices
            ]
            self._normaliser.spend(len(outcomes), atoms)
        return [
            Way(self._normaliser.node(known), Written(items, counts)) for known, counts in outcomes
        ]

    def _choices(
        self, count: Count, counted: int, index: int, atoms: Sequence[Atom]
    ) -> list[tuple[list[Atom], int]]:
        """Return what an item may satisfy for a count's sake, and the items counted after it."""
        if index < count.start or (count.high is None and counted >= count.low):
            return [([], counted)]
        if count.atom in atoms:
            inside: list[Atom] = []
            outside = None
        elif count.high is None:
            # Enough items are needed and no number is too many: any may be left uncounted.
            inside, outside = [count.atom], []
        else:
            inside, outside = [count.atom], [self._normaliser.atoms.negation(count.atom)]
        choices = [] if outside is None else [(outside, counted)]
        if count.high is None or counted < count.high:
            choices.append((inside, counted + 1))
        return choices

    def possible(self, ask: Possible) -> bool:
        """Return whether there is such an array."""
        if self._empty or (self.high is not None and self.low > self.high):
            return False
        if not self._counts:
            last = min(self.low, self.distinct + 1)
            needed = [ask(self.item(index)) for index in range(last)]
            return all(needed)
        return self.completes(self.start, ask)

    def completes(self, written: Written, ask: Possible) -> bool:
        """Return whether the array can be ended, now or after more items."""
        met = {written}
        pending = [written]
        while pending:
            here = pending.pop()
            if self.may_end(here):
                return True
            self._normaliser.spend(1)
            for way in self.ways(here):
                if way.after not in met and ask(way.node):
                    met.add(way.after)
                    pending.append(way.after)
        return False

    def needed(self, written: Written) -> int:
        """Return the greatest number of items that may have to come, were each to count once."""
        return max(self.low - written.items, self.missing(written))

    def missing(self, written: Written) -> int:
        """Return how many items have to be counted, were each to count once."""
        counts = zip(self._counts, written.counted, strict=True)
        return sum(max(count.low - counted, 0) for count, counted in counts)

    def fewest(self, written: Written) -> int:
        """Return the fewest items that have to come."""
        if not self._counts:
            return max(self.low - written.items, 0)
        if written not in self._fewest:
            self._find_fewest(written)
        return self._fewest[written]

    def _find_fewest(self, written: Written) -> None:
        """Find a shortest way to the end, by A*, and with it that of all states on it."""
        before: dict[Written, Written | None] = {written: None}
        length = {written: 0}
        heap = [(self._at_least(written), 0, written)]
        while heap:
            _, negated, here = heappop(heap)
            if self.may_end(here) or here in self._fewest:
                break
            if -negated > length[here]:
                continue
            self.spend(1)
            for way in self.ways(here):
                after, there = way.after, 1 - negated
                if not way.node.never and there < length.get(after, there + 1):
                    before[after], length[after] = here, there
                    heappush(heap, (there + self._at_least(after), -there, after))
        else:
            raise AssertionError("the array can be completed")
        last: Written | None = here
        left = self._fewest.get(here, 0)
        while last is not None:
            self._fewest[last] = left
            last, left = before[last], left + 1

    def _at_least(self, written: Written) -> int:
        """Return a number of items that have to come: all, where that is known."""
        known = self._fewest.get(written)
        if known is not None:
            return known
        counts = zip(self._counts, written.counted, strict=True)
        missing = (count.low - counted for count, counted in counts)
        return max(self.low - written.items, 0, *missing)

    def later(self, written: Written) -> Iterator[Node]:
        """Return what further items may have to satisfy, each once."""
        if self._counts:
            levels = self._levels(written)
            ways = (way for states in levels for here in states for way in self.ways(here))
            yield from dict.fromkeys(way.node for way in ways)
        else:
            last = self.distinct + 1 if self.high is None else min(self.distinct + 1, self.high)
            indices = range(min(written.items, self.distinct), last)
            yield from dict.fromkeys(map(self.item, indices))

    def _levels(self, written: Written) -> Iterator[list[Written]]:
        """The states that can be reached, by the fewest items after which they are."""
        met = {written}
        level = [written]
        while level:
            yield level
            self.spend(len(level))
            ways = (way for here in level for way in self.ways(here))
            level = [
                after
                for after in dict.fromkeys(way.after for way in ways if not way.node.never)
                if after not in met
            ]
            met.update(level)

    def spend(self, work: int) -> None:
        """Count work."""
        self._normaliser.spend(work)

    def least(
        self, written: Written, at_least: int, text: LeastText, known: Rests | None = None
    ) -> list[bytes] | None:
        """Return the items of the least text that ends the array, or None where not known.

        Args:
            written: what has been written.
            at_least: least number of items to come.
            text: the least texts of values.
            known: what was found before with the same texts, to be added to.
        """
        if not self._counts:
            return self._first(written, at_least, text)
        rests = Rests() if known is None else known
        self._find_rests((written, at_least), text, rests)
        rest = rests.at[written, at_least]
        if rest is None:
            return None
        items: list[bytes] = []
        while rest.after is not None:
            items.append(rest.item)
            rest = rest.after
        return items

    def _find_rests(self, start: Place, text: LeastText, rests: Rests) -> None:
        """Find the least rests of a place and of those after it: there is no way back to any."""
        ways: dict[Place, list[tuple[bytes, Place]]] = {}
        pending = [start]
        while pending:
            here = pending[-1]
            if here in rests.at:
                pending.pop()
            elif here in ways:
                rests.at[pending.pop()] = rests.least(ways.pop(here))
            elif here[1] == 0 and self.may_end(here[0]):
                rests.at[here] = rests.end
            else:
                self._normaliser.spend(1)
                ways[here] = found = []
                for way in self.ways(here[0]):
                    item = text(way.node)
                    after = way.after, max(here[1] - 1, 0)
                    if item is not None and after != here:
                        found.append((item, after))
                        if after not in rests.at:
                            pending.append(after)

    def _first(self, written: Written, at_least: int, text: LeastText) -> list[bytes] | None:
        first = written.items
        total = max(self.low, first + at_least)
        items = [text(self.item(index)) for index in range(first, min(total, self.distinct))]
        more = total - max(first, self.distinct)
        if more > 0:
            items += [text(self.item(self.distinct))] * more
        known = [item for item in items if item is not None]
        return known if len(known) == len(items) else None


def _is_less(a: Rest, b: Rest) -> bool:
    """Whether a rest is less than another, by length, then bytes."""
    if a.length != b.length:
        return a.length < b.length
    while a is not b:
        texts = a.item + _sign(a), b.item + _sign(b)
        if texts[0] != texts[1]:
            return texts[0] < texts[1]
        assert a.after is not None
        assert b.after is not None
        a, b = a.after, b.after
    return False


def _sign(rest: Rest) -> bytes:
    """What comes after an item."""
    return b"]" if rest.after is None or rest.after.after is None else b","


def _merged(counts: Iterable[Count]) -> list[Count]:
    """Join the counts of the same items, and drop those that say nothing."""
    found: dict[tuple[Atom, int], Count] = {}
    for count in counts:
        key = count.atom, count.start
        found[key] = found[key].both(count) if key in found else count
    return [count for count in found.values() if count.low > 0 or count.high is not None]


class Items:
    """The ways to write the arrays of a shape that has some.

    Args:
        shape: the shape.
        possible: whether a node has a value.
    """

    def __init__(self, shape: ArrayShape, possible: Possible) -> None:
        self.shape = shape
        self.start = shape.start
        self._possible = possible
        self._next: dict[Written, list[Way]] = {}
        self._rests = Rests()

    def may_end(self, written: Written) -> bool:
        """Return whether the array may end here."""
        return self.shape.may_end(written)

    def least(self, written: Written, at_least: int, text: LeastText) -> list[bytes] | None:
        """Return the items of the least text that ends the array (see `ArrayShape.least`)."""
        return self.shape.least(
            written, at_least, lambda node: text(node) if self._possible(node) else None
        )

    def rest(self, written: Written, text: LeastText) -> list[bytes] | None:
        """Return the items of the least text that ends the array, whose values are all known."""
        return self.shape.least(written, 0, text, self._rests)

    def next(self, written: Written) -> list[Way]:
        """Return the ways to write one more item after which the array can be completed."""
        found = self._next.get(written)
        if found is None:
            shape, possible = self.shape, self._possible
            found = self._next[written] = [
                way
                for way in shape.ways(written)
                if possible(way.node) and (not shape.counts or shape.completes(way.after, possible))
            ]
        return found
