"""Arrays and objects out of a list: exact in both languages, however many there are."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import permutations, product
from typing import Any

import numpy as np
import pytest

from constrain import JSONOptions, compile_json_schema
from constrain.engine.bitmask import allowed
from constrain.explain import byte_vocabulary
from constrain.schema import schema_control
from tests.reference import accepts

ANY_ORDER = JSONOptions(property_order="any")
SPECIFICATION = JSONOptions.specification()
VOCABULARY = byte_vocabulary()
SPACES = (b" ", b"\n", b"\t", b"\r")


def spelt(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def test_all_that_is_listed_and_nothing_else() -> None:
    names = ("a", "b")
    universe: list[Any] = [
        dict(zip(order, values, strict=True))
        for order in permutations(names)
        for values in product((0, 1, "0", [], [0]), repeat=2)
    ]
    universe += [[x, y] for x in (0, 1, {}) for y in (0, 1, {}, {"a": 0})]
    universe += [[], {}, [0], [[0], {}], {"a": {"a": 0}}, {"a": {"b": 0, "a": 1}}, 0]
    chosen = universe[::3]
    control = schema_control({"enum": chosen}, JSONOptions())
    for value in universe:
        listed = spelt(value) in set(map(spelt, chosen))
        assert accepts(control, spelt(value).encode()) == listed, value


@pytest.mark.parametrize(
    ("options", "accepted"), [(JSONOptions(), False), (ANY_ORDER, True), (SPECIFICATION, True)]
)
def test_the_order_of_members(options: JSONOptions, accepted: bool) -> None:
    schema = {"enum": [{"a": 1, "b": {"c": [2], "d": 3}}, {"a": 1, "e": 5}]}
    control = schema_control(schema, options)
    assert accepts(control, b'{"a":1,"b":{"c":[2],"d":3}}')
    assert accepts(control, b'{"b":{"d":3,"c":[2]},"a":1}') == accepted
    assert accepts(control, b'{"e":5,"a":1}') == accepted
    for wrong in (b'{"a":1}', b'{"a":1,"b":{"c":[2],"d":3},"e":5}', b'{"e":1,"a":5}'):
        assert not accepts(control, wrong)


def test_every_spelling() -> None:
    control = schema_control({"const": {"a": [1, "x"], "b": 2.5}}, SPECIFICATION)
    assert accepts(control, b' { "\\u0062" : 25e-1 ,\n"a":[ 1.0,"\\u0078" ] } ')
    assert not accepts(control, b'{"b":2.5,"a":[1,"y"]}')


def test_least_endings() -> None:
    schema = {"enum": [{"b": [10, 2], "a": 0}, [[], {"x": "longer"}], {"a": [0, 10], "b": {}}]}
    for options, whole in (
        (JSONOptions(), b'{"b":[10,2],"a":0}'),
        (ANY_ORDER, b'{"a":0,"b":[10,2]}'),
    ):
        control = schema_control(schema, options)
        assert control.ending(control.start()) == whole
    control = schema_control(schema)
    config = control.start()
    for text in (b"[", b"["):
        config = next(
            reached
            for lexeme in control.lexemes(config)
            if bytes(getattr(lexeme.parts[0], "data", b"")) == text
            and (reached := control.advance(config, (lexeme,), text)) is not None
        )
    assert control.ending(config) == b'],{"x":"longer"}]'


def test_items_that_differ() -> None:
    schema = {"items": {"enum": [{"a": 1}, {"a": 2}, [1]]}, "uniqueItems": True, "minItems": 3}
    control = schema_control(schema, SPECIFICATION)
    assert accepts(control, b'[{"a":2},[1],{"a":1.0}]')
    assert not accepts(control, b'[{"a":2},[1],{"a":2}]')
    assert not accepts(control, b'[{"a":2},[1],{"a":1},[1]]')


def test_deep_values() -> None:
    value: Any = 1
    for _ in range(400):
        value = {"a": [value]}
    control = schema_control({"const": value})
    assert control.ending(control.start()) == b'{"a":[' * 400 + b"1" + b"]}" * 400


def test_values_listed_twice() -> None:
    control = schema_control({"enum": [{"a": 1, "b": 2}, {"b": 2, "a": 1}, [1], [1.0]]})
    assert accepts(control, b'{"a":1,"b":2}')
    assert accepts(control, b'{"b":2,"a":1}')
    assert accepts(control, b"[1]")


STRINGS = ["", "a", "ab", '"', "\\", "/", "\n", "é", "\U0001f600", "\U0001f601", "\ud7ff"]
STRINGS += [f"{begin}{i}" for begin in ("a", "é", "\U0001f600/", '"\\') for i in range(25)]


@pytest.mark.parametrize(
    "values", [[{text: i} for i, text in enumerate(STRINGS)], [[text] for text in STRINGS]]
)
def test_many_strings_are_begun_together(values: list[Any]) -> None:
    control = schema_control({"enum": values})
    constraint = compile_json_schema({"enum": values}, VOCABULARY)
    texts = [spelt(value).encode() for value in values]
    beginnings = {text[:n] for text in texts for n in range(len(text) + 1)}
    row = np.zeros(VOCABULARY.bitmask_words, np.int32)
    for begun in sorted(beginnings):
        following = [text for text in texts if text.startswith(begun)]
        matcher = constraint.matcher()
        assert matcher.accept_bytes(begun)
        matcher.fill_bitmask(row)
        found = np.flatnonzero(allowed(row, VOCABULARY.size)).tolist()
        next_bytes = {VOCABULARY.token_bytes(token) for token in found} - {None}
        expected = {text[len(begun) : len(begun) + 1] for text in following} - {b""}
        assert {byte for byte in next_bytes if byte not in SPACES} == expected
        least = min(following, key=lambda text: (len(text), text))
        assert matcher.tokens_to_finish() == len(least) - len(begun) + 1
    assert all(accepts(control, text) for text in texts)


@pytest.mark.parametrize("wrap", [lambda text: {text: 1}, lambda text: {"k": text}])
def test_many_strings_in_every_spelling(wrap: Callable[[str], Any]) -> None:
    control = schema_control({"enum": list(map(wrap, STRINGS))}, SPECIFICATION)
    assert all(accepts(control, json.dumps(wrap(text)).encode()) for text in STRINGS)
    assert accepts(control, spelt(wrap("MARK")).replace("MARK", "\\u0061\\u0062").encode())
    assert accepts(control, spelt(wrap("MARK")).replace("MARK", "\\ud83D\\ude01").encode())
    for wrong in ("aa", "\U0001f602", "\U0001f600", "a25"):
        assert accepts(control, json.dumps(wrap(wrong)).encode()) == (wrong in STRINGS)


def test_many_strings_that_differ() -> None:
    schema = {
        "items": {"enum": [{text: 1} for text in STRINGS]},
        "uniqueItems": True,
        "minItems": 2,
    }
    for options in (JSONOptions(), SPECIFICATION):
        control = schema_control(schema, options)
        assert accepts(control, b'[{"a1":1},{"a10":1}]')
        assert not accepts(control, b'[{"a1":1},{"a1":1}]')
