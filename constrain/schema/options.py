"""Which of the JSON texts that satisfy a schema are in the language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class JSONOptions:
    """The spellings that a constraint allows; the defaults are the *generation* language.

    Attributes:
        property_order: "schema": named properties in the order of the schema, then the others;
            "any": in any order.
        whitespace: "bounded": nothing, one space, or one line feed with up to 40 characters of
            indentation; "any": any run of white space, around the whole text too; "none".
        escapes: "minimal": characters of strings are escaped only where they must be; "any":
            every spelling that JSON has for them.
        numbers: "plain": integers without fraction and exponent; "any": every spelling.
        format: "assert": a string must be of the format that the schema names; "annotate":
            `format` constrains nothing; "dialect": it does where the dialect of the schema says
            so, as `v1` and the vocabulary `format-assertion` do.

    No object repeats a key, whatever the options.
    """

    property_order: Literal["schema", "any"] = "schema"
    whitespace: Literal["bounded", "any", "none"] = "bounded"
    escapes: Literal["minimal", "any"] = "minimal"
    numbers: Literal["plain", "any"] = "plain"
    format: Literal["assert", "annotate", "dialect"] = "assert"

    @classmethod
    def specification(cls, **overrides: Any) -> JSONOptions:
        """Return the options for every text that the JSON Schema specification calls valid."""
        settings: dict[str, Any] = {
            "property_order": "any",
            "whitespace": "any",
            "escapes": "any",
            "numbers": "any",
            "format": "dialect",
        }
        return cls(**{**settings, **overrides})
