"""What a token costs under each monitor, beside what its analysis takes.

    python -m bench.monitor_overhead
    python -m bench.monitor_overhead --tokenizer HF_MODEL_ID

Texts are walked token by token: a mask, then a step. *cold*: the monitor and its constraint are new
for each text, so no answer is known; *warm*: the same text again; *first*: the mean of the first
text of all, with which the automata of the triggers come into being. Times are CPU times of the
thread, less those of `suggest`, and less those of the same text without monitor.
"""

from __future__ import annotations

import argparse
import gc
import sqlite3
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, median

import numpy as np

from bench.command import load_tokenizer, run_command
from constrain import Constraint, Vocabulary, compile_regex
from constrain.models import BundledModel
from constrain.monitors import (
    Arguments,
    Classes,
    Database,
    Dereference,
    EnumMembers,
    Exceptions,
    Imports,
    JSONValue,
    Monitor,
    MonitoredConstraint,
    Names,
    Place,
    Typestate,
)

_CODE = """
import json
from pathlib import Path, PurePath

def load{i}(folder: Path, limit: int = {i}):
    names = []
    for path in [folder / "a", folder]:
        if path.suffix == ".json":
            names.append(path.stem.upper())
            value = json.loads(path.read_text(encoding="utf-8"))
        elif limit > {i}:
            raise ValueError("too many", len(names))
    return names
"""
_MATCH = """
from enum import Enum

class Colour{i}(Enum):
    RED = 1
    GREEN{i} = 2

def paint(colour: Colour{i}):
    match colour:
        case Colour{i}.RED:
            return {i}
        case Colour{i}.GREEN{i}:
            return 0
"""
_SQL = "SELECT b.title, a.name FROM book AS b JOIN author a ON a.id = b.author_id WHERE b.id > {i}"
_JSON = '{{"name": "Ada {i}", "ids": [{i}, 12, 7], "place": "hall 7", "open": true}}'
_FILE = "file.open()\nline{i} = file.read()\nfile.close()\n"


def _shop() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        """CREATE TABLE book (id INTEGER, title TEXT, author_id INTEGER);
        CREATE TABLE author (id INTEGER, name TEXT);"""
    )
    return connection


def _cases() -> dict[str, tuple[Callable[[], Monitor], str]]:
    """By name: what makes the monitor, and a text that it agrees with."""
    place, shop = Place(path=Path.cwd() / "new.py"), _shop()
    halls = [f"hall {i}" for i in range(200)]
    protocol = {"closed": {"open": "open"}, "open": {"read": "open", "close": "closed"}}
    return {
        "Dereference": (lambda: Dereference(place), _CODE),
        "Imports": (lambda: Imports(place), _CODE),
        "Arguments": (lambda: Arguments(place), _CODE),
        "Names": (lambda: Names(place), _CODE),
        "Exceptions": (lambda: Exceptions(place), _CODE),
        "EnumMembers": (lambda: EnumMembers(place), _MATCH),
        "Classes": (lambda: Classes(place), _CODE),
        "Typestate": (lambda: Typestate(protocol, "closed", ["file"]), _FILE),
        "Database": (lambda: Database(shop), _SQL),
        "JSONValue": (lambda: JSONValue("/place", lambda document: halls), _JSON),
    }


def _times(constraint: Constraint, tokens: list[int], spent: list[float]) -> list[float]:
    """CPU seconds of a mask and a step, for each token, without those in `spent`."""
    matcher = constraint.matcher()
    row = np.empty(constraint.vocabulary.bitmask_words, np.int32)
    found = []
    for token in tokens:
        del spent[:]
        started = time.thread_time()
        matcher.fill_bitmask(row)
        accepted = matcher.accept(token)
        found.append(time.thread_time() - started - sum(spent))
        assert accepted, constraint.vocabulary.token_bytes(token)
    return found


def _timed(monitor: Monitor) -> list[float]:
    """Have the seconds of each question noted; return the notes."""
    spent: list[float] = []
    asked = monitor.suggest

    def suggest(text: str) -> object:
        started = time.thread_time()
        try:
            return asked(text)
        finally:
            spent.append(time.thread_time() - started)

    monitor.suggest = suggest  # type: ignore[method-assign, assignment]
    return spent


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its table."""
    layout = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--texts", type=int, default=10)
    parser.add_argument("--tokenizer", default="bundled")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args(argv)
    warnings.simplefilter("ignore")
    return run_command(lambda _: _measure(arguments))


def _measure(arguments: argparse.Namespace) -> int:
    if arguments.tokenizer == "bundled":
        vocabulary = BundledModel().vocabulary
    else:
        vocabulary = Vocabulary.from_tokenizer(load_tokenizer(arguments.tokenizer))
    free = compile_regex(r"(?s:.)*", vocabulary)
    print(
        f"us a token         {'cold mean':>10} {'p50':>7} {'p99':>7} {'warm mean':>10} {'p50':>7}"
    )
    for name, (make, template) in _cases().items():
        if arguments.only not in name:
            continue
        cold: list[float] = []
        warm: list[float] = []
        plain: list[float] = []
        gc.collect()
        gc.freeze()
        for i in range(arguments.texts):
            tokens = vocabulary.encode(template.format(i=i).encode())
            plain += _times(free, tokens, [])
            monitor = make()
            spent = _timed(monitor)
            constraint = MonitoredConstraint(free, [monitor])
            for found in (cold, warm):
                found += _times(constraint, tokens, spent)
        base, first = fmean(plain), fmean(cold[: len(cold) // arguments.texts])
        cold = cold[len(cold) // arguments.texts :]
        figures = (first, fmean(cold), median(cold), float(np.quantile(cold, 0.99)))
        again = (fmean(warm), median(warm))
        print(f"{name:18}", *(f"{1e6 * (x - base):8.1f}" for x in (*figures, *again)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
