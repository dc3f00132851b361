"""The documents of a schema: dialects, positions in them, and where references lead."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from enum import IntEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag

from constrain.errors import InvalidSchemaError, UnsupportedSchemaError

if TYPE_CHECKING:
    from referencing import Registry, Resource
    from referencing._core import Resolver

Schema = dict[str, Any] | bool


class Dialect(IntEnum):
    """The drafts of JSON Schema, in the order of their appearance."""

    DRAFT4 = 4
    DRAFT6 = 6
    DRAFT7 = 7
    DRAFT2019 = 2019
    DRAFT2020 = 2020
    V1 = 2026

    @property
    def uri(self) -> str:
        """The identifier that `$schema` gives for the draft."""
        if self <= Dialect.DRAFT7:
            return f"http://json-schema.org/draft-{self:02}/schema"
        if self is Dialect.V1:
            return "https://json-schema.org/v1"
        return f"https://json-schema.org/draft/{self.label.removeprefix('draft')}/schema"

    @property
    def label(self) -> str:
        """The name of the draft in the public interface."""
        return _LABELS.get(self, f"draft{int(self)}")

    @property
    def id_keyword(self) -> str:
        """The keyword that names a resource."""
        return "id" if self is Dialect.DRAFT4 else "$id"


_LABELS = {
    Dialect.DRAFT2019: "draft2019-09",
    Dialect.DRAFT2020: "draft2020-12",
    Dialect.V1: "v1",
}
_BY_LABEL = {dialect.label: dialect for dialect in Dialect}
_OLD_DRAFTS = "http://json-schema.org/draft-0"
_BY_URI = {dialect.uri: dialect for dialect in Dialect}


class Scope:
    """A schema resource: what `#` means in it, and which dialect it is written in.

    Attributes:
        root: the contents of the resource.
        dialect: the dialect.
    """

    __slots__ = ("_documents", "_id_keyword", "_resolver", "dialect", "root")

    def __init__(
        self, documents: Documents, root: Schema, dialect: Dialect, resolver: Resolver[Any] | None
    ) -> None:
        self.root = root
        self.dialect = dialect
        self._documents = documents
        self._id_keyword = dialect.id_keyword
        self._resolver = resolver

    @property
    def resolver(self) -> Resolver[Any]:
        """The resolver of `referencing` whose base is this resource."""
        if self._resolver is None:
            self._resolver = self._documents.main_resolver(self.root, self.dialect)
        return self._resolver

    def of(self, schema: Schema) -> Scope:
        """Return the scope of a subschema met in this scope: another where it has an identifier."""
        if isinstance(schema, bool) or self._id_keyword not in schema or schema is self.root:
            return self
        name = schema[self._id_keyword]
        if not isinstance(name, str):
            return self
        if self.dialect <= Dialect.DRAFT7 and (name.startswith("#") or "$ref" in schema):
            return self
        dialect = self._documents.dialect(schema, self.dialect)
        resolver = self.resolver.in_subresource(_resource(schema, dialect))
        return self._documents.scope(schema, dialect, resolver)


class Documents:
    """The root schema and whatever it refers to.

    Nothing is walked beforehand: a reference costs what its own resolution costs.

    Args:
        schema: a schema, or its JSON text; a dict is not copied and must not change later.
        registry: remote documents, by their URIs.
        draft: the dialect of a schema without `$schema` ("draft4" to "draft2020-12").

    Raises:
        InvalidSchemaError: the text is not JSON, or the schema neither object nor boolean.
        UnsupportedSchemaError: `$schema` is a meta-schema of the registry with a `$vocabulary`.
        ValueError: `draft` names no dialect.
    """

    def __init__(
        self,
        schema: Schema | str,
        registry: Registry[Any] | None = None,
        draft: str | None = None,
    ) -> None:
        if draft is not None and draft not in _BY_LABEL:
            raise ValueError(f"unknown draft {draft!r}; known are {', '.join(_BY_LABEL)}")
        self.root: Schema = parse(schema) if isinstance(schema, str) else schema
        if not isinstance(self.root, (bool, dict)):
            kind = type(self.root).__name__
            raise InvalidSchemaError("", f"a schema is an object or a boolean, not {kind}")
        self._registry = registry
        self._default = _BY_LABEL[draft] if draft is not None else Dialect.DRAFT2020
        self._scopes: dict[int, Scope] = {}
        self.root_scope = self.scope(self.root, self.dialect(self.root, self._default), None)

    def dialect(self, schema: Schema, default: Dialect) -> Dialect:
        """Return the dialect that a resource declares with `$schema`."""
        if isinstance(schema, bool):
            return default
        declared = schema.get("$schema")
        if not isinstance(declared, str):
            return default
        uri = declared.rstrip("#").replace("https://json-schema.org/draft-0", _OLD_DRAFTS)
        found = _BY_URI.get(uri)
        if found is None and self._registry is not None:
            meta = self._registry.get(uri)
            if meta is not None and "$vocabulary" in meta.contents:
                raise UnsupportedSchemaError(
                    "$schema", "/$schema", f"the meta-schema {uri} chooses its own vocabularies"
                )
        return default if found is None else found

    def scope(self, root: Schema, dialect: Dialect, resolver: Resolver[Any] | None) -> Scope:
        """Return the one scope of a resource."""
        found = self._scopes.get(id(root))
        if found is None:
            found = self._scopes[id(root)] = Scope(self, root, dialect, resolver)
        return found

    def main_resolver(self, root: Schema, dialect: Dialect) -> Resolver[Any]:
        """Return the resolver of the main document."""

        from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

        registry = REGISTRY if self._registry is None else REGISTRY.combine(self._registry)
        resource = _resource(root, dialect)
        base = resource.id() or ""
        return registry.with_resource(base, resource).resolver(base)

    def resolve(self, scope: Scope, reference: str) -> tuple[Schema, Scope] | None:
        """Return the schema that a reference leads to, with its scope; None where to nowhere."""
        if reference == "#":
            return scope.root, scope
        if reference.startswith("#/"):
            found = _walk(scope, reference[2:])
            if found is not None:
                return found
        return self._lookup(scope, reference)

    def _lookup(self, scope: Scope, reference: str) -> tuple[Schema, Scope] | None:
        from referencing.exceptions import CannotDetermineSpecification, Unresolvable

        try:
            target = scope.resolver.lookup(reference)
            root = target.resolver.lookup("#").contents
        except (Unresolvable, CannotDetermineSpecification, ValueError):
            return None
        if root is self.root:
            return target.contents, self.root_scope
        dialect = self.dialect(root, scope.dialect)
        return target.contents, self.scope(root, dialect, target.resolver)

    def pointer(self, schema: Schema, scope: Scope) -> str:
        """Return the JSON pointer to a schema in the document it stands in, "" for the root.

        A schema outside the main document is named by its resource's URI and the pointer in it.
        """
        for document in (self.root, scope.root):
            for pointer, value in _positions(document):
                if value is schema:
                    if document is self.root:
                        return pointer
                    name = document.get(scope.dialect.id_keyword, "")  # type: ignore[union-attr]
                    return f"{urldefrag(str(name)).url}#{pointer}"
        return ""


def parse(text: str) -> Any:
    """Return the value of a JSON text; numbers that no float has exactly become decimals.

    Raises:
        InvalidSchemaError: the text is not JSON.
    """
    try:
        return json.loads(text, parse_float=_parse_float, parse_constant=_refuse_constant)
    except RecursionError:
        raise InvalidSchemaError("", "nested too deeply to be read") from None
    except ValueError as error:
        raise InvalidSchemaError("", f"not JSON: {error}") from None


def _parse_float(text: str) -> float | Decimal:
    value = float(text)
    exact = Decimal(text)
    return value if math.isfinite(value) and Decimal(repr(value)) == exact else exact


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def _resource(schema: Schema, dialect: Dialect) -> Resource[Any]:
    from referencing.jsonschema import specification_with

    uri = min(dialect, Dialect.DRAFT2020).uri
    return specification_with(uri).create_resource(schema)


def _walk(scope: Scope, pointer: str) -> tuple[Schema, Scope] | None:
    """Follow a JSON pointer from the root of a resource."""
    value: Any = scope.root
    for raw in pointer.split("/"):
        segment = unquote(raw) if "%" in raw else raw
        segment = segment.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            if segment not in value:
                return None
            value = value[segment]
            if isinstance(value, dict):
                scope = scope.of(value)
        elif isinstance(value, list) and segment.isdecimal() and int(segment) < len(value):
            value = value[int(segment)]
        else:
            return None
    return value, scope


def _positions(document: Any) -> Iterator[tuple[str, Any]]:
    """Every value in a document with its JSON pointer, in document order."""
    pending: list[tuple[str, Any]] = [("", document)]
    while pending:
        pointer, value = pending.pop()
        yield pointer, value
        if isinstance(value, dict):
            children = [(escape(str(key)), child) for key, child in value.items()]
        elif isinstance(value, list):
            children = [(str(index), child) for index, child in enumerate(value)]
        else:
            continue
        pending.extend((f"{pointer}/{step}", child) for step, child in reversed(children))


def escape(step: str) -> str:
    """Return a key as a step of a JSON pointer."""
    return step.replace("~", "~0").replace("/", "~1")
