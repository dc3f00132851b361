"""Objects under negation, counts and overlapping patterns, against `jsonschema`."""

from __future__ import annotations

import json
from itertools import combinations, permutations, product
from typing import Any

import jsonschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from constrain.errors import UnsatisfiableSchemaError
from constrain.schema import JSONOptions, SchemaControl, schema_control
from constrain.schema.members import _least_in_order
from tests.reference import accepts

NAMES = ("a", "ab", "b", "c")
VALUES = (0, "s", {}, {"a": 0})
SMALL = [
    dict(zip(names, values, strict=True))
    for size in range(3)
    for names in combinations(NAMES, size)
    for values in product(VALUES, repeat=size)
]
BUDGET = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

_leaves = st.sampled_from(
    [True, False, *({"type": kind} for kind in ("integer", "string", "object"))]
)
_patterns = st.sampled_from(("^a", "b$", "^[ac]$", "^.$", "^a$"))
_keys = st.sampled_from(
    [
        {"pattern": "^a"},
        {"minLength": 2},
        {"enum": ["a", "c"]},
        {"not": {"const": "b"}},
        {"maxLength": 1},
    ]
)


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    counts = st.integers(0, 3)
    return st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
            "patternProperties": st.dictionaries(_patterns, inner, max_size=2),
            "additionalProperties": inner,
            "propertyNames": _keys,
            "required": st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
            "minProperties": counts,
            "maxProperties": counts,
        },
    )


def _combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    branches = st.lists(inner, min_size=1, max_size=2)
    return st.one_of(
        st.builds(lambda s: {"not": s}, inner),
        st.builds(lambda s, t: {**s, "not": t}, _objects(_leaves), inner),
        st.builds(lambda s, t: {"oneOf": [s, t]}, inner, inner),
        st.builds(lambda s: {"allOf": [{"not": part} for part in s]}, branches),
        st.builds(lambda s, t, e: {"if": s, "then": t, "else": e}, inner, inner, inner),
        _objects(inner),
    )


schemas = st.builds(
    lambda schema: {**schema, "type": "object"},
    st.recursive(_objects(_leaves), _combined, max_leaves=5),
)


def compiled(schema: Any, options: JSONOptions) -> SchemaControl | None:
    try:
        return schema_control(schema, options)
    except UnsatisfiableSchemaError:
        return None


def valid(schema: Any) -> list[Any]:
    validator = jsonschema.Draft202012Validator(schema)
    return [value for value in SMALL if validator.is_valid(value)]


@BUDGET
@given(schemas)
def test_any_order_accepts_what_is_valid(schema: Any) -> None:
    control = compiled(schema, JSONOptions(property_order="any", whitespace="none"))
    expected = valid(schema)
    if control is None:
        assert expected == []
    else:
        assert [value for value in SMALL if accepts(control, _text(value))] == expected


@BUDGET
@given(schemas)
def test_schema_order_accepts_each_valid_value_in_some_order(schema: Any) -> None:
    control = compiled(schema, JSONOptions(whitespace="none"))
    expected = valid(schema)
    if control is None:
        assert expected == []
        return
    accepted = [
        value for value in SMALL if any(accepts(control, _text(order)) for order in _orders(value))
    ]
    assert accepted == expected


@BUDGET
@given(schemas, st.sampled_from(["schema", "any"]))
def test_every_prefix_of_a_least_ending_leads_on(schema: Any, order: Any) -> None:
    control = compiled(schema, JSONOptions(property_order=order, whitespace="none"))
    if control is None:
        return
    ending = control.ending(control.start())
    assert jsonschema.Draft202012Validator(schema).is_valid(json.loads(ending))
    assert accepts(control, ending)
    shorter = [_text(o) for value in valid(schema) for o in _orders(value)]
    found = [text for text in shorter if accepts(control, text)]
    assert all((len(ending), ending) <= (len(text), text) for text in found)


def _orders(value: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(items) for items in permutations(value.items())]


def _text(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


_written = st.tuples(st.sampled_from(("a", "ab", "b", "ba", "c", "ca", "cb", "cca")), st.booleans())


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.lists(_written, min_size=1, max_size=8, unique_by=lambda pair: pair[0]), st.data())
def test_the_least_members_in_order_are_those_of_an_enumeration(
    names: list[tuple[str, bool]], data: st.DataObject
) -> None:
    members = [(f'"{name}":{len(name)}'.encode(), required) for name, required in names]
    others = [index for index, (_, required) in enumerate(members) if not required]
    extra = data.draw(st.integers(0, len(others)))
    if extra == 0:
        return
    longest = sorted(len(members[index][0]) for index in others)[extra - 1]
    texts = []
    for chosen in combinations(others, extra):
        texts.append([m for i, (m, required) in enumerate(members) if required or i in chosen])
    least = min(texts, key=lambda text: (len(b",".join(text)), b",".join(text)))
    assert _least_in_order(members, extra, longest) == least
