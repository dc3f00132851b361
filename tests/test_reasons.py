"""Why a text is refused: the keyword, its place in the schema, the place in the text."""

from __future__ import annotations

import json
from functools import cache, partial
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from constrain import ConstraintError, JSONOptions, compile_json_schema
from constrain.explain import byte_vocabulary, explain
from constrain.reasons import Reason, reasons
from constrain.schema import schema_control
from constrain.schema.sources.documents import parse
from constrain.schema.violations import violations
from tests.schema.agreement import is_valid, keywords_told
from tests.schema.strategies import DRAFTS, schemas, schemas_of, values

VOCABULARY = byte_vocabulary()
SPECIFICATION = JSONOptions.specification(format="assert")
DRAFT7 = {"$schema": "http://json-schema.org/draft-07/schema#"}
DRAFT4 = {"$schema": "http://json-schema.org/draft-04/schema#"}


def told(schema: Any, text: str, options: JSONOptions = SPECIFICATION) -> list[Reason]:
    compiled = cache(partial(compile_json_schema, schema, VOCABULARY))
    refusal = explain(compiled(options), text.encode())
    assert refusal is not None
    return reasons(compiled, options, text.encode(), refusal)


KEYWORDS = [
    ({"type": "integer"}, "1.5", "type", "", "1.5 is a number, not an integer"),
    ({"type": ["null", "array"]}, "{}", "type", "", "{} is an object, not null or an array"),
    ({"enum": [1, "a"]}, '"b"', "enum", "", '"b" is not 1 or "a"'),
    ({"const": {"a": 1}}, '{"a": 2}', "const", "", '{"a": 2} is not {"a": 1}'),
    ({"minimum": 1.5}, "1", "minimum", "", "1 is less than 1.5"),
    ({"maximum": 6}, "7", "maximum", "", "7 is greater than 6"),
    ({"exclusiveMinimum": 1}, "1.0", "exclusiveMinimum", "", "1.0 is not greater than 1"),
    ({"exclusiveMaximum": 1}, "1", "exclusiveMaximum", "", "1 is not less than 1"),
    (
        {**DRAFT4, "minimum": 1, "exclusiveMinimum": True},
        *("1", "minimum", "", "1 is not greater than 1"),
    ),
    ({"multipleOf": 0.1}, "0.25", "multipleOf", "", "0.25 is not a multiple of 0.1"),
    ({"minLength": 3}, '"ab"', "minLength", "", '"ab" has 2 characters, fewer than 3'),
    ({"maxLength": 1}, '"ab"', "maxLength", "", '"ab" has 2 characters, more than 1'),
    ({"pattern": "^a+$"}, '"ab"', "pattern", "", '"ab" does not match ^a+$'),
    ({"format": "date"}, '"June"', "format", "", '"June" is not of the format date'),
    ({"items": {"type": "null"}}, "[null, 1]", "items/type", "/1", "1 is a number, not null"),
    ({"prefixItems": [True, False]}, "[1, 2]", "prefixItems/1", "/1", "there must be no item 1"),
    (
        {"prefixItems": [True], "items": False},
        *("[1, 2]", "items", "/1", "there must be no item 1"),
    ),
    (
        {**DRAFT7, "items": [True], "additionalItems": {"type": "null"}},
        *("[1, 2]", "additionalItems/type", "/1", "2 is a number, not null"),
    ),
    ({"minItems": 2}, "[1]", "minItems", "", "[1] has 1 item, fewer than 2"),
    ({"maxItems": 0}, "[1]", "maxItems", "", "[1] has 1 item, more than 0"),
    (
        {"properties": {"a/b": {"const": 1}}},
        *('{"a/b": 2}', "properties/a~1b/const", "/a~1b", "2 is not 1"),
    ),
    (
        {"properties": {"a": False}},
        *('{"a": 1}', "properties/a", "/a", 'the property "a" must not be there'),
    ),
    (
        {"patternProperties": {"^x": {"type": "null"}}},
        *('{"x1": 1}', "patternProperties/^x/type", "/x1", "1 is a number, not null"),
    ),
    (
        {"properties": {"a": True}, "additionalProperties": False},
        *('{"b": 1}', "additionalProperties", "/b", 'the property "b" is not allowed'),
    ),
    (
        {"propertyNames": {"maxLength": 1}},
        *('{"ab": 1}', "propertyNames", "", 'the key "ab" is not allowed'),
    ),
    ({"required": ["a"]}, "{}", "required", "", 'the property "a" is missing'),
    ({"minProperties": 1}, "{}", "minProperties", "", "{} has 0 properties, fewer than 1"),
    (
        {"maxProperties": 0},
        *('{"a": 1}', "maxProperties", "", '{"a": 1} has 1 property, more than 0'),
    ),
    (
        {"dependentRequired": {"a": ["b"]}},
        *('{"a": 1}', "dependentRequired/a", "", '"a" is there, but "b" is missing'),
    ),
    (
        {"dependentSchemas": {"a": {"maxProperties": 1}}},
        *('{"a": 1, "b": 2}', "dependentSchemas/a/maxProperties", ""),
        '{"a": 1, "b": 2} has 2 properties, more than 1',
    ),
    (
        {**DRAFT7, "dependencies": {"a": ["b"], "c": False}},
        *('{"a": 1}', "dependencies/a", "", '"a" is there, but "b" is missing'),
    ),
    ({"$ref": "#/$defs/n", "$defs": {"n": {"const": 1}}}, "2", "$defs/n/const", "", "2 is not 1"),
    ({"allOf": [True, {"const": 1}]}, "2", "allOf/1/const", "", "2 is not 1"),
    ({"anyOf": [{"const": 1}, False]}, "2", "anyOf", "", "2 satisfies none of 2 schemas"),
    ({"oneOf": [{"const": 1}, {"const": 2}]}, "3", "oneOf", "", "3 satisfies none of 2 schemas"),
    (
        {"oneOf": [{"minimum": 1}, {"maximum": 2}]},
        *("1", "oneOf", "", "1 satisfies more than one schema: 0 and 1"),
    ),
    (
        {"not": {"type": "null"}},
        *("null", "not", "", "null satisfies the schema that it must not"),
    ),
    ({"contains": {"const": 1}}, "[2]", "contains", "", "no item of [2] satisfies it"),
    (
        {"contains": {"const": 1}, "minContains": 2},
        *("[1]", "minContains", "", "1 item of [1] satisfies it, fewer than 2"),
    ),
    (
        {"contains": {"const": 1}, "maxContains": 1},
        *("[1, 1]", "maxContains", "", "2 items of [1, 1] satisfy it, more than 1"),
    ),
    (
        {"uniqueItems": True},
        *("[1, 2, 1.0]", "uniqueItems", "/2", "items 0 and 2 are equal: 1.0"),
    ),
    (
        {"properties": {"a": True}, "unevaluatedProperties": False},
        *('{"b": 1}', "unevaluatedProperties", "/b"),
        'the property "b" is not allowed: no other schema has evaluated it',
    ),
    (
        {
            "anyOf": [{"required": ["a"], "properties": {"a": True, "b": True}}, True],
            "if": {"patternProperties": {"^c": True}},
            "unevaluatedProperties": {"type": "null"},
        },
        *('{"c": 1, "d": null, "b": 2}', "unevaluatedProperties/type", "/b"),
        "2 is a number, not null",
    ),
    (
        {"prefixItems": [True], "unevaluatedItems": {"type": "null"}},
        *("[1, 2]", "unevaluatedItems/type", "/1", "2 is a number, not null"),
    ),
    (
        {"contains": {"const": 1}, "unevaluatedItems": False},
        *("[1, 2]", "unevaluatedItems", "/1"),
        "item 1 is not allowed: no other schema has evaluated it",
    ),
    (
        {"$dynamicRef": "#n", "$defs": {"n": {"$dynamicAnchor": "n", "const": 1}}},
        *("2", "$defs/n/const", "", "2 is not 1"),
    ),
    ({"if": {"minimum": 3}, "then": {"const": 5}}, "4", "then/const", "", "4 is not 5"),
    (
        {"if": {"minimum": 3}, "else": False},
        "1",
        "else",
        "",
        "no value is allowed that breaks `if`",
    ),
]


