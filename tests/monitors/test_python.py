"""Monitors of Python code on a small repository."""

from __future__ import annotations

import pytest

from constrain import ConstraintError, MonitorWarning
from constrain.monitors import Arguments, Dereference, Imports, Place, monitored
from tests.monitors.repository import SHOP, place
from tests.monitors.walks import allowed_tokens, check_suggestions, vocabulary

FINE = vocabulary()
COARSE = vocabulary(".books", "books", ".tall", "title", " shop", "(self", "))", "()", ".stock")
BOOK = "from shop.stock import Shelf, Book, Colour\n\ndef sell(shelf: Shelf):\n    "


def accepts(matcher, text: str) -> bool:
    accepted = matcher.accept_bytes(text.encode())
    if accepted:
        matcher.rollback(1)
    return accepted


def public(names):
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("tokens", [FINE, COARSE])
def test_members_across_files(tmp_path, tokens):
    monitor = Dereference(place(tmp_path, BOOK, "\n\nprint(1)\n"))
    names = monitor.suggest(BOOK + "shelf.")
    assert public(names) == {"width", "books", "tallest"}
    assert public(monitor.suggest(BOOK + "shelf.tallest().")) == {"title", "colour", "open"}
    chosen = public(names) | {"__init__"}
    monitor.suggest = lambda text: sorted(chosen)
    check_suggestions(monitored(tokens, monitor), b"shelf.", chosen, after="\n")


def test_members_look_ahead(tmp_path):
    matcher = monitored(COARSE, Dereference(place(tmp_path, BOOK))).matcher()
    matcher.accept_bytes(b"shelf")
    found = {COARSE.token_bytes(token) for token in allowed_tokens(matcher)}
    assert {b".books", b".tall", b"."} <= found
    assert b".stock" not in found
    matcher.accept_bytes(b".tallest()")
    found = {COARSE.token_bytes(token) for token in allowed_tokens(matcher)}
    assert b".books" not in found


def test_no_members_in_strings_comments_and_numbers(tmp_path):
    matcher = monitored(FINE, Dereference(place(tmp_path, BOOK))).matcher()
    for text in ("x = 1.5", "x = 'shelf.nothing'", "# shelf.nothing", '"""\nshelf.nothing', "..."):
        assert accepts(matcher, text), text
    for text in ("shelf.nothing", "'' + shelf.nothing", "'a'.books", '"""\nx.y""".nothing'):
        assert not accepts(matcher, text), text
    with pytest.warns(MonitorWarning):
        assert accepts(matcher, "unknown.anything")


def test_what_the_file_says_behind_the_cursor(tmp_path):
    later = "\n\nclass Later:\n    def method(self): ...\n"
    monitor = Dereference(place(tmp_path, "def use():\n    ", later))
    assert public(monitor.suggest("def use():\n    Later().")) == {"method"}


def test_imports(tmp_path):
    matcher = monitored(FINE, Imports(place(tmp_path, "x = 1\n"))).matcher()
    for text in (
        "import os.path, sys as system; y",
        "from shop import stock\n",
        "from shop.stock import Book as B, Shelf  # both\n",
        "from shop.stock import (\n    Book,\n    Shelf,\n)\n",
        "from .stock import Book\n",
        "from . import stock",
        "from os import *",
        "from shop.st",
        "y = 'import nothing'",
        "important.thing",
    ):
        assert accepts(matcher, text), text
    for text in (
        "import nothing_of_the_kind\n",
        "import shop.nothing",
        "import os y",
        "from shop import nothing",
        "from shop.stock import Book, Shelves\n",
        "from shop.stocks import Book",
        "from .stock import Nothing",
        "from .nothing import",
    ):
        assert not accepts(matcher, text), text


def test_arguments(tmp_path):
    matcher = monitored(FINE, Arguments(place(tmp_path, BOOK))).matcher()
    for text in (
        "Book('a', Colour.RED)\n",
        "Book('a', colour=Colour.RED, pages=3)\n",
        "Book(*things)\n",
        "shelf.tallest()",
        "shelf.tallest().open(max(1, 2))",
        "print(1, 2, 3, sep='')",
        "unknown(1, 2, x=3)",
        "def open(a, b): ...",
        "(1, 2)",
    ):
        assert accepts(matcher, text), text
    for text in (
        "Book('a')",
        "Book('a', Colour.RED, 3)",
        "Book('a', color=Colour.RED)",
        "shelf.tallest(1",
        "shelf.tallest().open(1, 2",
        "shelf.tallest().open(max(1, 2), page=2",
        "print(1, nothing=2)",
    ):
        assert not accepts(matcher, text), text


def test_a_call_under_way(tmp_path):
    before = BOOK + "Book(str(1), "
    matcher = monitored(FINE, Arguments(place(tmp_path, before))).matcher()
    assert not accepts(matcher, ")")
    assert accepts(matcher, "Colour.RED)")
    assert matcher.tokens_to_finish() == 3


