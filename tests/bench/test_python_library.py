"""The benchmark on Python's library, on a library of three files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import python_library

BUNDLED = Path(__file__).resolve().parents[2] / "constrain" / "models" / "bundled"


def test_files_and_what_is_left_of_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "right.py").write_text("def f(a):\n    return a\n")
    (tmp_path / "wrong.py").write_text("def f(a:\n    return a\n")
    (tmp_path / "strange.py").write_bytes(b"x = '\xff'\n")
    out = tmp_path / "found.json"
    arguments = ["--library", str(tmp_path), "--tokenizer", str(BUNDLED), "--out", str(out)]
    assert python_library.main(arguments) == 0
    found = json.loads(out.read_text())
    assert (found["files"], found["disagreements"]) == (1, [])
    assert "| files that Lark parses, accepted | 1 |" in capsys.readouterr().out
