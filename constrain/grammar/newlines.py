"""Newline terminals piece by piece, so that the column at which a line begins is known.

Lark's `Indenter` looks at a newline's text when it has all of it: what stands behind the last line
feed says how far the line is indented. Here a newline is read line feed by line feed, and the
spaces after the last one space by space.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from constrain.grammar.paths import paths
from constrain.grammar.scanning import Scan
from constrain.grammar.terminals import regex_of, text_lexeme
from constrain.lexing.charset import overlay
from constrain.lexing.lexeme import Lexeme, Literal, lexeme
from constrain.lexing.nodes import chars
from constrain.lexing.regex import EMPTY, Ranges, Regex, arcs

SPACES = " \t"
_FEED = "\n"

Line = tuple[tuple[Regex, Regex], ...]
"""A place within a newline: what may be left of it, and with each what may not follow then."""


@dataclass(frozen=True, slots=True)
class Piece(Scan):
    """Texts of a piece of a newline.

    Attributes:
        line: the place after it; empty where the newline ends.
        width: how far it indents the line; None where a new line begins.
        first: whether the newline begins with it.
    """

    line: Line
    width: int | None
    first: bool


class Newlines:
    """The pieces of one newline terminal.

    Args:
        name: the terminal's name.
        tab_width: the columns of a tab.
    """

    def __init__(self, name: str, tab_width: int) -> None:
        self._name = name
        self.widths = {" ": 1, "\t": tab_width}
        self._steps: dict[Line, list[tuple[Ranges, Line]]] = {}
        self._feeds: dict[tuple[Line, str, bool], list[Piece]] = {}
        self._ends: dict[tuple[Line, int], list[Piece]] = {}

    def begun(self, scans: list[Scan]) -> list[Piece]:
        """The first pieces of newlines that the scanner may take, up to their first line feed."""
        return self.feeds(tuple((regex_of(scan.lexeme), scan.banned) for scan in scans), "", True)

    def feeds(self, line: Line, spaces: str, first: bool = False) -> list[Piece]:
        """The pieces up to the next line feed that begin with none of `spaces`."""
        key = (line, spaces, first)
        found = self._feeds.get(key)
        if found is None:
            found = self._feeds[key] = self._up_to_feed(*key)
        return found

    def _up_to_feed(self, line: Line, spaces: str, first: bool) -> list[Piece]:
        steps: dict[Hashable, list[tuple[Ranges, Hashable]]] = {}
        ends: dict[Hashable, Line] = {}
        pending = [line]
        while pending:
            here = pending.pop()
            if here in steps:
                continue
            steps[here] = []
            for ranges, target in self._after(here):
                if ranges == _range(_FEED):
                    ends[_FEED, target] = target
                    steps[here].append((ranges, (_FEED, target)))
                else:
                    steps[here].append((ranges, target))
                    pending.append(target)
        left_out = [_range(space) for space in spaces]
        begin = (spaces, line)
        steps[begin] = [step for step in steps[line] if step[0] not in left_out]
        found = []
        for end, target in ends.items():
            regex = paths(steps, begin, (end,))
            if regex is not EMPTY:
                found.append(self._piece(text_lexeme(regex), EMPTY, target, None, first))
        return found

    def spaces(self, line: Line, spaces: str) -> list[Piece]:
        """One piece for each of some spaces that may come."""
        return [
            self._piece(lexeme(Literal(space.encode())), EMPTY, target, self.widths[space])
            for ranges, target in self._after(line)
            for space in spaces
            if ranges == _range(space)
        ]

    def banned(self, line: Line) -> Regex | None:
        """What may not follow if the newline ends here; None where it may not."""
        return next((banned for regex, banned in line if regex.nullable), None)

    def ends(self, line: Line, width: int) -> list[Piece]:
        """The pieces that end a newline on this line and begin with something else than spaces.

        Lark counts the spaces in all of the last line.

        Args:
            width: the columns that are counted in the piece.
        """
        key = (line, width)
        found = self._ends.get(key)
        if found is None:
            found = self._ends[key] = self._up_to_end(line, width)
        return found

    def _up_to_end(self, line: Line, width: int) -> list[Piece]:
        steps: dict[Hashable, list[tuple[Ranges, Hashable]]] = {}
        ends: dict[Regex, list[Hashable]] = {}
        begin: Hashable = ("begin", line)
        pending = [(begin, line, width)]
        while pending:
            name, here, left = pending.pop()
            if name in steps:
                continue
            steps[name] = []
            banned = self.banned(here)
            if name != begin and left == 0 and banned is not None:
                ends.setdefault(banned, []).append(name)
            for ranges, target in self._after(here):
                space = next((s for s in SPACES if ranges == _range(s)), None)
                if ranges == _range(_FEED) or (space and name == begin):
                    continue
                still = left - (self.widths[space] if space else 0)
                if still >= 0:
                    steps[name].append((ranges, (target, still)))
                    pending.append(((target, still), target, still))
        return [
            self._piece(text_lexeme(regex), banned, (), width)
            for banned, names in ends.items()
            if (regex := paths(steps, begin, names)) is not EMPTY
        ]

    def _after(self, line: Line) -> list[tuple[Ranges, Line]]:
        """The places after one more character; line feeds and spaces stand alone."""
        found = self._steps.get(line)
        if found is None:
            found = self._steps[line] = _steps(line)
        return found

    def _piece(
        self, texts: Lexeme, banned: Regex, line: Line, width: int | None, first: bool = False
    ) -> Piece:
        return Piece(texts, self._name, self._name, banned, line, width, first)


def _range(char: str) -> Ranges:
    return ((ord(char), ord(char)),)


def _steps(line: Line) -> list[tuple[Ranges, Line]]:
    classes = [chars(_range(char)) for char in (_FEED, *SPACES)]
    alone = range(len(classes))
    targets: dict[int, tuple[Regex, Regex]] = {}
    for regex, banned in line:
        for ranges, target in arcs(regex):
            targets[len(classes)] = target, banned
            classes.append(chars(ranges))
    found: list[tuple[Ranges, Line]] = []
    others: dict[Line, list[tuple[int, int]]] = {}
    for cell, owners in overlay(tuple(classes)):
        after = tuple(targets[owner] for owner in owners if owner in targets)
        if after and owners[0] in alone:
            found.append((cell.ranges, after))
        elif after:
            others.setdefault(after, []).extend(cell.ranges)
    return found + [(tuple(sorted(ranges)), after) for after, ranges in others.items()]
