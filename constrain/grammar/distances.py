"""Lower bounds of how much text completes a parse.

Each symbol counts with its least text. Two terminals that must not touch, such as two words, count
with one character between them: *sticky* ends are told apart from others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from heapq import heappop, heappush
from itertools import count

from constrain.grammar.cfg import Grammar, Terminal
from constrain.grammar.lalr import Stack, Tables
from constrain.grammar.scanning import Scanner, is_all
from constrain.grammar.terminals import least_text
from constrain.lexing.charset import char_class
from constrain.lexing.nodes import Chars
from constrain.lexing.regex import (
    ANYTHING,
    EMPTY,
    Regex,
    arcs,
    concat,
    difference,
    intersect,
    is_empty,
)

_FAR = 1 << 40
_ENDS = (0, 1)

Lengths = tuple[tuple[int, int], tuple[int, int]]
"""Least lengths by what stands before (0, or 1 where it is sticky), and how the text itself ends.

What is empty ends as what stands before it.
"""

_NOTHING: Lengths = ((0, _FAR), (_FAR, 0))


class Distances:
    """The bounds for one grammar.

    Args:
        grammar: the grammar; a declared terminal counts nothing.
        tables: its parser.
        scanner: its scanner.
    """

    def __init__(self, grammar: Grammar, tables: Tables, scanner: Scanner) -> None:
        self._tables = tables
        self._sticky = _sticky(grammar.terminals.values(), scanner)
        self._is_sticky: dict[Regex, int] = {}
        lengths: dict[str, Lengths] = dict.fromkeys(grammar.declared, _NOTHING)
        for name, opaque in grammar.opaque.items():
            length = len(opaque.least)
            lengths[name] = (length, _FAR), (length, _FAR)
        for name, terminal in grammar.terminals.items():
            lengths[name] = self._of_terminal(terminal, scanner)
        self._lengths = _of_rules(grammar, lengths)
        self._rests = [
            [(size, origin, self._joined(rest)) for size, origin, rest in items]
            for items in tables.items
        ]

    def of(self, stack: Stack, banned: Regex) -> int:
        """A lower bound of the length of what completes a parse where `banned` may not follow.

        (Dijkstra over its stacks.)
        """
        start = stack, self._sticks(banned)
        order = count()
        heap = [(0, next(order), start, start, False)]
        came: dict[tuple[Stack, int], tuple[int, tuple[Stack, int]]] = {}
        while heap:
            cost, _, here, source, is_whole = heappop(heap)
            if is_whole:
                total = cost
                while True:
                    (top, before), (reached, source) = here, came[here]
                    top.distances[before] = total - reached
                    if source == here:
                        return total
                    here = source
            if here in came:
                continue
            came[here] = cost, source
            top, before = here
            known = 0 if self._tables.is_complete(top) else top.distances[before]
            if known is not None:
                heappush(heap, (cost + known, next(order), here, source, True))
                continue
            for size, origin, lengths in self._rests[top.state]:
                for ends in _ENDS:
                    if lengths[before][ends] < _FAR:
                        after = self._tables.reduce(top, size, origin), ends
                        cost_there = cost + lengths[before][ends]
                        heappush(heap, (cost_there, next(order), after, here, False))
        raise AssertionError("a parse that nothing completes")

    def _joined(self, symbols: Sequence[str]) -> Lengths:
        found = _NOTHING
        for symbol in symbols:
            found = _join(found, self._lengths[symbol])
        return found

    def _of_terminal(self, terminal: Terminal, scanner: Scanner) -> Lengths:
        length = len(least_text(terminal.lexeme))
        ends = int(all(self._sticks(banned) for banned in scanner.banned_after(terminal)))
        begins = self._sticky is not EMPTY and is_empty(
            difference(concat(terminal.regex, ANYTHING), concat(self._sticky, ANYTHING))
        )
        lengths = [_FAR, _FAR]
        lengths[ends] = length
        after = [_FAR, _FAR]
        after[ends] = length + begins
        return (lengths[0], lengths[1]), (after[0], after[1])

    def _sticks(self, banned: Regex) -> int:
        """Whether nothing that begins with a sticky character may follow."""
        found = self._is_sticky.get(banned)
        if found is None:
            all_of_it = concat(self._sticky, ANYTHING)
            found = int(self._sticky is not EMPTY and is_empty(difference(all_of_it, banned)))
            self._is_sticky[banned] = found
        return found


def _join(one: Lengths, other: Lengths) -> Lengths:
    found = [
        [min(one[before][between] + other[between][ends] for between in _ENDS) for ends in _ENDS]
        for before in _ENDS
    ]
    return (found[0][0], found[0][1]), (found[1][0], found[1][1])


def _of_rules(grammar: Grammar, terminals: Mapping[str, Lengths]) -> dict[str, Lengths]:
    nowhere: Lengths = ((_FAR, _FAR), (_FAR, _FAR))
    found = {**terminals, **dict.fromkeys(grammar.rules_of, nowhere)}
    users: dict[str, set[str]] = {}
    for rule in grammar.rules:
        for symbol in rule.expansion:
            users.setdefault(symbol, set()).add(rule.origin)
    pending = dict.fromkeys(grammar.rules_of)
    while pending:
        name = next(iter(pending))
        del pending[name]
        least = found[name]
        for rule in grammar.rules_of[name]:
            text = _NOTHING
            for symbol in rule.expansion:
                text = _join(text, found[symbol])
            least = _lesser(least, text)
        if least != found[name]:
            found[name] = least
            pending |= dict.fromkeys(users.get(name, ()))
    return found


def _lesser(one: Lengths, other: Lengths) -> Lengths:
    (a, b), (c, d) = one
    (e, f), (g, h) = other
    return (min(a, e), min(b, f)), (min(c, g), min(d, h))


def _sticky(terminals: Collection[Terminal], scanner: Scanner) -> Regex:
    """Characters such that most pairs of terminals may not touch: one keeps all of them off, and
    the other begins with one of them."""
    kept_off: list[Regex] = []
    for terminal in terminals:
        common: Regex = ANYTHING
        for banned in scanner.banned_after(terminal):
            ranges = [pair for r, target in arcs(banned) if is_all(target) for pair in r]
            common = intersect(common, char_class(ranges))
        if isinstance(common, Chars):
            kept_off.append(common)
    firsts = [char_class([pair for r, _ in arcs(t.regex) for pair in r]) for t in terminals]

    def pairs(characters: Regex) -> int:
        left = sum(is_empty(difference(characters, other)) for other in kept_off)
        return left * sum(is_empty(difference(first, characters)) for first in firsts)

    return max(dict.fromkeys(kept_off), key=pairs, default=EMPTY)
