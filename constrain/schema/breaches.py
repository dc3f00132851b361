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
    properties = list(named)
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
    met, pending = {start}, [start]
    while pending:
        index, left, count = pending.pop()
        if extra <= count and not left & ~absent[index]:
            return True
        shape.spend(1)
        if index == len(properties):
            used = _least_number(shape, left, free, ask)
            if used is not None and extra <= count + others and _fits(count + used, room):
                return True
            continue
        found = properties[index]
        reached: list[tuple[int, int, int]] = []
        more = count + (not found.required)
        if _fits(more, room) and (found.required or extra > count or _chance(found, left)):
            counted = more if extra > 0 or room is not None else 0
            reached = [
                (index + 1, left & ~mask, counted) for mask in _made(shape, found, left, ask)
            ]
        if not found.required:
            reached.append((index + 1, left & ~found.lacking, count))
        for state in reached:
            if state not in met and not state[1] & ~hopes[state[0]]:
                met.add(state)
                pending.append(state)
    return False


def _fits(count: int, room: int | None) -> bool:
    return room is None or count <= room


def _chance(found: Property | FreeKeys, open: int) -> int:
    """The breaches in a mask that a property can make."""
    chances = 0
    for bit, _, _ in found.chances:
        chances |= bit
    return open & chances


def _made(
    shape: ObjectShape, found: Property | FreeKeys, open: int, ask: Possible
) -> Iterable[int]:
    """The sets of breaches that a property can make, as masks; smaller ones may be left out."""
    masks = [0]
    whole = _chance(found, open)
    if ask(shape.broken(found, whole)):
        return (whole,)
    for bit, _, _ in found.chances:
        if whole & bit:
            masks += [mask | bit for mask in masks if ask(shape.broken(found, mask | bit))]
            shape.spend(len(masks))
    return masks[0 if getattr(found, "required", False) or ask(found.node) else 1 :]


def _least_number(
    shape: ObjectShape, open: int, free: Sequence[tuple[FreeKeys, int]], ask: Possible
) -> int | None:
    """The least number of free properties that make all breaches; None: they cannot."""
    reached = {open: 0}
    for keys, count in free if open else ():
        for _ in range(count):
            for left, used in list(reached.items()):
                for mask in _made(shape, keys, left, ask):
                    rest = left & ~mask
                    reached[rest] = min(reached.get(rest, used + 1), used + 1)
    return reached.get(0)


def capacity(keys: FreeKeys, limit: int, written: Collection[str | int] = ()) -> int:
    """Return how many of some free keys may still be written, `limit` where at least as many."""
    members = is_finite(keys.regex, limit + len(written))
    if members is None:
        return limit
    return min(limit, sum(key not in written for key in members) - (keys.index in written))
