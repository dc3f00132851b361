"""Formats, against the official test suite, jsonschema's FormatChecker and the standard library."""

from __future__ import annotations

import datetime
import functools
import ipaddress
import json
import random
import tarfile
import warnings
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from constrain.lexing.regex import Regex, arcs, matches
from constrain.schema.textual.formats import format_regex

CHECKER = Draft202012Validator.FORMAT_CHECKER
FORMATS = (
    "date date-time time duration email idn-email hostname idn-hostname ipv4 ipv6 uuid uri "
    "uri-reference iri iri-reference uri-template json-pointer relative-json-pointer regex"
).split()
DRAFTS = ["draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"]


def get(name: str, draft: str = "draft2020-12", portable: bool = True) -> Regex:
    regex = format_regex(name, draft, portable)
    assert regex is not None
    return regex


@functools.cache
def suite(data: Path, draft: str) -> list[tuple[str, str, bool]]:
    """The cases of the format tests of a draft: format, string, whether it is valid."""
    cases = []
    with tarfile.open(data / "json-schema-test-suite.tar.xz") as archive:
        for member in archive:
            if f"tests/{draft}/optional/format/" not in member.name or not member.isfile():
                continue
            file = archive.extractfile(member)
            assert file is not None
            for group in json.load(file):
                name = group["schema"].get("format")
                for test in group["tests"]:
                    if isinstance(test["data"], str):
                        cases.append((name, test["data"], test["valid"]))
    return cases


@pytest.mark.parametrize("draft", DRAFTS)
def test_official_suite(data: Path, draft: str) -> None:
    cases = suite(data, draft)
    known = [case for case in cases if case[0] in FORMATS]
    assert len(known) > 100
    wrong = [
        (name, text, valid)
        for name, text, valid in known
        if matches(get(name, draft, portable=False), text) != valid
    ]
    # From draft 7 on, encoded labels are left out of host names, and of international ones
    # whatever depends on context; nothing that is wrong is let in.
    assert all(valid for _, _, valid in wrong)
    names = {name if name != "hostname" else text[:4] for name, text, _ in wrong}
    assert names == (set() if draft in ("draft4", "draft6") else {"xn--", "idn-hostname"})
    assert {name for name, _, _ in cases} - set(FORMATS) <= {"unknown"}


def test_unknown_formats_constrain_nothing() -> None:
    assert format_regex("color") is None
    assert format_regex("") is None


def walk(regex: Regex, rng: random.Random, stop: float, closers: str = "") -> str:
    """A random text: any arc and any character of it, and `closers` once it is long."""
    text = ""
    while not (regex.nullable and (rng.random() < stop or len(text) > 60)):
        choices = [(low, high, target) for ranges, target in arcs(regex) for low, high in ranges]
        if not choices:
            break
        for closer in closers if len(text) > 60 else "":
            if closing := [c for c in choices if c[0] <= ord(closer) <= c[1]]:
                choices = [(ord(closer), ord(closer), closing[0][2])]
                break
        low, high, regex = rng.choice(choices)
        text += chr(rng.choice([low, high, rng.randint(low, high)]))
        assert len(text) < 2000
    return text


@functools.cache
def walks(name: str) -> list[str]:
    rng = random.Random(name)
    closers = "])}>:=a1-" if name == "regex" else ""
    stops = [rng.choice([0.05, 0.3, 0.6]) for _ in range(300)]
    return [walk(get(name), rng, stop, closers) for stop in stops]


