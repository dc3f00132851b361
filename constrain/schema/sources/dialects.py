"""The dialects of JSON Schema: its drafts."""

from __future__ import annotations

from enum import IntEnum


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
_BY_LABEL = {dialect.label: dialect for dialect in Dialect}
_BY_URI = {dialect.uri: dialect for dialect in Dialect}


def labelled(label: str) -> Dialect:
    """Return the draft of a name in the public interface.

    Raises:
        ValueError: there is none.
    """
    if label not in _BY_LABEL:
        raise ValueError(f"unknown draft {label!r}; known are {', '.join(_BY_LABEL)}")
    return _BY_LABEL[label]


def declared(uri: str) -> Dialect | None:
    """Return the draft whose meta-schema a URI names, or None where it is another's."""
    plain = uri.rstrip("#").replace("https://json-schema.org/draft-0", _OLD_DRAFTS)
    return _BY_URI.get(plain)


_OLD_DRAFTS = "http://json-schema.org/draft-0"
