"""Special tokens in texts: how a token that is no text takes its place among bytes.

A special token is written as its name between two bytes 0xFF. No UTF-8 text has that byte, so
nothing else that a constraint allows can be taken for it, and no mark begins another.
"""

from __future__ import annotations

from dataclasses import dataclass

MARK = b"\xff"


@dataclass(frozen=True, slots=True)
class SpecialToken:
    """A special token of the tokenizer, by its name; not the text that spells the name."""

    name: str

    @property
    def mark(self) -> bytes:
        """The bytes that stand for it in the texts of constraints."""
        return MARK + self.name.encode() + MARK


def whole(data: bytes) -> bytes:
    """Return a text without the mark that it breaks off in, if it does."""
    return data if data.count(MARK) % 2 == 0 else data[: data.rindex(MARK)]


def pieces(data: bytes) -> list[bytes]:
    """Split a text into parts between marks, and the names in marks, in turn."""
    return data.split(MARK)
