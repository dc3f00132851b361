"""Grammars: time to the first mask, time for a mask and a step, beside llguidance and XGrammar.

    python -m bench.grammars speed --tokenizer PATH
    python -m bench.grammars growth --tokenizer PATH
    python -m bench.grammars walks --walks 200

`speed` replays texts under the ready-made grammars, translated for each engine; `growth` compares
the cost of a token early and late in long texts, and compiles a grammar of 500 rules; `walks`
follows random tokens to the end, and has the texts read by Lark and whoever else reads such texts.
Each writes DIR/NAME.json and a table NAME.md, anew after each record.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from time import perf_counter_ns, process_time_ns
from typing import Any

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.console import Console
from rich.progress import track

from bench import grammar_speed, grammar_walks
from bench.command import load_tokenizer, run_command
from bench.engines import engine_version
from bench.errors import BenchmarkError
from bench.grammar_engines import GRAMMAR_ENGINES
from bench.report import machine

_EXIT_FAILURES = 1
_COLUMNS = {
    "speed": "grammar engine accepted texts tokens first_mask_us mean p50 p99".split(),
    "growth": "text engine tokens early late ratio compile_s".split(),
    "walks": "grammar lexer walks tokens failures".split(),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; the exit code is 0, 1 where a walk failed, 2 for wrong arguments, 130 where stopped."""
    parser = argparse.ArgumentParser(prog="bench.grammars", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("experiment", choices=[*_COLUMNS], default="speed", nargs="?")
    add("--tokenizer", help="folder or hub name of the tokenizer (default: the shared Llama 3)")
    add("--engines", default=",".join(GRAMMAR_ENGINES), metavar="A,B", help="default: %(default)s")
    add("--grammars", metavar="A,B", help="these only (default: all)")
    add("--texts", type=int, default=40, metavar="N", help="of each grammar (default: 40)")
    add("--walks", type=int, default=200, metavar="N", help="of each grammar (default: 200)")
    add("--tokens", type=int, default=10_000, metavar="N", help="of long texts (default: 10000)")
    add(
        "--limit-time",
        type=float,
        default=120,
        metavar="S",
        help="no more texts for an engine that has taken S seconds for a grammar (default: 120)",
    )
    add("--cpu-time", action="store_true", help="time of the processor, not of the clock")
    add("--seed", type=int, default=0, help="draws the walks (default: 0)")
    add("--out", type=Path, default=Path("results/grammars"), metavar="DIR")
    options = parser.parse_args(arguments)
    return run_command(lambda console: _run(console, options))


def _run(console: Console, options: argparse.Namespace) -> int:
    tokenizer = load_tokenizer(options.tokenizer)
    arriving, versions = _records(tokenizer, options, console)
    records: list[dict[str, Any]] = []
    text = ""
    for record in arriving:
        records.append(record)
        text = _write(options.out / options.experiment, records, versions)
        told = " ".join(_shown(record.get(column, "-")) for column in _COLUMNS[options.experiment])
        console.print(told, markup=False, highlight=False, soft_wrap=True)
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    return _EXIT_FAILURES if any(record.get("failures") for record in records) else 0


def _write(path: Path, records: Sequence[dict[str, Any]], versions: dict[str, str]) -> str:
    """Write what there is so far; returns the table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {"machine": machine(), "versions": versions, "records": records}
    path.with_suffix(".json").write_text(json.dumps(found, indent=1, ensure_ascii=False), "utf-8")
    foot = ", ".join(f"{name} {version}" for name, version in versions.items())
    text = f"{_table(records, _COLUMNS[path.name])}\n\n{foot}; {machine()}.\n"
    path.with_suffix(".md").write_text(text, "utf-8")
    return text


def _records(
    tokenizer: Any, options: argparse.Namespace, console: Console
) -> tuple[Iterable[dict[str, Any]], dict[str, str]]:
    follow = partial(track, description=options.experiment, console=console, transient=True)
    if options.experiment == "walks":
        from constrain import Vocabulary

        chosen = _chosen(options.grammars, grammar_walks.names())
        vocabulary = Vocabulary.from_tokenizer(tokenizer)
        walked = grammar_walks.walks(vocabulary, chosen, options.walks, options.seed, follow)
        return walked, {"constrain": engine_version("constrain")}
    kinds = _chosen(options.engines, tuple(GRAMMAR_ENGINES))
    engines = {name: GRAMMAR_ENGINES[name](tokenizer) for name in kinds}
    versions = {name: engine_version(name) for name in kinds}
    if options.experiment == "growth":
        found = grammar_speed.growth(engines, tokenizer, options.tokens, follow)
        return chain(found, grammar_speed.compile_times(engines)), versions
    chosen = _chosen(options.grammars, grammar_speed.names())
    limit = options.limit_time
    clock = process_time_ns if options.cpu_time else perf_counter_ns
    found = grammar_speed.speed(engines, tokenizer, chosen, options.texts, limit, clock, follow)
    return found, versions


def _chosen(named: str | None, known: tuple[str, ...]) -> list[str]:
    """What is named, with commas between; by default all.

    Raises:
        BenchmarkError: a name is not known.
    """
    names = named.split(",") if named else list(known)
    for name in names:
        if name not in known:
            raise BenchmarkError(f"no {name!r}; there are {', '.join(known)}")
    return names


def _table(records: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    rows = [[_shown(record.get(column, "-")) for column in columns] for record in records]
    rule = ["---"] * 2 + ["---:"] * (len(columns) - 2)
    return "\n".join("| " + " | ".join(row) + " |" for row in ([*columns], rule, *rows))


def _shown(cell: Any) -> str:
    if isinstance(cell, list):
        return str(len(cell))
    return f"{cell:,.1f}" if isinstance(cell, float) else str(cell)


if __name__ == "__main__":
    sys.exit(main())
