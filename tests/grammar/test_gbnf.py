"""Grammars in GBNF: their languages, against all texts written out, and mistakes in them."""

from __future__ import annotations

import json
import random
import warnings

import pytest

from constrain import Vocabulary, compile_grammar
from constrain.errors import ConstraintError, GrammarSyntaxError, GrammarWarning
from constrain.grammar.dynamic import DynamicControl
from constrain.grammar.gbnf import read_gbnf
from tests.grammar.agreement import VOCABULARY_OF_ALL, is_exact
from tests.grammar.gbnf_oracle import at_random, universe

JSON = r"""
root   ::= ws value ws
value  ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" ws (member (ws "," ws member)*)? ws "}"
member ::= string ws ":" ws value
array  ::= "[" ws (value (ws "," ws value)* ws)? "]"
string ::= "\"" (
    [^"\\\x00-\x1F]                          # as it is,
    | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4}) # or escaped
)* "\""
number ::= "-"? ("0" | [1-9] [0-9]*) ("." [0-9]+)? ([eE] [-+]? [0-9]+)?
ws     ::= [ \t\n\r] ws |
"""
ARITHMETIC = r"""
root ::= (expression "=" space term "\n")+
expression ::= term ([-+*/] space term)*
term ::= (name | number | "(" space expression ")") space
name ::= [a-z] [a-z0-9_]*
number ::= [0-9]+
space ::= [ \t]*
"""
LISTS = 'root ::= ("- " item)+\nitem ::= [^\\r\\n\\u2028]+ "\\n"'
CHESS = r"""
root ::= turn{1,3}
turn ::= [1-9] [0-9]? ". " move " " move "\n"
move ::= (piece | pawn | castling) [+#]?
piece ::= [NBRQK] [a-h]? [1-8]? "x"? square
pawn ::= ([a-h] "x")? square ("=" [NBRQ])?
castling ::= "O-O" "-O"?
square ::= [a-h] [1-8]
"""
JAPANESE = 'root ::= ([ぁ-ゟ] | [\\u30A1-\\U000030FF] | "\\u3000")+ . [\\[\\]\\-"\\\\]'
CASES = [
    (ARITHMETIC, ["1=2\n", "(a + b1)* 3 = (x)\n1=1\n"], ["1=2", "(a + b=1\n", "a b=1\n"]),
    (LISTS, ["- a\n", "- a b\n- #\n"], ["", "- \n", "- a\n- b", "- a\u2028\n"]),
    (CHESS, ["1. e4 e5\n", "1. e4 e5\n2. Nf3 O-O-O+\n"], ["1. e4\n", "1. e4 O-O-\n", "0. e4 e5\n"]),
    (CHESS, [3 * "1. exd8=Q Qa1#\n"], [4 * "1. a1 a1\n", "1. i4 e5\n"]),
    (JAPANESE, ["ぁ\u3000-\\", "ヿヿ\n]", 'ゟ"-'], ["-]", "ぁ]", "a-]", "ぁ-a"]),
]


@pytest.mark.parametrize("seed", range(60))
def test_random_grammars(seed):
    sample = at_random(seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            grammar = read_gbnf(sample.text)
    except GrammarSyntaxError as error:
        assert "stands for no text" in error.reason, sample.text
        assert not sample.language
        return
    is_exact(DynamicControl(grammar), universe(6), sample.accepts, 4)


@pytest.mark.parametrize(("grammar", "right", "wrong"), CASES)
def test_grammars_as_people_write_them(grammar, right, wrong):
    constraint = compile_grammar(grammar, VOCABULARY_OF_ALL, syntax="gbnf")
    for text in [*right, *wrong]:
        matcher = constraint.matcher()
        accepted = matcher.accept_bytes(text.encode()) and matcher.is_accepting()
        assert accepted == (text in right), text


def test_json_is_what_the_json_module_reads():
    rng = random.Random(1)
    texts = ['{"a": [1, -2.5e+3, "\\u00e9\\n", {}], "b": null}', " [true , false]\n", '"é😀"', "0"]
    constraint = compile_grammar(JSON, VOCABULARY_OF_ALL, syntax="gbnf")
    for _ in range(600):
        text = rng.choice(texts)
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["", *'0"\\,]} -.eu']) + text[at + rng.randint(0, 1) :]
        try:
            json.loads(text, parse_constant=float)
            valid = True
        except ValueError:
            valid = False
        matcher = constraint.matcher()
        accepted = matcher.accept_bytes(text.encode()) and matcher.is_accepting()
        assert accepted == valid, text


def test_what_is_regular_is_one_terminal():
    grammar = read_gbnf(
        'root ::= "[" ws list? "]"\nlist ::= item ("," ws item)*\nitem ::= word | root\n'
        "word ::= letter+ ws\nletter ::= [a-z]\nws ::= | space ws\nspace ::= [ \\t]"
    )
    assert {rule.origin.partition("#")[0] for rule in grammar.rules} == {"root", "list", "item"}
    assert len(grammar.terminals) == 4
    assert [len(rules) for rules in map(_size, (CHESS, LISTS, JAPANESE))] == [1, 1, 1]


def _size(text):
    return read_gbnf(text).rules


def test_start_may_be_any_rule():
    constraint = compile_grammar(CHESS, VOCABULARY_OF_ALL, syntax="gbnf", start="castling")
    assert bytes(constraint.matcher().forced_tokens()) == b"O-O"


