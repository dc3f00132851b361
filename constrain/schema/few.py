"""Nodes with few values, and which these are."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import count, islice
from typing import Any, TypeVar

from constrain.errors import SchemaTooComplexError
from constrain.lexing.cofinite import left_out
from constrain.lexing.regex import difference, is_finite, words
from constrain.schema.arrays import ArrayShape, Items, Written
from constrain.schema.facts import identity
from constrain.schema.in_order import numbers_in_order, strings_in_order
from constrain.schema.language import Language, by_length, spell
from constrain.schema.listed import Cursors
from constrain.schema.members import Plan, Progress
from constrain.schema.normal import Node, Normaliser
from constrain.schema.numeric import numbers
from constrain.schema.numeric.numbers import NumberShape
from constrain.schema.shapes import Alternative, Composites, FreeKeys, ObjectShape, Values
from constrain.schema.stable import look_until_stable
from constrain.schema.textual.strings import JudgedStrings, StringShape

Listed = Mapping[Any, bytes]
"""Values, as `identity` gives them, each with its least text."""


class Few:
    """Lists the values of nodes."""

    def __init__(self, normaliser: Normaliser, cursors: Cursors, language: Language) -> None:
        self._normaliser = normaliser
        self._cursors = cursors
        self._language = language
        self._some: dict[Node, tuple[int, dict[Any, bytes]]] = {}
        self._more: dict[Node, int] = {}  # nodes known to have more values than that
        self._strings = lru_cache(64)(lambda shape: _Kept(_strings(shape)))

    def of(self, node: Node, most: int, possible: Callable[[Node], bool]) -> Listed | None:
        """Return the values of a node if there are at most `most`, None otherwise.

        Args:
            node: the node.
            most: the greatest number.
            possible: whether a node has a value, as far as is known.
        """
        if self._more.get(node, 0) >= most:
            return None
        if node not in self._some and self._many(node, 2 * most, possible, 4):
            self._more[node] = 2 * most
            return None
        found = self.some(node, most + 1)
        if len(found) <= most:
            return found
        self._more[node] = len(self._some[node][1]) - 1
        return None

    def some(self, node: Node, count: int) -> Listed:
        """Return values of a node, the shortest first: `count` of them, or all if there are fewer.

        Those of strings and numbers are the shortest there are.
        """
        known = self._some.get(node)
        if known is None or known[0] < count:
            enough = count if known is None else max(count, 2 * known[0])
            known = self._some[node] = enough, self._list(node, enough)
        return dict(islice(known[1].items(), count))

    def _many(self, node: Node, most: int, possible: Callable[[Node], bool], depth: int) -> bool:
        """Whether a glance shows that a node has more values than `most`."""
        if depth == 0 or node.never:
            return False
        self._normaliser.spend(1)

        def many(child: Node) -> bool:
            return self._many(child, most, possible, depth - 1)

        for alternative in self._normaliser.alternatives(node):
            if isinstance(alternative, StringShape):
                if not alternative.is_empty and _many_strings(alternative, most):
                    return True
            elif isinstance(alternative, NumberShape):
                if numbers.listed(alternative, most) is None:
                    return True
            elif isinstance(alternative, ObjectShape):
                if alternative.possible(possible) and _many_objects(alternative, many, possible):
                    return True
            elif isinstance(alternative, ArrayShape):
                room = alternative.high is None or alternative.high > 0
                plain = room and not alternative.counts and alternative.possible(possible)
                if plain and many(alternative.item(0)):
                    return True
            elif isinstance(alternative, JudgedStrings):
                return True  # for all that is known of it
            elif len(alternative.values) > most:
                return len(set(map(identity, alternative.values))) > most
        return False

    def _list(self, node: Node, count: int) -> dict[Any, bytes]:
        """Work the values of a node out, and those of the nodes that they are made of."""
        lists: dict[Node, dict[Any, bytes]] = {node: {}}
        found: list[Node] = []

        def ask(child: Node) -> Listed:
            if child not in lists:
                lists[child] = {}
                found.append(child)
            return lists[child]

        def look(candidate: Node) -> bool:
            listed = lists[candidate]
            fresh: dict[Any, bytes] = {}
            alternatives = self._normaliser.alternatives(candidate)
            for alternative in sorted(alternatives, key=_is_composite):
                if _is_composite(alternative) and len(fresh) >= count:
                    break
                enough = len(fresh) + count
                for value, text in self._values(alternative, count, ask):
                    if value not in listed:
                        fresh[value] = text
                        if len(fresh) == enough:
                            break
            changed = len(listed) < count and bool(fresh)
            listed.update(fresh)
            return changed

        look_until_stable(node, lists, found, look)
        return dict(sorted(lists[node].items(), key=lambda item: by_length(item[1])))

    def _values(
        self, alternative: Alternative, count: int, ask: Callable[[Node], Listed]
    ) -> Iterator[tuple[Any, bytes]]:
        if isinstance(alternative, ArrayShape):
            yield from _arrays(alternative, ask, self._normaliser.spend)
        elif isinstance(alternative, ObjectShape):
            plan = Plan(alternative, any_order=False, possible=lambda node: bool(ask(node)))
            yield from _objects(plan, ask, self._strings, self._normaliser.spend)
        else:
            yield from islice(self._plain(alternative), count)

    def _plain(self, alternative: Alternative) -> Iterator[tuple[Any, bytes]]:
        if isinstance(alternative, Values):
            for value in alternative.values:
                yield identity(value), self._language.least(Values((value,)))
        elif isinstance(alternative, Composites):
            for value in alternative.values:
                yield identity(value), self._cursors.text(value)
        elif isinstance(alternative, StringShape):
            yield from self._strings(alternative)
        elif isinstance(alternative, JudgedStrings):
            yield from _judged_strings(alternative)
        elif isinstance(alternative, NumberShape):
            yield from numbers_in_order(alternative, self._language.numbers)


def _many_strings(shape: StringShape, most: int) -> bool:
    endless = shape.high is None and left_out(shape.regex) is not None
    return endless or is_finite(shape.language, most) is None


def _many_objects(
    shape: ObjectShape, many: Callable[[Node], bool], possible: Callable[[Node], bool]
) -> bool:
    """Whether some property can have many values, whatever those of the others."""
    if shape.high is None:
        for keys in shape.free:
            if left_out(keys.regex) is not None and possible(keys.node):
                return True
    return not shape.breaches and any(
        many(shape.property(index).node)
        for index, name in enumerate(shape.names)
        if name in shape.required or shape.high is None
    )


def _strings(shape: StringShape) -> Iterator[tuple[str, bytes]]:
    for text in strings_in_order(shape):
        yield json.loads(text), text


class _Kept:
    """What an iterator gives, found once and gone through as often as need be."""

    def __init__(self, source: Iterator[tuple[str, bytes]]) -> None:
        self._source = source
        self._known: list[tuple[str, bytes]] = []

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        for index in count():
            if index == len(self._known):
                found = next(self._source, None)
                if found is None:
                    return
                self._known.append(found)
            yield self._known[index]


def _judged_strings(strings: JudgedStrings) -> Iterator[tuple[str, bytes]]:
    written: list[str] = []
    while True:
        left = StringShape(difference(strings.shape.language, words(written)))
        try:
            text = JudgedStrings(left, strings.judges).least
        except SchemaTooComplexError:
            return
        written.append(json.loads(text))
        yield written[-1], text


_Item = tuple[Any, bytes]
_Entry = tuple[tuple[str, Any], bytes]


def _arrays(
    shape: ArrayShape, ask: Callable[[Node], Listed], spend: Callable[[int], None]
) -> Iterator[tuple[Any, bytes]]:
    ways = Items(shape, lambda node: bool(ask(node)))

    def longer(
        written: Written, items: tuple[_Item, ...]
    ) -> Iterator[tuple[Written, tuple[_Item, ...]]]:
        # By items that count for nothing an array can grow for ever and never be whole.
        for way in sorted(ways.next(written), key=lambda way: way.after == written):
            for item in list(ask(way.node).items()):
                if not (shape.unique and any(item[0] == value for value, _ in items)):
                    yield way.after, (*items, item)

    def whole(written: Written, items: tuple[_Item, ...]) -> bool:
        spend(1)
        repeated = shape.repeats and len({value for value, _ in items}) < len(items)
        return shape.may_end(written) and (repeated or not shape.repeats)

    for _, items in _grown((shape.start, ()), longer, whole):
        text = b"[" + b",".join(text for _, text in items) + b"]"
        yield ("array", *(value for value, _ in items)), text


def _objects(
    plan: Plan,
    ask: Callable[[Node], Listed],
    strings: Callable[[StringShape], Iterable[tuple[str, bytes]]],
    spend: Callable[[int], None],
) -> Iterator[tuple[Any, bytes]]:
    def longer(
        progress: Progress, entries: tuple[_Entry, ...]
    ) -> Iterator[tuple[Progress, tuple[_Entry, ...]]]:
        for member in plan.next(progress):
            found, reached = member.property, plan.after(progress, member)
            named: Iterator[tuple[str, Progress]]
            if isinstance(found, FreeKeys):
                keys = (key for key, _ in strings(StringShape(found.regex)))
                named = ((key, plan.with_key(reached, key)) for key in keys)
            else:
                named = iter(((found.name, reached),))
            for name, after in named:
                if name in progress.free:
                    continue
                for node, then in plan.outcomes(member.property, after):
                    for value, text in list(ask(node).items()):
                        entry = (name, value), spell(name) + b":" + text
                        yield then, (*entries, entry)

    def whole(progress: Progress, entries: tuple[_Entry, ...]) -> bool:
        spend(1)
        return plan.may_end(progress)

    for _, entries in _grown((plan.start, ()), longer, whole):
        text = b"{" + b",".join(text for _, text in entries) + b"}"
        yield frozenset(entry for entry, _ in entries), text


def _is_composite(alternative: Alternative) -> bool:
    return isinstance(alternative, (ArrayShape, ObjectShape))


_State = TypeVar("_State")


def _grown(
    first: tuple[_State, tuple[Any, ...]],
    longer: Callable[[_State, tuple[Any, ...]], Iterator[tuple[_State, tuple[Any, ...]]]],
    whole: Callable[[_State, tuple[Any, ...]], bool],
) -> Iterator[tuple[_State, tuple[Any, ...]]]:
    """Go through what can be made by adding parts, what is whole with few of them first."""
    later: deque[tuple[_State, tuple[Any, ...]]] = deque()
    stack = [iter((first,))]
    while stack or later:
        if not stack:
            stack.append(longer(*later.popleft()))
        found = next(stack[-1], None)
        if found is None:
            stack.pop()
        elif whole(*found):
            yield found
            later.append(found)
        else:
            stack.append(longer(*found))
