"""Python code at a place, analysed in process by Jedi."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import count
from keyword import iskeyword
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from constrain.errors import ConstraintError
from constrain.monitors.languages import PYTHON
from constrain.monitors.monitor import Monitor
from constrain.monitors.place import Place

Found = TypeVar("Found")

_lock = threading.Lock()
"""Jedi is not for several threads."""
_numbers = count()
_latest: list[object] = [None, None]
"""The number of the latest question, and the place that was read ahead of need last."""
_ALONE = re.compile(r"(?<!\w)(?P<name>(?a:(?!\d)\w+))\s*[.(]\Z")
_STARRED = re.compile(r"\bimport\s*\*")
_IMPORT = re.compile(r"(?m)^(?:from|import)[ \t]+[\w.]+(?:[ \t]+import[ \t]+\w+)?")


class PythonMonitor(Monitor):
    """A monitor of Python code.

    What the file imports is read in the background, until the first question comes.

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
        if _latest[1] != place:
            _latest[1] = place
            threading.Thread(target=self._read_ahead, daemon=True).start()

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
            try:
                with _lock, self._quickly():
                    try:
                        found = question(self._script(text), line, column)
                    except KeyError:  # its memory of files was full, and has lost some in use
                        self._jedi.cache.clear_time_caches(delete_all=True)
                        found = question(self._script(text), line, column)
                answers.put((found, None))
            except BaseException as error:
                answers.put((None, error))

        _latest[0] = next(_numbers)
        threading.Thread(target=answer, daemon=True).start()
        try:
            found, error = answers.get(timeout=self._timeout)
        except Empty:
            raise TimeoutError(f"Jedi has not answered within {self._timeout:g} s") from None
        if error is not None:
            raise error
        return found

    def _script(self, text: str) -> Any:
        # A statement that ends where the file does hides what is around it.
        code = f"{PYTHON.closed(text)}\n{self.place.after.removeprefix(chr(10))}"
        return self._jedi.Script(code, path=self.place.path, project=self._project)

    def _read_ahead(self) -> None:
        """Have Jedi read what the file imports, so that its questions find it known."""
        latest, before = _latest[0], self.before
        ends = [match.end() for match in _IMPORT.finditer(before)]
        with _lock:
            script = self._script(before)
        for end in ends:
            if _latest[0] != latest:
                return
            line, column = before.count("\n", 0, end) + 1, end - before.rfind("\n", 0, end) - 2
            with _lock, self._quickly(), suppress(Exception):
                script.infer(line, column)

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

    def is_unknown(self, text: str) -> bool:
        """Return whether nothing binds the name that stands alone before the last character.

        That is seen without Jedi: a name that is nowhere else in the file, and no builtin. Keywords
        are none either.
        """
        found = _ALONE.search(text, max(0, len(text) - 200))
        if found is None:
            return False
        name, begin = found["name"], found.start()
        if iskeyword(name):
            return name not in ("None", "True", "False")
        if name.startswith("__") or text[:begin].rstrip().endswith((".", "\\")):
            return False
        word = re.compile(rf"\b{name}\b")
        elsewhere = word.search(text, 0, begin) or word.search(self.place.after)
        return not (
            elsewhere
            or name in _builtins()
            or _STARRED.search(text)
            or _STARRED.search(self.place.after)
        )


@lru_cache(1)
def _builtins() -> frozenset[str]:
    """The names that Jedi knows everywhere."""
    import jedi

    with _lock:
        return frozenset(completion.name for completion in jedi.Script("").complete())
