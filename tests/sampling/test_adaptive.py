"""ASAp comes to the exact distribution; CARS is in it from the start; both by the same trie."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from constrain import AcceptanceError, ConstraintError, Vocabulary, compile_regex
from constrain.models import TableModel
from constrain.sampling import ASApSampler, CARSSampler, RejectionSampler, Trie
from constrain.sampling.fingerprint import fingerprint
from constrain.sampling.trie import Node

from .exact import LETTERS, PROMPT, Asked, Exact, chi_square, enumerate_texts, peaked_model

PATTERN = r"a(ba)*0|b(a|0b){1,2}"
MAX_TOKENS = 5
MODEL = TableModel(LETTERS, 2)
MASKS = compile_regex(PATTERN, LETTERS)


def valid(text: bytes) -> bool:
    return re.fullmatch(PATTERN.encode(), text) is not None


TRUTH = enumerate_texts(MODEL, valid, MAX_TOKENS)


def proposal(model: TableModel, trie: Trie, truth: Exact) -> dict[tuple[int, ...], float]:
    """What ASAp draws from, worked out from the trie alone and the prefixes of valid texts.

    Texts that do not end in time have their share too; it is what is missing to one.
    """
    found: dict[tuple[int, ...], float] = {}
    texts = [b"".join(LETTERS.token_bytes(t) or b"" for t in tokens) for tokens in truth.texts]
    oracle = Asked([*texts, *(b"ab" * n + b"a0" for n in range(9))])

    def walk(tokens: tuple[int, ...], text: bytes, mass: float, node: Node | None) -> None:
        row = np.exp(model.logprobs([(*PROMPT, *tokens)])[0])
        shares: dict[int, float] = {}
        for token in range(LETTERS.size):
            added = LETTERS.token_bytes(token)
            good = oracle.complete(text) if added is None else oracle.allows(text + added)
            child = node.children.get(token) if node else None
            shares[token] = row[token] * good * (child.future if child else 1.0)
        total = sum(shares.values())
        for token, share in shares.items():
            if not share:
                continue
            after, p = (*tokens, token), mass * share / total
            if token == 4:
                found[after] = p
            elif len(after) < MAX_TOKENS:
                child = node.children.get(token) if node else None
                walk(after, text + (LETTERS.token_bytes(token) or b""), p, child)

    walk((), b"", 1.0, trie.root(PROMPT, MAX_TOKENS))
    return found


def divergence(model: TableModel, trie: Trie, truth: Exact) -> float:
    """KL(p(x | V) || q)."""
    q = proposal(model, trie, truth)
    return sum(p * math.log(p / q[text]) for text, p in truth.conditional.items())


@pytest.mark.parametrize("asked", [False, True])
def test_asap_goes_to_the_exact_distribution(asked: bool) -> None:
    texts = [b"".join(LETTERS.token_bytes(t) or b"" for t in tokens) for tokens in TRUTH.texts]
    constraint: Any = Asked(texts) if asked else MASKS
    trie, at = Trie(), []
    for seed, n in enumerate((1, 20, 100, 600)):
        ASApSampler(MODEL, constraint, seed=seed, trie=trie).sample(PROMPT, n, MAX_TOKENS)
        at.append(divergence(MODEL, trie, TRUTH))
    masked = divergence(MODEL, Trie(), TRUTH)
    assert masked > 0.05
    assert masked > at[1] > at[2] > at[3]
    assert at[3] < 2.5e-3
    assert trie.root(PROMPT, MAX_TOKENS).future == pytest.approx(TRUTH.z, rel=0.02)


def test_asap_is_exact_once_all_has_been_seen() -> None:
    """Then every weight is Z, which it is of no other proposal."""
    constraint = compile_regex("ab|ba|b0", LETTERS)
    truth = enumerate_texts(MODEL, {b"ab", b"ba", b"b0"}.__contains__, 3)
    samples = ASApSampler(MODEL, constraint, seed=1).sample(PROMPT, 60, 3)
    for sample in samples[-10:]:
        assert math.exp(sample.log_weight) == pytest.approx(truth.z, rel=1e-12)


def test_weights_vary_ever_less() -> None:
    samples = ASApSampler(MODEL, MASKS, seed=1).sample(PROMPT, 500, MAX_TOKENS)
    late = [sample.log_weight for sample in samples[400:] if sample.finished]
    assert np.ptp(late) < 0.3
    assert np.mean(late) == pytest.approx(math.log(TRUTH.z), abs=0.1)


def test_cars_is_accepted_ever_more_often() -> None:
    rejection = RejectionSampler(MODEL, MASKS, seed=1)
    rejection.sample(PROMPT, 100, MAX_TOKENS)
    cars = CARSSampler(MODEL, MASKS, seed=1)
    cars.sample(PROMPT, 100, MAX_TOKENS)
    assert rejection.acceptance_rate < 0.15
    assert cars.acceptance_rate > 0.5
    before = cars.attempts
    again = CARSSampler(MODEL, MASKS, seed=2, trie=cars.trie)
    again.sample(PROMPT, 100, MAX_TOKENS)
    assert before == cars.attempts
    assert again.acceptance_rate > 0.9


@pytest.mark.parametrize("max_nodes", [12, 40])
def test_cars_is_exact_however_little_it_remembers(max_nodes: int) -> None:
    sampler = CARSSampler(MODEL, MASKS, seed=3, trie=Trie(max_nodes))
    samples = sampler.sample(PROMPT, 250, MAX_TOKENS)
    assert chi_square([sample.token_ids for sample in samples], TRUTH.conditional) < 4
    assert len(sampler.trie) <= max_nodes


def check(trie: Trie) -> None:
    """Every bound is above the truth, and what it is said to be made of."""
    for _, node in trie._nodes():
        if node.rest is not None and node.children:
            known = sum(child.p * child.future for child in node.children.values())
            assert node.future == pytest.approx(min(1, node.rest + known))
    assert len(trie) == sum(1 for _ in trie._nodes())

    def walk(node: Node, tokens: tuple[int, ...], mass: float) -> None:
        valid = sum(p for text, p in TRUTH.texts.items() if text[: len(tokens)] == tokens)
        assert node.future >= valid / mass * (1 - 1e-9), tokens
        row = np.exp(MODEL.logprobs([(*PROMPT, *tokens)])[0])
        for token, child in node.children.items():
            assert child.p == pytest.approx(row[token])
            walk(child, (*tokens, token), mass * row[token])

    walk(trie.root(PROMPT, MAX_TOKENS), (), 1.0)


def learnt(seed: int, n: int = 40) -> Trie:
    sampler = CARSSampler(MODEL, MASKS, seed=seed, round_size=7)
    sampler.sample(PROMPT, n, MAX_TOKENS)
    return sampler.trie


@pytest.mark.parametrize("kind", [ASApSampler, CARSSampler])
def test_every_token_is_counted_once(kind: Any) -> None:
    """Of what a prefix allows, the children and the rest have all the probability, also where the
    texts of a round have met in a prefix."""
    sampler = kind(MODEL, MASKS, seed=1, round_size=60)
    sampler.sample(PROMPT, 8, MAX_TOKENS)
    checked = 0

    def walk(node: Node, tokens: tuple[int, ...]) -> None:
        nonlocal checked
        if node.rest is None or not node.future:
            return
        matcher = MASKS.matcher()
        assert all(map(matcher.accept, tokens))
        row = np.exp(MODEL.logprobs([(*PROMPT, *tokens)])[0])
        permitted = []
        for token in range(LETTERS.size):
            if matcher.accept(token):
                matcher.rollback(1)
                permitted.append(token)
        known = sum(child.p for token, child in node.children.items() if token in permitted)
        assert node.rest + known == pytest.approx(row[permitted].sum(), abs=1e-9)
        checked += 1
        for token, child in node.children.items():
            if child.children:
                walk(child, (*tokens, token))

    walk(sampler.trie.root(PROMPT, MAX_TOKENS), ())
    assert checked > 5


@pytest.mark.parametrize("kind", [ASApSampler, CARSSampler])
@pytest.mark.parametrize("round_size", [1, 7])
@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("max_nodes", [15, 1000])
def test_bounds_are_above_the_truth(
    kind: Any, round_size: int, asked: bool, max_nodes: int
) -> None:
    texts = [b"".join(LETTERS.token_bytes(t) or b"" for t in tokens) for tokens in TRUTH.texts]
    constraint: Any = Asked(texts) if asked else MASKS
    tries = []
    for seed in (1, 2):
        sampler = kind(MODEL, constraint, seed=seed, round_size=round_size, trie=Trie(max_nodes))
        sampler.sample(PROMPT, 30, MAX_TOKENS)
        check(sampler.trie)
        tries.append(sampler.trie)
    tries[0].merge(tries[1])
    check(tries[0])


def test_saved_and_loaded(tmp_path: Path) -> None:
    trie = learnt(1)
    trie.save(tmp_path / "trie.npz")
    again = Trie.load(tmp_path / "trie.npz")
    check(again)
    assert len(again) == len(trie)
    assert proposal(MODEL, again, TRUTH) == proposal(MODEL, trie, TRUTH)
    kept, loaded = (
        sorted((key, n.p, n.future, n.rest or -1, n.stamp) for key, n in t._nodes())
        for t in (trie, again)
    )
    assert kept == loaded
    small = Trie.load(tmp_path / "trie.npz", max_nodes=10)
    assert len(small) <= 10
    check(small)


def test_files_that_hold_no_trie(tmp_path: Path) -> None:
    path = tmp_path / "trie.npz"
    learnt(1).save(path)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[200] ^= 255
    for damaged in (b"", b"nothing", whole[:9], whole[: len(whole) // 2], bytes(flipped)):
        path.write_bytes(damaged)
        with pytest.raises(ConstraintError, match="holds no trie"):
            Trie.load(path)
    names = {"keys": np.array("[[[1], 2]]"), "fingerprint": np.array("x")}
    for nodes in (np.zeros((3, 4)), np.array([[5.0, 0, 1, 1, 1, 1]])):
        np.savez(path, nodes=nodes, **names)
        with pytest.raises(ConstraintError, match="holds no trie"):
            Trie.load(path)
    with pytest.raises(FileNotFoundError):
        Trie.load(tmp_path / "nowhere.npz")


def test_merged_knows_what_both_know() -> None:
    first, second = learnt(1), learnt(2)
    bounds = [trie.root(PROMPT, MAX_TOKENS).future for trie in (first, second)]
    first.merge(second)
    check(first)
    assert first.root(PROMPT, MAX_TOKENS).future <= min(bounds) + 1e-12
    before = len(first)
    first.merge(second)
    assert len(first) == before
    small = Trie(12)
    small.merge(first)
    assert len(small) <= 12
    assert small.root(PROMPT, MAX_TOKENS).future >= TRUTH.z
    sampler = CARSSampler(MODEL, MASKS, seed=5, trie=first)
    samples = sampler.sample(PROMPT, 300, MAX_TOKENS)
    assert chi_square([sample.token_ids for sample in samples], TRUTH.conditional) < 4


SIMILAR = ["a|b{9}", "a|b{3}", "a{2}|b{3}", "(a|b)0", "(a|b)0?", "[ab]{3,9}", "[ab]{3,8}"]


def test_a_trie_belongs_to_a_constraint(tmp_path: Path) -> None:
    learnt(1).save(tmp_path / "trie.npz")
    same = compile_regex(PATTERN, LETTERS)
    for sampler in (ASApSampler, CARSSampler):
        again = Trie.load(tmp_path / "trie.npz")
        assert sampler(MODEL, same, seed=2, trie=again).trie is again
        for pattern in SIMILAR:
            with pytest.raises(ConstraintError, match="another constraint"):
                sampler(MODEL, compile_regex(pattern, LETTERS), trie=again)
    other = Vocabulary.from_bytes([b"a", b"b", b"ba", b"0", None], [4])
    with pytest.raises(ConstraintError, match="another vocabulary"):
        CARSSampler(TableModel(other, 2), compile_regex(PATTERN, other), trie=again)
    with pytest.raises(ConstraintError, match="different constraints"):
        stranger = CARSSampler(MODEL, compile_regex("a", LETTERS)).trie
        learnt(1).merge(stranger)
    fresh = Trie()
    fresh.merge(again)
    assert fresh.fingerprint == again.fingerprint == fingerprint(same, LETTERS)


def test_fingerprints_tell_constraints_apart() -> None:
    names = [fingerprint(compile_regex(pattern, LETTERS), LETTERS) for pattern in SIMILAR]
    assert len(set(names)) == len(names)
    pairs = [("a|b", "[ab]"), ("aa*", "a+"), ("a{2}|b{3}", "b{3}|aa")]
    for pair in pairs:
        first, second = (fingerprint(compile_regex(p, LETTERS), LETTERS) for p in pair)
        assert first == second


def test_a_question_is_known_by_what_it_says_of_itself() -> None:
    @dataclass
    class Within:
        most: int

        def allows(self, prefix: bytes) -> bool:
            return len(prefix) <= self.most

        complete = allows

    trie = CARSSampler(MODEL, Within(3)).trie
    CARSSampler(MODEL, Within(3), trie=trie)
    for other in (Within(4), Asked([b"a"])):
        with pytest.raises(ConstraintError, match="another constraint"):
            CARSSampler(MODEL, other, trie=trie)


@pytest.mark.parametrize("kind", [ASApSampler, CARSSampler])
@pytest.mark.parametrize("other", [TableModel(LETTERS, 3), peaked_model(2, power=1.5)])
def test_another_model_or_temperature_is_noticed(kind: Any, other: TableModel) -> None:
    with pytest.raises(ConstraintError, match="another model, or at another temperature"):
        kind(other, MASKS, seed=9, trie=learnt(1)).sample(PROMPT, 5, MAX_TOKENS)


def test_prompts_and_limits_are_kept_apart() -> None:
    trie = learnt(1)
    for prompt, room in (((0,), MAX_TOKENS), (PROMPT, MAX_TOKENS + 1)):
        assert trie.root(prompt, room).future == 1


@pytest.mark.parametrize("kind", [CARSSampler, RejectionSampler])
def test_nothing_is_valid(kind: Any) -> None:
    """Too few tokens for any valid text: an error that says so, not a search without end."""
    with pytest.raises(AcceptanceError, match="max_tokens") as caught:
        kind(MODEL, compile_regex("a{9}", LETTERS), max_attempts=60).sample(PROMPT, 2, 4)
    assert caught.value.samples == ()
    assert 0 < caught.value.attempts <= 120


def test_cars_proves_that_nothing_is_valid() -> None:
    model = TableModel(LETTERS, lambda prefix: [1, 0, 0, 0, 1])
    with pytest.raises(AcceptanceError, match="no probability to any valid text"):
        CARSSampler(model, compile_regex("b+", LETTERS)).sample(PROMPT, 1, 4)


def test_asap_says_why_a_text_is_not_finished() -> None:
    samples = ASApSampler(MODEL, compile_regex("a{9}", LETTERS)).sample(PROMPT, 3, 4)
    assert all(not s.finished and s.reason and s.log_weight == -np.inf for s in samples)
