"""Token ids <-> bytes: the vocabulary of a language model and the trie of its tokens.

A constraint works on bytes and a model on token ids. `Vocabulary` is all that an engine has to
know of a tokenizer: the bytes that each id stands for in the middle of a text, and the ids that
end a text.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from operator import index
from typing import Any

import numpy as np
from numpy.typing import NDArray

from constrain.errors import VocabularyError
from constrain.special import MARK, SpecialToken, pieces
from constrain.texts import shown
from constrain.tokenizers import read_tokenizer

_LONGEST_TOKEN = 32767
"""Bytes in the longest token that the trie can hold: its depths are int16."""


Encode = Callable[[bytes], Sequence[int]]
"""How a tokenizer splits bytes in the middle of a text; () where it cannot."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TokenTrie:
    """The allowed tokens as a prefix tree over bytes, its nodes in preorder.

    Children follow their parent by ascending byte; node 0 is the root. Walking the arrays from
    left to right visits the tree depth first, and jumping to `skip[node]` leaves out the subtree.
    With N nodes and V token ids:
    """

    byte: NDArray[np.uint8]
    """[N] the byte on the edge into the node; 0 for the root."""
    depth: NDArray[np.int16]
    """[N] the bytes on the path from the root."""
    skip: NDArray[np.int32]
    """[N] the index just past the node's subtree."""
    token: NDArray[np.int32]
    """[N] the lowest token id that ends here, or -1."""
    more: NDArray[np.int32]
    """[V] the next higher token id with the same bytes, or -1."""
    offsets: NDArray[np.int32]
    """[V + 1] the bytes of token t are `blob[offsets[t]:offsets[t + 1]]`; none if not allowed."""
    blob: NDArray[np.uint8]
    """[total] the bytes of all tokens, by token id."""


