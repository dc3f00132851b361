"""Why a JSON text is refused: the keywords of its schema, or the way in which it is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from constrain.errors import ConstraintError
from constrain.explain import Refusal, explain, pointer_of, string_end
from constrain.schema import JSONOptions, SchemaControl
from constrain.schema.violations import Violation, violations

if TYPE_CHECKING:
    from constrain.engine import Constraint

_MOST = 8
"""Most reasons that are told, at each level."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Something that rules a text out.

    Attributes:
        keyword: the keyword of the schema; "" where it is not one keyword.
        schema: JSON pointer to it; "" where it is no part of the schema.
        pointer: JSON pointer to the value that it rules out.
        message: what is wrong.
        because: where one of several schemas must be satisfied, what each has against the value.
    """

    keyword: str
    schema: str
    pointer: str
    message: str
    because: tuple[Reason, ...] = ()


def reasons(
    compiled: Callable[[JSONOptions], Constraint],
    options: JSONOptions,
    text: bytes,
    refusal: Refusal,
) -> list[Reason]:
    """Return why a text is refused, what concerns the refused place first.

    Args:
        compiled: gives the constraint of the schema in a language.
        options: the language.
        text: the JSON text in UTF-8.
        refusal: where it is refused.
    """
    constraint = compiled(options)
    found = _of_writing(compiled, options, text, refusal)
    try:
        value = _read(text)
    except _RepeatedKeyError as error:
        return [*found, Reason("", "", refusal.pointer, str(error))]
    except (ValueError, RecursionError) as error:
        begun = _of_beginning(constraint, text, refusal)
        return [*found, *begun] or [Reason("", "", refusal.pointer, _not_json(text, error))]
    found += _of_schema(constraint, value, refusal)
    return found or _of_control(refusal)


class _RepeatedKeyError(Exception):
    pass


def _read(text: bytes) -> Any:
    return json.loads(
        text, parse_float=Decimal, parse_constant=_no_value, object_pairs_hook=_members
    )


def _members(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            shown = json.dumps(name, ensure_ascii=False)
            raise _RepeatedKeyError(f"the key {shown} stands twice in one object")
        members[name] = value
    return members


def _no_value(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def _not_json(text: bytes, error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply to be read"
    if isinstance(error, json.JSONDecodeError) and (
        error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string")
    ):
        return "not JSON: the text ends too early"
    return f"not JSON: {error}"


_WRITING = {
    "property_order": "named properties stand in the order of the schema, the others after them",
    "whitespace": "white space is nothing, one space, or a line feed and the indentation",
    "escapes": "characters are escaped only where they must be, and then as briefly as can be",
    "numbers": "integers have neither fraction nor exponent, other numbers a short one",
}


def _of_writing(
    compiled: Callable[[JSONOptions], Constraint],
    options: JSONOptions,
    text: bytes,
    refusal: Refusal,
) -> list[Reason]:
    """Return the settings of the language without which the refused byte would be allowed."""
    found = []
    for setting, rule in _WRITING.items():
        if getattr(options, setting) == "any":
            continue
        changed: dict[str, Any] = {setting: "any"}
        wider = replace(options, **changed)
        there = explain(compiled(wider), text)
        if there is None or there.position > refusal.position:
            message = f"not written in the generation language: {rule}"
            found.append(Reason("", "", refusal.pointer, message))
    return found


def _of_schema(constraint: Constraint, value: Any, refusal: Refusal) -> list[Reason]:
    control = constraint.control
    assert isinstance(control, SchemaControl)
    try:
        return _nearest(violations(control.atoms.root, value), refusal.pointer)
    except (ConstraintError, RecursionError):  # a number of a million digits, say
        return []


def _nearest(found: Iterable[Violation], pointer: str) -> list[Reason]:
    """Return the reasons, those first that concern the values nearest to a place."""

    def distance(reason: Reason) -> tuple[bool, int]:
        here, there = f"{reason.pointer}/", f"{pointer}/"
        related = here.startswith(there) or there.startswith(here)
        return not related, -len(reason.pointer)

    told = [
        Reason(
            keyword=violation.keyword,
            schema=violation.pointer,
            pointer=pointer_of(violation.path),
            message=violation.message,
            because=tuple(_nearest(violation.because, pointer)),
        )
        for violation in found
    ]
    return sorted(told, key=distance)[:_MOST]


_CERTAIN = frozenset(
    (
        "additionalProperties",
        "maxItems",
        "maxProperties",
        "patternProperties",
        "properties",
        "propertyNames",
        "uniqueItems",
    )
)
"""Keywords whose verdict on an object or array no further member can change."""


def _of_beginning(constraint: Constraint, text: bytes, refusal: Refusal) -> list[Reason]:
    """Return what the schema has against a text that is no JSON after the refused token."""
    for beginning, cut in _completions(text, refusal.position):
        try:
            value = _read(beginning)
        except (ValueError, RecursionError, _RepeatedKeyError):
            continue
        return [
            reason
            for reason in _of_schema(constraint, value, refusal)
            if reason.pointer.startswith(refusal.pointer)
            and (reason.keyword in _CERTAIN or refusal.found[:1] not in (*",]}:", ""))
            and not (cut and reason.keyword == "minLength")
        ]
    return []


def _completions(text: bytes, position: int) -> Iterable[tuple[bytes, bool]]:
    """Yield the text up to the end of the token at a position, with what is open closed.

    With each is told whether the token is a string that was open.
    """
    closers: list[bytes] = []
    quote = b""
    i = 0
    while i < len(text) and i <= position:
        byte = text[i : i + 1]
        if byte == b'"':
            i = string_end(text, i)
            quote = b'"' if i > len(text) else b""
            continue
        if byte in _CLOSERS:
            closers.append(_CLOSERS[byte])
        elif byte in b"}]" and closers:
            closers.pop()
        i += 1
    while i < len(text) and text[i - 1 : i].isalnum() and text[i : i + 1] not in b',]} \t\n\r"':
        i += 1
    tail = b"".join(reversed(closers))
    for missing in (b"", b":null", b"null"):
        yield text[:i] + quote + missing + tail, bool(quote)


_CLOSERS = {b"{": b"}", b"[": b"]"}


def _of_control(refusal: Refusal) -> list[Reason]:
    """Return the schemas that a value at the refused place has to satisfy."""
    message = "no value that satisfies it begins like this"
    return [Reason("", schema, refusal.pointer, message) for schema in refusal.schemas or ("",)]
