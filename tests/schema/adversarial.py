"""Schemas made to hurt, run one after the other in a process of its own.

    python -m tests.schema.adversarial

Each is compiled, its least value found, and the masks and least endings of some steps. A line of
JSON for each says what came of it, the processor time and the peak memory so far.
"""

from __future__ import annotations

import json
import random
import resource
import signal
from collections.abc import Callable
from time import process_time
from types import FrameType
from typing import Any

import numpy as np

from constrain import ConstraintError, JSONOptions, compile_json_schema
from constrain.engine.bitmask import allowed
from constrain.explain import byte_vocabulary

HANG_S = 40
"""Processor time after which a schema hangs."""
MEMORY_MB = 4096
_STEPS = 20

VOCABULARY = byte_vocabulary()


def nested(depth: int, wrap: Callable[[Any], Any], leaf: Any) -> Any:
    """Return a schema wrapped so many times."""
    for _ in range(depth):
        leaf = wrap(leaf)
    return leaf


def doubling(depth: int, wrap: Callable[[Any], Any]) -> Any:
    """Return a schema of definitions each of which uses the one before."""
    defs = {f"d{i}": wrap({"$ref": f"#/$defs/d{i - 1}"}) for i in range(1, depth + 1)}
    return {"$ref": f"#/$defs/d{depth}", "$defs": {"d0": {"type": "integer"}, **defs}}


def _objects(count: int, required: bool) -> list[Any]:
    return [
        {
            "type": "object",
            "properties": {f"q{i}": {"type": "string"}},
            "required": [f"q{i}"] if required else [],
        }
        for i in range(count)
    ]


def _when(index: int) -> Any:
    condition = {"properties": {"k": {"const": index}}, "required": ["k"]}
    return {"if": condition, "then": {"required": [f"r{index}"]}}


def _tagged(index: int, count: int) -> Any:
    flags = [i for i in range(count) if i == index or i % 3 == index % 3 or i % 5 == index % 5]
    options = {
        "type": "object",
        "properties": {f"o{i}": _FLAG for i in flags},
        "additionalProperties": False,
    }
    more = {"additionalProperties": options}
    properties = {"kind": {"const": index}, "options": options, "more": more}
    return {"type": "object", "properties": properties}


def _tags(count: int) -> list[Any]:
    return [
        {"type": "object", "properties": {"t": {"const": i}}, "required": ["t"]}
        for i in range(count)
    ]


def _branches(index: int) -> Any:
    kinds: list[Any] = [{"type": "string"}, {"type": "integer"}, {"minimum": 3}]
    return {"oneOf": [{"properties": {f"p{index}": kind}} for kind in kinds]}


_INTEGERS = {"type": "array", "items": {"type": "integer"}}
_FLAGS = [f"p{i}" for i in range(20)]
_FLAG = {"type": "boolean"}
_LETTERS = "abcdefghijklmnopqrst"
_PAIRED = "abcdefghij"
_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCD"
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61)

