"""Calls against Python itself: what the machine accepts can be bound, and the other way round."""

from __future__ import annotations

import ast
import inspect
import random
import warnings

import pytest

from constrain.lexing.regex import derive, machine, shortest
from constrain.monitors.calls import Signature, _Call

FUNCTIONS = [
    lambda: 0,
    lambda a: 0,
    lambda a, b=1: 0,
    lambda a, /, b, *, ab, c=2: 0,
    lambda *a, b: 0,
    lambda a=1, *, ab=1, **c: 0,
    lambda a, /, **b: 0,
    lambda *a, **b: 0,
]
PIECES = ["a", "b", "ab", "c", "1", "=", "==", ",", ", ", "(", ")", "[", "]", "'", '"', "''", "a=1"]
PIECES += [" ", "\n", "# )\n", "b=", "ab=", '"""', "\\'", "x y", "f(a, b)", "1, b, ab=1", "d=1"]


def signature(function) -> Signature:
    parameters = inspect.signature(function).parameters.values()
    return Signature.of([(p.name, p.kind, p.default is p.empty) for p in parameters])


def binds(function, text: str) -> bool | None:
    """Whether Python can call it with these arguments; None: they are no arguments."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            compile(f"f({text})", "", "eval")
        tree = ast.parse(f"f({text})", mode="eval").body
    except SyntaxError:
        return None
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        return None
    if any(isinstance(x, ast.Starred) for x in tree.args) or None in [x.arg for x in tree.keywords]:
        return None
    try:
        inspect.signature(function).bind(*tree.args, **{x.arg: x for x in tree.keywords})
    except TypeError:
        return False
    return True


def closes(taken: Signature, text: str) -> bool:
    regex = machine(_Call(taken))
    for char in text + ")":
        regex = derive(regex, ord(char))
    return regex.nullable


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: str(inspect.signature(f)))
def test_calls_that_python_can_make(function):
    choose = random.Random(1)
    bound = 0
    for _ in range(5000):
        text = "".join(choose.choices(PIECES, k=choose.randint(0, 7)))
        expected = binds(function, text)
        if expected is not None and text.count(")") == text.count("("):
            assert closes(signature(function), text) == expected, text
            bound += expected
    assert bound


def test_what_is_unpacked_may_be_anything():
    function = signature(lambda a, *, b: 0)
    for text in ("*c", "a, *c", "**c, d=1", "*c, 1, 2", "a, b=1, *c"):
        assert closes(function, text)
    for text in ("*", "**", "a, b, *c", "*c, (1]"):
        assert not closes(function, text)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: str(inspect.signature(f)))
def test_least_endings_are_calls(function):
    text = shortest(machine(_Call(signature(function))))
    assert text is not None
    assert binds(function, text[:-1]) or text == "*0)"
