"""The texts of an automaton, told apart by the states that they lead to."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from constrain.lexing.regex import EPSILON, Machine, Ranges, Regex, machine

State = TypeVar("State", bound=Hashable)
Key = TypeVar("Key")

Arcs = Mapping[State, Sequence[tuple[Ranges, State]]]
"""From each state disjoint ranges of code points, and where they lead."""


def parted(
    start: State, arcs: Arcs[State], ends: Mapping[Key, Collection[State]]
) -> list[tuple[Key, Regex]]:
    """Return for each key the texts that lead from `start` to one of its states, if there are any.

    Args:
        start: the state before any text.
        arcs: the automaton, explored.
        ends: sets of states.
    """
    sources: dict[State, list[State]] = {state: [] for state in arcs}
    for state, steps in arcs.items():
        for _, target in steps:
            sources[target].append(state)
    found = []
    for key, states in ends.items():
        live = set(states)
        pending = [*states]
        while pending:
            for source in sources[pending.pop()]:
                if source not in live:
                    live.add(source)
                    pending.append(source)
        if start in live:
            part = _Part(arcs, frozenset(states), frozenset(live))
            found.append((key, machine(_PartState(part, start))))
    return found


class _Part(Generic[State]):
    """An automaton of which some states are ends; `live` are those that lead to one."""

    def __init__(self, arcs: Arcs[State], ends: frozenset[State], live: frozenset[State]) -> None:
        self.arcs = arcs
        self.ends = ends
        self.live = live


class _PartState(Machine, Generic[State]):
    """A state of a part."""

    __slots__ = ("_part", "_state", "nullable")

    def __init__(self, part: _Part[State], state: State) -> None:
        self._part = part
        self._state = state
        self.nullable = state in part.ends

    def __hash__(self) -> int:
        return hash((id(self._part), self._state))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, type(self))
            and self._part is other._part
            and self._state == other._state
        )

    def arcs(self) -> tuple[tuple[Ranges, Machine | Regex], ...]:
        """See `Machine.arcs`."""
        part = self._part
        return tuple(
            (ranges, _PartState(part, target) if self._goes_on(target) else EPSILON)
            for ranges, target in part.arcs[self._state]
            if target in part.live
        )

    def _goes_on(self, state: State) -> bool:
        part = self._part
        return state not in part.ends or any(to in part.live for _, to in part.arcs[state])
