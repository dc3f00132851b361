"""The documents of a schema: where references lead, and the dynamic scope that goes with them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag, urljoin

from constrain.errors import InvalidSchemaError, SchemaWarning, UnsupportedSchemaError
from constrain.schema.sources.dialects import Dialect, declared, is_too_old, labelled, labels
from constrain.schema.sources.profiles import Profile, choose, is_known, profile_of
from constrain.schema.sources.resources import RECURSIVE, Resource, Schema, search, walk

if TYPE_CHECKING:
    from referencing import Registry
    from referencing import Resource as Retrieved

Retrieve = Callable[[str], Any]
"""Gives the document of a URI: its contents, or a `referencing.Resource`.

Raises `LookupError` (as `referencing.exceptions.NoSuchResource` is) where there is none.
"""

Dynamic = Mapping[str, tuple[Schema, Resource]]
"""The outermost schema, and its resource, for each name that dynamic references may go by."""

_NOTHING: Dynamic = MappingProxyType({})


class Scope:
    """A resource, and the way that led to it as far as it matters. Equality is identity.

    Attributes:
        resource: what `#` means, and what references are relative to.
        root: its schema.
        dialect: its draft.
        id_keyword: the keyword that names a resource there.
        profile: how its keywords are read.
    """

    __slots__ = (
        "_documents",
        "_dynamic",
        "_quiet",
        "dialect",
        "id_keyword",
        "profile",
        "resource",
        "root",
    )

    def __init__(self, documents: Documents, resource: Resource, dynamic: Dynamic | None) -> None:
        self.resource = resource
        self.root = resource.root
        self.profile = resource.profile
        self.dialect = resource.profile.dialect
        self.id_keyword = self.dialect.id_keyword
        self._quiet = self.profile.quiet
        self._documents = documents
        self._dynamic = dynamic

    @property
    def dynamic(self) -> Dynamic:
        """Where dynamic references lead to."""
        if self._dynamic is None:
            self._dynamic = self._documents.dynamic(_NOTHING, self.resource)
        return self._dynamic

    def of(self, schema: Schema) -> Scope:
        """Return the scope of a subschema met in this scope: another where it has an identifier."""
        if isinstance(schema, bool) or self.id_keyword not in schema or schema is self.root:
            return self
        return self._documents.enter(self, self._documents.at(schema, self.resource))

    def read(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return a schema without the keywords that say nothing here."""
        quiet = self._quiet
        if quiet.isdisjoint(schema):
            return schema
        if "$ref" in schema and "$ref" in quiet:
            return {"$ref": schema["$ref"]}
        return {name: value for name, value in schema.items() if name not in quiet}


