"""`constrain code`: code at a place in a file, that monitors agree with."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from constrain.cli.app import EXIT_CODES, app
from constrain.cli.options import (
    Count,
    Draft,
    JSONFlag,
    MaxTokens,
    MinP,
    Model,
    Particles,
    Prompt,
    Report,
    Sampler,
    Seed,
    Temperature,
    TopK,
    TopP,
)
from constrain.cli.running import write_and_show
from constrain.terminal import InputError, Terminal


@app.command(
    "code",
    epilog=f"""Examples:

- `constrain code shop.py --line 12 --column 9 -m HF_MODEL_ID`
- `constrain code src/shop.py --line 12 --repo src --monitor dereference --monitor imports`
- `constrain code web/till.ts --line 7 --column 10 --repo web --otherwise error`
- `constrain code till.cpp --line 5 --server "clangd --limit-results=0 --completion-parse=always"`

{EXIT_CODES}""",
)
def code_command(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A file of Python, TypeScript, JavaScript, C++ or C code."
        ),
    ],
    line: Annotated[int, typer.Option(help="The line to write in, from 1.")],
    column: Annotated[
        int | None,
        typer.Option(help="The characters before the cursor.", show_default="the end of the line"),
    ] = None,
    repo: Annotated[
        Path | None,
        typer.Option(
            help="The folder that imports start from.", show_default="the folder of the file"
        ),
    ] = None,
    monitor: Annotated[
        list[str] | None,
        typer.Option(
            help="What has to agree, any number of times: dereference (members); for Python also "
            "imports, arguments (of calls), names (none undefined), exceptions, enums, classes "
            "(that can be constructed).",
            show_default="dereference",
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            help="The command of a language server that knows the members (dereference).",
            show_default="by the suffix of the file: Jedi for Python, "
            "typescript-language-server, clangd",
        ),
    ] = None,
    otherwise: Annotated[
        Literal["ignore", "stop", "error"],
        typer.Option(
            help="What follows where an analysis has no answer: anything, with a warning; the end "
            "of the code; an error."
        ),
    ] = "ignore",
    pattern: Annotated[
        str, typer.Option(help="What the code has to match; default: up to the end of the line.")
    ] = r"[^\n]*",
    prompt: Prompt = None,
    model: Model = "bundled",
    n: Count = 1,
    seed: Seed = None,
    max_tokens: MaxTokens = 128,
    temperature: Temperature = 1.0,
    top_k: TopK = None,
    top_p: TopP = None,
    min_p: MinP = None,
    sampler: Sampler = "masked",
    particles: Particles = None,
    draft: Draft = "none",
    report: Report = None,
    as_json: JSONFlag = False,
) -> None:
    """Write code at a place in a file, that static analyses agree with."""
    terminal = Terminal(as_json=as_json)
    with terminal.reporting():
        from constrain.monitors import Place, named_monitor

        place = Place.in_file(file, line, column, repo)
        command = None if server is None else _divided(server)
        monitors = [named_monitor(name, place, command) for name in monitor or ("dereference",)]
        for watching in monitors:
            watching.otherwise = otherwise
        write_and_show(
            terminal,
            "generate_code",
            place,
            model,
            monitors=monitors,
            pattern=pattern,
            prompt=prompt,
            n=n,
            seed=seed,
            max_tokens=max_tokens,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            sampler=sampler,
            particles=particles,
            draft=draft,
            report=report,
        )


def _divided(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise InputError(f"--server {command}: {error}") from None
    if not words:
        raise InputError("--server has no command")
    return words
