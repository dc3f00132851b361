"""Arrays and objects out of a list: frames that know which of the values a text can still become.

Each value that can still come is followed by a *cursor*, its place in the value. Cursors before the
same lexeme go on together, so that however many values begin alike, they are one frame. Where many
strings may come, each lexeme is what some of them begin with.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from constrain.lexing.lexeme import Lexeme
from constrain.schema.frame import Frame, Moves, Push
from constrain.schema.language import Language, by_length, spell
from constrain.schema.shapes import Values

if TYPE_CHECKING:
    from constrain.schema.frames import Frames

_MOST_KEPT = 200_000
"""Cursors that are kept to be met again."""

_FEW = 64
"""Strings that are a lexeme each."""

_VALUE, _ITEM, _KEY, _AFTER_ITEM, _AFTER_MEMBER = range(5)


class Cursor:
    """A place in a value. Equality is identity.

    Attributes:
        kind: what comes next: a value, an item, a key, or what follows an item or a member.
        value: the value, or the array or object that is open.
        left: of an array how many items are left, of an object which members, as a mask.
        above: the place after the value; None: the end of it all.
    """

    __slots__ = ("_least", "above", "kind", "left", "value")

    def __init__(self, kind: int, value: Any, left: int, above: Cursor | None) -> None:
        self.kind = kind
        self.value = value
        self.left = left
        self.above = above
        self._least: bytes | None = None


class Written(NamedTuple):
    """A string to be written."""

    text: str
    is_key: bool


class Cursors:
    """Makes cursors, each once while it is kept, and moves them on.

    Args:
        language: how JSON is written.
        any_order: whether the members of objects may come in any order.
    """

    def __init__(self, language: Language, any_order: bool) -> None:
        self._language = language
        self._any_order = any_order
        self._known: dict[tuple[int, int, int, Cursor | None], Cursor] = {}
        self._lexemes: dict[tuple[type, Any], Lexeme] = {}
        self._texts: dict[tuple[type, Any], bytes] = {}

    def before(self, value: Any, above: Cursor | None = None) -> Cursor:
        """Return the cursor before a value that stands in a schema."""
        return self._at(_VALUE, value, 0, above)

    def _at(self, kind: int, value: Any, left: int, above: Cursor | None) -> Cursor:
        if kind == _VALUE and not isinstance(value, (dict, list)):
            return Cursor(kind, value, left, above)
        key = kind, id(value), left, above
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            found = self._known[key] = Cursor(kind, value, left, above)
        return found

    def steps(self, cursor: Cursor) -> Iterator[tuple[Lexeme | Written, Cursor | None]]:
        """Return what may come next, with the place after each; None: the end."""
        language, value, left, above = self._language, cursor.value, cursor.left, cursor.above
        kind = cursor.kind
        if kind == _VALUE:
            if isinstance(value, dict):
                yield language.open_object, self._at(_KEY, value, (1 << len(value)) - 1, above)
            elif isinstance(value, list):
                yield language.open_array, self._at(_ITEM, value, len(value), above)
            elif isinstance(value, str):
                yield Written(value, False), above
            else:
                yield self._scalar(value), above
        elif kind == _KEY:
            if not left:
                yield language.end_object, above
            for index, name in enumerate(value):
                if left >> index & 1:
                    after = self._at(_AFTER_MEMBER, value, left & ~(1 << index), above)
                    yield Written(name, True), self.before(value[name], after)
                    if not self._any_order:
                        return
        elif kind == _ITEM:
            if left:
                after = self._at(_AFTER_ITEM, value, left - 1, above)
                yield from self.steps(self.before(value[-left], after))
            else:
                yield language.end_array, above
        elif kind == _AFTER_MEMBER:
            if left:
                yield language.comma, self._at(_KEY, value, left, above)
            else:
                yield language.close_object, above
        elif left:
            yield language.comma, self._at(_ITEM, value, left, above)
        else:
            yield language.close_array, above

    def whole(self, string: Written) -> Lexeme:
        """Return the lexeme of a string."""
        return self._language.key(string.text) if string.is_key else self._scalar(string.text)

    def _scalar(self, value: Any) -> Lexeme:
        key = type(value), value
        found = self._lexemes.get(key)
        if found is None:
            found = self._lexemes[key] = self._language.scalar(Values((value,)))
        return found

    def least(self, cursor: Cursor | None) -> bytes:
        """Return the least text from a place to the end, by length, then bytes."""
        chain = []
        while cursor is not None and cursor._least is None:
            chain.append(cursor)
            cursor = cursor.above
        text = b"" if cursor is None or cursor._least is None else cursor._least
        for place in reversed(chain):
            text = place._least = self._own(place) + text
        return text

    def _own(self, cursor: Cursor) -> bytes:
        value, left, kind = cursor.value, cursor.left, cursor.kind
        if kind == _VALUE:
            return self.text(value)
        if isinstance(value, dict):
            names = (name for index, name in enumerate(value) if left >> index & 1)
            rest = self._object([(name, self.text(value[name])) for name in names])
        else:
            rest = _array(list(map(self.text, value[len(value) - left :])))
        between = b"," if left and kind in (_AFTER_ITEM, _AFTER_MEMBER) else b""
        return between + rest[1:]

    def text(self, value: Any) -> bytes:
        """Return the least text of a value, by length, then bytes."""
        order: list[Any] = []
        pending = [value]
        while pending:
            inner = pending.pop()
            if isinstance(inner, (dict, list)):
                order.append(inner)
                pending += inner.values() if isinstance(inner, dict) else inner
        known: dict[int, bytes] = {}

        def of(part: Any) -> bytes:
            return known[id(part)] if isinstance(part, (dict, list)) else self._scalar_text(part)

        for inner in reversed(order):
            if isinstance(inner, dict):
                known[id(inner)] = self._object([(name, of(inner[name])) for name in inner])
            else:
                known[id(inner)] = _array(list(map(of, inner)))
        return of(value)

    def _object(self, members: list[tuple[str, bytes]]) -> bytes:
        texts = [spell(name) + b":" + value for name, value in members]
        return b"{" + b",".join(sorted(texts) if self._any_order else texts) + b"}"

    def _scalar_text(self, value: Any) -> bytes:
        key = type(value), value
        found = self._texts.get(key)
        if found is None:
            found = self._texts[key] = self._language.least(Values((value,)))
        return found


def _array(items: list[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"


class Listed(Frame):
    """Expects the rest of a value out of a list.

    Args:
        cursors: the places in the values that it can still become.
    """

    def __init__(self, frames: Frames, cursors: Sequence[Cursor]) -> None:
        super().__init__(frames)
        self._cursors = cursors

    @cached_property
    def moves(self) -> Moves:
        frames, cursors = self.frames, self.frames.cursors
        after: dict[Lexeme, _Reached] = {}
        strings: tuple[dict[str, _Reached], ...] = ({}, {})
        for cursor in self._cursors:
            for step, reached in cursors.steps(cursor):
                if isinstance(step, Written):
                    strings[step.is_key].setdefault(step.text, {})[reached] = None
                else:
                    after.setdefault(step, {})[reached] = None
        moves = {lexeme: _pushes(frames, reached) for lexeme, reached in after.items()}
        for is_key, found in enumerate(strings):
            if len(found) > _FEW and not frames.whole:
                moves.update(Begun.of(frames, _Strings(bool(is_key), found)))
            else:
                frames.language.check_count(len(found))
                for text, places in found.items():
                    lexeme = cursors.whole(Written(text, bool(is_key)))
                    moves[lexeme] = _pushes(frames, places)
        return moves

    def least(self) -> bytes:
        return min(map(self.frames.cursors.least, self._cursors), key=by_length)


_Reached = dict[Cursor | None, None]
"""The places after something; None: the end of it all."""


def _pushes(frames: Frames, reached: Iterable[Cursor | None]) -> Sequence[Push]:
    open = tuple(cursor for cursor in reached if cursor is not None)
    pushes: list[Push] = [(frames.listed(open),)] if open else []
    return [*pushes, ()] if None in reached else pushes


class _Strings:
    """Strings of which one is to be written.

    Attributes:
        is_key: whether they are keys.
        reached: the places after each.
        texts: the strings, sorted.
    """

    def __init__(self, is_key: bool, reached: Mapping[str, _Reached]) -> None:
        self.is_key = is_key
        self.reached = reached
        self.texts = sorted(reached)


def _common(text: str, other: str) -> str:
    """Return what two strings begin with."""
    pairs = enumerate(zip(text, other, strict=False))
    return text[: next((i for i, (a, b) in pairs if a != b), min(len(text), len(other)))]


class Begun(Frame):
    """Expects the rest of one of many strings, then that of the value.

    Args:
        strings: the strings.
        low, high: the range of those that it can still become.
        read: how many characters have been read of it.
    """

    def __init__(self, frames: Frames, strings: _Strings, low: int, high: int, read: int) -> None:
        super().__init__(frames)
        self._strings = strings
        self._low = low
        self._high = high
        self._read = read

    @classmethod
    def of(cls, frames: Frames, strings: _Strings) -> Moves:
        """Return the one lexeme that many strings begin with, and what follows it."""
        common = _common(strings.texts[0], strings.texts[-1])
        lexeme = frames.language.piece(common, strings.is_key, begins=True)
        return {lexeme: ((cls(frames, strings, 0, len(strings.texts), len(common)),),)}

    @cached_property
    def moves(self) -> Moves:
        frames, strings, read = self.frames, self._strings, self._read
        moves: dict[Lexeme, Sequence[Push]] = {}
        low = self._low
        while low < self._high:
            first = strings.texts[low]
            begun = first[: read + 1]
            high = bisect_right(
                strings.texts, begun, low, self._high, key=lambda text: text[: read + 1]
            )
            if len(first) == read:  # it is the least, with all that go on beyond it
                high = low + 1
            common = _common(first, strings.texts[high - 1])
            ends = high == low + 1
            lexeme = frames.language.piece(common[read:], strings.is_key, ends=ends)
            if ends:
                moves[lexeme] = _pushes(frames, strings.reached[first])
            else:
                moves[lexeme] = ((Begun(frames, strings, low, high, len(common)),),)
            low = high
        return moves

    def least(self) -> bytes:
        least, strings = self.frames.cursors.least, self._strings
        found = []
        for text in strings.texts[self._low : self._high]:
            after = min(map(least, strings.reached[text]), key=by_length)
            found.append((spell(text[self._read :])[1:], after))
        colon = b":" if strings.is_key else b""
        return min((text + colon + after for text, after in found), key=by_length)
