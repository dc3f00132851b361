"""Objects of which there is one for each key."""

from __future__ import annotations

import gc

from constrain.interned import Interned


class Thing:
    pass


class Key:
    """Counts how often it is hashed: keys may be long."""

    hashed = 0

    def __init__(self, value: int) -> None:
        self.value = value

    def __hash__(self) -> int:
        Key.hashed += 1
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and other.value == self.value


def test_there_is_one_while_it_is_held() -> None:
    table: Interned[Thing] = Interned()
    assert table.get(1) is None
    first = table.add(1, Thing())
    assert table.add(1, Thing()) is table.get(1) is first
    assert list(table.values()) == [first]
    del first
    assert table.get(1) is None and not list(table.values())
    second = table.add(1, Thing())
    assert table.get(1) is second


def test_what_dies_late_takes_no_other_with_it() -> None:
    table: Interned[Thing] = Interned()
    old = Thing()
    table.add(1, old)
    forget, reference = table._forget, table._references[1]
    del table._references[1]
    new = table.add(1, Thing())
    forget(reference)
    assert table.get(1) is new
    del old
    gc.collect()
    assert table.get(1) is new


def test_a_key_is_hashed_once_a_question() -> None:
    table: Interned[Thing] = Interned()
    Key.hashed = 0
    thing = table.add(Key(1), Thing())
    assert table.get(Key(1)) is thing
    assert Key.hashed == 2
    del thing
    assert Key.hashed == 3
