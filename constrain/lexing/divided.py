"""An expression as alternatives, so that searches go through each part's own states.

The derivatives of an intersection are those of a deterministic automaton, whose states are sets of
states of its parts, exponentially many. A search for a match need not follow all members of the
sets at once: one member of each is enough (Antimirov 1996, "Partial derivatives of regular
expressions and finite automaton constructions"), and of these there are no more than the product
of what the parts have. Complements stay whole: they have to hold for all members.
"""

from __future__ import annotations

from constrain.lexing.algebra import complement, concat, intersect
from constrain.lexing.nodes import EPSILON, Complement, Concat, Intersect, Regex, Repeat, Union


def alternatives(r: Regex) -> tuple[Regex, ...]:
    """Expressions, two or more, that together match what `r` does; none if `r` is no choice."""
    if r._alternatives is None:
        r._alternatives = () if r.open and type(r) is not Intersect else _divide(r)
    return r._alternatives


def _divide(r: Regex) -> tuple[Regex, ...]:
    if type(r) is Union:
        return r.parts
    if type(r) is Concat:
        return tuple([concat(choice, r.tail) for choice in alternatives(r.head)])
    if type(r) is Repeat and (r.low, r.high) == (0, 1):
        return EPSILON, r.body
    if type(r) is Complement and type(r.body) is Intersect:
        return tuple([complement(part) for part in r.body.parts])
    if type(r) is Intersect:
        for part in r.parts:
            if not part.open and (choices := alternatives(part)):
                others = [other for other in r.parts if other is not part]
                return tuple([intersect(choice, *others) for choice in choices])
    return ()
