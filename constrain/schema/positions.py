"""The atoms of a schema: a schema position says what its keywords say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from constrain.errors import InvalidSchemaError
from constrain.schema.choices import choice
from constrain.schema.facts import (
    ALL_STRINGS,
    FALSE,
    TRUE,
    ArrayFacts,
    Atom,
    Breach,
    Constant,
    Count,
    Enumeration,
    Facts,
    Given,
    ObjectFacts,
    Place,
)
from constrain.schema.negation import Not, properties
from constrain.schema.numeric import numbers
from constrain.schema.numeric.numbers import ALL_NUMBERS, INTEGERS, NumberShape
from constrain.schema.options import JSONOptions
from constrain.schema.sources.documents import Documents, Scope, escape
from constrain.schema.sources.keywords import (
    ANY_TYPE,
    ARRAY,
    DEPENDENCIES,
    KEYWORDS,
    NUMBER,
    OBJECT,
    REFERENCES,
    STRING,
    UNEVALUATED,
    types_of,
)
from constrain.schema.sources.resources import Schema
from constrain.schema.textual import strings
from constrain.schema.textual.formats import Format, format_regex
from constrain.schema.textual.strings import Judges, StringShape, pattern

if TYPE_CHECKING:
    from constrain.schema.exclusive import Exclusion


class Position(Atom):
    """The atom of a schema that stands somewhere in a document.

    Attributes:
        schema: the keywords that say something.
        scope: the resource it belongs to.
    """

    __slots__ = ("_atoms", "_choices", "_source", "schema", "scope")

    def __init__(self, source: dict[str, Any], scope: Scope, atoms: Atoms) -> None:
        self._facts = None
        documents = atoms.documents
        self.schema = documents.read(source, scope) if documents.amended else scope.read(source)
        self.scope = scope
        self._source = source
        self._atoms = atoms
        self._choices: dict[str, Enumeration | None] = {}

    @property
    def written(self) -> dict[str, Any]:
        """The schema as it stands in its document."""
        return self._source

    @property
    def documents(self) -> Documents:
        """The documents that the schema consists of."""
        return self._atoms.documents

    def amend(self, schema: dict[str, Any]) -> None:
        """Let the schema say something else than what is written."""
        self.documents.amended[id(self._source), id(self.scope)] = self.schema = schema
        self._choices.clear()

    def forget(self) -> None:
        """Let what is known go, until it is asked for again."""
        self._facts = None
        self._choices.clear()

    @property
    def options(self) -> JSONOptions:
        """Which texts are in the language."""
        return self._atoms.options

    def pointer(self, *steps: str) -> str:
        """Return the JSON pointer to the schema, or to a place below it."""
        base = self.documents.pointer(self._source, self.scope)
        return "".join([base, *("/" + escape(step) for step in steps)])

    def child(self, schema: Schema) -> Atom:
        """Return the atom of a subschema."""
        return self._atoms.at(schema, self.scope)

    def target(self, keyword: str = "$ref") -> Atom:
        """Return the atom that one of `REFERENCES` leads to.

        Raises:
            InvalidSchemaError: it leads nowhere.
        """
        reference = self.schema[keyword]
        found = self.documents.resolve(self.scope, keyword, reference)
        if found is None:
            raise InvalidSchemaError(
                self.pointer(keyword),
                f"nothing is at {reference!r}; pass remote documents as `registry` or `retrieve`",
            )
        schema, scope = found
        if not isinstance(schema, (bool, dict)):
            raise InvalidSchemaError(self.pointer(keyword), f"no schema is at {reference!r}")
        return self._atoms.at(schema, scope)

    def _read(self) -> Facts:
        schema = self.schema
        if schema.keys() == _REFERENCE:
            return Facts(all_of=(((0,), self.target()),), place=1)
        types = types_of(schema)
        number = ALL_NUMBERS
        if types & NUMBER:
            found = _numbers(schema)
            types, number = (types, found) if found is not None else (types & ~NUMBER, number)
        string, judges = ALL_STRINGS, _NO_JUDGES
        if types & STRING and not _STRING_KEYS.isdisjoint(schema):
            string, judges = self._strings(schema)
        array = members = None
        if types & ARRAY and not _ARRAY_KEYS.isdisjoint(schema):
            array = self._arrays(schema)
        if types & OBJECT and not _OBJECT_KEYS.isdisjoint(schema):
            members = self._objects(schema)
        all_of, any_of, place = self._applicators(schema)
        if not UNEVALUATED.isdisjoint(schema):
            all_of += (((), atom) for atom in self._unevaluated(types))
        return Facts(
            types,
            None if _CHOOSING.isdisjoint(schema) else self._enum(schema),
            number=number,
            string=string,
            judges=judges,
            array=array,
            object=members,
            all_of=tuple(all_of),
            any_of=tuple(any_of),
            place=place,
        )

    def _unevaluated(self, types: int) -> Iterator[Atom]:
        for keyword in ("unevaluatedProperties", "unevaluatedItems"):
            value = self.schema.get(keyword, True)
            if types & KEYWORDS[keyword].types and self.child(value) is not TRUE:
                yield self._atoms.unevaluated(keyword, self)

    def _enum(self, schema: dict[str, Any]) -> Enumeration | None:
        enums = [Enumeration((schema["const"],))] if "const" in schema else []
        if "enum" in schema:
            enums.append(Enumeration(schema["enum"]))
        choices = (self.choice(keyword) for keyword in ("anyOf", "oneOf"))
        enums += (found for found in choices if found is not None)
        if len(enums) < 2:
            return enums[0] if enums else None
        first, *others = enums
        return Enumeration([v for v in first.values if all(v in other for other in others)])

    def choice(self, keyword: str) -> Enumeration | None:
        """Return the values that `anyOf` or `oneOf` allows, where its branches list them."""
        if keyword not in self.schema:
            return None
        if keyword not in self._choices:
            self._choices[keyword] = choice(self, keyword)
        return self._choices[keyword]

    def negated(self) -> Atom | None:
        """Return the atom of all other values, where the schema says only what is `not` so."""
        said = self.schema.keys() & KEYWORDS.keys()
        return self.child(self.schema["not"]) if said == {"not"} else None

    def _applicators(
        self, schema: dict[str, Any]
    ) -> tuple[list[tuple[Place, Atom]], list[tuple[Place, tuple[Atom, ...]]], int]:
        all_of: list[tuple[Place, Atom]] = []
        any_of: list[tuple[Place, tuple[Atom, ...]]] = []
        own = last = len(schema)
        if _APPLICATORS.isdisjoint(schema):
            return all_of, any_of, own
        for place, (keyword, value) in enumerate(schema.items()):
            if keyword in _PROPERTY_KEYS:
                own = min(own, place)
            elif keyword in REFERENCES:
                all_of.append(((place,), self.target(keyword)))
            elif keyword == "allOf":
                parts = enumerate(map(self.child, value))
                all_of += (((place, index), part) for index, part in parts)
            elif keyword in ("anyOf", "oneOf") and self.choice(keyword) is not None:
                continue
            elif keyword == "anyOf":
                any_of.append(((place,), tuple(map(self.child, value))))
            elif keyword == "oneOf":
                any_of.append(((place,), self._atoms.exclusive(self)))
            elif keyword == "not":
                all_of.append(((last,), self._atoms.negation(self.child(value))))
            elif keyword == "if" and _branches(schema):
                any_of.append(((last,), self._conditional(schema)))
            elif keyword in DEPENDENCIES:
                for name, needed in value.items():
                    if isinstance(needed, (dict, bool)):
                        any_of.append(((last,), self._dependency(name, needed)))
                    else:
                        all_of.append(((last,), self._companions(name, needed)))
        return all_of, any_of, own

    def _conditional(self, schema: dict[str, Any]) -> tuple[Atom, ...]:
        condition = self.child(schema["if"])
        met = condition, self.child(schema.get("then", True))
        otherwise = self._atoms.negation(condition), self.child(schema.get("else", True))
        return both(*met), both(*otherwise)

    def _dependency(self, name: str, schema: Schema) -> tuple[Atom, ...]:
        """Return the atoms of the values without a property, and of those as it wants them."""
        present = Given(Facts(OBJECT, object=properties({}, (name,))))
        without = Given(Facts(object=properties({name: FALSE})))
        return without, both(present, self.child(schema))

    def _companions(self, name: str, needed: Sequence[str] | str) -> Atom:
        """Return the atom of the values that do not have a property without all that it needs."""
        others = (needed,) if isinstance(needed, str) else needed
        rules = (properties({other: FALSE}, (name,)) for other in others if other != name)
        breaches = tuple(Breach(rule, self._atoms.negation) for rule in rules)
        return Given(Facts(object=replace(properties({}), breaches=breaches)))

    def _strings(self, schema: dict[str, Any]) -> tuple[StringShape, Judges]:
        regexes = [pattern(schema["pattern"])] if "pattern" in schema else []
        judges: Judges = ()
        format = self.format
        if format is not None:
            regexes.append(format.regex)
            judges = () if format.judge is None else ((format.judge, True),)
        low, high = _low(schema, "minLength"), _high(schema, "maxLength")
        return strings.string(regexes, low, high), judges

    @property
    def asserts_formats(self) -> bool:
        """Whether the formats of the specification constrain values here."""
        said = self.options.format
        return said == "assert" or (said == "dialect" and self.scope.profile.asserts_formats)

    @property
    def format(self) -> Format | None:
        """The format that the schema names; None where it constrains nothing."""
        name = self.schema.get("format")
        options = self.options
        if name is None:
            return None
        if name in options.formats:
            from constrain.schema.textual.custom import custom_format

            return custom_format(options.formats[name])
        if not self.asserts_formats:
            return None
        regex = format_regex(name, self.scope.dialect.label, options.portable_formats)
        return None if regex is None else Format(regex)

    def _arrays(self, schema: dict[str, Any]) -> ArrayFacts:
        items = schema.get("items", True)
        prefix: Sequence[Schema] = ()
        if isinstance(items, list):
            prefix, items = items, schema.get("additionalItems", True)
        elif "prefixItems" in schema:
            prefix = schema["prefixItems"]
        return ArrayFacts(
            tuple(map(self.child, prefix)),
            self.child(items),
            _low(schema, "minItems"),
            _high(schema, "maxItems"),
            self._counts(schema),
            True if schema.get("uniqueItems") else None,
        )

    def _counts(self, schema: dict[str, Any]) -> tuple[Count, ...]:
        if "contains" not in schema:
            return ()
        low = int(schema.get("minContains", 1))
        high = _high(schema, "maxContains")
        return (Count(self.child(schema["contains"]), low, high),)

    def _objects(self, schema: dict[str, Any]) -> ObjectFacts:
        patterns = schema.get("patternProperties", {})
        return ObjectFacts(
            schema.get("properties", {}),
            self.child,
            tuple((pattern(text), self.child(child)) for text, child in patterns.items()),
            self.child(schema.get("additionalProperties", True)),
            self.child(schema.get("propertyNames", True)),
            schema.get("required", ()),
            _low(schema, "minProperties"),
            _high(schema, "maxProperties"),
        )


class Atoms:
    """The atoms of a schema, one for each position, constant and negation.

    Attributes:
        documents: the documents that the schema consists of.
        options: which texts are in the language.
        exclusions: what makes the branches of a `oneOf` exclude one another; where there is
            nothing for a position, they do so anyway.
        negating: whether negations are taken at their word, or as saying nothing.
    """

    def __init__(
        self,
        documents: Documents,
        options: JSONOptions,
        exclusions: Mapping[Position, Exclusion],
        negating: bool = True,
    ) -> None:
        self.documents = documents
        self.options = options
        self._exclusions = exclusions
        self._negating = negating
        self._positions: dict[tuple[int, int], Position] = {}
        self._constants: dict[int, Constant] = {}
        self._negations: dict[Atom, Atom] = {TRUE: FALSE, FALSE: TRUE}
        self.root = self.at(documents.root, documents.root_scope)

    def close(self) -> None:
        """Let all atoms go; one that somebody holds finds out again what it is asked."""
        for position in self._positions.values():
            position.forget()
        self._positions.clear()
        self._constants.clear()
        self._negations = {TRUE: FALSE, FALSE: TRUE}

    def at(self, schema: Schema, scope: Scope) -> Atom:
        """Return the atom of a schema met in a scope."""
        if isinstance(schema, bool) or not schema:
            return FALSE if schema is False else TRUE
        if scope.id_keyword in schema:
            scope = scope.of(schema)
        key = (id(schema), id(scope))
        found = self._positions.get(key)
        if found is None:
            found = self._positions[key] = Position(schema, scope, self)
        return found

    def constant(self, value: Any) -> Atom:
        """Return the atom of a value that stands in a document."""
        found = self._constants.get(id(value))
        if found is None:
            found = self._constants[id(value)] = Constant(value, self.constant)
        return found

    def negation(self, atom: Atom) -> Atom:
        """Return the atom of all values that are not in an atom's set."""
        found = self._negations.get(atom)
        if found is None:
            if not self._negating:
                return TRUE
            if isinstance(atom, Position) and (inner := atom.negated()) is not None:
                return self._without_doubles(atom, inner)
            found = atom.negation() or Not(atom, self.negation)
            self._negations[atom], self._negations[found] = found, atom
        return found

    def _without_doubles(self, outer: Position, inner: Atom) -> Atom:
        """Return the negation of a schema that is a negation itself, perhaps of another one."""
        chain = [outer]
        while (
            isinstance(inner, Position)
            and inner not in self._negations
            and (further := inner.negated()) is not None
        ):
            chain.append(inner)
            inner = further
        # Not `inner` itself, for what is evaluated below a negation does not count.
        outcome: Atom = Not(chain[-1], self.negation)
        self._negations[outcome] = chain[-1]
        other = self.negation(inner)
        for position in reversed(chain):
            self._negations[position] = outcome
            outcome, other = other, outcome
        return self._negations[outer]

    def unevaluated(self, keyword: str, position: Position) -> Atom:
        """Return the atom of `unevaluatedProperties` or `unevaluatedItems` in a schema."""
        from constrain.schema.unevaluated import Unevaluated

        return Unevaluated(keyword, position, self.negation)

    def exclusive(self, position: Position) -> tuple[Atom, ...]:
        """Return the branches of a `oneOf`, made exclusive."""
        branches = tuple(position.child(branch) for branch in position.schema["oneOf"])
        exclusion = self._exclusions.get(position)
        if exclusion is None:
            return branches
        types, others = exclusion
        beside = () if types == ANY_TYPE else (Given(Facts(types)),)
        return tuple(
            both(branch, *beside, *(self.negation(branches[other]) for other in others.get(i, ())))
            for i, branch in enumerate(branches)
        )


