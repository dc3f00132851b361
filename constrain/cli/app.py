"""The application that commands register with."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from constrain import __version__

EXIT_CODES = """Exit codes: **0** done, **1** the instance is refused, **2** bad input or usage,
**3** generation failed, **70** a bug, **130** interrupted, **141** nobody reads
the output any more."""

app = typer.Typer(
    name="constrain",
    help="Structured generation: what a language model writes obeys a schema, grammar or pattern.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        sys.stdout.write(f"constrain {__version__}\n")
        raise typer.Exit
