"""The least text, by length, then as bytes, that completes a parse."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from constrain.grammar.cfg import Grammar
from constrain.grammar.earley import Dots, Item, ItemSet
from constrain.lexing.regex import shortest

Least = tuple[int, bytes]
"""A text with its length in front, so that texts compare by length first."""


class Rope(NamedTuple):
    """A text in pieces, the end of which many share."""

    length: int
    head: bytes
    tail: Rope | None

    def text(self) -> bytes:
        pieces = []
        rope: Rope | None = self
        while rope is not None:
            pieces.append(rope.head)
            rope = rope.tail
        return b"".join(pieces)

    def after(self, head: bytes) -> Rope:
        return Rope(self.length + len(head), head, self) if head else self

    def less_than(self, other: Rope) -> bool:
        if self.length != other.length:
            return self.length < other.length
        return self is not other and self.text() < other.text()


_NOTHING = Rope(0, b"", None)


class Endings:
    """Finds endings for one grammar."""

    def __init__(self, grammar: Grammar, dots: Dots) -> None:
        self._dots = dots
        terminals = {name: _least_match(grammar, name) for name in grammar.terminals}
        terminals |= {name: (len(x.least), x.least) for name, x in grammar.opaque.items()}
        least = grammar.least(terminals.__getitem__, _join)
        self._least: dict[str, bytes] = {name: text for name, (_, text) in terminals.items()}
        self._least |= {name: text for name, (_, text) in least.items()}
        self._rests: dict[int, bytes] = {}

    def of(self, items: ItemSet) -> bytes:
        """The least text that completes what the set stands for."""
        if items.accepting:
            return b""
        self._climb(items)
        best: Rope | None = None
        for symbol, waiting in (*items.shifts.items(), *items.waits.items()):
            for item in waiting:
                best = _lesser(best, self._after(item).after(self._least[symbol]))
        assert best is not None
        return best.text()

    def _rest(self, dot: int) -> bytes:
        """The least text of what stands behind a dot in its rule."""
        found = self._rests.get(dot)
        if found is None:
            symbols = self._dots.symbol
            pieces = []
            place = dot
            while (symbol := symbols[place]) is not None:
                pieces.append(self._least[symbol])
                place += 1
            found = self._rests[dot] = b"".join(pieces)
        return found

    def _after(self, item: Item) -> Rope:
        """The least text from an item on, where the sets below are known."""
        dot, began = item
        if began is None:
            return _NOTHING
        assert isinstance(began.up, dict)
        rope: Rope = began.up[self._dots.origin[dot]]
        return rope.after(self._rest(dot))

    def _climb(self, top: ItemSet) -> None:
        """Find, for the sets below, the least text after each of their nonterminals."""
        stack = [top]
        while stack:
            items = stack[-1]
            below = {
                began
                for waiting in (*items.waits.values(), *items.shifts.values())
                for _, began in waiting
                if began is not None and began.up is None
            }
            if below:
                stack += below
                continue
            stack.pop()
            if items.up is None:
                items.up = self._up(items)

    def _up(self, items: ItemSet) -> dict[str, Rope]:
        prediction = items.prediction
        known: dict[str, Rope] = {}
        for name, waiting in items.waits.items():
            for item in waiting:
                known[name] = _lesser(known.get(name), self._after(item))
        changed = True
        while changed:
            changed = False
            for name, after in prediction.waits.items():
                for dot in after:
                    beyond = known.get(self._dots.origin[dot])
                    if beyond is None:
                        continue
                    rope = beyond.after(self._rest(dot))
                    old = known.get(name)
                    if old is None or rope.less_than(old):
                        known[name] = rope
                        changed = True
        return known


def _lesser(one: Rope | None, other: Rope) -> Rope:
    return other if one is None or other.less_than(one) else one


def _least_match(grammar: Grammar, name: str) -> Least:
    terminal = grammar.terminals[name]
    text = terminal.text if terminal.text is not None else shortest(terminal.regex)
    assert text is not None
    data = text.encode()
    return len(data), data


def _join(texts: Iterable[Least]) -> Least:
    joined = b"".join([text for _, text in texts])
    return len(joined), joined
