"""Items that are read: frames for the items of arrays in which items are compared.

An item has stacks of its own within the frame. What is written of it is remembered, and it is
followed which of the values that matter it can still turn out to be, so that none that is barred
is ever completed, and nothing is begun that could only be completed so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from constrain.errors import SchemaTooComplexError
from constrain.lexing.lexeme import Lexeme, Literal, Text
from constrain.schema.distinct import DistinctItems, Fresh
from constrain.schema.frame import Frame, Push
from constrain.schema.language import Language
from constrain.schema.pieces import (
    SINGLES,
    beginning_pieces,
    captured,
    key_pieces,
    least_of,
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
        text: the least text of the lexeme; None where it stands for several values.
        tracks: the places in the values that the item can still turn out to be.
    """

    inner: tuple[Lexeme, ...]
    text: bytes | None
    tracks: Tracks


Steps = Mapping[Lexeme, Step]


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
    def steps(self) -> Steps:
        """The lexemes that may come next: after each the item can be completed."""
        if not self.tracks and self.fresh.others and not self.fresh.doubtful:
            if self.inner.untracked is None:
                self.inner.untracked = _joined(_every_step(self.frames.language, self.inner))
            return self.inner.untracked
        open = self._left_open
        steps = _joined(self._every_step([t for t in self.tracks if t.last] if open else None))
        if self.fresh.doubtful:
            steps = {_doubted(lexeme): step for lexeme, step in steps.items()}
        return {lexeme: step for lexeme, step in steps.items() if self._leads_on(step)}

    def _every_step(self, apart: Iterable[Track] | None = None) -> Iterator[tuple[Lexeme, Step]]:
        language, tracks, fresh = self.frames.language, self.tracks, self.fresh
        if self.text == b"":
            return _every_step(language, self.inner, tracks, fresh.special, fresh.barred)
        return _every_step(
            language, self.inner, tracks, expected(tracks if apart is None else apart)
        )

    @cached_property
    def _left_open(self) -> bool:
        """Whether it is left open until a scalar has been read which tracks it follows.

        It is where many scalars would have to be told apart, and what comes right after does not
        depend on which it is: no array or object can be ended there that would be one before, and
        whichever it is there is a way on.
        """
        if self.text == b"" or not self.fresh.others:
            return False
        ahead = [track for track in self.tracks if not track.last and track.at_scalar]
        if len(ahead) <= SINGLES:
            return False
        after = _moved(track.read(track.next) for track in ahead)
        for lexeme in self.inner.lexemes:
            if lexeme not in self.frames.language.punctuation:
                if len(lexeme.parts) > 1:
                    return False
                inner = self.frames.stacks.advance(self.inner, (lexeme,), None)
                assert inner is not None
                rest = Reading(self.frames, self.plan, self.fresh, inner, None, after)
                if not rest.possible:
                    return False
        return True

    def _leads_on(self, step: Step) -> bool:
        """Whether the item can be completed after a step."""
        if not step.tracks:
            return self.fresh.others
        return any(
            not isinstance(frame, Reading) or frame.possible
            for push in self.follow(step, step.text)
            for frame in push
        )

    @cached_property
    def possible(self) -> bool:
        """Whether the item can be completed."""
        return any(self._leads_on(step) for _, step in self._every_step())

    def follow(self, step: Step, text: bytes | None) -> Sequence[Push]:
        """Return the ways to go on after a lexeme, given its text, or None where not known."""
        frames = self.frames
        inner = frames.stacks.advance(self.inner, step.inner, text)
        if inner is None:
            return ()
        tracks = step.tracks
        if step.text is None and text is not None and self.tracks and self._left_open:
            value = value_of(text)
            tracks = _moved(track.read(value) for track in self.tracks)
        read = None if self.text is None or text is None else self.text + text
        if not inner.accepting:
            return ((frames.reading(self.plan, self.fresh, inner, read, tracks),),)
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
            for lexeme, step in here.steps.items():
                piece = least_of(self.frames.language, lexeme) if step.text is None else step.text
                longer = text + piece
                for (after,) in here.follow(step, piece):
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
        return self._frame.follow(step, None if lexeme.captures else step.text)

    def __iter__(self) -> Iterator[Lexeme]:
        return iter(self._frame.steps)

    def __len__(self) -> int:
        return len(self._frame.steps)


def _every_step(
    language: Language,
    inner: Configuration,
    tracks: Tracks = (),
    apart: frozenset[Any] = frozenset(),
    barred: frozenset[Any] = frozenset(),
) -> Iterator[tuple[Lexeme, Step]]:
    """Return the steps that an item's own stacks allow, those that leave the tracks first.

    Args:
        language: how JSON is written.
        inner: the item's own stacks.
        tracks: places in the values that matter.
        apart: scalars to be told apart.
        barred: scalars that must not come.
    """
    for lexeme in inner.lexemes:
        sign = language.punctuation.get(lexeme)
        if sign is not None:
            yield lexeme, Step((lexeme,), sign, _moved(t.sign(sign) for t in tracks))
        elif len(lexeme.parts) == 1 or isinstance(lexeme.parts[1], Text):
            taken = scalar_pieces if len(lexeme.parts) == 1 else beginning_pieces
            for piece in taken(language, lexeme, apart, barred):
                after = _moved(t.read(piece.value) for t in tracks)
                yield piece.lexeme, Step((lexeme,), piece.text, after)
        else:
            for piece in key_pieces(language, lexeme, keys(tracks)):
                after = _moved(t.key(piece.value) for t in tracks)
                yield piece.lexeme, Step((lexeme,), piece.text, after)


def _joined(steps: Iterable[tuple[Lexeme, Step]]) -> dict[Lexeme, Step]:
    """Return steps by lexeme: those after the same lexeme are one."""
    found: dict[Lexeme, Step] = {}
    for lexeme, step in steps:
        if lexeme in found:
            step = step._replace(inner=(*found[lexeme].inner, *step.inner))
        found[lexeme] = step
    return found


def _doubted(lexeme: Lexeme) -> Lexeme:
    """The lexeme, capturing if it is that of a scalar."""
    punctuation = isinstance(lexeme.parts[0], Literal)
    return lexeme if punctuation or len(lexeme.parts) > 1 else captured(lexeme)


def _moved(tracks: Iterator[Track | None]) -> Tracks:
    return tuple(track for track in tracks if track is not None)
