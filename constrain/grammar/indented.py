"""Grammars with indentation: the contextual lexer with Lark's `Indenter` behind it.

Where no parenthesis is open, a newline is handed to the parser, and then an indent where the line
that begins is indented more deeply, or dedents until its column is that of an open block. The
columns of the open blocks are part of the configuration, and so is the newline under way
(see `newlines`). Its spaces are counted up to the farthest column that a line may begin at; behind
that there is only the next line feed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from math import inf

from constrain.grammar.blocks import check_indentation
from constrain.grammar.cfg import Grammar
from constrain.grammar.contextual import Config, ContextualControl, Margin, Move, Offers
from constrain.grammar.indentation import Indentation
from constrain.grammar.lalr import END, Stack
from constrain.grammar.newlines import SPACES, Newlines, Piece
from constrain.grammar.scanning import Scan
from constrain.lexing.regex import EMPTY, Regex

_MARGIN = 64
"""Spaces at the beginning of lines that weigh as much as one other character."""
_MOST_LINES = 1000
"""Places in newlines that are remembered with what may follow there."""


class IndentedControl(ContextualControl):
    """The control of a grammar with indentation.

    Args:
        grammar: the grammar.
        indentation: the terminals that make it.

    Raises:
        GrammarSyntaxError: the grammar is not LALR(1), its scanner leaves no text, or it has
            indents, dedents or newlines where none can be.
    """

    def __init__(self, grammar: Grammar, indentation: Indentation) -> None:
        check_indentation(grammar, indentation)
        self.indentation = indentation
        self._newline = indentation.newline
        self._optional = (indentation.newline,)
        self._indent = indentation.indent
        self._dedent = indentation.dedent
        self._newlines = Newlines(indentation.newline, indentation.tab_width)
        self._opens = frozenset(indentation.open)
        self._closes = frozenset(indentation.close)
        self._tokens_of: dict[tuple[frozenset[str], frozenset[str], Regex, bool], Offers] = {}
        self._lines: dict[Config, Offers] = {}
        super().__init__(grammar, made=frozenset((self._indent, self._dedent)))

    def start(self) -> Config:
        """See `Control.start`."""
        return Config(self._tables.start)

    def accepting(self, config: Config) -> bool:
        """See `Control.accepting`."""
        here = self._begun(config)
        if here is None or here.banned.nullable:
            return False
        stack = here.stack
        for _ in here.margin.columns[1:]:
            if self._dedent not in self._tables.usable(stack):
                return False
            stack = self._tables.shift(stack, self._dedent)
        return END in self._tables.usable(stack)

    def ending(self, config: Config) -> bytes:
        """See `Control.ending`; of endings that differ in their indentation alone, the least.

        Spaces at the beginning of lines weigh next to nothing: else all texts that are as long as
        a line is indented would have to be tried.
        """
        return super().ending(config)

    def _weight(self, scan: Scan, least: bytes) -> int:
        is_space = isinstance(scan, Piece) and bool(scan.line) and scan.width is not None
        return 1 if is_space else _MARGIN * len(least)

    def _distance(self, config: Config) -> int:
        return _MARGIN * super()._distance(config)

    def _offer(self, config: Config) -> Offers:
        margin = config.margin
        if not margin.line:
            return self._tokens(config)
        found = self._lines.get(config)
        if found is None:
            if len(self._lines) == _MOST_LINES:
                self._lines.clear()
            found = self._lines[config] = self._offers_of(self._continue(config))
        return found

    def _continue(self, config: Config) -> Iterator[Scan]:
        """What may be matched next within a newline, and what may be matched if it ends."""
        margin = config.margin
        here = self._begun(config)
        if here is not None and self._is_alive(here):
            yield from self._tokens(here).values()
        room = self._farthest(config) - margin.column
        spaces = "".join(space for space in SPACES if self._newlines.widths[space] <= room)
        yield from self._newlines.feeds(margin.line, spaces)
        yield from self._newlines.spaces(margin.line, spaces)
        for column in margin.columns:
            if column >= margin.column:
                for piece in self._newlines.ends(margin.line, column - margin.column):
                    ended = self._block(config, column, piece.banned)
                    if ended is not None and self._is_alive(ended):
                        yield piece

    def _tokens(self, config: Config) -> Offers:
        """What may be matched next where no newline is under way."""
        stack, banned, margin = config
        usable = self._tables.usable(stack)
        inside = margin.level > 0
        key = (self._tables.looked_for[stack.state], usable, banned, inside)
        found = self._tokens_of.get(key)
        if found is None:
            found = self._tokens_of[key] = self._offers_of(
                self._select(self._scan(stack.state, banned), usable, inside)
            )
        return found

    def _select(self, scans: list[Scan], usable: frozenset[str], inside: bool) -> Iterator[Scan]:
        newlines = []
        for scan in scans:
            if scan.matched in self._ignored:
                yield scan
            elif scan.terminal == self._newline:
                if inside:
                    yield scan
                elif self._newline in usable:
                    newlines.append(scan)
            elif scan.terminal in usable and (inside or scan.terminal not in self._closes):
                yield scan
        yield from self._newlines.begun(newlines)

    def sight(self, config: Config) -> tuple[Hashable, ...]:
        """See `Pushdown.sight`: where a line begins, the blocks around it."""
        stack, _, margin = config
        ends = len(margin.columns) > 1 and self._dedent in self._tables.usable(stack)
        return self._blocks(stack) if margin.line or ends else ()

    def _stays(self, config: Config, scan: Scan) -> bool:
        in_sight = {self._indent, self._dedent} if config.margin.line else set()
        return in_sight.issuperset(self._move(config, scan).names)

    def _blocks(self, stack: Stack) -> tuple[Hashable, ...]:
        """What a line can begin with in the block that a stack is in, and in those around it."""
        pending = [stack]
        while pending[-1].blocks is None and self._dedent in self._tables.usable(pending[-1]):
            pending.append(self._tables.shift(pending[-1], self._dedent))
        around = pending[-1].blocks or ()
        while pending:
            here = pending.pop()
            if here.blocks is None:
                usable = self._tables.usable(here)
                deeper: tuple[Hashable, ...] = ()
                if self._indent in usable:
                    block = self._tables.shift(here, self._indent)
                    deeper = block.state, self._tables.usable(block)
                here.blocks = here.state, usable, deeper, around
            around = here.blocks
        return around

    def _move(self, config: Config, scan: Scan) -> Move:
        margin = config.margin
        if isinstance(scan, Piece) and not scan.first:
            return self._within(config, scan)
        names: tuple[str, ...] = ()
        if margin.line:
            names, margin = self._turn(margin, margin.column)
        if isinstance(scan, Piece):
            return Move((*names, self._newline), EMPTY, margin._replace(line=scan.line))
        if scan.matched in self._ignored or scan.terminal == self._newline:
            return Move(names, scan.banned, margin)
        deeper = (scan.terminal in self._opens) - (scan.terminal in self._closes)
        if deeper:
            margin = margin._replace(level=margin.level + deeper)
        return Move((*names, scan.terminal), scan.banned, margin)

    def _within(self, config: Config, piece: Piece) -> Move:
        """What becomes of it after one more piece of a newline."""
        _, banned, margin = config
        if piece.width is None:
            return Move((), banned, margin._replace(line=piece.line, column=0))
        column = margin.column + piece.width
        if piece.line:
            return Move((), banned, margin._replace(line=piece.line, column=column))
        names, margin = self._turn(margin, column)
        return Move(names, piece.banned, margin)

    def _turn(self, margin: Margin, column: int) -> tuple[tuple[str, ...], Margin]:
        """What a line that begins at a column shifts before its first token, and the margin then.

        Where no line may begin at the column, the columns after it do not end with it.
        """
        columns = margin.columns
        if column > columns[-1]:
            return (self._indent,), Margin((*columns, column))
        names = []
        while column < columns[-1]:
            names.append(self._dedent)
            columns = columns[:-1]
        return (*names,), Margin(columns)

    def _begun(self, config: Config) -> Config | None:
        """The same where the newline under way, if any, ends here; None if it cannot."""
        line = config.margin.line
        if not line:
            return config
        banned = self._newlines.banned(line)
        return None if banned is None else self._block(config, config.margin.column, banned)

    def _block(self, config: Config, column: int, banned: Regex) -> Config | None:
        """The configuration before the first token of a line; None if none may begin there."""
        names, margin = self._turn(config.margin, column)
        stack = config.stack
        for name in names:
            if name not in self._tables.usable(stack):
                return None
            stack = self._tables.shift(stack, name)
        return Config(stack, banned, margin) if column == margin.columns[-1] else None

    def _farthest(self, config: Config) -> float:
        """The farthest column at which the line under way may begin."""
        columns = config.margin.columns
        for column in (columns[-1] + 1, *reversed(columns)):
            here = self._block(config, column, EMPTY)
            if here is not None and self._is_alive(here):
                return inf if column > columns[-1] else column
        return -inf

    def _is_alive(self, config: Config) -> bool:
        """Whether the text can go on at the first token of a line, or end."""
        return self.accepting(config) or bool(self._tokens(config))
