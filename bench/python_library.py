"""Python's own library under Lark's grammar of Python: accepted exactly where Lark parses it?

    python -m bench.python_library --sample 40
    python -m bench.python_library --sample 0 --most 0 --masks 100

Each file, and each file less some characters at a random place, is read token by token; of every
`--masks` tokens one has a mask worked out before it, which has to allow it if it is accepted. A
sample of 0 is the whole library, installed packages aside.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import sysconfig
from dataclasses import asdict, dataclass
from math import inf
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
        microseconds: of mask and accept, for each token of the files that has a mask.
    """

    files: int
    changed: int
    disagreements: list[str]
    microseconds: list[float]


_PACKAGES = {"site-packages", "dist-packages"}


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
    add(
        "--most",
        type=int,
        default=50_000,
        metavar="B",
        help="bytes of a file (%(default)s); 0: any",
    )
    add("--masks", type=int, default=1, metavar="N", help="one mask for N tokens (default: 1)")
    add("--seed", type=int, default=0, help="draws the sample and the changes (default: 0)")
    add("--out", type=Path, default=Path("results/python_library.json"), metavar="FILE")
    return parser


def _run(options: argparse.Namespace, console: Console) -> int:
    from constrain import Vocabulary, compile_grammar

    tokenizer = load_tokenizer(options.tokenizer)
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    constraint = compile_grammar(
        _GRAMMAR, vocabulary, start="file_input", indentation=PythonIndenter
    )
    parser = Lark(_GRAMMAR, parser="lalr", postlex=PythonIndenter(), start="file_input")
    files = [
        file
        for file in sorted(options.library.rglob("*.py"))
        if not _PACKAGES.intersection(file.parts) and _size(file) <= (options.most or inf)
    ]
    rng = random.Random(options.seed)
    if options.sample:
        files = rng.sample(files, min(options.sample, len(files)))
    tally = Tally(0, 0, [], [])
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        task = progress.add_task("", total=len(files))
        for file in files:
            _read_file(file, parser, Reader(constraint, tokenizer, options.masks), rng, tally)
            counts = f"{tally.files} files, {len(tally.disagreements)} disagreements"
            progress.update(task, advance=1, description=counts)
            options.out.parent.mkdir(parents=True, exist_ok=True)
            found = {**asdict(tally), "microseconds": None}
            options.out.write_text(json.dumps(found) + "\n", "utf-8")
    print(_table(tally))
    return 1 if tally.disagreements else 0


def _size(file: Path) -> int:
    return file.stat().st_size


def _read_file(file: Path, parser: Lark, reader: Reader, rng: random.Random, tally: Tally) -> None:
    """Read a file, and the file less some characters."""
    try:
        text = file.read_bytes().decode()
    except UnicodeDecodeError:
        return
    is_right = _parses(parser, text)
    if reader.read(text) != is_right:
        tally.disagreements.append(f"{file}")
    tally.files += is_right
    tally.microseconds += reader.microseconds
    if not text:
        return
    place = rng.randrange(len(text))
    changed = text[:place] + text[place + rng.choice([1, 1, 2, 5]) :]
    if not _parses(parser, changed):
        tally.changed += 1
        if reader.read(changed):
            tally.disagreements.append(f"{file} (changed at {place})")


def _parses(parser: Lark, text: str) -> bool:
    try:
        parser.parse(text)
    except (LarkError, IndexError, AssertionError):  # the last two are of Lark's `Indenter`
        return False
    return True


class Reader:
    """Reads texts that begin alike; what they share is read once.

    Attributes:
        microseconds: of mask and accept, for each token that has a mask.
    """

    def __init__(self, constraint: Constraint, tokenizer: Any, masks: int) -> None:
        self._tokenizer = tokenizer
        self._masks = masks
        self._row = np.zeros(constraint.vocabulary.bitmask_words, np.int32)
        self._matcher = constraint.matcher()
        self._tokens: list[int] = []
        self.microseconds: list[float] = []

    def read(self, text: str) -> bool:
        """Whether a text is accepted, token by token."""
        tokens = self._tokenizer.encode(text, add_special_tokens=False)
        pairs = enumerate(zip(tokens, self._tokens, strict=False))
        shorter = min(len(tokens), len(self._tokens))
        shared = next((place for place, (one, other) in pairs if one != other), shorter)
        self._matcher.rollback(len(self._tokens) - shared)
        self._tokens = tokens[:shared]
        return all(map(self._accept, tokens[shared:])) and self._matcher.is_accepting()

    def _accept(self, token: int) -> bool:
        row = self._row
        has_mask = len(self._tokens) % self._masks == 0
        started = perf_counter()
        if has_mask:
            self._matcher.fill_bitmask(row)
        accepted = self._matcher.accept(token)
        if has_mask:
            self.microseconds.append(1e6 * (perf_counter() - started))
            is_allowed = bool(row[token >> 5] >> (token & 31) & 1)
            assert accepted == is_allowed, "mask and matcher disagree"
        if accepted:
            self._tokens.append(token)
        return accepted


def _table(tally: Tally) -> str:
    """The results as Markdown."""
    times = np.array(tally.microseconds or [0])
    rows: list[tuple[str, object]] = [
        ("files that Lark parses, accepted", tally.files),
        ("changed files that Lark refuses, refused", tally.changed),
        ("**disagreements**", len(tally.disagreements)),
        ("tokens with a mask", len(tally.microseconds)),
        *((f"µs for mask and accept, p{p}", round(np.percentile(times, p))) for p in (50, 90, 99)),
        ("µs for mask and accept, mean", round(times.mean())),
    ]
    lines = ["| | |", "|---|---:|", *(f"| {label} | {value} |" for label, value in rows)]
    return "\n".join([*lines, *(f"- {text}" for text in tally.disagreements)])


if __name__ == "__main__":
    sys.exit(main())
