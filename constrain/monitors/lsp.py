"""One language server that runs, spoken to over its standard input and output (LSP)."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.client import JsonRPCClient
from pygls.exceptions import JsonRpcException
from pygls.io_ import run_async
from pygls.protocol import JsonRPCProtocol, JsonRPCRequestMessage, JsonRPCResponseMessage
from pygls.protocol.json_rpc import JsonRPCNotification

from constrain import __version__
from constrain.monitors.failure import ServerError

_PATIENCE = 2.0
"""Seconds that a server has to end when it is asked to."""
_REMEMBERED = 2000
"""Bytes of a server's latest complaints that are kept."""

logging.getLogger("pygls").addHandler(logging.NullHandler())


class _Protocol(JsonRPCProtocol):
    """Takes messages as they are: what is in them is judged by who uses it."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        if "jsonrpc" not in data:
            return data
        version: str = data["jsonrpc"]
        number: Any = data.get("id")
        if "method" in data:
            method, params = data["method"], data.get("params")
            if number is None:
                return JsonRPCNotification(method, version, params)
            return JsonRPCRequestMessage(number, method, version, params)
        if "error" not in data:
            return JsonRPCResponseMessage(number, version, data.get("result"))
        error = data["error"]
        said = error.get("message") if isinstance(error, dict) else error
        refusal = types.ResponseError(types.ErrorCodes.InternalError, str(said))
        return types.ResponseErrorMessage(number, refusal, version)


class Connection:
    """A server in a process of its own. All methods run in the event loop that started it.

    Attributes:
        gone: the process has ended.
    """

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        assert process.stdin is not None
        self.gone = asyncio.Event()
        self._process = process
        self._name = name
        self._said = b""
        self._numbers = itertools.count(1)
        self._pending: set[asyncio.Future[Any]] = set()
        self._versions: dict[str, int] = {}
        self._texts: dict[str, str] = {}
        self._found: dict[tuple[str, int], asyncio.Future[Any]] = {}
        client = JsonRPCClient(_Protocol)
        client.feature("textDocument/publishDiagnostics")(lambda params: self._publish(params))
        client.feature("client/registerCapability")(lambda params: None)
        self._protocol = client.protocol
        self._protocol.set_writer(process.stdin)
        self._tasks = [asyncio.ensure_future(self._listen()), asyncio.ensure_future(self._note())]

    @classmethod
    async def start(
        cls, command: Sequence[str], root: Path, options: Mapping[str, Any]
    ) -> Connection:
        """Start a server for the files of a folder.

        Raises:
            ConnectionError: it cannot be started, or ends, or refuses.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=root,
                start_new_session=True,  # interrupts from the terminal are not for the server
            )
        except OSError as error:
            raise ServerError(f"cannot start {command[0]}: {error}") from error
        found = cls(process, command[0])
        try:
            await found._greet(root, options)
        except BaseException:
            found.kill()
            raise
        return found

    async def _greet(self, root: Path, options: Mapping[str, Any]) -> None:
        uri = root.as_uri()
        completion = types.ClientCompletionItemOptions(snippet_support=False)
        answer = await self.ask(
            "initialize",
            types.InitializeParams(
                process_id=os.getpid(),
                client_info=types.ClientInfo("constrain", __version__),
                capabilities=types.ClientCapabilities(
                    general=types.GeneralClientCapabilities(
                        position_encodings=[types.PositionEncodingKind.Utf16]
                    ),
                    text_document=types.TextDocumentClientCapabilities(
                        completion=types.CompletionClientCapabilities(completion_item=completion),
                        diagnostic=types.DiagnosticClientCapabilities(),
                        publish_diagnostics=types.PublishDiagnosticsClientCapabilities(
                            version_support=True
                        ),
                    ),
                ),
                root_uri=uri,
                workspace_folders=[types.WorkspaceFolder(uri, root.name)],
                initialization_options=dict(options) or None,
            ),
        )
        if not isinstance(answer, dict) or not isinstance(answer.get("capabilities"), dict):
            raise ServerError(f"{self._name} does not say what it can do")
        self.tell("initialized", types.InitializedParams())

    async def ask(self, method: str, params: Any = None) -> Any:
        """Return the answer to a question, which is given up where this is cancelled.

        Raises:
            ConnectionError: the server ends, refuses, or says what cannot be read.
        """
        number = str(next(self._numbers))
        asked = self._protocol.send_request_async(method, params, msg_id=number)
        asked.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._pending.add(asked)
        gone = asyncio.ensure_future(self.gone.wait())
        try:
            await asyncio.wait({asked, gone}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                return asked.result()
        except asyncio.CancelledError:
            if not self.gone.is_set():
                self.tell("$/cancelRequest", {"id": number})
            raise
        except JsonRpcException as error:
            raise ServerError(f"{self._name} refuses {method}: {error}") from error
        finally:
            gone.cancel()
            self._pending.discard(asked)
        said = self._said.decode(errors="replace").strip()
        raise ConnectionError(f"{self._name} has ended" + (f": {said}" if said else ""))

    async def found(self, uri: str) -> Any:
        """Return what the server publishes that it finds wrong with a file as it was shown last.

        Raises:
            ConnectionError: the server ends.
        """
        shown = uri, self._versions[uri]
        future = self._found[shown] = asyncio.get_running_loop().create_future()
        gone = asyncio.ensure_future(self.gone.wait())
        try:
            await asyncio.wait({future, gone}, return_when=asyncio.FIRST_COMPLETED)
            if future.done():
                return future.result()
        finally:
            gone.cancel()
            del self._found[shown]
        raise ConnectionError(f"{self._name} has ended")

    def _publish(self, params: Any) -> None:
        """Hand over what is wrong; nothing where it is not said of which text."""
        if not isinstance(params, dict):
            return
        for (uri, version), future in self._found.items():
            said = params.get("version")
            if params.get("uri") == uri and said in (version, None) and not future.done():
                future.set_result([] if said is None else params.get("diagnostics"))

    def tell(self, method: str, params: Any = None) -> None:
        """Tell the server something that has no answer."""
        self._protocol.notify(method, params)

    def show(self, path: Path, language: str, code: str) -> str:
        """Tell the server what is in a file now; return its URI."""
        uri = path.as_uri()
        version = self._versions[uri] = self._versions.get(uri, 0) + 1
        self._texts[uri] = code
        if version == 1:
            item = types.TextDocumentItem(uri, language, version, code)
            self.tell("textDocument/didOpen", types.DidOpenTextDocumentParams(item))
        else:
            changed = types.VersionedTextDocumentIdentifier(version, uri)
            whole = types.TextDocumentContentChangeWholeDocument(code)
            self.tell("textDocument/didChange", types.DidChangeTextDocumentParams(changed, [whole]))
        return uri

    def shows(self, path: Path, code: str) -> bool:
        """Whether the server has been told that this is in a file now."""
        return self._texts.get(path.as_uri()) == code

    def knows_others(self, path: Path) -> bool:
        """Whether it has been shown other files than this."""
        return bool(self._versions.keys() - {path.as_uri()})

    async def stop(self) -> None:
        """End the server: ask it to, and see to it."""
        with suppress(asyncio.TimeoutError, ConnectionError):
            await asyncio.wait_for(self._leave(), _PATIENCE)
        self.kill()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.gone.wait(), _PATIENCE)

    async def _leave(self) -> None:
        await self.ask("shutdown")
        self.tell("exit")
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self.gone.wait()

    def kill(self) -> None:
        """End the process, and those that it has started."""
        if self.gone.is_set():
            return
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    async def _listen(self) -> None:
        """Read what the server says, until it ends or says what is no message."""
        assert self._process.stdout is not None
        with suppress(Exception):
            await run_async(
                threading.Event(),
                self._process.stdout,
                self._protocol,
                error_handler=self._unreadable,
            )
        self.kill()
        await self._process.wait()
        self.gone.set()

    def _unreadable(self, error: Exception, _source: type) -> None:
        for asked in list(self._pending):
            if not asked.done():
                asked.set_exception(ServerError(f"{self._name} says what cannot be read: {error}"))

    async def _note(self) -> None:
        """Keep the end of what the server complains of."""
        assert self._process.stderr is not None
        while piece := await self._process.stderr.read(4096):
            self._said = (self._said + piece)[-_REMEMBERED:]
