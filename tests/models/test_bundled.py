"""The bundled model: its size, its speed, and that it writes what was asked for."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import numpy as np
import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

from constrain import GenerationError, compile_json_schema
from constrain.models import BundledModel
from constrain.models.bundled import FOLDER, SIZES
from constrain.models.training.words import FEMALE_NAMES, LAST_NAMES, MALE_NAMES
from constrain.speculation import Chains, VerifiedSampler

PERSON = {
    "type": "object",
    "properties": {
        "first_name": {"type": "string"},
        "last_name": {"type": "string"},
        "email": {"type": "string", "format": "email"},
        "age": {"type": "integer", "minimum": 0},
        "city": {"type": "string"},
    },
    "required": ["first_name", "last_name", "email", "age", "city"],
}


@pytest.fixture(scope="module")
def model() -> BundledModel:
    return BundledModel()


def write(model: BundledModel, prompt: str | None, schema: object, limit: int = 200) -> str:
    """The most likely tokens, unconstrained."""
    schema_text = None if schema is None else json.dumps(schema)
    ids = model.encode_prompt(prompt, schema_text)
    output: list[int] = []
    while len(output) < limit:
        token = int(np.argmax(model.logprobs([[*ids, *output]])[0]))
        if token in model.vocabulary.eos_token_ids:
            break
        output.append(token)
    return b"".join(model.vocabulary.token_bytes(t) or b"" for t in output).decode()


def test_it_is_small() -> None:
    for size, most in (("main", 10_000_000), ("draft", 2_000_000)):
        files = [file for file in SIZES[size].iterdir() if file.is_file()]
        assert {file.name for file in files} >= {"config.json", "model.safetensors"}
        assert sum(file.stat().st_size for file in files) <= most


def test_an_unknown_size() -> None:
    with pytest.raises(GenerationError, match="size must be one of main, draft, not 'huge'"):
        BundledModel("huge")


def test_the_draft_model_saves_calls(model: BundledModel) -> None:
    """And several drafts save more than one: k-sequential selection, as its paper says."""
    text = (Path(__file__).parents[2] / "schemas" / "person.json").read_text("utf-8")
    constraint = compile_json_schema(text, model.vocabulary)
    prompt, draft = model.encode_prompt(None, text), BundledModel("draft")
    assert draft.vocabulary == model.vocabulary
    one, many = (
        VerifiedSampler(model, constraint, draft=draft, rule=rule, shape=shape, seed=1)
        for rule, shape in (("rejection", Chains(4)), ("spectr", Chains(4, 8)))
    )
    samples = [*one.sample(prompt, 3, 150), *many.sample(prompt, 3, 150)]
    assert all(sample.finished for sample in samples)
    assert 2 < one.account.block_efficiency < many.account.block_efficiency


def test_transformers_loads_it() -> None:
    assert isinstance(AutoModelForCausalLM.from_pretrained(FOLDER), LlamaForCausalLM)
    tokenizer = AutoTokenizer.from_pretrained(FOLDER)
    text = 'Zoë paid 12.50 € for {"日本": "😀"}\n'
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False).input_ids) == text


def test_it_loads_quickly() -> None:
    started = time.perf_counter()
    BundledModel()
    assert time.perf_counter() - started < 5  # 0.3 s where nothing else runs


def test_a_person_under_a_schema(model: BundledModel) -> None:
    """Unconstrained: it may leave something out, but what it writes looks like what it should."""
    person = json.loads(write(model, None, PERSON))
    assert list(PERSON["properties"])[: len(person)] == list(person)
    assert {person["first_name"], person["last_name"]} <= {*FEMALE_NAMES, *MALE_NAMES, *LAST_NAMES}
    assert re.fullmatch(r"[a-z]+(\.[a-z]+)?@[a-z]+\.[a-z]+", person["email"])


@pytest.mark.parametrize(
    ("request_text", "pattern"),
    [
        (
            "Write an event with title and date.",
            r'\{"title": "[A-Z][A-Za-z ]+", "date": "\d{4}-\d\d-\d\d", ',
        ),
        (
            "A product with name and price as JSON:",
            r'\{"name": "[A-Z][A-Za-z ]+", "price": \d+\.\d\d?, ',
        ),
    ],
)
def test_a_request_in_english(model: BundledModel, request_text: str, pattern: str) -> None:
    assert re.match(pattern, write(model, request_text, None, limit=40))


def test_messages_are_refused(model: BundledModel) -> None:
    with pytest.raises(GenerationError, match="chats"):
        model.encode_prompt([{"role": "user", "content": "Hello"}])


def test_the_layout_of_the_schema_text_does_not_matter(model: BundledModel) -> None:
    texts = [json.dumps(PERSON, indent=indent) for indent in (None, 4)]
    one, two = (model.encode_prompt("A person:", text) for text in texts)
    assert one == two
    assert one[0] == model.tokenizer.bos_token_id
    assert one.count(one[0]) == 1


def test_a_schema_too_long_for_the_context_is_left_out(model: BundledModel) -> None:
    schema = {"enum": [f"value {i}" for i in range(2000)]}
    assert model.encode_prompt("One:", json.dumps(schema)) == model.encode_prompt("One:")
