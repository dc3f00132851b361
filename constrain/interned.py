"""Objects of which there is one for each key."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterable
from typing import Any, Generic, TypeVar
from weakref import ref

Value = TypeVar("Value")


class _Reference(ref):  # type: ignore[type-arg]
    __slots__ = ("key",)

    key: Hashable


class Interned(Generic[Value]):
    """The one object of each key, for as long as somebody else holds it.

    As `weakref.WeakValueDictionary`, but made for objects that come and go by the thousand: next
    to no Python code runs for each. Safe for many threads.
    """

    def __init__(self) -> None:
        references: dict[Hashable, Any] = {}  # those of `_Reference`
        lock = threading.RLock()

        def forget(reference: _Reference) -> None:
            key = reference.key
            with lock:
                found = references.pop(key, None)  # a key may cost much to hash
                if found is not reference and found is not None:
                    references[key] = found

        self._references = references
        self._lock = lock
        self._forget: Any = forget

    def get(self, key: Hashable) -> Value | None:
        """Return the object of a key, if there is one."""
        reference = self._references.get(key)
        return None if reference is None else reference()

    def add(self, key: Hashable, value: Value) -> Value:
        """Make an object that of a key, unless there is one. Returns the one."""
        reference = _Reference(value, self._forget)
        reference.key = key
        with self._lock:
            found = self._references.setdefault(key, reference)
            if found is not reference:
                known: Value | None = found()
                if known is not None:
                    return known
                self._references[key] = reference
        return value

    def values(self) -> Iterable[Value]:
        """Return the objects that there are."""
        for reference in tuple(self._references.values()):
            value: Value | None = reference()
            if value is not None:
                yield value
