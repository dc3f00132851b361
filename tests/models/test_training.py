"""The training documents, and the training script from end to end."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
import torch
from jsonschema import Draft202012Validator

from constrain.models import BundledModel
from constrain.models.bundled import FOLDER
from constrain.models.prompt import format_prompt
from constrain.models.training.documents import documents
from constrain.models.training.growth import deepened


def test_every_value_obeys_its_schema() -> None:
    formats = Draft202012Validator.FORMAT_CHECKER
    for document in islice(documents(11), 1500):
        assert json.loads(document.output) == document.value
        if document.schema is not None:
            Draft202012Validator.check_schema(document.schema)
            Draft202012Validator(document.schema, format_checker=formats).validate(document.value)


def test_names_and_mails_agree() -> None:
    values = [document.value for document in islice(documents(12), 3000)]
    people = [value for value in values if isinstance(value, dict)]
    pairs = [
        (person[name], person["email"])
        for person in people
        for name in ("first_name", "firstName")
        if person.get(name) and person.get("email")
    ]
    assert len(pairs) > 5
    for name, mail in pairs:
        assert re.match(rf"{name.lower()}(\.[a-z]+)?@", mail)


def test_documents_come_in_all_shapes() -> None:
    some = list(islice(documents(13), 500))
    assert {document.prompt is None for document in some} == {True, False}
    assert {document.schema is None for document in some} == {True, False}
    assert {document.indent for document in some} == {None, 2}
    text = json.dumps([document.schema for document in some])
    for keyword in (
        "$schema $defs $ref title description required additionalProperties enum const format "
        "pattern minimum maximum minLength maxLength items minItems maxItems anyOf"
    ).split():
        assert f'"{keyword}"' in text


def test_the_layout_of_a_prompt() -> None:
    assert format_prompt(None, None) == ""
    assert format_prompt("A person:", None) == "A person:\n"
    assert format_prompt("A person:", "{}") == "A person:\n{}\n"


@pytest.mark.slow
def test_the_script_is_reproducible(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        command = [sys.executable, "-m", "constrain.models.training", "--quick", "--seed", "3"]
        log = subprocess.run(
            [*command, "--out", folder], check=True, capture_output=True, text=True
        ).stdout
        losses = [float(loss) for loss in re.findall(r"loss ([0-9.]+)", log)]
        assert losses[-1] < 6.2  # log(512) is 6.24
    one, two = ({f.name: f.read_bytes() for f in folder.iterdir()} for folder in folders)
    assert one == two
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(one)


def test_a_deeper_model_begins_with_what_the_trained_one_says() -> None:
    ids = torch.tensor([[5, 9, 300, 17, 2000]])
    deeper = deepened(FOLDER, 8)
    assert deeper.config.num_hidden_layers == 8
    with torch.inference_mode():
        torch.testing.assert_close(deeper(ids).logits, BundledModel().model(ids).logits)
    with pytest.raises(ValueError, match="no multiple of 4"):
        deepened(FOLDER, 6)
