"""How the `constrain` command speaks: results to stdout, all else to stderr, exit codes."""

from __future__ import annotations

import io
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from constrain.errors import (
    AcceptanceError,
    ConstraintError,
    GenerationError,
    GrammarWarning,
    MonitorWarning,
    SchemaWarning,
)

_EXCERPT = 100
"""Characters of a line that are shown."""


class ExitCode(IntEnum):
    """What the exit code of the command says."""

    OK = 0
    REFUSED = 1
    BAD_INPUT = 2
    FAILED = 3
    BUG = 70
    INTERRUPTED = 130
    UNREAD = 141


class InputError(ConstraintError):
    """An argument of the command cannot be used."""


class Terminal:
    """The two streams of one run of the command.

    Attributes:
        as_json: write one JSON object to stdout instead of text for people.
        ignored: what has been ignored in a schema, each thing once.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.ignored: list[dict[str, str]] = []
        self._out = Console(soft_wrap=True, highlight=False)
        self._err = Console(soft_wrap=True, highlight=False, stderr=True)
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")

    @property
    def told(self) -> dict[str, Any]:
        """What has been ignored, if anything, as part of a document."""
        return {"ignored": self.ignored} if self.ignored else {}

    @property
    def is_interactive(self) -> bool:
        """Whether a person reads stdout."""
        return self._out.is_terminal and not self.as_json

    def document(self, value: Any) -> None:
        """Write a JSON value: indented and coloured for a person, else one line."""
        if self.is_interactive:
            self._out.print_json(data=value, ensure_ascii=False)
        else:
            self.line(json.dumps(value, ensure_ascii=False))

    def line(self, text: str) -> None:
        """Write a line to stdout as it is."""
        with _writing():
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()

    def styled(self, markup: str) -> None:
        """Write a line of rich markup to stdout."""
        with _writing():
            self._out.print(markup)

    def note(self, markup: str) -> None:
        """Write a line of rich markup about the run to stderr; with --json, nothing."""
        if not self.as_json:
            self._err.print(markup)

    @contextmanager
    def busy(self, what: str) -> Iterator[None]:
        """Show on a terminal what is going on, and for how long."""
        if not self._err.is_terminal or self.as_json:
            yield
            return
        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        with Progress(*columns, console=self._err, transient=True) as progress:
            progress.add_task(what, total=None)
            yield

    @contextmanager
    def watching(self, what: str, total: int) -> Iterator[Callable[[int, str], None]]:
        """Show on a terminal how far a run is: yields what takes steps done and a remark."""
        if not self._err.is_terminal or self.as_json:
            yield lambda done, remark: None
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[remark]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._err, transient=True) as progress:
            task = progress.add_task(what, total=total, remark="")
            yield lambda done, remark: progress.update(task, completed=done, remark=remark)

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Turn errors into one line on stderr (an object on stdout with --json) and an exit code.

        Raises:
            typer.Exit: with the exit code of the error.
        """
        try:
            with self._noting_warnings():
                yield
        except KeyboardInterrupt:
            self._fail(ExitCode.INTERRUPTED, {"type": "Interrupted", "message": "interrupted"})
        except GenerationError as error:
            self._fail(ExitCode.FAILED, _as_data(error))
        except ConstraintError as error:
            self._fail(ExitCode.BAD_INPUT, _as_data(error))
        except typer.Exit:
            raise
        except Exception as error:
            if not self.as_json:
                self._err.print_exception()
            said = _line(f"this is a bug, please report it: {type(error).__name__}: {error}")
            self._fail(ExitCode.BUG, {"type": type(error).__name__, "message": said})

    @contextmanager
    def _noting_warnings(self) -> Iterator[None]:
        """Take up warnings about schemas, grammars and of monitors; others are shown as ever."""
        with warnings.catch_warnings():
            warnings.simplefilter("always", SchemaWarning)
            warnings.simplefilter("always", GrammarWarning)
            show = warnings.showwarning

            def note(message: Warning | str, *where: Any, **more: Any) -> None:
                if isinstance(message, MonitorWarning):
                    self.note(f"[yellow]warning:[/] {escape(_line(str(message)))}")
                elif not isinstance(message, SchemaWarning | GrammarWarning):
                    show(message, *where, **more)
                elif vars(message) not in self.ignored:
                    self.ignored.append(vars(message))
                    self.note(f"[yellow]warning:[/] {escape(_line(str(message)))}")

            warnings.showwarning = note
            yield

    def _fail(self, code: ExitCode, error: Mapping[str, Any]) -> None:
        if self.as_json:
            self.document({"ok": False, "exit_code": int(code), "error": error})
        else:
            self._err.print(f"[bold red]error:[/] {escape(error['message'])}")
            for line in _excerpt(error):
                self._err.print(f"  {escape(line)}")
        raise typer.Exit(code)


@contextmanager
def _writing() -> Iterator[None]:
    """Turn the failure to write to stdout into an exit code or an error."""
    try:
        yield
    except OSError as error:
        # what is left in the buffer is not to fail again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise typer.Exit(ExitCode.UNREAD) from None
        raise InputError(f"cannot write to stdout: {error.strerror}") from error


def _as_data(error: ConstraintError) -> dict[str, Any]:
    data = {"type": type(error).__name__, "message": _line(str(error)), **vars(error)}
    if isinstance(error, AcceptanceError):
        data["samples"] = [sample.text for sample in error.samples]
    data.pop("run", None)  # is for pictures
    return data


def _excerpt(error: Mapping[str, Any]) -> list[str]:
    """The line of a grammar's file in which a mistake stands, and a mark below it."""
    if error["type"] != "GrammarSyntaxError" or error["file"] is None:
        return []
    lines = Path(error["file"]).read_text("utf-8", errors="replace").split("\n")
    before = error["column"] - 1
    begin = max(0, before - _EXCERPT // 2)
    line = lines[error["line"] - 1][begin : begin + _EXCERPT].expandtabs(1)
    return [line, " " * (before - begin) + "^"]


def _line(text: str) -> str:
    return " ".join(text.split())
