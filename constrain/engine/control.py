"""The seam: a control says, lexeme by lexeme, what may come next.

Schemas, grammars, regular expressions and monitors are controls; the engine turns any of them
into token masks. A control knows nothing of tokens.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import Any, Protocol, TypeVar

from constrain.lexing.lexeme import Lexeme

Config = TypeVar("Config", bound=Hashable)
"""A configuration: immutable, with cheap hash and equality (hash-consed by its control).

A configuration stands for all ways in which the text so far can be understood; ambiguity is the
control's own business. The stack is part of it, as a shared persistent list.
"""


class Control(Protocol[Config]):
    """A machine over lexemes. Every method is a pure function, safe to call from any thread.

    Contract: from every configuration that `start` or `advance` returns, some sequence of lexemes
    leads to an accepting one, and for every lexeme that `lexemes` offers, every text of the
    lexeme can be advanced over (for capturing lexemes: at least one text, whatever its prefix
    within the lexeme).
    """

    def start(self) -> Config:
        """Return the configuration before any output."""
        ...

    def lexemes(self, config: Config) -> Collection[Lexeme]:
        """Return the lexemes that may come next; empty where nothing may follow."""
        ...

    def advance(
        self, config: Config, lexemes: tuple[Lexeme, ...], text: bytes | None
    ) -> Config | None:
        """Return the configuration after a text that all of `lexemes`, and no other, match.

        `text` is given where one of `lexemes` captures. It may be None even then, meaning "some
        text, not known": the answer then holds for whichever text, and the engine checks tokens
        that reach into a later capturing lexeme one by one. None is returned only for a capturing
        lexeme whose text the control refuses.
        """
        ...

    def accepting(self, config: Config) -> bool:
        """Return whether the output may end here."""
        ...

    def ending(self, config: Config) -> bytes:
        """Return the least text (by length, then bytes) that completes the output from here.

        After any prefix of it that ends at a lexeme's end, the ending is no longer than what is
        left of it.
        """
        ...


def special_tokens(control: Control[Any]) -> frozenset[str]:
    """Return the names of the special tokens that a control may ask for.

    A control that has any says so in an attribute of this name.
    """
    names: frozenset[str] = getattr(control, "special_tokens", frozenset())
    return names
