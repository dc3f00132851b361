"""What looking ahead costs where it does not help, against plain decoding, text by text.

    python -m bench.speculation_cost --seeds 8

Each text is written plainly and ahead at the same time, over two copies of the target that take a
token each in turn, each on a clock of its own: a machine that runs faster now and slower then does
so for both. It is done with draft="auto" and with a drafter that is always wrong, which 200 tokens
have shown before. Where much can be guessed, "auto" is faster; the figure to look at is the
greatest. Writes DIR/speculation_cost.json and .md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, thread_time
from typing import Any

if __package__ in (None, ""):  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from rich.console import Console

from bench.command import run_command
from bench.report import machine
from constrain import Constraint, compile_json_schema, compile_regex
from constrain.models import BundledModel, HFModel, LanguageModel
from constrain.sampling.base import Observer, Progress
from constrain.sampling.masked import Output, decode
from constrain.sampling.warp import Warp
from constrain.speculation import Drafter, Likely, SpeculativeModel
from constrain.speculation.auto import speculative
from constrain.speculation.drafter import Text

_OFFERED = 64
_SHOWN = 200
"""Tokens after which a drafter is known to be wrong."""
_OTHER_SEEDS = 1 << 20
"""From here on, seeds of texts that are not timed."""


class AlwaysWrong(Drafter):
    """Is sure of some tokens that the text does not go on with.

    Attributes:
        right: prefix -> the token that comes next; what is not there gets no guess.
    """

    name = "wrong"

    def __init__(self, size: int) -> None:
        self.right: dict[tuple[int, ...], int] = {}
        self._tokens = np.random.default_rng(0).permutation(size)

    def guess(self, texts: Sequence[Text]) -> list[Likely | None]:
        """See `Drafter.guess`."""
        return [self._not(self.right.get(text.prefix), len(text.prefix)) for text in texts]

    def know(self, prompt: Sequence[int], outputs: Iterable[Output]) -> None:
        """Learn what is going to be written."""
        self.right = {}
        for output in outputs:
            text = (*prompt, *output.token_ids)
            self.right |= {text[:i]: text[i] for i in range(len(prompt), len(text))}

    def _not(self, right: int | None, place: int) -> Likely | None:
        if right is None:
            return None
        first = place * _OFFERED % (len(self._tokens) - _OFFERED)
        tokens = np.sort(self._tokens[first : first + _OFFERED])
        tokens = tokens[tokens != right]
        return Likely(tokens, np.full(len(tokens), np.log(0.99 / len(tokens))))


@dataclass(frozen=True)
class Case:
    """Texts to write.

    Attributes:
        kind: what they are.
        prompt: token ids.
        constraint: what may be written.
        n: how many at a time.
    """

    kind: str
    prompt: Sequence[int]
    constraint: Constraint
    n: int

    def write(
        self, model: LanguageModel, tokens: int, seed: int, observe: Observer | None = None
    ) -> list[Output]:
        """Write n texts of at most so many tokens."""
        return decode(
            model,
            self.constraint,
            self.prompt,
            n=self.n,
            max_tokens=tokens,
            warp=Warp(),
            seed=seed,
            observe=observe,
        )


def cases(model: LanguageModel) -> list[Case]:
    """JSON, free text, and words of letters at random, one text and eight at a time."""
    schema = (Path(__file__).resolve().parents[1] / "schemas/person.json").read_text("utf-8")
    vocabulary = model.vocabulary
    kinds = {
        "JSON": (model.encode_prompt(None, schema), compile_json_schema(schema, vocabulary)),
        "free text": (model.encode_prompt("A page."), compile_regex(r"[\s\S]{120,}", vocabulary)),
        "letters": (model.encode_prompt("Letters."), compile_regex("[a-z]{120,}", vocabulary)),
    }
    return [Case(kind, *given, n) for kind, given in kinds.items() for n in (1, 8)]


def in_turn(writers: Sequence[Callable[[Observer], object]]) -> list[tuple[float, float]]:
    """Let writers take a step each in turn, in one thread, and return what each has taken.

    Args:
        writers: are given what to call after each step.

    Returns:
        For each, the seconds of its steps by the wall clock and by the CPU.
    """
    from greenlet import getcurrent, greenlet

    def hand_over(_: Progress) -> None:
        here.switch()

    here, clocks = getcurrent(), (perf_counter, thread_time)
    under_way = {i: greenlet(partial(writer, hand_over)) for i, writer in enumerate(writers)}
    taken = np.zeros((len(writers), len(clocks)))
    while under_way:
        for i, writer in list(under_way.items()):
            started = [clock() for clock in clocks]
            writer.switch()
            taken[i] += [clock() for clock in clocks]
            taken[i] -= started
            if writer.dead:
                del under_way[i]
    return [(wall, cpu) for wall, cpu in taken.tolist()]


def compare(
    targets: Sequence[LanguageModel], case: Case, tokens: int, seeds: int, turns: int
) -> list[dict[str, Any]]:
    """Return a row for each way of looking ahead: its time as a share of that of plain decoding.

    Args:
        targets: the model, and a copy of it.
        case: what to write.
        tokens: at most so many.
        seeds: so many texts.
        turns: how often each.
    """
    drafter = AlwaysWrong(targets[0].vocabulary.size)
    wrong = [SpeculativeModel(target, drafter) for target in targets]
    shown = 0
    while shown < _SHOWN:
        plain = case.write(targets[0], tokens, _OTHER_SEEDS + shown)
        drafter.know(case.prompt, plain)
        for model in wrong:
            case.write(model, tokens, _OTHER_SEEDS + shown)
        shown += sum(len(output.token_ids) for output in plain)
    ways: dict[str, Callable[[int], LanguageModel]] = {
        'draft="auto"': lambda i: speculative(targets[i], "auto"),
        "always wrong": lambda i: wrong[i],
    }
    rows = []
    for way, make in ways.items():
        taken = []
        for seed in range(seeds):
            drafter.know(case.prompt, case.write(targets[0], tokens, seed))
            for turn in range(turns):
                # Which copy looks ahead and which begins changes, in every combination.
                copy, first = turn % 2, turn // 2 % 2
                ahead = make(copy)
                for each in wrong:
                    each._rows.clear()  # else it knows the text from the last turn
                writers = [
                    partial(case.write, each, tokens, seed) for each in (ahead, targets[1 - copy])
                ]
                pair = in_turn(writers[::-1] if first else writers)
                taken.append(pair[::-1] if first else pair)
        times = np.array(taken)  # [texts, ahead or plain, clock]
        ratios = times[:, 0] / times[:, 1]
        sums = times[:, 0].sum(axis=0) / times[:, 1].sum(axis=0)
        row: dict[str, Any] = {"text": case.kind, "n": case.n, "way": way}
        for clock, name in enumerate(("wall time", "CPU time")):
            row |= {name: float(sums[clock]), f"{name}, median": median(ratios[:, clock].tolist())}
        rows.append(row)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; the exit code is 0, 2 for wrong arguments, 130 where stopped."""
    parser = argparse.ArgumentParser(prog="bench.speculation_cost", description=__doc__)
    parser.add_argument("--target", type=Path, help="folder of a model, for the bundled one")
    parser.add_argument("--seeds", type=int, default=8, help="texts, or eights of them, each")
    parser.add_argument("--turns", type=int, default=4, help="how often each is written")
    parser.add_argument("--tokens", type=int, default=150, help="the most of a text")
    parser.add_argument("--out", type=Path, default=Path("results/speculation"))
    options = parser.parse_args(arguments)
    return run_command(lambda console: _run(console, options))


def _run(console: Console, options: argparse.Namespace) -> int:
    torch.set_num_threads(1)
    targets = [HFModel(str(options.target)) if options.target else BundledModel() for _ in range(2)]
    rows: list[dict[str, Any]] = []
    for case in cases(targets[0]):
        rows += compare(targets, case, options.tokens, options.seeds, options.turns)
        console.print(str(rows[-2:]), style="dim")
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "speculation_cost"
    path.with_suffix(".json").write_text(json.dumps(rows, indent=1), "utf-8")
    names = list(rows[0])
    lines = [f"| {' | '.join(names)} |", "|---|---:|---|---:|---:|---:|---:|"]
    for row in rows:
        cells = [f"{v:.3f}" if isinstance(v, float) else str(v) for v in row.values()]
        lines.append(f"| {' | '.join(cells)} |")
    note = (
        f"Time with guesses as a share of that without, token by token in turn; {options.seeds} "
        f"seeds, {options.turns} times each: of all together, and the median of single texts; at "
        f"most {options.tokens} tokens, one thread, {machine()}. Always wrong: after {_SHOWN} "
        "tokens."
    )
    text = "\n".join(lines) + f"\n\n{note}\n"
    path.with_suffix(".md").write_text(text, "utf-8")
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
