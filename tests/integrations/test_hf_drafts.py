"""Drafts under a constraint in `generate` of transformers."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
import torch
from constrain.integrations.hf import ConstraintLogitsProcessor
from constrain.integrations.hf_drafts import ConstraintCandidates

from constrain import SpeculationWarning, compile_json_schema, compile_regex
from constrain.models import BundledModel
from constrain.speculation import Copying, Drafter, DraftModel, Forced, Recycling, Trigrams

torch.set_num_threads(1)

SCHEMA = {
    "type": "object",
    "properties": {
        "customer_identification": {"enum": ["unknown", "confirmed by letter"]},
        "preferred_delivery_day": {"enum": ["monday", "tuesday"]},
        "name": {"type": "string", "maxLength": 12},
    },
    "required": ["customer_identification", "preferred_delivery_day", "name"],
    "additionalProperties": False,
}


class Counted:
    """Counts the passes of a model."""

    def __init__(self, model: Any) -> None:
        self.passes = 0
        self._handle = model.register_forward_hook(self._count)

    def _count(self, *_: Any) -> None:
        self.passes += 1

    def __enter__(self) -> Counted:
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.remove()


@pytest.fixture(scope="module")
def bundled() -> BundledModel:
    return BundledModel()


def write(bundled: BundledModel, constraint: Any, prompt: str, **settings: Any) -> list[int]:
    ids = torch.tensor([bundled.encode_prompt(prompt)])
    processor = ConstraintLogitsProcessor(constraint, max_new_tokens=90)
    torch.manual_seed(1)
    output = bundled.model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=90,
        logits_processor=[processor],
        **settings,
    )
    return output[0, ids.shape[1] :].tolist()


def text(bundled: BundledModel, tokens: list[int]) -> str:
    return b"".join(bundled.vocabulary.token_bytes(token) or b"" for token in tokens).decode()


def test_greedy_decoding_writes_the_same_with_fewer_passes(bundled: BundledModel) -> None:
    constraint = compile_json_schema(SCHEMA, bundled.vocabulary)
    candidates = ConstraintCandidates(constraint)
    for prompt in ("A customer.", "Another customer from Lima."):
        with Counted(bundled.model) as plain:
            expected = write(bundled, constraint, prompt, do_sample=False)
        with candidates.serving(bundled.model), Counted(bundled.model) as ahead:
            tokens = write(bundled, constraint, prompt, do_sample=False, prompt_lookup_num_tokens=1)
        assert tokens == expected
        assert ahead.passes < 0.8 * plain.passes
    statistics = candidates.statistics
    assert statistics.drafters["forced"].accepted
    assert statistics.calls < statistics.questions
    assert "_get_candidate_generator" not in vars(bundled.model)


EXAMPLE = {
    "customer_identification": "confirmed by letter",
    "preferred_delivery_day": "monday",
    "name": "Ann",
}
DRAFTERS: dict[str, Any] = {
    "forced": Forced,
    "copying": Copying,
    "recycling": Recycling,
    "trigrams": Trigrams,
    "model": lambda: DraftModel(BundledModel("draft"), cost=0.01),
    "all": lambda: [Forced(), Copying(), Recycling(), Trigrams()],
}


@pytest.mark.parametrize("name", DRAFTERS)
def test_what_is_not_allowed_is_never_guessed(
    monkeypatch: pytest.MonkeyPatch, bundled: BundledModel, name: str
) -> None:
    constraint = compile_json_schema(SCHEMA, bundled.vocabulary)
    candidates = ConstraintCandidates(constraint, DRAFTERS[name](), first_cost=0, loan=99)
    guessed: list[tuple[list[int], int]] = []
    plain = candidates.get_candidates

    def get_candidates(ids: torch.Tensor, **options: Any) -> Any:
        found = plain(ids, **options)
        guessed.append((found[0][0].tolist(), ids.shape[1]))
        return found

    monkeypatch.setattr(candidates, "get_candidates", get_candidates)
    prompt = f"{json.dumps(EXAMPLE)} Another customer."
    expected = write(bundled, constraint, prompt, do_sample=False)
    for _ in range(3):
        with candidates.serving(bundled.model):
            tokens = write(bundled, constraint, prompt, do_sample=False, prompt_lookup_num_tokens=1)
        assert tokens == expected
    begin = min(length for _, length in guessed)
    for text, _ in guessed:
        matcher = constraint.matcher()
        assert all(matcher.accept(token) for token in text[begin:])
    assert sum(len(text) - length for text, length in guessed) > 3


def test_sampling_stays_valid(bundled: BundledModel) -> None:
    constraint = compile_json_schema(SCHEMA, bundled.vocabulary)
    candidates = ConstraintCandidates(constraint)
    for _ in range(3):
        with candidates.serving(bundled.model):
            tokens = write(
                bundled, constraint, "A customer.", do_sample=True, prompt_lookup_num_tokens=1
            )
        jsonschema.validate(json.loads(text(bundled, tokens)), SCHEMA)


def test_drafters_of_ones_own(bundled: BundledModel) -> None:
    class Broken(Drafter):
        name = "broken"

        def guess(self, texts: Any) -> Any:
            raise RuntimeError("no idea")

    pattern = r"(one|two|three)( and (one|two|three)){6}"
    constraint = compile_regex(pattern, bundled.vocabulary)
    candidates = ConstraintCandidates(constraint, [Broken(), Recycling()], most=4)
    with candidates.serving(bundled.model), pytest.warns(SpeculationWarning, match="no idea"):
        tokens = write(bundled, constraint, "Numbers.", do_sample=False, prompt_lookup_num_tokens=1)
    assert re.fullmatch(pattern, text(bundled, tokens))
    assert set(candidates.statistics.drafters) <= {"recycling"}
    assert max(candidates.statistics.places) <= 4


def test_one_may_serve_within_another(bundled: BundledModel) -> None:
    outer, inner = (
        ConstraintCandidates(compile_regex(pattern, bundled.vocabulary), first_cost=0, loan=99)
        for pattern in ("(red|blue) door", "[0-9]{4}")
    )
    settings = {"do_sample": False, "prompt_lookup_num_tokens": 1}
    with outer.serving(bundled.model):
        with inner.serving(bundled.model):
            write(bundled, inner._constraint, "A number.", **settings)
        known = inner.statistics.questions
        write(bundled, outer._constraint, "A door.", **settings)
    assert outer.statistics.questions > 0
    assert inner.statistics.questions == known > 0
    assert "_get_candidate_generator" not in vars(bundled.model)
