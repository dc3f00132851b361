"""Speculation: tokens for each call of the target, and time, by method and kind of text.

    python -m bench.speculation --seeds 3

The target is the bundled model and the draft model the bundled one for it; other folders of the
same training script by --target and --draft. Writes DIR/speculation.json, .md and .png.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from rich.console import Console

from bench.command import run_command
from bench.report import machine
from bench.speculation_methods import PLAIN, Meter, methods, tasks
from constrain.models import BundledModel, HFModel

_SCHEMAS = ("person", "invoice", "product", "event")
_HEAD = (
    *("text", "method", "tokens a call", "CPU ms a token", "wall ms a token", "speed-up"),
    *("masks / target", "matching / target"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; the exit code is 0, 2 for wrong arguments, 130 where stopped."""
    parser = argparse.ArgumentParser(prog="bench.speculation", description=__doc__)
    parser.add_argument("--target", type=Path, help="folder of a model, for the bundled one")
    parser.add_argument("--draft", type=Path, help="folder of a model, for the bundled draft model")
    parser.add_argument("--seeds", type=int, default=3, help="texts for each prompt and method")
    parser.add_argument("--tokens", type=int, default=150, help="the most of a text")
    parser.add_argument("--methods", default="", help="only those whose name contains this")
    parser.add_argument("--out", type=Path, default=Path("results/speculation"))
    options = parser.parse_args(arguments)
    return run_command(lambda console: _run(console, options))


def _run(console: Console, options: argparse.Namespace) -> int:
    torch.set_num_threads(1)
    target = HFModel(str(options.target)) if options.target else BundledModel()
    draft = HFModel(str(options.draft)) if options.draft else BundledModel("draft")
    ways = methods(target, draft, options.tokens)
    ways = {name: way for name, way in ways.items() if name == PLAIN or options.methods in name}
    folder = Path(__file__).resolve().parents[1] / "schemas"
    todo = tasks(target, {n: (folder / f"{n}.json").read_text("utf-8") for n in _SCHEMAS})
    measured: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    for task in todo:  # whoever is first pays for what the constraint caches
        ways[PLAIN](task, options.seeds)
    for seed in range(options.seeds):
        for task in todo:
            for name, way in ways.items():
                meter = Meter()
                with meter.measure(target.model):
                    tokens = way(task, seed)
                measured[task.kind, name].append({"tokens": tokens, **vars(meter)})
        console.print(f"round {seed + 1} of {options.seeds}", style="dim")
    rows = summary(measured)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "speculation"
    path.with_suffix(".json").write_text(json.dumps(rows, indent=1), "utf-8")
    note = (
        f"Target: {_described(target)}; draft model: {_described(draft)}; {options.seeds} texts "
        f"for each prompt, at most {options.tokens} tokens, one text at a time, temperature 1 "
        "unless it says greedy. Tokens a call: of the target. Time: the median text's. Speed-up: "
        "in CPU time, against plain, under the constraint. Matching: masks, and following tokens. "
        f"One thread, {machine()}."
    )
    text = markdown(rows, note)
    path.with_suffix(".md").write_text(text, "utf-8")
    plot(rows, path.with_suffix(".png"))
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    return 0


def summary(
    measured: Mapping[tuple[str, str], Sequence[Mapping[str, float]]],
) -> list[dict[str, Any]]:
    """Return a row for each kind of text and method: means over all tokens, medians of times."""
    times, waits = (
        {
            key: median(1000 * run[clock] / run["tokens"] for run in runs)
            for key, runs in measured.items()
        }
        for clock in ("total", "wall")
    )
    rows = []
    for (kind, name), runs in measured.items():
        total = {part: sum(run[part] for run in runs) for part in ("tokens", "calls", "target")}
        figures = (
            total["tokens"] / total["calls"],
            times[kind, name],
            waits[kind, name],
            times[kind, PLAIN] / times[kind, name],
            *(sum(run[part] for run in runs) / total["target"] for part in ("masks", "matching")),
        )
        rows.append(dict(zip(_HEAD, (kind, name, *figures), strict=True)))
    return rows


def markdown(rows: Sequence[Mapping[str, Any]], note: str) -> str:
    """Return the rows as a table, kind by kind, with a note below."""
    lines = [f"| {' | '.join(_HEAD)} |", "|---|---" + "|---:" * (len(_HEAD) - 2) + "|"]
    kinds = list(dict.fromkeys(row["text"] for row in rows))
    for row in sorted(rows, key=lambda row: kinds.index(row["text"])):
        kind, name, block, time, wait, gain, masks, matching = row.values()
        lines.append(
            f"| {kind} | {name} | {block:.2f} | {time:.2f} | {wait:.2f} | {gain:.2f} "
            f"| {masks:.1%} | {matching:.1%} |"
        )
    return "\n".join(lines) + f"\n\n{note}\n"


def plot(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw tokens a call by method, a panel for each kind of text."""
    from matplotlib.figure import Figure

    kinds = list(dict.fromkeys(row["text"] for row in rows))
    names = list(dict.fromkeys(row["method"] for row in rows))
    figure = Figure(figsize=(4 + 2.6 * len(kinds), 1.5 + 0.28 * len(names)), layout="constrained")
    panels = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
    for axes, kind in zip(panels, kinds, strict=True):
        found = {row["method"]: row["tokens a call"] for row in rows if row["text"] == kind}
        bars = axes.barh(names, [found.get(name, 0) for name in names], color="tab:blue")
        axes.bar_label(bars, fmt="%.2f", padding=2, fontsize=7)
        axes.axvline(1, color="black", linewidth=0.8)
        axes.set(title=kind, xlabel="tokens a call of the target")
        axes.set_xlim(0, 1.2 * max(found.values()))
    axes.invert_yaxis()
    figure.savefig(path, dpi=150)


def _described(model: HFModel) -> str:
    parameters = sum(p.numel() for p in model.model.parameters())
    return f"{parameters / 1e6:.2f} M parameters, {model.model.config.num_hidden_layers} layers"


if __name__ == "__main__":
    sys.exit(main())
