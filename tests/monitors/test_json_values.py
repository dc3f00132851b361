"""Values in JSON that functions have a say in: what is allowed, and that no walk gets stuck."""

from __future__ import annotations

import json
import random
import warnings

import pytest

from constrain import ConstraintError, JSONOptions, compile_json_schema, generate, generate_json
from constrain.errors import MonitorError, MonitorWarning
from constrain.models import BundledModel
from constrain.monitors import JSONCheck, JSONValue, monitored
from constrain.monitors.endings import least_ending
from tests.monitors.test_python import accepts
from tests.monitors.walks import allowed_tokens, vocabulary, walk_all_splits

FINE = vocabulary()
WORDS = [
    '":',
    '": ',
    '", ',
    '",',
    '"}',
    '"]',
    "},",
    "}}",
    " 1",
    "12",
    "7,",
    '", "',
    "]}",
    'a"',
    "a1",
]
COARSE = vocabulary(*WORDS)
ANY = JSONOptions.specification(numbers="plain")
LANGUAGES = [JSONOptions(), ANY, JSONOptions(whitespace="none")]


def walked(constraint, choose: random.Random, limit: int = 60) -> bytes:
    """Follow random tokens, then the least ending; no place on the way may be without a token."""
    matcher, text = constraint.matcher(), b""
    while not matcher.is_finished() and len(text) < limit:
        found = sorted(allowed_tokens(matcher))
        assert found, text
        token = choose.choice(found)
        assert matcher.accept(token), (text, token)
        text += constraint.vocabulary.token_bytes(token) or b""
    if not matcher.is_finished():
        ending = least_ending(matcher)
        assert ending is not None, text
        text += b"".join(ending.pieces)
        assert matcher.accept_bytes(b"".join(ending.pieces)), text
        assert matcher.is_accepting()
    return text


@pytest.mark.parametrize("tokens", [FINE, COARSE])
@pytest.mark.parametrize("options", LANGUAGES)
def test_walks_end_with_values_that_are_accepted(tokens, options):
    schema = {
        "type": "object",
        "properties": {
            "items": {
                "type": "array",
                "items": {"enum": [1, 2, 3, "a", "é\n", [1, {"b": 2}], None, True, {"c": []}]},
                "minItems": 2,
                "maxItems": 4,
            },
            "user": {
                "type": "object",
                "properties": {"id": {"type": "integer", "minimum": 0}, "tag": {"type": "string"}},
                "required": ["id", "tag"],
                "additionalProperties": False,
            },
        },
        "required": ["user", "items"],
        "additionalProperties": False,
    }
    fine = [2, "é\n", [1, {"b": 2}], True]
    constraint = (
        compile_json_schema(schema, tokens, options)
        & JSONCheck("/user/id", lambda value, _: value % 3 == 1)
        & JSONCheck("/user/tag", lambda value, _: len(value) % 2 == 1)
        & JSONCheck("/items/*", lambda value, _: any(value == x for x in fine))
    )
    choose, seen = random.Random(3), []
    for _ in range(12):
        value = json.loads(walked(constraint, choose))
        assert value["user"]["id"] % 3 == 1
        assert len(value["user"]["tag"]) % 2 == 1
        assert all(any(item == x for x in fine) for item in value["items"])
        seen += value["items"]
    assert all(x in seen for x in fine)