WORKS: dict[str, Callable[[], Any]] = {
    "allOf 1,000 deep": lambda: nested(1000, lambda s: {"allOf": [s]}, {"type": "integer"}),
    "arrays 1,000 deep": lambda: nested(
        1000, lambda s: {"type": "array", "items": s, "minItems": 1}, {"type": "integer"}
    ),
    "objects 100 deep": lambda: nested(
        100, lambda s: {"properties": {"a": s}, "required": ["a"], "type": "object"}, True
    ),
    "negated objects 300 deep": lambda: nested(
        300, lambda s: {"not": {"properties": {"a": s}, "required": ["a"]}}, {"type": "integer"}
    ),
    "two ways at each of 60 levels": lambda: nested(
        60, lambda s: {"anyOf": [s, {"type": "array", "items": s}]}, {"type": "integer"}
    ),
    "allOf twice the same, 40 deep": lambda: doubling(40, lambda s: {"allOf": [s, s]}),
    "two references at each of 60 levels": lambda: {
        "$ref": "#/$defs/d60",
        "$defs": {
            "d0": {"anyOf": [{"type": "integer"}, {"minimum": 3}]},
            **{
                f"d{i}": {"$ref": f"#/$defs/d{i - 1}", "$dynamicRef": f"#/$defs/d{i - 1}"}
                for i in range(1, 61)
            },
        },
    },
    "a web of references": lambda: {
        "$ref": "#/$defs/a",
        "$defs": {
            "a": {
                "allOf": [{"$ref": "#/$defs/b"}],
                "properties": {"x": {"allOf": [{"$ref": "#/$defs/b"}, {"$ref": "#/$defs/a"}]}},
            },
            "b": {"properties": {"x": {"$ref": "#/$defs/a"}}, "required": ["x"]},
        },
    },
    "2^20 combinations of flags, one forbidden": lambda: {
        "type": "object",
        "properties": dict.fromkeys(_FLAGS, _FLAG),
        "required": _FLAGS,
        "not": {"properties": {name: {"const": True} for name in _FLAGS}},
    },
    "oneOf 500 tagged objects": lambda: {
        "oneOf": [
            {"type": "object", "properties": {"t": {"const": i}, f"q{i}": {}}, "required": ["t"]}
            for i in range(500)
        ]
    },
    "oneOf 8 objects with tags that may be missing": lambda: {
        "oneOf": [_tagged(i, 8) for i in range(8)]
    },
    "100 conditions on one key": lambda: {"allOf": [_when(i) for i in range(100)]},
    "10,000 properties": lambda: {
        "type": "object",
        "properties": {f"p{i}": {"type": "string"} for i in range(10_000)},
    },
    "10,000 required properties": lambda: {
        "type": "object",
        "properties": {f"p{i}": {"type": "string"} for i in range(10_000)},
        "required": [f"p{i}" for i in range(10_000)],
    },
    "4 MB of strings": lambda: {"enum": [f"number {i} {'x' * 28}" for i in range(100_000)]},
    "20,000 objects listed": lambda: {"enum": [{"id": i, "name": f"n{i}"} for i in range(20_000)]},
    "20,000 objects of one key each listed": lambda: {
        "enum": [{f"key{i}": i} for i in range(20_000)]
    },
    "20,000 fractions listed": lambda: {"enum": [i / 7 for i in range(20_000)]},
    "20,000 arrays listed": lambda: {"enum": [[i, f"n{i}"] for i in range(20_000)]},
    "3,000 objects of 20 members listed": lambda: {
        "enum": [{f"k{j}": i * j for j in range(20)} for i in range(3000)]
    },
    "1 MB of which little is visited": lambda: {
        "$ref": "#/$defs/d5",
        "$defs": {
            f"d{i}": {"properties": {f"p{j}": {"description": "x" * 100} for j in range(10)}}
            for i in range(1000)
        },
    },
    "200 patterns of keys apart": lambda: {
        "patternProperties": {f"^{a}{b}[0-9]+$": {"minimum": 1} for a in _PAIRED for b in _LETTERS}
    },
    "up to 10^9 items": lambda: {**_INTEGERS, "maxItems": 10**9},
    "100,000 items": lambda: {**_INTEGERS, "minItems": 10**5},
    "up to 10^9 characters": lambda: {"type": "string", "maxLength": 10**9, "pattern": "^[a-z]+$"},
    "up to 10^9 properties": lambda: {"type": "object", "maxProperties": 10**9},
    "a?^1000 a^1000": lambda: {"type": "string", "pattern": f"^{'a?' * 1000}{'a' * 1000}$"},
    "repeats of repeats": lambda: {
        "type": "string",
        "pattern": "^(((a{1,100}){1,100}){1,100}){1,100}$",
    },
    "a letter 20 from the end": lambda: {"type": "string", "pattern": "^(a|b)*a(a|b){20}$"},
    "25 patterns negated": lambda: {
        "type": "string",
        "allOf": [{"not": {"pattern": f"{a}.{{9}}{b}"}} for a in "abcde" for b in "abcde"],
    },
    "not 1,000 deep": lambda: nested(1000, lambda s: {"not": s}, {"type": "integer"}),
    "oneOf 1,000 objects with one tag": lambda: {"oneOf": _tags(1000)},
    "5,000 unique items": lambda: {"type": "array", "uniqueItems": True, "minItems": 5000},
    "5,000 unique strings": lambda: {
        "type": "array",
        "items": {"type": "string", "pattern": "^[a-z0-9]{3,8}$"},
        "uniqueItems": True,
        "minItems": 5000,
    },
    "1,000 unique records": lambda: {
        "type": "array",
        "items": {"properties": {"a": {"type": "integer"}}, "required": ["a"], "type": "object"},
        "uniqueItems": True,
        "minItems": 1000,
    },
    "a tiny step and a great bound": lambda: {
        "type": "number",
        "multipleOf": 1e-300,
        "minimum": 1e300,
    },
    "multiples of 18 primes": lambda: {
        "type": "integer",
        "allOf": [{"multipleOf": p} for p in _PRIMES],
    },
    "multiples of two great numbers": lambda: {
        "type": "integer",
        "allOf": [{"multipleOf": 10**200 + 1}, {"multipleOf": 10**200 + 3}],
        "minimum": 1,
    },
    "multiples of 30 decimals": lambda: {
        "allOf": [{"multipleOf": 0.1 + i * 1e-15} for i in range(30)],
        "exclusiveMinimum": 0,
    },
    "patterns with a vast automaton": lambda: {
        "type": "string",
        "allOf": [{"pattern": f"((c1d3g3).{{4,8}}){{{n}}}"} for n in (4, 5, 6)],
        "maxLength": 104,
    },
    "multiples of no prime": lambda: {
        "type": "integer",
        "minimum": 2,
        "allOf": [{"not": {"multipleOf": p}} for p in _PRIMES],
    },
}
"""Schemas that have to work."""

