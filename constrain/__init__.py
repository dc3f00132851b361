"""Structured generation: what a language model writes obeys a schema, a grammar or a pattern.

    from constrain import generate_json
    from constrain.models import BundledModel

    generate_json({"type": "object", "properties": {"name": {"type": "string"}}}, BundledModel())

Everything public is importable from here and loads when first used: `import constrain` itself
imports neither numba nor torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from constrain.compile import (
        compile_grammar,
        compile_json_schema,
        compile_regex,
        compile_triggered,
        think_first,
    )
    from constrain.engine import Constraint, Matcher
    from constrain.errors import (
        AcceptanceError,
        ConstraintError,
        ExtinctionError,
        GenerationError,
        GrammarSyntaxError,
        GrammarWarning,
        InvalidSchemaError,
        MonitorError,
        MonitorWarning,
        RegexSyntaxError,
        RegexTooComplexError,
        SchemaTooComplexError,
        SchemaWarning,
        SpeculationWarning,
        StuckError,
        UnsatisfiableSchemaError,
        UnsupportedSchemaError,
        VocabularyError,
    )
    from constrain.generation import (
        generate,
        generate_choice,
        generate_code,
        generate_grammar,
        generate_json,
        generate_regex,
    )
    from constrain.grammar.indentation import Indentation
    from constrain.schema.options import JSONOptions
    from constrain.special import SpecialToken
    from constrain.vocabulary import Vocabulary

__version__ = "0.1.0"

_HOME = {
    "AcceptanceError": "constrain.errors",
    "Constraint": "constrain.engine",
    "ConstraintError": "constrain.errors",
    "ExtinctionError": "constrain.errors",
    "GenerationError": "constrain.errors",
    "GrammarSyntaxError": "constrain.errors",
    "GrammarWarning": "constrain.errors",
    "Indentation": "constrain.grammar.indentation",
    "InvalidSchemaError": "constrain.errors",
    "JSONOptions": "constrain.schema.options",
    "Matcher": "constrain.engine",
    "MonitorError": "constrain.errors",
    "MonitorWarning": "constrain.errors",
    "RegexSyntaxError": "constrain.errors",
    "RegexTooComplexError": "constrain.errors",
    "SchemaTooComplexError": "constrain.errors",
    "SchemaWarning": "constrain.errors",
    "SpecialToken": "constrain.special",
    "SpeculationWarning": "constrain.errors",
    "StuckError": "constrain.errors",
    "UnsatisfiableSchemaError": "constrain.errors",
    "UnsupportedSchemaError": "constrain.errors",
    "Vocabulary": "constrain.vocabulary",
    "VocabularyError": "constrain.errors",
    "compile_grammar": "constrain.compile",
    "compile_json_schema": "constrain.compile",
    "compile_regex": "constrain.compile",
    "compile_triggered": "constrain.compile",
    "generate": "constrain.generation",
    "generate_choice": "constrain.generation",
    "generate_code": "constrain.generation",
    "generate_grammar": "constrain.generation",
    "generate_json": "constrain.generation",
    "generate_regex": "constrain.generation",
    "think_first": "constrain.compile",
}

__all__ = [
    "AcceptanceError",
    "Constraint",
    "ConstraintError",
    "ExtinctionError",
    "GenerationError",
    "GrammarSyntaxError",
    "GrammarWarning",
    "Indentation",
    "InvalidSchemaError",
    "JSONOptions",
    "Matcher",
    "MonitorError",
    "MonitorWarning",
    "RegexSyntaxError",
    "RegexTooComplexError",
    "SchemaTooComplexError",
    "SchemaWarning",
    "SpecialToken",
    "SpeculationWarning",
    "StuckError",
    "UnsatisfiableSchemaError",
    "UnsupportedSchemaError",
    "Vocabulary",
    "VocabularyError",
    "__version__",
    "compile_grammar",
    "compile_json_schema",
    "compile_regex",
    "compile_triggered",
    "generate",
    "generate_choice",
    "generate_code",
    "generate_grammar",
    "generate_json",
    "generate_regex",
    "think_first",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'constrain' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
