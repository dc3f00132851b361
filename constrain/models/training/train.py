"""Training: a small Llama on the endless stream of documents, on one CPU thread.

Hidden matrices are optimised by Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in
neural networks"), the embedding and the norms by AdamW. The loss counts every token: what a schema
repeats teaches the model to copy.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from ..bundled import FOLDER
from ..prompt import format_prompt
from .documents import Document, documents
from .growth import deepened
from .tokenizer import train_tokenizer

IGNORED = -100  # the label of a position that the loss does not count


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to train, and for how long.

    Attributes:
        hidden_size, layers, heads, feed_forward: the shape of the Llama.
        cycles: optimiser steps of each fall of the learning rate from its height to zero.
        rate: the height of the learning rate, as a share of the usual one.
        deepens: folder of a trained model of the same width to start from; its tokenizer is kept.
        vocabulary_size: tokens; must be equal for models that draft for each other.
        tokenizer_documents: documents that the tokenizer learns from.
        batch_tokens: tokens of a batch, padding included.
        context_length: the most tokens the model takes.
    """

    hidden_size: int
    layers: int
    heads: int
    feed_forward: int
    cycles: tuple[int, ...]
    rate: float = 1.0
    deepens: Path | None = None
    vocabulary_size: int = 3072
    tokenizer_documents: int = 20_000
    batch_tokens: int = 2048
    context_length: int = 1024


RECIPES = {
    "main": Recipe(192, 4, 4, 512, (2800, 900)),
    "draft": Recipe(96, 2, 2, 256, (1400, 450)),
    "large": Recipe(192, 16, 4, 512, (120,), rate=0.3, deepens=FOLDER),
    "quick": Recipe(32, 1, 2, 64, (20, 20), vocabulary_size=512, tokenizer_documents=300),
}

MUON_RATE, ADAM_RATE, WEIGHT_DECAY, WARM_UP = 0.02, 3e-3, 0.01, 100


SAVE_EVERY = 200  # steps
HELD_OUT = 1 << 31  # the seed of documents that no model is trained on


