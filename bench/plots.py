"""The results of a run as pictures: distributions of the times, and the outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from bench.measure import OUTCOMES
from bench.report import Run, tbm, ttfm

_COLOURS = (
    *("tab:green", "silver", "tab:red", "tab:orange"),
    *("tab:brown", "tab:purple", "tab:pink", "black"),
)


def plot(runs: Mapping[str, Run], folder: Path) -> list[Path]:
    """Draw the distributions of TBM and TTFM, and the outcomes; the files written."""
    written = []
    for key, title, values in (
        ("tbm", "Time between masks (mask and accept)", tbm),
        ("ttfm", "Time to first mask (compilation and first mask)", ttfm),
    ):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.add_subplot()
        for name, run in runs.items():
            times = np.sort(values(run.results))
            if times.size:
                axes.step(times, np.arange(1, times.size + 1) / times.size, label=name)
        axes.set(xscale="log", xlabel="µs", ylabel="share at or below", title=title, ylim=(0, 1))
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right")
        written.append(folder / f"{key}.png")
        figure.savefig(written[-1], dpi=150)

    figure = Figure(figsize=(8, 1 + 0.7 * len(runs)), layout="constrained")
    axes = figure.add_subplot()
    names = list(runs)
    left = np.zeros(len(names))
    for outcome, colour in zip(OUTCOMES, _COLOURS, strict=True):
        shares = np.array(
            [
                100
                * sum(result.outcome == outcome for result in run.results)
                / max(len(run.results), 1)
                for run in runs.values()
            ]
        )
        if shares.any():
            axes.barh(names, shares, left=left, label=outcome, color=colour)
            left += shares
    axes.invert_yaxis()
    axes.set(xlabel="% of schemas", title="Outcomes", xlim=(0, 100))
    figure.legend(loc="outside lower center", ncols=4)
    written.append(folder / "outcomes.png")
    figure.savefig(written[-1], dpi=150)
    return written
