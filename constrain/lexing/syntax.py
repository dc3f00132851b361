"""The dialects of regular expressions: the texts that Python and ECMAScript patterns match.

Groups capture nothing here and lazy quantifiers are greedy ones: neither changes which texts
match. Backreferences, conditionals, atomic groups and possessive quantifiers are refused.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from constrain.errors import RegexSyntaxError
from constrain.lexing import unicode
from constrain.lexing.algebra import ahead_of, concat, difference, optional, union
from constrain.lexing.assertions import END, START, ahead, behind, containing, whole
from constrain.lexing.charset import char_class
from constrain.lexing.nodes import ANY, Regex
from constrain.lexing.parser import Member, Parser

Dialect = Literal["python", "ecma"]

_BACKREFERENCE = "backreferences are not regular; repeat the expression instead"
_CONDITIONAL = "conditional groups are not supported; write out the alternatives"
_ATOMIC = "atomic groups are not supported; use a plain group (?:...)"
_PROPERTY = r"Python has no \p{...}; write a class, such as \w or [^\W\d_] for letters"
_POSSESSIVE = "possessive quantifiers are not supported; use a plain quantifier"

_CONTROLS = {"f": 0x0C, "n": 0x0A, "r": 0x0D, "t": 0x09, "v": 0x0B}
_ASCII_DIGITS = char_class([(0x30, 0x39)])
_ASCII_SPACES = char_class([(0x09, 0x0D), (0x20, 0x20)])
_ASCII_WORD = char_class([(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)])
_LINE_FEED = char_class([(0x0A, 0x0A)])
_ECMA_LINE_ENDS = char_class([(0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029)])
_ECMA_SPACES = char_class(
    [
        (0x09, 0x0D),
        *[(point, point) for point in (0x20, 0xA0, 0x1680, 0x202F, 0x205F, 0x3000, 0xFEFF)],
        (0x2000, 0x200A),
        (0x2028, 0x2029),
    ]
)


def parse(pattern: str, dialect: Dialect = "python", flags: str = "") -> Regex:
    """The texts that a pattern matches in full.

    Args:
        pattern: the pattern. "python" is the syntax of `re` on `str`; "ecma" that of ECMA-262
            with the flag u, and, beyond it, `{`, `}` and `]` may stand for themselves, any
            punctuation may be escaped, and a `-` next to a class in a set is a member. In both,
            lookbehinds may have any width, and `\\B` matches in the empty text.
        dialect: "python" or "ecma".
        flags: letters out of "aimsux" (python) or "imsu" (ecma), with the dialect's meaning.

    Raises:
        RegexSyntaxError: the pattern is malformed, or uses what is not regular.
    """
    return whole(_parse(pattern, dialect, flags))


def search(pattern: str, dialect: Dialect = "ecma", flags: str = "") -> Regex:
    """The texts in which a search for the pattern finds a match. Arguments as for `parse`."""
    return containing(_parse(pattern, dialect, flags))


def _parse(pattern: str, dialect: Dialect, flags: str) -> Regex:
    parser = _PythonParser if dialect == "python" else _ECMAParser
    for flag in flags:
        if flag not in parser.all_flags:
            known = ", ".join(parser.all_flags)
            raise RegexSyntaxError(pattern, 0, f"unknown flag {flag!r}; the flags are {known}")
    return parser(pattern, frozenset(flags)).parse()


def _boundary(word: Regex, negated: bool) -> Regex:
    """Between a word character and none (negated: elsewhere)."""
    return union(
        concat(behind(word), ahead(word, negated=not negated)),
        concat(behind(word, negated=True), ahead(word, negated=negated)),
    )


class _PythonParser(Parser):
    all_flags = "aimsux"
    bounds = re.compile(r"(?!\})([0-9]*)(?:,([0-9]*))?\}")
    repeatable_assertions = ("=", "!", "<=", "<!")
    bracket_first = True

    def __init__(self, pattern: str, flags: frozenset[str]) -> None:
        super().__init__(pattern, flags)
        self.names: set[str] = set()

    def item(self) -> None:
        if "x" in self.flags:
            if self.pattern[self.position] in " \t\n\r\v\f":
                self.position += 1
                return
            if self.accept("#"):
                end = self.pattern.find("\n", self.position)
                self.position = end + 1 if end >= 0 else len(self.pattern)
                return
        super().item()

    def quantify(self, start: int, low: int, high: int | None) -> None:
        super().quantify(start, low, high)
        if self.pattern.startswith("+", self.position) and self.pattern[self.position - 1] != "?":
            self.fail(_POSSESSIVE, self.position)

    def dot(self) -> Regex:
        return ANY if "s" in self.flags else difference(ANY, _LINE_FEED)

    def line_start(self) -> Regex:
        return union(START, behind(_LINE_FEED)) if "m" in self.flags else START

    def line_end(self) -> Regex:
        if "m" in self.flags:
            return union(END, ahead(_LINE_FEED))
        return ahead_of(optional(_LINE_FEED))

    def case_closure(self, r: Regex) -> Regex:
        if "a" in self.flags:
            return unicode.ascii_case_closure(r)
        return unicode.python_case_closure(r)

    def class_in_range(self, start: int) -> None:
        self.fail("a range cannot end in a class", start)

    def escape(self, start: int) -> None:
        char = self.pattern[self.position : self.position + 1]
        digits = re.compile("[0-3][0-7]{2}|[1-9]").match(self.pattern, self.position)
        if char in ("A", "Z"):
            self.position += 1
            self.add(START if char == "A" else END, "nothing to repeat")
        elif char in ("b", "B"):
            self.position += 1
            self.add(_boundary(self.named_class("w"), char == "B"), "nothing to repeat")
        elif digits and len(digits[0]) == 1:
            self.fail(_BACKREFERENCE, start)
        elif digits:
            self.position = digits.end()
            self.add_character(int(digits[0], 8))
        else:
            member = self.character_or_class(start)
            if isinstance(member, int):
                self.add_character(member)
            else:
                self.add(member)

    def set_escape(self, start: int) -> Member:
        octal = re.compile("[0-7]{1,3}").match(self.pattern, self.position)
        if octal:
            self.position = octal.end()
            if int(octal[0], 8) > 0o377:
                self.fail("octal escapes end at \\377", start)
            return int(octal[0], 8)
        return 0x08 if self.accept("b") else self.character_or_class(start)

    def character_or_class(self, start: int) -> Member:
        if self.position >= len(self.pattern):
            self.fail("nothing follows the backslash", start)
        char = self.take()
        if char in "dDsSwW":
            return self.named_class(char)
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char == "a":
            return 0x07
        if char == "0":
            octal = re.compile("[0-7]{0,2}").match(self.pattern, self.position)
            self.position += len(octal[0]) if octal else 0
            return int("0" + (octal[0] if octal else ""), 8)
        if char in "xuU":
            codepoint = self.hexadecimal(start, {"x": 2, "u": 4, "U": 8}[char])
            if codepoint > 0x10FFFF:
                self.fail("code points end at 10FFFF", start)
            return codepoint
        if char == "N":
            name = re.compile(r"\{([^}]+)\}").match(self.pattern, self.position)
            try:
                found = unicodedata.lookup(name[1]) if name else ""
            except KeyError:
                found = ""
            if name is None or len(found) != 1:
                self.fail("a character's name in braces is missing here", start)
            self.position = name.end()
            return ord(found)
        if char in "pP":
            self.fail(_PROPERTY, start)
        if char.isascii() and char.isalnum():
            self.fail(f"unknown escape \\{char}", start)
        return ord(char)

    def named_class(self, letter: str) -> Regex:
        if "a" in self.flags:
            members = {"d": _ASCII_DIGITS, "s": _ASCII_SPACES, "w": _ASCII_WORD}[letter.lower()]
        elif letter in "dD":
            members = unicode.digits()
        else:
            members = unicode.spaces() if letter in "sS" else unicode.word_characters()
        return members if letter.islower() else difference(ANY, members)

    def open_group(self, start: int) -> None:
        if not self.accept("?") or self.accept(":"):
            self.push(start)
        elif self.accept("P<"):
            name = re.compile("([^>]*)>").match(self.pattern, self.position)
            if name is None or not name[1].isidentifier() or name[1] in self.names:
                self.fail("a new group needs a name of its own, an identifier", start)
            self.names.add(name[1])
            self.position = name.end()
            self.push(start)
        elif self.accept("#"):
            end = self.pattern.find(")", self.position)
            if end < 0:
                self.fail("this comment is not closed", start)
            self.position = end + 1
        elif self.accept("P="):
            self.fail(_BACKREFERENCE, start)
        elif self.accept("("):
            self.fail(_CONDITIONAL, start)
        elif self.accept(">"):
            self.fail(_ATOMIC, start)
        elif look := re.compile("<?[=!]").match(self.pattern, self.position):
            self.position = look.end()
            self.push_assertion(start, look[0])
        else:
            self.inline_flags(start)

    def inline_flags(self, start: int) -> None:
        found = re.compile("([aimsux]*)(?:-([imsx]+))?([:)])").match(self.pattern, self.position)
        if found is None or not (found[1] or found[2]) or {"a", "u"} <= set(found[1]):
            self.fail("unknown kind of group", start)
        on, off = frozenset(found[1]), frozenset(found[2] or "")
        if on & off:
            self.fail("a flag is both turned on and off", start)
        self.position = found.end()
        flags = self.flags - off - ({"a"} if "u" in on else set()) | on
        if found[3] == ":":
            self.push(start, flags=flags)
        elif off or len(self.groups) > 1 or self.groups[0].items or self.groups[0].branches:
            self.fail("flags for the whole pattern stand at its start", start)
        else:
            self.flags = flags


class _ECMAParser(Parser):
    all_flags = "imsu"
    bounds = re.compile(r"([0-9]+)(?:,([0-9]*))?\}")
    repeatable_assertions = ("=", "!")
    bracket_first = False

    def dot(self) -> Regex:
        return ANY if "s" in self.flags else difference(ANY, _ECMA_LINE_ENDS)

    def line_start(self) -> Regex:
        return union(START, behind(_ECMA_LINE_ENDS)) if "m" in self.flags else START

    def line_end(self) -> Regex:
        return union(END, ahead(_ECMA_LINE_ENDS)) if "m" in self.flags else END

    def case_closure(self, r: Regex) -> Regex:
        return unicode.ecma_case_closure(r)

    def class_in_range(self, start: int) -> None:
        pass

    def escape(self, start: int) -> None:
        if self.accept("b") or self.accept("B"):
            negated = self.pattern[self.position - 1] == "B"
            self.add(_boundary(self.word(), negated), "nothing to repeat")
        elif re.compile("[1-9]|k").match(self.pattern, self.position):
            self.fail(_BACKREFERENCE, start)
        else:
            member = self.character_or_class(start)
            if isinstance(member, int):
                self.add_character(member)
            else:
                self.add(member)

    def set_escape(self, start: int) -> Member:
        return 0x08 if self.accept("b") else self.character_or_class(start)

    def character_or_class(self, start: int) -> Member:
        if self.position >= len(self.pattern):
            self.fail("nothing follows the backslash", start)
        char = self.take()
        if char in "dDsSwW":
            members = {"d": _ASCII_DIGITS, "s": _ECMA_SPACES, "w": self.word()}[char.lower()]
            return members if char.islower() else difference(ANY, members)
        if char in "pP":
            members = self.unicode_property(start)
            return members if char == "p" else difference(ANY, members)
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char == "0" and not re.compile("[0-9]").match(self.pattern, self.position):
            return 0
        if char == "c" and (letter := re.compile("[A-Za-z]").match(self.pattern, self.position)):
            self.position += 1
            return ord(letter[0]) % 32
        if char == "x":
            return self.hexadecimal(start, 2)
        if char == "u":
            return self.unicode_escape(start)
        if char.isascii() and char.isalnum():
            hint = {"A": "; use ^", "Z": "; use $", "z": "; use $"}.get(char, "")
            self.fail(f"unknown escape \\{char}{hint}", start)
        return ord(char)

    def unicode_escape(self, start: int) -> int:
        braced = re.compile(r"\{0*([0-9A-Fa-f]{1,6})\}").match(self.pattern, self.position)
        if braced:
            self.position = braced.end()
            if int(braced[1], 16) > 0x10FFFF:
                self.fail("code points end at 10FFFF", start)
            return int(braced[1], 16)
        unit = self.hexadecimal(start, 4)
        low = re.compile(r"\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})").match(self.pattern, self.position)
        if 0xD800 <= unit < 0xDC00 and low:
            self.position = low.end()
            return 0x10000 + ((unit - 0xD800) << 10) + int(low[1], 16) - 0xDC00
        return unit

    def word(self) -> Regex:
        return self.case_closure(_ASCII_WORD) if "i" in self.flags else _ASCII_WORD

    def unicode_property(self, start: int) -> Regex:
        found = re.compile(r"\{(?:([A-Za-z_]+)=)?([A-Za-z0-9_]+)\}").match(
            self.pattern, self.position
        )
        if found is None:
            self.fail("a property in braces is missing here, as in \\p{L}", start)
        self.position = found.end()
        name, value = found[1], found[2]
        members = None
        if name in (None, "General_Category", "gc"):
            members = unicode.category(value)
        if name in ("Script", "sc", "Script_Extensions", "scx"):
            members = unicode.script(value)
        if name is None and members is None:
            members = unicode.binary_property(value)
        if members is None:
            self.fail(f"unknown Unicode property {found[0]}", start)
        return self.case_closure(members) if "i" in self.flags else members

    def open_group(self, start: int) -> None:
        if not self.accept("?") or self.accept(":"):
            self.push(start)
        elif look := re.compile("<?[=!]").match(self.pattern, self.position):
            self.position = look.end()
            self.push_assertion(start, look[0])
        elif name := re.compile("<([^>]*)>").match(self.pattern, self.position):
            if not name[1].replace("$", "_").isidentifier():
                self.fail("a group's name is an identifier", start)
            self.position = name.end()
            self.push(start)
        elif flags := re.compile("([ims]*)(?:-([ims]*))?:").match(self.pattern, self.position):
            self.position = flags.end()
            self.push(start, flags=self.flags - frozenset(flags[2] or "") | frozenset(flags[1]))
        elif self.accept("("):
            self.fail(_CONDITIONAL, start)
        elif self.accept(">"):
            self.fail(_ATOMIC, start)
        elif self.accept("P<"):
            self.fail("a group is named as in (?<name>...)", start)
        elif re.compile("[a-z]+[)]").match(self.pattern, self.position):
            self.fail("flags are set for a group, as in (?i:...)", start)
        else:
            self.fail("unknown kind of group", start)