def train(recipe: Recipe, out: Path, seed: int, report: Callable[[str], None] = print) -> None:
    """Train by `recipe` and write model and tokenizer to the folder `out`, in float16.

    Each cycle starts from the folder as the one before left it. The result depends on the seed,
    the version of torch and the kind of processor only.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # sums in one order: the same bits every time
    if recipe.deepens:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(recipe.deepens)
        model = deepened(recipe.deepens, recipe.layers)
    else:
        tokenizer = train_tokenizer(
            _texts(islice(documents(seed), recipe.tokenizer_documents)),
            recipe.vocabulary_size,
            recipe.context_length,
        )
        model = _new_model(recipe, tokenizer)
    parameters = sum(p.numel() for p in model.parameters())
    report(f"{parameters:,} parameters, {len(tokenizer):,} tokens, {sum(recipe.cycles):,} steps")
    for cycle, steps in enumerate(recipe.cycles, start=1):
        report(f"cycle {cycle} of {len(recipe.cycles)}")
        _run_cycle(recipe, steps, model, tokenizer, out, seed + cycle, report)
        model = LlamaForCausalLM.from_pretrained(out, dtype=torch.float32)


def _run_cycle(
    recipe: Recipe,
    steps: int,
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    out: Path,
    seed: int,
    report: Callable[[str], None],
) -> None:
    """One fall of the learning rate, on the documents of `seed`; the folder `out` is kept fresh."""
    optimisers = _optimisers(model, recipe.rate)
    schedule = [
        torch.optim.lr_scheduler.LambdaLR(o, lambda step: _rate(step, steps)) for o in optimisers
    ]
    held_out = list(islice(_batches(tokenizer, recipe, documents(HELD_OUT)), 8))
    stream = _batches(tokenizer, recipe, documents(seed))
    started, seen, running = time.perf_counter(), 0, 0.0
    for step, (ids, labels) in enumerate(islice(stream, steps), start=1):
        loss = _loss(model, ids, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        for optimiser, scheduler in zip(optimisers, schedule, strict=True):
            optimiser.step()
            scheduler.step()
            optimiser.zero_grad()
        seen += ids.numel()
        running += loss.item()
        if step % 20 == 0:
            speed = seen / (time.perf_counter() - started)
            report(f"step {step:,}: loss {running / 20:.4f}, {speed:,.0f} tokens/s")
            running = 0.0
        if step % SAVE_EVERY == 0 or step == steps:
            with torch.no_grad():
                validation = sum(_loss(model, *batch).item() for batch in held_out) / len(held_out)
            report(f"step {step:,}: held-out loss {validation:.4f}")
            _save(model, tokenizer, out)


def _texts(source: Iterator[Document]) -> Iterator[str]:
    return chain.from_iterable((format_prompt(d.prompt, d.schema_text), d.output) for d in source)


def _new_model(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=recipe.hidden_size,
            intermediate_size=recipe.feed_forward,
            num_hidden_layers=recipe.layers,
            num_attention_heads=recipe.heads,
            max_position_embeddings=recipe.context_length,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def _batches(
    tokenizer: PreTrainedTokenizerFast, recipe: Recipe, source: Iterator[Document]
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Batches of ids and next-token labels, [rows, length] int64 each, of rows of like length."""
    rng = random.Random(0)
    backend = tokenizer.backend_tokenizer
    bos, eos = tokenizer.bos_token_id, tokenizer.eos_token_id
    while True:
        texts = list(_texts(islice(source, 1024)))
        encoded = [e.ids for e in backend.encode_batch(texts, add_special_tokens=False)]
        rows = [
            [bos, *prompt, *output, eos]
            for prompt, output in zip(encoded[::2], encoded[1::2], strict=True)
            if len(prompt) + len(output) + 2 <= recipe.context_length
        ]
        rows.sort(key=len)
        batches = []
        while rows:
            length = len(rows[-1])
            count = max(1, recipe.batch_tokens // length)
            rows, taken = rows[:-count], rows[-count:]
            ids = torch.full((len(taken), length), eos)
            labels = torch.full((len(taken), length), IGNORED)
            for i, row in enumerate(taken):
                ids[i, : len(row)] = torch.tensor(row)
                labels[i, : len(row) - 1] = ids[i, 1 : len(row)]
            batches.append((ids, labels))
        rng.shuffle(batches)
        yield from batches


def _loss(model: LlamaForCausalLM, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean negative log-likelihood of the labels that count."""
    counted = labels != IGNORED
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
        logits = model.lm_head(hidden[counted])
    return cross_entropy(logits.float(), labels[counted])


def _optimisers(model: LlamaForCausalLM, rate: float) -> list[torch.optim.Optimizer]:
    matrices: list[torch.nn.Parameter] = []
    others: list[torch.nn.Parameter] = []
    for name, parameter in model.named_parameters():
        hidden = parameter.ndim == 2 and "embed" not in name
        (matrices if hidden else others).append(parameter)
    return [
        torch.optim.Muon(matrices, lr=rate * MUON_RATE, weight_decay=WEIGHT_DECAY),
        torch.optim.AdamW(
            others, lr=rate * ADAM_RATE, betas=(0.9, 0.95), weight_decay=WEIGHT_DECAY
        ),
    ]


def _rate(step: int, steps: int) -> float:
    """Share of the full learning rate: linear warm-up, then half a cosine to zero."""
    warm_up = min(WARM_UP, steps // 5)
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


def _save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """Write float16 weights, configuration and tokenizer; the model itself keeps float32."""
    state = model.state_dict()
    weights = {name: state[name].half() for name in state if name != "lm_head.weight"}  # tied
    model.save_pretrained(out, state_dict=weights)
    tokenizer.save_pretrained(out)
