"""The ready-made grammars: what they accept, and that those who read such texts can read them."""

from __future__ import annotations

import re
import sqlite3

import pytest
from lark.exceptions import LarkError

from bench.grammar_judges import JUDGES, lark_parser, sqlite_judge
from bench.grammar_walks import TABLES, new_database
from bench.walker import Walker
from constrain import compile_grammar, grammars
from constrain.engine import Constraint
from constrain.errors import ConstraintError
from constrain.explain import byte_vocabulary
from constrain.models import BundledModel

CASES: dict[str, tuple[list[str], list[str]]] = {
    "arithmetic": (
        ["1", "1+2*3", "-(1 - 2.5e3) ** -2 // 7 % 2", " 0.5", "2**3**4"],
        ["", "1+", "01", "1 2", "(1", ".5", "* 2", "a"],
    ),
    "csv": (
        ["", "a", "a,b\nc,d\n", '"a ""quoted"", long\nfield",,\r\n', ",\n\n"],
        ['a"b', '"a', '"a"b', "a\rb", '"a""'],
    ),
    "dot": (
        [
            "graph {}",
            "strict digraph G { a -> b -> c [color=red; weight=2.5]; }",
            'digraph "my graph" { rank = same; node [shape=box,] a:n:s -> {b c} // done\n}',
            "graph { subgraph x { a -- b } -- -3.5 /* three ** */ edge [] nodes }",
            'digraph { a [label=< <b a="http://x"> é </b> /* >, x = "y" + "z"] né -> <> }',
        ],
        [
            "graph { a = <<b> }",
            "graph { a = > }",
            'graph { a = "b" + c }',
            "graph",
            "graph { a -> b }",
            "digraph { a -- b }",
            "graph { node }",
            "GRAPH {}",
        ],
    ),
    "iso_dates": (
        ["2024-02-29", "2000-02-29", "1999-12-31T23:59:59.250Z", "0001-01-01T00:00-23:59"],
        ["2023-02-29", "1900-02-29", "2024-04-31", "2024-13-01", "0000-01-01", "2024-01-01T24:00"],
    ),
    "json": (
        ['{"a": [1, -2.5e+3, {}, []], "b": null}', ' "\\u00e9\\n" ', "0", "[true,\tfalse]"],
        ["", "{a: 1}", "[1,]", "01", '"\n"', "'a'", '{"a" 1}', "nul"],
    ),
    "lark": (
        [
            'start: "a" b? | -> x\nb: /[^\\/]+/i ~ 1..3 // done\n',
            '?start.2: (A|"b"i)* [c{A, "x"}]\n\nc{x, y}: x y\n  | "a".."z"\nA: "a" "b"?',
            "%import common.INT -> N\n%import common (WS, CR)\n%declare _X Y\n%ignore /[ ]/\na: N",
            "%override a: b? /c/\n%extend B.1: B+",
        ],
        ["start", "start: (a", "A{x}: x", "a: b?c", "a: b -> C", 'a: "x', "a: b ~", ""],
    ),
    "regex": (
        ["", "a|b*?", "^(?:[^\\]a-z0-9_]{2,3}|\\w+)$", "(?=a)(?!b)\\b.{3}?", "[\\dx-z]{,9}"],
        ["(", "a)", "[z-a]", "a{3,2}", "*", "^*", "a**", "[]", "(?<a)", "\\1", "a{10,9}", "[[a]"],
    ),
    "smiles": (
        [
            "C",
            "CC(=O)Oc1ccccc1C(=O)O",
            "[Na+].[Cl-]",
            "N[C@@H](C)C(=O)O",
            "C%12CC%12",
            "F/C=C/F",
            "[Fe++]",
        ],
        ["", "C(", "c1ccc)", "[C", "Xe", "C=", "C..C", "[NaX]", "C%1"],
    ),
    "sql": (
        [
            "SELECT * FROM people",
            "select distinct p.name, count(*) as n from people as p\nwhere age >= 18 and not "
            "(name like 'A%' or city is null) group by p.name having sum(p.age) > 10 "
            "order by count(*) desc, name limit 10 offset 5;",
            "SELECT a.x FROM a JOIN b ON a.id = b.id WHERE x IN (SELECT y FROM c) AND y "
            "BETWEEN 1 AND 2.5 AND z NOT IN ('it''s', NULL) AND EXISTS (SELECT * FROM d)",
            "SELECT upper(name) || '!' AS shout, -age * 2, (a = b) FROM people",
            "SELECT selected, fromage FROM notes",
        ],
        [
            "SELECT",
            "SELECT * FROM",
            "SELECT FROM people",
            "SELECT a b FROM c",
            "SELECT a FROM b WHERE count(*) > 1",
            "SELECT a FROM b ORDER BY 3",
            "SELECT a FROM b WHERE a - --1",
            "SELECTa FROM b",
            "SELECT 'a FROM b",
        ],
    ),
    "xml": (
        [
            "<item/>",
            '<?xml version="1.0"?><!-- a-b --><list id="1" class = \'"\'>\n <item>a &amp; b</item>'
            "<text >]] é</text ></list>",
            "<title><![CDATA[<b> ]a]]></title>",
            "<text id='&#39;&#x263;'>&#9829;</text>",
        ],
        [
            "",
            "<item>",
            "<item></list>",
            "<b/>",
            '<item id="1" id="2"/>',
            "<item>a & b</item>",
            "<item><!-- -- --></item>",
            "<item/><item/>",
            "<items/>",
            "<item>\x00</item>",
            "<item>&#0;</item>",
            "<item>&#x1f;</item>",
        ],
    ),
}


