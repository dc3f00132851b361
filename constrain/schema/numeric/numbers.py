"""Sets of JSON numbers: bounds, multiples and exceptions, in exact arithmetic.

A number is the mathematical value of its text: 1, 1.0 and 10e-1 are one number. Values are held
as `Fraction`; all of them are decimals, for JSON writes no others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal, overload

from constrain.errors import SchemaTooComplexError

Number = int | float | Decimal | Fraction

DIGIT_LIMIT = 4000
"""Most decimal digits, before or behind the point, of a number in a schema."""

_TOO_LARGE = 10**DIGIT_LIMIT


NumeralLanguage = Literal["plain", "any"]
"""How numbers are written.

"plain": integers (where the shape says integer) as digits alone, zero without a sign; others with
an optional fraction, and, unless there is a step, as one digit that is not zero, an optional
fraction and an exponent within `PLAIN_EXPONENTS` (what `json.dumps` writes for floats).
"any": every spelling that JSON allows.
"""

PLAIN_EXPONENTS = (-307, 307)
"""Least and greatest exponent of the plain language: each numeral reads as an ordinary double."""


def exact(value: Number) -> Fraction:
    """Return the number that a JSON reader was given; a float stands for its shortest decimal.

    Raises:
        ValueError: the value is infinite or not a number.
        SchemaTooComplexError: it has more than `DIGIT_LIMIT` digits.
    """
    if isinstance(value, float):
        value = Decimal(float.__repr__(value))
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is not a JSON number")
        exponent = value.as_tuple().exponent
        assert isinstance(exponent, int)
        if max(value.adjusted(), -exponent) > DIGIT_LIMIT:
            raise SchemaTooComplexError("", f"a number of more than {DIGIT_LIMIT} digits")
    elif abs(value) >= _TOO_LARGE:
        raise SchemaTooComplexError("", f"a number of more than {DIGIT_LIMIT} digits")
    return Fraction(value)


@dataclass(frozen=True, slots=True)
class NumberShape:
    """A set of numbers that is not empty; `number` and `intersect` make the canonical ones.

    Attributes:
        integer: only integers, and written as such in the plain language.
        low: least value, or infimum where `low_open`; None: unbounded.
        high: greatest value, or supremum where `high_open`; None: unbounded.
        low_open: whether `low` itself is excluded.
        high_open: whether `high` itself is excluded.
        step: all values are multiples of it; None: any decimal. Bounds are then multiples, closed.
        excluded: values within the bounds that are not members.
        avoided: no member is a multiple of one of these.
    """

    integer: bool = False
    low: Fraction | None = None
    high: Fraction | None = None
    low_open: bool = False
    high_open: bool = False
    step: Fraction | None = None
    excluded: frozenset[Fraction] = frozenset()
    avoided: frozenset[Fraction] = frozenset()

    def contains(self, value: Number) -> bool:
        """Return whether `value`, read as `exact` reads it, is a member."""
        if isinstance(value, float) and not math.isfinite(value):
            return False
        number = exact(value)
        if self.low is not None and (number < self.low or (self.low_open and number == self.low)):
            return False
        if self.high is not None and (
            number > self.high or (self.high_open and number == self.high)
        ):
            return False
        if self.step is not None and (number / self.step).denominator != 1:
            return False
        return number not in self.excluded and not is_multiple(number, self.avoided)


ALL_NUMBERS = NumberShape()
INTEGERS = NumberShape(integer=True, step=Fraction(1))


def number(
    *,
    integer: bool = False,
    minimum: Number | None = None,
    maximum: Number | None = None,
    exclusive_minimum: Number | None = None,
    exclusive_maximum: Number | None = None,
    multiple_of: Number | None = None,
    excluded: Iterable[Number] = (),
    not_multiple_of: Iterable[Number] = (),
) -> NumberShape | None:
    """Return the numbers within these limits, or None where there are none.

    Raises:
        ValueError: a limit is not finite, or a step is not positive.
        SchemaTooComplexError: a limit has more than `DIGIT_LIMIT` digits.
    """
    step = Fraction(1) if integer else None
    if multiple_of is not None:
        step = common_multiple(step, _positive(multiple_of))
    lows = [(minimum, False), (exclusive_minimum, True)]
    highs = [(maximum, False), (exclusive_maximum, True)]
    return _canonical(
        integer,
        _greatest([(exact(value), is_open) for value, is_open in lows if value is not None]),
        _least([(exact(value), is_open) for value, is_open in highs if value is not None]),
        step,
        frozenset(map(exact, excluded)),
        frozenset(map(_positive, not_multiple_of)),
    )


def constant(value: Number) -> NumberShape:
    """Return the set of this one number."""
    number = exact(value)
    return NumberShape(low=number, high=number)


def intersect(a: NumberShape, b: NumberShape) -> NumberShape | None:
    """Return the numbers in both, or None where there are none."""
    return _canonical(
        a.integer or b.integer,
        _greatest([(x.low, x.low_open) for x in (a, b) if x.low is not None]),
        _least([(x.high, x.high_open) for x in (a, b) if x.high is not None]),
        common_multiple(a.step, b.step),
        a.excluded | b.excluded,
        a.avoided | b.avoided,
    )


def listed(shape: NumberShape, most: int) -> list[Fraction] | None:
    """Return the members of a set if there are at most so many, None otherwise."""
    low, high, step = shape.low, shape.high, shape.step
    if low is None or high is None or (step is None and low < high):
        return None
    if step is None:
        return [low]
    if (high - low) / step >= most + len(shape.excluded):
        return None
    count = int((high - low) / step) + 1
    values = (low + index * step for index in range(count))
    members = [value for value in values if shape.contains(value)]
    return members if len(members) <= most else None


def disjoint(a: NumberShape, b: NumberShape) -> bool:
    """Return whether no number is in both."""
    return intersect(a, b) is None


_Bound = tuple[Fraction, bool]
"""A bound, and whether it is open."""


def _positive(step: Number) -> Fraction:
    value = exact(step)
    if value <= 0:
        raise ValueError(f"{step} is not positive")
    return value


def is_multiple(value: Fraction, steps: Iterable[Fraction]) -> bool:
    """Return whether a number is a multiple of one of several."""
    return any((value / step).denominator == 1 for step in steps)


def _greatest(lows: list[_Bound]) -> _Bound | None:
    return max(lows, default=None)


def _least(highs: list[_Bound]) -> _Bound | None:
    return min(highs, key=lambda bound: (bound[0], not bound[1]), default=None)


@overload
def common_multiple(a: Fraction, b: Fraction | None) -> Fraction: ...
@overload
def common_multiple(a: Fraction | None, b: Fraction | None) -> Fraction | None: ...
def common_multiple(a: Fraction | None, b: Fraction | None) -> Fraction | None:
    """Return the least number that both divide; None divides all."""
    if a is None or b is None:
        return a or b
    return Fraction(math.lcm(a.numerator, b.numerator), math.gcd(a.denominator, b.denominator))


def _canonical(
    integer: bool,
    lower: _Bound | None,
    upper: _Bound | None,
    step: Fraction | None,
    excluded: frozenset[Fraction],
    avoided: frozenset[Fraction],
) -> NumberShape | None:
    """Move the bounds to members of the set, where there is a step, and drop idle exceptions."""
    low, low_open = lower or (None, False)
    high, high_open = upper or (None, False)
    if step is not None and is_multiple(step, avoided):
        return None

    def is_exception(value: Fraction) -> bool:
        return value in excluded or is_multiple(value, avoided)

    if step is not None:
        if low is not None:
            low = (math.floor(low / step) + 1 if low_open else math.ceil(low / step)) * step
            while is_exception(low) and (high is None or low <= high):
                low += step
        if high is not None:
            high = (math.ceil(high / step) - 1 if high_open else math.floor(high / step)) * step
            while is_exception(high) and (low is None or low <= high):
                high -= step
        low_open = high_open = False
    else:
        low_open = low_open or (low is not None and is_exception(low))
        high_open = high_open or (high is not None and is_exception(high))
    if low is not None and high is not None and (low, low_open or high_open) > (high, False):
        return None
    kept = frozenset(
        value
        for value in excluded
        if (low is None or low < value)
        and (high is None or value < high)
        and (step is None or is_multiple(value, (step,)))
        and not is_multiple(value, avoided)
    )
    return NumberShape(integer, low, high, low_open, high_open, step, kept, avoided)
