"""The arguments of a call: as many as the function takes, and by the names that it knows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from inspect import Parameter
from typing import Any

from constrain.lexing.regex import (
    ANY,
    ANYTHING,
    Machine,
    Ranges,
    Regex,
    arcs,
    char_class,
    complement,
    difference,
    intersect,
    machine,
    union,
)
from constrain.lexing.syntax import parse
from constrain.monitors.place import is_code
from constrain.monitors.python_code import PythonMonitor

_DEFINES = re.compile(r"\b(?:def|class)\s+\w+\s*\(\Z")
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_SIGNS = "+-~."
_SPECIAL = "()[]{},=*#\"'\\ \t\r\n" + _SIGNS
_BEFORE = ("first", "next", "name", "star", "sign")
"""Phases before the first operand of a value."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes.

    Attributes:
        positional: the names of what may be given by position, in order.
        only: so many of them may not be given by name.
        named: the names of what may be given by name only.
        required: the names of what has no default.
        more: any number more may be given by position.
        any_name: any other name may be given.
    """

    positional: tuple[str, ...]
    only: int
    named: frozenset[str]
    required: frozenset[str]
    more: bool
    any_name: bool

    @property
    def names(self) -> frozenset[str]:
        """The names of the parameters that may be given by name."""
        return self.named.union(self.positional[self.only :])

    @classmethod
    def of(cls, parameters: list[tuple[str, Any, bool]]) -> Signature:
        """Return it for parameters: name, kind (of `inspect.Parameter`), whether it is required."""
        by_position = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        kinds = [kind for _, kind, _ in parameters]
        return cls(
            tuple(name for name, kind, _ in parameters if kind in by_position),
            kinds.count(Parameter.POSITIONAL_ONLY),
            frozenset(name for name, kind, _ in parameters if kind == Parameter.KEYWORD_ONLY),
            frozenset(
                name
                for name, kind, required in parameters
                if required and kind in (*by_position, Parameter.KEYWORD_ONLY)
            ),
            Parameter.VAR_POSITIONAL in kinds,
            Parameter.VAR_KEYWORD in kinds,
        )


class Arguments(PythonMonitor):
    """In a call there are as many arguments as the function takes, with the names that it knows.

    Once an argument is unpacked (`*args`, `**options`) nothing is said of the others.
    """

    trigger = r"[\w)\]][ \t]*\("
    ahead = ("(",)
    enclosing = 16

    def suggest(self, text: str) -> Regex | None:
        """See `Monitor.suggest`."""
        if not is_code(text) or _DEFINES.search(text) or self.is_unknown(text):
            return None
        found = self.ask(text, _signatures)
        return union(*(machine(_Call(signature)) for signature in found)) if found else None


def _signatures(script: Any, line: int, column: int) -> list[Signature]:
    found = []
    for signature in script.get_signatures(line, column):
        if signature.bracket_start == (line, column - 1):
            parameters = [(p.name, p.kind, "=" not in p.to_string()) for p in signature.params]
            found.append(Signature.of(parameters))
    return found


@dataclass(frozen=True, slots=True)
class _Call(Machine):
    """A place between the brackets of a call.

    Attributes:
        signature: what the function takes.
        count: the arguments given by position before this one.
        given: the names given so far.
        named: an argument so far is given by name.
        phase: of the argument: "first" or "next" (nothing of it is there), "word" (at its
            beginning), "space" (after the word), "equals" (after the word, a name or the beginning
            of a comparison), "name" (it is given by name), "star" (it is unpacked), "sign" (an
            operand has to follow), "value".
        word: the word at the beginning, as far as it is the beginning of a parameter's name.
        closers: the brackets that are open within the argument.
        quote: the string that is open; "#" for a comment.
        free: an argument has been unpacked.
    """

    signature: Signature
    count: int = 0
    given: frozenset[str] = frozenset()
    named: bool = False
    phase: str = "first"
    word: str | None = None
    closers: str = ""
    quote: str = ""
    free: bool = False

    nullable = False

    def arcs(self) -> tuple[tuple[Ranges, Machine | Regex], ...]:
        """See `Machine.arcs`."""
        found: dict[Machine | Regex, list[tuple[int, int]]] = {}
        for char, ranges in _classes(self._letters()):
            after = self._in_string(char) if self.quote else self._in_code(char)
            if after is not None:
                found.setdefault(after, []).extend(ranges)
        return tuple((tuple(sorted(ranges)), after) for after, ranges in found.items())

    def _letters(self) -> frozenset[str]:
        """The characters that lead on to the name of a parameter."""
        if self.phase not in ("first", "next", "word") or self.quote or self.closers:
            return frozenset()
        begun = self.word if self.phase == "word" else ""
        if begun is None:
            return frozenset()
        names = [name for name in self.signature.names if name.startswith(begun)]
        return frozenset(name[len(begun)] for name in names if name != begun)

    # -- strings and comments ------------------------------------------------------------------

    def _in_string(self, char: str) -> Machine | Regex | None:
        """`quote` is its mark, once or three times, and: "?" right at the beginning, a backslash
        after one, and after three marks those that have come of the last three."""
        quote = self.quote
        if quote == "#":
            return replace(self, quote="") if char == "\n" else self
        mark, after = quote[0], quote[1:]
        if after == "?":
            if char == mark:
                return replace(self, quote=mark * 2)
            return replace(self, quote=mark)._in_string(char)
        if quote == mark * 2:
            if char == mark:
                return replace(self, quote=mark * 3)
            return replace(self, quote="")._in_code(char)
        if quote.endswith("\\"):
            return replace(self, quote=quote[:-1])
        if char == "\\":
            return replace(self, quote=mark * (3 if len(quote) > 1 else 1) + char)
        if len(quote) == 1:
            return None if char == "\n" else replace(self, quote="" if char == mark else mark)
        if char != mark:
            return replace(self, quote=mark * 3)
        return replace(self, quote="" if len(quote) == 5 else quote + mark)

    # -- code ----------------------------------------------------------------------------------

    def _in_code(self, char: str) -> Machine | Regex | None:
        if char == "#":
            spaced = self if self.closers else self._spaced()
            return None if spaced is None else replace(spaced, quote="#")
        if self.closers:
            return self._enclosed(char)
        if char.isspace() or char == "\\":
            return self._spaced()
        if char == ")":
            after = self._ended()
            return ANYTHING if after is not None and after.is_enough else None
        if char == ",":
            after = self._ended()
            return None if after is None or self.phase in ("first", "next") else after
        if char in "]}":
            return None
        if char == "*" and self.phase in _BEFORE:
            return self._unpacked()
        if char == "=" and self.phase in ("word", "space"):
            return self._equals()
        if self.phase == "equals":
            return self._compared_or_named(char)
        if self.phase == "name" and char == "=":
            return None
        if char.isidentifier() or char.isdecimal():
            return self._worded(char)
        if char in "\"'([{":
            return self._valued(char)
        if self.phase in _BEFORE:
            signed = None if self._must_be_named else replace(self, phase="sign")
            return signed if char in _SIGNS else None
        return self._valued(char)

    def _unpacked(self) -> _Call | None:
        if self.phase == "star":
            return replace(self, phase="sign")
        if self.phase not in ("first", "next"):
            return None
        return replace(self, phase="star", free=True, given=frozenset(), count=0)

    def _enclosed(self, char: str) -> _Call | None:
        if char in ")]}":
            return replace(self, closers=self.closers[:-1]) if self.closers[-1] == char else None
        return self._opened(char)

    def _opened(self, char: str) -> _Call:
        if char in _CLOSERS:
            return replace(self, closers=self.closers + _CLOSERS[char])
        return replace(self, quote=char + "?") if char in "\"'" else self

    def _valued(self, char: str) -> _Call | None:
        """After a character that is part of a value."""
        if self._must_be_named:
            return None
        return replace(self, phase="value", word=None)._opened(char)

    def _spaced(self) -> _Call | None:
        if self.phase == "equals":
            return self._named()
        if self.phase != "word":
            return self
        if self._must_be_named and not self._may_be_named:
            return None
        return replace(self, phase="space")

    def _worded(self, char: str) -> _Call | None:
        if self.phase not in ("first", "next", "word"):
            return self._valued(char)
        word = char if self.phase != "word" else None if self.word is None else self.word + char
        if word is not None and not any(n.startswith(word) for n in self.signature.names):
            word = None
        after = replace(self, phase="word", word=word)
        if after._must_be_named:
            starts = self.phase == "word" or char.isidentifier()
            if word is None and not (self.signature.any_name and starts):
                return None
            if word is not None and not self.signature.any_name:
                return after if any(n.startswith(word) for n in self._nameable) else None
        return after

    def _equals(self) -> _Call | None:
        if self.free:
            return replace(self, phase="value", word=None)
        if self._must_be_named:
            return self._named()
        return replace(self, phase="equals")

    def _compared_or_named(self, char: str) -> Machine | Regex | None:
        if char == "=":
            return self._valued(char)
        after = self._named()
        return None if after is None else after._in_code(char)

    def _named(self) -> _Call | None:
        if not self._may_be_named:
            return None
        given = self.given if self.word is None else self.given | {self.word}
        return replace(self, phase="name", given=given, named=True, word=None)

    # -- counting ------------------------------------------------------------------------------

    @property
    def _must_be_named(self) -> bool:
        """Whether the argument can be given by name only, and has none yet."""
        if self.free or self.phase in ("name", "sign", "value"):
            return False
        taken = self.count >= len(self.signature.positional)
        return self.named or (taken and not self.signature.more)

    @property
    def _nameable(self) -> frozenset[str]:
        """The known names that may be given now."""
        signature = self.signature
        if not signature.required.isdisjoint(signature.positional[self.count : signature.only]):
            return frozenset()
        left = signature.positional[max(self.count, signature.only) :]
        return signature.named.union(left) - self.given

    @property
    def _may_be_named(self) -> bool:
        if self.word in self._nameable:
            return True
        return self.signature.any_name and self.word not in self.signature.names

    @property
    def is_enough(self) -> bool:
        """Whether all that is required has been given."""
        missing = self.signature.required - self.given
        return self.free or missing.isdisjoint(
            {*self.signature.positional[self.count :], *self.signature.named}
        )

    def _ended(self) -> _Call | None:
        """The place after the argument; None if it cannot end here."""
        if self.phase in ("first", "next"):
            return self
        if self.phase in ("name", "star", "sign", "equals") or self._must_be_named:
            return None
        after = replace(self, phase="next", word=None)
        if self.free or self.named:
            return after
        return replace(after, count=min(self.count + 1, len(self.signature.positional)))


@lru_cache
def _classes(letters: frozenset[str]) -> tuple[tuple[str, Ranges], ...]:
    """Classes of characters that a call tells apart: one of each, and all of it."""
    single = letters.union(_SPECIAL)
    left = difference(ANY, char_class([(ord(char), ord(char)) for char in single]))
    digit, word = parse("[0-9]", "python"), parse(r"[^\W0-9]", "python")
    classes: list[tuple[str, Ranges]] = [(char, ((ord(char),) * 2,)) for char in sorted(single)]
    for regex in (digit, word, complement(union(digit, word))):
        for ranges, _ in arcs(intersect(left, regex)):
            classes.append((chr(ranges[0][0]), ranges))
    return tuple(classes)
