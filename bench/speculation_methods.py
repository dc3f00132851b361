"""Ways to write a text with a target and a draft model: plain, verified, coupled, transformers'."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from math import inf
from time import perf_counter, process_time
from typing import Any

import torch

from constrain import Constraint, compile_grammar, compile_json_schema, compile_regex
from constrain.engine import Matcher
from constrain.models import HFModel, LanguageModel
from constrain.models.layers import depth
from constrain.sampling import MaskedSampler
from constrain.sampling.masked import decode
from constrain.sampling.warp import Warp
from constrain.speculation import (
    Branching,
    Chains,
    Copying,
    Drafter,
    DraftModel,
    Dynamic,
    Forced,
    Recycling,
    Rule,
    Shape,
    SkippedLayers,
    SpeculativeModel,
    Trigrams,
    VerifiedSampler,
)
from constrain.speculation.auto import Draft, speculative

_MATCHING = ("accept", "fill_bitmask", "forced_tokens", "tokens_to_finish")
"""What a matcher does for others."""


@dataclass(frozen=True)
class Task:
    """A text to write.

    Attributes:
        kind: which row of the table it belongs to.
        prompt: token ids.
        constraint: what may be written.
    """

    kind: str
    prompt: list[int]
    constraint: Constraint


class Meter:
    """Calls of the target and the time in them, and in matchers; CPU time, in seconds.

    Attributes:
        calls: passes of the target.
        target: time in them.
        matching: time in matchers.
        masks: time in their masks alone.
        total: time in all.
        wall: the same by the clock on the wall.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.target = self.matching = self.masks = self.total = self.wall = 0.0
        self._started = 0.0

    @contextmanager
    def measure(self, model: Any) -> Iterator[None]:
        """Measure what is done within; `model` is the target, of transformers."""
        plain = {name: getattr(Matcher, name) for name in _MATCHING}

        def start(who: Any, *_: Any) -> None:
            if who is model:  # one with fewer of the layers shares the hooks
                self._started = process_time()

        def stop(who: Any, *_: Any) -> None:
            if who is model:
                self.calls += 1
                self.target += process_time() - self._started

        hooks = [model.register_forward_pre_hook(start), model.register_forward_hook(stop)]
        for name, function in plain.items():
            setattr(Matcher, name, self._timed(function, name == "fill_bitmask"))
        started, began = process_time(), perf_counter()
        try:
            yield
        finally:
            self.total += process_time() - started
            self.wall += perf_counter() - began
            for name, function in plain.items():
                setattr(Matcher, name, function)
            for hook in hooks:
                hook.remove()

    def _timed(self, function: Callable[..., Any], is_mask: bool) -> Callable[..., Any]:
        within = [False]

        def timed(*arguments: Any, **options: Any) -> Any:
            if within[0]:
                return function(*arguments, **options)
            within[0] = True
            started = process_time()
            try:
                return function(*arguments, **options)
            finally:
                within[0] = False
                seconds = process_time() - started
                self.matching += seconds
                self.masks += seconds * is_mask

        return timed


Method = Callable[[Task, int], int]
"""Writes a text with a seed; returns how many tokens it has."""


