"""Texts in every spelling, as the states made for them, beside the expressions of the spellings."""

from __future__ import annotations

import json
import random

import pytest

from constrain.engine.automaton import Automaton
from constrain.engine.layout import NO_LEXEME
from constrain.engine.spelt import is_spelt
from constrain.lexing.lexeme import JSONString, Literal, Text, lexeme
from constrain.lexing.nodes import the_word
from constrain.lexing.regex import arcs, char_class, concat, literal, union, words
from constrain.schema.textual.spelled import spelled

_LETTERS = 'aZ09 ~"\\/u*Jk'


def _texts() -> list[str]:
    generator = random.Random(5)
    lengths = [0, 1, 1, 1, 2, 3, 5, 8]
    return ['"', "\\", "/", "~", *("".join(generator.choices(_LETTERS, k=n)) for n in lengths)]


@pytest.mark.parametrize("text", _texts())
def test_same_as_the_expression(text: str) -> None:
    quote = char_class([(34, 34)])
    colon = Literal(b":")
    native, other = Automaton(), Automaton()
    first = native.start((lexeme(JSONString(literal(text), "any"), colon),))
    whole = concat(quote, spelled(literal(text), "any"), quote)
    pending = [(first, other.start((lexeme(Text(whole), colon),)))]
    met = set(pending)
    while pending:
        here, there = pending.pop()
        assert (native.ended(here) != NO_LEXEME) == (other.ended(there) != NO_LEXEME)
        steps = zip(native.row(here).tolist(), other.row(there).tolist(), strict=True)
        for pair in steps:
            assert bool(pair[0]) == bool(pair[1])
            if pair[0] and pair not in met:
                met.add(pair)
                pending.append(pair)


@pytest.mark.parametrize("text", _texts())
def test_rest(text: str) -> None:
    automaton = Automaton()
    spelling = json.dumps(text).encode() + b":"
    state = automaton.start((lexeme(JSONString(literal(text), "any"), Literal(b":")),))
    for index, byte in enumerate(spelling):
        rest = automaton.rest(state)
        left = spelling[index:]
        assert rest is None or rest[1] == left
        assert rest is not None or spelling[index - 1 : index] == b"\\"
        (found,) = automaton.distances(state)
        assert 0 < found[1] <= len(left)
        state = automaton.row(state).item(byte)
    assert automaton.rest(state) == (0, b"")


def test_several_together() -> None:
    automaton = Automaton()
    names = _texts()
    lexemes = {
        name: lexeme(JSONString(literal(name), "any"), Literal(b":")) for name in sorted(set(names))
    }
    start = automaton.start(tuple(lexemes.values()))
    for name, own in lexemes.items():
        state = start
        spelling = b'"' + b"".join(b"\\u%04X" % ord(letter) for letter in name) + b'":'
        for byte in spelling:
            state = automaton.row(state).item(byte)
        assert automaton.lexemes_of(automaton.ended(state)) == (own,)


def test_only_plain_texts() -> None:
    assert all(map(is_spelt, ["", "a", "a b~"]))
    assert not any(map(is_spelt, ["é", "a\n", "\x7f"]))


def test_the_one_word_of_an_expression() -> None:
    for text in ("", "a", "a b~", "é", "a\n"):
        assert the_word(literal(text)) == text
    [(_, after)] = arcs(words(["abc", "abde"]))
    [(_, after)] = arcs(after)
    assert {the_word(to) for _, to in arcs(after)} == {"", "e"}
    for other in (
        words(["ab", "cd"]),
        char_class([(97, 98)]),
        union(literal("abc"), literal("abd")),
    ):
        assert the_word(other) is None
