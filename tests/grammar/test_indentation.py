"""Grammars with indentation, judged by Lark with its `Indenter`."""

from __future__ import annotations

import random
from functools import cache
from itertools import product
from pathlib import Path

import lark
import pytest
from lark import Lark
from lark.exceptions import LarkError
from lark.indenter import Indenter, PythonIndenter

from constrain import Indentation, compile_grammar
from constrain.engine import Constraint
from constrain.errors import ConstraintError, GrammarSyntaxError
from constrain.grammar.compile import grammar_control
from tests.grammar.agreement import VOCABULARY, VOCABULARY_OF_ALL, is_exact

PYTHON = (Path(lark.__file__).parent / "grammars" / "python.lark").read_text()

LINES = r"""
start: (_NL | stmt)*
stmt: "a" _NL | "b" _NL _INDENT stmt+ _DEDENT | OPEN "a"* CLOSE _NL
OPEN: "A"
CLOSE: "B"
_NL: (/\n[ \t]*/ | COMMENT)+
COMMENT: /#[^\n]*/
%ignore /[ \t]+/
%ignore COMMENT
%declare _INDENT _DEDENT
"""


class Lines(Indenter):
    NL_type = "_NL"
    OPEN_PAREN_types = ("OPEN",)
    CLOSE_PAREN_types = ("CLOSE",)
    INDENT_type = "_INDENT"
    DEDENT_type = "_DEDENT"
    tab_len = 2


@cache
def parser(grammar: str, start: str = "start") -> Lark:
    indenter = PythonIndenter() if grammar is PYTHON else Lines()
    return Lark(grammar, parser="lalr", postlex=indenter, start=start)


def accepts(grammar: str, text: str, start: str = "start") -> bool:
    """Whether Lark parses a text; its `Indenter` stumbles over some in ways of its own."""
    try:
        parser(grammar, start).parse(text)
    except (LarkError, IndexError, AssertionError):
        return False
    return True


@pytest.mark.parametrize(
    ("letters", "most"), [("ab \n", 7), ("a#\n ", 6), ("b#\n a", 6), ("aAB\n ", 6), ("a\t \nb", 6)]
)
def test_all_short_texts(letters, most):
    control = grammar_control(LINES, indentation=Lines)
    universe = ["".join(word) for n in range(most + 1) for word in product(letters, repeat=n)]
    is_exact(control, universe, lambda text: accepts(LINES, text), most - 3)


def test_blocks_in_blocks():
    """Endings take the columns into account; spaces weigh less there than anything else."""
    constraint = Constraint(grammar_control(LINES, indentation=Lines), VOCABULARY_OF_ALL)
    for text, ending in {
        "b": "\n\ta\n",
        "b\n": "\ta\n",
        "b\n   a\n  ": " ",
        "b\n   a\n b": None,
        "b\n a\n b\n": "\ta\n",
        "b\n  a\n  b\n": "\t\ta\n",
    }.items():
        matcher = constraint.matcher()
        assert matcher.accept_bytes(text.encode()) == (ending is not None)
        if ending is None:
            continue
        assert constraint.budget.ending(matcher).decode() == ending
        assert accepts(LINES, text + ending)


def programs(seed: int) -> str:
    """A program of `LINES`, with a change that may break it."""
    rng = random.Random(seed)
    lines, columns = [], [0]
    for _ in range(rng.randint(3, 12)):
        kind = rng.choice("aab(")
        lines.append(" " * columns[-1] + {"(": "A a\n a B"}.get(kind, kind))
        if kind == "b":
            columns.append(columns[-1] + rng.randint(1, 9))
        else:
            columns = columns[: rng.randint(1, len(columns))]
        if rng.random() < 0.3:
            lines.append(" " * rng.randint(0, 9) + rng.choice(["", "# a", "#"]))
    text = "\n".join(lines) + "\n"
    if rng.random() < 0.5:
        place = rng.randrange(len(text))
        text = text[:place] + rng.choice([" ", "\n", "\t", ""]) + text[place + 1 :]
    return text


def test_random_programs():
    constraint = Constraint(grammar_control(LINES, indentation=Lines), VOCABULARY_OF_ALL)
    verdicts = []
    for seed in range(600):
        text = programs(seed)
        matcher = constraint.matcher()
        accepted = matcher.accept_bytes(text.encode()) and matcher.is_accepting()
        assert accepted == accepts(LINES, text), text
        verdicts.append(accepted)
    assert 100 < sum(verdicts) < 500