def methods(target: HFModel, draft: HFModel, max_tokens: int) -> dict[str, Method]:
    """Return all methods by name. Nothing that they learn is kept from one text to the next."""
    share = depth(draft) / depth(target)
    drafters: Mapping[str, Callable[[], Sequence[Drafter]]] = {
        "forced": lambda: [Forced()],
        "copying": lambda: [Copying()],
        "recycling": lambda: [Recycling()],
        "trigrams": lambda: [Trigrams()],
        "draft model": lambda: [DraftModel(draft, cost=share)],
        "skipped layers": lambda: [SkippedLayers(target)],
        "forced, copying, recycling": lambda: [Forced(), Copying(), Recycling()],
        "forced, draft model": lambda: [Forced(), DraftModel(draft, cost=share)],
    }
    verified: Mapping[str, tuple[Rule | str, Shape]] = {
        "greedy, chain": ("greedy", Chains(4)),
        "maximal coupling, chain": ("rejection", Chains(4)),
        "with replacement, 8 chains": ("rejection", Chains(4, 8)),
        "SpecTr, 8 chains": ("spectr", Chains(4, 8)),
        "transport, 2 chains": ("transport", Chains(4, 2)),
        "without replacement, branching 3 2 1 1": ("distinct", Branching((3, 2, 1, 1))),
        "without replacement, dynamic": ("distinct", Dynamic()),
    }

    def masked(model: LanguageModel, task: Task, seed: int, warp: Warp | None = None) -> int:
        sampler = MaskedSampler(model, task.constraint, seed=seed, warp=warp)
        [sample] = sampler.sample(task.prompt, 1, max_tokens)
        return len(sample.token_ids)

    def generate(draft: Draft | None) -> Method:
        def write(task: Task, seed: int) -> int:
            model = target if draft is None else speculative(target, draft)
            options: dict[str, Any] = {"n": 1, "max_tokens": max_tokens, "seed": seed}
            [output] = decode(model, task.constraint, task.prompt, warp=Warp(), **options)
            return len(output.token_ids)

        return write

    def verify(rule: Rule | str, shape: Shape) -> Method:
        def write(task: Task, seed: int) -> int:
            sampler = VerifiedSampler(
                target, task.constraint, draft=draft, rule=rule, shape=shape, seed=seed
            )
            [sample] = sampler.sample(task.prompt, 1, max_tokens)
            return len(sample.token_ids)

        return write

    def couple(make: Callable[[], Sequence[Drafter]]) -> Method:
        return lambda task, seed: masked(SpeculativeModel(target, make()), task, seed)

    def couple_whatever_it_costs(task: Task, seed: int) -> int:
        drafter = DraftModel(draft, cost=0)
        return masked(SpeculativeModel(target, drafter, first_cost=0, loan=inf), task, seed)

    def transformers(assistant: Any = None, **settings: Any) -> Method:
        def write(task: Task, seed: int) -> int:
            torch.manual_seed(seed)
            prompt = torch.tensor([task.prompt])
            config = copy(target.model.generation_config)
            config.update(do_sample=True, top_k=0, max_new_tokens=max_tokens, **settings)
            output = target.model.generate(
                prompt, config, attention_mask=torch.ones_like(prompt), assistant_model=assistant
            )
            return int(output.shape[1]) - len(task.prompt)

        return write

    greedy = Warp(temperature=0)
    return {
        PLAIN: lambda task, seed: masked(target, task, seed),
        "plain, greedy": lambda task, seed: masked(target, task, seed, greedy),
        "generate_json": generate(None),
        'generate_json(draft="auto")': generate("auto"),
        "generate_json(draft=model)": generate(draft),
        **{name: verify(rule, shape) for name, (rule, shape) in verified.items()},
        **{f"coupled: {name}": couple(make) for name, make in drafters.items()},
        "coupled: draft model, whatever it costs": couple_whatever_it_costs,
        "transformers, unconstrained": transformers(),
        "transformers assisted, unconstrained": transformers(draft.model),
        "transformers prompt lookup, unconstrained": transformers(prompt_lookup_num_tokens=8),
    }


PLAIN = "plain"

_KEYS = [
    f"{role}_shipping_address_{part}"
    for role in ("primary_customer", "alternative_customer")
    for part in ("street_name", "city_name")
]
_LONG_KEYS = {
    "type": "object",
    "properties": {key: {"type": "string", "maxLength": 12} for key in _KEYS},
    "required": _KEYS,
    "additionalProperties": False,
}

_GRAMMAR = r"""
start: object
object: "{" pair ("," " " pair)* "}"
pair: STRING ":" " " value
value: object | STRING | NUMBER | "true" | "false" | "null"
STRING: /"[A-Za-z0-9_ @.:-]*"/
NUMBER: /-?(0|[1-9][0-9]*)(\.[0-9]+)?/
"""


def tasks(model: HFModel, schemas: Mapping[str, str]) -> list[Task]:
    """Return texts to write: JSON under schemas (name -> JSON text), under one with long keys,
    under a grammar, and free text."""
    vocabulary = model.vocabulary
    found = [
        Task("JSON Schema", model.encode_prompt(None, text), compile_json_schema(text, vocabulary))
        for text in schemas.values()
    ]
    keys = json.dumps(_LONG_KEYS)
    found.append(
        Task("long keys", model.encode_prompt(None, keys), compile_json_schema(keys, vocabulary))
    )
    grammar = compile_grammar(_GRAMMAR, vocabulary)
    anything = compile_regex(r"[\s\S]*", vocabulary)
    for request in ("A person with name, email and city as JSON:", "Write an order as JSON."):
        prompt = model.encode_prompt(request)
        found += [Task("grammar", prompt, grammar), Task("free text", prompt, anything)]
    return found
