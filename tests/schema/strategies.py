"""Random schemas of the supported keywords, and random values that often come near them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "ab", "x1", "")
STRINGS = ("", "a", "ab", "b", "bb", "aé", "\n", '"', "2024-02-29", "x1")
PATTERNS = ("^a", "b$", "^[ab]*$", "^x[0-9]$", "a|b", "^.$", "")
NUMBERS = (-2, -1, 0, 1, 2, 3, 5, 10, 0.5, 1.0, 1.5, -0.5, 2.5)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(NUMBERS),
    st.sampled_from(STRINGS),
    st.integers(-3, 12),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=6,
)


def _keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    counts = st.integers(0, 3)
    named = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    types = st.sampled_from(("null", "boolean", "integer", "number", "string", "array", "object"))
    branches = st.lists(inner, min_size=1, max_size=3)
    keywords = {
        "type": st.one_of(types, st.lists(types, min_size=1, max_size=3, unique=True)),
        "enum": st.lists(values, min_size=1, max_size=4),
        "const": values,
        "minimum": st.sampled_from(NUMBERS),
        "maximum": st.sampled_from(NUMBERS),
        "exclusiveMinimum": st.sampled_from(NUMBERS),
        "exclusiveMaximum": st.sampled_from(NUMBERS),
        "multipleOf": st.sampled_from((1, 2, 3, 0.5, 1.5)),
        "minLength": counts,
        "maxLength": counts,
        "pattern": st.sampled_from(PATTERNS),
        "items": inner,
        "prefixItems": branches,
        "minItems": counts,
        "maxItems": counts,
        "contains": inner,
        "minContains": counts,
        "maxContains": counts,
        "properties": named,
        "patternProperties": st.dictionaries(st.sampled_from(PATTERNS), inner, max_size=2),
        "additionalProperties": inner,
        "required": st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
        "minProperties": counts,
        "maxProperties": counts,
        "anyOf": branches,
        "allOf": branches,
        "oneOf": branches,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "propertyNames": inner,
        "dependentRequired": st.dictionaries(
            st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=2), max_size=2
        ),
        "dependentSchemas": named,
        "$ref": st.sampled_from(("#/$defs/one", "#/$defs/two", "#")),
    }
    related = st.sampled_from(
        (
            ("type", "properties", "required", "additionalProperties"),
            ("properties", "patternProperties", "additionalProperties", "minProperties"),
            ("properties", "required", "maxProperties", "allOf"),
            ("type", "items", "minItems", "maxItems", "prefixItems"),
            ("contains", "minContains", "maxContains", "items", "maxItems"),
            ("contains", "prefixItems", "type", "not"),
            ("type", "minimum", "maximum", "multipleOf", "exclusiveMaximum"),
            ("type", "minLength", "maxLength", "pattern"),
            ("anyOf", "type", "properties"),
            ("oneOf", "type", "required"),
            ("oneOf", "anyOf"),
            ("not", "type", "properties"),
            ("not", "anyOf", "enum"),
            ("if", "then", "else"),
            ("propertyNames", "properties", "patternProperties", "minProperties"),
            ("dependentRequired", "dependentSchemas", "properties", "maxProperties"),
            ("anyOf", "allOf", "required"),
            ("enum", "anyOf"),
            ("$ref", "properties", "required"),
            tuple(keywords),
        )
    )

    def chosen(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
        some = st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True)
        return some.flatmap(lambda picked: st.fixed_dictionaries({k: keywords[k] for k in picked}))

    return related.flatmap(chosen)


_schemas = st.recursive(
    st.one_of(
        st.booleans(),
        st.just({}),
        st.sampled_from([{"type": t} for t in ("integer", "string", "array", "object", "null")]),
        st.builds(lambda value: {"const": value}, scalars),
    ),
    _keywords,
    max_leaves=8,
)

schemas = st.builds(
    lambda schema, one, two: {**schema, "$defs": {"one": one, "two": two}},
    _schemas.filter(lambda schema: isinstance(schema, dict)),
    _schemas,
    _schemas,
)
"""Schemas with two definitions that their `$ref`s may lead to."""


@st.composite
def spelled(draw: st.DrawFn, value: Any) -> str:
    """Return a JSON text of a value: any order, white space, spelling of strings and numbers."""
    space = st.sampled_from(("", "", "", " ", "\n", "\t \r"))
    if isinstance(value, dict):
        members = draw(st.permutations(list(value.items())))
        inner = [
            f"{draw(space)}{draw(spelled(name))}{draw(space)}:{draw(space)}{draw(spelled(child))}"
            for name, child in members
        ]
        return "{" + f"{draw(space)},".join(inner) + draw(space) + "}"
    if isinstance(value, list):
        inner = [draw(space) + draw(spelled(child)) + draw(space) for child in value]
        return "[" + ",".join(inner) + (draw(space) if not inner else "") + "]"
    if isinstance(value, str):
        return '"' + "".join(draw(_character(c)) for c in value) + '"'
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        forms = [json.dumps(value)]
        if value == int(value):
            forms += [
                f"{int(value)}",
                f"{int(value)}.0",
                f"{int(value)}E0",
                f"{int(value) * 10}e-1",
            ]
        return draw(st.sampled_from(forms))
    return json.dumps(value)


def _character(character: str) -> st.SearchStrategy[str]:
    plain = json.dumps(character, ensure_ascii=False)[1:-1]
    return st.sampled_from((plain, plain, f"\\u{ord(character):04x}", f"\\u{ord(character):04X}"))
