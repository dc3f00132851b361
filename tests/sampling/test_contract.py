"""What every sampler promises: proper weights or exact draws, and noise of its own for a text."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import jsonschema
import numpy as np
import pytest

from constrain import (
    AcceptanceError,
    ConstraintError,
    GenerationError,
    Vocabulary,
    compile_grammar,
    compile_json_schema,
    compile_regex,
)
from constrain.models import TableModel
from constrain.sampling import (
    ASApSampler,
    AWRSSampler,
    CARSSampler,
    MaskedSampler,
    Progress,
    RejectionSampler,
    Sampler,
)
from constrain.sampling.base import OUT_OF_TOKENS
from constrain.sampling.rejection import ExactSampler

from . import exact
from .exact import LETTERS, PROMPT, Asked, chi_square, enumerate_texts, standard_score, weights

PATTERN = r"a(ba)*0|b(a|0b){1,2}|[ab]{4}"
MAX_TOKENS = 5
VALID = re.compile(PATTERN.encode())
MASKS = compile_regex(PATTERN, LETTERS)

WEIGHTED: dict[str, Callable[..., Sampler]] = {
    "masked": MaskedSampler,
    "awrs": AWRSSampler,
    "awrs recursive": partial(AWRSSampler, estimator="recursive", max_rejects=2),
    "awrs geometric": partial(AWRSSampler, estimator="geometric", max_rejects=2),
    "awrs averaged": partial(AWRSSampler, estimator="averaged", max_rejects=2),
    "asap": partial(ASApSampler, round_size=5),
}
EXACT: dict[str, Callable[..., Sampler]] = {
    "rejection": RejectionSampler,
    "cars": CARSSampler,
    "cars in rounds": partial(CARSSampler, round_size=4),
}
ALL = {**WEIGHTED, **EXACT}
ASKING = {name: maker for name, maker in ALL.items() if name != "masked"}


def valid(text: bytes) -> bool:
    return VALID.fullmatch(text) is not None


def asked() -> Asked:
    texts = [b""]
    for _ in range(8):
        texts += [text + c for text in texts for c in (b"a", b"b", b"0") if len(text) < 8]
        texts = list(dict.fromkeys(texts))
        if len(texts[-1]) == 6:
            break
    return Asked(filter(valid, texts))


MODELS = {
    "random": TableModel(LETTERS, 1),
    "peaked": exact.peaked_model(8, power=2),
}


@pytest.fixture(scope="module", params=list(MODELS))
def model(request: pytest.FixtureRequest) -> Any:
    return MODELS[request.param]


@pytest.mark.parametrize("name", WEIGHTED)
@pytest.mark.parametrize("constraint", ["masks", "asked"])
def test_weights_are_proper(name: str, model: TableModel, constraint: str) -> None:
    """E[w] = Z, and E[w 1(x)] = p(x) for each of the likeliest texts."""
    if (name, constraint) == ("masked", "asked"):
        pytest.skip("local masking needs masks")
    truth = enumerate_texts(model, valid, MAX_TOKENS)
    sampler = WEIGHTED[name](model, MASKS if constraint == "masks" else asked(), seed=11)
    samples = sampler.sample(PROMPT, 1000, MAX_TOKENS)
    w = weights(samples)
    assert abs(standard_score(w, truth.z)) < 4
    for text in sorted(truth.texts, key=truth.texts.__getitem__)[-5:]:
        hits = np.array([sample.token_ids == text for sample in samples])
        assert abs(standard_score(w * hits, truth.texts[text])) < 4
    assert {s.token_ids for s in samples if s.finished} <= truth.texts.keys()


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("constraint", ["masks", "asked"])
def test_draws_are_exact(name: str, model: TableModel, constraint: str) -> None:
    truth = enumerate_texts(model, valid, MAX_TOKENS)
    sampler = EXACT[name](model, MASKS if constraint == "masks" else asked(), seed=5)
    samples = sampler.sample(PROMPT, 400, MAX_TOKENS)
    assert chi_square([s.token_ids for s in samples], truth.conditional) < 4
    assert all(s.finished and s.log_weight == 0 for s in samples)


@pytest.mark.parametrize("name", ALL)
def test_samples_say_what_they_are(name: str, model: TableModel) -> None:
    for sample in ALL[name](model, MASKS, seed=2).sample(PROMPT, 20, MAX_TOKENS):
        tokens = sample.token_ids
        rows = model.logprobs([(*PROMPT, *tokens[:i]) for i in range(len(tokens))])
        logprob = rows[np.arange(len(tokens)), list(tokens)].sum()
        assert sample.logprob == pytest.approx(logprob)
        text = b"".join(LETTERS.token_bytes(token) or b"" for token in tokens)
        assert sample.text == text.decode()
        assert sample.finished == (tokens[-1:] == (4,)) == (not sample.reason)
        assert sample.finished == (sample.log_weight > -np.inf)


@pytest.mark.parametrize("name", ALL)
def test_a_sample_does_not_depend_on_the_others(name: str, model: TableModel) -> None:
    make = ALL[name]
    many = make(model, MASKS, seed=7).sample(PROMPT, 12, MAX_TOKENS)
    few = make(model, MASKS, seed=7).sample(PROMPT, 5, MAX_TOKENS)
    assert many[:5] == few
    assert many != make(model, MASKS, seed=8).sample(PROMPT, 12, MAX_TOKENS)


@pytest.mark.parametrize("name", ["masked", "awrs", "awrs recursive", "awrs geometric"])
def test_a_text_can_be_written_by_itself(name: str, model: TableModel) -> None:
    """So that many can be divided over calls, processes and machines, and stay the same."""
    sampler = ALL[name](model, MASKS, seed=7)
    many = sampler.sample(PROMPT, 12, MAX_TOKENS)
    for i in (11, 0, 5):
        particle = sampler.begin(PROMPT, MAX_TOKENS, i)
        while sampler.advance([particle]):
            pass
        assert particle.sample() == many[i]


class Unnormalised(TableModel):
    """Gives two thirds of the weight that it should, at each token."""

    def logprobs(self, prefixes: Any) -> Any:
        return super().logprobs(prefixes) + np.log(2 / 3)


@pytest.mark.parametrize("name", WEIGHTED)
@pytest.mark.parametrize("constraint", ["masks", "asked"])
def test_rows_that_do_not_sum_to_one_are_weights(name: str, constraint: str) -> None:
    if (name, constraint) == ("masked", "asked"):
        pytest.skip("local masking needs masks")
    under = MASKS if constraint == "masks" else asked()
    usual, less = (
        WEIGHTED[name](kind(LETTERS, 1), under, seed=4).sample(PROMPT, 60, MAX_TOKENS)
        for kind in (TableModel, Unnormalised)
    )
    for before, after in zip(usual, less, strict=True):
        assert before.token_ids == after.token_ids
        if before.finished:
            lost = len(before.token_ids) * np.log(2 / 3)
            assert after.log_weight == pytest.approx(before.log_weight + lost)


JSON = Vocabulary.from_bytes([b"[", b"]", b",", b"1", b"tr", b"ue", b"1]", None], [7])
SCHEMA = {"type": "array", "items": {"enum": [True, 11, 1]}, "minItems": 1, "maxItems": 2}


def satisfies(text: bytes) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(value)


def inclined(prefix: tuple[int, ...]) -> Any:
    """A model of JSON that has seen some: it begins with a bracket and ends after one."""
    row = np.exp(TableModel(JSON, 2).logprobs([prefix])[0])
    row[0 if len(prefix) == len(PROMPT) else 7 if prefix[-1] in (1, 6) else 6] += 2
    return row


@pytest.mark.parametrize("name", ["masked", "awrs", "asap", "rejection", "cars"])
def test_json_schemas(name: str) -> None:
    model = TableModel(JSON, inclined)
    truth = enumerate_texts(model, satisfies, 5)
    assert len(truth.texts) >= 4
    constraint = compile_json_schema(SCHEMA, JSON)
    samples = ALL[name](model, constraint, seed=3).sample(PROMPT, 200, 5)
    if name in EXACT:
        assert chi_square([s.token_ids for s in samples], truth.conditional) < 4
    else:
        assert abs(standard_score(weights(samples), truth.z)) < 4


@pytest.mark.parametrize("name", ["awrs", "cars"])
def test_grammars(name: str) -> None:
    def nested(text: bytes) -> bool:
        n = len(text) // 2
        return text == b"a" * n + b"0" + b"b" * n

    model = exact.peaked_model(5, power=1.2)
    truth = enumerate_texts(model, nested, 6)
    assert len(truth.texts) == 3
    constraint = compile_grammar('start: "a" start "b" | "0"', LETTERS)
    samples = ALL[name](model, constraint, seed=3).sample(PROMPT, 200, 6)
    if name in EXACT:
        assert chi_square([s.token_ids for s in samples], truth.conditional) < 4
    else:
        assert abs(standard_score(weights(samples), truth.z)) < 4


class Counting(TableModel):
    """Remembers what it has been asked."""

    def logprobs(self, prefixes: Any) -> Any:
        self.calls = [*getattr(self, "calls", []), list(prefixes)]
        return super().logprobs(prefixes)


@pytest.mark.parametrize("name", ALL)
def test_equal_prefixes_are_asked_once(name: str) -> None:
    model = Counting(LETTERS, 1)
    ALL[name](model, MASKS, seed=1).sample(PROMPT, 30, MAX_TOKENS)
    assert model.calls[0] == [PROMPT]
    for prefixes in model.calls:
        assert len(set(prefixes)) == len(prefixes)


@pytest.mark.parametrize("name", ["masked", "awrs"])
def test_one_call_for_a_step(name: str) -> None:
    model = Counting(LETTERS, 1)
    ALL[name](model, MASKS, seed=1).sample(PROMPT, 30, MAX_TOKENS)
    assert len(model.calls) <= MAX_TOKENS


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("value", [np.nan, -np.inf, np.inf])
def test_rows_that_are_no_distributions(name: str, value: float) -> None:
    class Broken(TableModel):
        def logprobs(self, prefixes: Any) -> Any:
            return np.full((len(prefixes), LETTERS.size), value)

    with pytest.raises(GenerationError, match=r"NaN or infinite|no token any"):
        ALL[name](Broken(LETTERS, 1), MASKS).sample(PROMPT, 2, 4)


@pytest.mark.parametrize("name", ALL)
def test_wrong_arguments(name: str) -> None:
    sampler = ALL[name](TableModel(LETTERS, 1), MASKS)
    with pytest.raises(ConstraintError, match="n must be"):
        sampler.sample(PROMPT, 0, 4)
    with pytest.raises(ConstraintError, match="max_tokens must be"):
        sampler.sample(PROMPT, 1, 0)
    with pytest.raises(ConstraintError, match=r"no constraint|needs masks"):
        ALL[name](TableModel(LETTERS, 1), "a+")
    with pytest.raises(ConstraintError, match="different vocabularies"):
        ALL[name](TableModel(JSON, 1), MASKS)


@pytest.mark.parametrize("name", ASKING)
def test_a_constraint_that_contradicts_itself(name: str) -> None:
    class Fickle:
        def __init__(self) -> None:
            self.called = 0

        def allows(self, prefix: bytes) -> bool:
            return True

        def complete(self, prefix: bytes) -> bool:
            self.called += 1
            return self.called % 2 == 1

    with pytest.raises(GenerationError, match="contradicts itself"):
        ASKING[name](TableModel(LETTERS, 1), Fickle()).sample(PROMPT, 20, 8)


@pytest.mark.parametrize("name", ASKING)
def test_a_constraint_is_asked_once_about_a_text(name: str, model: TableModel) -> None:
    """But for complete texts, which are confirmed."""
    constraint = asked()
    allows, seen = constraint.allows, Counter[bytes]()

    def recorded(text: bytes) -> bool:
        seen[text] += 1
        return allows(text)

    constraint.allows = recorded  # type: ignore[method-assign]
    ASKING[name](model, constraint, seed=1).sample(PROMPT, 30, MAX_TOKENS)
    assert len(seen) > 10
    assert all(valid(text) for text, count in seen.items() if count > 1)


class Refusing:
    """Allows nothing, or ends nothing."""

    def __init__(self, allows: bool) -> None:
        self._allows = allows

    def allows(self, prefix: bytes) -> bool:
        return self._allows

    def complete(self, prefix: bytes) -> bool:
        return False


@pytest.mark.parametrize("name", ASKING)
@pytest.mark.parametrize("allows", [False, True])
def test_a_constraint_that_nothing_satisfies(name: str, allows: bool) -> None:
    sampler = ASKING[name](TableModel(LETTERS, 1), Refusing(allows))
    if isinstance(sampler, ExactSampler):
        sampler.max_attempts = 50
        with pytest.raises(AcceptanceError, match="no text in common"):
            sampler.sample(PROMPT, 3, 4)
        return
    for sample in sampler.sample(PROMPT, 3, 4):
        assert not sample.finished
        assert sample.log_weight == -np.inf
        assert sample.reason in (OUT_OF_TOKENS, "no token that the model draws can follow")


@pytest.mark.parametrize("name", ALL)
def test_a_model_that_gives_valid_texts_no_probability(name: str) -> None:
    """Zero mass after some tokens, not at once."""
    model = TableModel(LETTERS, lambda prefix: [0, 1, 0, 0, 0] if prefix[-1] == 0 else [1] * 5)
    sampler = ALL[name](model, compile_regex("aa|ab0{9}", LETTERS), seed=1)
    if isinstance(sampler, ExactSampler):
        with pytest.raises(AcceptanceError):
            sampler.sample((0,), 2, 4)
        return
    for sample in sampler.sample((0,), 4, 4):
        assert (sample.finished, sample.log_weight) == (False, -np.inf)
        assert sample.reason


@pytest.mark.parametrize("name", ASKING)
@pytest.mark.parametrize("failing", ["allows", "complete"])
def test_a_constraint_that_fails(name: str, failing: str) -> None:
    constraint: Any = Refusing(True)

    def fail(prefix: bytes) -> bool:
        raise RuntimeError("database is locked")

    setattr(constraint, failing, fail)
    with pytest.raises(GenerationError, match=r"asked about b'.*RuntimeError: database is locked"):
        ASKING[name](TableModel(LETTERS, 1), constraint).sample(PROMPT, 9, 9)


@pytest.mark.parametrize("name", ALL)
def test_progress_is_told(name: str, model: TableModel) -> None:
    told: list[Progress] = []
    samples = ALL[name](model, MASKS, seed=1, observe=told.append).sample(PROMPT, 6, MAX_TOKENS)
    assert told
    for progress in told:
        assert 0 <= progress.finished <= progress.attempts
        assert 0 <= progress.effective <= progress.attempts + 1e-9
        assert progress.tokens <= MAX_TOKENS
    if name in EXACT:
        assert told[-1].finished >= len(samples)
        assert told[-1].effective == told[-1].finished
    else:
        assert told[-1].finished == sum(sample.finished for sample in samples)
