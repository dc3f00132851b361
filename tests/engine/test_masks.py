"""Masks, token by token, against an interpreter that knows nothing of tokens."""

from __future__ import annotations

import copy
import pickle
import random
import time

import numpy as np
import pytest
import torch

from constrain import ConstraintError, compile_grammar, compile_json_schema, compile_regex
from constrain.engine import Constraint, set_cache_limit
from constrain.engine.automaton import Automaton
from constrain.engine.bitmask import allowed
from constrain.errors import RegexTooComplexError
from constrain.vocabulary import Vocabulary
from tests.engine.controls import CONTROLS, LONG
from tests.reference import accepts, viable

WRITTEN = (
    'a b ab ba aa abb c 1 12 -1 , ,1 1, ," " "a "b a" "" "a" ":1 ":1," "a":1 ":1,"a" { } {} {" "} '
    '1} 1,"b": \\ \\n \\" \\u \\u00 u00 001 d83d \\ud83d \\ude00 é 😀 a😀 \\u0061 \\u00e9 e9 a\\ '
    ': :1 {"a'
)
PIECES = [*WRITTEN.split(" "), " ", "\n", "\n ", ", ", ": ", " a"]


def vocabulary() -> Vocabulary:
    tokens = [piece.encode() for piece in dict.fromkeys(PIECES)]
    tokens += [bytes([byte]) for byte in range(256) if bytes([byte]) not in tokens]
    tokens += [b"ab", None, None, "😀".encode()[:2], "é".encode()[1:] + b'"']
    return Vocabulary.from_bytes(tokens, eos_token_ids=[len(tokens) - 4])


VOCABULARY = vocabulary()


def mask_of(matcher) -> set[int]:
    row = np.zeros(VOCABULARY.bitmask_words, np.int32)
    matcher.fill_bitmask(row)
    return set(np.flatnonzero(allowed(row, VOCABULARY.size)).tolist())


def expected(control, text: bytes) -> set[int]:
    found = {
        token
        for token in range(VOCABULARY.size)
        if (data := VOCABULARY.token_bytes(token)) and viable(control, text + data)
    }
    return found | set(VOCABULARY.eos_token_ids) if accepts(control, text) else found


@pytest.mark.parametrize("name", [*CONTROLS, *LONG])
def test_masks_equal_the_interpreter(name: str) -> None:
    control = (CONTROLS | LONG)[name]
    constraint = Constraint(control, VOCABULARY)
    rng = random.Random(name)
    for _ in range(6):
        matcher, text = constraint.matcher(), b""
        for _ in range(8):
            here = expected(control, text)
            assert mask_of(matcher) == here, text
            assert matcher.is_accepting() == accepts(control, text)
            inner = sorted(here - set(VOCABULARY.eos_token_ids))
            refused = sorted(set(range(VOCABULARY.size)) - here)
            for token in rng.sample(refused, 10):
                assert not matcher.accept(token)
            if not inner:
                break
            token = rng.choice(inner)
            assert matcher.accept(token)
            text += VOCABULARY.token_bytes(token) or b""


@pytest.mark.parametrize("name", CONTROLS)
def test_accepting_bytes_equals_accepting_tokens(name: str) -> None:
    control = CONTROLS[name]
    constraint = Constraint(control, VOCABULARY)
    rng = random.Random(name)
    matcher, text = constraint.matcher(), b""
    for _ in range(8):
        inner = sorted(mask_of(matcher) - set(VOCABULARY.eos_token_ids))
        if not inner:
            break
        token = rng.choice(inner)
        data = VOCABULARY.token_bytes(token) or b""
        by_bytes = matcher.fork()
        assert by_bytes.accept_bytes(data)
        assert matcher.accept(token)
        text += data
        assert mask_of(by_bytes) == mask_of(matcher)
        whole = constraint.matcher()
        assert whole.accept_bytes(text)
        assert mask_of(whole) == mask_of(matcher)


