"""The points that monitors are measured at, who judges statements, and the table."""

from __future__ import annotations

import io
import json
import sys
from itertools import islice
from pathlib import Path

import pytest
from rich.console import Console

from bench.monitor_judges import Basedpyright, Judge, judge_of
from bench.monitor_points import Point, points
from bench.monitor_repositories import cpp, typescript
from bench.monitor_statements import Statement, Statements
from bench.monitors import Measured, main, markdown, summary
from constrain.monitors import Place


def is_whole(point) -> bool:
    text = point.place.path.read_text("utf-8")
    return text == point.place.before + point.name + point.rest + point.place.after


def test_points_are_dereferences_and_come_again():
    first, again = (list(islice(points(4, seed=3), 4)) for _ in range(2))
    assert first == again
    for point in first:
        assert point.place.before.endswith(".")
        assert is_whole(point)


def test_statements_of_one_line():
    found = {point.is_statement: point for point in islice(points(30, seed=5), 30)}
    assert set(found) == {True, False}
    point = found[True]
    line = point.place.before.rpartition("\n")[2] + point.name + point.rest
    compile(line.strip().replace("return ", ""), "line", "exec")


@pytest.mark.parametrize(("made", "language"), [(typescript, "typescript"), (cpp, "cpp")])
def test_repositories(tmp_path, made, language):
    found = made(tmp_path, 12, seed=1)
    assert found == made(tmp_path, 12, seed=1)
    assert all(map(is_whole, found))
    judge = judge_of(language)
    if judge is None:
        pytest.skip(f"no compiler of {language} is installed")
    true = [(point, [point.name + point.rest.rstrip("\n")] * 2) for point in found[:3]]
    wrong = (found[0], [f"nothing_{found[0].name};", "(;"])
    verdicts = dict(judge.verdicts([*true, wrong]))
    assert [verdicts[number] for number in range(3)] == [["", ""]] * 3
    assert all(verdicts[3])
    assert not list(tmp_path.glob("variant*"))


def python_point(path, before, after=""):
    return Point(Place(before, after, path, path.parent), "name", "\n", is_statement=True)


def judged(judge, *cases):
    verdicts = dict(judge.verdicts(cases))
    return [verdicts[number] for number in range(len(cases))]


def test_basedpyright_judges(tmp_path):
    """By errors of the line alone, with the types of other files; not where none can be."""
    pytest.importorskip("basedpyright")
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "shelf.py").write_text("class Shelf:\n    def count(self, least: int) -> int: ...\n")
    library = python_point(tmp_path / "a.py", "import os\nx = os.", "y: int = 'a'\n")
    beside = python_point(
        package / "b.py", "from .shelf import Shelf\nShelf().", "Shelf().colour\n"
    )
    installed = python_point(Path(pytest.__file__), "from _pytest._code import Code\nCode.")
    right_and_wrong = [
        (library, ["sep", "nothing_of_the_kind", "x (", "getcwd(1)"]),
        (beside, ["count(1)", "counts(1)", "count()", "count('a')"]),
        (installed, ["from_function(print)", "from_nothing(print)", "from_function()", "x y"]),
    ]
    returned = python_point(tmp_path / "c.py", "import os\ndef f():\n    return os.")
    unreachable = python_point(tmp_path / "d.py", "import os\nif False:\n    os.")
    right_and_wrong.append((returned, ["sep", "nothing_of_the_kind"]))
    *verdicts, unknown = judged(Basedpyright(), *right_and_wrong, (unreachable, ["sep", "x.y"]))
    assert unknown is None
    for right, *wrong in verdicts:
        assert right == ""
        assert all(wrong)
    assert sorted(path.name for path in package.iterdir()) == ["__init__.py", "shelf.py"]


def test_files_that_basedpyright_cannot_judge(tmp_path):
    """The server ends with one file; the others are judged."""
    server = Path(__file__).parent.parent / "monitors" / "fake_server.py"
    command = [sys.executable, str(server), "dies of errors", str(tmp_path / "log")]
    some = [(python_point(tmp_path / f"{name}.py", f"{name}."), ["x", "y"]) for name in "abcd"]
    fatal = (python_point(tmp_path / "b.py", "fatal = 1\nb."), ["x", "y"])
    judge = Basedpyright(command, timeout=20)
    assert judged(judge, some[0], fatal, *some[2:]) == [["", ""], None, ["", ""], ["", ""]]


class Refusing(Judge):
    """Knows nothing of the first case, and refuses texts with an x."""

    name = "refusing"

    def verdicts(self, cases):
        for number in reversed(range(1, len(cases))):
            yield number, ["an x" * ("x" in text) for text in cases[number][1]]
        yield 0, None


def test_statements_are_kept_before_they_are_judged(tmp_path):
    point = python_point(tmp_path / "a.py", "\n\na.")
    statements = Statements(tmp_path / "results" / "statements.jsonl")
    for texts in (["t", "w", "x"], ["t", "w", "x"], ["x", "w", "w"], ["t", "x", "w"]):
        statements.add(point, texts)
    kept = [json.loads(line) for line in statements.path.read_text().splitlines()]
    assert kept[0] == {
        "file": str(tmp_path / "a.py"),
        "line": 3,
        "texts": ["t", "w", "x"],
        "complaints": None,
    }
    assert statements.unjudged == 4
    statements.be_judged(Refusing(), Console(file=io.StringIO()))
    assert statements.unjudged == 1
    assert statements.right == [["", "an x"], ["an x", ""]]
    assert (statements.accepted(0), statements.accepted(1)) == (1, 1)
    kept = [json.loads(line) for line in statements.path.read_text().splitlines()]
    assert kept[1]["complaints"] == ["", "", "an x"]


def test_no_statements_and_no_points(tmp_path):
    def row(*asked):
        assert main([*asked, "--languages", "python", "--out", str(tmp_path)]) == 0
        [found] = json.loads((tmp_path / "monitors.json").read_text())
        return found["points"], found["statements"] + found["unjudged"]

    assert row("--points", "0") == (0, 0)
    assert row("--points", "2", "--statements", "0") == (2, 0)
    assert not list(tmp_path.glob("*.jsonl"))


def test_the_table():
    found = Measured(points=4, known=2, true_name=2)
    found.members, found.same = [2, 1], [1, 0]
    found.questions, found.analyser, found.monitor = [0.1, 0.2, 0.6], [0.01], [0.0001, 0.0003]
    statements = Statements(Path("unused"), judge="g++")
    point = python_point(Path("a.cpp"), "a.")
    statements.found = [
        Statement(point, ["t", "w", "x"], verdict)
        for verdict in (["", "", "x"], ["", "", "x"], None)
    ]
    text = markdown([summary("cpp", found, statements)], "note")
    assert (
        "| cpp | 4, 2 | 100.0% | 100.0% / 50.0% | 50.0% / 0.0% | 100.0% / 0.0% of 2 | 1 |" in text
    )
    assert "0.200 s, most 0.6 s | 10.0 ms | 0.200 ms, mean 0.200 ms |" in text


def test_unknown_languages(capsys):
    assert main(["--languages", "cobol"]) == 2
    assert "there are python, typescript, cpp" in " ".join(capsys.readouterr().err.split())
