"""Small tokenizers of every family, trained or built here, and real ones that packages ship."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import mistral_common
import sentencepiece
import tiktoken
from mistral_common.tokens.tokenizers.sentencepiece import SentencePieceTokenizer
from mistral_common.tokens.tokenizers.tekken import Tekkenizer
from tokenizers import (
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)
from transformers import (
    ByT5Tokenizer,
    PreTrainedTokenizer,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)
from transformers.convert_slow_tokenizer import bytes_to_unicode

TEXTS = [
    '{"name": "Zoë Ångström", "tags": ["a", "b c"], "n": -12.5e3, "ok": true, "none": null}',
    "The quick brown fox jumps over the lazy dog, and isn't it fine? Yes! It's 3.14.",
    "Übergröße naïve café — “quoted” … 1 234,56 €",
    "Привет, мир! Как дела? Ελληνικά γράμματα. שלום עולם",
    "مرحبا بالعالم، كيف الحال؟ नमस्ते दुनिया สวัสดีชาวโลก",
    "你好，世界。こんにちは世界、カタカナ。안녕하세요 세계",
    "👩‍👩‍👧‍👦 🎉 🇬🇧 ✨ e\u0301 \U00010348 \ufb01 ½ ½",
    "def f(x: int) -> str:\n\tif x > 0:\r\n        return f'{x!r}'  # ok\n\n\nreturn None\n",
    "tab\tnul\x00bell\x07del\x7fnbsp\xa0zwj\u200dend   three spaces",
    "<0x0A> ## ▂ Ġ Ċ \\n \\u00e9 |||",
]
CORPUS = TEXTS * 8
SP_BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def hugging_face(backend: Tokenizer, **special: str) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_object=backend, **{"eos_token": "</s>", **special})


# -- Byte-level BPE: GPT-2, Llama-3, Qwen -------------------------------------------------------


def byte_level(*, add_prefix_space: bool = False) -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(CORPUS, trainer)
    return hugging_face(backend, eos_token="<|endoftext|>")


def byte_level_with_prefix_space() -> PreTrainedTokenizerFast:
    return byte_level(add_prefix_space=True)


# -- SentencePiece in the tokenizers library: Llama-2, Mistral, Gemma, T5 -----------------------


def _metaspace_bpe() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """A vocabulary with "<unk>", "</s>" and the byte tokens first, and its merges."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    trainer = trainers.BpeTrainer(vocab_size=350, limit_alphabet=60, show_progress=False)
    backend.train_from_iterator(CORPUS, trainer)
    model = json.loads(backend.to_str())["model"]
    tokens = ["<unk>", "</s>", *SP_BYTES, *model["vocab"]]
    return {token: i for i, token in enumerate(tokens)}, [tuple(pair) for pair in model["merges"]]


def llama_2() -> PreTrainedTokenizerFast:
    vocabulary, merges = _metaspace_bpe()
    backend = Tokenizer(
        models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    backend.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    backend.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return hugging_face(backend, unk_token="<unk>")


def gemma() -> PreTrainedTokenizerFast:
    vocabulary, merges = _metaspace_bpe()
    backend = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True))
    backend.normalizer = normalizers.Replace(" ", "▁")
    backend.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return hugging_face(backend, unk_token="<unk>")


def _unigram(byte_tokens: Iterable[str] = ()) -> list[tuple[str, float]]:
    backend = Tokenizer(models.Unigram())
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=400, unk_token="<unk>", show_progress=False)
    backend.train_from_iterator(CORPUS, trainer)
    pieces = [tuple(pair) for pair in json.loads(backend.to_str())["model"]["vocab"]]
    front = [("<unk>", 0.0), ("</s>", 0.0), *((piece, -100.0) for piece in byte_tokens)]
    return front + [pair for pair in pieces if pair[0] not in ("<unk>", "</s>")]


def unigram_with_bytes() -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.Unigram(_unigram(SP_BYTES), unk_id=0, byte_fallback=True))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    return hugging_face(backend, unk_token="<unk>")


def t5() -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.Unigram(_unigram(), unk_id=0, byte_fallback=False))
    backend.normalizer = normalizers.Replace(Regex(" {2,}"), " ")
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    sentinels = [f"<extra_id_{i}>" for i in range(5)]
    tokenizer = hugging_face(backend, unk_token="<unk>")
    tokenizer.add_special_tokens({"additional_special_tokens": sentinels})
    return tokenizer


# -- SentencePiece itself, behind slow tokenizers -----------------------------------------------


