"""Members after a dot, and whole statements, with and without monitors.

    python -m bench.monitors
    python -m bench.monitors --languages cpp,typescript --points 100
    python -m bench.monitors --model HF_MODEL_ID

Points are dereferences: of Python in the packages of the standard library and of the environment,
chosen by a seed; of TypeScript and C++ in small repositories that are made by a seed, where the
language servers are installed. The name and what follows it on its line are hidden. The model
writes a name, and where the line is a statement the rest of it, with monitors and without, at equal
seeds. Writes DIR/monitors.json and .md, before and after each language's statements are judged, and
DIR/statements-LANGUAGE.jsonl: the true end of each line, those that are written, and what is wrong.

- *known*: points where the analyser knows, in the file as it is, what the name stands for;
- *true name*: of these, how many allow the name that was hidden;
- *members*: names written that are among the suggestions; *same*: that are the hidden one;
- *statements*: that their judge finds no error in, of those where it finds none in the true line;
  left out are those that it cannot judge;
- *question*: seconds that the analyser takes for one, median and most; *analyser*: milliseconds for
  a token of the statements;
- *monitor*: milliseconds of the processor for a token, of masks and of steps, without questions:
  median and mean.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
from rich.console import Console

from bench.command import run_command
from bench.errors import BenchmarkError
from bench.monitor_judges import judge_of
from bench.monitor_points import Point, knows, points
from bench.monitor_repositories import cpp, typescript
from bench.monitor_statements import Statements
from bench.report import machine
from constrain import Constraint, GenerationError, compile_regex, generate
from constrain.models import BundledModel, HFModel, LanguageModel
from constrain.monitors import Arguments, Dereference, Monitor, named_monitor

_NAME = r"[A-Za-z_]\w{0,40}"
_VALUE = r"(?:[0-9]{1,3}|\"[a-z]{0,8}\"|None|True)"
_ENDS = {
    "python": rf"{_NAME}(?:\.{_NAME}|\((?:{_VALUE}(?:, {_VALUE}){{0,2}})?\)){{0,4}}",
    "typescript": rf"{_NAME}(?:\.{_NAME}|\((?:[0-9]{{1,3}})?\)){{0,4}};",
    "cpp": rf"{_NAME}(?:(?:\.|->|::){_NAME}|\((?:[0-9]{{1,3}})?\)){{0,4}};",
}
"""How a statement may go on after a dot."""


@dataclass
class Measured:
    """What is measured of a language; pairs are with monitors and without."""

    points: int = 0
    known: int = 0
    true_name: int = 0
    members: list[int] = field(default_factory=lambda: [0, 0])
    same: list[int] = field(default_factory=lambda: [0, 0])
    questions: list[float] = field(default_factory=list)
    analyser: list[float] = field(default_factory=list)
    monitor: list[float] = field(default_factory=list)


class Timed:
    """Times the questions of a monitor.

    Attributes:
        seconds: of each question.
        own: seconds of the processor that they took of the thread that asked, all together.
        latest: the latest answer.
    """

    def __init__(self, monitor: Monitor) -> None:
        self.seconds: list[float] = []
        self.own = 0.0
        self.latest: Any = None
        self._suggest = monitor.suggest
        monitor.suggest = self._timed  # type: ignore[method-assign]

    def _timed(self, text: str) -> Any:
        started, own = time.perf_counter(), time.thread_time()
        try:
            self.latest = self._suggest(text)
        finally:
            self.seconds.append(time.perf_counter() - started)
            self.own += time.thread_time() - own
        return self.latest


def overhead(constraint: Constraint, tokens: Sequence[int], timers: Sequence[Timed]) -> list[float]:
    """Return seconds of the processor for a mask and a step, without questions, token by token."""
    matcher = constraint.matcher()
    row = np.empty(constraint.vocabulary.bitmask_words, np.int32)
    spent = []
    for token in tokens:
        before = time.thread_time() - sum(timer.own for timer in timers)
        matcher.fill_bitmask(row)
        accepted = matcher.accept(token)
        spent.append(time.thread_time() - sum(timer.own for timer in timers) - before)
        assert accepted
    return spent


def measure(
    language: str,
    found: Iterable[Point],
    is_known: Callable[[Point], bool],
    model: LanguageModel,
    console: Console,
    statements: Statements,
    most: int,
) -> Measured:
    """Measure a language at some points; at so many of them, write whole statements."""
    result = Measured()
    name = compile_regex(_NAME, model.vocabulary)
    end = compile_regex(_ENDS[language], model.vocabulary)
    started = time.perf_counter()
    for number, point in enumerate(found):
        result.points += 1
        if result.points % 20 == 0:
            spent = time.perf_counter() - started
            console.print(f"{language}: {result.points} points, {spent:.0f} s", style="dim")
        monitor = _dereference(language, point)
        timer = Timed(monitor)
        watched = name & monitor
        matcher = watched.matcher()
        names = set(timer.latest or ())
        if not names or not is_known(point):
            result.questions += timer.seconds
            continue
        result.known += 1
        allowed = matcher.accept_bytes(point.name.encode()) and matcher.is_accepting()
        result.true_name += allowed
        prompt = point.place.before[-400:]
        for index, used in enumerate((watched, name)):
            text = generate(used, model, prompt, seed=number, max_tokens=48, return_details=True)
            result.members[index] += text.value in names
            result.same[index] += text.value == point.name
            if index == 0:
                result.monitor += overhead(watched, text.token_ids, [timer])
        result.questions += timer.seconds
        if point.is_statement and allowed and len(statements.found) < most:
            written = _statement(language, end, point, model, prompt, number, result)
            freely, _ = _written(end, model, prompt, number)
            statements.add(point, [point.name + point.rest.rstrip("\n"), written, freely])
    return result


def _always(point: Point) -> bool:
    return True


def _dereference(language: str, point: Point) -> Monitor:
    if language == "python":
        return Dereference(point.place, timeout=60)
    return named_monitor("dereference", point.place)


def _statement(
    language: str,
    end: Constraint,
    point: Point,
    model: LanguageModel,
    prompt: str,
    seed: int,
    result: Measured,
) -> str:
    """Write the end of a statement with monitors."""
    monitors = [_dereference(language, point)]
    if language == "python":
        monitors.append(Arguments(point.place, timeout=60))
    else:
        monitors.append(named_monitor("arguments", point.place))
    timers = [Timed(monitor) for monitor in monitors]
    watched = end
    for monitor in monitors:
        watched = watched & monitor
    text, tokens = _written(watched, model, prompt, seed)
    seconds = [second for timer in timers for second in timer.seconds]
    result.questions += seconds
    if tokens:
        result.analyser.append(sum(seconds) / len(tokens))
        result.monitor += overhead(watched, tokens, timers)
    return text


def _written(
    constraint: Constraint, model: LanguageModel, prompt: str, seed: int
) -> tuple[str, Sequence[int]]:
    with suppress(GenerationError):
        text = generate(constraint, model, prompt, seed=seed, max_tokens=40, return_details=True)
        return text.value, text.token_ids
    return "", ()


def summary(language: str, found: Measured, statements: Statements) -> dict[str, Any]:
    """Return the row of a language."""
    known, right = max(found.known, 1), len(statements.right)
    with_, without = 0, 1
    return {
        "language": language,
        "points": found.points,
        "known": found.known,
        "true name": found.true_name / known,
        "members": found.members[with_] / known,
        "members without": found.members[without] / known,
        "same": found.same[with_] / known,
        "same without": found.same[without] / known,
        "statements": right,
        "unjudged": statements.unjudged,
        "accepted": statements.accepted(with_) / max(right, 1),
        "accepted without": statements.accepted(without) / max(right, 1),
        "judge": statements.judge,
        "question s": median(found.questions or [0]),
        "question most s": max(found.questions, default=0),
        "analyser ms": 1000 * mean(found.analyser or [0]),
        "monitor median ms": 1000 * median(found.monitor or [0]),
        "monitor mean ms": 1000 * mean(found.monitor or [0]),
    }


_COLUMNS = (
    ("language", "{language}"),
    ("points, known", "{points}, {known}"),
    ("true name", "{true name:.1%}"),
    ("members", "{members:.1%} / {members without:.1%}"),
    ("same name", "{same:.1%} / {same without:.1%}"),
    ("statements", "{accepted:.1%} / {accepted without:.1%} of {statements}"),
    ("not judged", "{unjudged}"),
    ("question", "{question s:.3f} s, most {question most s:.1f} s"),
    ("analyser a token", "{analyser ms:.1f} ms"),
    ("monitor a token", "{monitor median ms:.3f} ms, mean {monitor mean ms:.3f} ms"),
)


def markdown(rows: Sequence[dict[str, Any]], note: str) -> str:
    """Return the rows as a table, with a note below."""
    lines = [f"| {' | '.join(head for head, _ in _COLUMNS)} |", "|---" * len(_COLUMNS) + "|"]
    lines += [f"| {' | '.join(cell.format(**row) for _, cell in _COLUMNS)} |" for row in rows]
    return "\n".join(lines) + f"\n\n{note}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    layout = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--points", type=int, help="of each language (320, 120)")
    parser.add_argument("--statements", type=int, help="the most (120, 40)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", default="bundled")
    parser.add_argument("--languages", default="python,typescript,cpp")
    parser.add_argument("--out", type=Path, default=Path("results/monitors"))
    options = parser.parse_args(arguments)
    return run_command(lambda console: _run(console, options))


def _run(console: Console, options: argparse.Namespace) -> int:
    warnings.simplefilter("ignore")
    name = options.model
    languages = options.languages.split(",")
    if unknown := set(languages) - _ENDS.keys():
        raise BenchmarkError(f"no points of {unknown.pop()}; there are {', '.join(_ENDS)}")
    model: LanguageModel = BundledModel() if name == "bundled" else HFModel(name)
    rows: list[dict[str, Any]] = []
    for language in languages:
        count, most = (320, 120) if language == "python" else (120, 40)
        count = count if options.points is None else options.points
        most = most if options.statements is None else options.statements
        statements = Statements(options.out / f"statements-{language}.jsonl")
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve()
            if language == "python":
                places: Iterable[Point] = points(count, options.seed)
                is_known = knows
            else:
                made = {"typescript": typescript, "cpp": cpp}[language]
                places = made(root, count, options.seed)
                is_known = _always
            found = measure(language, places, is_known, model, console, statements, most)
            rows.append(summary(language, found, statements))
            text = _write(options.out, rows, name, options.seed)
            judge = judge_of(language) if statements.found else None
            if judge is not None:
                statements.be_judged(judge, console)
                rows[-1] = summary(language, found, statements)
                text = _write(options.out, rows, name, options.seed)
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    return 0


def _write(folder: Path, rows: Sequence[dict[str, Any]], model: str, seed: int) -> str:
    """Write what is measured so far; return the table."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "monitors"
    path.with_suffix(".json").write_text(json.dumps(rows, indent=1), "utf-8")
    judges = ", ".join(f"{row['language']}: {row['judge'] or 'none'}" for row in rows)
    note = (
        f"Model: {model}. Pairs: with monitors / without, at equal seeds (seed {seed}). "
        f"Judges of statements: {judges}. {machine()}."
    )
    text = markdown(rows, note)
    path.with_suffix(".md").write_text(text, "utf-8")
    return text


if __name__ == "__main__":
    raise SystemExit(main())
