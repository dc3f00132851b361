"""Whole training documents: an English prompt, a JSON Schema, and a JSON text that obeys it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator

from . import words
from .facts import Facts
from .fields import FIELDS, Made, Schema, dumps, odd_field
from .prompts import with_article, write_prompt
from .themes import THEMES, Theme

DIALECTS = (
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema#",
    "http://json-schema.org/draft-04/schema#",
)

FORMATS = Draft202012Validator.FORMAT_CHECKER

Member: TypeAlias = "tuple[str, Callable[[Facts], Made]]"  # a name in words, and its maker


@dataclass(frozen=True, slots=True)
class Document:
    """One document.

    Attributes:
        prompt: an English request, or None.
        schema: a JSON Schema that `value` obeys, or None.
        value: a JSON value.
        indent: the indentation of the value's text, None for a single line.
    """

    prompt: str | None
    schema: Schema | None
    value: Any
    indent: int | None

    @property
    def output(self) -> str:
        """The JSON text of `value`."""
        return dumps(self.value, self.indent)

    @property
    def schema_text(self) -> str | None:
        """The JSON text of `schema`, on one line."""
        return None if self.schema is None else dumps(self.schema)


def documents(seed: int) -> Iterator[Document]:
    """The endless stream of documents of a seed."""
    rng = random.Random(seed)
    while True:
        yield _Writer(rng).document()


def _camel(name: str) -> str:
    head, *tail = name.split()
    return head + "".join(word.capitalize() for word in tail)


_SPELLINGS: dict[Callable[[str], str], int] = {
    lambda name: name.replace(" ", "_"): 50,
    _camel: 35,
    lambda name: name.replace(" ", "-"): 4,
    lambda name: name.title().replace(" ", ""): 4,
    lambda name: name.title(): 3,
    lambda name: name: 4,
}


class _Writer:
    """Writes one document in one style."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.spell = rng.choices(tuple(_SPELLINGS), tuple(_SPELLINGS.values()))[0]
        self.definitions: dict[str, Schema] = {}
        self.reference = rng.choice(("$defs", "$defs", "definitions"))
        self.uses_references = rng.random() < 0.2
        self.described = rng.choice((0.0, 0.0, 0.0, 0.0, 0.3, 0.8))
        self.titled = rng.random() < 0.12
        self.closed = rng.random() < 0.4
        self.all_required = rng.random() < 0.4
        self.most = rng.choice((4, 8, 8, 8, 8, 8, 16))
        self.nullable = rng.choice((0.0, 0.0, 0.0, 0.2))

    def maybe(self, probability: float) -> bool:
        return self.rng.random() < probability

    def document(self) -> Document:
        facts = Facts(self.rng)
        theme = THEMES[self.rng.choice(tuple(THEMES))]
        name = self.rng.choice(theme.names)
        shapes, shares = ("record", "mixed", "odd", "array", "scalar"), (68, 12, 10, 7, 3)
        shape = self.rng.choices(shapes, shares)[0]
        if shape == "record":
            schema, value = self.record(theme, facts, name, 0)
        elif shape == "array":
            schema, value = self.many(theme, name)
        elif shape == "scalar":
            entry = self.rng.choice(tuple(FIELDS.values()))
            name = self.rng.choice(entry.names)
            schema, value = entry.make(facts)
        else:
            name = self.rng.choice(words.ODD_STRINGS)
            schema, value = self.mixture(facts, name, 0.25 if shape == "mixed" else 0.9)
        return self.present(name, schema, value)

    def record(self, theme: Theme, facts: Facts, name: str, depth: int) -> Made:
        """An object of a theme, with nested records down to depth 2."""
        members = [
            (word, make(facts)) for word, make in self.members(theme, max(2, self.most >> depth))
        ]
        if depth < 2 and theme.parts and self.maybe(0.4 - 0.2 * depth):
            for called, part, how in self.rng.sample(
                theme.parts, 1 + self.maybe(0.2) * (len(theme.parts) > 1)
            ):
                own = self.rng.choice(called)
                inner = facts if how == "same" else facts.fresh()
                made = (
                    self.many(THEMES[part], own)
                    if how == "many"
                    else self.shared(part, self.record(THEMES[part], inner, own, depth + 1))
                )
                members.insert(self.rng.randint(len(members) // 2, len(members)), (own, made))
        return self.object(members, name)

    def members(self, theme: Theme, most: int) -> list[Member]:
        """Some fields of a theme, mostly in their usual order."""
        size = min(len(theme.fields), self.rng.randint(1 if self.maybe(0.2) else 2, most))
        pool = theme.fields[: size + 3] if self.maybe(0.5) else theme.fields
        keys = self.rng.sample(pool, size)
        if self.maybe(0.75):
            keys.sort(key=theme.fields.index)
        members = []
        for key in keys:
            names = FIELDS[key].names
            own = names[0] if self.maybe(0.35) else self.rng.choice(names)
            if self.maybe(0.08):
                own = f"{self.rng.choice(words.QUALIFIERS)} {own}"
            members.append((own, FIELDS[key].make))
        return members

    def many(self, theme: Theme, name: str) -> Made:
        """An array of objects that share one schema."""
        members = self.members(theme, 4)
        facts = Facts(self.rng)
        item, first = self.object([(own, make(facts)) for own, make in members], name)
        values = [first]
        makers = {self.spell(own): make for own, make in reversed(members)}
        for _ in range(self.rng.choice((0, 1, 1, 2))):
            facts = facts.fresh()
            values.append(
                {
                    key: self.another(makers[key], facts, schema, first.get(key))
                    for key, schema in item["properties"].items()
                    if key in item.get("required", ()) or (key in first and self.maybe(0.7))
                }
            )
        schema: Schema = {"type": "array", "items": self.shared(name, (item, None))[0]}
        if self.maybe(0.3):
            schema["minItems"] = self.rng.randint(1, len(values))
        if self.maybe(0.25):
            schema["maxItems"] = self.rng.randint(len(values), len(values) + 3)
        return schema, values

    def another(
        self, make: Callable[[Facts], Made], facts: Facts, schema: Schema, known: Any
    ) -> Any:
        """A further value for a schema, or the one that is known to obey it."""
        validator = Draft202012Validator(schema, format_checker=FORMATS)
        for source in (facts, *(facts.fresh() for _ in range(9))):
            value = make(source)[1]
            if validator.is_valid(value):
                return value
        return known

    def mixture(self, facts: Facts, name: str, oddness: float) -> Made:
        """An object of fields that do not belong together."""
        members = []
        for _ in range(self.rng.randint(1, 7)):
            if self.maybe(oddness):
                members.append(odd_field(facts))
            else:
                entry = self.rng.choice(tuple(FIELDS.values()))
                members.append((self.rng.choice(entry.names), entry.make(facts)))
        if self.maybe(0.2):
            own = self.rng.choice(words.ODD_STRINGS)
            inner = [odd_field(facts) for _ in range(self.rng.randint(1, 4))]
            members.append((own, self.object(inner, own)))
        return self.object(members, name)

    def object(self, members: list[tuple[str, Made]], name: str) -> Made:
        """An object with the members, some of them optional or nullable."""
        properties: dict[str, Schema] = {}
        required: list[str] = []
        value: dict[str, Any] = {}
        for own, (schema, member) in members:
            key = self.spell(own)
            if key in properties:
                continue
            if self.maybe(self.nullable):
                schema = self.or_null(schema)
                member = None if self.maybe(0.4) else member
            properties[key] = self.annotated(schema, own, name)
            if self.all_required or self.maybe(0.7):
                required.append(key)
            if key in required or self.maybe(0.7) or not value:
                value[key] = member
        result: Schema = {"type": "object", "properties": properties}
        if required:
            result["required"] = required
        if self.closed:
            result["additionalProperties"] = False
        return result, value

    def or_null(self, schema: Schema) -> Schema:
        """The schema, or null."""
        if isinstance(schema.get("type"), str) and "enum" not in schema and self.maybe(0.5):
            return schema | {"type": [schema["type"], "null"]}
        default: Schema = {"default": None} if self.titled else {}
        return {"anyOf": [schema, {"type": "null"}]} | default

    def annotated(self, schema: Schema, own: str, owner: str) -> Schema:
        """The schema with a title and a description, where the style has them."""
        if self.titled and "$ref" not in schema:
            schema = {"title": own.title()} | schema
        if self.maybe(self.described):
            said = self.rng.choice(
                (
                    f"The {own} of the {owner}",
                    f"The {own}",
                    own.capitalize(),
                    f"{own} of this {owner}",
                )
            )
            note = {"description": said}
            schema = note | schema if self.maybe(0.3) else schema | note
        return schema

    def shared(self, name: str, made: Made) -> Made:
        """The same, its schema now and then moved to the definitions."""
        title = name.title().replace(" ", "")
        if not self.uses_references or title in self.definitions:
            return made
        self.definitions[title] = made[0]
        return {"$ref": f"#/{self.reference}/{title}"}, made[1]

    def present(self, name: str, schema: Schema, value: Any) -> Document:
        """The document, with whatever stands around a schema."""
        head: Schema = {}
        if self.maybe(0.4):
            head["$schema"] = self.rng.choice(DIALECTS)
        if self.maybe(0.05):
            head["$id"] = f"https://example.com/{name.replace(' ', '-')}.schema.json"
        if self.titled or self.maybe(0.4):
            head["title"] = name.title() if self.maybe(0.5) else name.title().replace(" ", "")
        if self.maybe(0.2):
            head["description"] = self.rng.choice(
                (
                    with_article(name).capitalize(),
                    f"Schema for {with_article(name)}",
                    f"One {name} record.",
                )
            )
        tail = {self.reference: self.definitions} if self.definitions else {}
        if self.maybe(0.12):  # as Pydantic writes it: keywords in alphabetic order
            whole = tail | dict(sorted((head | schema).items()))
        else:
            whole = head | schema | tail
        shown = self.rng.choices(("schema", "both", "prompt", "neither"), (47, 35, 16, 2))[0]
        prompt = write_prompt(self.rng, name, value) if shown in ("both", "prompt") else None
        indent = 2 if self.maybe(0.06) else None
        return Document(prompt, whole if shown in ("schema", "both") else None, value, indent)
