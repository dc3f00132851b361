"""Tokens in GBNF: texts and masks, against a reading of the texts token by token."""

from __future__ import annotations

import random
import warnings
from itertools import product
from weakref import WeakKeyDictionary

import numpy as np
import pytest

from constrain import Vocabulary, compile_grammar
from constrain.engine import listed, masks
from constrain.engine.bitmask import allowed
from constrain.errors import GrammarSyntaxError, GrammarWarning
from constrain.grammar.gbnf import read_gbnf
from constrain.special import SpecialToken
from tests.grammar.agreement import VOCABULARY_OF_ALL
from tests.grammar.gbnf_tokens_oracle import Reader, at_random, spelled

TOKENS = ["a", "b", "ab", "bba", "aab", "ab", "S", "T", "\0", None]
EOS = 9
VOCABULARY = Vocabulary.from_bytes(
    [x.encode() if x and not x.isupper() else None for x in TOKENS],
    eos_token_ids=[EOS],
    special_tokens={"S": 6, "T": 7},
)
UNIVERSE = ["".join(word) for n in range(6) for word in product("abS", repeat=n)]


def marked(text):
    """The bytes that stand for a text."""
    return b"".join(SpecialToken(x).mark if x.isupper() else x.encode() for x in text)


def unmarked(data):
    """The text that bytes stand for."""
    for name in "ST":
        data = data.replace(SpecialToken(name).mark, name.encode())
    return data.decode()


def after(constraint, text):
    """A matcher after a text, token by token; None where it is refused."""
    matcher = constraint.matcher()
    return matcher if all(matcher.accept(TOKENS.index(x)) for x in text) else None


def mask(matcher, budget=None):
    row = np.zeros(VOCABULARY.bitmask_words, np.int32)
    matcher.fill_bitmask(row, budget=budget)
    return set(np.flatnonzero(allowed(row, VOCABULARY.size)).tolist())


def is_exact(tree, constraint):
    """Texts, masks and endings are those of tokens that the grammar accepts."""
    accepted = {text for text in UNIVERSE if Reader(TOKENS, text).accepts(tree)}
    begun = {text[:n] for text in accepted for n in range(len(text) + 1)}
    for text in UNIVERSE:
        matcher = after(constraint, text)
        assert matcher is not None or text not in begun, text
        if matcher is None:
            continue
        assert matcher.is_accepting() == (text in accepted), text
        if len(text) > 2:
            continue
        found = mask(matcher)
        assert (EOS in found) == (text in accepted), text
        for number, token in enumerate(TOKENS[:EOS]):
            fork = matcher.fork()
            assert fork.accept(number) == (number in found), (text, token)
            assert number in found or text + token not in begun, (text, token)
            if number in found:
                whole = text + token + unmarked(constraint.budget.ending(fork))
                assert Reader(TOKENS, whole).accepts(tree), (text, token, whole)


def keeps_budgets(constraint, rng):
    """Whatever is taken of what is allowed, a budget suffices to the end."""
    least = constraint.matcher().tokens_to_finish()
    for more in (0, 0, 1, 1, 2, 3):
        matcher = constraint.matcher()
        for left in range(least + more, 0, -1):
            found = mask(matcher, left)
            assert found <= mask(matcher)
            number = rng.choice(sorted(found))
            if number == EOS:
                break
            assert matcher.accept(number)
        assert matcher.is_accepting()


