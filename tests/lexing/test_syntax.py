"""The dialects, against Python's `re` and against tables."""

from __future__ import annotations

import re
import sys
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constrain.errors import RegexSyntaxError
from constrain.lexing import regex as rx
from constrain.lexing.syntax import parse, search

ATOMS = ["a", "b", "c", "-", r"\n", ".", "[ab]", "[^a]", r"\w", r"\W", r"[\w-]", "ab", "", r"\x61"]
ASSERTIONS = ["^", "$", r"\b", r"\B", r"\A", r"\Z", "(?m:^)", "(?m:$)", "(?=a)", "(?!b)"]
FIXED = ["a", "b", "[ab]", "ab", ".", r"\w", r"\ba", "a|b", r"b\b", "^", "^a", "(?!a)b", r"\n"]
QUANTIFIERS = ["*", "+", "?", "*?", "+?", "{2}", "{0,2}", "{1,}", "{,2}", "{0}"]

PATTERNS = st.recursive(
    st.one_of(
        st.sampled_from(ATOMS),
        st.sampled_from(ASSERTIONS),
        st.tuples(st.sampled_from(["(?<=", "(?<!"]), st.sampled_from(FIXED)).map(
            lambda drawn: f"{drawn[0]}{drawn[1]})"
        ),
    ),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(st.sampled_from(["(?=", "(?!", "(", "(?s:", "(?i:"]), inner).map(
            lambda pair: f"{pair[0]}{pair[1]})"
        ),
        st.tuples(inner, st.sampled_from(QUANTIFIERS)).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    ),
    max_leaves=7,
)
TEXTS = ["".join(chars) for n in range(5) for chars in product("ab-\n", repeat=n)]


@settings(max_examples=600, deadline=None)
@given(PATTERNS)
def test_python_patterns_agree_with_re(pattern: str) -> None:
    compiled = re.compile(pattern)
    full, found = parse(pattern), search(pattern, "python")
    # Before 3.14, \B did not match in the empty text.
    texts = TEXTS[1:] if r"\B" in pattern else TEXTS
    for text in texts:
        assert rx.matches(full, text) == (compiled.fullmatch(text) is not None), text
        assert rx.matches(found, text) == (compiled.search(text) is not None), text


@settings(max_examples=300, deadline=None)
@given(PATTERNS, st.lists(st.integers(0, 99), max_size=6))
def test_walks_along_arcs_can_be_completed(pattern: str, choices: list[int]) -> None:
    node = search(pattern, "python")
    if rx.is_empty(node):
        assert not any(re.search(pattern, text) for text in TEXTS)
        return
    text = ""
    for choice in choices:
        arcs = rx.arcs(node)
        if not arcs:
            break
        ranges, node = arcs[choice % len(arcs)]
        low, high = ranges[choice % len(ranges)]
        text += chr(min(low + choice, high))
    rest = rx.shortest(node)
    assert rest is not None
    if text + rest or r"\B" not in pattern:
        assert re.search(pattern, text + rest)


@settings(max_examples=200, deadline=None)
@given(PATTERNS, PATTERNS)
def test_languages_with_assertions_compose(one: str, two: str) -> None:
    first, second = parse(one), search(two, "python")
    both = rx.concat(rx.literal("a"), rx.intersect(first, rx.complement(second)), rx.literal("b"))
    repeated = rx.star(first)
    texts = TEXTS[:86]
    alone = {text for text in texts if rx.matches(first, text)}
    for text in texts:
        expected = text in alone and not rx.matches(second, text)
        assert rx.matches(both, f"a{text}b") == expected
        cuts = {0}
        for end in range(1, len(text) + 1):
            if any(text[start:end] in alone for start in cuts):
                cuts.add(end)
        assert rx.matches(repeated, text) == (len(text) in cuts)


