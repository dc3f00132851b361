"""Real language servers, each on a small repository of its language."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from constrain.lexing.regex import EMPTY
from constrain.monitors import LanguageServer, Place, ServerMembers, monitored
from constrain.monitors.languages import CPP, PYTHON, TYPESCRIPT, Language
from constrain.monitors.named import find_program
from tests.monitors.repository import place
from tests.monitors.test_python import BOOK, FINE, accepts, public
from tests.monitors.walks import allowed_tokens, check_suggestions, vocabulary

STOCK_TS = """
export enum Colour { Red, Green }
export interface Book {
    title: string; pages?: number; author?: { name: string };
    "odd-name": number; open(page: number): void
}
export class Shelf {
    private secret = 1; protected half = 2; #hidden = 3; static made = 0;
    width = 1; books: Book[] = [];
    tallest(): Book { return this.books[0]; }
    async later(): Promise<Book> { return this.books[0]; }
    get size() { return 1; }
    use(other: Shelf) { return other.width; }
}
export function total(x: number) { return x; }
"""
TILL_TS = """import { Shelf, Colour } from "./stock";
import * as stock from "./stock";
declare const maybe: Shelf | undefined;
export async function sell(shelf: Shelf) {
  """
STOCK_H = """#pragma once
#include <string>
#include <vector>
namespace shop {
enum class Colour { Red, Green };
struct Book {
    std::string title; int pages; static int count;
    void open(int page); Book& operator=(const Book&); operator bool() const; ~Book();
};
class Shelf {
    int secret;
public:
    int width; std::vector<Book> books;
    Book* tallest(); template<class T> T as();
};
inline int total(int x) { return x; }
}
"""
TILL_CPP = """#include "stock.h"
int global_thing;
auto sell(shop::Shelf& shelf, shop::Shelf* p) {
  """
LATER_CPP = "\n}\nnamespace shop { inline int later() { return 1; } }\n"
SHELF_TS = {"width", "books", "tallest", "later", "size", "use"}
SHELF_CPP = {"width", "books", "tallest", "as"}
BOOK_CPP = {"title", "pages", "count", "open"}
TYPESCRIPT_7 = shutil.which("tsc") or "tsc"


def installed(language: Language) -> pytest.MarkDecorator:
    """Skip where the server of a language is missing."""
    name = language.command[0]
    reason = f"{name} is not installed ({language.install})"
    return pytest.mark.skipif(find_program(name) is None, reason=reason)


def command_of(language: Language) -> list[str]:
    program = find_program(language.command[0])
    assert program is not None
    return [program, *language.command[1:]]


def serves_itself(compiler: str) -> bool:
    """Whether a TypeScript compiler is a language server too, as it is from version 7 on."""
    found = shutil.which(compiler)
    if found is None:
        return False
    said = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
    return int(said.split()[-1].split(".")[0]) >= 7


def lines(server: LanguageServer, file: Path, before: str, after: str = "\n}\n"):
    """Return a function that gives the members after `before` and a line."""
    monitor = ServerMembers(server, Place(before, after, file))
    return lambda line: monitor.suggest(before + line)


@pytest.fixture(scope="module")
def typescript(tmp_path_factory):
    yield from typescript_by(command_of(TYPESCRIPT), tmp_path_factory.mktemp("typescript"))


def typescript_by(command, folder: Path):
    (folder / "tsconfig.json").write_text(
        '{"compilerOptions": {"strict": true, "target": "es2022", "module": "es2022",'
        ' "moduleResolution": "bundler"}}'
    )
    (folder / "stock.ts").write_text(STOCK_TS)
    with LanguageServer(command, "typescript", folder, timeout=120) as server:
        yield server, folder


@pytest.fixture(scope="module")
def cpp(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cpp")
    (folder / ".clangd").write_text("Index:\n  StandardLibrary: No\n")
    (folder / "stock.h").write_text(STOCK_H)
    (folder / "other.h").write_text("#include <map>\nnamespace shop { int elsewhere; }\n")
    with LanguageServer(command_of(CPP), "cpp", folder, timeout=120) as server:
        yield server, folder


@installed(PYTHON)
def test_python(tmp_path):
    where = place(tmp_path, BOOK, "\n\nprint(1)\n")
    with LanguageServer(command_of(PYTHON), "python", tmp_path, 120) as server:
        monitor = ServerMembers(server, where)
        assert public(monitor.suggest(BOOK + "shelf.")) == {"width", "books", "tallest"}
        book = {"title", "colour", "open"}
        assert public(monitor.suggest(BOOK + "'é𝔸😀'; shelf.tallest().")) == book
        assert public(monitor.suggest(BOOK + "f'{shelf.tallest().")) == book
        assert monitor.suggest(BOOK + "'shelf.") is None
        assert len(monitor.suggest("import os\nos.")) > 300
        matcher = monitored(FINE, monitor).matcher()
        assert accepts(matcher, "shelf.tallest().title")
        assert not accepts(matcher, "shelf.tallest().width")


def check_typescript(server: LanguageServer, folder: Path) -> None:
    members = lines(server, folder / "till.ts", TILL_TS)
    book = {"title", "pages", "author", "open"}  # "odd-name" cannot stand after a dot
    expected = {
        "shelf.": SHELF_TS,
        "return shelf.": SHELF_TS,
        "'é𝔸😀'; shelf.": SHELF_TS,
        "`é${shelf.": SHELF_TS,
        "/[.']/; shelf.": SHELF_TS,
        "maybe.": SHELF_TS,
        "maybe!.": SHELF_TS,
        "shelf.tallest().": book,
        "shelf.books[0].": book,
        "stock.": {"Colour", "Shelf", "total"},
        "let x: stock.": {"Book", "Colour", "Shelf"},
        "Colour.": {"Red", "Green"},
        "shelf.later().": {"then", "catch", "finally"},  # not those of what is awaited
        "shelf.tallest().author.": {"name"},
        "unknown.": set(),
    }
    assert {line: set(members(line)) for line in expected} == expected
    for line in ("'shelf.", "// shelf.", "`shelf.", "1.", "x = /shelf."):
        assert members(line) is None
    inside = STOCK_TS.index("other.width") + len("other.")
    here = lines(server, folder / "stock.ts", STOCK_TS[:inside], STOCK_TS[inside + 5 :])
    assert set(here("")) == SHELF_TS | {"secret", "half", "#hidden"}
    matcher = monitored(
        FINE, ServerMembers(server, Place(TILL_TS, "\n}\n", folder / "till.ts"))
    ).matcher()
    for text in (
        "maybe?.tallest()",
        "maybe?.[0]",
        "maybe?.(x)",
        "shelf.width$",
        "[...shelf.books]",
    ):
        assert accepts(matcher, text) == (text != "shelf.width$"), text
    for text in ("shelf.secret", "maybe?.secret", "shelf.Promise", "shelf.title"):
        assert not accepts(matcher, text), text


@installed(TYPESCRIPT)
def test_typescript(typescript):
    check_typescript(*typescript)


@pytest.mark.skipif(
    not serves_itself(TYPESCRIPT_7), reason="TypeScript 7 is not installed (npm install typescript)"
)
def test_typescript_7(tmp_path):
    for server, folder in typescript_by((TYPESCRIPT_7, "--lsp", "--stdio"), tmp_path):
        check_typescript(server, folder)
        wrong = server.errors(folder / "till.ts", TILL_TS + "shelf.title;\n}\n")
        assert [problem.line for problem in wrong] == [5]


@installed(CPP)
def test_cpp(cpp):
    server, folder = cpp
    members = lines(server, folder / "till.cpp", TILL_CPP, LATER_CPP)
    expected = {
        "shelf.": SHELF_CPP,
        "p->": SHELF_CPP,
        "return shelf.tallest()->": BOOK_CPP,
        'auto x = "é𝔸😀"; shelf.books[0].': BOOK_CPP,
        "'\"'; shelf.": SHELF_CPP,
        'R"("; )"; shelf.': SHELF_CPP,
        "shop::": {"Book", "Colour", "Shelf", "total"},  # not what is declared later
        "shop::Colour::": {"Red", "Green"},
        "unknown.": set(),
    }
    assert {line: set(members(line)) for line in expected} == expected
    assert members("p.") is EMPTY and members("shelf->") is EMPTY
    for line in ("// shelf.", '"shelf.', "1.", "[](int x) ->", "return ::"):
        assert members(line) is None
    string = set(members("shelf.tallest()->title."))
    assert {"size", "append", "c_str"} <= string
    assert "operator" not in string


@installed(CPP)
def test_standard_names_are_those_that_are_included(cpp):
    server, folder = cpp
    other = lines(server, folder / "other.cpp", '#include "other.h"\nint x = ', ";\n")
    assert "map" in other("std::")
    members = lines(server, folder / "till.cpp", TILL_CPP, LATER_CPP)
    names = set(members("std::"))
    assert {"string", "vector", "move", "printf"} <= names
    assert not {"map", "cout", "FAIL"} & names
    assert "elsewhere" not in members("shop::")


@installed(CPP)
@pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed")
def test_the_compiler_knows_all_standard_names(cpp, tmp_path):
    server, folder = cpp
    names = lines(server, folder / "till.cpp", TILL_CPP, LATER_CPP)("std::")
    assert len(names) > 300
    code = "\n".join(['#include "stock.h"', *(f"using std::{name};" for name in names)])
    command = ["g++", "-std=c++17", "-fsyntax-only", "-x", "c++", "-I", str(folder), "-"]
    said = subprocess.run(command, input=code, capture_output=True, text=True).stderr
    errors = [line for line in said.splitlines() if ": error:" in line]
    assert [line for line in errors if "may not name namespace" not in line] == []
    assert len(errors) < 5


@installed(CPP)
def test_packs_and_limits(cpp):
    server, folder = cpp
    before = "struct S { int a; };\ntemplate<typename... Args> void f(S s, Args... args) {\n  "
    matcher = monitored(
        FINE, ServerMembers(server, Place(before, "\n}\n", folder / "pack.cpp"))
    ).matcher()
    assert accepts(matcher, "g(args...);")
    assert accepts(matcher, "s.a;")
    assert not accepts(matcher, "s.b;")


@installed(CPP)
def test_signs_that_cannot_stand_in_cpp(cpp):
    server, folder = cpp
    file = folder / "till.cpp"
    assert server.members(file, TILL_CPP + "int count = 1; shelf.", LATER_CPP)
    for code, is_misplaced in {
        "shelf->": True,
        "shelf::": True,
        "p.": True,
        "shelf.width.": True,
        "shelf.width->": True,
        "shelf.tallest.": True,
        "shelf.tallest->": True,
        "shelf.tallest()::": True,
        "int x = shelf.tallest()::": True,
        "int x = (int)::": False,
        "shelf.width(": True,
        "shelf.tallest(": False,
        "shelf.tallest().open(": False,
        "nothing.": False,
        "nothing::": False,
        "nothing->": False,
        'auto x = "é𝔸😀"; shelf->': True,
    }.items():
        assert server.is_misplaced(file, TILL_CPP + code, LATER_CPP) == is_misplaced, code


@installed(CPP)
def test_signs_are_led_to_the_right_ones(cpp):
    server, folder = cpp
    tokens = vocabulary("->", "::", ".b", "->w", "p->", ".w")
    place = Place(TILL_CPP, LATER_CPP, folder / "till.cpp")
    matcher = monitored(tokens, ServerMembers(server, place)).matcher()
    for text, right in ((b"shelf", {b".", b".b", b".w"}), (b"; p", {b"->", b"->w"})):
        assert matcher.accept_bytes(text)
        found = {tokens.token_bytes(token) for token in allowed_tokens(matcher)}
        assert found & {b".", b".b", b".w", b"->", b"->w", b"::"} == right
    assert matcher.accept_bytes(b"->width")
    found = {tokens.token_bytes(token) for token in allowed_tokens(matcher)}
    assert not found & {b".", b"->", b"::", b".b"} and b"-" in found
    assert matcher.accept_bytes(b"-")
    assert not matcher.accept_bytes(b">")


@installed(CPP)
def test_every_division_of_members(cpp):
    server, folder = cpp
    tokens = vocabulary(
        "shelf", "->", "::", ".width", "->book", "wid", "th", "width;", "books", "p->"
    )
    monitor = ServerMembers(server, Place(TILL_CPP, LATER_CPP, folder / "till.cpp"))
    for before in (b"shelf.", b"p->"):
        check_suggestions(monitored(tokens, monitor), before, SHELF_CPP, after=";")
