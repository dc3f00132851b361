"""The framework: masks from answers, composition, endings, events."""

from __future__ import annotations

import gc
import itertools
import re
import time
import warnings

import numpy as np
import pytest

from constrain import ConstraintError, compile_grammar, compile_json_schema, compile_regex
from constrain.engine import fill_bitmasks
from constrain.engine.bitmask import allowed
from constrain.errors import MonitorError, MonitorWarning
from constrain.monitors import Monitor, monitored, pattern
from tests.monitors.walks import (
    Fixed,
    agrees,
    allowed_tokens,
    check_suggestions,
    vocabulary,
    walk_all_splits,
)

NAMES = {"a", "append", "app_1", "über", "日本"}
FINE = vocabulary()
LONGER = ["ap", "app", "append", "appends", ".a", ".append", "x.app", "end ", "d(", "日"]
COARSE = vocabulary(*LONGER)


@pytest.mark.parametrize("tokens", [FINE, COARSE])
def test_every_division_of_every_suggestion_is_allowed_and_nothing_else(tokens):
    check_suggestions(monitored(tokens, Fixed(NAMES)), b"x.", NAMES)
    check_suggestions(monitored(tokens, Fixed(NAMES)), b"x.a.", NAMES, after="\n")
    check_suggestions(compile_regex(r"x(?s:.)*", tokens) & Fixed(NAMES), b"x ", {"x"} - {"x"})


ALPHABET = "ab. "
TOKENS = ["a", "b", ".", " ", "ab", ".a", ".b", "a.", "b a", ".a.", ". ", "..", "a.b", ".ab"]


def names_after(text: str) -> set[str] | None:
    """A small analysis that depends on the text: after `b.` anything, else by its length."""
    if text.endswith("b."):
        return None
    return {"a", "ab"} if len(text) % 2 else {"b", "abb"}


def is_text(text: str, ends: list[int]) -> bool:
    """Whether what follows each dot agrees with the analysis, the last of it perhaps not whole."""
    for end in ends:
        names = names_after(text[:end])
        if names is not None:
            said = re.match(r"\w*", text[end:])[0]
            whole = end + len(said) < len(text)
            if not (said in names if whole else any(name.startswith(said) for name in names)):
                return False
    return True


def test_masks_against_the_definition():
    """Token by token, over all texts of a few characters."""
    tokens = vocabulary(*(token for token in TOKENS if len(token) > 1))
    table = {i: tokens.token_bytes(i) or b"" for i in range(tokens.size)}
    ids = [i for i, data in table.items() if data.decode("latin1") in TOKENS]
    constraint = monitored(tokens, Fixed(names_after))
    for text in map("".join, itertools.product(ALPHABET, repeat=5)):
        matcher = constraint.matcher()
        dots = [i + 1 for i, char in enumerate(text) if char == "."]
        assert matcher.accept_bytes(text.encode()) == is_text(text, dots), text
        if not is_text(text, dots):
            continue

        def begun(token: str, text: str = text) -> bool:
            inner = [i for i, char in enumerate(token[:-1]) if char == "."]
            whole = text + token
            dots = [i + 1 for i, char in enumerate(whole) if char == "."]
            return not set(inner) - {0} and is_text(whole, dots)

        agrees(matcher, begun, ids)


def test_rollback_fork_reset():
    matcher = monitored(FINE, Fixed(["ab"])).matcher()
    masks = []
    for byte in b"x.ab c":
        masks.append(allowed_tokens(matcher))
        assert matcher.accept(byte)
    fork = matcher.fork()
    for mask in reversed(masks):
        fork.rollback(1)
        assert allowed_tokens(fork) == mask
    with pytest.raises(ValueError, match="roll back"):
        fork.rollback(1)
    matcher.reset()
    assert allowed_tokens(matcher) == masks[0]


def test_an_answer_is_asked_once():
    monitor = Fixed(["ab"])
    for tokens, asked in ((FINE, []), (COARSE, ["."])):
        matcher = monitored(tokens, monitor).matcher()
        for _ in range(3):
            allowed_tokens(matcher)
        assert monitor.asked == asked


def test_the_text_before_is_read_from_its_last_trigger():
    inside = monitored(FINE, Fixed(["append", "apply"], before="f(x.y, x.app")).matcher()
    assert allowed_tokens(inside) == {ord("e"), ord("l")}
    beyond = monitored(FINE, Fixed(["append"], before="x.append(")).matcher()
    assert beyond.accept_bytes(b"y")
    apart = monitored(FINE, Fixed(["append"], before="x.foo")).matcher()
    assert apart.accept_bytes(b"o")


