"""Random statements under a grammar and the monitor of a database: SQLite prepares every one.

    python -m bench.monitor_sql --walks 500 --seed 1

The grammar knows the database (`constrain.grammars.sql`), and the monitor watches over it
(`constrain.monitors.Database`). Each walk takes allowed tokens at random, then the least ending;
`EXPLAIN` prepares the statement. With `--unpinned` the grammar knows no names, and the monitor
alone sees to them: then the share that SQLite prepares is reported, with the monitor and without.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import Sequence

import numpy as np
from constrain.grammars import load, sql

from constrain import Constraint, compile_grammar
from constrain.engine.bitmask import allowed
from constrain.models import BundledModel
from constrain.monitors import Database, MonitoredMatcher
from constrain.monitors.endings import least_ending

_TABLES = '''
CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT, author_id INTEGER, price REAL);
CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT, born TEXT);
CREATE TABLE "order" ("the day" TEXT, "from" TEXT, book INTEGER, "a ""b""" TEXT);
CREATE TABLE "größe" (nr INTEGER, "日" TEXT);
CREATE VIEW cheap AS SELECT id, title AS name FROM book WHERE price < 5;
'''


def shop() -> sqlite3.Connection:
    """Return a database with views, and names that have to be quoted."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(_TABLES)
    return connection


def walk(constraint: Constraint, choose: random.Random, longest: int) -> str:
    """Return a text of random tokens, `longest` at most, and the least ending."""
    matcher, vocabulary, text = constraint.matcher(), constraint.vocabulary, b""
    row = np.empty(vocabulary.bitmask_words, np.int32)
    for _ in range(choose.randint(1, longest)):
        matcher.fill_bitmask(row)
        tokens = np.flatnonzero(allowed(row, vocabulary.size))
        if not len(tokens):
            raise AssertionError(f"no token is allowed after {text!r}")
        token = int(choose.choice(tokens.tolist()))
        if not matcher.accept(token):
            raise AssertionError(f"token {token} was allowed after {text!r}")
        if matcher.is_finished():
            return text.decode()
        text += vocabulary.token_bytes(token) or b""
    if isinstance(matcher, MonitoredMatcher):
        ending = least_ending(matcher)
        if ending is None:
            raise AssertionError(f"no ending is found after {text!r}")
        return (text + b"".join(ending.pieces)).decode()
    return (text + constraint.budget.ending(matcher)).decode()


def prepared(connection: sqlite3.Connection, statement: str) -> str:
    """Return what SQLite has against a statement; nothing if it prepares it."""
    try:
        connection.execute(f"EXPLAIN {statement}")
    except sqlite3.Error as error:
        return f"{type(error).__name__}: {error}"
    return ""


def walks(count: int, seed: int, longest: int, constraint: Constraint) -> list[tuple[str, str]]:
    """Return statements, each with what SQLite has against it."""
    connection, choose = shop(), random.Random(seed)
    texts = [walk(constraint, choose, longest) for _ in range(count)]
    return [(text, prepared(connection, text)) for text in texts]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and print what came of it."""
    layout = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--walks", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=int, default=60)
    parser.add_argument("--unpinned", action="store_true")
    arguments = parser.parse_args(argv)
    vocabulary, connection = BundledModel().vocabulary, shop()
    grammar = load("sql") if arguments.unpinned else sql(connection)
    plain = compile_grammar(grammar, vocabulary)
    compared: dict[str, Constraint] = {"with the monitor": plain & Database(connection)}
    if arguments.unpinned:
        compared["without"] = plain
    wrong = 0
    for label, constraint in compared.items():
        found = walks(arguments.walks, arguments.seed, arguments.longest, constraint)
        refused = [(text, error) for text, error in found if error]
        wrong = wrong or len(refused)
        distinct, length = len({text for text, _ in found}), max(len(text) for text, _ in found)
        print(f"{label}: {len(found) - len(refused)} of {len(found)} are prepared", end=", ")
        print(f"{distinct} different, the longest {length} characters")
        for error, times in Counter(error for _, error in refused).most_common(5):
            print(f"  {times:4} {error}")
        for text, error in refused[:3]:
            print(f"  {error}: {text}")
    return 1 if wrong and not arguments.unpinned else 0


if __name__ == "__main__":
    sys.exit(main())
