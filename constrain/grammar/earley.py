"""An Earley parser whose sets are persistent and shared (Earley 1970).

An item is a place within a rule, and the set in which the rule began. A set keeps the items that
wait for a symbol, by the symbol; complete ones are followed up when they arise, and left out. So a
set says all that matters about the text before it: equal sets are one object, the sets of a text
are a graph that forks and rollbacks share, and where a grammar repeats, its sets repeat as well.

- The items that are predicted in a set depend on the nonterminals that it waits for alone, and are
  shared (`Prediction`).
- A nonterminal that may be empty is passed as soon as it is predicted (Aycock and Horspool,
  "Practical Earley Parsing", 2002), so no rule completes in the set in which it began.
- Where a nonterminal ends its rule, what waits for it is what waits for the whole rule: a call in
  tail position leaves nothing behind. With it right recursion takes constant time and no space,
  ambiguous or not (compare Leo, "A general context-free parsing algorithm running in linear time
  on every LR(k) grammar without using lookahead", 1991).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from constrain.grammar.cfg import Grammar
from constrain.interned import Interned

Item = tuple[int, "ItemSet | None"]
"""A dot, and the set in which its rule began; for `ACCEPT` none."""

ACCEPT: Item = (-1, None)
"""The start symbol is complete."""


class Returns(NamedTuple):
    """What goes on where a nonterminal that began in a set is complete."""

    own: tuple[int, ...]
    """Dots of rules that began in the same set."""
    items: frozenset[Item]
    """Items of rules that began before."""


class Dots:
    """The rules of a grammar with a dot in each place, numbered.

    Attributes:
        symbol: the symbol behind each dot; None at the end of a rule.
        origin: the nonterminal of each dot's rule.
        first: the dots at the start of each nonterminal's rules.
        rules: the grammar's rules, by the dot at their end.
    """

    def __init__(self, grammar: Grammar) -> None:
        self.symbol: list[str | None] = []
        self.origin: list[str] = []
        self.first: dict[str, list[int]] = {}
        self.nullable = grammar.nullable
        for rule in grammar.rules:
            self.first.setdefault(rule.origin, []).append(len(self.symbol))
            self.symbol += [*rule.expansion, None]
            self.origin += [rule.origin] * (len(rule.expansion) + 1)
        self._predictions: dict[frozenset[str], Prediction] = {}

    def prediction(self, roots: frozenset[str]) -> Prediction:
        """What is predicted where these nonterminals are waited for."""
        found = self._predictions.get(roots)
        if found is None:
            found = self._predictions.setdefault(roots, Prediction(self, roots))
        return found


class Prediction:
    """The items that begin in a set.

    Attributes:
        shifts: the dots behind each terminal that may come.
        waits: the dots behind each nonterminal that is waited for.
    """

    def __init__(self, dots: Dots, roots: frozenset[str]) -> None:
        shifts: dict[str, dict[int, None]] = {}
        waits: dict[str, dict[int, None]] = {}
        pending = sorted(roots)
        known = set(pending)
        while pending:
            for dot in dots.first[pending.pop()]:
                while (symbol := dots.symbol[dot]) is not None:
                    dot += 1
                    if symbol not in dots.first:
                        shifts.setdefault(symbol, {})[dot] = None
                        break
                    waits.setdefault(symbol, {})[dot] = None
                    if symbol not in known:
                        known.add(symbol)
                        pending.append(symbol)
                    if symbol not in dots.nullable:
                        break
        self.shifts = {symbol: tuple(after) for symbol, after in shifts.items()}
        self.waits = {symbol: tuple(after) for symbol, after in waits.items()}
        self._dots = dots
        self._ways: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {}

    def ways(self, nonterminal: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """Where it goes on, in rules that began here, when a nonterminal is complete.

        Returns dots within rules, and the nonterminals that are complete with it, itself included.
        """
        found = self._ways.get(nonterminal)
        if found is None:
            symbol, origin = self._dots.symbol, self._dots.origin
            complete = {nonterminal: None}
            within: dict[int, None] = {}
            pending = [nonterminal]
            while pending:
                for dot in self.waits.get(pending.pop(), ()):
                    if symbol[dot] is not None:
                        within[dot] = None
                    elif origin[dot] not in complete:
                        complete[origin[dot]] = None
                        pending.append(origin[dot])
            found = self._ways[nonterminal] = tuple(within), tuple(complete)
        return found


class ItemSet:
    """All ways in which a text so far can be parsed. Equal ones are one object.

    Attributes:
        shifts: the items behind each terminal that may come, of rules that began before.
        waits: the items behind each nonterminal that is waited for, of rules that began before.
        accepting: the text so far is complete.
        prediction: the items of rules that begin here.
        terminals: the terminals that may come.
        up: what the ending of a text needs to know of the set (see `endings`), once it is known.
    """

    __slots__ = (
        "__weakref__",
        "_returns",
        "accepting",
        "prediction",
        "shifts",
        "terminals",
        "up",
        "waits",
    )

    def __init__(
        self,
        shifts: Mapping[str, frozenset[Item]],
        waits: Mapping[str, frozenset[Item]],
        accepting: bool,
        prediction: Prediction,
    ) -> None:
        self.shifts = shifts
        self.waits = waits
        self.accepting = accepting
        self.prediction = prediction
        self.terminals = frozenset((*shifts, *prediction.shifts))
        self.up: object = None
        self._returns: dict[str, Returns] = {}

    def after(self, terminal: str) -> list[Item]:
        """The items behind a terminal."""
        items = list(self.shifts.get(terminal, ()))
        items += [(dot, self) for dot in self.prediction.shifts.get(terminal, ())]
        return items

    def returns(self, nonterminal: str) -> Returns:
        """What goes on where a nonterminal that began here is complete."""
        found = self._returns.get(nonterminal)
        if found is None:
            own, complete = self.prediction.ways(nonterminal)
            items = [self.waits[name] for name in complete if name in self.waits]
            found = self._returns[nonterminal] = Returns(own, frozenset().union(*items))
        return found


class Earley:
    """The parser of one grammar. Safe for many threads."""

    def __init__(self, grammar: Grammar) -> None:
        self.dots = Dots(grammar)
        self._sets: Interned[ItemSet] = Interned()
        start = {grammar.start: frozenset((ACCEPT,))}
        self.start = self._set({}, start, grammar.start in grammar.nullable)

    def advance(self, steps: Iterable[tuple[ItemSet, str]]) -> ItemSet:
        """Return the set after one of the terminals, each in a set where it may come."""
        pending: list[Item] = []
        for items, terminal in steps:
            pending += items.after(terminal)
        return self.closed(pending)

    def closed(self, pending: list[Item]) -> ItemSet:
        """Return the set with these items."""
        symbols, origins, nullable = self.dots.symbol, self.dots.origin, self.dots.nullable
        first = self.dots.first
        shifts: dict[str, set[Item]] = {}
        waits: dict[str, set[Item]] = {}
        accepting = False
        seen: set[Item] = set()
        while pending:
            item = pending.pop()
            if item in seen:
                continue
            seen.add(item)
            dot, began = item
            if began is None:
                accepting = True
                continue
            symbol = symbols[dot]
            if symbol is None:
                pending += _going_on(began, origins[dot])
            elif symbol not in first:
                shifts.setdefault(symbol, set()).add((dot + 1, began))
            else:
                waiting = waits.setdefault(symbol, set())
                if symbols[dot + 1] is None:
                    waiting.update(_going_on(began, origins[dot]))
                else:
                    waiting.add((dot + 1, began))
                if symbol in nullable:
                    pending.append((dot + 1, began))
        return self._set(
            {symbol: frozenset(items) for symbol, items in shifts.items()},
            {symbol: frozenset(items) for symbol, items in waits.items()},
            accepting,
        )

    def _set(
        self,
        shifts: Mapping[str, frozenset[Item]],
        waits: Mapping[str, frozenset[Item]],
        accepting: bool,
    ) -> ItemSet:
        key = (frozenset(shifts.items()), frozenset(waits.items()), accepting)
        found = self._sets.get(key)
        if found is None:
            prediction = self.dots.prediction(frozenset(waits))
            found = self._sets.add(key, ItemSet(shifts, waits, accepting, prediction))
        return found


def _going_on(began: ItemSet, nonterminal: str) -> list[Item]:
    """The items that go on where a nonterminal that began in a set is complete."""
    own, items = began.returns(nonterminal)
    return [*items, *[(dot, began) for dot in own]]
