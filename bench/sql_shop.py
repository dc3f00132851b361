"""A small SQLite database, and questions about it with the queries that answer them."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import product

_CITIES = ("Lisbon", "Oslo", "Vienna", "Madrid", "Dublin", "Prague")
_CATEGORIES = ("Garden", "Kitchen", "Sports", "Books")
_DEPARTMENTS = ("Sales", "Support", "Finance", "Research")
_NAMES = ("Ada", "Bruno", "Clara", "David", "Elena", "Felix", "Greta", "Hugo", "Irene", "Jonas")
_TITLES = ("Lamp", "Chair", "Ball", "Knife", "Atlas", "Rake", "Bowl", "Racket", "Novel", "Spade")


@dataclass(frozen=True, slots=True)
class Table:
    """A table, in the words of people too.

    Attributes:
        spoken: what people call its rows.
        label: the column that names a row.
        numbers: columns of numbers, with the values to ask about and what people call them.
        texts: columns of text, likewise.
    """

    spoken: tuple[str, ...]
    label: str
    numbers: dict[str, tuple[range, tuple[str, ...]]]
    texts: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]


TABLES = {
    "customers": Table(
        ("customers", "clients", "buyers"),
        "name",
        {"age": (range(18, 80), ("age", "years of age"))},
        {"city": (_CITIES, ("city", "town"))},
    ),
    "products": Table(
        ("products", "articles", "goods"),
        "title",
        {
            "price": (range(5, 200), ("price", "cost")),
            "stock": (range(90), ("stock", "number in store")),
        },
        {"category": (_CATEGORIES, ("category", "kind"))},
    ),
    "employees": Table(
        ("employees", "workers", "staff"),
        "name",
        {"salary": (range(20, 99), ("salary", "pay"))},
        {
            "department": (_DEPARTMENTS, ("department", "division")),
            "town": (_CITIES, ("town", "city")),
        },
    ),
    "suppliers": Table(
        ("suppliers", "vendors", "sellers"),
        "company",
        {"rating": (range(1, 10), ("rating", "score"))},
        {"country": (("Norway", "Spain", "Austria", "Ireland"), ("country", "land"))},
    ),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks, and a query that answers it."""

    text: str
    query: str


def database(seed: int = 0) -> sqlite3.Connection:
    """Return a database in memory with the tables above, thirty rows each."""
    rng = random.Random(seed)
    connection = sqlite3.connect(":memory:")
    for name, table in TABLES.items():
        columns = [table.label, *table.numbers, *table.texts]
        kinds = ["TEXT" if c == table.label or c in table.texts else "INTEGER" for c in columns]
        declared = ", ".join(f"{c} {kind}" for c, kind in zip(columns, kinds, strict=True))
        connection.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {declared})")
        labels = _TITLES if table.label == "title" else _NAMES
        for _ in range(30):
            row = [rng.choice(labels) + rng.choice(("", " Junior", " Senior"))]
            row += [str(rng.choice(values)) for values, _ in table.numbers.values()]
            row += [rng.choice(values) for values, _ in table.texts.values()]
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", row)
    connection.commit()
    return connection


def questions(seed: int, unseen: bool) -> Iterator[Question]:
    """Yield random questions without end.

    A kind of question about a table and its columns is either seen or unseen, one in four the
    latter: a model that has read the seen ones has to combine what it knows for the others.
    """
    rng = random.Random(seed)
    kinds = [*product(_KINDS, TABLES)]
    while True:
        kind, name = rng.choice(kinds)
        table = TABLES[name]
        number, text = rng.choice([*table.numbers]), rng.choice([*table.texts])
        address = f"{kind.__name__} {name} {number} {text}"
        hidden = blake2b(address.encode(), digest_size=1).digest()[0] % 4 == 0
        if hidden == unseen:
            yield kind(rng, name, number, text)


def _listed(rng: random.Random, name: str, number: str, text: str) -> Question:
    table = TABLES[name]
    value, limit = rng.choice(table.texts[text][0]), rng.choice(table.numbers[number][0])
    sign, than = rng.choice(((">", "above"), ("<", "below")))
    asked = (
        f"{rng.choice(('Which', 'What'))} {rng.choice(table.spoken)} of "
        f"{rng.choice(table.texts[text][1])} {value} have {rng.choice(table.numbers[number][1])} "
        f"{than} {limit}?"
    )
    where = f"{text} = '{value}' AND {number} {sign} {limit}"
    return Question(asked, f"SELECT {table.label} FROM {name} WHERE {where}")


def _counted(rng: random.Random, name: str, number: str, text: str) -> Question:
    table = TABLES[name]
    value = rng.choice(table.texts[text][0])
    asked = (
        f"{rng.choice(('How many', 'Count the'))} {rng.choice(table.spoken)} with "
        f"{rng.choice(table.texts[text][1])} {value}"
    )
    return Question(asked, f"SELECT COUNT(*) FROM {name} WHERE {text} = '{value}'")


def _summed_up(rng: random.Random, name: str, number: str, text: str) -> Question:
    table = TABLES[name]
    function, called = rng.choice(
        (("AVG", "average"), ("MAX", "greatest"), ("MIN", "least"), ("SUM", "total"))
    )
    value = rng.choice(table.texts[text][0])
    asked = (
        f"The {called} {rng.choice(table.numbers[number][1])} of {rng.choice(table.spoken)} in "
        f"{rng.choice(table.texts[text][1])} {value}?"
    )
    return Question(asked, f"SELECT {function}({number}) FROM {name} WHERE {text} = '{value}'")


def _ranked(rng: random.Random, name: str, number: str, text: str) -> Question:
    table = TABLES[name]
    count = rng.choice((1, 3, 5))
    order, called = rng.choice((("DESC", "highest"), ("ASC", "lowest")))
    asked = (
        f"{text.capitalize()} of the {count} {rng.choice(table.spoken)} with the {called} "
        f"{rng.choice(table.numbers[number][1])}"
    )
    return Question(asked, f"SELECT {text} FROM {name} ORDER BY {number} {order} LIMIT {count}")


def _grouped(rng: random.Random, name: str, number: str, text: str) -> Question:
    table = TABLES[name]
    asked = (
        f"{rng.choice(('Average', 'Mean'))} {rng.choice(table.numbers[number][1])} of "
        f"{rng.choice(table.spoken)} for each {rng.choice(table.texts[text][1])}"
    )
    return Question(asked, f"SELECT {text}, AVG({number}) FROM {name} GROUP BY {text}")


_KINDS: tuple[Callable[[random.Random, str, str, str], Question], ...] = (
    *(_listed, _counted, _summed_up, _ranked, _grouped),
)
