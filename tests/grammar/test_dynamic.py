"""Grammars with the dynamic lexer, judged by Lark's Earley parser."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest
from lark.exceptions import GrammarError

from constrain import compile_grammar
from constrain.engine import Constraint
from constrain.engine.bitmask import allowed
from constrain.errors import GrammarSyntaxError
from constrain.grammar.dynamic import DynamicControl
from constrain.grammar.lark_loader import read_lark
from tests.grammar.agreement import TOKENS, VOCABULARY, VOCABULARY_OF_ALL, agrees
from tests.grammar.grammars import BY_HAND, at_random, lark_accepts, of_all_kinds


@pytest.mark.parametrize("name", BY_HAND)
def test_grammars_by_hand(name):
    agrees(DynamicControl(read_lark(BY_HAND[name])), BY_HAND[name], 7)


@pytest.mark.parametrize("seed", range(40))
def test_random_grammars(seed):
    grammar = at_random(seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read_lark(grammar)
    except GrammarSyntaxError as error:
        pytest.skip(str(error))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        agrees(DynamicControl(read_lark(grammar)), grammar, 5)


@pytest.mark.filterwarnings("ignore::constrain.errors.GrammarWarning")
@pytest.mark.parametrize("seed", range(45))
def test_random_grammars_with_what_else_lark_offers(seed):
    grammar = of_all_kinds(seed)
    try:
        control = DynamicControl(read_lark(grammar))
        lark_accepts(grammar, "a")
    except (GrammarSyntaxError, GrammarError):
        return
    agrees(control, grammar, 6)


@pytest.mark.parametrize("seed", range(20))
def test_any_spelling_in_tokens_is_followed(seed):
    rng = random.Random(seed)
    grammar = BY_HAND[rng.choice(["palindromes", "ignored spaces", "overlap", "templates"])]
    constraint = Constraint(DynamicControl(read_lark(grammar)), VOCABULARY)
    matcher = constraint.matcher()
    row = np.zeros(VOCABULARY.bitmask_words, np.int32)
    text = b""
    for left in range(20, 0, -1):
        matcher.fill_bitmask(row, budget=left + matcher.tokens_to_finish())
        token = rng.choice(np.flatnonzero(allowed(row, VOCABULARY.size)).tolist())
        assert matcher.accept(token)
        if matcher.is_finished():
            break
        text += TOKENS[token]
    else:
        text += constraint.budget.ending(matcher)
    assert lark_accepts(grammar, text.decode())


@pytest.mark.parametrize(
    ("grammar", "text", "most"),
    [
        ('start: x*\nx: "a" "b" | "c"', "abc" * 300, 4),
        ('start: x ("," x)*\nx: "a" | "[" x ("," x)* "]"', "a,[a,a]," * 200, 12),
        ('start: x "," start | x\nx: "a" | "[" start "]"', "a,[a,a]," * 200, 12),
        ('start: start "a" | "a"', "a" * 900, 4),
        ('start: "a" start | "b" start | "a"', "ab" * 400, 4),
        ('start: start start | "a"', "a" * 30, 31),
    ],
    ids=["star", "list", "right recursion", "left", "right", "ambiguous"],
)
def test_where_a_text_repeats_its_configurations_repeat(grammar, text, most):
    control = DynamicControl(read_lark(grammar))
    config, seen = control.start(), set()
    for char in text:
        item = next(x for x in control.lexemes(config) if x.parts[0].data == char.encode())
        config = control.advance(config, (item,), None)
        seen.add(config)
    assert len(seen) <= most


def test_nesting_without_end_is_not_recursive():
    grammar = 'start: "(" start ")" | "a" start | "b"'
    constraint = Constraint(DynamicControl(read_lark(grammar)), VOCABULARY_OF_ALL)
    matcher = constraint.matcher()
    assert matcher.accept_bytes(b"(a" * 3000)
    assert constraint.budget.ending(matcher) == b"b" + b")" * 3000
    assert matcher.accept_bytes(b"b" + b")" * 3000)
    assert matcher.is_accepting()


def test_compile_grammar():
    constraint = compile_grammar('greeting: "hello"', VOCABULARY_OF_ALL, start="greeting")
    matcher = constraint.matcher()
    assert bytes(matcher.forced_tokens()) == b"hello"


def test_terminals_that_nothing_defines_are_refused():
    with pytest.raises(GrammarSyntaxError, match="_INDENT"):
        compile_grammar('start: "a" _INDENT\n%declare _INDENT', VOCABULARY_OF_ALL, lexer="dynamic")
