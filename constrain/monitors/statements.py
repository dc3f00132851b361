"""Where in a statement of Python a value begins, and whether its names have to be known there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import NamedTuple

_TOKEN = re.compile(
    r'''(?xs)
    (?P<string>\b[rbfuRBFU]{0,2}(?:"""(?:\\.|[^\\])*?"""|\'\'\'(?:\\.|[^\\])*?\'\'\')
        |\b[rbfuRBFU]{0,2}(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
        |"""(?:\\.|[^\\])*?"""|\'\'\'(?:\\.|[^\\])*?\'\'\'
        |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    |(?P<aside>\#[^\n]*|\\\n|[^\S\n]+)|(?P<line>\n)|(?P<word>\w+)
    |(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<sign>:=|.)
    '''
)
_SILENT = frozenset("def class async import from global nonlocal case".split())
"""Words that begin statements, or their heads, that bind names."""
_LISTING = ("return", "yield")
"""Words that begin statements in which a comma at the top ends a value."""


@dataclass
class _Level:
    """A statement, or what is in brackets in it.

    Attributes:
        kind: "statement", "call", "subscript", "display".
        is_first: no comma and no `for` has come.
        in_target: between `for` and `in`.
        in_lambda: between `lambda` and its colon.
    """

    kind: str
    is_first: bool = True
    in_target: bool = False
    in_lambda: bool = False


class Value(NamedTuple):
    """A place where a value begins whose names have to be known.

    Attributes:
        bound: names that the statement binds.
        is_argument: it may be an argument given by name.
        begin: where the statement begins in the text.
    """

    begin: int
    bound: frozenset[str]
    is_argument: bool


@dataclass
class _Statement:
    """A statement under way.

    Attributes:
        levels: itself, and the brackets that are open in it.
        first: its first word.
        latest: the latest word, sign or string.
        bound: names that it binds.
        begin: where it begins.
    """

    levels: list[_Level] = field(default_factory=lambda: [_Level("statement")])
    begin: int = 0
    first: str = ""
    latest: str = ""
    bound: set[str] = field(default_factory=set)


def value_at(text: str) -> Value | None:
    """Return the value that begins where a text ends, after an operator, a comma or the like.

    None where a name may be bound there, or later in the statement: in the first item of brackets
    that may turn out to be a comprehension, among targets and parameters.
    """
    statement = _Statement()
    for token in _TOKEN.finditer(text):
        kind, said = token.lastgroup, token[0]
        if kind == "aside":
            continue
        if kind == "sign" and said in "\"'":
            return None  # in the code of a string
        is_done = kind == "line" or said in (";", ":")
        if is_done and len(statement.levels) == 1 and not _goes_on(statement, said):
            statement = _Statement()
        elif kind != "line":
            statement.begin = statement.begin if statement.latest else token.start()
            _read(statement, kind, said)
            statement.latest = said
    top, inner = statement.levels[-1], statement.levels[1:]
    if statement.first in _SILENT or any(level.in_target for level in statement.levels):
        return None
    if top.in_lambda or any(level.is_first and level.kind != "subscript" for level in inner):
        return None
    is_comma = statement.latest == ","
    if is_comma and not inner and statement.first not in _LISTING:
        return None
    return Value(statement.begin, frozenset(statement.bound), is_comma and top.kind == "call")


def _goes_on(statement: _Statement, said: str) -> bool:
    """Whether a colon stands within a statement: that of a lambda, or of an annotation."""
    is_compound = iskeyword(statement.first) or statement.first in ("match", "case")
    return said == ":" and (statement.levels[0].in_lambda or not is_compound)


def _read(statement: _Statement, kind: str | None, said: str) -> None:
    top = statement.levels[-1]
    if kind == "word":
        statement.first = statement.first or said
        if said == "for":
            top.in_target, top.is_first = True, False
        elif said == "in":
            top.in_target = False
        elif said == "lambda":
            top.in_lambda = True
        elif top.in_target or top.in_lambda or statement.latest == "as":
            statement.bound.add(said)
    elif kind == "open":
        after_value = statement.latest[-1:].isalnum() or statement.latest[-1:] in ("_", ")", "]")
        if not after_value or iskeyword(statement.latest) or said == "{":
            statement.levels.append(_Level("display", in_target=top.in_target))
        else:
            statement.levels.append(_Level("call" if said == "(" else "subscript"))
    elif kind == "close" and len(statement.levels) > 1:
        statement.levels.pop()
    elif said == ",":
        top.is_first = False
    elif said == ":":
        top.in_lambda = False
    elif said == ":=":
        statement.bound.add(statement.latest)
