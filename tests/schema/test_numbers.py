"""Sets of numbers and their spellings, against plain arithmetic on enumerated texts."""

from __future__ import annotations

import json
import random
import re
import time
from collections import deque
from decimal import Decimal
from fractions import Fraction

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from constrain.errors import SchemaTooComplexError
from constrain.lexing.regex import EMPTY, Regex, arcs, derive, machine, matches, shortest
from constrain.schema.numeric.magnitudes import magnitudes
from constrain.schema.numeric.mantissas import Mantissa
from constrain.schema.numeric.numbers import (
    ALL_NUMBERS,
    INTEGERS,
    NumeralLanguage,
    constant,
    disjoint,
    exact,
    intersect,
    number,
)
from constrain.schema.numeric.numerals import least_numeral, literal_numerals, numerals

NUMERAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
PREFIX = re.compile(r"-?((0|[1-9][0-9]*)(\.[0-9]*|(\.[0-9]+)?[eE][+-]?[0-9]*)?)?")
PLAIN_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
PLAIN_SCIENTIFIC = re.compile(r"-?[1-9](\.[0-9]+)?[eE][+-]?[0-9]{1,3}")

VALUES = [0, 1, -1, 5, 12, 0.5, -0.5, 1.25, -3, 10, 100, 120, 0.05, 7, 99, 101, -12]
STEPS = [None, None, None, 1, 2, 5, 0.5, 0.1, 0.25, 3, 10, 100, 1.5, 0.01, 7]
LIMITS = {
    "minimum": lambda value, limit: value >= limit,
    "maximum": lambda value, limit: value <= limit,
    "exclusive_minimum": lambda value, limit: value > limit,
    "exclusive_maximum": lambda value, limit: value < limit,
}


