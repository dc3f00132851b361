"""Python patterns as programs for a backtracking search, with the order in which it tries.

The tree is that of `re`'s own parser, the same for Python 3.10 to 3.13.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from constrain.errors import RegexSyntaxError, RegexTooComplexError
from constrain.lexing import unicode
from constrain.lexing.algebra import (
    complement,
    concat,
    difference,
    intersect,
    optional,
    repeat,
    union,
)
from constrain.lexing.charset import char_class
from constrain.lexing.nodes import ANY, ANYTHING, EMPTY, EPSILON, Regex

try:
    from re import _constants as ops  # type: ignore[attr-defined]
    from re import _parser as reader  # type: ignore[attr-defined]
except ImportError:  # Python 3.10
    import sre_constants as ops
    import sre_parse as reader

_MOST_INSTRUCTIONS = 20_000

_ASCII = {
    ops.CATEGORY_DIGIT: [(0x30, 0x39)],
    ops.CATEGORY_SPACE: [(0x09, 0x0D), (0x20, 0x20)],
    ops.CATEGORY_WORD: [(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)],
}
_UNICODE = {
    ops.CATEGORY_DIGIT: unicode.digits,
    ops.CATEGORY_SPACE: unicode.spaces,
    ops.CATEGORY_WORD: unicode.word_characters,
}
_NEGATED = {
    ops.CATEGORY_NOT_DIGIT: ops.CATEGORY_DIGIT,
    ops.CATEGORY_NOT_SPACE: ops.CATEGORY_SPACE,
    ops.CATEGORY_NOT_WORD: ops.CATEGORY_WORD,
}
_LINE_FEED = char_class([(0x0A, 0x0A)])


@dataclass(frozen=True, slots=True)
class Char:
    """Read one character of a class."""

    chars: Regex
    following: int


@dataclass(frozen=True, slots=True)
class Split:
    """Go on in several places, tried in this order."""

    following: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Again:
    """Go back to a loop; out of it, if this round has read nothing."""

    loop: int
    following: int


@dataclass(frozen=True, slots=True)
class Look:
    """Go on if the rest of the text is in `ahead`, or the text so far in a lookbehind."""

    following: int
    ahead: Regex
    behind: int | None = None
    """Its number, where this is a lookbehind."""
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """The search has come to a match."""


Instruction = Char | Split | Again | Look | Match


@dataclass(frozen=True, slots=True)
class Program:
    """A pattern as instructions; the first is the start.

    Attributes:
        code: the instructions.
        behinds: the languages of the texts before which the lookbehinds hold.
    """

    code: tuple[Instruction, ...]
    behinds: tuple[Regex, ...]

    @property
    def looks(self) -> bool:
        """Whether it looks at anything but the next character."""
        return any(isinstance(instruction, Look) for instruction in self.code)


def compile_program(pattern: str) -> Program:
    """The program of a pattern that `syntax.parse` takes."""
    compiler = _Compiler(pattern)
    tree = reader.parse(pattern)
    compiler.code.append(Match())
    start = compiler.sequence(tree, 0, tree.state.flags)
    # The start comes first: instructions are numbered from the end of the pattern.
    compiler.code.append(Split((start,)))
    last = len(compiler.code) - 1
    code = tuple(_moved(instruction, last) for instruction in reversed(compiler.code))
    return Program(code, tuple(compiler.behinds))


def _moved(instruction: Instruction, last: int) -> Instruction:
    if isinstance(instruction, Char):
        return Char(instruction.chars, last - instruction.following)
    if isinstance(instruction, Split):
        return Split(tuple(last - after for after in instruction.following))
    if isinstance(instruction, Again):
        return Again(last - instruction.loop, last - instruction.following)
    if isinstance(instruction, Look):
        following = last - instruction.following
        return Look(following, instruction.ahead, instruction.behind, instruction.negated)
    return instruction


class _Compiler:
    """Builds a program from its end to its start."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.code: list[Instruction] = []
        self.behinds: list[Regex] = []

    def sequence(self, items: Any, following: int, flags: int) -> int:
        for op, argument in reversed(list(items)):
            following = self.item(op, argument, following, flags)
        return following

    def item(self, op: Any, argument: Any, following: int, flags: int) -> int:
        """Add what an item stands for, before the instruction `following`; return its start."""
        if op in (ops.MAX_REPEAT, ops.MIN_REPEAT):
            return self.quantified(argument, op is ops.MIN_REPEAT, following, flags)
        if op is ops.BRANCH:
            branches = [self.sequence(branch, following, flags) for branch in argument[1]]
            return self.add(Split(tuple(branches)))
        if op is ops.SUBPATTERN:
            _, on, off, body = argument
            return self.sequence(body, following, _with(flags, on, off))
        if op in (ops.ASSERT, ops.ASSERT_NOT):
            direction, body = argument
            negated = op is ops.ASSERT_NOT
            if direction < 0:
                language = concat(ANYTHING, self.language(body, flags))
                return self.behind(language, negated, following)
            rests = self.rests(body, ANYTHING, flags)
            return self.ahead(complement(rests) if negated else rests, following)
        if op is ops.AT:
            return self.anchor(argument, following, flags)
        return self.add(Char(self.chars(op, argument, flags), following))

    def add(self, instruction: Instruction) -> int:
        if len(self.code) == _MOST_INSTRUCTIONS:
            raise RegexTooComplexError(f"more than {_MOST_INSTRUCTIONS:,} instructions")
        self.code.append(instruction)
        return len(self.code) - 1

    def ahead(self, language: Regex, following: int) -> int:
        return self.add(Look(following, language))

    def behind(self, language: Regex, negated: bool, following: int) -> int:
        self.behinds.append(language)
        return self.add(Look(following, EMPTY, len(self.behinds) - 1, negated))

    def quantified(self, argument: Any, lazy: bool, following: int, flags: int) -> int:
        low, high, body = argument
        if high is ops.MAXREPEAT:
            loop = self.add(Split(()))
            start = self.sequence(body, self.add(Again(loop, following)), flags)
            self.code[loop] = _split(start, following, lazy)
            following = loop
        else:
            end = following
            for _ in range(high - low):
                following = self.add(_split(self.sequence(body, following, flags), end, lazy))
        for _ in range(low):
            following = self.sequence(body, following, flags)
        return following

    def anchor(self, kind: Any, following: int, flags: int) -> int:
        if kind is ops.AT_BEGINNING:
            start = EPSILON
            if flags & re.MULTILINE:
                start = union(EPSILON, concat(ANYTHING, _LINE_FEED))
            return self.behind(start, False, following)
        if kind is ops.AT_BEGINNING_STRING:
            return self.behind(EPSILON, False, following)
        if kind in (ops.AT_END, ops.AT_END_STRING):
            return self.ahead(_after_end(kind, flags), following)
        before, after = _beside_word(flags)
        crossing = kind is ops.AT_BOUNDARY
        ways = [
            self.behind(
                before, negated, self.ahead(after if inside else complement(after), following)
            )
            for negated, inside in ((False, not crossing), (True, crossing))
        ]
        return self.add(Split(tuple(ways)))

    def chars(self, op: Any, argument: Any, flags: int) -> Regex:
        if op is ops.ANY:
            return ANY if flags & re.DOTALL else difference(ANY, _LINE_FEED)
        if op is ops.LITERAL:
            return _cased(char_class([(argument, argument)]), flags)
        if op is ops.NOT_LITERAL:
            return difference(ANY, _cased(char_class([(argument, argument)]), flags))
        if op is ops.IN:
            negated = False
            ranges, classes = [], []
            for kind, member in argument:
                if kind is ops.NEGATE:
                    negated = True
                elif kind is ops.LITERAL:
                    ranges.append((member, member))
                elif kind is ops.RANGE:
                    ranges.append(member)
                else:
                    classes.append(_category(member, flags))
            found = union(_cased(char_class(ranges), flags), *classes)
            return difference(ANY, found) if negated else found
        raise RegexSyntaxError(self.pattern, 0, f"{str(op).lower()} is not regular")

    def rests(self, items: Any, following: Regex, flags: int) -> Regex:
        """The texts that begin with a match of a lookahead's body and go on in `following`."""
        items = list(items)
        while items:
            op, argument = items.pop()
            if op is ops.BRANCH:
                ways = [self.rests(branch, following, flags) for branch in argument[1]]
                following = union(*ways)
            elif op is ops.SUBPATTERN:
                _, on, off, body = argument
                following = self.rests(body, following, _with(flags, on, off))
            elif op in (ops.ASSERT, ops.ASSERT_NOT) and argument[0] > 0:
                found = self.rests(argument[1], ANYTHING, flags)
                found = complement(found) if op is ops.ASSERT_NOT else found
                following = intersect(following, found)
            elif op is ops.AT and argument in (ops.AT_END, ops.AT_END_STRING):
                following = intersect(following, _after_end(argument, flags))
            elif op is ops.AT and argument in (ops.AT_BOUNDARY, ops.AT_NON_BOUNDARY):
                head = self.language(items, flags)
                if head.nullable:
                    raise self.nested()
                before, after = _beside_word(flags)
                if argument is ops.AT_BOUNDARY:
                    after = complement(after)
                return union(
                    concat(intersect(head, before), intersect(following, after)),
                    concat(difference(head, before), difference(following, after)),
                )
            else:
                following = concat(self.language([(op, argument)], flags), following)
        return following

    def nested(self) -> RegexSyntaxError:
        reason = "such an assertion within an assertion is not supported in terminals"
        return RegexSyntaxError(self.pattern, 0, reason)

    def language(self, items: Any, flags: int) -> Regex:
        """The texts that the body of a lookaround matches; it may hold no lookaround itself."""
        parts: list[Regex] = []
        for op, argument in items:
            if op in (ops.MAX_REPEAT, ops.MIN_REPEAT):
                low, high, body = argument
                most = None if high is ops.MAXREPEAT else high
                parts.append(repeat(self.language(body, flags), low, most))
            elif op is ops.BRANCH:
                parts.append(union(*[self.language(branch, flags) for branch in argument[1]]))
            elif op is ops.SUBPATTERN:
                _, on, off, body = argument
                parts.append(self.language(body, _with(flags, on, off)))
            elif op in (ops.ASSERT, ops.ASSERT_NOT, ops.AT):
                raise self.nested()
            else:
                parts.append(self.chars(op, argument, flags))
        return concat(*parts)


