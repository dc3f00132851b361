"""How each family of tokenizers writes the bytes of a token as the string in its vocabulary."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from constrain.errors import VocabularyError

Spelling = Callable[[str], bytes]
"""From the string of a token to its bytes in the middle of a text."""


def _byte_characters() -> dict[str, int]:
    """The printable character that stands for each byte in a byte-level vocabulary (GPT-2)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    characters = {chr(byte): byte for byte in printable}
    return characters | {chr(0x100 + i): byte for i, byte in enumerate(others)}


_BYTE_OF = _byte_characters()
_BYTE_TOKEN = re.compile("<0x([0-9A-Fa-f]{2})>")


def _byte_level(text: str) -> bytes:
    """One character a byte; a token with any other character stands for itself."""
    try:
        return bytes(map(_BYTE_OF.__getitem__, text))
    except KeyError:
        return text.encode()


def _byte_fallback(text: str) -> bytes:
    """A token such as "<0x0A>" is one byte; any other stands for itself."""
    found = _BYTE_TOKEN.fullmatch(text)
    return bytes([int(found[1], 16)]) if found else text.encode()


def _metaspace(text: str) -> str:
    return text.replace("▁", " ")


def _word_piece(text: str, prefix: str = "##") -> str:
    """A token with the prefix continues a word; any other is a new word, after a space."""
    return text[len(prefix) :] if prefix and text.startswith(prefix) else f" {text}"


def _replace(pairs: Iterable[tuple[str, str]], text: str) -> str:
    for old, new in pairs:
        text = text.replace(old, new)
    return text


_CLEANUP = (
    (" .", "."),
    (" ?", "?"),
    (" !", "!"),
    (" ,", ","),
    (" ' ", "'"),
    (" n't", "n't"),
    (" 'm", "'m"),
    (" do not", " don't"),
    (" 's", "'s"),
    (" 've", "'ve"),
    (" 're", "'re"),
)
"""What the WordPiece decoder of the `tokenizers` library tidies in each token."""

SPELLINGS: tuple[Spelling, ...] = (
    _byte_level,
    lambda text: _byte_fallback(_metaspace(text)),
    lambda text: _metaspace(text).encode(),
    lambda text: _word_piece(text).encode(),
    lambda text: f" {text}".encode(),
    lambda text: text.encode("latin-1"),
)
"""The spellings of slow tokenizers. Two that `decode` cannot tell apart give the same bytes."""


def declared_spelling(backend: Any) -> Spelling:
    """The spelling that the decoder of a `tokenizers.Tokenizer` declares."""
    rewrites: list[Callable[[str], str]] = []
    to_bytes: Spelling = str.encode
    joined = False  # past this, a step sees the whole text, and may only strip its start
    for step in _decoder_steps(backend):
        match step:
            case {"type": "Fuse"}:
                joined = True
            case {"type": "Strip", "stop": 0} if joined:
                pass
            case {"type": "ByteLevel"} if not joined:
                to_bytes, joined = _byte_level, True
            case {"type": "ByteFallback"} if not joined:
                to_bytes = _byte_fallback
            case {"type": "Metaspace", "replacement": mark} if not joined:
                rewrites.append(partial(_replace, ((mark, " "),)))
            case {"type": "Replace", "pattern": {"String": old}, "content": new} if not joined:
                rewrites.append(partial(_replace, ((old, new),)))
            case {"type": "WordPiece", "prefix": prefix, "cleanup": cleanup} if not joined:
                rewrites.append(partial(_word_piece, prefix=prefix))
                if cleanup:
                    rewrites.append(partial(_replace, _CLEANUP))
            case _:
                raise VocabularyError(
                    f"the tokenizer's decoder has a step {dict(step)}, after which the bytes of a "
                    "text are not those of its tokens one after the other"
                )

    def rewritten(text: str) -> bytes:
        for rewrite in rewrites:
            text = rewrite(text)
        return to_bytes(text)

    return rewritten if rewrites else to_bytes


def _decoder_steps(backend: Any) -> Iterator[Mapping[str, Any]]:
    if backend.decoder is None:
        if type(backend.model).__name__ != "WordLevel":
            raise VocabularyError(
                "the tokenizer has no decoder, so its tokens have no exact bytes; "
                "set the decoder that goes with its pre-tokenizer"
            )
        yield {"type": "WordPiece", "prefix": "", "cleanup": False}
        return
    try:
        declared = json.loads(backend.decoder.__getstate__())
    except Exception as error:
        raise VocabularyError(
            "the tokenizer's decoder is written in Python and declares nothing; "
            "pass the bytes of the tokens to Vocabulary.from_bytes"
        ) from error
    yield from _flat(declared)


def _flat(decoder: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if decoder["type"] == "Sequence":
        for inner in decoder["decoders"]:
            yield from _flat(inner)
    else:
        yield decoder
