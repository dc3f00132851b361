"""Keywords that say nothing where they stand, though they seem to be meant: they are told.

The specification has unknown keywords, those of other drafts, unknown formats, and, up to draft 7,
all that stands beside a `$ref`, say nothing. Who writes `minLenght` would not notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from constrain.schema.positions import Position
from constrain.schema.sources.dialects import Dialect
from constrain.schema.sources.keywords import KEYWORDS
from constrain.schema.textual.formats import FORMATS

_ALIKE = 0.85
"""Above this ratio of common letters one name may stand for another."""


def overlooked(position: Position) -> Iterator[tuple[str, str]]:
    """Yield the keywords of a schema that say nothing though they seem to be meant, and why."""
    written = position.written
    if len(position.schema) < len(written):
        dialect = position.scope.dialect
        hidden = dialect <= Dialect.DRAFT7 and "$ref" in written
        for name in written:
            known = KEYWORDS.get(name)
            if known is None or name in position.schema:
                continue
            if not known.since <= dialect <= known.until:
                drafts = known.since.label + ("" if known.since is known.until else " and later")
                yield name, f"it is no keyword of {dialect.label}, but of {drafts}"
            elif hidden:
                yield name, f"in {dialect.label} nothing counts beside a $ref; put it into an allOf"
    if not KEYWORDS.keys() >= written.keys():
        for name in written:
            if name in KEYWORDS:
                continue
            if name in _FOREIGN:
                types, reason = _FOREIGN[name]
                if written[name] is not False and isinstance(written[name], types):
                    yield name, reason
                continue
            meant = _meant(name)
            if meant is not None:
                yield name, f"it is no keyword; perhaps {meant!r} is meant"
        if written is position.documents.root and KEYWORDS.keys().isdisjoint(written):
            yield from _wrapped(written)
    format = position.schema.get("format")
    if isinstance(format, str) and format not in FORMATS and position.asserts_formats:
        meant = _meant_format(format)
        if meant is not None and format not in position.options.formats:
            yield "format", f"no format {format!r} is known; perhaps {meant!r} is meant"


def _wrapped(root: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the member of a root schema without keywords that seems to be the schema."""
    for name in _WRAPPERS:
        inner = root.get(name)
        if isinstance(inner, dict) and not KEYWORDS.keys().isdisjoint(inner):
            yield name, f"the root has no keyword and allows any JSON; perhaps /{name} is meant"


@lru_cache(1024)
def _meant(name: object) -> str | None:
    """Return the keyword that is probably meant by a name that is none.

    A mark in front, as in `_format` and `//pattern`, switches a keyword off on purpose.
    """
    if not isinstance(name, str) or not name[:1].isalpha() or name in _ANNOTATIONS:
        return None
    return _alike(name, KEYWORDS)


@lru_cache(1024)
def _meant_format(name: str) -> str | None:
    return _alike(name, FORMATS)


def _alike(name: str, known: Iterable[str]) -> str | None:
    """Return the one of some names that another is probably a slip for."""
    plain = name.lower()
    for other in known:
        if abs(len(other) - len(name)) <= 2:
            alike = SequenceMatcher(None, plain, other.lower())
            if alike.quick_ratio() >= _ALIKE and alike.ratio() >= _ALIKE:
                return other
            if len(name) >= _SHORT and _is_transposed(plain, other.lower()):
                return other
    return None


def _is_transposed(a: str, b: str) -> bool:
    """Return whether two texts differ in the order of two neighbouring letters."""
    differing = [i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y]
    if len(a) != len(b) or len(differing) != 2:
        return False
    first, second = differing
    return second == first + 1 and a[first] == b[second] and a[second] == b[first]


_SHORT = 4
"""Shorter names are too often words of their own for two letters in another order to be a slip."""

_FOREIGN: Mapping[object, tuple[tuple[type, ...], str]] = {
    "nullable": (
        (bool,),
        'it is of OpenAPI 3.0 and means nothing in JSON Schema; write "type": [..., "null"]',
    ),
    "divisibleBy": ((int, float), "it means nothing since draft 4; write multipleOf"),
    "disallow": ((str, list), "it means nothing since draft 4; write not"),
    "extends": ((dict, list), "it means nothing since draft 4; write allOf"),
}
"""Keywords of other languages: the types of their values, and what to write for them."""

_WRAPPERS = ("schema", "json_schema", "parameters", "input_schema")
"""Where interfaces of language models have a schema, beside its name and description."""

_ANNOTATIONS = frozenset(
    "title description default example examples deprecated readOnly writeOnly definitions id "
    "contentEncoding contentMediaType contentSchema".split()
)

UNOBTRUSIVE = _ANNOTATIONS.union(KEYWORDS, ("$schema", "$id", "$defs", "$comment")) - {"format"}
"""The names of which nothing is told where they say what is written."""
