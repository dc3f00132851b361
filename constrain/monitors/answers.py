"""What a monitor may answer, and how a text is held against it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from heapq import nsmallest
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from constrain.engine import Matcher
from constrain.engine.beginnings import Beginnings, Texts
from constrain.lexing.regex import (
    ANYTHING,
    EMPTY,
    EPSILON,
    Regex,
    concat,
    derive,
    optional,
    shortest,
)
from constrain.lexing.syntax import parse

MOST_NAMES = 64
"""Suggestions that are looked at on the way to an ending."""
_MOST_SORTED = 10_000
"""Suggestions that these are the shortest of."""


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Texts, one of which has to follow.

    Attributes:
        names: the texts.
        beyond: the class of the characters that may stand after one, as a pattern in Python's
            dialect; None: all that are not in the monitor's `word`.
        lead: ASCII characters of which any number may stand before one.
        other: all else that may follow, as an expression; None: nothing.
    """

    names: Iterable[str]
    beyond: str | None = None
    lead: str = ""
    other: Regex | None = None


class NothingAgreesError(Exception):
    """Nothing that a constraint allows agrees with an answer."""


class Expected(ABC):
    """What a text has still to agree with. Immutable."""

    @abstractmethod
    def after(self, data: bytes, chars: str, rest: bytes) -> Expected | None:
        """Return what is expected after some bytes; None where they do not agree.

        Args:
            data: the bytes.
            chars: the characters that are whole with them.
            rest: the beginning of a character after these.
        """

    @abstractmethod
    def fill(self, row: NDArray[np.int32], rest: bytes, base: Matcher) -> None:
        """Leave in a bitmask (int32[words]) only tokens that agree.

        Args:
            row: the bitmask.
            rest: as in `after`.
            base: where the text stands under the constraint beside the monitor.
        """

    @abstractmethod
    def fill_below(self, row: NDArray[np.int32], head: bytes, node: int, base: Matcher) -> None:
        """Leave only tokens that begin with `head`, which leads to a trie node, and agree then."""

    @property
    @abstractmethod
    def is_accepting(self) -> bool:
        """Whether the text may end here."""

    @property
    def is_met(self) -> bool:
        """Whether nothing is expected any more."""
        return False

    @property
    def is_open(self) -> bool:
        """Whether how the text can end is known only when it does."""
        return False

    def forced(self) -> bytes:
        """Return the bytes that must come next, as far as known."""
        return b""

    def endings(self) -> Iterator[bytes]:
        """Yield texts that may lead on to where the text may end."""
        return iter(())

    @property
    def has_few(self) -> bool:
        """Whether `endings` are all that may follow, up to what may stand after them."""
        return False


class Answer(ABC):
    """What may follow a text.

    Attributes:
        looks_beside: whether it depends on the constraint beside the monitor.
    """

    looks_beside: ClassVar[bool] = False

    @abstractmethod
    def begin(self, beginnings: Beginnings, base: Matcher | None) -> Expected:
        """Return what is expected of a text that has still to be written.

        Args:
            beginnings: of the vocabulary.
            base: where the text stands under the constraint beside the monitor, if that is known.

        Raises:
            NothingAgreesError: nothing that the constraint allows agrees with the answer.
        """


# -- an expression ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expression(Answer):
    """All that may follow."""

    regex: Regex

    def begin(self, beginnings: Beginnings, base: Matcher | None) -> Expected:
        """See `Answer.begin`."""
        return _Rest(self.regex, b"", beginnings)


