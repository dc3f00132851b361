"""Lexemes as expressions, against a reading of lexemes byte by byte."""

from __future__ import annotations

import random

import pytest

from constrain.engine.combining.spelled import spelled
from constrain.lexing.letters import letters
from constrain.lexing.lexeme import JSONString, Literal, Space, Text, lexeme
from constrain.lexing.regex import ANYTHING, complement, matches, words
from constrain.lexing.syntax import parse
from tests.reference import is_complete, start_states, step_states

SOME = parse('[a/é😀\n\u0001"-]*', "python")
LEXEMES = {
    "literal": lexeme(Literal(b"ab"), Space("any")),
    "bounded space": lexeme(Space("bounded"), Literal("é".encode())),
    "text": lexeme(Text(parse("[ab]+é?", "python")), Literal(b"\n")),
    "plain string": lexeme(JSONString(ANYTHING)),
    "any spelling": lexeme(JSONString(ANYTHING, "any")),
    "some characters": lexeme(JSONString(SOME, "minimal", 1, 3)),
    "some characters in any spelling": lexeme(JSONString(SOME, "any")),
    "all but": lexeme(JSONString(complement(words(["a", "é"])), "any", 0, 2), Literal(b":")),
}
NO_STRINGS = ("literal", "bounded space", "text")
PIECES = [
    "ab",
    *'ab/é😀"\n\t :',
    *["\\", "\\u", "\\n", "\\/", '\\"', "\\u0001", "\\u0041", "\\u00E9", "\\u001f", "\\uD83D"],
    *["\\ude00", "\\uD83D\\uDE00", "\\ud800\\udc00", "\\uDBFF\\udfff", "\\uFFFF", "\x01"],
]


def has(item, text: str) -> bool:
    states = start_states(item)
    for byte in text.encode():
        states = step_states(item, states, byte)
    return is_complete(item, states)


@pytest.mark.parametrize("name", LEXEMES)
def test_texts(name):
    item = LEXEMES[name]
    regex, rng = spelled(item), random.Random(name)
    count = 0
    for _ in range(1500):
        text = "".join(rng.choices(PIECES, k=rng.randrange(4)))
        if rng.random() < 0.8 and name not in NO_STRINGS:
            text = f'"{text}"' + (":" if name == "all but" else "")
        assert matches(regex, text) == has(item, text), text
        count += has(item, text)
        if has(item, text):
            found = letters(regex)
            assert all(any(a <= ord(c) <= b for a, b in found.ranges) for c in text)
    assert count
