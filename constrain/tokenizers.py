"""The exact bytes of every token of a tokenizer, by the parts that the tokenizer declares."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from constrain.errors import VocabularyError


@dataclass(frozen=True, slots=True)
class TokenTable:
    """What a vocabulary needs of a tokenizer."""

    token_bytes: list[bytes | None]
    """The bytes of each token id in the middle of a text; None for one that is never text."""
    eos_token_ids: tuple[int, ...]
    """The ids that end a text; empty if the tokenizer has none."""
    encode: Callable[[bytes], Sequence[int]]
    """The tokenizer's own split of some bytes, or () where it has none."""


def read_tokenizer(tokenizer: Any) -> TokenTable:
    """The tokens of a tokenizer.

    Raises:
        VocabularyError: the tokenizer is of no family whose bytes are known exactly.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None or json.loads(backend.decoder.__getstate__())["type"] != "ByteLevel":
        raise VocabularyError("not a fast byte-level tokenizer")
    vocabulary = backend.get_vocab(with_added_tokens=False)
    added = backend.get_added_tokens_decoder()
    table: list[bytes | None] = [None] * (max([*vocabulary.values(), *added]) + 1)
    for token, token_id in vocabulary.items():
        if token_id not in added:
            table[token_id] = bytes(map(_BYTES.__getitem__, token))
    eos = tokenizer.eos_token_id

    def encode(data: bytes) -> Sequence[int]:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return ()
        return list(tokenizer.encode(text, add_special_tokens=False))

    return TokenTable(table, () if eos is None else (eos,), encode)


def _byte_characters() -> dict[str, int]:
    """The printable character that stands for each byte in a byte-level vocabulary (GPT-2)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    characters = {chr(byte): byte for byte in printable}
    return characters | {chr(0x100 + i): byte for i, byte in enumerate(others)}


_BYTES = _byte_characters()