@pytest.mark.parametrize("long", [1, 64])
@pytest.mark.parametrize("seed", range(60))
def test_random_grammars_over_tokens(seed, long, monkeypatch):
    monkeypatch.setattr(listed, "_LONG", long)
    monkeypatch.setattr(masks, "_registry", WeakKeyDictionary())
    tree = at_random(random.Random(seed), TOKENS, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        constraint = compile_grammar(f"root ::= {spelled(tree)}", VOCABULARY, syntax="gbnf")
    is_exact(tree, constraint)
    keeps_budgets(constraint, random.Random(seed))


HALVES = [*[bytes((byte,)) for byte in range(256)], "é".encode(), b"a\xc3", b"ab", None, None, None]
HALVES_VOCABULARY = Vocabulary.from_bytes(
    HALVES, eos_token_ids=[261], special_tokens={"<a b>": 259, "<[x": 260}
)


def accepts(grammar, text, vocabulary=HALVES_VOCABULARY):
    matcher = compile_grammar(grammar, vocabulary, syntax="gbnf").matcher()
    return matcher.accept_bytes(text) and matcher.is_accepting()


@pytest.mark.parametrize(
    ("grammar", "right", "wrong"),
    [
        ("<[97]> <[256]>", ["aé"], ["a", "é", "aa"]),
        ("<[97]>{2,} !<[97]>?", ["aa", "aaab", "aaé"], ["a", "aabb"]),
        ("!<[97]>", ["b", "é", "ab"], ["a", "aé", "ü", "bb"]),
        ("!<[195]>{2}", ["bb", "éab", "aa"], ["a", "ü", "bü"]),
        ("!<[261]>", ["a", "ab"], ["", "bb"]),
        ("!<[97]>*", ["", "ü", "abab", "cabé"], ["a", "aab", "ba"]),
        ("!<[97]>+", ["ü", "ab", "b"], ["", "a", "baa"]),
        ("!<[97]>{2,}", ["bü", "abab", "abb"], ["", "ab", "a", "ü"]),
        ("( !<[258]> ){1}", ["a", "b"], ["ab"]),
        ("!<[258]>*", ["ab", "xab"], []),
    ],
)
def test_tokens_stand_for_their_texts(grammar, right, wrong):
    for text in [*right, *wrong]:
        assert accepts(f"root ::= {grammar}", text.encode()) == (text in right), text


def test_any_other_special_token():
    for grammar, times in [("!<a b>", 1), ("!<a b>{3}", 3), ("!<a b>*", 5), ("!<[97]>+", 2)]:
        matcher = compile_grammar(f"root ::= {grammar}", HALVES_VOCABULARY, "gbnf").matcher()
        assert matcher.accept(259) == (grammar == "!<[97]>+")
        matcher = compile_grammar(f"root ::= {grammar}", HALVES_VOCABULARY, "gbnf").matcher()
        assert all(matcher.accept(260) for _ in range(times))
        assert matcher.is_accepting()


def test_a_name_may_be_that_of_any_token():
    vocabulary = Vocabulary.from_bytes(
        [b"<", b">", b"b", b"r", b"<br>", b"<>", None], eos_token_ids=[6]
    )
    assert accepts("root ::= <br> <>", b"<br><>", vocabulary)
    assert not accepts("root ::= !<br>", b"<br>", vocabulary)
    assert accepts(
        "root ::= <a b>? <br>",
        b"<br>",
        Vocabulary.from_bytes(
            [b"<", b"<br>", None, None], eos_token_ids=[2], special_tokens={"<a b>": 3}
        ),
    )


@pytest.mark.parametrize(
    ("grammar", "reason"),
    [
        ("<[195]>", "part of a character"),
        ("<[9999]>", "no token"),
        ("<nothing>", "no token"),
        ("<[261]>", "ends a text"),
    ],
)
def test_tokens_that_no_text_has_are_refused(grammar, reason):
    with pytest.raises(GrammarSyntaxError, match=reason) as caught:
        compile_grammar(f'root ::=\n  "a" {grammar}', HALVES_VOCABULARY, syntax="gbnf")
    assert (caught.value.line, caught.value.column) == (2, 7)


def test_half_a_character_that_nothing_else_spells_is_refused():
    vocabulary = Vocabulary.from_bytes([b"\xc3", b"\xa9", b"a", None], eos_token_ids=[3])
    with pytest.raises(GrammarSyntaxError, match="no others spell") as caught:
        compile_grammar("root ::= !<[0]>*", vocabulary, syntax="gbnf")
    assert (caught.value.line, caught.value.column) == (1, 16)


@pytest.mark.parametrize(
    ("grammar", "right", "wrong", "places"),
    [
        ('root ::= "a"\nroot ::= "b"', "b", "a", [(2, 1)]),
        ('root ::= "\\ud83d" | "a"', "a", "", [(1, 11)]),
        ('root ::= "a" | "b\\U00110000"', "a", "b", [(1, 17)]),
        ("root ::= [az-b]", "a", "z", [(1, 12)]),
        ('root ::= "a" [] [^]', "a", "", [(1, 14), (1, 17)]),
        ('root ::= "a" [^\\x00-\\U0010FFFF]?', "a", "ab", [(1, 14)]),
        ('root ::= "a" [b-\\UFFFFFFFF] [^\\ud800-\\udfff]', "a😀b", "aab", []),
        ('root ::= "a"{0,99999999999}', "aaa", "b", []),
    ],
)
def test_what_no_text_has_matches_nothing(grammar, right, wrong, places):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read_gbnf(grammar)
        assert accepts(grammar, right.encode(), VOCABULARY_OF_ALL)
        assert not accepts(grammar, wrong.encode(), VOCABULARY_OF_ALL)
    found = [x.message for x in caught if isinstance(x.message, GrammarWarning)]
    assert [(x.line, x.column) for x in found[: len(places)]] == places
    assert len(found) == 3 * len(places)
