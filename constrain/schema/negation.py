"""Negation, pushed inward: the ways in which a value can fail what an atom says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from constrain.lexing.regex import ANYTHING, complement
from constrain.schema.facts import (
    ALL_STRINGS,
    TRUE,
    ArrayFacts,
    Atom,
    Breach,
    Constant,
    Count,
    Facts,
    Given,
    ObjectFacts,
)
from constrain.schema.numeric import numbers
from constrain.schema.numeric.numbers import ALL_NUMBERS, NumberShape
from constrain.schema.sources.keywords import ANY_TYPE, ARRAY, NUMBER, OBJECT, STRING
from constrain.schema.textual.strings import StringShape

Negate = Callable[[Atom], Atom]


class Not(Atom):
    """The atom of all values that are not in another's set.

    Attributes:
        atom: the other.
    """

    __slots__ = ("_negate", "atom")

    def __init__(self, atom: Atom, negate: Negate) -> None:
        super().__init__()
        self.atom = atom
        self._negate = negate

    def _read(self) -> Facts:
        facts = self.atom.facts
        ways = tuple(map(Given, _violations(facts, self._negate)))
        return Facts(any_of=(((), ways),), place=facts.place)


def properties(
    atoms: Mapping[str, Atom], required: Sequence[str] = (), low: int = 0, high: int | None = None
) -> ObjectFacts:
    """Return what is said of objects by atoms of named properties and by a count."""
    return ObjectFacts(atoms, _same, (), TRUE, TRUE, required, low, high)


def _same(atom: Atom) -> Atom:
    return atom


def _violations(facts: Facts, negate: Negate) -> Iterator[Facts]:
    """The ways in which a value can fail; those that fail in several are in several of them."""
    if facts.types != ANY_TYPE:
        yield Facts(ANY_TYPE & ~facts.types)
    if facts.enum is not None:
        deep = [value for value in facts.enum.values if isinstance(value, (dict, list))]
        apart = (((), negate(Constant(value, _constant))) for value in deep)
        yield Facts(facts.types, excluded=facts.enum, all_of=tuple(apart))
    if facts.excluded is not None:
        yield Facts(facts.types, facts.excluded)
    if facts.types & NUMBER and facts.number is not ALL_NUMBERS:
        yield from (Facts(NUMBER, number=other) for other in _other_numbers(facts.number))
    if facts.types & STRING and facts.string is not ALL_STRINGS:
        yield from (Facts(STRING, string=other) for other in _other_strings(facts.string))
    if facts.types & STRING:
        yield from (Facts(STRING, judges=((judge, not told),)) for judge, told in facts.judges)
    if facts.types & ARRAY and facts.array is not None:
        yield from (Facts(ARRAY, array=array) for array in _other_arrays(facts.array, negate))
    if facts.types & OBJECT and facts.object is not None:
        yield from (Facts(OBJECT, object=other) for other in _other_objects(facts.object, negate))
    for place, atom in facts.all_of:
        yield Facts(all_of=((place, negate(atom)),))
    for place, group in facts.any_of:
        yield Facts(all_of=tuple((place, negate(atom)) for atom in group))


def _constant(value: object) -> Atom:
    return Constant(value, _constant)


def _out_of(low: int, high: int | None) -> Iterator[tuple[int, int | None]]:
    """The ranges of counts below and above a range."""
    if low > 0:
        yield 0, low - 1
    if high is not None:
        yield high + 1, None


def _other_numbers(shape: NumberShape) -> Iterator[NumberShape]:
    low, high = shape.low, shape.high
    ranges = []
    if low is not None and shape.low_open:
        ranges.append(numbers.number(maximum=low))
    elif low is not None:
        ranges.append(numbers.number(exclusive_maximum=low))
    if high is not None and shape.high_open:
        ranges.append(numbers.number(minimum=high))
    elif high is not None:
        ranges.append(numbers.number(exclusive_minimum=high))
    ranges += map(numbers.constant, shape.excluded)
    if shape.step is not None:
        ranges.append(numbers.number(not_multiple_of=(shape.step,)))
    ranges += (numbers.number(multiple_of=step) for step in shape.avoided)
    yield from (found for found in ranges if found is not None)


def _other_strings(shape: StringShape) -> Iterator[StringShape]:
    if shape.regex is not ANYTHING:
        yield StringShape(complement(shape.regex))
    for low, high in _out_of(shape.low, shape.high):
        yield StringShape(ANYTHING, low, high)


def _other_arrays(facts: ArrayFacts, negate: Negate) -> Iterator[ArrayFacts]:
    for low, high in _out_of(facts.low, facts.high):
        yield ArrayFacts((), TRUE, low, high)
    for index, atom in enumerate(facts.prefix):
        if atom is not TRUE:
            yield ArrayFacts((*(TRUE,) * index, negate(atom)), TRUE, index + 1)
    if facts.rest is not TRUE:
        yield _array(Count(negate(facts.rest), 1, None, len(facts.prefix)))
    for count in facts.counts:
        for low, high in _out_of(count.low, count.high):
            yield _array(replace(count, low=low, high=high))
    if facts.unique is not None:
        yield ArrayFacts((), TRUE, unique=not facts.unique)


def _array(count: Count) -> ArrayFacts:
    return ArrayFacts((), TRUE, counts=(count,))


def _other_objects(facts: ObjectFacts, negate: Negate) -> Iterator[ObjectFacts]:
    for low, high in _out_of(facts.low, facts.high):
        yield properties({}, (), low, high)
    for breach in facts.breaches:
        yield replace(breach.rule, low=0, high=None, breaches=())
    limited = {
        name: atom
        for name, value in facts.properties.items()
        if (atom := facts.atom(value)) is not TRUE
    }
    names = limited.keys() | set(facts.required)
    plain = facts.additional is TRUE and facts.names is TRUE
    if not plain or len(names) > 1 or any(atom is not TRUE for _, atom in facts.patterns):
        yield replace(properties({}), breaches=(Breach(facts, negate),))
    else:
        for name in names:
            broken = negate(limited.get(name, TRUE))
            yield properties({name: broken}, () if facts.required else (name,))
