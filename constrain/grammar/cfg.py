"""Context-free grammars over lexemes, as the readers of grammar texts give them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from constrain.errors import GrammarSyntaxError, GrammarWarning
from constrain.lexing.lexeme import Lexeme, Literal, Text, lexeme
from constrain.lexing.regex import ANYTHING, Regex, concat, words
from constrain.lexing.sight import Sight
from constrain.special import MARK, SpecialToken

Value = TypeVar("Value")

_LONGEST_LEAST = 10_000
"""Characters in the shortest text of a rule, at most."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal.

    Attributes:
        name: its name, upper case.
        regex: its texts (see `lexing.preferred`), before whatever rest of the input; never the
            empty one.
        text: the one text of a terminal that is a string without flags, else None.
        pattern: the string, or the regular expression in the syntax of `re`.
        string: whether it is written as a string.
        flags: letters that stand for flags of the whole expression.
        lexeme: its texts as a lexeme.
        priority: the higher, the more it is preferred where several terminals match.
        widest: the most characters of a match, as `re` sees it.
        sight: how it is matched where that depends on what follows the match, else None.
    """

    name: str
    regex: Regex
    text: str | None
    pattern: str
    string: bool
    flags: frozenset[str]
    lexeme: Lexeme
    priority: int = 0
    widest: int = 0
    sight: Sight | None = None

    @property
    def inputs(self) -> Regex:
        """The inputs that begin with a match."""
        return concat(self.regex, ANYTHING) if self.sight is None else self.sight.inputs


@dataclass(frozen=True, slots=True)
class Opaque:
    """A terminal that is no text: a special token, or the place of another language.

    Attributes:
        lexeme: what stands for it.
        least: the least text of the language, or the mark of the special token.
        token: the special token; None for a language, or for one out of several tokens.
    """

    lexeme: Lexeme
    least: bytes
    token: SpecialToken | None = None

    @classmethod
    def special(cls, token: SpecialToken) -> Opaque:
        """The terminal of a special token."""
        return cls(lexeme(Literal(token.mark)), token.mark, token)

    @classmethod
    def one_of(cls, tokens: Collection[SpecialToken]) -> Opaque:
        """The terminal of any one of some special tokens, which the vocabulary must have."""
        names = words(token.name for token in tokens)
        least = min((token.mark for token in tokens), key=lambda mark: (len(mark), mark))
        return cls(lexeme(Literal(MARK), Text(names), Literal(MARK)), least)

    @classmethod
    def place(cls, name: str, least: bytes) -> Opaque:
        """The place of a language, which the name is to tell from others."""
        return cls(lexeme(Literal(MARK + b"\0" + name.encode() + MARK)), least)


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to write a nonterminal.

    Attributes:
        origin: the nonterminal.
        expansion: symbols, by name.
        priority: the higher, the more it is preferred where several rules could be reduced.
    """

    origin: str
    expansion: tuple[str, ...]
    priority: int = 0


