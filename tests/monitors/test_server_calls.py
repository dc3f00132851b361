"""The number of arguments, as a language server knows it."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from constrain.monitors import Place, ServerArguments, monitored
from constrain.monitors.language_server import Signature
from constrain.monitors.languages import CPP, TYPESCRIPT
from tests.monitors.test_python import accepts
from tests.monitors.test_servers import LATER_CPP, TILL_CPP, cpp, installed, typescript  # noqa: F401
from tests.monitors.walks import vocabulary

FINE = vocabulary()


class _Server:
    """A language server that knows some signatures."""

    language = TYPESCRIPT

    def __init__(self, *signatures):
        self._signatures = [Signature(f"f({', '.join(each)})", each) for each in signatures]

    def signatures(self, path, text, after):
        return self._signatures


def matcher_of(*signatures):
    place = Place("", "", Path("code.ts").resolve())
    return monitored(FINE, ServerArguments(_Server(*signatures), place)).matcher()


@pytest.mark.parametrize(
    ("signatures", "counts"),
    [
        ([()], {0}),
        ([("a: number",)], {1}),
        ([("a: number", "b?: number")], {1, 2}),
        ([("int a", "int b = 2", "int c = 3")], {1, 2, 3}),
        ([("a: number", "...rest: number[]")], {1, 2, 3, 4}),
        ([(), ("a", "b")], {0, 2}),
    ],
)
def test_numbers_of_arguments(signatures, counts):
    matcher = matcher_of(*signatures)
    values = ("1", "x", "'a, )'", '"\\"(,"', "[1, 2]", "g(1, {a: [2, ')']})", "(a, b)")
    for count in range(5):
        for chosen in {values[:count], values[1 : count + 1], values[3 : count + 3]}:
            if len(chosen) != count:
                continue
            for text in (f"f({', '.join(chosen)})", f"x = f( {' ,'.join(chosen)} ); f"):
                assert accepts(matcher, text) == (count in counts), text


def test_what_no_count_can_go_on_from_is_refused_at_once():
    matcher = matcher_of(("a",))
    for text in ("f(,", "f()", "f(1, 2", "f(1, ["):
        assert not accepts(matcher, text), text
    for text in ("f(1,", "f(1, )", "f(a", "g(1, 2)", "// f(1, 2)", "f(a<b, c>(d))", "f(...a, b)"):
        assert accepts(matcher, text), text


def test_nothing_is_said_of_what_is_not_known():
    for text in ("f()", "f(1, 2, 3)", "if (f)"):
        assert accepts(matcher_of(), text)
    other = _Server(("a",))
    other._signatures = [Signature("g(a)", ("a",))]
    place = Place("", "", Path("code.ts").resolve())
    assert accepts(monitored(FINE, ServerArguments(other, place)).matcher(), "f()")


def test_all_short_texts_are_counted():
    matcher = matcher_of(("a", "b"))
    for chars in product("x,[])", repeat=4):
        text = "".join(chars)
        inner, depth, commas, is_right = text, 0, 0, True
        for place, char in enumerate(text):
            if depth == 0 and char in ",)":
                is_right = is_right and place > 0 and text[place - 1] not in ",["
                if char == ")":
                    inner = text[:place]
                    break
                commas += 1
            depth += {"[": 1, "]": -1}.get(char, 0)
            is_right = is_right and depth >= 0
        if not is_right or depth or inner == text or ")" in inner:
            continue
        assert accepts(matcher, f"f({inner})") == (commas == 1), inner


@installed(CPP)
def test_arguments_in_cpp(cpp):  # noqa: F811
    server, folder = cpp
    place = Place(TILL_CPP, LATER_CPP, folder / "till.cpp")
    matcher = monitored(FINE, ServerArguments(server, place)).matcher()
    for text in (
        "shelf.tallest()->open(1);",
        "shop::total(shop::total(2));",
        "if (p) return;",
        "shelf.as<int>(1);",
        "nothing(1, 2);",
    ):
        assert accepts(matcher, text), text
    for text in (
        "shelf.tallest(1",
        "shelf.tallest()->open()",
        "shop::total(1, 2",
        "shelf.width(",
        "shelf.tallest()(",
        "shop::Shelf::tallest(",
        "shop::total(shop::total())",
    ):
        assert not accepts(matcher, text), text


@installed(TYPESCRIPT)
def test_arguments_in_typescript(typescript):  # noqa: F811
    server, folder = typescript
    before = 'import { Shelf, total } from "./stock";\nexport function sell(shelf: Shelf) {\n  '
    place = Place(before, "\n}\n", folder / "till.ts")
    matcher = monitored(FINE, ServerArguments(server, place)).matcher()
    for text in ("shelf.tallest().open(1);", "total(total(2));", "if (shelf) {}", "nothing(1);"):
        assert accepts(matcher, text), text
    for text in ("shelf.tallest(1", "shelf.tallest().open()", "total(1, 2"):
        assert not accepts(matcher, text), text
