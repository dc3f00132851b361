"""Why a value is not valid: each keyword that rules it out, and where it stands in the schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from constrain.lexing.regex import matches
from constrain.schema.evaluate import holds
from constrain.schema.facts import FALSE, Atom, identity, type_of
from constrain.schema.numeric import numbers
from constrain.schema.positions import Position
from constrain.schema.sources.keywords import KEYWORDS, NUMBER, REFERENCES, TYPES
from constrain.schema.textual.strings import pattern
from constrain.schema.unevaluated import left_to

Path = tuple[str | int, ...]

_LONGEST = 40
"""Most characters of a value that are shown."""
_MOST = 6
"""Most of several values that are shown."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A keyword that rules a value out.

    Attributes:
        path: the keys and indices that lead to the value.
        message: what is wrong with it.
        because: where the keyword asks for one of several schemas, what each has against the value.
    """

    position: Position
    steps: tuple[str, ...]
    path: Path
    message: str
    because: tuple[Violation, ...] = ()

    @property
    def keyword(self) -> str:
        """The keyword."""
        return self.steps[0]

    @property
    def pointer(self) -> str:
        """JSON pointer to the keyword in the schema."""
        return self.position.pointer(*self.steps)


def violations(atom: Atom, value: Any, path: Path = ()) -> list[Violation]:
    """Return the keywords that rule a value out; none where it is in the set of `atom`.

    Args:
        atom: the atom of a schema.
        value: a JSON value as `documents.parse` reads it.
        path: the keys and indices that lead to the value.
    """
    if not isinstance(atom, Position):
        return []
    visit = _Visit(atom, value, path)
    kind = type_of(value)
    found: list[Violation] = []
    for keyword, told in atom.schema.items():
        known, check = KEYWORDS.get(keyword), _CHECKS.get(keyword)
        if known is None or check is None or not known.types & kind:
            continue
        found += check(visit, told)
    return found


@dataclass(frozen=True, slots=True)
class _Visit:
    """A schema and a value that it is applied to."""

    position: Position
    value: Any
    path: Path

    @property
    def schema(self) -> dict[str, Any]:
        return self.position.schema

    @property
    def shown(self) -> str:
        return show(self.value)

    def fault(
        self,
        message: str,
        *steps: str,
        path: Path | None = None,
        because: Iterable[Violation] = (),
    ) -> Violation:
        """Return the violation of the keyword at `steps`."""
        path = self.path if path is None else path
        return Violation(self.position, steps, path, message, tuple(because))

    def holds(self, schema: Any, value: Any) -> bool:
        """Return whether a value satisfies a subschema."""
        return holds(self.position.child(schema), value)

    def child(
        self, schema: Any, value: Any, path: Path, never: str, *steps: str
    ) -> list[Violation]:
        """Return what a subschema at `steps` has against a value; `never` is said where all."""
        atom = self.position.child(schema)
        if atom is FALSE:
            return [self.fault(never, *steps, path=path)]
        return violations(atom, value, path)


def show(value: Any) -> str:
    """Return a value as JSON, shortened."""
    if isinstance(value, Decimal):
        return str(value)
    text = json.dumps(value, ensure_ascii=False, default=float)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _listed(values: Sequence[Any], word: str = "or") -> str:
    shown = [show(value) for value in values[:_MOST]]
    if len(values) > _MOST:
        return f"{', '.join(shown)} ... ({len(values)} in all)"
    return f" {word} ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else ""


def _counted(count: int, noun: str) -> str:
    plural = noun.removesuffix("y") + "ies" if noun.endswith("y") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"


_ARTICLES = {"null": "null", "array": "an array", "object": "an object", "integer": "an integer"}


def _named(name: str) -> str:
    return _ARTICLES.get(name, f"a {name}")


def _type(visit: _Visit, told: Any) -> Iterator[Violation]:
    names = [told] if isinstance(told, str) else told
    kind = type_of(visit.value)
    fitting = [name for name in names if TYPES[name] & kind]
    if kind == NUMBER and fitting == ["integer"] and numbers.exact(visit.value).denominator != 1:
        fitting = []
    if not fitting:
        actual = next(name for name, mask in TYPES.items() if mask == kind and name != "integer")
        wanted = " or ".join(map(_named, names))
        yield visit.fault(f"{visit.shown} is {_named(actual)}, not {wanted}", "type")


def _enum(visit: _Visit, told: Any) -> Iterator[Violation]:
    if identity(visit.value) not in map(identity, told):
        yield visit.fault(f"{visit.shown} is not {_listed(told)}", "enum")


def _const(visit: _Visit, told: Any) -> Iterator[Violation]:
    if identity(visit.value) != identity(told):
        yield visit.fault(f"{visit.shown} is not {show(told)}", "const")


def _minimum(visit: _Visit, told: Any) -> Iterator[Violation]:
    if visit.schema.get("exclusiveMinimum") is True:
        yield from _above(visit, told, "minimum")
    elif numbers.exact(visit.value) < numbers.exact(told):
        yield visit.fault(f"{visit.shown} is less than {show(told)}", "minimum")


def _maximum(visit: _Visit, told: Any) -> Iterator[Violation]:
    if visit.schema.get("exclusiveMaximum") is True:
        yield from _below(visit, told, "maximum")
    elif numbers.exact(visit.value) > numbers.exact(told):
        yield visit.fault(f"{visit.shown} is greater than {show(told)}", "maximum")


def _above(visit: _Visit, told: Any, keyword: str = "exclusiveMinimum") -> Iterator[Violation]:
    if not isinstance(told, bool) and numbers.exact(visit.value) <= numbers.exact(told):
        yield visit.fault(f"{visit.shown} is not greater than {show(told)}", keyword)


def _below(visit: _Visit, told: Any, keyword: str = "exclusiveMaximum") -> Iterator[Violation]:
    if not isinstance(told, bool) and numbers.exact(visit.value) >= numbers.exact(told):
        yield visit.fault(f"{visit.shown} is not less than {show(told)}", keyword)


def _multiple_of(visit: _Visit, told: Any) -> Iterator[Violation]:
    if (numbers.exact(visit.value) / numbers.exact(told)).denominator != 1:
        yield visit.fault(f"{visit.shown} is not a multiple of {show(told)}", "multipleOf")


def _pattern(visit: _Visit, told: Any) -> Iterator[Violation]:
    if not matches(pattern(told), visit.value):
        yield visit.fault(f"{visit.shown} does not match {told}", "pattern")


def _format(visit: _Visit, told: Any) -> Iterator[Violation]:
    format = visit.position.format
    if format is not None and not format.allows(visit.value):
        yield visit.fault(f"{visit.shown} is not of the format {told}", "format")


def _at_least(keyword: str, noun: str) -> Callable[[_Visit, Any], Iterator[Violation]]:
    def check(visit: _Visit, told: Any) -> Iterator[Violation]:
        if len(visit.value) < told:
            has = f"{visit.shown} has {_counted(len(visit.value), noun)}"
            yield visit.fault(f"{has}, fewer than {show(told)}", keyword)

    return check


def _at_most(keyword: str, noun: str) -> Callable[[_Visit, Any], Iterator[Violation]]:
    def check(visit: _Visit, told: Any) -> Iterator[Violation]:
        if len(visit.value) > told:
            has = f"{visit.shown} has {_counted(len(visit.value), noun)}"
            yield visit.fault(f"{has}, more than {show(told)}", keyword)

    return check


def _items(visit: _Visit, told: Any) -> Iterator[Violation]:
    if isinstance(told, list):
        yield from _prefix(visit, told, "items")
        return
    yield from _rest(visit, told, len(visit.schema.get("prefixItems", ())), "items")


def _prefix_items(visit: _Visit, told: Any) -> Iterator[Violation]:
    yield from _prefix(visit, told, "prefixItems")


def _additional_items(visit: _Visit, told: Any) -> Iterator[Violation]:
    items = visit.schema.get("items")
    if isinstance(items, list):
        yield from _rest(visit, told, len(items), "additionalItems")


def _prefix(visit: _Visit, schemas: Sequence[Any], keyword: str) -> Iterator[Violation]:
    for index, (schema, item) in enumerate(zip(schemas, visit.value, strict=False)):
        path = (*visit.path, index)
        never = f"there must be no item {index}"
        yield from visit.child(schema, item, path, never, keyword, str(index))


def _rest(visit: _Visit, schema: Any, start: int, keyword: str) -> Iterator[Violation]:
    for index in range(start, len(visit.value)):
        never = f"there must be no item {index}"
        yield from visit.child(schema, visit.value[index], (*visit.path, index), never, keyword)


def _contains(visit: _Visit, told: Any) -> Iterator[Violation]:
    least = visit.schema.get("minContains", 1)
    most = visit.schema.get("maxContains")
    count = sum(visit.holds(told, item) for item in visit.value)
    satisfy = f"{_counted(count, 'item')} of {visit.shown} satisf{'ies' if count == 1 else 'y'} it"
    if count == 0 < least:
        yield visit.fault(f"no item of {visit.shown} satisfies it", "contains")
    elif count < least:
        yield visit.fault(f"{satisfy}, fewer than {show(least)}", "minContains")
    if most is not None and count > most:
        yield visit.fault(f"{satisfy}, more than {show(most)}", "maxContains")


def _unique_items(visit: _Visit, told: Any) -> Iterator[Violation]:
    met: dict[Any, int] = {}
    for index, item in enumerate(visit.value if told else ()):
        first = met.setdefault(identity(item), index)
        if first != index:
            path = (*visit.path, index)
            message = f"items {first} and {index} are equal: {show(item)}"
            yield visit.fault(message, "uniqueItems", path=path)


def _properties(visit: _Visit, told: Any) -> Iterator[Violation]:
    for name, value in visit.value.items():
        if name in told:
            never = f"the property {show(name)} must not be there"
            path = (*visit.path, name)
            yield from visit.child(told[name], value, path, never, "properties", name)


def _pattern_properties(visit: _Visit, told: Any) -> Iterator[Violation]:
    for text, schema in told.items():
        regex = pattern(text)
        for name, value in visit.value.items():
            if matches(regex, name):
                never = f"no property must match {text}, as {show(name)} does"
                path = (*visit.path, name)
                yield from visit.child(schema, value, path, never, "patternProperties", text)


def _additional_properties(visit: _Visit, told: Any) -> Iterator[Violation]:
    named = visit.schema.get("properties", {})
    regexes = [pattern(text) for text in visit.schema.get("patternProperties", {})]
    for name, value in visit.value.items():
        if name not in named and not any(matches(regex, name) for regex in regexes):
            never = f"the property {show(name)} is not allowed"
            path = (*visit.path, name)
            yield from visit.child(told, value, path, never, "additionalProperties")


def _property_names(visit: _Visit, told: Any) -> Iterator[Violation]:
    for name in visit.value:
        if not visit.holds(told, name):
            because = violations(visit.position.child(told), name, visit.path)
            message = f"the key {show(name)} is not allowed"
            yield visit.fault(message, "propertyNames", because=because)


def _required(visit: _Visit, told: Any) -> Iterator[Violation]:
    for name in told:
        if name not in visit.value:
            yield visit.fault(f"the property {show(name)} is missing", "required")


def _dependent_required(visit: _Visit, told: Any) -> Iterator[Violation]:
    for name, needed in told.items():
        if name in visit.value:
            yield from _needed(visit, "dependentRequired", name, needed)


def _dependent_schemas(visit: _Visit, told: Any) -> Iterator[Violation]:
    for name, schema in told.items():
        if name in visit.value:
            never = f"the property {show(name)} must not be there"
            steps = ("dependentSchemas", name)
            yield from visit.child(schema, visit.value, visit.path, never, *steps)


def _dependencies(visit: _Visit, told: Any) -> Iterator[Violation]:
    for name, needed in told.items():
        if name in visit.value and isinstance(needed, (dict, bool)):
            never = f"the property {show(name)} must not be there"
            steps = ("dependencies", name)
            yield from visit.child(needed, visit.value, visit.path, never, *steps)
        elif name in visit.value:
            needed = [needed] if isinstance(needed, str) else needed
            yield from _needed(visit, "dependencies", name, needed)


def _needed(visit: _Visit, keyword: str, name: str, needed: Iterable[str]) -> Iterator[Violation]:
    for other in needed:
        if other not in visit.value:
            message = f"{show(name)} is there, but {show(other)} is missing"
            yield visit.fault(message, keyword, name)


def _reference(keyword: str) -> Callable[[_Visit, Any], Iterator[Violation]]:
    def check(visit: _Visit, told: Any) -> Iterator[Violation]:
        target = visit.position.target(keyword)
        if target is FALSE:
            yield visit.fault("it leads to the schema `false`", keyword)
        yield from violations(target, visit.value, visit.path)

    return check


def _all_of(visit: _Visit, told: Any) -> Iterator[Violation]:
    for index, schema in enumerate(told):
        never = "no value is allowed"
        yield from visit.child(schema, visit.value, visit.path, never, "allOf", str(index))


def _branches(visit: _Visit, keyword: str) -> list[Violation]:
    never = "no value is allowed"
    return [
        fault
        for index, schema in enumerate(visit.schema[keyword])
        for fault in visit.child(schema, visit.value, visit.path, never, keyword, str(index))
    ]


def _any_of(visit: _Visit, told: Any) -> Iterator[Violation]:
    if not any(visit.holds(schema, visit.value) for schema in told):
        message = f"{visit.shown} satisfies none of {_counted(len(told), 'schema')}"
        yield visit.fault(message, "anyOf", because=_branches(visit, "anyOf"))


def _one_of(visit: _Visit, told: Any) -> Iterator[Violation]:
    met = [index for index, schema in enumerate(told) if visit.holds(schema, visit.value)]
    if not met:
        message = f"{visit.shown} satisfies none of {_counted(len(told), 'schema')}"
        yield visit.fault(message, "oneOf", because=_branches(visit, "oneOf"))
    elif len(met) > 1:
        message = f"{visit.shown} satisfies more than one schema: {_listed(met, 'and')}"
        yield visit.fault(message, "oneOf")


def _not(visit: _Visit, told: Any) -> Iterator[Violation]:
    if visit.holds(told, visit.value):
        yield visit.fault(f"{visit.shown} satisfies the schema that it must not", "not")


def _if(visit: _Visit, told: Any) -> Iterator[Violation]:
    keyword = "then" if visit.holds(told, visit.value) else "else"
    if keyword in visit.schema:
        never = f"no value is allowed that {'satisfies' if keyword == 'then' else 'breaks'} `if`"
        yield from visit.child(visit.schema[keyword], visit.value, visit.path, never, keyword)


def _unevaluated(keyword: str) -> Callable[[_Visit, Any], Iterator[Violation]]:
    def check(visit: _Visit, told: Any) -> Iterator[Violation]:
        for key in left_to(keyword, visit.position, visit.value):
            what = f"item {key}" if isinstance(key, int) else f"the property {show(key)}"
            never = f"{what} is not allowed: no other schema has evaluated it"
            yield from visit.child(told, visit.value[key], (*visit.path, key), never, keyword)

    return check


_CHECKS: dict[str, Callable[[_Visit, Any], Iterable[Violation]]] = {
    **{keyword: _reference(keyword) for keyword in REFERENCES},
    "type": _type,
    "enum": _enum,
    "const": _const,
    "minimum": _minimum,
    "maximum": _maximum,
    "exclusiveMinimum": _above,
    "exclusiveMaximum": _below,
    "multipleOf": _multiple_of,
    "minLength": _at_least("minLength", "character"),
    "maxLength": _at_most("maxLength", "character"),
    "pattern": _pattern,
    "format": _format,
    "items": _items,
    "prefixItems": _prefix_items,
    "additionalItems": _additional_items,
    "minItems": _at_least("minItems", "item"),
    "maxItems": _at_most("maxItems", "item"),
    "contains": _contains,
    "uniqueItems": _unique_items,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "propertyNames": _property_names,
    "minProperties": _at_least("minProperties", "property"),
    "maxProperties": _at_most("maxProperties", "property"),
    "required": _required,
    "dependentRequired": _dependent_required,
    "dependentSchemas": _dependent_schemas,
    "dependencies": _dependencies,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "if": _if,
    "unevaluatedProperties": _unevaluated("unevaluatedProperties"),
    "unevaluatedItems": _unevaluated("unevaluatedItems"),
}
