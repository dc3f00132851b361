"""Other software that confirms what was written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import Any

_DIGITS = 2000
"""Precision in which numbers are divided."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What another reader says of some texts.

    Attributes:
        judge: its name.
        complaint: what it has against one of them; empty if nothing.
        unread: why it cannot tell; empty if it can.
    """

    judge: str
    complaint: str = ""
    unread: str = ""


def judged(
    function: str, target: Any, texts: Sequence[str], settings: Mapping[str, Any]
) -> Verdict | None:
    """Return what another reader says of the texts that a function of `constrain` has written.

    None where there is no such reader, as of llama.cpp's GBNF, which comes with no package.
    """
    if function not in _JUDGES or settings.get("syntax") == "gbnf":
        return None
    name, prepared = _JUDGES[function]
    try:
        complaint_of = prepared(target, settings)
        found = next(filter(None, map(complaint_of, texts)), "")
    except Exception as error:  # of the other reader, about what it cannot read
        return Verdict(name, unread=f"{type(error).__name__}: {error}")
    return Verdict(name, found)


class JSONJudge:
    """`jsonschema` as a judge of the texts of one schema, in the draft that the schema names:
    formats asserted, numbers exact, nothing fetched."""

    def __init__(self, schema: Any) -> None:
        from jsonschema import Draft202012Validator
        from jsonschema.validators import validator_for
        from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

        kind = validator_for(schema, default=Draft202012Validator)
        self._validator = kind(
            _exact(schema), format_checker=kind.FORMAT_CHECKER, registry=REGISTRY
        )

    def complaint(self, text: bytes) -> str | None:
        """Return what is wrong with a text, or None: it is JSON, has no key twice, is valid."""
        try:
            value = _exact(json.loads(text.decode(), parse_float=Decimal, object_pairs_hook=_once))
        except ValueError as error:
            return f"not JSON: {error}"
        with localcontext(Context(prec=_DIGITS)):
            found = next(self._validator.iter_errors(value), None)
        return None if found is None else f"{found.json_path}: {found.message}"


def _once(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise ValueError("an object has a key twice")
    return found


def _exact(value: Any) -> Any:
    """Return a value with floats as decimals, and whole ones as integers."""
    if isinstance(value, dict):
        return {name: _exact(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and value.is_finite() and value == int(value):
        return int(value)
    return value


_Prepared = Callable[[Any, Mapping[str, Any]], Callable[[str], "str | None"]]


def _of_json(schema: Any, settings: Mapping[str, Any]) -> Callable[[str], str | None]:
    judge = JSONJudge(schema)
    return lambda text: judge.complaint(text.encode())


def _of_pattern(pattern: str, settings: Mapping[str, Any]) -> Callable[[str], str | None]:
    matches = re.compile(pattern).fullmatch
    return lambda text: None if matches(text) else f"{text!r} does not match"


def _of_grammar(grammar: str, settings: Mapping[str, Any]) -> Callable[[str], str | None]:
    from lark import Lark, UnexpectedInput
    from lark.indenter import PythonIndenter

    parser: dict[str, Any] = {"parser": "lalr", "lexer": "contextual"}
    if settings["lexer"] == "dynamic":
        parser = {"parser": "earley", "lexer": "dynamic_complete", "ambiguity": "forest"}
    if settings["indentation"] is not None:
        parser["postlex"] = PythonIndenter()
    judge = Lark(
        grammar, start=settings["start"] or "start", source_path=settings["path"], **parser
    )

    def complaint(text: str) -> str | None:
        try:
            judge.parse(text)
        except UnexpectedInput as error:
            return f"{text!r}: {error}"
        return None

    return complaint


_JUDGES: dict[str, tuple[str, _Prepared]] = {
    "generate_json": ("jsonschema", _of_json),
    "generate_regex": ("Python's re", _of_pattern),
    "generate_grammar": ("Lark", _of_grammar),
}