@dataclass(frozen=True, eq=False, repr=False)
class Vocabulary:
    """The tokens of a language model, as bytes. Equal to another where the fingerprints are.

    Made by `from_tokenizer` or `from_bytes`. Attributes:
        eos_token_ids: the ids that end a text, ascending. They have no bytes.
        special_tokens: the ids of the special tokens, by name. They have no bytes either, and are
            allowed only where a constraint names them.
    """

    _table: tuple[bytes | None, ...]
    eos_token_ids: tuple[int, ...]
    special_tokens: Mapping[str, int]
    _own_encode: Encode | None

    @classmethod
    def from_bytes(
        cls,
        token_bytes: Iterable[bytes | None],
        eos_token_ids: Iterable[int],
        *,
        special_tokens: Mapping[str, int] | None = None,
        encode: Encode | None = None,
    ) -> Vocabulary:
        """A vocabulary from the bytes of its tokens.

        Args:
            token_bytes: the bytes of token 0, 1, ...; None (or b"") for one never to be allowed.
            eos_token_ids: the ids that end a text; their bytes are ignored.
            special_tokens: the ids of tokens that constraints may name, though they are no text;
                their bytes are ignored.
            encode: how the tokenizer would split these bytes in the middle of a text. A result
                that does not spell the bytes is not used, so it may return () where it has none.

        Raises:
            VocabularyError: an entry is not bytes or longer than 32767 bytes, an end-of-text id
                is missing or out of range, a special token has no name, shares its id or ends a
                text, or no token has bytes.
        """
        return cls._checked(token_bytes, eos_token_ids, special_tokens or {}, encode)

    @classmethod
    def from_tokenizer(
        cls, tokenizer: Any, *, size: int | None = None, eos_token_ids: Iterable[int] = ()
    ) -> Vocabulary:
        """The vocabulary of a tokenizer, with the exact bytes of every token.

        They are the bytes in the middle of a text, before any tidying of the decoded text: the
        space that SentencePiece drops at the start of a text is there. Special and added tokens
        are allowed only where a constraint names them, the token for the unknown never.

        Args:
            tokenizer: a Hugging Face tokenizer, fast or slow; a `tokenizers.Tokenizer`; a
                `tiktoken.Encoding`; a tokenizer of mistral-common.
            size: the number of logits of the model, where it is larger than the tokenizer; the
                ids past the tokenizer are never allowed.
            eos_token_ids: ids that end a text, besides the tokenizer's own.

        Raises:
            VocabularyError: the bytes cannot be known exactly, `size` is less than the
                tokenizer's, or an end-of-text id is missing or out of range.
        """
        tokens = read_tokenizer(tokenizer)
        table = tokens.token_bytes
        if size is not None:
            if size < len(table):
                raise VocabularyError(
                    f"size={size} is less than the {len(table)} tokens of the tokenizer; "
                    "pass the number of logits of a model that was made for this tokenizer"
                )
            table += [None] * (size - len(table))
        eos = {*tokens.eos_token_ids, *eos_token_ids}
        names = {i: name for name, i in tokens.special_tokens.items() if i not in eos}
        special = {name: i for i, name in names.items()}
        return cls._checked(table, eos, special, tokens.encode)

    @classmethod
    def _checked(
        cls,
        token_bytes: Iterable[bytes | None],
        eos_token_ids: Iterable[int],
        special_tokens: Mapping[str, int],
        encode: Encode | None,
    ) -> Vocabulary:
        table = [None if item == b"" else item for item in token_bytes]
        for token_id, item in enumerate(table):
            if item is not None and (not isinstance(item, bytes) or len(item) > _LONGEST_TOKEN):
                raise VocabularyError(
                    f"token {token_id} is {reprlib.repr(item)}; a token is None (never allowed) "
                    f"or at most {_LONGEST_TOKEN} bytes"
                )
        eos = tuple(sorted(set(map(index, eos_token_ids))))
        if not eos:
            raise VocabularyError("no token ends a text; pass eos_token_ids=[...]")
        for token_id in eos:
            if not 0 <= token_id < len(table):
                raise VocabularyError(
                    f"end-of-text token {token_id} is not among the {len(table)} tokens"
                )
            table[token_id] = None
        special = {name: index(token_id) for name, token_id in special_tokens.items()}
        for name, token_id in special.items():
            if not name or not 0 <= token_id < len(table):
                raise VocabularyError(
                    f"special token {name!r} has the id {token_id}; a special token has a name "
                    f"and an id below {len(table)}"
                )
            table[token_id] = None
        if len({*special.values(), *eos}) < len(special) + len(eos):
            raise VocabularyError("two special tokens have the same id, or one ends a text")
        if not any(table):
            raise VocabularyError("the vocabulary is empty: no token has bytes")
        return cls(tuple(table), eos, special, encode)

    @property
    def size(self) -> int:
        """The number of logits of the model; every token id is below it."""
        return len(self._table)

    def token_bytes(self, token_id: int) -> bytes | None:
        """The bytes of a token in the middle of a text; None if it is never allowed as text."""
        return self._table[token_id] if 0 <= token_id < self.size else None

    def spelling(self, token_id: int) -> bytes:
        """What constraints read for a token: its bytes, or the mark of a special token."""
        name = self._names.get(token_id)
        return self.token_bytes(token_id) or b"" if name is None else SpecialToken(name).mark

    def shown(self, token_id: int) -> bytes:
        """What stands for a token in an output: its bytes, or the name of a special token."""
        return self.token_bytes(token_id) or self._names.get(token_id, "").encode()

    @property
    def bitmask_words(self) -> int:
        """The int32 words in a mask with one bit for each token."""
        return (self.size + 31) // 32

    def encode(self, data: bytes) -> list[int]:
        """Token ids whose bytes concatenate to `data`.

        They are the tokenizer's own choice for these bytes in the middle of a text, where it has
        one that gives back exactly these bytes; otherwise the longest token at each place after
        which the rest can still be spelt. The mark of a special token is that token.

        Raises:
            VocabularyError: no sequence of tokens spells `data`.
        """
        if MARK in data and self.special_tokens:
            return self._encode_marked(data)
        if self._own_encode is not None:
            token_ids = list(self._own_encode(data))
            items = [self.token_bytes(token_id) for token_id in token_ids]
            if None not in items and b"".join(items) == data:  # type: ignore[arg-type]
                return token_ids
        return self._longest_match(data)

    def _encode_marked(self, data: bytes) -> list[int]:
        token_ids: list[int] = []
        for place, piece in enumerate(pieces(data)):
            if place % 2:
                special = self.special_tokens.get(piece.decode(errors="replace"))
                if special is None:
                    raise VocabularyError(f"there is no special token {piece!r}")
                token_ids.append(special)
            elif piece:
                token_ids += self.encode(piece)
        return token_ids

    @cached_property
    def fingerprint(self) -> str:
        """A hex digest of the bytes of all tokens and the end-of-text ids, as a key for caches."""
        digest = blake2b(digest_size=16)
        lengths = np.fromiter((len(item or b"") for item in self._table), np.int64, self.size)
        digest.update(np.asarray([self.size, *self.eos_token_ids], "<i8").tobytes())
        digest.update(lengths.astype("<i8").tobytes())
        digest.update(b"".join(item for item in self._table if item))
        if self.special_tokens:
            digest.update(repr(sorted(self.special_tokens.items())).encode())
        return digest.hexdigest()

    @cached_property
    def trie(self) -> TokenTrie:
        """The trie of the allowed tokens, built on first use.

        Special tokens are there by their marks, and no other token that has a byte of these.
        """
        if not self.special_tokens:
            return _build_trie(self._table)
        table = [None if item and MARK in item else item for item in self._table]
        for name, token_id in self.special_tokens.items():
            table[token_id] = SpecialToken(name).mark
        return _build_trie(table)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return self is other or self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        eos = ", ".join(map(str, self.eos_token_ids))
        return f"<Vocabulary of {self.size} tokens, end of text {eos}>"

    @cached_property
    def _names(self) -> dict[int, str]:
        """The name of each special token."""
        return {token_id: name for name, token_id in self.special_tokens.items()}

    @cached_property
    def _ids(self) -> dict[bytes, int]:
        """The lowest id of each byte string."""
        pairs = zip(reversed(self._table), range(self.size - 1, -1, -1), strict=True)
        return {item: token_id for item, token_id in pairs if item}

    @cached_property
    def _lengths(self) -> tuple[int, ...]:
        """The lengths that tokens have, longest first."""
        return tuple(sorted({len(item) for item in self._table if item}, reverse=True))

    def _longest_match(self, data: bytes) -> list[int]:
        ids, end = self._ids, len(data)
        choice: list[int | None] = [None] * end + [-1]
        for start in range(end - 1, -1, -1):
            for length in self._lengths:
                after = start + length
                if after <= end and choice[after] is not None:
                    token_id = ids.get(data[start:after])
                    if token_id is not None:
                        choice[start] = token_id
                        break
        result: list[int] = []
        start = 0
        while start < end:
            token_id = choice[start]
            if token_id is None:
                raise VocabularyError(f"no tokens spell the bytes {data[:40]!r}")
            result.append(token_id)
            start += len(self._table[token_id] or b"")
        return result


