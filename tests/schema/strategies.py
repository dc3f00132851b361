"""Random schemas that mix all keywords, and random values that often come near them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "ab", "x1", "")
STRINGS = ("", "a", "ab", "b", "bb", "aé", "\n", '"', "2024-02-29", "x1")
PATTERNS = ("^a", "b$", "^[ab]*$", "^x[0-9]$", "a|b", "^.$", "^")
"""Not the empty one, which `jsonschema` overlooks beside `additionalProperties`."""
NUMBERS = (-2, -1, 0, 1, 2, 3, 5, 10, 0.5, 1.0, 1.5, -0.5, 2.5)
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
DRAFTS = ("draft4", "draft6", "draft7", "draft2019-09", "draft2020-12")
NEWEST = DRAFTS[-1]

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


def _keywords(inner: st.SearchStrategy[Any], draft: str) -> dict[str, st.SearchStrategy[Any]]:
    """Return the values of each keyword that a draft has."""
    counts = st.integers(0, 3)
    numbers = st.sampled_from(NUMBERS)
    names = st.lists(st.sampled_from(NAMES), max_size=2, unique=True)
    some_names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True)
    named = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    branches = st.lists(inner, min_size=1, max_size=3)
    types = st.sampled_from(TYPES)
    keywords = {
        "type": st.one_of(types, st.lists(types, min_size=1, max_size=3, unique=True)),
        "enum": st.lists(values, min_size=1, max_size=4),
        "minimum": numbers,
        "maximum": numbers,
        "exclusiveMinimum": numbers,
        "exclusiveMaximum": numbers,
        "multipleOf": st.sampled_from((1, 2, 3, 0.5, 1.5)),
        "minLength": counts,
        "maxLength": counts,
        "pattern": st.sampled_from(PATTERNS),
        "items": inner,
        "minItems": counts,
        "maxItems": counts,
        "uniqueItems": st.booleans(),
        "properties": named,
        "patternProperties": st.dictionaries(st.sampled_from(PATTERNS), inner, max_size=2),
        "additionalProperties": inner,
        "required": names,
        "minProperties": counts,
        "maxProperties": counts,
        "anyOf": branches,
        "allOf": branches,
        "oneOf": branches,
        "not": inner,
        "$ref": st.sampled_from(("#/$defs/one", "#/$defs/two", "#")),
    }
    number = DRAFTS.index(draft)
    if number == 0:
        keywords |= dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), st.booleans())
        keywords["required"] = some_names
    else:
        keywords |= {"const": values, "contains": inner, "propertyNames": inner}
    if number >= DRAFTS.index("draft7"):
        keywords |= {"if": inner, "then": inner, "else": inner}
    if number < DRAFTS.index("draft2019-09"):
        keywords["dependencies"] = st.dictionaries(
            st.sampled_from(NAMES), st.one_of(inner, some_names), max_size=2
        )
    else:
        keywords |= {
            "minContains": counts,
            "maxContains": counts,
            "dependentRequired": st.dictionaries(st.sampled_from(NAMES), names, max_size=2),
            "dependentSchemas": named,
            "unevaluatedProperties": inner,
            "unevaluatedItems": inner,
        }
    if draft == "draft2019-09":
        # When `jsonschema` tells what is evaluated, it reads schemas here as lists of names; of
        # items it fails on booleans, and takes `contains` to evaluate some.
        some = ("additionalProperties", "unevaluatedProperties")
        keywords |= dict.fromkeys(some, st.booleans())
        del keywords["unevaluatedItems"]
    if draft == NEWEST:
        keywords["prefixItems"] = branches
    else:
        keywords |= {"items": st.one_of(inner, branches), "additionalItems": inner}
    return keywords


_RELATED = (
    ("type", "properties", "required", "additionalProperties"),
    ("properties", "patternProperties", "additionalProperties", "minProperties"),
    ("properties", "required", "maxProperties", "allOf"),
    ("type", "items", "minItems", "maxItems", "prefixItems", "additionalItems"),
    ("items", "uniqueItems", "minItems", "prefixItems"),
    ("items", "contains", "minContains", "maxContains", "maxItems", "uniqueItems"),
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
    ("dependentRequired", "dependentSchemas", "dependencies", "properties", "maxProperties"),
    ("unevaluatedProperties", "properties", "anyOf", "patternProperties", "if", "then", "$ref"),
    ("unevaluatedItems", "prefixItems", "contains", "allOf", "items", "oneOf"),
    ("anyOf", "allOf", "required"),
    ("enum", "anyOf"),
    ("$ref", "properties", "required"),
)


def _decidable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that `jsonschema` can judge: it fails on these two keywords together."""
    if isinstance(schema.get("items"), bool):
        return {name: value for name, value in schema.items() if name != "additionalItems"}
    return schema


@cache
def schemas_of(draft: str) -> st.SearchStrategy[Any]:
    """Return schemas of a draft, with two definitions that their `$ref`s may lead to."""

    def grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
        keywords = _keywords(inner, draft)
        groups = [[name for name in group if name in keywords] for group in _RELATED]

        def chosen(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
            most = min(len(names), 4)
            some = st.lists(st.sampled_from(names), min_size=1, max_size=most, unique=True)
            return some.flatmap(
                lambda picked: st.fixed_dictionaries(
                    {k: keywords[k] for k in picked + _needed(picked, draft)}
                ).map(_decidable)
            )

        return st.sampled_from([*filter(None, groups), list(keywords)]).flatmap(chosen)

    simple = [{"type": t} for t in ("integer", "string", "array", "object", "null")]
    leaves = [st.just({}), st.sampled_from(simple)]
    if draft == "draft4":
        leaves.append(st.builds(lambda value: {"enum": [value]}, scalars))
    else:
        leaves += [st.booleans(), st.builds(lambda value: {"const": value}, scalars)]
    inner = st.recursive(st.one_of(leaves), grown, max_leaves=8)
    return st.builds(
        lambda schema, one, two: {**schema, "$defs": {"one": one, "two": two}},
        inner.filter(lambda schema: isinstance(schema, dict)),
        inner,
        inner,
    )


def _needed(picked: list[str], draft: str) -> list[str]:
    """Keywords that a draft wants beside those picked."""
    pairs = (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum"))
    wanted = [other for keyword, other in pairs if keyword in picked] if draft == "draft4" else []
    return [keyword for keyword in wanted if keyword not in picked]


schemas = schemas_of(NEWEST)


def variants(value: Any) -> st.SearchStrategy[Any]:
    """Return values that differ from a value in one place, at most."""
    options = [st.just(value), scalars, values]
    if isinstance(value, dict) and value:
        names = st.sampled_from(list(value))
        options += [
            names.map(lambda name: {k: v for k, v in value.items() if k != name}),
            names.flatmap(lambda name: variants(value[name]).map(lambda v: {**value, name: v})),
        ]
    if isinstance(value, dict):
        options.append(
            st.tuples(st.sampled_from(NAMES), scalars).map(lambda new: {**value, new[0]: new[1]})
        )
    if isinstance(value, list) and value:
        places = st.integers(0, len(value) - 1)
        options += [
            places.map(lambda i: value[:i] + value[i + 1 :]),
            places.map(lambda i: [*value, value[i]]),
            places.flatmap(
                lambda i: variants(value[i]).map(lambda v: [*value[:i], v, *value[i + 1 :]])
            ),
        ]
    if isinstance(value, list):
        options.append(scalars.map(lambda item: [*value, item]))
    return st.one_of(options)


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
