"""Combining constraints as users do: operators, triggers, thinking, special tokens."""

from __future__ import annotations

import json
import random
import re

import numpy as np
import pytest

from constrain import (
    ConstraintError,
    SpecialToken,
    Vocabulary,
    VocabularyError,
    compile_json_schema,
    compile_regex,
    compile_triggered,
    generate,
    think_first,
)
from constrain.engine.bitmask import allowed
from constrain.models import LanguageModel

BYTES = [bytes([byte]) for byte in range(256)]
TOKENS = [*BYTES, b"</", b"tool", b'>{"', b"think>ok", b'": 1}', b" <tool=add>[", b"]</tool>x"]
NAMES = ["<|call|>", "<|stop|>", "</think>"]
SPECIAL = {name: len(TOKENS) + n for n, name in enumerate(NAMES)}
EOS = len(TOKENS) + len(NAMES)
VOCABULARY = Vocabulary.from_bytes(
    [*TOKENS, None, None, None, None], eos_token_ids=[EOS], special_tokens=SPECIAL
)
SCHEMA = compile_json_schema(
    {"type": "array", "items": {"type": "integer"}, "maxItems": 2}, VOCABULARY
)
WORD = compile_regex("[a-c]{1,5}", VOCABULARY)
CALLS = compile_triggered(
    {"<tool=add>": SCHEMA, "<tool=find>": WORD, SpecialToken("<|call|>"): SCHEMA},
    VOCABULARY,
    end="</tool>",
)


def mask(matcher):
    row = np.empty(VOCABULARY.bitmask_words, np.int32)
    matcher.fill_bitmask(row)
    return set(np.flatnonzero(allowed(row, VOCABULARY.size)).tolist())


def test_tokens_run_over_triggers_and_ends():
    matcher = CALLS.matcher()
    assert matcher.accept_bytes(b"I add")
    assert matcher.accept(TOKENS.index(b" <tool=add>["))
    assert TOKENS.index(b"]</tool>x") in mask(matcher)
    assert not matcher.accept(ord("x"))
    assert matcher.accept(TOKENS.index(b"]</tool>x")) and matcher.is_accepting()
    assert matcher.accept_bytes(b" <tool=find>ab")
    assert not matcher.is_accepting()
    assert not matcher.accept_bytes(b"abcd") and matcher.accept_bytes(b"abc</tool>")
    assert matcher.is_accepting()


def test_forced_tokens_and_budgets_know_special_tokens():
    constraint = compile_triggered(
        {SpecialToken("<|call|>"): WORD}, VOCABULARY, end=SpecialToken("<|stop|>"), at_least=1
    )
    matcher = constraint.matcher()
    assert matcher.tokens_to_finish() == 4
    assert matcher.accept(SPECIAL["<|call|>"]) and matcher.accept_bytes(b"abcab")
    assert matcher.forced_tokens() == [SPECIAL["<|stop|>"]]
    assert matcher.tokens_to_finish() == 2
    assert matcher.accept(SPECIAL["<|stop|>"]) and matcher.is_accepting()
    assert SPECIAL["<|call|>"] in mask(matcher) and SPECIAL["<|stop|>"] not in mask(matcher)


def test_a_name_of_a_special_token_stands_for_both():
    constraint = think_first(SCHEMA)
    for thought in ([*b"hm</think>"], [*b"hm", SPECIAL["</think>"]]):
        matcher = constraint.matcher()
        assert all(map(matcher.accept, thought))
        assert mask(matcher) == {ord("[")}
    only = think_first(SCHEMA, SpecialToken("</think>")).matcher()
    assert only.accept_bytes(b"</think>") and not only.is_accepting()
    assert only.accept(SPECIAL["</think>"]) and mask(only) == {ord("[")}


@pytest.mark.parametrize("seed", range(30))
def test_random_walks_end_in_valid_texts(seed):
    rng = random.Random(seed)
    constraint, end = rng.choice(
        [(CALLS, b""), (think_first(CALLS), b"</think>"), (think_first(SCHEMA & WIDE, "ok"), b"ok")]
    )
    matcher, row, text = constraint.matcher(), np.empty(VOCABULARY.bitmask_words, np.int32), b""
    budget = 60
    while not matcher.is_finished():
        matcher.fill_bitmask(row, budget=budget)
        found = np.flatnonzero(allowed(row, VOCABULARY.size)).tolist()
        weights = [1 if token < 256 else 40 for token in found]
        token = rng.choices(found, weights)[0]
        assert matcher.accept(token)
        text += VOCABULARY.shown(token)
        budget -= 1
    if end == b"ok":
        text = b"<tool=add>" + text.partition(end)[2] + b"</tool>"
    elif end:
        text = text.partition(end)[2]
    for part in text.split(b"<tool=add>")[1:]:
        numbers, end, _ = part.partition(b"</tool>")
        assert end and all(isinstance(number, int) for number in json.loads(numbers))


