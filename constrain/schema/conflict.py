"""Why no value satisfies a schema: a smallest set of keywords that contradict one another.

Keywords are left out one after the other, and what is still contradictory without one goes on
without it (the deletion filter of Chinneck and Dravnieks 1991). What is left cannot be spared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import takewhile
from time import perf_counter
from typing import Any

from constrain.errors import UnsatisfiableSchemaError
from constrain.schema.sources.documents import escape
from constrain.schema.sources.keywords import KEYWORDS, REFERENCES

_SECONDS = 0.3
"""How long to look for what can be spared."""
_MOST_TOLD = 8
"""A contradiction of more keywords than this says little."""

_DEFINITIONS = ("$defs", "definitions")
_BRANCHES = ("anyOf", "oneOf")
_OPAQUE = ("not", "if")
"""Keywords that say more where a schema in them says less."""
_READ = ("properties", "patternProperties", "prefixItems", "items", "minContains")
"""Keywords without which another would say more."""

Path = tuple[str | int, ...]


def contradiction(schema: Any, is_contradictory: Callable[[Any], bool]) -> UnsatisfiableSchemaError:
    """Return the error of a schema that no value satisfies.

    Args:
        schema: the schema, parsed; it is not changed.
        is_contradictory: whether no value satisfies a schema like it.
    """
    try:
        filter_ = _Filter(schema, is_contradictory)
        filter_.run()
        left = [*_leaves(filter_.schema, ())] if filter_.finished else []
    except RecursionError:
        left = []
    if not left or len(left) > _MOST_TOLD:
        return UnsatisfiableSchemaError("", "its keywords contradict one another")
    if left == [()]:
        return UnsatisfiableSchemaError("", "it is false")
    shared = takewhile(lambda steps: len({*steps}) == 1, zip(*(p[:-1] for p in left), strict=False))
    common = tuple(steps[0] for steps in shared)
    if isinstance(_at(schema, common), list):
        common = common[:-1]
    names = [repr("/".join(escape(str(step)) for step in path[len(common) :])) for path in left]
    pointer = "".join("/" + escape(str(step)) for step in common)
    if len(names) == 1:
        return UnsatisfiableSchemaError(pointer, f"nothing satisfies {names[0]}")
    *others, last = names
    return UnsatisfiableSchemaError(
        pointer, f"{', '.join(others)} and {last} contradict one another"
    )


class _Filter:
    """Leaves out what a contradiction does not need.

    Attributes:
        schema: what is left.
        finished: whether there was time to try everything.
    """

    def __init__(self, schema: Any, is_contradictory: Callable[[Any], bool]) -> None:
        self.schema = schema
        self.finished = True
        self._is_contradictory = is_contradictory
        self._until = perf_counter() + _SECONDS
        self._evaluates = "'unevaluated" in repr(schema)

    def run(self) -> None:
        """Try everything."""
        self._shrink(())

    def _shrink(self, path: Path) -> None:
        """Leave out what can be spared of the schema at a path, and then of its subschemas."""
        schema = _at(self.schema, path)
        if not isinstance(schema, dict):
            return
        names = [name for name in schema if name in KEYWORDS]
        for name in names:
            if name not in _READ and not (self._evaluates and KEYWORDS[name].in_place):
                self._try(
                    path, {key: v for key, v in _at(self.schema, path).items() if key != name}
                )
        for name in (*names, *_DEFINITIONS):
            schema = _at(self.schema, path)
            if name not in schema or name in _OPAQUE:
                continue
            value, place = schema[name], (*path, name)
            if name == "required":
                for needed in value:
                    self._try(place, [n for n in _at(self.schema, place) if n != needed])
            elif isinstance(value, dict) and (
                name in _DEFINITIONS or KEYWORDS[name].children == "map"
            ):
                for key in value:
                    self._descend((*place, key))
            elif isinstance(value, list) and name in _BRANCHES:
                for index in range(len(value)):
                    self._shrink((*place, index))
            elif isinstance(value, list) and KEYWORDS[name].children != "none":
                for index in range(len(value)):
                    self._descend((*place, index))
            elif name not in _DEFINITIONS and KEYWORDS[name].children != "none":
                self._shrink(place)

    def _descend(self, path: Path) -> None:
        if not self._try(path, True):
            self._shrink(path)

    def _try(self, path: Path, value: Any) -> bool:
        """Put a value at a path if that is still a contradiction."""
        if perf_counter() > self._until:
            self.finished = False
            return False
        tried = _replaced(self.schema, path, value)
        if not self._is_contradictory(tried):
            return False
        self.schema = tried
        return True


def _leaves(schema: Any, path: Path) -> Iterator[Path]:
    """Yield the places of a schema that say something by themselves."""
    if schema is False:
        yield path
    if not isinstance(schema, dict):
        return
    for name, value in schema.items():
        place = (*path, name)
        known = KEYWORDS.get(name)
        if name in _OPAQUE or (known and known.children == "none"):
            if name not in REFERENCES or not str(value).startswith("#"):
                yield place
        elif isinstance(value, list) and known:
            for index, child in enumerate(value):
                yield from _leaves(child, (*place, index))
        elif isinstance(value, dict) and (
            name in _DEFINITIONS or (known and known.children == "map")
        ):
            for key, child in value.items():
                yield from _leaves(child, (*place, key))
        elif known:
            yield from _leaves(value, place)


def _at(schema: Any, path: Path) -> Any:
    for step in path:
        schema = schema[step]
    return schema


def _replaced(schema: Any, path: Path, value: Any) -> Any:
    """Return a schema with another value at a path."""
    if not path:
        return value
    step, *rest = path
    changed = schema.copy()
    changed[step] = _replaced(schema[step], tuple(rest), value)
    return changed
