"""The texts of numbers: for a set of numbers, the regular expression of their spellings."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import lru_cache

from constrain.lexing.regex import Regex, concat, literal, machine, shortest, union, words
from constrain.schema.numeric.magnitudes import magnitudes
from constrain.schema.numeric.mantissas import Mantissa
from constrain.schema.numeric.numbers import Number, NumberShape, NumeralLanguage, constant


@lru_cache(32)
def numerals(shape: NumberShape, language: NumeralLanguage) -> Regex:
    """Return the texts of the members of `shape`."""
    signs = []
    if above := magnitudes(shape, language, negative=False):
        signs.append(machine(Mantissa(above)))
    if below := magnitudes(shape, language, negative=True):
        signs.append(concat(literal("-"), machine(Mantissa(below))))
    return union(*signs)


def literal_numerals(value: Number, language: NumeralLanguage) -> Regex:
    """Return the texts of one number.

    In the plain language: an integer's digits; what `json.dumps` writes for a float, and the
    digits alone where it is an integer; digits without an exponent for a `Decimal` or `Fraction`.
    """
    if language == "any":
        return numerals(constant(value), "any")
    if isinstance(value, float):
        return words([json.dumps(value), *([str(int(value))] if value.is_integer() else [])])
    return literal(str(value) if isinstance(value, int) else format(Decimal(str(value)), "f"))


@lru_cache(256)
def least_numeral(shape: NumberShape, language: NumeralLanguage) -> bytes:
    """Return the least text of a member of `shape`, by length, then bytes."""
    texts = []
    for sign, negative in (("", False), ("-", True)):
        if limits := magnitudes(shape, language, negative):
            start = Mantissa(limits)
            text = shortest(machine(start))
            assert text is not None
            texts.append(sign + text)
    return min(texts, key=lambda text: (len(text), text)).encode()
