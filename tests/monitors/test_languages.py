"""Where code ends and text begins, and what servers' items say, language by language."""

from __future__ import annotations

import random
import re
import sys
import time
import tokenize
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from constrain.monitors.completions import completions
from constrain.monitors.failure import ServerError
from constrain.monitors.languages import (
    CPP,
    LANGUAGES,
    PYTHON,
    TYPESCRIPT,
    Language,
    Quote,
    language_of,
)

CODE = {
    "python": [
        "",
        "'a'",
        "x = '\\''",
        '"""a\n"b"""',
        "# it's\n",
        "f'{",
        "f'{a.b",
        "f'{{{a",
        "rf'{a}' + x",
        "f'{a:{b",
        "f'{x[1:2",
        "f'{(lambda y: y",
        "f'''{a}\n{",
        'f\'{d["k"]',
        "'open\n",
        "buff'x'",
    ],
    "typescript": [
        "",
        "'a'",
        "// it's\n",
        "/* ' */",
        "`${",
        "`a${b}c${`d${",
        "x = /['\"]/",
        "x = /[/']/g; y",
        "a / b / c",
        "`${ {a: 1}",
        "x = a ? b : c",
    ],
    "cpp": [
        "",
        '"a"',
        "// it's\n",
        '/* " */',
        "'\"'",
        "1'000'000",
        'R"(")"',
        'R"x( )" )x"',
        "#include <a.h>\n",
        "#define X ",
    ],
}
TEXT = {
    "python": ["'", "'a\\'", '"""a\n"', "# a", "f'", "f'{a}", "f'{a:", "f'{a:{b}", "f'{{", "'a' '"],
    "typescript": ["'", "// a", "/* a */ /* b", "`", "`${a}", "`${`", "x = /a", "return /a", "(/["],
    "cpp": ['"', "// a", "/* a", "'", 'R"(a)', 'R"x(a)" ', "#include <a", '#include "a'],
}


@pytest.mark.parametrize("language", [PYTHON, TYPESCRIPT, CPP], ids=lambda known: known.name)
def test_code_and_text(language):
    for text in CODE[language.name]:
        assert language.is_code(text), text
    for text in TEXT[language.name]:
        assert not language.is_code(text), text


@pytest.mark.parametrize(
    ("language", "asks", "silent"),
    [
        (PYTHON, ["a.", "f().", "'a'.", "f'{a."], ["1.", "10.", "return .", "# a.", "from ."]),
        (TYPESCRIPT, ["a.", "a?.", "$.", "x!.", "`${a."], ["1.", "return .", "`a.", "0x1f."]),
        (
            CPP,
            ["a.", "a->", "a::", "std::", "f(a)[0]."],
            ["1.", "typename.", "return ::", "void f(A... xs) { g(xs.", '#include "a.', "1'0."],
        ),
    ],
    ids=["python", "typescript", "cpp"],
)
def test_where_members_are_due(language, asks, silent):
    for text in [*asks, *silent]:
        assert re.search(rf"(?:{language.trigger})\Z", text), text
    assert all(map(language.asks, asks))
    assert not any(map(language.asks, silent))


