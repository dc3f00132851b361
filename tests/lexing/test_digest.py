"""Digests and lengths against enumeration."""

from __future__ import annotations

import gc
import random
from itertools import product

import pytest

from constrain.lexing import digest as module
from constrain.lexing.digest import digest, fingerprint, near
from constrain.lexing.lengths import breadth, fewest
from constrain.lexing.regex import (
    EMPTY,
    Regex,
    arcs,
    char_class,
    complement,
    concat,
    difference,
    intersect,
    matches,
    repeat,
    shortest,
    union,
    words,
)

A, B = (char_class([(ord(c), ord(c))]) for c in "ab")


def after(regex: Regex, text: str) -> Regex:
    for char in text:
        code = ord(char)
        regex = next(
            (to for ranges, to in arcs(regex) if any(a <= code <= b for a, b in ranges)), EMPTY
        )
    return regex


def some(rng: random.Random, depth: int) -> Regex:
    kind = rng.randrange(5) if depth else 0
    if kind == 0:
        return rng.choice([A, B, words(["a", "ab", "bba"]), words(["b"])])
    if kind == 1:
        return concat(some(rng, depth - 1), some(rng, depth - 1))
    if kind == 2:
        return union(some(rng, depth - 1), some(rng, depth - 1))
    low = rng.randrange(8)
    return repeat(some(rng, depth - 1), low, rng.choice([None, low + rng.randrange(1, 8)]))


def test_a_digest_outlives_its_expression() -> None:
    def make() -> Regex:
        return union(repeat(concat(A, words(["qx", "qy"])), 2, 5), complement(words(["z", "zz"])))

    first = digest(make())
    gc.collect()
    assert digest(make()) == first
    assert digest(repeat(A, 2, 5)) != digest(repeat(A, 2, 6))
    assert fingerprint((1, (A, "x")), digest) != fingerprint((1, (B, "x")), digest)
    assert fingerprint(("1",), digest) != fingerprint((1,), digest)


def test_what_is_near_is_the_same_within_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REACH", 4)
    texts = ["".join(t) for size in range(5) for t in product("ab", repeat=size)]
    rng = random.Random(3)
    seen: dict[bytes, tuple[Regex, list[tuple[bool, bool]]]] = {}
    shared = 0
    for _ in range(600):
        regex = some(rng, 3)
        found = [(after(regex, text) is not EMPTY, matches(regex, text)) for text in texts]
        other, before = seen.setdefault(near(regex), (regex, found))
        assert found == before
        shared += other is not regex
    assert shared > 20


def test_counts_matter_where_something_can_tell() -> None:
    limit = repeat(union(A, B), 0, 300)
    several = [intersect(repeat(A, 200, 200), limit), intersect(repeat(A, 200, 400), limit)]
    ends = [difference(regex, repeat(A, 250, 260)) for regex in several]
    assert near(ends[0]) != near(ends[1])


def test_lengths_against_enumeration() -> None:
    rng = random.Random(5)
    for _ in range(200):
        regex = some(rng, 2)
        least = shortest(regex)
        assert least is not None and fewest(regex) == len(least)
        width = breadth(regex)
        assert width is not None
        for size in range(6):
            for text in product("ab", repeat=size):
                rest = after(regex, "".join(text))
                if rest is not EMPTY:
                    ending = shortest(rest)
                    assert ending is not None and len(ending) <= width
    assert breadth(intersect(repeat(A, 2, None), complement(words(["aaa"])))) is None
    assert fewest(intersect(repeat(A, 2, None), complement(words(["aaa"])))) == 2
