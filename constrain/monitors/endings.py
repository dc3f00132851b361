"""How a text can end that a constraint and monitors have a say in: a bounded search."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from constrain.errors import ConstraintError, MonitorError, StuckError

if TYPE_CHECKING:
    from constrain.monitors.monitored import MonitoredMatcher

_MOST_TEXTS = 200
"""Beginnings of endings that are looked at."""
_MOST_NAMES = 8
"""Suggestions, of those that an answer and all others agree with, that are looked at each time."""


class Ending(NamedTuple):
    """A way to end.

    Attributes:
        pieces: the text, divided where a trigger ends, which no token runs past.
        cost: the fewest tokens that spell the pieces, EOS included.
    """

    pieces: tuple[bytes, ...]
    cost: int


def least_ending(matcher: MonitoredMatcher, *, strict: bool = False) -> Ending | None:
    """Return the least way to end, in bytes, that is found; None if none is.

    One is preferred that all answers agree with; unless `strict`, others follow the settings of the
    monitors whose answers nothing agrees with.

    What the constraint would end with is tried, and the suggestions of the monitors, one after the
    other, in the order of the length that they promise (A*). Where the bound is met because of what
    is judged when it ends, that is taken to be accepted.
    """
    found = _least_ending(matcher.trial("strict"))
    return found if found or strict else _least_ending(matcher.trial("lenient"))


def _least_ending(matcher: MonitoredMatcher) -> Ending | None:
    heap = [(0, b"", matcher)]
    seen = {b""}
    is_open = False
    for _ in range(_MOST_TEXTS):
        if not heap:
            break
        _, text, here = heappop(heap)
        if here.is_accepting():
            return _divided(matcher, text)
        is_open = is_open or any(x.is_open for state in here.states for x in state.expected)
        for piece, after in _steps(here):
            longer = text + piece
            if longer not in seen:
                seen.add(longer)
                promised = len(longer) + len(_base_ending(after))
                heappush(heap, (promised, longer, after))
    if not heap or not is_open:
        return None
    return _divided(matcher, _base_ending(matcher))


def dead_end(matcher: MonitoredMatcher, token_ids: tuple[int, ...]) -> ConstraintError:
    """Return why no ending is found: what a monitor raises on the way, or where all is refused.

    Of the beginnings of endings that are looked at, the longest is told.
    """
    pending, furthest, text = [(b"", matcher)], matcher, b""
    seen = {b""}
    for _ in range(_MOST_TEXTS):
        if not pending:
            break
        said, here = pending.pop()
        if len(said) > len(text):
            furthest, text = here, said
        raised: list[MonitorError] = []
        for piece, after in _steps(here, raised):
            if said + piece not in seen:
                seen.add(said + piece)
                pending.append((said + piece, after))
        if raised:
            return raised[0]
    watching = furthest.constraint.watches
    waiting = [
        type(watch.monitor).__name__
        for watch, state in zip(watching, furthest.states, strict=True)
        if state.expected
    ]
    return StuckError(
        ", ".join(waiting or [type(watch.monitor).__name__ for watch in watching]),
        "what it asks for does not go with the constraint"
        if len(waiting) == 1
        else "what they ask for does not go together with the constraint",
        furthest.states[0].text,
        token_ids,
    )


def _base_ending(matcher: MonitoredMatcher) -> bytes:
    """How the text would end without monitors."""
    return matcher.constraint.base.budget.ending(matcher.base)


def _steps(
    matcher: MonitoredMatcher, raised: list[MonitorError] | None = None
) -> Iterator[tuple[bytes, MonitoredMatcher]]:
    """What a text may go on with on the way to its end; what monitors raise is kept in `raised`."""
    ending = _base_ending(matcher)
    cuts = {len(ending), *_cuts(matcher, ending)}
    if any(state.rest for state in matcher.states):
        cuts |= {1, 2, 3}  # to the end of the character that is under way
    begun = (ending[:cut] for cut in sorted(cuts, reverse=True))
    yield from islice(agreed(matcher, begun, raised), 1)
    for state in matcher.states:
        for expected in state.expected:
            yield from islice(agreed(matcher, expected.endings(), raised), _MOST_NAMES)


def agreed(
    matcher: MonitoredMatcher, texts: Iterator[bytes], raised: list[MonitorError] | None = None
) -> Iterator[tuple[bytes, MonitoredMatcher]]:
    """Yield those of some texts that may follow, with where they lead."""
    for text in texts:
        after = matcher.fork()
        try:
            is_allowed = bool(text) and after.accept_bytes(text)
        except MonitorError as error:
            if raised is not None:
                raised.append(error)
            continue
        if is_allowed:
            yield text, after


def _divided(matcher: MonitoredMatcher, text: bytes) -> Ending:
    cuts = sorted({0, len(text), *_cuts(matcher, text)})
    pieces = tuple(text[begin:end] for begin, end in pairwise(cuts))
    return Ending(pieces, 1 + sum(map(matcher.constraint.base.budget.fewest, pieces)))


def _cuts(matcher: MonitoredMatcher, text: bytes) -> list[int]:
    """Where triggers end in a text."""
    places = zip(matcher.constraint.watches, matcher.states, strict=True)
    return sorted(set().union(*(watch.cuts(state, text) for watch, state in places)))
