"""What every frame of the stack offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING

from constrain.lexing.lexeme import Lexeme

if TYPE_CHECKING:
    from constrain.schema.frames import Frames

Push = tuple["Frame", ...]
Moves = Mapping[Lexeme, Sequence[Push]]

_serials = count()


class Frame:
    """What may come next at one place. Equality is identity.

    Attributes:
        serial: orders frames by their making.
        accepting: whether the text may end here.
    """

    accepting = False

    def __init__(self, frames: Frames) -> None:
        self.frames = frames
        self.serial = next(_serials)

    @property
    def moves(self) -> Moves:
        """The ways to go on, by lexeme; where a lexeme captures, those for a text not known."""
        raise NotImplementedError

    def read(self, lexeme: Lexeme, text: bytes) -> Sequence[Push]:
        """Return the ways to go on after a capturing lexeme, given its text."""
        raise NotImplementedError

    def least(self) -> bytes:
        """Return the least text, by length, then bytes, after which the frame is gone."""
        raise NotImplementedError
