"""A control as an automaton over characters, for intersections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from constrain.engine.combining.spelled import spelled
from constrain.engine.control import Control
from constrain.errors import RegexTooComplexError
from constrain.lexing.charset import overlay
from constrain.lexing.lexeme import Lexeme, any_captures
from constrain.lexing.nodes import Chars, chars
from constrain.lexing.regex import Machine, Ranges, Regex, arcs, machine

_MOST_CHARACTERS = 300
"""Characters of which each leads elsewhere."""


def stepped(control: Control[Any]) -> Regex:
    """The texts of a control as an expression."""
    return machine(_State(control, (_at(control, control.start()),)))


class _Thread(NamedTuple):
    """A configuration, and the lexemes under way since it."""

    config: Any
    running: frozenset[tuple[Lexeme, Regex]]
    """The lexemes, and what is left of each."""
    text: str
    """What is written of them, if the control may want it; else empty."""
    resting: bool
    """None is under way yet."""


def _at(control: Control[Any], config: Any) -> _Thread:
    running = frozenset((item, spelled(item)) for item in control.lexemes(config))
    return _Thread(config, running, "", True)


class _State(Machine):
    """All ways to understand a text."""

    __slots__ = ("_control", "_threads", "nullable")

    def __init__(self, control: Control[Any], threads: Iterable[_Thread]) -> None:
        self._control = control
        self._threads = frozenset(threads)
        self.nullable = any(t.resting and control.accepting(t.config) for t in self._threads)

    def __hash__(self) -> int:
        return hash(self._threads)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, type(self))
            and self._control is other._control
            and self._threads == other._threads
        )

    def arcs(self) -> tuple[tuple[Ranges, Machine | Regex], ...]:
        """See `Machine.arcs`."""
        classes: list[Chars] = []
        targets: list[tuple[_Thread, Lexeme, Regex]] = []
        for thread in self._threads:
            for item, regex in thread.running:
                for ranges, target in arcs(regex):
                    classes.append(chars(ranges))
                    targets.append((thread, item, target))
        if not classes:
            return ()
        found: list[tuple[Ranges, Machine | Regex]] = []
        for cell, owners in overlay(tuple(classes)):
            moved: dict[_Thread, list[tuple[Lexeme, Regex]]] = {}
            for thread, item, target in map(targets.__getitem__, owners):
                moved.setdefault(thread, []).append((item, target))
            # Where the control wants to see the text, each character leads elsewhere.
            apart = any(any_captures(item for item, _ in running) for running in moved.values())
            for ranges in _single(cell.ranges) if apart else (cell.ranges,):
                state = self._after(chr(ranges[0][0]), moved)
                if state is not None:
                    found.append((ranges, state))
        return tuple(found)

    def _after(self, char: str, moved: dict[_Thread, list[tuple[Lexeme, Regex]]]) -> _State | None:
        threads = []
        for thread, running in moved.items():
            text = thread.text + char if any_captures(x for x, _ in running) else ""
            threads.append(_Thread(thread.config, frozenset(running), text, False))
            ended = tuple(item for item, regex in running if regex.nullable)
            if ended:
                known = text.encode() if any_captures(ended) else None
                config = self._control.advance(thread.config, ended, known)
                if config is not None:
                    threads.append(_at(self._control, config))
        return _State(self._control, threads) if threads else None


def _single(ranges: Ranges) -> Iterable[Ranges]:
    if sum(high - low + 1 for low, high in ranges) > _MOST_CHARACTERS:
        raise RegexTooComplexError(
            f"both constraints look at texts of more than {_MOST_CHARACTERS:,} characters; "
            "name the keys of objects in one of them, or join the schemas by allOf"
        )
    return (((code, code),) for low, high in ranges for code in range(low, high + 1))
