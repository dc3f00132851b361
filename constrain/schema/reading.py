"""Items that are read: frames for the items of arrays in which items are compared.

An item has stacks of its own within the frame. What is written of it is remembered, and it is
followed which of the values that matter it can still turn out to be, so that none that is barred
is ever completed, and nothing is begun that could only be completed so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from constrain.errors import SchemaTooComplexError
from constrain.lexing.lexeme import Lexeme, Text
from constrain.schema.distinct import DistinctItems, Fresh
from constrain.schema.frame import Frame, Push
from constrain.schema.pieces import (
    SEVERAL,
    beginning_pieces,
    captured,
    key_pieces,
    scalar_pieces,
    value_of,
)
from constrain.schema.repeats import RepeatingItems
from constrain.schema.stacks import Configuration
from constrain.schema.tracks import Track, Tracks, expected, keys

if TYPE_CHECKING:
    from constrain.schema.frames import Frames


class Step(NamedTuple):
    """What follows a lexeme.

    Attributes:
        inner: the lexemes of the item's own stacks.
        least: the least text of the lexeme.
        known: whether it stands for one value.
        tracks: the places in the values that the item can still turn out to be.
    """

    inner: tuple[Lexeme, ...]
    least: bytes
    known: bool
    tracks: Tracks


class Reading(Frame):
    """Expects an item, or the rest of one, and then what follows it in the array.

    Args:
        plan: the ways to write the array.
        fresh: the way to write the item.
        inner: the item's own stacks.
        text: what has been written of the item, without white space; None: not known.
        tracks: places in the values that matter.
    """

    def __init__(
        self,
        frames: Frames,
        plan: DistinctItems | RepeatingItems,
        fresh: Fresh,
        inner: Configuration,
        text: bytes | None,
        tracks: Tracks,
    ) -> None:
        super().__init__(frames)
        self.plan = plan
        self.fresh = fresh
        self.inner = inner
        self.text = text
        self.tracks = tracks

    @property
    def moves(self) -> _Moves:
        return _Moves(self)

    def read(self, lexeme: Lexeme, text: bytes) -> Sequence[Push]:
        try:
            return self.follow(self.steps[lexeme], text)
        except SchemaTooComplexError:  # by a number of too many digits to compare
            return ()

    @cached_property
    def steps(self) -> Mapping[Lexeme, Step]:
        """The lexemes that may come next: after each the item can be completed."""
        steps: dict[Lexeme, Step] = {}
        for lexeme, step in self._every_step():
            if lexeme in steps:
                step = step._replace(inner=(*steps[lexeme].inner, *step.inner))
            steps[lexeme] = step
        if not self.tracks and self.fresh.others:
            return steps
        return {lexeme: step for lexeme, step in steps.items() if self._leads_on(step)}

    def _every_step(self) -> Iterator[tuple[Lexeme, Step]]:
        language, tracks = self.frames.language, self.tracks
        alone = self.text == b""
        for lexeme in self.inner.lexemes:
            sign = language.punctuation.get(lexeme)
            if sign is not None:
                yield lexeme, Step((lexeme,), sign, True, _moved(t.sign(sign) for t in tracks))
            elif len(lexeme.parts) == 1 or isinstance(lexeme.parts[1], Text):
                barred = self.fresh.barred if alone else frozenset()
                apart = self.fresh.special if alone else expected(tracks)
                taken = scalar_pieces if len(lexeme.parts) == 1 else beginning_pieces
                for piece in taken(language, lexeme, apart, barred):
                    after = _moved(t.read(piece.value) for t in tracks)
                    known = piece.value is not SEVERAL
                    outer = captured(piece.lexeme) if self.fresh.doubtful else piece.lexeme
                    yield outer, Step((lexeme,), piece.least, known, after)
            else:
                for piece in key_pieces(language, lexeme, keys(tracks)):
                    after = _moved(t.key(piece.value) for t in tracks)
                    known = piece.value is not SEVERAL
                    yield piece.lexeme, Step((lexeme,), piece.least, known, after)

    def _leads_on(self, step: Step) -> bool:
        if not step.tracks:
            return self.fresh.others
        pushes = self.follow(step, step.least)
        return any(
            not isinstance(frame, Reading) or frame.steps for push in pushes for frame in push
        )

    def follow(self, step: Step, text: bytes | None) -> Sequence[Push]:
        """Return the ways to go on after a lexeme, given its text, or None where not known."""
        frames = self.frames
        inner = frames.stacks.advance(self.inner, step.inner, text)
        if inner is None:
            return ()
        read = None if self.text is None or text is None else self.text + text
        if not inner.accepting:
            return ((frames.reading(self.plan, self.fresh, inner, read, step.tracks),),)
        if read is None:
            return ((frames.after_item(*self.plan.after(self.fresh, None, None)),),)
        value = value_of(read)
        if not self.fresh.allows(value):
            return ()
        return ((frames.after_item(*self.plan.after(self.fresh, value, read)),),)

    def least(self) -> bytes:
        text = self._least_rest()
        read = None if self.text is None else self.text + text
        value = None if read is None else value_of(read)
        plan, after = self.plan.after(self.fresh, value, read)
        items = plan.least(after, 0, self.frames.solver.least)  # type: ignore[arg-type]
        assert items is not None
        return text + b"".join(b"," + item for item in items) + b"]"

    def _least_rest(self) -> bytes:
        """Return the least text that completes the item."""
        if self.text == b"" and isinstance(self.plan, DistinctItems):
            found = self.plan.least_item(self.fresh, self.frames.solver.least)
            assert found is not None
            return found[1]
        rest = self.inner.ending()
        if self.text is None or self.fresh.allows(value_of(self.text + rest)):
            return rest
        order = count()
        heap = [(len(rest), next(order), b"", self)]
        while heap:
            _, _, text, here = heappop(heap)
            if here is self and text:
                return text
            if not here.tracks:
                text += here.inner.ending()
                heappush(heap, (len(text), next(order), text, self))
                continue
            for step in here.steps.values():
                longer = text + step.least
                for (after,) in here.follow(step, step.least):
                    if isinstance(after, Reading):
                        bound = len(longer) + len(after.inner.ending())
                        heappush(heap, (bound, next(order), longer, after))
                    else:
                        heappush(heap, (len(longer), next(order), longer, self))
        raise AssertionError("an item was begun that cannot be completed")


class _Moves(Mapping[Lexeme, "Sequence[Push]"]):
    """What follows each lexeme, made when asked for: there can be many."""

    def __init__(self, frame: Reading) -> None:
        self._frame = frame

    def __getitem__(self, lexeme: Lexeme) -> Sequence[Push]:
        step = self._frame.steps[lexeme]
        known = step.known and not lexeme.captures
        return self._frame.follow(step, step.least if known else None)

    def __iter__(self) -> Iterator[Lexeme]:
        return iter(self._frame.steps)

    def __len__(self) -> int:
        return len(self._frame.steps)


def _moved(tracks: Iterator[Track | None]) -> Tracks:
    return tuple(track for track in tracks if track is not None)
