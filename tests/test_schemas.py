"""The sample schemas: documented, valid, and enforced as jsonschema understands them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from constrain import JSONOptions, compile_json_schema
from constrain.explain import byte_vocabulary

SAMPLES = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in (Path(__file__).resolve().parent.parent / "schemas").glob("*.json")
}
ADDRESS = {"street": "Rua Augusta 12", "city": "Lisbon", "zip_code": "11000", "country": "Portugal"}
COMPANY = {"name": "Nordwind GmbH", "city": "Kiel"}
EXAMPLES: dict[str, dict[str, Any]] = {
    "event": {
        "title": "Design review",
        "start": "2025-03-04T09:30:00Z",
        "duration_minutes": 90,
        "location": {"kind": "web", "url": "https://example.org/room/7"},
        "attendees": ["ana@example.org"],
        "reminder_minutes": None,
    },
    "invoice": {
        "number": "INV-2025-00042",
        "issued": "2025-02-01",
        "seller": COMPANY,
        "buyer": {"name": "Ana Lima", "email": "ana@example.org", "city": "Porto"},
        "lines": [{"description": "Rope, 20 m", "quantity": 2, "unit_price": 14.25}],
        "currency": "EUR",
        "total": 28.5,
        "paid": False,
    },
    "log_entry": {
        "timestamp": "2025-03-04T09:30:00+01:00",
        "level": "error",
        "host": "10.0.0.7",
        "service": "order-api",
        "message": "Gave up after 3 tries",
        "detail": {"method": "POST", "path": "/v1/orders", "status": 503},
        "duration_ms": 812.5,
    },
    "person": {
        "first_name": "Ana",
        "last_name": "Lima",
        "email": "ana.lima@example.org",
        "age": 41,
        "birth_date": "1984-02-29",
        "phone": "+351 910 123456",
        "address": ADDRESS,
    },
    "product": {
        "id": "3b241101-e2bb-4255-8caf-4136c566a962",
        "sku": "KTC-0312",
        "name": "Bread knife",
        "category": "kitchen",
        "price": 24.5,
        "currency": "EUR",
        "in_stock": True,
        "tags": ["steel"],
        "attributes": {"blade_cm": 21, "dishwasher": False},
    },
    "recipe": {
        "title": "Tomato soup",
        "servings": 4,
        "minutes": 35,
        "difficulty": "easy",
        "vegetarian": True,
        "ingredients": [
            {"name": "tomatoes", "quantity": 1.5, "unit": "kg"},
            {"name": "onion", "quantity": 1, "unit": "piece"},
        ],
        "steps": ["Roast the tomatoes and the onion.", "Blend and season."],
    },
    "tool_call": {"tool": "get_weather", "arguments": {"city": "Oslo", "unit": "celsius"}},
    "weather": {
        "city": "Oslo",
        "coordinates": [59.91, 10.75],
        "observed_at": "2025-03-04T09:30:00Z",
        "temperature": -3.5,
        "humidity": 81,
        "condition": "snow",
        "forecast": [{"date": "2025-03-05", "low": -6, "high": 0, "condition": "cloudy"}],
    },
}

samples = pytest.mark.parametrize("name", sorted(SAMPLES))


@samples
def test_sample_is_a_documented_schema(name: str):
    schema = SAMPLES[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert schema["title"]
    assert schema["description"]


@samples
@pytest.mark.parametrize("options", [JSONOptions(), JSONOptions.specification(format="assert")])
def test_example_is_accepted_and_its_mutants_are_judged_as_by_jsonschema(
    name: str, options: JSONOptions
):
    schema, example = SAMPLES[name], EXAMPLES[name]
    constraint = compile_json_schema(schema, byte_vocabulary(), options=options)
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    mutants = list(_mutants(example))
    judged = [validator.is_valid(mutant) for mutant in mutants]
    assert not all(judged)
    for mutant, valid in zip([example, *mutants], [True, *judged], strict=True):
        matcher = constraint.matcher()
        accepted = matcher.accept_bytes(json.dumps(mutant).encode()) and matcher.is_accepting()
        assert accepted == valid, mutant


def _mutants(value: Any) -> list[Any]:
    """Copies of a value with one part of it left out, doubled or replaced, at any depth."""
    mutants: list[Any] = [None, -1, 100001, "", "x", [], {}]
    if isinstance(value, dict):
        for key, member in value.items():
            mutants.append({k: v for k, v in value.items() if k != key})
            mutants += [{**value, key: mutant} for mutant in _mutants(member)]
        mutants.append({**value, "extra": 1})
    elif isinstance(value, list):
        mutants.append([*value, *value])
        mutants += [
            [*value[:i], m, *value[i + 1 :]] for i in range(len(value)) for m in _mutants(value[i])
        ]
    return mutants
