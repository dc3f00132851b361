"""The bytes of the tokens of every family of tokenizers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from constrain.errors import VocabularyError
from constrain.vocabulary import Vocabulary
from tests.vocabulary import families
from tests.vocabulary.families import EXACT, LOSSY, TEXTS, decode, encode

MARKUP = "a </s> <|endoftext|> <unk> [SEP] <extra_id_0> z"
FAMILIES = {**EXACT, **LOSSY}


@cache
def made(name: str) -> tuple[Any, Vocabulary]:
    tokenizer = FAMILIES[name]()
    return tokenizer, Vocabulary.from_tokenizer(tokenizer)


def joined(vocabulary: Vocabulary, ids: list[int]) -> bytes:
    """The bytes of tokens that must all be text."""
    items = [vocabulary.token_bytes(token_id) for token_id in ids]
    assert None not in items
    return b"".join(item for item in items if item)


def inside(text: str) -> set[str]:
    """What a decoder may make of a text that stands at the start: its first space may go."""
    return {text, text.removeprefix(" ")}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", EXACT)
def test_tokens_of_a_text_spell_it(name: str, text: str) -> None:
    tokenizer, vocabulary = made(name)
    ids = encode(tokenizer, text)
    spelt = joined(vocabulary, ids).decode()
    assert text in inside(spelt)
    assert decode(tokenizer, ids) in inside(spelt)


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=25)
@given(text=st.text(st.characters(exclude_characters="▁", exclude_categories=["Cs"]), min_size=1))
def test_tokens_of_any_text_spell_it(name: str, text: str) -> None:
    tokenizer, vocabulary = made(name)
    assert text in inside(joined(vocabulary, encode(tokenizer, text)).decode())


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", LOSSY)
def test_tokens_of_a_text_spell_what_decode_means(name: str, text: str) -> None:
    tokenizer, vocabulary = made(name)
    ids = [i for i in encode(tokenizer, text) if i != tokenizer.unk_token_id]
    assert decode(tokenizer, ids).strip() == joined(vocabulary, ids).decode().strip()


@pytest.mark.parametrize("name", EXACT)
def test_every_text_token_is_what_decode_makes_of_it_between_letters(name: str) -> None:
    tokenizer, vocabulary = made(name)
    letter = [
        i for i in encode(tokenizer, "ab ab ab") if b"a" in (vocabulary.token_bytes(i) or b"")
    ][-1:]
    outside = joined(vocabulary, letter).decode()
    step = max(1, vocabulary.size // 3000)
    for token_id in range(0, vocabulary.size, step):
        item = vocabulary.token_bytes(token_id)
        if item is not None and item.isascii() and len(item) > 1:
            text = decode(tokenizer, [*letter, token_id, *letter])
            assert text in inside(f"{outside}{item.decode()}{outside}"), token_id


@pytest.mark.parametrize("text", [*TEXTS, MARKUP])
@pytest.mark.parametrize("name", EXACT)
def test_encode_gives_back_exactly_the_bytes(name: str, text: str) -> None:
    vocabulary = made(name)[1]
    data = text.encode()
    for part in (data, data[1:], data[:-1], data[3:20], b""):
        assert joined(vocabulary, vocabulary.encode(part)) == part


@pytest.mark.parametrize("name", EXACT)
def test_encode_is_what_the_tokenizer_does_in_the_middle_of_a_text(name: str) -> None:
    tokenizer, vocabulary = made(name)
    ids = vocabulary.encode(b'{"name": "dog"}')
    assert encode(tokenizer, 'The answer:\n{"name": "dog"}')[-len(ids) :] == ids


@pytest.mark.parametrize("name", FAMILIES)
def test_special_tokens_are_never_allowed_and_eos_ends_a_text(name: str) -> None:
    tokenizer, vocabulary = made(name)
    special = set(getattr(tokenizer, "all_special_ids", ()))
    special |= set(getattr(tokenizer, "special_ids", ()))
    assert all(vocabulary.token_bytes(i) is None for i in special)
    if hasattr(tokenizer, "eos_token_id"):
        assert vocabulary.eos_token_ids == (tokenizer.eos_token_id,)
    allowed = {vocabulary.token_bytes(i) for i in range(vocabulary.size)} - {None}
    assert not allowed & {b"</s>", b"<unk>", b"<s>", b"<|endoftext|>", b"[SEP]", b" [UNK]"}


def test_the_two_readings_of_one_vocabulary_agree() -> None:
    assert made("byte-level")[1] == made("slow byte-level")[1]
    assert made("slow tiktoken")[1] == made("slow ranks")[1]
    tiktoken_ids = {made("tiktoken")[1].token_bytes(i): i for i in range(families.FIRST_SPECIAL)}
    assert tiktoken_ids == families.ranks()


def test_llama_3(llama_3: PreTrainedTokenizerFast) -> None:
    vocabulary = Vocabulary.from_tokenizer(llama_3)
    assert vocabulary.size == 128256
    assert vocabulary.eos_token_ids == (llama_3.eos_token_id,)
    items = [vocabulary.token_bytes(i) for i in range(vocabulary.size)]
    assert {bytes([byte]) for byte in range(256)} <= set(items)
    assert items[128000:] == [None] * 256
    special = dict(llama_3.get_added_vocab())
    del special[llama_3.eos_token]
    assert vocabulary.special_tokens == special
    for text in TEXTS:
        assert joined(vocabulary, encode(llama_3, text)).decode() == text
        assert vocabulary.encode(text.encode()) == encode(llama_3, text)


def test_added_tokens_are_never_allowed() -> None:
    tokenizer = families.byte_level()
    plain = Vocabulary.from_tokenizer(tokenizer)
    tokenizer.add_tokens(["<tool>", " the"])
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>"]})
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    assert vocabulary.size > plain.size
    for token in ("<tool>", "<|im_start|>", "<|endoftext|>"):
        assert vocabulary.token_bytes(tokenizer.convert_tokens_to_ids(token)) is None
    assert joined(vocabulary, vocabulary.encode(b"use <tool>")) == b"use <tool>"


def test_padded_rows_are_never_allowed() -> None:
    tokenizer = families.byte_level()
    vocabulary = Vocabulary.from_tokenizer(tokenizer, size=640)
    assert vocabulary.size == 640
    assert vocabulary.bitmask_words == 20
    assert {vocabulary.token_bytes(i) for i in range(500, 640)} == {None}
    with pytest.raises(VocabularyError, match="size=499 is less than the 500"):
        Vocabulary.from_tokenizer(tokenizer, size=499)


def test_several_tokens_may_end_a_text() -> None:
    tokenizer = families.byte_level()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|eot|>"]})
    vocabulary = Vocabulary.from_tokenizer(tokenizer, eos_token_ids=[500, 7])
    assert vocabulary.eos_token_ids == (0, 7, 500)
    assert vocabulary.token_bytes(7) is None


def test_a_tokenizer_without_eos_needs_one() -> None:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=families.gemma().backend_tokenizer)
    with pytest.raises(VocabularyError, match="eos_token_ids"):
        Vocabulary.from_tokenizer(tokenizer)
    assert Vocabulary.from_tokenizer(tokenizer, eos_token_ids=[1]).eos_token_ids == (1,)


def test_the_tokenizer_inside_a_fast_tokenizer_is_one_too() -> None:
    tokenizer, vocabulary = made("llama-2")
    backend = tokenizer.backend_tokenizer
    assert Vocabulary.from_tokenizer(backend, eos_token_ids=[1]) == vocabulary
    backend = families.byte_level().backend_tokenizer
    backend.add_tokens(["<tool>"])
    assert Vocabulary.from_tokenizer(backend, eos_token_ids=[1]).token_bytes(500) is None


@pytest.mark.parametrize(
    "model",
    [
        models.WordLevel({"a": 0, "?": 1, "</s>": 2}, unk_token="?"),
        models.BPE({"a": 0, "?": 1, "</s>": 2}, [], unk_token="?"),
        models.Unigram([("a", -1.0), ("?", -9.0), ("</s>", 0.0)], unk_id=1, byte_fallback=False),
    ],
)
def test_the_token_for_the_unknown_is_never_allowed(model: Any) -> None:
    vocabulary = Vocabulary.from_tokenizer(tiny(decoders.Fuse(), model)(), eos_token_ids=[2])
    assert [vocabulary.token_bytes(i) for i in range(3)] == [b"a", None, None]


def test_byte_tokens_in_any_order() -> None:
    codes = sorted(range(256), key=lambda code: (code != 0xC3, code != 0xA9, -code))
    tokens = ["<unk>", "</s>", "ab", *(f"<0x{code:02X}>" for code in codes)]
    model = models.BPE({token: i for i, token in enumerate(tokens)}, [], byte_fallback=True)
    decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    vocabulary = Vocabulary.from_tokenizer(tiny(decoder, model)(), eos_token_ids=[1])
    assert [vocabulary.token_bytes(i) for i in range(3, 259)] == [bytes([c]) for c in codes]


def test_the_space_that_a_decoder_drops_at_the_start_of_a_text_is_there() -> None:
    tokenizer, vocabulary = made("mistral sentencepiece")
    [token_id] = encode(tokenizer, "the")
    assert decode(tokenizer, [token_id]) == "the"
    assert vocabulary.token_bytes(token_id) == b" the"
    assert vocabulary.encode(b"the") != [token_id] == vocabulary.encode(b" the")


def test_word_pieces_start_a_word_or_continue_one() -> None:
    tokenizer, vocabulary = made("word piece")
    ids = tokenizer.get_vocab()
    assert vocabulary.token_bytes(ids["the"]) == b" the"
    assert vocabulary.token_bytes(ids["##e"]) == b"e"
    assert vocabulary.token_bytes(ids["."]) == b"."  # this decoder tidies " ."
    untidied = Vocabulary.from_tokenizer(families.word_piece(cleanup=False))
    assert untidied.token_bytes(ids["."]) == b" ."


def test_byte_tokens_are_text_where_decode_takes_them_for_text() -> None:
    model = families.sentencepiece_model("bpe", True)
    tokenizer = families.SlowSentencePieceWithoutBytes(model)
    newline = tokenizer.convert_tokens_to_ids("<0x0A>")
    assert Vocabulary.from_tokenizer(tokenizer).token_bytes(newline) == b"<0x0A>"


def test_control_pieces_are_never_text_even_where_the_tokenizer_does_not_say_so() -> None:
    model = families.sentencepiece_model("bpe", True)
    tokenizer = families.SlowSentencePiece(model, eos_token="<|end|>")
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    assert vocabulary.eos_token_ids == (tokenizer.convert_tokens_to_ids("<|end|>"),)
    assert vocabulary.token_bytes(tokenizer.convert_tokens_to_ids("</s>")) is None


def tiny(decoder: Any, model: Any = None) -> Callable[[], Any]:
    def make() -> Any:
        backend = Tokenizer(model or models.BPE({"a": 0, "b": 1, "ab": 2, "</s>": 3}, []))
        backend.pre_tokenizer = pre_tokenizers.Metaspace()
        if decoder is not None:
            backend.decoder = decoder
        return backend

    return make


class PythonDecoder:
    def decode_chain(self, tokens: list[str]) -> list[str]:
        return tokens


class Shouting(families.SlowByteLevel):
    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        return super().convert_tokens_to_string(tokens).upper()


class OneWrongTiktoken(families.SlowTiktoken):
    def convert_tokens_to_string(self, tokens: list[Any]) -> str:
        late = self.decoder[490]
        return super().convert_tokens_to_string([b"?" if t == late else t for t in tokens])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (tiny(None), "no decoder"),
        (tiny(decoders.CTC()), "CTC"),
        (tiny(decoders.BPEDecoder()), "BPEDecoder"),
        (tiny(decoders.Replace(Regex("a+"), "b")), "Replace"),
        (tiny(decoders.Strip("a", 1, 0)), "Strip"),
        (tiny(decoders.Sequence([decoders.Fuse(), decoders.Replace("ab", "c")])), "Replace"),
        (tiny(decoders.Sequence([decoders.Fuse(), decoders.Strip(" ", 0, 1)])), "Strip"),
        (tiny(decoders.Sequence([decoders.Fuse(), decoders.Metaspace()])), "Metaspace"),
        (tiny(decoders.Decoder.custom(PythonDecoder())), "written in Python"),
        (Shouting, r"token 65 \('a'\)"),
        (OneWrongTiktoken, r"token 490 should be .* gives '\?'"),
        (lambda: object(), "object is not a tokenizer"),
    ],
)
def test_a_tokenizer_that_cannot_be_read_exactly_is_refused(
    make: Callable[[], Any], message: str
) -> None:
    with pytest.raises(VocabularyError, match=message):
        Vocabulary.from_tokenizer(make())


def test_a_tokenizer_may_be_small_and_know_no_unknown() -> None:
    vocabulary = Vocabulary.from_tokenizer(tiny(decoders.Fuse())(), eos_token_ids=[3])
    assert [vocabulary.token_bytes(i) for i in range(4)] == [b"a", b"b", b"ab", None]
    assert vocabulary.encode(b"aab") == [0, 0, 1]
    words = models.WordLevel({"{": 0, "}": 1, "</s>": 2}, unk_token="</s>")
    vocabulary = Vocabulary.from_tokenizer(tiny(None, words)(), eos_token_ids=[2])
    assert [vocabulary.token_bytes(i) for i in range(3)] == [b" {", b" }", None]
    assert vocabulary.encode(b" } {") == [1, 0]
    pieces = models.Unigram([("a", -1.0), ("b", -2.0), ("ab", -1.5), ("</s>", 0.0)], None, False)
    vocabulary = Vocabulary.from_tokenizer(tiny(decoders.Metaspace(), pieces)(), eos_token_ids=[3])
    assert vocabulary.encode(b"bab") == [1, 2]
