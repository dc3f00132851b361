"""The whole benchmark, on engines that misbehave."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import jsonschemabench

ROOT = Path(__file__).resolve().parents[2]

SCHEMAS = {
    "good": {},
    "refusing": {"do": "refuse"},
    "crashing": {"do": "exit"},
    "strict": {"refuse": 11},
}


@pytest.fixture
def arguments(
    fakes: str, tokenizer_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    monkeypatch.setattr(jsonschemabench, "engine_path", lambda name: f"{fakes}:FakeEngine")
    monkeypatch.setattr(jsonschemabench, "engine_version", lambda name: "1")
    data = tmp_path / "data"
    data.mkdir()
    for name, schema in SCHEMAS.items():
        record = {"schema": schema, "tests": [{"valid": True, "data": {"name": "warm"}}]}
        (data / f"{name}.json").write_text(json.dumps(record))
    return [
        *("--engines", "fake", "--data", str(data), "--tokenizer", str(tokenizer_folder)),
        *("--out", str(tmp_path / "out"), "--no-plots"),
    ]


def _outcomes(folder: Path) -> dict[str, str]:
    lines = (folder / "fake.jsonl").read_text().splitlines()[1:]
    return {record["id"]: record["outcome"] for record in map(json.loads, lines)}


def test_a_run_resumes_and_reports(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert jsonschemabench.main([*arguments, "--ids", "good,crashing"]) == 0
    assert _outcomes(out) == {"good": "passing", "crashing": "crash"}
    assert "| schemas | 2 |" in capsys.readouterr().out
    before = (out / "fake.jsonl").read_text()

    assert jsonschemabench.main([*arguments, "--failures"]) == 0
    assert (out / "fake.jsonl").read_text().startswith(before)
    outcomes = _outcomes(out)
    assert outcomes.pop("strict") in {"passing", "wrong reject"}
    assert outcomes == {"good": "passing", "crashing": "crash", "refusing": "compile error"}
    shown = capsys.readouterr().out
    assert "| schemas | 4 |" in shown
    assert "fake crashing: crash exit code 3" in shown
    assert "fake refusing: compile error not here, and this is why" in shown
    summary = json.loads((out / "summary.json").read_text())
    assert summary["engines"]["fake"]["outcomes"]["crash"] == 1
    assert (out / "summary.md").read_text() in shown


def test_a_refused_token_is_shown_in_its_place(
    arguments: list[str], tokenizer_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    token_ids = tokenizer.encode('{"name": "warm"}', add_special_tokens=False)
    refused = token_ids[2]
    record = {"schema": {"refuse": refused}, "tests": [{"valid": True, "data": {"name": "warm"}}]}
    (tmp_path / "data" / "strict.json").write_text(json.dumps(record))

    assert jsonschemabench.main([*arguments, "--ids", "strict", "--failures"]) == 0
    shown = capsys.readouterr().out
    position = token_ids.index(refused)
    head = tokenizer.decode(token_ids[:position])
    rest = tokenizer.decode(token_ids[position:])
    assert f"#0 (valid) after {position} tokens, refused: {tokenizer.decode([refused])!r}" in shown
    assert f"{head}»{rest}" in shown


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--data", "/nowhere"], "no benchmark data at /nowhere"),
        (["--ids", "unheard-of"], "no case named unheard-of"),
        (["--tokenizer", "/nowhere"], "no tokenizer at /nowhere"),
    ],
)
def test_wrong_arguments_are_one_line_and_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str], extra: list[str], message: str
) -> None:
    assert jsonschemabench.main([*arguments, *extra]) == 2
    assert message in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize("command", [["-m", "bench.jsonschemabench"], ["bench/jsonschemabench.py"]])
def test_it_runs_as_a_module_and_as_a_file(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *command, "--engines", "guess", "--no-plots"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "no engine named 'guess'" in done.stderr
