"""Places in real packages of Python where a member stands after a dot, chosen by a seed."""

from __future__ import annotations

import io
import random
import re
import sysconfig
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from constrain.monitors import Dereference, Place

_LARGEST = 60_000
"""Bytes of the largest file that is looked at."""
_COMPOUND = frozenset(
    "async class def elif else except finally for from if import match try "
    "while with @ case".split()
)


@dataclass(frozen=True, slots=True)
class Point:
    """A dereference.

    Attributes:
        place: right after its dot.
        name: the name that was hidden.
        rest: what followed it on its line.
        is_statement: the rest of the line, with the name, ends a statement that began on it.
    """

    place: Place
    name: str
    rest: str
    is_statement: bool


def knows(point: Point) -> bool:
    """Whether Jedi finds out, in the file as it is, where the hidden name is defined elsewhere."""
    place = Place("", f"{point.rest}{point.place.after}", point.place.path, point.place.repository)
    whole = Dereference(place, timeout=60)
    text = point.place.before + point.name
    line = text.count("\n") + 1
    try:
        found = whole.ask(text, lambda script, row, column: script.goto(row, column))
    except Exception:  # Jedi's own, or it takes too long
        return False
    return any(name.module_path != place.path or name.line != line for name in found)


def points(count: int, seed: int) -> Iterator[Point]:
    """Yield points of different files, half of them of the standard library."""
    chosen = random.Random(seed)
    library, packages = (Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib"))
    known = [
        sorted(path for path in library.rglob("*.py") if "site-packages" not in path.parts),
        sorted(packages.rglob("*.py")),
    ]
    for files in known:
        chosen.shuffle(files)
    for number, path in enumerate(path for pair in zip(*known, strict=False) for path in pair):
        if count == 0:
            return
        point = _point(path, library if number % 2 == 0 else packages, chosen)
        if point is not None:
            count -= 1
            yield point


def _point(path: Path, root: Path, chosen: random.Random) -> Point | None:
    if not 0 < path.stat().st_size <= _LARGEST or "test" in str(path):
        return None
    try:
        text = path.read_text("utf-8")
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (UnicodeDecodeError, SyntaxError, tokenize.TokenError):
        return None
    found = [
        name
        for owner, dot, name in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if (owner.type == tokenize.NAME or owner.string in ")]")
        and (dot.string, name.type) == (".", tokenize.NAME)
        and not re.match(r"\s*(?:import|from)\b", dot.line)
    ]
    if not found:
        return None
    name = chosen.choice(found)
    line, column = name.start
    lines = text.splitlines(keepends=True)
    before = "".join(lines[: line - 1]) + lines[line - 1][:column]
    return Point(
        Place(before, "".join(lines[line:]), path, root),
        name.string,
        lines[line - 1][name.end[1] :],
        _ends_a_statement(tokens, name),
    )


def _ends_a_statement(tokens: list[tokenize.TokenInfo], name: tokenize.TokenInfo) -> bool:
    """Whether the line of a name is a simple statement, and the name is in no brackets there."""
    skipped = (tokenize.INDENT, tokenize.DEDENT, tokenize.NL, tokenize.COMMENT)
    depth, first, inside = 0, None, False
    for token in tokens:
        if token.type in skipped:
            continue
        first = first or token
        if token is name:
            inside = depth > 0
        if token.string in ("(", "[", "{"):
            depth += 1
        elif token.string in (")", "]", "}"):
            depth -= 1
        if token.type == tokenize.NEWLINE:
            if token.start >= name.start:
                is_one_line = first.start[0] == token.start[0] == name.start[0]
                return is_one_line and not inside and first.string not in _COMPOUND
            first = None
    return False