def random_keywords(rng: random.Random) -> dict:
    keywords: dict = {"integer": rng.random() < 0.4, "multiple_of": rng.choice(STEPS)}
    for name in LIMITS:
        if rng.random() < 0.35:
            keywords[name] = rng.choice(VALUES)
    if rng.random() < 0.4:
        keywords["excluded"] = [rng.choice(VALUES) for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.4:
        keywords["not_multiple_of"] = [rng.choice(STEPS[3:]) for _ in range(rng.randint(1, 2))]
    return keywords


def decimal(value: float) -> Fraction:
    return Fraction(str(value))


def allows(keywords: dict, value: Fraction) -> bool:
    step = keywords["multiple_of"]
    return (
        (not keywords["integer"] or value.denominator == 1)
        and (step is None or (value / decimal(step)).denominator == 1)
        and all(
            test(value, decimal(keywords[name]))
            for name, test in LIMITS.items()
            if name in keywords
        )
        and value not in map(decimal, keywords.get("excluded", ()))
        and not any(
            (value / decimal(step)).denominator == 1 for step in keywords.get("not_multiple_of", ())
        )
    )


def spelled_plainly(keywords: dict, text: str) -> bool:
    if keywords["integer"]:
        return bool(PLAIN_INTEGER.fullmatch(text))
    if "e" in text.lower():
        return keywords["multiple_of"] is None and bool(PLAIN_SCIENTIFIC.fullmatch(text))
    return True


def can_end(regex: Regex, limit: int = 3000) -> bool:
    seen = {regex}
    queue = deque(seen)
    while queue and len(seen) < limit:
        node = queue.popleft()
        if node.nullable:
            return True
        for _, target in arcs(node):
            if target not in seen:
                seen.add(target)
                queue.append(target)
    return bool(queue)


@pytest.mark.parametrize("language", ["plain", "any"])
@pytest.mark.parametrize("seed", range(14))
def test_texts_are_those_of_the_members(seed: int, language: str) -> None:
    rng = random.Random(seed)
    keywords = random_keywords(rng)
    alphabet = rng.choice(["-.0125", "-.015e", "+-012Ee", "-.09", "-.015e"])
    shape = number(**keywords)
    root = EMPTY if shape is None else numerals(shape, language)  # type: ignore[arg-type]
    alive = set()

    def compare(regex: Regex, text: str, depth: int) -> None:
        wanted = (
            bool(NUMERAL.fullmatch(text))
            and allows(keywords, Fraction(text))
            and (language == "any" or spelled_plainly(keywords, text))
        )
        assert regex.nullable == wanted, (keywords, text)
        if regex is not EMPTY:
            alive.add(regex)
        for char in alphabet if depth else "":
            if PREFIX.fullmatch(text + char):
                after = derive(regex, ord(char)) if regex is not EMPTY else EMPTY
                compare(after, text + char, depth - 1)

    compare(root, "", 5 if len(alphabet) < 6 else 4)
    for regex in alive:
        assert can_end(regex), keywords


@pytest.mark.parametrize("seed", range(20))
def test_sets_agree_with_arithmetic(seed: int) -> None:
    rng = random.Random(1000 + seed)
    values = [Fraction(n, 100) for n in range(-13_000, 13_001, 5)] + [
        Fraction(n, 7) for n in (1, 9)
    ]
    first, second = random_keywords(rng), random_keywords(rng)
    a, b = number(**first), number(**second)
    for keywords, shape in ((first, a), (second, b)):
        for value in values:
            assert (shape is not None and shape.contains(value)) == allows(keywords, value)
    if a is not None and b is not None:
        both = intersect(a, b)
        assert both == intersect(b, a)
        assert disjoint(a, b) == (both is None)
        for value in values:
            inside = allows(first, value) and allows(second, value)
            assert (both is not None and both.contains(value)) == inside


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["integer", "number"]),
            "minimum": st.integers(-20, 20) | st.sampled_from([0.5, -2.25]),
            "maximum": st.integers(-20, 20),
            "exclusiveMinimum": st.integers(-20, 20),
            "exclusiveMaximum": st.sampled_from([0.25, 3, 17.5]),
            "multipleOf": st.sampled_from([1, 2, 0.5, 0.25, 3, 2.5]),
        },
    ),
    st.integers(-30, 30) | st.sampled_from([0.5, 1.0, 2.5, -2.25, 17.5, 1e20, -0.0]),
)
def test_membership_is_that_of_jsonschema(schema: dict, value: float) -> None:
    shape = number(
        integer=schema.get("type") == "integer",
        minimum=schema.get("minimum"),
        maximum=schema.get("maximum"),
        exclusive_minimum=schema.get("exclusiveMinimum"),
        exclusive_maximum=schema.get("exclusiveMaximum"),
        multiple_of=schema.get("multipleOf"),
    )
    valid = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert (shape is not None and shape.contains(value)) == valid


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(-1e30, 1e30))
def test_what_python_writes_is_plain(value: float, low: float) -> None:
    text = json.dumps(value)
    ordinary = value == 0 or 1e-307 <= abs(value) < 1e308
    assert matches(numerals(ALL_NUMBERS, "plain"), text) == (ordinary or "e" not in text)
    bounded = number(minimum=low)
    assert bounded is not None
    assert matches(numerals(bounded, "any"), text) == (value >= low)
    if ordinary:
        assert matches(numerals(bounded, "plain"), text) == (value >= low)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_all_spellings_of_a_constant(value: Decimal) -> None:
    regex = numerals(constant(value), "any")
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    minus = "-" if sign else ""
    mantissa = "".join(map(str, digits)).lstrip("0") or "0"
    for zeros in range(3):
        assert (
            matches(regex, f"{minus}{mantissa}{'0' * zeros}e{exponent - zeros}") or mantissa == "0"
        )
        assert matches(regex, f"{minus}{mantissa}.{'0' * (zeros + 1)}E{exponent:+04}")
    assert matches(regex, f"{minus}{mantissa}e{exponent + 1}") == (value == 0)
    assert matches(regex, f"{minus}1{mantissa}e{exponent}") is False


def test_decimal_multiples_are_exact() -> None:
    shape = number(multiple_of=0.0001)
    assert shape is not None
    assert shape.contains(0.0075)
    assert not shape.contains(0.00751)
    assert matches(numerals(shape, "plain"), "0.0075")
    cents = number(multiple_of=0.01)
    assert cents is not None
    regex = numerals(cents, "plain")
    assert all(matches(regex, f"{n // 100}.{n % 100:02}") for n in range(2000))
    assert not any(matches(regex, f"{n // 1000}.{n % 1000:03}") for n in range(1, 2000) if n % 10)


def test_steps_combine_to_their_least_common_multiple() -> None:
    shapes = [number(multiple_of=step) for step in (0.75, 0.5, 2)]
    assert all(shapes)
    common = intersect(intersect(shapes[0], shapes[1]), shapes[2])  # type: ignore[arg-type]
    assert common is not None
    assert common.step == 6