def test_eviction_changes_no_mask() -> None:
    tokens = [VOCABULARY.token_bytes(token) for token in range(VOCABULARY.size)]
    small = Vocabulary.from_bytes([*tokens, b"zz"], eos_token_ids=VOCABULARY.eos_token_ids)
    set_cache_limit(small, 200_000)
    for name in ("unique keys", "string", "number"):
        roomy = Constraint(CONTROLS[name], VOCABULARY)
        tight = Constraint(CONTROLS[name], small)
        rng = random.Random(name)
        for _ in range(30):
            first, second = roomy.matcher(), tight.matcher()
            for _ in range(20):
                inner = sorted(mask_of(first))
                row = np.zeros(small.bitmask_words, np.int32)
                second.fill_bitmask(row)
                assert sorted(np.flatnonzero(allowed(row, VOCABULARY.size)).tolist()) == inner
                if not inner:
                    break
                token = rng.choice(inner)
                assert first.accept(token) and second.accept(token)
        assert tight.masks.nbytes < 2_000_000


@pytest.mark.parametrize("name", CONTROLS)
def test_matchers_outlive_what_is_dropped(name: str) -> None:
    steady, dropping = (Constraint(CONTROLS[name], VOCABULARY) for _ in range(2))
    rng = random.Random(name)
    for _ in range(8):
        first, second, length = steady.matcher(), dropping.matcher(), 0
        for _ in range(30):
            if rng.random() < 0.3:
                dropping._planner.drop_caches()
            inner = sorted(mask_of(first))
            assert sorted(mask_of(second)) == inner
            assert sorted(mask_of(second.fork())) == inner
            back = rng.randrange(length + 1) if rng.random() < 0.2 or not inner else 0
            if back:
                first.rollback(back)
                second.rollback(back)
                length -= back
            elif not inner:
                break
            else:
                token = rng.choice(inner)
                assert first.accept(token) and second.accept(token)
                length += 1


def test_rollback_fork_and_reset() -> None:
    constraint = Constraint(CONTROLS["unique keys"], VOCABULARY)
    matcher = constraint.matcher()
    masks = [mask_of(matcher)]
    for data in (b"{", b'"a', b'":1', b",", b'"b', b'"', b":", b"1", b"}"):
        assert matcher.accept_bytes(data)
        masks.append(mask_of(matcher))
    assert matcher.accept(VOCABULARY.eos_token_ids[0])
    assert matcher.is_finished() and not matcher.is_accepting() and mask_of(matcher) == set()
    assert not matcher.accept(0) and not matcher.accept_bytes(b"a")
    for mask in reversed(masks):
        matcher.rollback(1)
        assert mask_of(matcher) == mask
        fork = matcher.fork()
        fork.accept(next(iter(mask)))
        assert mask_of(matcher) == mask
    with pytest.raises(ValueError, match="only 0 were accepted"):
        matcher.rollback(1)
    matcher.accept_bytes(b"{")
    matcher.reset()
    assert mask_of(matcher) == masks[0]


def test_what_is_shown() -> None:
    vocabulary = Vocabulary.from_bytes([b"a", b"b", b""], [2])
    constraint = compile_regex("ab", vocabulary)
    assert repr(constraint) == f"<Constraint of a RegexControl over {vocabulary!r}>"
    matcher = constraint.matcher()
    assert matcher.accept(0)
    assert repr(matcher) == "<Matcher after 1 tokens, open>"
    assert matcher.accept(1)
    assert repr(matcher) == "<Matcher after 2 tokens, accepting>"
    assert matcher.accept(2)
    assert repr(matcher) == "<Matcher after 3 tokens, finished>"


def test_a_key_is_never_repeated() -> None:
    matcher = Constraint(CONTROLS["unique keys"], VOCABULARY).matcher()
    assert matcher.accept_bytes(b'{"a":1,"a')
    assert not matcher.accept_bytes(b'"')
    assert matcher.accept_bytes(b'b"')


