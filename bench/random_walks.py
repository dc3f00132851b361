"""Random walks: follow random allowed tokens to the end; is every text that comes out valid?

    python -m bench.random_walks --sample 300
    python -m bench.random_walks --ids Github_easy---o1234 --language specification

No model is involved. See `walker` for what is tried at each step. `jsonschema` judges what a walk
has written, formats included. What was found is written to a file, schema by schema: the same
command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench.command import load_tokenizer
from bench.data import Case, data_folder, load_cases, select
from bench.engines import engine_version
from bench.errors import BenchmarkError
from bench.results import Journal
from bench.walker import Walker, WalkError
from constrain.cli.judges import JSONJudge

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
class Walked:
    """What became of the walks through one schema.

    Attributes:
        id: the schema.
        refused: why it does not compile, the name of the error; None: it does.
        walks: walks that ended.
        tokens: tokens of these.
        unjudged: why jsonschema cannot judge the schema; None: it can.
        failures: walks that went wrong.
    """

    id: str
    refused: str | None = None
    walks: int = 0
    tokens: int = 0
    unjudged: str | None = None
    failures: list[Failure] = field(default_factory=list)


class SchemaWalker:
    """Walks through schemas with one vocabulary."""

    def __init__(self, vocabulary: Vocabulary, options: JSONOptions, seed: int) -> None:
        self._vocabulary = vocabulary
        self._options = options
        self._walker = Walker(vocabulary, seed)

    def walk_all(self, case: Case, walks: int, limit: float) -> Walked:
        """Walk through one schema several times, for at most `limit` seconds of the processor."""
        found = Walked(case.id)
        try:
            with _time_limit(limit):
                self._walk_all(case, walks, found)
        except Exception as error:  # whatever it is, the other schemas are walked
            found.failures.append(_failure(case, None, error))
        return found

    def _walk_all(self, case: Case, walks: int, found: Walked) -> None:
        from constrain import ConstraintError, compile_json_schema

        try:
            constraint = compile_json_schema(case.schema, self._vocabulary, options=self._options)
        except ConstraintError as error:
            found.refused = type(error).__name__
            return
        judge = JSONJudge(case.schema)
        for index in range(walks):
            written: list[bytes] = []
            try:
                for token in self._walker.walk(constraint.matcher(), case.id, index):
                    written.append(token)
            except (WalkError, ConstraintError, AssertionError) as error:
                found.failures.append(_failure(case, index, error, written))
                continue
            found.walks += 1
            found.tokens += len(written)
            if found.unjudged is None:
                self._judge(judge, case, index, written, found)

    def _judge(
        self, judge: JSONJudge, case: Case, index: int, written: list[bytes], found: Walked
    ) -> None:
        try:
            complaint = judge.complaint(b"".join(written))
        except OutOfTimeError:
            raise
        except Exception as error:  # a reference or a pattern that jsonschema cannot read
            found.unjudged = f"{type(error).__name__}: {error}"
            return
        if complaint is not None:
            found.failures.append(_failure(case, index, InvalidTextError(complaint), written))


def _failure(
    case: Case, walk: int | None, error: Exception, written: Iterable[bytes] = ()
) -> Failure:
    text = b"".join(written).decode("utf-8", "replace")
    return Failure(case.id, walk, type(error).__name__, str(error), text)


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise OutOfTimeError(f"over {seconds:g} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def main(argv: list[str] | None = None) -> int:
    """Walk. Returns 0, 1 where a walk went wrong, 2 for wrong arguments or data."""
    arguments = _parser().parse_args(argv)
    console = Console(stderr=True)
    try:
        cases = select(
            load_cases(arguments.data),
            sample=arguments.sample,
            seed=arguments.seed,
            ids=arguments.ids,
        )
        found = _walk_cases(cases, arguments, console)
    except BenchmarkError as error:
        console.print(f"error: {error}", style="red", markup=False, highlight=False)
        return _EXIT_INPUT
    print(_table(found))
    console.print(f"written to {arguments.out}", markup=False, highlight=False)
    return _EXIT_FAILURES if any(walked.failures for walked in found) else 0


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
        help="processor seconds for a schema with all its walks (default: %(default)g)",
    )
    add(
        "--out",
        type=Path,
        default=Path("results/random_walks.jsonl"),
        metavar="FILE",
        help="the results; schemas that it holds are not walked again (default: %(default)s)",
    )
    add("--fresh", action="store_true", help="walk through everything again")
    return parser


def _walk_cases(
    cases: Sequence[Case], arguments: argparse.Namespace, console: Console
) -> list[Walked]:
    """Walk through the schemas that the file does not hold yet. Returns what is known of all."""
    from constrain import JSONOptions, Vocabulary

    name = arguments.tokenizer or str(data_folder() / "tokenizers" / "llama3")
    settings = {
        "version": engine_version("constrain"),
        "data": arguments.data or "maskbench-dev",
        "tokenizer": name,
        "language": arguments.language,
        "seed": arguments.seed,
        "walks": arguments.walks,
        "limit_time_s": arguments.limit_time,
    }
    found = _resume(arguments, settings)
    vocabulary = Vocabulary.from_tokenizer(load_tokenizer(name))
    wide = JSONOptions.specification(format="assert")
    options = wide if arguments.language == "specification" else JSONOptions()
    walker = SchemaWalker(vocabulary, options, arguments.seed)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        task = progress.add_task("", total=len(cases))
        for case in cases:
            if case.id not in found:
                found[case.id] = walker.walk_all(case, arguments.walks, arguments.limit_time)
                Journal(arguments.out).write("a", asdict(found[case.id]))
            known = found.values()
            walks, failures = sum(w.walks for w in known), sum(len(w.failures) for w in known)
            progress.update(task, advance=1, description=f"{walks} walks, {failures} failures")
    return [found[case.id] for case in cases]


def _resume(arguments: argparse.Namespace, settings: dict[str, Any]) -> dict[str, Walked]:
    """What the file holds already, by schema; it is begun anew where it holds nothing."""
    journal = Journal(arguments.out)
    lines = [] if arguments.fresh else journal.whole()
    if not lines:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        journal.write("w", settings)
        return {}
    if lines[0] != settings:
        raise BenchmarkError(
            f"{arguments.out} holds walks of another version or of other settings; "
            "pass --fresh to replace them, or another --out"
        )
    records = [{**line, "failures": [Failure(**f) for f in line["failures"]]} for line in lines[1:]]
    return {record["id"]: Walked(**record) for record in records}


def _table(found: Sequence[Walked]) -> str:
    """The results as Markdown."""
    refused = Counter(walked.refused for walked in found if walked.refused is not None)
    failures = [failure for walked in found for failure in walked.failures]
    rows = [
        ("schemas", len(found)),
        *((f"schemas refused: {name}", count) for name, count in refused.items()),
        ("schemas that jsonschema cannot judge", sum(w.unjudged is not None for w in found)),
        ("walks that ended", sum(walked.walks for walked in found)),
        ("tokens", sum(walked.tokens for walked in found)),
        ("**failures**", len(failures)),
    ]
    lines = ["| | |", "|---|---:|", *(f"| {label} | {value} |" for label, value in rows)]
    if failures:
        lines += ["", "| schema | walk | kind | reason |", "|---|---:|---|---|"]
        for failure in failures[:_SHOWN]:
            reason = " ".join(failure.reason.split()).replace("|", "\\|")[:160]
            lines.append(f"| {failure.id} | {failure.walk} | {failure.kind} | {reason} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
