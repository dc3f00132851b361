"""`generate_json` and its siblings: always valid, always within the budget, always reproducible."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypedDict

import jsonschema
import numpy as np
import pydantic
import pytest
from numpy.typing import NDArray

from constrain import (
    ConstraintError,
    GenerationError,
    InvalidSchemaError,
    JSONOptions,
    RegexTooComplexError,
    UnsatisfiableSchemaError,
    Vocabulary,
    VocabularyError,
    compile_json_schema,
    compile_regex,
    generate,
    generate_choice,
    generate_grammar,
    generate_json,
    generate_regex,
)
from constrain.models import LanguageModel, TableModel
from constrain.sampling import masked
from constrain.writing import Generation

TOKENS = [
    *(bytes([byte]) for byte in range(256)),
    *(b'{"', b'":', b'": "', b'", "', b'"}', b"true", b"null", b"name", b"age", b"12", b"00"),
    *(b" a", b"ab", b"abc", b'"a', b"},", b'{"name', b"yes", b"no", b"e", b"00"),
]
VOCABULARY = Vocabulary.from_bytes([*TOKENS, None, b"</s>", b"<end>"], [len(TOKENS) + 1])
EOS = VOCABULARY.eos_token_ids[0]
MODEL = TableModel(VOCABULARY, 1)

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "age": {"type": "integer", "minimum": 0},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
    },
    "required": ["name", "age"],
    "additionalProperties": False,
}
SCHEMAS: dict[str, Any] = {
    "person": PERSON,
    "anything": True,
    "any object": {"type": "object"},
    "number": {"type": "number", "minimum": 100, "maximum": 900, "multipleOf": 0.25},
    "date": {"type": "string", "format": "date"},
    "enum": {"enum": ["name", "age", 1200, None, {"a": [1, 2]}]},
    "union": {"anyOf": [PERSON, {"type": "boolean"}, {"type": "string", "pattern": "^(ab)+$"}]},
    "tree": {
        "$ref": "#/$defs/node",
        "$defs": {
            "node": {
                "type": "object",
                "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
                "required": ["kids"],
                "additionalProperties": False,
            }
        },
    },
}


class Counting(LanguageModel):
    """Passes on to another model and remembers what it was asked."""

    def __init__(self, model: LanguageModel, context_length: int | None = None) -> None:
        self.vocabulary = model.vocabulary
        self.context_length = context_length
        self.asked: list[list[tuple[int, ...]]] = []
        self._model = model

    def logprobs(self, prefixes: Sequence[Sequence[int]]) -> NDArray[Any]:
        self.asked.append([tuple(prefix) for prefix in prefixes])
        assert self.context_length is None or max(map(len, prefixes)) <= self.context_length
        return self._model.logprobs(prefixes)


def spelt(token_ids: Sequence[int]) -> str:
    return b"".join(VOCABULARY.token_bytes(token) or b"" for token in token_ids).decode()


# -- Always valid, always within the budget -----------------------------------------------------


@pytest.mark.parametrize("slack", [0, 1, 3, 10, 60])
@pytest.mark.parametrize("name", SCHEMAS)
def test_every_output_is_valid_and_fits(name: str, slack: int) -> None:
    schema = SCHEMAS[name]
    limit = compile_json_schema(schema, VOCABULARY).matcher().tokens_to_finish() + slack
    for seed, options in enumerate(
        [None, None, JSONOptions.specification(format="assert", portable_formats=True)]
    ):
        if options is not None:
            constraint = compile_json_schema(schema, VOCABULARY, options)
            limit = constraint.matcher().tokens_to_finish() + slack
        results = generate_json(
            schema,
            MODEL,
            n=5,
            seed=seed,
            max_tokens=limit,
            options=options,
            include_schema=False,
            return_details=True,
        )
        for result in results:
            jsonschema.Draft202012Validator(
                schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
            ).validate(result.value)
            assert json.loads(result.text) == result.value
            assert result.token_ids[-1] == EOS
            assert spelt(result.token_ids) == result.text
            assert len(result.token_ids) <= limit


@pytest.mark.parametrize("pattern", ["[a-z]+", "(ab|abc)*", r"\d{3}-\d{4}", "x.*y", ""])
def test_every_match_is_full(pattern: str) -> None:
    fewest = compile_regex(pattern, VOCABULARY).matcher().tokens_to_finish()
    for slack in (0, 1, 10):
        for text in generate_regex(pattern, MODEL, n=6, seed=1, max_tokens=fewest + slack):
            assert re.fullmatch(pattern, text)


def test_choices() -> None:
    choices = ["yes", "no", "name", "named", "na", "", "a+b (c)", "é"]
    uniform = TableModel(VOCABULARY, lambda _: np.ones(VOCABULARY.size))
    assert set(generate_choice(choices, uniform, n=300, seed=1)) == set(choices)
    assert generate_choice(["only"], MODEL) == "only"


def test_a_model_that_never_wants_to_end() -> None:
    def endless(prefix: tuple[int, ...]) -> NDArray[np.float64]:
        weights = np.full(VOCABULARY.size, 1e-9)
        weights[TOKENS.index(b" ")] = 1
        return weights

    result = generate_json(
        {"type": "array", "items": {"type": "string"}},
        TableModel(VOCABULARY, endless),
        temperature=0,
        max_tokens=25,
        options=JSONOptions.specification(),
        return_details=True,
    )
    assert isinstance(result.value, list)
    assert len(result.token_ids) == 25


def test_the_budget_is_felt_only_when_it_runs_out() -> None:
    for seed in range(5):
        settings: dict[str, Any] = {"seed": seed, "return_details": True}
        wide = generate_json(PERSON, MODEL, "x", max_tokens=900, **settings)
        for limit in (len(wide.token_ids) + 20, len(wide.token_ids) - 1):
            near = generate_json(PERSON, MODEL, "x", max_tokens=limit, **settings)
            same = [a == b for a, b in zip(near.token_ids, wide.token_ids)]  # noqa: B905
            assert near.token_ids[: len(same) // 2] == wide.token_ids[: len(same) // 2]
            assert (near.token_ids == wide.token_ids) is (limit > len(wide.token_ids))


@pytest.mark.parametrize("name", ["person", "date", "tree"])
def test_no_room_for_the_shortest_output(name: str) -> None:
    fewest = compile_json_schema(SCHEMAS[name], VOCABULARY).matcher().tokens_to_finish()
    said = rf"takes {fewest} tokens.*max_tokens is {fewest - 1}"
    with pytest.raises(GenerationError, match=said):
        generate_json(SCHEMAS[name], MODEL, max_tokens=fewest - 1)


def test_the_context_bounds_the_output() -> None:
    prompt = "yes"  # one token
    fewest = compile_json_schema(PERSON, VOCABULARY).matcher().tokens_to_finish()
    model = Counting(MODEL, context_length=fewest)
    result = generate_json(PERSON, model, prompt, seed=1, include_schema=False, return_details=True)
    assert len(result.token_ids) == fewest
    model.context_length = fewest - 1
    with pytest.raises(GenerationError, match=rf"context of {fewest - 1} has room"):
        generate_json(PERSON, model, prompt, include_schema=False)
    with pytest.raises(GenerationError, match=rf"prompt has {fewest + 1} tokens.*{fewest - 1}"):
        generate_json(PERSON, model, "x" * (fewest + 1), include_schema=False)


# -- Seeds --------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"top_k": 3}, {"temperature": 0.7, "top_p": 0.8}])
def test_an_output_depends_on_seed_and_index_alone(settings: dict[str, Any]) -> None:
    four = generate_json(PERSON, MODEL, "x", n=4, seed=7, max_tokens=60, **settings)
    two = generate_json(PERSON, MODEL, "x", n=2, seed=7, max_tokens=60, **settings)
    assert four[:2] == two
    assert generate_json(PERSON, MODEL, "x", seed=7, max_tokens=60, **settings) == four[0]
    assert len({json.dumps(value) for value in four}) > 1
    assert generate_json(PERSON, MODEL, "x", seed=8, max_tokens=60, **settings) != four[0]


def test_without_a_seed_outputs_differ_and_can_be_had_again() -> None:
    results = [generate_json(True, MODEL, max_tokens=60, return_details=True) for _ in range(4)]
    assert len({result.seed for result in results}) == 4
    first = results[0]
    assert generate_json(True, MODEL, max_tokens=60, seed=first.seed) == first.value


def test_temperature_zero_needs_no_seed() -> None:
    values = generate_json(PERSON, MODEL, n=3, temperature=0, max_tokens=60)
    assert values[0] == values[1] == values[2]


def test_draws_follow_the_masked_distribution() -> None:
    """The first token of 4,000 draws against the model's probabilities, renormalised."""
    choices = ["yes", "no", "abc", "12"]
    vocabulary = Vocabulary.from_bytes([c.encode() for c in choices] + [None], [4])
    weights = np.array([0.5, 0.3, 0.15, 0.05, 1.0])
    model = TableModel(vocabulary, lambda _: weights)
    draws = generate_choice(choices, model, n=4000, seed=3)
    expected = weights[:4] / weights[:4].sum() * 4000
    counts = np.array([draws.count(choice) for choice in choices])
    assert ((counts - expected) ** 2 / expected).sum() < 16.27  # chi-square, 3 df, p = 0.001


