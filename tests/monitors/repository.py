"""A small repository of Python code, and a place in one of its files."""

from __future__ import annotations

from pathlib import Path

from constrain.monitors.place import Place

SHOP = '''"""Shops."""
from dataclasses import dataclass
from enum import Enum

class Colour(Enum):
    RED = 1
    GREEN = 2

class BrokenError(Exception):
    pass

@dataclass
class Shelf:
    width: int
    books: list["Book"]

    def tallest(self) -> "Book":
        return self.books[0]

class Book:
    def __init__(self, title: str, colour: Colour, *, pages: int = 0) -> None:
        self.title = title
        self.colour = colour

    def open(self, page: int) -> None: ...
'''


def place(folder: Path, before: str, after: str = "") -> Place:
    """Return a place in `folder/shop/till.py`, beside `shop/stock.py`."""
    package = folder / "shop"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text("")
    (package / "stock.py").write_text(SHOP)
    return Place(before, after, package / "till.py", folder)
