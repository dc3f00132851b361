"""What combining constraints costs: masks of a combination beside those of its parts.

    python -m bench.combining

Both read the same text, step by step: the mask of the next token, then accepting it. Times are of
one thread, in microseconds. "first": the first mask of a fresh constraint, the best of five, the
vocabulary's caches being warm; "cold": a step of the first reading; "warm": of later ones.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from bench.command import load_tokenizer, run_command

if TYPE_CHECKING:
    from constrain import Constraint, Vocabulary

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "place": {
            "type": "object",
            "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}},
            "required": ["lat", "lon"],
        },
    },
    "required": ["name", "tags", "place"],
}
VALUE = {
    "name": "Zoë Ångström of 12 Long Street, Little Town",
    "tags": ["tall", "speaks French", "née O'Connor", "a/b"],
    "place": {"lat": 48.8566, "lon": 2.3522},
}
PROSE = "She asked me for it, so I look it up <now> and call what is needed for that.\n"


class Pair(NamedTuple):
    """A constraint and a combination, with the texts that both read."""

    name: str
    alone: Callable[[], Constraint]
    combined: Callable[[], Constraint]
    before: str
    """What the combination reads first."""
    text: str


def pairs(vocabulary: Vocabulary) -> Iterator[Pair]:
    """Yield what is compared."""
    from constrain import (
        compile_grammar,
        compile_json_schema,
        compile_regex,
        compile_triggered,
        think_first,
    )

    def schema() -> Constraint:
        return compile_json_schema(SCHEMA, vocabulary)

    def regex(pattern: str) -> Constraint:
        return compile_regex(pattern, vocabulary)

    def tools(count: int) -> Constraint:
        structures = {f"<tool={n}>": schema() for n in range(count)}
        return compile_triggered(structures, vocabulary, end="</tool>")

    text = json.dumps(VALUE, ensure_ascii=False)
    yield Pair("schema & no line feeds", schema, lambda: schema() & regex(r"[^\n]*"), "", text)
    yield Pair("schema & has a word", schema, lambda: schema() & regex(r"(?s).*French.*"), "", text)
    yield Pair("schema | pattern", schema, lambda: schema() | regex(r"[a-z ]+"), "", text)
    yield Pair("pattern + schema", schema, lambda: regex(r"[a-z ]+:") + schema(), "it is:", text)
    yield Pair("think first", schema, lambda: think_first(schema()), "Hm.</think>", text)
    yield Pair("1 tool, inside", schema, lambda: tools(1), "<tool=0>", text)
    yield Pair("10 tools, inside", schema, lambda: tools(10), "<tool=7>", text)
    grammar = 'start: "call(" %json ' + json.dumps(SCHEMA) + ' ")"'
    hosted = lambda: compile_grammar(grammar, vocabulary)  # noqa: E731
    yield Pair("in a grammar", schema, hosted, "call(", text)
    anything = lambda: regex(r"(?s).*")  # noqa: E731
    yield Pair("1 tool, free text", anything, lambda: tools(1), "", PROSE)
    yield Pair("10 tools, free text", anything, lambda: tools(10), "", PROSE)


def first_mask(make: Callable[[], Constraint]) -> float:
    """Return the seconds of a first mask."""
    constraint = make()
    row = np.empty(constraint.vocabulary.bitmask_words, np.int32)
    started = perf_counter()
    constraint.matcher().fill_bitmask(row)
    return perf_counter() - started


def steps(constraint: Constraint, before: str, text: str) -> list[float]:
    """Return the seconds of each step over a text."""
    row = np.empty(constraint.vocabulary.bitmask_words, np.int32)
    matcher = constraint.matcher()
    if not matcher.accept_bytes(before.encode()):
        raise AssertionError(f"{before!r} is refused")
    found = []
    for token in constraint.vocabulary.encode(text.encode()):
        started = perf_counter()
        matcher.fill_bitmask(row)
        accepted = matcher.accept(token)
        found.append(perf_counter() - started)
        if not accepted or not row[token >> 5] >> (token & 31) & 1:
            raise AssertionError(f"token {token} is refused")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tokenizer", help="folder or hub name (default: the shared Llama 3)")
    parser.add_argument("--rounds", type=int, default=7, help="readings of each text")
    arguments = parser.parse_args(argv)
    return run_command(lambda _: _measure(arguments.tokenizer, arguments.rounds))


def _measure(tokenizer: str | None, rounds: int) -> int:
    from constrain import Vocabulary

    vocabulary = Vocabulary.from_tokenizer(load_tokenizer(tokenizer))
    print(f"{'':24}{'first':>16}{'cold p50':>16}{'warm p50':>16}{'warm p99':>16}{'ratio':>7}")
    for pair in pairs(vocabulary):
        columns: list[list[float]] = [[] for _ in range(4)]
        for make, before in ((pair.alone, ""), (pair.combined, pair.before)):
            columns[0].append(min(first_mask(make) for _ in range(5)))
            constraint = make()
            columns[1].append(median(steps(constraint, before, pair.text)))
            warm = [time for _ in range(rounds) for time in steps(constraint, before, pair.text)]
            columns[2].append(median(warm))
            columns[3].append(quantiles(warm, n=100)[98])
        shown = "".join(f"{one * 1e6:8.1f}{two * 1e6:8.1f}" for one, two in columns)
        print(f"{pair.name:24}{shown}{columns[2][1] / columns[2][0]:7.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
