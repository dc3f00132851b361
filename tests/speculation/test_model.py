"""What a speculative model does with guesses: how many it sends, and what when something fails."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from constrain import (
    ConstraintError,
    GenerationError,
    SpeculationWarning,
    Vocabulary,
    VocabularyError,
    compile_regex,
    generate_regex,
)
from constrain.models import LanguageModel, TableModel
from constrain.models.lookahead import Lookahead
from constrain.sampling import SMC, MaskedSampler
from constrain.sampling.base import Sample
from constrain.speculation import (
    Drafter,
    DraftModel,
    Forced,
    Likely,
    Recycling,
    Said,
    SpeculativeModel,
    Statistics,
    Trigrams,
    VerifiedSampler,
)
from constrain.speculation.auto import free_drafters
from constrain.speculation.calibration import Calibration
from tests.sampling.exact import LETTERS, PROMPT, peaked_model

from .runs import Wrong, blurred

MODEL = peaked_model(3, power=2)
LONG = compile_regex("[ab0]{999,}", LETTERS)
ANY = compile_regex("[ab0]*", LETTERS)


class Watched(LanguageModel):
    """A model that remembers what it was asked."""

    def __init__(self, model: LanguageModel, context_length: int | None = None) -> None:
        self.model = model
        self.vocabulary = model.vocabulary
        self.context_length = context_length
        self.calls: list[list[tuple[int, ...]]] = []

    def logprobs(self, prefixes: Any) -> Any:
        self.calls.append(list(prefixes))
        if self.context_length:
            assert max(map(len, prefixes)) <= self.context_length
        return self.model.logprobs(prefixes)


def write(model: LanguageModel, n: int = 1, most: int = 200, seed: int = 1) -> list[Sample]:
    return MaskedSampler(model, LONG, seed=seed).sample(PROMPT, n, most)


def test_a_good_drafter_saves_calls() -> None:
    target = Watched(MODEL)
    model = SpeculativeModel(target, DraftModel(MODEL, cost=0.01))
    assert write(model) == write(MODEL)
    assert len(target.calls) < 30
    statistics = model.statistics
    assert statistics.questions == 200
    assert statistics.calls == len(target.calls)
    assert statistics.positions == sum(map(len, target.calls))
    assert statistics.per_call == 200 / len(target.calls)
    assert statistics.drafters["model"].rate > 0.95
    assert list(statistics.places) == list(range(1, 17))
    sent = sum(a.sent for a in statistics.places.values())
    assert sent == statistics.drafters["model"].sent == statistics.positions - statistics.calls


def priced(statistics: Statistics, n: int, position: float, first: float) -> float:
    """What the calls for n texts cost at most, if one without guesses costs 1."""
    sent = sum(acceptance.sent for acceptance in statistics.drafters.values())
    widened = min(sum(a.sent for place, a in statistics.places.items() if place == 1), sent)
    return statistics.calls + position * sent + first * widened / n


COSTS = [(0.03, 0.25), (0.01, 0.02), (0.3, 0.0)]


@pytest.mark.parametrize(("position", "first"), COSTS)
@pytest.mark.parametrize("n", [1, 8])
def test_a_drafter_that_is_always_wrong_costs_little(n: int, position: float, first: float) -> None:
    """At most a loan of four calls, and 2 % of the calls; once that is spent, 2 %, for good."""
    model = SpeculativeModel(MODEL, Wrong(MODEL), position_cost=position, first_cost=first)
    write(model, n=n)
    before = model.statistics
    assert sum(a.accepted for a in before.drafters.values()) == 0
    assert sum(a.sent for a in before.drafters.values()) > 0 or n * position > 1
    assert priced(before, n, position, first) <= 4 + 1.02 * 200
    assert write(model, n=n, seed=2) == write(MODEL, n=n, seed=2)
    after = model.statistics.since(before)
    assert priced(after, n, position, first) <= 1.02 * 200 + 1


@pytest.mark.parametrize("n", [1, 8])
@pytest.mark.parametrize("most", [3, 10, 40, 200])
@pytest.mark.parametrize("drafter", ["wrong", "free"])
def test_auto_never_costs_more_than_it_may(
    monkeypatch: pytest.MonkeyPatch, drafter: str, most: int, n: int
) -> None:
    """Not even where everything that is guessed is wrong, and not even for short texts."""
    monkeypatch.setattr("constrain.speculation.model._FUTILE", np.inf)
    makers = {"wrong": lambda: [Wrong(MODEL)], "free": free_drafters}
    for position, first in COSTS:
        for seed in range(3):
            model = SpeculativeModel(
                MODEL, makers[drafter](), position_cost=position, first_cost=first, loan=0
            )
            assert write(model, n, most, seed) == write(MODEL, n, most, seed)
            statistics = model.statistics
            assert priced(statistics, n, position, first) <= 1.02 * statistics.questions


class Slow(Watched):
    """Takes some time for a call."""

    seconds = 0.004

    def logprobs(self, prefixes: Any) -> Any:
        started = time.perf_counter()
        while time.perf_counter() - started < self.seconds:
            pass
        return super().logprobs(prefixes)


def test_a_target_faster_than_drafting_is_asked_directly() -> None:
    """With no loan; else drafting is what the caller wants."""
    forced = compile_regex("(ab0ab0ab0){9}", LETTERS)
    for target, loan, fewer in (
        (Watched(MODEL), 0, False),
        (Watched(MODEL), 99, True),
        (Slow(MODEL), 0, True),
    ):
        model = SpeculativeModel(target, free_drafters(), loan=loan, position_cost=0.01)
        samples = [MaskedSampler(m, forced, seed=1).sample(PROMPT, 2, 60) for m in (model, MODEL)]
        assert samples[0] == samples[1]
        statistics = model.statistics
        assert statistics.calls == len(target.calls)
        assert statistics.positions == sum(map(len, target.calls))
        assert (statistics.calls < statistics.questions) == fewer


def test_a_drafter_that_becomes_good_is_asked_again() -> None:
    class Late(Wrong):
        right = False

        def guess(self, texts: Sequence[Lookahead]) -> list[Likely | None]:
            if not self.right:
                return super().guess(texts)
            rows = self.model.logprobs([text.prefix for text in texts])
            return [Likely(np.arange(LETTERS.size), row) for row in rows]

    drafter = Late(MODEL)
    model = SpeculativeModel(MODEL, drafter)
    write(model)
    drafter.right = True
    write(model, seed=2)
    before = model.statistics
    write(model, seed=3)
    assert model.statistics.since(before).per_call > 3


def test_texts_side_by_side_are_drafted_to_one_depth() -> None:
    target = Watched(MODEL)
    model = SpeculativeModel(target, DraftModel(MODEL, cost=0.001), first_cost=0)
    assert write(model, n=5, most=60) == write(MODEL, n=5, most=60)
    assert len(target.calls) <= 20
    near = SpeculativeModel(MODEL, DraftModel(blurred(MODEL), cost=0.001))
    smc = [SMC(MaskedSampler(m, ANY, seed=4)).sample(PROMPT, 8, 30) for m in (near, MODEL)]
    assert smc[0] == smc[1]


def test_callers_that_show_nothing_are_taken_to_be_greedy() -> None:
    target = Watched(MODEL)
    model = SpeculativeModel(target, DraftModel(MODEL, cost=0.01))
    prefix: tuple[int, ...] = PROMPT
    for _ in range(60):
        row = model.logprobs([prefix])[0]
        np.testing.assert_array_equal(row, MODEL.logprobs([prefix])[0])
        row[list(LETTERS.eos_token_ids)] = -np.inf
        prefix = (*prefix, int(np.argmax(row)))
    assert len(target.calls) < 30
    assert model.logprobs([]).shape == (0, LETTERS.size)


def test_answers_need_no_room() -> None:
    for room in (0, 200):
        model = SpeculativeModel(MODEL, DraftModel(MODEL, cost=0.01), cache_bytes=room)
        assert write(model, n=3, most=40) == write(MODEL, n=3, most=40)
        assert len(model._rows) * 40 <= room


class Reusing(Watched):
    """Answers out of one array, of which it keeps far more than it gives."""

    def __init__(self, model: LanguageModel) -> None:
        super().__init__(model)
        self.memory = np.full((64, 99, model.vocabulary.size), np.nan)

    def logprobs(self, prefixes: Any) -> Any:
        self.memory[: len(prefixes), -1] = super().logprobs(prefixes)
        return self.memory[: len(prefixes), -1]


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.filterwarnings("error")
def test_a_target_may_write_to_its_answers_again(n: int) -> None:
    target = Reusing(MODEL)
    drafters = [Recycling(), Trigrams(), DraftModel(blurred(MODEL), cost=0.01)]
    model = SpeculativeModel(target, drafters, first_cost=0, loan=99)
    for seed in range(3):
        assert write(model, n, seed=seed) == write(MODEL, n, seed=seed)
    assert len(target.calls) < 3 * 200
    assert not any(np.shares_memory(row, target.memory) for row in model._rows.values())


def test_nobody_can_write_to_what_the_target_has_said() -> None:
    class Eraser(Forced):
        def learn(self, prefix: tuple[int, ...], said: Said) -> None:
            said._row[:] = np.nan  # type: ignore[index]

    with pytest.warns(SpeculationWarning, match="read-only"):
        assert write(SpeculativeModel(MODEL, [Eraser(), DraftModel(MODEL)])) == write(MODEL)


def test_what_nobody_learns_from_is_not_kept() -> None:
    model = SpeculativeModel(MODEL, Forced(), cache_bytes=0, first_cost=0, loan=99)
    write(model)
    assert not model._drafting._unread
    assert not model._rows


def test_a_text_that_begins_again_has_no_guesses_yet() -> None:
    """A run that was broken off leaves some, maybe for another constraint."""

    def stop(_: Any) -> None:
        raise KeyboardInterrupt

    model = SpeculativeModel(MODEL, DraftModel(MODEL, cost=0.01), first_cost=0, loan=99)
    with pytest.raises(KeyboardInterrupt):
        MaskedSampler(model, LONG, seed=1, observe=stop).sample(PROMPT, 1, 20)
    before = model.statistics
    assert before.drafters["model"].sent > 0
    assert write(model, most=20) == write(MODEL, most=20)
    for acceptance in model.statistics.since(before).drafters.values():
        assert acceptance.accepted <= acceptance.sent


def test_the_context_is_kept_to() -> None:
    target = Watched(MODEL, context_length=30)
    model = SpeculativeModel(target, DraftModel(Watched(MODEL, context_length=20), cost=0.01))
    assert write(model, most=100) == write(Watched(MODEL, context_length=30), most=100)
    assert max(len(prefix) for call in target.calls for prefix in call) == 30


class Failing(Drafter):
    name = "failing"

    def __init__(self, offer: Any) -> None:
        self.offer = offer
        self.asked = 0

    def guess(self, texts: Sequence[Lookahead]) -> Any:
        self.asked += 1
        if isinstance(self.offer, Exception):
            raise self.offer
        return [self.offer] * len(texts)


FAILURES: list[tuple[Any, str]] = [
    (RuntimeError("broken"), "RuntimeError: broken"),
    (Likely(np.array([99]), np.log([0.9])), "tokens 99 to 99, of 5"),
    (Likely(np.array([-1]), np.log([0.9])), "tokens -1 to -1, of 5"),
    (Likely(np.array([0, 99, 1]), np.log([0.5, 0.3, 0.1])), "must ascend"),
    (Likely(np.array([3, 1]), np.log([0.5, 0.3])), "must ascend"),
    (Likely(np.array([1, 1]), np.log([0.5, 0.3])), "must ascend"),
    (Likely(np.array([0, -1, 2]), np.log([0.1, 0.8, 0.1])), "must ascend"),
    (Likely(np.array([0, 3, 1, 4], np.uint64), np.log([0.1, 0.3, 0.1, 0.1])), "must ascend"),
    (Likely(np.array([0.5, 1]), np.log([0.5, 0.3])), "ids, not float64"),
    (Likely(np.array([0, 1]), np.log([0.5])), r"tokens of shape \(2,\), logarithms of \(1,\)"),
    (Likely(np.array([1]), np.array([np.nan])), "gives NaN"),
    (Likely(np.array([1]), np.array([2.0])), "more than the logarithms"),
    ("nonsense", "too many values"),
]


@pytest.mark.parametrize(("offer", "message"), FAILURES)
def test_a_drafter_that_fails_is_left_out(offer: Any, message: str) -> None:
    drafter = Failing(offer)
    model = SpeculativeModel(MODEL, [drafter, DraftModel(MODEL, cost=0.01)])
    with pytest.warns(SpeculationWarning, match=f"the failing has failed.*{message}") as caught:
        assert write(model) == write(MODEL)
    assert len(caught) == 1
    assert caught[0].message.culprit == "failing"  # type: ignore[union-attr]
    assert drafter.asked == 1
    assert model.statistics.calls < 40


def test_answers_to_other_texts() -> None:
    class Chatty(Failing):
        def guess(self, texts: Sequence[Lookahead]) -> Any:
            return [None] * (len(texts) + 1)

    with pytest.warns(SpeculationWarning, match="2 answers to 1 texts"):
        assert write(SpeculativeModel(MODEL, Chatty(None))) == write(MODEL)


@pytest.mark.parametrize("logprobs", [[], [-np.inf]])
@pytest.mark.filterwarnings("error")
def test_an_offer_of_nothing_is_no_idea(logprobs: list[float]) -> None:
    offer = Likely(np.arange(len(logprobs)), np.array(logprobs))
    assert write(SpeculativeModel(MODEL, Failing(offer))) == write(MODEL)


@pytest.mark.parametrize("good", [1, 2, 5])
def test_a_drafter_may_fail_after_guesses_that_are_still_to_be_sent(good: int) -> None:
    class Flaky(DraftModel):
        left = good

        def guess(self, texts: Sequence[Lookahead]) -> list[Likely | None]:
            self.left -= 1
            if self.left < 0:
                raise RuntimeError("broken")
            return super().guess(texts)

    model = SpeculativeModel(MODEL, Flaky(MODEL, cost=0.001), position_cost=0.001, first_cost=0)
    with pytest.warns(SpeculationWarning, match="broken"):
        assert write(model) == write(MODEL)


def test_a_drafter_that_cannot_learn_is_left_out() -> None:
    class Dull(Forced):
        def learn(self, prefix: tuple[int, ...], said: Likely) -> None:
            raise RuntimeError("too much")

    model = SpeculativeModel(MODEL, Dull())
    with pytest.warns(SpeculationWarning, match="too much"):
        assert write(model) == write(MODEL)


def test_a_target_that_cannot_score_guesses_is_asked_without() -> None:
    class Narrow(Watched):
        def logprobs(self, prefixes: Any) -> Any:
            if len(prefixes) > 1:
                raise MemoryError("too many")
            return super().logprobs(prefixes)

    target = Narrow(MODEL)
    model = SpeculativeModel(target, DraftModel(MODEL))
    with pytest.warns(SpeculationWarning, match="target has failed.*too many") as caught:
        assert write(model) == write(MODEL)
    assert len(caught) == 1


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_target_that_gives_nan_with_guesses_is_asked_without(wrong: float) -> None:
    class Narrow(Watched):
        def logprobs(self, prefixes: Any) -> Any:
            rows = super().logprobs(prefixes)
            return rows if len(prefixes) == 1 else np.full_like(rows, wrong)

    with pytest.warns(SpeculationWarning, match="target has failed.*NaN") as caught:
        assert write(SpeculativeModel(Narrow(MODEL), DraftModel(MODEL))) == write(MODEL)
    assert len(caught) == 1


class Broken(Watched):
    """Gives NaN after some tokens."""

    def __init__(self, length: int) -> None:
        super().__init__(MODEL)
        self.length = length

    def logprobs(self, prefixes: Any) -> Any:
        rows = super().logprobs(prefixes)
        rows[[len(prefix) >= self.length for prefix in prefixes]] = np.nan
        return rows


def test_nan_is_told_where_the_sampler_comes_to_it() -> None:
    with pytest.raises(GenerationError, match="NaN") as plain:
        write(Broken(20))
    with pytest.raises(GenerationError, match="NaN") as ahead, warnings.catch_warnings():
        warnings.simplefilter("error")
        write(SpeculativeModel(Broken(20), DraftModel(MODEL, cost=0.01)))
    assert ahead.value.token_ids == plain.value.token_ids
    assert len(ahead.value.token_ids) == 20 - len(PROMPT)
    finished = [
        MaskedSampler(m, LONG, seed=1).sample(PROMPT, 1, 18)
        for m in (Broken(20), SpeculativeModel(Broken(20), DraftModel(MODEL, cost=0.01)))
    ]
    assert finished[0] == finished[1]


def test_rows_of_another_width() -> None:
    class Wide(Watched):
        def logprobs(self, prefixes: Any) -> Any:
            return np.zeros((len(prefixes), 9))

    with pytest.raises(VocabularyError, match=r"shape \(1, 9\), not \(1, 5\)"):
        write(SpeculativeModel(Wide(MODEL), Forced()))


def test_a_draft_model_with_another_vocabulary() -> None:
    other = Vocabulary.from_bytes([b"a", b"b", None], eos_token_ids=[2])
    with pytest.raises(VocabularyError, match="'model' has another vocabulary"):
        SpeculativeModel(MODEL, DraftModel(TableModel(other, 1)))
    with pytest.raises(VocabularyError, match="another vocabulary"):
        generate_regex("a", MODEL, draft=TableModel(other, 1))


class Renamed(LanguageModel):
    """A model over the same tokens, token t under the id `ids[t]`, among others."""

    def __init__(self, model: LanguageModel, ids: Sequence[int], size: int, ends: int) -> None:
        self.model = model
        self.ids = np.array(ids)
        table: list[bytes | None] = [None] * size
        for token, place in enumerate(ids):
            table[place] = model.vocabulary.token_bytes(token)
        self.vocabulary = Vocabulary.from_bytes(table, eos_token_ids=[ends])

    def logprobs(self, prefixes: Any) -> Any:
        tokens = {place: token for token, place in enumerate(self.ids.tolist())}
        rows = np.full((len(prefixes), self.vocabulary.size), -np.inf)
        rows[:, self.ids] = self.model.logprobs([[tokens[t] for t in p] for p in prefixes])
        return rows


RENAMED = {
    "more logits": ([0, 1, 2, 3, 4], 9, 4),
    "other ids": ([3, 0, 4, 2, 5], 7, 5),
    "another end": ([0, 1, 2, 3, 4], 6, 5),
}


@pytest.mark.parametrize("how", RENAMED)
def test_a_draft_model_with_the_same_tokens_under_other_ids(how: str) -> None:
    """What it says is as good as what the model itself says, also the other way round."""
    other = Renamed(MODEL, *RENAMED[how])
    constraint = compile_regex("[ab0]{4,12}", LETTERS)
    for seed in range(3):
        model = SpeculativeModel(
            MODEL, DraftModel(other, vocabulary=LETTERS, cost=0.01), first_cost=0
        )
        samples = [
            MaskedSampler(m, constraint, seed=seed).sample(PROMPT, 1, 20) for m in (model, MODEL)
        ]
        assert samples[0] == samples[1]
        acceptance = model.statistics.drafters["model"]
        assert acceptance.accepted == acceptance.sent > 0
    details = generate_regex("[ab0]{9}", MODEL, seed=1, draft=other, return_details=True)
    assert details.text == generate_regex("[ab0]{9}", MODEL, seed=1)
    assert details.speculation.drafters["model"].accepted


@pytest.mark.parametrize("settings", [{"most": 0}, {"position_cost": 0}, {"position_cost": 1}])
def test_settings_out_of_range(settings: Any) -> None:
    with pytest.raises(ConstraintError, match=next(iter(settings))):
        SpeculativeModel(MODEL, Forced(), **settings)


class Nameless(Drafter):
    def guess(self, texts: Sequence[Lookahead]) -> list[Likely | None]:
        return [None] * len(texts)


@dataclass
class Equal(Nameless):
    name: str = "equal"


@pytest.mark.parametrize(
    ("drafter", "message"),
    [
        (MODEL, r"no drafter; a model becomes one as DraftModel\(model\)"),
        ([Forced(), MODEL], "no drafter"),
        (3, "3 is no drafter"),
        (Nameless(), "has no name"),
        (Equal(), r"'equal' has no hash.*eq=False"),
    ],
)
def test_what_is_no_drafter(drafter: Any, message: str) -> None:
    with pytest.raises(ConstraintError, match=message):
        SpeculativeModel(MODEL, drafter)
    if drafter is not MODEL:
        with pytest.raises(ConstraintError, match=message):
            VerifiedSampler(MODEL, ANY, draft=drafter)


@pytest.mark.parametrize("draft", ["fast", 3, ["auto"]])
def test_what_is_no_draft(draft: Any) -> None:
    with pytest.raises(ConstraintError, match="draft must be"):
        generate_regex("a", MODEL, draft=draft)


@pytest.mark.parametrize("sampler", ["masked", "cars", "smc"])
@pytest.mark.parametrize("draft", ["auto", MODEL, Forced(), [Forced(), DraftModel(MODEL)]])
def test_generation_with_drafts(sampler: str, draft: Any) -> None:
    settings: dict[str, Any] = {"n": 2, "seed": 3, "sampler": sampler, "temperature": 0.8}
    settings |= {"particles": 4, "max_tokens": 30, "return_details": True}
    plain = generate_regex("(ab|b0){1,9}0*", MODEL, **settings)
    ahead = generate_regex("(ab|b0){1,9}0*", MODEL, draft=draft, **settings)
    statistics = ahead[0].speculation
    assert [g.token_ids for g in plain] == [g.token_ids for g in ahead]
    assert [g.logprob for g in plain] == [g.logprob for g in ahead]
    assert plain[0].speculation is None
    for details in (plain[0], ahead[0]):
        timings = details.timings
        assert 0 < timings.sampler < timings.total - timings.compile
    spent = statistics.target_seconds + statistics.draft_seconds
    assert timings.compile + spent + timings.sampler == pytest.approx(timings.total)
    assert statistics.calls <= statistics.questions
    if draft is MODEL:
        assert statistics.per_call > 1
        assert statistics.drafters["model"].accepted


def test_details_count_one_call() -> None:
    model = SpeculativeModel(MODEL, DraftModel(MODEL, cost=0.01))
    for seed in (1, 2):
        details = generate_regex("[ab]{9}", model, seed=seed, return_details=True)
        assert details.speculation.questions == details.model_calls


def test_chances_are_learnt() -> None:
    calibration = Calibration()
    assert calibration.chance("a", 0.8, 10) == pytest.approx(0.8)
    for i in range(200):
        calibration.learn("a", 0.8, 10, i % 4 == 0)
    assert calibration.chance("a", 0.8, 10) == pytest.approx(0.25, abs=0.1)
    assert calibration.chance("a", 0.3, 10) < 0.2  # another class of the same drafter
    assert calibration.chance("b", 0.8, 10) == pytest.approx(0.8)
    for _ in range(100):
        calibration.learn("a", 0.8, 4000, True)
    assert calibration.chance("a", 0.8, 4000) > 0.9
    assert calibration.chance("a", 0.8, 10) < 0.5


def test_guesses_that_do_not_pay_together_are_not_sent() -> None:
    """Each may be worth its position, and yet all of them not what the first one costs."""

    class Doubtful(Drafter):
        name = "doubtful"

        def guess(self, texts: Sequence[Lookahead]) -> list[Likely | None]:
            return [Likely(np.array([0]), np.log([0.3]))] * len(texts)

    sent = []
    for first_cost in (0.0, 0.99):
        model = SpeculativeModel(MODEL, Doubtful(), most=1, first_cost=first_cost, loan=99)
        assert write(model) == write(MODEL)
        sent.append(sum(a.sent for a in model.statistics.drafters.values()))
    assert sent[0] > 20
    assert sent[1] == 0


def test_a_drafter_that_costs_much_and_saves_nothing_is_hardly_asked() -> None:
    """Whatever else has been saved."""

    class Costly(Wrong):
        cost = 0.3
        asked = 0

        def guess(self, texts: Sequence[Lookahead]) -> list[Likely | None]:
            self.asked += 1
            return super().guess(texts)

    drafter = Costly(MODEL)
    assert write(SpeculativeModel(MODEL, drafter, loan=999)) == write(MODEL)
    assert drafter.asked < 30
