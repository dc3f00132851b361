"""The token trie, against one built node by node from nested dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from constrain.errors import VocabularyError
from constrain.vocabulary import TokenTrie, Vocabulary

EOS = b"<eos>"
byte_strings = st.one_of(
    st.binary(max_size=4),
    st.lists(st.sampled_from([0, 1, 127, 128, 255]), max_size=6).map(bytes),
)
tables = st.lists(st.one_of(st.none(), byte_strings), min_size=1, max_size=60).filter(any)


def rebuilt(table: Sequence[bytes | None]) -> dict[str, list[int]]:
    """The arrays of the trie, by inserting every token byte by byte into nested dictionaries."""
    root: dict[Any, Any] = {}
    more = [-1] * len(table)
    for token_id in range(len(table) - 1, -1, -1):
        item = table[token_id]
        if item:
            node = root
            for byte in item:
                node = node.setdefault(byte, {})
            more[token_id] = node.get("token", -1)
            node["token"] = token_id
    arrays: dict[str, list[int]] = {name: [] for name in ("byte", "depth", "skip", "token")}

    def visit(node: dict[Any, Any], byte: int, depth: int) -> None:
        index = len(arrays["byte"])
        arrays["byte"].append(byte)
        arrays["depth"].append(depth)
        arrays["token"].append(node.get("token", -1))
        arrays["skip"].append(-1)
        for child in sorted(key for key in node if key != "token"):
            visit(node[child], child, depth + 1)
        arrays["skip"][index] = len(arrays["byte"])

    visit(root, 0, 0)
    return {**arrays, "more": more}


def assert_is_trie_of(trie: TokenTrie, table: Sequence[bytes | None]) -> None:
    for name, expected in rebuilt(table).items():
        np.testing.assert_array_equal(getattr(trie, name), expected, err_msg=name)
    blob = trie.blob.tobytes()
    for token_id, item in enumerate(table):
        assert blob[trie.offsets[token_id] : trie.offsets[token_id + 1]] == (item or b"")


@given(table=tables)
@example(table=[b"\0"])
@example(table=[b"ab", b"a", None, b"ab", b"", b"abc", b"ab"])
@example(table=[bytes([byte]) for byte in range(255, -1, -1)])
def test_trie_is_the_one_built_node_by_node(table: list[bytes | None]) -> None:
    trie = Vocabulary.from_bytes([*table, EOS], [len(table)]).trie
    assert_is_trie_of(trie, [*table, None])


def test_trie_of_llama_3(llama_3: PreTrainedTokenizerFast) -> None:
    vocabulary = Vocabulary.from_tokenizer(llama_3)
    trie = vocabulary.trie
    assert len(trie.byte) == 275_643
    table: list[bytes | None] = [vocabulary.spelling(i) for i in range(vocabulary.size)]
    special = set(vocabulary.special_tokens.values())
    for token_id, item in enumerate(table):
        if item and b"\xff" in item and token_id not in special:
            table[token_id] = None
    assert_is_trie_of(trie, table)


def test_types_of_the_arrays() -> None:
    trie = Vocabulary.from_bytes([b"a", b"bc", None], [2]).trie
    found = {name: str(getattr(trie, name).dtype) for name in TokenTrie.__slots__}
    assert found == {
        "byte": "uint8",
        "depth": "int16",
        "skip": "int32",
        "token": "int32",
        "more": "int32",
        "offsets": "int32",
        "blob": "uint8",
    }


def test_trie_is_built_once() -> None:
    vocabulary = Vocabulary.from_bytes([b"a", None], [1])
    assert vocabulary.trie is vocabulary.trie


def test_the_longest_token_that_fits() -> None:
    longest = b"x" * 32767
    trie = Vocabulary.from_bytes([longest, b"x", None], [2]).trie
    assert len(trie.byte) == 32768
    assert trie.depth[-1] == 32767
    assert trie.token[[1, -1]].tolist() == [1, 0]
    with pytest.raises(VocabularyError, match=r"token 1 .* at most 32767 bytes"):
        Vocabulary.from_bytes([b"x", b"x" * 32768, None], [2])
