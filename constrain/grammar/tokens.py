"""The tokens that a grammar in GBNF names, as expressions over texts.

A token stands for its text. A token that is not whole characters has none, and is part of no text
by itself; several of them spell what is free to be spelt in any way.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import NamedTuple

from constrain.grammar.ebnf import (
    Apart,
    Choice,
    Expression,
    Match,
    Repetition,
    Sequence,
    Special,
)
from constrain.lexing.charset import char_class, subtract
from constrain.lexing.nodes import Chars
from constrain.lexing.regex import ANY, Regex, literal, plus, star, words
from constrain.special import SpecialToken
from constrain.vocabulary import Vocabulary


class Others(NamedTuple):
    """All tokens but one, those that end a text excepted.

    Attributes:
        once: one of them.
        some: any number of them, but not none; None where the one left out is a part of
            characters that no other tokens spell.
        freely: any number of them; None likewise.
    """

    once: Expression
    some: Expression | None = None
    freely: Expression | None = None


class Tokens:
    """The tokens of a vocabulary, as a grammar may name them."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._names = {number: name for name, number in vocabulary.special_tokens.items()}
        self._others: dict[int, Others] = {}
        self._lists: dict[tuple[str | None, frozenset[str]], Regex] = {}

    def named(self, name: str) -> int | None:
        """Return the token of a name: a special token, or one whose text it is."""
        special = self._vocabulary.special_tokens.get(name)
        return self._numbers.get(name.encode()) if special is None else special

    def exists(self, number: int) -> bool:
        """Return whether a token can be written, or ends a text."""
        vocabulary = self._vocabulary
        return bool(vocabulary.spelling(number)) or self.ends(number)

    def ends(self, number: int) -> bool:
        """Return whether a token ends a text."""
        return number in self._vocabulary.eos_token_ids

    def one(self, number: int) -> Expression | None:
        """Return a token; None where it is not whole characters."""
        if number in self._names:
            return Special((SpecialToken(self._names[number]),))
        text = _decoded(self._vocabulary.token_bytes(number))
        return None if text is None else Match(literal(text))

    def others(self, number: int) -> Others:
        """Return all tokens but one. Tokens with the same bytes are not told apart."""
        if number not in self._others:
            self._others[number] = self._all_but(number)
        return self._others[number]

    def _all_but(self, number: int) -> Others:
        names = [name for other, name in self._names.items() if other != number]
        special = [Special(tuple(map(SpecialToken, sorted(names))))] if names else []
        data = self._vocabulary.token_bytes(number) or b""
        text = _decoded(data)
        is_apart = bool(data) and self._is_apart(data)
        once = _any_of([Apart(lambda: self._listed(text if is_apart else None)), *special])
        if not is_apart or self._spells(data, data):
            return Others(once, *_repeated(special, frozenset()))
        if text is None:
            return Others(once)
        needed = frozenset(char for char in text if not self._spells(char.encode(), data))
        needing = Apart(lambda: self._listed(text, needed))
        return Others(once, *_repeated([needing, *special], needed))

    def _listed(self, left_out: str | None, needed: frozenset[str] = frozenset()) -> Regex:
        """The texts of tokens but one, of those with one of some characters if there are any."""
        key = (left_out, needed)
        if key not in self._lists:
            texts = self._texts if left_out is None else self._texts - {left_out}
            self._lists[key] = words(x for x in texts if not needed or not needed.isdisjoint(x))
        return self._lists[key]

    @cached_property
    def _numbers(self) -> dict[bytes, int]:
        """The lowest token of each byte string."""
        vocabulary = self._vocabulary
        found: dict[bytes, int] = {}
        for number in range(vocabulary.size):
            data = vocabulary.token_bytes(number)
            if data:
                found.setdefault(data, number)
        return found

    @cached_property
    def _texts(self) -> frozenset[str]:
        """The texts of all tokens that are whole characters."""
        return frozenset(text for text in map(_decoded, self._numbers) if text is not None)

    def _is_apart(self, data: bytes) -> bool:
        """Whether just one token has these bytes."""
        vocabulary = self._vocabulary
        first = self._numbers.get(data, vocabulary.size) + 1
        return first <= vocabulary.size and not any(
            vocabulary.token_bytes(other) == data for other in range(first, vocabulary.size)
        )

    def _spells(self, data: bytes, without: bytes) -> bool:
        """Whether tokens spell some bytes, also without the one of the bytes `without`."""
        if not self._is_apart(without):
            return True
        reached = {0}
        for begin in range(len(data)):
            if begin in reached:
                for end in range(begin + 1, len(data) + 1):
                    piece = data[begin:end]
                    if piece != without and piece in self._numbers:
                        reached.add(end)
        return len(data) in reached


def _repeated(
    units: Collection[Expression], needed: frozenset[str]
) -> tuple[Expression, Expression]:
    """Free text without some characters, and units in it: not nothing, and any of it."""
    left: Regex = ANY
    if needed:
        taken = char_class([(ord(char), ord(char)) for char in needed])
        assert isinstance(taken, Chars)
        left = subtract(ANY, taken)
    some, freely = Match(plus(left)), Match(star(left))
    if not units:
        return some, freely
    unit = Sequence((_any_of(units), freely))
    more = Repetition(unit, 0, None, 0)
    return Choice((Sequence((some, more)), Sequence((unit, more)))), Sequence((freely, more))


def _any_of(ways: Collection[Expression]) -> Expression:
    first, *others = ways
    return Choice((first, *others)) if others else first


def _decoded(data: bytes | None) -> str | None:
    try:
        return data.decode() if data else None
    except UnicodeDecodeError:
        return None
