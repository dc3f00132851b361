"""Parsers run by kernels, beside the control that they stand for."""

from __future__ import annotations

from pathlib import Path

import lark
import pytest
from lark.indenter import PythonIndenter

from constrain import Vocabulary, compile_grammar, grammars
from constrain.engine import Constraint
from constrain.engine.graph import Graph
from constrain.errors import GrammarSyntaxError
from tests.grammar.grammars import BY_HAND, at_random

VOCABULARY = Vocabulary.from_bytes([b"a", None], eos_token_ids=[1])
PLACES = 300

CIRCLES = 'start: x\nx: a\na: b | "a"\nb: x "b" | start "c"'
DEEP = 'start: "a" start "b" | "c" tail\ntail: "d" tail | "e"'


def _agrees(constraint: Constraint) -> None:
    """Compare the nodes and edges of the kernels with what the control says, breadth first."""
    control = constraint.control
    graph = Graph(control)
    begin = control.start()
    pending, met = [begin], {begin}
    for config in pending:
        node = graph.node(config)
        assert node.config == config
        lexemes = tuple(control.lexemes(config))
        assert node.accepting == control.accepting(config)
        assert node.start == graph.automaton.start(lexemes, node.accepting)
        for lexeme in lexemes:
            number = graph.automaton._lexemes.index(lexeme)
            after = graph.follow(node, number)
            assert after is not None
            assert after.config == control.advance(config, (lexeme,), None)
            if after.config not in met and len(met) < PLACES:
                met.add(after.config)
                pending.append(after.config)


@pytest.mark.parametrize("name", [name for name in grammars.names() if name != "python"])
def test_ready_made_grammars(name):
    _agrees(compile_grammar(grammars.load(name), VOCABULARY, lexer="contextual"))


@pytest.mark.parametrize("text", [CIRCLES, DEEP, *BY_HAND.values(), *map(at_random, range(40))])
def test_small_grammars(text):
    try:
        constraint = compile_grammar(text, VOCABULARY, lexer="contextual")
    except GrammarSyntaxError:
        pytest.skip("not LALR(1), or without a text")
    _agrees(constraint)


def test_indentation():
    text = (Path(lark.__file__).parent / "grammars" / "python.lark").read_text("utf-8")
    _agrees(compile_grammar(text, VOCABULARY, start="file_input", indentation=PythonIndenter))
