"""Language servers: questions to them, in time, whatever they do."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from constrain.errors import ConstraintError
from constrain.monitors.failure import ServerError
from constrain.monitors.languages import Language, language_named

if TYPE_CHECKING:
    from lsprotocol import types

    from constrain.monitors.completions import Completions
    from constrain.monitors.lsp import Connection

Found = TypeVar("Found")

_MOST_STARTS = 3
"""How often a server is started without an answer before it is given up."""
_MOST_LATE = 2
"""Questions in a row without an answer in time, after which a server is ended."""
_MOST_WINDOWS = 1000
"""Questions that are asked for the names of one place."""
_KEPT = 64
"""Answers, and questions under way, that are kept."""
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
_DIGITS = "0123456789"
_SOME_NAME = "some_member"
_LONGEST_SIGN = 2
"""Characters of the longest sign that is like a dot and may be misplaced."""
_ERROR = 1
"""`DiagnosticSeverity`."""


class Problem(NamedTuple):
    """What a server finds wrong with a text.

    Attributes:
        line: where it begins, from 1.
        message: what it is.
    """

    line: int
    message: str


class Signature(NamedTuple):
    """What a function takes.

    Attributes:
        label: the whole signature.
        parameters: each, as it is written in it.
    """

    label: str
    parameters: tuple[str, ...]


class LanguageServer:
    """A language server in a process of its own, started when first needed, again where it ends.

    It is ended by `close`, with the `with` statement, or when the interpreter ends. Questions may
    come from several threads; the server gets one after the other.

    A server that ends, or is late twice in a row, is started again by the next question; after
    three starts without an answer it is given up.

    Args:
        command: the server and its arguments, those included that make it use its standard
            input and output.
        language: of the files; those that LSP calls "python", "typescript", "typescriptreact",
            "javascript", "javascriptreact", "cpp" and "c" are known by name.
        root: the folder of the repository.
        timeout: the most seconds that a question may take, the start of the server included.

    Raises:
        ConstraintError: pygls is not installed, or the language is not known.
    """

    def __init__(
        self,
        command: Sequence[str],
        language: str | Language,
        root: Path,
        timeout: float = 30.0,
    ) -> None:
        try:
            import pygls.client  # noqa: F401
        except ImportError as error:
            raise ConstraintError(
                "language servers need pygls; install constrain[monitors]"
            ) from error
        self.language = language_named(language) if isinstance(language, str) else language
        self._command = tuple(command)
        self._root = root.resolve()
        self._timeout = timeout
        self._lock = threading.Lock()
        self._asked: OrderedDict[tuple[Path, str, str], Future[frozenset[str] | None]]
        self._forget()
        _servers.add(self)

    def _forget(self) -> None:
        """Begin anew, with no process."""
        self._process = os.getpid()
        self._asked = OrderedDict()
        self._turn = asyncio.Lock()
        self._connection: Connection | None = None
        self._starts = 0
        self._late = 0
        self._trouble: Exception | None = None

    def members(self, path: Path, before: str, after: str = "") -> frozenset[str] | None:
        """Return the members that may be written at a place; None where none is due.

        Args:
            path: the file, which need not exist.
            before: the code up to the cursor.
            after: the code behind it.

        Raises:
            TimeoutError: there was no answer in time.
            ConnectionError: the server ends again and again, cannot be started, or gives answers
                that are none.
        """
        return self._wait(self._begun(path, before, after))

    def signatures(self, path: Path, before: str, after: str = "") -> list[Signature]:
        """Return those of what is called where `before` ends, right behind the bracket.

        Raises:
            TimeoutError, ConnectionError: as `members`.
        """
        return self._wait(self._run(self._signatures(path, before, after)))

    def is_misplaced(self, path: Path, before: str, after: str = "") -> bool:
        """Return whether what is like a dot, or `(`, with which `before` ends, cannot stand there.

        A name, or `)`, is put behind it, and the server asked what it finds wrong. That is so only
        where it says so by one of the codes in `Language.misplaced`.

        Raises:
            TimeoutError, ConnectionError: as `members`.
        """
        return self._wait(self._run(self._misplaced(path, before, after)))

    def expect(self, path: Path, before: str, after: str = "") -> None:
        """Begin to ask for members that `members` will be asked for soon. Returns at once."""
        self._begun(path, before, after)

    def prepare(self, path: Path, code: str) -> None:
        """Begin to start the server, and show it a file. Returns at once."""
        self._run(self._prepared(path, code))

    def errors(self, path: Path, code: str) -> list[Problem]:
        """Return what the server finds wrong with a file.

        Raises:
            TimeoutError: there was no answer in time.
            ConnectionError: as in `members`; or the server cannot be asked for errors.
        """
        return self._wait(self._run(self._wrong(path, code)))

    def close(self) -> None:
        """End the server. Another question would start it again."""
        if self._connection is not None and self._process == os.getpid():
            with suppress(TimeoutError, Late):
                asyncio.run_coroutine_threadsafe(self._stop(), _loop()).result(10)

    def __enter__(self) -> LanguageServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- from the threads that ask -------------------------------------------------------------

    def _begun(self, path: Path, before: str, after: str) -> Future[frozenset[str] | None]:
        with self._lock:
            if self._process != os.getpid():  # a fork has no threads but one
                self._forget()
            known = self._asked.get((path, before, after))
            if known is None or (known.done() and known.exception()):
                known = self._run(self._names(path, before, after))
                self._asked[path, before, after] = known
                if len(self._asked) > _KEPT:
                    self._asked.popitem(last=False)
            return known

    def _run(self, work: Coroutine[Any, Any, Found]) -> Future[Found]:
        return asyncio.run_coroutine_threadsafe(self._in_time(work), _loop())

    def _wait(self, asked: Future[Found]) -> Found:
        try:
            return asked.result(self._timeout + 1)
        except Late:
            raise self._lateness() from None

    def _lateness(self) -> TimeoutError:
        return TimeoutError(f"{self._command[0]} has not answered within {self._timeout:g} s")

    # -- in the loop ---------------------------------------------------------------------------

    async def _in_time(self, work: Coroutine[Any, Any, Found]) -> Found:
        try:
            return await asyncio.wait_for(work, self._timeout)
        except asyncio.TimeoutError:
            self._late += 1
            if self._late >= _MOST_LATE and self._connection is not None:
                self._late = 0
                self._connection.kill()
            raise self._lateness() from None

    async def _running(self, path: Path) -> Connection:
        from constrain.monitors.lsp import Connection

        if self.language.includes and self._connection and self._connection.knows_others(path):
            await self._stop()
        while self._connection is None or self._connection.gone.is_set():
            if self._starts == _MOST_STARTS:
                raise ConnectionError(f"{self._trouble}; given up after {_MOST_STARTS} starts")
            self._starts += 1
            self._connection = None
            try:
                self._connection = await Connection.start(
                    self._command, self._root, self.language.options
                )
            except ConnectionError as error:
                self._trouble = error
                if isinstance(error, ServerError):
                    raise
        return self._connection

    async def _answered(
        self, path: Path, question: Callable[[Connection], Awaitable[Found]]
    ) -> Found:
        """Return an answer of the server, which is started again where it ends meanwhile."""
        async with self._turn:
            while True:
                connection = await self._running(path)
                try:
                    found = await question(connection)
                except ConnectionError as error:
                    self._trouble = error
                    if not connection.gone.is_set():
                        raise
                else:
                    self._starts = self._late = 0
                    return found

    async def _prepared(self, path: Path, code: str) -> None:
        async with self._turn:
            connection = await self._running(path)
            connection.show(path, self.language.name, code)

    async def _names(self, path: Path, before: str, after: str) -> frozenset[str] | None:
        async def asked(connection: Connection) -> frozenset[str] | None:
            return await self._all_names(connection, path, before, after)

        return await self._answered(path, asked)

    async def _all_names(
        self, connection: Connection, path: Path, before: str, after: str
    ) -> frozenset[str] | None:
        """Ask for names; where the answer is cut short, for those with each beginning."""
        first = await self._window(connection, path, before, after)
        if first.names is None or not first.is_incomplete:
            return first.names
        names, beginnings = set(first.names), list(_LETTERS)
        for _ in range(_MOST_WINDOWS):
            if not beginnings:
                return frozenset(names)
            begun = beginnings.pop()
            window = await self._window(connection, path, before, after, begun)
            names.update(window.names or ())
            if window.is_incomplete:
                beginnings += [begun + letter for letter in _LETTERS + _DIGITS]
        raise ServerError(f"{self._command[0]} cuts its answers short; have it give more at once")

    async def _window(
        self, connection: Connection, path: Path, before: str, after: str, begun: str = ""
    ) -> Completions:
        from lsprotocol import types

        from constrain.monitors.completions import completions

        text = before + begun
        uri = connection.show(path, self.language.name, self._code(text, after))
        line = text[text.rfind("\n") + 1 :]
        answer = await connection.ask(
            "textDocument/completion",
            types.CompletionParams(types.TextDocumentIdentifier(uri), _position(text)),
        )
        return completions(answer, self.language, line, len(begun))

    async def _wrong(self, path: Path, code: str) -> list[Problem]:
        from lsprotocol import types

        async def asked(connection: Connection) -> list[Problem]:
            if not connection.shows(path, code):  # a file that is told again is read again
                connection.show(path, self.language.name, code)
            uri = types.TextDocumentIdentifier(path.as_uri())
            answer = await connection.ask(
                "textDocument/diagnostic", types.DocumentDiagnosticParams(uri)
            )
            try:
                return [
                    Problem(item["range"]["start"]["line"] + 1, str(item["message"]))
                    for item in answer["items"]
                    if item.get("severity", _ERROR) == _ERROR
                ]
            except (AttributeError, KeyError, TypeError) as error:
                raise ServerError(f"diagnostics are malformed: {str(answer)[:80]}") from error

        return await self._answered(path, asked)

    def _code(self, text: str, after: str) -> str:
        # A statement that ends where the file does hides what is around it.
        return f"{self.language.closed(text)}\n{after.removeprefix(chr(10))}"

    async def _signatures(self, path: Path, before: str, after: str) -> list[Signature]:
        from lsprotocol import types

        async def asked(connection: Connection) -> list[Signature]:
            uri = connection.show(path, self.language.name, self._code(before, after))
            answer = await connection.ask(
                "textDocument/signatureHelp",
                types.SignatureHelpParams(types.TextDocumentIdentifier(uri), _position(before)),
            )
            try:
                return [_signature(item) for item in (answer or {}).get("signatures", [])]
            except (AttributeError, KeyError, TypeError) as error:
                raise ServerError(f"signatures are malformed: {str(answer)[:80]}") from error

        return await self._answered(path, asked)

    async def _misplaced(self, path: Path, before: str, after: str) -> bool:
        code = self._code(before + (")" if before.endswith("(") else _SOME_NAME), after)
        place = _position(before)
        row, end = place.line, place.character

        async def asked(connection: Connection) -> bool:
            found = await connection.found(connection.show(path, self.language.name, code))
            try:
                return any(
                    problem.get("code") in self.language.misplaced
                    and problem["range"]["start"]["line"] == row
                    and problem["range"]["start"]["character"] <= end
                    and problem["range"]["end"]["character"] >= end - _LONGEST_SIGN
                    for problem in found
                )
            except (AttributeError, KeyError, TypeError) as error:
                raise ServerError(f"diagnostics are malformed: {str(found)[:80]}") from error

        return await self._answered(path, asked)

    async def _stop(self) -> None:
        connection, self._connection = self._connection, None
        self._starts = self._late = 0
        if connection is not None:
            await connection.stop()

    def __del__(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None and self._process == os.getpid():
            with suppress(RuntimeError):  # the interpreter ends
                _loop().call_soon_threadsafe(connection.kill)


def _position(text: str) -> types.Position:
    """Where a text ends."""
    from lsprotocol import types

    line = text[text.rfind("\n") + 1 :]
    return types.Position(text.count("\n"), len(line.encode("utf-16-le")) // 2)


def _signature(item: dict[str, Any]) -> Signature:
    """Read one of `textDocument/signatureHelp`; a parameter may be said by where it stands in it.

    Raises:
        AttributeError, KeyError, TypeError: it is malformed.
    """
    label = str(item["label"])
    spans = [parameter["label"] for parameter in item.get("parameters") or ()]
    return Signature(
        label, tuple(x if isinstance(x, str) else label[int(x[0]) : int(x[1])] for x in spans)
    )


_servers: weakref.WeakSet[LanguageServer] = weakref.WeakSet()


def _loop() -> asyncio.AbstractEventLoop:
    """The event loop of all servers, in a thread of its own."""
    return _loop_of(os.getpid())


@cache
def _loop_of(process: int) -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="language servers", daemon=True).start()
    return loop


@atexit.register
def _close_all() -> None:
    running = [s for s in _servers if s._connection is not None and s._process == os.getpid()]
    stops = [asyncio.run_coroutine_threadsafe(s._stop(), _loop()) for s in running]
    for stop in stops:
        with suppress(TimeoutError, Late):
            stop.result(10)
