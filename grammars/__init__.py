"""Ready-made grammars, as plain `.lark` files, and two that are made for names of your own.

Wherever a grammar is asked for, the name of one of them will do:

    generate_grammar("iso_dates", model)
    compile_grammar(grammars.sql({"people": ["name", "age"]}), vocabulary)
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from constrain.grammars.pinned import Tables, sql, xml

from constrain.errors import ConstraintError

__all__ = ["Tables", "load", "names", "sql", "xml"]


@cache
def names() -> tuple[str, ...]:
    """The names of the ready-made grammars."""
    found = [file.name.partition(".") for file in files(__name__).iterdir()]
    return tuple(sorted(name for name, _, ending in found if ending == "lark"))


def load(name: str) -> str:
    """The text of a ready-made grammar, in Lark's language; its start is `start`.

    Raises:
        ConstraintError: there is none of this name.
    """
    if name not in names():
        raise ConstraintError(f"no grammar named {name!r}; there are {', '.join(names())}")
    return files(__name__).joinpath(f"{name}.lark").read_text("utf-8")
