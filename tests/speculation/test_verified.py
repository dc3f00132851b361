"""Decoding with a draft model: the texts of masked decoding, with fewer calls of the target."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pytest

from constrain import (
    Constraint,
    ConstraintError,
    GenerationError,
    SpeculationWarning,
    Vocabulary,
    VocabularyError,
    compile_grammar,
    compile_json_schema,
    compile_regex,
)
from constrain.models import LanguageModel, TableModel
from constrain.sampling import SMC, MaskedSampler
from constrain.sampling.cursor import cursor_maker
from constrain.sampling.warp import Warp
from constrain.speculation import (
    Branching,
    Chains,
    Copying,
    Drafter,
    DraftModel,
    Dynamic,
    Forced,
    Recycling,
    Rejection,
    Shape,
    Trigrams,
    VerifiedSampler,
)
from constrain.speculation.rules import Distribution, Trials, normalised
from tests.sampling.exact import LETTERS, PROMPT, chi_square, enumerate_texts, standard_score
from tests.sampling.exact import weights as weights_of

MAX_TOKENS = 6
JSON = Vocabulary.from_bytes([b"[", b"]", b",", b"1", b"tr", b"ue", b"1]", None], [7])
SCHEMA = {"type": "array", "items": {"enum": [True, 11, 1]}, "minItems": 1, "maxItems": 2}
CONSTRAINTS: dict[str, Constraint] = {
    "regex": compile_regex(r"a(ba)*0|b(a|0b){1,2}|[ab]{4}", LETTERS),
    "grammar": compile_grammar('start: "a" start "b" | "0" | "b0"', LETTERS),
    "schema": compile_json_schema(SCHEMA, JSON),
}
TARGETS = {vocabulary: TableModel(vocabulary, 1) for vocabulary in (LETTERS, JSON)}
TARGET = TARGETS[LETTERS]


def drafts(target: TableModel) -> dict[str, TableModel]:
    """A draft model that is the target, one that knows something, one that likes what the target
    does not."""
    other = TableModel(target.vocabulary, 9)

    def blurred(prefix: tuple[int, ...]) -> Any:
        return np.exp((target.logprobs([prefix])[0] + other.logprobs([prefix])[0]) / 2)

    def wrong(prefix: tuple[int, ...]) -> Any:
        return 1 / (0.01 + np.exp(target.logprobs([prefix])[0])) ** 2

    made = {"blurred": blurred, "wrong": wrong}
    return {
        "same": target,
        **{name: TableModel(target.vocabulary, table) for name, table in made.items()},
    }


SHAPES: dict[str, Shape] = {
    "chain": Chains(3),
    "chains": Chains(3, 3),
    "branching": Branching((3, 2, 1)),
    "dynamic": Dynamic(size=8, threshold=0.05),
}
FIXED_RULES = ["spectr", "transport"]
CASES = [
    (rule, shape)
    for rule in ("rejection", "distinct", *FIXED_RULES)
    for shape in SHAPES
    if not (rule in FIXED_RULES and shape == "dynamic")
]


def masked_law(
    model: LanguageModel, constraint: Constraint, max_tokens: int = MAX_TOKENS
) -> dict[tuple[int, ...], float]:
    """What local masking writes, with its probability; texts that have not ended included."""
    found: dict[tuple[int, ...], float] = {}
    level = [((), cursor_maker(constraint, model.vocabulary)(), 1.0)]
    while level:
        after = []
        for tokens, cursor, mass in level:
            allowed = np.flatnonzero(cursor.mask())
            row = normalised(np.exp(model.logprobs([(*PROMPT, *tokens)])[0][allowed]))
            for token, chance in zip(allowed.tolist(), row.tolist(), strict=True):
                other = cursor.fork()
                other.append(token)
                if other.finished or len(tokens) + 1 == max_tokens:
                    found[(*tokens, token)] = mass * chance
                else:
                    after.append(((*tokens, token), other, mass * chance))
        level = after
    return found


@pytest.mark.parametrize(("rule", "shape"), CASES)
@pytest.mark.parametrize("name", CONSTRAINTS)
def test_texts_are_those_of_local_masking(name: str, rule: str, shape: str) -> None:
    constraint = CONSTRAINTS[name]
    target = TARGETS[constraint.vocabulary]
    law = masked_law(target, constraint)
    for seed, (kind, draft) in enumerate(drafts(target).items()):
        sampler = VerifiedSampler(
            target, constraint, draft=draft, rule=rule, shape=SHAPES[shape], seed=seed
        )
        samples = sampler.sample(PROMPT, 200, MAX_TOKENS)
        assert chi_square([sample.token_ids for sample in samples], law) < 4
        if kind == "same":
            assert sampler.account.accepted == sampler.account.offered


OFFERS: dict[str, Callable[[Vocabulary], list[Drafter]]] = {
    "forced": lambda _: [Forced()],
    "copying": lambda _: [Copying()],
    "recycling": lambda _: [Recycling()],
    "trigrams": lambda _: [Trigrams()],
    "model": lambda v: [DraftModel(TableModel(v, 9))],
    "several": lambda v: [Forced(), Copying(), Recycling(), DraftModel(TableModel(v, 9))],
}
OFFERED_IN = {"regex": "chains", "grammar": "branching", "schema": "dynamic"}
"""Constraints, and the shape to draft under each; rules that need a fixed one take a chain."""


@pytest.mark.parametrize("name", OFFERS)
@pytest.mark.parametrize("rule", ["rejection", "distinct", *FIXED_RULES])
@pytest.mark.parametrize("kind", CONSTRAINTS)
def test_drafters_that_offer_some_tokens(kind: str, rule: str, name: str) -> None:
    """Also those that learn from one text what they offer in the next."""
    constraint = CONSTRAINTS[kind]
    target = TARGETS[constraint.vocabulary]
    shape = OFFERED_IN[kind]
    shape = "chain" if rule in FIXED_RULES and shape == "dynamic" else shape
    drafters, drawn = OFFERS[name](target.vocabulary), []
    for seed in range(3):
        made = VerifiedSampler(
            target, constraint, draft=drafters, rule=rule, shape=SHAPES[shape], seed=seed
        )
        drawn += [sample.token_ids for sample in made.sample(PROMPT, 70, MAX_TOKENS)]
    assert chi_square(drawn, masked_law(target, constraint)) < 4


@pytest.mark.parametrize("name", OFFERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_not_allowed_is_never_sent(shape: str, name: str) -> None:
    """Every prefix that the target sees can be completed, and who drafts what is counted."""
    for constraint in CONSTRAINTS.values():
        target = Counting(constraint.vocabulary, 1)
        drafters = OFFERS[name](constraint.vocabulary)
        made = VerifiedSampler(target, constraint, draft=drafters, shape=SHAPES[shape], seed=3)
        for _ in range(3):
            made.sample(PROMPT, 5, 12)
        for prefix in chain.from_iterable(target.calls):
            matcher = constraint.matcher()
            assert all(matcher.accept(token) for token in prefix[len(PROMPT) :])
            assert not matcher.is_finished()
        account = made.account
        assert set(account.offered_by) <= {drafter.name for drafter in drafters} | {"forced"}
        for depths, names in (
            (account.offered, account.offered_by),
            (account.accepted, account.accepted_by),
        ):
            assert sum(depths.values()) == sum(names.values())
        if name not in ("forced", "several"):  # what the drafter of this name offers may be wrong
            assert account.accepted_by["forced"] == account.offered_by["forced"]


class ForgetsWhatWasDrawn(Rejection):
    """Takes drafts without replacement for drafts with replacement."""

    def trials(self, target: Distribution, draft: Distribution, drafts: Sequence[int]) -> Trials:
        return (yield from Rejection(replacement=True).trials(target, draft, drafts))


def test_a_bias_is_found() -> None:
    constraint = CONSTRAINTS["regex"]
    draft, rule = drafts(TARGET)["wrong"], ForgetsWhatWasDrawn()
    sampler = VerifiedSampler(TARGET, constraint, draft=draft, rule=rule, shape=Chains(3, 3))
    drawn = [sample.token_ids for sample in sampler.sample(PROMPT, 300, MAX_TOKENS)]
    assert chi_square(drawn, masked_law(TARGET, constraint)) > 6


@pytest.mark.parametrize("shape", ["chain", "branching", "dynamic"])
def test_weights_are_proper(shape: str) -> None:
    pattern = r"a(ba)*0|b(a|0b){1,2}|[ab]{4}"
    truth = enumerate_texts(TARGET, lambda text: bool(re.fullmatch(pattern, text.decode())), 6)
    draft = drafts(TARGET)["blurred"]
    made = VerifiedSampler(TARGET, CONSTRAINTS["regex"], draft=draft, shape=SHAPES[shape], seed=5)
    samples = made.sample(PROMPT, 400, MAX_TOKENS)
    assert abs(standard_score(weights_of(samples), truth.z)) < 4
    for sample in samples[:20]:
        ids = sample.token_ids
        rows = TARGET.logprobs([(*PROMPT, *ids[:i]) for i in range(len(ids))])
        assert sample.logprob == pytest.approx(rows[np.arange(len(ids)), list(ids)].sum())
        assert sample.finished == (sample.log_weight > -math.inf)


def test_it_is_a_proposal_for_smc() -> None:
    draft = drafts(TARGET)["blurred"]
    sampler = VerifiedSampler(TARGET, CONSTRAINTS["grammar"], draft=draft, seed=2)
    truth = enumerate_texts(TARGET, lambda text: text in (b"0", b"b0", b"a0b", b"ab0b"), MAX_TOKENS)
    assert SMC(sampler).run(PROMPT, 500, MAX_TOKENS).log_evidence == pytest.approx(
        math.log(truth.z), abs=0.15
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_greedy_decoding(shape: str) -> None:
    for target in TARGETS.values():
        for constraint in (c for c in CONSTRAINTS.values() if c.vocabulary == target.vocabulary):
            plain = MaskedSampler(target, constraint, warp=Warp(temperature=0))
            [expected] = plain.sample(PROMPT, 1, 9)
            for draft in drafts(target).values():
                made = VerifiedSampler(
                    target, constraint, draft=draft, rule="greedy", shape=SHAPES[shape]
                )
                assert made.sample(PROMPT, 1, 9) == [expected]


class Counting(TableModel):
    """Remembers what it has been asked."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.calls: list[list[tuple[int, ...]]] = []

    def logprobs(self, prefixes: Any) -> Any:
        self.calls.append(list(prefixes))
        return super().logprobs(prefixes)


