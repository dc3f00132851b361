"""A vocabulary made from bytes: its value, its own tokenisation, its errors."""

from __future__ import annotations

import pickle
import re
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constrain.errors import VocabularyError
from constrain.vocabulary import Vocabulary
from tests.vocabulary import families

TABLE = [b"a", b"b", b"ab", None, b"", b"<eos>", b"\xff", b"ab"]


def small(**changes: Any) -> Vocabulary:
    return Vocabulary.from_bytes(**{"token_bytes": TABLE, "eos_token_ids": [5], **changes})


def test_bytes_of_each_token() -> None:
    vocabulary = small()
    assert vocabulary.size == 8
    assert vocabulary.bitmask_words == 1
    assert vocabulary.eos_token_ids == (5,)
    expected = [b"a", b"b", b"ab", None, None, None, b"\xff", b"ab"]
    assert [vocabulary.token_bytes(i) for i in range(8)] == expected


@pytest.mark.parametrize("token_id", [-1, 8, 10**9])
def test_ids_that_do_not_exist_are_never_allowed(token_id: int) -> None:
    assert small().token_bytes(token_id) is None


@pytest.mark.parametrize(("size", "words"), [(2, 1), (32, 1), (33, 2), (64, 2), (65, 3)])
def test_mask_words(size: int, words: int) -> None:
    table = [b"a", None] + [None] * (size - 2)
    assert Vocabulary.from_bytes(table, [1]).bitmask_words == words


def test_eos_ids_are_sorted_and_counted_once() -> None:
    assert small(eos_token_ids=[5, 0, 5]).eos_token_ids == (0, 5)


def test_a_vocabulary_is_a_value() -> None:
    vocabulary = small()
    assert vocabulary == small()
    assert hash(vocabulary) == hash(small())
    assert vocabulary != "vocabulary"
    assert repr(vocabulary) == "<Vocabulary of 8 tokens, end of text 5>"
    with pytest.raises(FrozenInstanceError):
        vocabulary.eos_token_ids = (1,)  # type: ignore[misc]


def test_the_fingerprint_tells_vocabularies_apart_and_stays_the_same() -> None:
    others = [
        small(token_bytes=[*TABLE, None]),
        small(token_bytes=[*TABLE[:-1], b"ac"]),
        small(token_bytes=[b"b", b"a", *TABLE[2:]]),
        small(token_bytes=[b"ab", b"", *TABLE[2:]]),
        small(eos_token_ids=[5, 7]),
        small(eos_token_ids=[3, 5]),
    ]
    prints = {vocabulary.fingerprint for vocabulary in [small(), *others]}
    assert len(prints) == 7
    assert small().fingerprint == "d049353bbaf8002af7b32ee0e9b14122"


def test_a_vocabulary_can_be_pickled() -> None:
    for vocabulary in (small(), Vocabulary.from_tokenizer(families.llama_2())):
        again = pickle.loads(pickle.dumps(vocabulary))
        assert again == vocabulary
        assert again.encode(b"ab") == vocabulary.encode(b"ab")


@given(
    tokens=st.lists(st.text("abc", min_size=1, max_size=4).map(str.encode), min_size=1, max_size=8),
    data=st.text("abc", max_size=12).map(str.encode),
)
def test_encode_takes_the_longest_token_that_leaves_a_spellable_rest(
    tokens: list[bytes], data: bytes
) -> None:
    vocabulary = Vocabulary.from_bytes([*tokens, None], [len(tokens)])
    spellable = re.compile(b"(?:%s)*" % b"|".join(tokens))
    if not spellable.fullmatch(data):
        with pytest.raises(VocabularyError, match="no tokens spell"):
            vocabulary.encode(data)
        return
    rest = data
    for token_id in vocabulary.encode(data):
        token = tokens[token_id]
        fitting = [t for t in tokens if rest.startswith(t) and spellable.fullmatch(rest[len(t) :])]
        assert token in fitting
        assert len(token) == max(map(len, fitting))
        assert tokens.index(token) == token_id
        rest = rest[len(token) :]
    assert rest == b""


@pytest.mark.parametrize(
    ("own", "expected"),
    [([0, 1], [0, 1]), ([0], [2]), ([2, 0], [2]), ([0, 5, 1], [2]), ((), [2]), ([99], [2])],
)
def test_encode_prefers_the_own_tokenisation_where_it_spells_the_bytes(
    own: list[int], expected: list[int]
) -> None:
    vocabulary = small(encode=lambda data: own)
    assert vocabulary.encode(b"ab") == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"token_bytes": []}, "not among the 0 tokens"),
        ({"token_bytes": [None] * 6}, "empty"),
        ({"token_bytes": [b""] * 6}, "empty"),
        ({"token_bytes": [b"a", "b", *TABLE[2:]]}, "token 1 is 'b'"),
        ({"token_bytes": [b"a", "", *TABLE[2:]]}, "token 1 is ''"),
        ({"token_bytes": [0, *TABLE[1:]]}, "token 0 is 0"),
        ({"eos_token_ids": []}, "pass eos_token_ids"),
        ({"eos_token_ids": [8]}, "end-of-text token 8 is not among the 8 tokens"),
        ({"eos_token_ids": [-1]}, "end-of-text token -1"),
    ],
)
def test_bad_tables_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(VocabularyError, match=message):
        small(**changes)
