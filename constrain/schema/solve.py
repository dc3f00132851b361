"""Which nodes have a value at all, and the least text of each.

Both are least fixpoints over the children that a value cannot do without: a list of nodes whose
answers depend on one another is gone through until nothing changes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any

from constrain.lexing.regex import union
from constrain.schema.arrays import ArrayShape, Items, Possible
from constrain.schema.distinct import DistinctItems, completes
from constrain.schema.evaluate import holds
from constrain.schema.facts import TRUE, Atom, Constant, writable
from constrain.schema.few import Few
from constrain.schema.language import Language, by_length
from constrain.schema.listed import Cursors
from constrain.schema.members import LeastText, Plan
from constrain.schema.normal import TOO_COMPLEX, Node, Normaliser, placed, too_complex
from constrain.schema.positions import Position
from constrain.schema.repeats import RepeatingItems
from constrain.schema.shapes import Alternative, Composites, ObjectShape
from constrain.schema.sources.keywords import ARRAY, KEYWORDS, NUMBER, OBJECT, STRING, types_of
from constrain.schema.stable import look_until_stable
from constrain.schema.textual.strings import LEAST_LIMIT, JudgedStrings, StringShape


class Solver:
    """Answers about the nodes of a normaliser, each found once.

    Attributes:
        cursors: places in the values of lists.
    """

    def __init__(self, normaliser: Normaliser, language: Language, any_order: bool) -> None:
        self._normaliser = normaliser
        self._language = language
        self._any_order = any_order
        self._plans: dict[ObjectShape, Plan] = {}
        self._items: dict[ArrayShape, Items | DistinctItems | RepeatingItems] = {}
        self.cursors = Cursors(language, any_order)
        self._least: dict[Node, bytes | None] = {}

    @cached_property
    def _few(self) -> Few:
        return Few(self._normaliser, self.cursors, self._language)

    def close(self) -> None:
        """Let all answers go; nothing may be asked any more."""
        vars(self).clear()

    def plan(self, shape: ObjectShape) -> Plan:
        """Return the one plan of a shape of objects."""
        found = self._plans.get(shape)
        if found is None:
            found = self._plans[shape] = Plan(shape, self._any_order, self.possible)
        return found

    def items(self, shape: ArrayShape) -> Items | DistinctItems | RepeatingItems:
        """Return the one plan of a shape of arrays."""
        found = self._items.get(shape)
        if found is None:
            items = Items(shape, self.possible)
            if shape.unique:
                found = DistinctItems(items, self._few, self.possible)
            elif shape.repeats:
                found = RepeatingItems(items, self._normaliser, self.possible)
            else:
                found = items
            self._items[shape] = found
        return found

    def possible(self, node: Node) -> bool:
        """Return whether a node has a value."""
        if node.possible is None and not _known_possible(node):
            self._settle(node)
        return node.possible is True

    def allows(self, alternative: Alternative) -> bool:
        """Return whether an alternative has a value."""
        return self._is_possible(alternative, self.possible)

    def _is_possible(self, alternative: Alternative, ask: Possible) -> bool:
        """Whether an alternative has a value, as far as is known of its children."""
        if isinstance(alternative, JudgedStrings):
            alternative = alternative.shape
        if isinstance(alternative, StringShape):
            return not alternative.is_empty
        if isinstance(alternative, ObjectShape):
            return alternative.possible(ask)
        if isinstance(alternative, ArrayShape):
            return (
                alternative.possible(ask)
                and (not alternative.unique or self._can_differ(alternative, ask))
                and (not alternative.repeats or self._can_repeat(alternative, ask))
            )
        return True

    def _can_differ(self, shape: ArrayShape, ask: Possible) -> bool:
        def listed(node: Node, most: int) -> Collection[Any] | None:
            return self._few.of(node, most, ask)

        return completes(shape, shape.start, frozenset(), listed)

    def _can_repeat(self, shape: ArrayShape, ask: Possible) -> bool:
        return RepeatingItems(Items(shape, ask), self._normaliser, ask).possible()

    def _settle(self, node: Node) -> None:
        met: dict[Node, None] = {node: None}
        found: list[Node] = []

        def ask(child: Node) -> bool:
            if child.possible is None and not _known_possible(child) and child not in met:
                met[child] = None
                found.append(child)
            return child.possible is True

        def look(candidate: Node) -> bool:
            if candidate.possible is not None:
                return False
            self._normaliser.spend(1, candidate.atoms)
            try:
                for index, alternative in enumerate(self._normaliser.each(candidate)):
                    if self._is_possible(alternative, ask):
                        break
                    if found and index < _ONE_BY_ONE:
                        return False
                else:
                    return False
            except TOO_COMPLEX as error:
                raise placed(error, candidate.atoms) from None
            candidate.possible = True
            while found:  # by alternatives that no longer matter
                del met[found.pop()]
            return True

        look_until_stable(node, met, found, look)
        if node.possible is None:
            for candidate in met:
                candidate.possible = candidate.possible is True

    def least(self, node: Node) -> bytes:
        """Return the least text of a node that has a value, by length, then bytes."""
        if node not in self._least:
            self._improve(node)
        text = self._least[node]
        assert text is not None, "asked for the least text of a node without values"
        return text

    def least_known(self, node: Node) -> bytes | None:
        """Return the least text of a node, None where it has no value."""
        return self.least(node) if self.possible(node) else None

    def _improve(self, node: Node) -> None:
        texts: dict[Node, bytes | None] = {node: None}
        found: list[Node] = []

        def ask(child: Node) -> bytes | None:
            if child in self._least:
                return self._least[child]
            if child not in texts:
                texts[child] = None
                found.append(child)
            return texts[child]

        def look(candidate: Node) -> bool:
            self._normaliser.spend(1, candidate.atoms)
            try:
                text = self._least_of(candidate, ask)
            except TOO_COMPLEX as error:
                raise placed(error, candidate.atoms) from None
            changed = text != texts[candidate]
            texts[candidate] = text
            return changed

        look_until_stable(node, texts, found, look)
        self._least.update(texts)

    def _least_of(self, node: Node, ask: LeastText) -> bytes | None:
        found = []
        for alternative in _with_strings_joined(self._normaliser.alternatives(node)):
            if self.allows(alternative):
                text = self._least_alternative(alternative, ask)
                if text is not None:
                    found.append(text)
        least = min(found, key=by_length, default=None)
        if least is not None and len(least) > LEAST_LIMIT:
            raise too_complex(node.atoms, f"its least value takes over {LEAST_LIMIT:,} bytes")
        return least

    def _least_alternative(self, alternative: Alternative, ask: LeastText) -> bytes | None:
        if isinstance(alternative, ObjectShape):
            plan = self.plan(alternative)
            members = plan.least(plan.start, 0, ask)
            return None if members is None else b"{" + b",".join(members) + b"}"
        if isinstance(alternative, ArrayShape):
            ways = self.items(alternative)
            items = ways.least(ways.start, 0, ask)  # type: ignore[arg-type]
            return None if items is None else b"[" + b",".join(items) + b"]"
        if isinstance(alternative, JudgedStrings):
            return alternative.least
        if isinstance(alternative, Composites):
            return min(map(self.cursors.text, alternative.values), key=by_length)
        return self._language.least(alternative)


def _with_strings_joined(alternatives: Sequence[Alternative]) -> list[Alternative]:
    """Join the sets of strings, so that their least texts are searched for only once."""
    strings = [shape for shape in alternatives if isinstance(shape, StringShape)]
    if len(strings) < 2:
        return list(alternatives)
    others = [shape for shape in alternatives if not isinstance(shape, StringShape)]
    return [*others, StringShape(union(*(shape.language for shape in strings)))]


_ONE_BY_ONE = 8
"""So many alternatives are looked at one by one, each after the nodes that the last depends on."""


def _known_possible(node: Node) -> bool:
    if not node.atoms or (len(node.atoms) == 1 and _obvious(node.atoms[0])):
        node.possible = True
    return node.possible is True


def _obvious(atom: Atom, depth: int = 3) -> bool:
    """Whether a glance at a schema shows that it has a value."""
    if isinstance(atom, Constant):
        return writable(atom.value)
    if not isinstance(atom, Position):
        return atom is TRUE
    schema = atom.schema
    keys = [name for name in schema if name in KEYWORDS and name != "type"]
    if not keys:
        return True
    if keys == ["enum"]:
        return any(holds(atom, value) for value in schema["enum"][:4])
    if not _IN_PLACE.isdisjoint(keys):
        if len(keys) > 1 or "type" in schema or depth == 0:
            return False
        if "$ref" in keys:
            return _obvious(atom.target(), depth - 1)
        branches = map(atom.child, schema.get("anyOf", ()))
        return any(_obvious(branch, depth - 1) for branch in branches)
    types = types_of(schema)
    return any(types & kind and binding.isdisjoint(keys) for kind, binding in _BINDING)


_IN_PLACE = frozenset(("enum", "const", *(k for k, known in KEYWORDS.items() if known.in_place)))
_BINDING = (
    (OBJECT, frozenset(("dependentRequired", "required", "minProperties", "maxProperties"))),
    (ARRAY, frozenset(("minItems", "maxItems", "contains"))),
    (STRING, frozenset(("minLength", "maxLength", "pattern", "format"))),
    (NUMBER, frozenset("minimum maximum exclusiveMinimum exclusiveMaximum multipleOf".split())),
    (~(STRING | NUMBER | ARRAY | OBJECT), frozenset[str]()),
)
"""For each type the keywords that could leave no value of it."""
