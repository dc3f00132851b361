"""The estimators of rejection sampling, token by token, against the mass they estimate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from constrain import ConstraintError, Vocabulary, compile_regex
from constrain.models import TableModel
from constrain.sampling import AWRSSampler, MaskedSampler
from constrain.sampling.awrs import Trial, averaged, geometric, recursive
from constrain.sampling.base import Draw, Particle
from constrain.sampling.noise import Stream, gumbel
from constrain.sampling.race import Race

from .exact import LETTERS, PROMPT, Asked, enumerate_texts, standard_score, two_samples, weights

FLAT = np.array([0.2, 0.15, 0.25, 0.1, 0.3])
PEAKED = np.array([0.02, 0.9, 0.05, 0.01, 0.02])
CASES = [
    (FLAT, {1, 3}),
    (FLAT, {4}),
    (PEAKED, {1, 2}),
    (PEAKED, {0, 2, 3}),
    (FLAT, {0, 1, 2, 3, 4}),
]
TRIALS = 2500


def trials(p: NDArray[Any], good: set[int], method: str, **limits: Any) -> list[Trial]:
    found = []
    for i in range(TRIALS):
        stream = Stream(1, i)
        race = Race(np.log(p), stream.uniforms(0, len(p)))
        rejects, spare = limits.get("rejects", np.inf), stream.spare(0, limits.get("accepts", 2))
        if method == "recursive":
            found.append(recursive(race, good.__contains__, rejects))
        elif method == "averaged":
            found.append(averaged(race, good.__contains__, spare, rejects))
        else:
            again = partial(stream.poisson, 0)
            found.append(geometric(race, good.__contains__, spare, again, rejects))
    return found


@pytest.mark.parametrize(("p", "good"), CASES)
@pytest.mark.parametrize(
    ("method", "limits"),
    [
        ("recursive", {}),
        ("recursive", {"rejects": 1}),
        ("recursive", {"rejects": 2}),
        ("geometric", {}),
        ("geometric", {"accepts": 4}),
        ("geometric", {"rejects": 1}),
        ("geometric", {"accepts": 3, "rejects": 2}),
        ("averaged", {}),
        ("averaged", {"accepts": 4}),
        ("averaged", {"rejects": 1}),
        ("averaged", {"accepts": 3, "rejects": 2}),
    ],
)
def test_estimates_are_unbiased(p: Any, good: set[int], method: str, limits: Any) -> None:
    """E[estimate] is the mass, and E[estimate 1(t)] = p(t) for each allowed token."""
    found = trials(p, good, method, **limits)
    estimates = np.array([trial.estimate for trial in found])
    assert (estimates >= 0).all()
    assert (estimates <= 1 + 1e-12).all()
    assert abs(standard_score(estimates, p[list(good)].sum())) < 4
    for token in good:
        hits = np.array([trial.token == token for trial in found])
        assert abs(standard_score(estimates * hits, p[token])) < 4
    assert {trial.token for trial in found} <= good | {None}
    most = limits.get("rejects", len(p))
    assert all(len(trial.refused) <= most for trial in found)
    assert all(len(trial.refused) == most for trial in found if trial.token is None)


def test_the_recursive_estimate_is_unbiased_exactly() -> None:
    """Over all orders of arrival with their probabilities, without drawing anything."""

    class Ordered:
        def __init__(self, p: Any, order: tuple[int, ...]) -> None:
            self.p, self.order = p, order

        def __iter__(self) -> Any:
            return ((token, 0.0) for token in self.order)

        def probability(self, token: int) -> float:
            return float(self.p[token])

        def probability_without(self, tokens: list[int]) -> float:
            return float(np.delete(self.p, tokens).sum())

    for p, good in CASES:
        for rejects in (1, 2, 3, np.inf):
            means = np.zeros(len(p))
            for order in permutations(range(len(p))):
                chance, left = 1.0, 1.0
                for token in order:
                    chance *= p[token] / left if left > 1e-12 else 1.0
                    left -= p[token]
                race: Any = Ordered(p, order)
                trial = recursive(race, good.__contains__, rejects)
                if trial.token is not None:
                    means[trial.token] += chance * trial.estimate
            expected = [p[token] if token in good else 0 for token in range(len(p))]
            np.testing.assert_allclose(means, expected, atol=1e-12)


class Scripted:
    """A race in which something happens at the times 1, 2, 3, ...: an arrival in which a token is
    refused, or one of the only token that is allowed, number 0."""

    def __init__(self, p: Any, events: Sequence[int]) -> None:
        self.p = p
        first = events.index(0) if 0 in events else len(events)
        self.arrivals = [(t, i + 1.0) for i, t in enumerate(events) if t or i == first]

    def arrive(self, before: float) -> tuple[int, float] | None:
        if not self.arrivals or self.arrivals[0][1] >= before:
            return None
        return self.arrivals.pop(0)

    def probability(self, token: int) -> float:
        return float(self.p[token])

    def probability_without(self, tokens: list[int]) -> float:
        return float(np.delete(self.p, tokens).sum())


@pytest.mark.parametrize("p", [[0.3, 0.25, 0.35, 0.1], [0.9, 0.05, 0.03, 0.02], [0.1, 0.7, 0.2]])
@pytest.mark.parametrize("accepts", [2, 3, 4])
@pytest.mark.parametrize("rejects", [1, 2, 3, np.inf])
def test_the_averaged_estimate_exactly(p: Any, accepts: int, rejects: float) -> None:
    """Over all courses of events with their probabilities it has no bias; and it varies less than
    the estimate of draws with repetitions, of which it is the mean given the refused (Rao and
    Blackwell)."""
    p = np.array(p)
    mean = square = 0.0
    pending: list[tuple[tuple[int, ...], float]] = [((), 1.0)]
    while pending:
        events, chance = pending.pop()
        refused = [token for token in events if token]
        if events.count(0) == accepts or len(refused) == rejects:
            times = np.array([i + 1.0 for i, token in enumerate(events) if not token])
            waits = np.append(np.diff(times), 9.0)
            spare = np.zeros(accepts)
            spare[: len(times)] = 1 - np.exp(-p[0] * waits[: len(times)])
            race: Any = Scripted(p, events)
            trial = averaged(race, {0}.__contains__, spare, rejects)
            assert trial.refused == tuple(refused)
            mean += chance * trial.estimate
            square += chance * trial.estimate**2
            continue
        left = 1 - p[refused].sum()
        for token in range(len(p)):
            if token not in refused:
                pending.append(((*events, token), chance * p[token] / left))
    assert mean == pytest.approx(p[0], rel=1e-9)
    if rejects == np.inf:
        n = np.arange(accepts, 3000)
        more = n[:-1] / (n[:-1] - accepts + 1) * (1 - p[0])
        chances = p[0] ** accepts * np.cumprod([1, *more])  # of n draws for so many allowed
        estimates = (accepts - 1) / (n - 1)
        assert chances @ estimates == pytest.approx(p[0], rel=1e-9)
        assert square < chances @ estimates**2 - 1e-4


@pytest.mark.parametrize(("p", "good"), CASES)
@pytest.mark.parametrize("accepts", [2, 3])
def test_the_geometric_estimate_is_that_of_draws_with_repetitions(
    p: Any, good: set[int], accepts: int
) -> None:
    """Its distribution, by the number of draws that it stands for."""
    found = [trial.estimate for trial in trials(p, good, "geometric", accepts=accepts)]
    ours = np.round((accepts - 1) / np.array(found)).astype(int) + 1 - accepts
    mass = p[list(good)].sum()
    theirs = np.random.default_rng(5).negative_binomial(accepts, min(mass, 1.0), TRIALS)
    assert two_samples(Counter(ours.tolist()), Counter(theirs.tolist())) < 4


def test_the_averaged_estimate_is_the_mean_given_the_refused() -> None:
    """And varies less where a likely token is refused."""
    means = {trial.refused: trial.estimate for trial in trials(PEAKED, {1, 2}, "averaged")}
    errors: dict[tuple[int, ...], list[float]] = {}
    for trial in trials(PEAKED, {1, 2}, "geometric"):
        errors.setdefault(trial.refused, []).append(trial.estimate - means[trial.refused])
    assert sum(len(values) for values in errors.values() if np.ptp(values) > 0) > 100
    for values in errors.values():
        if np.ptp(values) > 0:
            assert abs(standard_score(np.array(values), 0.0)) < 4
    spread = [
        np.std([trial.estimate for trial in trials(PEAKED, {0, 2, 3}, method)])
        for method in ("averaged", "geometric")
    ]
    assert spread[0] < 0.8 * spread[1]


@pytest.mark.parametrize("method", ["geometric", "averaged"])
def test_more_accepts_vary_less(method: str) -> None:
    spread = [
        np.std([trial.estimate for trial in trials(FLAT, {1, 3}, method, accepts=r)])
        for r in (2, 3, 6)
    ]
    assert spread[0] > spread[1] > spread[2]


def test_a_tiny_mass_keeps_its_digits() -> None:
    p = np.array([0.5, 0.5, 3e-18, 7e-18])
    for i in range(20):
        stream = Stream(3, i)
        race = Race(np.log(p), stream.uniforms(0, 4))
        trial = averaged(race, {2, 3}.__contains__, stream.spare(0, 3))
        assert trial.estimate == pytest.approx(1e-17, rel=1e-9, abs=0)
        race = Race(np.log(p), stream.uniforms(0, 4))
        trial = recursive(race, {2, 3}.__contains__)
        assert trial.estimate == pytest.approx(1e-17, rel=1e-9, abs=0)


@pytest.mark.parametrize("lead", [0, 40])
def test_the_race_is_in_the_order_of_the_noise(lead: float) -> None:
    """Of a large vocabulary too, where most tokens are never looked at; also far behind one."""
    rng = np.random.default_rng(0)
    logits = (rng.gumbel(size=5000) * 3).astype(np.float32)
    logits[::7] = -np.inf
    logits[5] += lead
    for particle in range(5):
        noisy = logits + gumbel(4, particle, 2, np.arange(5000))
        order = np.argsort(-noisy)[: np.isfinite(noisy).sum()]
        race = Race(logits, Stream(4, particle).uniforms(2, 5000))
        assert race.arrive(before=1e-9) is None
        arrivals = list(race)
        assert [token for token, _ in arrivals] == order.tolist()
        times = [time for _, time in arrivals]
        assert times == sorted(times)
        assert race.arrive() is None


def test_the_texts_are_those_of_masking() -> None:
    model = TableModel(LETTERS, 4)
    constraint = compile_regex(r"(ab|ba)*0|a+", LETTERS)
    masked = MaskedSampler(model, constraint, seed=3).sample(PROMPT, 50, 6)
    drawn = AWRSSampler(model, constraint, seed=3).sample(PROMPT, 50, 6)
    assert [sample.token_ids for sample in drawn] == [sample.token_ids for sample in masked]
    assert weights(drawn) != pytest.approx(weights(masked))


class Weightless(AWRSSampler):
    """Deliberately wrong: the estimate is left out."""

    def draw(self, particle: Particle, logprobs: NDArray[Any]) -> Draw:
        return super().draw(particle, logprobs)._replace(log_weight=0.0)


class Greedy(AWRSSampler):
    """Deliberately wrong: one allowed token is taken for proof that all are."""

    def draw(self, particle: Particle, logprobs: NDArray[Any]) -> Draw:
        race = Race(logprobs, particle.stream.uniforms(particle.position, len(logprobs)))
        trial = recursive(race, particle.cursor.allows)
        refused = race.probability_without(trial.refused)
        return Draw(trial.token, np.log(refused) if trial.token is not None else -np.inf)


@pytest.mark.parametrize("wrong", [Weightless, Greedy])
def test_wrong_weights_are_found_out(wrong: Any) -> None:
    model = TableModel(LETTERS, 1)
    pattern = r"a(ba)*0|b(a|0b){1,2}"
    texts = [b"a0", b"aba0", b"ababa0", b"ba", b"b0b", b"baa", b"ba0b", b"b0ba", b"b0b0b"]
    truth = enumerate_texts(model, set(texts).__contains__, 5)
    constraint = compile_regex(pattern, LETTERS)
    right = weights(AWRSSampler(model, constraint, seed=1).sample(PROMPT, 600, 5))
    assert abs(standard_score(right, truth.z)) < 4
    found = weights(wrong(model, constraint, seed=1).sample(PROMPT, 600, 5))
    assert abs(standard_score(found, truth.z)) > 8


def test_few_checks_where_the_model_is_sure() -> None:
    tokens = [bytes([byte]) for byte in range(256)] * 20
    vocabulary = Vocabulary.from_bytes([*tokens, None], [len(tokens)])

    def table(prefix: tuple[int, ...]) -> NDArray[Any]:
        row = np.full(vocabulary.size, 0.05 / vocabulary.size)
        row[ord("a") if len(prefix) < 20 else vocabulary.size - 1] += 0.95
        return row

    sampler = AWRSSampler(TableModel(vocabulary, table), compile_regex("[ab]*", vocabulary))
    sampler.sample([0], 20, 30)
    assert sampler.checks < 2 * sampler.tokens


def test_settings_out_of_range() -> None:
    model, constraint = TableModel(LETTERS, 1), Asked([b"a"])
    for settings in ({"max_accepts": 1}, {"max_rejects": 0}, {"estimator": "best"}):
        with pytest.raises(ConstraintError):
            AWRSSampler(model, constraint, **settings)  # type: ignore[arg-type]