class Documents:
    """The root schema and whatever it refers to.

    Nothing is searched before a reference asks for it. No document is fetched from anywhere unless
    the registry or `retrieve` does so.

    Args:
        schema: a schema, or its JSON text; a dict is not copied and must not change later.
        registry: remote documents, by their URIs.
        draft: the dialect of a schema without `$schema` ("draft4" to "draft2020-12", "v1").
        retrieve: gives documents that are not in the registry.
        lenient: whether what is not understood is to be ignored.

    Attributes:
        root: the root schema.
        root_scope: its scope.
        lenient: see above.
        amended: schemas that say something else than what is written, by the identities of their
            source and their scope.
        warnings: what has been ignored.

    Raises:
        InvalidSchemaError: the text is not JSON, the schema neither object nor boolean, or
            `$schema` no URI.
        UnsupportedSchemaError: `$schema` is of draft 3, or its meta-schema needs an unknown
            vocabulary.
        ConstraintError: `draft` names no dialect.
    """

    def __init__(
        self,
        schema: Schema | str,
        registry: Registry[Any] | None = None,
        draft: str | int | None = None,
        retrieve: Retrieve | None = None,
        lenient: bool = False,
    ) -> None:
        default = profile_of(Dialect.DRAFT2020 if draft is None else labelled(draft))
        self.root: Schema = parse(schema) if isinstance(schema, str) else schema
        if not isinstance(self.root, (bool, dict)):
            kind = type(self.root).__name__
            raise InvalidSchemaError("", f"a schema is an object or a boolean, not {kind}")
        self.lenient = lenient
        self.amended: dict[tuple[int, int], dict[str, Any]] = {}
        self.warnings: list[SchemaWarning] = []
        self._registry = registry
        self._retrieve = retrieve
        self._resources: dict[int, Resource] = {}  # by the identity of their schemas
        self._by_uri: dict[str, Resource] = {}
        self._unsearched: list[Resource] = []
        self._steps: dict[Resource, Steps] = {}
        self._dynamics: dict[frozenset[tuple[str, int]], Dynamic] = {frozenset(): _NOTHING}
        self._scopes: dict[tuple[int, int], Scope] = {}
        self._found: dict[tuple[Scope, str, str], tuple[Any, Scope] | None] = {}
        resource = self._document(self.root, "", default)
        self.root_scope = Scope(self, resource, None)

    def read(self, source: dict[str, Any], scope: Scope) -> dict[str, Any]:
        """Return a schema of a scope without what says nothing."""
        if self.amended:
            found = self.amended.get((id(source), id(scope)))
            if found is not None:
                return found
        return scope.read(source)

    def at(self, schema: dict[str, Any], within: Resource) -> Resource:
        """Return the resource of a schema met in a resource: another where it has an identifier."""
        if schema is within.root:
            return within
        uri = within.base(schema)
        if not uri:
            return within
        found = self._resources.get(id(schema))
        if found is None:
            profile = self._profile(schema, within.profile)
            found = Resource(schema, uri, profile, within.document)
            self._resources[id(schema)] = self._by_uri[uri] = found
        return found

    def enter(self, scope: Scope, resource: Resource) -> Scope:
        """Return the scope of a resource that a scope leads to."""
        if resource is scope.resource:
            return scope
        dynamic = self.dynamic(scope.dynamic, resource)
        key = (id(resource), id(dynamic))
        found = self._scopes.get(key)
        if found is None:
            root = self.root_scope
            known = resource is root.resource and dynamic is root.dynamic
            found = self._scopes[key] = root if known else Scope(self, resource, dynamic)
        return found

    def dynamic(self, outer: Dynamic, resource: Resource) -> Dynamic:
        """Return where dynamic references lead to in a resource that was entered last."""
        if resource.profile.dialect < Dialect.DRAFT2019:
            return outer
        self._search(resource.document)
        if resource.dynamic.keys() <= outer.keys():
            return outer
        inner = {name: (schema, resource) for name, schema in resource.dynamic.items()}
        found = {**inner, **outer}
        key = frozenset((name, id(schema)) for name, (schema, _) in found.items())
        return self._dynamics.setdefault(key, found)

    def resolve(self, scope: Scope, keyword: str, reference: str) -> tuple[Any, Scope] | None:
        """Return what a reference leads to, with its scope; None where it leads nowhere.

        Args:
            scope: where the reference stands.
            keyword: `$ref`, `$dynamicRef` or `$recursiveRef`.
            reference: its value.
        """
        key = scope, keyword, reference
        if key not in self._found:
            self._found[key] = self._resolve(scope, keyword, reference)
        return self._found[key]

    def _resolve(self, scope: Scope, keyword: str, reference: str) -> tuple[Any, Scope] | None:
        name = ""
        if keyword == "$recursiveRef":
            name = RECURSIVE
        elif keyword == "$dynamicRef":
            name = unquote(urldefrag(reference).fragment)
            if scope.dialect >= Dialect.V1 and name in scope.dynamic:
                schema, resource = scope.dynamic[name]
                return schema, self.enter(scope, resource)
        found = self._find(scope.resource, reference)
        if found is None:
            return None
        schema, resource = found
        if name:
            self._search(resource.document)
            if resource.dynamic.get(name) is schema and name in scope.dynamic:
                schema, resource = scope.dynamic[name]
        return schema, self.enter(scope, resource)

    def _find(self, resource: Resource, reference: str) -> tuple[Any, Resource] | None:
        url, fragment = ("", reference[1:]) if reference[:1] == "#" else urldefrag(reference)
        if url:
            target = self._named(urljoin(resource.uri, url), resource.profile)
            if target is None:
                return None
            resource = target
        if not fragment:
            return resource.root, resource
        if fragment[0] == "/":
            return walk(resource, fragment[1:], self.at)
        self._search(resource.document)
        anchor = resource.anchors.get(unquote(fragment))
        return None if anchor is None else (anchor, resource)

    def _named(self, uri: str, default: Profile) -> Resource | None:
        """Return the resource that a URI names."""
        while uri not in self._by_uri and self._unsearched:
            self._search(self._unsearched[-1])
        found = self._by_uri.get(uri)
        if found is None:
            retrieved = self._contents(uri)
            if retrieved is None:
                return None
            contents, dialect = retrieved
            profile = default if dialect is None else profile_of(dialect)
            found = self._by_uri[uri] = self._document(contents, uri, profile)
        return found

    def _document(self, root: Any, uri: str, default: Profile) -> Resource:
        found = self._resources.get(id(root))
        if found is None:
            profile = self._profile(root, default)
            found = Resource(root, uri, profile)
            if isinstance(root, dict):
                found.uri = found.base(root) or uri
                self._unsearched.append(found)
            self._resources[id(root)] = self._by_uri[found.uri] = found
        return found

    def _search(self, document: Resource) -> None:
        if document in self._unsearched:
            self._unsearched.remove(document)
            search(document, self.at)

    def _contents(self, uri: str) -> tuple[Any, Dialect | None] | None:
        """Return a document that is not here yet, and its dialect where it is given with it."""
        if self._registry is not None:
            from referencing.exceptions import NoSuchResource

            try:
                retrieved = self._registry.get_or_retrieve(uri)
            except NoSuchResource:
                pass
            else:
                self._registry = retrieved.registry
                return retrieved.value.contents, _dialect_of(retrieved.value)
        from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

        known = REGISTRY.get(uri)
        if known is not None:
            return known.contents, _dialect_of(known)
        if self._retrieve is not None:
            try:
                found = self._retrieve(uri)
            except LookupError:
                return None
            from referencing import Resource as Retrieved

            if isinstance(found, Retrieved):
                return found.contents, _dialect_of(found)
            return found, None
        return None

    def _profile(self, schema: Any, default: Profile) -> Profile:
        """Return the profile of a resource: its meta-schema's, where it declares one."""
        if not isinstance(schema, dict) or "$schema" not in schema:
            return default
        uri = schema["$schema"]
        if not isinstance(uri, str):
            reason = f"it must be the URI of a meta-schema, not {type(uri).__name__}"
            self._object(schema, reason, InvalidSchemaError)
            return default
        dialect = declared(uri)
        if dialect is not None:
            return profile_of(dialect)
        if is_too_old(uri):
            reason = f"{uri} is older than the drafts that are known: {labels()}"
            self._object(schema, reason, UnsupportedSchemaError)
            return default
        found = self._contents(urldefrag(uri).url)
        if found is None or not isinstance(found[0], dict):
            reason = (
                f"no meta-schema {uri} is known, so the schema is read as {default.dialect.label}; "
                "pass the meta-schema by `registry` or `retrieve`"
            )
            self._object(schema, reason)
            return default
        meta, given = found
        dialect = declared(str(meta.get("$schema"))) or given or default.dialect
        vocabularies = meta.get("$vocabulary")
        if not isinstance(vocabularies, dict) or dialect <= Dialect.DRAFT7:
            return profile_of(dialect)
        for name, required in vocabularies.items():
            if required is True and not is_known(name):
                reason = f"the meta-schema {uri} needs the vocabulary {name}"
                self._object(schema, reason, UnsupportedSchemaError)
        return choose(dialect, vocabularies)

    def _object(
        self,
        schema: dict[str, Any],
        reason: str,
        kind: type[InvalidSchemaError | UnsupportedSchemaError] | None = None,
    ) -> None:
        """Object to the `$schema` of a resource: by an error of a kind, or by a warning only."""
        pointer = (_pointer(_steps(self.root), id(schema)) or "") + "/$schema"
        if kind is None or self.lenient:
            self.warnings.append(SchemaWarning("$schema", pointer, reason))
        elif kind is InvalidSchemaError:
            raise InvalidSchemaError(pointer, reason)
        else:
            raise UnsupportedSchemaError("$schema", pointer, reason)

    def pointer(self, schema: Schema, scope: Scope) -> str:
        """Return the JSON pointer to a schema in the document it stands in, "" for the root.

        A schema outside the main document is named by its document's URI and the pointer in it.
        """
        for document in (self.root_scope.resource, scope.resource.document):
            if document not in self._steps:
                self._steps[document] = _steps(document.root)
            pointer = _pointer(self._steps[document], id(schema))
            if pointer is not None:
                return pointer if document.root is self.root else f"{document.uri}#{pointer}"
        return ""


