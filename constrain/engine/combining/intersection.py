"""The texts of a control that an expression matches, and so those of two controls.

The control leads. At the end of each of its lexemes the expression has come to some derivative; a
lexeme is divided into one for each of them, so a configuration is a pair: a configuration of the
control, and what is left of the expression. A lexeme is offered only if a search over pairs finds a
way to end after it. So nothing is begun that cannot be completed; what is completed only far
beyond the least ending of the control may be missed, as the search is bounded.

The other control may be any, as an automaton over characters.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import Any, NamedTuple

from constrain.engine.combining.spelled import spelled
from constrain.engine.control import Control, special_tokens
from constrain.errors import ConstraintError, RegexTooComplexError
from constrain.interned import Interned
from constrain.lexing.charset import join, meet, overlay, subtract
from constrain.lexing.letters import letters
from constrain.lexing.lexeme import Lexeme, Text, lexeme
from constrain.lexing.nodes import Chars, Leaf, chars
from constrain.lexing.parted import parted
from constrain.lexing.regex import (
    EMPTY,
    Ranges,
    Regex,
    arcs,
    derive,
    intersect,
    is_empty,
    shortest,
)

_FEW_STATES = 64
"""States of an expression that a lexeme is divided by, whatever the lexeme."""
_MOST_STATES = 2000
"""States of a lexeme and an expression together."""
_MOST_PAIRS = 1000
"""Pairs that a search for an ending looks at."""
_NO_TEXT = f"no text is found that satisfies both constraints, among {_MOST_PAIRS:,} beginnings"
_MOST_DIVIDED = 10_000
"""Lexemes that are kept divided."""
_DONE = -1


class Piece(NamedTuple):
    """Texts of a lexeme after which the same is left of the expression.

    Attributes:
        lexeme: the texts.
        whole: the lexeme that they belong to.
        left: what is left.
        least: the least of the texts.
    """

    lexeme: Lexeme
    whole: Lexeme
    left: Regex
    least: bytes


class Pair:
    """A configuration of the control, and what is left of the expression. Equal ones are one."""

    __slots__ = ("__weakref__", "config", "ending", "left", "offers", "searched")

    def __init__(self, config: Any, left: Regex) -> None:
        self.config = config
        self.left = left
        self.searched = False
        self.ending: bytes | None = None
        self.offers: dict[Lexeme, Piece] | None = None


class IntersectionControl:
    """The texts of `control` that `regex` matches.

    Raises:
        ConstraintError: none is found.
        RegexTooComplexError: a lexeme and the expression have too many states together; this may
            show only where a text comes to the lexeme.
    """

    def __init__(self, control: Control[Any], regex: Regex) -> None:
        self._control = control
        self.special_tokens = special_tokens(control)
        self._pieces: dict[tuple[Lexeme, Regex], tuple[Piece, ...]] = {}
        self._pairs: Interned[Pair] = Interned()
        self._start = self._pair(control.start(), regex)
        if not self._ends(self._start):
            raise ConstraintError(_NO_TEXT)

    def start(self) -> Pair:
        """See `Control.start`."""
        return self._start

    def lexemes(self, config: Pair) -> tuple[Lexeme, ...]:
        """See `Control.lexemes`."""
        return tuple(self._offers(config))

    def advance(self, config: Pair, lexemes: tuple[Lexeme, ...], text: bytes | None) -> Pair | None:
        """See `Control.advance`."""
        offers = self._offers(config)
        pieces = [offers[item] for item in lexemes]
        wholes = tuple(piece.whole for piece in pieces)
        after = self._control.advance(config.config, wholes, text)
        return None if after is None else self._pair(after, pieces[0].left)

    def accepting(self, config: Pair) -> bool:
        """See `Control.accepting`."""
        return config.left.nullable and self._control.accepting(config.config)

    def ending(self, config: Pair) -> bytes:
        """See `Control.ending`.

        Raises:
            ConstraintError: none is found, as only shows here.
        """
        self._ends(config)
        if config.ending is None:
            raise ConstraintError(_NO_TEXT)
        return config.ending

    def _pair(self, config: Any, left: Regex) -> Pair:
        key = config, left
        return self._pairs.get(key) or self._pairs.add(key, Pair(config, left))

    def _offers(self, pair: Pair) -> dict[Lexeme, Piece]:
        """The pieces that may come next, by their lexemes."""
        if pair.offers is None:
            pair.offers = {
                piece.lexeme: piece for piece, after in self._steps(pair) if self._ends(after)
            }
        return pair.offers

    def _steps(self, pair: Pair) -> list[tuple[Piece, Pair]]:
        """The pieces that may come next, whether or not the text can end after them."""
        found = []
        for item in self._control.lexemes(pair.config):
            for piece in self._divided(item, pair.left):
                text = piece.least if item.captures else None
                after = self._control.advance(pair.config, (item,), text)
                if after is not None:
                    found.append((piece, self._pair(after, piece.left)))
        return found

    # -- endings -------------------------------------------------------------------------------

    def _ends(self, pair: Pair) -> bool:
        """Whether a way to end is found."""
        if not pair.searched:
            self._search(pair)
            pair.searched = True
        return pair.ending is not None

    def _search(self, root: Pair) -> None:
        """Search best first (A*) for the least ending; every pair on the way learns its own."""
        direct = self._control.ending(root.config)
        if _after(root.left, direct).nullable:
            root.ending = direct
            return
        order = count(1)
        heap: list[tuple[int, bytes, int, Pair]] = [(len(direct), b"", 0, root)]
        best: dict[Pair, tuple[int, bytes, Pair | None]] = {root: (0, b"", None)}
        while heap and len(best) <= _MOST_PAIRS:
            _, text, mark, here = heappop(heap)
            if mark == _DONE:
                step: Pair | None = here
                while step is not None:
                    length, _, before = best[step]
                    step.ending, step.searched = text[length:], True
                    step = before
                return
            if best[here][1] != text:
                continue
            if self.accepting(here):
                heappush(heap, (len(text), text, _DONE, here))
            for piece, after in self._steps(here):
                longer = text + piece.least
                rated = (len(longer), longer)
                if after not in best or rated < best[after][:2]:
                    best[after] = (*rated, here)
                    rest = max(len(self._control.ending(after.config)), after.left.least)
                    heappush(heap, (len(longer) + rest, longer, next(order), after))

    # -- lexemes -------------------------------------------------------------------------------

    def _divided(self, item: Lexeme, left: Regex) -> tuple[Piece, ...]:
        """A lexeme, by what it leaves of the expression."""
        key = (item, left)
        found = self._pieces.get(key)
        if found is None:
            if len(self._pieces) == _MOST_DIVIDED:
                self._pieces.clear()
            found = self._pieces[key] = tuple(_divide(item, left))
        return found


State = tuple[Regex, Regex]
"""What is left of a lexeme and of the expression."""


def _divide(item: Lexeme, left: Regex) -> list[Piece]:
    own = spelled(item)
    if own is EMPTY:
        return []
    # The states of a control may be without number, and each cost something.
    reached = None if isinstance(left, Leaf) else _reached(left, letters(own))
    if reached is not None and [*reached] == [left] and _covers(reached[left], letters(own)):
        return [Piece(item, item, left, _least(own))]
    found = _together(own, left)
    if found is None:
        # What is left of the lexeme has no end of forms, but what is left of the expression has.
        if reached is None:
            raise RegexTooComplexError(
                f"a lexeme and an expression with more than {_MOST_STATES:,} states together"
            )
        parts = parted(left, reached, {state: [state] for state in reached})
        found = [(after, intersect(own, regex)) for after, regex in parts]
        found = [(after, regex) for after, regex in found if not is_empty(regex)]
    return [
        Piece(
            item if regex is own else lexeme(Text(regex), captures=item.captures),
            item,
            after,
            _least(regex),
        )
        for after, regex in found
    ]


def _reached(regex: Regex, over: Chars) -> dict[Regex, list[tuple[Ranges, Regex]]] | None:
    """The states of an expression that some characters lead to; None where they are not few."""
    reached: dict[Regex, list[tuple[Ranges, Regex]]] = {}
    pending = [regex]
    while pending:
        state = pending.pop()
        if state in reached:
            continue
        if len(reached) == _FEW_STATES:
            return None
        met = [(meet(chars(ranges), over), target) for ranges, target in arcs(state)]
        reached[state] = [(cell.ranges, target) for cell, target in met if cell is not None]
        pending += [target for _, target in reached[state]]
    return reached


def _covers(steps: list[tuple[Ranges, Regex]], over: Chars) -> bool:
    covered = tuple([chars(ranges) for ranges, _ in steps])
    return bool(covered) and subtract(over, join(covered)) is EMPTY


def _together(own: Regex, left: Regex) -> list[tuple[Regex, Regex]] | None:
    """What may be left of the expression, and the texts that leave it; None where that is much."""
    start = (own, left)
    reached: dict[State, list[tuple[Ranges, State]]] = {}
    ends: dict[Regex, list[State]] = {}
    whole = True
    pending = [start]
    while pending:
        state = pending.pop()
        if state in reached:
            continue
        if len(reached) == _MOST_STATES:
            return None
        reached[state], kept = _steps(*state)
        whole = whole and kept
        pending += [target for _, target in reached[state]]
        if state[0].nullable:
            ends.setdefault(state[1], []).append(state)
    if whole and len(ends) == 1:
        return [(after, own) for after in ends]
    return parted(start, reached, ends)


def _steps(own: Regex, left: Regex) -> tuple[list[tuple[Ranges, State]], bool]:
    """Where the next character leads both, and whether it may be any that the lexeme has."""
    classes: list[Chars] = []
    targets: list[tuple[int, Regex]] = []
    for index, regex in enumerate((own, left)):
        for ranges, target in arcs(regex):
            classes.append(chars(ranges))
            targets.append((index, target))
    found: list[tuple[Ranges, State]] = []
    whole = True
    for cell, owners in overlay(tuple(classes)) if classes else ():
        after = dict(targets[owner] for owner in owners)
        if len(after) == 2:
            found.append((cell.ranges, (after[0], after[1])))
        elif 0 in after:
            whole = False
    return found, whole


def _after(regex: Regex, text: bytes) -> Regex:
    for char in text.decode(errors="surrogateescape"):
        regex = derive(regex, ord(char))
    return regex


def _least(regex: Regex) -> bytes:
    text = shortest(regex)
    assert text is not None
    return text.encode()
