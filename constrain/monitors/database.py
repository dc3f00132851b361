"""Tables and columns of a SQLite database in SQL."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain
from sqlite3 import Connection, Error

from constrain.errors import ConstraintError
from constrain.lexing.syntax import parse
from constrain.monitors.answers import Suggestions
from constrain.monitors.monitor import Monitor

_NAME = r"""(?:"(?:[^"]|"")+"|\w+)"""
_TABLE = re.compile(
    rf"(?is)\b(?:from|join|into|update)\s+(?P<table>{_NAME})(?:\s+as\s+|\s+)?"
    rf"(?P<alias>(?!(?:on|where|join|left|inner|group|order|limit|set|values|cross"
    rf"|natural|having|union|as)\b){_NAME})?"
)
_OWNER = re.compile(rf"(?<![\w\"])(?!\d)({_NAME})\.\Z")
_WORD = re.compile(r"(?a:[^\W\d]\w*)")
_SPACE = " \t\r\n"
_QUERY = parse(r"[ \t\r\n]*\((?s:.)*", "python")


class Database(Monitor):
    """In SQL, tables exist, and columns belong to the table or the alias before the dot.

    An alias is that of the `FROM` or `JOIN` nearest before it or, where there is none yet (in the
    list after `SELECT`), of a table still to come, of which nothing is known: then any column.

    Args:
        connection: the database; its tables and columns are read once.
        before: the text before the cursor.

    Raises:
        ConstraintError: the database has no table.
    """

    trigger = r"""(?i:\b(?:from|join|into|update)[ \t\r\n])|[\w"]\."""
    ahead = (" ", ".")

    def __init__(self, connection: Connection, before: str = "") -> None:
        self.before = before
        listing = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
        self.tables = {
            table: [
                column
                for (column,) in connection.execute(
                    "SELECT name FROM pragma_table_info(?)", (table,)
                )
            ]
            for (table,) in connection.execute(listing)
        }
        if not self.tables:
            raise ConstraintError("the database has no table")

        names = {*self.tables}.union(*self.tables.values())
        self._spellings = {name: _spellings(connection, name) for name in names}

    def suggest(self, text: str) -> Suggestions | list[str] | None:
        """See `Monitor.suggest`."""
        statement = text[text.rfind(";") + 1 :]
        if statement.count("'") % 2:
            return None
        if not statement.endswith("."):
            return Suggestions(self._spelt(self.tables), lead=_SPACE, other=_QUERY)
        owner = _OWNER.search(statement)
        return None if owner is None else self._spelt(self._columns(statement, owner[1]))

    def _columns(self, statement: str, owner: str) -> Iterable[str]:
        """The columns of a table or an alias."""
        tables = {table.casefold(): columns for table, columns in self.tables.items()}
        known = {
            _plain(match[name]): tables[_plain(match["table"])]
            for name in ("table", "alias")
            for match in _TABLE.finditer(statement)
            if match[name] and _plain(match["table"]) in tables
        }
        found = known.get(_plain(owner)) or tables.get(_plain(owner))
        return chain(*self.tables.values()) if found is None else found

    def _spelt(self, names: Iterable[str]) -> list[str]:
        return [spelling for name in names for spelling in self._spellings[name]]


def _plain(name: str) -> str:
    """What a name stands for; upper and lower case are the same."""
    return (name[1:-1].replace('""', '"') if name.startswith('"') else name).casefold()


def _spellings(connection: Connection, name: str) -> list[str]:
    """A name in quotes and, where SQLite takes it for one, without."""
    quoted = '"' + name.replace('"', '""') + '"'
    if not _WORD.fullmatch(name):
        return [quoted]
    try:
        connection.execute(f"EXPLAIN SELECT {name} FROM (SELECT 1 AS {quoted}) AS {name}")
    except Error:
        return [quoted]
    return [name, quoted]
