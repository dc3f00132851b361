"""JSONSchemaBench in the form of MaskBench: how exact and how fast are the masks of an engine?

    python -m bench.jsonschemabench --engines constrain,llguidance
    python -m bench.jsonschemabench --sample 400

For each schema: the time to the first mask. For each token of its instances: the time of mask and
accept. And whether every valid instance is accepted whole, every invalid one refused. No model is
involved. See https://github.com/guidance-ai/jsonschemabench, arXiv:2501.10868.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench import report
from bench.command import load_tokenizer, run_command
from bench.data import HUB_NAME, Case, data_folder, load_cases, select
from bench.engines import ENGINES, engine_path, engine_version
from bench.failures import print_failures
from bench.measure import Tokens
from bench.results import Header, ResultFile

if TYPE_CHECKING:
    from bench.worker import Worker


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark. Returns 0, 2 for wrong arguments or data, 130 where it was stopped."""
    arguments = _parser().parse_args(argv)
    return run_command(lambda console: _report(arguments, console))


def _report(arguments: argparse.Namespace, console: Console) -> int:
    runs = _run(arguments, console)
    _write_report(runs, arguments.out, plots=arguments.plots)
    console.print(f"written to {arguments.out}", markup=False, highlight=False)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="jsonschemabench", description=__doc__.split("\n")[0])
    add = parser.add_argument
    add(
        "--engines",
        type=lambda text: text.split(","),
        default=list(ENGINES),
        metavar="A,B",
        help=f"engines to run, of {','.join(ENGINES)} (default: all)",
    )
    add(
        "--data",
        help="a MaskBench file (.jsonl, .jsonl.xz), a folder of its .json files, or "
        f"{HUB_NAME} (schemas without instances); default: the shared development file",
    )
    add("--tokenizer", help="folder or hub name of the tokenizer (default: the shared Llama 3)")
    add("--sample", type=int, metavar="N", help="run N schemas instead of all")
    add("--seed", type=int, default=0, help="draws the sample and the order (default: 0)")
    add("--ids", type=lambda text: text.split(","), metavar="A,B", help="run these schemas only")
    add(
        "--limit-time",
        type=float,
        default=30.0,
        metavar="S",
        help="seconds for a schema with all its instances (default: %(default)g)",
    )
    add(
        "--limit-memory",
        type=float,
        default=4096.0,
        metavar="MB",
        help="resident memory of a worker (default: %(default)g)",
    )
    add("--any-order", action="store_true", help="constrain: properties in any order")
    add(
        "--out",
        type=Path,
        default=Path("results/jsonschemabench"),
        metavar="DIR",
        help="folder of the results; what it holds already is not run again (default: %(default)s)",
    )
    add("--fresh", action="store_true", help="run everything again")
    add("--failures", action="store_true", help="list every schema that does not pass, and why")
    add("--plots", action=argparse.BooleanOptionalAction, default=True, help="draw the plots")
    return parser


def _run(arguments: argparse.Namespace, console: Console) -> dict[str, report.Run]:
    """Measure what is missing, every engine on a schema before the next schema."""
    from bench.worker import EngineSpec, Limits, Worker

    if arguments.plots:
        import_module("bench.plots")  # so that it is not missed at the end
    paths = {name: engine_path(name) for name in arguments.engines}
    cases = select(
        load_cases(arguments.data), sample=arguments.sample, seed=arguments.seed, ids=arguments.ids
    )
    tokenizer_name = arguments.tokenizer or str(data_folder() / "tokenizers" / "llama3")
    tokenizer = load_tokenizer(tokenizer_name)
    limits = Limits(arguments.limit_time, arguments.limit_memory)
    arguments.out.mkdir(parents=True, exist_ok=True)
    files = {name: ResultFile(arguments.out, name) for name in paths}

    wanted = {case.id for case in cases}

    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        done: dict[str, set[str]] = {}
        for name, path in paths.items():
            options = {"any_order": True} if name == "constrain" and arguments.any_order else {}
            version = engine_version(name)
            settings = {
                "data": arguments.data or "maskbench-dev",
                "tokenizer": tokenizer_name,
                "limit_time_s": limits.time_s,
                "limit_memory_mb": limits.memory_mb,
                "options": options,
            }
            done[name] = set() if arguments.fresh else files[name].resume(version, settings)
            if wanted <= done[name]:
                continue
            spec = EngineSpec(path, tokenizer_name, arguments.out / f"{name}.log", options)
            with console.status(f"setting up {name}"):
                workers[name] = Worker(spec, limits)
            stack.callback(workers[name].close)
            if not done[name]:
                setup = workers[name].setup
                files[name].begin(
                    Header(name, version, settings, round(setup.seconds, 2), round(setup.peak_mb))
                )
        if workers:
            _measure(cases, tokenizer, workers, files, done, console)

    runs = {
        name: report.Run(
            file.header(), [result for result in file.results() if result.id in wanted]
        )
        for name, file in files.items()
    }
    if arguments.failures:
        print_failures(runs, {case.id: case for case in cases}, tokenizer)
    return runs


def _measure(
    cases: Sequence[Case],
    tokenizer: Any,
    workers: Mapping[str, Worker],
    files: Mapping[str, ResultFile],
    done: Mapping[str, set[str]],
    console: Console,
) -> None:
    passed = dict.fromkeys(workers, 0)
    run = dict.fromkeys(workers, 0)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        task = progress.add_task("", total=len(cases))
        for case in cases:
            missing = [name for name in workers if case.id not in done[name]]
            instances = [
                Tokens(tokenizer.encode(instance.text, add_special_tokens=False), instance.valid)
                for instance in (case.instances if missing else ())
            ]
            for name in missing:
                result = workers[name].run(case.id, case.schema, instances)
                files[name].append(result)
                run[name] += 1
                passed[name] += result.outcome == "passing"
            counts = "  ".join(f"{name} {passed[name]}/{run[name]} pass" for name in workers)
            progress.update(task, advance=1, description=counts)


def _write_report(runs: Mapping[str, report.Run], folder: Path, *, plots: bool) -> None:
    summary = report.summarise(runs)
    text = report.markdown(summary)
    (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    (folder / "summary.md").write_text(text, encoding="utf-8")
    if plots:
        from bench.plots import plot

        plot(runs, folder)
    print(text)


if __name__ == "__main__":
    sys.exit(main())
