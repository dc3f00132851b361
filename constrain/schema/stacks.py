"""Graph-structured stacks of frames: all ways to understand a text at once (Tomita 1985)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from constrain.lexing.lexeme import Lexeme
from constrain.schema.language import by_length

if TYPE_CHECKING:
    from constrain.schema.frame import Frame, Push
    from constrain.schema.reading import Steps


class Configuration:
    """A set of stacks: each top frame with what is below it, a configuration itself.

    Stacks that differ only in their tops share what is below them, and stacks with the same top
    are one top over several. Equality is identity.

    Attributes:
        tops: the top frames, each before what is below it; None: nothing. One flat tuple, as there
            are many for the garbage collector to walk.
        lexemes: what may come next.
        accepting: whether the text may end here.
        untracked: what may come next where these are the stacks of an item that need not be
            compared any more (see `reading`); None: not worked out yet.
    """

    __slots__ = ("_ending", "_lexemes", "accepting", "tops", "untracked")

    def __init__(self, tops: Tops) -> None:
        self.tops = tops
        self.accepting: bool = (
            tops[0].accepting
            if len(tops) == 2
            else True in [frame.accepting for frame in tops[::2]]
        )
        self._lexemes: tuple[Lexeme, ...] | None = None
        self._ending: bytes | None = None
        self.untracked: Steps | None = None

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The top frames."""
        return self.tops[::2]

    @property
    def lexemes(self) -> tuple[Lexeme, ...]:
        if self._lexemes is None:
            if len(self.tops) == 2:
                self._lexemes = tuple(self.tops[0].moves)
            else:
                found = chain.from_iterable([frame.moves for frame in self.frames])
                self._lexemes = tuple(dict.fromkeys(found))
        return self._lexemes

    def ending(self) -> bytes:
        """Return the least text, by length, then bytes, that empties one of the stacks."""
        order: list[Configuration] = []
        pending = [self]
        while pending:
            configuration = pending.pop()
            if configuration._ending is None:
                order.append(configuration)
                pending.extend(below for below in configuration.tops[1::2] if below is not None)
        for configuration in reversed(order):
            if configuration._ending is None:
                configuration._ending = min(
                    (
                        frame.least() + (below._ending or b"" if below is not None else b"")
                        for frame, below in _pairs(configuration.tops)
                    ),
                    key=by_length,
                )
        assert self._ending is not None
        return self._ending


Tops = tuple[Any, ...]


def _pairs(tops: Tops) -> Iterator[tuple[Frame, Configuration | None]]:
    parts = iter(tops)
    return zip(parts, parts, strict=True)


_MOST_KEPT = 5000
"""Configurations, or frames of a kind, that are kept to be met again."""


def make_room(known: dict[Any, Any]) -> None:
    """Empty a table of what has been met where it is full.

    What is in use stays as it is; the rest is made anew where it is met again.
    """
    if len(known) >= _MOST_KEPT:
        known.clear()


class Stacks:
    """Makes configurations, each once while it is kept."""

    def __init__(self) -> None:
        self._known: dict[Tops, Configuration] = {}

    def advance(
        self, config: Configuration, lexemes: tuple[Lexeme, ...], text: bytes | None
    ) -> Configuration | None:
        """Return the configuration after a text that all of `lexemes`, and no other, match."""
        if len(config.tops) == 2 and len(lexemes) == 1 and text is None:
            frame, below = config.tops
            pushes = frame.moves.get(lexemes[0], ())
            if len(pushes) == 1:
                return self._pushed(pushes[0], below)
        reached: list[Configuration] = []
        for frame, below in _pairs(config.tops):
            moves = frame.moves
            for lexeme in lexemes:
                pushes = moves.get(lexeme, ())
                if pushes and lexeme.captures and text is not None:
                    pushes = frame.read(lexeme, text)
                reached += [self._pushed(push, below) for push in pushes]
        return self._union(reached) if reached else None

    def _pushed(self, push: Push, below: Configuration | None) -> Configuration:
        for frame in push:
            below = self.configuration((frame, below))
        assert below is not None, "the lowest frame is never left"
        return below

    def _union(self, parts: Collection[Configuration]) -> Configuration:
        """Return all the stacks of several configurations, those with the same top made one."""
        if len(parts) == 1:
            return next(iter(parts))
        groups: dict[Frame, dict[Configuration, None]] = {}
        lowest: list[Frame] = []
        for part in parts:
            for frame, below in _pairs(part.tops):
                if below is None:
                    lowest.append(frame)
                else:
                    groups.setdefault(frame, {})[below] = None
        tops: list[tuple[Frame, Configuration | None]]
        tops = [(frame, self._union(belows)) for frame, belows in groups.items()]
        tops += ((frame, None) for frame in dict.fromkeys(lowest))
        tops.sort(key=lambda top: top[0].serial)
        return self.configuration(tuple(chain.from_iterable(tops)))

    def configuration(self, tops: Tops) -> Configuration:
        """Return the one configuration of these tops."""
        found = self._known.get(tops)
        if found is None:
            if len(self._known) >= _MOST_KEPT:
                make_room(self._known)
            found = self._known[tops] = Configuration(tops)
        return found
