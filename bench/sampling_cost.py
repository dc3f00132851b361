"""What samplers cost beside the model: AWRS on a large vocabulary, SMC on the bundled model."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from functools import partial
from importlib.resources import files
from time import perf_counter, thread_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.sampling_peer import Peer
from constrain import Constraint, Vocabulary, compile_json_schema, compile_regex
from constrain.models import LanguageModel
from constrain.sampling import SMC, AWRSSampler, MaskedSampler
from constrain.sampling.base import Particle
from constrain.sampling.noise import gumbel

_SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 30},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 4},
    },
    "required": ["name", "age", "tags"],
    "additionalProperties": False,
}
_TEXTS = [
    '{"name": "Ada Lovelace", "age": 36, "tags": ["mathematics", "poetry"]}',
    '{"name": "Alan Turing", "age": 41, "tags": ["logic"]}',
]
_PATTERN = r"(\d{3}-\d{4}|[A-Z][a-z]+ [A-Z][a-z]+)(, (\d{3}-\d{4}|[A-Z][a-z]+ [A-Z][a-z]+))*"
_MATCHES = ["555-0199, Ada Lovelace, 555-0123", "Alan Turing, 555-0142"]
_WEIGHTS = 500
"""Weights drawn from each sampler at each of some places."""
_PLACES = 4
_ROUNDING = 1e-4
"""Of a mass that is summed up from float32."""
_CONTEXT = 4
"""Tokens that the peaked model looks back."""


class Reciter(LanguageModel):
    """A peaked model: mostly one of the tokens that follow the last few in some texts, as many of
    the last as are found there; else any by Zipf's law."""

    def __init__(self, vocabulary: Vocabulary, texts: Sequence[str], sure: float = 0.97) -> None:
        self.vocabulary = vocabulary
        self._sure = sure
        self._next: dict[tuple[int, ...], list[int]] = {}
        end = vocabulary.eos_token_ids[0]
        for text in texts:
            ids = (end, *vocabulary.encode(text.encode()), end)
            for i in range(1, len(ids)):
                for begin in range(max(0, i - _CONTEXT), i + 1):
                    self._next.setdefault(ids[begin:i], []).append(ids[i])
        tail = 1 / np.arange(1, vocabulary.size + 1)
        self._tail = np.random.default_rng(0).permutation(tail / tail.sum())

    def logprobs(self, prefixes: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """See `LanguageModel.logprobs`."""
        rows = np.empty((len(prefixes), self.vocabulary.size), np.float32)
        for row, prefix in zip(rows, prefixes, strict=True):
            last = tuple(prefix[-_CONTEXT:])
            while last not in self._next:
                last = last[1:]
            p = np.roll(self._tail, 7919 * int(prefix[-1])) * (1 - self._sure)
            for token in self._next[last]:
                p[token] += self._sure / len(self._next[last])
            row[:] = np.log(p)
        return rows


def awrs(tokenizer: Any, tokens: int) -> dict[str, Any]:
    """Time, checks and weights of AWRS, masking and genlm-control's AWRS along the same texts."""
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    try:
        peer: Peer | None = Peer(vocabulary)
    except ModuleNotFoundError:
        peer = None
    rows: list[list[Any]] = [
        [
            *("constraint", "sampler", "CPU µs a token", "p50", "checks a token"),
            *("bias of the weight / s.e.", "s.d. of the weight"),
        ]
    ]
    for name, constraint, texts in (
        ("JSON Schema", compile_json_schema(_SCHEMA, vocabulary), _TEXTS),
        ("pattern", compile_regex(_PATTERN, vocabulary), _MATCHES),
    ):
        rows += _along(name, constraint, Reciter(vocabulary, texts), tokens, peer)
    note = (
        f"{tokens} tokens under a peaked model of {vocabulary.size:,} tokens (`Reciter`); the same "
        f"rows and places for all. Bias: of the mean of {_WEIGHTS} weights from the exact mass of "
        "the allowed tokens, in standard errors of a coin of that mass, the largest at "
        f"{_PLACES} places; s.d.: mean over the places."
    )
    return {"rows": rows, "note": note}


def _along(
    name: str, constraint: Constraint, model: Reciter, tokens: int, peer: Peer | None
) -> list[list[Any]]:
    samplers: dict[str, Any] = {
        "constrain AWRS": AWRSSampler(model, constraint),
        "constrain masking": MaskedSampler(model, constraint),
    }
    prompt = [model.vocabulary.eos_token_ids[0]]
    times: dict[str, list[float]] = {key: [] for key in (*samplers, "(the model)")}
    places: list[tuple[Particle, NDArray[Any]]] = []
    if peer:
        times["genlm-control AWRS"] = []
        peer.asked.clear()
    leader = samplers["constrain AWRS"]
    texts = 0
    particle = leader.begin(prompt, 64, 0)
    for step in range(tokens):
        if not particle.is_live:
            texts += 1
            particle = leader.begin(prompt, 64, texts)
        started = thread_time()
        row = model.logprobs([particle.prefix])[0]
        times["(the model)"].append(1e6 * (thread_time() - started))
        draws: dict[str, Callable[[], Any]] = {
            key: partial(sampler.draw, particle, row) for key, sampler in samplers.items()
        }
        if peer:
            peer.look(particle, row)
            draws["genlm-control AWRS"] = peer.draw
        turn = step % len(draws)  # whoever is first pays for what the constraint caches
        for key, draw in [*draws.items()][turn:] + [*draws.items()][:turn]:
            started = thread_time()
            drawn = draw()
            times[key].append(1e6 * (thread_time() - started))
            if key == "constrain AWRS":
                chosen = drawn
        if step % max(1, tokens // _PLACES) == 0 and len(places) < _PLACES:
            places.append((particle.fork(particle.stream), row))
        added = model.vocabulary.token_bytes(chosen.token) or b""
        particle.append(chosen, float(row[chosen.token]), added)
    checks = dict.fromkeys(times, math.nan) | {"constrain AWRS": leader.checks / tokens}
    if peer:
        checks["genlm-control AWRS"] = len(peer.asked) / tokens
    found = []
    for key, taken in times.items():
        bias, spread = _weights(key, leader, peer, places)
        p50 = float(np.median(taken))
        found.append([name, key, float(np.mean(taken)), p50, checks[key], bias, spread])
    return found


def _weights(
    key: str, leader: AWRSSampler, peer: Peer | None, places: Sequence[tuple[Particle, Any]]
) -> tuple[float, float]:
    """Bias in standard errors, the largest, and standard deviation, the mean over places."""
    if key == "constrain masking":
        return 0.0, 0.0
    if key == "(the model)":
        return math.nan, math.nan
    biases, spreads = [], []
    for particle, row in places:
        mask = particle.cursor.mask()
        mass = float(np.exp(row[mask].astype(np.float64)).sum())
        drawn = []
        if key == "constrain AWRS":
            for i in range(_WEIGHTS):
                particle.stream = type(particle.stream)(99, i)
                drawn.append(math.exp(leader.draw(particle, row).log_weight))
        elif peer:
            peer.look(particle, row)
            drawn = [math.exp(peer.draw().log_weight) for _ in range(_WEIGHTS)]
        spread = float(np.std(drawn, ddof=1))
        spreads.append(spread)
        most = math.sqrt(max(mass * (1 - mass), _ROUNDING**2))  # a weight is between 0 and 1
        biases.append((float(np.mean(drawn)) - mass) / most * math.sqrt(_WEIGHTS))
    return max(biases, key=abs), float(np.mean(spreads))


def smc(particles: int) -> dict[str, Any]:
    """Wall time of SMC against plain batched sampling of as many texts of the same length."""
    from constrain.models import BundledModel

    model = BundledModel()
    schema = json.loads(files("constrain.schemas").joinpath("person.json").read_text("utf-8"))
    constraint = compile_json_schema(schema, model.vocabulary)
    prompt = model.encode_prompt("A nurse from Lisbon.")
    runs: dict[str, list[float]] = {"plain": [], "SMC over AWRS": [], "SMC over masking": []}
    for seed in range(4):  # the first warms up
        tokens = 0
        for key, kind in (("SMC over AWRS", AWRSSampler), ("SMC over masking", MaskedSampler)):
            proposal: Any = kind
            started = perf_counter()
            run = SMC(proposal(model, constraint, seed=seed)).run(prompt, particles, 200)
            tokens = max(tokens, len(run.steps)) if key == "SMC over AWRS" else tokens
            runs[key].append((perf_counter() - started) / len(run.steps))
        started = perf_counter()
        _plain(model, prompt, particles, tokens, seed)
        runs["plain"].append((perf_counter() - started) / tokens)
    times = {key: float(np.median(values[1:])) for key, values in runs.items()}
    rows: list[list[Any]] = [["", "ms a step", "against plain"]]
    rows += [[key, 1e3 * value, value / times["plain"]] for key, value in times.items()]
    note = f"{particles} texts of the schema `person` by the bundled model; the median of 3 runs."
    return {"rows": rows, "note": note}


def _plain(
    model: LanguageModel, prompt: Sequence[int], n: int, tokens: int, seed: int
) -> list[list[int]]:
    """Sample `n` texts of some length without a constraint."""
    texts = [list(prompt) for _ in range(n)]
    everything = np.arange(model.vocabulary.size)
    for position in range(tokens):
        rows = model.logprobs(texts)
        for i, (text, row) in enumerate(zip(texts, rows, strict=True)):
            text.append(int(np.argmax(row + gumbel(seed, i, position, everything))))
    return texts
