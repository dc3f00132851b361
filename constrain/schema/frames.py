"""The frames of the stack: what may come next at one place of a document, and what follows it.

A frame is replaced by zero or more frames when a lexeme is read: `moves` gives for each lexeme the
ways to go on, each the frames that take the frame's place, the lowest first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from constrain.interned import Interned
from constrain.lexing.lexeme import Lexeme
from constrain.schema.arrays import ArrayShape, Items, Way
from constrain.schema.distinct import DistinctItems, Fresh
from constrain.schema.frame import Frame, Moves, Push
from constrain.schema.language import Language, read_key
from constrain.schema.listed import Cursor, Listed
from constrain.schema.members import Member, Plan, Progress, boundless
from constrain.schema.normal import Node, Normaliser
from constrain.schema.reading import Reading
from constrain.schema.repeats import RepeatingItems
from constrain.schema.shapes import Composites, FreeKeys, ObjectShape, Property
from constrain.schema.solve import Solver
from constrain.schema.stacks import Configuration, Stacks, make_room
from constrain.schema.textual.strings import JudgedStrings, accepted
from constrain.schema.tracks import Tracks, follow

_GONE: Sequence[Push] = ((),)

ComparedItems = DistinctItems | RepeatingItems
AnyItems = Items | ComparedItems


class Frames:
    """Makes the frames of a schema, one for each place.

    Args:
        whole: whether every string and key has to be one lexeme, as where items are compared.
    """

    def __init__(
        self, normaliser: Normaliser, solver: Solver, language: Language, whole: bool = False
    ) -> None:
        self.normaliser = normaliser
        self.solver = solver
        self.language = language
        self.whole = whole
        self.stacks = Stacks()
        self._values: dict[Node, Value] = {}
        self._names: dict[str, Lexeme] = {}
        self._keys: dict[tuple[Plan, Progress], Key] = {}
        self._members: dict[tuple[Plan, Progress], AfterMember] = {}
        self._items: dict[tuple[AnyItems, Any], AfterItem] = {}
        self._told: Interned[AfterItem] = Interned()
        self.cursors = solver.cursors
        self._listed: dict[tuple[Cursor, ...], Listed] = {}
        self._readings: Interned[Reading] = Interned()
        self.end_object = Close(self, language.end_object, b"}")
        self.end_array = Close(self, language.end_array, b"]")
        self.quote = Close(self, language.quote, b'"')

    def close(self) -> None:
        """Let all frames go; none may be asked anything any more."""
        frames: tuple[Frame, ...]
        frames = (*self._values.values(), *self._keys.values(), *self._members.values())
        frames += (*self._items.values(), *self._told.values(), *self._readings.values())
        frames += (*self._listed.values(),)
        if "_compared" in vars(self) and self._compared is not self:
            self._compared.close()
        for frame in (*frames, self.end_object, self.end_array, self.quote):
            vars(frame).clear()
        vars(self).clear()

    def value(self, node: Node) -> Value:
        """Return the frame that expects a value of a node."""
        found = self._values.get(node)
        if found is None:
            found = self._values[node] = Value(self, node)
        return found

    def listed(self, cursors: tuple[Cursor, ...]) -> Listed:
        """Return the frame that expects the rest of one of some values."""
        found = self._listed.get(cursors)
        if found is None:
            make_room(self._listed)
            found = self._listed[cursors] = Listed(self, cursors)
        return found

    def key(self, plan: Plan, progress: Progress) -> Key:
        """Return the frame that expects a key of an object."""
        found = self._keys.get((plan, progress))
        if found is None:
            make_room(self._keys)
            found = self._keys[plan, progress] = Key(self, plan, progress)
        return found

    def name(self, name: str) -> Lexeme:
        """Return the lexeme of a named key and its colon: many objects ask for the same names."""
        found = self._names.get(name)
        if found is None:
            found = self._names[name] = self.language.key(name)
        return found

    def after_member(self, plan: Plan, progress: Progress) -> AfterMember:
        """Return the frame that expects a comma or the end of an object."""
        found = self._members.get((plan, progress))
        if found is None:
            make_room(self._members)
            found = self._members[plan, progress] = AfterMember(self, plan, progress)
        return found

    def after_key(self, plan: Plan, found: Property | FreeKeys, after: Progress) -> Sequence[Push]:
        """Return the ways to go on after the key of a property."""
        return [
            (self.after_member(plan, progress), self.value(node))
            for node, progress in plan.outcomes(found, after)
        ]

    def after_item(self, plan: AnyItems, written: Any) -> AfterItem:
        """Return the frame that expects a comma or the end of an array."""
        key = plan, written
        found = self._items.get(key) or self._told.get(key)
        if found is None:
            found = AfterItem(self, plan, written)
            if isinstance(plan, Items):
                self._items[key] = found
            else:
                found = self._told.add(key, found)
        return found

    def item(self, plan: AnyItems, written: Any) -> list[Push]:
        """Return the ways to write one more item of an array."""
        return [
            (self.after_item(plan, way.after), self.value(way.node))
            if isinstance(way, Way)
            else (self._unread(plan, way),)  # type: ignore[arg-type]
            for way in plan.next(written)
        ]

    def _unread(self, plan: ComparedItems, fresh: Fresh) -> Reading:
        inner = self.stacks.configuration((self._compared.value(fresh.node), self._ended))
        tracks = follow((*fresh.barred, *fresh.special))
        return self.reading(plan, fresh, inner, b"", tracks)

    @cached_property
    def _compared(self) -> Frames:
        """What makes the frames within items that are compared."""
        return self if self.whole else Frames(self.normaliser, self.solver, self.language, True)

    @cached_property
    def _ended(self) -> Configuration:
        """The stack of a value by itself once it has been written."""
        return self.stacks.configuration((End(self, None), None))

    def reading(
        self,
        plan: ComparedItems,
        fresh: Fresh,
        inner: Configuration,
        text: bytes | None,
        tracks: Tracks,
    ) -> Reading:
        """Return the frame that expects the rest of an item (see `Reading`)."""
        places = tuple((track.whole, track.done) for track in tracks) if text is None else ()
        key = plan, fresh, inner, text, places
        found = self._readings.get(key)
        if found is None:
            made = Reading(self, plan, fresh, inner, text, tracks)
            found = self._readings.add(key, made)
        return found


class Value(Frame):
    """Expects a value of a node."""

    def __init__(self, frames: Frames, node: Node) -> None:
        super().__init__(frames)
        self.node = node

    @cached_property
    def moves(self) -> Moves:
        frames, language = self.frames, self.frames.language
        moves: dict[Lexeme, list[Push]] = {}
        for alternative in frames.normaliser.alternatives(self.node):
            if not frames.solver.allows(alternative):
                continue
            if isinstance(alternative, ObjectShape):
                pushes = moves.setdefault(language.open_object, [])
                pushes.extend(self._object(frames.solver.plan(alternative)))
            elif isinstance(alternative, ArrayShape):
                pushes = moves.setdefault(language.open_array, [])
                pushes.extend(self._array(frames.solver.items(alternative)))
            elif isinstance(alternative, Composites):
                before = tuple(map(frames.cursors.before, alternative.values))
                for lexeme, ways in Listed(frames, before).moves.items():
                    moves.setdefault(lexeme, []).extend(ways)
            elif isinstance(alternative, JudgedStrings):
                beginning = language.beginning(alternative.shape)
                moves[beginning] = [(frames.quote,)]
                self._judged.setdefault(beginning, []).append(alternative)
            else:
                moves[language.scalar(alternative)] = [()]
        return moves

    @cached_property
    def _judged(self) -> dict[Lexeme, list[JudgedStrings]]:
        """The strings that functions judge, by the lexeme of their beginnings."""
        return {}

    def read(self, lexeme: Lexeme, text: bytes) -> Sequence[Push]:
        value = json.loads(text + b'"')
        if any(accepted(value, strings.judges) for strings in self._judged[lexeme]):
            return ((self.frames.quote,),)
        return ()

    def _object(self, plan: Plan) -> list[Push]:
        pushes: list[Push] = []
        if next(plan.next(plan.start), None) is not None:
            pushes.append((self.frames.key(plan, plan.start),))
        if plan.may_end(plan.start):
            pushes.append((self.frames.end_object,))
        return pushes

    def _array(self, plan: AnyItems) -> list[Push]:
        start: Any = plan.start
        pushes = self.frames.item(plan, start)
        if plan.may_end(start):
            pushes.append((self.frames.end_array,))
        return pushes

    def least(self) -> bytes:
        return self.frames.solver.least(self.node)


class _KeyMoves(Mapping[Lexeme, Sequence[Push]]):
    """The keys of an object and what follows each, made when asked for: there can be many."""

    def __init__(self, frames: Frames, plan: Plan, progress: Progress) -> None:
        self.members: dict[Lexeme, Member] = {}
        self._frames = frames
        self._plan = plan
        self._progress = progress

    def __getitem__(self, lexeme: Lexeme) -> Sequence[Push]:
        member = self.members[lexeme]
        found, after = member.property, self._plan.after(self._progress, member)
        if isinstance(found, FreeKeys) and not boundless(found.regex):
            after = self._plan.with_key(after, found.index)
        return self._frames.after_key(self._plan, found, after)

    def __iter__(self) -> Iterator[Lexeme]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)


class Key(Frame):
    """Expects a key of an object."""

    def __init__(self, frames: Frames, plan: Plan, progress: Progress) -> None:
        super().__init__(frames)
        self.plan = plan
        self.progress = progress
        self._free: dict[Lexeme, Member] = {}

    @cached_property
    def moves(self) -> Moves:
        frames = self.frames
        moves = _KeyMoves(frames, self.plan, self.progress)
        for member in self.plan.next(self.progress):
            if isinstance(member.property, FreeKeys):
                assert member.keys is not None
                lexeme = frames.language.free_key(member.keys)
                self._free[lexeme] = member
            else:
                lexeme = frames.name(member.property.name)
            moves.members[lexeme] = member
        return moves

    def read(self, lexeme: Lexeme, text: bytes) -> Sequence[Push]:
        member = self._free[lexeme]
        after = self.plan.after(self.progress, member)
        progress = self.plan.with_key(after, read_key(text))
        return self.frames.after_key(self.plan, member.property, progress)

    def least(self) -> bytes:
        return b",".join(_known(self.plan, self.progress, 1, self.frames.solver)) + b"}"


class AfterMember(Frame):
    """Expects a comma or the end of an object."""

    def __init__(self, frames: Frames, plan: Plan, progress: Progress) -> None:
        super().__init__(frames)
        self.plan = plan
        self.progress = progress

    @cached_property
    def moves(self) -> Moves:
        frames, plan = self.frames, self.plan
        moves: dict[Lexeme, Sequence[Push]] = {}
        if next(plan.next(self.progress), None) is not None:
            moves[frames.language.comma] = ((frames.key(plan, self.progress),),)
        if plan.may_end(self.progress):
            moves[frames.language.close_object] = _GONE
        return moves

    def least(self) -> bytes:
        members = _known(self.plan, self.progress, 0, self.frames.solver)
        return b"".join(b"," + member for member in members) + b"}"


class AfterItem(Frame):
    """Expects a comma or the end of an array."""

    def __init__(self, frames: Frames, plan: AnyItems, written: Any) -> None:
        super().__init__(frames)
        self.plan: AnyItems = plan
        self.written = written

    @cached_property
    def moves(self) -> Moves:
        moves: dict[Lexeme, Sequence[Push]] = {}
        items = self.frames.item(self.plan, self.written)
        if items:
            moves[self.frames.language.comma] = items
        if self.plan.may_end(self.written):
            moves[self.frames.language.close_array] = _GONE
        return moves

    def least(self) -> bytes:
        plan, solver = self.plan, self.frames.solver
        if isinstance(plan, Items):
            items = plan.rest(self.written, solver.least_known)
        else:
            items = plan.least(self.written, 0, solver.least)
        assert items is not None
        return b"".join(b"," + item for item in items) + b"]"


class Close(Frame):
    """Expects the end of something: its last lexeme.

    Args:
        end: the lexeme.
        text: its least text.
    """

    def __init__(self, frames: Frames, end: Lexeme, text: bytes) -> None:
        super().__init__(frames)
        self._end = end
        self._text = text

    @property
    def moves(self) -> Moves:
        return {self._end: _GONE}

    def read(self, lexeme: Lexeme, text: bytes) -> Sequence[Push]:
        return _GONE

    def least(self) -> bytes:
        return self._text


class Margin(Frame):
    """Expects white space before the whole text."""

    def __init__(self, frames: Frames, root: Value, margin: Lexeme) -> None:
        super().__init__(frames)
        self._root = root
        self._margin = margin

    @property
    def moves(self) -> Moves:
        return {self._margin: ((self._root,),)}

    def least(self) -> bytes:
        return b"\t" + self._root.least()


class End(Frame):
    """Expects the end of the text, or once white space where `margin` is given."""

    accepting = True

    def __init__(self, frames: Frames, margin: Lexeme | None) -> None:
        super().__init__(frames)
        self._margin = margin

    @cached_property
    def moves(self) -> Moves:
        return {self._margin: ((End(self.frames, None),),)} if self._margin else {}

    def least(self) -> bytes:
        return b""


def _known(plan: Plan, progress: Progress, at_least: int, solver: Solver) -> list[bytes]:
    members = plan.least(progress, at_least, solver.least)
    assert members is not None
    return members
