"""Code written with monitors: samplers, speculation, the logits processor, the command."""

from __future__ import annotations

import json

import pytest
import torch
from constrain.integrations.hf import ConstraintLogitsProcessor
from typer.testing import CliRunner

from constrain import ConstraintError, compile_regex, generate, generate_code
from constrain.cli import app
from constrain.models import BundledModel
from constrain.monitors import Arguments, Dereference, monitored
from constrain.sampling import SMC, AWRSSampler
from tests.monitors.repository import place
from tests.monitors.walks import Fixed, check_suggestions

BEFORE = "from shop.stock import Shelf\n\ndef sell(shelf: Shelf):\n    return shelf."
MEMBERS = ("width", "books", "tallest")


@pytest.fixture(scope="module")
def model():
    return BundledModel()


@pytest.fixture(scope="module")
def constraint(model):
    return compile_regex(r"[a-z]{1,4}\.[a-z]{1,8}(\.[a-z ]{1,8})?", model.vocabulary) & Fixed(
        ["name", "names", "address"]
    )


def test_members_are_written(tmp_path, model):
    texts = generate_code(place(tmp_path, BEFORE), model, n=5, seed=1, max_tokens=12)
    names = [text.split("(")[0].split(".")[0].split(" ")[0] for text in texts]
    members = Dereference(place(tmp_path, BEFORE)).suggest(BEFORE)
    assert all(any(name.startswith(m) for m in members) for name in names), texts
    for sampler in ("awrs", "smc"):
        where, settings = place(tmp_path, BEFORE), {"pattern": "[a-z]{0,7}", "max_tokens": 12}
        text = generate_code(where, model, seed=1, sampler=sampler, particles=4, **settings)
        assert text in MEMBERS


@pytest.mark.parametrize("sampler", ["masked", "awrs", "smc"])
def test_speculation_writes_the_same(model, constraint, sampler):
    plain, drafted = (
        generate(
            constraint,
            model,
            n=4,
            seed=3,
            max_tokens=25,
            sampler=sampler,
            particles=4,
            draft=draft,
            return_details=True,
        )
        for draft in (None, "auto")
    )
    assert [text.token_ids for text in plain] == [text.token_ids for text in drafted]
    assert any("." in text.value for text in plain)


def test_particles_are_resampled_with_their_monitors(model, constraint):
    samples = SMC(AWRSSampler(model, constraint, seed=5)).sample([], n=8, max_tokens=25)
    again = SMC(AWRSSampler(model, constraint, seed=5)).sample([], n=8, max_tokens=25)
    assert [s.token_ids for s in samples] == [s.token_ids for s in again]
    for sample in samples:
        matcher = constraint.matcher()
        assert all(map(matcher.accept, sample.token_ids))


def test_several_monitors(tmp_path, model):
    before = BEFORE.replace("return shelf.", "return shelf.tallest().open(")
    where = place(tmp_path, before)
    texts = generate_code(
        where,
        model,
        monitors=["dereference", Arguments(where)],
        pattern=r"[0-9a-z, ]{0,8}\)",
        n=4,
        seed=2,
    )
    assert all("," not in text for text in texts)


def test_the_command(tmp_path):
    where = place(tmp_path, BEFORE)
    where.path.write_text(BEFORE + "\n\nprint(1)\n")
    arguments = ["code", str(where.path), "--line", "4", "--repo", str(tmp_path), "-s", "1"]
    arguments += ["--pattern", "[a-z]+", "--json", "--monitor", "dereference", "--monitor", "names"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["results"][0]["value"] in MEMBERS
    wrong = CliRunner().invoke(app, [*arguments, "--monitor", "nothing"])
    assert wrong.exit_code == 2
    assert "no monitor 'nothing'" in wrong.stdout
    beyond = CliRunner().invoke(app, ["code", str(where.path), "--line", "99"])
    assert (beyond.exit_code, "no line 99" in beyond.stderr) == (2, True)


def test_the_logits_processor(model, constraint):
    for seed in range(3):
        torch.manual_seed(seed)
        prompt = torch.tensor([model.encode_prompt("A name.")])
        processor = ConstraintLogitsProcessor(constraint, max_new_tokens=25)
        rows = model.model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            logits_processor=[processor],
            do_sample=True,
            num_return_sequences=2,
            max_new_tokens=25,
            pad_token_id=model.vocabulary.eos_token_ids[0],
        )
        for row in rows[:, prompt.shape[1] :].tolist():
            matcher = constraint.matcher()
            assert all(matcher.accept(t) for t in row if not matcher.is_finished())
            assert matcher.is_finished()


def test_divisions_into_tokens_of_a_model(model):
    names = {"name", "names", "first_name", "address2"}
    check_suggestions(monitored(model.vocabulary, Fixed(names)), b"x.", names)


def test_unknown_monitors(tmp_path, model):
    with pytest.raises(ConstraintError, match="there are dereference"):
        generate_code(place(tmp_path, BEFORE), model, monitors=["members"])
