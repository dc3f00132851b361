"""Explicit automata as expressions: the texts that lead from one state to some others."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from constrain.lexing.regex import EMPTY, EPSILON, Machine, Ranges, Regex, machine

State = TypeVar("State", bound=Hashable)

Steps = Mapping[State, Sequence[tuple[Ranges, State]]]
"""Of each state: disjoint ranges of code points, and the state that each leads to."""


def paths(steps: Steps[State], start: State, ends: Collection[State]) -> Regex:
    """The texts that lead from `start` to one of `ends`."""
    sources: dict[State, list[State]] = {}
    for state, targets in steps.items():
        for _, target in targets:
            sources.setdefault(target, []).append(state)
    live = set(ends)
    pending = [*ends]
    while pending:
        for source in sources.get(pending.pop(), ()):
            if source not in live:
                live.add(source)
                pending.append(source)
    if start not in live:
        return EMPTY
    return machine(_Place(_Paths(steps, frozenset(ends), frozenset(live)), start))


class _Paths(Generic[State]):
    """An automaton.

    Attributes:
        steps: its steps.
        ends: where a text may end.
        live: the states that lead to an end.
    """

    def __init__(self, steps: Steps[State], ends: frozenset[State], live: frozenset[State]) -> None:
        self.steps = steps
        self.ends = ends
        self.live = live

    def goes_on(self, state: State) -> bool:
        """Whether something may follow at an end."""
        return state not in self.ends or any(
            target in self.live for _, target in self.steps.get(state, ())
        )


class _Place(Machine):
    """A state of an automaton."""

    __slots__ = ("_paths", "_state", "nullable")

    def __init__(self, paths: _Paths[State], state: State) -> None:
        self._paths = paths
        self._state = state
        self.nullable = state in paths.ends

    def __hash__(self) -> int:
        return hash((id(self._paths), self._state))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, type(self))
            and self._paths is other._paths
            and self._state == other._state
        )

    def arcs(self) -> tuple[tuple[Ranges, Machine | Regex], ...]:
        """See `Machine.arcs`."""
        paths = self._paths
        return tuple(
            (ranges, _Place(paths, target) if paths.goes_on(target) else EPSILON)
            for ranges, target in paths.steps.get(self._state, ())
            if target in paths.live
        )
