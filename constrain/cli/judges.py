"""Other software that confirms what was written."""

from __future__ import annotations

import re
from typing import Any


def check_json(schema: Any, values: list[Any]) -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match
    from jsonschema.validators import validator_for

    kind = validator_for(schema, default=Draft202012Validator)
    judge = kind(schema, format_checker=kind.FORMAT_CHECKER)
    for value in values:
        error = best_match(judge.iter_errors(value))
        if error is not None:
            raise AssertionError(f"jsonschema refuses what was written: {error.message}")


def check_regex(pattern: str, values: list[str]) -> None:
    for value in values:
        if not re.fullmatch(pattern, value):
            raise AssertionError(f"Python's re refuses {value!r}")


def check_grammar(
    grammar: str,
    values: list[str],
    *,
    start: str | None,
    lexer: str,
    path: str | None,
    indentation: object,
) -> None:
    from lark import Lark
    from lark.exceptions import LarkError
    from lark.indenter import PythonIndenter

    parser: dict[str, Any] = {"parser": "lalr", "lexer": "contextual"}
    if lexer == "dynamic":
        parser = {"parser": "earley", "lexer": "dynamic_complete", "ambiguity": "forest"}
    if indentation is not None:
        parser["postlex"] = PythonIndenter()
    judge = Lark(grammar, start=start or "start", source_path=path, **parser)
    for value in values:
        try:
            judge.parse(value)
        except LarkError as error:
            raise AssertionError(f"Lark refuses {value!r}") from error
