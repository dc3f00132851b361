"""Alternatives of controls, and one control after the other."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from constrain.engine.combining.threads import ThreadsControl
from constrain.engine.control import Control, special_tokens
from constrain.lexing.lexeme import Lexeme

Place = tuple[int, Any]
"""The number of a control, and its configuration."""


class _Joined(ThreadsControl[Place]):
    """What alternatives and sequences have in common: a thread is a place in one of the controls.

    Attributes:
        controls: the controls.
    """

    def __init__(self, *controls: Control[Any]) -> None:
        super().__init__(name for control in controls for name in special_tokens(control))
        self.controls = controls

    def lexemes_of(self, thread: Place) -> Collection[Lexeme]:
        """See `ThreadsControl`."""
        number, config = thread
        return self.controls[number].lexemes(config)

    def step(self, thread: Place, lexemes: tuple[Lexeme, ...], text: bytes | None) -> Place | None:
        """See `ThreadsControl`."""
        number, config = thread
        after = self.controls[number].advance(config, lexemes, text)
        return None if after is None else (number, after)


class ChoiceControl(_Joined):
    """The texts of any of several controls."""

    def beginnings(self) -> Iterator[Place]:
        """See `ThreadsControl`."""
        return ((number, control.start()) for number, control in enumerate(self.controls))

    def also(self, thread: Place) -> tuple[Place, ...]:
        """See `ThreadsControl`."""
        return ()

    def rests(self, thread: Place) -> bool:
        """See `ThreadsControl`."""
        number, config = thread
        return self.controls[number].accepting(config)

    def ending_of(self, thread: Place) -> bytes:
        """See `ThreadsControl`."""
        number, config = thread
        return self.controls[number].ending(config)


class SequenceControl(_Joined):
    """A text of the first control, then one of the second, and so on, divided in any way."""

    def __init__(self, *controls: Control[Any]) -> None:
        super().__init__(*controls)
        self._rests = [b""]
        for control in reversed(controls):
            self._rests.insert(0, control.ending(control.start()) + self._rests[0])

    def beginnings(self) -> tuple[Place]:
        """See `ThreadsControl`."""
        return ((0, self.controls[0].start()),)

    def also(self, thread: Place) -> tuple[Place, ...]:
        """See `ThreadsControl`."""
        number, config = thread
        following = number + 1
        if following == len(self.controls) or not self.controls[number].accepting(config):
            return ()
        return ((following, self.controls[following].start()),)

    def rests(self, thread: Place) -> bool:
        """See `ThreadsControl`."""
        number, config = thread
        return number == len(self.controls) - 1 and self.controls[number].accepting(config)

    def ending_of(self, thread: Place) -> bytes:
        """See `ThreadsControl`."""
        number, config = thread
        return self.controls[number].ending(config) + self._rests[number + 1]
