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
    ):
        assert accepts(matcher, text), text
    for text in (
        "total = counter\n",
        "return counted",
        "return limits + 1",
        "x = rx + 1",
        "x = co ",
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
