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

_NAME = r"""(?:"(?:[^"]|"")+"|`(?:[^`]|``)+`|\[[^\]]+\]|\w+)"""
_ASIDE = re.compile(
    r"""(?s)'(?:[^']|'')*'|--[^\n]*\n|/\*.*?\*/|"(?:[^"]|"")*"|(?P<open>'|--|/\*)"""
)
_NAMED = re.compile(
    rf"(?is)(?:\bwith(?:\s+recursive)?\s|,)\s*(?P<name>{_NAME})\s*(?:\([^()]*\)\s*)?"
    r"\bas\s*(?:(?:not\s+)?materialized\s*)?\("
)
_QUERIED = re.compile(rf"(?is)\)\s*(?:as\s+)?(?P<name>{_NAME})")
_DISTINCT = re.compile(r"(?is)\bdistinct\s+from\s\Z")
_TABLE = re.compile(
    rf"(?is)\b(?:from|join|into|update)\s+(?:main\s*\.\s*)?(?P<table>{_NAME})(?:\s+as\s+|\s+)?"
    rf"(?P<alias>(?!(?:on|where|join|left|inner|group|order|limit|set|values|cross"
    rf"|natural|having|union|as)\b){_NAME})?"
)
_OWNER = re.compile(rf"(?<![\w\"`])(?!\d)({_NAME})\.\Z")
_STAR = parse(r"\*(?s:.)*", "python")
_WORD = re.compile(r"(?a:[^\W\d]\w*)")
_SPACE = " \t\r\n"
_PARTS = re.compile(rf"(?is)\bdistinct\s+from\b|[()]|{_NAME}")
_ROWIDS = ("rowid", "oid", "_rowid_")
_SCHEMAS = ("sqlite_master", "sqlite_schema")
_FUNCTIONS = ("generate_series", "json_each", "json_tree")
_QUERY = parse(r"[ \t\r\n]*\((?s:.)*", "python")


class Database(Monitor):
    """In SQL, tables exist, and columns belong to the table or the alias before the dot.

    An alias is that of the `FROM` or `JOIN` nearest before it. Where it may still come (in the list
    after `SELECT`, of this query or of one around it), or stands for a query (`WITH`, brackets) or
    a table-valued function, anything may follow; elsewhere, of a name that is not known, any
    column. Tables have their `rowid`, and the database its `sqlite_master`.

    Args:
        connection: the database; its tables and columns are read once.
        before: the text before the cursor.

    Raises:
        ConstraintError: the database has no table.
    """

    trigger = r"""(?i:\b(?:from|join|into|update)[ \t\r\n])|[\w"`\]]\."""
    ahead = (" ", ".")

    def __init__(self, connection: Connection, before: str = "") -> None:
        self.before = before
        listing = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
        tables = [table for (table,) in connection.execute(listing)]
        if not tables:
            raise ConstraintError("the database has no table")
        self.tables = {table: _columns(connection, table) for table in (*tables, *_SCHEMAS)}
        modules = {name for (name,) in connection.execute("SELECT name FROM pragma_module_list")}
        self._functions = sorted(modules.intersection(_FUNCTIONS))
        names = {*self.tables}.union(*self.tables.values())
        self._spellings = {name: _spellings(connection, name) for name in names}

    def suggest(self, text: str) -> Suggestions | list[str] | None:
        """See `Monitor.suggest`."""
        statement = _code(text)
        if statement is None or _DISTINCT.search(statement):
            return None
        if not statement.endswith("."):
            named = (match["name"] for match in _NAMED.finditer(statement))
            names = [*self._spelt(self.tables), *self._functions, *named, "main"]
            return Suggestions(names, lead=_SPACE, other=_QUERY)
        owner = _OWNER.search(statement)
        if owner is None:
            return None
        if _plain(owner[1]) == "main":
            return self._spelt(self.tables)
        columns = self._columns(statement, _plain(owner[1]))
        return None if columns is None else Suggestions(self._spelt(columns), other=_STAR)

    def _columns(self, statement: str, owner: str) -> Iterable[str] | None:
        """The columns of a table or an alias; None where it stands for a query."""
        tables = {table.casefold(): columns for table, columns in self.tables.items()}
        queries = {
            _plain(m["name"]) for kind in (_NAMED, _QUERIED) for m in kind.finditer(statement)
        }.union(self._functions)
        known: dict[str, list[str] | None] = dict.fromkeys(queries - tables.keys())
        for name in ("table", "alias"):
            for match in _TABLE.finditer(statement):
                table = _plain(match["table"])
                if match[name] and (table in tables or table in queries):
                    known[_plain(match[name])] = None if table in queries else tables[table]
        if owner in known:
            return known[owner]
        if owner not in tables and _is_under_way(statement):
            return None
        return tables.get(owner, [*chain(*self.tables.values())])

    def _spelt(self, names: Iterable[str]) -> list[str]:
        return [spelling for name in names for spelling in self._spellings[name]]


def _columns(connection: Connection, table: str) -> list[str]:
    """The columns of a table, `rowid` and its other names included where it has one."""
    listing = "SELECT name FROM pragma_table_info(?)"
    columns = [column for (column,) in connection.execute(listing, (table,))]
    quoted = table.replace('"', '""')
    for name in _ROWIDS:
        try:
            connection.execute(f'EXPLAIN SELECT [{name}] FROM "{quoted}"')
        except Error:
            continue
        columns += [name] if name not in columns else []
    return columns


def _is_under_way(statement: str) -> bool:
    """Whether a query is open whose tables have still to come."""
    waits = [False]
    for part in _PARTS.finditer(statement):
        sign = part[0].casefold()
        if sign == "(":
            waits.append(False)
        elif sign == ")":
            del waits[-1:]
            waits = waits or [False]
        elif sign in ("select", "from"):
            waits[-1] = sign == "select"
    return any(waits)


def _code(text: str) -> str | None:
    """The last statement without strings and comments; None where it ends in one."""
    end, kept = 0, []
    for aside in _ASIDE.finditer(text):
        if aside["open"]:
            return None
        quoted = aside[0].startswith('"')
        kept += [text[end : aside.start()].replace(";", "\0"), aside[0] if quoted else " "]
        end = aside.end()
    kept.append(text[end:].replace(";", "\0"))
    return "".join(kept).rpartition("\0")[2]


def _plain(name: str) -> str:
    """What a name stands for; upper and lower case are the same."""
    if name[0] in '"`[':
        name = name[1:-1].replace(name[0] * 2, name[0]) if name[0] != "[" else name[1:-1]
    return name.casefold()


def _spellings(connection: Connection, name: str) -> list[str]:
    """A name in quotes of all kinds and, where SQLite takes it for one, without."""
    others = ["`" + name.replace("`", "``") + "`", *([] if "]" in name else [f"[{name}]"])]
    quoted = '"' + name.replace('"', '""') + '"'
    if not _WORD.fullmatch(name):
        return [quoted, *others]
    try:
        connection.execute(f"EXPLAIN SELECT {name} FROM (SELECT 1 AS {quoted}) AS {name}")
    except Error:
        return [quoted, *others]
    return [name, quoted, *others]
