"""Controls that follow several others at once: what all combinations of controls have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Iterable
from typing import Generic, TypeVar

from constrain.lexing.lexeme import Lexeme

Thread = TypeVar("Thread", bound=Hashable)
"""One way to understand the text so far: where it stands in which control."""


class ThreadsControl(ABC, Generic[Thread]):
    """A control whose configurations are sets of threads.

    Threads live side by side: a text is allowed where one of them allows it. A class says how a
    thread begins, moves and ends, and which others it stands for as well (`also`).
    """

    def __init__(self, special_tokens: Iterable[str] = ()) -> None:
        self.special_tokens = frozenset(special_tokens)

    @abstractmethod
    def beginnings(self) -> Iterable[Thread]:
        """Return the threads before any output."""

    @abstractmethod
    def also(self, thread: Thread) -> Iterable[Thread]:
        """Return the threads that a thread is without a further lexeme."""

    @abstractmethod
    def lexemes_of(self, thread: Thread) -> Collection[Lexeme]:
        """Return the lexemes that may come next in a thread."""

    @abstractmethod
    def step(
        self, thread: Thread, lexemes: tuple[Lexeme, ...], text: bytes | None
    ) -> Thread | None:
        """Return the thread after a text that all of `lexemes`, its own, match."""

    @abstractmethod
    def rests(self, thread: Thread) -> bool:
        """Return whether the output may end in a thread."""

    @abstractmethod
    def ending_of(self, thread: Thread) -> bytes:
        """Return the least text that completes the output from a thread."""

    def start(self) -> frozenset[Thread]:
        """See `Control.start`."""
        return self._closed(self.beginnings())

    def lexemes(self, config: frozenset[Thread]) -> tuple[Lexeme, ...]:
        """See `Control.lexemes`."""
        found: dict[Lexeme, None] = {}
        for thread in config:
            found |= dict.fromkeys(self.lexemes_of(thread))
        return tuple(found)

    def advance(
        self, config: frozenset[Thread], lexemes: tuple[Lexeme, ...], text: bytes | None
    ) -> frozenset[Thread] | None:
        """See `Control.advance`."""
        found = []
        for thread in config:
            own = self.lexemes_of(thread)
            ended = tuple(item for item in lexemes if item in own)
            after = self.step(thread, ended, text) if ended else None
            if after is not None:
                found.append(after)
        return self._closed(found) if found else None

    def accepting(self, config: frozenset[Thread]) -> bool:
        """See `Control.accepting`."""
        return any(map(self.rests, config))

    def ending(self, config: frozenset[Thread]) -> bytes:
        """See `Control.ending`."""
        return min(map(self.ending_of, config), key=lambda text: (len(text), text))

    def _closed(self, threads: Iterable[Thread]) -> frozenset[Thread]:
        found = dict.fromkeys(threads)
        left: list[Thread] = []
        pending = [*found]
        while pending:
            thread = pending.pop()
            others = [*self.also(thread)]
            if others:
                left.append(thread)
            for other in others:
                if other not in found:
                    found[other] = None
                    pending.append(other)
        for thread in left:
            if not self.lexemes_of(thread) and not self.rests(thread):
                del found[thread]
        return frozenset(found)
