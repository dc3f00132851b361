"""Least fixpoints over nodes whose answers depend on one another."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from constrain.schema.normal import Node


def look_until_stable(
    node: Node, met: Iterable[Node], found: list[Node], look: Callable[[Node], bool]
) -> None:
    """Look at nodes until no answer changes: depth first, then in rounds for those in circles.

    Args:
        node: the first.
        met: all nodes met so far; it grows.
        found: those met since it was last emptied, which is done here.
        look: answers for one node; returns whether the answer changed.
    """
    pending = [node]
    changed = True
    while changed or pending:
        while pending:
            changed = look(pending[-1])
            if found:
                pending += found
                found.clear()
            else:
                pending.pop()
        changed = False
        for candidate in reversed(list(met)):
            changed |= look(candidate)
        pending += found
        found.clear()
