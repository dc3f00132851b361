"""The benchmark of grammars: its translations, its texts, its reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import grammar_speed
from bench.grammar_judges import lark_parser
from bench.grammar_texts import texts
from bench.grammars import main
from constrain import compile_grammar, grammars
from constrain.explain import byte_vocabulary
from tests.test_grammars import CASES

BUNDLED = str(Path(__file__).resolve().parents[2] / "constrain" / "models" / "bundled")


@pytest.mark.parametrize("name", ["arithmetic", "csv", "iso_dates", "json", "regex", "xml"])
def test_characters_say_what_terminals_say(name: str):
    text = grammar_speed.dialects(name).xgrammar
    constraint = compile_grammar(text, byte_vocabulary(), syntax="gbnf")
    right, wrong = CASES[name]
    for case in [*right, *wrong]:
        matcher = constraint.matcher()
        accepted = matcher.accept_bytes(case.encode()) and matcher.is_accepting()
        assert accepted == (case in right), case


@pytest.mark.parametrize("name", sorted(CASES))
def test_texts_are_those_of_the_grammar(name: str):
    parser = lark_parser(grammars.load(name), "contextual")
    written = texts(name, 30)
    assert written == texts(name, 30)
    for text in written:
        parser.parse(text)


def test_a_run_writes_a_table_and_the_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    arguments = ["--tokenizer", BUNDLED, "--out", str(tmp_path), "--engines", "constrain"]
    assert main(["speed", "--grammars", "iso_dates,json in GBNF", "--texts", "3", *arguments]) == 0
    table = (tmp_path / "speed.md").read_text("utf-8")
    assert table in capsys.readouterr().err
    records = json.loads((tmp_path / "speed.json").read_text("utf-8"))["records"]
    assert [record["accepted"] for record in records] == [3, 3]
    assert all(0 < record["p50"] <= record["p99"] for record in records)


def test_growth_is_told_as_a_ratio(tmp_path: Path):
    arguments = ["--tokenizer", BUNDLED, "--out", str(tmp_path), "--engines", "constrain"]
    assert main(["growth", "--tokens", "400", *arguments]) == 0
    records = json.loads((tmp_path / "growth.json").read_text("utf-8"))["records"]
    for record in records[:3]:
        assert record["ratio"] == round(record["late"] / record["early"], 2)
    assert records[3]["compile_s"] > 0


def test_walks_are_counted(tmp_path: Path):
    arguments = ["--grammars", "json,sql on given tables", "--walks", "3", "--out", str(tmp_path)]
    assert main(["walks", "--tokenizer", BUNDLED, *arguments]) == 0
    records = json.loads((tmp_path / "walks.json").read_text("utf-8"))["records"]
    assert [(record["walks"], record["failures"]) for record in records] == [(3, []), (3, [])]


def test_unknown_names_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["walks", "--tokenizer", BUNDLED, "--grammars", "cobol"]) == 2
    assert "no 'cobol'; there are arithmetic" in capsys.readouterr().err.replace("\n", " ")
