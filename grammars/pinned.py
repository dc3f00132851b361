"""Grammars whose names are those of a database, or of a kind of document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias

from constrain.errors import ConstraintError

if TYPE_CHECKING:
    from sqlite3 import Connection

Tables: TypeAlias = "Mapping[str, Iterable[str]] | Connection"
"""The columns of each table, or a database that has them."""

_COLUMNS = """
    SELECT entry.name, field.name FROM sqlite_master AS entry
    JOIN pragma_table_info(entry.name) AS field
    WHERE entry.type IN ('table', 'view') AND entry.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    ORDER BY entry.name, field.cid
"""
_RESERVED = frozenset(
    "add all alter and as between by case check collate commit constraint create cross "
    "current_date current_time current_timestamp default deferrable delete distinct drop else "
    "escape except exists false foreign from full group having in index inner insert intersect "
    "into is isnull join left limit natural not nothing notnull null offset on or order outer "
    "primary references returning right select set table then to transaction true union unique "
    "update using values when where window with".split()
)
"""Keywords of SQLite, and some names that it takes for values."""
_ALIAS = '"[A-Za-z_][A-Za-z0-9_ ]*"|[A-Za-z]|[A-Za-z_][A-Za-z0-9_]*[0-9_]'
"""Names that are none of `_RESERVED`, and not hard to tell from them."""
_XML_NAME = re.compile(r"(?!xml)[^\W\d][\w.-]*", re.IGNORECASE | re.ASCII)


def sql(tables: Tables) -> str:
    """SELECT statements over some tables, each of which SQLite can prepare.

    Names are written as they are given, and quoted only where they must be. A query reads one
    table, or two different ones joined, whose columns it then calls by both names; so the grammar
    grows with the square of the number of tables. The names that it gives its results (`AS`) are
    quoted, a single letter, or end in a digit or an underscore; no keyword does.

    Raises:
        ConstraintError: there is no table, a table has no column, or a name is not printable.
    """
    found = _columns(tables)
    head = _before("// The tables.\n", "sql").replace("[_AS NAME]", "[_AS ALIAS]")

    def quoted(name: str) -> str:
        if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name) and name.lower() not in _RESERVED:
            return name
        return '"' + name.replace('"', '""') + '"'

    def full_names(table: str) -> list[str]:
        return [f"{quoted(table)}.{quoted(column)}" for column in found[table]]

    scopes = [
        (_literal(quoted(table)), [*map(quoted, found[table]), *full_names(table)])
        for table in found
    ]
    for pair in combinations(found, 2):
        one, other = (_literal(quoted(table)) for table in pair)
        on = f"_ON COLUMN_{len(scopes)} COMPARISON COLUMN_{len(scopes)}"
        joins = f"{one} _JOIN {other} {on} | {other} _JOIN {one} {on}"
        scopes.append((joins, [name for table in pair for name in full_names(table)]))
    numbers = range(len(scopes))
    lines = [
        f"ALIAS: /{_ALIAS}/",
        _rule("query", [f"select{{tables_{n}, COLUMN_{n}}}" for n in numbers]),
        _rule(
            "column_query",
            [f"_SELECT COLUMN_{n} _FROM tables_{n} rest{{COLUMN_{n}}}" for n in numbers],
        ),
    ]
    for n, (source, columns) in enumerate(scopes):
        lines += [f"tables_{n}: {source}", _rule(f"COLUMN_{n}", map(_literal, columns))]
    return head + "\n".join(lines) + "\n"


def xml(elements: Iterable[str], attributes: Iterable[str] = ()) -> str:
    """XML documents with some names of elements; attributes come in the order given, none twice.

    Raises:
        ConstraintError: there is no element, or a name is not made of ASCII letters, digits,
            `_`, `-` and `.`, or begins with a digit or with `xml`.
    """
    tags, keys = dict.fromkeys(elements), dict.fromkeys(attributes)
    for name in (*tags, *keys):
        if not _XML_NAME.fullmatch(name):
            raise ConstraintError(f"{name!r} cannot be the name of an element or attribute")
    if not tags:
        raise ConstraintError("there are no elements; give at least one name")
    head = _before("// The names.\n", "xml")
    lines = [
        _rule("element", [f"node{{{_literal(name)}}}" for name in tags]),
        "attributes: " + " ".join(f"[_KEY_{n} value]" for n in range(len(keys))),
        *(f"_KEY_{n}: _SPACE {_literal(name)} _IS" for n, name in enumerate(keys)),
    ]
    return head + "\n".join(lines) + "\n"


def _before(mark: str, name: str) -> str:
    """What stands in a grammar before its names."""
    text = files("constrain.grammars").joinpath(f"{name}.lark").read_text("utf-8")
    return text.partition(mark)[0]


def _columns(tables: Tables) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if isinstance(tables, Mapping):
        found = {table: list(columns) for table, columns in tables.items()}
    else:
        for table, column in tables.execute(_COLUMNS):
            found.setdefault(table, []).append(column)
    if not found:
        raise ConstraintError("there are no tables; give at least one")
    for table, columns in found.items():
        if not columns:
            raise ConstraintError(f"table {table!r} has no columns")
        for name in (table, *columns):
            if not name or not name.isprintable():
                raise ConstraintError(f"{name!r} cannot be the name of a table or column")
    return found


def _literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _rule(name: str, ways: Iterable[str]) -> str:
    return f"{name}: " + "\n    | ".join(dict.fromkeys(ways))
