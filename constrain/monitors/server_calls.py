"""Arguments of calls, as a language server knows them: as many as a function takes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from constrain.errors import ConstraintError
from constrain.lexing.regex import (
    ANY,
    ANYTHING,
    EMPTY,
    Machine,
    Ranges,
    Regex,
    arcs,
    char_class,
    difference,
    intersect,
    machine,
    union,
)
from constrain.lexing.syntax import parse
from constrain.monitors.language_server import LanguageServer, Signature
from constrain.monitors.monitor import Monitor
from constrain.monitors.place import Place

_CALLED = re.compile(r"(?P<name>[\w$~]+)[ \t]*\(\Z")
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_UNCERTAIN = "<`#/\\"
"""Characters after which commas may stand for something else."""
_SPECIAL = "()[]{},\"'. \t\r\n" + _UNCERTAIN


class ServerArguments(Monitor):
    """In a call there are as many arguments as the function takes, as a language server knows it.

    Of a call with several overloads, as many as one of them takes. Nothing is said of the arguments
    behind a `<`, a comment, a regular expression or a template string, nor of unpacked ones. In C++
    what the server says is no function cannot be called.

    Args:
        server: the server; several monitors may have the same one.
        place: where the code is written; its path has to be known.

    Raises:
        ConstraintError: the place has no path.
    """

    trigger = r"[\w$)\]>][ \t]*\("
    ahead = ("(",)
    enclosing = 16

    def __init__(self, server: LanguageServer, place: Place) -> None:
        if place.path is None:
            raise ConstraintError("a language server has to know the path of the file; give one")
        self.before = place.before
        self.refuses = bool(server.language.misplaced)
        self._server = server
        self._path = place.path
        self._after = place.after

    def suggest(self, text: str) -> Regex | None:
        """See `Monitor.suggest`."""
        if not self._server.language.is_code(text):
            return None
        called = _CALLED.search(text)
        found = called and self._server.signatures(self._path, text, self._after)
        if not found and self.refuses:
            is_misplaced = self._server.is_misplaced(self._path, text, self._after)
            return EMPTY if is_misplaced else None
        if not called or not found:
            return None
        named = re.compile(rf"{re.escape(called['name'])}\b[^(]*\(")
        if not all(named.match(signature.label) for signature in found):
            return None
        return union(*(machine(_Call(*_counts(signature))) for signature in found))


def _counts(signature: Signature) -> tuple[int, int | None]:
    """The fewest arguments, and the most; None: any number."""
    required = [p for p in signature.parameters if not re.search(r"=|\?|\.\.\.", p)]
    is_open = any("..." in parameter for parameter in signature.parameters)
    return len(required), None if is_open else len(signature.parameters)


@dataclass(frozen=True, slots=True)
class _Call(Machine):
    """A place between the brackets of a call.

    Attributes:
        fewest: arguments that the function takes at least.
        most: and at most; None: any number.
        count: the arguments before this one.
        begun: something of this one is there.
        closers: the brackets that are open within it.
        quote: the string that is open, and a backslash after one.
        in_word: a letter, a digit or the like is the last character.
    """

    fewest: int
    most: int | None
    count: int = 0
    begun: bool = False
    closers: str = ""
    quote: str = ""
    in_word: bool = False

    nullable = False

    def arcs(self) -> tuple[tuple[Ranges, Machine | Regex], ...]:
        """See `Machine.arcs`."""
        found: dict[Machine | Regex, list[tuple[int, int]]] = {}
        for char, ranges in _classes():
            after = self._after(char)
            if after is not None:
                found.setdefault(after, []).extend(ranges)
        return tuple((tuple(sorted(ranges)), after) for after, ranges in found.items())

    def _after(self, char: str) -> Machine | Regex | None:
        if self.quote:
            if self.quote.endswith("\\"):
                return replace(self, quote=self.quote[0])
            if char == "\\":
                return replace(self, quote=self.quote + char)
            return replace(self, quote="") if char == self.quote else self
        if char in _UNCERTAIN:
            return ANYTHING
        ahead = replace(self, in_word=False)
        if char in " \t\r\n":
            return ahead
        if char in ")]}":
            if self.closers:
                is_right = self.closers[-1] == char
                return replace(ahead, closers=self.closers[:-1]) if is_right else ANYTHING
            return ANYTHING if char == ")" and self._is_enough else None
        if char == "," and not self.closers:
            return replace(ahead, count=self._counted, begun=False) if self.begun else None
        if not self.begun and self.count == self.most:
            return None
        if char in "\"'":  # behind a letter or a digit it may be no string, or one of another kind
            return ANYTHING if self.in_word else replace(ahead, begun=True, quote=char)
        if char == "." and not self.begun:
            return ANYTHING
        closers = self.closers + _CLOSERS.get(char, "")
        return replace(self, begun=True, closers=closers, in_word=char in "$_" or char.isalnum())

    @property
    def _counted(self) -> int:
        """The arguments with this one; as many as make a difference."""
        return min(self.count + 1, self.fewest if self.most is None else self.most)

    @property
    def _is_enough(self) -> bool:
        total = self.count + self.begun
        return self.fewest <= total and (self.most is None or total <= self.most)


@lru_cache(1)
def _classes() -> tuple[tuple[str, Ranges], ...]:
    """Classes of characters that a call tells apart: one of each, and all of it."""
    left = difference(ANY, char_class([(ord(char), ord(char)) for char in _SPECIAL]))
    word = parse(r"[\w$]", "python")
    found: list[tuple[str, Ranges]] = [(char, ((ord(char),) * 2,)) for char in _SPECIAL]
    for part in (intersect(left, word), difference(left, word)):
        found += [(chr(ranges[0][0]), ranges) for ranges, _ in arcs(part)]
    return tuple(found)
