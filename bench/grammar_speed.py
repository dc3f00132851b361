"""What grammars cost: the first mask, each token, tokens far into a text."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import lark
import numpy as np

from bench.engines import CompileError, Engine
from bench.grammar_engines import Dialects
from bench.grammar_texts import texts
from bench.grammar_translation import to_ebnf, to_llguidance
from bench.measure import Result, Tokens, measure
from bench.report import percentiles
from constrain import Constraint, Vocabulary, compile_grammar, grammars
from constrain.grammar.lark_loader import read_lark

GBNF = "json in GBNF"
PYTHON = "python"

_JSON = r"""
root ::= space value
value ::= (object | array | string | number | "true" | "false" | "null") space
object ::= "{" space (member ("," space member)*)? "}"
member ::= string space ":" space value
array ::= "[" space (value ("," space value)*)? "]"
string ::= "\"" ([^"\\\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4}))* "\""
number ::= "-"? ("0" | [1-9] [0-9]*) ("." [0-9]+)? ([eE] [-+]? [0-9]+)?
space ::= [ \t\n\r]*
"""
_EARLY, _LATE = slice(50, 150), slice(-100, None)
_RULES = 500
Follow = Callable[[Sequence[Any]], Iterable[Any]]


def names() -> tuple[str, ...]:
    """What can be measured."""
    return (*(name for name in grammars.names() if name != PYTHON), GBNF, PYTHON)


def dialects(name: str) -> Dialects:
    """A grammar as each engine reads it."""
    if name == PYTHON:
        return Dialects(_python)
    if name == GBNF:
        translated = None
        if find_spec("llguidance"):
            from llguidance.gbnf_to_lark import gbnf_to_lark

            translated = gbnf_to_lark(_JSON)
        return Dialects(lambda v: compile_grammar(_JSON, v, "gbnf"), translated, _JSON)
    return _written(grammars.load(name))


def _written(text: str) -> Dialects:
    grammar = read_lark(text)
    return Dialects(
        lambda vocabulary: compile_grammar(text, vocabulary),
        to_llguidance(grammar),
        to_ebnf(grammar),
    )


def _python(vocabulary: Vocabulary) -> Constraint:
    """Lark's own grammar of Python."""
    from lark.indenter import PythonIndenter

    text = (Path(lark.__file__).parent / "grammars" / "python.lark").read_text("utf-8")
    return compile_grammar(text, vocabulary, start="file_input", indentation=PythonIndenter)


def speed(
    engines: Mapping[str, Engine],
    tokenizer: Any,
    names: Sequence[str],
    count: int,
    limit_s: float,
    clock: Callable[[], int],
    follow: Follow,
) -> Iterator[dict[str, Any]]:
    """Replay texts; a record for each grammar and engine. Times in microseconds.

    An engine that has taken more than `limit_s` seconds for a grammar gets no more of its texts.
    """
    for engine in engines.values():
        engine.compile(_written('start: "a"'))().mask()  # modules are loaded, Lark reads its first
    _let_garbage_lie()
    for name in follow(names):
        source = "json" if name == GBNF else name
        instances = [
            Tokens(tokenizer.encode(text, add_special_tokens=False), True)
            for text in texts(source, count)
        ]
        read = dialects(name)
        for engine_name, engine in engines.items():
            result = measure(engine, name, read, instances, tokenizer.eos_token_id, limit_s, clock)
            yield {"grammar": name, "engine": engine_name, **_told(result)}


def _let_garbage_lie() -> None:
    """Keep collections from going through the tokenizer's objects, whoever sets them off."""
    gc.collect()
    gc.freeze()


def _told(result: Result) -> dict[str, Any]:
    return {
        "reason": result.reason or result.outcome,
        "texts": len(result.verdicts),
        "accepted": sum(verdict.accepted for verdict in result.verdicts),
        "tokens": len(result.tbm_us),
        "first_mask_us": result.ttfm_us,
        **percentiles(np.array(result.tbm_us)),
    }


def growth(
    engines: Mapping[str, Engine], tokenizer: Any, tokens: int, follow: Follow
) -> Iterator[dict[str, Any]]:
    """The cost of a token late in a long JSON text over that early in it, by medians."""
    read = dialects("json")
    for kind, text in follow([*_long_texts(tokens).items()]):
        ids = tokenizer.encode(text, add_special_tokens=False)[:tokens]
        for name, engine in engines.items():
            record = {"text": kind, "engine": name, "tokens": len(ids)}
            times = measure(engine, kind, read, [Tokens(ids, True)], tokenizer.eos_token_id).tbm_us
            if len(times) == len(ids):
                early, late = median(times[_EARLY]), median(times[_LATE])
                record |= {"early": early, "late": late, "ratio": round(late / early, 2)}
            yield record


def _long_texts(tokens: int) -> dict[str, str]:
    return {
        "flat": "[" + ", ".join(str(n % 1000) for n in range(tokens)),
        "nested": "[" + ", ".join('{"a": [[1], {"b": [true, {}]}]}' for _ in range(tokens // 12)),
        "ever deeper": '{"a": [1, ' * (tokens // 5),
    }


def compile_times(engines: Mapping[str, Engine]) -> Iterator[dict[str, Any]]:
    """Seconds of the processor to the first mask of a grammar with many rules."""
    lines = ["start: r0"]
    for n in range(_RULES - 1):
        one, other = (7 * n + 1) % (_RULES - 1), (3 * n + 2) % (_RULES - 1)
        lines.append(f'r{n}: "k{n}" "(" r{one} ["," r{other}] ")" | NUMBER "k{n}"')
    read = _written("\n".join([*lines, "NUMBER: /[0-9]+/", '%ignore " "']))
    _let_garbage_lie()
    for name, engine in engines.items():
        started = process_time()
        try:
            engine.compile(read)().mask()
        except CompileError as error:
            yield {"text": f"{_RULES} rules", "engine": name, "reason": error.reason}
            continue
        seconds = round(process_time() - started, 2)
        yield {"text": f"{_RULES} rules", "engine": name, "compile_s": seconds}
