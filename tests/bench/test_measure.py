"""How an engine's masks become the outcome of a schema."""

from __future__ import annotations

from typing import Any

import pytest

from bench.measure import Result, Tokens, Verdict, judge, measure

EOS = 0


def _measure(engine: Any, schema: Any, instances: list[Tokens]) -> Result:
    return measure(engine, "case", schema, instances, EOS)


@pytest.fixture
def engine(fakes: str) -> Any:
    from importlib import import_module

    return import_module(fakes).FakeEngine(range(100))


def test_an_instance_ends_at_the_first_refused_token(engine: Any) -> None:
    result = _measure(engine, {"refuse": 31}, [Tokens([5, 6, 31, 7], True), Tokens([8, 9], True)])
    assert result.outcome == "wrong reject"
    assert result.verdicts == (Verdict(True, False, 2), Verdict(True, True, 2))
    assert len(result.tbm_us) == 3 + 2


def test_an_end_that_is_not_allowed_is_a_refusal(engine: Any) -> None:
    result = _measure(engine, {"refuse": EOS}, [Tokens([5, 6], False)])
    assert result.outcome == "passing"
    assert result.verdicts == (Verdict(False, False, 2),)


def test_an_invalid_instance_taken_whole_is_a_wrong_accept(engine: Any) -> None:
    assert _measure(engine, {}, [Tokens([5], True), Tokens([6], False)]).outcome == "wrong accept"


def test_a_refusal_to_compile_is_counted_by_its_reason(engine: Any) -> None:
    result = _measure(engine, {"do": "refuse"}, [Tokens([5], True)])
    assert (result.outcome, result.reason) == ("compile error", "not here")
    assert result.detail == "not here, and this is why"
    assert (result.ttfm_us, result.tbm_us, result.verdicts) == (None, (), ())


def test_a_bug_while_compiling_is_told_from_a_refusal(engine: Any) -> None:
    result = _measure(engine, {"do": "bug"}, [])
    assert (result.outcome, result.reason) == ("compile error", "internal KeyError")


def test_a_bug_while_masking_is_a_run_time_error(engine: Any) -> None:
    result = _measure(engine, {"do": "raise"}, [Tokens([5], True), Tokens([6], False)])
    assert (result.outcome, result.reason) == ("run-time error", "RuntimeError: gave up")


@pytest.mark.parametrize(
    ("verdicts", "outcome"),
    [
        ([Verdict(True, False, 1), Verdict(False, True, 3)], "wrong accept"),
        ([Verdict(False, False, 1, "limit"), Verdict(True, False, 1)], "wrong reject"),
        ([Verdict(True, False, 1, "limit"), Verdict(False, False, 1)], "run-time error"),
        ([], "passing"),
    ],
)
def test_the_worst_verdict_decides(verdicts: list[Verdict], outcome: str) -> None:
    assert judge(verdicts)[0] == outcome


def test_a_result_survives_json(engine: Any) -> None:
    result = _measure(engine, {"refuse": 31}, [Tokens([5, 31], True)])
    assert Result.from_json(result.to_json()) == result
