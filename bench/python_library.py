"""Python's own library under Lark's grammar of Python: accepted exactly where Lark parses it?

    python -m bench.python_library --sample 40
    python -m bench.python_library --sample 0 --out results/python_library.json

Each file, and each file less some characters at a random place, is read token by token; the mask
has to allow each token that is accepted. A sample of 0 is the whole library.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import lark
import numpy as np
from lark import Lark
from lark.exceptions import LarkError
from lark.indenter import PythonIndenter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench.command import load_tokenizer, run_command
from bench.data import data_folder

if TYPE_CHECKING:
    from constrain.engine import Constraint

_GRAMMAR = (Path(lark.__file__).parent / "grammars" / "python.lark").read_text("utf-8")


@dataclass(slots=True)
class Tally:
    """What was read.

    Attributes:
        files: files that Lark parses.
        changed: changed files that Lark refuses.
        disagreements: what one of them accepts and the other refuses.
        microseconds: of mask and accept, for each token of the files.
    """

    files: int
    changed: int
    disagreements: list[str]
    microseconds: list[float]


def main(argv: list[str] | None = None) -> int:
    """Read. Returns 0, 1 where Lark disagrees, 2 for wrong arguments or data."""
    options = _parser().parse_args(argv)
    return run_command(lambda console: _run(options, console))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python_library", description=__doc__.split("\n")[0])
    add = parser.add_argument
    library = sysconfig.get_paths()["stdlib"]
    add("--library", type=Path, default=Path(library), help="a folder (default: %(default)s)")
    add("--tokenizer", help="folder or hub name of the tokenizer (default: the shared Llama 3)")
    add("--sample", type=int, default=40, metavar="N", help="files (default: %(default)s)")
    add("--most", type=int, default=50_000, metavar="B", help="bytes of a file (%(default)s)")
    add("--seed", type=int, default=0, help="draws the sample and the changes (default: 0)")
    add("--out", type=Path, default=Path("results/python_library.json"), metavar="FILE")
    return parser


def _run(options: argparse.Namespace, console: Console) -> int:
    from constrain import Vocabulary, compile_grammar

    tokenizer = load_tokenizer(options.tokenizer or str(data_folder() / "tokenizers" / "llama3"))
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    constraint = compile_grammar(
        _GRAMMAR, vocabulary, start="file_input", indentation=PythonIndenter
    )
    parser = Lark(_GRAMMAR, parser="lalr", postlex=PythonIndenter(), start="file_input")
    files = [file for file in sorted(options.library.rglob("*.py")) if _size(file) <= options.most]
    rng = random.Random(options.seed)
    if options.sample:
        files = rng.sample(files, min(options.sample, len(files)))
    tally = Tally(0, 0, [], [])
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        task = progress.add_task("", total=len(files))
        for file in files:
            for text, is_changed in _texts(file, rng):
                parsed = _parses(parser, text)
                if is_changed and parsed:
                    continue
                times = list(_read(constraint, tokenizer, text))
                if bool(times and times[-1] < 0) == parsed:
                    tally.disagreements.append(f"{file}{' (changed)' if is_changed else ''}")
                tally.files += not is_changed and parsed
                tally.changed += is_changed
                if not is_changed:
                    tally.microseconds += [time for time in times if time >= 0]
            counts = f"{tally.files} files, {len(tally.disagreements)} disagreements"
            progress.update(task, advance=1, description=counts)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({**asdict(tally), "microseconds": None}) + "\n", "utf-8")
    print(_table(tally))
    return 1 if tally.disagreements else 0


def _size(file: Path) -> int:
    return file.stat().st_size


def _texts(file: Path, rng: random.Random) -> Iterator[tuple[str, bool]]:
    """The text of a file, and the text less some characters."""
    try:
        text = file.read_bytes().decode()
    except UnicodeDecodeError:
        return
    yield text, False
    if text:
        place = rng.randrange(len(text))
        yield text[:place] + text[place + rng.choice([1, 1, 2, 5]) :], True


def _parses(parser: Lark, text: str) -> bool:
    try:
        parser.parse(text)
    except (LarkError, IndexError, AssertionError):  # the last two are of Lark's `Indenter`
        return False
    return True


def _read(constraint: Constraint, tokenizer: Any, text: str) -> Iterator[float]:
    """Yield the time of each token, in microseconds; last -1 where the text is refused."""
    matcher = constraint.matcher()
    row = np.zeros(constraint.vocabulary.bitmask_words, np.int32)
    for token in tokenizer.encode(text, add_special_tokens=False):
        started = perf_counter()
        matcher.fill_bitmask(row)
        accepted = matcher.accept(token)
        yield 1e6 * (perf_counter() - started)
        assert accepted == bool(row[token >> 5] >> (token & 31) & 1), "mask and matcher disagree"
        if not accepted:
            yield -1
            return
    if not matcher.is_accepting():
        yield -1


def _table(tally: Tally) -> str:
    """The results as Markdown."""
    times = np.array(tally.microseconds or [0])
    rows: list[tuple[str, object]] = [
        ("files that Lark parses, accepted", tally.files),
        ("changed files that Lark refuses, refused", tally.changed),
        ("**disagreements**", len(tally.disagreements)),
        ("tokens", len(tally.microseconds)),
        *((f"µs for mask and accept, p{p}", round(np.percentile(times, p))) for p in (50, 90, 99)),
        ("µs for mask and accept, mean", round(times.mean())),
    ]
    lines = ["| | |", "|---|---:|", *(f"| {label} | {value} |" for label, value in rows)]
    return "\n".join([*lines, *(f"- {text}" for text in tally.disagreements)])


if __name__ == "__main__":
    sys.exit(main())
