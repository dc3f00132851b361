"""What the texts of ready-made grammars are read with, beside Lark: each raises where it cannot."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import sqlite3
import warnings
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from lark import Lark
from lark.exceptions import GrammarError, UnexpectedInput
from lark.indenter import PythonIndenter
from lark.load_grammar import GrammarBuilder


@lru_cache(maxsize=64)
def lark_parser(text: str, lexer: str) -> Lark:
    """Lark's parser of the language that a control with this lexer has."""
    if "%declare _INDENT _DEDENT" in text:
        return Lark(text, parser="lalr", postlex=PythonIndenter())
    if lexer == "contextual":
        return Lark(text, parser="lalr", lexer="contextual")
    return Lark(text, parser="earley", lexer="dynamic_complete", ambiguity="forest")


def sqlite_judge(database: sqlite3.Connection) -> Callable[[str], object]:
    """A judge that prepares a query against a database."""
    return lambda text: database.execute(f"EXPLAIN {text}")


def _arithmetic(text: str) -> object:
    return ast.parse(text.strip(), mode="eval")


def _python(text: str) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _csv(text: str) -> object:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def _iso_dates(text: str) -> object:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python 3.10 reads no Z


def _regex(text: str) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return re.compile(text)


def _lark(text: str) -> None:
    """Read it as far as syntax goes: that all names are defined is not for a grammar to say."""
    try:
        GrammarBuilder().load_grammar(text)
    except GrammarError as error:
        if isinstance(error.__context__, UnexpectedInput):
            raise


JUDGES: dict[str, Callable[[str], Any]] = {
    "arithmetic": _arithmetic,
    "csv": _csv,
    "iso_dates": _iso_dates,
    "json": json.loads,
    "lark": _lark,
    "python": _python,
    "regex": _regex,
    "xml": ElementTree.fromstring,
}
