"""The commands that write: json, regex, grammar."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from constrain import grammars
from constrain.cli.app import EXIT_CODES, app
from constrain.cli.inputs import read_schema, read_text
from constrain.cli.options import (
    Count,
    Draft,
    JSONFlag,
    Lenient,
    MaxTokens,
    MinP,
    Model,
    Particles,
    Prompt,
    Report,
    Sampler,
    SchemaArgument,
    Seed,
    Temperature,
    TopK,
    TopP,
)
from constrain.cli.running import write_and_show
from constrain.terminal import Terminal


@app.command(
    "json",
    epilog=f"""Examples:

- `constrain json person`
- `constrain json person -n 3 --seed 1 --prompt "Nurses from Lisbon."`
- `constrain json person --sampler smc --particles 32 --report run.html`
- `constrain json '{{"enum": ["yes", "no"]}}' --prompt "Is the sky green?" -m HF_MODEL_ID`
- `constrain json order.json --json | jq .results[0].value`

The values go to stdout, one a line where a program reads it, and all else to stderr.

{EXIT_CODES}""",
)
def json_command(
    schema: SchemaArgument,
    prompt: Prompt = None,
    model: Model = "bundled",
    n: Count = 1,
    seed: Seed = None,
    max_tokens: MaxTokens = 512,
    temperature: Temperature = 1.0,
    top_k: TopK = None,
    top_p: TopP = None,
    min_p: MinP = None,
    sampler: Sampler = "masked",
    particles: Particles = None,
    draft: Draft = "none",
    report: Report = None,
    lenient: Lenient = False,
    as_json: JSONFlag = False,
) -> None:
    """Write JSON that is valid against a schema."""
    terminal = Terminal(as_json=as_json)
    with terminal.reporting():
        parsed = read_schema(schema)

        from constrain.schema import JSONOptions, schema_control

        # What is wrong is said before a model is loaded.
        schema_control(parsed, JSONOptions(), lenient=lenient)
        write_and_show(
            terminal,
            "generate_json",
            parsed,
            model,
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
            lenient=lenient,
        )


@app.command(
    "regex",
    epilog=f"""Examples:

- `constrain regex '[A-Z]{{2}}-\\d{{4}}'`
- `constrain regex '[a-c]{{1,3}}' --sampler cars -n 4`
- `constrain regex '(yes|no)' --prompt "Is the sky green?" -m HF_MODEL_ID`

{EXIT_CODES}""",
)
def regex_command(
    pattern: Annotated[
        str, typer.Argument(metavar="PATTERN", help="A regular expression, Python's syntax.")
    ],
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
    """Write text that a regular expression matches in full."""
    terminal = Terminal(as_json=as_json)
    with terminal.reporting():
        from constrain.lexing.syntax import parse

        parse(pattern, "python")
        write_and_show(
            terminal,
            "generate_regex",
            pattern,
            model,
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


@app.command(
    "grammar",
    epilog=f"""Examples:

- `constrain grammar arithmetic --prompt "Half of ten."`
- `constrain grammar dates.lark --start date -n 3`
- `constrain grammar arithmetic --sampler smc --particles 32 --report run.svg`
- `constrain grammar chess.gbnf`

{EXIT_CODES}""",
)
def grammar_command(
    file: Annotated[
        str,
        typer.Argument(
            metavar="GRAMMAR",
            show_default=False,
            help="A grammar: a path, - for stdin, or the name of a ready-made one "
            f"({', '.join(grammars.names())}).",
        ),
    ],
    syntax: Annotated[
        Literal["lark", "gbnf"] | None,
        typer.Option(
            help="Its language: Lark's, or GBNF of llama.cpp.",
            show_default="gbnf for files that end in .gbnf, else lark",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="The rule that stands for whole texts.", show_default="start, in GBNF root"
        ),
    ] = None,
    lexer: Annotated[
        Literal["dynamic", "contextual"] | None,
        typer.Option(help="How a text is divided into terminals.", show_default="what fits"),
    ] = None,
    prompt: Prompt = None,
    model: Model = "bundled",
    n: Count = 1,
    seed: Seed = None,
    max_tokens: MaxTokens = 512,
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
    """Write text of a context-free grammar."""
    terminal = Terminal(as_json=as_json)
    with terminal.reporting():
        from constrain.grammar.compile import grammar_control

        ready = file in grammars.names() and not Path(file).exists()
        path = None if file == "-" or ready else file
        text = grammars.load(file) if ready else read_text(file)
        if syntax is None:
            syntax = "gbnf" if file.endswith(".gbnf") else "lark"
        control = grammar_control(text, syntax, start, lexer, path)
        fitting = control.lexer
        terminal.note(f"[dim]lexer: {fitting}[/]")
        write_and_show(
            terminal,
            "generate_grammar",
            text,
            model,
            syntax=syntax,
            start=start,
            lexer=fitting,
            path=path,
            indentation=getattr(control, "indentation", None),
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
