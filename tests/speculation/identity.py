"""Every sampler over every drafter against the target alone, with many seeds:

    python -m tests.speculation.identity --seeds 300

With tables, in float64, all has to be the same to the last bit. The bundled model is in float32,
and scores several positions with another rounding than one. So weights may differ by as much, and
where two tokens are level within it, another may be drawn: such ties are counted and shown. The
seeds write under the settings in turn.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch

from constrain import compile_grammar, compile_json_schema, compile_regex
from constrain.engine import Constraint
from constrain.models import BundledModel, LanguageModel
from constrain.sampling.noise import gumbel
from constrain.speculation import SkippedLayers, SpeculativeModel
from tests.sampling.exact import LETTERS, PROMPT, peaked_model

from .runs import RUNS, blurred, drafters

MAX_TOKENS = 12
ROUNDING = 1e-3
"""The most that rounding changes the logarithm of a probability in float32."""

Setting: TypeAlias = tuple[Constraint, Sequence[int], int, int]
"""A constraint, a prompt, how many texts, and their most tokens."""
Difference: TypeAlias = tuple[int, int, Any, Any]
"""A seed, the number of a text, the text of the target alone, and that of looking ahead."""

TABLE = peaked_model(3, power=2)
CONSTRAINTS = {
    "choices": compile_regex(r"(ab|b0|0a){0,3}(ab[ab0]{2,}|b|0*)", LETTERS),
    "nested": compile_grammar('start: "a" start "b" | "0"? | start "0"', LETTERS),
}
TABLE_DRAFTERS = drafters(TABLE, blurred(TABLE))


KINDS = ("texts", "weights", "ties", "wrong")
"""All texts, and those with other weights or tokens within rounding, and beyond it."""


def comparable(text: Any) -> Any:
    """All that is said of a text but the time that it took."""
    return text.token_ids, text.logprob, getattr(text, "log_weight", None)


def is_level(model: LanguageModel, prompt: Sequence[int], difference: Difference) -> bool:
    """Whether two texts of float32 differ no more than rounding may make them.

    Where the tokens are the same, weights are about the same. Else, where they part, the two tokens
    arrive at about the same time in the race that all samplers draw by.
    """
    seed, particle, one, other = difference
    if one.token_ids == other.token_ids:
        numbers = [[t.logprob, getattr(t, "log_weight", 0.0)] for t in (one, other)]
        return np.allclose(*numbers, atol=ROUNDING * len(one.token_ids))
    pairs = enumerate(zip(one.token_ids, other.token_ids, strict=False))
    place, tokens = next(((i, sorted(pair)) for i, pair in pairs if pair[0] != pair[1]), (0, []))
    if not tokens:
        return False
    row = model.logprobs([[*prompt, *one.token_ids[:place]]])[0]
    noisy = row[tokens] + gumbel(seed, particle, place, np.array(tokens))
    return bool(abs(noisy[0] - noisy[1]) < ROUNDING)


def differences(seed: int, alone: Sequence[Any], ahead: Sequence[Any]) -> list[Difference]:
    """Return where the texts of the target alone and of looking ahead are not the same."""
    pairs = enumerate(zip(alone, ahead, strict=True))
    return [
        (seed, i, one, other) for i, (one, other) in pairs if comparable(one) != comparable(other)
    ]


def table_settings() -> list[Setting]:
    """Two constraints over the table, three texts each."""
    return [(constraint, PROMPT, 3, MAX_TOKENS) for constraint in CONSTRAINTS.values()]


def bundled_settings(model: BundledModel) -> list[Setting]:
    """Two schemas that the bundled model follows by itself, half of the time; one text, and two."""
    settings: list[Setting] = []
    fields = ({"name": "string", "age": "integer"}, {"age": "integer", "married": "boolean"})
    for n, kinds in enumerate(fields, start=1):
        schema = {
            "type": "object",
            "properties": {key: {"type": kind} for key, kind in kinds.items()},
            "required": list(kinds),
            "additionalProperties": False,
        }
        prompt = model.encode_prompt("A person.", json.dumps(schema))
        settings.append((compile_json_schema(schema, model.vocabulary), prompt, n, 40))
    return settings


def bundled_drafters(model: BundledModel) -> dict[str, Callable[[], Any]]:
    """Makers of all drafters for the bundled model."""
    made = drafters(model, BundledModel("draft"))
    return {**made, "layers": lambda: SkippedLayers(model)}


def main() -> int:
    """Compare, and show what differs. Returns 1 if anything does beyond ties."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--model", choices=["table", "bundled"], default="table")
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=list(RUNS))
    parser.add_argument("--drafters", nargs="+")
    parser.add_argument("--log", type=Path, help="what is done is kept here, and not done again")
    options = parser.parse_args()
    target: LanguageModel = TABLE
    makers, settings = TABLE_DRAFTERS, table_settings()
    if options.model == "bundled":
        torch.set_num_threads(1)
        target = bundled = BundledModel()
        makers, settings = bundled_drafters(bundled), bundled_settings(bundled)
    log: Path | None = options.log
    exact = options.model == "table"
    done = log.read_text("utf-8").splitlines() if log and log.exists() else []
    known = {
        (d["run"], d["drafter"]): d for d in map(json.loads, done) if d["seeds"] >= options.seeds
    }
    results = []
    for run in options.runs:
        alone: list[Sequence[Any]] = []
        for name in options.drafters or makers:
            result = known.get((run, name))
            if result is None:
                for seed in range(len(alone), options.seeds):
                    alone.append(RUNS[run](target, *settings[seed % len(settings)], seed))
                ahead = SpeculativeModel(target, makers[name]())
                found = Counter(texts=sum(map(len, alone)))
                for seed in range(options.seeds):
                    setting = settings[seed % len(settings)]
                    for difference in differences(
                        seed, alone[seed], RUNS[run](ahead, *setting, seed)
                    ):
                        level = not exact and is_level(target, setting[1], difference)
                        same = difference[2].token_ids == difference[3].token_ids
                        kind = ("weights" if same else "ties") if level else "wrong"
                        found[kind] += 1
                        if kind != "weights":
                            print(f"  {kind}: {run}, {name}, {difference}", flush=True)
                result = {"run": run, "drafter": name, "seeds": options.seeds}
                result |= {kind: found[kind] for kind in KINDS}
                result["per_call"] = round(ahead.statistics.per_call, 3)
                if log:
                    with log.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(result) + "\n")
            results.append(result)
            print(result, flush=True)
    total = {kind: sum(result[kind] for result in results) for kind in KINDS}
    print(f"{len(results)} combinations: {total}")
    return int(total["wrong"] > 0)


if __name__ == "__main__":
    sys.exit(main())
