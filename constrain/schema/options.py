"""Which of the JSON texts that satisfy a schema are in the language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from constrain.errors import ConstraintError

Judge = Callable[[str], bool]
CustomFormat = str | Judge | tuple[str, Judge]
"""An expression of ECMA-262, a function, or a pair of both."""

PropertyOrder = Literal["schema", "any"]
Whitespace = Literal["bounded", "any", "none"]
Escapes = Literal["minimal", "any"]
Numbers = Literal["plain", "any"]
FormatUse = Literal["assert", "annotate", "dialect"]

_ALLOWED = {
    "property_order": get_args(PropertyOrder),
    "whitespace": get_args(Whitespace),
    "escapes": get_args(Escapes),
    "numbers": get_args(Numbers),
    "format": get_args(FormatUse),
    "portable_formats": (True, False),
}


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
        portable_formats: whether strings are left out that are of a format by its specification
            but common validators refuse: leap seconds, the year 0, and the like.
        formats: formats of your own, by name; they are asserted whatever `format` says, and come
            before those of the specification. Each is an expression of ECMA-262 that matches the
            string in full; or a function that returns whether a string is of the format; or a pair
            of both. A function is asked when the string could end, so it must accept some way to
            go on from wherever the expression allows; where an expression leaves at most 1,000
            strings, or few characters at each place up to a greatest length, what the function
            refuses is left out before.

    No object repeats a key, whatever the options.

    Raises:
        ConstraintError: an option has none of these values.
    """

    property_order: PropertyOrder = "schema"
    whitespace: Whitespace = "bounded"
    escapes: Escapes = "minimal"
    numbers: Numbers = "plain"
    format: FormatUse = "assert"
    portable_formats: bool = True
    formats: Mapping[str, CustomFormat] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for name, allowed in _ALLOWED.items():
            value = getattr(self, name)
            if value not in allowed:
                known = ", ".join(map(repr, allowed))
                raise ConstraintError(f"{name} is {value!r}; it must be one of {known}")
        if not isinstance(self.formats, Mapping):
            raise ConstraintError(f"formats must be given by their names, not as {self.formats!r}")
        for name, given in self.formats.items():
            if not _is_format(given):
                raise ConstraintError(
                    f"the format {name!r} is {given!r}; it must be an expression (a str), "
                    "a function, or a pair of both"
                )
        object.__setattr__(self, "formats", dict(self.formats))

    @classmethod
    def specification(cls, **overrides: Any) -> JSONOptions:
        """Return the options for every text that the JSON Schema specification calls valid."""
        settings: dict[str, Any] = {
            "property_order": "any",
            "whitespace": "any",
            "escapes": "any",
            "numbers": "any",
            "format": "dialect",
            "portable_formats": False,
        }
        return cls(**{**settings, **overrides})


def _is_format(given: object) -> bool:
    """Return whether something is a `CustomFormat`."""
    if isinstance(given, tuple):
        return len(given) == 2 and isinstance(given[0], str) and callable(given[1])
    return isinstance(given, str) or callable(given)
