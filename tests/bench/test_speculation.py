"""The benchmark of speculation measures what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from time import thread_time

import pytest

from bench import speculation
from bench.speculation_cost import in_turn
from bench.speculation_methods import PLAIN
from constrain.sampling.base import Observer, Progress


def test_the_summary() -> None:
    parts = ("tokens", "calls", "target", "masks", "matching", "total", "wall")
    figures = {
        PLAIN: [(10, 10, 0.1, 0.001, 0.002, 0.2, 0.4)] * 2,
        "fast": [(10, 2, 0.04, 0.001, 0.002, 0.05, 0.1), (20, 8, 0.16, 0.009, 0.018, 0.3, 0.6)],
    }
    runs = {
        ("JSON", name): [dict(zip(parts, run, strict=True)) for run in measured]
        for name, measured in figures.items()
    }
    rows = speculation.summary(runs)
    fast = rows[1]
    assert fast["tokens a call"] == 3
    assert fast["CPU ms a token"] == pytest.approx((5 + 15) / 2)
    assert fast["wall ms a token"] == pytest.approx(20)
    assert fast["speed-up"] == pytest.approx(2)
    assert fast["masks / target"] == pytest.approx(0.05)
    assert fast["matching / target"] == pytest.approx(0.1)
    table = speculation.markdown(rows, "A note.")
    assert "| JSON | fast | 3.00 | 10.00 | 20.00 | 2.00 | 5.0% | 10.0% |" in table
    assert table.endswith("A note.\n")


def test_two_writers_take_turns_on_clocks_of_their_own() -> None:
    pytest.importorskip("greenlet", reason="greenlet is not installed")
    order = []

    def writer(name: str, steps: int, seconds: float) -> Callable[[Observer], object]:
        def write(observe: Observer) -> None:
            for _ in range(steps):
                until = thread_time() + seconds
                while thread_time() < until:
                    pass
                order.append(name)
                observe(Progress(0, 0, 1, 0))

        return write

    (_, slow), (_, fast) = in_turn([writer("slow", 2, 0.04), writer("fast", 4, 0.005)])
    assert order == ["slow", "fast", "slow", "fast", "fast", "fast"]
    assert 0.08 <= slow < 0.1
    assert 0.02 <= fast < 0.04


def test_a_small_run(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    options = ["--seeds", "1", "--tokens", "12", "--methods", "coupling", "--out", str(tmp_path)]
    assert speculation.main(options) == 0
    rows = json.loads((tmp_path / "speculation.json").read_text("utf-8"))
    assert {row["text"] for row in rows} == {"JSON Schema", "long keys", "grammar", "free text"}
    blocks = {(row["text"], row["method"]): row["tokens a call"] for row in rows}
    assert all(block == 1 for (_, method), block in blocks.items() if method == PLAIN)
    assert all(block > 1 for (_, method), block in blocks.items() if method != PLAIN)
    assert all(0 < row["masks / target"] < row["matching / target"] for row in rows)
    assert (tmp_path / "speculation.png").stat().st_size > 1000