def _accepts(constraint: Constraint, text: str) -> bool:
    matcher = constraint.matcher()
    return matcher.accept_bytes(text.encode()) and matcher.is_accepting()


@pytest.mark.parametrize("name", CASES)
def test_cases(name: str):
    right, wrong = CASES[name]
    constraint = compile_grammar(name, byte_vocabulary())
    assert constraint.control.lexer == "contextual"
    parser = lark_parser(grammars.load(name), "contextual")
    for text in [*right, *wrong]:
        assert _accepts(constraint, text) == (text in right), text
    for text in right:
        parser.parse(text)
        JUDGES.get(name, str)(text)
    for text in wrong:
        with pytest.raises(LarkError):
            parser.parse(text)


@pytest.fixture(scope="module")
def walker() -> Walker:
    return Walker(BundledModel().vocabulary, seed=1)


def _walk(walker: Walker, constraint: Constraint, name: str, walks: int) -> list[str]:
    return [
        b"".join(walker.walk(constraint.matcher(), name, index)).decode() for index in range(walks)
    ]


@pytest.mark.parametrize("name", CASES)
def test_walks_end_in_texts_that_can_be_read(walker: Walker, name: str):
    constraint = compile_grammar(name, BundledModel().vocabulary)
    parser = lark_parser(grammars.load(name), constraint.control.lexer)
    for text in _walk(walker, constraint, name, 12):
        parser.parse(text)
        JUDGES.get(name, str)(text)


@pytest.fixture(scope="module")
def database() -> sqlite3.Connection:
    return new_database()


def test_queries_on_given_tables_can_be_prepared(walker: Walker, database: sqlite3.Connection):
    text = grammars.sql(TABLES)
    assert sorted(grammars.sql(database)) == sorted(text)
    constraint = compile_grammar(text, BundledModel().vocabulary)
    for query in _walk(walker, constraint, "tables", 24):
        sqlite_judge(database)(query)


def test_queries_on_given_tables_name_what_is_there(database: sqlite3.Connection):
    constraint = compile_grammar(grammars.sql(database), byte_vocabulary())
    for query, is_right in {
        "SELECT name FROM pets": True,
        'SELECT pets."order", "Home Town" FROM people': False,
        'SELECT pets."order", people."Home Town" FROM pets JOIN people ON '
        "pets.owner_id = people.id WHERE people.id IN (SELECT id FROM pets)": True,
        "SELECT name FROM pets JOIN people ON pets.owner_id = people.id": False,
        "SELECT age FROM pets": False,
        "SELECT pets.name FROM pets WHERE age = 1": False,
        "SELECT * FROM nothing": False,
        'SELECT "a\\b", "é" FROM "odd ""table"""': True,
    }.items():
        assert _accepts(constraint, query) == is_right, query


def test_documents_with_given_names(walker: Walker):
    text = grammars.xml(["a", "ab", "b-1"], ["href", "h"])
    constraint = compile_grammar(text, BundledModel().vocabulary)
    assert _accepts(constraint, '<a href="#" h=""><ab></ab><b-1 h="x"/></a>')
    for wrong in ("<a></ab>", '<a h="" href=""/>', "<item/>", "<b/>"):
        assert not _accepts(constraint, wrong)
    for document in _walk(walker, constraint, "names", 12):
        JUDGES["xml"](document)
    assert _accepts(compile_grammar(grammars.xml(["a"]), byte_vocabulary()), "<a><a/></a>")


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: grammars.load("cobol"), "no grammar named 'cobol'; there are arithmetic, csv"),
        (lambda: compile_grammar("cobol", byte_vocabulary()), "no grammar named 'cobol'"),
        (lambda: grammars.sql({}), "no tables"),
        (lambda: grammars.sql({"people": []}), "table 'people' has no columns"),
        (lambda: grammars.sql({"people": ["a\nb"]}), re.escape(r"'a\nb' cannot be the name")),
        (lambda: grammars.xml([]), "no elements"),
        (lambda: grammars.xml(["a b"]), "'a b' cannot be the name"),
        (lambda: grammars.xml(["a"], ["xmlns"]), "'xmlns' cannot be the name"),
    ],
)
def test_mistakes(make, complaint: str):
    with pytest.raises(ConstraintError, match=complaint):
        make()
