"""A place in a file: what stands before and after the cursor, and the repository around."""

from __future__ import annotations

import tokenize
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from constrain.errors import ConstraintError
from constrain.monitors.languages import PYTHON, language_of


@dataclass(frozen=True, slots=True)
class Place:
    """Where code is written.

    Attributes:
        before: the text before the cursor.
        after: the text after it.
        path: the file, which need not exist; relative imports start from there.
        repository: the folder that imports start from; None: that of the file.
    """

    before: str = ""
    after: str = ""
    path: Path | None = None
    repository: Path | None = None

    @property
    def root(self) -> Path:
        """The folder that imports start from."""
        return self.repository or (self.path.parent if self.path else Path.cwd())

    @classmethod
    def in_file(
        cls,
        path: str | PathLike[str],
        line: int,
        column: int | None = None,
        repository: str | PathLike[str] | None = None,
    ) -> Place:
        """Return a place in a file, in UTF-8; in Python, in the encoding that it names.

        Args:
            path: the file.
            line: the line of the cursor, from 1.
            column: the characters before the cursor in its line; None: all.
            repository: the folder that imports start from; None: that of the file.

        Raises:
            ConstraintError: the file cannot be read, the cursor is beyond its end, or there is no
                such folder.
        """
        language = language_of(Path(path))
        try:
            if language is None or language is PYTHON:
                with tokenize.open(path) as file:
                    text = file.read()
            else:
                text = Path(path).read_text("utf-8-sig")
        except OSError as error:
            raise ConstraintError(f"cannot read {path}: {error}") from error
        except (SyntaxError, UnicodeDecodeError) as error:
            raise ConstraintError(
                f"cannot read {path}: it is not in UTF-8"
                + (", nor in an encoding that it names" if language in (None, PYTHON) else "")
                + f"; convert it ({error})"
            ) from error
        lines = text.split("\n")
        if not 1 <= line <= len(lines):
            raise ConstraintError(f"there is no line {line} in {path}, which has {len(lines)}")
        if column is None:
            column = len(lines[line - 1])
        if not 0 <= column <= len(lines[line - 1]):
            raise ConstraintError(
                f"there is no column {column} in line {line} of {path}, "
                f"which has {len(lines[line - 1])} characters"
            )
        begin = sum(len(earlier) + 1 for earlier in lines[: line - 1]) + column
        root = None if repository is None else Path(repository).resolve()
        if root is not None and not root.is_dir():
            raise ConstraintError(f"there is no folder {repository}, which imports start from")
        return cls(text[:begin], text[begin:], Path(path).resolve(), root)


def is_code(text: str) -> bool:
    """Return whether Python code ends outside of strings and comments."""
    return PYTHON.is_code(text)
