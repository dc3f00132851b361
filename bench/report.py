"""The results of a run as numbers and as Markdown."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.measure import OUTCOMES, Result
from bench.results import Header

PERCENTILES = (25, 50, 75, 90, 95, 99, 100)
_REASONS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Run:
    """The results of one engine."""

    header: Header
    results: Sequence[Result]


def summarise(runs: Mapping[str, Run]) -> dict[str, Any]:
    """All numbers of the report, for each engine by name; times in microseconds.

    Under "common" stand the times over the schemas that every engine passes: there all engines
    have judged the same instances, while their own times cover what each has compiled.
    """
    passing = [
        {result.id for result in run.results if result.outcome == "passing"}
        for run in runs.values()
    ]
    common = set.intersection(*passing) if passing else set()
    return {
        "machine": machine(),
        "common_schemas": len(common),
        "engines": {name: _engine_summary(run, common) for name, run in runs.items()},
    }


def percentiles(values: NDArray[np.float64]) -> dict[str, float]:
    """Mean and percentiles by nearest rank; empty without values."""
    if not values.size:
        return {}
    ranks = np.percentile(values, PERCENTILES, method="inverted_cdf")
    return {
        "mean": round(float(values.mean()), 1),
        **{f"p{p}": float(rank) for p, rank in zip(PERCENTILES, ranks, strict=True)},
    }


def machine() -> str:
    """The processor and the interpreter, for the foot of a table."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"{model}, {platform.system()}, Python {platform.python_version()}"


def markdown(summary: Mapping[str, Any]) -> str:
    """The tables of the report: outcomes, times, reasons of the refusals."""
    engines = summary["engines"]
    names = list(engines)
    rows: list[list[str]] = [["", *names], ["---", *["---:"] * len(names)]]

    def row(label: str, cells: Sequence[str]) -> None:
        rows.append([label, *cells])

    row("version", [engines[name]["version"] for name in names])
    row("schemas", [f"{engines[name]['schemas']:,}" for name in names])
    for outcome in OUTCOMES:
        shares = [_share(engines[name]["outcomes"][outcome], engines[name]) for name in names]
        row(outcome, shares)
    row("tokens measured", [f"{engines[name]['tokens']:,}" for name in names])
    times = [("tbm_us", "TBM"), ("ttfm_us", "TTFM")]
    note = (
        "TBM: time between masks (mask and accept, per token). "
        "TTFM: time to first mask (per schema). "
    )
    if len(names) > 1:
        times += [("common_tbm_us", "TBM, common"), ("common_ttfm_us", "TTFM, common")]
        note += f"Common: over the {summary['common_schemas']:,} schemas that all engines pass. "
    for key, label in times:
        for statistic in ("mean", *(f"p{p}" for p in PERCENTILES)):
            cells = [_number(engines[name][key].get(statistic)) for name in names]
            row(f"{label} {statistic} (µs)", cells)
    row("set-up (s)", [f"{engines[name]['setup_s']:.1f}" for name in names])
    row("memory after set-up (MB)", [f"{engines[name]['setup_mb']:,.0f}" for name in names])
    row("peak memory (MB)", [f"{engines[name]['peak_mb']:,.0f}" for name in names])

    parts = [_table(rows), f"{note}One thread. {summary['machine']}."]
    for name in names:
        reasons = engines[name]["reasons"]
        if reasons:
            shown = [["schemas", f"why {name} stopped"], ["---:", "---"]]
            shown += [
                [f"{n:,}", reason.replace("|", "\\|")]
                for reason, n in list(reasons.items())[:_REASONS_SHOWN]
            ]
            rest = sum(list(reasons.values())[_REASONS_SHOWN:])
            if rest:
                shown.append([f"{rest:,}", "other reasons"])
            parts.append(_table(shown))
    return "\n\n".join(parts) + "\n"


def _engine_summary(run: Run, common: set[str]) -> dict[str, Any]:
    results = run.results
    shared = [result for result in results if result.id in common]
    outcomes = Counter(result.outcome for result in results)
    reasons = Counter(f"{result.outcome}: {result.reason}" for result in results if result.reason)
    return {
        "version": run.header.version,
        "settings": run.header.settings,
        "schemas": len(results),
        "outcomes": {outcome: outcomes[outcome] for outcome in OUTCOMES},
        "reasons": dict(reasons.most_common()),
        "tokens": sum(len(result.tbm_us) for result in results),
        "tbm_us": percentiles(tbm(results)),
        "ttfm_us": percentiles(ttfm(results)),
        "common_tbm_us": percentiles(tbm(shared)),
        "common_ttfm_us": percentiles(ttfm(shared)),
        "setup_s": run.header.setup_s,
        "setup_mb": run.header.setup_mb,
        "peak_mb": max((result.peak_mb for result in results), default=0.0),
    }


def tbm(results: Sequence[Result]) -> NDArray[np.float64]:
    """The times of all tokens, microseconds."""
    return np.array([us for result in results for us in result.tbm_us], dtype=np.float64)


def ttfm(results: Sequence[Result]) -> NDArray[np.float64]:
    """The times to first mask of all schemas that compiled, microseconds."""
    times = [result.ttfm_us for result in results if result.ttfm_us is not None]
    return np.array(times, dtype=np.float64)


def _share(count: int, engine: Mapping[str, Any]) -> str:
    return f"{count:,} ({100 * count / max(engine['schemas'], 1):.1f} %)" if count else "0"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
