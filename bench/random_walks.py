"""Random walks: follow random allowed tokens to the end; is every text that comes out valid?

    python -m bench.random_walks --sample 300
    python -m bench.random_walks --ids Github_easy---o1234 --language specification

No model is involved. See `walker` for what is tried at each step. `jsonschema` judges what a walk
has written, formats included.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import TYPE_CHECKING

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench.data import Case, data_folder, load_cases, select
from bench.errors import BenchmarkError
from bench.judge import Judge
from bench.walker import Walker, WalkError

if TYPE_CHECKING:
    from constrain import JSONOptions, Vocabulary

_EXIT_FAILURES = 1
_EXIT_INPUT = 2
_SHOWN = 100


class InvalidTextError(Exception):
    """A text that does not satisfy its schema; the message says why."""


class OutOfTimeError(Exception):
    """A schema has taken longer than it may."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A walk that went wrong.

    Attributes:
        id: the schema.
        walk: which of its walks; None: it failed before the first.
        kind: name of the exception that tells of it.
        reason: what exactly is wrong.
        text: what had been written.
    """

    id: str
    walk: int | None
    kind: str
    reason: str
    text: str


@dataclass(slots=True)
class Tally:
    """What was walked.

    Attributes:
        schemas: schemas with all their walks.
        refused: schemas that do not compile, by the name of the error.
        walks: walks that ended.
        tokens: tokens of these.
        unjudged: schemas that jsonschema cannot judge, by its reason.
        failures: walks that went wrong.
    """

    schemas: int
    refused: dict[str, int]
    walks: int
    tokens: int
    unjudged: dict[str, str]
    failures: list[Failure]


class SchemaWalker:
    """Walks through schemas with one vocabulary."""

    def __init__(self, vocabulary: Vocabulary, options: JSONOptions, seed: int) -> None:
        self._vocabulary = vocabulary
        self._options = options
        self._walker = Walker(vocabulary, seed)

    def walk_all(self, case: Case, walks: int, tally: Tally) -> None:
        """Walk through one schema several times, and tally what happens."""
        from constrain import ConstraintError, compile_json_schema

        try:
            constraint = compile_json_schema(case.schema, self._vocabulary, options=self._options)
        except ConstraintError as error:
            name = type(error).__name__
            tally.refused[name] = tally.refused.get(name, 0) + 1
            return
        judge = Judge(case.schema)
        for index in range(walks):
            written: list[bytes] = []
            try:
                for token in self._walker.walk(constraint.matcher(), case.id, index):
                    written.append(token)
            except (WalkError, ConstraintError, AssertionError) as error:
                tally.failures.append(_failure(case, index, error, written))
                continue
            tally.walks += 1
            tally.tokens += len(written)
            if case.id not in tally.unjudged:
                self._judge(judge, case, index, written, tally)
        tally.schemas += 1

    def _judge(
        self, judge: Judge, case: Case, index: int, written: list[bytes], tally: Tally
    ) -> None:
        try:
            complaint = judge.complaint(b"".join(written))
        except OutOfTimeError:
            raise
        except Exception as error:  # a reference or a pattern that jsonschema cannot read
            tally.unjudged[case.id] = f"{type(error).__name__}: {error}"
            return
        if complaint is not None:
            tally.failures.append(_failure(case, index, InvalidTextError(complaint), written))


def _failure(
    case: Case, walk: int | None, error: Exception, written: Iterable[bytes] = ()
) -> Failure:
    text = b"".join(written).decode("utf-8", "replace")
    return Failure(case.id, walk, type(error).__name__, str(error), text)


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise OutOfTimeError(f"over {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def main(argv: list[str] | None = None) -> int:
    """Walk. Returns 0, 1 where a walk went wrong, 2 for wrong arguments or data."""
    arguments = _parser().parse_args(argv)
    console = Console(stderr=True)
    started = perf_counter()
    try:
        cases = select(
            load_cases(arguments.data),
            sample=arguments.sample,
            seed=arguments.seed,
            ids=arguments.ids,
        )
        tally = _walk_cases(cases, arguments, console)
    except BenchmarkError as error:
        console.print(f"error: {error}", style="red", markup=False, highlight=False)
        return _EXIT_INPUT
    report = {**asdict(tally), "seconds": round(perf_counter() - started, 1)}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(_table(tally, perf_counter() - started))
    console.print(f"written to {arguments.out}", markup=False, highlight=False)
    return _EXIT_FAILURES if tally.failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="random_walks", description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--data", help="a MaskBench file or folder (default: the shared development file)")
    add("--tokenizer", help="folder or hub name of the tokenizer (default: the shared Llama 3)")
    add("--sample", type=int, default=2000, metavar="N", help="schemas (default: %(default)s)")
    add("--walks", type=int, default=5, metavar="N", help="for each schema (default: %(default)s)")
    add("--seed", type=int, default=0, help="draws the sample and the walks (default: 0)")
    add("--ids", type=lambda text: text.split(","), metavar="A,B", help="these schemas only")
    add("--language", choices=("generation", "specification"), default="generation")
    add(
        "--limit-time",
        type=float,
        default=30.0,
        metavar="S",
        help="seconds for a schema with all its walks (default: %(default)g)",
    )
    add(
        "--out",
        type=Path,
        default=Path("results/random_walks.json"),
        metavar="FILE",
        help="the results as JSON (default: %(default)s)",
    )
    return parser


def _walk_cases(cases: Sequence[Case], arguments: argparse.Namespace, console: Console) -> Tally:
    from transformers import AutoTokenizer

    from constrain import JSONOptions, Vocabulary

    name = arguments.tokenizer or str(data_folder() / "tokenizers" / "llama3")
    vocabulary = Vocabulary.from_tokenizer(AutoTokenizer.from_pretrained(name))
    wide = JSONOptions.specification(format="assert")
    options = wide if arguments.language == "specification" else JSONOptions()
    walker = SchemaWalker(vocabulary, options, arguments.seed)
    tally = Tally(0, {}, 0, 0, {}, [])
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        task = progress.add_task("", total=len(cases))
        for case in cases:
            try:
                with _time_limit(arguments.limit_time):
                    walker.walk_all(case, arguments.walks, tally)
            except Exception as error:
                tally.failures.append(_failure(case, None, error))
            counts = f"{tally.walks} walks, {len(tally.failures)} failures"
            progress.update(task, advance=1, description=counts)
    return tally


def _table(tally: Tally, seconds: float) -> str:
    """The results as Markdown."""
    rows = [
        ("schemas walked", tally.schemas),
        *((f"schemas refused: {name}", count) for name, count in tally.refused.items()),
        ("schemas that jsonschema cannot judge", len(tally.unjudged)),
        ("walks that ended", tally.walks),
        ("tokens", tally.tokens),
        ("seconds", round(seconds)),
        ("**failures**", len(tally.failures)),
    ]
    lines = ["| | |", "|---|---:|", *(f"| {label} | {value} |" for label, value in rows)]
    if tally.failures:
        lines += ["", "| schema | walk | kind | reason |", "|---|---:|---|---|"]
        for failure in tally.failures[:_SHOWN]:
            reason = " ".join(failure.reason.split()).replace("|", "\\|")[:160]
            lines.append(f"| {failure.id} | {failure.walk} | {failure.kind} | {reason} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
