"""Lark's LALR(1) tables, run over persistent stacks."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from heapq import heappop, heappush
from itertools import count
from typing import Any
from weakref import WeakValueDictionary

from lark.common import ParserConf
from lark.exceptions import GrammarError
from lark.grammar import NonTerminal, RuleOptions
from lark.grammar import Rule as LarkRule
from lark.grammar import Terminal as LarkTerminal
from lark.parsers.lalr_analysis import LALR_Analyzer, Shift

from constrain.errors import GrammarSyntaxError
from constrain.grammar.cfg import Grammar

END = "$END"


class Stack:
    """The states of a parse; the stack below is shared. Equal ones are one object.

    Attributes:
        state: the state on top.
        below: the rest; None under the first state.
        usable: the terminals that can be shifted next, and END where the text may end; once known.
        distance: the least length of what completes the parse; once known.
    """

    __slots__ = ("__weakref__", "below", "distance", "state", "usable")

    def __init__(self, state: int, below: Stack | None) -> None:
        self.state = state
        self.below = below
        self.usable: frozenset[str] | None = None
        self.distance: int | None = None


class Tables:
    """The parser of one grammar. Safe for many threads.

    Args:
        grammar: a grammar.
        strict: refuse a grammar in which a terminal could be both shifted and reduced; else it is
            shifted, as Lark does.

    Raises:
        GrammarSyntaxError: the grammar is not LALR(1).
    """

    def __init__(self, grammar: Grammar, strict: bool = False) -> None:
        rules = [
            LarkRule(
                NonTerminal(rule.origin),
                [
                    NonTerminal(name) if name in grammar.rules_of else LarkTerminal(name)
                    for name in rule.expansion
                ],
                index,
                options=RuleOptions(priority=rule.priority or None),
            )
            for index, rule in enumerate(grammar.rules)
        ]
        analyzer: Any = LALR_Analyzer(ParserConf(rules, {}, [grammar.start]), strict=strict)
        try:
            analyzer.compute_lalr()
        except GrammarError as error:
            raise GrammarSyntaxError(1, 1, f"the grammar is not LALR(1): {error}") from error
        table = analyzer.parse_table
        self._shifts: list[dict[str, int]] = []
        self._reduces: list[dict[str, tuple[int, str]]] = []
        for state in range(len(table.states)):
            actions = table.states[state]
            self._shifts.append({n: to for n, (kind, to) in actions.items() if kind is Shift})
            self._reduces.append(
                {
                    n: (len(rule.expansion), rule.origin.name)
                    for n, (kind, rule) in actions.items()
                    if kind is not Shift
                }
            )
        self.looked_for = [frozenset(table.states[state]) for state in range(len(table.states))]
        self._items = _items(analyzer, grammar.start)
        self._end = table.end_states[grammar.start]
        self._stacks: WeakValueDictionary[tuple[int, int], Stack] = WeakValueDictionary()
        self._lock = threading.Lock()
        self.start = self._push(table.start_states[grammar.start], None)

    def _push(self, state: int, below: Stack | None) -> Stack:
        key = (state, id(below))
        with self._lock:
            found = self._stacks.get(key)
            if found is None:
                found = self._stacks[key] = Stack(state, below)
        return found

    def _reduce(self, stack: Stack, size: int, origin: str) -> Stack:
        below: Stack | None = stack
        for _ in range(size):
            assert below is not None
            below = below.below
        assert below is not None
        return self._push(self._shifts[below.state][origin], below)

    def usable(self, stack: Stack) -> frozenset[str]:
        """The terminals that can be shifted next; END where the text may end."""
        if stack.usable is None:
            found: list[str] = []
            # A parse of its own, for the terminals that it is the same for: the stack, its height
            # and the least height it had, over the stack at first; reductions since then.
            pending = [(stack, self.looked_for[stack.state], 0, 0, 0)]
            while pending:
                here, names, height, least, rounds = pending.pop()
                shifts, reduces = self._shifts[here.state], self._reduces[here.state]
                groups: dict[tuple[int, str], list[str]] = {}
                if here.state == self._end and END in names:
                    found.append(END)
                for name in names:
                    if name in shifts:
                        found.append(name)
                    elif name in reduces:
                        groups.setdefault(reduces[name], []).append(name)
                for (size, origin), group in groups.items():
                    lowest = min(least, height - size)
                    longer = 0 if lowest < least else rounds + 1
                    # A conflict that is resolved in favour of a cycle is never left.
                    if longer <= len(self._shifts):
                        after = self._reduce(here, size, origin)
                        pending.append((after, frozenset(group), height - size + 1, lowest, longer))
            stack.usable = frozenset(found)
        return stack.usable

    def shift(self, stack: Stack, name: str) -> Stack:
        """The stack after a usable terminal."""
        while name not in self._shifts[stack.state]:
            stack = self._reduce(stack, *self._reduces[stack.state][name])
        return self._push(self._shifts[stack.state][name], stack)

    def distance(self, stack: Stack, lengths: Mapping[str, int]) -> int:
        """A lower bound of the length of what completes a parse (Dijkstra over its stacks).

        Args:
            stack: the parse.
            lengths: the least length of what each symbol stands for.
        """
        order = count()
        heap: list[tuple[int, int, Stack, Stack | None]] = [(0, next(order), stack, None)]
        came: dict[Stack, tuple[int, Stack | None]] = {}
        while heap:
            cost, _, here, source = heappop(heap)
            if here in came:
                continue
            came[here] = cost, source
            if here.state == self._end:
                here.distance = 0
            if here.distance is not None:
                total = cost + here.distance
                step: Stack | None = here
                while step is not None:
                    before, step_source = came[step]
                    step.distance = total - before
                    step = step_source
                break
            for size, origin, rest in self._items[here.state]:
                longer = cost + sum([lengths[name] for name in rest])
                heappush(heap, (longer, next(order), self._reduce(here, size, origin), here))
        assert stack.distance is not None
        return stack.distance


def _items(analyzer: LALR_Analyzer, start: str) -> list[list[tuple[int, str, tuple[str, ...]]]]:
    """For each state the rules under way: symbols read, origin, symbols to come."""
    states: dict[object, list[tuple[int, str, tuple[str, ...]]]] = {}
    # The table numbers the states in this order.
    for itemset in analyzer.lr0_itemsets:
        items = states[itemset.closure] = []
        for item in itemset.kernel:
            rest = tuple(str(symbol.name) for symbol in item.rule.expansion[item.index :])
            if not item.rule.origin.name.startswith("$root_"):
                items.append((item.index, str(item.rule.origin.name), rest))
            elif rest:
                items.append((0, start, rest))
    return list(states.values())
