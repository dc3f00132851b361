"""The main job: write JSON, a match of a pattern, ... with a language model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from os import PathLike
from typing import TYPE_CHECKING, Any

from constrain.compile import compile_grammar, compile_json_schema, compile_regex
from constrain.engine import Constraint
from constrain.engine.single import RegexControl
from constrain.errors import ConstraintError
from constrain.lexing.regex import words
from constrain.models import LanguageModel
from constrain.models.base import Prompt
from constrain.sampling.base import Observer
from constrain.sampling.cursor import AnyConstraint, YesNo
from constrain.sampling.outcome import SamplerName
from constrain.sampling.potential import Potential
from constrain.sampling.warp import Warp
from constrain.schema_sources import read_schema
from constrain.speculation.auto import Draft
from constrain.texts import refuse_surrogates, shown
from constrain.vocabulary import Vocabulary
from constrain.writing import Model, write

if TYPE_CHECKING:
    from lark.indenter import Indenter

    from constrain.grammar.compile import Lexer, Syntax
    from constrain.grammar.indentation import Indentation
    from constrain.monitors import Monitor, MonitorName, Place
    from constrain.schema.options import JSONOptions


def generate_json(
    schema: Any,
    model: Model,
    prompt: Prompt | None = None,
    *,
    n: int = 1,
    seed: int | None = None,
    max_tokens: int = 512,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    sampler: SamplerName = "masked",
    particles: int = 16,
    potential: Potential | None = None,
    draft: Draft | None = None,
    observe: Observer | None = None,
    options: JSONOptions | None = None,
    lenient: bool = False,
    include_schema: bool = True,
    return_details: bool = False,
) -> Any:
    """Write JSON that is valid under a schema, always, within `max_tokens`.

    The mask of the constraint comes first; temperature, top-k, top-p and min-p then work, in this
    order, on the distribution over the allowed tokens. A token after which no ending would fit
    into `max_tokens` is drawn again from those that leave room. Tokens that the constraint forces
    cost no model call. With the same seed, output i is the same whatever `n` is.

    So it is with `sampler="masked"`, which is fast, but distorts what the model prefers among the
    valid outputs. The other samplers keep the model's own distribution given the constraint:
    "rejection" and "cars" draw from it exactly, "asap", "awrs" and "smc" write several weighted
    outputs and draw from these, the better the more they are. There, temperature and the like are
    part of the model, before the constraint; an output that is not complete within `max_tokens`
    is none; and of the weighted ones, output i depends on `n` and `particles`.

    Args:
        schema: a JSON Schema as parsed JSON, as text, or as a path; or a Pydantic model class, a
            dataclass, a TypedDict or a `TypeAdapter` (these need Pydantic).
        model: a `LanguageModel`; the id or path of a Hugging Face model, or its model and
            tokenizer objects (for many calls, make one `HFModel` and pass it).
        prompt: what to write about: a text, or the messages of a chat. A text becomes a message
            where the tokenizer has a chat template.
        n: how many to write.
        seed: same seed, same output; None for a random one.
        max_tokens: the most tokens of an output, end of text included; the context of the model
            may leave room for fewer.
        temperature: 0 takes the likeliest token.
        top_k: choose among the k likeliest tokens.
        top_p: choose among the likeliest tokens of mass p.
        min_p: choose among the tokens at least p times as likely as the likeliest.
        sampler: "masked", "rejection", "asap", "cars", "awrs" or "smc"; see
            `constrain.sampling`.
        particles: weighted outputs to write, of which `n` are drawn (asap, awrs, smc).
        potential: a soft constraint, a factor of what is drawn from (awrs, smc): a `Critic`, or
            another model as a `ModelPotential`; see `constrain.sampling`.
        draft: who guesses tokens, so that one call of the model scores several; the outputs are
            the same. "auto" takes what the constraint forces, copies, and what the model has found
            likely before; a smaller model over the same vocabulary guesses besides; or drafters,
            see `constrain.speculation`.
        observe: is called with a `Progress` after each step.
        options: the language of the JSON text; default `JSONOptions()`, the one for generation.
        lenient: ignore what is not understood in the schema, each with a `SchemaWarning`.
        include_schema: tell the model of the schema in the prompt.
        return_details: return a `Generation` for each value.

    Returns:
        The value, as `json.loads` reads it, or an instance of the Pydantic model or dataclass;
        for `n` > 1 a list of `n`.

    Raises:
        ConstraintError: of the schema, see `compile_json_schema`; a setting is out of its range;
            or a `GenerationError`: even the shortest output does not fit, the model gives no
            distribution, the schema turns out too complex in the middle of a text, or a type
            refuses a value that its own schema allows.
    """
    source = read_schema(schema)
    text = source.text
    return write(
        lambda vocabulary: compile_json_schema(source.schema, vocabulary, options, lenient=lenient),
        model,
        lambda lm: lm.encode_prompt(prompt, text if include_schema else None),
        source.parse,
        n=n,
        seed=seed,
        max_tokens=max_tokens,
        warp=Warp(temperature, top_k, top_p, min_p),
        sampler=sampler,
        particles=particles,
        potential=potential,
        draft=draft,
        observe=observe,
        return_details=return_details,
    )


def generate(
    constraint: AnyConstraint,
    model: Model,
    prompt: Prompt | None = None,
    *,
    n: int = 1,
    seed: int | None = None,
    max_tokens: int = 512,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    sampler: SamplerName = "masked",
    particles: int = 16,
    potential: Potential | None = None,
    draft: Draft | None = None,
    observe: Observer | None = None,
    return_details: bool = False,
) -> Any:
    """Write a text that a constraint allows, however it was made.

    The constraint may also be one that can only be asked (`constrain.sampling.YesNo`), by any
    sampler but "masked". Special tokens stand in the text by their names. Arguments and results
    are as those of `generate_json`; the value is the text.

    Raises:
        ConstraintError: it is no constraint, or over another vocabulary than the model's; else as
            `generate_json`.
    """
    if not isinstance(constraint, (Constraint, YesNo)):
        raise ConstraintError(
            f"{shown(constraint)} is no constraint; compile it with the vocabulary of the model: "
            "compile_json_schema(schema, model.vocabulary), or compile_regex, compile_grammar"
        )

    def compiled(vocabulary: Vocabulary) -> AnyConstraint:
        if isinstance(constraint, Constraint) and constraint.vocabulary != vocabulary:
            raise ConstraintError(
                "the constraint and the model have different vocabularies; compile the constraint "
                "with model.vocabulary"
            )
        return constraint

    return write(
        compiled,
        model,
        lambda lm: lm.encode_prompt(prompt),
        str,
        n=n,
        seed=seed,
        max_tokens=max_tokens,
        warp=Warp(temperature, top_k, top_p, min_p),
        sampler=sampler,
        particles=particles,
        potential=potential,
        draft=draft,
        observe=observe,
        return_details=return_details,
    )


def generate_regex(
    pattern: str,
    model: Model,
    prompt: Prompt | None = None,
    *,
    n: int = 1,
    seed: int | None = None,
    max_tokens: int = 512,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    sampler: SamplerName = "masked",
    particles: int = 16,
    potential: Potential | None = None,
    draft: Draft | None = None,
    observe: Observer | None = None,
    return_details: bool = False,
) -> Any:
    """Write a text that a regular expression, in Python's dialect, matches in full.

    Arguments and results are as those of `generate_json`; the value is the text.

    Raises:
        ConstraintError: of the pattern, see `compile_regex`; else as `generate_json`.
    """
    return write(
        lambda vocabulary: compile_regex(pattern, vocabulary),
        model,
        lambda lm: lm.encode_prompt(prompt),
        str,
        n=n,
        seed=seed,
        max_tokens=max_tokens,
        warp=Warp(temperature, top_k, top_p, min_p),
        sampler=sampler,
        particles=particles,
        potential=potential,
        draft=draft,
        observe=observe,
        return_details=return_details,
    )


def generate_grammar(
    grammar: str,
    model: Model,
    prompt: Prompt | None = None,
    *,
    syntax: Syntax = "lark",
    start: str | None = None,
    lexer: Lexer | None = None,
    path: str | PathLike[str] | None = None,
    indentation: Indentation | Indenter | type[Indenter] | None = None,
    n: int = 1,
    seed: int | None = None,
    max_tokens: int = 512,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    sampler: SamplerName = "masked",
    particles: int = 16,
    potential: Potential | None = None,
    draft: Draft | None = None,
    observe: Observer | None = None,
    return_details: bool = False,
) -> Any:
    """Write a text of a context-free grammar.

    `grammar`, `syntax`, `start`, `lexer`, `path` and `indentation` are as in `compile_grammar`, the
    other arguments and the results as in `generate_json`; the value is the text.

    Raises:
        ConstraintError: of the grammar, see `compile_grammar`; else as `generate_json`.
    """
    return write(
        lambda vocabulary: compile_grammar(
            grammar, vocabulary, syntax, start, lexer, path, indentation
        ),
        model,
        lambda lm: lm.encode_prompt(prompt),
        str,
        n=n,
        seed=seed,
        max_tokens=max_tokens,
        warp=Warp(temperature, top_k, top_p, min_p),
        sampler=sampler,
        particles=particles,
        potential=potential,
        draft=draft,
        observe=observe,
        return_details=return_details,
    )


def generate_choice(
    choices: Iterable[str] | type[Enum],
    model: Model,
    prompt: Prompt | None = None,
    *,
    n: int = 1,
    seed: int | None = None,
    max_tokens: int = 512,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    sampler: SamplerName = "masked",
    particles: int = 16,
    potential: Potential | None = None,
    draft: Draft | None = None,
    observe: Observer | None = None,
    return_details: bool = False,
) -> Any:
    """Write one of some texts.

    The choices are texts, or an `Enum` whose values are texts. Other arguments and the results are
    as those of `generate_json`; the value is the text.

    Raises:
        ConstraintError: there are no choices, or one is not a text; else as `generate_json`.
    """
    if isinstance(choices, str) or not isinstance(choices, Iterable):
        raise ConstraintError(f"choices must be a list of texts, not {shown(choices)}")
    named = [choice.value if isinstance(choice, Enum) else choice for choice in choices]
    for choice in named:
        if not isinstance(choice, str):
            raise ConstraintError(f"choices must be texts; {shown(choice)} is none")
        refuse_surrogates(choice, "the choice")
    if not named:
        raise ConstraintError("there are no choices; give at least one text")
    return write(
        lambda vocabulary: Constraint(RegexControl(words(named)), vocabulary),
        model,
        lambda lm: lm.encode_prompt(prompt),
        str,
        n=n,
        seed=seed,
        max_tokens=max_tokens,
        warp=Warp(temperature, top_k, top_p, min_p),
        sampler=sampler,
        particles=particles,
        potential=potential,
        draft=draft,
        observe=observe,
        return_details=return_details,
    )


def generate_code(
    place: Place,
    model: Model,
    prompt: Prompt | None = None,
    *,
    monitors: Sequence[MonitorName | Monitor] = ("dereference",),
    pattern: str = r"[^\n]*",
    n: int = 1,
    seed: int | None = None,
    max_tokens: int = 128,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    sampler: SamplerName = "masked",
    particles: int = 16,
    potential: Potential | None = None,
    draft: Draft | None = None,
    observe: Observer | None = None,
    return_details: bool = False,
) -> Any:
    """Write code at a place in a file, that monitors agree with.

    The model reads the prompt and then the code before the cursor, the end of it where that is too
    long. Other arguments and results are as those of `generate_json`; the value is the text.

    Args:
        place: where the code is written.
        model: as in `generate_json`.
        prompt: what the model reads first.
        monitors: by name, see `constrain.monitors`: those of Python code, and in other languages
            "dereference", by a language server; or any others.
        pattern: what the code has to match; default: up to the end of the line.

    Raises:
        ConstraintError: of the pattern, see `compile_regex`; there is no monitor of that name; a
            `MonitorError`, where a monitor is set to raise it; else as `generate_json`.
    """
    from constrain.monitors import MonitoredConstraint, named_monitor

    watching = [named_monitor(m, place) if isinstance(m, str) else m for m in monitors]

    def encoded(lm: LanguageModel) -> list[int]:
        head, code = lm.encode_prompt(prompt), lm.vocabulary.encode(place.before.encode())
        if lm.context_length is None:
            return head + code
        left = max(1, lm.context_length - max_tokens - len(head))
        return head + code[-left:]

    return write(
        lambda vocabulary: MonitoredConstraint(compile_regex(pattern, vocabulary), watching),
        model,
        encoded,
        str,
        n=n,
        seed=seed,
        max_tokens=max_tokens,
        warp=Warp(temperature, top_k, top_p, min_p),
        sampler=sampler,
        particles=particles,
        potential=potential,
        draft=draft,
        observe=observe,
        return_details=return_details,
    )
