"""The Unicode classes against the standard library."""

from __future__ import annotations

import unicodedata

import pytest

from constrain.lexing import unicode
from constrain.lexing.charset import char_class
from constrain.lexing.nodes import EMPTY, Chars, Regex
from constrain.lexing.scripts import SCRIPTS

SCALARS = [*range(0xD800), *range(0xE000, 0x110000)]


def members(r: Regex | None) -> set[int]:
    assert isinstance(r, Chars)
    return {point for low, high in r.ranges for point in range(low, high + 1)}


def test_categories_are_those_of_unicodedata() -> None:
    by_category: dict[str, set[int]] = {}
    for point in SCALARS:
        by_category.setdefault(unicodedata.category(chr(point)), set()).add(point)
    for name, points in by_category.items():
        assert members(unicode.category(name)) == points
    for letter in "LMNPSZC":
        expected = set().union(*[by_category[name] for name in by_category if name[0] == letter])
        assert members(unicode.category(letter)) == expected
    assert (
        members(unicode.category("LC")) == by_category["Lu"] | by_category["Ll"] | by_category["Lt"]
    )


def test_long_names_are_those_of_the_short_ones() -> None:
    for long, short in (("Letter", "L"), ("Decimal_Number", "Nd"), ("punct", "P"), ("Other", "C")):
        assert unicode.category(long) is unicode.category(short)
    assert unicode.category("Surrogate") is EMPTY
    assert unicode.category("letter") is None


def test_every_character_has_one_script() -> None:
    names = [
        line.split(":")[0].split() for line in SCRIPTS.replace("\n  ", " ").split("\n") if line
    ]
    assert len({name for line in names for name in line}) == sum(len(line) for line in names)
    seen: set[int] = set()
    for line in names:
        points = members(unicode.script(line[0]))
        assert all(unicode.script(name) is unicode.script(line[0]) for name in line)
        assert seen.isdisjoint(points)
        seen |= points
    assigned = members(unicode.binary_property("Assigned"))
    assert assigned - members(unicode.category("Co")) <= seen


@pytest.mark.parametrize(
    ("script", "prefix"),
    [
        ("Latin", "LATIN SMALL LETTER "),
        ("Greek", "GREEK CAPITAL LETTER "),
        ("Cyrillic", "CYRILLIC SMALL LETTER "),
        ("Hebrew", "HEBREW LETTER "),
        ("Arabic", "ARABIC LETTER HAH"),
        ("Devanagari", "DEVANAGARI LETTER "),
        ("Thai", "THAI CHARACTER "),
        ("Hangul", "HANGUL SYLLABLE "),
        ("Hiragana", "HIRAGANA LETTER "),
        ("Han", "CJK UNIFIED IDEOGRAPH-"),
    ],
)
def test_scripts_agree_with_names(script: str, prefix: str) -> None:
    named = {point for point in SCALARS if unicodedata.name(chr(point), "").startswith(prefix)}
    assert named
    assert named <= members(unicode.script(script))


def test_binary_properties() -> None:
    alphabetic = members(unicode.binary_property("Alphabetic"))
    assert {point for point in SCALARS if chr(point).isalpha()} <= alphabetic
    assert members(unicode.category("Nl")) <= alphabetic
    assert alphabetic.isdisjoint(members(unicode.category("Nd")))
    spaces = members(unicode.binary_property("White_Space"))
    assert spaces >= {0x09, 0x20, 0x85, 0xA0, 0x3000}
    assert spaces.isdisjoint({0x1C, 0x1F, 0x200B, 0xFEFF})
    continuing = members(unicode.binary_property("XID_Continue"))
    assert members(unicode.binary_property("XID_Start")) < continuing
    assert continuing == {point for point in SCALARS if f"a{chr(point)}".isidentifier()}
    assert members(unicode.binary_property("Uppercase")) == {
        point for point in SCALARS if chr(point).isupper()
    }
    assert unicode.binary_property("alphabetic") is None
    assert unicode.script("latin") is None


def test_case_closures() -> None:
    k, sharp = char_class([(0x6B, 0x6B)]), char_class([(0xDF, 0xDF)])
    assert members(unicode.ascii_case_closure(k)) == {0x4B, 0x6B}
    assert members(unicode.python_case_closure(k)) == {0x4B, 0x6B, 0x212A}
    assert members(unicode.ecma_case_closure(k)) == {0x4B, 0x6B, 0x212A}
    assert members(unicode.ecma_case_closure(sharp)) == {0xDF, 0x1E9E}
    dotted = char_class([(0x130, 0x130)])
    assert members(unicode.ecma_case_closure(dotted)) == {0x130}
    assert members(unicode.python_case_closure(dotted)) >= {0x69, 0x130}
