"""Atoms, and what one atom says of a value by itself.

An atom is a set of JSON values. What it says is read once, into `Facts`: the types it allows, sets
of numbers and strings, limits on arrays and objects whose children are atoms again, and other
atoms that apply to the same value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from constrain.lexing.regex import Regex
from constrain.schema.numeric import numbers
from constrain.schema.numeric.numbers import ALL_NUMBERS, NumberShape
from constrain.schema.sources.keywords import ANY_TYPE, ARRAY, BOOLEAN, NULL, NUMBER, OBJECT, STRING
from constrain.schema.textual.strings import Judges, StringShape
from constrain.texts import json_text

ALL_STRINGS = StringShape()

Place = tuple[int, ...]
"""Where a schema stands among those for the same value: it orders their properties."""


class Atom:
    """A set of JSON values; equality is identity."""

    __slots__ = ("_facts",)

    _facts: Facts | None

    def __init__(self) -> None:
        self._facts = None

    @property
    def facts(self) -> Facts:
        """What the atom says, read when first asked for."""
        if self._facts is None:
            self._facts = self._read()
        return self._facts

    def _read(self) -> Facts:
        raise NotImplementedError

    def negation(self) -> Atom | None:
        """Return the atom of all other values where there is a better way than from the facts."""
        return None


@dataclass(frozen=True, slots=True)
class Count:
    """How many items of an array are in an atom's set.

    Attributes:
        atom: the atom.
        low: least number of such items.
        high: greatest number of them; None: any.
        start: index of the first item that is counted.
    """

    atom: Atom
    low: int = 1
    high: int | None = None
    start: int = 0

    def both(self, other: Count) -> Count:
        """Return what this and another count of the same items say together."""
        highs = [high for high in (self.high, other.high) if high is not None]
        return replace(self, low=max(self.low, other.low), high=min(highs, default=None))


@dataclass(frozen=True, slots=True, eq=False)
class ArrayFacts:
    """What an atom says of arrays.

    Attributes:
        prefix: atoms of the first items, one each.
        rest: atom of all further items.
        low: least number of items.
        high: greatest number of items; None: any.
        counts: how many items are in the sets of other atoms.
        unique: True: no two items are equal; False: some two are; None: neither is asked for.
    """

    prefix: tuple[Atom, ...]
    rest: Atom
    low: int = 0
    high: int | None = None
    counts: tuple[Count, ...] = ()
    unique: bool | None = None

    def item(self, index: int) -> Atom:
        """Return the atom of the item at an index."""
        return self.prefix[index] if index < len(self.prefix) else self.rest


@dataclass(frozen=True, slots=True, eq=False)
class ObjectFacts:
    """What an atom says of objects.

    Attributes:
        properties: what stands for the atom of each named property.
        atom: makes the atom of what stands for it.
        patterns: expressions of property names, each with the atom of such properties.
        additional: atom of the properties that neither `properties` nor `patterns` mention.
        names: atom of the keys themselves.
        required: names that must be there.
        low: least number of properties.
        high: greatest number of properties; None: any.
        breaches: rules that must be broken.
    """

    properties: Mapping[str, Any]
    atom: Callable[[Any], Atom]
    patterns: tuple[tuple[Regex, Atom], ...]
    additional: Atom
    names: Atom
    required: Sequence[str]
    low: int = 0
    high: int | None = None
    breaches: tuple[Breach, ...] = ()


class Breach:
    """That an object breaks a rule: it lacks a property that the rule requires, or the key or the
    value of some property is not what the rule says.

    Attributes:
        rule: what is not to hold; how many properties there are does not matter.
    """

    __slots__ = ("_negate", "_negations", "rule")

    def __init__(self, rule: ObjectFacts, negate: Callable[[Atom], Atom]) -> None:
        self.rule = rule
        self._negate = negate
        self._negations: dict[tuple[Atom, ...], Atom] = {}

    @property
    def forbidden(self) -> frozenset[str]:
        """The properties that make the breach by being there, if only such can make it."""
        rule = self.rule
        if rule.additional is TRUE and rule.names is TRUE and not rule.patterns:
            names = frozenset(name for name, value in rule.properties.items() if value is FALSE)
            if len(names) == len(rule.properties):
                return names
        return frozenset()

    def of(self, atoms: Sequence[Atom]) -> Atom:
        """Return the atom of the values that are not in the sets of all of several atoms."""
        key = tuple(atoms)
        found = self._negations.get(key)
        if found is None:
            broken = tuple(self._negate(atom) for atom in key if atom is not TRUE)
            if TRUE in broken:
                found = TRUE
            elif len(broken) < 2:
                found = broken[0] if broken else FALSE
            else:
                found = Given(Facts(any_of=(((), broken),)))
            self._negations[key] = found
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What one atom says of a value.

    Attributes:
        types: mask of the types allowed.
        enum: the only values allowed; None: no such limit.
        excluded: values not allowed, of which `all_of` excludes the arrays and objects; None: no
            such limit.
        number: the numbers allowed.
        string: the strings allowed.
        array: limits on arrays, if any.
        object: limits on objects, if any.
        all_of: atoms that hold of the same value, each with its place.
        any_of: groups of atoms, each with its place; one at least of each group holds of the same
            value.
        place: index of the first keyword about properties among those of the schema.
        judges: functions that have to accept strings, or to refuse them.
    """

    types: int = ANY_TYPE
    enum: Enumeration | None = None
    excluded: Enumeration | None = None
    number: NumberShape = ALL_NUMBERS
    string: StringShape = ALL_STRINGS
    array: ArrayFacts | None = None
    object: ObjectFacts | None = None
    all_of: tuple[tuple[Place, Atom], ...] = ()
    any_of: tuple[tuple[Place, tuple[Atom, ...]], ...] = ()
    place: int = 0
    judges: Judges = ()


