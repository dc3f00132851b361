"""Lark's LALR(1) tables, run over persistent stacks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from lark.common import ParserConf
from lark.exceptions import GrammarError
from lark.grammar import NonTerminal, RuleOptions
from lark.grammar import Rule as LarkRule
from lark.grammar import Terminal as LarkTerminal
from lark.parsers.lalr_analysis import LALR_Analyzer, Shift

from constrain.engine.pushdown import Row
from constrain.errors import GrammarSyntaxError
from constrain.grammar.cfg import Grammar
from constrain.interned import Interned

END = "$END"


class Stack:
    """The states of a parse; the stack below is shared. Equal ones are one object.

    Attributes:
        state: the state on top.
        below: the rest; None under the first state.
        usable: the terminals that can be shifted next, and END where the text may end; once known.
        reduced: the stacks after the reductions that can be made, by rule; once known.
        distances: lower bounds of what completes the parse (see `distances`); once known.
        blocks: what lines can begin with, where indentation counts (see `indented`); once known.
    """

    __slots__ = ("__weakref__", "below", "blocks", "distances", "reduced", "state", "usable")

    def __init__(self, state: int, below: Stack | None) -> None:
        self.state = state
        self.below = below
        self.usable: frozenset[str] | None = None
        self.reduced: dict[tuple[int, str], Stack] = {}
        self.distances: list[int | None] = [None, None]
        self.blocks: tuple[Hashable, ...] | None = None


class Tables:
    """The parser of one grammar. Safe for many threads.

    Attributes:
        start: the parse of the empty text.
        looked_for: of each state, the symbols that it has an action for; equal sets are one object.
        tails: the states that are put on themselves only once.
        items: of each state, the rules under way: symbols read, origin, symbols to come.
        end: the state in which the start symbol has been read.
        conflicts: the terminals before which, somewhere, another thing could be done than is done.

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
        looked_for = [frozenset(table.states[state]) for state in range(len(table.states))]
        known = {names: names for names in looked_for}
        self.looked_for = [known[names] for names in looked_for]
        self._reductions = [_by_rule(reduces) for reduces in self._reduces]
        self.items = _items(analyzer, grammar.start)
        # These wait for the last symbol of a rule that is the rule's own: one is as good as many.
        self.tails = {
            state
            for state, items in enumerate(self.items)
            if items and all(size == 1 and rest == (origin,) for size, origin, rest in items)
        }
        self.end = table.end_states[grammar.start]
        self.conflicts = frozenset(
            str(symbol.name)
            for itemset in analyzer.lr0_itemsets
            for symbol, rules in itemset.lookaheads.items()
            if len(rules) > 1 or symbol in itemset.transitions
        )
        self._shiftable = [
            frozenset(name for name in shifts if name not in grammar.rules_of)
            | ({END} if state == self.end else frozenset())
            for state, shifts in enumerate(self._shifts)
        ]
        names = sorted({name for names in self.looked_for for name in names} - {END})
        self._numbers = {
            name: number
            for number, name in enumerate(
                [
                    *(name for name in names if name not in grammar.rules_of),
                    END,
                    *grammar.rules_of,
                ]
            )
        }
        self.n_states = len(self._shifts)
        self.n_terminals = self._numbers[END] + 1
        self._stacks: Interned[Stack] = Interned()
        self.start = self.push(table.start_states[grammar.start], None)

    def number(self, name: str) -> int:
        """The number of a symbol; see `row`."""
        return self._numbers[name]

    def row(self, state: int) -> Row:
        """See `Parser.row`."""
        numbers = self._numbers
        return Row(
            {numbers[name]: to for name, to in self._shifts[state].items()},
            [
                (size, numbers[origin], [numbers[name] for name in names])
                for (size, origin), names in self._reductions[state].items()
            ],
            state == self.end,
        )

    def push(self, state: int, below: Stack | None) -> Stack:
        """The stack with a state on another."""
        if below is not None and below.state == state and state in self.tails:
            return below
        key = (state, id(below))
        return self._stacks.get(key) or self._stacks.add(key, Stack(state, below))

    def reduce(self, stack: Stack, size: int, origin: str) -> Stack:
        """The stack with a nonterminal in place of its last symbols."""
        below: Stack | None = stack
        for _ in range(size):
            assert below is not None
            below = below.below
        assert below is not None
        return self.push(self._shifts[below.state][origin], below)

    def usable(self, stack: Stack) -> frozenset[str]:
        """The terminals that can be shifted next; END where the text may end."""
        if stack.usable is None:
            pending = [stack]
            met = {stack}
            is_early = False
            while pending:
                here = pending[-1]
                rules = self._reductions[here.state]
                here.reduced = {rule: self.reduce(here, *rule) for rule in rules}
                unknown = [
                    after
                    for after in here.reduced.values()
                    if after.usable is None and after not in met
                ]
                if unknown:
                    met.update(unknown)
                    pending += unknown
                    continue
                pending.pop()
                is_early |= any(after.usable is None for after in here.reduced.values())
                here.usable = self._usable(here)
            while is_early:
                found = {here: self._usable(here) for here in met}
                is_early = any(here.usable != now for here, now in found.items())
                for here, now in found.items():
                    here.usable = now
            assert stack.usable is not None
        return stack.usable

    def _usable(self, stack: Stack) -> frozenset[str]:
        """The same, as far as it is known of the stacks after reductions."""
        found = self._shiftable[stack.state]
        for rule, names in self._reductions[stack.state].items():
            found |= names & (stack.reduced[rule].usable or frozenset())
        return found

    def shift(self, stack: Stack, name: str) -> Stack:
        """The stack after a usable terminal."""
        while name not in self._shifts[stack.state]:
            rule = self._reduces[stack.state][name]
            stack = stack.reduced.get(rule) or self.reduce(stack, *rule)
        return self.push(self._shifts[stack.state][name], stack)

    def action(self, state: int, name: str) -> int | tuple[int, str] | None:
        """What is done in a state before a symbol.

        A state to go on to, a rule to reduce (the number of its symbols, its origin), or nothing.
        """
        after = self._shifts[state].get(name)
        return self._reduces[state].get(name) if after is None else after

    def is_complete(self, stack: Stack) -> bool:
        """Whether the start symbol has been read."""
        return stack.state == self.end


def _by_rule(
    reduces: Mapping[str, tuple[int, str]],
) -> dict[tuple[int, str], frozenset[str]]:
    """The reductions of a state, each with the terminals before which it is made."""
    found: dict[tuple[int, str], set[str]] = {}
    for name, rule in reduces.items():
        found.setdefault(rule, set()).add(name)
    return {rule: frozenset(names) for rule, names in found.items()}


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
