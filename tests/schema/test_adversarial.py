"""Schemas made to hurt: they work or are refused, within seconds and bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.schema.adversarial import ENDS, LANGUAGES, WORKS

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 15.0
"""Of processor time; all take less than a third of it where nothing else runs."""
MEMORY_MB = 2048
REFUSALS = {"SchemaTooComplexError", "RegexTooComplexError", "UnsatisfiableSchemaError"}


@pytest.fixture(scope="module")
def results() -> dict[tuple[str, str], dict[str, float | str]]:
    command = [sys.executable, "-m", "tests.schema.adversarial"]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found = map(json.loads, run.stdout.splitlines())
    return {(result["name"], result["language"]): result for result in found}


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [*WORKS, *ENDS])
def test_bounded(
    name: str, language: str, results: dict[tuple[str, str], dict[str, float | str]]
) -> None:
    result = results[name, language]
    allowed = {"works"} if name in WORKS else {"works", *REFUSALS}
    assert result["outcome"] in allowed
    assert float(result["seconds"]) < SECONDS
    assert float(result["peak_mb"]) < MEMORY_MB
