"""Lexemes taken to pieces: some values, each by itself, and all the others together.

Where it matters later which value has been written, values that matter have a lexeme each, whose
text is known; the lexeme of the others captures its text.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from constrain.lexing.cofinite import all_but, left_out
from constrain.lexing.lexeme import JSONString, Lexeme, Literal, lexeme
from constrain.lexing.regex import Regex, difference, is_finite, words
from constrain.schema.facts import identity
from constrain.schema.language import Language, Scalar, spell
from constrain.schema.numeric import numbers
from constrain.schema.numeric.numbers import NumberShape
from constrain.schema.shapes import Values
from constrain.schema.textual.strings import StringShape

SINGLES = 16
"""Scalars of at most so many values have a lexeme for each."""


class Several:
    """Stands for a value that is none of those told apart."""


SEVERAL = Several()


class Piece(NamedTuple):
    """Some of the texts of a lexeme.

    Attributes:
        lexeme: the lexeme of these texts alone.
        text: the least of them; None where they are of several values.
        value: the one value that they stand for, as `identity` gives it; SEVERAL: others.
    """

    lexeme: Lexeme
    text: bytes | None
    value: Any


def value_of(text: bytes) -> Any:
    """Return the value in a JSON text, as `identity` gives it.

    Raises:
        SchemaTooComplexError: it holds a number with too many digits.
    """
    return identity(json.loads(text, parse_float=Decimal, parse_int=Decimal))


def captured(plain: Lexeme) -> Lexeme:
    """Return the lexeme of the same texts that captures them."""
    return plain if plain.captures else lexeme(*plain.parts, captures=True)


def scalar_pieces(
    language: Language, scalar: Lexeme, apart: Collection[Any], without: Collection[Any]
) -> Iterator[Piece]:
    """Take the lexeme of a scalar to pieces.

    Args:
        language: the language that the lexeme is of.
        scalar: the lexeme.
        apart: values, as `identity` gives them, that are told apart if they are in it.
        without: values that are left out.
    """
    meaning = language.meaning(scalar)
    singles: Iterable[tuple[Any, Scalar] | None] | None = _listed(meaning)
    if singles is None:
        rest = _rest(meaning, (*apart, *without)) if apart or without else meaning
        if rest is not None:
            yield Piece(captured(language.scalar(rest)), None, SEVERAL)
        singles = (_one(meaning, value) for value in apart)
    for found in singles:
        if found is not None and found[0] not in without:
            value, one = found
            yield Piece(language.scalar(one), language.least(one), value)


def beginning_pieces(
    language: Language, beginning: Lexeme, apart: Collection[Any], without: Collection[Any]
) -> Iterator[Piece]:
    """Take the lexeme of strings without their closing quotes to pieces, as `scalar_pieces` does.

    Its pieces all capture.
    """
    meaning = language.meaning(beginning)
    assert isinstance(meaning, StringShape)
    rest = _rest(meaning, (*apart, *without))
    if isinstance(rest, StringShape):
        yield Piece(language.beginning(rest), None, SEVERAL)
    for value in apart:
        if isinstance(value, str) and meaning.contains(value):
            one = StringShape(words((value,)))
            yield Piece(language.beginning(one), language.least(one)[:-1], value)


def least_of(language: Language, lexeme: Lexeme) -> bytes:
    """Return the least text of a lexeme of several values."""
    if isinstance(lexeme.parts[0], JSONString) and len(lexeme.parts) > 1:
        text = StringShape(lexeme.parts[0].regex).least
        assert text is not None
        return text + b":"
    least = language.least(language.meaning(lexeme))
    return least if len(lexeme.parts) == 1 else least[:-1]


def key_pieces(language: Language, key: Lexeme, apart: Iterable[str]) -> Iterator[Piece]:
    """Take the lexeme of a key to pieces, as `scalar_pieces` does."""
    name = key.parts[0]
    if isinstance(name, Literal):
        yield Piece(key, name.data + b":", json.loads(name.data))
        return
    assert isinstance(name, JSONString)
    if not key.captures:
        only = StringShape(name.regex).least
        assert only is not None
        yield Piece(key, only + b":", json.loads(only))
        return
    inside = [text for text in apart if StringShape(name.regex).contains(text)]
    regex = excluding(name.regex, frozenset(inside))
    if not StringShape(regex).is_empty:
        yield Piece(language.free_key(regex), None, SEVERAL)
    for text in inside:
        yield Piece(language.key(text), spell(text) + b":", text)


@lru_cache(32)
def excluding(regex: Regex, texts: frozenset[str]) -> Regex:
    """Return the matches of an expression that are none of some texts."""
    if not texts:
        return regex
    excluded = left_out(regex)
    return difference(regex, words(texts)) if excluded is None else all_but(excluded | texts)


@lru_cache(32)
def _listed(meaning: Scalar) -> list[tuple[Any, Scalar]] | None:
    """Return each value of a set, and the set of it alone; None where there are many."""
    if isinstance(meaning, Values):
        singles: dict[Any, list[Any]] = {}
        for value in meaning.values:
            singles.setdefault(identity(value), []).append(value)
        if len(singles) > SINGLES:
            return None
        return [(value, Values(tuple(same))) for value, same in singles.items()]
    if isinstance(meaning, StringShape):
        texts = None if _endless(meaning) else is_finite(meaning.language, SINGLES)
        return None if texts is None else [(text, Values((text,))) for text in texts]
    values: list[Any] | None = numbers.listed(meaning, SINGLES)
    if values is None:
        return None
    return [found for value in values if (found := _one(meaning, value)) is not None]


def _endless(shape: StringShape) -> bool:
    return shape.high is None and left_out(shape.regex) is not None


@lru_cache(32)
def _one(meaning: Scalar, value: Any) -> tuple[Any, Scalar] | None:
    """Return the value, and the set of it alone, if it is in a set."""
    one: Scalar | None = None
    if isinstance(meaning, StringShape):
        if isinstance(value, str) and meaning.contains(value):
            one = Values((value,))
    elif isinstance(meaning, NumberShape):
        if isinstance(value, numbers.Number) and not isinstance(value, bool):
            one = numbers.intersect(meaning, numbers.constant(value))
    elif same := tuple(other for other in meaning.values if identity(other) == value):
        one = Values(same)
    return None if one is None else (value, one)


def _rest(meaning: Scalar, without: Collection[Any]) -> Scalar | None:
    """Return a set without some of its values; None where nothing is left."""
    if isinstance(meaning, Values):
        left = tuple(value for value in meaning.values if identity(value) not in without)
        return Values(left) if left else None
    if isinstance(meaning, NumberShape):
        excluded = [value for value in without if isinstance(value, numbers.Number)]
        others = numbers.number(excluded=excluded) if excluded else meaning
        return None if others is None else numbers.intersect(meaning, others)
    texts = frozenset(value for value in without if isinstance(value, str))
    if not texts:
        return None if meaning.is_empty else meaning
    low = meaning.low
    if low == 1:  # the empty string is one more that it must not be
        low, texts = 0, texts | {""}
    rest = StringShape(excluding(meaning.regex, texts), low, meaning.high)
    return None if rest.is_empty else rest
