"""Numerals as a machine that reads digit by digit.

Digits are read one by one. A state knows how the significant digits so far compare with the
bounds and exceptions of the set (its marks), the power of ten that they stand at, and what they
leave modulo the step; digits that can no longer meet a mark are forgotten. Whether a state can be
completed is arithmetic, not search: no bound and no step is too large.

With exponents these languages are not regular (1000e-3 counts zeros against an exponent). States
are made as they are reached, so that costs nothing but their number, which grows with the digits
written and no faster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count, groupby
from math import gcd
from typing import ClassVar, Literal

from constrain.lexing.regex import Machine
from constrain.schema.numeric.endings import least_ending
from constrain.schema.numeric.exponents import LETTERS, Arcs, Exponent, exponent, merged
from constrain.schema.numeric.magnitudes import GAP, Magnitudes, first_multiple, greatest, least
from constrain.schema.numeric.numbers import PLAIN_EXPONENTS

_PLAIN_SCALES = (PLAIN_EXPONENTS[0] + 1, PLAIN_EXPONENTS[1] + 1)

_Phase = Literal["start", "zero", "whole", "point", "places"]


@dataclass(frozen=True, slots=True)
class Mantissa(Machine):
    """What has been read of a numeral behind its sign, ahead of its exponent."""

    letters: ClassVar = LETTERS

    limits: Magnitudes
    phase: _Phase = "start"
    digits: str = ""  # significant digits as `Magnitudes.settle` gives them
    scale: int = 0  # the number so far is 0.digits times ten to the power of it
    # The rest where multiples matter:
    places: int = 0  # digits behind the point
    zeros: int = 0  # the number of zeros that `digits` end with
    rest: int = 0  # the digits before them, modulo the modulus
    exponent: bool = False  # one may follow

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        if self.phase in ("start", "point"):
            return False
        if not self.digits:
            return self.limits.zero
        if not self.limits.allows((self.scale, self.digits.rstrip("0"))):
            return False
        power = self.limits.places + self.zeros - self.places
        if power < 0:
            return not self.limits.step
        units = self.rest * 10**power
        return not (self.limits.step and units % self.limits.step) and not self.limits.avoids(units)

    @property
    def least(self) -> int:
        limits = self.limits
        if self.nullable or not limits.step or limits.exponent != "never":
            return 0 if self.nullable else 1
        room = limits.places - self.places
        for size in count(1):
            power = max(room - size, 0) if self.phase in ("point", "places") else room
            step = limits.step // gcd(limits.step, 10**power)
            if -self.rest * 10**size % step < 10**size:
                return size
        raise AssertionError("enough digits reach a multiple")

    def arcs(self) -> Arcs:
        return merged(self._moves())

    def ending(self) -> str | None:
        """Return the least text from here on; None: the set has no step, a search is quick."""
        return least_ending(self) if self.limits.step else None

    def _moves(self) -> Iterator[tuple[str, Machine]]:
        if self.phase != "zero":
            for state, runs in groupby(self._alike(), lambda run: self._after_digit(run[0])):
                if state is not None and state._completable():
                    yield "".join(runs), state
        if self.phase in ("zero", "whole") and self.limits.fraction:
            state = replace(self, phase="point")
            if state._completable():
                yield ".", state
        if self.exponent and self.phase in ("zero", "whole", "places"):
            powers = self._powers()
            if powers is not None:
                yield "E", powers
                yield "e", powers

    def _alike(self) -> Iterable[str]:
        """Return the digits, those together that surely lead to the same state."""
        limits = self.limits
        counted = limits.modulus > 1 or (
            limits.modulus == 1 and (self.exponent or self.phase in ("point", "places"))
        )
        if counted or (limits.marks and not self.digits.endswith(GAP)):
            return "0123456789"
        return ("0123456789",) if self.digits else ("0", "123456789")

    def _after_digit(self, digit: str) -> Mantissa | None:
        limits, exponent = self.limits, self.exponent
        whole = self.phase in ("start", "whole")
        if whole:
            exponent = limits.exponent == "always"
            if self.phase == "start" and digit == "0":
                return replace(self, phase="zero", exponent=exponent)
            exponent = exponent or (self.phase == "start" and limits.exponent == "scientific")
        digits, scale = self.digits, self.scale + whole
        places, zeros, rest = self.places, self.zeros, self.rest
        if not digits and digit == "0":
            scale -= 1
        elif not digits.endswith(GAP):
            digits = limits.settle(digits + digit)
        if limits.modulus and (exponent or places <= limits.places):
            behind = not whole and not exponent and places == limits.places
            if behind and limits.step:
                return replace(self, phase="places") if digit == "0" else None
            if behind and digit != "0":
                # A multiple of nothing, whatever follows.
                places, rest = limits.places + 1, 0
            elif not behind:
                places += not whole
                if digit != "0":
                    rest = (rest * 10 ** (zeros + 1) + int(digit)) % limits.modulus
                    zeros = 0
                elif digits:
                    zeros += 1
                if not exponent:
                    rest = rest * 10**zeros % limits.modulus
                    zeros = 0
        if not limits.marks and (digits or not limits.step):
            scale = 0
        elif not exponent:
            if digits and scale > limits.top:
                digits, scale = GAP, limits.top + 1
            elif not whole and scale < limits.bottom and (digits or not limits.step):
                digits, scale = GAP if digits else "", limits.bottom - 1
        phase: _Phase = "whole" if whole else "places"
        return Mantissa(limits, phase, digits, scale, places, zeros, rest, exponent)

    def _completable(self) -> bool:
        limits = self.limits
        if not self.digits:
            if limits.zero or not limits.positive:
                return limits.zero
            if self.exponent:
                return True
            if limits.step:
                return limits.reaches_multiple("", 0, 0, 0, (self.scale, self.scale))
            return limits.fraction and limits.reaches("", (None, self.scale))
        if not limits.positive:
            return False
        scales: tuple[int | None, int | None] = (None, None)
        if limits.exponent != "always":
            scales = (self.scale, None if self.phase == "whole" else self.scale)
        if limits.step:
            length = self.scale + self.places
            return limits.reaches_multiple(self.digits, length, self.zeros, self.rest, scales)
        return limits.reaches(self.digits, scales) or (
            self.exponent and limits.reaches(self.digits, _PLAIN_SCALES)
        )

    def _powers(self) -> Exponent | None:
        """Return the exponents that make the number an allowed one; None where there are none."""
        limits = self.limits
        if not self.digits:
            return exponent(None, None, frozenset(), None) if limits.zero else None
        if not limits.positive:
            return None
        digits = self.digits.rstrip("0")
        low: int | None = None
        high: int | None = None
        if limits.low:
            low, _ = limits.low
            low += (low, digits) < limits.low or (limits.low_open and (low, digits) == limits.low)
        if limits.high:
            high, _ = limits.high
            high -= (high, digits) > limits.high or (
                limits.high_open and (high, digits) == limits.high
            )
        scale = self.scale
        if limits.exponent == "scientific":
            scale = 1
            low, high = greatest(low, _PLAIN_SCALES[0]), least(high, _PLAIN_SCALES[1])
        low, high = (None if bound is None else bound - scale for bound in (low, high))
        holes = frozenset(place - scale for place, mark in limits.excluded if mark == digits)
        shift = limits.places + self.zeros - self.places
        if limits.step:
            power = first_multiple(self.rest, limits.step)
            if power is None:
                return None
            low = greatest(low, power - shift)
        for avoided in limits.avoided:
            power = first_multiple(self.rest, avoided)
            high = high if power is None else least(high, power - shift - 1)
        return exponent(low, high, holes, 3 if limits.exponent == "scientific" else None)