def test_texts_that_rules_double_stay_small():
    lines = [f'x{n} ::= x{n + 1} x{n + 1} | "b"' for n in range(100)]
    grammar = read_gbnf("\n".join(['root ::= "<" x0 ">"', *lines, 'x100 ::= "a"']))
    assert len(grammar.rules) <= 1000


MISTAKES = {
    "no name": ("::= a", 1, 1),
    "no definition": ('root = "a"', 1, 6),
    "unknown rule": ('root ::= "a"\n  | b', 2, 3),
    "used, not defined": ('root ::= "a" |\n  b', 2, 3),
    "no root": ('a ::= "x"', 1, 1),
    "unclosed string": ('root ::= "a', 1, 12),
    "unclosed class": ("root ::= [a", 1, 12),
    "unclosed group": ('root ::= ("a"\n', 2, 1),
    "stray bracket": ('root ::= "a")', 1, 13),
    "nothing to repeat": ('root ::= "a" | *', 1, 16),
    "unknown escape": ('root ::= "\\d"', 1, 11),
    "short escape": ('root ::= "\\u12"', 1, 11),
    "reversed counts": ('root ::= "a"{3,2}', 1, 16),
    "no count": ('root ::= "a"{,2}', 1, 14),
    "too many rules": ('root ::= ("a" root "b"?){1,900000}', 1, 25),
    "no text": ('root ::= "a" root', 1, 1),
    "unclosed token": ("root ::= <think", 1, 10),
    "token without a number": ("root ::= <[a]>", 1, 10),
    "token of no bracket": ("root ::= !a", 1, 11),
    "one token but another": ('root ::= "a" !<b> "c"', 1, 14),
    "counted tokens": ("root ::= !<b>{2,3}", 1, 10),
    "a text but a token": ('root ::= ("a" !<b>)*', 1, 15),
    "deep groups": ("root ::= " + "(" * 5000, 1, 110),
    "many quantifiers": ('root ::= "a"' + "*" * 5000, 1, 113),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_placed(name):
    text, line, column = MISTAKES[name]
    with pytest.raises(GrammarSyntaxError) as caught:
        read_gbnf(text)
    error = caught.value
    assert (error.line, error.column) == (line, column), error


SPECIAL = {"<think>": 256, "</think>": 257}
VOCABULARY_THAT_THINKS = Vocabulary.from_bytes(
    [*[bytes([byte]) for byte in range(256)], None, None, None],
    eos_token_ids=[258],
    special_tokens=SPECIAL,
)
THOUGHTS = [
    "root ::= <think> thinking </think> .*\nthinking ::= !</think>*",
    "root ::= <[256]> ( !<[257]> )* <[257]> .*",
]


@pytest.mark.parametrize("grammar", THOUGHTS)
def test_tokens_by_name_and_number(grammar):
    constraint = compile_grammar(grammar, VOCABULARY_THAT_THINKS, syntax="gbnf")
    matcher = constraint.matcher()
    assert not matcher.accept(ord("a"))
    assert matcher.accept(256)
    assert matcher.accept(256)
    assert matcher.accept_bytes("é </think>".encode())
    assert matcher.accept(257)
    assert not matcher.accept(257)
    assert matcher.is_accepting()
    assert matcher.accept_bytes(b"<think>")
    assert matcher.is_accepting()


def test_some_text_without_a_token():
    grammar = "root ::= !<think>+ <think>"
    matcher = compile_grammar(grammar, VOCABULARY_THAT_THINKS, syntax="gbnf").matcher()
    assert not matcher.accept(256)
    assert matcher.accept_bytes(b"a")
    assert matcher.accept(256)


def test_all_escapes():
    grammar = r'root ::= "\x41\u00e9\U0001F600\t\n\r\\\"\[\]" [\x41-\x43\u00E9\]\[^-]{2} [^\n]? .'
    constraint = compile_grammar(grammar, VOCABULARY_OF_ALL, syntax="gbnf")
    begin = 'Aé😀\t\n\r\\"[]'
    for end, is_right in {
        "B]é": True,
        "[-x\n": True,
        "^é\n": True,
        "AD\n": False,
        "AA\n\n": False,
    }.items():
        matcher = constraint.matcher()
        accepted = matcher.accept_bytes((begin + end).encode()) and matcher.is_accepting()
        assert accepted == is_right, end


def test_a_rule_without_texts_warns_and_goes():
    with pytest.warns(GrammarWarning) as caught:
        grammar = read_gbnf('root ::= ("a" root)? | b\nb ::= (b "x")+')
    assert [(w.message.line, w.message.column) for w in caught] == [(2, 1)]
    assert {rule.origin.partition("#")[0] for rule in grammar.rules} == {"root"}


def test_there_is_no_contextual_lexer():
    with pytest.raises(ConstraintError, match="contextual"):
        compile_grammar(LISTS, VOCABULARY_OF_ALL, syntax="gbnf", lexer="contextual")


def test_a_rule_of_vast_texts_alone_is_refused_at_once():
    doubling = "".join(f"x{i} ::= x{i + 1} x{i + 1}\n" for i in range(40))
    with pytest.raises(GrammarSyntaxError, match="shortest text") as caught:
        read_gbnf(f'root ::= "(" x0 ")"\n{doubling}x40 ::= "a"\n')
    assert caught.value.line > 1
