"""Regular expressions against sets of texts, `interegular`, and their own definitions."""

from __future__ import annotations

import copy
import gc
import threading
import weakref
from itertools import pairwise, product

import interegular
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constrain.errors import RegexTooComplexError
from constrain.lexing import regex as rx
from constrain.lexing.nodes import Extent
from constrain.lexing.syntax import parse, search

LONGEST = 5
TEXTS = ["".join(chars) for n in range(LONGEST + 1) for chars in product("ab", repeat=n)]
ALL = frozenset(TEXTS)

Case = tuple[rx.Regex, frozenset[str]]
"""An expression, and the texts of `TEXTS` in its language."""


def short(texts: object) -> frozenset[str]:
    return frozenset(texts) & ALL  # type: ignore[call-overload]


def product_of(left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
    return short(a + b for a in left for b in right)


def powers(texts: frozenset[str], low: int, high: int | None) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    power = frozenset([""])
    for count in range((high if high is not None else low + LONGEST + 1) + 1):
        if count >= low:
            found |= power
        power = product_of(power, texts)
    return found


def leaves() -> st.SearchStrategy[Case]:
    texts = st.lists(st.text("ab", max_size=3), max_size=4)
    return st.one_of(
        st.sampled_from(
            [
                (rx.EMPTY, frozenset()),
                (rx.EPSILON, frozenset([""])),
                (rx.ANY, frozenset("ab")),
                (rx.ANYTHING, ALL),
                (rx.char_class([(0x61, 0x62)]), frozenset("ab")),
            ]
        ),
        st.text("ab", max_size=3).map(lambda text: (rx.literal(text), frozenset([text]))),
        texts.map(lambda found: (rx.words(found), frozenset(found))),
    )


def bigger(cases: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
    pairs = st.tuples(cases, cases)
    bounds = st.tuples(st.integers(0, 3), st.none() | st.integers(0, 3))
    return st.one_of(
        pairs.map(lambda p: (rx.concat(p[0][0], p[1][0]), product_of(p[0][1], p[1][1]))),
        pairs.map(lambda p: (rx.union(p[0][0], p[1][0]), p[0][1] | p[1][1])),
        pairs.map(lambda p: (rx.intersect(p[0][0], p[1][0]), p[0][1] & p[1][1])),
        pairs.map(lambda p: (rx.difference(p[0][0], p[1][0]), p[0][1] - p[1][1])),
        cases.map(lambda case: (rx.complement(case[0]), ALL - case[1])),
        st.tuples(cases, bounds).map(repeated),
    )


def repeated(drawn: tuple[Case, tuple[int, int | None]]) -> Case:
    (expression, texts), (low, more) = drawn
    high = None if more is None else low + more
    return rx.repeat(expression, low, high), powers(texts, low, high)


CASES = st.recursive(leaves(), bigger, max_leaves=8)


@settings(max_examples=600, deadline=None)
@given(CASES)
def test_operations_are_those_on_sets(case: Case) -> None:
    expression, texts = case
    assert {text for text in TEXTS if rx.matches(expression, text)} == texts


@settings(max_examples=400, deadline=None)
@given(CASES)
def test_shortest_is_the_least_match(case: Case) -> None:
    expression, texts = case
    within = rx.intersect(expression, rx.star(rx.char_class([(0x61, 0x62)])))
    found = rx.shortest(within)
    if texts:
        assert found == min(texts, key=lambda text: (len(text), text))
    else:
        assert found is None or (len(found) > LONGEST and rx.matches(within, found))
    assert (found is None) == rx.is_empty(within)


@settings(max_examples=400, deadline=None)
@given(CASES)
def test_what_is_known_of_how_many_texts_match(case: Case) -> None:
    expression, _ = case
    letters = rx.star(rx.char_class([(0x61, 0x62)]))
    if expression.extent is Extent.FINITE:
        assert rx.is_finite(rx.intersect(expression, letters), 10**5) is not None
    if expression.extent >= Extent.ENDLESS:
        assert rx.is_finite(expression, 1000) is None
    if expression.extent is Extent.COFINITE:
        others = rx.intersect(rx.complement(expression), letters)
        assert rx.is_finite(others, 10**5) is not None


@settings(max_examples=300, deadline=None)
@given(CASES, st.text("abc\U0001f600", max_size=4))
def test_arcs_are_a_partition_into_live_derivatives(case: Case, text: str) -> None:
    node = case[0]
    for char in text:
        parts = rx.arcs(node)
        targets = [target for _, target in parts]
        assert len(set(targets)) == len(targets)
        assert not any(rx.is_empty(target) for target in targets)
        ranges = sorted(pair for members, _ in parts for pair in members)
        assert all(low <= high for low, high in ranges)
        assert all(one[1] < two[0] for one, two in pairwise(ranges))
        derivative = rx.derive(node, ord(char))
        inside = [
            target
            for members, target in parts
            if any(low <= ord(char) <= high for low, high in members)
        ]
        assert (inside or [rx.EMPTY]) == [derivative]
        for rest in ("", "a", "b", "ab", char):
            assert rx.matches(node, char + rest) == rx.matches(derivative, rest)
        node = derivative


@settings(max_examples=300, deadline=None)
@given(CASES)
def test_finite_languages_are_enumerated(case: Case) -> None:
    expression, texts = case
    within = rx.intersect(expression, rx.repeat(rx.char_class([(0x61, 0x62)]), 0, LONGEST))
    assert rx.is_finite(within, len(TEXTS)) == sorted(texts)
    assert rx.is_finite(within, len(texts)) == sorted(texts)
    assert not texts or rx.is_finite(within, len(texts) - 1) is None


def test_infinite_languages_are_not_enumerated() -> None:
    for pattern in ("a*", "ab*c", "x(ab|c+)", "[^a]{3}"):
        assert rx.is_finite(parse(pattern), 1000) is None
    assert rx.is_finite(parse("a{5000}|b"), 2) == ["a" * 5000, "b"]


PATTERNS = st.recursive(
    st.sampled_from(["a", "b", "c", "[ab]", "[^a]", "ab", "abc"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(PATTERNS, PATTERNS)
def test_emptiness_and_equivalence_agree_with_interegular(one: str, two: str) -> None:
    # The automata need an alphabet that tells b from "anything else" in both patterns alike.
    first, second = parse(one, flags="s"), parse(two, flags="s")
    alphabet = interegular.fsm.Alphabet.from_groups(*"abcd", {interegular.fsm.anything_else})
    left = interegular.parse_pattern(one).to_fsm(alphabet)
    right = interegular.parse_pattern(two).to_fsm(alphabet)
    assert rx.is_empty(rx.intersect(first, second)) == (left & right).empty()
    assert rx.is_empty(rx.difference(first, second)) == (left - right).empty()
    assert rx.is_empty(rx.difference(second, first)) == (right - left).empty()


def test_shortest_counts_bytes_and_then_compares_text() -> None:
    assert rx.shortest(rx.words(["é", "zz", "ab"])) == "ab"
    assert rx.shortest(rx.words(["éa", "zzz", "日"])) == "zzz"
    assert rx.shortest(rx.difference(rx.words(["éa", "zzz", "日"]), rx.literal("zzz"))) == "éa"
    assert rx.shortest(rx.difference(rx.repeat(rx.ANY, 2, 2), rx.literal("\0\0"))) == "\0\x01"


def test_shortest_of_intersections_is_least_by_enumeration() -> None:
    constraint = rx.intersect(
        search("[ab]é?[bc]"), rx.complement(search("ab|ba|^b")), rx.repeat(rx.ANY, 3, 6)
    )
    matching = [
        "".join(chars)
        for n in range(5)
        for chars in product("\0abcé", repeat=n)
        if rx.matches(constraint, "".join(chars))
    ]
    least = min(matching, key=lambda text: (len(text.encode()), text))
    assert rx.shortest(constraint) == least


def test_equal_expressions_are_one_object_and_are_forgotten() -> None:
    def build() -> rx.Regex:
        return rx.concat(rx.star(rx.literal("hash-consed")), rx.words(["x1", "y2"]))

    first = build()
    assert first is build()
    assert copy.deepcopy([first])[0] is copy.copy(first) is first
    assert rx.union(first, rx.literal("z")) is rx.union(rx.literal("z"), build())
    rx.arcs(first)
    forgotten = weakref.ref(first)
    del first
    gc.collect()
    assert forgotten() is None


def test_simplifications() -> None:
    a, b = rx.literal("a"), rx.literal("b")
    assert rx.complement(rx.complement(rx.star(a))) is rx.star(a)
    assert rx.union(rx.ANYTHING, a) is rx.ANYTHING
    assert rx.intersect(rx.ANYTHING, a) is a
    assert rx.intersect(a, b) is rx.EMPTY
    assert rx.union(a, rx.complement(a)) is rx.ANYTHING
    assert rx.concat(rx.star(a), rx.star(a)) is rx.star(a)
    assert rx.repeat(rx.repeat(a, 0, 1000), 0, 1000) is rx.repeat(a, 0, 1_000_000)
    assert rx.repeat(rx.repeat(a, 2, 2), 3, 3) is rx.repeat(a, 6, 6)
    assert rx.repeat(rx.repeat(a, 2, 3), 0, 2) is not rx.repeat(a, 0, 6)
    assert rx.optional(rx.star(a)) is rx.star(a)
    assert rx.difference(rx.ANY, a) is rx.char_class([(0, 0x60), (0x62, 0x10FFFF)])
    assert rx.union(rx.literal("abc"), rx.literal("abd")) is rx.words(["abd", "abc"])
    assert rx.intersect(rx.repeat(rx.ANY, 0, 9), rx.star(a)) is rx.repeat(a, 0, 9)
    x, y = search("x"), search("y")
    assert rx.union(x, rx.intersect(x, y)) is x
    assert rx.intersect(rx.star(a), rx.union(rx.star(a), rx.literal("bc"))) is rx.star(a)


def test_surrogates_match_nothing() -> None:
    assert rx.char_class([(0xD800, 0xDFFF)]) is rx.EMPTY
    assert rx.literal("\ud800") is rx.EMPTY
    assert rx.words(["a", "b\udfff"]) is rx.literal("a")
    assert not rx.matches(rx.ANYTHING, "\ud800")


def test_bounds_of_repeat() -> None:
    for low, high in ((-1, 2), (3, 2)):
        with pytest.raises(ValueError, match="range of repetitions"):
            rx.repeat(rx.ANY, low, high)
    assert rx.repeat(rx.ANY, 0, 0) is rx.EPSILON


class MultipleOfThree(rx.Machine):
    """Binary numbers, most significant digit first, by their remainder modulo 3."""

    __slots__ = ("nullable", "remainder")

    def __init__(self, remainder: int) -> None:
        self.remainder = remainder
        self.nullable = remainder == 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MultipleOfThree) and other.remainder == self.remainder

    def __hash__(self) -> int:
        return hash((MultipleOfThree, self.remainder))

    def arcs(self) -> tuple[tuple[rx.Ranges, rx.Machine], ...]:
        return tuple(
            (((0x30 + bit, 0x30 + bit),), MultipleOfThree((2 * self.remainder + bit) % 3))
            for bit in (0, 1)
        )


def test_machines_take_part_in_all_operations() -> None:
    threes = rx.machine(MultipleOfThree(0))
    assert threes is rx.machine(MultipleOfThree(0))
    no_leading_zero = rx.intersect(threes, search("^1"))
    for number in range(200):
        assert rx.matches(no_leading_zero, f"{number:b}") == (number % 3 == 0 and number > 0)
        odd = rx.concat(rx.complement(threes), rx.literal("x"))
        assert rx.matches(odd, f"{number:b}x") == (number % 3 != 0)
    assert rx.shortest(rx.intersect(threes, rx.repeat(rx.literal("1"), 1, None))) == "11"
    assert rx.is_empty(rx.intersect(threes, rx.words(["1", "10", "100"])))


def test_large_word_sets() -> None:
    texts = [f"item-{index * 7919}" for index in range(50_000)]
    node = rx.words(texts)
    for text in texts[::9973]:
        assert rx.matches(node, text)
        assert not rx.matches(node, text + "0x")
    assert rx.shortest(node) == "item-0"
    assert rx.shortest(rx.intersect(node, search("999$"))) == min(
        (text for text in texts if text.endswith("999")), key=lambda text: (len(text), text)
    )


def test_long_literals_and_deep_expressions() -> None:
    text = "long" * 2500
    node = rx.concat(rx.literal(text), rx.repeat(rx.char_class([(0x30, 0x39)]), 1, 65535))
    assert rx.matches(node, text + "0" * 100)
    assert rx.shortest(node) == text + "0"
    deep = rx.EPSILON
    for index in range(5000):
        deep = rx.star(rx.concat(rx.literal("ab"[index % 2]), deep))
    assert rx.matches(deep, "bababa")
    assert rx.shortest(rx.concat(deep, rx.ANY)) == "\0"


@pytest.mark.parametrize(
    "build",
    [
        lambda: parse("".join(f"{chr(0x4E00 + index)}?" for index in range(3000))),
        lambda: rx.intersect(*[rx.plus(rx.literal("a" * prime)) for prime in (97, 101, 103, 107)]),
        lambda: search("".join(f"(?=.*{chr(0x61 + index)})" for index in range(20))),
        lambda: parse("aa" + "(?<=a" * 2000 + ")" * 2000),
    ],
    ids=["wide derivative", "long way to a match", "many states", "nested lookbehinds"],
)
def test_complexity_is_bounded(build: object) -> None:
    with pytest.raises(RegexTooComplexError, match="too complex"):
        expression = build()  # type: ignore[operator]
        rx.arcs(expression)
        rx.shortest(expression)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a{0,1000}){0,1000}", "a" * 300),
        ("(a{1000}){1000}", "a" * 300),
        ("([ab]{0,1000}c?){0,1000}", "ab" * 100 + "c"),
        ("(a|b)*a(a|b){2000}", "abbab" * 60),
        ("(?=(a|b)*a(a|b){50})(a|b)*", "ab" * 30),
    ],
)
def test_counters_are_not_copied(pattern: str, text: str) -> None:
    node = parse(pattern)
    for char in text:
        node = rx.derive(node, ord(char))
        assert node is not rx.EMPTY
        assert node.size < 20_000


def test_many_threads_build_one_graph() -> None:
    results: list[list[int]] = []
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        nodes = []
        node = parse(r"(?:(?=.{3,9}x)thread|safe\d{2,40}){1,9}", "ecma")
        for char in "safe12safe345threadxxxx":
            nodes.append(node)
            node = rx.derive(node, ord(char))
        results.append([id(found) for found in nodes])
        kept.append(nodes)

    kept: list[list[rx.Regex]] = []
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert all(found == results[0] for found in results)
