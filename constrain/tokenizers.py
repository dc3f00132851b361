"""The exact bytes of every token of a tokenizer.

A tokenizer is read by the parts that it declares (its decoder, its table of byte strings), never
by its name, and what was read is then compared with what the tokenizer's own `decode` makes of
every single token.

The bytes are those in the middle of a text. Many decoders drop one space at the start of a text
(SentencePiece's "▁the" decodes to "the" there and to " the" elsewhere); what a model writes
follows a prompt, so its first token is in the middle of a text as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from constrain.errors import VocabularyError
from constrain.spellings import SPELLINGS, Spelling, declared_spelling


@dataclass(frozen=True, slots=True)
class MidTextEncoder:
    """Splits bytes as a tokenizer does in the middle of a text: after a prefix, then cut off."""

    split: Callable[[str], Sequence[int]]
    prefix: str
    prefix_tokens: int

    def __call__(self, data: bytes) -> Sequence[int]:
        """The token ids, or () if the tokenizer has none for these bytes."""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return ()
        return _attempt(self.split, self.prefix + text)[self.prefix_tokens :]


@dataclass(frozen=True, slots=True)
class TokenTable:
    """What a vocabulary needs of a tokenizer."""

    token_bytes: list[bytes | None]
    """The bytes of each token id in the middle of a text; None for one that is never text."""
    eos_token_ids: tuple[int, ...]
    """The ids that end a text; empty if the tokenizer has none."""
    special_tokens: dict[str, int]
    """The ids of special and added tokens, by name."""
    encode: MidTextEncoder | None
    """The tokenizer's own way to split bytes, where it has one."""


