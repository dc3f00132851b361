"""What every constraint promises its users, whatever it is made of."""

from __future__ import annotations

import random

import numpy as np
import pytest

from constrain import (
    JSONOptions,
    SpecialToken,
    Vocabulary,
    compile_grammar,
    compile_json_schema,
    compile_regex,
    compile_triggered,
    think_first,
)
from constrain.engine.bitmask import allowed

TOKENS = [
    *[bytes([byte]) for byte in range(256)],
    *[
        b'{"',
        b'":',
        b'": "',
        b'"}',
        b'", "',
        b", ",
        b"tr",
        b"ue",
        b"ab",
        b"aa",
        b"<t",
        b">[",
        b"12",
    ],
    *["é".encode(), "é".encode()[:1] + b"", b"\n  ", b"))", b"+("],
]
CALL, STOP = len(TOKENS), len(TOKENS) + 1
EOS = len(TOKENS) + 2
VOCABULARY = Vocabulary.from_bytes(
    [*TOKENS, None, None, None],
    eos_token_ids=[EOS],
    special_tokens={"<|call|>": CALL, "<|stop|>": STOP},
)
SCHEMA = compile_json_schema(
    {
        "type": "object",
        "properties": {"a": {"type": "string", "maxLength": 9}, "b": {"type": "integer"}},
        "additionalProperties": {"type": "boolean"},
        "minProperties": 1,
    },
    VOCABULARY,
)
ANY_ORDER = compile_json_schema(
    {"additionalProperties": {"type": "integer"}, "type": "object", "minProperties": 2},
    VOCABULARY,
    JSONOptions.specification(),
)
GRAMMAR = compile_grammar('start: start "+" start | "(" start ")" | /[0-9]+/', VOCABULARY)
LALR = compile_grammar("start: NAME+\nNAME: /[a-z]+/\n%ignore / +/", VOCABULARY, lexer="contextual")
WORDS = compile_regex("[a-zé]{2,6}( [a-z]{2,6})*", VOCABULARY)
GUESTS = compile_grammar(
    'start: <|call|> args ("," args)* <|stop|>? | %json {"type": "array", "maxItems": 2}',
    VOCABULARY,
    rules={"args": SCHEMA},
)
TRIGGERED = compile_triggered(
    {"<t>": SCHEMA, SpecialToken("<|call|>"): WORDS}, VOCABULARY, end="</t>", at_least=1
)
CONSTRAINTS = {
    "schema": SCHEMA,
    "schema in any order": ANY_ORDER,
    "grammar": GRAMMAR,
    "contextual grammar": LALR,
    "regex": WORDS,
    "grammar with guests": GUESTS,
    "triggered": TRIGGERED,
    "thinking first": think_first(ANY_ORDER, SpecialToken("<|stop|>")),
    "both: schema and regex": SCHEMA & compile_regex(r'[^\n]*(true|"b")[^\n]*', VOCABULARY),
    "both: any order and regex": ANY_ORDER & compile_regex(r"\S{4,}", VOCABULARY),
    "both: grammars": GRAMMAR & compile_grammar('start: /[(1+]+/ | start ")"', VOCABULARY),
    "either": SCHEMA | WORDS | GRAMMAR,
    "one after the other": WORDS + GRAMMAR + ANY_ORDER,
    "combinations combined": think_first(
        (GUESTS | TRIGGERED) + (SCHEMA & compile_regex("[^b]*", VOCABULARY)), "é"
    ),
}


def mask(matcher, budget=None):
    row = np.empty(VOCABULARY.bitmask_words, np.int32)
    matcher.fill_bitmask(row, budget)
    return np.flatnonzero(allowed(row, VOCABULARY.size)).tolist()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", CONSTRAINTS)
def test_constraint(name, seed):
    rng = random.Random(f"{name} {seed}")
    constraint = CONSTRAINTS[name]
    matcher = constraint.matcher()
    room = matcher.tokens_to_finish() + rng.randrange(25)
    history = [mask(matcher)]
    data = b""
    while not matcher.is_finished():
        found = history[-1]
        assert (EOS in found) == matcher.is_accepting()
        # The mask is what can be accepted, one token at a time and from a fork.
        for token in rng.sample(range(VOCABULARY.size), 25) + rng.sample(found, min(3, len(found))):
            fork = matcher.fork()
            assert fork.accept(token) == (token in found)
        # What a budget allows is what can still be ended within it, and never nothing.
        within = mask(matcher, room)
        assert within and set(within) <= set(found)
        for token in rng.sample(found, min(4, len(found))):
            fork = matcher.fork()
            assert fork.accept(token)
            assert token in within or fork.tokens_to_finish() > room - 1
            assert token not in within or fork.is_finished() or mask(fork, room - 1)
        # Forced tokens are the only ones, byte by byte.
        forced = b"".join(map(VOCABULARY.spelling, matcher.forced_tokens()))
        fork = matcher.fork()
        for place in range(len(forced)):
            singles = {VOCABULARY.spelling(token)[:1] for token in mask(fork)}
            if forced[place : place + 1] == b"\xff":
                break
            assert singles == {forced[place : place + 1]}
            assert fork.accept_bytes(forced[place : place + 1])
        likely = [t for t in within if t >= 256] or within
        token = rng.choice(likely if rng.random() < 0.5 else within)
        assert matcher.accept(token)
        data += VOCABULARY.spelling(token)
        room -= 1
        if not matcher.is_finished():
            # Read as bytes, the text is understood alike.
            again = constraint.matcher()
            assert again.accept_bytes(data)
            history.append(mask(matcher))
            assert mask(again) == history[-1]
    assert room >= 0 and mask(matcher) == []
    matcher.rollback(1)
    for place in range(len(history) - 1, -1, -1):
        assert mask(matcher) == history[place]
        if place:
            matcher.rollback(1)
    with pytest.raises(ValueError, match="roll back"):
        matcher.rollback(1)
    assert matcher.accept_bytes(data) and matcher.is_accepting()
    matcher.reset()
    assert mask(matcher) == history[0]