def test_places(tmp_path):
    file = tmp_path / "latin.py"
    file.write_bytes("# coding: latin-1\nx = 'é'\ny\n".encode("latin-1"))
    found = Place.in_file(file, 2, 6)
    assert (found.before, found.after) == ("# coding: latin-1\nx = 'é", "'\ny\n")
    for line, column in ((9, 0), (0, 0), (2, 8), (2, -1)):
        with pytest.raises(ConstraintError, match="there is no"):
            Place.in_file(file, line, column)
    file.write_bytes(b"x = '\xe9'\n")
    for path in (file, tmp_path / "none.py", tmp_path):
        with pytest.raises(ConstraintError, match="cannot read"):
            Place.in_file(path, 1, 0)
    (tmp_path / "odd.py").write_bytes(b"n = '\xe9'\n")
    with pytest.raises(ConstraintError, match="not in UTF-8, nor in an encoding that it names"):
        Place.in_file(tmp_path / "odd.py", 1)
    (tmp_path / "odd.ts").write_bytes(b"n = '\xe9'\n")
    with pytest.raises(ConstraintError, match="not in UTF-8; convert it"):
        Place.in_file(tmp_path / "odd.ts", 1)
    file.write_text("x\n")
    with pytest.raises(ConstraintError, match="there is no folder"):
        Place.in_file(file, 1, repository=tmp_path / "nothing")


@pytest.mark.parametrize("before", ["def (:\n  x = [\n", "'''\n", "\x00", "((((((\n"])
def test_files_that_do_not_parse(tmp_path, before):
    matcher = monitored(
        FINE, Dereference(place(tmp_path, before)), Arguments(place(tmp_path, before))
    ).matcher()
    with pytest.warns(MonitorWarning):
        matcher.accept_bytes(b"\nundefined.x(1).y'''\n")
        matcher.accept_bytes(b"undefined.x(1).y\n")


def test_answers_that_come_late(tmp_path):
    monitor = Dereference(place(tmp_path, BOOK), timeout=1e-6)
    with pytest.warns(MonitorWarning, match="within 1e-06 s") as told:
        assert monitored(FINE, monitor).matcher().accept_bytes(b"shelf.anything")
    assert told[0].message.error.kind == "late"


def test_names_that_nothing_binds_are_known_without_jedi(tmp_path):
    after = "\n\ndef other(later):\n    return later\n"
    monitor = Dereference(place(tmp_path, "", after))
    code, unknown = f"{SHOP}x = 1\n", 0
    for text in (
        *(f"{code}{name}." for name in ("nothing", "sel", "self", "Shelf", "later", "print")),
        *(f"{code}Shelf.{name}." for name in ("nothing", "tallest")),
        *(f"{code}x = Shelf . {name} ." for name in ("nothing", "tallest")),
        *(f"from os import *\n{name}." for name in ("nothing", "path")),
        *(f"{code}    {name}." for name in ("__file__", "None", "reveal_type", "größe")),
        f"{code}def f(first",
    ):
        if monitor.is_unknown(text):
            unknown += 1
            assert monitor.completions(text) == [], text
    assert unknown == 3  # nothing, sel, reveal_type
    assert monitor.suggest("nothing.") == []
    assert monitor.is_unknown("x = not (") and not monitor.is_unknown("x = print(")


def test_questions_are_few(tmp_path):
    monitor = Dereference(place(tmp_path, BOOK))
    asked = []
    ask = monitor.ask
    monitor.ask = lambda text, question: asked.append(text) or ask(text, question)
    matcher = monitored(COARSE, monitor).matcher()
    for char in b"for book in shelf.books:":
        allowed_tokens(matcher)
        assert matcher.accept_bytes(bytes([char]))
    ends = [text.removeprefix(BOOK) for text in asked]
    assert ends == ["for book in shelf.", "for book in shelf.books."]


def test_what_is_imported_is_read_ahead(tmp_path):
    monitor = Dereference(place(tmp_path, f"import shop.stock\n{BOOK}"))
    read = []
    script = monitor._script

    def noted(text):
        found = script(text)
        infer = found.infer
        found.infer = lambda line, column: read.append((line, infer(line, column)))
        return found

    monitor._script = noted
    monitor._read_ahead()
    assert [(line, [name.name for name in names]) for line, names in read] == [
        (1, ["stock"]),
        (2, ["Shelf"]),
    ]


def test_files_that_jedi_loses_are_read_again(tmp_path):
    monitor = Dereference(place(tmp_path, BOOK))
    asked = []

    def question(script, line, column):
        asked.append(script)
        if len(asked) == 1:
            raise KeyError("a file")
        return line

    assert monitor.ask("x = 1\nx.", question) == 2
    assert asked[0] is not asked[1]
