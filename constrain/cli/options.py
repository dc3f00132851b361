"""The arguments and options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from constrain.cli.inputs import sample_names

SchemaArgument = Annotated[
    str,
    typer.Argument(
        metavar="SCHEMA",
        show_default=False,
        help="A JSON Schema: a path, - for stdin, the JSON itself, or the name of a sample "
        f"({', '.join(sample_names())}).",
    ),
]
JSONFlag = Annotated[bool, typer.Option("--json", help="Write one JSON object for programs.")]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        help="A Hugging Face model id or path; `bundled` is the small demo model.",
    ),
]
Prompt = Annotated[
    str | None, typer.Option("--prompt", "-p", help="What to write about.", show_default=False)
]
Count = Annotated[int, typer.Option("-n", min=1, help="How many to write.")]
Seed = Annotated[
    int | None,
    typer.Option("--seed", "-s", help="Same seed, same output.", show_default="random"),
]
MaxTokens = Annotated[
    int, typer.Option("--max-tokens", min=1, help="Every output ends, valid, within so many.")
]
Temperature = Annotated[
    float, typer.Option("--temperature", "-t", min=0.0, help="0 takes the likeliest token.")
]
TopK = Annotated[
    int | None, typer.Option("--top-k", min=1, help="Sample from the k likeliest tokens.")
]
TopP = Annotated[
    float | None,
    typer.Option("--top-p", min=0.0, max=1.0, help="Sample from the likeliest tokens of mass p."),
]
MinP = Annotated[
    float | None,
    typer.Option("--min-p", min=0.0, max=1.0, help="Drop tokens below p times the likeliest."),
]
Sampler = Annotated[
    Literal["masked", "rejection", "asap", "cars", "awrs", "smc"],
    typer.Option(
        help="How to choose among what is valid. masked is fast, but prefers what begins like "
        "many invalid texts; the others keep the model's own distribution given the constraint. "
        "rejection and cars draw from it exactly, and take long where little of what the model "
        "says is valid; asap, awrs and smc come near it by weighing several texts (--particles), "
        "smc also on the way."
    ),
]
Particles = Annotated[
    int | None,
    typer.Option(
        "--particles",
        min=1,
        help="Texts to weigh, from which the -n are drawn (asap, awrs, smc); more are fairer.",
        show_default="16, or -n where that is more",
    ),
]
Draft = Annotated[
    str,
    typer.Option(
        "--draft",
        help="Guess tokens, so that one call of the model scores several; the output is the same. "
        "`auto` needs no second model; an id or a path is that of a smaller model with the same "
        "tokenizer; `none` guesses nothing.",
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        "--report",
        help="Draw what the particles of --sampler smc go through into this file, .svg or .html: "
        "weights, resampling, deaths; also where all die.",
        show_default=False,
    ),
]
Lenient = Annotated[
    bool,
    typer.Option(
        "--lenient", help="Ignore what is not understood in the schema, each with a warning."
    ),
]
