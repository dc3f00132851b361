"""Python's own library under Lark's grammar; random programs under the stricter ready-made one."""

from __future__ import annotations

import ast
import random
import sysconfig
import warnings
from functools import cache
from pathlib import Path

import lark
import numpy as np
import pytest
from lark import Lark
from lark.exceptions import LarkError
from lark.indenter import PythonIndenter

from constrain import Vocabulary, compile_grammar, grammars
from constrain.engine import Constraint
from constrain.engine.bitmask import allowed

LIBRARY = Path(sysconfig.get_paths()["stdlib"])
WHOLE = (Path(lark.__file__).parent / "grammars" / "python.lark").read_text()
STRICT = grammars.load("python")

WORDS = ["def", "if", "else", "return", "for", "class", "self", "():\n", "):", "==", '""', "while"]
WORDS += ["import", "from", "as", "lambda", "not", "and", "None", "yield", "await", "async", "try"]
WORDS += ["except", "finally:", "with", "del", "**", "->", "+=", " =", ", ", " if ", " in ", "(x"]
WORDS += ["x)", "'a'", '"""', "10", "0.5", "    ", "\n    ", "__init__", " else ", "\n\n", ": "]
TOKENS = [*[bytes([byte]) for byte in range(256)], *[word.encode() for word in WORDS]]
VOCABULARY = Vocabulary.from_bytes([*TOKENS, None], eos_token_ids=[len(TOKENS)])


@cache
def whole() -> tuple[Constraint, Lark]:
    constraint = compile_grammar(WHOLE, VOCABULARY, start="file_input", indentation=PythonIndenter)
    return constraint, Lark(WHOLE, parser="lalr", postlex=PythonIndenter(), start="file_input")


@cache
def strict() -> tuple[Constraint, Lark]:
    constraint = compile_grammar("python", VOCABULARY)
    return constraint, Lark(STRICT, parser="lalr", postlex=PythonIndenter(), strict=True)


def parses(parser: Lark, text: str) -> bool:
    try:
        parser.parse(text)
    except (LarkError, IndexError, AssertionError):
        return False
    return True


def in_tokens(text: bytes) -> list[int]:
    """The longest token at each place."""
    by_bytes = {token: number for number, token in enumerate(TOKENS)}
    found, place = [], 0
    while place < len(text):
        size = next(n for n in range(8, 0, -1) if text[place : place + n] in by_bytes)
        found.append(by_bytes[text[place : place + size]])
        place += size
    return found


def accepted(constraint: Constraint, text: str) -> bool:
    matcher = constraint.matcher()
    return all(map(matcher.accept, in_tokens(text.encode()))) and matcher.is_accepting()


def small_files() -> list[Path]:
    found = [path for path in sorted(LIBRARY.rglob("*.py")) if 300 < path.stat().st_size < 2500]
    return random.Random(0).sample([path for path in found if path.read_bytes().isascii()], 15)


@pytest.mark.parametrize("path", small_files(), ids=lambda path: path.name)
def test_the_library_and_what_is_left_of_it(path):
    constraint, parser = whole()
    rng = random.Random(path.name)
    text = path.read_text()
    assert accepted(constraint, text) == parses(parser, text)
    for _ in range(5):
        place = rng.randrange(len(text))
        less = text[:place] + text[place + rng.choice([1, 1, 2, 5]) :]
        assert accepted(constraint, less) == parses(parser, less), (place, less)


@pytest.mark.parametrize("seed", range(24))
def test_random_programs(seed):
    constraint, parser = strict()
    rng = random.Random(seed)
    matcher = constraint.matcher()
    row = np.zeros(VOCABULARY.bitmask_words, np.int32)
    text = b""
    for _ in range(rng.randint(1, 40)):
        matcher.fill_bitmask(row)
        tokens = [t for t in np.flatnonzero(allowed(row, VOCABULARY.size)) if t < len(TOKENS)]
        long = [token for token in tokens if token >= 256]
        token = int(rng.choice(long if long and rng.random() < 0.7 else tokens))
        assert matcher.accept(token)
        text += TOKENS[token]
    program = (text + constraint.budget.ending(matcher)).decode()
    assert parses(parser, program), program
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ast.parse(program)


ACCEPTED = [
    "",
    "  # a\nx = 1\n",
    "def f(a, b: int = 1, *args, c=2, **kw) -> None:\n    return [x for x in y if z]\n",
    "a, *b = c, d\n",
    "a.b[1:2, ::3] += yield x\n",
    "x = y = lambda a, *, b=0: (a, b)\n",
    "@a.b(c)\nclass A(B, metaclass=C):\n  '''d'''\n  x: int = 3; del y, z[0]\n",
    "for a, b in {1: 2, **c}: pass\nelse:\n  break\n",
    "try:\n x\nexcept (A, B) as e:\n raise E from e\nexcept:\n pass\nfinally:\n y\n",
    "with a() as b, c as d.e:\n  if x := f(a=1, *b, **c): return x\n",
    "from ..a import (b as c,\n  d,)\n",
    "x = \"a\" r\"b\" '''c\"'''\nb\"x\" b''\n",
    "print(*a, b, c=1 if d else -2 ** 3j)\n",
]
REFUSED = [
    "  x\n",
    "x\n  y\n",
    "if x:\ny\n",
    "if x:\n\ty\n",
    "x = 0123\n",
    "1if x else y\n",
    "x notin y\n",
    "def if(): pass\n",
    "f(a=1, b)\n",
    "f(x for x in y, z)\n",
    "f() = 1\n",
    "x + 1 = 2\n",
    "def f(a=1, b): pass\n",
    "def f(*): pass\n",
    "(*a)\n",
    "{**a: b}\n",
    'x = "\\N"\n',
    '"a" b"c"\n',
    '"""a" "\n',
    "None = 1\n",
    "import a.b as c.d\n",
    "else: x\n",
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_is_python(text):
    constraint, parser = strict()
    ast.parse(text)
    assert parses(parser, text)
    assert accepted(constraint, text)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not(text):
    constraint, parser = strict()
    assert not parses(parser, text)
    assert not accepted(constraint, text)
