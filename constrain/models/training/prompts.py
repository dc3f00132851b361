"""English requests for a JSON value."""

from __future__ import annotations

import random
import re
from typing import Any

_RECORD = (
    "Write {a} record.",
    "Generate {a} as JSON.",
    "Create {a}.",
    "Give me {a}.",
    "{A} as JSON:",
    "An example {name}:",
    "Please return {a} in JSON format.",
    "Return one {name}.",
    "Make up {a}.",
    "JSON for {a}:",
    "Describe {a} in JSON.",
    "Generate a random {name}.",
)
_WITH_FIELDS = (
    "Write {a} with {fields}.",
    "{A} with {fields} as JSON:",
    "Generate {a} that has {fields}.",
    "A JSON object for {a} with {fields}.",
    "Give me {a} with {fields}.",
    "Return {fields} of {a}.",
)
_WITH_FACTS = (
    "Write {a} with {facts}.",
    "Generate {a} where {facts_are}.",
    "Create {a}: {facts}.",
    "{A} with {facts} as JSON:",
    "Extract {a} from this text: {facts}.",
)
_LIST = (
    "Write a list of {names}.",
    "Give me {count} {names} as JSON.",
    "Generate {count} {names}.",
    "A JSON array of {names}:",
    "List {count} {names}.",
)
_COUNTS = ("no", "one", "two", "three", "four", "five", "six")


def write_prompt(rng: random.Random, name: str, value: Any) -> str:
    """A request for a `name` that `value` answers, sometimes telling parts of it."""
    a = with_article(name)
    slots = {"name": name, "a": a, "A": a.capitalize()}
    if isinstance(value, list):
        slots["count"] = _COUNTS[len(value)] if len(value) < len(_COUNTS) else str(len(value))
        slots["names"] = name if len(value) == 1 else f"{name}s"
        text = rng.choice(_LIST)
    elif isinstance(value, dict) and rng.random() < 0.6:
        facts = [(_in_words(k), v) for k, v in value.items() if isinstance(v, (str, int, float))]
        facts = [(k, v) for k, v in facts if len(str(v)) <= 30 and not isinstance(v, bool)]
        if facts and rng.random() < 0.6:
            facts = rng.sample(facts, min(len(facts), rng.choice((1, 1, 2))))
            slots["facts"] = _listed([f"{k} {v}" for k, v in facts])
            slots["facts_are"] = _listed([f"{k} is {v}" for k, v in facts])
            text = rng.choice(_WITH_FACTS)
        else:
            slots["fields"] = _listed([_in_words(key) for key in value])
            text = rng.choice(_WITH_FIELDS)
    else:
        text = rng.choice(_RECORD)
    text = text.format(**slots)
    return text if rng.random() < 0.9 else text.lower().rstrip(".:")


def with_article(name: str) -> str:
    """The name after "a" or "an"."""
    return f"{'an' if name[0] in 'aeio' else 'a'} {name}"


def _in_words(key: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]", " ", key).lower()


def _listed(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