def test_bad_arguments() -> None:
    matcher = Constraint(CONTROLS["number"], VOCABULARY).matcher()
    words = VOCABULARY.bitmask_words
    frozen = np.zeros(words, np.int32)
    frozen.flags.writeable = False
    for row, message in (
        (np.zeros(1, np.int32), "shape"),
        (np.zeros((1, words), np.int32), "shape"),
        (np.zeros(words, np.uint32), "dtype uint32, not int32"),
        (np.zeros(2 * words, np.int32)[::2], "contiguous"),
        (frozen, "writable"),
        ([0] * words, "type list"),
    ):
        with pytest.raises(ConstraintError, match=message):
            matcher.fill_bitmask(row)
    for token in ("x", None, 1.5, [1]):
        with pytest.raises(ConstraintError, match="a token id is an integer"):
            matcher.accept(token)
    with pytest.raises(ConstraintError, match="not str; encode the text"):
        matcher.accept_bytes("1")
    with pytest.raises(ConstraintError, match="cannot roll back -1"):
        matcher.rollback(-1)
    assert repr(matcher) == "<Matcher after 0 tokens, open>"
    for token in (-1, VOCABULARY.size, 10**12):
        assert not matcher.accept(token)


def test_the_state_before_no_lexeme_is_the_dead_one() -> None:
    """Or kernels would walk from it at each place where a text may end."""
    automaton = Automaton()
    assert automaton.start(()) == automaton.start((), resting=True) == 0


def test_integers_and_bytes_of_other_types() -> None:
    matcher = Constraint(CONTROLS["number"], VOCABULARY).matcher()
    one = VOCABULARY.encode(b"1")[0]
    assert matcher.accept(np.int64(one)) and matcher.accept(torch.tensor(one))
    assert matcher.accept_bytes(bytearray(b"1")) and matcher.accept_bytes(memoryview(b"1"))


def test_masks_are_written_into_tensors() -> None:
    matcher = Constraint(CONTROLS["number"], VOCABULARY).matcher()
    rows = torch.zeros((2, VOCABULARY.bitmask_words), dtype=torch.int32)
    matcher.fill_bitmask(rows[1])
    assert set(np.flatnonzero(allowed(rows[1].numpy(), VOCABULARY.size))) == mask_of(matcher)
    assert not rows[0].any()
    with pytest.raises(ConstraintError, match="dtype int64"):
        matcher.fill_bitmask(rows[1].long())


def test_copies() -> None:
    constraint = compile_regex("ab", VOCABULARY)
    assert copy.copy(constraint) is copy.deepcopy(constraint) is constraint
    matcher = constraint.matcher()
    assert matcher.accept_bytes(b"a")
    for twin in (copy.copy(matcher), copy.deepcopy([matcher])[0]):
        assert twin.accept_bytes(b"b") and twin.is_accepting() and not matcher.is_accepting()
    for thing in (constraint, matcher):
        with pytest.raises(TypeError, match="in each process"):
            pickle.dumps(thing)


def test_what_cannot_be_compiled() -> None:
    for vocabulary in (None, object()):
        for compiled in (compile_regex, compile_grammar, compile_json_schema):
            with pytest.raises(ConstraintError, match=r"no vocabulary; pass Vocabulary.from_token"):
                compiled("{}", vocabulary)
    for compiled in (compile_regex, compile_grammar):
        for text in (b"a", 5):
            with pytest.raises(ConstraintError, match=r"must be a text \(a str\), not"):
                compiled(text, VOCABULARY)
        with pytest.raises(ConstraintError, match=r"holds the lone surrogate U\+D800"):
            compiled("a\ud800", VOCABULARY)


def test_a_mask_of_too_much_work_is_refused_again_and_again() -> None:
    letters = "abcdefghijklmnopqrstuvwxyzABCD"
    every = [
        {"anyOf": [{"pattern": f"{a}.{{{j}}}{b}"} for j, b in enumerate(letters)]} for a in letters
    ]
    generator = random.Random(0)
    pieces = ["".join(generator.choices(letters, k=8)).encode() for _ in range(2000)]
    vocabulary = Vocabulary.from_bytes([b'"', *pieces, None], eos_token_ids=[2001])
    constraint = compile_json_schema({"type": "string", "allOf": every}, vocabulary)
    matcher = constraint.matcher()
    row = np.zeros(vocabulary.bitmask_words, np.int32)
    started = time.process_time()
    assert matcher.accept_bytes(b'"')
    for _ in range(2):
        with pytest.raises(RegexTooComplexError, match="visits more than 500000 nodes"):
            matcher.fill_bitmask(row)
    assert time.process_time() - started < 20
