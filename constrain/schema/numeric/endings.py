"""The least text that completes a numeral of a set with a step, by arithmetic.

A search would try digits by the million where the step is large.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING

from constrain.schema.numeric.magnitudes import GAP

if TYPE_CHECKING:
    from constrain.schema.numeric.mantissas import Mantissa


@dataclass(frozen=True, slots=True)
class _Form:
    """What is to come: how many digits of which kind, and an exponent."""

    zero: bool = False  # the whole part is a zero, to be written
    whole: int = 0
    point: bool = False
    places: int = 0
    exponent: int = 0  # 0: not written


def least_ending(state: Mantissa) -> str:
    """Return the least text, by length, then bytes, that `state` accepts; its set has a step."""
    fewest = _fewest_digits(state)
    for length in count(max(fewest, _fewest_places(state))):
        texts = [
            text
            for form in _forms(state, length, fewest)
            if (text := _least(state, form)) is not None
        ]
        if texts:
            return min(texts)
    raise AssertionError("some text completes every state")


def _fewest_digits(state: Mantissa) -> int:
    """Return a lower bound of the digits to come.

    Whatever its power of ten, all digits together have to be a multiple of what the step is without
    its factors 2 and 5, or zero.
    """
    limits = state.limits
    core, _ = _without_tens(limits.step)
    if state.digits.endswith(GAP):
        head = state.rest * 10**state.zeros
    else:
        head = int(state.digits or "0")
    if head == 0 and not state.digits:
        return 0 if limits.zero else len(str(core))
    return next(n for n in count() if -head * 10**n % core < 10**n)


def _fewest_places(state: Mantissa) -> int:
    """Return a lower bound of the digits to come ahead of a point, so that the number is large."""
    limits = state.limits
    if limits.exponent == "always" or limits.low is None or state.phase not in ("start", "whole"):
        return 0
    return 0 if limits.zero and not state.digits else limits.low[0] - state.scale


@lru_cache(256)
def _without_tens(step: int) -> tuple[int, int]:
    """Return a step without its factors 2 and 5, and the least power of ten that has them all."""
    power = 0
    for factor in (2, 5):
        times = 0
        while step % factor == 0:
            step //= factor
            times += 1
        power = max(power, times)
    return step, power


def _forms(state: Mantissa, length: int, fewest: int) -> Iterator[_Form]:
    yield from _mantissas(state, length)
    if state.limits.exponent == "always":
        for size in range(2, length - fewest + 1):
            for form in _mantissas(state, length - size):
                for exponent in _exponents(state, form, size):
                    yield replace(form, exponent=exponent)


def _mantissas(state: Mantissa, length: int) -> Iterator[_Form]:
    """Yield the forms of so many characters without an exponent."""
    if state.phase in ("point", "places"):
        if length or state.phase == "places":
            yield _Form(places=length)
        return
    first = 0 if state.limits.fraction else length
    heads = [_Form(whole=whole) for whole in range(first, length + 1)]
    if state.phase == "zero":
        heads = [_Form()]
    elif state.phase == "start":
        heads = [*([_Form(zero=True)] if length else []), *(head for head in heads if head.whole)]
    for head in heads:
        left = length - head.whole - head.zero
        if left == 0:
            yield head
        elif left > 1 and state.limits.fraction:
            yield replace(head, point=True, places=left - 1)


def _exponents(state: Mantissa, form: _Form, size: int) -> Iterator[int]:
    """Yield the exponents, `size` characters long, that can make the number a member."""
    limits = state.limits
    digits = form.whole + form.places
    scale = state.scale + form.whole
    shift = state.places + form.places - limits.places
    # Zeros at the end have to make up for a negative power; a great one divides no better, nor
    # does it help once the number is behind all bounds and exceptions.
    first = shift - state.zeros - digits
    last = max(shift + _without_tens(limits.step)[1], limits.top - scale + digits + 1)
    if limits.low:
        first = max(first, limits.low[0] - scale)
    if limits.high:
        last = min(last, limits.high[0] - scale + (0 if state.digits else digits))
    if size > 2:
        yield from range(max(first, 1 - 10 ** (size - 2)), min(last, -(10 ** (size - 3))) + 1)
    yield from range(max(first, 10 ** (size - 2)), min(last, 10 ** (size - 1) - 1) + 1)


def _least(state: Mantissa, form: _Form) -> str | None:
    size = form.whole + form.places
    power = state.limits.places - state.places - form.places + form.exponent
    idle = min(size, max(-power, 0))  # digits behind the last place of the step: zeros
    digits = _least_digits(state, form, size - idle, power + idle)
    if digits is None:
        return None
    text = (str(digits).zfill(size - idle) if size > idle else "") + "0" * idle
    return (
        "0" * form.zero
        + text[: form.whole]
        + "." * form.point
        + text[form.whole :]
        + (f"E{form.exponent}" if form.exponent else "")
    )


def _least_digits(state: Mantissa, form: _Form, size: int, power: int) -> int | None:
    """Return the least number of `size` digits that make the numeral a member; None: none do.

    The numeral is then a multiple of 10**power units, a unit being the last place of the step.
    """
    limits = state.limits
    least = 10 ** (size - 1) if state.phase == "start" and form.whole and size else 0
    if not state.digits and not least and limits.zero:
        return 0 if state.phase != "start" or not form.whole else None
    if not limits.positive or (not state.digits and not size):
        return None
    inside = limits.allows((state.scale + form.whole + form.exponent, state.digits.rstrip("0")))
    if power < 0:
        zeros = state.zeros + power
        units = state.rest * 10**zeros if zeros >= 0 else 0
        member = zeros >= 0 and units % limits.step == 0 and not limits.avoids(units)
        return 0 if inside and member else None
    if state.digits.endswith(GAP):
        head = state.rest * 10 ** (state.zeros + size)
        found = limits.first(head, head + 10**size - 1, 10**power) if inside else None
    else:
        low, high, excluded = limits.units
        unit = 10**power
        head = int(state.digits or "0") * 10**size
        last = head + 10**size - 1
        last = last if high is None else min(last, high // unit)
        found = limits.first(max(head + least, -(-low // unit)), last, unit, excluded)
    return None if found is None else found - head
