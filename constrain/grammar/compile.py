"""From the text of a grammar to a control."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Literal

from lark.indenter import Indenter

from constrain.engine.combining.substitution import SubstitutionControl
from constrain.errors import ConstraintError, GrammarSyntaxError
from constrain.grammar.cfg import Grammar
from constrain.grammar.contextual import ContextualControl
from constrain.grammar.dynamic import DynamicControl
from constrain.grammar.embedded import Foreign
from constrain.grammar.gbnf import read_gbnf
from constrain.grammar.guests import Guests
from constrain.grammar.indentation import Indentation
from constrain.grammar.indented import IndentedControl
from constrain.grammar.lark_loader import read_lark
from constrain.grammars import load
from constrain.vocabulary import Vocabulary

Syntax = Literal["lark", "gbnf"]
"""The languages that grammars are written in."""
Lexer = Literal["dynamic", "contextual"]
"""How a text is divided into terminals, see `compile_grammar`."""


class HostControl(SubstitutionControl):
    """The control of a grammar with other languages in it.

    Attributes:
        lexer: how the grammar's own texts are divided.
    """

    outer: DynamicControl | ContextualControl

    @property
    def lexer(self) -> str:
        """See `DynamicControl` and `ContextualControl`."""
        return self.outer.lexer


GrammarControl = DynamicControl | ContextualControl | HostControl


def grammar_control(
    text: str,
    syntax: Syntax = "lark",
    start: str | None = None,
    lexer: Lexer | None = None,
    path: str | PathLike[str] | None = None,
    indentation: Indentation | Indenter | type[Indenter] | None = None,
    rules: Mapping[str, Foreign] | None = None,
    vocabulary: Vocabulary | None = None,
) -> GrammarControl:
    """Return the control of a grammar; see `compile_grammar`.

    The vocabulary is asked for the tokens that a grammar in GBNF names.
    """
    if syntax not in ("lark", "gbnf"):
        raise ConstraintError(f"unknown syntax {syntax!r}; the syntaxes are 'lark' and 'gbnf'")
    if lexer not in (None, "dynamic", "contextual"):
        raise ConstraintError(
            f"unknown lexer {lexer!r}; the lexers are 'dynamic', 'contextual' and None for either"
        )
    if syntax == "gbnf":
        if lexer == "contextual":
            raise ConstraintError("GBNF has no terminals for a contextual lexer; leave `lexer` out")
        if indentation is not None:
            raise ConstraintError("GBNF has no terminals for indentation; leave it out")
        if rules:
            raise ConstraintError("rules can be bound in grammars in Lark's language alone")
        return DynamicControl(read_gbnf(text, start or "root", path, vocabulary))
    if text.isidentifier():
        text = load(text)
    if indentation is not None and lexer == "dynamic":
        raise ConstraintError("indentation needs the contextual lexer; leave `lexer` out")
    blocks = None if indentation is None else Indentation.of(indentation)
    always = () if blocks is None else (blocks.newline,)
    guests = Guests(rules)
    grammar = read_lark(text, start or "start", path, always, guests)
    if blocks is None and lexer != "dynamic" and {"_INDENT", "_DEDENT"} <= grammar.declared:
        blocks = Indentation()
        guests = Guests(rules)
        grammar = read_lark(text, start or "start", path, (blocks.newline,), guests)
    own: DynamicControl | ContextualControl
    own = _own_control(grammar, lexer) if blocks is None else IndentedControl(grammar, blocks)
    return HostControl(own, guests.controls) if guests.controls else own


def _own_control(grammar: Grammar, lexer: Lexer | None) -> DynamicControl | ContextualControl:
    if lexer is None:
        try:
            return ContextualControl(grammar, strict=True)
        except GrammarSyntaxError:
            return DynamicControl(grammar)
    return DynamicControl(grammar) if lexer == "dynamic" else ContextualControl(grammar)
