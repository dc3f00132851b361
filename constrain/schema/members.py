"""How an object is written, member by member: which properties may come next, and when to end.

In schema order the named properties come in the order of the shape and the free ones after them;
in any order all of them may come at any time. No key comes twice.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import NamedTuple, TypeVar

from constrain.errors import SchemaTooComplexError
from constrain.lexing.cofinite import all_but, left_out
from constrain.lexing.regex import Regex, difference, is_empty, is_finite, words
from constrain.schema.arrays import Possible
from constrain.schema.breaches import can_end, capacity
from constrain.schema.language import by_length, spell
from constrain.schema.least import LeastBreaking, least_key
from constrain.schema.normal import Node
from constrain.schema.shapes import FreeKeys, ObjectShape, Property

_UNNAMED_LIMIT = 1000

_Found = TypeVar("_Found", Property, FreeKeys)

LeastText = Callable[[Node], bytes | None]
"""The least text of a node, or None where none is known."""


class Progress(NamedTuple):
    """How much of an object has been written.

    Attributes:
        place: in schema order the index of the first named property that may still come; in any
            order the set of those written, as a mask.
        written: number of properties written, as far as it matters.
        free: keys of the free properties written; a number among them stands for one not known,
            of the free keys with that index.
        open: the breaches not made yet, as a mask.
    """

    place: int = 0
    written: int = 0
    free: frozenset[str | int] = frozenset()
    open: int = 0


class Member(NamedTuple):
    """A property that may come next.

    Attributes:
        property: the named property, or the free ones.
        keys: for free ones, the keys that may be written: those written before are excluded.
        place: for a named property, its index.
    """

    property: Property | FreeKeys
    keys: Regex | None
    place: int = -1


class Plan:
    """The ways to write the objects of a shape that has some.

    Args:
        shape: the shape.
        any_order: whether properties may come in any order.
        possible: whether a node has a value.
    """

    def __init__(self, shape: ObjectShape, any_order: bool, possible: Possible) -> None:
        self.shape = shape
        self.start = Progress(open=(1 << len(shape.breaches)) - 1)
        self._any_order = any_order
        self._possible = possible
        # In schema order what follows a property does not depend on those passed over.
        self._known: dict[int, dict[int, Member | None]] = {}
        self._known_free: dict[int, list[Member]] = {}
        self._hopes: dict[Property | FreeKeys, Property | FreeKeys] = {}
        self._outcomes: dict[tuple[Property | FreeKeys, int], Mapping[Node, int]] = {}
        self._required = [i for i, name in enumerate(shape.names) if name in shape.required]
        self._required_mask = sum(1 << index for index in self._required)
        # Bounds that cannot bind are dropped, so that progress need not count for them.
        self._low = shape.low if shape.low > len(self._required) else 0
        if self._low - len(shape.names) > _UNNAMED_LIMIT:
            raise SchemaTooComplexError(
                "",
                f"minProperties asks for more than {_UNNAMED_LIMIT:,} properties that have no name "
                "in the schema",
            )
        self._high = shape.high
        if self._high is not None and len(shape.names) <= self._high and not shape.free:
            self._high = None

    def next(self, progress: Progress) -> Iterator[Member]:
        """Return the properties that may come next, each with a way to end the object after it."""
        shape = self.shape
        left = self._required_left(progress)
        room = self._high is None or progress.written + left < self._high
        written = self._counted(progress.written + 1)
        kept = not (self._any_order or progress.free or progress.open)
        known = self._known.setdefault(written, {}) if kept else None
        for index in self._places(progress):
            required = shape.names[index] in shape.required
            if required or room:
                if known is None:
                    member = self._named(progress, index)
                elif index in known:
                    member = known[index]
                else:
                    member = known[index] = self._named(progress, index)
                if member is not None:
                    yield member
            if required and not self._any_order:
                return
        if room:
            members = self._known_free.get(written) if kept else None
            if members is None:
                members = list(self._free_members(progress))
                if kept:
                    self._known_free[written] = members
            yield from members

    def _free_members(self, progress: Progress) -> Iterator[Member]:
        after = self._after_free(progress)
        for keys in self._keys:
            if self._free(keys, after):
                regex = _unwritten(keys, progress.free) if progress.free else keys.regex
                if regex is not None:
                    yield Member(keys, regex)

    def _named(self, progress: Progress, index: int) -> Member | None:
        """Return the named property at an index as the next one, or None where it cannot be."""
        if progress.open or not self._any_order:
            after = self._after_named(progress, index)
            if after.open:
                found = self._hopeful(self.shape.property(index))
                return Member(found, None, index) if self.outcomes(found, after) else None
            if not self._enough(after):
                return None
        found = self.shape.property(index)
        required = self.shape.names[index] in self.shape.required
        return Member(found, None, index) if required or self._possible(found.node) else None

    def _free(self, keys: FreeKeys, after: Progress) -> bool:
        """Return whether one of the free keys can be the next."""
        after = self.with_key(after, keys.index)
        if after.open:
            return bool(self.outcomes(keys, after))
        return self._enough(after) and self._possible(keys.node)

    def outcomes(
        self, found: Property | FreeKeys, after: Progress
    ) -> Sequence[tuple[Node, Progress]]:
        """Return what the value of a property may satisfy, with the progress after it.

        Args:
            found: the property.
            after: the progress after it, whatever its value.
        """
        if not after.open:
            return ((found.node, after),)
        return [
            (node, reached)
            for node, open in self._broken(found, after.open).items()
            if self._enough(reached := after._replace(open=open))
        ]

    @cached_property
    def _keys(self) -> tuple[FreeKeys, ...]:
        """The free keys, with the breaches that they can really make."""
        return tuple(map(self._hopeful, self.shape.free))

    def _hopeful(self, found: _Found) -> _Found:
        """Return a property with the breaches only that it can really make."""
        if not found.chances:
            return found
        known = self._hopes.get(found)
        if known is None:
            chances = (c for c in found.chances if self._possible(self.shape.broken(found, c.bit)))
            known = self._hopes[found] = replace(found, chances=tuple(chances))
        return known  # type: ignore[return-value]

    def _broken(self, found: Property | FreeKeys, open: int) -> Mapping[Node, int]:
        known = self._outcomes.get((found, open))
        if known is None:
            known = self.shape.outcomes(found, open, self._possible)
            self._outcomes[found, open] = known
        return known

    def with_key(self, after: Progress, key: str | int) -> Progress:
        """Return the progress after a free property, given its key or the index of its keys."""
        return Progress(after.place, after.written, after.free | {key}, after.open)

    def may_end(self, progress: Progress) -> bool:
        """Return whether the object may end here."""
        return (
            progress.written >= self._low
            and not self._unmade(progress)
            and not self._required_left(progress)
        )

    def _unmade(self, progress: Progress) -> int:
        """Return the breaches left open if no other named property comes."""
        if not progress.open:
            return 0
        names, required = self.shape.names, self.shape.required
        left = (index for index in self._places(progress) if names[index] not in required)
        return self._without(progress.open, left)

    def _without(self, open: int, indices: Iterable[int]) -> int:
        """Return the breaches left open where named properties are missing."""
        for index in indices:
            open &= ~self.shape.property(index).lacking
        return open

    def _places(self, progress: Progress) -> Iterator[int]:
        total = len(self.shape.names)
        if not self._any_order:
            return iter(range(progress.place, total))
        return (index for index in range(total) if not progress.place >> index & 1)

    def _required_places(self, progress: Progress) -> Iterable[int]:
        if not self._any_order:
            return self._required[bisect_left(self._required, progress.place) :]
        return (index for index in self._required if not progress.place >> index & 1)

    def after(self, progress: Progress, member: Member) -> Progress:
        """Return the progress after a member, whatever its value; for free keys without the key.

        In any order it takes memory for each name of the shape: ask only where it is gone on.
        """
        if member.place < 0:
            return self._after_free(progress)
        return self._after_named(progress, member.place)

    def _after_free(self, progress: Progress) -> Progress:
        place, open = progress.place, progress.open
        if not self._any_order:
            place, open = len(self.shape.names), self._unmade(progress)
        return Progress(place, self._counted(progress.written + 1), progress.free, open)

    def _after_named(self, progress: Progress, index: int) -> Progress:
        place, open = progress.place | 1 << index, progress.open
        if not self._any_order:
            place = index + 1
            open = open and self._without(open, range(progress.place, index))
        return Progress(place, self._counted(progress.written + 1), progress.free, open)

    def _counted(self, count: int) -> int:
        return min(count, self._low) if self._high is None else count

    def _required_left(self, progress: Progress) -> int:
        if self._any_order:
            return (self._required_mask & ~progress.place).bit_count()
        return len(self._required) - bisect_left(self._required, progress.place)

    def _enough(self, progress: Progress) -> bool:
        """Whether the properties that can still come are enough to end the object."""
        return self._can_end(progress) if progress.open else self._enough_left(progress)

    def _can_end(self, progress: Progress) -> bool:
        missing = self._low - progress.written - self._required_left(progress)
        most = max(missing, progress.open.bit_count())
        return can_end(
            self.shape,
            progress.open,
            (self._hopeful(self.shape.property(index)) for index in self._places(progress)),
            [(keys, capacity(keys, most, progress.free)) for keys in self._keys],
            missing,
            self._room(progress),
            self._possible,
        )

    def _room(self, progress: Progress) -> int | None:
        """How many properties that are not required may still come; None: any number."""
        if self._high is None:
            return None
        return self._high - progress.written - self._required_left(progress)

    def _enough_left(self, progress: Progress) -> bool:
        """Whether so many properties can still come: named ones may have been passed over."""
        missing = self._low - progress.written
        if missing <= 0 or self._any_order or missing <= self._required_left(progress):
            return True
        missing -= len(self._places_left) - bisect_left(self._places_left, progress.place)
        if missing <= 0:
            return True
        missing += len(progress.free)
        return missing <= self.shape.free_capacity(missing, self._possible)

    @cached_property
    def _places_left(self) -> list[int]:
        """The indices of the named properties that have a value."""
        shape = self.shape
        return [
            index for index in range(len(shape.names)) if self._possible(shape.property(index).node)
        ]

    def least(self, progress: Progress, at_least: int, text: LeastText) -> list[bytes] | None:
        """Return the members of the least text that ends the object, or None where not known.

        Args:
            progress: what has been written.
            at_least: least number of members.
            text: the least texts of values.
        """
        extra = max(self._low - progress.written, at_least) - self._required_left(progress)
        if progress.open and (extra > 0 or self._unmade(progress)):
            return self._least_breaking(progress, extra, text)
        named = []
        complete = True
        for index in self._places(progress) if extra > 0 else self._required_places(progress):
            found = self.shape.property(index)
            if found.required or self._possible(found.node):
                value = text(found.node)
                if value is not None:
                    named.append((spell(found.name) + b":" + value, found.required))
                elif found.required:
                    complete = False
        if not complete:
            return None
        if extra <= 0:
            members = [member for member, _ in named]
            return sorted(members) if self._any_order else members
        free = self._least_free(progress, extra, text)
        candidates = sorted(
            [member for member, required in named if not required] + free, key=by_length
        )
        if len(candidates) < extra:
            return None
        if self._any_order:
            return sorted([member for member, required in named if required] + candidates[:extra])
        longest = len(candidates[extra - 1])
        return _least_in_order(
            [*named, *((member, False) for member in sorted(free))], extra, longest
        )

    def _least_breaking(
        self, progress: Progress, extra: int, text: LeastText
    ) -> list[bytes] | None:
        def value(node: Node) -> bytes | None:
            return text(node) if self._possible(node) else None

        def fill(written: frozenset[str | int], count: int) -> list[bytes]:
            return self._least_free(progress._replace(free=written), count, text)

        named = [self._hopeful(self.shape.property(index)) for index in self._places(progress)]
        search = LeastBreaking(
            self._keys, self._broken, self._any_order, value, fill, self.shape.spend
        )
        return search.find(progress.open, named, progress.free, extra, self._room(progress))

    def _least_free(self, progress: Progress, count: int, text: LeastText) -> list[bytes]:
        members = []
        for keys in self.shape.free:
            value = text(keys.node) if self._possible(keys.node) else None
            written = set(progress.free)
            while value is not None and len(written) < len(progress.free) + count:
                key = least_key(keys, written)
                if key is None:
                    break
                written.add(json.loads(key))
                members.append(key + b":" + value)
        return sorted(members, key=by_length)[:count]


def _least_in_order(members: list[tuple[bytes, bool]], extra: int, longest: int) -> list[bytes]:
    """Return the required members and `extra` others, in order, so that the text is least.

    Others longer than `longest` are left out, shorter ones are all in; which of those of exactly
    that length are in is decided by the bytes of the text.
    """
    fixed = [required or len(member) < longest for member, required in members]
    missing = extra - sum(
        f and not required for f, (_, required) in zip(fixed, members, strict=True)
    )
    left = sum(
        not f and len(member) == longest for f, (member, _) in zip(fixed, members, strict=True)
    )
    chosen: list[tuple[bytes, bool]] = []
    for (member, _), is_fixed in zip(members, fixed, strict=True):
        if not is_fixed and len(member) != longest:
            continue
        # One that may still be left out gives way to a lesser one, while there are enough others.
        while chosen and not chosen[-1][1] and member < chosen[-1][0] and left > missing:
            chosen.pop()
            missing += 1
        if is_fixed:
            chosen.append((member, True))
            continue
        left -= 1
        if missing:
            chosen.append((member, False))
            missing -= 1
    return [member for member, _ in chosen]


@lru_cache(maxsize=32)
def boundless(keys: Regex) -> bool:
    """Return whether keys are so many that one more or less makes no difference to any prefix."""
    return left_out(keys) is not None


@lru_cache(maxsize=32)
def _unwritten(keys: FreeKeys, written: frozenset[str | int]) -> Regex | None:
    """Return the free keys that have not been written, or None where there are none left."""
    known = frozenset(key for key in written if isinstance(key, str))
    excluded = left_out(keys.regex)
    if excluded is not None:
        return all_but(excluded | known)
    regex = difference(keys.regex, words(known))
    if keys.index in written:
        members = is_finite(regex, 2)
        return regex if members is None or len(members) > 1 else None
    return None if is_empty(regex) else regex
