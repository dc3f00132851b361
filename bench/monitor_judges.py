"""Who says whether a whole statement is right: analysers of types, and compilers."""

from __future__ import annotations

import re
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench.monitor_points import Point
from constrain.errors import ConstraintError
from constrain.monitors import LanguageServer
from constrain.monitors.languages import PYTHON
from constrain.monitors.named import find_program

Case = tuple[Point, str]
"""A place, and what is written from there to the end of its line."""


class Judge(ABC):
    """Accepts statements or does not.

    Attributes:
        name: what is asked.
    """

    name: str

    @abstractmethod
    def accepts(self, cases: Sequence[Case]) -> list[bool]:
        """Return for each case whether its statement is without error."""


_PATIENCE = 45
"""Seconds for one statement; some files make basedpyright read more than it has room for."""
_AT_ONCE = 20
"""Statements after which basedpyright starts anew: it keeps what it has read of large packages."""


class Basedpyright(Judge):
    """Python: it compiles, and basedpyright finds no error in the line of the statement."""

    name = "compile and basedpyright"

    def accepts(self, cases: Sequence[Case]) -> list[bool]:
        """See `Judge.accepts`."""
        servers: dict[Path, LanguageServer] = {}
        asked: Counter[Path] = Counter()
        found = []
        for point, text in cases:
            path, root = point.place.path, point.place.root
            assert path is not None
            asked[root] += 1
            if asked[root] % _AT_ONCE == 0:
                servers.pop(root).close()
            if root not in servers:
                program = find_program(PYTHON.command[0]) or PYTHON.command[0]
                command = [program, *PYTHON.command[1:]]
                servers[root] = LanguageServer(command, "python", root, timeout=_PATIENCE)
            code, line = _with(point, text), point.place.before.count("\n") + 1
            try:
                problems = servers[root].errors(path, code) if _compiles(code) else ()
            except (OSError, ConstraintError):  # it has died of the file, or takes too long
                servers.pop(root).close()
                asked[root] = 0
                found.append(False)
            else:
                found.append(_compiles(code) and all(p.line != line for p in problems))
        for server in servers.values():
            server.close()
        return found


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

    def accepts(self, cases: Sequence[Case]) -> list[bool]:
        """See `Judge.accepts`."""
        found = []
        for begin in range(0, len(cases), self._at_once):
            variants = []
            for number, (point, text) in enumerate(cases[begin : begin + self._at_once]):
                assert point.place.path is not None
                variants.append(point.place.path.with_stem(f"variant_{number}"))
                variants[-1].write_text(_with(point, text))
            right = self._without_error(variants)
            for variant in variants:
                found.append(variant in right)
                variant.unlink()
        return found

    def _without_error(self, files: Sequence[Path]) -> set[Path]:
        """Where a compiler finds errors, it may look no further in the other files."""
        left = set(files)
        while left:
            command = [*self._command, *sorted(file.name for file in left)]
            folder = files[0].parent
            said = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            if said.returncode == 0:
                break
            output = said.stdout + said.stderr
            wrong = set(re.findall(r"(?m)^(variant_\d+\.\w+)[(:]", output))
            if not wrong:
                raise RuntimeError(f"{self.name}: {output[:1000]}")
            left = {file for file in left if file.name not in wrong}
        return left


def _with(point: Point, text: str) -> str:
    return f"{point.place.before}{text}\n{point.place.after}"


def _compiles(code: str) -> bool:
    try:
        compile(code, "code", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


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
