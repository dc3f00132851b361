"""Names, exceptions and enums on a small repository."""

from __future__ import annotations

import pytest

from constrain.monitors import EnumMembers, Exceptions, Names, monitored
from tests.monitors.repository import place
from tests.monitors.test_python import FINE, accepts

IMPORTS = "from shop.stock import Colour, BrokenError\nlimit = 3\n\n"
BEFORE = IMPORTS + "def sell(count: int, c: Colour):\n    "


@pytest.fixture
def matcher_of(tmp_path):
    return lambda kind, before=BEFORE: monitored(FINE, kind(place(tmp_path, before))).matcher()


def test_names(matcher_of):
    matcher = matcher_of(Names)
    for text in (
        "total = count + limit\n",
        "return count\n",
        "return not None",
        "x = [new for new in range(3)]",
        "x = print(key=3)",
        "x == 1.5",
        "x =  'text'",
        "x = rb'text'",
        "x = lambda new: new",
        "# x = nothing",
        "new += 1",
        "x = [a + b for a, b in [] if a < b]",
        "x = {k + v: v for k, v in {}.items() if k == v}",
        "x = sorted([1], key=lambda new: new + new)",
        "x = print(1, sep=', ', end = '')",
        "x = print(count, *range(limit), file=None)",
        "new, other = 1, 2",
        "for new, other in []: pass",
        "def new(first, second = 3, *third) -> int: pass",
        "import os, sys",
        "x = (new := 3, new + 1)",
        "with print(1) as new, print(2) as other: pass",
        "x: int = count\n",
        "x = [count, limit][limit]\n",
        "for x in [limit / 2, count, c]: new = (limit, count)",
        "first = 3; second = first\n    third = first + second\n",
        "if count < limit and limit in [1]: new = 3; x = count",
        "x = f'{count + limit}'",
        "x = (\n        new + 1\n        for new in [])",
    ):
        assert accepts(matcher, text), text
    for text in (
        "total = counter\n",
        "return counted",
        "return limits + 1",
        "x = rx + 1",
        "x = co ",
        "x = count + nothing\n",
        "x = count < nothing\n",
        "x = print(count, nothing)",
        "x = [count, nothing]",
        "x = [count][nothing]",
        "x = [new for new in nothing]",
        "x = [new for new in [] if new < nothing]",
        "return count, nothing\n",
        "if count: x = nothing\n",
        "x = (\n        count,\n        1 + nothing)",
    ):
        assert not accepts(matcher, text), text


def test_exceptions(matcher_of):
    matcher = matcher_of(Exceptions)
    for text in ("raise ValueError('x')", "raise BrokenError\n", "raise c", "except (ValueError"):
        assert accepts(matcher, text), text
    for text in ("raise int", "raise print(", "raise Valu ", "except BrokenErrors"):
        assert not accepts(matcher, text), text


def test_enums(matcher_of):
    matcher = matcher_of(EnumMembers, BEFORE + "match c:\n        case Colour.RED: pass")
    for text in ("\n        case Colour.GREEN:", "\n        case _:", "\n    case Colour.G"):
        assert accepts(matcher, text), text
    for text in ("\n        case Colour.RED:", "\n        case Colour.BLUE", "\n        case c"):
        assert not accepts(matcher, text), text
    other = matcher_of(EnumMembers, BEFORE + "match count:")
    assert accepts(other, "\n        case 1:")