PYTHON_CASES = {
    r"[]a]+": ["]", "a]", ""],
    r"[^]a]": ["]", "b"],
    r"[a-]": ["-", "a", "b"],
    r"[\]\-\\]": ["]", "-", "\\", "a"],
    r"a{,2}": ["", "a", "aa", "aaa", "a{,2}"],
    r"a{}": ["a{}", "a"],
    r"a{1": ["a{1"],
    r"a{1,b}": ["a{1,b}"],
    r"a{,}": ["", "aaa"],
    r"\101\x41\u0041\U00000041\N{LATIN CAPITAL LETTER A}": ["AAAAA", "AAAA"],
    r"[\1\101\b]+": ["\x01A\b"],
    r"\0\07\071": ["\0\x079"],
    r"\a\f\n\r\t\v\\\.": ["\a\f\n\r\t\v\\."],
    r"(?P<name>a)(?:b)(?#comment)c": ["abc", "ab"],
    r"(?x) a b # comment": ["ab", "a b"],
    "(?x) a + \\  [ #] # c\n b": ["aa  b", "a #b", "aab"],
    r"(?i)straße|ſ|K": ["STRAßE", "s", "S", "k", "\u212a", "STRASSE"],
    r"(?ai)k": ["K", "\u212a"],
    r"(?i:a)b": ["Ab", "AB"],
    r"(?i)(?-i:a)b": ["aB", "AB"],
    r"(?i)[^k]": ["K", "\u212a", "l"],
    r"(?i)[a-c]+|[À-Ü]": ["aBC", "ä", "þ", "d"],
    r"(?a)\w\d\s": ["a1 ", "é1 ", "a٣ ", "a1\u2003"],
    r"\w\d\s": ["a1 ", "é1 ", "a٣ ", "a1\u2003", "a1\x1c"],
    r"(?a:\w)\w": ["aé", "éa"],
    r"(?s).(?-s:.)": ["\na", "a\n"],
    r"(?s:.).": ["\na", "a\n"],
    r"(?m)^b$\n?": ["b", "b\n"],
    r"a$\n": ["a\n", "a"],
    r"a\Z\n?": ["a\n", "a"],
    r"(?:a|ab)(?:c|bcd)": ["abcd", "ac", "abc", "abbcd"],
    r"(?:)": ["", "a"],
    r"a||b": ["a", "", "b"],
    r"((((a))))": ["a"],
    r".": ["\r", "\u2028", "\n", "\U0001f600"],
}


@pytest.mark.parametrize("pattern", PYTHON_CASES)
def test_python_syntax_agrees_with_re(pattern: str) -> None:
    node = parse(pattern)
    for text in PYTHON_CASES[pattern]:
        assert rx.matches(node, text) == (re.fullmatch(pattern, text) is not None), text


@pytest.mark.parametrize("flags", ["a", "i", "m", "s", "x", "ims"])
def test_python_flags_agree_with_re(flags: str) -> None:
    pattern = r"^A . \w # é$"
    bits = re.RegexFlag(0)
    for flag in flags:
        bits |= getattr(re, flag.upper())
    for text in (
        "A . b # é",
        "a \n é # é",
        "Axy",
        "ax",
        "axé",
        "Ax\n",
        "A x b # é\n",
        "\nA x b # é",
    ):
        assert rx.matches(parse(pattern, flags=flags), text) == bool(
            re.fullmatch(pattern, text, bits)
        )
        assert rx.matches(search(pattern, "python", flags), text) == bool(
            re.search(pattern, text, bits)
        )


def members(node: rx.Regex) -> set[int]:
    parts = rx.arcs(node)
    return {
        codepoint
        for ranges, _ in parts
        for low, high in ranges
        for codepoint in range(low, high + 1)
    }


SCALARS = [codepoint for codepoint in range(sys.maxunicode + 1) if not 0xD800 <= codepoint < 0xE000]
EVERYTHING = "".join(map(chr, SCALARS))


@pytest.mark.parametrize("name", [r"\d", r"\w", r"\s", r"\D", r"[^\W\d]", "."])
def test_python_classes_agree_with_re_everywhere(name: str) -> None:
    assert members(parse(name)) == set(map(ord, re.findall(name, EVERYTHING)))


@pytest.mark.parametrize(
    "letter",
    "k K \u212a s ſ i I İ ı ß ẞ µ μ ς Σ ǅ ΐ ﬅ Ꭰ ꭰ \U00010400 θ ϴ ᲀ ͅ 1 日".split(),
)
def test_ignoring_case_agrees_with_re_everywhere(letter: str) -> None:
    found = set(map(ord, re.findall(letter, EVERYTHING, re.IGNORECASE)))
    assert members(parse(letter, flags="i")) == found


