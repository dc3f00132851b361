"""The dialects of JSON Schema: its drafts."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

from constrain.errors import ConstraintError


class Dialect(IntEnum):
    """The drafts of JSON Schema, in the order of their appearance."""

    DRAFT4 = 4
    DRAFT6 = 6
    DRAFT7 = 7
    DRAFT2019 = 2019
    DRAFT2020 = 2020
    V1 = 2026

    @property
    def uri(self) -> str:
        """The identifier that `$schema` gives for the draft."""
        if self is Dialect.V1:
            return "https://json-schema.org/v1"
        if self <= Dialect.DRAFT7:
            return f"http://json-schema.org/draft-{self:02}/schema"
        return f"https://json-schema.org/draft/{self.label.removeprefix('draft')}/schema"

    @property
    def label(self) -> str:
        """The name of the draft in the public interface."""
        return _LABELS.get(self, f"draft{int(self)}")

    @property
    def id_keyword(self) -> str:
        """The keyword that names a resource."""
        return "id" if self is Dialect.DRAFT4 else "$id"


_LABELS = {
    Dialect.DRAFT2019: "draft2019-09",
    Dialect.DRAFT2020: "draft2020-12",
    Dialect.V1: "v1",
}
_BY_NAME = {dialect.label.removeprefix("draft"): dialect for dialect in Dialect}
_BY_URI = {dialect.uri: dialect for dialect in Dialect}


def labels() -> str:
    """Return the names of all drafts, for messages."""
    return ", ".join(dialect.label for dialect in Dialect)


def labelled(label: str | int) -> Dialect:
    """Return the draft of a name in the public interface; "draft7", "7" and 7 are the same.

    Raises:
        ConstraintError: there is none.
    """
    dialect = _BY_NAME.get(str(label).removeprefix("draft"))
    if dialect is None:
        raise ConstraintError(f"unknown draft {label!r}; known are {labels()}")
    return dialect


@lru_cache(256)
def declared(uri: str) -> Dialect | None:
    """Return the draft whose meta-schema a URI names, or None where it is another's."""
    return _BY_URI.get(_plain(uri).replace("/hyper-schema", "/schema"))


def is_too_old(uri: str) -> bool:
    """Return whether a URI names the meta-schema of a draft before draft 4."""
    return _plain(uri).startswith(_TOO_OLD)


def _plain(uri: str) -> str:
    return uri.rstrip("#").replace("https://json-schema.org/draft-0", _OLD_DRAFTS)


_OLD_DRAFTS = "http://json-schema.org/draft-0"
_TOO_OLD = tuple(f"{_OLD_DRAFTS}{number}/" for number in range(4))
