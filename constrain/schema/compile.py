"""From a schema to its control: what is checked before anything is written."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from constrain.errors import ConstraintError
from constrain.schema.check import check
from constrain.schema.conflict import contradiction
from constrain.schema.control import SchemaControl
from constrain.schema.exclusive import Exclusion, Overlaps
from constrain.schema.options import JSONOptions
from constrain.schema.positions import Atoms, Position
from constrain.schema.sources.documents import Documents, Retrieve
from constrain.schema.sources.resources import Schema

if TYPE_CHECKING:
    from referencing import Registry


def schema_control(
    schema: Schema | str,
    options: JSONOptions | None = None,
    registry: Registry[Any] | None = None,
    draft: str | int | None = None,
    retrieve: Retrieve | None = None,
    lenient: bool = False,
) -> SchemaControl:
    """Return the control of the JSON texts that satisfy a schema.

    Every keyword that can be reached is checked; the rest of the work is done while text is
    written, for the parts of the schema that it visits.

    Args:
        schema: a schema as Python reads it from JSON, or its JSON text. It is not copied and must
            not change later.
        options: which spellings are in the language; default `JSONOptions()`.
        registry: remote documents, by their URIs.
        draft: the dialect of a schema without `$schema`: "draft4", "draft6", "draft7",
            "draft2019-09", "draft2020-12" (the default) or "v1"; "2019-09", 7 and the like as well.
        retrieve: gives remote documents that are not in the registry.
        lenient: ignore what is not understood, each with a `SchemaWarning`.

    Raises:
        InvalidSchemaError: the schema is malformed, or a `$ref` leads nowhere.
        RegexSyntaxError: a pattern is malformed.
        UnsupportedSchemaError: a draft or vocabulary is not known, or a format cannot be enforced.
        UnsatisfiableSchemaError: no value satisfies the schema.
        SchemaTooComplexError: a bound on the work to be done is passed.
        ConstraintError: `draft` names no draft, or `options` are none.
    """
    options = JSONOptions() if options is None else options
    if not isinstance(options, JSONOptions):
        raise ConstraintError(f"options is {options!r}; give JSONOptions(...)")
    documents = Documents(schema, registry, draft, retrieve, lenient)
    control = _control(documents, options)
    for warning in documents.warnings:
        warnings.warn(warning, stacklevel=3)
    if control.possible(control.root):
        return control

    def is_contradictory(weaker: Schema) -> bool:
        try:
            other = _control(Documents(weaker, registry, draft, retrieve, lenient), options)
            return not other.possible(other.root)
        except ConstraintError:
            return False

    raise contradiction(documents.root, is_contradictory)


def _control(documents: Documents, options: JSONOptions) -> SchemaControl:
    exclusions: dict[Position, Exclusion] = {}
    atoms = Atoms(documents, options, exclusions)
    checked = check(atoms.root)
    finder = Overlaps(documents, options)
    for position in checked.exclusive:
        found = finder.of(position)
        if found != Exclusion():
            exclusions[position] = found
            checked.negated.append(position)
    control = SchemaControl(atoms, options)
    for position in checked.negated:
        control.examine(position)
    for position in checked.manifold:
        control.examine(position)
    return control