@cache
def sentencepiece_model(kind: str, byte_fallback: bool) -> bytes:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(line for text in CORPUS for line in text.split("\n") if line),
        model_writer=model,
        model_type=kind,
        vocab_size=700,
        byte_fallback=byte_fallback,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        character_coverage=0.98 if byte_fallback else 1.0,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return model.getvalue()


class SlowSentencePiece(PreTrainedTokenizer):
    """A Python tokenizer over a SentencePiece model, as the Llama-2 one used to be."""

    def __init__(self, model: bytes, eos_token: str = "</s>") -> None:
        self.sp_model = sentencepiece.SentencePieceProcessor(model_proto=model)
        super().__init__(eos_token=eos_token, bos_token="<s>", unk_token="<unk>")

    @property
    def vocab_size(self) -> int:
        return self.sp_model.get_piece_size()

    def get_vocab(self) -> dict[str, int]:
        pieces = {self.sp_model.id_to_piece(i): i for i in range(self.vocab_size)}
        return {**pieces, **self.added_tokens_encoder}

    def _tokenize(self, text: str, **kwargs: Any) -> list[str]:
        return self.sp_model.encode(text, out_type=str)

    def _convert_token_to_id(self, token: str) -> int:
        return self.sp_model.piece_to_id(token)

    def _convert_id_to_token(self, index: int) -> str:
        return self.sp_model.id_to_piece(index)

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        return self.sp_model.decode(tokens)


class SlowSentencePieceWithoutBytes(SlowSentencePiece):
    """Its decoding knows "▁" and nothing of byte tokens."""

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        return "".join(tokens).replace("▁", " ").strip()


def slow_sentencepiece_bpe() -> PreTrainedTokenizer:
    return SlowSentencePiece(sentencepiece_model("bpe", True))


def slow_sentencepiece_unigram() -> PreTrainedTokenizer:
    return SlowSentencePiece(sentencepiece_model("unigram", True))


def slow_sentencepiece_without_bytes() -> PreTrainedTokenizer:
    return SlowSentencePieceWithoutBytes(sentencepiece_model("bpe", False))


# -- Byte strings: tiktoken and the tokenizers around it ----------------------------------------


@cache
def ranks() -> dict[bytes, int]:
    """Every byte, then the merges that a byte-level BPE learns on the corpus."""
    vocabulary = byte_level().backend_tokenizer.get_vocab(with_added_tokens=False)
    to_byte = {character: byte for byte, character in bytes_to_unicode().items()}
    learnt = sorted((i, token) for token, i in vocabulary.items() if token != "<|endoftext|>")
    spelt = [bytes(to_byte[character] for character in token) for _, token in learnt]
    singles = [bytes([byte]) for byte in range(256)]
    return {item: i for i, item in enumerate([*singles, *(s for s in spelt if len(s) > 1)])}


FIRST_SPECIAL = 499
PATTERN = r"\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s+"


def tiktoken_encoding() -> tiktoken.Encoding:
    n = len(ranks())
    return tiktoken.Encoding(
        "small",
        pat_str=PATTERN,
        mergeable_ranks=ranks(),
        special_tokens={"<|endoftext|>": n, "<|fim|>": n + 5},
    )


class SlowTiktoken(PreTrainedTokenizer):
    """A Python tokenizer over tiktoken, as those of the first Qwen and of GLM-4."""

    def __init__(self, **kwargs: Any) -> None:
        self.mergeable_ranks = ranks()
        self.special = {"<|endoftext|>": len(self.mergeable_ranks)}
        self.tokenizer = tiktoken.Encoding(
            "wrapped",
            pat_str=PATTERN,
            mergeable_ranks=self.mergeable_ranks,
            special_tokens=self.special,
        )
        self.decoder = {i: item for item, i in self.mergeable_ranks.items()}
        super().__init__(eos_token="<|endoftext|>", **kwargs)

    @property
    def vocab_size(self) -> int:
        return self.tokenizer.n_vocab

    def get_vocab(self) -> dict[Any, int]:
        return {**self.mergeable_ranks, **self.special}

    def _tokenize(self, text: str, **kwargs: Any) -> list[Any]:
        return [self.decoder[i] for i in self.tokenizer.encode_ordinary(text)]

    def _convert_token_to_id(self, token: Any) -> int | None:
        return self.get_vocab().get(token)

    def _convert_id_to_token(self, index: int) -> Any:
        return self.decoder[index]

    def convert_tokens_to_string(self, tokens: list[Any]) -> str:
        items = [token.encode() if isinstance(token, str) else token for token in tokens]
        return b"".join(items).decode("utf-8", errors="replace")