@dataclass(frozen=True)
class Grammar:
    """A context-free grammar.

    Attributes:
        start: the nonterminal that stands for whole texts.
        rules: the rules, those of a nonterminal in the order in which they were written.
        terminals: the terminals, by name.
        ignored: names of the terminals that may come anywhere between others.
        declared: names of terminals without a text, which only a post-lexer makes.
        always: names of the terminals that are looked for everywhere, even where no rule has them.
        opaque: terminals that are no texts, by name.
    """

    start: str
    rules: tuple[Rule, ...]
    terminals: Mapping[str, Terminal]
    ignored: tuple[str, ...] = ()
    declared: frozenset[str] = frozenset()
    always: tuple[str, ...] = ()
    opaque: Mapping[str, Opaque] = field(default_factory=dict)

    @cached_property
    def rules_of(self) -> Mapping[str, tuple[Rule, ...]]:
        """The rules of each nonterminal."""
        found: dict[str, list[Rule]] = {}
        for rule in self.rules:
            found.setdefault(rule.origin, []).append(rule)
        return {name: tuple(rules) for name, rules in found.items()}

    @cached_property
    def nullable(self) -> frozenset[str]:
        """The nonterminals that may stand for the empty text."""
        return self.written_with(())

    @cached_property
    def productive(self) -> frozenset[str]:
        """The nonterminals that stand for any text at all."""
        return self.written_with((*self.terminals, *self.declared, *self.opaque))

    @property
    def special_tokens(self) -> frozenset[str]:
        """The names of the special tokens among the terminals."""
        return frozenset(x.token.name for x in self.opaque.values() if x.token is not None)

    def written_with(self, symbols: Iterable[str]) -> frozenset[str]:
        """The nonterminals that can be written with nothing but some terminals."""
        waiting: dict[str, list[int]] = {}
        missing = [len(rule.expansion) for rule in self.rules]
        for index, rule in enumerate(self.rules):
            for symbol in rule.expansion:
                waiting.setdefault(symbol, []).append(index)
        given = set(symbols)
        found: set[str] = set()
        pending = [rule.origin for rule in self.rules if not rule.expansion] + [*given]
        done: set[str] = set()
        while pending:
            symbol = pending.pop()
            if symbol in done:
                continue
            done.add(symbol)
            if symbol not in given:
                found.add(symbol)
            for index in waiting.get(symbol, ()):
                missing[index] -= 1
                if not missing[index]:
                    pending.append(self.rules[index].origin)
        return frozenset(found)

    def reachable(self) -> frozenset[str]:
        """The nonterminals that the start symbol leads to."""
        found = {self.start}
        pending = [self.start]
        while pending:
            for rule in self.rules_of.get(pending.pop(), ()):
                for symbol in rule.expansion:
                    if symbol in self.rules_of and symbol not in found:
                        found.add(symbol)
                        pending.append(symbol)
        return frozenset(found)

    def reduced(self) -> Grammar:
        """The same language without the rules that no text needs."""
        written = {*self.productive, *self.terminals, *self.declared, *self.opaque}
        rules = [rule for rule in self.rules if written.issuperset(rule.expansion)]
        kept = replace(self, rules=tuple(rules))
        reachable = kept.reachable()
        rules = [rule for rule in rules if rule.origin in reachable]
        used = {symbol for rule in rules for symbol in rule.expansion}.union(
            self.ignored, self.always
        )
        terminals = {name: t for name, t in self.terminals.items() if name in used}
        opaque = {name: x for name, x in self.opaque.items() if name in used}
        return replace(self, rules=tuple(rules), terminals=terminals, opaque=opaque)

    def least_length(self, name: str) -> int:
        """A lower bound of the length of a terminal, at least 1."""
        terminal = self.terminals.get(name)
        return 1 if terminal is None else max(1, terminal.regex.least)

    def least(
        self,
        of_terminal: Callable[[str], Value],
        join: Callable[[Iterable[Value]], Value],
    ) -> Mapping[str, Value]:
        """The least text of each nonterminal (Knuth, "A generalization of Dijkstra's algorithm").

        Args:
            of_terminal: the least text of a terminal, in a form whose order is that of texts.
            join: one text after the other; never less than one of them.
        """
        from heapq import heapify, heappop, heappush

        waiting: dict[str, list[int]] = {}
        missing = [len(rule.expansion) for rule in self.rules]
        for index, rule in enumerate(self.rules):
            for symbol in rule.expansion:
                waiting.setdefault(symbol, []).append(index)
        names = {symbol for rule in self.rules for symbol in rule.expansion}
        found: dict[str, Value] = {}
        heap = [(of_terminal(name), name) for name in names if name not in self.rules_of]
        heap += [(join(()), rule.origin) for rule in self.rules if not rule.expansion]
        heapify(heap)
        while heap:
            value, symbol = heappop(heap)
            if symbol in found:
                continue
            found[symbol] = value
            for index in waiting.get(symbol, ()):
                missing[index] -= 1
                if not missing[index]:
                    rule = self.rules[index]
                    text = join([found[part] for part in rule.expansion])
                    heappush(heap, (text, rule.origin))
        return found


def checked(
    grammar: Grammar, names: Collection[str], at: Callable[[str, str], GrammarSyntaxError]
) -> Grammar:
    """Return the grammar without what no text needs.

    Args:
        grammar: the grammar.
        names: the rules that its author has written.
        at: makes the error with a reason where a rule is defined.

    Raises:
        GrammarSyntaxError: the start stands for no text, or a rule for very long texts alone.

    Warns:
        GrammarWarning: a rule stands for no text, and is left out.
    """
    start = grammar.start
    if start not in grammar.productive:
        raise at(f"rule {start!r} stands for no text: each way to write it needs itself", start)
    total: Callable[[Iterable[int]], int] = sum
    lengths = grammar.least(grammar.least_length, total)
    vast = [name for name in grammar.reachable() if lengths.get(name, 0) > _LONGEST_LEAST]
    if vast:
        name = min(vast, key=lambda name: (name not in names, lengths[name], name))
        reason = f"the shortest text of rule {name!r} has {lengths[name]:,} characters"
        raise at(f"{reason}, over {_LONGEST_LEAST:,}", name if name in names else start)
    for name in sorted((grammar.reachable() - grammar.productive).intersection(names)):
        fault = at(f"rule {name!r} stands for no text and is left out", name)
        warnings.warn(
            GrammarWarning(fault.file, fault.line, fault.column, fault.reason), stacklevel=4
        )
    return grammar.reduced()