def test_what_the_models_are_asked() -> None:
    """Nothing that the constraint forbids, nothing twice, the target once for a step."""
    target, draft = Counting(LETTERS, 1), Counting(LETTERS, 1)
    constraint = CONSTRAINTS["grammar"]
    made = VerifiedSampler(target, constraint, draft=draft, shape=Branching((2, 2)), seed=3)
    samples = made.sample(PROMPT, 5, 12)
    assert made.account.target_calls == len(target.calls)
    assert made.account.draft_calls == len(draft.calls) <= 2 * len(target.calls)
    assert made.account.tokens == sum(len(sample.token_ids) for sample in samples)
    assert made.account.block_efficiency > 2.5
    for prefixes in target.calls + draft.calls:
        assert len(set(prefixes)) == len(prefixes)
        for prefix in prefixes:
            matcher = constraint.matcher()
            assert all(matcher.accept(token) for token in prefix[len(PROMPT) :])
            assert not matcher.is_finished()


def test_special_tokens_stand_in_the_text_by_name() -> None:
    tokens = [b"a", b"b", None, None]
    vocabulary = Vocabulary.from_bytes(tokens, [3], special_tokens={"<think>": 2})
    constraint = compile_grammar('start: <think> "a" <think>?', vocabulary)
    model = TableModel(vocabulary, lambda prefix: [1, 1, 1, 2])
    for made in (
        VerifiedSampler(model, constraint, draft=model),
        MaskedSampler(model, constraint),
    ):
        texts = {sample.text for sample in made.sample([], 20, 9)}
        assert texts == {"<think>a", "<think>a<think>"}


