"""Grammars with the contextual lexer, judged by Lark's LALR parser."""

from __future__ import annotations

import warnings

import pytest
from lark import Lark
from lark.exceptions import GrammarError

from constrain import compile_grammar
from constrain.engine import Constraint
from constrain.errors import GrammarSyntaxError
from constrain.grammar.compile import grammar_control
from constrain.grammar.contextual import ContextualControl
from constrain.grammar.lark_loader import read_lark
from tests.grammar.agreement import VOCABULARY, VOCABULARY_OF_ALL, agrees
from tests.grammar.grammars import BY_HAND, at_random, of_all_kinds

SCANNED = {
    "keyword against identifier": 'start: (NAME | "ab" | NUMBER)+\nNAME: /[ab]+/\nNUMBER: /a#/',
    "keyword without case": 'start: (NAME | "ab"i)+\nNAME: /[ab]+/\n%ignore " "',
    "keyword in one place only": 'start: "ab" NAME | "#" NAME "ab"\nNAME: /[ab]+/\n%ignore " "',
    "falling back": 'start: (A | B | C)+\nA: "a"\nB: /ab*#/\nC: "b"',
    "falling back twice": 'start: (A | B | C)+\nA: "a"\nB: /abab#/\nC: "b"',
    "priority": 'start: (A | B)+\nA.2: "a"\nB: /a?b+|ab#/',
    "longer operator": 'start: x ("#" x | "##" x)*\nx: "a" | "b" | "#a"',
    "number": 'start: N ("." N)*\nN: /a+(b#?a+)?/\n%ignore " "',
    "lookahead": "start: (A | B)+\nA: /a(?!b)/\nB: /b|ab/",
    "lookahead over the end": 'start: (A | B)+\nA: /a(?!b)/\nB: "b"',
    "lookahead for what follows": "start: (A | B)+\nA: /a(?=b#?)/\nB: /b|#/",
    "lookahead for the end": "start: (A | B)+\nA: /a+$/\nB: /b/",
    "lookahead of a rival": 'start: (A | B | C)+\nA: /b(?!bb).*?b/\nB: /bbb[a#]*?bbb/\nC: "a"',
    "word": "start: (A | B)+\nA: /[ab]+\\b/\nB: /#| /",
    "choice by lookahead": "start: (A | B)+\nA: /a(?=#)|ab/\nB: /#|b/",
    "comment": 'start: ("a" | "b")+\n%ignore /#[^\\n]*/\n%ignore /[ \\n]+/',
}