def _after_end(kind: Any, flags: int) -> Regex:
    """What may follow where the text, or a line of it, ends."""
    if kind is ops.AT_END_STRING:
        return EPSILON
    if flags & re.MULTILINE:
        return union(EPSILON, concat(_LINE_FEED, ANYTHING))
    return optional(_LINE_FEED)


def _beside_word(flags: int) -> tuple[Regex, Regex]:
    """The texts that end in a word character, and those that begin with one."""
    word = _category(ops.CATEGORY_WORD, flags)
    return concat(ANYTHING, word), concat(word, ANYTHING)


def _split(body: int, following: int, lazy: bool) -> Split:
    return Split((following, body) if lazy else (body, following))


def _with(flags: int, on: int, off: int) -> int:
    if on & (re.ASCII | re.UNICODE):
        flags &= ~(re.ASCII | re.UNICODE)
    return (flags | on) & ~off


def _cased(chars: Regex, flags: int) -> Regex:
    if not flags & re.IGNORECASE or chars is EMPTY:
        return chars
    closure = unicode.ascii_case_closure if flags & re.ASCII else unicode.python_case_closure
    return closure(chars)


def _category(kind: Any, flags: int) -> Regex:
    if kind in _NEGATED:
        return difference(ANY, _category(_NEGATED[kind], flags))
    return char_class(_ASCII[kind]) if flags & re.ASCII else _UNICODE[kind]()