def conforms(text: str, name: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # about sets in regular expressions
        return CHECKER.conforms(text, name)


@pytest.mark.parametrize("name", FORMATS)
def test_portable_texts_pass_the_format_checker(name: str) -> None:
    texts = walks(name)
    assert len(set(texts)) > 100 or name == "date"
    assert [text for text in texts if not conforms(text, name)] == []
    assert [text for text in texts if not matches(get(name, portable=False), text)] == []


EXACT = ["date", "date-time", "time", "ipv4", "ipv6", "uri", "uri-reference", "json-pointer"]
"""Formats on which the FormatChecker and the RFC agree, but for what `disputed` names."""


def disputed(name: str, text: str) -> bool:
    if name in ("time", "date-time"):
        return "\u0131" in text  # it puts the text into capitals first
    # It takes IPv4 parts with leading zeros in an IPv6 address of a URI, and refuses `[V1.x]`.
    return name.startswith("uri") and "[" in text


@pytest.mark.parametrize("name", EXACT)
def test_mutated_texts_are_judged_as_by_the_format_checker(name: str) -> None:
    rng = random.Random(7)
    regex = get(name)
    refused = 0
    for text in walks(name):
        for _ in range(4):
            at = rng.randrange(len(text) + 1)
            other = rng.choice(["", rng.choice("0123456789abFZTz:/.-+%~#? [é")])
            mutant = text[:at] + other + text[at + rng.randrange(2) :]
            if disputed(name, mutant):
                continue
            valid = conforms(mutant, name)
            assert matches(regex, mutant) == valid, mutant
            refused += not valid
    assert refused > 50


def test_every_day_of_the_calendar() -> None:
    regex = get("date")
    for year in (1, 4, 100, 400, 1900, 1999, 2000, 2023, 2024, 9999):
        for month in range(14):
            for day in range(33):
                try:
                    datetime.date(year, month, day)
                    real = True
                except ValueError:
                    real = False
                assert matches(regex, f"{year:04}-{month:02}-{day:02}") == real


def test_leap_seconds_come_before_midnight_in_utc() -> None:
    specified, portable = get("time", portable=False), get("time")
    for minute in range(0, 1440, 7):
        for offset in range(-1439, 1440, 41):
            sign, distance = "-" if offset < 0 else "+", abs(offset)
            text = (
                f"{minute // 60:02}:{minute % 60:02}:60.5"
                f"{sign}{distance // 60:02}:{distance % 60:02}"
            )
            assert matches(specified, text) == ((minute - offset) % 1440 == 1439)
            assert not matches(portable, text)
    assert matches(specified, "23:59:60z")
    assert not matches(specified, "23:59:60.Z")


def test_addresses_in_all_forms() -> None:
    rng = random.Random(3)
    ipv4, ipv6 = get("ipv4"), get("ipv6")
    for _ in range(300):
        four = ipaddress.IPv4Address(rng.getrandbits(32))
        assert matches(ipv4, str(four))
        bits = rng.getrandbits(128)
        for group in range(8):
            if rng.random() < 0.5:
                bits &= ~(0xFFFF << 16 * group)
        six = ipaddress.IPv6Address(bits)
        for text in (str(six), six.exploded, six.exploded.upper()):
            assert matches(ipv6, text), text
        head = six.exploded.rsplit(":", 2)[0]
        assert matches(ipv6, f"{head}:{four}")


def test_host_names_are_bounded() -> None:
    regex = get("hostname")
    label = "a" * 63
    assert matches(regex, label)
    assert not matches(regex, label + "a")
    assert matches(regex, ".".join([label] * 3) + "." + "a" * 61)
    assert not matches(regex, ".".join([label] * 3) + "." + "a" * 62)
    assert matches(regex, "a--b.com")
    assert not matches(regex, "ab--c.com")


def test_a_mail_domain_may_shorten_two_groups_but_not_one() -> None:
    regex = get("email")
    assert matches(regex, "a@[IPv6:1:2:3:4:5:6::]")
    assert not matches(regex, "a@[IPv6:1:2:3:4:5:6:7::]")
    assert matches(get("ipv6"), "1:2:3:4:5:6:7::")


def test_regular_expressions_are_read_as_such() -> None:
    regex, portable = get("regex", portable=False), get("regex")
    for text in (
        r"(?=a)b|[^\]a-z-]{2,30}?",
        r"((((a)*)+)?){1}",
        r"[\u0041-\x5a]",
        r"[\d-]",
        "",
        "|",
    ):
        assert matches(portable, text), text
        assert matches(regex, text), text
    for text in (r"[z-a]", "a{3,2}", "a**", "(", ")", "[a", r"\a", "a{", "^*", r"[\u0062-\x61]"):
        assert not matches(regex, text), text
    for text in (r"(?<n>a)\k<n>", "(?<=a+)b", "[]", "[^]", r"\cA"):
        assert matches(regex, text), text
        assert not matches(portable, text), text
    assert not matches(regex, r"(?<n>a)\k<m>")
    assert not matches(regex, "(?<n>a)(?<n>b)")
    assert matches(regex, "(?<name>a)(?<other>b)(?<n>c)")
    assert not matches(regex, "(?<name>a)(?<n>b)(?<n")
    assert not matches(regex, "(?<name>a)(?<name>b)")
