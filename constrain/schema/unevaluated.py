"""`unevaluatedProperties` and `unevaluatedItems`: what no schema for the same value evaluates.

What is evaluated depends on which schemas a value satisfies, and that is decided branch by branch.
A value is right if there are branches that it satisfies and that evaluate enough; it is wrong if
all branches but some that it does not satisfy evaluate too little. Only branches that evaluate
something new are told apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from constrain.lexing.regex import Regex, matches
from constrain.schema.evaluate import holds
from constrain.schema.facts import FALSE, TRUE, ArrayFacts, Atom, Facts, Given, ObjectFacts, Place
from constrain.schema.negation import Negate
from constrain.schema.positions import Position
from constrain.schema.sources.dialects import Dialect
from constrain.schema.textual.strings import pattern


class Evaluated(Protocol):
    """What schemas evaluate of a value."""

    @property
    def everything(self) -> bool:
        """Whether that is all there can be."""

    def join(self, other: Any) -> Evaluated:
        """Return what is evaluated here or there."""

    def others(self, atom: Atom) -> Facts:
        """Return that all which is not evaluated is in an atom's set."""

    def covers(self, key: Any, value: Any) -> bool:
        """Return whether the member with a key or an index is evaluated."""


class Properties(NamedTuple):
    """The properties that schemas evaluate: by name, by pattern, or all."""

    names: tuple[str, ...] = ()
    patterns: tuple[Regex, ...] = ()
    everything: bool = False

    def join(self, other: Properties) -> Properties:
        """Return what is evaluated here or there."""
        return Properties(
            tuple(dict.fromkeys(self.names + other.names)),
            tuple(dict.fromkeys(self.patterns + other.patterns)),
            self.everything or other.everything,
        )

    def others(self, atom: Atom) -> Facts:
        """Return that the values of all other properties are in an atom's set."""
        patterns = tuple((regex, TRUE) for regex in self.patterns)
        names = dict.fromkeys(self.names, TRUE)
        return Facts(object=ObjectFacts(names, _same, patterns, atom, TRUE, ()))

    def covers(self, key: Any, value: Any) -> bool:
        """Return whether a property is evaluated."""
        return self.everything or key in self.names or any(matches(p, key) for p in self.patterns)


class Items(NamedTuple):
    """The items that schemas evaluate: so many at the start, those in the sets of atoms, or all."""

    first: int = 0
    contained: tuple[Atom, ...] = ()
    everything: bool = False

    def join(self, other: Items) -> Items:
        """Return what is evaluated here or there."""
        return Items(
            max(self.first, other.first),
            tuple(dict.fromkeys(self.contained + other.contained)),
            self.everything or other.everything,
        )

    def others(self, atom: Atom) -> Facts:
        """Return that all other items are in an atom's set."""
        if self.contained:
            atom = Given(Facts(any_of=(((), (*self.contained, atom)),)))
        return Facts(array=ArrayFacts((TRUE,) * self.first, atom))

    def covers(self, key: Any, value: Any) -> bool:
        """Return whether an item is evaluated."""
        return self.everything or key < self.first or any(holds(a, value) for a in self.contained)


def _same(atom: Atom) -> Atom:
    return atom


def _properties(position: Position, keyword: bool) -> Properties:
    schema = position.schema
    return Properties(
        tuple(schema.get("properties", ())),
        tuple(map(pattern, schema.get("patternProperties", ()))),
        "additionalProperties" in schema or (keyword and "unevaluatedProperties" in schema),
    )


def _items(position: Position, keyword: bool) -> Items:
    schema = position.schema
    listed = isinstance(schema.get("items"), list)
    prefix = schema["items"] if listed else schema.get("prefixItems", ())
    contains = "contains" in schema and position.scope.dialect >= Dialect.DRAFT2020
    return Items(
        len(prefix),
        (position.child(schema["contains"]),) if contains else (),
        ("additionalItems" if listed else "items") in schema
        or (keyword and "unevaluatedItems" in schema),
    )


