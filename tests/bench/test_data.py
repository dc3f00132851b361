"""The three sources of cases, and what a sample is."""

from __future__ import annotations

import json
import lzma
import sys
from pathlib import Path
from types import ModuleType

import pytest

from bench.data import HUB_NAME, Case, Instance, load_cases, select
from bench.errors import BenchmarkError

RECORD = {
    "schema": {"type": "string"},
    "tests": [{"valid": True, "data": "é"}, {"valid": False, "data": {"a": [1, None]}}],
}
INSTANCES = (Instance('"é"', True), Instance('{"a": [1, null]}', False))


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.xz"])
def test_a_file_of_lines(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"cases{suffix}"
    opener = lzma.open if suffix.endswith("xz") else open
    with opener(path, "wt", encoding="utf-8") as lines:
        for name in ("a", "b"):
            lines.write(json.dumps({"id": name, **RECORD}) + "\n")
    assert load_cases(str(path)) == [
        Case(name, {"type": "string"}, INSTANCES) for name in ("a", "b")
    ]


def test_a_folder_of_maskbench(tmp_path: Path) -> None:
    (tmp_path / "Kubernetes---x.json").write_text(json.dumps(RECORD))
    (tmp_path / "package.json").write_text("{}")
    assert load_cases(str(tmp_path)) == [
        Case("Kubernetes---x", {"type": "string"}, INSTANCES),
    ]


def test_the_hub_gives_schemas_without_instances(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = ModuleType("datasets")
    stand_in.get_dataset_config_names = lambda name: ["default", "Snowplow"]  # type: ignore[attr-defined]
    stand_in.load_dataset = lambda name, config: {  # type: ignore[attr-defined]
        "train": [{"json_schema": '{"type": "null"}', "unique_id": "s1"}],
        "test": [{"json_schema": "true", "unique_id": "s2"}],
    }
    monkeypatch.setitem(sys.modules, "datasets", stand_in)
    assert load_cases(HUB_NAME) == [
        Case("Snowplow---s1", {"type": "null"}, ()),
        Case("Snowplow---s2", True, ()),
    ]


def test_the_hub_needs_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(BenchmarkError, match="pip install datasets"):
        load_cases(HUB_NAME)


def test_missing_and_empty_data_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="pass --data"):
        load_cases(str(tmp_path / "nowhere.jsonl"))
    with pytest.raises(BenchmarkError, match="holds no schema"):
        load_cases(str(tmp_path))


def test_a_sample_is_fixed_and_nested() -> None:
    cases = [Case(f"c{i}", True, ()) for i in range(100)]
    forty = select(cases, sample=40, seed=7)
    assert forty == select(list(reversed(cases)), sample=40, seed=7)
    assert select(cases, sample=10, seed=7) == forty[:10]
    assert select(cases, sample=40, seed=8) != forty
    assert sorted(case.id for case in select(cases)) == sorted(case.id for case in cases)


def test_single_cases_by_name() -> None:
    cases = [Case(name, True, ()) for name in "abc"]
    assert [case.id for case in select(cases, ids=["c", "a"])] == ["c", "a"]
    with pytest.raises(BenchmarkError, match="no case named z"):
        select(cases, ids=["a", "z"])
