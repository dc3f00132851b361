"""How a grammar's lines are indented: Lark's `Indenter` as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from constrain.errors import ConstraintError


@dataclass(frozen=True, slots=True)
class Indentation:
    """Terminals that are made of the indentation of lines; by default as in Python.

    After a newline terminal comes an indent where the line is indented more deeply than the block
    before, and a dedent for each block that it closes. Between parentheses newlines are left out.
    At the end of the text all blocks are closed.

    Attributes:
        newline: the newline terminal; it takes in the spaces and tabs after its line feeds.
        indent: the terminal of an indent, which the grammar declares (`%declare`).
        dedent: that of a dedent, likewise.
        open: the terminals that are opening parentheses.
        close: those that are closing ones.
        tab_width: the columns of a tab, wherever it stands.
    """

    newline: str = "_NEWLINE"
    indent: str = "_INDENT"
    dedent: str = "_DEDENT"
    open: tuple[str, ...] = ("LPAR", "LSQB", "LBRACE")
    close: tuple[str, ...] = ("RPAR", "RSQB", "RBRACE")
    tab_width: int = 8

    def __post_init__(self) -> None:
        if self.tab_width < 1:
            raise ConstraintError(f"a tab of {self.tab_width} columns; it has to have one at least")

    @classmethod
    def of(cls, indenter: Any) -> Indentation:
        """Return what a Lark `Indenter`, or a subclass of it, does.

        Raises:
            ConstraintError: it is neither, or does something else than an `Indenter`.
        """
        from lark.indenter import Indenter

        if isinstance(indenter, Indentation):
            return indenter
        kind = indenter if isinstance(indenter, type) else type(indenter)
        if not issubclass(kind, Indenter):
            raise ConstraintError(f"{indenter!r} is neither an Indentation nor a Lark Indenter")
        for method in ("process", "_process", "handle_NL", "always_accept"):
            if getattr(kind, method) is not getattr(Indenter, method):
                raise ConstraintError(
                    f"{kind.__name__} has a {method} of its own, which cannot be followed"
                )
        lark = indenter() if isinstance(indenter, type) else indenter
        return cls(
            lark.NL_type,
            lark.INDENT_type,
            lark.DEDENT_type,
            tuple(lark.OPEN_PAREN_types),
            tuple(lark.CLOSE_PAREN_types),
            lark.tab_len,
        )