@dataclass(frozen=True, slots=True)
class _Rest(Expected):
    """A text that an expression matches.

    Attributes:
        left: what the expression says of the rest.
        begun: the bytes of a character that is not whole yet.
    """

    left: Regex
    begun: bytes
    beginnings: Beginnings

    def after(self, data: bytes, chars: str, rest: bytes) -> Expected | None:
        """See `Expected.after`."""
        left = self.left
        for char in chars:
            left = derive(left, ord(char))
        if left is EMPTY or (rest and not self.beginnings.allows(left, rest)):
            return None
        return _Rest(left, rest, self.beginnings)

    def fill(self, row: NDArray[np.int32], rest: bytes, base: Matcher) -> None:
        """See `Expected.fill`."""
        row &= self.beginnings.mask(self.left, rest)

    def fill_below(self, row: NDArray[np.int32], head: bytes, node: int, base: Matcher) -> None:
        """See `Expected.fill_below`."""
        found = np.zeros_like(row)
        self.beginnings.add_token(found, node)
        self.beginnings.add_below(found, self.left, node)
        row &= found

    @property
    def is_accepting(self) -> bool:
        """See `Expected.is_accepting`."""
        return self.left.nullable and not self.begun

    @property
    def is_met(self) -> bool:
        """See `Expected.is_met`."""
        return self.left is ANYTHING

    def forced(self) -> bytes:
        """See `Expected.forced`."""
        return self.beginnings.forced(self.left, self.begun)

    def endings(self) -> Iterator[bytes]:
        """See `Expected.endings`."""
        if not self.begun and (text := shortest(self.left)):
            yield text.encode()


# -- a list of names -------------------------------------------------------------------------------


class Listed(Answer):
    """One of some names, and what may stand before and after it.

    Raises:
        RegexSyntaxError: the pattern of what may stand after it is malformed.
        TypeError: a name is no text.
    """

    def __init__(self, suggestions: Suggestions, word: str) -> None:
        self.texts = Texts(_encoded(suggestions.names))
        self.lead = suggestions.lead.encode("ascii")
        self.other = suggestions.other
        self.after_name = ended(suggestions.beyond or rf"(?!{word})(?s:.)")

    @property
    def is_empty(self) -> bool:
        """Whether nothing may follow."""
        return not self.texts.items and self.other is None

    def begin(self, beginnings: Beginnings, base: Matcher | None) -> Expected:
        """See `Answer.begin`."""
        others = () if self.other is None else (Expression(self.other).begin(beginnings, base),)
        return _Name(self, b"", others, beginnings)


@lru_cache(64)
def ended(beyond: str) -> Regex:
    """Return what may stand after a text, given the class of the first character, as a pattern."""
    return optional(concat(parse(beyond, "python"), ANYTHING))


def _encoded(names: Iterable[str]) -> list[bytes]:
    """Names in UTF-8, without those that have none.

    Raises:
        TypeError: a name is no text.
    """
    found = []
    try:
        for name in names:
            try:
                found.append(str.encode(name))
            except UnicodeEncodeError:  # half of a surrogate pair
                continue
    except TypeError:
        raise TypeError(f"a suggestion has to be a text, and {name!r} is none") from None
    return found