def test_composition():
    grammar = compile_regex(r"x\.[a-z]{2,}(\(\))?", COARSE)
    both = grammar & Fixed(["ab", "abc", "B", "é"]) & Fixed(["abc", "ab", "zz"])
    matcher = both.matcher()
    matcher.accept_bytes(b"x.")
    assert allowed_tokens(matcher) == {ord("a")}
    assert matcher.tokens_to_finish() == 3
    matcher.accept_bytes(b"ab")
    assert {chr(i) for i in allowed_tokens(matcher) - set(COARSE.eos_token_ids)} == {"c", "("}
    either_way = (grammar & Fixed(["ab"])) & compile_regex("x.*[)]", COARSE)
    other_way = compile_regex("x.*[)]", COARSE) & (grammar & Fixed(["ab"]))
    for constraint in (either_way, other_way):
        matcher = constraint.matcher()
        assert matcher.accept_bytes(b"x.ab()")
        assert matcher.is_accepting()
        matcher.reset()
        assert not matcher.accept_bytes(b"x.ac")
    with pytest.raises(ConstraintError, match="cannot be a rule of a grammar"):
        compile_grammar("start: rest", COARSE, rules={"rest": both})


def test_endings_and_budgets():
    schema = {"type": "object", "properties": {"call": {"type": "string"}}, "required": ["call"]}
    constraint = compile_json_schema(schema, FINE) & Fixed(["open", "closed"])
    matcher = constraint.matcher()
    matcher.accept_bytes(b'{"call": "x.')
    assert matcher.tokens_to_finish() == len('open"}') + 1
    matcher.accept_bytes(b"c")
    cost = matcher.tokens_to_finish()
    assert cost == len('losed"}') + 1
    while cost > 1:
        for token in allowed_tokens_within(matcher, cost):
            trial = matcher.fork()
            assert trial.accept(token)
            assert trial.tokens_to_finish() < cost
        assert matcher.accept(min(allowed_tokens_within(matcher, cost)))
        cost -= 1
    assert matcher.is_accepting()


def allowed_tokens_within(matcher, budget: int) -> set[int]:
    row = np.empty(matcher.constraint.vocabulary.bitmask_words, np.int32)
    matcher.fill_bitmask(row, budget=budget)
    found = set(np.flatnonzero(allowed(row, matcher.constraint.vocabulary.size)).tolist())
    assert found
    return found


def test_endings_through_triggers():
    matcher = (compile_regex(r"x\.[a-z]{3}(\.[a-z]{3}){2}", FINE) & Fixed(["dog", "a"])).matcher()
    assert matcher.tokens_to_finish() == len("x.dog.dog.dog") + 1


def test_a_dead_end_has_no_ending():
    matcher = (compile_regex(r"x(\.b)?", FINE) & Fixed(["a"])).matcher()
    matcher.accept_bytes(b"x.")
    assert not allowed_tokens(matcher)
    assert matcher.tokens_to_finish() > 10**6


def test_patterns_as_answers():
    matcher = monitored(FINE, Fixed(lambda _: pattern(r"[0-9]+;"))).matcher()
    matcher.accept_bytes(b"x.")
    assert allowed_tokens(matcher) == set(b"0123456789")
    assert matcher.accept_bytes(b"1;.2;x")
    assert matcher.is_accepting()


@pytest.mark.parametrize("names", [[], ["\ud800"]])
def test_no_suggestion(names):
    with pytest.warns(MonitorWarning, match="no suggestion") as told:
        matcher = monitored(FINE, Fixed(names)).matcher()
        assert matcher.accept_bytes(b"x.y")
    assert (told[0].message.error.kind, told[0].message.error.text) == ("empty", "x.")
    with pytest.warns(MonitorWarning, match="stopping"):
        matcher = monitored(FINE, Fixed(names, otherwise="stop")).matcher()
        assert matcher.accept_bytes(b"x.")
    assert allowed_tokens(matcher) == set(FINE.eos_token_ids)
    matcher = monitored(FINE, Fixed(names, otherwise="error")).matcher()
    matcher.accept_bytes(b"x")
    with pytest.raises(MonitorError, match="Fixed has no answer"):
        matcher.accept_bytes(b".")
    assert matcher.accept_bytes(b"y")


@pytest.mark.parametrize(
    ("error", "kind"), [(TimeoutError("after 2 s"), "late"), (OSError("gone"), "failed")]
)
def test_analyses_that_fail(error, kind):
    def fails(text):
        raise error

    with pytest.warns(MonitorWarning, match=str(error)) as told:
        assert monitored(FINE, Fixed(fails)).matcher().accept_bytes(b"x.y")
    assert told[0].message.error.kind == kind
    with pytest.raises(MonitorError) as raised:
        monitored(FINE, Fixed(fails, otherwise="error")).matcher().accept_bytes(b"x.y")
    assert raised.value.__cause__ is error


