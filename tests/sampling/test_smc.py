"""SMC: evidence without bias, posteriors that converge, potentials, resampling, a true record."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from constrain import (
    ConstraintError,
    ExtinctionError,
    GenerationError,
    Vocabulary,
    VocabularyError,
    compile_regex,
)
from constrain.models import TableModel
from constrain.sampling import (
    SMC,
    ASApSampler,
    AWRSSampler,
    CARSSampler,
    Critic,
    MaskedSampler,
    ModelPotential,
    Potential,
    RejectionSampler,
    Written,
)
from constrain.sampling.resampling import SCHEMES

from .exact import LETTERS, PROMPT, Exact, enumerate_texts, standard_score

PATTERN = r"a(ba)*0|b(a|0b){1,2}|[ab]{4}"
MAX_TOKENS = 5
MODEL = TableModel(LETTERS, 1)
MASKS = compile_regex(PATTERN, LETTERS)
TRUTH = enumerate_texts(
    MODEL, lambda text: re.fullmatch(PATTERN.encode(), text) is not None, MAX_TOKENS
)
PROPOSALS: dict[str, Any] = {
    "masked": MaskedSampler,
    "awrs": AWRSSampler,
    "rejection": RejectionSampler,
    "asap": ASApSampler,
    "cars": CARSSampler,
}


def text_of(tokens: tuple[int, ...]) -> str:
    return b"".join(LETTERS.token_bytes(token) or b"" for token in tokens).decode()


def fond_of_a(texts: list[str]) -> list[float]:
    return [0.7 * text.count("a") - 0.4 * text.count("b") for text in texts]


CRITIC = Critic(fond_of_a, fond_of_a)
HARD = Critic(lambda texts: [0.0 if "b" in text else -math.inf for text in texts])


def tilted(potential: Potential, truth: Exact = TRUTH) -> Exact:
    texts = [Written(tokens, text_of(tokens).encode()) for tokens in truth.texts]
    factors = np.exp(np.asarray(potential.complete(texts)))
    pairs = zip(truth.texts.items(), factors, strict=True)
    return Exact({tokens: p * factor for (tokens, p), factor in pairs})


def evidence(smc: Any, seeds: int, n: int, **settings: Any) -> np.ndarray:
    return np.exp(
        [
            SMC(smc(MODEL, MASKS, seed=seed), **settings).run(PROMPT, n, MAX_TOKENS).log_evidence
            for seed in range(seeds)
        ]
    )


@pytest.mark.parametrize("name", PROPOSALS)
def test_the_evidence_is_unbiased(name: str) -> None:
    found = evidence(PROPOSALS[name], 120, 8, potential=CRITIC, ess_threshold=0.8)
    assert abs(standard_score(found, tilted(CRITIC).z)) < 4


class Fittest(SMC):
    """Deliberately wrong: resampling keeps the heaviest particle alone."""

    def _parents(self, log_weights: Any, step: int) -> tuple[int, ...]:
        return (int(np.argmax(log_weights)),) * len(log_weights)


class Insistent(SMC):
    """Deliberately wrong: what the potential said of a beginning is never taken back."""

    def _steer(self, particles: Any, moved: Any, steered: list[float]) -> None:
        super()._steer(particles, moved, [0.0] * len(steered))


@pytest.mark.parametrize("wrong", [Fittest, Insistent])
def test_wrong_resampling_is_found_out(wrong: type[SMC]) -> None:
    found = [
        math.exp(
            wrong(MaskedSampler(MODEL, MASKS, seed=seed), potential=CRITIC, ess_threshold=1.0)
            .run(PROMPT, 8, MAX_TOKENS)
            .log_evidence
        )
        for seed in range(150)
    ]
    assert abs(standard_score(np.array(found), tilted(CRITIC).z)) > 6


@pytest.mark.parametrize("resampling", SCHEMES)
def test_the_evidence_is_unbiased_by_any_resampling(resampling: str) -> None:
    found = evidence(MaskedSampler, 150, 6, ess_threshold=1.0, resampling=resampling)
    assert abs(standard_score(found, TRUTH.z)) < 4


@pytest.mark.parametrize("scheme", SCHEMES)
def test_offspring_are_as_many_as_the_weights_say(scheme: str) -> None:
    rng = np.random.default_rng(1)
    n = 6
    weights = np.array([0.31, 0.0, 0.25, 0.04, 0.33, 0.07])
    counts = np.array(
        [np.bincount(SCHEMES[scheme](weights, rng.random(n)), minlength=n) for _ in range(4000)]
    )
    assert (counts.sum(1) == n).all()
    for number, weight in zip(counts.T, weights, strict=True):
        assert abs(standard_score(number, n * weight)) < 4
    if scheme in ("systematic", "residual"):
        assert (counts >= np.floor(n * weights)).all()


def test_schemes_differ_as_they_should() -> None:
    """Every other scheme varies less than independent draws."""
    rng = np.random.default_rng(2)
    weights = rng.dirichlet(np.ones(8))
    spread = {
        name: np.var(
            [np.bincount(scheme(weights, rng.random(8)), minlength=8) for _ in range(2000)], axis=0
        ).sum()
        for name, scheme in SCHEMES.items()
    }
    assert max(spread, key=spread.__getitem__) == "multinomial"
    assert min(spread, key=spread.__getitem__) == "systematic"


def distance(posterior: dict[str, float], truth: Exact) -> float:
    """Total variation."""
    exact: dict[str, float] = {}
    for tokens, p in truth.conditional.items():
        exact[text_of(tokens)] = exact.get(text_of(tokens), 0.0) + p
    return sum(abs(posterior.get(t, 0.0) - p) for t, p in exact.items()) / 2


@pytest.mark.parametrize("potential", [None, CRITIC, HARD, HARD * CRITIC])
def test_the_posterior_converges(potential: Potential | None) -> None:
    truth = tilted(potential) if potential else TRUTH
    at = []
    for n in (20, 1500):
        smc = SMC(AWRSSampler(MODEL, MASKS, seed=4), potential=potential)
        posterior = smc.run(PROMPT, n, MAX_TOKENS).posterior()
        assert sum(posterior.values()) == pytest.approx(1)
        at.append(distance(posterior, truth))
    assert at[1] < 0.07 < at[0]


def test_two_models_are_a_product_of_experts() -> None:
    other = TableModel(LETTERS, 9)
    prompt = (1,)
    truth = Exact(
        {
            tokens: p
            * math.exp(
                0.5
                * sum(
                    other.logprobs([(*prompt, *tokens[:i])])[0, token]
                    for i, token in enumerate(tokens)
                )
            )
            for tokens, p in TRUTH.texts.items()
        }
    )
    potential = ModelPotential(other, prompt, power=0.5)
    run = SMC(MaskedSampler(MODEL, MASKS, seed=1), potential=potential).run(
        PROMPT, 1000, MAX_TOKENS
    )
    assert distance(run.posterior(), truth) < 0.08
    assert run.log_evidence == pytest.approx(math.log(truth.z), abs=0.15)


def test_a_model_as_potential_forgets_and_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [Written(tokens, b"") for tokens in ((0, 1), (0, 1, 2), (3,), (0, 1, 2, 0), (0, 1))]
    whole = ModelPotential(MODEL, PROMPT).prefix(texts)
    monkeypatch.setattr("constrain.sampling.potential._REMEMBERED", 3)
    forgetful = ModelPotential(MODEL, PROMPT)
    assert [forgetful.prefix([text])[0] for text in texts] == pytest.approx(list(whole))
    assert sum(map(len, forgetful._known)) <= 3


def test_the_evidence_of_a_product_is_unbiased() -> None:
    """Two prompts of one model, and a critic."""
    potential = ModelPotential(MODEL, (1,), power=0.5) * CRITIC
    found = evidence(MaskedSampler, 120, 8, potential=potential, ess_threshold=0.8)
    assert abs(standard_score(found, tilted(potential).z)) < 4
    assert abs(standard_score(found, tilted(CRITIC).z)) > 8


LONG_SHOTS = TableModel(LETTERS, lambda prefix: [1, 1, 0, 1e-9, 1])


@pytest.mark.parametrize(("model", "pattern"), [(MODEL, PATTERN), (LONG_SHOTS, "a|b0{9}")])
def test_the_record_is_true(model: TableModel, pattern: str) -> None:
    """Also where resampling leaves only texts that are finished already."""
    proposal = MaskedSampler(model, compile_regex(pattern, LETTERS), seed=6)
    run = SMC(proposal, potential=CRITIC, ess_threshold=1.0).run(PROMPT, 12, 9)
    assert any(step.resampled for step in run.steps)
    texts = [b""] * 12
    for step in run.steps:
        texts = [texts[i] + added for i, added in zip(step.parents, step.added, strict=True)]
        assert step.resampled or step.parents == tuple(range(12))
    last = run.steps[-1]
    assert [sample.text for sample in run.samples] == [text.decode() for text in texts]
    assert [sample.log_weight for sample in run.samples] == last.log_weights.tolist()


def test_the_same_seed_is_the_same_run() -> None:
    runs = [SMC(AWRSSampler(MODEL, MASKS, seed=5)).run(PROMPT, 10, MAX_TOKENS) for _ in range(2)]
    assert runs[0].samples == runs[1].samples


def test_all_dead_is_evidence_zero() -> None:
    smc = SMC(MaskedSampler(MODEL, compile_regex("a{9}", LETTERS)))
    run = smc.run(PROMPT, 4, 3)
    assert run.log_evidence == -math.inf
    assert run.effective == 0
    assert all("max_tokens" in sample.reason for sample in run.samples)
    with pytest.raises(ExtinctionError, match=r"all 4 texts have died.*4 x max_tokens") as caught:
        run.posterior()
    assert caught.value.run is run


def test_a_text_that_the_potential_rules_out_is_not_finished() -> None:
    nothing = Critic(lambda texts: [-math.inf] * len(texts))
    samples = SMC(MaskedSampler(MODEL, MASKS), potential=nothing).sample(PROMPT, 9, 9)
    assert not any(sample.finished for sample in samples)
    assert "the potential rules the text out" in {sample.reason for sample in samples}


class Recording(Potential):
    """Remembers what it was asked about."""

    def __init__(self) -> None:
        self.batches: list[list[Written]] = []

    def complete(self, texts: Sequence[Written]) -> list[float]:
        self.batches.append(list(texts))
        return [0.0] * len(texts)

    def prefix(self, texts: Sequence[Written]) -> list[float]:
        return self.complete(texts)


def test_potentials_are_asked_in_batches_and_for_equal_texts_once() -> None:
    potential = Recording()
    run = SMC(MaskedSampler(MODEL, MASKS), potential=potential).run(PROMPT, 40, MAX_TOKENS)
    assert len(potential.batches) <= 2 * len(run.steps)
    for texts in potential.batches:
        assert len(set(texts)) == len(texts)
    assert len(potential.batches[0]) < 5


def failing(texts: list[str]) -> list[float]:
    raise RuntimeError("no verdict")


@pytest.mark.parametrize(
    ("critic", "match"),
    [
        (Critic(failing), "RuntimeError: no verdict"),
        (Critic(lambda texts: [math.nan] * len(texts)), "nan"),
        (Critic(lambda texts: [math.inf] * len(texts)), "inf"),
        (Critic(lambda texts: [0.0]), "one logarithm for each"),
        (Critic(fond_of_a, failing), "RuntimeError: no verdict"),
    ],
)
def test_critics_that_fail(critic: Critic, match: str) -> None:
    with pytest.raises(GenerationError, match=match):
        SMC(MaskedSampler(MODEL, MASKS), potential=critic).sample(PROMPT, 30, MAX_TOKENS)


def test_potentials_that_cannot_be_used() -> None:
    other = ModelPotential(TableModel(Vocabulary.from_bytes([b"a", None], [1]), 1), (0,))
    for potential in (other, CRITIC * other):
        with pytest.raises(VocabularyError, match="another vocabulary"):
            SMC(MaskedSampler(MODEL, MASKS), potential=potential)
    with pytest.raises(ConstraintError, match="by Critic"):
        SMC(MaskedSampler(MODEL, MASKS), potential=fond_of_a)  # type: ignore[arg-type]


def test_settings_out_of_range() -> None:
    for settings in ({"ess_threshold": 1.1}, {"resampling": "fair"}):
        with pytest.raises(ConstraintError):
            SMC(MaskedSampler(MODEL, MASKS), **settings)  # type: ignore[arg-type]