def both(*atoms: Atom) -> Atom:
    """Return the atom of the values in all of several atoms."""
    if len(atoms) == 1:
        return atoms[0]
    return Given(Facts(all_of=tuple(((index,), atom) for index, atom in enumerate(atoms))))


_APPLICATORS = frozenset(
    (
        *REFERENCES,
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        *DEPENDENCIES,
    )
)
_REFERENCE = {"$ref"}
_CHOOSING = frozenset(("const", "enum", "anyOf", "oneOf"))
_PROPERTY_KEYS = frozenset(("properties", "patternProperties", "additionalProperties"))
_NUMBER_KEYS = frozenset(
    ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
)
_STRING_KEYS = frozenset(("minLength", "maxLength", "pattern", "format"))
_ARRAY_KEYS = frozenset(
    ("items", "prefixItems", "additionalItems", "minItems", "maxItems", "contains", "uniqueItems")
)
_OBJECT_KEYS = frozenset(
    (
        "properties",
        "patternProperties",
        "additionalProperties",
        "propertyNames",
        "required",
        "minProperties",
        "maxProperties",
    )
)


_NO_JUDGES: Judges = ()


def _branches(schema: dict[str, Any]) -> bool:
    return "then" in schema or "else" in schema


def _low(schema: dict[str, Any], keyword: str) -> int:
    return int(schema.get(keyword, 0))


def _high(schema: dict[str, Any], keyword: str) -> int | None:
    return int(schema[keyword]) if keyword in schema else None


def _numbers(schema: dict[str, Any]) -> NumberShape | None:
    """Return the numbers that a schema allows, or None where it allows none."""
    named = schema.get("type", "number")
    integer = "number" not in named if isinstance(named, list) else named == "integer"
    if _NUMBER_KEYS.isdisjoint(schema):
        return INTEGERS if integer else ALL_NUMBERS
    limits: dict[str, Any] = {"minimum": schema.get("minimum"), "maximum": schema.get("maximum")}
    for name in ("minimum", "maximum"):
        exclusive = schema.get(f"exclusive{name.capitalize()}")
        if exclusive is True:
            limits[f"exclusive_{name}"] = limits.pop(name)
        elif exclusive is not False:
            limits[f"exclusive_{name}"] = exclusive
    return numbers.number(integer=integer, multiple_of=schema.get("multipleOf"), **limits)
