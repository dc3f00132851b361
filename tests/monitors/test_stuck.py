"""What cannot be agreed on is told as a typed event, by the setting of the monitor."""

from __future__ import annotations

import pytest

from constrain import (
    GenerationError,
    MonitorError,
    MonitorWarning,
    StuckError,
    compile_json_schema,
    compile_regex,
    generate,
)
from constrain.models import BundledModel
from constrain.monitors import JSONCheck, JSONValue
from tests.monitors.walks import Fixed, allowed_tokens

MODEL = BundledModel()
MEMBER = compile_regex(r"[a-z]{1,4}\.[a-z]{1,8}", MODEL.vocabulary)
USER = compile_json_schema(
    {
        "type": "object",
        "properties": {"name": {"type": "string"}, "place": {"type": "string", "maxLength": 9}},
        "required": ["name", "place"],
        "additionalProperties": False,
    },
    MODEL.vocabulary,
)


def written(constraint):
    return generate(constraint, MODEL, seed=1, max_tokens=40)


@pytest.mark.parametrize("names", [(["name"], ["number"]), (["NAME"],), (["name"], ["names"])])
def test_answers_that_contradict_are_ignored_with_a_warning(names):
    constraint = MEMBER
    for one in names:
        constraint = constraint & Fixed(one)
    with pytest.warns(MonitorWarning, match="allow none of what it suggests"):
        text = written(constraint)
    assert MEMBER.matcher().accept_bytes(text.encode())
    assert len(names) == 1 or text.endswith(f".{names[-1][0]}")


def test_answers_that_contradict_are_errors():
    with pytest.raises(MonitorError, match="allow none") as told:
        written(MEMBER & Fixed(["name"], otherwise="error") & Fixed(["number"]))
    assert told.value.kind == "empty" and told.value.text.endswith(".")
    matcher = (MEMBER & Fixed(["NAME"], otherwise="error")).matcher()
    assert matcher.accept_bytes(b"ab")
    with pytest.raises(MonitorError):
        matcher.accept_bytes(b".")
    assert matcher.accept_bytes(b"c") and allowed_tokens(matcher)


def test_answers_that_contradict_stop_a_text():
    may_end = compile_regex(r"[a-z]{1,4}\.(?:[a-z]{1,8})?", MODEL.vocabulary)
    with pytest.warns(MonitorWarning, match="stopping"):
        assert written(may_end & Fixed(["NAME"], otherwise="stop")).endswith(".")
    with pytest.raises(StuckError, match="does not go with the constraint") as stuck:
        written(MEMBER & Fixed(["NAME"], otherwise="stop"))
    assert (stuck.value.kind, stuck.value.monitor) == ("stuck", "Fixed")
    assert isinstance(stuck.value, GenerationError) and stuck.value.text.endswith(".")


def test_answers_that_contradict_are_avoided():
    constraint = compile_regex(r"x(\.b)?", MODEL.vocabulary) & Fixed(["a"])
    assert {generate(constraint, MODEL, seed=seed) for seed in range(20)} == {"x"}


def test_agreeing_answers_are_not_touched():
    text = written(MEMBER & Fixed(["name", "size"]) & Fixed(["size", "sizes"]))
    assert text.endswith(".size")


def test_values_that_json_leaves_no_room_for():
    with pytest.raises(StuckError) as stuck:
        written(USER & JSONValue("/place", lambda document: [], otherwise="stop"))
    assert stuck.value.monitor == "JSONValue" and stuck.value.text.endswith('"place":')
    with pytest.raises(MonitorError, match="no suggestion"):
        written(USER & JSONValue("/place", lambda document: []))


def test_checks_that_refuse_all_strings_tell_what_was_written():
    asked = []
    constraint = USER & JSONCheck("/place", lambda value, document: asked.append(value))
    with pytest.raises(StuckError) as stuck:
        written(constraint)
    assert asked and stuck.value.monitor == "JSONCheck"

    def is_long(value, document):
        return len(value) > 9

    matcher = (USER & JSONCheck("/place", is_long)).matcher()
    assert matcher.accept_bytes(b'{"name":"x","place":"123456789')
    assert not allowed_tokens(matcher)
    error = matcher.dead_end((1, 2))
    assert isinstance(error, StuckError) and error.text.endswith("123456789")
    assert error.token_ids == (1, 2)


@pytest.mark.parametrize("sampler", ["rejection", "cars", "asap", "awrs", "smc"])
def test_samplers_do_not_try_what_cannot_end(sampler):
    constraint = USER & JSONValue("/place", lambda document: ["a"])
    constraint = constraint & JSONValue("/place", lambda document: ["b"])
    with pytest.raises(StuckError, match="go together"):
        generate(constraint, MODEL, seed=1, max_tokens=40, sampler=sampler)