def read_tokenizer(tokenizer: Any) -> TokenTable:
    """The tokens of a tokenizer, special and added ones left out.

    Raises:
        VocabularyError: the tokenizer declares no parts that give the exact bytes of its tokens,
            or its `decode` disagrees with them.
    """
    for read in _FAMILIES:
        source = read(tokenizer)
        if source is not None:
            table = [source.spelt.get(i) for i in range(source.size)]
            return TokenTable(
                table, source.eos_token_ids, source.special_tokens, _mid_text_encoder(source)
            )
    raise VocabularyError(
        f"{type(tokenizer).__name__} is not a tokenizer: it has no vocabulary to read; "
        "pass a Hugging Face, tiktoken or mistral-common tokenizer, or use Vocabulary.from_bytes"
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """A tokenizer, reduced to what all families have."""

    size: int
    spelt: dict[int, bytes]
    """The bytes of each token that may occur in a text."""
    split: Callable[[str], Sequence[int]]
    decode: Callable[[list[int]], str]
    eos_token_ids: tuple[int, ...]
    special_tokens: dict[str, int]


# -- Families -----------------------------------------------------------------------------------


def _read_fast(tokenizer: Any) -> _Source | None:
    """A fast Hugging Face tokenizer, or the `tokenizers.Tokenizer` inside one."""
    backend = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if not hasattr(backend, "get_added_tokens_decoder"):
        return None
    added = backend.get_added_tokens_decoder()
    never = {*added, *_special_ids(tokenizer)}
    tokens = backend.get_vocab(with_added_tokens=False)
    unknown = _unknown_token(backend.model)
    size = max([*tokens.values(), *added], default=-1) + 1
    texts = {i: text for text, i in tokens.items() if i not in never and text != unknown}
    source = _Source(
        size,
        _spell(texts, declared_spelling(backend)),
        partial(_split_fast, backend),
        partial(backend.decode, skip_special_tokens=False),
        _eos_ids(tokenizer),
        {token.content: i for i, token in added.items()},
    )
    return _verified(source)


def _split_fast(backend: Any, text: str) -> list[int]:
    ids: list[int] = backend.encode(text, add_special_tokens=False).ids
    return ids


def _unknown_token(model: Any) -> str | None:
    """The token that a model of the `tokenizers` library writes for what it cannot spell."""
    if hasattr(model, "unk_token"):
        unknown: str | None = model.unk_token
        return unknown
    state = json.loads(model.__getstate__())
    index = state.get("unk_id")
    return None if index is None else state["vocab"][index][0]


def _read_slow(tokenizer: Any) -> _Source | None:
    """A tokenizer in Python. It declares no decoder: take the spelling that `decode` confirms."""
    if not (hasattr(tokenizer, "get_vocab") and hasattr(tokenizer, "decode")):
        return None
    tokens = tokenizer.get_vocab()
    never = _special_ids(tokenizer)
    markup = _markup_pieces(getattr(tokenizer, "sp_model", None))
    texts = {i: text for text, i in tokens.items() if i not in never and text not in markup}
    return _confirmed(
        texts,
        max(tokens.values(), default=-1) + 1,
        partial(tokenizer.encode, add_special_tokens=False),
        _plain_decode(tokenizer),
        _eos_ids(tokenizer),
        {text: i for text, i in tokens.items() if i in never} | _added_tokens(tokenizer),
    )


def _markup_pieces(model: Any) -> set[str]:
    """The pieces of a SentencePiece model that are never text, declared special or not."""
    if model is None:
        return set()
    ids = range(model.get_piece_size())
    kinds = (model.is_control, model.is_unknown, model.is_unused)
    return {model.id_to_piece(i) for i in ids if any(kind(i) for kind in kinds)}


def _confirmed(
    texts: Mapping[int, str],
    size: int,
    split: Callable[[str], Sequence[int]],
    decode: Callable[[list[int]], str],
    eos_token_ids: tuple[int, ...],
    special_tokens: dict[str, int],
) -> _Source:
    """The tokens in the one of the known spellings that `decode` confirms for all of them."""
    refuted: list[int] = []
    for spelling in SPELLINGS:
        try:
            spelt = _spell(texts, spelling)
        except UnicodeEncodeError:
            continue
        source = _Source(size, spelt, split, decode, eos_token_ids, special_tokens)
        wrong = _first_mismatch(source)
        if wrong is None:
            return source
        refuted.append(wrong)
    wrong = max(refuted, default=min(texts, default=0))
    raise VocabularyError(
        f"token {wrong} ({texts.get(wrong)!r}) is decoded in no way that is known here; "
        "pass the bytes of the tokens to Vocabulary.from_bytes"
    )


def _read_tiktoken(encoding: Any) -> _Source | None:
    """A `tiktoken.Encoding`."""
    if not _is_encoding(encoding):
        return None
    spelt, special = _read_encoding(encoding)
    size = max([*spelt, *special.values()]) + 1
    eos = tuple(i for text, i in special.items() if text == "<|endoftext|>")
    split, decode = encoding.encode_ordinary, encoding.decode
    return _verified(_Source(size, spelt, split, decode, eos, special))


def _read_byte_strings(tokenizer: Any) -> _Source | None:
    """A Hugging Face tokenizer around a `tiktoken.Encoding` or a table of ids by byte strings."""
    for part in getattr(tokenizer, "__dict__", {}).values():
        if _is_encoding(part):
            spelt, special = _read_encoding(part)
            split = part.encode_ordinary
        elif isinstance(part, dict) and part and all(isinstance(key, bytes) for key in part):
            spelt, special = {i: item for item, i in part.items()}, {}
            split = partial(tokenizer.encode, add_special_tokens=False)
        else:
            continue
        special |= _added_tokens(tokenizer)
        never = {*special.values(), *_special_ids(tokenizer)}
        size = max([*spelt, *never]) + 1
        spelt = {i: item for i, item in spelt.items() if i not in never}
        decode = _plain_decode(tokenizer)
        return _verified(_Source(size, spelt, split, decode, _eos_ids(tokenizer), special))
    return None


def _is_encoding(part: Any) -> bool:
    return hasattr(part, "decode_single_token_bytes")


def _read_encoding(encoding: Any) -> tuple[dict[int, bytes], dict[str, int]]:
    """The byte strings of a `tiktoken.Encoding` by id, and its special tokens."""
    special = {text: encoding.encode_single_token(text) for text in encoding.special_tokens_set}
    items = encoding.token_byte_values()
    return {encoding.encode_single_token(item): item for item in items}, special


def _read_mistral_common(tokenizer: Any) -> _Source | None:
    """A tokenizer of mistral-common, by itself or in its wrappers."""
    inner = tokenizer
    if hasattr(getattr(inner, "tokenizer", None), "instruct_tokenizer"):
        inner = inner.tokenizer
    if hasattr(inner, "instruct_tokenizer"):
        inner = inner.instruct_tokenizer.tokenizer
    if not (hasattr(inner, "n_words") and hasattr(inner, "special_ids")):
        return None
    never = {*inner.special_ids, inner.unk_id}
    ids = [i for i in range(inner.n_words) if i not in never]
    split = partial(inner.encode, bos=False, eos=False)
    eos = (inner.eos_id,)
    names = inner.vocab()
    special = {names[i]: i for i in inner.special_ids}
    if hasattr(inner, "id_to_byte_piece"):
        spelt = {i: inner.id_to_byte_piece(i) for i in ids}
        return _verified(_Source(inner.n_words, spelt, split, inner.decode, eos, special))
    texts = {i: names[i] for i in ids}
    return _confirmed(texts, inner.n_words, split, inner.decode, eos, special)


_FAMILIES = (_read_mistral_common, _read_tiktoken, _read_byte_strings, _read_fast, _read_slow)


def _special_ids(tokenizer: Any) -> set[int]:
    """The special and added tokens of a Hugging Face tokenizer; none for others."""
    return {
        *getattr(tokenizer, "all_special_ids", ()),
        *getattr(tokenizer, "added_tokens_decoder", ()),
    }


def _added_tokens(tokenizer: Any) -> dict[str, int]:
    """The names of the special and added tokens of a Hugging Face tokenizer."""
    added = getattr(tokenizer, "added_tokens_decoder", {})
    return {str(token): i for i, token in added.items()}


def _eos_ids(tokenizer: Any) -> tuple[int, ...]:
    eos = getattr(tokenizer, "eos_token_id", None)
    return () if eos is None else (eos,)


def _plain_decode(tokenizer: Any) -> Callable[[list[int]], str]:
    """`decode` of a Hugging Face tokenizer without its afterthoughts."""
    return partial(tokenizer.decode, skip_special_tokens=False, clean_up_tokenization_spaces=False)


def _spell(texts: Mapping[int, str], spelling: Spelling) -> dict[int, bytes]:
    return {i: spelt for i, text in texts.items() if (spelt := spelling(text))}


# -- Proof --------------------------------------------------------------------------------------


def _verified(source: _Source) -> _Source:
    wrong = _first_mismatch(source)
    if wrong is not None:
        raise VocabularyError(
            f"token {wrong} should be {source.spelt[wrong]!r} by what the tokenizer declares, but "
            f"its decode gives {source.decode([wrong])!r}; "
            "pass the bytes of the tokens to Vocabulary.from_bytes"
        )
    return source


_CHUNK = 256


def _first_mismatch(source: _Source) -> int | None:
    """A token that `decode`, between other tokens, does not give the bytes that it should have.

    Tokens that are not UTF-8 by themselves stand between two that are, and what stands in the
    decoded text for a byte that is not UTF-8 is left out of the comparison.
    """
    whole: list[int] = []
    parts: list[int] = []
    for token_id in sorted(source.spelt):
        (whole if _is_text(source.spelt[token_id]) else parts).append(token_id)
    anchor = _anchor(source, whole)
    for ids, between in ((whole, []), (parts, anchor)):
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            if not _agrees(source, anchor, chunk, between):
                return next(
                    token_id
                    for end, token_id in enumerate(chunk, 1)
                    if not _agrees(source, anchor, chunk[:end], between)
                )
    return None


def _anchor(source: _Source, ids: list[int]) -> list[int]:
    """A word that begins a text as it stands inside one; [] if there is none.

    Between two of these nothing is stripped, as some decoders do at the ends of a text. A long
    token is no byte token, which would be decoded together with the byte tokens beside it.
    """
    words = (i for i in reversed(ids) if source.spelt[i].strip().isalnum())
    for token_id in sorted(islice(words, _CHUNK), key=lambda i: -len(source.spelt[i])):
        if source.decode([token_id]).strip() == source.spelt[token_id].decode().strip():
            return [token_id]
    return []


def _agrees(source: _Source, anchor: list[int], ids: list[int], between: list[int]) -> bool:
    row = anchor + [i for token_id in ids for i in (token_id, *between)] + anchor
    text = source.decode(row).replace("\ufffd", "")
    data = b"".join(source.spelt[i] for i in row)
    return text.strip() == data.decode(errors="ignore").replace("\ufffd", "").strip()


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _mid_text_encoder(source: _Source) -> MidTextEncoder | None:
    """With the first prefix after which a letter is split into the bytes of that letter alone."""
    for prefix in ("", "\n", "|"):
        encoder = MidTextEncoder(source.split, prefix, len(_attempt(source.split, prefix)))
        if b"".join(source.spelt.get(i, b"") for i in encoder(b"a")) == b"a":
            return encoder
    return None


def _attempt(split: Callable[[str], Sequence[int | None]], text: str) -> list[int]:
    """The tokens of a text; [] where the tokenizer cannot spell it and has no "unknown" token."""
    try:
        ids = split(text)
    except Exception:  # a WordLevel and a Unigram model raise just that
        return []
    return [i for i in ids if i is not None]
