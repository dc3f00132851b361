"""Controls in the place of some lexemes of another control."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from constrain.engine.combining.threads import ThreadsControl
from constrain.engine.control import Control, special_tokens
from constrain.lexing.lexeme import Lexeme


class Place(NamedTuple):
    """A configuration of the outer control; inside one of the others, the one before it."""

    outer: Any
    item: Lexeme | None = None
    """The lexeme that the inner control stands for; None outside of any."""
    inner: Any = None


class SubstitutionControl(ThreadsControl[Place]):
    """The texts of `outer`, where each of some lexemes stands for the texts of a control.

    Such a text may end wherever its control accepts; nothing outside has a say in it. The least
    endings of `outer` have to be in terms of the least texts of the controls.
    """

    def __init__(self, outer: Control[Any], inner: Mapping[Lexeme, Control[Any]]) -> None:
        controls = (outer, *inner.values())
        super().__init__(name for control in controls for name in special_tokens(control))
        self.outer = outer
        self._inner = inner

    def beginnings(self) -> tuple[Place]:
        """See `ThreadsControl`."""
        return (Place(self.outer.start()),)

    def also(self, thread: Place) -> Iterator[Place]:
        """See `ThreadsControl`."""
        outer, item, inner = thread
        if item is None:
            for begun in self.outer.lexemes(outer):
                if begun in self._inner:
                    yield Place(outer, begun, self._inner[begun].start())
        elif self._inner[item].accepting(inner):
            yield self._after(outer, item)

    def lexemes_of(self, thread: Place) -> Collection[Lexeme]:
        """See `ThreadsControl`."""
        outer, item, inner = thread
        if item is None:
            return [x for x in self.outer.lexemes(outer) if x not in self._inner]
        return self._inner[item].lexemes(inner)

    def step(self, thread: Place, lexemes: tuple[Lexeme, ...], text: bytes | None) -> Place | None:
        """See `ThreadsControl`."""
        outer, item, inner = thread
        control = self.outer if item is None else self._inner[item]
        after = control.advance(outer if item is None else inner, lexemes, text)
        if after is None:
            return None
        return Place(after) if item is None else Place(outer, item, after)

    def rests(self, thread: Place) -> bool:
        """See `ThreadsControl`."""
        return thread.item is None and self.outer.accepting(thread.outer)

    def ending_of(self, thread: Place) -> bytes:
        """See `ThreadsControl`."""
        outer, item, inner = thread
        if item is None:
            return self.outer.ending(outer)
        rest = self._inner[item].ending(inner)
        return rest + self.outer.ending(self._after(outer, item).outer)

    def _after(self, outer: Any, item: Lexeme) -> Place:
        after = self.outer.advance(outer, (item,), None)
        assert after is not None
        return Place(after)