@pytest.mark.parametrize(("schema", "text", "keyword", "pointer", "message"), KEYWORDS)
def test_every_keyword_is_named(
    schema: Any, text: str, keyword: str, pointer: str, message: str
) -> None:
    reason = told(schema, text)[0]
    assert (reason.schema, reason.pointer, reason.message) == (f"/{keyword}", pointer, message)
    assert reason.keyword in keyword.split("/")


def test_the_branches_say_what_they_have_against_a_value() -> None:
    branches = [{"type": "integer", "minimum": 5}, {"properties": {"a": {"type": "null"}}}]
    [reason] = told(
        {"$defs": {"u": {"anyOf": branches}}, "items": {"$ref": "#/$defs/u"}}, '[3.5, {"a": 1}]'
    )[:1]
    assert reason.schema == "/$defs/u/anyOf"
    assert [inner.schema for inner in reason.because] == [
        "/$defs/u/anyOf/1/properties/a/type",
        "/$defs/u/anyOf/0/type",
    ]


def test_what_concerns_the_refused_place_comes_first() -> None:
    schema = {"required": ["z"], "properties": {"a": {"minimum": 1}, "b": {"minimum": 1}}}
    found = told(schema, '{"b": 0, "a": 0}')
    assert [reason.schema for reason in found] == [
        "/properties/b/minimum",
        "/required",
        "/properties/a/minimum",
    ]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('{"b": 1, "a": 1}', "order of the schema"),
        ('{"a":  1}', "white space"),
        ('{"a": 1.0}', "integers have"),
        ('{"c": "\\u0061"}', "escaped only where"),
    ],
)
def test_the_generation_language_is_told_from_the_schema(text: str, rule: str) -> None:
    schema = {"properties": {"a": {"type": "integer"}, "b": {}, "c": {"type": "string"}}}
    [reason] = told(schema, text, JSONOptions())
    assert (reason.keyword, reason.schema) == ("", "")
    assert reason.message.startswith("not written in the generation language:")
    assert rule in reason.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1, "a": 2}', 'the key "a" stands twice in one object'),
        ('{"a": 1', "not JSON: the text ends too early"),
        ('{"a": "1', "not JSON: the text ends too early"),
        ('{"a" 1}', "not JSON: "),
        ("[NaN]", "not JSON: NaN is no JSON value"),
    ],
)
def test_what_is_wrong_under_any_schema(text: str, said: str) -> None:
    [reason] = told({}, text)
    assert reason.message.startswith(said)
    assert (reason.keyword, reason.schema) == ("", "")


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ('{"a": "x", "b"', "/properties/a/type"),
        ('{"a": 17', "/properties/a/maximum"),
        ('{"c": oops', "/additionalProperties"),
        ('{"b": [1, 1, ', "/properties/b/maxItems"),
        ('{"d": "long', "/properties/d/maxLength"),
        ('{"d": "s", "b', "/properties/d/minLength"),
        ('{"b": [1], "open', "/additionalProperties"),
    ],
)
def test_a_text_that_breaks_off_is_explained_up_to_the_refused_token(
    text: str, keyword: str
) -> None:
    schema = {
        "properties": {
            "a": {"type": "integer", "maximum": 9},
            "b": {"maxItems": 1},
            "d": {"type": "string", "minLength": 2, "maxLength": 3},
        },
        "additionalProperties": False,
    }
    assert [reason.schema for reason in told(schema, text)] == [keyword]


