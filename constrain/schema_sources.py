"""What may be given for a schema, and what comes back for it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from decimal import Decimal
from functools import cache, reduce
from operator import or_
from os import PathLike
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from constrain.errors import ConstraintError, InvalidSchemaError
from constrain.schema.sources.documents import parse


@dataclass(frozen=True, slots=True)
class SchemaSource:
    """A schema, and how its JSON texts are read.

    Attributes:
        schema: the JSON Schema.
        parse: from a valid JSON text to the value; raises ValueError where it cannot.
    """

    schema: Any
    parse: Callable[[str], Any]

    @property
    def text(self) -> str:
        """The schema as JSON text.

        Raises:
            InvalidSchemaError: it holds something that JSON has no text for.
        """
        try:
            return json.dumps(self.schema, ensure_ascii=False, allow_nan=False, default=_number)
        except (TypeError, ValueError) as error:
            raise InvalidSchemaError("", f"not JSON: {error}") from error


def read_schema(source: Any) -> SchemaSource:
    """Return the schema that an object means.

    Args:
        source: a JSON Schema as parsed JSON; its JSON text; a path to it; or a type that Pydantic
            knows (a model class, a dataclass, a TypedDict) or its `TypeAdapter`, for which texts
            become instances.

    Raises:
        InvalidSchemaError: a text or file is not JSON.
        ConstraintError: a file cannot be read, or a type has no schema.
    """
    if isinstance(source, (Mapping, bool)):
        return SchemaSource(source, json.loads)
    if isinstance(source, str) and not _is_path(source):
        return SchemaSource(parse(source), json.loads)
    if isinstance(source, (str, PathLike)):
        try:
            text = Path(source).read_text("utf-8")
        except (OSError, ValueError) as error:
            raise ConstraintError(f"cannot read the schema {str(source)!r}: {error}") from error
        return SchemaSource(parse(text), json.loads)
    if isinstance(source, type) or get_origin(source) is not None or _is_adapter(source):
        return _typed(source)
    if hasattr(source, "model_json_schema") or is_dataclass(source):
        name = type(source).__name__
        raise ConstraintError(f"the schema is an instance of {name}; pass the class {name} itself")
    return SchemaSource(source, json.loads)


def _is_path(text: str) -> bool:
    """Return whether a text is no JSON Schema: that is an object, `true` or `false`."""
    return not text.lstrip().startswith("{") and text.strip() not in ("true", "false")


def _number(value: Any) -> float:
    """Return a number that no float has exactly as the next one."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} is no type of JSON")


def _is_adapter(source: Any) -> bool:
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and isinstance(source, pydantic.TypeAdapter)


def _typed(source: Any) -> SchemaSource:
    """Return the schema of a type, as Pydantic gives it, and its validation.

    Objects of a model, a dataclass or a TypedDict have no properties besides the declared ones,
    unless the model says `extra="allow"`.
    """
    name = getattr(source, "__name__", str(source))
    try:
        import pydantic
        from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError
    except ImportError as error:
        raise ConstraintError(
            f"{name} is a type, and Pydantic 2, which gives its schema, is not installed; "
            "install it (pip install pydantic), or pass a JSON Schema"
        ) from error
    try:
        known = source if _is_adapter(source) else pydantic.TypeAdapter(_known_to_pydantic(source))
        adapter: pydantic.TypeAdapter[Any] = known
        schema = adapter.json_schema(schema_generator=_closing_generator())
    except (PydanticUserError, PydanticUndefinedAnnotation) as error:
        raise ConstraintError(f"{name} has no JSON Schema: {error.message}") from error
    return SchemaSource(schema, adapter.validate_json)


@cache
def _closing_generator() -> Any:
    from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

    class Closing(GenerateJsonSchema):
        """Says of objects with declared properties that they have no others."""

        def model_schema(self, schema: Any) -> JsonSchemaValue:
            return _closed(super().model_schema(schema))

        def dataclass_schema(self, schema: Any) -> JsonSchemaValue:
            return _closed(super().dataclass_schema(schema))

        def typed_dict_schema(self, schema: Any) -> JsonSchemaValue:
            return _closed(super().typed_dict_schema(schema))

    return Closing


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("type") == "object":
        schema.setdefault("additionalProperties", False)
    return schema


def _known_to_pydantic(source: Any, within: tuple[Any, ...] = ()) -> Any:
    """Return `source` with each `typing.TypedDict` in it as one of `typing_extensions`.

    Before Python 3.12 Pydantic takes no others, as those of `typing` have lost what it needs.
    """
    if sys.version_info >= (3, 12):
        return source
    from typing_extensions import NotRequired, Required, TypedDict

    def known(hint: Any) -> Any:
        return _known_to_pydantic(hint, (*within, source))

    if is_typeddict(source):
        if source in within:
            raise ConstraintError(
                f"{source.__name__} contains itself; before Python 3.12, "
                "declare it with typing_extensions.TypedDict"
            )
        fields: dict[str, Any] = {}
        for name, hint in get_type_hints(source, include_extras=True).items():
            mark: Any = Required if name in source.__required_keys__ else NotRequired
            if get_origin(hint) in (Required, NotRequired):
                mark, (hint,) = get_origin(hint), get_args(hint)
            fields[name] = mark[known(hint)]
        make: Any = TypedDict
        return make(source.__name__, fields)
    origin, arguments = get_origin(source), get_args(source)
    if origin is Annotated:
        return source.copy_with((known(arguments[0]),))
    if origin in (Union, UnionType):
        return reduce(or_, map(known, arguments))
    if isinstance(origin, type) and arguments:
        kind: Any = origin
        return kind[tuple(map(known, arguments))]
    return source
