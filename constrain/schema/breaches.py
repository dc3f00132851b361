"""Whether an object can still be ended that has to break rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from constrain.lexing.regex import is_finite

if TYPE_CHECKING:
    from constrain.schema.arrays import Possible
    from constrain.schema.shapes import FreeKeys, ObjectShape, Property


def can_end(
    shape: ObjectShape,
    open: int,
    named: Iterable[Property],
    free: Sequence[tuple[FreeKeys, int]],
    extra: int,
    room: int | None,
    ask: Possible,
) -> bool:
    """Return whether the properties that may still come can make all breaches.

    Args:
        shape: the shape of the object.
        open: the breaches to be made, as a mask.
        named: the named properties that may come; required ones come anyway.
        free: free keys, each with the number of them that may come.
        extra: least number of properties that are not required.
        room: greatest number of properties that are not required; None: any.
        ask: whether a node has a value.
    """
    making = _Making(shape, ask)
    properties: list[Property] = []
    left, bound = open, extra > 0 or room is not None
    for found in named:
        properties.append(found)
        if not bound:
            left &= ~making.most(found, left)
            if not left:
                return True
    # The breaches made where all properties from an index on are missing, and those that can be.
    absent, hopes = [0], [0]
    for keys, _ in free:
        hopes[0] |= _chance(keys, open)
    for found in reversed(properties):
        lacking = 0 if found.required else found.lacking
        absent.append(absent[-1] | lacking)
        hopes.append(hopes[-1] | lacking | _chance(found, open))
    absent.reverse()
    hopes.reverse()
    others = sum(count for keys, count in free if ask(keys.node)) if extra > 0 else 0
    start = (0, open, 0)  # index of the next property, breaches left, properties not required
    met, pending = {(0, 0): [open]}, [start]
    while pending:
        index, left, count = pending.pop()
        if extra <= count and not left & ~absent[index]:
            return True
        shape.spend(1)
        if index == len(properties):
            used = _least_number(left, free, making)
            if used is not None and extra <= count + others and _fits(count + used, room):
                return True
            continue
        found = properties[index]
        reached: list[tuple[int, int]] = []
        more = count + (not found.required)
        if _fits(more, room) and (found.required or extra > count or _chance(found, left)):
            counted = more if bound else 0
            reached = [(left & ~mask, counted) for mask in making.of(found, left)]
        if not found.required:
            reached.append((left & ~found.lacking, count))
        index += 1
        for rest, count in sorted(reached, key=lambda state: -state[0].bit_count()):
            known = met.setdefault((index, count), [])
            # Nothing is gained by making fewer breaches.
            if not rest & ~hopes[index] and all(other & ~rest for other in known):
                known.append(rest)
                pending.append((index, rest, count))
    return False


def _fits(count: int, room: int | None) -> bool:
    return room is None or count <= room


def _chance(found: Property | FreeKeys, open: int) -> int:
    """The breaches in a mask that a property can make."""
    chances = 0
    for bit, _, _ in found.chances:
        chances |= bit
    return open & chances


class _Making:
    """The sets of breaches that properties can make, worked out once for one look at a shape."""

    def __init__(self, shape: ObjectShape, ask: Possible) -> None:
        self._shape = shape
        self._ask = ask
        self._known: dict[tuple[Property | FreeKeys, int], Iterable[int]] = {}

    def of(self, found: Property | FreeKeys, open: int) -> Iterable[int]:
        """The sets of open breaches that a property can make, as masks.

        Smaller ones may be left out.
        """
        key = found, _chance(found, open)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._made(*key)
        return known

    def most(self, found: Property, open: int) -> int:
        """The most open breaches that a property makes, by its value or by being missing."""
        made = [mask & open for mask in self.of(found, open)]
        lacking = 0 if found.required else found.lacking & open
        return max((lacking, *made), key=int.bit_count)

    def _made(self, found: Property | FreeKeys, whole: int) -> Iterable[int]:
        if self._can(found, whole):
            return (whole,)
        alone = [bit for bit, _, _ in found.chances if whole & bit and self._can(found, bit)]
        if self._can(found, sum(alone)):
            return (sum(alone),)
        masks = [0]
        for bit in alone:
            masks += [mask | bit for mask in masks if self._can(found, mask | bit)]
            self._shape.spend(len(masks))
        return masks[0 if getattr(found, "required", False) or self._can(found, 0) else 1 :]

    def _can(self, found: Property | FreeKeys, mask: int) -> bool:
        return self._ask(self._shape.broken(found, mask))


def _least_number(open: int, free: Sequence[tuple[FreeKeys, int]], making: _Making) -> int | None:
    """The least number of free properties that make all breaches; None: they cannot."""
    reached = {open: 0}
    for keys, count in free if open else ():
        for _ in range(count):
            before = dict(reached)
            for left, used in list(reached.items()):
                for mask in making.of(keys, left):
                    rest = left & ~mask
                    reached[rest] = min(reached.get(rest, used + 1), used + 1)
            if reached == before:
                break
    return reached.get(0)


def capacity(keys: FreeKeys, limit: int, written: Collection[str | int] = ()) -> int:
    """Return how many of some free keys may still be written, `limit` where at least as many."""
    members = is_finite(keys.regex, limit + len(written))
    if members is None:
        return limit
    return min(limit, sum(key not in written for key in members) - (keys.index in written))