def test_looking_ahead_tells_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        matcher = monitored(COARSE, Fixed([], otherwise="error")).matcher()
        found = {COARSE.token_bytes(token) for token in allowed_tokens(matcher)}
    assert b"." in found
    assert b".a" not in found


def test_a_hundred_thousand_suggestions():
    names = [f"name_{i}" for i in range(100_000)]
    matcher = monitored(FINE, Fixed(names)).matcher()
    assert matcher.accept_bytes(b"x.name_99999")
    assert allowed_tokens(matcher) & set(b"0123456789_") == set()
    assert matcher.tokens_to_finish() == 1


def test_texts_that_are_no_text():
    matcher = monitored(FINE, Fixed(["é"])).matcher()
    assert matcher.accept_bytes(b"x.")
    assert allowed_tokens(matcher) == {0xC3}
    assert matcher.accept(0xC3)
    assert allowed_tokens(matcher) == {0xA9}
    assert not matcher.accept(0x28)
    assert matcher.accept(0xA9)


def test_a_monitor_of_ones_own():
    class Colours(Monitor):
        trigger = "colour="

        def suggest(self, text):
            return ["red", "green", "grey"]

    matcher = monitored(COARSE, Colours()).matcher()
    matcher.accept_bytes(b"<b colour=gr")
    assert allowed_tokens(matcher) == {ord("e")}


def test_triggers_look_back():
    for trigger, text, asked in (
        (r"\bor ", "for xor or x", ["for xor or "]),
        (r"(?<!x)y=", "xy=y=", ["xy=y="]),
    ):
        monitor = Fixed(["x"], trigger=trigger)
        assert monitored(FINE, monitor).matcher().accept_bytes(text.encode())
        assert monitor.asked == asked


def test_equal_vocabularies_come_and_go():
    kept = monitored(vocabulary(*LONGER), Fixed(["ab"])).matcher()
    gc.collect()
    for _ in range(2):
        other = vocabulary(*LONGER)
        matcher = monitored(other, Fixed(["ab"])).matcher()
        assert matcher.accept_bytes(b"x.")
        assert allowed_tokens(matcher) == {ord("a")}
    del other, matcher
    gc.collect()
    assert kept.accept_bytes(b"x.")
    assert allowed_tokens(kept) == {ord("a")}


@pytest.mark.parametrize(
    ("names", "match"),
    [
        ("red", "a list of texts"),
        (b"red", "a list of texts"),
        (5, "TypeError"),
        (["a", 3], "3 is none"),
        (lambda _: itertools.repeat("a"), "1,000,000"),
    ],
)
def test_suggestions_that_are_none(names, match):
    with pytest.raises(MonitorError, match=match) as raised:
        monitored(FINE, Fixed(names, otherwise="error")).matcher().accept_bytes(b"x.")
    assert raised.value.kind == "failed"


def test_a_monitor_that_is_slow():
    def sleeps(text):
        time.sleep(0.5)
        return ["ab"]

    started = time.perf_counter()
    with pytest.warns(MonitorWarning, match="no answer within 0.05 s"):
        assert monitored(FINE, Fixed(sleeps, timeout=0.05)).matcher().accept_bytes(b"x.y")
    assert time.perf_counter() - started < 0.5
    assert not monitored(FINE, Fixed(sleeps, timeout=30)).matcher().accept_bytes(b"x.y")


@pytest.mark.parametrize("name", ["a b", '"', "x\0y", "", "é\n", "\ud800", "日本"])
def test_odd_suggestions(name):
    matcher = monitored(COARSE, Fixed([name, "zz"])).matcher()
    assert matcher.accept_bytes(b"x.zz ")
    matcher.reset()
    if name != "\ud800":
        walk_all_splits(matcher, f"x.{name}".encode())


def test_monitors_that_contradict_one_another():
    matcher = (monitored(FINE, Fixed(["ab"])) & Fixed(["ac"])).matcher()
    assert matcher.accept_bytes(b"x.")
    assert matcher.tokens_to_finish() > 10**6
    assert matcher.accept_bytes(b"a")
    assert not allowed_tokens(matcher)


def test_masks_in_threads():
    constraint = monitored(COARSE, Fixed(["append", "zz"]))
    matchers = [constraint.matcher() for _ in range(3)]
    for matcher, text in zip(matchers, (b"x.", b"x.app", b"y"), strict=True):
        assert matcher.accept_bytes(text)
    rows = np.empty((3, COARSE.bitmask_words), np.int32)
    fill_bitmasks(matchers, rows)
    for matcher, row in zip(matchers, rows, strict=True):
        assert set(np.flatnonzero(allowed(row, COARSE.size)).tolist()) == allowed_tokens(matcher)
