"""The official JSON-Schema-Test-Suite through an engine: does it decide every test rightly?

    python -m bench.jsonschema_suite
    python -m bench.jsonschema_suite --engines constrain,llguidance,xgrammar --drafts draft2020-12

Every instance is replayed token by token, its text as `json.dumps(data, ensure_ascii=False)`;
`constrain` with `JSONOptions.specification()`, and formats asserted where the tests are about
them. A schema that an engine calls unsatisfiable refuses all its instances.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench.command import load_tokenizer, run_command
from bench.data import data_folder
from bench.engines import Constrain, Matcher, engine_path
from bench.errors import BenchmarkError
from bench.measure import Result, Tokens, measure
from bench.suite_data import DRAFTS, Suite, SuiteCase, load_suite
from bench.suite_report import Judgement, markdown, summarise
from bench.worker import EngineSpec, Limits, Worker

_LIMITS = Limits(time_s=30, memory_mb=8192)


@dataclass(frozen=True, slots=True)
class Task:
    """A schema with what the suite says of it.

    Attributes:
        schema: the schema.
        draft: its dialect, where it names none.
        format: whether formats are asserted, see `JSONOptions`.
    """

    schema: Any
    draft: str
    format: str


class Specification(Constrain):
    """This project, with the whole language of the specification and the suite's documents."""

    def __init__(
        self, tokenizer: Any, *, path: Path | None = None, suite: Suite | None = None
    ) -> None:
        super().__init__(tokenizer)
        self._registry = (suite or load_suite(path)).registry()

    def compile(self, task: Task) -> Callable[[], Matcher]:
        from constrain import JSONOptions

        if not isinstance(task, Task):  # the schema that warms the engine up
            return super().compile(task)
        options = JSONOptions.specification(format=task.format)
        return self.compile_with(
            task.schema, options=options, registry=self._registry, draft=task.draft
        )


def main(argv: list[str] | None = None) -> int:
    """Run the suite. Returns 0, 1 where a test is not decided rightly, 2 for wrong arguments or
    data, 130 where it was stopped."""
    arguments = _parser().parse_args(argv)
    return run_command(lambda console: _run(arguments, console))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="jsonschema_suite", description=__doc__.split("\n")[0])
    add = parser.add_argument

    def listed(text: str) -> list[str]:
        return text.split(",")

    add("--path", type=Path, help="a checkout of the suite, or a tar archive of one")
    add(
        "--engines",
        type=listed,
        default=["constrain"],
        metavar="A,B",
        help="engines to run, of constrain, llguidance, xgrammar, outlines-core "
        "(default: constrain)",
    )
    add("--drafts", type=listed, default=list(DRAFTS), metavar="A,B", help="drafts (default: all)")
    add("--files", type=listed, metavar="A,B", help="only these files, as in optional/bignum")
    add(
        "--tokenizer",
        help="folder or hub name of the tokenizer (default: the shared Llama 3, or else the "
        "bundled one)",
    )
    add(
        "--out",
        type=Path,
        default=Path("results/jsonschema_suite"),
        metavar="DIR",
        help="folder of the results (default: %(default)s)",
    )
    return parser


def _run(arguments: argparse.Namespace, console: Console) -> int:
    cases = [
        case
        for case in load_suite(arguments.path).cases
        if case.draft in arguments.drafts
        and (arguments.files is None or case.file in arguments.files)
    ]
    if not cases:
        raise BenchmarkError(f"no tests in {','.join(arguments.files or arguments.drafts)}")
    paths = {name: engine_path(name) for name in arguments.engines}
    tokenizer_name = arguments.tokenizer or _default_tokenizer()
    tokenizer = load_tokenizer(tokenizer_name)
    arguments.out.mkdir(parents=True, exist_ok=True)
    judgements: dict[str, list[Judgement]] = {}
    for name, path in paths.items():
        options: dict[str, Any] = {}
        if name == "constrain":
            path, options = f"{__name__}:Specification", {"path": arguments.path}
        spec = EngineSpec(path, tokenizer_name, arguments.out / f"{name}.log", options)
        with console.status(f"setting up {name}"):
            worker = Worker(spec, _LIMITS)
        try:
            judgements[name] = _judge_all(name, worker, cases, tokenizer, console)
        finally:
            worker.close()
    summary = summarise(judgements)
    (arguments.out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    (arguments.out / "summary.md").write_text(markdown(summary))
    print(markdown(summary))
    console.print(f"written to {arguments.out}", markup=False, highlight=False)
    return int(any(engine["left"] for engine in summary.values()))


def _default_tokenizer() -> str:
    shared = data_folder() / "tokenizers" / "llama3"
    if shared.is_dir():
        return str(shared)
    import constrain

    return str(Path(constrain.__file__).parent / "models" / "bundled")


def _judge_all(
    name: str, worker: Worker, cases: Sequence[SuiteCase], tokenizer: Any, console: Console
) -> list[Judgement]:
    judgements: list[Judgement] = []
    right = 0
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        task = progress.add_task(name, total=len(cases))
        for case in cases:
            schema = _task(case) if name == "constrain" else case.schema
            result = worker.run(case.description, schema, tokenized(case, tokenizer))
            found = list(_judgements(case, result))
            judgements += found
            right += sum(judgement.outcome == "right" for judgement in found)
            counts = f"{name} {right:,}/{len(judgements):,} right"
            progress.update(task, advance=1, description=counts)
    return judgements


def tokenized(case: SuiteCase, tokenizer: Any) -> list[Tokens]:
    """The instances of a case as token ids."""
    return [
        Tokens(tokenizer.encode(instance.text, add_special_tokens=False), instance.valid)
        for instance in case.instances
    ]


def judge(
    engine: Specification, case: SuiteCase, instances: Sequence[Tokens], eos_token_id: int
) -> Iterable[Judgement]:
    """Run one case in this process."""
    result = measure(engine, case.description, _task(case), instances, eos_token_id)
    return _judgements(case, result)


def _task(case: SuiteCase) -> Task:
    asserted = case.kind == "format"
    if case.file.endswith("format-annotation"):
        format = "annotate"
    else:
        format = "assert" if asserted else "dialect"
    return Task(case.schema, case.draft, format)


def _judgements(case: SuiteCase, result: Result) -> Iterable[Judgement]:
    refusing = result.outcome == "compile error" and "unsatisfiable" in result.reason.lower()
    for index, (test, instance) in enumerate(zip(case.tests, case.instances, strict=True)):
        accepted, error = False, ""
        if index < len(result.verdicts):
            verdict = result.verdicts[index]
            accepted, error = verdict.accepted, verdict.error or ""
        elif not refusing:
            error = result.reason or result.outcome
        outcome = "right"
        if error:
            outcome = "not decided"
        elif accepted != instance.valid:
            outcome = "wrong accept" if accepted else "wrong reject"
        yield Judgement(
            case.draft,
            case.kind,
            case.file,
            case.description,
            test,
            outcome,
            error.partition("\n")[0][:80],
            result.detail or error,
        )


if __name__ == "__main__":
    sys.exit(main())
