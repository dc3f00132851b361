"""Whether an object can still be ended that has to break rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from constrain.lexing.regex import is_finite
from constrain.schema.facts import FALSE

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
    # What can be left open, each with the possible numbers of properties not required, as a mask.
    reached = {open: 1}
    for found in named:
        grown: dict[int, int] = {}
        for left, counts in reached.items():
            if not found.required:
                rest = left & ~found.lacking
                grown[rest] = grown.get(rest, 0) | counts
                counts <<= 1
            if found.required or extra > 0 or makes(shape, found, left):
                for mask in _made(shape, found, left, ask):
                    rest = left & ~mask
                    grown[rest] = grown.get(rest, 0) | counts
        reached = grown if extra > 0 or room is not None else _least(grown)
        shape.spend(len(reached))
        if extra <= 0 and _has(reached.get(0, 0), 0, room):
            return True
    others = sum(count for keys, count in free if ask(keys.node)) if extra > 0 else 0
    for left, counts in reached.items():
        used = _least_number(shape, left, free, ask)
        if used is not None and _has(counts << used, extra - others + used, room):
            return True
    return False


def _least(masks: Mapping[int, int]) -> dict[int, int]:
    """Leave out masks that hold another one."""
    kept: list[int] = []
    for mask in sorted(masks, key=int.bit_count):
        if not any(mask & other == other for other in kept):
            kept.append(mask)
    return {mask: masks[mask] for mask in kept}


def makes(shape: ObjectShape, found: Property | FreeKeys, open: int) -> bool:
    """Return whether a property may make one of the breaches in a mask."""
    return any(
        open >> index & 1 and breach.of(kept) is not FALSE
        for index, (breach, kept) in enumerate(zip(shape.breaches, found.kept, strict=True))
    )


def _has(counts: int, low: int, high: int | None) -> bool:
    """Whether one of some numbers, given as a mask, is in a range."""
    if high is not None:
        counts &= (1 << max(high + 1, 0)) - 1
    return counts >> max(low, 0) != 0


def _made(
    shape: ObjectShape, found: Property | FreeKeys, open: int, ask: Possible
) -> Iterable[int]:
    """The sets of breaches that a property can make, as masks; smaller ones may be left out."""
    masks = [0]
    whole = 0
    shape.spend(len(shape.breaches) // 4)
    for index, (breach, kept) in enumerate(zip(shape.breaches, found.kept, strict=True)):
        if open >> index & 1 and breach.of(kept) is not FALSE:
            whole |= 1 << index
    if ask(shape.broken(found, whole)):
        return (whole,)
    for index in range(len(shape.breaches)):
        if whole >> index & 1:
            bit = 1 << index
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
