"""Monitors of databases, of values in JSON, and of protocols."""

from __future__ import annotations

import json
import random
import sqlite3

import pytest
from constrain.grammars import sql

from constrain import ConstraintError, compile_grammar, compile_json_schema
from constrain.monitors import Database, JSONValue, Typestate, monitored
from constrain.monitors.endings import least_ending
from tests.monitors.test_python import accepts
from tests.monitors.walks import allowed_tokens, check_suggestions, vocabulary

FINE = vocabulary()
ROWIDS = ("rowid", "oid", "_rowid_")
WORDS = ["SELECT ", " FROM ", " WHERE ", "book", "author", ".title", " AND ", "b.", '":', '": ']


@pytest.fixture
def shop():
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        """CREATE TABLE book (id INTEGER, title TEXT, author_id INTEGER);
        CREATE TABLE author (id INTEGER, name TEXT);
        CREATE TABLE "order" ("the day" TEXT, "from" TEXT, book INTEGER);"""
    )
    return connection


def test_tables_and_columns(shop):
    matcher = monitored(FINE, Database(shop)).matcher()
    for text in (
        "SELECT b.title FROM book AS b WHERE b.id = 1.5",
        "select b.id from book b join author a on a.id = b.author_id where a.name = 'x.y from z'",
        'SELECT "order"."the day" FROM "order"',
        "SELECT x.name FROM (SELECT author.name FROM author) AS x",
        'SELECT o."from", o.book FROM "order" o',
        "WITH w AS (SELECT id AS k FROM book) SELECT w.k FROM w",
        "SELECT [book].id, `book`.title FROM [book]",
        "SELECT main.book.id FROM main.book",
        "SELECT b.* FROM book b -- from nothing.x\n WHERE b.id = 'it''s a.x'",
        "SELECT b.id FROM book AS b /* from z.q */ WHERE b.id IS DISTINCT FROM 3",
        "SELECT x.sum FROM (SELECT count(*) AS sum FROM book b) AS x WHERE x.sum > 1",
        "SELECT (SELECT a.name FROM author a WHERE a.id = x.k) FROM (SELECT 1 AS k) x",
        "SELECT 1 UNION SELECT x.k FROM author a JOIN (SELECT 2 AS k) x ON x.k = a.id",
        "SELECT book.rowid, author._rowid_, b.oid FROM book, author, book AS b",
        "SELECT s.sql, sqlite_master.name FROM sqlite_schema s, sqlite_master WHERE s.type = 1",
        "SELECT e.value FROM json_each('[1]') AS e WHERE e.key = 1",
    ):
        shop.execute(f"EXPLAIN {text}")
        assert accepts(matcher, text), text
    for text in (
        "SELECT 1 FROM books",
        "SELECT 1 FROM order",
        "SELECT 1 FROM book b WHERE b.name",
        "SELECT 1 FROM book AS b JOIN author a ON b.name",
        "SELECT book.name",
        "SELECT 1 FROM book WHERE c.nothing",
        "SELECT (SELECT 1 FROM book b WHERE b.name) FROM author",
        "SELECT 1 FROM book JOIN nothing",
        "SELECT 1 FROM book b WHERE EXISTS (SELECT x.sum FROM author a) AND b.sum",
    ):
        assert not accepts(matcher, text), text
    check_suggestions(monitored(FINE, Database(shop)), b"SELECT author.", {"id", "name", *ROWIDS})


def test_random_walks_are_statements_that_sqlite_prepares(shop):
    tokens = vocabulary(*WORDS)
    grammar = sql(shop)
    constraint = compile_grammar(grammar, tokens) & Database(shop)
    choose = random.Random(1)
    for _ in range(40):
        matcher, text = constraint.matcher(), b""
        for _ in range(choose.randint(1, 60)):
            token = choose.choice(sorted(allowed_tokens(matcher)))
            assert matcher.accept(token)
            if matcher.is_finished():
                break
            text += tokens.token_bytes(token)
        if not matcher.is_finished():
            text += b"".join(least_ending(matcher).pieces)
        shop.execute("EXPLAIN " + text.decode())


def test_values_in_view_of_what_is_written():
    ids = {"Ada": [1, 12], "Bob": [2, 'b,"2']}
    either = {"type": ["integer", "string"]}
    schema = {
        "type": "object",
        "properties": {
            "name": {"enum": [*ids, "Eve"]},
            "ids": {"type": "array", "items": either},
            "id": either,
        },
        "required": ["name", "ids", "id"],
    }

    def allowed(document):
        return ids.get(document["name"], [7])

    tokens = vocabulary(*WORDS)
    constraint = compile_json_schema(schema, tokens)
    constraint = constraint & JSONValue("/ids/*", allowed) & JSONValue("/id", allowed)
    matcher = constraint.matcher()
    choose = random.Random(2)
    seen = set()
    for _ in range(40):
        matcher.reset()
        text = b""
        while not matcher.is_finished() and len(text) < 80:
            token = choose.choice(sorted(allowed_tokens(matcher)))
            assert matcher.accept(token)
            text += tokens.token_bytes(token) or b""
        if not matcher.is_finished():
            text += b"".join(least_ending(matcher).pieces)
        value = json.loads(text)
        seen.add(value["name"])
        known = ids.get(value["name"], [7])
        assert value["id"] in known
        assert all(item in known for item in value["ids"])
    assert seen == {"Ada", "Bob", "Eve"}


def test_values_are_found_at_their_pointers():
    matcher = monitored(FINE, JSONValue("/a~1b/*/c", lambda document: [len(document)])).matcher()
    for text in (
        '{"a/b": [{"c": 1}, {"d": ":[,", "c": 1, "e": 9}], "c": 5}',
        '{"x": {"a/b": [{"c": 3}]}, "a/b": {"y": {"c": 2}}}',
        '{"a/b": {"c": 3}}',
    ):
        assert accepts(matcher, text), text
    for text in ('{"a/b": [{"c": 2}', '{"x": 1, "a/b": [{"c":1,', '{"a/b": [{"c": {'):
        assert not accepts(matcher, text), text


PROTOCOL = {
    "closed": {"open": "open"},
    "open": {"read": "open", "close": "closed"},
}


def test_typestate():
    monitor = Typestate(PROTOCOL, "closed", ["file"], before="file = File()\n")
    matcher = monitored(FINE, monitor).matcher()
    for text in (
        "file.open()\nfile.read()\nfile.close()\nfile.open",
        "file.open(); file = File(); file.open()",
        "other.file.close(); profile.close(); 'file.close()'",
        "# file.open()\nfile.open()",
    ):
        assert accepts(matcher, text), text
    for text in ("file.read", "file.open()\nfile.open", "file.open();file.close();file.close"):
        assert not accepts(matcher, text), text
    with pytest.raises(ConstraintError, match="no state 'broken'"):
        Typestate({"whole": {"drop": "broken"}}, "whole", ["cup"])