HIDDEN = {
    "swallowed": 'start: x+ "a"\nx: "a" /a+/ | "b"',
    "swallowed in parentheses": 'start: "(" start ")" | y\ny: "b" | "b" x "#"\nx: "a" /a+#/',
    "swallowed far away": 'start: "b" start "b" | "a" start | "#" x\nx: /b+#?/ | "#"',
    "ignored in between": 'start: x "a"\nx: "a" /a+/ | "b" "b"\n%ignore /#a?/',
    "hidden by case": 'start: x | "a" "b"i\nx: "a" "a"+ "b" | "b" /ab?/ "b"',
    "one of two ways": 'start: "a"+ "a" /a|ab/+ | "b"',
    "conflict": 'start: "a" start ["b" start] | "#" x\nx: /b+#/ | "#" "b"',
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_the_scanner_hides_is_no_way_on(name):
    agrees(ContextualControl(read_lark(HIDDEN[name])), HIDDEN[name], 7)


@pytest.mark.parametrize("seed", [5780, 6001, 10294, 10499, 10652, 10861, 24014])
def test_random_grammars_that_hide_terminals(seed):
    agrees(ContextualControl(read_lark(at_random(seed)), strict=True), at_random(seed), 5)


def test_a_hidden_way_on_is_found_below_any_number_of_others():
    grammar = 'start: "(" start ")" | x\nx: "a" /a+#?/ "a" | "b"'
    matcher = Constraint(ContextualControl(read_lark(grammar)), VOCABULARY_OF_ALL).matcher()
    assert matcher.accept_bytes(b"(" * 3000)
    assert not matcher.accept_bytes(b"aa)")
    assert matcher.accept_bytes(b"aa#")
    assert not matcher.accept_bytes(b")")
    assert matcher.accept_bytes(b"a" + b")" * 3000)
    assert matcher.is_accepting()


@pytest.mark.parametrize("name", SCANNED)
def test_the_scanner(name):
    agrees(ContextualControl(read_lark(SCANNED[name])), SCANNED[name], 7)


@pytest.mark.parametrize("name", BY_HAND)
def test_grammars_by_hand(name):
    control = grammar_control(BY_HAND[name])
    if control.lexer == "contextual":
        agrees(control, BY_HAND[name], 7)


@pytest.mark.parametrize("seed", range(80))
def test_random_grammars(seed):
    grammar = at_random(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            control = ContextualControl(read_lark(grammar), strict=True)
        except (GrammarSyntaxError, Warning):
            return
    agrees(control, grammar, 5)


@pytest.mark.filterwarnings("ignore::constrain.errors.GrammarWarning")
@pytest.mark.parametrize("seed", range(45))
def test_random_grammars_with_what_else_lark_offers(seed):
    grammar = of_all_kinds(seed)
    try:
        control = ContextualControl(read_lark(grammar))
        Lark(grammar, parser="lalr", lexer="contextual")
    except (GrammarSyntaxError, GrammarError):  # Lark keeps rules that stand for no text
        return
    agrees(control, grammar, 6)


def test_which_lexer_fits_is_told():
    assert compile_grammar(BY_HAND["star"], VOCABULARY).control.lexer == "contextual"
    assert compile_grammar(BY_HAND["palindromes"], VOCABULARY).control.lexer == "dynamic"
    assert compile_grammar(BY_HAND["overlap"], VOCABULARY).control.lexer == "dynamic"


def test_a_conflict_is_resolved_as_lark_does():
    grammar = 'start: "a" start ["b" start] | "#"\n%ignore " "'
    with pytest.raises(GrammarSyntaxError, match="LALR"):
        ContextualControl(read_lark(grammar), strict=True)
    agrees(ContextualControl(read_lark(grammar)), grammar, 7)


def test_a_terminal_that_depends_on_what_follows():
    grammar = "start: (A | B)+\nA: /a(?=#)|ab/\nB: /#|b|a/"
    with pytest.raises(GrammarSyntaxError, match="what follows a text decides"):
        compile_grammar(grammar, VOCABULARY, lexer="contextual")
    with pytest.raises(GrammarSyntaxError, match="looks at what follows"):
        compile_grammar(grammar, VOCABULARY)


@pytest.mark.parametrize("name", ["cycle", "ambiguity"])
def test_what_is_not_lalr_is_refused(name):
    with pytest.raises(GrammarSyntaxError, match="LALR"):
        compile_grammar(BY_HAND[name], VOCABULARY, lexer="contextual")


@pytest.mark.parametrize("grammar", [BY_HAND["overlap"], 'start: "a" " " "b"\n%ignore / +/'])
def test_a_scanner_that_leaves_no_text_is_refused(grammar):
    with pytest.raises(GrammarSyntaxError, match="no text"):
        compile_grammar(grammar, VOCABULARY, lexer="contextual")


@pytest.mark.parametrize(
    ("grammar", "text", "most"),
    [
        ('start: x*\nx: "a" "b" | "c"\n%ignore " "', "ab c" * 300, 9),
        ('start: x ("," x)*\nx: "a" | "[" x ("," x)* "]"', "a,[a,a]," * 200, 14),
        ('start: start "+" x | x\nx: /[0-9]+/ | "(" start ")"', "12+(3+4)+" * 200, 14),
    ],
    ids=["star", "list", "sum"],
)
def test_where_a_text_repeats_its_configurations_repeat(grammar, text, most):
    control = ContextualControl(read_lark(grammar), strict=True)
    matcher = Constraint(control, VOCABULARY_OF_ALL).matcher()
    seen = set()
    for byte in text.encode():
        assert matcher.accept(byte)
        seen.update((place.node.config, place.state) for place in matcher.alternatives)
    assert len(seen) <= most
