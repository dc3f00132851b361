"""One call: a model, a constraint and a sampler; what they write, and how it came about."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from time import perf_counter
from typing import Any, TypeAlias

from constrain.errors import ConstraintError, GenerationError
from constrain.models import LanguageModel
from constrain.sampling.base import Observer
from constrain.sampling.cursor import AnyConstraint
from constrain.sampling.masked import Output, decode
from constrain.sampling.outcome import Outcome, SamplerName, sample_texts
from constrain.sampling.potential import Potential
from constrain.sampling.warp import Warp
from constrain.speculation.auto import Draft, speculative
from constrain.speculation.model import SpeculativeModel
from constrain.speculation.statistics import Statistics
from constrain.vocabulary import Vocabulary

Model: TypeAlias = "LanguageModel | str | PathLike[str] | tuple[Any, Any]"
"""A language model, the id or path of a Hugging Face model, or such a model and its tokenizer."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of a call went, in seconds.

    Attributes:
        compile: making the constraint.
        model: in the calls of the model that this output took part in, drafting included.
        masks: in masks and checks of tokens, for all outputs.
        sampler: in all but compiling, the model and drafting, for all outputs.
        total: the whole call, for all of its outputs.
    """

    compile: float
    model: float
    masks: float
    sampler: float
    total: float


@dataclass(frozen=True, slots=True)
class Generation:
    """An output and how it came about.

    Attributes:
        value: what the call returns without `return_details`.
        text: the text that the model wrote.
        token_ids: its tokens; the last one ends the text.
        forced_tokens: how many of them cost no model call, because there was no choice.
        model_calls: the calls of the model that this output took part in.
        logprob: log-probability, under the model without any mask, of the tokens it chose; the
            forced ones are not counted.
        seed: what to pass for the same output again.
        timings: where the time went.
        outcome: how the sampler came to it; None for local masking.
        speculation: how far looking ahead has helped, for all outputs; None without.
    """

    value: Any
    text: str
    token_ids: tuple[int, ...]
    forced_tokens: int
    model_calls: int
    logprob: float
    seed: int
    timings: Timings
    outcome: Outcome | None = None
    speculation: Statistics | None = None


def write(
    compiled: Callable[[Vocabulary], AnyConstraint],
    model: Model,
    encoded: Callable[[LanguageModel], list[int]],
    parse: Callable[[str], Any],
    *,
    n: int,
    seed: int | None,
    max_tokens: int,
    warp: Warp,
    sampler: SamplerName,
    particles: int,
    potential: Potential | None,
    draft: Draft | None,
    observe: Observer | None,
    return_details: bool,
) -> Any:
    """Write `n` outputs: values, or a `Generation` for each; see `constrain.generate_json`.

    Args:
        compiled: from the vocabulary of the model to the constraint.
        encoded: from the model to the tokens of the prompt.
        parse: from the text of an output to its value; a `ValueError` says that it has none.
        warp: what temperature, top-k, top-p and min-p do.
    """
    if not isinstance(n, int) or n < 1:
        raise ConstraintError(f"n must be an integer >= 1, not {n!r}")
    if not isinstance(seed, int | None):
        raise ConstraintError(f"the seed must be an integer, not {seed!r}")
    if seed is None:
        seed = secrets.randbits(64)
    language_model = _language_model(model)
    if draft is not None:
        language_model = speculative(language_model, draft)
    ahead = language_model if isinstance(language_model, SpeculativeModel) else None
    before = ahead.statistics if ahead else None
    started = perf_counter()
    constraint = compiled(language_model.vocabulary)
    compile_seconds = perf_counter() - started
    prompt, outcome = encoded(language_model), None
    if sampler == "masked":
        if potential is not None:
            raise ConstraintError(
                'local masking has no weights for a potential; take sampler="smc", or "awrs"'
            )
        outputs = decode(
            language_model,
            constraint,
            prompt,
            n=n,
            max_tokens=max_tokens,
            warp=warp,
            seed=seed,
            observe=observe,
        )
    else:
        outcome = sample_texts(
            sampler,
            language_model,
            constraint,
            prompt,
            n=n,
            max_tokens=max_tokens,
            warp=warp,
            seed=seed,
            particles=particles,
            potential=potential,
            observe=observe,
        )
        outputs = [
            Output(
                s.token_ids,
                0,
                len(s.token_ids),
                s.logprob,
                outcome.model_seconds,
                outcome.mask_seconds,
            )
            for s in outcome.samples
        ]
    total = perf_counter() - started
    texts = [_text(language_model.vocabulary, output) for output in outputs]
    values = [_value(parse, text, output) for text, output in zip(texts, outputs, strict=True)]
    if not return_details:
        return values if n > 1 else values[0]
    statistics = ahead.statistics.since(before) if ahead and before else None
    model_seconds = max(output.model_seconds for output in outputs)
    if statistics:
        model_seconds = statistics.target_seconds + statistics.draft_seconds
    sampler_seconds = max(0.0, total - compile_seconds - model_seconds)
    details = [
        Generation(
            value=value,
            text=text,
            token_ids=output.token_ids,
            forced_tokens=output.forced_tokens,
            model_calls=output.model_calls,
            logprob=output.logprob,
            seed=seed,
            timings=Timings(
                compile_seconds, output.model_seconds, output.mask_seconds, sampler_seconds, total
            ),
            outcome=outcome,
            speculation=statistics,
        )
        for value, text, output in zip(values, texts, outputs, strict=True)
    ]
    return details if n > 1 else details[0]


def _language_model(model: Model) -> LanguageModel:
    if isinstance(model, LanguageModel):
        return model
    parts = model if isinstance(model, tuple) else (model,)
    given = len(parts) in (1, 2) and parts[0]
    if not isinstance(given, (str, PathLike)) and not hasattr(given, "get_output_embeddings"):
        raise ConstraintError(
            f"the model is {model!r}; give a LanguageModel, the id or path of a Hugging Face "
            "model, or such a model and its tokenizer as a tuple"
        )
    from constrain.models import HFModel

    return HFModel(*parts)


def _text(vocabulary: Vocabulary, output: Output) -> str:
    data = b"".join(map(vocabulary.shown, output.token_ids))
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise GenerationError(
            f"the constraint allows a text that is not UTF-8: {error}; it is {data!r}",
            output.token_ids,
        ) from error


def _value(parse: Callable[[str], Any], text: str, output: Output) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise GenerationError(
            f"the output is valid under the schema, but cannot be read: {error}; it is {text!r}",
            output.token_ids,
        ) from error
