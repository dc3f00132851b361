"""Samplers: what masking distorts, what they cost, what they are worth.

    python -m bench.sampling distortion
    python -m bench.sampling grammars
    python -m bench.sampling awrs --tokenizer PATH
    python -m bench.sampling smc
    python -m bench.sampling sql
    python -m bench.sampling critic

Each writes DIR/NAME.json, a table NAME.md, and for the first two a picture. `awrs` compares with
genlm-control where it is installed (pip install 'constrain[peers]'). `sql` trains a small model
first, for a few minutes, and keeps it in DIR.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.console import Console

from bench.command import load_tokenizer, run_command
from bench.report import machine
from bench.sampling_cost import awrs, smc
from bench.sampling_distortion import distortion, plot
from bench.sampling_grammars import distortion_by_grammars
from bench.sampling_tasks import critic, sql

_EXPERIMENTS = ("distortion", "grammars", "awrs", "smc", "sql", "critic")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; the exit code is 0, 2 for wrong arguments, 130 where stopped."""
    parser = argparse.ArgumentParser(prog="bench.sampling", description=__doc__)
    parser.add_argument("experiment", choices=_EXPERIMENTS)
    parser.add_argument("--samples", type=int, default=2000, help="of each sampler")
    parser.add_argument("--tokens", type=int, default=300, help="tokens to time")
    parser.add_argument("--particles", type=int, default=32, help="texts of smc, sql and critic")
    parser.add_argument("--runs", type=int, default=60, help="questions of sql, runs of critic")
    parser.add_argument("--tokenizer", help="folder or hub name (default: the shared Llama 3)")
    parser.add_argument("--out", type=Path, default=Path("results/sampling"))
    options = parser.parse_args(arguments)
    return run_command(lambda console: _run(console, options))


def _run(console: Console, options: argparse.Namespace) -> int:
    experiments: dict[str, Callable[[], dict[str, Any]]] = {
        "distortion": lambda: distortion(options.samples),
        "grammars": lambda: distortion_by_grammars(options.samples),
        "awrs": lambda: awrs(load_tokenizer(options.tokenizer), options.tokens),
        "smc": lambda: smc(options.particles),
        "sql": lambda: sql(options.out, options.particles, options.runs, console.log),
        "critic": lambda: critic(options.particles, options.runs, console.log),
    }
    found = experiments[options.experiment]()
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / options.experiment
    path.with_suffix(".json").write_text(json.dumps(found, indent=1), "utf-8")
    text = _markdown(found["rows"], f"{found['note']} {machine()}.")
    path.with_suffix(".md").write_text(text, "utf-8")
    if "kl" in found:
        plot(found["kl"], found["marks"], path.with_suffix(".png"))
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    return 0


def _markdown(rows: Sequence[Sequence[Any]], note: str) -> str:
    head, *body = [[_shown(cell) for cell in row] for row in rows]
    rule = ["---", *["---:"] * (len(head) - 1)]
    lines = ["| " + " | ".join(row) + " |" for row in (head, rule, *body)]
    return "\n".join(lines) + f"\n\n{note}\n"


def _shown(cell: Any) -> str:
    if isinstance(cell, float):
        return "-" if math.isnan(cell) else f"{cell:.4g}"
    return str(cell)


if __name__ == "__main__":
    sys.exit(main())