@dataclass(frozen=True, slots=True)
class _Name(Expected):
    """A text that begins like some of the names, or as something else that may follow.

    Attributes:
        listed: the names.
        said: the text.
        others: what is expected of it if it is something else, or goes on after a name.
    """

    listed: Listed
    said: bytes
    others: tuple[Expected, ...]
    beginnings: Beginnings

    def after(self, data: bytes, chars: str, rest: bytes) -> Expected | None:
        """See `Expected.after`."""
        others = [other.after(data, chars, rest) for other in self.others]
        said, alive = self.said + data, False
        for begin in self._leads(said):
            alive = alive or self._any(said[begin:])
            for end in range(max(begin, len(self.said)), len(said)):
                if said[begin:end] in self.listed.texts.members:
                    tail = said[end:]
                    chars = tail[: len(tail) - len(rest)].decode()
                    beyond = _Rest(self.listed.after_name, b"", self.beginnings)
                    others.append(beyond.after(tail, chars, rest))
        left = tuple(other for other in others if other is not None)
        if not alive and len(left) < 2:
            return left[0] if left else None
        return replace(self, said=said, others=left) if alive else _Either(left)

    def fill(self, row: NDArray[np.int32], rest: bytes, base: Matcher) -> None:
        """See `Expected.fill`."""
        found = self._found(row, 0)
        for other in self.others:
            part = row.copy()
            other.fill(part, rest, base)
            found |= part
        row &= found

    def fill_below(self, row: NDArray[np.int32], head: bytes, node: int, base: Matcher) -> None:
        """See `Expected.fill_below`."""
        found = self._found(row, node)
        self.beginnings.add_token(found, node)
        for other in self.others:
            part = row.copy()
            other.fill_below(part, head, node, base)
            found |= part
        row &= found

    def _found(self, row: NDArray[np.int32], node: int) -> NDArray[np.int32]:
        """The tokens below a trie node that begin with what is left of a name."""
        found, beginnings = np.zeros_like(row), self.beginnings
        for begin in self._leads(self.said):
            if begin < len(self.said):
                self._add(found, node, self.said[begin:])
            elif not self.listed.lead:
                self._add(found, node, b"")
            else:
                for space in beginnings.spaces(self.listed.lead, node, found):
                    self._add(found, space, b"")
        return found

    def _add(self, found: NDArray[np.int32], node: int, begun: bytes) -> None:
        low, high = self.listed.texts.range(begun)
        if low < high:
            texts, said = self.listed.texts, len(begun)
            for end in self.beginnings.add_along(found, node, texts, low, high, said):
                self.beginnings.add_below(found, self.listed.after_name, end)

    def _leads(self, said: bytes) -> Iterator[int]:
        """Where a name may begin in what is said."""
        yield 0
        for end, byte in enumerate(said, 1):
            if byte not in self.listed.lead:
                return
            yield end

    def _any(self, begun: bytes) -> bool:
        low, high = self.listed.texts.range(begun)
        return low < high

    @property
    def is_accepting(self) -> bool:
        """See `Expected.is_accepting`."""
        members = self.listed.texts.members
        named = any(self.said[begin:] in members for begin in self._leads(self.said))
        return named or any(other.is_accepting for other in self.others)

    @property
    def is_met(self) -> bool:
        """See `Expected.is_met`."""
        return any(other.is_met for other in self.others)

    def forced(self) -> bytes:
        """See `Expected.forced`."""
        texts = self.listed.texts
        if self.others or self.listed.lead or self.said in texts.members:
            return b""
        low, high = texts.range(self.said)
        first, last, end = texts.items[low], texts.items[high - 1], len(self.said)
        while end < len(first) and first[end] == last[end]:
            end += 1
        return first[len(self.said) : end]

    @property
    def has_few(self) -> bool:
        """See `Expected.has_few`."""
        texts = self.listed.texts.items
        return not self.others and not self.listed.lead and len(texts) <= MOST_NAMES

    def endings(self) -> Iterator[bytes]:
        """See `Expected.endings`."""
        for begin in self._leads(self.said):
            begun = self.said[begin:]
            low, high = self.listed.texts.range(begun)
            names = self.listed.texts.items[low : min(high, low + _MOST_SORTED)]
            for name in nsmallest(MOST_NAMES, names, key=len):
                yield name[len(begun) :]
        for other in self.others:
            yield from other.endings()


@dataclass(frozen=True, slots=True)
class _Either(Expected):
    """One of several."""

    parts: tuple[Expected, ...]

    def after(self, data: bytes, chars: str, rest: bytes) -> Expected | None:
        """See `Expected.after`."""
        moved = [part.after(data, chars, rest) for part in self.parts]
        left = tuple(part for part in moved if part is not None)
        return replace(self, parts=left) if left else None

    def fill(self, row: NDArray[np.int32], rest: bytes, base: Matcher) -> None:
        """See `Expected.fill`."""
        found = np.zeros_like(row)
        for part in self.parts:
            own = row.copy()
            part.fill(own, rest, base)
            found |= own
        row &= found

    def fill_below(self, row: NDArray[np.int32], head: bytes, node: int, base: Matcher) -> None:
        """See `Expected.fill_below`."""
        found = np.zeros_like(row)
        for part in self.parts:
            own = row.copy()
            part.fill_below(own, head, node, base)
            found |= own
        row &= found

    @property
    def is_accepting(self) -> bool:
        """See `Expected.is_accepting`."""
        return any(part.is_accepting for part in self.parts)

    @property
    def is_met(self) -> bool:
        """See `Expected.is_met`."""
        return any(part.is_met for part in self.parts)

    def endings(self) -> Iterator[bytes]:
        """See `Expected.endings`."""
        for part in self.parts:
            yield from part.endings()


FREE: Answer = Expression(ANYTHING)
END: Answer = Expression(EPSILON)
NEVER: Answer = Expression(EMPTY)
"""The trigger cannot stand where it stands."""
