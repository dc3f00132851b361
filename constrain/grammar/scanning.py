"""Lark's scanner, one terminal at a time: what each may match, and what may then not follow.

Lark joins the terminals that its parser can use at a place into one expression, in the order of
`_rank`, and takes what `re` prefers: the first terminal that matches at all, in its longest
preferred text (see `lexing.preferred`), however much of the input has to be seen to tell. Strings
that an expression matches are left to the expression, whose match is looked up afterwards.

So a terminal matches a text w if no terminal before it matches a beginning of w; and then nothing
may follow with which it, or one before it, would match more. What may not follow is *banned*, a
language of rests of the input; the texts of a terminal are told apart by what they ban.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from constrain.errors import GrammarSyntaxError, RegexTooComplexError
from constrain.grammar.cfg import Terminal
from constrain.grammar.paths import paths
from constrain.grammar.terminals import regex_of, text_lexeme
from constrain.lexing.charset import char_class, overlay
from constrain.lexing.lexeme import Lexeme, Literal, lexeme
from constrain.lexing.nodes import Chars, chars
from constrain.lexing.regex import (
    ANYTHING,
    EMPTY,
    EPSILON,
    Ranges,
    Regex,
    arcs,
    complement,
    concat,
    derive,
    difference,
    intersect,
    is_empty,
    matches,
    union,
)
from constrain.lexing.sight import unfinished

_MOST_STATES = 5000


@dataclass(frozen=True, slots=True)
class Scan:
    """Texts that the scanner takes for a terminal.

    Attributes:
        lexeme: the texts.
        terminal: the terminal's name.
        matched: that of the terminal whose expression has matched; it says whether to ignore it.
        banned: the texts that may not follow.
    """

    lexeme: Lexeme
    terminal: str
    matched: str
    banned: Regex


class Scanner:
    """The scanners of one grammar.

    Args:
        terminals: all terminals.
    """

    def __init__(self, terminals: Sequence[Terminal]) -> None:
        self._ranked = sorted(terminals, key=_rank)
        self._places = {terminal.name: place for place, terminal in enumerate(self._ranked)}
        self._meets: dict[tuple[str, str], bool] = {}
        self._renamed: dict[tuple[str, str], bool] = {}
        self._touched: dict[tuple[str, Regex], bool] = {}
        self._firsts: dict[Regex, Regex] = {}
        self._scans: dict[tuple[object, ...], tuple[Scan, ...]] = {}

    def check(self) -> None:
        """Refuse terminals of which a text is one or the other by what follows it.

        Raises:
            GrammarSyntaxError: there are such terminals.
        """
        for place, first in enumerate(self._ranked):
            if first.sight is None:
                continue
            texts = union(*[regex_of(scan.lexeme) for scan in _scans(first, (), (), EMPTY)])
            for other in self._ranked[place + 1 :]:
                if (other.string and self._renames(other, first)) or not self._meet(first, other):
                    continue
                for scan in _scans(other, (first,), (), EMPTY):
                    if not is_empty(intersect(regex_of(scan.lexeme), texts)):
                        raise GrammarSyntaxError(
                            1,
                            1,
                            f"what follows a text decides whether it is {first.name} or "
                            f"{other.name}; make their texts different",
                        )

    def banned_after(self, terminal: Terminal) -> list[Regex]:
        """What may not follow the texts of a terminal where no other is looked for."""
        return [scan.banned for scan in _scans(terminal, (), (), EMPTY)]

    def scans(self, names: frozenset[str], banned: Regex) -> list[Scan]:
        """What may be matched where these terminals are looked for, and `banned` may not come."""
        places = sorted(self._places[name] for name in names if name in self._places)
        terminals = [self._ranked[place] for place in places]
        strings = [terminal for terminal in terminals if terminal.string]
        renamed = {
            terminal.name: tuple(string for string in strings if self._renames(string, terminal))
            for terminal in terminals
            if not terminal.string
        }
        hidden = {
            string.name
            for terminal in terminals
            for string in renamed.get(terminal.name, ())
            if string.flags <= terminal.flags
        }
        found: list[Scan] = []
        before: list[Terminal] = []
        for terminal in terminals:
            if terminal.name not in hidden:
                rivals = tuple(other for other in before if self._meet(other, terminal))
                limit = banned if self.touches(terminal, banned) else EMPTY
                key = (
                    terminal.name,
                    tuple(rival.name for rival in rivals),
                    tuple(string.name for string in renamed.get(terminal.name, ())),
                    limit,
                )
                if key not in self._scans:
                    self._scans[key] = tuple(
                        _scans(terminal, rivals, renamed.get(terminal.name, ()), limit)
                    )
                found += self._scans[key]
                before.append(terminal)
        return found

    def touches(self, terminal: Terminal, banned: Regex) -> bool:
        """Whether a text of a terminal begins as something banned does."""
        if intersect(self._first(terminal.regex), self._first(banned)) is EMPTY:
            return False
        key = (terminal.name, banned)
        if key not in self._touched:
            self._touched[key] = not is_empty(intersect(concat(terminal.regex, ANYTHING), banned))
        return self._touched[key]

    def _first(self, regex: Regex) -> Regex:
        """The characters that texts begin with."""
        found = self._firsts.get(regex)
        if found is None:
            found = char_class([pair for ranges, _ in arcs(regex) for pair in ranges])
            self._firsts[regex] = found
        return found

    def _renames(self, string: Terminal, terminal: Terminal) -> bool:
        """Whether Lark looks for a string among the matches of an expression."""
        key = (string.name, terminal.name)
        if key not in self._renamed:
            seen = terminal.sight
            takes = seen.matches if seen else partial(matches, terminal.regex)
            self._renamed[key] = string.priority == terminal.priority and takes(string.pattern)
        return self._renamed[key]

    def _meet(self, one: Terminal, other: Terminal) -> bool:
        """Whether a text of one begins with a text of the other."""
        key = (one.name, other.name)
        if key not in self._meets:
            self._meets[key] = _meet(one, other)
        return self._meets[key]


def _meet(one: Terminal, other: Terminal) -> bool:
    if other.text is not None:
        one, other = other, one
    if one.text is None:
        firsts = [{point for r, _ in arcs(t.regex) for point in r} for t in (one, other)]
        return _overlap(*firsts) and not is_empty(intersect(one.inputs, other.inputs))
    regex = other.regex
    for char in one.text:
        regex = derive(regex, ord(char))
        if regex.nullable:
            return True
    return not is_empty(regex)


def _overlap(one: set[tuple[int, int]], other: set[tuple[int, int]]) -> bool:
    return any(low <= last and first <= high for low, high in one for first, last in other)


def _rank(terminal: Terminal) -> tuple[int, int, int, str]:
    return -terminal.priority, -terminal.widest, -len(terminal.pattern), terminal.name


def _scans(
    terminal: Terminal, rivals: Sequence[Terminal], renamed: Sequence[Terminal], banned: Regex
) -> list[Scan]:
    run = _Run(terminal.regex, union(*[rival.inputs for rival in rivals]), banned)
    found: list[Scan] = []
    for after, regex in run.parts():
        for string in renamed:
            both = intersect(regex, string.regex)
            if not is_empty(both):
                found.append(Scan(_lexeme(string, both), string.name, terminal.name, after))
                regex = difference(regex, string.regex)
        if not is_empty(regex):
            own = _lexeme(terminal, regex)
            found.append(Scan(own, terminal.name, terminal.name, after))
    return found


def _lexeme(terminal: Terminal, regex: Regex) -> Lexeme:
    if terminal.string and not terminal.flags:
        return lexeme(Literal(terminal.pattern.encode()))
    return terminal.lexeme if regex is terminal.regex else text_lexeme(regex)


State = tuple[Regex, Regex, Regex]
"""What is left of a terminal, of the inputs that rivals before it match, and of what is banned."""


class _Run:
    """A terminal with what keeps it from being matched, as one automaton."""

    def __init__(self, own: Regex, rivals: Regex, banned: Regex) -> None:
        self._start = (own, rivals, banned)
        self.arcs: dict[State, list[tuple[Ranges, State]]] = {}
        self.whole = True
        pending = [self._start]
        while pending:
            state = pending.pop()
            if state in self.arcs:
                continue
            if len(self.arcs) == _MOST_STATES:
                raise RegexTooComplexError(f"a terminal with more than {_MOST_STATES:,} states")
            found = self.arcs[state] = self._steps(state)
            pending += [target for _, target in found]

    def _steps(self, state: State) -> list[tuple[Ranges, State]]:
        own, rivals, banned = state
        if rivals is EMPTY and banned is EMPTY:
            return [(ranges, (target, EMPTY, EMPTY)) for ranges, target in arcs(own)]
        classes: list[Chars] = []
        targets: list[tuple[int, Regex]] = []
        for index, regex in enumerate(state):
            for ranges, target in arcs(regex):
                classes.append(chars(ranges))
                targets.append((index, target))
        grouped: dict[State, list[tuple[int, int]]] = {}
        for cell, owners in overlay(tuple(classes)):
            after = dict(targets[owner] for owner in owners)
            if 0 not in after:
                continue
            reached = (after[0], after.get(1, EMPTY), after.get(2, EMPTY))
            if is_all(reached[1]) or is_all(reached[2]):
                self.whole = False
            else:
                grouped.setdefault(reached, []).extend(cell.ranges)
        return [(tuple(sorted(ranges)), target) for target, ranges in grouped.items()]

    def parts(self) -> list[tuple[Regex, Regex]]:
        """What is banned after some of the texts, and these texts."""
        ends: dict[Regex, set[State]] = {}
        for state in self.arcs:
            own, rivals, banned = state
            if own.nullable:
                after = _plain(union(unfinished(own), rivals, banned))
                if is_all(after):
                    self.whole = False
                else:
                    ends.setdefault(after, set()).add(state)
        if len(ends) == 1 and self.whole:
            return [(after, self._start[0]) for after in ends]
        found = [(after, paths(self.arcs, self._start, states)) for after, states in ends.items()]
        return [(after, regex) for after, regex in found if regex is not EMPTY]


def _plain(rests: Regex) -> Regex:
    """The same rests of the input, written so that equal ones are one expression, by and large.

    What goes on by some characters as it likes is told by these characters alone: else each
    beginning of a rival would be a text of its own, after which other things are banned.
    """
    free: list[tuple[int, int]] = []
    parts = [EPSILON] if rests.nullable else []
    for ranges, target in arcs(rests):
        if is_all(target):
            free += ranges
        else:
            parts.append(concat(char_class(ranges), target))
    return union(concat(char_class(free), ANYTHING), *parts)


@lru_cache(maxsize=1024)
def is_all(regex: Regex) -> bool:
    """Whether every text matches."""
    return regex.nullable and is_empty(complement(regex))
