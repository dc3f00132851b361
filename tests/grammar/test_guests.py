"""Grammars with other languages in them: special tokens, JSON Schemas, constraints."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from constrain import (
    ConstraintError,
    GrammarSyntaxError,
    SpecialToken,
    VocabularyError,
    compile_grammar,
    compile_json_schema,
    compile_regex,
)
from constrain.engine.bitmask import allowed
from constrain.grammar.compile import grammar_control
from constrain.grammar.indentation import Indentation
from tests.combining.languages import CALL, STOP, VOCABULARY, agrees

LEXERS = ["contextual", "dynamic"]


def fits(pattern: str):
    return lambda text: re.fullmatch(pattern, text) is not None


def is_list(text: str) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, list) and all(item in (1, "a") for item in value)


@pytest.mark.parametrize("lexer", LEXERS)
def test_special_tokens_and_bound_rules(lexer):
    grammar = f"""
        start: {CALL} args | "(" start ")" | args END  // <|not this|> "<|nor this|>"
        %declare END
    """
    words = compile_regex("a+b?", VOCABULARY)
    rules = {"args": words, "END": SpecialToken(STOP)}
    control = compile_grammar(grammar, VOCABULARY, lexer=lexer, rules=rules).control
    assert control.lexer == lexer
    agrees(control, "ab()CS", 6, fits(r"Ca+b?|a+b?S|\((Ca+b?|a+b?S)\)|\(\((Ca|aS)\)\)"), 4)


@pytest.mark.parametrize("lexer", LEXERS)
def test_schemas(lexer):
    grammar = """
        start: WORD* %json {
            "items": {"enum": [1, "a"]},
            "type": "array"
        } "]"?
        WORD: /[ab]+|\\(/
    """
    control = grammar_control(grammar, lexer=lexer)

    def is_member(text: str) -> bool:
        rest = text[len(re.match(r"[ab(]*", text)[0]) :]
        return is_list(rest) or (rest.endswith("]") and is_list(rest[:-1]))

    agrees(control, '[]1"a(', 6, is_member, 4)


def test_a_guest_may_be_empty_and_may_be_followed_by_itself():
    rules = {"item": compile_regex("a?|ab", VOCABULARY)}
    control = compile_grammar('start: item+ "b"', VOCABULARY, rules=rules).control
    agrees(control, "ab", 7, fits("(a|ab)*b"), 2)


def test_what_a_terminal_bans_does_not_reach_into_a_guest():
    rules = {"tail": compile_regex("[ab]+1", VOCABULARY)}
    control = compile_grammar(
        "start: NAME tail\nNAME: /[ab]+/", VOCABULARY, lexer="contextual", rules=rules
    ).control
    agrees(control, "ab1", 7, fits("[ab]{2,}1"), 2)


def test_guests_in_imported_files(tmp_path):
    (tmp_path / "calls.lark").write_text(f'call: {CALL} %json {{"const": [1]}}\nother: "x"')
    control = grammar_control(
        f"%import .calls.call\nstart: call+ {STOP}", path=tmp_path / "main.lark"
    )
    agrees(control, "CS1[]", 6, fits(r"(C\[1\])+S"), 2)


def test_guests_in_indented_lines():
    grammar = """
        start: line+
        line: word NEWLINE | "(" NEWLINE INDENT line+ DEDENT
        %declare INDENT DEDENT
        NEWLINE: /(\\n *)+/
    """
    indentation = Indentation("NEWLINE", "INDENT", "DEDENT", (), ())
    rules = {"word": compile_regex("a|b{2}", VOCABULARY)}
    constraint = compile_grammar(grammar, VOCABULARY, indentation=indentation, rules=rules)
    for text, whole in (("a\n", True), ("bb\na\n", True), ("(\n a\n bb\n", True)):
        matcher = constraint.matcher()
        assert matcher.accept_bytes(text.encode()) and matcher.is_accepting() == whole
    for text in ("ab", "b\n", "(\na", "(\n  a\n a"):
        assert not constraint.matcher().accept_bytes(text.encode())


@pytest.mark.parametrize("syntax", ["lark", "gbnf"])
def test_special_tokens_in_both_syntaxes(syntax):
    grammar = {
        "lark": f'start: "a" {CALL} start "b" | {STOP}?',
        "gbnf": f'root ::= "a" {CALL} root "b" | {STOP}?',
    }[syntax]
    control = grammar_control(grammar, syntax)
    agrees(control, "abCS", 7, fits("S?|aCS?b|aCaCS?bb"), 3)
    assert control.special_tokens == {CALL, STOP}


def test_guests_know_what_is_forced_and_what_it_takes_to_end():
    rules = {"args": compile_json_schema({"const": ["a"]}, VOCABULARY)}
    matcher = compile_grammar(f"start: {CALL} args {STOP}", VOCABULARY, rules=rules).matcher()
    call, stop = VOCABULARY.special_tokens[CALL], VOCABULARY.special_tokens[STOP]
    # The text is written with or without white space.
    assert matcher.forced_tokens()[:1] == [call]
    assert matcher.tokens_to_finish() == 3 + len(VOCABULARY.encode(b'["a"]'))
    assert matcher.accept(call) and matcher.accept_bytes(b'["a"]')
    assert matcher.forced_tokens() == [stop]
    row = np.empty(VOCABULARY.bitmask_words, np.int32)
    matcher.fill_bitmask(row)
    assert np.flatnonzero(allowed(row, VOCABULARY.size)).tolist() == [stop]


@pytest.mark.parametrize(
    ("grammar", "place", "reason"),
    [
        ('start: "a"\n  b: %json {"type": }', (2, 21), "JSON Schema"),
        ("start: %json 1", (1, 14), "object"),
        ('start: "a"\n x: %json', (2, 10), "JSON Schema"),
        ('start: x %json {"type": "nothing"}\nx: "a"', (1, 10), "nothing"),
        ('start: %json {"enum": [1,\n2]} | <|call|> missing', (2, 16), "missing"),
        ("start: %json {\n}\nx: )", (3, 4), "Expecting a value"),
    ],
)
def test_mistakes_have_their_place(grammar, place, reason):
    with pytest.raises(GrammarSyntaxError, match=reason) as caught:
        grammar_control(grammar)
    assert (caught.value.line, caught.value.column) == place


def test_mistakes_with_bound_rules():
    word = compile_regex("a", VOCABULARY)
    with pytest.raises(ConstraintError, match="'args'"):
        compile_grammar('start: "a"', VOCABULARY, rules={"args": word})
    with pytest.raises(GrammarSyntaxError, match="args"):
        compile_grammar('start: args\nargs: "a"', VOCABULARY, rules={"args": word})
    with pytest.raises(VocabularyError, match="no special token"):
        compile_grammar("start: <|none|>", VOCABULARY)
    with pytest.raises(ConstraintError, match="Lark"):
        compile_grammar('root ::= "a"', VOCABULARY, syntax="gbnf", rules={"args": word})
    with pytest.raises(GrammarSyntaxError, match="no token"):
        compile_grammar("root ::= <[1000000]>", VOCABULARY, syntax="gbnf")
