"""The benchmark on the official test suite: a small suite of its own, and a sample of the real."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from bench import jsonschema_suite
from bench.jsonschema_suite import Specification, judge, tokenized
from bench.suite_data import DRAFTS, Suite, load_suite

CASES = {
    "tests/draft7/ref.json": [
        {
            "description": "remote",
            "schema": {"items": {"$ref": "http://localhost:1234/draft7/integer.json"}},
            "tests": [
                {"description": "an integer", "data": [1.0], "valid": True},
                {"description": "a string", "data": ["é"], "valid": False},
            ],
        },
        {
            "description": "unsatisfiable",
            "schema": False,
            "tests": [{"description": "anything", "data": 1, "valid": False}],
        },
    ],
    "tests/draft7/optional/format/date.json": [
        {
            "description": "date",
            "schema": {"format": "date"},
            "tests": [{"description": "none", "data": "today", "valid": False}],
        }
    ],
    "tests/draft7/optional/wrong.json": [
        {
            "description": "a broken schema",
            "schema": {"type": "text"},
            "tests": [{"description": "text", "data": "a", "valid": True}],
        },
        {
            "description": "a wrong expectation",
            "schema": {"type": "string"},
            "tests": [{"description": "text", "data": "a", "valid": False}],
        },
    ],
    "remotes/draft7/integer.json": {"type": "integer"},
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "suite"
    for name, contents in CASES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(contents))
    return folder


def test_a_run_counts_what_is_right_and_names_what_is_left(
    checkout: Path, tokenizer_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--path", str(checkout), "--tokenizer", str(tokenizer_folder)]
    out = tmp_path / "out"
    assert jsonschema_suite.main([*arguments, "--out", str(out)]) == 1
    engine = json.loads((out / "summary.json").read_text())["constrain"]
    counts = engine["drafts"]["draft7"]
    assert (counts["required"]["right"], counts["format"]["right"]) == (3, 1)
    assert counts["optional"]["files"] == {
        "optional/wrong": {"right": 0, "wrong accept": 1, "wrong reject": 0, "not decided": 1}
    }
    assert engine["reasons"] == {"InvalidSchemaError": 1}
    assert [left["case"] for left in engine["left"]] == ["a broken schema", "a wrong expectation"]
    shown = capsys.readouterr().out
    assert "| draft7 | required | 3 | 3 | 0 | 0 | 0 |" in shown
    assert "| wrong (optional) | a wrong expectation | text | wrong accept | 7 |" in shown

    assert jsonschema_suite.main([*arguments, "--files", "ref", "--out", str(out)]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--path", "/nowhere"], "no test suite at /nowhere"),
        (["--drafts", "draft3"], "no tests in draft3"),
        (["--engines", "guess"], "no engine named 'guess'"),
    ],
)
def test_wrong_arguments(
    checkout: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert jsonschema_suite.main(["--path", str(checkout), *arguments]) == 2
    assert message in capsys.readouterr().err.replace("\n", " ")


@pytest.fixture(scope="module")
def suite(data: Path) -> Suite:
    return load_suite(data / "json-schema-test-suite.tar.xz")


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(tokenizer_folder)


@pytest.mark.parametrize("draft", DRAFTS)
def test_a_sample_of_the_real_suite(suite: Suite, tokenizer: Any, draft: str) -> None:
    cases = [case for case in suite.cases if case.draft == draft and case.kind == "required"]
    cases.sort(key=lambda case: sha256(f"{case.file}{case.description}".encode()).digest())
    engine = Specification(tokenizer, suite=suite)
    found = [
        judgement
        for case in cases[:40]
        for judgement in judge(engine, case, tokenized(case, tokenizer), tokenizer.eos_token_id)
    ]
    assert [j for j in found if j.outcome != "right"] == []
    assert len(found) > 80
