"""Schema resources: what has an identifier of its own, its anchors, and pointers into it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from constrain.schema.sources.dialects import Dialect
from constrain.schema.sources.keywords import KEYWORDS, Children
from constrain.schema.sources.profiles import Profile

Schema = dict[str, Any] | bool


class Resource:
    """A schema with an identifier of its own, or a whole document.

    Attributes:
        root: the schema.
        uri: what references in it are relative to; "" where not known.
        profile: how its keywords are read.
        document: the resource of the whole document.
        anchors: the schemas that are named by an anchor, once the document has been searched.
        dynamic: those that a dynamic reference may lead to; that of `$recursiveAnchor` is named
            `RECURSIVE`.
    """

    __slots__ = ("anchors", "document", "dynamic", "profile", "root", "uri")

    def __init__(
        self, root: Schema, uri: str, profile: Profile, document: Resource | None = None
    ) -> None:
        self.root = root
        self.uri = uri
        self.profile = profile
        self.document = document or self
        self.anchors: dict[str, dict[str, Any]] = {}
        self.dynamic: dict[str, dict[str, Any]] = {}

    def identifier(self, schema: Mapping[str, Any]) -> str:
        """Return the identifier of a subschema, "" where it has none."""
        dialect = self.profile.dialect
        name = schema.get(dialect.id_keyword)
        if not isinstance(name, str) or ("$ref" in schema and dialect <= Dialect.DRAFT7):
            return ""
        return name

    def base(self, schema: Mapping[str, Any]) -> str:
        """Return the URI of a subschema that is a resource, "" where it is none."""
        name = self.identifier(schema)
        name = urldefrag(name).url if name else ""
        return urljoin(self.uri, name) if name else ""

    def note_anchors(self, schema: dict[str, Any]) -> None:
        """Note by which anchors a schema of the resource can be found."""
        identifier = self.identifier(schema)
        if "#" in identifier and (fragment := urldefrag(identifier).fragment):
            self.anchors.setdefault(unquote(fragment), schema)
        dialect = self.profile.dialect
        if dialect >= Dialect.DRAFT2019:
            name = schema.get("$anchor")
            if isinstance(name, str):
                self.anchors.setdefault(name, schema)
        if dialect >= Dialect.DRAFT2020:
            name = schema.get("$dynamicAnchor")
            if isinstance(name, str):
                self.anchors.setdefault(name, schema)
                self.dynamic.setdefault(name, schema)
        elif schema is self.root and schema.get("$recursiveAnchor") is True:
            self.dynamic[RECURSIVE] = schema


RECURSIVE = "#"

At = Callable[[dict[str, Any], Resource], Resource]
"""Gives the resource of a schema that is met in another resource."""


def search(document: Resource, at: At) -> None:
    """Find the resources and the anchors of a document."""
    pending: list[tuple[Any, Resource]] = [(document.root, document)]
    seen: set[tuple[int, int]] = set()
    while pending:
        schema, resource = pending.pop()
        if not isinstance(schema, dict) or (id(schema), id(resource)) in seen:
            continue
        seen.add((id(schema), id(resource)))
        resource = at(schema, resource)
        resource.note_anchors(schema)
        for keyword, value in schema.items():
            kind = _HOLDERS.get(keyword)
            if kind is not None and keyword not in resource.profile.off:
                pending.extend((child, resource) for child in _children(kind, value))


def walk(resource: Resource, pointer: str, at: At) -> tuple[Any, Resource] | None:
    """Follow a JSON pointer from the root of a resource.

    Returns:
        what is there, and the resource that it belongs to; None where nothing is there.
    """
    value: Any = resource.root
    kind: Children = "one"  # of subschemas that the value holds; "one": it is a schema itself
    for raw in pointer.split("/"):
        step = unquote(raw) if "%" in raw else raw
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            if step not in value:
                return None
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
        if kind == "one":
            kind = _HOLDERS.get(step, "none")
            if kind == "one or list":
                kind = "list" if isinstance(value, list) else "one"
        elif kind != "none":
            kind = "one"
        if kind == "one" and isinstance(value, dict):
            resource = at(value, resource)
    return value, resource


def _children(kind: Children, value: Any) -> Iterable[Any]:
    if kind == "map":
        return value.values() if isinstance(value, dict) else ()
    if isinstance(value, list):
        return value if kind != "one" else ()
    return () if kind == "list" else (value,)


_HOLDERS: Mapping[str, Children] = {
    **{name: known.children for name, known in KEYWORDS.items() if known.children != "none"},
    "$defs": "map",
    "definitions": "map",
    "contentSchema": "one",
}
"""Where subschemas stand."""
