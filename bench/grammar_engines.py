"""The engines under test with grammars, each given the dialect that it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.engines import CompileError, Constrain, LLGuidance, Matcher, XGrammar

if TYPE_CHECKING:
    from constrain import Constraint, Vocabulary


@dataclass(frozen=True, slots=True)
class Dialects:
    """One grammar as each engine reads it; None where its dialect cannot say it."""

    constrain: Callable[[Vocabulary], Constraint]
    llguidance: str | None = None
    xgrammar: str | None = None


class GrammarConstrain(Constrain):
    """This project."""

    def compile(self, schema: Dialects) -> Callable[[], Matcher]:
        return self.start(schema.constrain(self.vocabulary))


class GrammarLLGuidance(LLGuidance):
    """llguidance, with its dialect of Lark."""

    def compile(self, schema: Dialects) -> Callable[[], Matcher]:
        return self.start(self._matcher.grammar_from_lark(_written(schema.llguidance)))


class GrammarXGrammar(XGrammar):
    """XGrammar, with its EBNF."""

    def compile(self, schema: Dialects) -> Callable[[], Matcher]:
        text = _written(schema.xgrammar)
        return self.start(lambda compiler: compiler.compile_grammar(text))


def _written(text: str | None) -> str:
    if text is None:
        raise CompileError("not in this dialect", "the dialect of this engine cannot say it")
    return text


GRAMMAR_ENGINES = {
    "constrain": GrammarConstrain,
    "llguidance": GrammarLLGuidance,
    "xgrammar": GrammarXGrammar,
}
