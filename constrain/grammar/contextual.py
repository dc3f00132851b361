"""Grammars with Lark's contextual lexer: the language of its LALR(1) parser.

At each place the scanner looks for the terminals that the parser's state has an action for, and
takes one by its own rules (see `scanning`); the parser then has to be able to shift it. Those
terminals are offered that both of them agree on.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from functools import cached_property
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from constrain.errors import ConstraintError, GrammarSyntaxError, RegexTooComplexError
from constrain.grammar.cfg import Grammar, Opaque
from constrain.grammar.completions import Completions
from constrain.grammar.distances import Distances
from constrain.grammar.lalr import END, Stack, Tables
from constrain.grammar.neighbours import followers
from constrain.grammar.newlines import Line
from constrain.grammar.scanning import Scan, Scanner
from constrain.grammar.terminals import least_text
from constrain.lexing.lexeme import Lexeme
from constrain.lexing.regex import (
    ANYTHING,
    EMPTY,
    Regex,
    concat,
    derive,
    is_empty,
)

_MOST_STEPS = 20_000
"""Steps of a search for an ending."""
_DONE = -1


class Margin(NamedTuple):
    """Where indentation counts: what it is so far (see `indented`).

    Attributes:
        columns: those of the open blocks.
        level: how many parentheses are open.
        line: the place in a newline under way; empty if there is none.
        column: the column that has been reached in it.
    """

    columns: tuple[int, ...] = (0,)
    level: int = 0
    line: Line = ()
    column: int = 0


class Config(NamedTuple):
    """A parse of the text so far, and what may not come next."""

    stack: Stack
    banned: Regex = EMPTY
    margin: Margin = Margin()


class Move(NamedTuple):
    """What becomes of a parse when a terminal has been matched.

    Attributes:
        names: the terminals that are shifted.
        banned: what may not come next.
        margin: where indentation counts.
    """

    names: tuple[str, ...]
    banned: Regex = EMPTY
    margin: Margin = Margin()


class Offers(dict[Lexeme, Scan]):
    """What the scanner may take next, by the texts.

    Attributes:
        doubtful: those of which it has to be asked whether the text can be completed after them.
    """

    __slots__ = ("doubtful",)

    doubtful: list[Lexeme]


class ContextualControl:
    """The control of a grammar with the contextual lexer.

    Args:
        grammar: the grammar.
        strict: refuse a grammar that is only almost LALR(1), see `Tables`.
        made: declared terminals that are made elsewhere.

    Raises:
        GrammarSyntaxError: the grammar is not LALR(1), or its scanner leaves no text.
    """

    lexer = "contextual"
    _optional: Collection[str] = ()
    """Terminals that the parser does not see in some places."""

    def __init__(
        self,
        grammar: Grammar,
        strict: bool = False,
        made: frozenset[str] = frozenset(),
    ) -> None:
        if grammar.declared - made:
            names = ", ".join(sorted(grammar.declared - made))
            raise GrammarSyntaxError(1, 1, f"nothing says what these terminals match: {names}")
        self._tables = Tables(grammar, strict)
        self._terminals = grammar.terminals
        self._scanner = Scanner(list(grammar.terminals.values()))
        self._scanner.check()
        self._ignored = frozenset(grammar.ignored)
        self._always = self._ignored.union(grammar.always)
        self.special_tokens = grammar.special_tokens
        self._opaque = grammar.opaque
        self._grammar = grammar
        begin = self._tables.start.state
        self._later = self._always.union(
            *[names for state, names in enumerate(self._tables.looked_for) if state != begin]
        )
        self._spaces = [name for name in grammar.ignored if self._is_space(name)]
        self._parting = [
            least_text(terminal.lexeme)
            for terminal in map(self._terminals.__getitem__, self._spaces)
            if not any(
                self._keeps_off(banned, {END, *self._later})
                for banned in self._scanner.banned_after(terminal)
            )
        ]
        self._scans: dict[tuple[frozenset[str], Regex], list[Scan]] = {}
        self._offers: dict[tuple[frozenset[str], frozenset[str], Regex], Offers] = {}
        self._made = {
            name: Scan(Opaque.place(name, b"").lexeme, name, name, EMPTY) for name in made
        }
        self._followers = followers(grammar)
        self._free: dict[tuple[str | None, Regex], bool] = {}
        self._completions = Completions(
            grammar, self._tables, self._moves, self._ignored, self._optional, self._is_free
        )
        if not self._completions.exist(self._tables.start, EMPTY):
            raise GrammarSyntaxError(1, 1, "the contextual lexer leaves no text of the grammar")

    def start(self) -> Config:
        """See `Control.start`."""
        return Config(self._tables.start)

    def lexemes(self, config: Config) -> list[Lexeme]:
        """See `Control.lexemes`."""
        offers = self._offer(config)
        found = [*offers]
        for item in offers.doubtful:
            if not self._can_end(self._after(config, offers[item])):
                found.remove(item)
        return found

    def advance(self, config: Config, lexemes: tuple[Lexeme, ...], text: bytes | None) -> Config:
        """See `Control.advance`."""
        # A text is taken for one terminal alone.
        (item,) = lexemes
        return self._after(config, self._offer(config)[item])

    def accepting(self, config: Config) -> bool:
        """See `Control.accepting`."""
        return not config.banned.nullable and END in self._tables.usable(config.stack)

    def ending(self, config: Config) -> bytes:
        """See `Control.ending`.

        Raises:
            RegexTooComplexError: the search takes too many steps.
        """
        found = self._ending(config)
        if found is None:
            raise ConstraintError(
                "the lexer leaves no way to end from here: a terminal that is needed is always "
                "taken for another one"
            )
        return found

    # -- as a pushdown control -----------------------------------------------------------------

    @property
    def parser(self) -> Tables:
        """See `Pushdown.parser`."""
        return self._tables

    def divide(self, config: Config) -> tuple[Stack, tuple[Regex, Margin]]:
        """See `Pushdown.divide`."""
        stack, banned, margin = config
        return stack, (banned, margin)

    def unite(self, stack: Stack, mode: tuple[Regex, Margin]) -> Config:
        """See `Pushdown.unite`."""
        return Config(stack, *mode)

    def sight(self, config: Config) -> tuple[Hashable, ...]:
        """See `Pushdown.sight`."""
        return ()

    def is_regular(self, config: Config) -> bool:
        """See `Pushdown.is_regular`."""
        offers = self._offer(config)
        return all(self._is_plain(config, offers[item]) for item in offers.doubtful)

    def _is_plain(self, config: Config, scan: Scan) -> bool:
        """Whether what is in sight says whether the text can be completed after a scan."""
        if not self._stays(config, scan):
            return False
        offers = self._offer(self._after(config, scan))
        return not offers or len(offers) > len(offers.doubtful)

    def _stays(self, config: Config, scan: Scan) -> bool:
        """Whether the stack after a scan is in sight."""
        return not self._move(config, scan).names

    def moves(self, config: Config) -> tuple[Scan, ...]:
        """See `Pushdown.moves`."""
        return tuple(self._offer(config).values())

    def move(self, config: Config, lexeme: Lexeme) -> tuple[list[int], tuple[Regex, Margin]]:
        """See `Pushdown.move`."""
        names, banned, margin = self._move(config, self._offer(config)[lexeme])
        return [self._tables.number(name) for name in names], (banned, margin)

    # -- endings -------------------------------------------------------------------------------

    def _ending(self, config: Config, most: int = _MOST_STEPS) -> bytes | None:
        """Search the parses best first for the least ending; None if there is none."""
        order = count(1)
        heap = [(self._distance(config), b"", 0, config)]
        best: dict[Config, tuple[int, bytes]] = {config: (0, b"")}
        while heap:
            _, text, mark, here = heappop(heap)
            if mark == _DONE:
                return text
            weight, best_text = best[here]
            if text != best_text:
                continue
            if len(best) > most:
                raise RegexTooComplexError(f"more than {most:,} steps to find an ending")
            if self.accepting(here):
                heappush(heap, (weight, text, _DONE, here))
            for scan in self._offer(here).values():
                after = self._after(here, scan)
                least = self._least(scan)
                longer = text + least
                rated = (weight + self._weight(scan, least), longer)
                if after not in best or rated < best[after]:
                    best[after] = rated
                    far = rated[0] + self._distance(after)
                    heappush(heap, (far, longer, next(order), after))
        return None

    def _least(self, scan: Scan) -> bytes:
        opaque = self._opaque.get(scan.terminal)
        return opaque.least if opaque else least_text(scan.lexeme)

    def _weight(self, scan: Scan, least: bytes) -> int:
        """What the least text of a scan weighs in an ending; the lightest ending is looked for."""
        return len(least)

    @cached_property
    def _distances(self) -> Distances:
        return Distances(self._grammar, self._tables, self._scanner)

    def _distance(self, config: Config) -> int:
        """A lower bound of what an ending weighs."""
        return self._distances.of(config.stack, config.banned)

    def _after(self, config: Config, scan: Scan) -> Config:
        names, banned, margin = self._move(config, scan)
        stack = config.stack
        for name in names:
            stack = self._tables.shift(stack, name)
        return Config(stack, banned, margin)

    def _move(self, config: Config, scan: Scan) -> Move:
        if scan.matched in self._ignored:
            return Move((), scan.banned)
        return Move((scan.terminal,), scan.banned)

    def _offer(self, config: Config) -> Offers:
        """What may be matched next, whether or not what it bans leaves a way on."""
        stack, banned, _ = config
        usable = self._tables.usable(stack)
        key = (self._tables.looked_for[stack.state], usable, banned)
        found = self._offers.get(key)
        if found is None:
            found = self._offers[key] = self._offers_of(
                scan
                for scan in self._scan(stack.state, banned)
                if scan.matched in self._ignored or scan.terminal in usable
            )
        return found

    def _offers_of(self, scans: Iterable[Scan]) -> Offers:
        found = Offers((scan.lexeme, scan) for scan in scans)
        by_rules = self._completions.by_rules
        found.doubtful = [x for x, s in found.items() if not (by_rules and self._is_free(s))]
        return found

    def _scan(self, state: int, banned: Regex) -> list[Scan]:
        """What the scanner may take in a state of the parser."""
        looked_for = self._tables.looked_for[state]
        found = self._scans.get((looked_for, banned))
        if found is None:
            names = looked_for | self._always
            found = self._scans[looked_for, banned] = self._scanner.scans(names, banned)
            # What is no text is not scanned, and not banned.
            for name in names.intersection(self._opaque):
                found.append(Scan(self._opaque[name].lexeme, name, name, EMPTY))
        return found

    def _moves(self, state: int, banned: Regex) -> list[Scan]:
        """The same, with the terminals that are made elsewhere."""
        made = self._made.keys() & self._tables.looked_for[state]
        return self._scan(state, banned) + [self._made[name] for name in made]

    def _can_end(self, config: Config) -> bool:
        """Whether the text can be completed."""
        offers = self._offer(config)
        return len(offers) > len(offers.doubtful) or self._completions.exist(
            config.stack, config.banned
        )

    def _is_free(self, scan: Scan) -> bool:
        """Whether a scan bans nothing that follows it by the rules, after spaces if need be."""
        banned = scan.banned
        if banned is EMPTY:
            return True
        key = (None if scan.matched in self._ignored else scan.terminal), banned
        found = self._free.get(key)
        if found is None:
            names = {END, *self._terminals} if key[0] is None else self._followers.get(key[0], ())
            found = self._free[key] = any(
                is_empty(_after_text(banned, text)) for text in self._parting
            ) or not self._keeps_off(banned, names)
        return found

    def _keeps_off(self, banned: Regex, names: Collection[str]) -> bool:
        """Whether one of some terminals, spaces aside, cannot come as it likes, or the end."""
        return (END in names and banned.nullable) or any(
            self._scanner.touches(terminal, banned)
            for name, terminal in self._terminals.items()
            if name in names and name not in self._spaces
        )

    def _is_space(self, name: str) -> bool:
        """Whether no other terminal can begin as an ignored one does, once something is written."""
        regex = concat(self._terminals[name].regex, ANYTHING)
        return not any(
            self._scanner.touches(terminal, regex)
            for other, terminal in self._terminals.items()
            if other in self._later and other != name
        )


def _after_text(regex: Regex, text: bytes) -> Regex:
    for char in text.decode():
        regex = derive(regex, ord(char))
    return regex
