"""The logits processor in real calls of `generate` on small models with random weights."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import jsonschema
import pytest
import torch
from constrain.integrations.hf import ConstraintLogitsProcessor
from transformers import LlamaConfig, LlamaForCausalLM, LogitsProcessor

from constrain import (
    Constraint,
    ConstraintError,
    GenerationError,
    Matcher,
    Vocabulary,
    VocabularyError,
    compile_json_schema,
    compile_regex,
)
from tests.vocabulary.families import byte_level

torch.set_num_threads(1)

WIDTH = 512  # logits; the tokenizer has 500 tokens
LIMIT = 40
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 12},
        "tags": {"type": "array", "items": {"enum": ["red", "green"]}, "maxItems": 2},
    },
    "required": ["name", "tags"],
    "additionalProperties": False,
}
PROMPTS = ["A person:", "The quick brown fox jumps over a code:", "x"]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    made = byte_level()
    made.pad_token, made.padding_side = made.eos_token, "left"
    return made


def make_model(tokenizer: Any, noise: float = 0.0) -> LlamaForCausalLM:
    """Random weights of some size; with noise, a model that often agrees with the first."""
    torch.manual_seed(3)
    eos = tokenizer.eos_token_id
    config = LlamaConfig(
        vocab_size=WIDTH,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=256,
        bos_token_id=eos,
        eos_token_id=eos,
        pad_token_id=eos,
    )
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4.0 if parameter.ndim == 2 else 1.0)
            parameter.add_(noise * torch.randn_like(parameter))
    return model


@pytest.fixture(scope="module")
def model(tokenizer: Any) -> LlamaForCausalLM:
    return make_model(tokenizer)


@pytest.fixture(scope="module")
def vocabulary(tokenizer: Any) -> Vocabulary:
    return Vocabulary.from_tokenizer(tokenizer)


@pytest.fixture(scope="module")
def person(vocabulary: Vocabulary) -> Constraint:
    return compile_json_schema(PERSON, vocabulary)


@pytest.fixture(scope="module")
def code(vocabulary: Vocabulary) -> Constraint:
    return compile_regex(r"[A-Z]{2,5}-\d{4}", vocabulary)


def is_person(text: str) -> bool:
    jsonschema.validate(json.loads(text), PERSON)
    return True


def is_code(text: str) -> bool:
    return re.fullmatch(r"[A-Z]{2,5}-\d{4}", text) is not None


def run(
    model: Any,
    tokenizer: Any,
    prompts: list[str],
    processor: ConstraintLogitsProcessor,
    max_new_tokens: int = LIMIT,
    **options: Any,
) -> list[str]:
    """The texts that `generate` adds, each of which must have ended."""
    inputs = tokenizer(prompts, return_tensors="pt", padding=True)
    torch.manual_seed(0)
    output = model.generate(
        input_ids=inputs.input_ids,
        attention_mask=inputs.attention_mask,
        logits_processor=[processor],
        max_new_tokens=max_new_tokens,
        **options,
    )
    texts = []
    for row in output[:, inputs.input_ids.shape[1] :].tolist():
        assert tokenizer.eos_token_id in row
        texts.append(tokenizer.decode(row[: row.index(tokenizer.eos_token_id)]))
    return texts


MODES: dict[str, dict[str, Any]] = {
    "greedy": {"do_sample": False},
    "sampling": {"do_sample": True},
    "sampling, truncated": {"do_sample": True, "top_k": 2, "top_p": 0.5, "temperature": 0.7},
    "beams": {"do_sample": False, "num_beams": 3},
    "sampled beams": {"do_sample": True, "num_beams": 3},
    "several beams each": {"do_sample": False, "num_beams": 4, "num_return_sequences": 3},
    "several samples each": {"do_sample": True, "num_return_sequences": 5},
    "no cache": {"do_sample": False, "use_cache": False},
}


@pytest.mark.parametrize("mode", MODES)
def test_every_output_is_valid(
    model: Any, tokenizer: Any, person: Constraint, code: Constraint, mode: str
) -> None:
    """A batch with left padding and a different constraint for each prompt."""
    processor = ConstraintLogitsProcessor([person, code, person], max_new_tokens=LIMIT)
    texts = run(model, tokenizer, PROMPTS, processor, **MODES[mode])
    each = MODES[mode].get("num_return_sequences", 1)
    assert len(texts) == 3 * each
    assert all(map(is_person, texts[:each]))
    assert all(map(is_code, texts[each : 2 * each]))
    assert all(map(is_person, texts[2 * each :]))


def test_fewer_outputs_than_beams(
    model: Any, tokenizer: Any, vocabulary: Vocabulary, code: Constraint
) -> None:
    constraints = [compile_regex("yes|no", vocabulary), code]
    processor = ConstraintLogitsProcessor(constraints, max_new_tokens=LIMIT)
    options = {"do_sample": False, "num_beams": 5, "early_stopping": True}
    first, second = run(model, tokenizer, PROMPTS[:2], processor, **options)
    assert first in ("yes", "no")
    assert is_code(second)


def test_one_constraint_serves_all_rows(model: Any, tokenizer: Any, code: Constraint) -> None:
    processor = ConstraintLogitsProcessor(code)
    options = {"do_sample": True, "num_return_sequences": 4}
    texts = run(model, tokenizer, PROMPTS, processor, **options)
    assert len(set(texts)) > 6
    assert all(map(is_code, texts))


@pytest.mark.parametrize("do_sample", [False, True])
def test_assisted_generation(
    model: Any, tokenizer: Any, person: Constraint, do_sample: bool
) -> None:
    """Drafts are made and checked under the constraint; greedy output is that without drafts."""
    assistant = make_model(tokenizer, noise=0.02)
    calls: list[int] = []

    class Widths(LogitsProcessor):
        def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            calls.append(input_ids.shape[1])
            return scores

    processor = ConstraintLogitsProcessor(person, max_new_tokens=LIMIT)
    inputs = tokenizer(PROMPTS[:1], return_tensors="pt")
    torch.manual_seed(0)
    output = model.generate(
        **{key: inputs[key] for key in ("input_ids", "attention_mask")},
        logits_processor=[Widths(), processor],
        max_new_tokens=LIMIT,
        do_sample=do_sample,
        assistant_model=assistant,
    )
    tokens = output[0, inputs.input_ids.shape[1] :].tolist()
    assert tokens[-1] == tokenizer.eos_token_id
    assert is_person(tokenizer.decode(tokens[:-1]))
    assert any(
        after < before for before, after in pairwise(calls)
    )  # drafts were checked, some rejected
    if not do_sample:
        plain = run(model, tokenizer, PROMPTS[:1], processor, do_sample=False)
        assert plain == [tokenizer.decode(tokens[:-1])]


def test_prompt_lookup(model: Any, tokenizer: Any, person: Constraint) -> None:
    processor = ConstraintLogitsProcessor(person, max_new_tokens=LIMIT)
    prompt = '{"name": "red", "tags": ["red", "green"]} {"name":'
    options = {"do_sample": False, "prompt_lookup_num_tokens": 5}
    (text,) = run(model, tokenizer, [prompt], processor, **options)
    assert is_person(text)
    assert [text] == run(model, tokenizer, [prompt], processor, do_sample=False)


@pytest.mark.parametrize("slack", [0, 1, 3, 10])
def test_outputs_end_within_the_limit(
    model: Any, tokenizer: Any, person: Constraint, slack: int
) -> None:
    limit = person.matcher().tokens_to_finish() + slack
    processor = ConstraintLogitsProcessor(person, max_new_tokens=limit)
    texts = run(model, tokenizer, PROMPTS, processor, max_new_tokens=limit, do_sample=True)
    assert all(map(is_person, texts))


def test_a_limit_below_the_shortest_output(person: Constraint) -> None:
    fewest = person.matcher().tokens_to_finish()
    with pytest.raises(GenerationError, match=rf"{fewest} tokens.*max_new_tokens is {fewest - 1}"):
        ConstraintLogitsProcessor(person, max_new_tokens=fewest - 1)


def test_one_processor_for_calls_one_after_another(
    model: Any, tokenizer: Any, code: Constraint
) -> None:
    processor = ConstraintLogitsProcessor(code, max_new_tokens=LIMIT)
    for prompts in (PROMPTS, PROMPTS[:1], PROMPTS[1:2], PROMPTS[1:2], ["A person: yes", "x"]):
        texts = run(model, tokenizer, prompts, processor, do_sample=False)
        fresh = ConstraintLogitsProcessor(code, max_new_tokens=LIMIT)
        assert texts == run(model, tokenizer, prompts, fresh, do_sample=False)


def test_a_prompt_that_could_be_an_output_is_told_apart_or_refused(
    tokenizer: Any, code: Constraint
) -> None:
    processor = ConstraintLogitsProcessor(code)
    scores = torch.zeros(1, WIDTH)
    prompt = tokenizer("A person:", return_tensors="pt").input_ids
    first = processor(prompt, scores)
    more = torch.cat([prompt, prompt], dim=1)  # too many tokens at once
    assert torch.equal(processor(more, scores), first)
    with pytest.raises(GenerationError, match="new ConstraintLogitsProcessor"):
        processor(torch.cat([more, prompt[:, :1] * 0 + 5], dim=1), scores)


def test_state_comes_from_the_tokens_alone(tokenizer: Any, person: Constraint) -> None:
    """Rows swapped, cut back and replaced at random; a fresh processor must agree."""
    generator = torch.Generator().manual_seed(1)
    processor = ConstraintLogitsProcessor(person, max_new_tokens=LIMIT)
    prompt = tokenizer(["x"] * 4, return_tensors="pt").input_ids
    rows = prompt
    scores = torch.randn(4, WIDTH, generator=generator)
    for step in range(60):
        masked = processor(rows, scores)
        fresh = ConstraintLogitsProcessor(person, max_new_tokens=LIMIT)
        fresh(prompt, scores)
        fresh._widest = rows.shape[1]
        assert torch.equal(masked, fresh(rows, scores))
        tokens = torch.multinomial(masked.softmax(-1), 1, generator=generator)
        rows = torch.cat([rows, tokens], dim=1)[torch.randint(0, 4, (4,), generator=generator)]
        if step % 7 == 6:
            rows = rows[:, : max(prompt.shape[1], rows.shape[1] - 4)]
    assert rows.shape[1] > prompt.shape[1] + 20


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_scores_of_any_type_are_not_changed_in_place(
    tokenizer: Any, code: Constraint, dtype: torch.dtype
) -> None:
    scores = torch.zeros(1, WIDTH, dtype=dtype)
    masked = ConstraintLogitsProcessor(code)(torch.tensor([[1, 2]]), scores)
    assert masked.dtype == dtype
    assert not scores.any()
    kept = {tokenizer.decode([i]) for i in masked[0].isfinite().nonzero().flatten().tolist()}
    assert kept
    assert all(re.fullmatch(r"[A-Z]{1,5}-?\d{0,4}", text) for text in kept)


def test_finished_rows_may_only_be_padded(tokenizer: Any, code: Constraint) -> None:
    processor, eos = ConstraintLogitsProcessor(code), tokenizer.eos_token_id
    rows = torch.tensor([[1], [1]])
    for token in [*tokenizer.encode("AB-1234"), eos, 7, 7]:
        masked = processor(rows, torch.zeros(2, WIDTH))
        rows = torch.cat([rows, torch.tensor([[token], [token]])], dim=1)
    masked = processor(rows, torch.zeros(2, WIDTH))
    assert masked.isfinite().nonzero().tolist() == [[0, eos], [1, eos]]


def test_memory_of_matchers_is_bounded(tokenizer: Any, vocabulary: Vocabulary) -> None:
    constraint = compile_regex("a*", vocabulary)
    processor = ConstraintLogitsProcessor(constraint)
    (a,) = tokenizer.encode("a")
    rows = torch.tensor([[1]])
    for _ in range(400):
        processor(rows, torch.zeros(1, WIDTH))
        rows = torch.cat([rows, torch.tensor([[a]])], dim=1)
    assert len(processor._followers[0]._known) <= 132


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_scores_without_a_choice(code: Constraint, value: float) -> None:
    with pytest.raises(GenerationError, match="NaN"):
        ConstraintLogitsProcessor(code)(torch.tensor([[1]]), torch.full((1, WIDTH), value))


def test_fewer_scores_than_tokens(code: Constraint) -> None:
    with pytest.raises(VocabularyError, match=r"100 logits.*500"):
        ConstraintLogitsProcessor(code)(torch.tensor([[1]]), torch.zeros(1, 100))


def test_constraints_that_do_not_divide_the_rows(code: Constraint, person: Constraint) -> None:
    with pytest.raises(ConstraintError, match="2 constraints do not divide 3 rows"):
        ConstraintLogitsProcessor([code, person])(torch.zeros(3, 1).long(), torch.zeros(3, WIDTH))
    with pytest.raises(ConstraintError, match="no constraint"):
        ConstraintLogitsProcessor([])


def test_what_is_no_constraint() -> None:
    for thing in ("schema", {"type": "null"}, ["schema"]):
        with pytest.raises(ConstraintError, match="is no constraint; compile it"):
            ConstraintLogitsProcessor(thing)  # type: ignore[arg-type]


def test_a_refused_beam_is_read_once(
    tokenizer: Any, vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it goes on beside one that follows the constraint."""
    processor = ConstraintLogitsProcessor(compile_regex("a*", vocabulary))
    read = 0
    accept = Matcher.accept

    def counting(self: Matcher, token: int) -> bool:
        nonlocal read
        read += 1
        return accept(self, token)

    monkeypatch.setattr(Matcher, "accept", counting)
    good, bad = (tokenizer.encode(text, add_special_tokens=False)[0] for text in ("a", "z"))
    for length in range(30):
        rows = [[0, *[good] * length], [0, *[bad] * length]]
        scores = processor(torch.tensor(rows), torch.zeros(2, WIDTH))
        assert scores[0, good].isfinite()
        assert not scores[0, bad].isfinite()
    assert read == 30
