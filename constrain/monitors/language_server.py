"""Members as a language server knows them, asked over its standard input and output (LSP)."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Coroutine, Sequence
from concurrent import futures
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from constrain import __version__
from constrain.errors import ConstraintError
from constrain.monitors.monitor import Monitor
from constrain.monitors.place import Place, is_code

Found = TypeVar("Found")

_NAME = re.compile(r"[^\W\d]\w*")
_MOST_STARTS = 3
"""How often a server is started before it is given up."""
_PATIENCE = 2.0
"""Seconds that a server has to end when it is asked to."""


class LanguageServer:
    """A language server in a process of its own, started when first asked, again where it ends.

    A server must not cut its answers short (for clangd: `--limit-results=0`). Nothing shows whether
    one has: some servers call every answer incomplete.

    Args:
        command: the server and its arguments, those included that make it use its standard
            input and output.
        language: what LSP calls the language: "python", "typescript", "cpp", ...
        root: the folder of the repository.
        timeout: the most seconds that a question may take, the start of the server included.

    Raises:
        ConstraintError: pygls is not installed.
    """

    def __init__(
        self, command: Sequence[str], language: str, root: Path, timeout: float = 30.0
    ) -> None:
        try:
            import pygls.lsp.client  # noqa: F401
        except ImportError as error:
            raise ConstraintError(
                "language servers need pygls; install constrain[monitors]"
            ) from error
        self.language = language
        self._command = tuple(command)
        self._root = root
        self._timeout = timeout
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._client: Any = None
        self._gone: asyncio.Event | None = None
        self._starts = 0
        self._versions: dict[Path, int] = {}
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def members(self, path: Path, code: str, line: int, column: int) -> list[str]:
        """Return the names that the server completes with.

        Args:
            path: the file, which need not exist.
            code: all that is in it.
            line: the line of the cursor, from 1.
            column: the characters before the cursor in its line.

        Raises:
            TimeoutError: there was no answer in time.
            ConnectionError: the server ends again and again, or cannot be started.
        """
        with self._lock:
            return self._wait(self._members(path, code, line, column))

    def close(self) -> None:
        """End the server."""
        with self._lock:
            if self._gone is not None and not self._gone.is_set():
                self._wait(self._stop(self._gone))

    def _wait(self, work: Coroutine[Any, Any, Found]) -> Found:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(self._timeout)
        except futures.TimeoutError:
            future.cancel()
            raise TimeoutError(
                f"{self._command[0]} has not answered within {self._timeout:g} s"
            ) from None

    async def _start(self) -> None:
        from lsprotocol import types
        from pygls.lsp.client import LanguageClient

        if self._starts == _MOST_STARTS:
            raise ConnectionError(f"{self._command[0]} has ended {_MOST_STARTS} times")
        self._starts += 1
        self._versions.clear()
        gone = self._gone = asyncio.Event()

        class Client(LanguageClient):
            async def server_exit(self, server: Any) -> None:
                gone.set()

        self._client = Client("constrain", __version__)
        try:
            await self._client.start_io(*self._command)
        except OSError as error:
            raise ConnectionError(f"cannot start {self._command[0]}: {error}") from error
        uri = self._root.as_uri()
        await self._answered(
            self._client.initialize_async(
                types.InitializeParams(
                    capabilities=types.ClientCapabilities(),
                    root_uri=uri,
                    workspace_folders=[types.WorkspaceFolder(uri, self._root.name)],
                )
            )
        )
        self._client.initialized(types.InitializedParams())

    async def _stop(self, gone: asyncio.Event) -> None:
        async def ask_to_go() -> None:
            await self._client.shutdown_async(None)
            self._client.exit(None)
            await gone.wait()

        with suppress(asyncio.TimeoutError, RuntimeError):
            await asyncio.wait_for(ask_to_go(), _PATIENCE)
        if not gone.is_set():
            self._client._server.kill()
            await gone.wait()

    async def _answered(self, question: Coroutine[Any, Any, Found]) -> Found:
        """Wait for an answer, or for the end of the server."""
        assert self._gone is not None
        asked, gone = asyncio.ensure_future(question), asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait({asked, gone}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                return asked.result()
            raise ConnectionError(f"{self._command[0]} has ended")
        except RuntimeError as error:  # pygls' word for it
            await self._gone.wait()
            raise ConnectionError(f"{self._command[0]} has ended") from error
        finally:
            asked.cancel()
            gone.cancel()

    async def _members(self, path: Path, code: str, line: int, column: int) -> list[str]:
        while True:
            try:
                if self._gone is None or self._gone.is_set():
                    await self._start()
                return await self._completed(path, code, line, column)
            except ConnectionError:
                if self._starts == _MOST_STARTS or self._gone is None or not self._gone.is_set():
                    raise

    async def _completed(self, path: Path, code: str, line: int, column: int) -> list[str]:
        from lsprotocol import types

        uri = path.as_uri()
        version = self._versions[path] = self._versions.get(path, 0) + 1
        if version == 1:
            item = types.TextDocumentItem(uri, self.language, version, code)
            self._client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        else:
            changed = types.VersionedTextDocumentIdentifier(version, uri)
            whole = types.TextDocumentContentChangeWholeDocument(code)
            self._client.text_document_did_change(
                types.DidChangeTextDocumentParams(changed, [whole])
            )
        before = code.split("\n")[line - 1][:column]
        place = types.Position(line - 1, len(before.encode("utf-16-le")) // 2)
        found = await self._answered(
            self._client.text_document_completion_async(
                types.CompletionParams(types.TextDocumentIdentifier(uri), place)
            )
        )
        items = found.items if isinstance(found, types.CompletionList) else found or ()
        names = [_NAME.match(_inserted(item)) for item in items]
        return [name[0] for name in names if name]


def _inserted(item: Any) -> str:
    edit = item.text_edit
    return str(edit.new_text if edit is not None else item.insert_text or item.label)


class ServerMembers(Monitor):
    """After the dot of an expression come members of its type, as a language server knows them.

    Args:
        server: the server; several monitors may have the same one.
        place: where the code is written; its path has to be known.

    Raises:
        ConstraintError: the place has no path.
    """

    trigger = r"""[\w)\]}"']\s*\."""
    ahead = (".",)

    def __init__(self, server: LanguageServer, place: Place) -> None:
        if place.path is None:
            raise ConstraintError("a language server has to know the path of the file; give one")
        self._server = server
        self._path = place.path
        self._after = place.after
        self.before = place.before

    def suggest(self, text: str) -> list[str] | None:
        """See `Monitor.suggest`."""
        if self._server.language == "python" and not is_code(text):
            return None
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n") - 1
        code = f"{text}\n{self._after.removeprefix(chr(10))}"
        return self._server.members(self._path, code, line, column)