ENDS: dict[str, Callable[[], Any]] = {
    "a chain of 20,000 references": lambda: {
        "$ref": "#/$defs/d0",
        "$defs": {
            **{f"d{i}": {"$ref": f"#/$defs/d{i + 1}"} for i in range(20_000)},
            "d20000": {"type": "integer"},
        },
    },
    "3,000 patterns": lambda: {
        "type": "string",
        "allOf": [{"pattern": f"[^{chr(0x4E00 + i)}]$"} for i in range(3000)],
    },
    "30 patterns each out of 30": lambda: {
        "type": "string",
        "allOf": [
            {"anyOf": [{"pattern": f"{a}.{{{j}}}{b}"} for j, b in enumerate(_ALPHABET)]}
            for a in _ALPHABET
        ],
    },
    "8 patterns far apart negated": lambda: {
        "type": "string",
        "minLength": 60,
        "allOf": [
            {"not": {"pattern": f"{a}.{{{10 + i}}}{b}"}}
            for i, (a, b) in enumerate(zip("abcdefgh", "hgfedcba", strict=True))
        ],
    },
    "2 of 20,000 objects of one key each": lambda: {
        "type": "array",
        "items": {"enum": [{f"key{i}": i} for i in range(20_000)]},
        "uniqueItems": True,
        "minItems": 2,
    },
    "oneOf 3^20": lambda: {"allOf": [_branches(i) for i in range(20)]},
    "anyOf 2^20 patterns": lambda: {
        "allOf": [{"anyOf": [{"pattern": f"a{i}"}, {"pattern": f"b{i}"}]} for i in range(20)]
    },
    "anyOf 2^20 required": lambda: {
        "allOf": [{"anyOf": [{"required": [f"a{i}"]}, {"required": [f"b{i}"]}]} for i in range(20)]
    },
    "anyOf 2^17 constants": lambda: {"anyOf": [{"const": i} for i in range(2**17)]},
    "if 200 deep": lambda: nested(
        200, lambda s: {"if": {"minimum": 1}, "then": s, "else": s}, {"type": "integer"}
    ),
    "oneOf 30 deep": lambda: nested(
        30, lambda s: {"oneOf": [s, {"type": "array", "items": s}]}, {"type": "integer"}
    ),
    "anyOf 40 deep": lambda: doubling(
        40, lambda s: {"anyOf": [s, {"allOf": [s], "minimum": 2}, {"not": s}]}
    ),
    "30 conditions on many keys": lambda: {
        "type": "object",
        "allOf": [
            {"if": {"properties": {f"k{i}": {"const": i}}}, "then": {"required": [f"r{i}"]}}
            for i in range(30)
        ],
    },
    "oneOf 200 objects that overlap": lambda: {"oneOf": _objects(200, True)},
    "oneOf 30 objects without required": lambda: {"oneOf": _objects(30, False)},
    "a web of dependentRequired": lambda: {
        "dependentRequired": {f"p{i}": [f"p{(i * 7 + 3) % 40}"] for i in range(40)}
    },
    "a web of dependentSchemas": lambda: {
        "dependentSchemas": {
            f"p{i}": {"properties": {f"p{(i * 7 + 3) % 40}": {"minimum": i}}} for i in range(40)
        }
    },
    "unevaluated after 2^12 outcomes": lambda: {
        "unevaluatedProperties": False,
        "allOf": [
            {"anyOf": [{"properties": {f"{name}{i}": {"type": "string"}}} for name in "ab"]}
            for i in range(12)
        ],
    },
    "20 overlapping patternProperties": lambda: {
        "patternProperties": {f"^.*{c}": {"minimum": i} for i, c in enumerate(_LETTERS)}
    },
    "patterns of keys that multiply": lambda: {
        "type": "object",
        "propertyNames": {"allOf": [{"pattern": f"{a}.{{8}}{b}"} for a in "abcd" for b in "abcd"]},
        "minProperties": 2,
    },
    "contains 20 constants": lambda: {
        "type": "array",
        "allOf": [{"contains": {"const": i}} for i in range(20)],
    },
    "contains that overlap": lambda: {
        "type": "array",
        "allOf": [{"contains": {"multipleOf": p}, "maxContains": 3} for p in _PRIMES[:6]],
    },
    "200 items contained of each of two kinds": lambda: {
        "type": "array",
        "allOf": [{"contains": {"multipleOf": p}, "minContains": 200} for p in (2, 3)],
    },
    "200 items contained of each of four kinds": lambda: {
        "type": "array",
        "allOf": [{"contains": {"multipleOf": p}, "minContains": 200} for p in (2, 3, 5, 7)],
    },
    "a million items contained": lambda: {
        "type": "array",
        "contains": {"type": "integer"},
        "minContains": 10**6,
    },
    "all of 50 values, each once": lambda: {
        "type": "array",
        "items": {"enum": list(range(50))},
        "uniqueItems": True,
        "minItems": 50,
    },
    "100 unique arrays": lambda: {
        "type": "array",
        "uniqueItems": True,
        "minItems": 100,
        "items": {"type": "array", "items": {"enum": [0, 1]}, "maxItems": 8},
    },
    "2^17 objects": lambda: {"anyOf": _tags(2**17)},
    "oneOf 5,000 patterns": lambda: {
        "oneOf": [{"type": "string", "pattern": f"^a{i}$"} for i in range(5000)]
    },
    "150 unique items of which 75 are counted": lambda: {
        "type": "array",
        "uniqueItems": True,
        "contains": {"type": "string"},
        "minContains": 75,
        "minItems": 150,
    },
    "10^5 unique items": lambda: {"type": "array", "uniqueItems": True, "minItems": 10**5},
    "10^9 items": lambda: {**_INTEGERS, "minItems": 10**9},
    "10^9 characters": lambda: {"type": "string", "minLength": 10**9},
    "10^9 letters": lambda: {"type": "string", "minLength": 10**9, "pattern": "^[a-z]+$"},
    "10^9 properties": lambda: {"type": "object", "minProperties": 10**9},
    "2^40 items": lambda: doubling(
        40, lambda s: {"type": "array", "prefixItems": [s, s], "minItems": 2}
    ),
    "(ab^1,000,000)^1,000,000": lambda: {
        "type": "string",
        "pattern": "^(ab{1000000}c){1000000}$",
    },
    "ten lookaheads": lambda: {
        "type": "string",
        "pattern": f"^{''.join(f'(?=.*{c}.{{20}})' for c in _LETTERS[:10])}.*$",
    },
    "400,000 numbers": lambda: {"enum": list(range(400_000))},
    "contradictory bounds": lambda: {"type": "integer", "minimum": 10, "maximum": 5},
    "an endless object": lambda: {
        "$ref": "#/$defs/n",
        "$defs": {
            "n": {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}, "required": ["n"]}
        },
    },
}
"""Schemas that have to work or be refused, both soon."""

