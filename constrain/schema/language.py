"""How JSON is written under given options: the lexemes of punctuation, keys and scalars."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any
from typing import Literal as OneOf
from weakref import WeakKeyDictionary

from constrain.errors import SchemaTooComplexError
from constrain.lexing.lexeme import (
    JSONString,
    Lexeme,
    Literal,
    Part,
    Space,
    SpaceKind,
    Spelling,
    Text,
    lexeme,
)
from constrain.lexing.regex import Regex, char_class, is_finite, plus, shortest, union, words
from constrain.lexing.regex import literal as exactly
from constrain.schema.facts import type_of
from constrain.schema.numeric.numbers import NumberShape, NumeralLanguage
from constrain.schema.numeric.numerals import least_numeral, literal_numerals, numerals
from constrain.schema.options import JSONOptions
from constrain.schema.shapes import Values
from constrain.schema.sources.keywords import NUMBER, STRING
from constrain.schema.textual.spelled import spelled
from constrain.schema.textual.strings import StringShape
from constrain.texts import json_text

_KEPT = 512
"""Lexemes of keys that are kept for other schemas."""

NUMERAL_LIMIT = 20_000
"""Most numbers of an enumeration, where each has many spellings."""

STRING_LIMIT = 2000
"""Most strings that are told apart where each is a lexeme and has many spellings."""

_NAMES = ("null", "true", "false")

Scalar = Values | NumberShape | StringShape


def language(options: JSONOptions) -> Language:
    """Return the one language of some options, of which only the spellings matter."""
    return _language(options.whitespace, options.escapes, options.numbers)


@cache
def _language(
    space: SpaceKind | OneOf["none"], escapes: Spelling, numbers: NumeralLanguage
) -> Language:
    return Language(space, escapes, numbers)


class Language:
    """The lexemes of a JSON language.

    White space belongs to the punctuation before or around which it stands, so that no two
    lexemes in a row can share it.

    Attributes:
        open_object, open_array: an opening bracket and the white space after it.
        comma: a comma and the white space around it.
        close_object, close_array: a closing bracket and the white space before it.
        end_object, end_array: the closing bracket of something empty.
        numbers: how numbers are written.
        quote: the closing quote of a string; it captures, so that no token goes beyond it before
            the string is known.
        margin: white space around the whole text; None: there can be none.
        punctuation: the lexemes so far, but for `margin`, each with its least text.
        key: gives the lexeme of a named property's key and colon.
    """

    def __init__(
        self, kind: SpaceKind | OneOf["none"], escapes: Spelling, numbers: NumeralLanguage
    ) -> None:
        self._escapes = escapes
        self.numbers = numbers
        space: tuple[Part, ...] = () if kind == "none" else (Space(kind),)
        self.open_object = lexeme(Literal(b"{"), *space)
        self.open_array = lexeme(Literal(b"["), *space)
        self.comma = lexeme(*space, Literal(b","), *space)
        self.close_object = lexeme(*space, Literal(b"}"))
        self.close_array = lexeme(*space, Literal(b"]"))
        self.end_object = lexeme(Literal(b"}"))
        self.end_array = lexeme(Literal(b"]"))
        self.quote = lexeme(Literal(b'"'), captures=True)
        self.margin = lexeme(Text(_SPACES)) if kind == "any" else None
        self._colon = (*space, Literal(b":"), *space)
        self.punctuation = {
            self.open_object: b"{",
            self.open_array: b"[",
            self.comma: b",",
            self.close_object: b"}",
            self.close_array: b"]",
            self.end_object: b"}",
            self.end_array: b"]",
            self.quote: b'"',
        }
        self._meanings: WeakKeyDictionary[Regex, Scalar] = WeakKeyDictionary()
        self.key = lru_cache(_KEPT)(self._key)

    def _key(self, name: str) -> Lexeme:
        part: Part = Literal(spell(name))
        if self._escapes == "any":
            part = JSONString(exactly(name), "any")
        return lexeme(part, *self._colon)

    def check_count(self, strings: int) -> None:
        """Check that so many strings can be a lexeme each.

        Raises:
            SchemaTooComplexError: there are more than `STRING_LIMIT`, to be spelt in every way.
        """
        if self._escapes == "any" and strings > STRING_LIMIT:
            limit = f"more than {STRING_LIMIT:,} strings listed in items that are compared"
            raise SchemaTooComplexError("", f"{limit}, each to be spelt in every way")

    def piece(self, text: str, is_key: bool, begins: bool = False, ends: bool = False) -> Lexeme:
        """Return the lexeme of a piece of a string: with its quotes, and its colon at the end."""
        content: tuple[Part, ...] = ()
        if text and self._escapes == "any":
            content = (Text(spelled(exactly(text), "any")),)
        elif text:
            content = (Literal(spell(text)[1:-1]),)
        quote = (Literal(b'"'),)
        colon = self._colon if is_key and ends else ()
        return lexeme(*quote * begins, *content, *quote * ends, *colon)

    def free_key(self, keys: Regex) -> Lexeme:
        """Return the capturing lexeme of a key in a set, and its colon."""
        return lexeme(JSONString(keys, self._escapes), *self._colon, captures=True)

    def beginning(self, shape: StringShape) -> Lexeme:
        """Return the capturing lexeme of strings without their closing quotes."""
        texts = spelled(shape.language, self._escapes)
        self._meanings[texts] = shape
        return lexeme(Literal(b'"'), Text(texts), captures=True)

    def scalar(self, values: Scalar) -> Lexeme:
        """Return the lexeme of the texts of scalar values."""
        return (
            lexeme(self._listed(values)) if isinstance(values, Values) else self._of_shape(values)
        )

    def meaning(self, scalar: Lexeme) -> Scalar:
        """Return the values whose texts, or beginnings, are in a lexeme, captured or not."""
        part = scalar.parts[-1]
        if isinstance(part, JSONString):
            return StringShape(part.regex, part.low, part.high)
        assert isinstance(part, Text)
        found = self._meanings.get(part.regex)
        if found is None:
            texts = is_finite(part.regex, len(_NAMES))
            assert texts is not None, "what is neither string nor number is null, true or false"
            found = Values(tuple(map(json.loads, texts)))
        return found

    def _of_shape(self, shape: StringShape | NumberShape) -> Lexeme:
        if isinstance(shape, StringShape):
            return lexeme(shape.part(self._escapes))
        texts = numerals(shape, self.numbers)
        self._meanings[texts] = shape
        return lexeme(Text(texts))

    def _listed(self, values: Values) -> Part:
        kind = type_of(values.values[0])
        if kind == STRING:
            return JSONString(words(values.values), self._escapes)
        if kind == NUMBER:
            texts = self._numerals(values.values)
            self._meanings[texts] = values
            return Text(texts)
        return Text(words(json.dumps(value) for value in values.values))

    def _numerals(self, values: tuple[Any, ...]) -> Regex:
        if self.numbers == "plain" and all(isinstance(value, int) for value in values):
            return words(map(str, values))
        if len(values) > NUMERAL_LIMIT:
            limit = f"more than {NUMERAL_LIMIT:,} numbers listed, each to be spelt in every way"
            raise SchemaTooComplexError("", limit)
        return union(*(literal_numerals(value, self.numbers) for value in values))

    def _least_number(self, values: tuple[Any, ...]) -> bytes:
        # An integer with up to two zeros at its end is nowhere shorter than as its digits.
        texts: list[bytes] = []
        others: list[Any] = []
        for value in values:
            if isinstance(value, int) and (value == 0 or value % 1000):
                texts.append(str(value).encode())  # no text with an exponent is shorter
            else:
                others.append(value)
        best = min(texts, key=by_length, default=None)
        for fewest, value in sorted(
            ((_digits(value), value) for value in others), key=itemgetter(0)
        ):
            if best is not None and len(best) < fewest:
                break
            text = _shortest(self._numerals((value,)))
            best = text if best is None else min(best, text, key=by_length)
        assert best is not None, "there is a number"
        return best

    def least(self, values: Scalar) -> bytes:
        """Return the least text of scalar values, by length, then bytes."""
        if isinstance(values, StringShape):
            text = values.least
            assert text is not None, "empty alternatives are left out"
            return text
        if isinstance(values, NumberShape):
            return least_numeral(values, self.numbers)
        if type_of(values.values[0]) == NUMBER:
            return self._least_number(values.values)
        best: bytes | None = None
        for value in sorted(values.values, key=_least_length):
            if best is not None and len(best) < _least_length(value):
                break
            text = spell(value)
            best = text if best is None else min(best, text, key=by_length)
        assert best is not None, "there is a value"
        return best


def spell(value: Any) -> bytes:
    """Return the text of a value, escaped only where it must be."""
    return json_text(value).encode()


def _digits(value: Any) -> int:
    """Return the significant digits of a number, which every text of it has."""
    digits = Decimal(str(value)).as_tuple().digits
    return len("".join(map(str, digits)).strip("0")) or 1


def _least_length(value: Any) -> int:
    """No text of the scalar is shorter than this."""
    return len(value) + 2 if isinstance(value, str) else 4


def read_key(text: bytes) -> str:
    """Return the key in the text of a key lexeme."""
    key: str = json.loads(text[: text.rindex(b'"') + 1])
    return key


def by_length(text: bytes) -> tuple[int, bytes]:
    """Sort key of texts: by length, then bytes."""
    return len(text), text


def _shortest(regex: Regex) -> bytes:
    text = shortest(regex)
    assert text is not None
    return text.encode()


_SPACES = plus(char_class([(0x20, 0x20), (0x09, 0x0A), (0x0D, 0x0D)]))