@pytest.mark.filterwarnings("error")
def test_a_target_may_write_to_its_answers_again() -> None:
    class Reusing(TableModel):
        memory = np.full((64, LETTERS.size), np.nan)

        def logprobs(self, prefixes: Any) -> Any:
            self.memory[:] = np.nan
            self.memory[: len(prefixes)] = super().logprobs(prefixes)
            return self.memory[: len(prefixes)]

    samples = [
        VerifiedSampler(
            kind(LETTERS, 1), CONSTRAINTS["regex"], draft=[Recycling(), Trigrams()], seed=1
        ).sample((), 4, 12)
        for kind in (TableModel, Reusing)
    ]
    assert samples[0] == samples[1]


def test_forced_tokens_need_no_draft_model() -> None:
    letters = Vocabulary.from_bytes([b"a", b"b", b"c", b"0", None], eos_token_ids=[4])
    target, draft = Counting(letters, 1), Counting(letters, 2)
    made = VerifiedSampler(target, compile_regex("abcabcabcabc", letters), draft=draft)
    [sample] = made.sample(PROMPT, 1, 20)
    assert (sample.text, len(target.calls), draft.calls) == ("abc" * 4, 1, [])


def test_tokens_that_cannot_spell_what_is_asked_for() -> None:
    """As with local masking: the text is given up, and weighs nothing."""
    constraint, draft = compile_regex("a(0|x)", LETTERS), drafts(TARGET)["blurred"]
    for sampler in (
        VerifiedSampler(TARGET, constraint, draft=draft, shape=Chains(3, 2)),
        VerifiedSampler(TARGET, compile_regex("ax", LETTERS), draft=draft),
    ):
        samples = sampler.sample(PROMPT, 10, 5)
        assert all(sample.text == "a0" for sample in samples if sample.finished)
    assert {sample.reason for sample in samples} == {"no token that the model draws can follow"}


