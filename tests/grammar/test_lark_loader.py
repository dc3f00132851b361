"""Lark's grammar language, and what is said about mistakes in it."""

from __future__ import annotations

import pytest

from constrain.errors import GrammarSyntaxError, GrammarWarning
from constrain.grammar.lark_loader import read_lark
from constrain.lexing.regex import matches

MISTAKES = {
    "unknown rule": ('start: "a"\n  | b', 2, 5),
    "only vast texts": (
        "start: x0\n" + "".join(f"x{i}: x{i + 1} x{i + 1}\n" for i in range(40)) + 'x40: "a"',
        28,
        1,
    ),
    "unknown terminal": ('start: "a" B', 1, 12),
    "unknown start": ('a: "x"', 1, 1),
    "unclosed string": ('start: "a" b\nb: "b" |\n "a', 3, 2),
    "stray bracket": ('start: "a" "b" ]', 1, 16),
    "bad name": ('1start: "a"', 1, 1),
    "bad alias": ('start: "a" -> B', 1, 15),
    "defined twice": ('start: "a"\nstart: "b"', 2, 1),
    "bad regexp": ("start: A\nA: /(/", 2, 4),
    "bad regexp in a union": ('start: A\nA: /[z-a]/ | "b"', 2, 4),
    "backreference": ("start: /(a)\\1/", 1, 8),
    "matches nothing": ('start: "a" /(?!a)a/', 1, 12),
    "matches the empty text": ("start: /a*/", 1, 8),
    "recursive terminal": ('start: A\nA: A "b"', 2, 1),
    "bad range": ('start: "a"~3..1', 1, 12),
    "unknown template": ("start: a{b}", 1, 8),
    "template without arguments": ('start: "b" t\nt{x}: x', 2, 1),
    "wrong number of arguments": ('start: u\nu: t{"a"}\nt{x, y}: x y', 2, 1),
    "template of ever other rules": ('start: t{"a"}\nt{x}: "b" t{t{x}} | x', 2, 1),
    "template of longer and longer names": (
        'start: t0{"a"}\n'
        + "".join(f"t{i}{{x}}: t{i + 1}{{p{{x, x}}}}\n" for i in range(40))
        + "t40{x}: x\np{x, y}: x y",
        43,
        1,
    ),
    "extended, not defined": ('start: "a"\n%extend b: "c"', 2, 9),
    "overridden, not defined": ('start: "a"\n%override b: "c"', 2, 11),
    "rule in a terminal": ('start: A\nA: "a" b\nb: "c"', 3, 1),
    "rule that is ignored": ('start: "a"\n%ignore b\nb: "c"', 2, 9),
    "unknown flag": ("start: A\nA: /a/q", 2, 1),
    "alias in a terminal": ('start: A\nA: "a" -> b', 2, 8),
    "range of texts": ('start: "a" "ab".."c"', 1, 12),
    "reversed range": ('start: "a" "z".."a"', 1, 12),
    "short escape": ('start: "a" "\\x4"', 1, 13),
    "imported and defined": ('%import common.INT\nINT: "a"\nstart: INT', 2, 1),
    "too many repetitions": ('b: "c"\nstart: "a" ~ 1000000', 2, 1),
    "deep groups": ("start: " + "(" * 3000 + '"a"' + ")" * 3000, 1, 1),
    "unclosed expression": ("start: /abc", 1, 8),
    "unclosed group": ('start: ("a"', 1, 12),
    "unknown ignored": ('start: "a"\n%ignore B', 2, 9),
    "unknown import": ("%import nowhere.X\nstart: X", 1, 9),
    "unknown imported name": ("%import common.NOPE\nstart: NOPE", 1, 16),
    "no text": ('start: start "a" | "b" start', 1, 1),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_placed(name):
    text, line, column = MISTAKES[name]
    with pytest.raises(GrammarSyntaxError) as caught:
        read_lark(text)
    error = caught.value
    assert (error.file, error.line, error.column) == (None, line, column), error
    assert error.reason in str(error)


def test_imports_that_come_back_to_themselves(tmp_path):
    (tmp_path / "one.lark").write_text('%import .two (B)\nstart: "a" B\nA: "a"')
    (tmp_path / "two.lark").write_text("\n%import .one (A)\nB: A")
    path = tmp_path / "one.lark"
    with pytest.raises(GrammarSyntaxError) as caught:
        read_lark(path.read_text(), path=path)
    error = caught.value
    assert (error.file, error.line, error.column) == (str(tmp_path / "two.lark"), 2, 10)
    assert "imports itself" in error.reason


def test_a_mistake_in_an_imported_file(tmp_path):
    (tmp_path / "words.lark").write_text('WORD: "a"\nOTHER: ]')
    with pytest.raises(GrammarSyntaxError) as caught:
        read_lark("%import .words.WORD\nstart: WORD", path=tmp_path / "main.lark")
    assert caught.value.file == str(tmp_path / "words.lark")
    assert caught.value.line == 2


IMPORTED = {
    "bad regexp": ('start: B\nB: "a" | /(/', 2, 10, "missing )"),
    "unknown rule": ('start: "a"\n  | y', 2, 5, "Rule 'y' used"),
    "wrong number of arguments": ('start: u\nu: t{"a", "b"}\nt{x}: x', 2, 1, "used for t "),
    "unclosed string": ('start: "a', 1, 8, "Unexpected"),
    "reversed range": ('start: "c" "b".."a"', 1, 12, "bad character range"),
    "only vast texts": ('start: "a" ~ 1000000', 1, 1, "shortest text"),
    "no text": ('start: "a" start', 1, 1, "stands for no text"),
}


@pytest.mark.parametrize("name", IMPORTED)
def test_mistakes_in_imported_files_are_placed_there(tmp_path, name):
    text, line, column, reason = IMPORTED[name]
    (tmp_path / "other.lark").write_text(text)
    with pytest.raises(GrammarSyntaxError) as caught:
        read_lark("%import .other.start", path=tmp_path / "main.lark")
    error = caught.value
    assert (error.file, error.line, error.column) == (str(tmp_path / "other.lark"), line, column)
    assert reason in error.reason


def test_an_imported_file_that_is_no_text(tmp_path):
    (tmp_path / "other.lark").write_bytes(b'start: "a"\n  "\xe9"')
    with pytest.raises(GrammarSyntaxError, match="UTF-8") as caught:
        read_lark("%import .other.start", path=tmp_path / "main.lark")
    assert (caught.value.line, caught.value.column) == (2, 4)


def test_a_rule_without_texts_in_an_imported_file_warns(tmp_path):
    (tmp_path / "other.lark").write_text('x: "a" | y\ny: y "b"')
    with pytest.warns(GrammarWarning) as caught:
        read_lark("%import .other.x\nstart: x", path=tmp_path / "main.lark")
    (warning,) = [w.message for w in caught]
    assert (warning.file, warning.line) == (str(tmp_path / "other.lark"), 2)


def test_templates_that_call_themselves_come_to_an_end():
    grammar = read_lark('start: t{"a", B}\nB: "b"\nt{x, y}: x t{y, x} | y')
    assert len(grammar.rules) == 5


def test_imports_renames_overrides_and_extensions(tmp_path):
    (tmp_path / "base.lark").write_text('item: WORD | number\nnumber: "1"\nWORD: "a"')
    grammar = read_lark(
        "%import .base (item, number)\n%import .base.WORD -> NAME\n%import common.INT\n"
        'start: item NAME\n%extend number: INT\n%override item: number | "x"',
        path=tmp_path / "main.lark",
    )
    assert {rule.expansion for rule in grammar.rules_of["item"]} == {("number",), ("X",)}
    assert len(grammar.rules_of["number"]) == 2
    assert matches(grammar.terminals["INT"].regex, "12")
    assert grammar.terminals["NAME"].text == "a"


def test_flags_ranges_and_priorities():
    grammar = read_lark('start: A B C\nA.2: "x".."z"\nB: /a.b/is\nC: "ab"i')
    assert grammar.terminals["A"].priority == 2
    assert matches(grammar.terminals["A"].regex, "y")
    assert matches(grammar.terminals["B"].regex, "A\nB")
    assert matches(grammar.terminals["C"].regex, "aB")


def test_a_rule_without_texts_warns_and_goes():
    with pytest.warns(GrammarWarning) as caught:
        grammar = read_lark('start: "a" | b\nb: b "x" | c\nc: b')
    assert [(w.message.line, w.message.column) for w in caught] == [(2, 1), (3, 1)]
    assert [rule.origin for rule in grammar.rules] == ["start"]
    assert set(grammar.terminals) == {"A"}


def test_declared_terminals_have_no_text():
    grammar = read_lark('start: "a" _INDENT\n%declare _INDENT')
    assert grammar.declared == {"_INDENT"}