def test_ignoring_case_agrees_with_re_on_both_cased_planes() -> None:
    cased = EVERYTHING[: 0x20000 - 0x800]
    for low in range(0, 0x20000, 0x800):
        if low != 0xD800:
            pattern = f"[\\U{low:08x}-\\U{low + 0x7FF:08x}]"
            found = set(map(ord, re.findall(pattern, cased, re.IGNORECASE)))
            assert members(parse(pattern, flags="i")) == found


ECMA_CASES = [
    # pattern, texts that match in full, texts that do not
    (r"\d+", ["0", "12"], ["٣", ""]),
    (r"\w", ["a", "_", "0"], ["é", "-"]),
    (r"\s", [" ", "\n", "\v", "\u00a0", "\ufeff", "\u2029", "\u3000"], ["\x1c", "\x85", "\u200b"]),
    (r"\S", ["\x1c", "\x85", "a"], ["\u2028", "\ufeff"]),
    (r".", ["a", "\x85", "\U0001f600"], ["\n", "\r", "\u2028", "\u2029"]),
    (r"[^]", ["\n", "a"], ["", "ab"]),
    (r"a[]", [], ["a", ""]),
    (r"[]|a", ["a"], [""]),
    (r"a$", ["a"], ["a\n"]),
    (r"\u0061\u{62}\x63\u{000064}", ["abcd"], ["abc"]),
    (r"\ud83d\ude00", ["\U0001f600"], []),
    (r"[\ud83d\ude00-\ud83d\ude02]", ["\U0001f601"], ["\U0001f603"]),
    (r"\cA\cz\0", ["\x01\x1a\0"], []),
    (r"\t\n\v\f\r", ["\t\n\v\f\r"], []),
    (r"[\b]", ["\b"], ["b"]),
    (r"\-\/\_\ \"\'\@\#\%\,\:\;\<\=\>\`\~\&\!", ["-/_ \"'@#%,:;<=>`~&!"], []),
    (r"\^\$\\\.\*\+\?\(\)\[\]\{\}\|", ["^$\\.*+?()[]{}|"], []),
    (r"[\w-.]+", ["a-.", "_"], ["+"]),
    (r"[a-\d]+", ["a-5"], ["b"]),
    (r"[+--]+", ["+,-"], ["."]),
    (r"[\]\[^]+", ["]^["], ["a"]),
    (r"{a}", ["{a}"], []),
    (r"a{", ["a{"], []),
    (r"a{,5}", ["a{,5}"], ["aa"]),
    (r"a{2}b{1,}c{0,1}", ["aab", "aabbc"], ["ab", "aac"]),
    (r"a]}", ["a]}"], []),
    (r"(?<year>\d{4})-(?:\d\d)", ["2024-12"], ["2024-1"]),
    (r"(?<=a)b|a(?<!b)(?=b)b", ["ab"], ["b"]),
    (r"a(?=b)*b", ["ab"], []),
    (r"\p{L}\p{Lu}\P{L}", ["aB1", "éÉ-"], ["abc", "aB"]),
    (r"\p{Letter}\p{Uppercase_Letter}\p{gc=Nd}\p{General_Category=Punctuation}", ["aB٣!"], []),
    (r"[\p{L}\p{N}_]+", ["é٣Ⅷ_"], ["-"]),
    (r"\p{Script=Greek}\p{sc=Cyrl}\p{scx=Han}", ["αЖ日", "Ωя々"], ["aЖ日", "αя日x"]),
    (r"\p{Script=Latin}+", ["aZéªK"], ["µ", "1", "α"]),
    (r"\p{Alphabetic}+", ["aéⅧ日ा"], ["1", "\u0301"]),
    (r"\p{ASCII}\p{Any}\p{Assigned}", ["a\U0001f600b"], ["éab", "ab\u0378"]),
    (r"\p{White_Space}\p{ASCII_Hex_Digit}\p{Lowercase}\p{Uppercase}", ["\x85fªÀ"], ["\x1cfaA"]),
    (r"(?i:k)k", ["Kk", "\u212ak"], ["kK"]),
    (r"(?s:.)(?-i:.)", ["\na"], ["\n\n"]),
    (r"^(?:a|b$)?", ["", "a", "b"], ["ab"]),
    (r"\bfoo\b.\bbar", ["foo bar"], ["fooxbar"]),
    (r"a\Bb", ["ab"], ["a b"]),
]


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"), ECMA_CASES, ids=lambda value: repr(value)
)
def test_ecma_syntax(pattern: str, inside: list[str], outside: list[str]) -> None:
    node = parse(pattern, "ecma")
    for text in inside:
        assert rx.matches(node, text), text
    for text in outside:
        assert not rx.matches(node, text), text


