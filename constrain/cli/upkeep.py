"""The commands for whoever keeps the engine: warmup and bench."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import typer

from constrain.cli.app import EXIT_CODES, app
from constrain.cli.options import JSONFlag
from constrain.terminal import InputError, Terminal

bench_app = typer.Typer(
    help="Run a benchmark; needs a checkout of the source.",
    epilog="""Examples:

- `constrain bench jsonschema --sample 400`
- `constrain bench suite --drafts draft2020-12`
- `constrain bench walks --sample 300`
- `constrain bench sampling distortion`
- `constrain bench speculation`
- `constrain bench grammars --grammars json,sql`
- `constrain bench jsonschema --help`""",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.add_typer(bench_app, name="bench")

_PASSED_ON = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "help_option_names": [],
}


@app.command("warmup", epilog=EXIT_CODES)
def warmup_command(as_json: JSONFlag = False) -> None:
    """Compile the kernels now and keep them on disk, so that no first use has to wait."""
    terminal = Terminal(as_json=as_json)
    with terminal.reporting():
        with terminal.busy("compiling the kernels, once; this takes up to a minute"):
            from constrain.engine import warmup

            seconds = warmup()
        if as_json:
            terminal.document({"ok": True, "seconds": round(seconds, 3)})
        else:
            terminal.line(f"kernels ready after {seconds:.1f} s")


_BENCHMARKS = {
    "jsonschema": (
        "jsonschemabench",
        "Engines on JSONSchemaBench: time per mask, wrong accepts, wrong rejects.",
    ),
    "suite": (
        "jsonschema_suite",
        "Engines on the official JSON-Schema-Test-Suite: which tests they decide rightly.",
    ),
    "walks": (
        "random_walks",
        "Random allowed tokens to the end: whether every walk ends, and in a valid text.",
    ),
    "grammars": (
        "grammars",
        "Grammars: time per mask beside other engines, long texts, random walks.",
    ),
    "library": (
        "python_library",
        "Python's own library under Lark's grammar of Python, file by file.",
    ),
    "combining": (
        "combining",
        "Combined constraints: time per mask beside that of their parts.",
    ),
    "sampling": (
        "sampling",
        "Samplers: how far from the model's distribution, and what AWRS and SMC cost.",
    ),
    "speculation": (
        "speculation",
        "Drafters and verification rules: tokens for each call of the model, and time.",
    ),
    "speculation-cost": (
        "speculation_cost",
        "Looking ahead where it does not help: time with guesses against time without.",
    ),
    "packing": (
        "packing",
        "Texts of different lengths side by side: one pass for all, or one for each length.",
    ),
    "monitors": (
        "monitors",
        "Members and statements of real code, with and without monitors.",
    ),
    "monitor-overhead": (
        "monitor_overhead",
        "Monitors: time for a token, without that of their analyses.",
    ),
    "monitor-sql": (
        "monitor_sql",
        "Random SQL under a grammar and a database: whether SQLite prepares it.",
    ),
}
"""The benchmarks: the module of each, and what it measures."""


def _add(name: str, module: str, what: str) -> None:
    @bench_app.command(name, help=what, context_settings=_PASSED_ON)
    def command(context: typer.Context) -> None:
        _run_benchmark(module, context.args)


for _name, (_module, _what) in _BENCHMARKS.items():
    _add(_name, _module, _what)


def _run_benchmark(module: str, arguments: list[str]) -> None:
    with Terminal(as_json=False).reporting():
        root = Path(__file__).resolve().parents[2]
        if not (root / "bench" / f"{module}.py").is_file():
            raise InputError(
                "the benchmarks are not part of the installed package; clone the source and run "
                f"`python -m bench.{module}` there"
            )
        sys.path.insert(0, str(root))
        code = import_module(f"bench.{module}").main(arguments)
    raise typer.Exit(code)
