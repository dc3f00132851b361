"""The schemas that do not pass, one by one, for those who want to mend an engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape

from bench.data import Case, Instance
from bench.measure import Verdict
from bench.report import Run


def print_failures(runs: Mapping[str, Run], cases: Mapping[str, Case], tokenizer: Any) -> None:
    """List what does not pass, with every misjudged instance cut at the refused token."""
    console = Console(soft_wrap=True, highlight=False)
    for name, run in runs.items():
        for result in run.results:
            if result.outcome == "passing":
                continue
            why = _first_line(result.detail or result.reason)
            console.print(f"[bold]{name}[/bold] {escape(f'{result.id}: {result.outcome} {why}')}")
            judged = zip(cases[result.id].instances, result.verdicts, strict=False)
            for index, (instance, verdict) in enumerate(judged):
                if verdict.accepted != instance.valid or verdict.error:
                    _print_instance(console, index, instance, verdict, tokenizer)


def _print_instance(
    console: Console, index: int, instance: Instance, verdict: Verdict, tokenizer: Any
) -> None:
    token_ids = tokenizer.encode(instance.text, add_special_tokens=False)
    accepted, rest = token_ids[: verdict.position], token_ids[verdict.position :]
    if verdict.accepted:
        end = "accepted whole"
    else:
        end = f"refused: {tokenizer.decode(rest[:1])!r}" if rest else "refused: EOS"
    kind = "valid" if instance.valid else "invalid"
    line = f"  #{index} ({kind}) after {verdict.position} tokens, {end}"
    if verdict.error:
        line += f", {_first_line(verdict.error)}"
    console.print(escape(line))
    console.print(
        f"    {escape(tokenizer.decode(accepted))}[red]»[/red]{escape(tokenizer.decode(rest))}"
    )


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
