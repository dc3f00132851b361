"""Keywords that say nothing where they stand, though they seem to be meant: they are told.

The specification has unknown keywords, those of other drafts, and, up to draft 7, all that stands
beside a `$ref`, say nothing. Who writes `minLenght` would not notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache

from constrain.schema.positions import Position
from constrain.schema.sources.dialects import Dialect
from constrain.schema.sources.keywords import KEYWORDS

_ALIKE = 0.85
"""Above this ratio of common letters one name may stand for another."""


def overlooked(position: Position) -> Iterator[tuple[str, str]]:
    """Yield the keywords of a schema that say nothing though they seem to be meant, and why."""
    written = position.written
    if len(position.schema) < len(written):
        dialect = position.scope.dialect
        hidden = dialect <= Dialect.DRAFT7 and "$ref" in written
        for name in written:
            known = KEYWORDS.get(name)
            if known is None or name in position.schema:
                continue
            if not known.since <= dialect <= known.until:
                drafts = known.since.label + ("" if known.since is known.until else " and later")
                yield name, f"it is no keyword of {dialect.label}, but of {drafts}"
            elif hidden:
                yield name, f"in {dialect.label} nothing counts beside a $ref; put it into an allOf"
    if not KEYWORDS.keys() >= written.keys():
        for name in written:
            meant = None if name in KEYWORDS else _meant(name)
            if meant is not None:
                yield name, f"it is no keyword; perhaps {meant!r} is meant"


@lru_cache(1024)
def _meant(name: object) -> str | None:
    """Return the keyword that is probably meant by a name that is none.

    A mark in front, as in `_format` and `//pattern`, switches a keyword off on purpose.
    """
    if not isinstance(name, str) or not name[:1].isalpha() or name in _ANNOTATIONS:
        return None
    plain = name.lower()
    for keyword in KEYWORDS:
        if abs(len(keyword) - len(name)) <= 2:
            alike = SequenceMatcher(None, plain, keyword.lower())
            if alike.quick_ratio() >= _ALIKE and alike.ratio() >= _ALIKE:
                return keyword
    return None


_ANNOTATIONS = frozenset(
    "title description default example examples deprecated readOnly writeOnly definitions id "
    "contentEncoding contentMediaType contentSchema".split()
)
