"""Where time goes."""

from __future__ import annotations

from time import perf_counter


class Clock:
    """The time spent in one kind of work: `with clock: ...`, not nested.

    Attributes:
        seconds: so far.
    """

    __slots__ = ("_started", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self._started = 0.0

    def __enter__(self) -> None:
        self._started = perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += perf_counter() - self._started
