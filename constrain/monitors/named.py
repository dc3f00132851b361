"""Monitors by name: of Python code, and members in files of other languages."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from constrain.errors import ConstraintError
from constrain.monitors.calls import Arguments
from constrain.monitors.classes import Classes
from constrain.monitors.language_server import LanguageServer
from constrain.monitors.languages import PYTHON, language_of
from constrain.monitors.members import Dereference, Imports
from constrain.monitors.monitor import Monitor
from constrain.monitors.names import EnumMembers, Exceptions, Names
from constrain.monitors.place import Place
from constrain.monitors.python_code import PythonMonitor
from constrain.monitors.server_calls import ServerArguments
from constrain.monitors.server_members import ServerMembers

MonitorName = Literal[
    "dereference", "imports", "arguments", "names", "exceptions", "enums", "classes"
]

_MONITORS: dict[str, type[PythonMonitor]] = {
    "dereference": Dereference,
    "imports": Imports,
    "arguments": Arguments,
    "names": Names,
    "exceptions": Exceptions,
    "enums": EnumMembers,
    "classes": Classes,
}

_OF_SERVERS: dict[str, Callable[[LanguageServer, Place], Monitor]] = {
    "dereference": ServerMembers,
    "arguments": ServerArguments,
}


def python_monitor(name: str, place: Place) -> PythonMonitor:
    """Return the monitor of Python code of that name.

    Raises:
        ConstraintError: there is none, or Jedi is not installed.
    """
    if name not in _MONITORS:
        raise ConstraintError(f"no monitor {name!r}; there are {', '.join(_MONITORS)}")
    return _MONITORS[name](place)


def named_monitor(name: str, place: Place, server: Sequence[str] | None = None) -> Monitor:
    """Return the monitor of that name for a place, in the language of its file.

    Jedi analyses Python, unless a server is given. Members in other languages are those that a
    language server knows, which goes on running for the next place.

    Args:
        name: one of `MonitorName`.
        place: where the code is written.
        server: the command of a language server; None: the usual one of the language.

    Raises:
        ConstraintError: there is no such monitor, or what it needs is not installed.
    """
    language = language_of(place.path) or PYTHON
    if server is None and language is PYTHON:
        return python_monitor(name, place)
    if name not in _MONITORS:
        raise ConstraintError(f"no monitor {name!r}; there are {', '.join(_MONITORS)}")
    if name not in _OF_SERVERS:
        raise ConstraintError(
            f"{name!r} needs Jedi, which knows Python alone; a language server has "
            f"{' and '.join(map(repr, _OF_SERVERS))}"
        )
    command = tuple(server or language.command)
    program = find_program(command[0])
    if program is None:
        instead = "" if server else f"; {language.install}"
        raise ConstraintError(f"there is no {command[0]} to ask about {language.name}{instead}")
    running = _running((program, *command[1:]), language.name, place.root)
    return _OF_SERVERS[name](running, place)


def find_program(program: str) -> str | None:
    """Return where a program is: on the path, or beside this Python."""
    return shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))


@lru_cache(maxsize=4)
def _running(command: tuple[str, ...], language: str, root: Path) -> LanguageServer:
    return LanguageServer(command, language, root)
