"""The members of sets of strings and numbers one after the other, the shortest first."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from heapq import heappop, heappush
from itertools import count
from math import ceil, floor

from constrain.lexing.derivatives import Budget
from constrain.lexing.regex import Regex, arcs, least_length
from constrain.schema.language import by_length
from constrain.schema.numeric.numbers import (
    PLAIN_EXPONENTS,
    NumberShape,
    NumeralLanguage,
    common_multiple,
    is_multiple,
)
from constrain.schema.textual.strings import SEARCH_LIMIT, StringShape, characters

_Waiting = tuple[int, bytes, int, Regex | None, Iterator[bytes], bytes]
"""A beginning of texts: the least length of a whole one; the beginning; its number; what may
follow, or None where it is whole; the characters that its last one may also be; what stands before
that."""


def strings_in_order(shape: StringShape) -> Iterator[bytes]:
    """Yield the JSON texts of the members of a set of strings, by length, then bytes.

    This is A* over the beginnings of texts, with the UTF-8 length of what is left as the
    estimate: hardly more is looked at than the texts that come.

    Raises:
        RegexTooComplexError: the next of them is not found within a bound.
    """
    heap: list[_Waiting] = []
    order = count()
    budget = Budget(SEARCH_LIMIT)

    def add(before: bytes, choices: Iterator[bytes], target: Regex) -> None:
        character = next(choices, None)
        if character is not None:
            text = before + character
            least = len(text) + least_length(target, budget)
            heappush(heap, (least, text, next(order), target, choices, before))

    if not shape.is_empty:
        add(b"", iter((b"",)), shape.language)
    while heap:
        _, text, _, node, choices, before = heappop(heap)
        if node is None:
            yield b'"%b"' % text
            budget = Budget(SEARCH_LIMIT)
            continue
        add(before, choices, node)
        if node.nullable:
            heappush(heap, (len(text), text, next(order), None, iter(()), text))
        budget.spend(node.size)
        for ranges, target in arcs(node, budget):
            add(text, characters(ranges), target)


def numbers_in_order(
    shape: NumberShape, language: NumeralLanguage
) -> Iterator[tuple[Fraction, bytes]]:
    """Yield the members of a set of numbers, each with a short text: those with fewer places
    behind the point first, of these the smaller ones."""
    for places in count():
        unit = Fraction(1, 10**places)
        if shape.step is not None:
            unit = common_multiple(shape.step, unit)
        if not is_multiple(unit, shape.avoided):
            for value in _multiples(unit, shape.low, shape.high):
                fresh = places == 0 or (value * 10 ** (places - 1)).denominator != 1
                if fresh and shape.contains(value):
                    yield value, _numeral(value, shape, language)
        last = unit == shape.step
        if shape.low is not None and shape.low == shape.high:
            last = (shape.low / unit).denominator == 1
        if last:
            return


def _multiples(unit: Fraction, low: Fraction | None, high: Fraction | None) -> Iterator[Fraction]:
    """Yield the multiples of a number within bounds: those with fewer characters before the point
    first, of these the negative ones, of these the nearer to zero."""
    least = max(low or 0, -(high or 0), 0)
    for size in count(len(str(floor(least)))):
        start, end = _decade(size - 1)
        first = floor(-start / unit) if start else -1
        last = floor(-end / unit) + 1
        if high is not None:
            first = min(first, floor(high / unit))
        if low is not None:
            last = max(last, ceil(low / unit))
        for factor in range(first, last - 1, -1):
            yield factor * unit
        below = low is not None and -end < low
        start, end = _decade(size)
        first, last = ceil(start / unit), ceil(end / unit) - 1
        if low is not None:
            first = max(first, ceil(low / unit))
        if high is not None:
            last = min(last, floor(high / unit))
        for factor in range(first, last + 1):
            yield factor * unit
        if below and high is not None and high < end:
            return


def _decade(size: int) -> tuple[int, int]:
    """The least number with so many digits before its point, and the least with more."""
    return (10 ** (size - 1) if size > 1 else 0), (10**size if size > 0 else 0)


def _numeral(value: Fraction, shape: NumberShape, language: NumeralLanguage) -> bytes:
    """Return a text of a number: the shorter of that without and that with an exponent."""
    sign, digits, exponent = _decimal(value).as_tuple()
    assert isinstance(exponent, int)
    plain = format(Decimal((sign, digits, exponent)), "f")
    few, power = "".join(map(str, digits)).rstrip("0"), exponent
    power += len(digits) - len(few)
    exponents = language == "any" or (
        not shape.integer
        and shape.step is None
        and len(few) == 1
        and PLAIN_EXPONENTS[0] <= power <= PLAIN_EXPONENTS[1]
    )
    short = f"{'-' * sign}{few}e{power}" if exponents and few else plain
    return min(plain.encode(), short.encode(), key=by_length)


def _decimal(value: Fraction) -> Decimal:
    """Return a fraction whose denominator divides a power of ten."""
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
    whole = int(value * 10**places)
    return Decimal((int(whole < 0), tuple(map(int, str(abs(whole)))), -places))