class SlowRanks(SlowTiktoken):
    """The same without a `tiktoken.Encoding` in it: the table of byte strings is all there is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        del self.tokenizer

    @property
    def vocab_size(self) -> int:
        return len(self.mergeable_ranks) + 1

    def _tokenize(self, text: str, **kwargs: Any) -> list[Any]:
        return [bytes([byte]) for byte in text.encode()]


# -- Slow tokenizers over strings ---------------------------------------------------------------


class SlowByteLevel(PreTrainedTokenizer):
    """A Python tokenizer over a byte-level vocabulary, as that of GPT-2 used to be."""

    def __init__(self, **kwargs: Any) -> None:
        self.fast = byte_level().backend_tokenizer
        self.encoder = self.fast.get_vocab()
        self.strings = {i: token for token, i in self.encoder.items()}
        self.byte_of = {character: byte for byte, character in bytes_to_unicode().items()}
        super().__init__(eos_token="<|endoftext|>", **kwargs)

    @property
    def vocab_size(self) -> int:
        return len(self.encoder)

    def get_vocab(self) -> dict[str, int]:
        return {**self.encoder, **self.added_tokens_encoder}

    def _tokenize(self, text: str, **kwargs: Any) -> list[str]:
        return self.fast.encode(text).tokens

    def _convert_token_to_id(self, token: str) -> int | None:
        return self.encoder.get(token)

    def _convert_id_to_token(self, index: int) -> str:
        return self.strings[index]

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        characters = "".join(tokens)
        return bytes(self.byte_of[c] for c in characters).decode("utf-8", errors="replace")


# -- Words: BERT --------------------------------------------------------------------------------


def word_piece(*, cleanup: bool = True) -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=600, special_tokens=["[UNK]", "[SEP]"], show_progress=False
    )
    backend.train_from_iterator(CORPUS, trainer)
    backend.decoder = decoders.WordPiece(cleanup=cleanup)
    return hugging_face(backend, unk_token="[UNK]", eos_token="[SEP]")


def word_level() -> PreTrainedTokenizerFast:
    words = sorted({word for text in TEXTS for word in text.split()})
    vocabulary = {word: i for i, word in enumerate(["[UNK]", "[SEP]", *words])}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return hugging_face(backend, unk_token="[UNK]", eos_token="[SEP]")


# -- Real ones ----------------------------------------------------------------------------------

MISTRAL = Path(mistral_common.__file__).parent / "data"


def mistral_sentencepiece() -> SentencePieceTokenizer:
    return SentencePieceTokenizer(MISTRAL / "mistral_instruct_tokenizer_240323.model.v3")


def mistral_tekken() -> Tekkenizer:
    return Tekkenizer.from_file(MISTRAL / "tekken_240911.json")


def encode(tokenizer: Any, text: str) -> list[int]:
    """The tokenizer's own tokens of a text, by its own interface."""
    if isinstance(tokenizer, tiktoken.Encoding):
        return tokenizer.encode_ordinary(text)
    if isinstance(tokenizer, PreTrainedTokenizerBase):
        return tokenizer.encode(text, add_special_tokens=False)
    return tokenizer.encode(text, bos=False, eos=False)


def decode(tokenizer: Any, ids: list[int]) -> str:
    """The text of these tokens, by the tokenizer's own interface."""
    if isinstance(tokenizer, PreTrainedTokenizerBase):
        return tokenizer.decode(ids, clean_up_tokenization_spaces=False)
    return tokenizer.decode(ids)


EXACT: dict[str, Callable[[], Any]] = {
    "byte-level": byte_level,
    "byte-level, prefix space": byte_level_with_prefix_space,
    "llama-2": llama_2,
    "gemma": gemma,
    "unigram with bytes": unigram_with_bytes,
    "slow sentencepiece bpe": slow_sentencepiece_bpe,
    "slow sentencepiece unigram": slow_sentencepiece_unigram,
    "slow byte-level": SlowByteLevel,
    "slow tiktoken": SlowTiktoken,
    "slow ranks": SlowRanks,
    "byt5": ByT5Tokenizer,
    "tiktoken": tiktoken_encoding,
    "mistral sentencepiece": mistral_sentencepiece,
    "mistral tekken": mistral_tekken,
}
"""Families that can spell any text."""

LOSSY: dict[str, Callable[[], Any]] = {
    "t5": t5,
    "slow sentencepiece without bytes": slow_sentencepiece_without_bytes,
    "word piece": word_piece,
    "word level": word_level,
}
"""Families that lose something of some texts: unknown characters, case, or spaces."""
