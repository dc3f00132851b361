"""The points that monitors are measured at, who judges statements, and the table."""

from __future__ import annotations

from itertools import islice

import pytest

from bench.monitor_judges import Basedpyright, judge_of
from bench.monitor_points import Point, points
from bench.monitor_repositories import cpp, typescript
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
    true = [(point, point.name + point.rest.rstrip("\n")) for point in found[:3]]
    wrong = (found[0], f"nothing_{found[0].name};")
    unfinished = (found[1], "(;")
    assert judge.accepts([*true, wrong, unfinished]) == [True] * 3 + [False] * 2
    assert not list(tmp_path.glob("variant*"))


def test_basedpyright_judges(tmp_path):
    pytest.importorskip("basedpyright")
    place = Place("import os\nx = os.", "y: int = 'a'\n", tmp_path / "a.py", tmp_path)
    point = Point(place, "sep", "\n", is_statement=True)
    texts = ("sep", "nothing_of_the_kind", "x (")
    assert Basedpyright().accepts([(point, text) for text in texts]) == [True, False, False]


def test_the_table():
    found = Measured(points=4, known=2, true_name=2, statements=2, judge="g++")
    found.members, found.same, found.accepted = [2, 1], [1, 0], [2, 0]
    found.questions, found.analyser, found.monitor = [0.1, 0.2, 0.6], [0.01], [0.0001, 0.0003]
    text = markdown([summary("cpp", found)], "note")
    assert "| cpp | 4, 2 | 100.0% | 100.0% / 50.0% | 50.0% / 0.0% | 100.0% / 0.0% of 2 " in text
    assert "0.200 s, most 0.6 s | 10.0 ms | 0.200 ms, mean 0.200 ms |" in text


def test_unknown_languages(capsys):
    assert main(["--languages", "cobol"]) == 2
    assert "there are python, typescript, cpp" in " ".join(capsys.readouterr().err.split())
