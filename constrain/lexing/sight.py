"""Matches that depend on what follows them: patterns with lookaheads over their own end.

`"(?!"")` matches a quote before which rests of the input? Before those that do not begin with two
more. Here a pattern's search goes on over the whole input (compare `preferred`, which sees no more
of it than the match).
"""

from __future__ import annotations

from functools import lru_cache

from constrain.errors import RegexSyntaxError, RegexTooComplexError
from constrain.lexing.charset import overlay
from constrain.lexing.nodes import ANYTHING, EMPTY, EPSILON, Leaf, Machine, Ranges, Regex, chars
from constrain.lexing.preferred import State, search
from constrain.lexing.regex import (
    arcs,
    complement,
    concat,
    derive,
    difference,
    is_empty,
    machine,
    union,
)

_MOST_STATES = 20_000


class Sight:
    """A pattern's search over whole inputs.

    Attributes:
        texts: the texts that are matched before some rest of the input.
        inputs: the inputs that begin with a match.
        is_open: whether what is matched depends on what follows.
    """

    def __init__(self, start: State) -> None:
        sources: dict[State, list[State]] = {start: []}
        self.steps: dict[State, list[tuple[Ranges, State]]] = {}
        pending = [start]
        while pending:
            state = pending.pop()
            self.steps[state] = list(state.steps())
            for _, target in self.steps[state]:
                if target not in sources:
                    if len(sources) == _MOST_STATES:
                        raise RegexTooComplexError(f"more than {_MOST_STATES:,} states")
                    sources[target] = []
                    pending.append(target)
                sources[target].append(state)
        live = {state for state in sources if not is_empty(state.rest)}
        pending = [*live]
        while pending:
            for source in sources[pending.pop()]:
                if source not in live:
                    live.add(source)
                    pending.append(source)
        for state in live:
            self.steps[state] = [(ranges, to) for ranges, to in self.steps[state] if to in live]
        self.is_open = any(state.rest not in (EMPTY, ANYTHING) for state in live)
        self.texts = machine(_Text(self, start)) if start in live else EMPTY
        self.inputs = machine(_Input(self, start, EMPTY)) if start in live else EMPTY

    def matches(self, text: str) -> bool:
        """Whether a text is matched where nothing follows."""
        place = self.texts
        for char in text:
            place = derive(place, ord(char))
        return (
            isinstance(place, Leaf)
            and isinstance(place.state, _Text)
            and place.state.state.rest.nullable
        )


@lru_cache(maxsize=4096)
def sight(pattern: str) -> Sight | None:
    """The search of a pattern (in the syntax of `re`) whose matches depend on what follows.

    None for all other patterns: there the texts say everything.

    Raises:
        RegexSyntaxError: the pattern is malformed, not regular, or matches nothing.
        RegexTooComplexError: its automaton passes a bound on its size.
    """
    start = search(pattern)
    if not start.looks_ahead:
        return None
    found = Sight(start)
    if found.texts is EMPTY:
        raise RegexSyntaxError(pattern, 0, "it matches nothing")
    return found if found.is_open else None


def unfinished(texts: Regex) -> Regex:
    """The rests of the input before which a match that is complete here is none, or goes on."""
    if isinstance(texts, Leaf) and isinstance(texts.state, _Text):
        sight, state = texts.state.sight, texts.state.state
        more = machine(_Input(sight, state, EMPTY)) if sight.steps[state] else EMPTY
        return union(more, complement(state.rest))
    more = difference(texts, EPSILON)
    return EMPTY if is_empty(more) else concat(more, ANYTHING)


class _Text(Machine):
    """A place in the texts of a pattern."""

    __slots__ = ("nullable", "sight", "state")

    def __init__(self, sight: Sight, state: State) -> None:
        self.sight = sight
        self.state = state
        self.nullable = not is_empty(state.rest)

    def __hash__(self) -> int:
        return hash(self.state)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.state == other.state

    def arcs(self) -> tuple[tuple[Ranges, Machine | Regex], ...]:
        """See `Machine.arcs`."""
        return tuple((ranges, _Text(self.sight, to)) for ranges, to in self.sight.steps[self.state])


class _Input(Machine):
    """A place in an input: that of the search, and the rests before which there is a match."""

    __slots__ = ("_rests", "_sight", "_state", "nullable")

    def __init__(self, sight: Sight, state: State, rests: Regex) -> None:
        self._sight = sight
        self._state = state
        self._rests = rests
        self.nullable = rests.nullable

    def __hash__(self) -> int:
        return hash((self._state, self._rests))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, type(self))
            and self._rests is other._rests
            and self._state == other._state
        )

    def arcs(self) -> tuple[tuple[Ranges, Machine | Regex], ...]:
        """See `Machine.arcs`."""
        steps = self._sight.steps[self._state]
        rests = arcs(self._rests)
        classes = [chars(ranges) for ranges, _ in (*steps, *rests)]
        found: list[tuple[Ranges, Machine | Regex]] = []
        for cell, owners in overlay(tuple(classes)):
            after = union(*[rests[k - len(steps)][1] for k in owners if k >= len(steps)])
            if owners[0] < len(steps):
                state = steps[owners[0]][1]
                after = union(after, state.rest)
                goes_on = after is not ANYTHING and self._sight.steps[state]
                found.append((cell.ranges, _Input(self._sight, state, after) if goes_on else after))
            else:
                found.append((cell.ranges, after))
        return tuple(found)