_KINDS: dict[str, tuple[Any, Callable[[Position, bool], Any]]] = {
    "unevaluatedProperties": (Properties(), _properties),
    "unevaluatedItems": (Items(), _items),
}
"""For each keyword nothing at all, and what a schema evaluates, subschemas in place aside.

The keyword itself evaluates everything, but where it is asked what is left for it.
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """Branches of which a value satisfies at least one.

    Attributes:
        place: the place of the branches.
        branches: their atoms.
        exclusive: whether a value satisfies no more than one.
    """

    place: Place
    branches: tuple[Atom, ...]
    exclusive: bool = False


class Unevaluated(Atom):
    """What one of the keywords says in a schema.

    Attributes:
        place: the place behind all keywords of the schema.
        atom: the atom of the keyword's value.
        negate: makes negations.
    """

    __slots__ = ("_most", "_nothing", "_of", "_position", "atom", "negate", "place")

    def __init__(self, keyword: str, position: Position, negate: Negate) -> None:
        super().__init__()
        self.place: Place = (len(position.schema),)
        self.atom = position.child(position.schema[keyword])
        self.negate = negate
        self._position = position
        self._nothing, self._of = _KINDS[keyword]
        self._most: dict[Atom, Any] = {}

    def _read(self) -> Facts:
        return Facts(all_of=(((), _Decided(self, *self.evaluated(self._position))),))

    def evaluated(self, atom: Atom, place: Place = ()) -> tuple[Any, tuple[_Choice, ...]]:
        """Return what an atom at a place evaluates if it holds, and the choices that add to it."""
        total = self._nothing
        choices: list[_Choice] = []
        pending = [(place, atom)]
        while pending:
            at, part = pending.pop()
            if isinstance(part, Position):
                total = total.join(self._of(part, part is not self._position))
                choices += _conditions(part, at)
            if isinstance(part, (Position, Given)):
                facts = part.facts
                pending += [(at + step, inner) for step, inner in reversed(facts.all_of)]
                choices += [_choice(part, at + step, group) for step, group in facts.any_of]
        return total, tuple(choices)

    def most(self, atom: Atom) -> Any:
        """Return what an atom may evaluate at most."""
        found = self._most.get(atom)
        if found is None:
            found, choices = self.evaluated(atom)
            for choice in choices:
                for branch in choice.branches:
                    found = found.join(self.most(branch))
            self._most[atom] = found
        return found


def left_to(keyword: str, position: Position, value: Any) -> list[str | int]:
    """Return the keys or indices of a value that no schema has evaluated beside a keyword."""
    total, of = _KINDS[keyword]
    pending: list[Atom] = [position]
    while pending:
        part = pending.pop()
        choices = []
        if isinstance(part, Position):
            total = total.join(of(part, part is not position))
            choices = [choice.branches for choice in _conditions(part, ())]
        if isinstance(part, (Position, Given)):
            pending += [inner for _, inner in part.facts.all_of]
            choices += [group for _, group in part.facts.any_of]
        pending += [branch for group in choices for branch in group if holds(branch, value)]
    members = value.items() if isinstance(value, dict) else enumerate(value)
    return [key for key, member in members if not total.covers(key, member)]


def _conditions(position: Position, place: Place) -> list[_Choice]:
    """An `if` without consequences: it evaluates nevertheless."""
    schema = position.schema
    if "if" not in schema or "then" in schema or "else" in schema:
        return []
    return [_Choice(place, (position.child(schema["if"]), TRUE))]


def _choice(atom: Atom, place: Place, group: tuple[Atom, ...]) -> _Choice:
    inclusive = isinstance(atom, Position) and group == tuple(
        map(atom.child, atom.schema.get("anyOf", ()))
    )
    return _Choice(place, group, not inclusive)


class _Decided(Atom):
    """What a keyword says where some choices are decided, or the negation of it.

    Attributes:
        keyword: the keyword that says so.
        evaluated: what is evaluated by what is decided.
        choices: what is to be decided.
        negated: whether this is the negation.
    """

    __slots__ = ("choices", "evaluated", "keyword", "negated")

    def __init__(
        self,
        keyword: Unevaluated,
        evaluated: Evaluated,
        choices: tuple[_Choice, ...],
        negated: bool = False,
    ) -> None:
        super().__init__()
        self.keyword = keyword
        self.evaluated = evaluated
        self.choices = choices
        self.negated = negated

    def negation(self) -> _Decided:
        """Return the atom of the other values."""
        return _Decided(self.keyword, self.evaluated, self.choices, not self.negated)

    def _read(self) -> Facts:
        if self.evaluated.everything:
            return FALSE.facts if self.negated else TRUE.facts
        for index, choice in enumerate(self.choices):
            fresh = [branch for branch in choice.branches if self._adds(branch)]
            if fresh:
                left = self.choices[index + 1 :]
                decide = self._failed if self.negated else self._met
                return Facts(any_of=(((), decide(choice, fresh, left)),))
        others = Given(self.evaluated.others(self.keyword.atom))
        atom = self.keyword.negate(others) if self.negated else others
        return Facts(all_of=((self.keyword.place, atom),))

    def _adds(self, branch: Atom) -> bool:
        most = self.keyword.most(branch)
        return bool(self.evaluated.join(most) != self.evaluated)

    def _met(
        self, choice: _Choice, fresh: list[Atom], left: tuple[_Choice, ...]
    ) -> tuple[Atom, ...]:
        """The ways to be right: branches that hold evaluate enough."""
        idle = [branch for branch in choice.branches if branch not in fresh]
        if choice.exclusive:
            return tuple(self._with(choice, branch, left) for branch in choice.branches)
        first, *more = fresh
        also = _Choice(choice.place, (*more, TRUE))
        ways = [self._with(choice, first, (also, *left))]
        if more:
            others = (_Choice(choice.place, (*more, *idle)), *left)
            ways.append(_Decided(self.keyword, self.evaluated, others))
        else:
            ways += (self._with(choice, branch, left) for branch in idle)
        return tuple(ways)

    def _with(self, choice: _Choice, branch: Atom, left: tuple[_Choice, ...]) -> Atom:
        holds = self._assuming(choice, branch, left)
        return Given(Facts(all_of=((choice.place, branch), ((), holds))))

    def _failed(
        self, choice: _Choice, fresh: list[Atom], left: tuple[_Choice, ...]
    ) -> tuple[Atom, ...]:
        """The ways to be wrong: all branches but some that do not hold evaluate too little."""
        first, *more = fresh
        others = (_Choice(choice.place, tuple(more)), *left)
        fails = self.keyword.negate(first)
        without = _Decided(self.keyword, self.evaluated, others, True)
        return (
            self._assuming(choice, first, others),
            Given(Facts(all_of=((choice.place, fails), ((), without)))),
        )

    def _assuming(self, choice: _Choice, branch: Atom, left: tuple[_Choice, ...]) -> _Decided:
        evaluated, choices = self.keyword.evaluated(branch, choice.place)
        evaluated = self.evaluated.join(evaluated)
        return _Decided(self.keyword, evaluated, (*choices, *left), self.negated)
