"""What is no Lark in a grammar's text: special tokens by name, and JSON Schemas.

    start: <|tool_call|> %json {"type": "object"} | <|text|> /.*/

Each is replaced by the name of a terminal that is declared at the end of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import count
from json import JSONDecodeError, JSONDecoder
from typing import Any

from constrain.engine.control import Control
from constrain.special import SpecialToken

_SYNTAX = re.compile(
    r"""
    (?P<other> "(?:\\"|\\\\|[^"\n])*?"i? | /(?!/)(?:\\/|\\\\|[^/])*?/[imslux]* | (?://|\#)[^\n]* )
    | (?P<special> <[^<>\s]+> )
    | (?P<json> %json\b\s* )
    """,
    re.VERBOSE,
)

_DECLARED = re.compile(r"^[ \t]*%declare\s+(.*)", re.MULTILINE)

Foreign = SpecialToken | dict[str, Any] | bool | Control[Any]
"""What a terminal stands for: a special token, a JSON Schema's values, a control's texts."""


class NotJSONError(Exception):
    """What follows `%json` is no schema.

    Attributes:
        offset: where in the text.
        reason: why.
    """

    def __init__(self, offset: int, reason: str) -> None:
        self.offset = offset
        self.reason = reason


class LarkText:
    """The text of a grammar, and what it is in Lark.

    Args:
        written: the text.
        bound: what rules and terminals stand for that the text uses, but does not define.

    Attributes:
        written: the text.
        lark: the text for Lark.
        foreign: what each terminal stands for that is no Lark, and where that is written.

    Raises:
        NotJSONError: what follows `%json` is no schema.
    """

    def __init__(self, written: str, bound: Mapping[str, Foreign]) -> None:
        self.written = written
        self.foreign: dict[str, tuple[Foreign, int]] = {}
        self._pieces: list[tuple[int, int]] = [(0, 0)]
        names = _unused(written)
        found: list[str] = []
        length = at = 0
        for match in _SYNTAX.finditer(written):
            if match["other"] or match.start() < at:
                continue
            value, end = _read(written, match)
            name = next(names)
            self.foreign[name] = value, match.start()
            found += written[at : match.start()], name
            length += match.start() - at + len(name)
            at = end
            self._pieces.append((length, at))
        found.append(written[at:] + "\n")
        for symbol, value in bound.items():
            name = symbol if symbol.isupper() else next(names)
            self.foreign[name] = value, 0
            if name != symbol:
                found.append(f"{symbol}: {name}\n")
        declared = _DECLARED.findall(written)
        new = [name for name in self.foreign if not any(name in line.split() for line in declared)]
        if new:
            found.append(f"%declare {' '.join(new)}\n")
        self.lark = "".join(found) if self.foreign else written

    def place(self, offset: int) -> tuple[int, int]:
        """Return the line and the column, from 1, of an offset into `lark`."""
        begin, origin = next(piece for piece in reversed(self._pieces) if piece[0] <= offset)
        return place_of(self.written, min(origin + offset - begin, len(self.written)))


def place_of(text: str, offset: int) -> tuple[int, int]:
    """Return the line and the column, from 1, of an offset."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _read(text: str, match: re.Match[str]) -> tuple[Foreign, int]:
    """Read what a match begins; return it, and where it ends."""
    if match["special"]:
        return SpecialToken(match["special"]), match.end()
    try:
        schema, end = JSONDecoder().raw_decode(text, match.end())
    except (JSONDecodeError, RecursionError) as error:
        raise NotJSONError(
            getattr(error, "pos", match.end()),
            f"%json is to be followed by a JSON Schema: {getattr(error, 'msg', 'too deep')}",
        ) from error
    if not isinstance(schema, (dict, bool)):
        raise NotJSONError(match.end(), "a JSON Schema is an object, true or false")
    return schema, end


def _unused(text: str) -> Iterator[str]:
    return (name for n in count() if (name := f"FOREIGN_{n}") not in text)
