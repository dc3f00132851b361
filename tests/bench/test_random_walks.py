"""The walks through schemas: what they count, and what they find in an engine that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench import random_walks
from constrain.cli.judges import JSONJudge
from constrain.engine import Matcher

CASES = [
    ("map", {"type": "object", "additionalProperties": {"type": "integer", "maximum": 9}}),
    ("list", {"type": "array", "items": {"enum": ["a", 1, None]}, "minItems": 2}),
    ("never", {"type": "string", "minLength": 2, "maxLength": 1}),
]


@pytest.fixture
def run(tmp_path: Path, tokenizer_folder: Path) -> Any:
    lines = (json.dumps({"id": name, "schema": schema, "tests": []}) for name, schema in CASES)
    (tmp_path / "cases.jsonl").write_text("\n".join(lines))

    def walk(*more: str) -> tuple[int, dict[str, Any]]:
        out = tmp_path / "walks.jsonl"
        paths = ["--data", str(tmp_path / "cases.jsonl"), "--out", str(out)]
        code = random_walks.main([*paths, "--tokenizer", str(tokenizer_folder), *more])
        records = [json.loads(line) for line in out.read_text().splitlines()[1:]]
        return code, {record["id"]: record for record in records}

    return walk


def test_walks_are_counted_and_can_be_repeated(run: Any) -> None:
    code, found = run()
    assert code == 0
    assert [found[name]["walks"] for name, _ in CASES] == [5, 5, 0]
    assert found["never"]["refused"] == "UnsatisfiableSchemaError"
    assert found["map"]["tokens"] + found["list"]["tokens"] > 20
    assert run("--fresh") == (0, found)


def test_a_stopped_run_goes_on(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run()
    out = tmp_path / "walks.jsonl"
    header, first, second, _ = out.read_text().splitlines()
    out.write_text("\n".join((header, first, second[:20])))
    walked = []
    walk_all = random_walks.SchemaWalker.walk_all

    def counted(self: Any, case: Any, *rest: Any) -> Any:
        walked.append(case.id)
        return walk_all(self, case, *rest)

    monkeypatch.setattr(random_walks.SchemaWalker, "walk_all", counted)
    assert run() == whole
    assert set(walked) == {name for name, _ in CASES} - {json.loads(first)["id"]}
    assert run("--seed", "1")[0] == 2


def test_a_schema_has_its_time(run: Any) -> None:
    code, found = run("--limit-time", "1e-4")
    assert code == 1
    kinds = {failure["kind"] for record in found.values() for failure in record["failures"]}
    assert kinds == {"OutOfTimeError"}


def test_a_wrong_mask_is_found(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fill = Matcher.fill_bitmask

    def too_wide(self: Matcher, row: Any, budget: int | None = None) -> None:
        fill(self, row, budget=budget)
        row[0] |= 0xFE

    monkeypatch.setattr(Matcher, "fill_bitmask", too_wide)
    code, found = run()
    assert code == 1
    kinds = {failure["kind"] for record in found.values() for failure in record["failures"]}
    assert kinds == {"WalkError"}


def test_a_wrong_text_is_found(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random_walks, "JSONJudge", lambda schema: JSONJudge(False))
    code, found = run()
    assert code == 1
    kinds = {failure["kind"] for record in found.values() for failure in record["failures"]}
    assert kinds == {"InvalidTextError"}


@pytest.mark.parametrize(
    ("schema", "text", "valid"),
    [
        ({"multipleOf": 0.01}, b"19.99", True),
        ({"multipleOf": 0.01}, b"1e300", True),
        ({"type": "integer"}, b"10e-1", True),
        ({"minimum": 9007199254740993}, b"9007199254740992.5", False),
        ({"format": "date"}, b'"2023-02-29"', False),
        ({}, b'{"a": 1, "a": 1}', False),
        ({}, b"{", False),
    ],
)
def test_the_judge_is_exact(schema: Any, text: bytes, valid: bool) -> None:
    assert (JSONJudge(schema).complaint(text) is None) == valid