def test_a_sample_does_not_depend_on_the_others() -> None:
    for shape in SHAPES.values():
        made = [
            VerifiedSampler(
                TARGET,
                CONSTRAINTS["regex"],
                draft=drafts(TARGET)["blurred"],
                shape=shape,
                seed=seed,
            )
            for seed in (7, 7, 8)
        ]
        many, few, other = (
            m.sample(PROMPT, n, MAX_TOKENS) for m, n in zip(made, (9, 4, 9), strict=True)
        )
        assert many[:4] == few
        assert many != other


class Limited(Counting):
    context_length = len(PROMPT) + 2


def test_the_contexts_of_both_models_are_kept() -> None:
    constraint = CONSTRAINTS["regex"]
    target, draft = Counting(LETTERS, 1), Limited(LETTERS, 1)
    made = VerifiedSampler(target, constraint, draft=draft, shape=Chains(6))
    made.sample(PROMPT, 20, 8)
    assert max(len(prefix) for prefixes in draft.calls for prefix in prefixes) == len(PROMPT) + 2
    made = VerifiedSampler(draft, constraint, draft=target, shape=Chains(6))
    draft.calls = []
    samples = made.sample(PROMPT, 20, 8)
    assert max(len(prefix) for prefixes in draft.calls for prefix in prefixes) == len(PROMPT) + 2
    assert {len(sample.token_ids) for sample in samples if not sample.finished} == {3}


class Broken(TableModel):
    def logprobs(self, prefixes: Any) -> Any:
        if max(map(len, prefixes)) > len(PROMPT) + 1:
            return self.fail(prefixes)
        return super().logprobs(prefixes)

    fail: Callable[[Any], Any]