class Everything(Atom):
    """The atom of the schema `true`, or of `false`."""

    __slots__ = ("_types",)

    def __init__(self, types: int) -> None:
        super().__init__()
        self._types = types

    def _read(self) -> Facts:
        return Facts(types=self._types)


class Given(Atom):
    """An atom that says what it is made with."""

    __slots__ = ()

    def __init__(self, facts: Facts) -> None:
        self._facts = facts


TRUE = Everything(ANY_TYPE)
FALSE = Everything(0)


class Constant(Atom):
    """The atom of one JSON value."""

    __slots__ = ("_make", "value")

    def __init__(self, value: Any, make: Callable[[Any], Atom]) -> None:
        super().__init__()
        self.value = value
        self._make = make

    def _read(self) -> Facts:
        value = self.value
        if isinstance(value, dict):
            members = ObjectFacts(value, self._make, (), FALSE, TRUE, tuple(value))
            return Facts(types=OBJECT, object=members)
        if isinstance(value, list):
            items = tuple(map(self._make, value))
            return Facts(types=ARRAY, array=ArrayFacts(items, FALSE, len(items)))
        return Facts(types=type_of(value), enum=Enumeration((value,)))


def type_of(value: Any) -> int:
    """Return the type of a value, as a mask."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, str):
        return STRING
    if isinstance(value, dict):
        return OBJECT
    return ARRAY if isinstance(value, list) else NUMBER


def identity(value: Any) -> Any:
    """Return something hashable that equal JSON values share: 1 and 1.0 do, 1 and true do not."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, dict):
        return frozenset((name, identity(member)) for name, member in value.items())
    if isinstance(value, list):
        return ("array", *map(identity, value))
    if isinstance(value, int):
        return value
    number = numbers.exact(value)
    return number.numerator if number.denominator == 1 else number


class Enumeration:
    """The values of an `enum` or a `const`."""

    __slots__ = ("_identities", "values")

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = values
        self._identities: frozenset[Any] | None = None

    def __contains__(self, value: Any) -> bool:
        if self._identities is None:
            self._identities = frozenset(map(identity, self.values))
        return identity(value) in self._identities


def writable(value: Any) -> bool:
    """Return whether a value has a text in UTF-8: lone surrogates have none."""
    try:
        return bool(json_text(value).encode())
    except UnicodeEncodeError:
        return False
