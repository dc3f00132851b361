"""What the regular expression dialects know of Unicode, read from the running Python.

The classes of the standard library's Unicode version are collected on first use; expressions
that need none pay nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from itertools import groupby

from constrain.lexing.algebra import difference, union
from constrain.lexing.charset import char_class
from constrain.lexing.nodes import ANY, Chars, Ranges, Regex
from constrain.lexing.scripts import OTHER_ALPHABETIC, SCRIPTS

_SCANNED = (range(4), range(14, 15))
"""Planes with characters that differ; 4 to 13 are unassigned, 15 and 16 are for private use."""

_CATEGORY_NAMES = {
    "Cased_Letter": "LC",
    "Close_Punctuation": "Pe",
    "Combining_Mark": "M",
    "Connector_Punctuation": "Pc",
    "Control": "Cc",
    "Currency_Symbol": "Sc",
    "Dash_Punctuation": "Pd",
    "Decimal_Number": "Nd",
    "Enclosing_Mark": "Me",
    "Final_Punctuation": "Pf",
    "Format": "Cf",
    "Initial_Punctuation": "Pi",
    "Letter": "L",
    "Letter_Number": "Nl",
    "Line_Separator": "Zl",
    "Lowercase_Letter": "Ll",
    "Mark": "M",
    "Math_Symbol": "Sm",
    "Modifier_Letter": "Lm",
    "Modifier_Symbol": "Sk",
    "Nonspacing_Mark": "Mn",
    "Number": "N",
    "Open_Punctuation": "Ps",
    "Other": "C",
    "Other_Letter": "Lo",
    "Other_Number": "No",
    "Other_Punctuation": "Po",
    "Other_Symbol": "So",
    "Paragraph_Separator": "Zp",
    "Private_Use": "Co",
    "Punctuation": "P",
    "Separator": "Z",
    "Space_Separator": "Zs",
    "Spacing_Mark": "Mc",
    "Surrogate": "Cs",
    "Symbol": "S",
    "Titlecase_Letter": "Lt",
    "Unassigned": "Cn",
    "Uppercase_Letter": "Lu",
    "cntrl": "Cc",
    "digit": "Nd",
    "punct": "P",
}


@cache
def digits() -> Regex:
    """Decimal digits of all scripts: Python's `\\d`."""
    return _found(r"\d+")


@cache
def spaces() -> Regex:
    """Python's `\\s`."""
    return _found(r"\s+")


@cache
def word_characters() -> Regex:
    """Python's `\\w`."""
    return _found(r"\w+")


@cache
def category(name: str) -> Regex | None:
    """A General_Category by its short or long name; None if there is none of that name."""
    short = _CATEGORY_NAMES.get(name, name)
    members = ("Lu", "Ll", "Lt") if short == "LC" else (short,)
    parts = [part for one, part in _categories().items() if one in members or one[0] == short]
    return union(*parts) if parts else None


@cache
def script(name: str) -> Regex | None:
    """A script by its long or four-letter name; None if there is none of that name."""
    for line in SCRIPTS.replace("\n  ", " ").splitlines():
        names, _, ranges = line.partition(":")
        if name in names.split():
            return _parsed(ranges)
    return None


@cache
def binary_property(name: str) -> Regex | None:
    """A binary property by its short or long name; None where it is not known here."""
    build = _PROPERTIES.get(name)
    return None if build is None else build()


def python_case_closure(r: Regex) -> Regex:
    """The characters that Python's IGNORECASE takes for one of a class."""
    return _closure(r, _python_cases())


def ascii_case_closure(r: Regex) -> Regex:
    """As `python_case_closure`, with the flag ASCII."""
    return _closure(r, _ascii_cases())


def ecma_case_closure(r: Regex) -> Regex:
    """The characters with the same simple case folding as one of a class."""
    return _closure(r, _ecma_cases())


def _found(runs: str) -> Regex:
    """The characters in what `re` finds: fast, and the dialect by definition."""
    return char_class(
        (start + match.start(), start + match.end() - 1)
        for start, text in _characters()
        for match in re.finditer(runs, text)
    )


def _where(test: Callable[[str], object]) -> Regex:
    return char_class(
        (first + start, first + end - 1)
        for first, text in _characters()
        for start, end, found in _runs(map(test, text))
        if found
    )


