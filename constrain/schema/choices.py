"""Choices among constants: an `anyOf` or `oneOf` that lists values, as one enumeration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from constrain.schema.facts import Enumeration, identity, type_of
from constrain.schema.numeric.numbers import exact
from constrain.schema.sources.keywords import KEYWORDS, types_of

if TYPE_CHECKING:
    from constrain.schema.positions import Position

_LISTING = frozenset(("const", "enum", "type"))


def choice(position: Position, keyword: str) -> Enumeration | None:
    """Return the values that an `anyOf` or a `oneOf` allows; None where it does not list them."""
    listed: list[list[Any]] = []
    for branch in position.schema[keyword]:
        values = [] if branch is False else _listed(position, branch)
        if values is None:
            return None
        listed.append(values)
    if keyword == "anyOf" or len(listed) < 2:
        return Enumeration([value for values in listed for value in values])
    identities = [[identity(value) for value in values] for values in listed]
    owners = Counter(key for keys in identities for key in dict.fromkeys(keys))
    return Enumeration(
        [
            value
            for values, keys in zip(listed, identities, strict=True)
            for value, key in zip(values, keys, strict=True)
            if owners[key] == 1
        ]
    )


def _listed(position: Position, branch: Any) -> list[Any] | None:
    if not isinstance(branch, dict) or ("const" not in branch and "enum" not in branch):
        return None
    said = position.documents.read(branch, position.scope.of(branch))
    if not _LISTING.issuperset(said.keys() & KEYWORDS.keys()):
        return None
    if "enum" not in said:
        values = [said["const"]] if "const" in said else None
    elif "const" not in said:
        values = said["enum"]
    else:
        values = [said["const"]] if said["const"] in Enumeration(said["enum"]) else []
    return values if values is None or "type" not in said else list(_of_types(said, values))


def _of_types(schema: dict[str, Any], values: list[Any]) -> Iterator[Any]:
    types = types_of(schema)
    named = schema["type"]
    whole = "number" not in named if isinstance(named, list) else named == "integer"
    for value in values:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if type_of(value) & types and not (whole and number and exact(value).denominator != 1):
            yield value
