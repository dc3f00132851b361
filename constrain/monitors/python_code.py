"""Python code at a place, analysed in process by Jedi."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from constrain.errors import ConstraintError
from constrain.monitors.languages import PYTHON
from constrain.monitors.monitor import Monitor
from constrain.monitors.place import Place

Found = TypeVar("Found")

_lock = threading.Lock()
"""Jedi is not for several threads."""


class PythonMonitor(Monitor):
    """A monitor of Python code.

    Args:
        place: where the code is written.
        timeout: the most seconds that a question may take.

    Raises:
        ConstraintError: Jedi is not installed.
    """

    def __init__(self, place: Place, timeout: float = 10.0) -> None:
        try:
            import jedi
        except ImportError as error:
            raise ConstraintError(
                "monitors of Python code need Jedi; install constrain[monitors]"
            ) from error
        self.place = place
        self.before = place.before
        self._timeout = timeout
        self._jedi = jedi
        self._project = jedi.Project(place.root)

    def ask(self, text: str, question: Callable[[Any, int, int], Found]) -> Found:
        """Return the answer to a question about the place where `text` ends.

        Args:
            text: the code up to there; what stands after the cursor follows.
            question: of a `jedi.Script`, a line, from 1, and a column, from 0.

        Raises:
            TimeoutError: there was none in time.
        """
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n") - 1
        answers: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

        def answer() -> None:
            with _lock:
                try:
                    # A statement that ends where the file does hides what is around it.
                    code = f"{PYTHON.closed(text)}\n{self.place.after.removeprefix(chr(10))}"
                    script = self._jedi.Script(code, path=self.place.path, project=self._project)
                    with self._quickly():
                        answers.put((question(script, line, column), None))
                except BaseException as error:
                    answers.put((None, error))

        threading.Thread(target=answer, daemon=True).start()
        try:
            found, error = answers.get(timeout=self._timeout)
        except Empty:
            raise TimeoutError(f"Jedi has not answered within {self._timeout:g} s") from None
        if error is not None:
            raise error
        return found

    @contextmanager
    def _quickly(self) -> Iterator[None]:
        """Jedi does not look through other files, 2,000 at most, for what functions are given."""
        settings = self._jedi.settings
        before = settings.dynamic_params_for_other_modules
        settings.dynamic_params_for_other_modules = False
        try:
            yield
        finally:
            settings.dynamic_params_for_other_modules = before

    def completions(self, text: str) -> list[Any]:
        """Return Jedi's completions where `text` ends."""
        return self.ask(text, lambda script, line, column: script.complete(line, column))
