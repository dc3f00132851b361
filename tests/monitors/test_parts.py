"""Monitors over some parts of a text: alternatives, sequences, thoughts first."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from constrain import (
    ConstraintError,
    compile_json_schema,
    compile_regex,
    compile_triggered,
    generate,
    think_first,
)
from constrain.engine.bitmask import allowed
from constrain.models import BundledModel
from constrain.monitors import JSONCheck
from tests.monitors.walks import Fixed, allowed_tokens, vocabulary, walk_all_splits

TOKENS = vocabulary("x.", "ab", ".a", "b;", "a;", ";y", "b;x", "xy", ".ab", "yx.")
LETTERS = ["x", ".", "a", "b", ";", "y"]
ONE = compile_regex(r"x(\.[ab]{1,2})?", TOKENS)
OTHER = compile_regex(r";?[xy]{0,3}(\.b)?", TOKENS)
MONITORED = {"x", "x.a", "x.ab"}
"""What `ONE` allows that the monitor agrees with."""
PLAIN = {
    semi + "".join(letters) + end
    for semi in ("", ";")
    for n in range(4)
    for letters in itertools.product("xy", repeat=n)
    for end in ("", ".b")
}


def watched():
    return ONE & Fixed(["a", "ab"])


def texts_of(kind: str) -> set[str]:
    if kind == "or":
        return MONITORED | PLAIN
    pairs = itertools.product(MONITORED, PLAIN)
    return {one + two if kind == "before" else two + one for one, two in pairs}


def constraint_of(kind: str):
    if kind == "or":
        return watched() | OTHER
    return watched() + OTHER if kind == "before" else OTHER + watched()


@pytest.mark.parametrize("kind", ["or", "before", "after"])
def test_beginnings_and_ends_against_all_texts(kind):
    """Over all texts of a few characters: what is accepted, where it may end, and the masks."""
    texts = texts_of(kind)
    begun = {text[:end] for text in texts for end in range(len(text) + 1)}
    matcher = constraint_of(kind).matcher()
    ids = {i: TOKENS.token_bytes(i).decode("latin1") for i in range(TOKENS.size - 1)}
    ids = {i: text for i, text in ids.items() if set(text) <= set(LETTERS)}
    for text in map(
        "".join,
        itertools.chain.from_iterable(itertools.product(LETTERS, repeat=n) for n in range(4)),
    ):
        accepted = matcher.accept_bytes(text.encode())
        assert accepted == (text in begun), text
        if not accepted:
            continue
        assert matcher.is_accepting() == (text in texts), text
        found = allowed_tokens(matcher)
        for token, more in ids.items():
            if token in found:
                assert text + more in begun, (text, more)
                assert matcher.accept(token)
                matcher.rollback(1)
            else:
                assert not matcher.accept(token), (text, more)
            if len(more) == 1:
                assert (token in found) == (text + more in begun), (text, more)
        cost = matcher.tokens_to_finish()
        ending = matcher.ending().decode()
        assert text + ending in texts
        if cost > 1:
            row = np.empty(TOKENS.bitmask_words, np.int32)
            matcher.fill_bitmask(row, budget=cost)
            tokens = np.flatnonzero(allowed(row, TOKENS.size)).tolist()
            assert tokens, text
            for token in tokens:
                assert matcher.accept(token)
                assert matcher.tokens_to_finish() < cost
                matcher.rollback(1)
        matcher.rollback(1)


def test_rollback_fork_reset():
    matcher = constraint_of("before").matcher()
    masks = []
    for byte in b"x.a;y":
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


def test_thoughts_first():
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    tokens = vocabulary("</think>", '>{"', "hm", 'n":', '": ', "12", "k>", "{")
    constraint = think_first(
        compile_json_schema(schema, tokens) & JSONCheck("/n", lambda n, _: n % 2 == 0)
    )
    matcher = constraint.matcher()
    walk_all_splits(matcher, b'hm n: 1</think>{"n": 12}', limit=100)
    assert matcher.accept_bytes(b'{"n": 1}</think>{"n": 1')
    assert ord("}") not in allowed_tokens(matcher)
    assert ord("2") in allowed_tokens(matcher)


@pytest.mark.parametrize("end", [None, "</tool>"])
def test_tools_whose_arguments_are_watched(end):
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    tokens = vocabulary("<tool=", "add>", ">{", "hm", 'n":', '": ', "12", "}<", "}</tool>", "} h")
    plain = compile_json_schema(schema, tokens)
    even = plain & JSONCheck("/n", lambda n, _: n % 2 == 0)
    triggers = {"<tool=add>": even, "<tool=any>": plain}
    matcher = compile_triggered(triggers, tokens, end=end, at_least=1, at_most=2).matcher()
    close = end or ""
    once = 'hm <tool=add>{"n": 12}' + close
    for text in (
        once,
        once + " hm",
        once + ' h<tool=any>{"n": 3}' + close + "hm {",
    ):
        walk_all_splits(matcher, text.encode(), limit=40)
        assert matcher.accept_bytes(text.encode())
        assert matcher.is_accepting()
        assert matcher.tokens_to_finish() == 1
        matcher.rollback(1)
    for text in ('<tool=add>{"n": 1}', once + '<tool=any>{"n": 1}' + close + "<tool=add>"):
        assert not matcher.accept_bytes(text.encode()), text
    assert not matcher.is_accepting()
    assert matcher.accept_bytes(matcher.ending())
    assert matcher.is_accepting()


def test_parts_in_parts_and_misuse():
    nested = (watched() | OTHER) + compile_regex("!", TOKENS)
    matcher = nested.matcher()
    for text in (b"x.ab!", b";yx.b!", b"x!"):
        assert matcher.accept_bytes(text), text
        assert matcher.is_accepting()
        matcher.rollback(1)
    assert not matcher.accept_bytes(b"x.ba!")
    again = (nested & Fixed(["ab", "b"])).matcher()
    assert again.accept_bytes(b"x.ab!")
    again.reset()
    assert not again.accept_bytes(b"x.a!")
    with pytest.raises(ConstraintError, match="vocabular"):
        watched() | compile_regex("a", vocabulary())
    with pytest.raises(TypeError):
        watched() | 3
    for misuse in (lambda: nested & ONE, lambda: ONE & nested):
        with pytest.raises(ConstraintError, match="combine the constraints first"):
            misuse()


def test_generation():
    model = BundledModel()
    one = compile_regex(r"[a-z]{1,5}\.[a-z]{1,8}", model.vocabulary) & Fixed(["name", "names"])
    constraint = one + compile_regex(r" = [0-9]{1,3}", model.vocabulary)
    for sampler in ("masked", "smc"):
        plain, drafted = (
            generate(constraint, model, n=3, seed=4, max_tokens=30, sampler=sampler, draft=draft)
            for draft in (None, "auto")
        )
        assert plain == drafted
        assert all(text.split(" = ")[0].endswith((".name", ".names")) for text in plain)
