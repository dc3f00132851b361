"""The command `check`: is a text valid, and if not, where and why."""

from __future__ import annotations

from codecs import BOM_UTF8
from dataclasses import asdict
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.markup import escape

from constrain.cli.app import EXIT_CODES, app
from constrain.cli.inputs import read, read_schema
from constrain.cli.options import JSONFlag, Lenient, SchemaArgument
from constrain.terminal import ExitCode, InputError, Terminal

if TYPE_CHECKING:
    from constrain.explain import Refusal
    from constrain.reasons import Reason

_REASONS_SHOWN = 4
"""Most reasons that a person is told, at each level; programs are told all."""


@app.command(
    "check",
    epilog=f"""Examples:

- `constrain check person me.json`
- `constrain check person '{{"first_name": 1}}'`
- `cat me.json | constrain check schema.json - --json`

{EXIT_CODES}""",
)
def check_command(
    schema: SchemaArgument,
    instance: Annotated[
        str,
        typer.Argument(
            metavar="INSTANCE",
            show_default=False,
            help="The JSON text: a path, - for stdin, or the JSON itself.",
        ),
    ],
    language: Annotated[
        Literal["specification", "generation"],
        typer.Option(
            help="All that the JSON Schema specification allows, or the spellings that models are "
            "held to: properties in schema order, bounded white space, no needless escapes. "
            "Formats are asserted in both."
        ),
    ] = "specification",
    lenient: Lenient = False,
    as_json: JSONFlag = False,
) -> None:
    """Say whether a JSON text is valid, or the byte where it fails and what was allowed there."""
    terminal = Terminal(as_json=as_json)
    with terminal.reporting():
        if schema == "-" and instance == "-":
            raise InputError("only one of SCHEMA and INSTANCE can be read from stdin")
        parsed, text = read_schema(schema), read(instance).rstrip(b" \t\r\n")

        if text.startswith(BOM_UTF8):
            raise InputError("the text begins with a byte order mark, which JSON has none of")

        from constrain import JSONOptions, compile_json_schema
        from constrain.explain import byte_vocabulary, explain
        from constrain.reasons import reasons

        compiled = cache(partial(compile_json_schema, parsed, byte_vocabulary(), lenient=lenient))
        wide = JSONOptions.specification(format="assert")
        options = wide if language == "specification" else JSONOptions()
        with terminal.busy("following the text"):
            refusal = explain(compiled(options), text)
            why = reasons(compiled, options, text, refusal) if refusal else []
        _show_verdict(terminal, refusal, why)
    if refusal is not None:
        raise typer.Exit(ExitCode.REFUSED)


def _show_verdict(terminal: Terminal, refusal: Refusal | None, why: list[Reason]) -> None:
    if terminal.as_json:
        verdict = {} if refusal is None else {**asdict(refusal), "reasons": list(map(asdict, why))}
        terminal.document({"ok": True, "accepted": refusal is None, **verdict, **terminal.told})
        return
    if refusal is None:
        terminal.styled("[bold green]accepted[/]")
        return
    after = f"[dim]after[/] {escape(refusal.after)} [dim]:[/]  " if refusal.after else ""
    terminal.styled(
        f"[bold red]refused[/] at byte {refusal.position} "
        f"(line {refusal.line}, column {refusal.column})"
    )
    terminal.styled(f"  [bold]path[/]      {escape(refusal.pointer) or '(root)'}")
    terminal.styled(f"  [bold]found[/]     {escape(refusal.found) or 'the end of the text'}")
    terminal.styled(f"  [bold]expected[/]  {after}{escape('   '.join(refusal.expected))}")
    label = "[bold]because[/]   "
    for reason in why[:_REASONS_SHOWN]:
        _show_reason(terminal, reason, refusal.pointer, f"  {label}")
        label = " " * 10
    if len(why) > _REASONS_SHOWN:
        terminal.styled(f"  {label}[dim]and {len(why) - _REASONS_SHOWN} more[/]")


def _show_reason(
    terminal: Terminal, reason: Reason, place: str, label: str, depth: int = 0
) -> None:
    """Write a reason, below it its own reasons; its place where it is another than `place`."""
    at = f"[dim]at[/] {escape(reason.pointer) or '(root)'}: " if reason.pointer != place else ""
    schema = f"  [dim]{escape(reason.schema)}[/]" if reason.schema else ""
    terminal.styled(f"{label}{at}{escape(reason.message)}{schema}")
    for inner in reason.because[:_REASONS_SHOWN]:
        indent = " " * (14 + 2 * depth)
        _show_reason(terminal, inner, reason.pointer, f"{indent}[dim]-[/] ", depth + 1)
