"""JSON Schema as a control: from a schema to the lexemes that may come next."""

from constrain.schema.compile import schema_control
from constrain.schema.control import SchemaControl
from constrain.schema.options import JSONOptions

__all__ = ["JSONOptions", "SchemaControl", "schema_control"]