def _characters() -> Iterable[tuple[int, str]]:
    """The first code point, and all characters, of each run of planes to look at.

    The text is written as UTF-32 column by column, which takes a tenth of the time of `chr`.
    """
    for planes in _SCANNED:
        units = bytearray(len(planes) << 18)
        units[0::4] = bytes(range(256)) * (len(planes) << 8)
        units[1::4] = b"".join([bytes([row]) * 256 for row in range(256)]) * len(planes)
        units[2::4] = b"".join([bytes([plane]) * 0x10000 for plane in planes])
        yield planes.start << 16, units.decode("utf-32-le", "surrogatepass")


def _runs(values: Iterable[object]) -> Iterable[tuple[int, int, object]]:
    """Start, end and value of the runs of equal values."""
    end = 0
    for value, run in groupby(values):
        start, end = end, end + sum(1 for _ in run)
        yield start, end, value


@cache
def _categories() -> dict[str, Regex]:
    ranges: dict[str, list[tuple[int, int]]] = {
        "Cn": [(0x40000, 0xDFFFF), (0xFFFFE, 0xFFFFF), (0x10FFFE, 0x10FFFF)],
        "Co": [(0xF0000, 0xFFFFD), (0x100000, 0x10FFFD)],
    }
    for first, text in _characters():
        for start, end, name in _runs(map(unicodedata.category, text)):
            ranges.setdefault(str(name), []).append((first + start, first + end - 1))
    return {name: char_class(parts) for name, parts in ranges.items()}


def _parsed(ranges: str) -> Regex:
    pairs = [part.split("-") for part in ranges.split()]
    return char_class([(int(pair[0], 16), int(pair[-1], 16)) for pair in pairs])


def _not(r: Regex) -> Regex:
    return difference(ANY, r)


def _alphabetic() -> Regex:
    cased = [_where(str.islower), _where(str.isupper)]
    others = [_categories()[name] for name in ("Lt", "Lm", "Lo", "Nl")]
    return union(*cased, *others, _parsed(OTHER_ALPHABETIC))


def _ascii_hex_digit() -> Regex:
    return char_class([(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)])


_PROPERTIES: dict[str, Callable[[], Regex]] = {
    "Any": lambda: ANY,
    "ASCII": lambda: char_class([(0, 0x7F)]),
    "Assigned": lambda: _not(_categories()["Cn"]),
    **dict.fromkeys(("ASCII_Hex_Digit", "AHex"), _ascii_hex_digit),
    **dict.fromkeys(("Alphabetic", "Alpha"), _alphabetic),
    **dict.fromkeys(("Lowercase", "Lower"), lambda: _where(str.islower)),
    **dict.fromkeys(("Uppercase", "Upper"), lambda: _where(str.isupper)),
    **dict.fromkeys(
        ("White_Space", "space"), lambda: difference(spaces(), char_class([(0x1C, 0x1F)]))
    ),
    **dict.fromkeys(
        ("XID_Start", "XIDS"),
        lambda: difference(_where(str.isidentifier), char_class([(0x5F, 0x5F)])),
    ),
    **dict.fromkeys(
        ("XID_Continue", "XIDC"), lambda: _where(lambda char: ("_" + char).isidentifier())
    ),
}


def _cases(key: Callable[[str], str]) -> dict[int, Ranges]:
    """The code points that share their key with others, each with the ranges of all of these."""
    groups: dict[str, list[int]] = {}
    for char in map(chr, range(0x20000)):
        if char.swapcase() != char or char.casefold() != char:
            groups.setdefault(key(char), []).append(ord(char))
    return {
        codepoint: tuple([(other, other) for other in group])
        for group in groups.values()
        if len(group) > 1
        for codepoint in group
    }


@cache
def _python_cases() -> dict[int, Ranges]:
    return _cases(lambda char: char.lower()[0].upper())


@cache
def _ascii_cases() -> dict[int, Ranges]:
    pairs = [(upper, upper + 0x20) for upper in range(0x41, 0x5B)]
    return {
        point: ((upper, upper), (lower, lower))
        for upper, lower in pairs
        for point in (upper, lower)
    }


@cache
def _ecma_cases() -> dict[int, Ranges]:
    def simple_fold(char: str) -> str:
        return next((form for form in (char.casefold(), char.lower()) if len(form) == 1), char)

    return _cases(simple_fold)


def _closure(r: Regex, cases: dict[int, Ranges]) -> Regex:
    if not isinstance(r, Chars):
        return r
    ranges = list(r.ranges)
    for low, high in r.ranges:
        if high - low < len(cases):
            found: Iterable[int] = [point for point in range(low, high + 1) if point in cases]
        else:
            found = [point for point in cases if low <= point <= high]
        for point in found:
            ranges.extend(cases[point])
    return char_class(ranges)
