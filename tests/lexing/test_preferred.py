"""What `re.match` prefers, judged by `re.match`."""

from __future__ import annotations

import random
import re
from itertools import product

import pytest

from constrain.errors import RegexSyntaxError
from constrain.lexing.preferred import preferred
from constrain.lexing.regex import matches

PATTERNS = [
    "a|ab",
    "a|ab|abc",
    "(a|ab)(c|bcd)?",
    "a*?b",
    "b.*?b",
    "a?(?:ab)?b",
    "a{1,3}?b?",
    "(a|b)*?c",
    "b.*?(?<!a)b",
    "b(?!a).*?b",
    "^a+b??",
    "(?i:aB)c",
    "[^a]b|a",
    r"a\b|abc",
    "(ab|a)(b|ba)?",
    "a(?=b).",
    "(?s:a.b)",
    "(a*)*b",
    "(|a)b",
    r"a?b?\Bb",
    r"a(?!b)|ab|(?:a(?!bc)|ab)c",
    r"a(?!bc)|abcb|ab",
    r"a(?=bb|c)c?|ab*",
    r"(?m:a$\nb)",
    r"(?:a|b\n)+?(?=c)c",
    r"(?!(?:ab|b)\b)[a-c]+(?:\n[a-c]*)?",
    r"(?!a+$)[a-c\n]+",
    r"(?m:(?!a+$)[a-c\n]+)",
    r"(?=(?:a|bb)\B)[a-c]+",
    r"(?!a(?!b))[a-c]+",
    r"(?=[a-c]+\n\b|a\Z)..?(?s:.*)",
    r"(?!(?:a|b\n)\b)[a-c\n]+",
    r"(?!(?:a|b\n)\B)[a-c\n]+",
]


def _agrees(pattern: str, texts: list[str]) -> None:
    language = preferred(pattern)
    for text in texts:
        found = re.match(pattern, text)
        assert matches(language, text) == (found is not None and found.end() == len(text)), text


@pytest.mark.parametrize("pattern", PATTERNS)
def test_preferred_texts_are_those_that_match_finds_alone(pattern):
    _agrees(pattern, ["".join(word) for n in range(6) for word in product("abc\n", repeat=n)])


def _random_pattern(rng: random.Random, depth: int = 0) -> str:
    kind = rng.randrange(7 if depth < 3 else 2)
    if kind < 2:
        return rng.choice(["a", "b", "c", "[ab]", "."])
    if kind < 4:
        return "".join(_random_pattern(rng, depth + 1) for _ in range(rng.randint(1, 3)))
    if kind == 4:
        branches = [_random_pattern(rng, depth + 1) for _ in range(rng.randint(2, 3))]
        return f"(?:{'|'.join(branches)})"
    quantifier = rng.choice(["*", "+", "?", "{1,2}"]) + rng.choice(["", "?"])
    return f"(?:{_random_pattern(rng, depth + 1)}){quantifier}"


@pytest.mark.parametrize("seed", range(150))
def test_random_patterns(seed):
    pattern = _random_pattern(random.Random(seed))
    _agrees(pattern, ["".join(word) for n in range(6) for word in product("abc", repeat=n)])


def test_a_quoted_string_ends_at_its_first_quote():
    string = preferred(r'".*?(?<!\\)(\\\\)*?"')
    assert matches(string, r'"a\"b"')
    assert matches(string, r'"\\"')
    assert not matches(string, '"a"b"')


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?!a)a", "(", "(?P<x>a)(?(x)b|c)"])
def test_what_is_not_regular_or_empty_is_refused(pattern):
    with pytest.raises(RegexSyntaxError):
        preferred(pattern)
