"""Whether some property of an object can still break a rule that one must break."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from constrain.lexing.regex import is_finite

if TYPE_CHECKING:
    from constrain.schema.arrays import Possible
    from constrain.schema.shapes import FreeKeys, ObjectShape, Property


def can_break(
    shape: ObjectShape,
    open: int,
    named: Iterable[Property],
    free: Iterable[tuple[FreeKeys, int]],
    room: int | None,
    ask: Possible,
) -> bool:
    """Return whether properties that may still come can make all breaches.

    Args:
        shape: the shape of the object.
        open: the breaches to be made, as a mask.
        named: the named properties that may come; required ones come anyway.
        free: free keys, each with the number of them that may come.
        room: how many properties that are not required may come; None: any number.
        ask: whether a node has a value.
    """
    # What can be left open, each with the least number of properties that are not required.
    reached = {open: 0}

    def use(found: Property | FreeKeys, cost: int) -> bool:
        for left, used in list(reached.items()):
            if room is not None and used + cost > room:
                continue
            for node, after in shape.outcomes(found, left).items():
                if reached.get(after, used + cost + 1) > used + cost and ask(node):
                    if not after:
                        return True
                    reached[after] = used + cost
        return False

    return any(use(found, not found.required) for found in named) or any(
        use(keys, 1) for keys, count in free for _ in range(count)
    )


def capacity(keys: FreeKeys, limit: int, written: Collection[str | int] = ()) -> int:
    """Return how many of some free keys may still be written, `limit` where at least as many."""
    members = is_finite(keys.regex, limit + len(written))
    if members is None:
        return limit
    return min(limit, sum(key not in written for key in members) - (keys.index in written))
