"""What stands in a grammar, but is not its own: JSON Schemas, constraints, special tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from constrain.engine.control import Control
from constrain.errors import ConstraintError
from constrain.grammar.cfg import Opaque
from constrain.grammar.embedded import Foreign
from constrain.lexing.lexeme import Lexeme
from constrain.special import SpecialToken


class Guests:
    """The languages within one grammar.

    Args:
        bound: what rules and terminals stand for that the grammar uses, but does not define.

    Attributes:
        controls: the control that each lexeme stands for.
    """

    def __init__(self, bound: Mapping[str, Foreign] | None = None) -> None:
        self.bound = {} if bound is None else bound
        self.controls: dict[Lexeme, Control[Any]] = {}
        self._used: list[Foreign] = []

    def opaque(self, name: str, foreign: Foreign) -> Opaque:
        """Return the terminal, of some name, that stands for something foreign.

        Raises:
            ConstraintError: of a schema, see `schema_control`.
        """
        self._used.append(foreign)
        if isinstance(foreign, SpecialToken):
            return Opaque.special(foreign)
        if isinstance(foreign, (dict, bool)):
            from constrain.schema import schema_control

            foreign = schema_control(foreign)
        opaque = Opaque.place(name, foreign.ending(foreign.start()))
        self.controls[opaque.lexeme] = foreign
        return opaque

    def check_use(self) -> None:
        """Refuse a grammar that does not use all that is bound.

        Raises:
            ConstraintError: it does not.
        """
        for name, foreign in self.bound.items():
            if not any(foreign is used for used in self._used):
                raise ConstraintError(f"the grammar does not use {name!r}, which `rules` binds")