def _build_trie(table: Sequence[bytes | None]) -> TokenTrie:
    """Sort the tokens; each then adds the nodes past its common prefix with the one before."""
    size = len(table)
    offsets = np.zeros(size + 1, np.int32)
    np.cumsum([len(item) if item else 0 for item in table], out=offsets[1:])
    blob = np.frombuffer(b"".join(item for item in table if item), np.uint8)

    allowed = [token_id for token_id, item in enumerate(table) if item]
    order = np.asarray(sorted(allowed, key=table.__getitem__), np.int32)  # type: ignore[arg-type]
    start, length = offsets[order], np.diff(offsets)[order]
    shared = _shared_prefixes(blob, start, length)

    duplicate = shared == length
    more = np.full(size, -1, np.int32)
    more[order[:-1][duplicate[1:]]] = order[1:][duplicate[1:]]

    added = length - shared
    last = np.cumsum(added)  # node of the token's last byte; the root is node 0
    nodes = int(last[-1]) + 1
    owner = np.repeat(np.arange(len(order)), added)
    depth = np.zeros(nodes, np.int16)
    depth[1:] = np.arange(1, nodes) - last[owner] + length[owner]
    byte = np.zeros(nodes, np.uint8)
    byte[1:] = blob[start[owner] + depth[1:] - 1]
    token = np.full(nodes, -1, np.int32)
    token[last[~duplicate]] = order[~duplicate]
    return TokenTrie(byte, depth, _subtree_ends(depth), token, more, offsets, blob)


def _shared_prefixes(
    blob: NDArray[np.uint8], start: NDArray[np.int32], length: NDArray[np.int32]
) -> NDArray[np.int32]:
    """[n] the length of the common prefix of each of n sorted tokens with the one before it."""
    shared = np.zeros(len(start), np.int32)
    alive = np.arange(1, len(start))
    depth = 0
    while len(alive):
        alive = alive[np.minimum(length[alive], length[alive - 1]) > depth]
        alive = alive[blob[start[alive] + depth] == blob[start[alive - 1] + depth]]
        depth += 1
        shared[alive] = depth
    return shared


def _subtree_ends(depth: NDArray[np.int16]) -> NDArray[np.int32]:
    """[N] the index past each node's subtree, from the depths in preorder."""
    ends = np.arange(1, len(depth) + 1, dtype=np.int32)
    by_depth = np.argsort(depth, kind="stable")
    bounds = np.flatnonzero(np.diff(depth[by_depth])) + 1
    levels = np.split(by_depth, bounds)
    for parents, children in zip(levels[-2::-1], levels[:0:-1], strict=True):
        # The parent is the last node before the child in the level above; of its children, the
        # last one decides, and the last of repeated assignments is the one that stays.
        above = parents[np.searchsorted(parents, children) - 1]
        ends[above] = ends[children]
    return ends


def check_vocabulary(given: object) -> None:
    """Check that something is a vocabulary.

    Raises:
        VocabularyError: it is none.
    """
    if not isinstance(given, Vocabulary):
        raise VocabularyError(
            f"{shown(given)} is no vocabulary; pass Vocabulary.from_tokenizer(tokenizer), or the "
            "vocabulary of the model"
        )
