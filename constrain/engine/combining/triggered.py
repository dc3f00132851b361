"""Free text with structure in it: what follows a trigger obeys a control.

Free text is any text without a trigger. Up to a trigger it is one lexeme together with it: the
texts that end with the trigger and hold no other before. So the interiors of free text are those
of expressions, and a token may run over the end of a trigger.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from constrain.engine.combining.threads import ThreadsControl
from constrain.engine.control import Control, special_tokens
from constrain.errors import ConstraintError
from constrain.lexing.lexeme import Lexeme, Literal, Text, lexeme
from constrain.lexing.regex import (
    ANY,
    ANYTHING,
    EMPTY,
    EPSILON,
    Regex,
    complement,
    concat,
    difference,
    intersect,
    is_empty,
    literal,
    union,
)
from constrain.special import SpecialToken

Trigger = str | SpecialToken


class FreeText:
    """Text without any of some triggers.

    Raises:
        ConstraintError: a trigger is part of another.
    """

    def __init__(self, triggers: Collection[Trigger]) -> None:
        texts = [trigger for trigger in triggers if isinstance(trigger, str)]
        for text in texts:
            for other in texts:
                if text != other and text in other:
                    raise ConstraintError(
                        f"trigger {text!r} is part of trigger {other!r}, which could never be "
                        "reached; leave one of them out"
                    )
        self._any: Regex = union(*map(literal, texts)) if texts else EMPTY
        self._free = complement(concat(ANYTHING, self._any, ANYTHING))

    @property
    def regex(self) -> Regex:
        """Free text to the end, which may be empty."""
        return self._free

    @property
    def lexeme(self) -> Lexeme | None:
        """Free text to the end; None if there is no character that it could have."""
        regex = difference(self._free, EPSILON)
        return None if is_empty(regex) else lexeme(Text(regex))

    def up_to(self, trigger: Trigger) -> Lexeme:
        """Free text and the trigger after it."""
        if isinstance(trigger, SpecialToken):
            return lexeme(Text(self._free), Literal(trigger.mark))
        earlier = concat(ANYTHING, self._any, ANY, ANYTHING)
        return lexeme(Text(intersect(concat(ANYTHING, literal(trigger)), complement(earlier))))


def mark_of(trigger: Trigger) -> bytes:
    """The bytes of a trigger.

    Raises:
        ConstraintError: it is empty.
    """
    if not trigger:
        raise ConstraintError("a trigger is empty; give it at least one character")
    return trigger.mark if isinstance(trigger, SpecialToken) else trigger.encode()


def least(texts: Iterable[bytes]) -> bytes:
    """The least text, by length, then as bytes."""
    return min(texts, key=lambda text: (len(text), text))


def names_of(triggers: Collection[Trigger]) -> Iterator[str]:
    """The names of the special tokens among triggers."""
    return (trigger.name for trigger in triggers if isinstance(trigger, SpecialToken))


class _Once:
    """One of some lexemes, and no more.

    Attributes:
        special_tokens: the names of the special tokens in them.
    """

    def __init__(self, lexemes: Collection[Lexeme], marks: Collection[Trigger]) -> None:
        self.special_tokens = frozenset(names_of(marks))
        self._lexemes = tuple(lexemes)
        self._ending = least(map(mark_of, marks))

    def start(self) -> bool:
        """See `Control.start`."""
        return False

    def lexemes(self, config: bool) -> tuple[Lexeme, ...]:
        """See `Control.lexemes`."""
        return () if config else self._lexemes

    def advance(self, config: bool, lexemes: tuple[Lexeme, ...], text: bytes | None) -> bool:
        """See `Control.advance`."""
        return True

    def accepting(self, config: bool) -> bool:
        """See `Control.accepting`."""
        return config

    def ending(self, config: bool) -> bytes:
        """See `Control.ending`."""
        return b"" if config else self._ending


def mark(triggers: Collection[Trigger]) -> Control[bool]:
    """One of some triggers."""
    return _Once([lexeme(Literal(mark_of(trigger))) for trigger in triggers], triggers)


def until(triggers: Collection[Trigger]) -> Control[bool]:
    """Free text up to the first of some triggers, and the trigger."""
    return _Once(list(map(FreeText(triggers).up_to, triggers)), triggers)


def up_to(free: FreeText, trigger: Trigger) -> Control[bool]:
    """Free text up to a trigger, and the trigger."""
    return _Once([free.up_to(trigger)], [trigger])


class Place(NamedTuple):
    """Structures written so far, as far as they written; where in one of them, if in any."""

    written: int
    item: Lexeme | None = None
    """The lexeme that led into the structure; None in free text."""
    inner: Any = None
    """The configuration of the structure; in free text whether it is the last of it."""


class TriggeredControl(ThreadsControl[Place]):
    """Free text, and after each trigger in it a text of that trigger's control.

    Args:
        controls: the control that a trigger leads to.
        at_least: structures that there have to be.
        at_most: structures that there may be; None for any number. No trigger comes after them.
    """

    def __init__(
        self, controls: Mapping[Trigger, Control[Any]], at_least: int, at_most: int | None
    ) -> None:
        names = {name for control in controls.values() for name in special_tokens(control)}
        super().__init__(names.union(names_of(controls.keys())))
        free = FreeText(controls.keys())
        self._inner = {free.up_to(trigger): control for trigger, control in controls.items()}
        self._free = free.lexeme
        self._at_least, self._at_most = at_least, at_most
        self._least = least(mark_of(t) + c.ending(c.start()) for t, c in controls.items())

    def beginnings(self) -> tuple[Place]:
        """See `ThreadsControl`."""
        return (Place(0),)

    def also(self, thread: Place) -> Iterator[Place]:
        """See `ThreadsControl`."""
        written, item, inner = thread
        if item is not None and self._inner[item].accepting(inner):
            most = self._at_least if self._at_most is None else self._at_most
            yield Place(min(written + 1, most))

    def lexemes_of(self, thread: Place) -> Collection[Lexeme]:
        """See `ThreadsControl`."""
        written, item, inner = thread
        if item is not None:
            return self._inner[item].lexemes(inner)
        if inner:
            return ()
        found = list(self._inner) if self._at_most is None or written < self._at_most else []
        if self._free is not None and written >= self._at_least:
            found.append(self._free)
        return found

    def step(self, thread: Place, lexemes: tuple[Lexeme, ...], text: bytes | None) -> Place | None:
        """See `ThreadsControl`."""
        written, item, inner = thread
        if item is None:
            # A text ends with one trigger at most, and free text to the end with none.
            (item,) = lexemes
            if item is self._free:
                return Place(written, inner=True)
            return Place(written, item, self._inner[item].start())
        after = self._inner[item].advance(inner, lexemes, text)
        return None if after is None else Place(written, item, after)

    def rests(self, thread: Place) -> bool:
        """See `ThreadsControl`."""
        return thread.item is None and thread.written >= self._at_least

    def ending_of(self, thread: Place) -> bytes:
        """See `ThreadsControl`."""
        written, item, inner = thread
        missing = max(self._at_least - written, 0)
        if item is None:
            return self._least * missing
        return self._inner[item].ending(inner) + self._least * max(missing - 1, 0)
