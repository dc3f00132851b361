"""What the absolute values of the numbers of one sign may be.

A positive number is held as a key, (scale, digits): 0.digits times ten to the power of the scale,
without zeros at the digits' end. Keys compare as the numbers do. In a key, digits that end in
`GAP` stand for any that lie behind the digits before it and ahead of the next mark's.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from math import gcd, lcm
from typing import Literal

from constrain.schema.numeric.numbers import NumberShape, NumeralLanguage

Key = tuple[int, str]

GAP = "!"  # sorts before all digits
_END = "~"  # sorts behind all digits

ExponentForm = Literal["never", "scientific", "always"]
"""Where an exponent may be written: nowhere; behind one digit, not zero, and its fraction; behind
any digits."""


@dataclass(frozen=True, slots=True, eq=False)
class Magnitudes:
    """What the absolute value of a number of one sign may be, and how it may be written."""

    zero: bool  # may be zero
    positive: bool  # may be anything else
    low: Key | None
    high: Key | None
    low_open: bool
    high_open: bool
    excluded: frozenset[Key]
    marks: tuple[str, ...]  # digits of the bounds and of `excluded`, sorted
    bottom: int  # least scale of a mark
    top: int  # greatest scale of a mark
    step: int  # multiples of step / 10**places; 0: any decimal
    avoided: tuple[int, ...]  # no multiples of these / 10**places
    modulus: int  # a multiple of all these; 0: there are none
    places: int
    units: tuple[int, int | None, tuple[int, ...]]  # bounds and exceptions in 1 / 10**places
    fraction: bool  # a decimal point may be written
    exponent: ExponentForm

    def allows(self, key: Key) -> bool:
        """Return whether this positive number lies within the bounds and is no exception."""
        if self.low and (key < self.low or (self.low_open and key == self.low)):
            return False
        if self.high and (key > self.high or (self.high_open and key == self.high)):
            return False
        return key not in self.excluded

    def avoids(self, units: int) -> bool:
        """Return whether a number, in units modulo `modulus`, is a multiple to be avoided."""
        return any(units % step == 0 for step in self.avoided)

    def settle(self, digits: str) -> str:
        """Return what must be remembered of significant digits."""
        if self._begins_mark(digits):
            return digits
        place = bisect_left(self.marks, digits)
        before = self.marks[place - 1] if place else ""
        if digits.rstrip("0") != before:
            return before + GAP
        while not self.step and digits[-1] == "0" and not self._begins_mark(digits[:-1]):
            digits = digits[:-1]
        return digits

    def _begins_mark(self, digits: str) -> bool:
        place = bisect_left(self.marks, digits)
        return place < len(self.marks) and self.marks[place].startswith(digits)

    def reaches(self, digits: str, scales: tuple[int | None, int | None]) -> bool:
        """Return whether some number that begins with `digits`, at one of `scales`, is allowed.

        For sets without a step.
        """
        first, last = scales
        inner_first = greatest(first, self.low[0] + 1 if self.low else None)
        inner_last = least(last, self.high[0] - 1 if self.high else None)
        if inner_first is None or inner_last is None or inner_first <= inner_last:
            return True
        return any(
            (first is None or first <= scale)
            and (last is None or scale <= last)
            and self._meets(digits, scale)
            for scale in {bound[0] for bound in (self.low, self.high) if bound}
        )

    def _meets(self, digits: str, scale: int) -> bool:
        if digits.endswith(GAP):
            return self.allows((scale, digits))
        first = (scale, digits.rstrip("0"))
        first = max(first, self.low) if self.low else first
        supremum = (scale, digits + _END)
        supremum = min(supremum, self.high) if self.high else supremum
        if first != supremum:
            return first < supremum
        power = first[0] - len(first[1]) + self.places
        avoided = power >= 0 and self.avoids(int(first[1]) * 10**power)
        return self.allows(first) and not avoided

    def reaches_multiple(
        self,
        digits: str,
        length: int,
        zeros: int,
        rest: int,
        scales: tuple[int | None, int | None],
    ) -> bool:
        """Return whether some multiple of the step that begins with the digits is allowed.

        Args:
            digits: significant digits so far, as `settle` gives them.
            length: their number.
            zeros: the number of zeros that they end with.
            rest: the digits before those zeros, modulo the modulus.
            scales: least and greatest scale of the multiple.
        """
        scale = length - self.places - zeros
        for floor in (scales[0], self.low[0] if self.low else None):
            scale = scale if floor is None else max(scale, floor)
        last = least(scales[1], self.high[0] if self.high else None)
        # From here on, a run of numbers with common digits is long enough to hold a member.
        plenty = length - self.places + len(str(self.step * self.tries)) + 1
        while last is None or scale <= last:
            inside = not (self.low and scale == self.low[0]) and not (
                self.high and scale == self.high[0]
            )
            if inside and scale >= plenty:
                return True
            if self._holds_multiple(digits, scale, scale - length + self.places, zeros, rest):
                return True
            scale += 1
        return False

    def _holds_multiple(self, digits: str, scale: int, more: int, zeros: int, rest: int) -> bool:
        """Return whether `more` digits behind the given ones can make an allowed multiple."""
        if digits.endswith(GAP):
            if not self.allows((scale, digits)):
                return False
            head = rest * 10 ** (zeros + more)
            found = self.first(head, head + 10**more - 1 if more > 0 else head)
            return found is not None
        low, high, excluded = self.units
        mantissa = int(digits or "0")
        if more >= 0:
            first = mantissa * 10**more
            last = first + 10**more - 1
        else:
            first, idle = divmod(mantissa, 10**-more)
            last = first
            if idle:
                return False
        last = last if high is None else min(last, high)
        return self.first(max(first, low), last, 1, excluded) is not None

    def first(
        self, low: int, high: int, unit: int = 1, excluded: tuple[int, ...] = ()
    ) -> int | None:
        """Return the least n from `low` to `high` with n * unit a member, but for the bounds."""
        step = self.step // gcd(self.step, unit)
        candidates = range(-(-low // step) * step, high + 1, step)
        for candidate in islice(candidates, self.tries):
            if candidate * unit not in excluded and not self.avoids(candidate * unit):
                return candidate
        return None

    @property
    def tries(self) -> int:
        """More than the length of a run of multiples that are exceptions."""
        return 1 + len(self.excluded) + (1000 if self.avoided else 0)


def magnitudes(shape: NumberShape, language: NumeralLanguage, negative: bool) -> Magnitudes | None:
    low, high, low_open, high_open = shape.low, shape.high, shape.low_open, shape.high_open
    excluded = {value for value in shape.excluded if (value < 0) == negative}
    if negative:
        low, high, low_open, high_open = high, low, high_open, low_open
        low, high = (None if x is None else -x for x in (low, high))
        excluded = {-value for value in excluded}
    plain_integer = language == "plain" and shape.integer
    zero = shape.contains(0) and not (negative and plain_integer)
    if low is None or low <= 0:
        low, low_open = None, False
    positive = high is None or high > 0
    if not (zero or positive):
        return None
    if not positive:
        high = None
    keys = [_key(x) for x in (low, high, *excluded) if x]
    steps = [shape.step] if shape.step else []
    places = max((_terminating(step)[1] for step in (*steps, *shape.avoided)), default=0)
    unit = 10**places
    step = int(shape.step * unit) if shape.step else 0
    avoided = tuple(sorted(int(other * unit) for other in shape.avoided))
    return Magnitudes(
        zero=zero,
        positive=positive,
        low=_key(low) if low else None,
        high=_key(high) if high else None,
        low_open=low_open,
        high_open=high_open,
        excluded=frozenset(_key(x) for x in excluded if x),
        marks=tuple(sorted({digits for _, digits in keys})),
        bottom=min((scale for scale, _ in keys), default=0),
        top=max((scale for scale, _ in keys), default=0),
        step=step,
        avoided=avoided,
        modulus=lcm(step or 1, *avoided) if step or avoided else 0,
        places=places,
        units=(
            int(low * unit) if low and step else 1,
            int(high * unit) if high and step else None,
            tuple(sorted(int(x * unit) for x in excluded)) if step else (),
        ),
        fraction=not plain_integer,
        exponent="always" if language == "any" else "never" if step else "scientific",
    )


def _key(value: Fraction) -> Key:
    mantissa, places = _terminating(value)
    digits = str(mantissa)
    return len(digits) - places, digits.rstrip("0")


def _terminating(value: Fraction) -> tuple[int, int]:
    """Return (n, k), k the least with value = n / 10**k."""
    places = 0
    while 10**places % value.denominator:
        places += 1
    return value.numerator * 10**places // value.denominator, places


def greatest(a: int | None, b: int | None) -> int | None:
    return max((x for x in (a, b) if x is not None), default=None)


def least(a: int | None, b: int | None) -> int | None:
    return min((x for x in (a, b) if x is not None), default=None)


def first_multiple(rest: int, step: int) -> int | None:
    """Return the least k such that rest * 10**k is a multiple of `step`; None: none is."""
    for power in range(step.bit_length() + 1):
        if rest * 10**power % step == 0:
            return power
    return None
