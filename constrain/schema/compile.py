"""From a schema to its control: what is checked before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from constrain.errors import UnsatisfiableSchemaError, UnsupportedSchemaError
from constrain.schema.check import check
from constrain.schema.control import SchemaControl
from constrain.schema.documents import Documents, Retrieve
from constrain.schema.exclusive import Overlaps
from constrain.schema.negation import CannotNegateError
from constrain.schema.options import JSONOptions
from constrain.schema.positions import Atoms, Position
from constrain.schema.resources import Schema

if TYPE_CHECKING:
    from referencing import Registry


def schema_control(
    schema: Schema | str,
    options: JSONOptions | None = None,
    registry: Registry[Any] | None = None,
    draft: str | None = None,
    retrieve: Retrieve | None = None,
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
            "draft2019-09", "draft2020-12" (the default) or "v1".
        retrieve: gives remote documents that are not in the registry.

    Raises:
        InvalidSchemaError: the schema is malformed, or a `$ref` leads nowhere.
        RegexSyntaxError: a pattern is malformed.
        UnsupportedSchemaError: a keyword cannot be enforced.
        UnsatisfiableSchemaError: no value satisfies the schema.
        SchemaTooComplexError: a bound on the work to be done is passed.
    """
    options = JSONOptions() if options is None else options
    documents = Documents(schema, registry, draft, retrieve)
    overlaps: dict[int, dict[int, list[int]]] = {}
    atoms = Atoms(documents, options, overlaps)
    checked = check(atoms.root)
    finder = Overlaps(documents, options)
    for position in checked.exclusive:
        found = finder.of(position)
        if found:
            overlaps[id(position.schema["oneOf"])] = found
            checked.negated.append((position, "oneOf"))
    control = SchemaControl(atoms, options)
    for position, keyword in checked.negated:
        _require_negatable(position, keyword, atoms)
        control.examine(position)
    for position in checked.manifold:
        control.examine(position)
    if not control.possible(control.root):
        raise UnsatisfiableSchemaError("", "its keywords contradict one another")
    return control


def _require_negatable(position: Position, keyword: str, atoms: Atoms) -> None:
    """Check that what a keyword negates can be negated, all the way down."""
    assert position.facts
    while atoms.unread:
        try:
            assert atoms.unread.pop().facts
        except CannotNegateError as error:
            reason = f"it takes the negation of {error}"
            raise UnsupportedSchemaError(keyword, position.pointer(keyword), reason) from None