def test_where_no_keyword_is_to_blame_the_schemas_of_the_place_are_named() -> None:
    [reason] = told({"properties": {"a": {"type": "string"}}}, '{"a": "\\ud800"}')
    assert (reason.schema, reason.pointer) == ("/properties/a", "/a")


@pytest.mark.filterwarnings("ignore::constrain.SchemaWarning")
@settings(max_examples=500, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.sampled_from(DRAFTS).flatmap(lambda d: st.tuples(st.just(d), schemas_of(d))), values)
def test_the_keywords_are_those_that_jsonschema_names(drawn: tuple[str, Any], value: Any) -> None:
    draft, schema = drawn
    try:
        control = schema_control(schema, SPECIFICATION, draft=draft)
    except ConstraintError:
        assume(False)
        return
    found = violations(control.atoms.root, parse(json.dumps(value)))
    for violation in found:
        assert violation.keyword in _at(schema, violation.pointer)
    told = keywords_told(schema, value, draft)
    assert bool(found) == bool(told)
    # Where a schema is `false`, jsonschema leaves the last step out: the keyword is not known.
    # What is unevaluated, and keys, it calls wrong as a whole or part by part.
    ours = {step for violation in found for step in _at(schema, violation.pointer)}
    ours |= {inner.keyword for violation in found for inner in violation.because}
    assert told - {None} <= ours
    if None not in told and "unevaluatedProperties" not in told:
        whole = {"propertyNames"} if "propertyNames" in ours else set()
        assert {violation.keyword for violation in found} <= told | whole


@settings(max_examples=150, suppress_health_check=[HealthCheck.filter_too_much])
@given(schemas, values)
def test_every_refused_text_has_a_reason(schema: Any, value: Any) -> None:
    compiled = cache(partial(compile_json_schema, schema, VOCABULARY))
    text = json.dumps(value, ensure_ascii=False).encode()
    try:
        refusal = explain(compiled(SPECIFICATION), text)
    except ConstraintError:
        assume(False)
        return
    assert (refusal is None) == is_valid(schema, value)
    if refusal is not None:
        for reason in reasons(compiled, SPECIFICATION, text, refusal):
            assert reason.keyword in _at(schema, reason.schema)


def _at(schema: Any, pointer: str) -> list[str]:
    """The steps of a pointer that leads somewhere in the schema."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    for step in steps:
        schema = schema[int(step)] if isinstance(schema, list) else schema[step]
    return steps