WIDE = compile_regex(r"[^\n]{2,}", VOCABULARY)


def test_operators_refuse_other_vocabularies_and_other_things():
    other = Vocabulary.from_bytes([*TOKENS, None], eos_token_ids=[len(TOKENS)])
    with pytest.raises(ConstraintError, match="different vocabularies"):
        SCHEMA & compile_regex("a", other)
    with pytest.raises(TypeError):
        SCHEMA | "a"
    with pytest.raises(VocabularyError, match="no special token"):
        compile_triggered({SpecialToken("<|call|>"): compile_regex("a", other)}, other)


@pytest.mark.parametrize(
    ("triggers", "settings"),
    [
        ({}, {}),
        ({"": WORD}, {}),
        ({"<a>": WORD, "x<a>": WORD}, {}),
        ({"<a>": WORD}, {"end": ""}),
        ({"<a>": WORD}, {"at_least": -1}),
        ({"<a>": WORD}, {"at_least": 2, "at_most": 1}),
        ({"<a>": WORD}, {"at_most": 0}),
    ],
)
def test_triggers_that_make_no_sense_are_refused(triggers, settings):
    with pytest.raises(ConstraintError):
        compile_triggered(triggers, VOCABULARY, **settings)


@pytest.mark.parametrize(
    ("name", "token_id"), [("", 1), ("<|x|>", EOS), ("<|x|>", EOS + 1), ("<|x|>", -1)]
)
def test_special_tokens_that_make_no_sense_are_refused(name, token_id):
    with pytest.raises(VocabularyError):
        Vocabulary.from_bytes([*TOKENS, *[None] * 4], [EOS], special_tokens={name: token_id})


def test_special_tokens_are_part_of_a_vocabulary():
    plain = Vocabulary.from_bytes([*TOKENS, *[None] * 4], eos_token_ids=[EOS])
    assert plain != VOCABULARY
    assert VOCABULARY.token_bytes(SPECIAL["<|call|>"]) is None
    assert VOCABULARY.shown(SPECIAL["<|call|>"]) == b"<|call|>" and not VOCABULARY.shown(EOS)
    everything = compile_regex("(?s).*", VOCABULARY).matcher()
    assert mask(everything).isdisjoint(SPECIAL.values())
    assert 0xFF not in mask(everything)
    mark = VOCABULARY.spelling(SPECIAL["<|call|>"])
    call = SPECIAL["<|call|>"]
    assert VOCABULARY.encode(b"a" + mark + mark) == [ord("a"), call, call]
    with pytest.raises(VocabularyError, match="no special token"):
        VOCABULARY.encode(b"\xff<|none|>\xff")


class Uniform(LanguageModel):
    """A model that likes special tokens, and the end."""

    vocabulary = VOCABULARY

    def logprobs(self, prefixes):
        scores = np.zeros(VOCABULARY.size)
        scores[[*SPECIAL.values(), EOS]] = 9
        return np.tile(scores - np.log(np.exp(scores).sum()), (len(prefixes), 1))


@pytest.mark.parametrize("sampler", ["masked", "awrs"])
def test_texts_show_special_tokens_by_name(sampler):
    trigger, end = SpecialToken("<|call|>"), SpecialToken("<|stop|>")
    call = compile_triggered({trigger: WORD}, VOCABULARY, end=end, at_least=1, at_most=1)
    text = generate(call, Uniform(), seed=3, max_tokens=20, sampler=sampler, particles=4)
    assert re.search(r"<\|call\|>[abc]{1,5}<\|stop\|>", text)


def test_generate_refuses_another_vocabulary():
    other = Vocabulary.from_bytes([*TOKENS, None], eos_token_ids=[len(TOKENS)])
    with pytest.raises(ConstraintError, match="different vocabularies"):
        generate(compile_regex("a", other), Uniform())