def test_masks_hold_what_the_function_says():
    """Token by token: a token that ends the value is allowed iff the value is accepted."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    constraint = compile_json_schema(schema, COARSE) & JSONCheck("/n", lambda n, _: n % 2 == 0)
    plain = compile_json_schema(schema, COARSE)
    for said in (b'{"n":', b'{"n": ', b'{"n": 1', b'{"n": 12', b'{"n": -', b'{"n": 127'):
        matcher, base = constraint.matcher(), plain.matcher()
        assert matcher.accept_bytes(said)
        assert base.accept_bytes(said)
        expected = set()
        for token in allowed_tokens(base):
            text = (said + (COARSE.token_bytes(token) or b"")).decode(errors="replace")
            number = text.split(":")[1].lstrip()
            digits = number.rstrip("}, \n")
            if digits == number or (digits and int(digits) % 2 == 0):
                expected.add(token)
        assert allowed_tokens(matcher) == expected
        for token in allowed_tokens(base):
            assert matcher.accept(token) == (token in expected)
            if token in expected:
                matcher.rollback(1)


def test_few_values_are_asked_about_ahead():
    schema = {
        "type": "object",
        "properties": {"code": {"enum": ["ab", "ac", "ad", "b"]}, "on": {"type": "boolean"}},
        "required": ["code", "on"],
    }
    asked = []

    def accepts_code(value, document):
        asked.append((value, document))
        return value in ("ac", "ad")

    for options in LANGUAGES:
        asked.clear()
        constraint = (
            compile_json_schema(schema, COARSE, options)
            & JSONCheck("/code", accepts_code)
            & JSONCheck("/on", lambda value, document: value == (document["code"] == "ac"))
        )
        matcher = constraint.matcher()
        assert matcher.accept_bytes(b'{"code":"a')
        assert sorted(value for value, _ in asked) == ["ab", "ac", "ad", "b"]
        assert all(document == {} for _, document in asked)
        assert ord("b") not in allowed_tokens(matcher)
        walk_all_splits(matcher, b'c","on":true}')
        walk_all_splits(matcher, b'd","on":false}')
        assert not accepts(matcher, 'd","on":t')


def test_values_in_all_spellings():
    schema = {"type": "object", "properties": {"é": {}}, "required": ["é"]}
    base = compile_json_schema(schema, FINE, JSONOptions.specification())
    values = ["aé", 12, {"x": [1], "y": None}, [], "€😀"]
    listed = (base & JSONValue("/é", lambda _: values)).matcher()
    judged = (base & JSONCheck("/é", lambda x, _: any(x == y for y in values))).matcher()
    for text in (
        '{"é": "a\\u00e9"}',
        '{"\\u00e9" :"\\u0061é" }',
        '{"é":12.0}',
        '{"é":\n{"y":null, "x" : [ 1 ]}}',
        '{"é":[ ]}',
        '{"é":"\\u20AC\\ud83d\\ude00"}',
    ):
        assert accepts(listed, text), text
        assert accepts(judged, text), text
    for text in ('{"\\u00e9":"b', '{"é":13', '{"\\u00E9" : [1'):
        assert not accepts(listed, text), text
    for text in ('{"\\u00e9":"b"', '{"é":13}', '{"\\u00E9" : [1]', '{"é":{"x":[1]}'):
        assert not accepts(judged, text), text


def test_a_whole_text_and_items_by_index():
    whole = monitored(COARSE, JSONCheck("", lambda value, _: value == [1, {"a": "]"}])).matcher()
    assert accepts(whole, '[1, {"a": "]"}]')
    assert not accepts(whole, '[1, {"a": "["}]')
    one_of = monitored(FINE, JSONValue("", lambda _: ["x", 5])).matcher()
    assert allowed_tokens(one_of) == set(b'"5 \t\r\n')
    second = monitored(FINE, JSONCheck("/1", lambda value, document: value > document[0])).matcher()
    assert accepts(second, "[3, 4, 1]")
    assert accepts(second, '{"1": 5')
    assert not accepts(second, "[3, 2, ")
    nested = monitored(FINE, JSONCheck("/*/1/k~1~0", lambda value, _: value is None)).matcher()
    assert accepts(nested, '{"a": [5, {"k/~": null, "k": 1}], "b": [{"k/~": 2}, {"k/~": null}]}')
    assert not accepts(nested, '{"a": [5, {"k/~": 1}')


def test_rollback_and_fork():
    constraint = compile_json_schema({"type": "integer"}, FINE) & JSONCheck("", lambda n, _: n > 50)
    matcher = constraint.matcher()
    masks = []
    for byte in b"512":
        masks.append((allowed_tokens(matcher), matcher.is_accepting()))
        assert matcher.accept(byte)
    assert [accepting for _, accepting in masks] == [False, False, True]
    fork = matcher.fork()
    for mask in reversed(masks):
        fork.rollback(1)
        assert (allowed_tokens(fork), fork.is_accepting()) == mask
    assert matcher.is_accepting()


@pytest.mark.parametrize("kind", ["value", "check"])
def test_nothing_is_accepted(kind):
    schema = {"type": "object", "properties": {"a": {"enum": [1, 2]}}, "required": ["a"]}

    def constraint(otherwise):
        monitor = (
            JSONValue("/a", lambda _: [5], otherwise)
            if kind == "value"
            else JSONCheck("/a", lambda *_: False, otherwise)
        )
        return compile_json_schema(schema, FINE) & monitor

    with pytest.raises(MonitorError) as raised:
        constraint("error").matcher().accept_bytes(b'{"a":')
    assert (raised.value.kind, raised.value.text) == ("empty", '{"a":')
    with pytest.warns(MonitorWarning, match="going on"):
        assert constraint("ignore").matcher().accept_bytes(b'{"a":1}')
    with pytest.warns(MonitorWarning, match="stopping"):
        matcher = constraint("stop").matcher()
        assert matcher.accept_bytes(b'{"a":')
        assert not allowed_tokens(matcher)


def test_functions_that_fail():
    def fails(*_):
        raise KeyError("id")

    base = compile_json_schema({"type": "object", "properties": {"a": {"type": "integer"}}}, FINE)
    for monitor in (JSONCheck("/a", fails), JSONValue("/a", fails)):
        with pytest.raises(MonitorError, match="KeyError") as raised:
            (base & monitor).matcher().accept_bytes(b'{"a":1}')
        assert raised.value.kind == "failed"
    with pytest.warns(MonitorWarning, match="KeyError"):
        assert (base & JSONCheck("/a", fails, "ignore")).matcher().accept_bytes(b'{"a":1}')
    for values in ([float("nan")], [object()], 5, "x"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if values == "x":
                continue
            with pytest.raises(MonitorError):
                (base & JSONValue("/a", lambda _, v=values: v)).matcher().accept_bytes(b'{"a":')
    for pointer in ("a", "/~2", None, "/a~"):
        with pytest.raises(ConstraintError, match="pointer"):
            JSONCheck(pointer, fails)


def test_generation_under_a_check():
    model = BundledModel()
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 99}},
        "required": ["n"],
    }
    constraint = compile_json_schema(schema, model.vocabulary)
    constraint = constraint & JSONCheck("/n", lambda n, _: n % 7 == 5)
    from constrain import generate

    for sampler in ("masked", "awrs", "smc"):
        texts = generate(
            constraint, model, n=4, seed=2, max_tokens=20, sampler=sampler, particles=8
        )
        assert all(json.loads(text)["n"] % 7 == 5 for text in texts)
    assert generate_json(schema, model, seed=1)["n"] <= 99


@pytest.mark.parametrize("sampler", ["masked", "awrs", "smc"])
def test_checks_under_speculation(sampler):
    """The same texts, seed for seed, with and without looking ahead."""
    model = BundledModel()
    schema = {
        "type": "object",
        "properties": {"id": {"type": "integer", "minimum": 10, "maximum": 99}, "ok": {}},
        "required": ["id"],
        "additionalProperties": False,
    }
    constraint = compile_json_schema(schema, model.vocabulary)
    checked = constraint & JSONCheck("/id", lambda value, _: value % 7 == 0)
    for seed in range(4):
        settings = {"seed": seed, "max_tokens": 24, "sampler": sampler, "particles": 3}
        plain = generate(checked, model, **settings)
        assert plain == generate(checked, model, draft="auto", **settings)
        assert json.loads(plain)["id"] % 7 == 0
