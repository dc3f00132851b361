"""From the text of a grammar to a control."""

from __future__ import annotations

from os import PathLike
from typing import Literal

from lark.indenter import Indenter

from constrain.errors import ConstraintError, GrammarSyntaxError
from constrain.grammar.contextual import ContextualControl
from constrain.grammar.dynamic import DynamicControl
from constrain.grammar.gbnf import read_gbnf
from constrain.grammar.indentation import Indentation
from constrain.grammar.indented import IndentedControl
from constrain.grammar.lark_loader import read_lark
from constrain.grammars import load

Syntax = Literal["lark", "gbnf"]
"""The languages that grammars are written in."""
Lexer = Literal["dynamic", "contextual"]
"""How a text is divided into terminals, see `compile_grammar`."""

GrammarControl = DynamicControl | ContextualControl


def grammar_control(
    text: str,
    syntax: Syntax = "lark",
    start: str | None = None,
    lexer: Lexer | None = None,
    path: str | PathLike[str] | None = None,
    indentation: Indentation | Indenter | type[Indenter] | None = None,
) -> GrammarControl:
    """Return the control of a grammar; see `compile_grammar`."""
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
        return DynamicControl(read_gbnf(text, start or "root", path))
    if text.isidentifier():
        text = load(text)
    if indentation is not None:
        if lexer == "dynamic":
            raise ConstraintError("indentation needs the contextual lexer; leave `lexer` out")
        indentation = Indentation.of(indentation)
        grammar = read_lark(text, start or "start", path, always=(indentation.newline,))
        return IndentedControl(grammar, indentation)
    grammar = read_lark(text, start or "start", path)
    if lexer is None:
        try:
            return ContextualControl(grammar, strict=True)
        except GrammarSyntaxError:
            return DynamicControl(grammar)
    return DynamicControl(grammar) if lexer == "dynamic" else ContextualControl(grammar)