LANGUAGES = {"generation": JSONOptions(), "specification": JSONOptions.specification()}


def outcome(schema: Any, options: JSONOptions) -> str:
    """Compile a schema and follow it; return "works" or the name of the error."""
    try:
        constraint = compile_json_schema(schema, VOCABULARY, options=options)
        constraint.control.ending(constraint.control.start())
        matcher = constraint.matcher()
        row = np.zeros(VOCABULARY.bitmask_words, np.int32)
        generator = random.Random(0)
        for _ in range(_STEPS):
            matcher.fill_bitmask(row)
            matcher.tokens_to_finish()
            tokens = np.flatnonzero(allowed(row, VOCABULARY.size)).tolist()
            if not matcher.accept(generator.choice(tokens)) or matcher.is_finished():
                break
    except (ConstraintError, MemoryError, RecursionError, TimeoutError) as error:
        return type(error).__name__
    return "works"


def _stop(number: int, frame: FrameType | None) -> None:
    raise TimeoutError


def main() -> None:
    """Run all schemas in both languages."""
    bound = MEMORY_MB * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    signal.signal(signal.SIGPROF, _stop)
    outcome(True, JSONOptions())  # loads the kernels
    for name, make in {**WORKS, **ENDS}.items():
        for language, options in LANGUAGES.items():
            schema = make()
            signal.setitimer(signal.ITIMER_PROF, HANG_S, 1.0)
            started = process_time()
            found = outcome(schema, options)
            seconds = process_time() - started
            signal.setitimer(signal.ITIMER_PROF, 0)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            result = {"outcome": found, "seconds": round(seconds, 2), "peak_mb": round(peak)}
            print(json.dumps({"name": name, "language": language, **result}), flush=True)


if __name__ == "__main__":
    main()
