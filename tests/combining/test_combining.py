"""Combined constraints against enumerations of their languages."""

from __future__ import annotations

import json
import re

import pytest

from constrain import JSONOptions
from constrain.engine import Constraint
from constrain.engine.combining import choice, intersection, sequence
from constrain.engine.combining.triggered import TriggeredControl, until
from constrain.engine.single import RegexControl
from constrain.errors import ConstraintError
from constrain.grammar.compile import grammar_control
from constrain.lexing.syntax import parse
from constrain.schema import schema_control
from constrain.special import SpecialToken
from tests.combining.languages import CALL, STOP, VOCABULARY, agrees, universe

NESTED = 'start: "(" start ")" | "a" | start "," start'
ITEMS = {"type": "array", "items": {"enum": [1, 11, "a"]}}


def regex(pattern: str) -> RegexControl:
    return RegexControl(parse(pattern, "python"))


def nested(text: str) -> bool:
    while "(a)" in text or "a,a" in text:
        text = text.replace("(a)", "a").replace("a,a", "a")
    return text == "a"


def items(text: str) -> bool:
    if text[:1] != "[" or text[-1:] != "]":
        return False
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return "\n" not in text and isinstance(value, list) and all(v in (1, 11, "a") for v in value)


def fits(pattern: str):
    return lambda text: re.fullmatch(pattern, text) is not None


REGEXES = [
    ("(ab)*", "(a|b){2,4}"),
    ("a*b", "b*|[ab]*ab"),
    ("(?=a)[ab]*b", "[ab]{3}|a"),
]


@pytest.mark.parametrize(("one", "other"), REGEXES)
def test_expressions(one, other):
    agrees(choice(regex(one), regex(other)), "ab", 7, lambda t: fits(one)(t) or fits(other)(t))
    agrees(
        sequence(regex(one), regex(other)),
        "ab",
        7,
        lambda t: any(fits(one)(t[:n]) and fits(other)(t[n:]) for n in range(len(t) + 1)),
    )
    agrees(
        intersection(regex(one), regex(other)), "ab", 7, lambda t: fits(one)(t) and fits(other)(t)
    )


LED = {
    "schema": (schema_control(ITEMS, JSONOptions(whitespace="none")), items, '[]1,"a'),
    "grammar": (grammar_control(NESTED), nested, "(a),"),
    "dynamic grammar": (grammar_control(NESTED, lexer="dynamic"), nested, "(a),"),
}
FILTERS = [r"[^,]*", r".{0,3}", r".*a.*", r".(?:..)*", r'[^"]*1[^"]*|\((?:.|\n)*']


@pytest.mark.parametrize("pattern", FILTERS)
@pytest.mark.parametrize("name", LED)
def test_intersections_with_expressions(name, pattern):
    control, member, alphabet = LED[name]

    def both(text: str) -> bool:
        return fits(pattern)(text) and member(text)

    most, margin = (7, 5) if name == "schema" else (7, 4)
    if not any(map(both, universe(alphabet, 5))):
        with pytest.raises(ConstraintError, match="no text"):
            intersection(control, regex(pattern))
    else:
        agrees(intersection(control, regex(pattern)), alphabet, most, both, margin)


def test_intersections_without_a_text():
    with pytest.raises(ConstraintError, match="no text"):
        intersection(LED["grammar"][0], regex("(?:..)*"))
    with pytest.raises(ConstraintError, match="no text"):
        intersection(regex("a+"), regex("b*"))


def test_intersection_of_grammars():
    one = grammar_control('start: "(" start ")" | "a"+')
    other = grammar_control('start: ("(" start | "a" start ")")?', lexer="dynamic")
    agrees(
        intersection(one, other),
        "(a)",
        8,
        lambda t: fits(r"[(]*a+[)]*")(t) and t.count("(") == t.count(")") == t.count("a"),
        6,
    )


def test_intersection_of_schemas():
    few = schema_control({"maxItems": 1}, JSONOptions(whitespace="none"))
    both = intersection(LED["schema"][0], few)
    agrees(both, '[]1,"a', 6, lambda t: items(t) and len(json.loads(t)) < 2, 2)
    objects = schema_control({"type": "object", "minProperties": 1})
    with pytest.raises(ConstraintError, match="allOf"):
        both = intersection(objects, schema_control({"additionalProperties": {"enum": [1]}}))
        Constraint(both, VOCABULARY).matcher().accept_bytes(b'{"a')


def test_alternatives_and_sequences():
    schema, grammar = LED["schema"][0], LED["grammar"][0]
    agrees(choice(schema, grammar), "[]1(a)", 6, lambda t: items(t) or nested(t), 4)
    agrees(
        sequence(choice(grammar, regex("(ab)*")), sequence(grammar, regex("b?"))),
        "(ab)",
        7,
        lambda t: any(
            (nested(t[:n]) or fits("(ab)*")(t[:n])) and (nested(t[n:m]) and t[m:] in ("", "b"))
            for n in range(len(t) + 1)
            for m in range(n, len(t) + 1)
        ),
        4,
    )
    agrees(
        intersection(sequence(schema, regex("a*")), choice(regex(".{4}"), regex(r"\[(.a)*"))),
        "[]1a",
        6,
        lambda t: (
            fits(r".{4}|\[(.a)*")(t)
            and any(items(t[:n]) and fits("a*")(t[n:]) for n in range(len(t) + 1))
        ),
        4,
    )


def structured(text: str, triggers, at_least: int, at_most: int) -> bool:
    """Read free text and structures, in all ways."""

    def reads(rest: str, count: int) -> bool:
        places = [(rest.find(t) + len(t), t) for t in triggers if t in rest]
        if not places:
            return count >= at_least
        begin, trigger = min(places)
        return count < at_most and any(
            triggers[trigger](rest[begin:n]) and reads(rest[n:], count + 1)
            for n in range(begin, len(rest) + 1)
        )

    return reads(text, 0)


@pytest.mark.parametrize(("at_least", "at_most"), [(0, None), (1, 1), (2, 3), (0, 1)])
def test_triggers(at_least, at_most):
    control = TriggeredControl(
        {"aa": regex("b*a?"), "b(": grammar_control(NESTED)}, at_least, at_most
    )
    languages = {"aa": fits("b*a?"), "b(": nested}
    most = 99 if at_most is None else at_most
    agrees(control, "ab()", 7, lambda t: structured(t, languages, at_least, most), 4)


def test_special_tokens_as_triggers():
    control = TriggeredControl(
        {SpecialToken(CALL): sequence(regex("a+"), regex("b?")), "ba": regex("b")}, 0, 2
    )
    languages = {"C": fits("a+b?"), "ba": fits("b")}
    agrees(control, "abCS", 7, lambda t: "S" not in t and structured(t, languages, 0, 2), 2)


def test_thinking():
    control = sequence(until(["ab", SpecialToken(STOP)]), regex("(a|b)a*"))
    agrees(control, "abS", 8, lambda t: fits("(a|b)a*")(t[_after(t) :]), 3)


def _after(text: str) -> int:
    ends = [text.find(end) + len(end) for end in ("ab", "S") if end in text]
    return min(ends, default=len(text))


def test_many_triggers_are_walked_at_once():
    triggers = {"aa": "b?", "ab(": "a", "b)": "", "))": "a+", "()": "b", "bb": "[ab]"}
    control = TriggeredControl({text: regex(p) for text, p in triggers.items()}, 0, None)
    languages = {text: fits(pattern) for text, pattern in triggers.items()}
    agrees(control, "ab()", 6, lambda t: structured(t, languages, 0, 9), 2)
