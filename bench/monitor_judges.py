"""Who says whether a whole statement is right: analysers of types, and compilers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from bench.monitor_points import Point
from constrain.errors import ConstraintError
from constrain.monitors import LanguageServer
from constrain.monitors.languages import PYTHON
from constrain.monitors.named import find_program

Case = tuple[Point, Sequence[str]]
"""A place, and texts that may be written from there to the end of its line."""
Verdict = list[str] | None
"""What is wrong with each text of a case, "" where nothing is; None where that is not known."""


class Judge(ABC):
    """Says what is wrong with statements.

    Attributes:
        name: what is asked.
    """

    name: str

    @abstractmethod
    def verdicts(self, cases: Sequence[Case]) -> Iterator[tuple[int, Verdict]]:
        """Yield the verdict of each case, with its number, as they are known."""


_UNKNOWN = "name_that_is_defined_nowhere"


class Basedpyright(Judge):
    """Python: it compiles, and basedpyright finds no error in the line of the statement.

    The texts stand in files of their own, beside that of the place, which are shown to the server
    and written nowhere. It has an empty workspace, so that it reads what these import and no more,
    and is shown many before it is asked: with each change it forgets what it knows of types.

    It says nothing of code that it takes to be unreachable. So a line with an unknown name stands
    above each statement, and where it has nothing against that, it cannot judge.

    Args:
        command: of the language server; None: the one that is installed.
        timeout: seconds for one text. The first waits until all are read, which are shown at once.
    """

    name = "compile and basedpyright"
    at_once = 8
    """Cases that are shown to one server."""

    def __init__(self, command: Sequence[str] | None = None, timeout: float = 180) -> None:
        program = find_program(PYTHON.command[0]) or PYTHON.command[0]
        self._command = command or [program, *PYTHON.command[1:]]
        self._timeout = timeout

    def verdicts(self, cases: Sequence[Case]) -> Iterator[tuple[int, Verdict]]:
        """See `Judge.verdicts`. Cases of the same package are judged together."""
        order = sorted(range(len(cases)), key=lambda number: str(cases[number][0].place.path))
        with tempfile.TemporaryDirectory() as folder:
            workspace = Path(folder)
            environment = Path(sys.prefix)
            settings = {
                "typeCheckingMode": "standard",
                "pythonVersion": f"{sys.version_info.major}.{sys.version_info.minor}",
                "venvPath": str(environment.parent),
                "venv": environment.name,
            }
            (workspace / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
            for begin in range(0, len(order), self.at_once):
                numbers = order[begin : begin + self.at_once]
                found = self._all_of([cases[number] for number in numbers], workspace)
                yield from zip(numbers, found, strict=True)

    def _all_of(self, cases: Sequence[Case], workspace: Path) -> Iterator[Verdict]:
        """Yield verdicts; where the server fails, that case is tried alone, and the rest anew."""
        known = 0
        for verdict in self._until_it_fails(cases, workspace):
            known += 1
            yield verdict
        if known < len(cases) == 1:
            yield None
        elif known < len(cases):
            yield from self._all_of(cases[known : known + 1], workspace)
            yield from self._all_of(cases[known + 1 :], workspace)

    def _until_it_fails(self, cases: Sequence[Case], workspace: Path) -> Iterator[Verdict]:
        files = [_files(point, texts) for point, texts in cases]
        with (
            LanguageServer(self._command, "python", workspace, self._timeout) as server,
            suppress(OSError, ConstraintError),  # it has died, or takes too long
        ):
            for (point, _), some in zip(cases, files, strict=True):
                for path, code in some:
                    if not _complaint_of_python(code):
                        server.prepare(path, _with_unknown_name(code, _line(point)))
            for (point, _), some in zip(cases, files, strict=True):
                said = [self._complaint(server, path, code, _line(point)) for path, code in some]
                yield None if None in said else [complaint or "" for complaint in said]

    def _complaint(self, server: LanguageServer, path: Path, code: str, line: int) -> str | None:
        """What is wrong with a line, "" if nothing; None where the server does not look at it."""
        if complaint := _complaint_of_python(code):
            return complaint
        problems = server.errors(path, _with_unknown_name(code, line))
        if all(problem.line != line for problem in problems):
            return None
        return next((problem.message for problem in problems if problem.line == line + 1), "")


class Compiler(Judge):
    """A compiler finds no error in the file with the statement.

    Args:
        command: is given files, and says of each error in which one it is.
        at_once: so many of them.
    """

    def __init__(self, command: Sequence[str], at_once: int) -> None:
        self.name = Path(command[0]).name
        self._command = command
        self._at_once = at_once

    def verdicts(self, cases: Sequence[Case]) -> Iterator[tuple[int, Verdict]]:
        """See `Judge.verdicts`."""
        step = max(1, self._at_once // max((len(texts) for _, texts in cases), default=1))
        for begin in range(0, len(cases), step):
            some = cases[begin : begin + step]
            files = [
                (number, path, code)
                for number, (point, texts) in enumerate(some)
                for path, code in _files(point, texts, f"variant_{number}_")
            ]
            for _, path, code in files:
                path.write_text(code)
            found = self._complaints([path for _, path, _ in files])
            for _, path, _ in files:
                path.unlink()
            for number in range(len(some)):
                said = [found.get(path.name, "") for owner, path, _ in files if owner == number]
                yield begin + number, said

    def _complaints(self, files: Sequence[Path]) -> dict[str, str]:
        """Return what is said of files with errors first.

        Where a compiler finds errors, it may look no further in the other files.
        """
        found: dict[str, str] = {}
        for begin in range(0, len(files), self._at_once):
            left = [file.name for file in files[begin : begin + self._at_once]]
            while left:
                command = [*self._command, *left]
                folder = files[0].parent
                said = subprocess.run(command, cwd=folder, capture_output=True, text=True)
                if said.returncode == 0:
                    break
                output = said.stdout + said.stderr
                wrong = re.findall(r"(?m)^(variant_\w+\.\w+)([(:].*)", output)
                if not wrong:
                    raise RuntimeError(f"{self.name}: {output[:1000]}")
                for name, complaint in wrong:
                    found.setdefault(name, complaint)
                left = [name for name in left if name not in found]
        return found


def _files(point: Point, texts: Sequence[str], stem: str = "") -> list[tuple[Path, str]]:
    """Return files with each of the texts, beside that of a place."""
    path = point.place.path
    assert path is not None
    before, after = point.place.before, point.place.after
    return [
        (path.with_stem(f"{stem or path.stem + '_'}{number}"), f"{before}{text}\n{after}")
        for number, text in enumerate(texts)
    ]


def _line(point: Point) -> int:
    return point.place.before.count("\n") + 1


def _with_unknown_name(code: str, line: int) -> str:
    """Return code with a line above a line, as far indented."""
    lines = code.split("\n")
    below = lines[line - 1]
    indentation = below[: len(below) - len(below.lstrip())]
    return "\n".join([*lines[: line - 1], f"{indentation}{_UNKNOWN}", *lines[line - 1 :]])


def _complaint_of_python(code: str) -> str:
    try:
        compile(code, "code", "exec")
    except (SyntaxError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def judge_of(language: str) -> Judge | None:
    """Return who judges a language; None where it is not installed."""
    if language == "python":
        return Basedpyright()
    if language == "typescript":
        options = "--ignoreConfig --strict --noEmit --target es2022 --module es2022"
        tsc = find_program("tsc")
        command = [tsc or "tsc", *options.split(), "--moduleResolution", "bundler"]
        return Compiler(command, 200) if tsc else None
    command = ["g++", "-std=c++17", "-fsyntax-only"]
    return Compiler(command, 1) if shutil.which("g++") else None
