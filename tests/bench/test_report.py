"""Results on disk, and the numbers and tables made of them."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest

from bench import report
from bench.errors import BenchmarkError
from bench.measure import Result, Verdict
from bench.results import Header, ResultFile

HEADER = Header("fake", "1.2", {"limit": 3}, setup_s=0.5, setup_mb=100)


def _result(name: str, outcome: str = "passing", **values: object) -> Result:
    return Result(name, outcome, **values)  # type: ignore[arg-type]


def test_percentiles_are_by_nearest_rank() -> None:
    values = [random.Random(3).expovariate(0.01) for _ in range(997)]
    ordered = sorted(values)
    found = report.percentiles(np.array(values))
    for p in report.PERCENTILES:
        assert found[f"p{p}"] == ordered[math.ceil(p / 100 * len(ordered)) - 1]
    assert found["mean"] == pytest.approx(sum(values) / len(values), abs=0.05)
    assert report.percentiles(np.array([])) == {}


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path) -> None:
    file = ResultFile(tmp_path, "fake")
    assert file.resume("1.2", {"limit": 3}) == set()
    file.begin(HEADER)
    first = _result("a", ttfm_us=1.5, tbm_us=(2.0, 3.5), verdicts=(Verdict(True, True, 2),))
    file.append(first)
    with file.path.open("a") as lines:
        lines.write('{"id":"b","outcome":"pass')  # killed while writing

    assert file.resume("1.2", {"limit": 3}) == {"a"}
    second = _result("b", "crash", reason="SIGSEGV")
    file.append(second)
    assert list(file.results()) == [first, second]
    assert file.header() == HEADER


@pytest.mark.parametrize(("version", "limit"), [("1.3", 3), ("1.2", 4)])
def test_results_of_another_version_are_not_mixed(tmp_path: Path, version: str, limit: int) -> None:
    file = ResultFile(tmp_path, "fake")
    file.begin(HEADER)
    with pytest.raises(BenchmarkError, match="pass --fresh"):
        file.resume(version, {"limit": limit})


@pytest.fixture
def runs() -> dict[str, report.Run]:
    fast = [
        _result("a", ttfm_us=10.0, tbm_us=(1.0, 2.0, 3.0), peak_mb=120.0),
        _result("b", "compile error", reason="no | here"),
        _result("c", "wrong accept", ttfm_us=30.0, tbm_us=(9.0,), peak_mb=150.0),
    ]
    slow = [
        _result("a", ttfm_us=1000.0, tbm_us=(10.0, 20.0, 60.0)),
        _result("b", ttfm_us=2000.0, tbm_us=(500.0,)),
        _result("c", "timeout", reason="over 3 s"),
    ]
    other = Header("slow", "2", {}, 1.0, 80)
    return {"fast": report.Run(HEADER, fast), "slow": report.Run(other, slow)}


def test_the_summary_counts_and_compares(runs: dict[str, report.Run]) -> None:
    summary = report.summarise(runs)
    assert summary["common_schemas"] == 1
    fast, slow = summary["engines"]["fast"], summary["engines"]["slow"]
    assert (fast["schemas"], fast["tokens"], fast["peak_mb"]) == (3, 4, 150.0)
    assert {k: n for k, n in fast["outcomes"].items() if n} == {
        "passing": 1,
        "compile error": 1,
        "wrong accept": 1,
    }
    assert slow["reasons"] == {"timeout: over 3 s": 1}
    assert fast["tbm_us"]["p100"] == 9.0
    assert fast["common_tbm_us"]["p100"] == 3.0
    assert slow["common_tbm_us"]["mean"] == 30.0
    assert slow["ttfm_us"]["mean"] == 1500.0


def test_the_table_has_a_column_for_each_engine(runs: dict[str, report.Run]) -> None:
    text = report.markdown(report.summarise(runs))
    lines = text.splitlines()
    assert lines[0] == "|  | fast | slow |"
    assert "| passing | 1 (33.3 %) | 2 (66.7 %) |" in lines
    assert "| timeout | 0 | 1 (33.3 %) |" in lines
    assert "| TBM mean (µs) | 3.8 | 148 |" in lines
    assert "| TTFM, common p50 (µs) | 10.0 | 1,000 |" in lines
    assert "| 1 | compile error: no \\| here |" in lines
    assert "over the 1 schemas that all engines pass" in text


def test_a_single_engine_is_not_compared(runs: dict[str, report.Run]) -> None:
    text = report.markdown(report.summarise({"fast": runs["fast"]}))
    assert "| TBM p50 (µs) | 2.0 |" in text
    assert "common" not in text.lower()


def test_an_engine_without_times_has_dashes() -> None:
    run = report.Run(HEADER, [_result("a", "crash", reason="SIGSEGV")])
    assert "| TTFM p50 (µs) | - |" in report.markdown(report.summarise({"fake": run}))


def test_plots_are_drawn(runs: dict[str, report.Run], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from bench.plots import plot

    written = plot(runs, tmp_path)
    assert [path.name for path in written] == ["tbm.png", "ttfm.png", "outcomes.png"]
    for path in written:
        assert path.read_bytes().startswith(b"\x89PNG")