def test_large_steps_and_bounds_are_no_search() -> None:
    step = 1_000_000_007
    shape = number(integer=True, minimum=10**12, maximum=10**12 + step, multiple_of=step)
    assert shape is not None
    assert shape.low == shape.high == -(-(10**12) // step) * step
    text = str(shape.low)
    regex = numerals(shape, "plain")
    for char in text:
        assert [chr(low) for ranges, _ in arcs(regex) for low, _ in ranges] == [char]
        regex = derive(regex, ord(char))
    assert regex.nullable
    assert number(minimum=10**12 + 1, maximum=10**12 + 2, multiple_of=step) is None


def test_large_numbers() -> None:
    shape = number(minimum=10**500, exclusive_maximum=Decimal("1e501"))
    assert shape is not None
    assert shape.contains(10**500)
    assert not shape.contains(10**501)
    regex = numerals(shape, "any")
    assert matches(regex, "1e500")
    assert matches(regex, "9" * 501)
    assert matches(regex, "0.00009e505")
    assert not matches(regex, "1e501")
    assert not matches(regex, "9" * 500)
    with pytest.raises(SchemaTooComplexError):
        exact(Decimal("1e1000000"))
    with pytest.raises(ValueError, match="not a JSON number"):
        exact(float("inf"))
    assert not ALL_NUMBERS.contains(float("nan"))


def test_exponents_count_against_digits() -> None:
    regex = numerals(INTEGERS, "any")
    for text in ("1000e-3", "1.50e1", "0.001e3", "0e-5", "-0.0", "120e-1", "1e0000"):
        assert matches(regex, text), text
    for text in ("1000e-4", "1.55e1", "0.001e2", "12e-1", "01", "1.", "1e"):
        assert not matches(regex, text), text


def test_plain_integers_have_one_spelling() -> None:
    shape = number(integer=True, minimum=-3, maximum=12)
    assert shape is not None
    regex = numerals(shape, "plain")
    assert [n for n in range(-200, 200) if matches(regex, str(n))] == list(range(-3, 13))
    assert not any(matches(regex, text) for text in ("-0", "1.0", "1e0", "007", "+1"))
    assert shortest(regex) == "0"


def test_constants_in_plain_spelling() -> None:
    def texts(value: float) -> list[str]:
        regex = literal_numerals(value, "plain")
        return [
            text
            for text in ("1", "1.0", "1.5", "1e+22", "0.1", "1" + "0" * 22)
            if matches(regex, text)
        ]

    assert texts(1) == ["1"]
    assert texts(1.0) == ["1", "1.0"]
    assert texts(1.5) == ["1.5"]
    assert texts(1e22) == ["1e+22", "1" + "0" * 22]
    assert matches(literal_numerals(Decimal("1E-7"), "plain"), "0.0000001")
    assert matches(literal_numerals(1.5, "any"), "15e-1")


@pytest.mark.parametrize("language", ["plain", "any"])
def test_least_texts_are_those_that_a_search_finds(language: NumeralLanguage) -> None:
    rng = random.Random(11)
    for _ in range(150):
        keywords = random_keywords(rng) | {"multiple_of": rng.choice([1, 2, 0.5, 0.1, 3, 10, 1.5])}
        shape = number(**keywords)
        if shape is None:
            continue
        assert least_numeral(shape, language).decode() == shortest(numerals(shape, language))
        limits = magnitudes(shape, language, negative=False)
        state = Mantissa(limits) if limits else None
        while state is not None:
            least = state.ending()
            assert least == shortest(machine(state)), (keywords, state)
            assert least is not None
            assert state.least <= len(least)
            states = [target for _, target in state.arcs() if isinstance(target, Mantissa)]
            state = rng.choice(states) if states and rng.random() < 0.8 else None


def test_least_texts_need_no_search() -> None:
    for step, least in ((1_000_000_007, b"1000000007"), (0.123456789, b"123456789")):
        shape = number(multiple_of=step, exclusive_minimum=0)
        assert shape is not None
        assert least_numeral(shape, "plain") == least
        assert least_numeral(shape, "any") == least
    above = number(integer=True, minimum=10**500)
    assert above is not None
    assert least_numeral(above, "plain") == b"1" + b"0" * 500
    assert least_numeral(above, "any") == b"1E500"
    assert least_numeral(ALL_NUMBERS, "plain") == b"0"
    started = time.process_time()
    for sign in (1, -1):
        bounds = {"minimum": 10**3000} if sign > 0 else {"maximum": -(10**3000)}
        vast = number(integer=True, **bounds)
        assert vast is not None
        assert least_numeral(vast, "plain") == str(sign * 10**3000).encode()
    assert time.process_time() - started < 2
