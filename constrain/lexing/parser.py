"""What the dialects of regular expressions share: alternation, quantifiers, groups, sets.

The parser keeps its own stack of open groups, so nesting is as deep as memory allows.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from constrain.errors import RegexSyntaxError, RegexTooComplexError
from constrain.lexing.algebra import concat, difference, literal, repeat, union
from constrain.lexing.assertions import ahead, behind
from constrain.lexing.charset import char_class
from constrain.lexing.nodes import ANY, EPSILON, Regex

MOST_REPETITIONS = 10**9
"""The largest count that a quantifier may ask for."""

Member = int | Regex
"""A member of a set in brackets: one code point, or a class."""


def identity(r: Regex) -> Regex:
    """What a group makes of its body if it only groups."""
    return r


@dataclass(slots=True)
class Group:
    """A group that is not closed yet."""

    start: int
    """Position of its parenthesis."""
    flags: frozenset[str]
    """The flags outside of it, in force again when it closes."""
    close: Callable[[Regex], Regex]
    """Makes of its body what it stands for."""
    repeatable: bool = True
    branches: list[Regex] = field(default_factory=list)
    items: list[Regex | str] = field(default_factory=list)
    """The branch so far; single characters as text."""
    unrepeatable: str | None = "nothing to repeat"
    """Why the last item takes no quantifier, or None."""

    def end_branch(self) -> None:
        """Make the items a branch."""
        parts: list[Regex] = []
        text = ""
        for item in [*self.items, EPSILON]:
            if isinstance(item, str):
                text += item
            else:
                parts += [literal(text), item]
                text = ""
        self.branches.append(concat(*parts))
        self.items = []
        self.unrepeatable = "nothing to repeat"


class Parser(ABC):
    """Reads one pattern. Subclasses say what escapes, groups and flags mean."""

    bounds: re.Pattern[str]
    """What follows the brace of a bounded quantifier: the least and the most, each optional."""
    repeatable_assertions: tuple[str, ...]
    """The kinds of lookaround that may take a quantifier."""
    bracket_first: bool
    """A bracket that closes a set is a member where it stands first."""

    def __init__(self, pattern: str, flags: frozenset[str]) -> None:
        self.pattern = pattern
        self.position = 0
        self.flags = flags
        self.groups = [Group(0, flags, identity)]

    @abstractmethod
    def dot(self) -> Regex:
        """What `.` matches."""

    @abstractmethod
    def line_start(self) -> Regex:
        """What `^` asserts."""

    @abstractmethod
    def line_end(self) -> Regex:
        """What `$` asserts."""

    @abstractmethod
    def case_closure(self, r: Regex) -> Regex:
        """A class with the characters that differ from its members in case only."""

    @abstractmethod
    def open_group(self, start: int) -> None:
        """Read on after an opening parenthesis."""

    @abstractmethod
    def escape(self, start: int) -> None:
        """Read on after a backslash outside of sets."""

    @abstractmethod
    def set_escape(self, start: int) -> Member:
        """Read on after a backslash in a set."""

    @abstractmethod
    def class_in_range(self, start: int) -> None:
        """Refuse or accept a set's range with a class for an end; accepted, `-` is a member."""

    def parse(self) -> Regex:
        """Read the whole pattern."""
        while self.position < len(self.pattern):
            self.item()
        if len(self.groups) > 1:
            self.fail("this group is not closed", self.groups[-1].start)
        return self.close_group()

    def item(self) -> None:
        """Read one item, quantifier, or piece of group syntax."""
        start = self.position
        char = self.take()
        if char == "|":
            self.groups[-1].end_branch()
        elif char == ")":
            if len(self.groups) == 1:
                self.fail("this parenthesis closes no group", start)
            group = self.groups[-1]
            self.add(self.close_group(), None if group.repeatable else "cannot be repeated")
        elif char == "(":
            self.open_group(start)
        elif char == "[":
            self.add(self.character_set(start))
        elif char == ".":
            self.add(self.dot())
        elif char == "^":
            self.add(self.line_start(), "nothing to repeat")
        elif char == "$":
            self.add(self.line_end(), "nothing to repeat")
        elif char == "\\":
            self.escape(start)
        elif char in "*+?":
            self.quantify(start, 1 if char == "+" else 0, 1 if char == "?" else None)
        elif char == "{" and (found := self.bounds.match(self.pattern, self.position)):
            self.position = found.end()
            low, high = self.count(found[1], start), self.count(found[2], start)
            self.quantify(start, low or 0, low if found[2] is None else high)
        else:
            self.add_character(ord(char))

    def take(self) -> str:
        """The next character, passed."""
        self.position += 1
        return self.pattern[self.position - 1]

    def accept(self, text: str) -> bool:
        """Whether `text` comes next; it is passed then."""
        if self.pattern.startswith(text, self.position):
            self.position += len(text)
            return True
        return False

    def fail(self, reason: str, position: int) -> NoReturn:
        """Raise `RegexSyntaxError`."""
        raise RegexSyntaxError(self.pattern, position, reason)

    def add(self, r: Regex, unrepeatable: str | None = None) -> None:
        """Add an item to the branch; `unrepeatable` says why it takes no quantifier."""
        group = self.groups[-1]
        group.items.append(r)
        group.unrepeatable = unrepeatable

    def add_character(self, codepoint: int) -> None:
        """Add one character to the branch."""
        if "i" in self.flags:
            self.add(self.case_closure(char_class([(codepoint, codepoint)])))
        else:
            self.groups[-1].items.append(chr(codepoint))
            self.groups[-1].unrepeatable = None

    def push(
        self,
        start: int,
        close: Callable[[Regex], Regex] = identity,
        flags: frozenset[str] | None = None,
        repeatable: bool = True,
    ) -> None:
        """Open a group in which `flags` are in force."""
        self.groups.append(Group(start, self.flags, close, repeatable))
        self.flags = self.flags if flags is None else flags

    def push_assertion(self, start: int, kind: str) -> None:
        """Open a lookaround of a kind: "=", "!", "<=" or "<!"."""
        look = behind if kind[0] == "<" else ahead
        repeatable = kind in self.repeatable_assertions
        self.push(start, lambda r: look(r, kind[-1] == "!"), repeatable=repeatable)

    def close_group(self) -> Regex:
        """What the innermost group stands for."""
        group = self.groups.pop()
        group.end_branch()
        self.flags = group.flags
        try:
            return group.close(union(*group.branches))
        except RegexTooComplexError as error:
            self.fail(error.limit, group.start)

    def count(self, digits: str | None, start: int) -> int | None:
        """The number of a quantifier, if there is one."""
        if not digits:
            return None
        if len(digits.lstrip("0")) > 10 or int(digits) > MOST_REPETITIONS:
            self.fail(f"more than {MOST_REPETITIONS} repetitions", start)
        return int(digits)

    def quantify(self, start: int, low: int, high: int | None) -> None:
        """Repeat the last item. A lazy quantifier matches the same texts as a greedy one."""
        group = self.groups[-1]
        if group.unrepeatable is not None:
            self.fail(group.unrepeatable, start)
        if high is not None and high < low:
            self.fail("the least number of repetitions is greater than the most", start)
        self.accept("?")
        item = group.items.pop()
        item = literal(item) if isinstance(item, str) else item
        self.add(repeat(item, low, high), "a quantifier cannot be quantified")

    def character_set(self, start: int) -> Regex:
        """Read on after the bracket that opens a set."""
        negated = self.accept("^")
        ranges: list[tuple[int, int]] = []
        classes: list[Regex] = []

        def include(member: Member) -> None:
            if isinstance(member, int):
                ranges.append((member, member))
            else:
                classes.append(member)

        first = True
        while (first and self.bracket_first) or not self.accept("]"):
            first = False
            position = self.position
            low = self.member(start)
            if self.accept("-"):
                if self.pattern.startswith("]", self.position):
                    include(low)
                    include(ord("-"))
                    continue
                high = self.member(start)
                if isinstance(low, int) and isinstance(high, int):
                    if high < low:
                        self.fail("the range ends before it starts", position)
                    ranges.append((low, high))
                else:
                    self.class_in_range(position)
                    include(low)
                    include(ord("-"))
                    include(high)
            else:
                include(low)
        members = char_class(ranges)
        if "i" in self.flags:
            members = self.case_closure(members)
        members = union(members, *classes)
        return difference(ANY, members) if negated else members

    def member(self, start: int) -> Member:
        """Read one member of the set that starts at `start`."""
        if self.position >= len(self.pattern):
            self.fail("this set is not closed", start)
        position = self.position
        char = self.take()
        return self.set_escape(position) if char == "\\" else ord(char)

    def hexadecimal(self, start: int, digits: int) -> int:
        """Read a number of exactly so many hexadecimal digits, in the escape at `start`."""
        text = self.pattern[self.position : self.position + digits]
        if len(text) < digits or re.search("[^0-9A-Fa-f]", text):
            self.fail(f"{digits} hexadecimal digits are missing here", start)
        self.position += digits
        return int(text, 16)
