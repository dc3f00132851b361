"""Grammars without a lexer of their own: a terminal may end wherever its expression matches.

The language is that of Lark's Earley parser with `lexer="dynamic_complete"`. Of an ignored
terminal Lark takes the one match that `re` prefers: where one ends, no longer match of it may
follow. That is a bound on the text that comes next, and part of the configuration.
"""

from __future__ import annotations

from typing import NamedTuple

from constrain.errors import GrammarSyntaxError
from constrain.grammar.cfg import Grammar
from constrain.grammar.earley import Earley, ItemSet
from constrain.grammar.endings import Endings, Least
from constrain.grammar.remainders import Remainder, remainders
from constrain.grammar.terminals import least_text, regex_of, text_lexeme
from constrain.lexing.lexeme import Lexeme
from constrain.lexing.regex import EMPTY, Regex, complement, intersect, is_empty


class Branch(NamedTuple):
    """Parses of the text so far, and what may not come next."""

    items: ItemSet
    banned: Regex = EMPTY
    """The texts that may not follow, because an ignored terminal would have run on into them."""


Config = frozenset[Branch]


class Offer(NamedTuple):
    """What may come next in a branch.

    Attributes:
        terminals: the terminals that each lexeme stands for.
        ignored: what may not follow, for each lexeme that is ignored.
    """

    terminals: dict[Lexeme, tuple[str, ...]]
    ignored: dict[Lexeme, Regex]


class DynamicControl:
    """The control of a grammar with the dynamic lexer."""

    lexer = "dynamic"

    def __init__(self, grammar: Grammar) -> None:
        if grammar.declared:
            names = ", ".join(sorted(grammar.declared))
            raise GrammarSyntaxError(1, 1, f"nothing says what these terminals match: {names}")
        for terminal in grammar.terminals.values():
            if terminal.sight is not None:
                raise GrammarSyntaxError(
                    1,
                    1,
                    f"terminal {terminal.name} looks at what follows it; only the "
                    'contextual lexer can do that: lexer="contextual"',
                )
        self.special_tokens = grammar.special_tokens
        self._parser = Earley(grammar)
        self._endings = Endings(grammar, self._parser.dots)
        self._lexemes = {name: t.lexeme for name, t in grammar.terminals.items()}
        self._lexemes |= {name: opaque.lexeme for name, opaque in grammar.opaque.items()}
        self._opaque = {opaque.lexeme: opaque for opaque in grammar.opaque.values()}
        self._ignored: list[Remainder] = []
        for name in grammar.ignored:
            self._ignored += remainders(grammar.terminals[name])
        self._offers: dict[tuple[frozenset[str], bool, Regex], Offer] = {}
        self._limited: dict[tuple[Lexeme, Regex], Lexeme | None] = {}
        self._start: Config = frozenset((Branch(self._parser.start),))

    def start(self) -> Config:
        """See `Control.start`."""
        return self._start

    def lexemes(self, config: Config) -> list[Lexeme]:
        """See `Control.lexemes`."""
        found: dict[Lexeme, None] = {}
        for branch in config:
            terminals, ignored = self._offer(branch)
            found |= dict.fromkeys(terminals) | dict.fromkeys(ignored)
        return sorted(found, key=self._order)

    def advance(self, config: Config, lexemes: tuple[Lexeme, ...], text: bytes | None) -> Config:
        """See `Control.advance`."""
        steps: list[tuple[ItemSet, str]] = []
        carried: dict[ItemSet, Regex] = {}
        for branch in config:
            terminals, ignored = self._offer(branch)
            for item in lexemes:
                steps += [(branch.items, name) for name in terminals.get(item, ())]
                if item in ignored:
                    banned = ignored[item]
                    if branch.items in carried:
                        banned = intersect(banned, carried[branch.items])
                    carried[branch.items] = banned
        after = {Branch(items, EMPTY if is_empty(r) else r) for items, r in carried.items()}
        if steps:
            after.add(Branch(self._parser.advance(steps)))
        return frozenset(after)

    def accepting(self, config: Config) -> bool:
        """See `Control.accepting`."""
        return any(branch.items.accepting for branch in config)

    def ending(self, config: Config) -> bytes:
        """See `Control.ending`."""
        found = [self._ending(branch, frozenset()) for branch in config]
        return min(filter(None, found))[1]

    def _ending(self, branch: Branch, passed: frozenset[Regex]) -> Least | None:
        """The least ending of a branch; None where all go through one of the bans `passed`."""
        items, banned = branch
        if banned is EMPTY or items.accepting:
            text = self._endings.of(items)
            return len(text), text
        found = []
        terminals, ignored = self._offer(branch)
        for item, names in terminals.items():
            after = self._parser.advance([(items, name) for name in names])
            opaque = self._opaque.get(item)
            text = opaque.least if opaque else least_text(item)
            text += self._endings.of(after)
            found.append((len(text), text))
        for item, banned in ignored.items():
            if banned not in passed:
                ending = self._ending(Branch(items, banned), passed | {banned})
                if ending is not None:
                    text = least_text(item) + ending[1]
                    found.append((len(text), text))
        return min(found, default=None)

    def _order(self, item: Lexeme) -> str:
        return repr(item.parts)

    def _offer(self, branch: Branch) -> Offer:
        key = (branch.items.terminals, branch.items.accepting, branch.banned)
        found = self._offers.get(key)
        if found is None:
            found = self._offers[key] = self._make(*key)
        return found

    def _make(self, terminals: frozenset[str], accepting: bool, banned: Regex) -> Offer:
        names: dict[Lexeme, list[str]] = {}
        for name in sorted(terminals):
            item = self._limit(self._lexemes[name], banned)
            if item is not None:
                names.setdefault(item, []).append(name)
        ignored: dict[Lexeme, Regex] = {}
        for item, after in self._leads_on(terminals, accepting, banned, frozenset()):
            if item in ignored:
                after = intersect(after, ignored[item])
            ignored[item] = EMPTY if is_empty(after) else after
        return Offer({item: tuple(found) for item, found in names.items()}, ignored)

    def _leads_on(
        self, terminals: frozenset[str], accepting: bool, banned: Regex, seen: frozenset[Regex]
    ) -> list[tuple[Lexeme, Regex]]:
        """The ignored lexemes that may come, with what they ban, if the text can then go on."""
        found = []
        for item, after in self._ignored:
            limited = self._limit(item, banned)
            if limited is not None and (
                accepting
                or any(self._limit(self._lexemes[name], after) for name in terminals)
                or (
                    after not in seen
                    and self._leads_on(terminals, accepting, after, seen | {after})
                )
            ):
                found.append((limited, after))
        return found

    def _limit(self, item: Lexeme, banned: Regex) -> Lexeme | None:
        """The lexeme without the texts that begin with, or are, what is banned.

        What is no text is not banned.
        """
        if banned is EMPTY or item in self._opaque:
            return item
        key = (item, banned)
        if key not in self._limited:
            regex = regex_of(item)
            if is_empty(intersect(regex, banned)):
                limited: Lexeme | None = item
            else:
                left = intersect(regex, complement(banned))
                limited = None if is_empty(left) else text_lexeme(left)
            self._limited[key] = limited
        return self._limited[key]