@pytest.mark.parametrize(
    ("flags", "pattern", "inside", "outside"),
    [
        ("i", "straße", ["STRAßE", "ſtraẞe"], ["STRASSE"]),
        ("i", "[^k]", ["l"], ["K", "\u212a"]),
        ("i", r"\w", ["ſ", "\u212a"], ["é"]),
        ("i", r"\p{Lu}", ["a", "é"], ["1"]),
        ("i", "İ", ["İ"], ["i", "I"]),
        ("s", ".", ["\n", "\u2028"], []),
        ("m", "a$\n^b", ["a\nb"], []),
        ("m", "a$\u2028^b", ["a\u2028b"], []),
        ("", "a$\n^b", [], ["a\nb"]),
        ("u", r"\u{1F600}", ["\U0001f600"], []),
    ],
)
def test_ecma_flags(flags: str, pattern: str, inside: list[str], outside: list[str]) -> None:
    node = parse(pattern, "ecma", flags)
    assert all(rx.matches(node, text) for text in inside)
    assert not any(rx.matches(node, text) for text in outside)


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("foo", ["foo", "a foo b\n"], ["fo", "f oo"]),
        ("^foo", ["foo", "foobar"], ["a foo", "\nfoo"]),
        ("foo$", ["foo", "a foo"], ["foo\n"]),
        ("^$", [""], ["a", "\n"]),
        ("^a|b$", ["ac", "cb", "a"], ["ca", "bc", ""]),
        ("(^|,)a(,|$)", ["a", "b,a", "a,b", "b,a,c"], ["ba", "a b"]),
        (r"\bword\b", ["word", "a word."], ["words", "sword"]),
        (r"(?<!\d)\d{3}(?!\d)", ["123", "a123b", "1 234"], ["1234", "12"]),
        (r"(?<=^|,)x", ["x", "a,x"], ["ax", ""]),
        (r"(?<=^a|b)c", ["ac", "xbc", "bc"], ["xac", "c"]),
        (r"(?<=\bfoo\b) bar", ["foo bar", "a foo bar"], ["afoo bar"]),
        (r"^(?!.*--)[a-z-]+$", ["a-b", "-"], ["a--b", ""]),
        (r"^(?=.*\d)(?=.*[a-z]).{4,}$", ["abc1", "1 a  "], ["abcd", "1a"]),
        (r"^(?:(?!-->).)*-->$", ["a->-->", "-->"], ["-->-->", "a"]),
        (r"^(?:a(?=b)|b(?=a|$))*$", ["abab", "", "b"], ["aab", "ba", "abb"]),
    ],
)
def test_search(pattern: str, inside: list[str], outside: list[str]) -> None:
    node = search(pattern)
    for text in inside:
        assert rx.matches(node, text), text
    for text in outside:
        assert not rx.matches(node, text), text


def test_languages_do_not_look_outside() -> None:
    quote = rx.literal('"')
    for pattern in (
        r"(?:^|,)a(?:,|$)",
        r"(?:\b[a-z]+\b,?)*",
        r'(?<!")a(?!")',
        r'(?:(?<!")a|b(?!"))*',
    ):
        inner = search(pattern)
        quoted = rx.concat(quote, inner, quote)
        for text in ("a", "ab", "b,a", ",a,", "x", "", "abc,d", "aabb", ' "a"'):
            assert rx.matches(quoted, f'"{text}"') == rx.matches(inner, text), (pattern, text)