def raises(prefixes: Any) -> Any:
    raise RuntimeError("out of memory")


FAILURES: dict[str, Callable[[Any], Any]] = {
    "raises": raises,
    "gives NaN": lambda prefixes: np.full((len(prefixes), LETTERS.size), np.nan),
    "has another width": lambda prefixes: np.zeros((len(prefixes), 99)),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_draft_model_that_fails_is_left_alone(failure: str) -> None:
    draft = Broken(LETTERS, 1)
    draft.fail = FAILURES[failure]
    constraint = CONSTRAINTS["regex"]
    made = VerifiedSampler(TARGET, constraint, draft=draft, seed=4)
    with pytest.warns(SpeculationWarning, match="the model has failed") as caught:
        samples = made.sample(PROMPT, 200, MAX_TOKENS)
    assert len(caught) == 1
    law = masked_law(TARGET, constraint)
    assert chi_square([sample.token_ids for sample in samples], law) < 4


def test_a_draft_model_that_gives_no_mass_to_what_is_allowed() -> None:
    draft = TableModel(LETTERS, lambda prefix: [0, 0, 0, 0, 1])
    constraint = CONSTRAINTS["grammar"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        samples = VerifiedSampler(TARGET, constraint, draft=draft).sample(PROMPT, 200, MAX_TOKENS)
    law = masked_law(TARGET, constraint)
    assert chi_square([sample.token_ids for sample in samples], law) < 4


@pytest.mark.parametrize("failure", ["gives NaN", "has another width"])
def test_a_target_that_fails(failure: str) -> None:
    target = Broken(LETTERS, 1)
    target.fail = FAILURES[failure]
    with pytest.raises((GenerationError, VocabularyError), match=r"NaN or infinite|of shape"):
        VerifiedSampler(target, CONSTRAINTS["regex"], draft=TARGET).sample(PROMPT, 9, MAX_TOKENS)


def test_a_draft_model_with_more_logits() -> None:
    """As models of one family have them: the tokens are the same."""
    padded = Vocabulary.from_bytes(
        [*(LETTERS.token_bytes(token) for token in range(LETTERS.size)), None],
        LETTERS.eos_token_ids,
    )

    def table(prefix: tuple[int, ...]) -> Any:
        return [*np.exp(TARGET.logprobs([prefix])[0]), 0.3]

    constraint = CONSTRAINTS["regex"]
    made = VerifiedSampler(TARGET, constraint, draft=TableModel(padded, table), seed=1)
    drawn = [sample.token_ids for sample in made.sample(PROMPT, 200, MAX_TOKENS)]
    assert made.account.accepted == made.account.offered
    assert chi_square(drawn, masked_law(TARGET, constraint)) < 4


def test_wrong_arguments() -> None:
    constraint, draft = CONSTRAINTS["regex"], TARGET
    with pytest.raises(VocabularyError, match="has another vocabulary than the target"):
        VerifiedSampler(TARGET, constraint, draft=TARGETS[JSON])
    with pytest.raises(ConstraintError, match="rule must be one of greedy, rejection"):
        VerifiedSampler(TARGET, constraint, draft=draft, rule="magic")
    with pytest.raises(ConstraintError, match="take Chains or Branching instead of Dynamic"):
        VerifiedSampler(TARGET, constraint, draft=draft, rule="spectr", shape=Dynamic())
    with pytest.raises(ConstraintError, match="is for temperature 0"):
        VerifiedSampler(TARGET, constraint, draft=draft, rule="greedy", warp=Warp(0.5))
    for shape in (lambda: Chains(0), lambda: Branching((2, 0)), lambda: Dynamic(width=0)):
        with pytest.raises(ConstraintError, match=r"must be >= 1, not 0"):
            shape()
    with pytest.raises(ConstraintError, match="threshold must be"):
        Dynamic(threshold=0)
