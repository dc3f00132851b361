"""Verification rules, by enumeration of all drafts: what they keep, and how much they accept."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain, combinations, product

import numpy as np
import pytest

from constrain.speculation.rules import (
    Distribution,
    Greedy,
    KSequential,
    Rejection,
    Rule,
    Trials,
    inverse,
    normalised,
)
from constrain.speculation.transport import Transport, carry, set_masses

RULES: dict[str, Rule] = {
    "with replacement": Rejection(replacement=True),
    "without replacement": Rejection(),
    "k-sequential": KSequential(),
    "transport": Transport(),
}
TOKENS = 4


def pairs() -> list[tuple[Distribution, Distribution]]:
    """Targets and drafts: alike, unlike, with tokens that only one of them knows, equal, apart."""
    rng = np.random.default_rng(3)
    found = []
    for power in (0.2, 1.0, 3.0):
        for _ in range(4):
            p, q = (normalised(rng.exponential(size=TOKENS) ** power) for _ in range(2))
            found += [(p, q), (normalised(p + 4 * q), q)]
    p, q = found[0]
    only = np.array([0, 0, 1.0, 0])
    left, right = normalised(p * [1, 1, 1, 0]), normalised(q * [0, 0, 1, 1])
    apart = normalised(q * [0, 0, 0, 1])
    return [
        *found,
        (p, p),
        (left, q),
        (p, right),
        (left, right),
        (left, apart),
        (only, q),
        (p, only),
    ]


PAIRS = pairs()


def drafts(rule: Rule, draft: Distribution, k: int) -> Iterator[tuple[tuple[int, ...], float]]:
    """All drafts that the rule draws, at most k, and how likely they are."""
    if k == 0 or not draft.any():
        yield (), 1.0
        return
    for token in np.flatnonzero(draft).tolist():
        for others, chance in drafts(rule, rule.without(draft, token), k - 1):
            yield (token, *others), float(draft[token]) * chance


def law(rule: Rule, p: Distribution, q: Distribution, k: int) -> Distribution:
    return sum(chance * rule.law(p, q, drawn) for drawn, chance in drafts(rule, q, k))


def accepted(rule: Rule, p: Distribution, q: Distribution, k: int) -> float:
    """How likely the answer is one of the drafts."""
    return sum(
        chance * float(rule.law(p, q, drawn)[list(set(drawn))].sum())
        for drawn, chance in drafts(rule, q, k)
    )


@pytest.mark.parametrize("k", [0, 1, 2, 3])
@pytest.mark.parametrize("name", RULES)
def test_rules_keep_the_distribution(name: str, k: int) -> None:
    for p, q in PAIRS:
        np.testing.assert_allclose(law(RULES[name], p, q, k), p, atol=1e-12)


class KeepsTheTarget(Rejection):
    """Draws from p, not from the residual, where all drafts are rejected."""

    def trials(self, target: Distribution, draft: Distribution, drafts: Sequence[int]) -> Trials:
        yield from super().trials(target, draft, drafts)
        return target


class ForgetsWhatWasDrawn(Rejection):
    """Takes drafts without replacement for drafts with replacement."""

    def trials(self, target: Distribution, draft: Distribution, drafts: Sequence[int]) -> Trials:
        return (yield from Rejection(replacement=True).trials(target, draft, drafts))


class TooEager(KSequential):
    """Does not divide by rho."""

    def trials(self, target: Distribution, draft: Distribution, drafts: Sequence[int]) -> Trials:
        for drafted in drafts:
            yield min(1.0, float(target[drafted] / draft[drafted]))
        left = np.maximum(target - draft, 0)
        return left if left.any() else target


class KeepsWhatWasCarried(Transport):
    """Draws from p, not from what is left of it, where no draft is the answer."""

    def trials(self, target: Distribution, draft: Distribution, drafts: Sequence[int]) -> Trials:
        yield from super().trials(target, draft, drafts)
        return target


class Unsure(Greedy):
    """Takes a draft for the likeliest token if it is nearly as likely."""

    def trials(self, target: Distribution, draft: Distribution, drafts: Sequence[int]) -> Trials:
        for drafted in drafts:
            yield float(target[drafted] > 0.8 * target.max())
        return (target == target.max()).astype(float)


class SlightlyBiased(Rejection):
    """Accepts one time in fifty what it should reject."""

    def trials(self, target: Distribution, draft: Distribution, drafts: Sequence[int]) -> Trials:
        trials = super().trials(target, draft, drafts)
        for _ in drafts:
            yield 0.98 * next(trials) + 0.02
        try:
            next(trials)
        except StopIteration as stop:
            return stop.value
        raise AssertionError


@pytest.mark.parametrize(
    "rule",
    [KeepsTheTarget(), ForgetsWhatWasDrawn(), TooEager(), KeepsWhatWasCarried(), SlightlyBiased()],
    ids=lambda rule: type(rule).__name__,
)
def test_the_enumeration_finds_a_bias(rule: Rule) -> None:
    assert any(np.abs(law(rule, p, q, 2) - p).max() > 1e-3 for p, q in PAIRS)


def test_one_draft_is_accepted_as_often_as_the_distributions_overlap() -> None:
    for p, q in PAIRS:
        overlap = np.minimum(p, q).sum()
        for rule in RULES.values():
            assert accepted(rule, p, q, 1) == pytest.approx(overlap, abs=1e-12)


def least_cut(p: Distribution, q: Distribution, k: int) -> float:
    """The least cut of the transport from k drafts to tokens, over all sets of tokens."""
    sets = chain.from_iterable(combinations(range(TOKENS), size) for size in range(TOKENS + 1))
    return min(1 + p[list(s)].sum() - q[list(s)].sum() ** k for s in sets)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_transport_is_optimal(k: int) -> None:
    """A flow as great as a cut is maximal: the primal and the dual programme agree."""
    for p, q in PAIRS:
        cut = least_cut(p, q, k)
        flow = carry(set_masses(q, k), p)
        assert sum(flow.values()) == pytest.approx(cut, abs=1e-12)
        assert min(flow.values()) >= -1e-15
        assert accepted(Transport(), p, q, k) >= cut - 1e-12


@pytest.mark.parametrize("k", [2, 3, 4])
def test_k_sequential_accepts_nearly_as_much_as_transport(k: int) -> None:
    """Sun et al. 2023, theorem 1: at least 1 - (1 - 1/k)^k times as much, which is > 1 - 1/e."""
    share = 1 - (1 - 1 / k) ** k
    assert share > 1 - 1 / math.e
    better = 0
    for p, q in PAIRS:
        best = least_cut(p, q, k)
        chance = accepted(KSequential(), p, q, k)
        assert share * best - 1e-4 <= chance
        assert chance >= accepted(KSequential(), p, q, 1) - 1e-4
        better += chance > accepted(KSequential(), p, q, 1) + 0.01
    assert better > 20


@pytest.mark.parametrize("k", [2, 3, 4])
def test_no_replacement_accepts_more(k: int) -> None:
    gains = [
        accepted(Rejection(), p, q, k) - accepted(Rejection(replacement=True), p, q, k)
        for p, q in PAIRS
    ]
    assert min(gains) > -1e-12
    assert np.mean(gains) > 0.01


def most_wrong(rule: Rule) -> float:
    """How far greedy decoding by a rule is from the likeliest token, at most, with three drafts."""
    worst = 0.0
    for p, q in PAIRS:
        drawn, rest = [], q
        while rest.any() and len(drawn) < 3:
            drawn.append(rule.draw(rest, 0.5))
            rest = rule.without(rest, drawn[-1])
        assert [q[token] for token in drawn] == sorted(q, reverse=True)[: len(drawn)]
        worst = max(worst, np.abs(rule.law(p, q, drawn) - np.eye(TOKENS)[p.argmax()]).max())
    return worst


def test_greedy_answers_the_likeliest_token() -> None:
    assert most_wrong(Greedy()) == 0
    assert most_wrong(Unsure()) == 1


@pytest.mark.parametrize("name", RULES)
def test_choosing_follows_the_law(name: str) -> None:
    """A grid of numbers instead of random ones: shares are the probabilities, but for the grid."""
    p, q = PAIRS[1]
    rule, drawn, grid = RULES[name], (0, 3), (np.arange(16) + 0.5) / 16
    shares = np.zeros(TOKENS)
    for numbers in product(grid, repeat=3):
        shares[rule.choose(p, q, drawn, numbers)] += 1 / 16**3
    np.testing.assert_allclose(shares, rule.law(p, q, drawn), atol=0.07)


def test_many_multisets_are_left_to_k_sequential() -> None:
    p, q = np.random.default_rng(0).dirichlet(np.ones(400), 2)
    drawn = (3, 5, 8)
    np.testing.assert_array_equal(Transport().law(p, q, drawn), KSequential().law(p, q, drawn))


def test_the_inverse_of_a_distribution_function() -> None:
    weights = np.array([0, 1.0, 0, 3.0, 0])
    assert [inverse(weights, u) for u in (0, 0.2, 0.25, 0.5, np.nextafter(1, 0))] == [1, 1, 3, 3, 3]
