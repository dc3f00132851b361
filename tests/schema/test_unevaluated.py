"""`unevaluatedProperties` and `unevaluatedItems`, against `jsonschema`, in both directions."""

from __future__ import annotations

import json
from itertools import combinations, product
from typing import Any

import jsonschema
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from constrain.errors import SchemaTooComplexError, UnsatisfiableSchemaError
from constrain.schema import JSONOptions, schema_control
from tests.reference import accepts

BUDGET = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
NAMES = ("a", "b", "ab")
SCALARS = (0, "s")
OBJECTS = [
    dict(zip(names, values, strict=True))
    for size in range(4)
    for names in combinations(NAMES, size)
    for values in product(SCALARS, repeat=size)
]
ARRAYS = [list(items) for size in range(4) for items in product(SCALARS, repeat=size)]

_leaves = st.sampled_from([True, False, {"type": "integer"}, {"type": "string"}])
_names = st.sampled_from(NAMES)
_named = st.dictionaries(_names, _leaves, max_size=2)
_about_objects = st.fixed_dictionaries(
    {},
    optional={
        "properties": _named,
        "patternProperties": st.dictionaries(st.sampled_from(("^a", "b$")), _leaves, max_size=1),
        "additionalProperties": _leaves,
        "required": st.lists(_names, max_size=1),
        "unevaluatedProperties": _leaves,
        "maxProperties": st.integers(0, 2),
    },
)
_about_arrays = st.fixed_dictionaries(
    {},
    optional={
        "prefixItems": st.lists(_leaves, min_size=1, max_size=2),
        "items": _leaves,
        "unevaluatedItems": _leaves,
        "minItems": st.integers(0, 2),
    },
)


def _combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    branches = st.lists(inner, min_size=1, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "anyOf": branches,
            "oneOf": branches,
            "allOf": branches,
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
            "dependentSchemas": st.dictionaries(_names, inner, max_size=1),
            "$ref": st.just("#/$defs/one"),
        },
    )


def _schemas(own: st.SearchStrategy[Any], keyword: str) -> st.SearchStrategy[dict[str, Any]]:
    inner = st.recursive(
        own, lambda below: st.builds(lambda a, b: {**a, **b}, own, _combined(below)), max_leaves=4
    )
    whole = st.builds(
        lambda kept, parts, left, one: {**kept, **parts, keyword: left, "$defs": {"one": one}},
        own,
        _combined(inner),
        st.sampled_from([False, False, {"type": "integer"}]),
        own,
    )
    return st.one_of(whole, whole.map(lambda s: {"not": {**s, "$defs": {}}, "$defs": s["$defs"]}))


def check(schema: Any, kind: str, values: list[Any]) -> None:
    schema = {"type": kind, **schema}
    validator = jsonschema.Draft202012Validator(schema)
    expected = [value for value in values if validator.is_valid(value)]
    options = JSONOptions(property_order="any", whitespace="none")
    try:
        control = schema_control(schema, options)
    except UnsatisfiableSchemaError:
        assert expected == []
        return
    except SchemaTooComplexError:
        reject()
    assert [value for value in values if accepts(control, _text(value))] == expected
    ending = control.ending(control.start())
    assert validator.is_valid(json.loads(ending))


@BUDGET
@given(_schemas(_about_objects, "unevaluatedProperties"))
def test_properties(schema: Any) -> None:
    check(schema, "object", OBJECTS)


@BUDGET
@given(_schemas(_about_arrays, "unevaluatedItems"))
def test_items(schema: Any) -> None:
    check(schema, "array", ARRAYS)


def _text(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def test_nothing_is_evaluated_below_a_negation() -> None:
    schema: Any = {
        "not": {"not": {"properties": {"a": {}}, "required": ["a"]}},
        "unevaluatedProperties": {"type": "string"},
    }
    control = schema_control(schema, JSONOptions.specification())
    valid = jsonschema.Draft202012Validator(schema).is_valid
    for value in OBJECTS:
        assert accepts(control, json.dumps(value).encode()) == valid(value), value


def test_additional_properties_with_a_schema_evaluate_in_every_draft() -> None:
    some = {"type": "object", "additionalProperties": {"type": "integer"}}
    schema = {"allOf": [some], "unevaluatedProperties": {"type": "null"}}
    for draft in ("draft2019-09", "draft2020-12"):
        control = schema_control(schema, draft=draft)
        assert accepts(control, b'{"a":1,"b":2}')
        assert not accepts(control, b'{"a":null}')
