"""Random walks through the ready-made grammars; is every text that comes out right?"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from lark.exceptions import LarkError

from bench.grammar_judges import JUDGES, lark_parser, sqlite_judge
from bench.walker import Walker, WalkError
from constrain import ConstraintError, Vocabulary, compile_grammar, grammars

TABLES = {
    "people": ["id", "name", "age", "Home Town"],
    "pets": ["id", "owner_id", "name", "order"],
    'odd "table"': ["a\\b", "é"],
}
PINNED = "sql on given tables"


def names() -> tuple[str, ...]:
    """What can be walked through."""
    return (*grammars.names(), PINNED)


def walks(
    vocabulary: Vocabulary,
    names: Sequence[str],
    count: int,
    seed: int,
    follow: Callable[[Sequence[str]], Iterable[str]],
) -> Iterator[dict[str, Any]]:
    """Walk; a record for each grammar, with what went wrong."""
    walker = Walker(vocabulary, seed)
    for name in follow(names):
        yield _walked(walker, vocabulary, name, count)


def _walked(walker: Walker, vocabulary: Vocabulary, name: str, count: int) -> dict[str, Any]:
    text = grammars.sql(TABLES) if name == PINNED else grammars.load(name)
    constraint = compile_grammar(text, vocabulary)
    lexer = getattr(constraint.control, "lexer", "")
    # Lark's Earley parser takes minutes for a query; SQLite knows better anyway.
    read = sqlite_judge(new_database()) if name == PINNED else JUDGES.get(name, str)
    parse = str if name == PINNED else lark_parser(text, lexer).parse
    tokens, failures = 0, []
    for index in range(count):
        written: list[bytes] = []
        try:
            for token in walker.walk(constraint.matcher(), name, index):
                written.append(token)
            whole = b"".join(written).decode()
            parse(whole)
            read(whole)
        except (WalkError, ConstraintError, LarkError, ValueError, SyntaxError) as error:
            failures.append(_failure(index, written, error))
        except (sqlite3.Error, ArithmeticError, RecursionError) as error:
            failures.append(_failure(index, written, error))
        tokens += len(written)
    return {
        "grammar": name,
        "lexer": lexer,
        "walks": count,
        "tokens": tokens,
        "failures": failures,
    }


def _failure(index: int, written: Sequence[bytes], error: Exception) -> dict[str, Any]:
    reason = f"{type(error).__name__}: {error}".partition("\n")[0]
    return {"walk": index, "reason": reason, "text": b"".join(written).decode("utf-8", "replace")}


def new_database() -> sqlite3.Connection:
    """A database with `TABLES`."""
    database = sqlite3.connect(":memory:")
    for table, columns in TABLES.items():
        quoted = ['"' + name.replace('"', '""') + '"' for name in (table, *columns)]
        database.execute(f"CREATE TABLE {quoted[0]} ({', '.join(quoted[1:])})")
    return database
