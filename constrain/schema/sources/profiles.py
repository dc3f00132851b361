"""Which keywords a resource uses: those of its draft, or of the vocabularies that it chooses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property

from constrain.schema.sources.dialects import Dialect
from constrain.schema.sources.keywords import KEYWORDS


@dataclass(frozen=True)
class Profile:
    """How the keywords of a resource are read.

    Attributes:
        dialect: the draft.
        off: keywords that say nothing: those of other drafts, or of vocabularies left out.
        asserts_formats: whether `format` constrains values.
    """

    dialect: Dialect
    off: frozenset[str]
    asserts_formats: bool

    @cached_property
    def quiet(self) -> frozenset[str]:
        """The keywords that say nothing, and `$ref` where others say nothing beside it."""
        return self.off | _HIDING if self.dialect <= Dialect.DRAFT7 else self.off


@cache
def profile_of(dialect: Dialect) -> Profile:
    """Return the profile of a draft."""
    foreign = (
        name for name, known in KEYWORDS.items() if not known.since <= dialect <= known.until
    )
    return Profile(dialect, frozenset(foreign), dialect >= Dialect.V1)


def choose(dialect: Dialect, vocabularies: Iterable[str]) -> Profile:
    """Return the profile of a meta-schema that lists vocabularies, by their URIs."""
    known = {uri.rpartition("/")[2] for uri in vocabularies if is_known(uri)}
    used = frozenset[str]().union(*(_KEYWORDS[name] for name in known))
    if dialect is Dialect.DRAFT2019 and "applicator" in known:
        used |= _KEYWORDS["unevaluated"]
    whole = profile_of(dialect)
    asserts = "format-assertion" in known or (dialect is Dialect.DRAFT2019 and "format" in known)
    return Profile(dialect, whole.off | (_CHOSEN - used), asserts)


def is_known(uri: str) -> bool:
    """Return whether a vocabulary is one of the specification's."""
    base, _, name = uri.rpartition("/")
    return base in _BASES and name in _KEYWORDS


_HIDING = frozenset(("$ref",))
_BASES = (
    "https://json-schema.org/draft/2019-09/vocab",
    "https://json-schema.org/draft/2020-12/vocab",
)
_KEYWORDS = {
    "core": frozenset[str](),
    "applicator": frozenset(
        "allOf anyOf oneOf not if then else dependentSchemas dependencies items additionalItems "
        "prefixItems contains properties patternProperties additionalProperties "
        "propertyNames".split()
    ),
    "unevaluated": frozenset(("unevaluatedItems", "unevaluatedProperties")),
    "validation": frozenset(
        "type enum const minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength "
        "maxLength pattern minItems maxItems uniqueItems minContains maxContains minProperties "
        "maxProperties required dependentRequired".split()
    ),
    "format": frozenset(("format",)),
    "format-annotation": frozenset(("format",)),
    "format-assertion": frozenset(("format",)),
    "content": frozenset[str](),
    "meta-data": frozenset[str](),
}
_CHOSEN = frozenset[str]().union(*_KEYWORDS.values())