ERRORS = [
    ("python", r"a(b", 1, "not closed"),
    ("python", r"ab)", 2, "closes no group"),
    ("python", r"a[b-", 1, "not closed"),
    ("python", r"[z-a]", 1, "ends before it starts"),
    ("python", r"[a-\d]", 1, "cannot end in a class"),
    ("python", r"*a", 0, "nothing to repeat"),
    ("python", r"a|*", 2, "nothing to repeat"),
    ("python", r"^*", 1, "nothing to repeat"),
    ("python", r"a**", 2, "cannot be quantified"),
    ("python", r"a{2}{3}", 4, "cannot be quantified"),
    ("python", r"a{3,2}", 1, "greater than the most"),
    ("python", r"a{99999999999}", 1, "repetitions"),
    ("python", r"(a)\1", 3, "backreferences"),
    ("python", r"(?P<n>a)(?P=n)", 8, "backreferences"),
    ("python", r"(?P<n>a)(?P<n>b)", 8, "name of its own"),
    ("python", r"(a)(?(1)b|c)", 3, "conditional"),
    ("python", r"x(?>a)", 1, "atomic"),
    ("python", r"a++", 2, "possessive"),
    ("python", r"a\q", 1, "unknown escape"),
    ("python", r"a\p{L}", 1, "write a class, such as"),
    ("python", r"[\P{L}]", 1, "write a class, such as"),
    ("python", "a\\", 1, "nothing follows"),
    ("python", r"\x1", 0, "2 hexadecimal digits"),
    ("python", r"\U00110000", 0, "10FFFF"),
    ("python", r"\N{no such name}", 0, "name"),
    ("python", r"a(?i)b", 1, "at its start"),
    ("python", r"(?R)", 0, "unknown kind of group"),
    ("python", r"(?#a", 0, "comment is not closed"),
    ("python", r"(?<n>a)", 0, "unknown kind of group"),
    ("python", r"(?<=(?=ab)a)b", 0, "looks over its end"),
    ("ecma", r"(a)\1", 3, "backreferences"),
    ("ecma", r"(?<n>a)\k<n>", 7, "backreferences"),
    ("ecma", r"\Aa", 0, r"use \^"),
    ("ecma", r"a\Z", 1, "unknown escape"),
    ("ecma", r"\a", 0, "unknown escape"),
    ("ecma", r"(?P<n>a)", 0, "named as in"),
    ("ecma", r"(?i)a", 0, "set for a group"),
    ("ecma", r"a\pL", 1, "braces"),
    ("ecma", r"a\p{Nope}", 1, "unknown Unicode property"),
    ("ecma", r"\p{Script=Nope}", 0, "unknown Unicode property"),
    ("ecma", r"\u12", 0, "4 hexadecimal digits"),
    ("ecma", r"\u{110000}", 0, "10FFFF"),
    ("ecma", r"(?<=a)*b", 6, "cannot be repeated"),
    ("ecma", r"a*+", 2, "cannot be quantified"),
    ("ecma", r"[a", 0, "not closed"),
    ("ecma", r"(?<1>a)", 0, "identifier"),
    ("ecma", r"\01", 0, "unknown escape"),
]


@pytest.mark.parametrize(("dialect", "pattern", "position", "reason"), ERRORS)
def test_errors(dialect: str, pattern: str, position: int, reason: str) -> None:
    with pytest.raises(RegexSyntaxError, match=reason) as caught:
        parse(pattern, dialect)  # type: ignore[arg-type]
    assert caught.value.position == position
    assert caught.value.pattern == pattern


def test_unknown_flags() -> None:
    with pytest.raises(RegexSyntaxError, match="unknown flag 'g'"):
        search("a", flags="g")


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_whatever_re_refuses_is_refused() -> None:
    pieces = ["(", ")", "[", "]", "{2}", "*", "?", "a", "\\", "-", "^", "|", "(?", ":", "x", "b"]
    for chosen in product(pieces, repeat=4):
        pattern = "".join(chosen)
        try:
            re.compile(pattern)
        except re.error:
            with pytest.raises(RegexSyntaxError):
                parse(pattern)


def test_deep_nesting() -> None:
    depth = 5000
    assert rx.matches(parse("(" * depth + "a" + ")" * depth), "a")
    assert rx.matches(parse("(" * depth + "a" + "b)" * depth), "a" + "b" * depth)
    assert rx.matches(parse("(a|x" * depth + "z" + ")" * depth), "x" * depth + "z")
    with pytest.raises(RegexSyntaxError):
        parse("(" * depth)
