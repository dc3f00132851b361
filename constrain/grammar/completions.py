"""Whether a parse with Lark's scanner can be completed.

Lark's scanner takes the longest match, whatever comes after. So it may never come to a terminal
that the parser needs, and a text that is fine so far may have no end. To tell, parser and scanner
are taken together as a pushdown system: its stack holds the states of the parser, its control what
may not follow. What becomes of a state, from there until it is popped, does not depend on the
stack below it, and is worked out once, as far as somebody asks (the summaries of Reps, Horwitz and
Sagiv, "Precise interprocedural dataflow analysis via graph reachability", 1995; see also Bouajjani,
Esparza and Maler, "Reachability analysis of pushdown automata", 1997).

Most grammars need none of this: where no terminal is hidden by another, a parse can be completed in
each way that the rules have (`Completions.by_rules`).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple
from weakref import WeakKeyDictionary

from constrain.grammar.cfg import Grammar
from constrain.grammar.lalr import END, Stack, Tables
from constrain.grammar.scanning import Scan
from constrain.lexing.regex import EMPTY, Regex


class _Look(NamedTuple):
    """The next terminal is looked for, where something may not follow."""

    banned: Regex


class _Done(NamedTuple):
    """The text can be completed."""


class _Take(NamedTuple):
    """A terminal has been matched, or the end, and is to be shifted."""

    terminal: str
    after: _Look | _Done


class _Pop(NamedTuple):
    """States are to be popped, and a nonterminal put in their place, before a terminal."""

    size: int
    origin: str
    take: _Take


_DONE = _Done()
_Control = _Look | _Take | _Pop | _Done
_Place = tuple[_Control, int]
"""A control, and the state on top of the stack."""
_Passing = tuple[_Place, int | None, _Control]
"""A place, and a control that leaves it, or comes out at a state in it."""


class Completions:
    """The completions of parses. Safe for many threads.

    Args:
        grammar: the grammar.
        tables: its parser.
        scans: what the scanner may take in a state of the parser where something may not follow.
        ignored: names of the terminals that the parser does not see.
        optional: names of those that it does not see in some places.
        is_free: whether what may not follow a scan is nothing that follows it by the rules.

    Attributes:
        by_rules: whether each parse can be completed, where what may not follow is nothing that
            follows by the rules.
    """

    def __init__(
        self,
        grammar: Grammar,
        tables: Tables,
        scans: Callable[[int, Regex], Iterable[Scan]],
        ignored: Collection[str],
        optional: Collection[str],
        is_free: Callable[[Scan], bool],
    ) -> None:
        self._tables = tables
        self._scans = scans
        self._ignored = ignored
        self._optional = optional
        self._is_free = is_free
        self._exits: dict[_Place, dict[_Control, None]] = {}
        self._users: dict[_Place, dict[tuple[_Place, int | None], None]] = {}
        self._pending: deque[_Place] = deque()
        self._known: WeakKeyDictionary[Stack, dict[_Control, bool]] = WeakKeyDictionary()
        self._lock = threading.Lock()
        self.by_rules = self._is_open(grammar)

    def _is_open(self, grammar: Grammar) -> bool:
        """Whether each parse has a way on without terminals that are hidden or bring conflicts."""
        tables = self._tables
        symbols = {*grammar.terminals, *grammar.opaque}
        # With indentation, what a conflict rules out is not told.
        avoided = set() if self._optional else set(tables.conflicts)
        for state, names in enumerate(tables.looked_for):
            wanted = symbols.intersection(names).difference(self._optional)
            for scan in self._scans(state, EMPTY):
                if scan.matched not in self._ignored and self._is_free(scan):
                    wanted.discard(scan.terminal)
            avoided |= wanted
        if not avoided:
            return True
        seen = {*symbols, *grammar.declared} - avoided
        seen |= grammar.written_with(seen)
        return END not in avoided and self._shrinks(seen)

    def _shrinks(self, seen: set[str]) -> bool:
        """Whether each stack becomes smaller when rules under way are completed with some symbols.

        A rule of which one symbol has been read leaves the stack as high as it was.
        """
        tables = self._tables
        sources: dict[int, list[int]] = {}
        for state, names in enumerate(tables.looked_for):
            for name in names:
                after = tables.action(state, name)
                if isinstance(after, int):
                    sources.setdefault(after, []).append(state)
        left = {
            state: [(size, origin) for size, origin, rest in items if seen.issuperset(rest)]
            for state, items in enumerate(tables.items)
            if state != tables.end
        }
        while True:
            found = [
                state
                for state, rules in left.items()
                if any(
                    size != 1 or all(tables.action(p, origin) not in left for p in sources[state])
                    for size, origin in rules
                )
            ]
            if not found:
                return not left
            for state in found:
                del left[state]

    def exist(self, stack: Stack, banned: Regex) -> bool:
        """Whether a parse can be completed where `banned` may not follow."""
        with self._lock:
            return self._exist(stack, _Look(banned))

    def _exist(self, stack: Stack, control: _Control) -> bool:
        start = stack, control
        came: dict[tuple[Stack, _Control], tuple[Stack, _Control] | None] = {start: None}
        pending = [start]
        while pending:
            here: tuple[Stack, _Control] | None = pending.pop()
            assert here is not None
            stack, control = here
            known = self._known.get(stack, {}).get(control)
            exits = self._explored((control, stack.state)) if known is None else {}
            if known or _DONE in exits:
                while here is not None:
                    self._know(here, True)
                    here = came[here]
                return True
            for exit_ in exits:
                if stack.below is not None and (stack.below, exit_) not in came:
                    came[stack.below, exit_] = here
                    pending.append((stack.below, exit_))
        for place in came:
            self._know(place, False)
        return False

    def _know(self, place: tuple[Stack, _Control], answer: bool) -> None:
        stack, control = place
        self._known.setdefault(stack, {})[control] = answer

    def _explored(self, place: _Place) -> Collection[_Control]:
        """The controls under which a state is popped: all, or `_DONE` is among them."""
        self._visit(place)
        exits = self._exits[place]
        while self._pending and _DONE not in exits:
            here = self._pending.popleft()
            for control, states in self._steps(*here):
                if states and control is not _DONE:
                    self._pass(self._linked(here, (control, states[0]), *states[1:]))
                else:
                    self._pass([(here, None, control)])
        return exits

    def _visit(self, place: _Place) -> None:
        if place not in self._exits:
            self._exits[place] = {}
            self._users[place] = {}
            self._pending.append(place)

    def _linked(self, user: _Place, place: _Place, below: int | None = None) -> list[_Passing]:
        """Let what leaves `place` come out in `user`, at the state `below`, or leave that as well.

        Returns what has to be passed on at once.
        """
        self._visit(place)
        if (user, below) in self._users[place]:
            return []
        self._users[place][user, below] = None
        return [(user, below, control) for control in self._exits[place]]

    def _pass(self, passing: list[_Passing]) -> None:
        while passing:
            user, below, control = passing.pop()
            if below is not None and control is not _DONE:
                passing += self._linked(user, (control, below))
            elif control not in self._exits[user]:
                self._exits[user][control] = None
                passing += [(place, at, control) for place, at in self._users[user]]

    def _steps(self, control: _Control, state: int) -> Iterator[tuple[_Control, tuple[int, ...]]]:
        """What may become of a control, and of the state on top of the stack."""
        if isinstance(control, _Look):
            for take in self._takes(state, control.banned):
                yield take, (state,)
        elif isinstance(control, _Pop) and control.size:
            yield control._replace(size=control.size - 1), ()
        elif isinstance(control, _Pop):
            yield from self._reduced(control.take, state, 0, control.origin)
        elif isinstance(control, _Take):
            action = self._tables.action(state, control.terminal)
            if control.terminal == END and state == self._tables.end:
                yield _DONE, ()
            elif isinstance(action, int):
                yield control.after, (action, state)
            elif action is not None:
                yield from self._reduced(control, state, *action)

    def _takes(self, state: int, banned: Regex) -> Iterator[_Look | _Take]:
        if not banned.nullable:
            yield _Take(END, _DONE)
        for scan in self._scans(state, banned):
            after = _DONE if self.by_rules and self._is_free(scan) else _Look(scan.banned)
            is_ignored = scan.matched in self._ignored
            if is_ignored or scan.matched in self._optional:
                yield _Look(scan.banned)
            if not is_ignored:
                yield _Take(scan.terminal, after)

    def _reduced(
        self, take: _Take, state: int, size: int, origin: str
    ) -> Iterator[tuple[_Control, tuple[int, ...]]]:
        if size:
            yield _Pop(size - 1, origin, take), ()
        else:
            after = self._tables.action(state, origin)
            assert isinstance(after, int)
            yield take, (after, state)