# -- Forced bytes -------------------------------------------------------------------------------


def test_forced_bytes_cost_no_model_call() -> None:
    schema = {"const": {"name": "abc", "age": [12, 12, True]}}
    model = Counting(MODEL)
    result = generate_json(
        schema, model, max_tokens=80, return_details=True, include_schema=False, seed=1
    )
    assert result.value == schema["const"]
    assert result.forced_tokens + result.model_calls == len(result.token_ids)
    assert result.model_calls == len(model.asked) < len(result.token_ids)
    assert generate_choice(["only"], Counting(MODEL), return_details=True).model_calls == 0


BYTES = Vocabulary.from_bytes([*(bytes([byte]) for byte in range(256)), None], [256])


@pytest.mark.parametrize("name", SCHEMAS)
def test_greedy_output_is_that_without_the_shortcut(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where each text has one tokenization, forced tokens change nothing but the cost."""
    settings: dict[str, Any] = {
        "temperature": 0,
        "max_tokens": 90,
        "return_details": True,
        "include_schema": False,
    }
    for seed in range(4):
        model = TableModel(BYTES, seed)
        short = generate_json(SCHEMAS[name], model, **settings)
        with monkeypatch.context() as patch:
            patch.setattr(masked, "certain_tokens", lambda matcher: [])
            long = generate_json(SCHEMAS[name], model, **settings)
        assert short.token_ids == long.token_ids


def test_tokens_that_may_run_on_are_left_to_the_model() -> None:
    """After `{` the key is forced, but its last quote may be part of `":` or `": "`."""
    model = Counting(MODEL)
    schema = {"properties": {"name": {"enum": ["ab", "abc"]}}, "required": ["name"]}
    schema |= {"type": "object", "additionalProperties": False}
    texts = set()
    for seed in range(60):
        result = generate_json(
            schema, model, seed=seed, max_tokens=40, include_schema=False, return_details=True
        )
        texts |= {VOCABULARY.token_bytes(token) for token in result.token_ids}
    assert {b'":', b'": "', b"ab", b"abc"} <= texts


def test_the_budget_holds_where_forced_tokens_are_not_the_fewest() -> None:
    """The tokenizer spells `yes` in three tokens; with no room to spare it must be one."""
    vocabulary = Vocabulary.from_bytes(
        [b"y", b"e", b"s", b"yes", b"a", b"b", None],
        [6],
        encode=lambda data: [b"yesab".index(byte) + (byte in b"ab") for byte in data],
    )
    model = TableModel(vocabulary, 1)
    tight = generate_regex("yes(a|b)", model, max_tokens=3, return_details=True)
    assert [vocabulary.token_bytes(t) for t in tight.token_ids[:1]] == [b"yes"]
    wide = generate_regex("yes(a|b)", model, max_tokens=9, return_details=True)
    assert [vocabulary.token_bytes(t) for t in wide.token_ids[:3]] == [b"y", b"e", b"s"]


# -- Batches and details ------------------------------------------------------------------------


def test_one_model_call_serves_all_unfinished_texts() -> None:
    model = Counting(MODEL)
    results = generate_json(
        PERSON, model, n=6, seed=1, max_tokens=80, include_schema=False, return_details=True
    )
    assert len(model.asked) == max(result.model_calls for result in results)
    assert sum(map(len, model.asked)) == sum(result.model_calls for result in results)
    assert len(model.asked[-1]) < 6


def test_details() -> None:
    result = generate_regex("[ab]{4}", MODEL, seed=1, return_details=True)
    assert isinstance(result, Generation)
    assert result.value == result.text
    logprob, prefix = 0.0, []
    for token in result.token_ids[: result.model_calls]:  # all but the end
        logprob += MODEL.logprobs([prefix])[0, token]
        prefix.append(token)
    assert result.logprob == pytest.approx(logprob)
    assert 0 <= result.timings.model <= result.timings.total
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.text = "x"


def test_the_schema_is_told_unless_turned_off() -> None:
    model = Counting(MODEL)
    for include, said in ((True, True), (False, False)):
        model.asked.clear()
        generate_json({"enum": [1, 12]}, model, "Say:", include_schema=include, seed=1)
        text = spelt(model.asked[0][0])
        assert text.startswith("Say:")
        assert ('{"enum": [1, 12]}' in text) is said


# -- Sources of schemas -------------------------------------------------------------------------


class Pet(pydantic.BaseModel):
    name: str = pydantic.Field(max_length=5)
    age: int = pydantic.Field(ge=0, le=9, alias="years")
    friend: Pet | None = None


@dataclasses.dataclass
class Point:
    x: int
    y: int | None = None


class Tag(TypedDict):
    key: str
    points: list[Point]


class Line(TypedDict, total=False):
    tags: list[Tag]
    tag: Tag | None


def test_json_text_and_paths(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps({"enum": ["é"]}), "utf-8")
    for source in (path, str(path), ' {"enum": ["\\u00e9"]}'):
        assert generate_json(source, MODEL) == "é"
    assert generate_json("true", MODEL, max_tokens=5, seed=1) is not ...


def test_a_pydantic_model_gives_instances() -> None:
    for pet in generate_json(Pet, MODEL, n=5, seed=1, max_tokens=60):
        assert isinstance(pet, Pet)
        assert len(pet.name) <= 5
        assert 0 <= pet.age <= 9
        assert pet.model_extra is None


def test_a_dataclass_gives_instances() -> None:
    for point in generate_json(Point, MODEL, n=5, seed=1, max_tokens=60):
        assert isinstance(point, Point)
        assert isinstance(point.x, int)


def test_a_typed_dict_gives_dicts() -> None:
    seen = set()
    for line in generate_json(Line, MODEL, n=30, seed=1, max_tokens=60):
        assert line.keys() <= {"tags", "tag"}
        for tag in [*line.get("tags", []), *filter(None, [line.get("tag")])]:
            assert tag.keys() == {"key", "points"}
            assert all(isinstance(point, Point) for point in tag["points"])
            seen |= tag.keys()
    assert seen


def test_generic_types() -> None:
    for points in generate_json(list[Point], MODEL, n=4, seed=1, max_tokens=40):
        assert all(isinstance(point, Point) for point in points)


def test_schemas_are_compiled_from_all_that_is_generated_from(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text('{"type": "object", "properties": {"x": {"type": "integer"}}}', "utf-8")
    for source in (Point, pydantic.TypeAdapter(Point), path, str(path), path.read_text("utf-8")):
        matcher = compile_json_schema(source, VOCABULARY).matcher()
        assert matcher.accept_bytes(b'{"x": 1}')
        assert matcher.is_accepting()
    assert isinstance(generate_json(pydantic.TypeAdapter(Point), MODEL, max_tokens=60), Point)
    for instance in (Point(1), Pet(name="a", years=1)):
        with pytest.raises(ConstraintError, match=r"pass the class (Point|Pet) itself"):
            compile_json_schema(instance, VOCABULARY)


def test_numbers_in_the_text_of_a_schema_are_exact() -> None:
    text = '{"const": 0.12345678901234567890123}'
    matcher = compile_json_schema(text, VOCABULARY).matcher()
    assert matcher.accept_bytes(b"0.12345678901234567890123")
    assert matcher.is_accepting()
    assert generate_json(text, MODEL) == 0.12345678901234568


def test_a_type_that_refuses_what_its_schema_allows() -> None:
    class Even(pydantic.BaseModel):
        number: int

        @pydantic.field_validator("number")
        @classmethod
        def is_even(cls, value: int) -> int:
            raise ValueError("never even")

    with pytest.raises(GenerationError, match="never even") as caught:
        generate_json(Even, MODEL, seed=1, max_tokens=40)
    assert "number" in json.loads(spelt(caught.value.token_ids))


def test_types_need_pydantic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydantic", None)
    with pytest.raises(ConstraintError, match="pip install pydantic"):
        generate_json(Point, MODEL)


def test_a_type_without_a_schema() -> None:
    with pytest.raises(ConstraintError, match="no JSON Schema"):
        generate_json(Callable[[int], int], MODEL)


# -- Bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "error"),
    [
        ("{", InvalidSchemaError),
        ('{"type": "integr"}', InvalidSchemaError),
        ([1], InvalidSchemaError),
        (object(), InvalidSchemaError),
        ({"enum": [{1, 2}]}, InvalidSchemaError),
        ("no_such_file.json", ConstraintError),
        ("nul\0", ConstraintError),
        (Path("."), ConstraintError),
        ({"type": "integer", "minimum": 2, "maximum": 1}, UnsatisfiableSchemaError),
    ],
)
def test_bad_schemas(schema: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        generate_json(schema, MODEL)


@pytest.mark.parametrize(
    "settings",
    [
        {"n": 0},
        {"n": 2.5},
        {"seed": "one"},
        {"max_tokens": 0},
        {"temperature": -1},
        {"temperature": math.nan},
        {"temperature": math.inf},
        {"top_k": 0},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"min_p": -0.1},
    ],
)
def test_bad_settings(settings: dict[str, Any]) -> None:
    with pytest.raises(ConstraintError, match=re.escape(str(next(iter(settings.values()))))):
        generate_json(True, MODEL, **settings)


class Answer(enum.Enum):
    YES = "yes"
    NO = "no"


def test_choices_of_any_iterable() -> None:
    assert generate_choice(iter(["yes"]), MODEL) == "yes"
    assert generate_choice({"no": 1}, MODEL) == "no"
    assert set(generate_choice(Answer, MODEL, n=20, seed=1)) == {"yes", "no"}


@pytest.mark.parametrize("choices", ["yes", 5, [], iter([]), [5], ["a", "\ud800"]])
def test_what_are_no_choices(choices: Any) -> None:
    with pytest.raises(ConstraintError, match=r"choice"):
        generate_choice(choices, MODEL)


@pytest.mark.parametrize("sampler", ["masked", "awrs"])
@pytest.mark.parametrize("thing", [{"type": "integer"}, "abc", None])
def test_what_is_no_constraint(thing: Any, sampler: Any) -> None:
    with pytest.raises(ConstraintError, match=r"no constraint; compile it .*compile_regex"):
        generate(thing, MODEL, sampler=sampler)


def test_lone_surrogates_in_prompts() -> None:
    with pytest.raises(ConstraintError, match=r"the prompt .* holds the lone surrogate U\+D800"):
        generate_json(True, MODEL, "a\ud800")


@pytest.mark.parametrize("lm", [None, 3, (), (None, "path"), ("a", "b", "c"), object()])
def test_what_is_no_model(lm: Any) -> None:
    with pytest.raises(ConstraintError, match="the model is"):
        generate_json({}, lm)


@pytest.mark.parametrize("choices", [[], "yes", ["yes", 1]])
def test_bad_choices(choices: Any) -> None:
    with pytest.raises(ConstraintError, match="choices"):
        generate_choice(choices, MODEL)


class Broken(LanguageModel):
    """Uniform, until the prefix has some length."""

    def __init__(self, answer: Callable[[], NDArray[Any]], after: int = 3) -> None:
        self.vocabulary = VOCABULARY
        self._answer, self._after = answer, after

    def logprobs(self, prefixes: Sequence[Sequence[int]]) -> NDArray[Any]:
        if len(prefixes[0]) >= self._after:
            return self._answer()
        size = VOCABULARY.size
        return np.full((len(prefixes), size), -math.log(size))


def fails() -> NDArray[Any]:
    raise GenerationError("out of order")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda: np.full((1, VOCABULARY.size), np.nan), "NaN"),
        (lambda: np.full((1, VOCABULARY.size), np.inf), "infinite"),
        (lambda: np.full((1, VOCABULARY.size), -np.inf), "no probability"),
        (fails, "out of order"),
    ],
)
@pytest.mark.parametrize("temperature", [0, 1])
def test_a_model_that_breaks_down_loses_nothing(
    answer: Callable[[], NDArray[Any]], said: str, temperature: float
) -> None:
    with pytest.raises(GenerationError, match=said) as caught:
        generate_regex("[a-z]{9,}", Broken(answer), seed=1, temperature=temperature)
    assert len(caught.value.token_ids) == 3
    assert re.fullmatch("[a-z]+", spelt(caught.value.token_ids))


@pytest.mark.parametrize("shape", [(1, 5), (2, VOCABULARY.size), (VOCABULARY.size,)])
def test_distributions_of_another_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(VocabularyError, match=re.escape(f"shape {shape}")):
        generate_regex("[a-z]+", Broken(lambda: np.zeros(shape), after=0))


def test_a_vocabulary_that_cannot_spell_the_output() -> None:
    vocabulary = Vocabulary.from_bytes([b"a", b"b", None], [2])
    with pytest.raises(VocabularyError, match="spell"):
        generate_json({"type": "integer"}, TableModel(vocabulary), include_schema=False)


@pytest.mark.parametrize("lexer", ["dynamic", "contextual"])
def test_texts_of_a_grammar(lexer):
    grammar = 'start: "(" start ")" | WORD\nWORD: /[a-c]+/\n%ignore " "'
    for text in generate_grammar(grammar, MODEL, lexer=lexer, n=6, seed=1, max_tokens=12):
        assert re.fullmatch(r"[ (]*[a-c]+[ )]*", text)
        assert text.count("(") == text.count(")")


def test_what_is_written_is_kept_where_the_constraint_turns_out_too_complex() -> None:
    pattern = f"^{''.join(f'(?=.*{c}.{{20}})' for c in 'abcdefghij')}.*$"
    hard = {"type": "string", "pattern": pattern}
    schema = {"properties": {"x": {"const": 1}, "b": hard}, "required": ["x"], "type": "object"}
    for seed in range(20):
        try:
            generate_json(schema, MODEL, seed=seed, max_tokens=200)
        except GenerationError as error:
            written = spelt(error.token_ids)
            assert written.startswith("{") and '"x"' in written
            assert isinstance(error.__cause__, RegexTooComplexError)
            assert error.__cause__.pointer == "/properties/b"
            return
    pytest.fail("no text came to the property")