def test_comments_and_strings_as_pythons_own_tokens():
    """At the end of each token of Python's own library there is code, within a string text."""
    for name in ("argparse", "dataclasses", "textwrap", "json.decoder", "email.header"):
        __import__(name)
        text = Path(sys.modules[name].__file__).read_text()
        starts = [0]
        for line in text.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        tokens = list(tokenize.generate_tokens(StringIO(text).readline))
        for token in tokens[:: max(len(tokens) // 150, 1)]:
            begin = starts[token.start[0] - 1] + token.start[1]
            end = starts[token.end[0] - 1] + token.end[1]
            if token.type == tokenize.COMMENT:
                assert not PYTHON.is_code(text[:end]), (name, token)
            elif token.type == tokenize.STRING and "f" not in token.string[:2].lower():
                assert PYTHON.is_code(text[:end]), (name, token)
                assert not PYTHON.is_code(text[: end - 1]), (name, token)
            elif token.type in (tokenize.NAME, tokenize.NUMBER):
                assert PYTHON.is_code(text[:begin]), (name, token)


@pytest.mark.parametrize("language", [PYTHON, TYPESCRIPT, CPP], ids=lambda known: known.name)
@pytest.mark.parametrize(
    "piece", ["'", "f'{", "`${", "/* ", '"\\', "...a ", "a.", "/", "{[(", 'R"(']
)
def test_long_texts_take_no_long_time(language, piece):
    started = time.process_time()
    language.asks(piece * (60_000 // len(piece)) + "a.")
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("language", "text", "closed"),
    [
        (PYTHON, "x.", "x."),
        (PYTHON, "f'{x.", "f'{x.}'"),
        (PYTHON, "f\"{x[f'{y.", "f\"{x[f'{y.}'}\""),
        (PYTHON, "f'{x:{y.", "f'{x:{y.}}'"),
        (TYPESCRIPT, "`a${`${x.", "`a${`${x.}`}`"),
    ],
)
def test_strings_are_closed(language, text, closed):
    assert language.closed(text) == closed


@pytest.mark.parametrize("quotes", [(), (Quote("", "'"),), (Quote("'", ""),), (Quote("", ""),)])
def test_languages_of_ones_own(quotes):
    language = Language("other", (".x",), trigger=r"\w\.", quotes=quotes)
    assert language.closed("a 'b' c.").startswith("a 'b' c.")
    language.asks("a.")


def test_languages_of_files():
    suffixes = [suffix for language in LANGUAGES for suffix in language.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert language_of(Path("a/b.CPP")) is CPP
    assert language_of(Path("a/b.tsx")).name == "typescriptreact"
    assert language_of(Path("Makefile")) is language_of(None) is None


def edit(text: str, begin: int, end: int) -> dict:
    ends = [{"line": 0, "character": column} for column in (begin, end)]
    return {"range": dict(zip(("start", "end"), ends, strict=True)), "newText": text}


@pytest.mark.parametrize(
    ("language", "line", "item", "name"),
    [
        (PYTHON, "x.", {"label": "name"}, "name"),
        (PYTHON, "x.", {"label": "name()", "insertText": "name"}, "name"),
        (PYTHON, "x.", {"label": "name(self)"}, "name"),
        (PYTHON, "x.", {"label": "größe"}, "größe"),
        (PYTHON, "x.", {"label": "a-b"}, None),
        (PYTHON, "x.", {"label": "a b"}, None),
        (PYTHON, "x.", {"label": "1st"}, None),
        (PYTHON, "x.", {"label": "name", "kind": 1}, None),
        (PYTHON, "x.", {"label": "name", "kind": 15}, None),
        (PYTHON, "x.", {"label": "name", "additionalTextEdits": [edit("", 0, 0)]}, None),
        (PYTHON, "x.", {"label": "f", "insertText": "f($1)$0", "insertTextFormat": 2}, "f"),
        (PYTHON, "x.", {"label": "f", "insertText": "f$0", "insertTextFormat": 2}, "f"),
        (PYTHON, "'😀'.", {"label": "f", "textEdit": edit("f", 5, 5)}, "f"),
        (PYTHON, "'😀'.", {"label": "f", "textEdit": edit("'😀'.f", 0, 5)}, "f"),
        (PYTHON, "x.", {"label": "f", "textEdit": edit("y.f", 0, 2)}, None),
        (
            PYTHON,
            "x.",
            {"label": "f", "textEdit": {"insert": edit("", 2, 2)["range"], "newText": "f"}},
            "f",
        ),
        (TYPESCRIPT, "x.", {"label": "name?", "textEdit": edit(".name", 1, 2)}, "name"),
        (TYPESCRIPT, "x.", {"label": "name", "textEdit": edit("?.name", 1, 2)}, "name"),
        (TYPESCRIPT, "x?.", {"label": "name", "textEdit": edit("?.name", 1, 3)}, "name"),
        (TYPESCRIPT, "x.", {"label": "a-b", "textEdit": edit('["a-b"]', 1, 2)}, None),
        (TYPESCRIPT, "x.", {"label": "name", "textEdit": edit("(await x).name", 0, 2)}, None),
        (TYPESCRIPT, "x.", {"label": "#name", "filterText": ".#name"}, "#name"),
        (TYPESCRIPT, "x.", {"label": "$on"}, "$on"),
        (TYPESCRIPT, "x.", {"label": "pages?"}, "pages"),
        (CPP, "x.", {"label": " as<class T>()"}, "as"),
        (CPP, "x.", {"label": "•name", "insertText": "name"}, "name"),
        (CPP, "std::", {"label": "x", "additionalTextEdits": [edit("#include", 0, 0)]}, "x"),
        (CPP, "x.", {"label": "operator=(int)", "insertText": "operator="}, None),
        (CPP, "x.", {"label": "operator()(int)", "insertText": "operator()"}, None),
        (CPP, "x.", {"label": "operator bool"}, None),
        (CPP, "x.", {"label": "~X()"}, "~X"),
        (CPP, "p.", {"label": "name", "textEdit": edit("->name", 1, 2)}, None),
    ],
)
def test_members_of_items(language, line, item, name):
    found = completions({"isIncomplete": True, "items": [item]}, language, line, 0)
    assert found.names == ({name} if name else set())
    assert found.is_incomplete == language.cuts


def test_items_with_a_beginning():
    found = completions([{"label": "name", "textEdit": edit("name", 2, 4)}], PYTHON, "x.na", 2)
    assert found.names == {"name"}


def test_keywords_show_that_no_member_is_due():
    items = [{"label": "name", "kind": 5}, {"label": "auto", "kind": 14}]
    assert completions(items, CPP, "f() ->", 0).names is None


@pytest.mark.parametrize(
    "answer",
    [
        5,
        "name",
        {"items": 5},
        [5],
        [{}],
        [{"label": 5}],
        [{"label": "a", "insertText": 5}],
        [{"label": "a", "textEdit": {}}],
        [{"label": "a", "textEdit": {"range": 5, "newText": "a"}}],
        [{"label": "a", "textEdit": edit(5, 0, 0)}],
        [{"label": "a", "textEdit": edit("a", "b", 0)}],
        [{"label": "a", "textEdit": edit("a", 1, 1)}],
    ],
)
def test_malformed_items(answer):
    with pytest.raises(ServerError):
        completions(answer, PYTHON, "😀.", 0)


@pytest.mark.parametrize("answer", [None, [], {"items": []}, {"items": None}])
def test_no_items(answer):
    assert completions(answer, PYTHON, "x.", 0).names == set()


@pytest.mark.parametrize("language", [PYTHON, TYPESCRIPT, CPP])
def test_scans_go_on_where_they_ended(language):
    chosen = random.Random(5)
    pieces = ['"', "'", '"""', "\n", "\\", "f'{", "}", "{", "`", "${", "//", "/*", "*/", "#", " "]
    pieces += ["x", "/", "=", 'R"(', ")", '"', "1'0", "\n\n", ":", "(", "include"]
    for _ in range(300):
        text = ""
        for _ in range(40):
            text += chosen.choice(pieces)
            assert language._open(text) == replace(language)._open(text), text
