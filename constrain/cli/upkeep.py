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


@bench_app.command("jsonschema", context_settings=_PASSED_ON)
def bench_jsonschema_command(context: typer.Context) -> None:
    """Engines on JSONSchemaBench: time per mask, wrong accepts, wrong rejects."""
    _run_benchmark("jsonschemabench", context.args)


@bench_app.command("suite", context_settings=_PASSED_ON)
def bench_suite_command(context: typer.Context) -> None:
    """Engines on the official JSON-Schema-Test-Suite: which tests they decide rightly."""
    _run_benchmark("jsonschema_suite", context.args)


@bench_app.command("library", context_settings=_PASSED_ON)
def bench_library_command(context: typer.Context) -> None:
    """Python's own library under Lark's grammar of Python, file by file."""
    _run_benchmark("python_library", context.args)


@bench_app.command("walks", context_settings=_PASSED_ON)
def bench_walks_command(context: typer.Context) -> None:
    """Random allowed tokens to the end: whether every walk ends, and in a valid text."""
    _run_benchmark("random_walks", context.args)


@bench_app.command("sampling", context_settings=_PASSED_ON)
def bench_sampling_command(context: typer.Context) -> None:
    """Samplers: how far from the model's distribution, and what AWRS and SMC cost."""
    _run_benchmark("sampling", context.args)


@bench_app.command("speculation", context_settings=_PASSED_ON)
def bench_speculation_command(context: typer.Context) -> None:
    """Drafters and verification rules: tokens for each call of the model, and time."""
    _run_benchmark("speculation", context.args)


@bench_app.command("grammars", context_settings=_PASSED_ON)
def bench_grammars_command(context: typer.Context) -> None:
    """Grammars: time per mask beside other engines, long texts, random walks."""
    _run_benchmark("grammars", context.args)


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