@cache
def python() -> Constraint:
    return compile_grammar(
        PYTHON, VOCABULARY_OF_ALL, start="file_input", indentation=PythonIndenter()
    )


SNIPPETS = [
    "x = 1\n",
    "x = 1",
    "if x:\n  y\nelse:\n\tz\n",
    "if x:\n  y\n z\n",
    "if x:\n  y\n \tz\n",
    "def f(a, *, b: int = 3) -> None:\n\n    # why\n    return [a,\n b]\n\n\nclass A: pass\n",
    'x = """a\n  "" b"""\n',
    "x = ''' ''''\n",
    "x = \"\" ''\n",
    "x\n#ab",
    "x\n# ab",
    "if x:\n    y\n# a bc d",
    "# x",
    "f(a, # x\n b)\n",
    "x\n\f\ny\n",
    "x = a if b else\\\n c\n",
    "try:\n x\nexcept (A, B) as e:\n raise\nfinally:\n del x[0], y\n",
    "match x:\n  case [1, *_] if y: pass\n  case _:\n    z\n",
    "x = 0123\n",
    "a  b\n",
    "@a.b(c)\nasync def f(): await g()\n",
    "\n\n  \n",
    "",
]


@pytest.mark.parametrize("text", SNIPPETS)
def test_python(text):
    matcher = python().matcher()
    accepted = matcher.accept_bytes(text.encode()) and matcher.is_accepting()
    assert accepted == accepts(PYTHON, text, "file_input")


def test_newlines_between_parentheses_count_where_no_rule_has_one():
    constraint = compile_grammar(PYTHON, VOCABULARY_OF_ALL, start="test", indentation=Indentation())
    for text in ("(\n1\n)", "[1, # one\n 2]", "(1)\n"):
        matcher = constraint.matcher()
        accepted = matcher.accept_bytes(text.encode()) and matcher.is_accepting()
        assert accepted == accepts(PYTHON, text, "test")


def test_what_an_indenter_does_is_read_off():
    assert Indentation.of(PythonIndenter) == Indentation.of(PythonIndenter()) == Indentation()
    assert Indentation.of(Lines()).tab_width == 2


class Loud(Lines):
    def handle_NL(self, token):  # noqa: N802  # Lark's name
        yield from super().handle_NL(token)


@pytest.mark.parametrize("wrong", [Loud, "python", str, Lark])
def test_what_cannot_be_followed_is_refused(wrong):
    with pytest.raises(ConstraintError):
        compile_grammar(LINES, VOCABULARY, indentation=wrong)


@pytest.mark.parametrize("settings", [{"lexer": "dynamic"}, {"syntax": "gbnf"}])
def test_indentation_needs_the_contextual_lexer(settings):
    with pytest.raises(ConstraintError, match="indentation"):
        compile_grammar(LINES, VOCABULARY, indentation=Lines, **settings)


def test_a_missing_newline_terminal_is_named():
    with pytest.raises(GrammarSyntaxError, match="_NEWLINE"):
        compile_grammar(LINES, VOCABULARY, indentation=Indentation())


UNPAIRED = {
    "an indent is left": "start: A _NL _INDENT A _NL",
    "a dedent too many": "start: A _NL _DEDENT A",
    "sometimes closed": "start: A _NL _INDENT x\nx: A _NL _DEDENT | A _NL",
    "no newline before an indent": "start: A _INDENT A _NL _DEDENT",
    "no newline before a dedent": "start: A _NL _INDENT x _DEDENT\nx: A _NL | A",
    "a newline in parentheses": "start: OPEN x CLOSE\nx: A | A _NL A",
    "a block in parentheses": "start: OPEN A _NL _INDENT A _NL _DEDENT CLOSE",
    "a parenthesis is left": "start: OPEN A",
    "closed first": "start: CLOSE A OPEN",
}


@pytest.mark.parametrize("name", UNPAIRED)
def test_blocks_that_no_text_has_are_refused(name):
    terminals = (
        '\nA: "a"\nOPEN: "A"\nCLOSE: "B"\n_NL: /\\n */\n%ignore " "\n%declare _INDENT _DEDENT'
    )
    with pytest.raises(GrammarSyntaxError):
        compile_grammar(UNPAIRED[name] + terminals, VOCABULARY, indentation=Lines)
    repaired = "start: (A | OPEN A CLOSE) _NL _INDENT A _NL _DEDENT" + terminals
    assert compile_grammar(repaired, VOCABULARY, indentation=Lines)
