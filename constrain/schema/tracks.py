"""Following values: while a text is written, which of some values it can still turn out to be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

_NOTHING = object()
"""Equal to no value."""


class Track(NamedTuple):
    """A place in a value that is being followed. Values are as `identity` gives them.

    Attributes:
        whole: the value that is followed.
        next: the value that has to come next, if one has to.
        members: the items or members of the array or object that is open.
        done: how many of them have been written.
        above: the place around that array or object.
    """

    whole: Any
    next: Any
    members: Any = ()
    done: int = 0
    above: Track | None = None

    @property
    def complete(self) -> bool:
        """Whether the whole value has been written."""
        return self.above is None and self.done == 1

    @property
    def last(self) -> bool:
        """Whether the array or object that is open is whole once the next value is written."""
        return self.done + 1 == len(self.members)

    @property
    def at_scalar(self) -> bool:
        """Whether a scalar has to come next."""
        value = self.next
        listed = isinstance(value, tuple) and value[0] == "array"
        return value is not _NOTHING and not listed and not isinstance(value, frozenset)

    def key(self, name: Any) -> Track | None:
        """Return the place after a key."""
        found = self.members.get(name, _NOTHING) if isinstance(name, str) else _NOTHING
        return None if found is _NOTHING else self._replace(next=found)

    def read(self, value: Any) -> Track | None:
        """Return the place after a scalar."""
        return self._after() if self.next == value else None

    def sign(self, sign: bytes) -> Track | None:
        """Return the place after a bracket, a comma, or the quote that ends a string."""
        value = self.next
        if sign == b"[":
            if not isinstance(value, tuple) or value[0] != "array":
                return None
            return Track(self.whole, _item(value[1:], 0), value[1:], 0, self)
        if sign == b"{":
            if not isinstance(value, frozenset):
                return None
            return Track(self.whole, _NOTHING, dict(value), 0, self)
        if sign in b',"':
            return self
        assert self.above is not None
        return self.above._after() if self.done == len(self.members) else None

    def _after(self) -> Track:
        done = self.done + 1
        value = _item(self.members, done) if isinstance(self.members, tuple) else _NOTHING
        return self._replace(next=value, done=done)


Tracks = tuple[Track, ...]


def follow(values: Iterable[Any]) -> Tracks:
    """Return the places before some values."""
    return tuple(Track(value, value) for value in values)


def expected(tracks: Iterable[Track]) -> frozenset[Any]:
    """Return the values that may come next, the arrays and objects among them too."""
    return frozenset(track.next for track in tracks)


def keys(tracks: Tracks) -> frozenset[str]:
    """Return the keys of the objects that are open."""
    return frozenset(name for track in tracks for name in track.members)


def _item(items: tuple[Any, ...], index: int) -> Any:
    return items[index] if index < len(items) else _NOTHING
