"""`HFModel` against the model itself, run without a cache on each prefix alone."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch

from constrain import GenerationError, VocabularyError
from constrain.models import HFModel

from .conftest import WIDTH, make_model, make_tokenizer

CHAT = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def expected(model: Any, prefixes: list[list[int]]) -> np.ndarray:
    with torch.inference_mode():
        rows = [model(torch.tensor([p]), use_cache=False).logits[0, -1] for p in prefixes]
    return torch.stack(rows).double().log_softmax(-1).numpy()


def spelt(model: HFModel, token_ids: list[int]) -> bytes:
    return b"".join(model.vocabulary.token_bytes(i) or b"?" for i in token_ids)


def tokens(rng: random.Random, count: int) -> list[int]:
    return rng.choices(range(258), k=count)


def count_positions(model: HFModel) -> list[int]:
    """The number of positions in each later forward pass, as they come."""
    seen: list[int] = []
    model.model.register_forward_pre_hook(
        lambda _, __, kwargs: seen.append(kwargs["input_ids"].numel()), with_kwargs=True
    )
    return seen


def test_decoding_token_by_token(any_model: Any, tokenizer: Any) -> None:
    model, rng = HFModel(any_model, tokenizer), random.Random(1)
    prefix = tokens(rng, 12)
    for _ in range(20):
        np.testing.assert_allclose(
            model.logprobs([prefix]), expected(any_model, [prefix]), atol=1e-4
        )
        prefix = [*prefix, rng.randrange(256)]


def test_any_history_of_batches(any_model: Any, tokenizer: Any) -> None:
    """Extend, cut back, copy, drop and replace rows at random; the cache is never seen."""
    model, rng = HFModel(any_model, tokenizer), random.Random(2)
    rows = [tokens(rng, rng.randint(1, 9)) for _ in range(3)]
    for _ in range(40):
        np.testing.assert_allclose(model.logprobs(rows), expected(any_model, rows), atol=1e-4)
        rows = [list(row) for row in rng.choices(rows, k=rng.randint(1, 4))]
        for row in rows:
            if rng.random() < 0.3:
                del row[rng.randint(1, len(row)) :]
            if len(row) < 50:
                row.extend(tokens(rng, rng.randint(0, 2)))
        if rng.random() < 0.2:
            rows.append(tokens(rng, rng.randint(1, 9)))


def test_a_new_token_costs_one_position(tokenizer: Any) -> None:
    model = HFModel(make_model("llama"), tokenizer)
    seen, rng = count_positions(model), random.Random(3)
    prompt = tokens(rng, 8)
    rows = [[*prompt, i] for i in range(4)]
    model.logprobs(rows[:1])
    for _ in range(3):
        rows = [[*row, rng.randrange(256)] for row in rows]
        model.logprobs(rows)
    rows = [[*rows[i], rng.randrange(256)] for i in (0, 0, 2, 2)]  # as resampling does
    model.logprobs(rows)
    model.logprobs([rows[0][:5]])
    assert seen == [9, 4 * 2, 4, 4, 4, 1]


def test_beginnings_of_a_prefix_are_read_with_it(tokenizer: Any) -> None:
    source = make_model("llama")
    model = HFModel(source, tokenizer)
    prompt = tokens(random.Random(4), 10)
    model.logprobs([prompt])
    guesses = [[*prompt, 1], [*prompt, 1, 2], [*prompt, 1, 2, 3], [*prompt, 1]]
    truth = expected(source, guesses)
    seen = count_positions(model)
    np.testing.assert_allclose(model.logprobs(guesses), truth, atol=1e-4)
    assert seen == [3]


def branches(rng: random.Random, prompt: list[int], count: int) -> list[list[int]]:
    """The prompt and continuations of it, each of the prompt or of another one."""
    found = [prompt]
    for _ in range(count):
        found.append([*rng.choice(found), rng.randrange(4)])
    return found


def test_trees(any_model: Any, tokenizer: Any) -> None:
    """Grow a tree, go on from one of its branches; wherever a model reads a tree or only rows."""
    model, rng = HFModel(any_model, tokenizer), random.Random(6)
    prefix = tokens(rng, 10)
    for _ in range(8):
        tree = branches(rng, prefix, 7)
        np.testing.assert_allclose(model.logprobs(tree), expected(any_model, tree), atol=1e-4)
        prefix = [*rng.choice(tree), rng.randrange(4)]


def test_trees_of_several_texts(any_model: Any, tokenizer: Any) -> None:
    model, rng = HFModel(any_model, tokenizer), random.Random(7)
    texts = [tokens(rng, 10), tokens(rng, 7), tokens(rng, 7)]
    texts.append([*texts[0][:8], 5])
    for _ in range(5):
        asked = [prefix for text in texts for prefix in branches(rng, text, rng.randint(0, 5))]
        np.testing.assert_allclose(model.logprobs(asked), expected(any_model, asked), atol=1e-4)
        texts = [[*rng.choice([p for p in asked if p[: len(t)] == t]), 9] for t in texts]


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_a_tree_is_read_in_one_pass(kind: str, tokenizer: Any) -> None:
    """A position for each different continuation, and the last token of the prompt again."""
    model, prompt = HFModel(make_model(kind), tokenizer), tokens(random.Random(8), 10)
    model.logprobs([prompt])
    seen = count_positions(model)
    ways = [[1], [1, 2], [1, 2, 3], [1, 4], [5], [5, 4, 3, 2]]
    model.logprobs([prompt, *([*prompt, *way] for way in ways)])
    assert seen == [1 + 8]
    model.logprobs([[*prompt, 1, 4, 7]])
    assert seen == [1 + 8, 1]


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_texts_of_different_lengths_side_by_side(kind: str, tokenizer: Any) -> None:
    """A token each, or a guess or two more, of which some come true; texts end on the way."""
    source, rng = make_model(kind), random.Random(7)
    model = HFModel(source, tokenizer)
    texts = [tokens(rng, length) for length in (12, 9, 5, 3)]
    model.logprobs(texts)
    for step in range(12):
        if step in (4, 8):
            del texts[step // 8]  # the longest first
        texts = [[*text, *tokens(rng, 1)] for text in texts]
        guesses = [tokens(rng, 2 * (step % 3 == 2)) for _ in texts]
        asked = [
            [*text, *more[:i]]
            for text, more in zip(texts, guesses, strict=True)
            for i in range(len(more) + 1)
        ]
        np.testing.assert_allclose(model.logprobs(asked), expected(source, asked), atol=1e-4)
        kept = [rng.randrange(len(more) + 1) for more in guesses]
        texts = [[*t, *more[:i]] for t, more, i in zip(texts, guesses, kept, strict=True)]


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_texts_of_any_lengths_are_read_in_one_pass(kind: str, tokenizer: Any) -> None:
    """Side by side, padded; some of them trees, one new."""
    source, rng = make_model(kind), random.Random(12)
    model = HFModel(source, tokenizer)
    texts = [tokens(rng, length) for length in (12, 9, 9, 5)]
    for text in texts[:3]:
        model.logprobs([text])
    ways: list[list[list[int]]] = [[[1], [1, 2], [3]], [[4, 5, 6]], [[]], [[7]]]
    asked = [[*text, *way] for text, some in zip(texts, ways, strict=True) for way in some]
    later = [[*asked[i], 8] for i in (1, 3, 5)]
    truth, truth_later = expected(source, asked), expected(source, later)
    seen = count_positions(model)
    np.testing.assert_allclose(model.logprobs(asked), truth, atol=1e-4)
    np.testing.assert_allclose(model.logprobs(later), truth_later, atol=1e-4)
    assert seen == [4 * 6, 3]  # the new text has five tokens and one more


@pytest.mark.parametrize("kind", ["mistral", "mamba"])
def test_a_window_or_a_state_sees_no_tree(kind: str, tokenizer: Any) -> None:
    model, prompt = HFModel(make_model(kind), tokenizer), tokens(random.Random(9), 10)
    model.logprobs([prompt])
    seen = count_positions(model)
    model.logprobs([[*prompt, 1, 2], [*prompt, 3, 4, 5]])
    assert len(seen) == 2


@pytest.mark.parametrize("cache_bytes", [0, 1 << 30])
def test_a_new_prompt_is_read_before_its_tree(tokenizer: Any, cache_bytes: int) -> None:
    source = make_model("llama", max_position_embeddings=400)
    model = HFModel(source, tokenizer, cache_bytes=cache_bytes)
    rng = random.Random(10)
    prompt = tokens(rng, 300)
    tree = branches(rng, prompt, 9)
    truth, places = expected(source, tree), len(set(map(tuple, tree)))
    seen = count_positions(model)
    np.testing.assert_allclose(model.logprobs(tree), truth, atol=1e-4)
    assert seen == [299, places if cache_bytes else 299 + places]


def test_unrelated_prompts_are_no_tree(tokenizer: Any) -> None:
    model, rng = (
        HFModel(make_model("llama", max_position_embeddings=400), tokenizer),
        random.Random(11),
    )
    seen = count_positions(model)
    model.logprobs([[256, *tokens(rng, 200)], [256, *tokens(rng, 220)]])
    assert sorted(seen) == [201, 221]


@pytest.mark.parametrize("cache_bytes", [0, 20_000])
def test_memory_is_bounded(tokenizer: Any, cache_bytes: int) -> None:
    source, rng = make_model("llama"), random.Random(5)
    model = HFModel(source, tokenizer, cache_bytes=cache_bytes)
    for _ in range(30):
        rows = [tokens(rng, 30) for _ in range(2)]
        np.testing.assert_allclose(model.logprobs(rows), expected(source, rows), atol=1e-4)
        assert model._cache is not None
        assert sum(block.nbytes for block in model._cache._blocks) <= cache_bytes


def test_an_empty_prefix_is_the_beginning_of_a_text(tokenizer: Any) -> None:
    model = HFModel(make_model("llama"), tokenizer)
    np.testing.assert_array_equal(model.logprobs([[]]), model.logprobs([[256]]))


def test_logits_that_no_token_has_are_never_allowed(tokenizer: Any) -> None:
    vocabulary = HFModel(make_model("llama"), tokenizer).vocabulary
    assert vocabulary.size == WIDTH
    assert vocabulary.eos_token_ids == (257,)
    assert all(vocabulary.token_bytes(i) is None for i in range(256, WIDTH))


def test_eos_tokens_of_the_generation_settings_count(tokenizer: Any) -> None:
    source = make_model("llama")
    source.generation_config.eos_token_id = [257, 10]
    assert HFModel(source, tokenizer).vocabulary.eos_token_ids == (10, 257)


def test_fewer_logits_than_tokens(tokenizer: Any) -> None:
    with pytest.raises(VocabularyError, match=r"200.*258"):
        HFModel(make_model("llama", vocab_size=200, bos_token_id=1, eos_token_id=2), tokenizer)


def test_logits_of_another_width(tokenizer: Any) -> None:
    class Narrow(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.zeros(WIDTH, 32)

        def forward(self, hidden: torch.Tensor) -> torch.Tensor:
            return torch.zeros(*hidden.shape[:-1], 100)

    source = make_model("llama")
    source.lm_head = Narrow()
    with pytest.raises(VocabularyError, match=r"100 logits.*264"):
        HFModel(source, tokenizer).logprobs([[1, 2]])


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), float("inf")])
def test_logits_without_a_distribution(tokenizer: Any, value: float) -> None:
    source = make_model("llama")
    source.lm_head.register_forward_hook(lambda *_: torch.full((1, 1, WIDTH), value))
    with pytest.raises(GenerationError, match="NaN"):
        HFModel(source, tokenizer).logprobs([[1, 2]])


def test_a_prompt_longer_than_the_context(tokenizer: Any) -> None:
    model = HFModel(make_model("llama"), tokenizer)
    assert model.context_length == 64
    assert model.logprobs([[1] * 64]).shape == (1, WIDTH)
    with pytest.raises(GenerationError, match=r"65 tokens.*64"):
        model.logprobs([[1], [1] * 65])


def test_a_model_without_a_limit_names_none(tokenizer: Any) -> None:
    assert HFModel(make_model("mamba"), tokenizer).context_length is None


def test_a_model_from_a_folder(tokenizer: Any, tmp_path: Any) -> None:
    source = make_model("gpt2")
    source.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    model = HFModel(tmp_path, device="cpu")
    np.testing.assert_allclose(model.logprobs([[5]]), expected(source, [[5]]), atol=1e-4)


def test_half_precision_weights_give_float32_distributions(tokenizer: Any) -> None:
    model = HFModel(make_model("llama"), tokenizer, dtype=torch.bfloat16)
    logprobs = model.logprobs([[1, 2, 3]])
    assert logprobs.dtype == np.float32
    assert np.exp(logprobs.astype(float)).sum() == pytest.approx(1, abs=1e-5)


def test_a_model_that_does_not_name_its_tokenizer() -> None:
    with pytest.raises(VocabularyError, match="tokenizer"):
        HFModel(make_model("llama"))


def test_a_plain_prompt(tokenizer: Any) -> None:
    model = HFModel(make_model("llama"), tokenizer)
    assert spelt(model, model.encode_prompt("Hello")) == b"Hello"
    text = spelt(model, model.encode_prompt("Hello", '{"type": "null"}'))
    assert text.startswith(b"Hello\n\n")
    assert text.endswith(b'{"type": "null"}\n')


def test_no_prompt_is_no_text(tokenizer: Any) -> None:
    assert HFModel(make_model("llama"), tokenizer).encode_prompt(None) == []


def test_messages_need_a_chat_template(tokenizer: Any) -> None:
    with pytest.raises(GenerationError, match="chat template"):
        HFModel(make_model("llama"), tokenizer).encode_prompt([{"role": "user", "content": "x"}])


def test_the_chat_template_is_applied() -> None:
    model = HFModel(make_model("llama"), make_tokenizer(chat_template=CHAT))
    assert spelt(model, model.encode_prompt("Hi")) == b"<user>Hi\n<assistant>"
    turns = [{"role": "system", "content": "S"}, {"role": "user", "content": "Hi"}]
    text = spelt(model, model.encode_prompt(turns, '{"const": 1}'))
    assert text.startswith(b"<system>S\n<user>Hi\n\n")
    assert text.endswith(b'{"const": 1}\n<assistant>')
    assert turns[-1]["content"] == "Hi"
    alone = spelt(model, model.encode_prompt(None, '{"const": 1}'))
    assert alone.startswith(b"<user>Answer with JSON")


@pytest.mark.parametrize("template", [None, "<s>" + CHAT])
def test_one_bos_not_two(template: str | None) -> None:
    from tokenizers.processors import TemplateProcessing

    tokenizer = make_tokenizer(chat_template=template)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 256), ("</s>", 257)]
    )
    ids = HFModel(make_model("llama"), tokenizer).encode_prompt("Hi")
    assert ids[0] == 256
    assert ids.count(256) == 1
    assert 257 not in ids
