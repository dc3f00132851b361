"""Causal language models of Hugging Face transformers."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

from constrain.errors import GenerationError, VocabularyError
from constrain.vocabulary import Vocabulary

from .base import LanguageModel, Prompt, plain_text, schema_instruction
from .cache import Match, PrefixCache, assemble


@dataclass(slots=True)
class _Row:
    """A prefix to read, and the lengths of its beginnings that are asked for too.

    Attributes:
        tokens: the whole prefix.
        asked: index of the question -> length of the beginning.
        match: where reading can start; None for the beginning of the text.
    """

    tokens: tuple[int, ...]
    asked: dict[int, int]
    match: Match | None = None

    @property
    def start(self) -> int:
        """The tokens that need not be read again; the last of each asked beginning must be."""
        return min(self.match.length, min(self.asked.values()) - 1) if self.match else 0


class HFModel(LanguageModel):
    """A causal language model of transformers.

    Keys and values stay cached between calls, up to `cache_bytes`. Models whose state cannot be
    cut back to a shorter prefix (state-space and hybrid ones) read every prefix anew.

    Args:
        model: an id or a path for `from_pretrained`, or a model.
        tokenizer: the same for the tokenizer; the model's own by default.
        device: where to run; by default a GPU for a model that is loaded here, if there is one.
        dtype: of the weights; by default as they are stored.
        cache_bytes: the most memory to keep keys and values in, between calls.

    Raises:
        VocabularyError: no tokenizer, or it has more tokens than the model has logits.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any = None,
        *,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
        cache_bytes: int = 1 << 30,
    ) -> None:
        if tokenizer is None:
            tokenizer = model if isinstance(model, (str, PathLike)) else model.name_or_path
            if not tokenizer:
                raise VocabularyError("the model does not name its tokenizer; pass it too")
        if isinstance(tokenizer, (str, PathLike)):
            tokenizer = AutoTokenizer.from_pretrained(tokenizer)
        if isinstance(model, (str, PathLike)):
            auto: Any = AutoModelForCausalLM
            model = auto.from_pretrained(model, dtype=dtype or "auto")
            device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        if device is not None:
            model = model.to(device)
        if dtype is not None:
            model = model.to(dtype)
        self.model = model.eval()
        self.tokenizer = tokenizer

        config = model.config.get_text_config()
        head = model.get_output_embeddings()
        width = config.vocab_size if head is None else head.weight.shape[0]
        self.vocabulary = Vocabulary.from_tokenizer(
            tokenizer, size=width, eos_token_ids=_eos_token_ids(model, width)
        )
        self.context_length = getattr(config, "max_position_embeddings", None)

        accepted = inspect.signature(model.forward).parameters
        self._keeps_last_logits = "logits_to_keep" in accepted
        self._cache = (
            PrefixCache(cache_bytes)
            if "past_key_values" in accepted and not getattr(model, "_is_stateful", False)
            else None
        )

    def logprobs(self, prefixes: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """As `LanguageModel.logprobs`, in float32; an empty prefix is the beginning of a text.

        Equal prefixes and beginnings of other prefixes are read once; prefixes of equal length
        with equally long known beginnings are read in one batch.
        """
        rows = self._rows(prefixes)
        if self._cache:
            for row in rows:
                row.match = self._cache.match(row.tokens)
        groups = defaultdict(list)
        for row in rows:
            groups[row.start, len(row.tokens)].append(row)
        result = np.empty((len(prefixes), self.vocabulary.size), np.float32)
        for (start, _), group in groups.items():
            self._read(group, start, result)
        return result

    def encode_prompt(self, prompt: Prompt | None, schema_text: str | None = None) -> list[int]:
        """Token ids to put before the output: by the chat template, if the tokenizer has one.

        Args:
            prompt: a text (of the user, in a chat), or the messages of a chat.
            schema_text: the text of a JSON Schema to tell the model of, at the end of the prompt.

        Raises:
            GenerationError: messages, but no chat template.
        """
        if not (getattr(self.tokenizer, "chat_template", None) and (prompt or schema_text)):
            return self._encode(plain_text(prompt, schema_text))
        text = self.tokenizer.apply_chat_template(
            _messages(prompt, schema_text), add_generation_prompt=True, tokenize=False
        )
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    def _encode(self, text: str) -> list[int]:
        """Token ids of the beginning of a plain text, with one BOS if the tokenizer puts any."""
        bos = self.tokenizer.bos_token
        complete = bool(bos) and text.startswith(bos)
        ids: list[int] = self.tokenizer(text, add_special_tokens=not complete).input_ids
        while ids and ids[-1] in self.vocabulary.eos_token_ids and ids[-1] != ids[0]:
            ids.pop()
        return ids

    def _rows(self, prefixes: Sequence[Sequence[int]]) -> list[_Row]:
        """The prefixes that are no beginnings of others, with those that are."""
        bos = self.tokenizer.bos_token_id
        first = self.vocabulary.eos_token_ids[0] if bos is None else bos
        asked = sorted((tuple(map(int, p)) or (first,), i) for i, p in enumerate(prefixes))
        rows: list[_Row] = []
        # in sorted order a beginning comes right before what continues it
        for tokens, i in reversed(asked):
            if self.context_length is not None and len(tokens) > self.context_length:
                raise GenerationError(
                    f"the text has reached {len(tokens)} tokens, but the context of the model "
                    f"is {self.context_length}; shorten the prompt or lower max_tokens"
                )
            if rows and rows[-1].tokens[: len(tokens)] == tokens:
                rows[-1].asked[i] = len(tokens)
            else:
                rows.append(_Row(tokens, {i: len(tokens)}))
        return rows[::-1]

    @torch.inference_mode()
    def _read(self, group: Sequence[_Row], start: int, result: NDArray[np.float32]) -> None:
        """One forward pass over rows of one length from `start` on; fills their `result`s."""
        length = len(group[0].tokens)
        shortest = min(min(row.asked.values()) for row in group)
        ids = torch.tensor([row.tokens[start:] for row in group], device=self.model.device)
        options: dict[str, Any] = {"use_cache": self._cache is not None}
        if self._cache:
            matches = [row.match for row in group if row.match]
            options["past_key_values"] = assemble(matches, start) if start else DynamicCache()
        if self._keeps_last_logits:
            options["logits_to_keep"] = length - shortest + 1
        output = self.model(input_ids=ids, **options)
        logits = output.logits[:, shortest - length - 1 :]
        if logits.shape[-1] != self.vocabulary.size:
            raise VocabularyError(
                f"the model gives {logits.shape[-1]} logits, but the vocabulary has "
                f"{self.vocabulary.size} tokens"
            )
        logprobs = logits.float().log_softmax(-1).cpu().numpy()
        if np.isnan(logprobs).any():
            raise GenerationError("the model gives NaN logits, or none that is finite")
        if self._cache:
            self._cache.add([row.tokens for row in group], output.past_key_values)
        for row, values in zip(group, logprobs, strict=True):
            for i, asked in row.asked.items():
                result[i] = values[asked - shortest]


def _eos_token_ids(model: Any, width: int) -> list[int]:
    """The ids below `width` that end a text by the model's own generation settings."""
    ids = getattr(model.generation_config, "eos_token_id", None)
    ids = [] if ids is None else [ids] if isinstance(ids, int) else ids
    return [i for i in ids if 0 <= i < width]


def _messages(prompt: Prompt | None, schema_text: str | None) -> list[dict[str, str]]:
    """The messages of a chat, with the schema at the end of the last one."""
    turns = (
        [{"role": "user", "content": prompt or ""}]
        if prompt is None or isinstance(prompt, str)
        else prompt
    )
    messages = [dict(turn) for turn in turns]
    if schema_text:
        parts = (messages[-1]["content"], schema_instruction(schema_text))
        messages[-1]["content"] = "\n\n".join(filter(None, parts))
    return messages
