"""Each engine behind the common interface judges plain schemas rightly."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from bench.engines import ENGINES, CompileError, engine_path, engine_version, load_engine
from bench.errors import BenchmarkError
from bench.measure import Engine, Tokens, measure

CASES = {
    "object": (
        {
            "type": "object",
            "properties": {"name": {"type": "string"}, "count": {"type": "integer"}},
            "required": ["name"],
            "additionalProperties": False,
        },
        ['{"name": "é \\" x", "count": 12}', '{"name": ""}'],
        ['{"count": 1}', '{"name": 1}', '{"name": "x", "count": 1', '{"name": "x"}}'],
    ),
    "array": (
        {"type": "array", "items": {"enum": ["red", "green"]}, "minItems": 1, "maxItems": 2},
        ['["red"]', '["green", "red"]'],
        ["[]", '["blue"]', '["red", "red", "red"]'],
    ),
    "pattern": (
        {"type": "string", "pattern": "^[a-z]{2}-[0-9]+$"},
        ['"ab-1"', '"xy-2024"'],
        ['"a-1"', '"ab-"', '"ab-1x"'],
    ),
}

REFUSED = {
    "constrain": {"type": "strin"},
    "llguidance": {"not": {"type": "string"}},
    "xgrammar": {"type": "strin"},
    "outlines-core": {"$ref": "#/nowhere"},
}


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(tokenizer_folder)


@pytest.fixture(scope="module", params=ENGINES)
def named_engine(request: pytest.FixtureRequest, tokenizer: Any) -> tuple[str, Engine]:
    name = request.param
    if find_spec(name.replace("-", "_")) is None:
        pytest.skip(f"{name} is not installed")
    return name, load_engine(engine_path(name), tokenizer, {})


@pytest.mark.parametrize("case", CASES)
def test_valid_instances_pass_and_invalid_ones_do_not(
    named_engine: tuple[str, Engine], tokenizer: Any, case: str
) -> None:
    schema, valid, invalid = CASES[case]
    instances = [
        Tokens(tokenizer.encode(text, add_special_tokens=False), text in valid)
        for text in [*valid, *invalid]
    ]
    result = measure(named_engine[1], case, schema, instances, tokenizer.eos_token_id)
    assert [verdict.accepted for verdict in result.verdicts] == [True] * len(valid) + [False] * len(
        invalid
    )
    assert result.outcome == "passing"
    assert result.ttfm_us is not None
    assert result.ttfm_us > 0
    refused = [v.position for v, t in zip(result.verdicts, instances, strict=True) if not t.valid]
    whole = sum(len(instance.token_ids) for instance in instances if instance.valid)
    ended = sum(
        position + (position < len(instance.token_ids))
        for position, instance in zip(refused, instances[len(valid) :], strict=True)
    )
    assert len(result.tbm_us) == whole + ended


def test_a_refused_schema_is_a_compile_error(named_engine: tuple[str, Engine]) -> None:
    name, engine = named_engine
    with pytest.raises(CompileError) as caught:
        engine.compile(REFUSED[name])
    assert 0 < len(caught.value.reason) <= 80
    assert str(caught.value)


def test_an_engine_has_a_version(named_engine: tuple[str, Engine]) -> None:
    assert engine_version(named_engine[0])[0].isdigit()


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(BenchmarkError, match="no engine named 'guess'; there are constrain"):
        engine_path("guess")