_DIALECTS = {
    "draft-04": Dialect.DRAFT4,
    "draft-06": Dialect.DRAFT6,
    "draft-07": Dialect.DRAFT7,
    "draft2019-09": Dialect.DRAFT2019,
    "draft2020-12": Dialect.DRAFT2020,
}


def _dialect_of(retrieved: Retrieved[Any]) -> Dialect | None:
    return _DIALECTS.get(retrieved._specification.name)


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


Steps = dict[int, tuple[int, str | int]]
"""For each object and list in a document, by its identity, what it stands in and where there."""


def _steps(document: Any) -> Steps:
    """Return where the objects and lists of a document stand: the first place of each."""
    found: Steps = {}
    pending: list[tuple[int, str | int, Any]] = [(0, "", document)]
    while pending:
        above, step, value = pending.pop()
        place = id(value)
        if place in found or not isinstance(value, (dict, list)):
            continue
        found[place] = above, step
        children: Iterable[tuple[str | int, Any]]
        children = value.items() if isinstance(value, dict) else enumerate(value)
        inner = [(place, at, child) for at, child in children if isinstance(child, (dict, list))]
        inner.reverse()
        pending += inner
    return found


def _pointer(steps: Steps, place: int) -> str | None:
    """Return the JSON pointer to what has an identity; None where it is not in the document."""
    if place not in steps:
        return None
    path: list[str] = []
    while (found := steps[place])[0]:
        place, step = found
        path.append("/" + escape(str(step)))
    return "".join(reversed(path))


def escape(step: str) -> str:
    """Return a key as a step of a JSON pointer."""
    return step.replace("~", "~0").replace("/", "~1")
