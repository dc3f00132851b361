"""Texts of different lengths that go on side by side: read in one pass under a mask, or in groups.

    python -m bench.packing

Prints the CPU time of a call of the bundled model in which each text goes on by a token, with two
guesses after it or none, as the least of some calls.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from time import process_time

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from rich.console import Console

from bench.command import run_command
from constrain.models import BundledModel, HFModel

_CASES = [(8, 1), (2, 2), (4, 2), (4, 4), (8, 2), (8, 4), (8, 8)]
"""Texts, and how many different lengths they have."""
_LENGTHS = (60, 300)
_GUESSES = (0, 2)
_CALLS = 12


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; the exit code is 0, 2 for wrong arguments, 130 where stopped."""
    parser = argparse.ArgumentParser(prog="bench.packing", description=__doc__)
    parser.add_argument("--target", type=Path, help="folder of a model, for the bundled one")
    options = parser.parse_args(arguments)
    return run_command(lambda console: _run(console, options.target))


def _run(console: Console, folder: Path | None) -> int:
    torch.set_num_threads(1)

    def model() -> HFModel:
        return HFModel(str(folder)) if folder else BundledModel()

    chosen, grouped = model(), model()
    grouped._sees_trees = False
    ways = {"as chosen, ms": chosen, "in groups, ms": grouped}
    lines = [f"| {' | '.join(['texts', 'lengths', 'tokens', 'guesses', *ways])} |"]
    lines.append("|---:" * (4 + len(ways)) + "|")
    for texts, lengths in _CASES:
        for length in _LENGTHS:
            for guesses in _GUESSES:
                settings = texts, lengths, length, guesses
                times = [f"{_time(way, *settings):.1f}" for way in ways.values()]
                lines.append(f"| {' | '.join([*map(str, settings), *times])} |")
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
    return 0


def _time(model: HFModel, texts: int, lengths: int, length: int, guesses: int) -> float:
    """Return milliseconds of a call."""
    random = np.random.default_rng(0)

    def more(count: int) -> tuple[int, ...]:
        return tuple(random.integers(2, model.vocabulary.size, count).tolist())

    prefixes = [more(length + 3 * (i % lengths)) for i in range(texts)]
    model.logprobs(prefixes)
    taken = []
    for _ in range(_CALLS):
        prefixes = [prefix + more(1) for prefix in prefixes]
        asked = list(prefixes)
        for prefix in prefixes:
            guessed = prefix + more(guesses)
            asked += [guessed[: len(prefix) + 1 + i] for i in range(guesses)]
        started = process_time()
        model.logprobs(asked)
        taken.append(1000 * (process_time() - started))
    return min(taken)


if __name__ == "__main__":
    sys.exit(main())
