"""A model that has learnt a little SQL: the bundled one, trained on a few questions."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy

from bench.sql_shop import questions
from constrain.models import BundledModel

_STEPS, _ROWS, _RATE, _WARM_UP = 240, 16, 1.5e-3, 20
_IGNORED = -100


def sql_model(folder: Path, report: Callable[[str], None]) -> BundledModel:
    """Return the model; where `folder` has its weights already, they are taken, else trained.

    Training takes a few minutes on one thread. It is stopped well before the model knows all.
    """
    model = BundledModel()
    path = folder / "sql-model.safetensors"
    if path.is_file():
        model.model.load_state_dict(load_file(path), strict=False)
        return model
    _train(model, report)
    folder.mkdir(parents=True, exist_ok=True)
    tied = "lm_head.weight"
    save_file({k: v.contiguous() for k, v in model.model.state_dict().items() if k != tied}, path)
    return model


def _train(model: BundledModel, report: Callable[[str], None]) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # sums in one order: the same weights every time
    stream = questions(0, unseen=False)
    optimiser = torch.optim.AdamW(model.model.parameters(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / _WARM_UP, 1 - step / _STEPS)
    )
    model.model.train()
    for step in range(1, _STEPS + 1):
        ids, labels = _batch(model, [(q.text, q.query) for q in islice(stream, _ROWS)])
        logits = model.model(input_ids=ids, use_cache=False).logits
        loss = cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), ignore_index=_IGNORED)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        if step % 40 == 0:
            report(f"training: step {step} of {_STEPS}, loss {loss.item():.3f}")
    model.model.eval()


def _batch(model: BundledModel, pairs: list[tuple[str, str]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and next-token labels [rows, length], the labels of the answers only."""
    vocabulary = model.vocabulary
    end = vocabulary.eos_token_ids[0]
    prompts = [model.encode_prompt(text) for text, _ in pairs]
    rows = [
        [*prompt, *vocabulary.encode(query.encode()), end]
        for prompt, (_, query) in zip(prompts, pairs, strict=True)
    ]
    ids = torch.full((len(rows), max(map(len, rows))), end)
    labels = torch.full_like(ids, _IGNORED)
    for i, (prompt, row) in enumerate(zip(prompts, rows, strict=True)):
        ids[i, : len(row)] = torch.tensor(row)
        labels[i, len(prompt) - 1 : len(row) - 1] = ids[i, len(prompt) : len(row)]
    return ids, labels
