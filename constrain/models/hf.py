"""Causal language models of Hugging Face transformers."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

from constrain.errors import GenerationError, VocabularyError
from constrain.texts import refuse_surrogates
from constrain.vocabulary import Vocabulary

from .base import LanguageModel, Prompt, plain_text, schema_instruction
from .cache import Block, Match, PrefixCache, assemble, assemble_lanes
from .packing import MOST_PLACES, Lanes, Packing, common_length, sees_trees
from .states import FAR, StateCache, assemble_states, empty_state, goes_on_by

_STEPS = 8
"""What reading a token after a state takes, in tokens of a text that is read anew."""


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
        return min(self.match.length, self.shortest - 1) if self.match else 0

    @property
    def shortest(self) -> int:
        """The length of the shortest asked beginning."""
        return min(self.asked.values(), default=len(self.tokens))

    @property
    def origin(self) -> Hashable:
        """The same for rows whose reading can start from the same keys and values."""
        return self.match and (id(self.match.block), self.match.row)


class HFModel(LanguageModel):
    """A causal language model of transformers.

    Keys and values stay cached between calls, up to `cache_bytes`. So do the states of models that
    cannot be cut back to a shorter prefix (state-space and hybrid ones); these read on from the
    last state of a beginning of the text. Prefixes that branch off from one another or differ in
    length are read in one pass by models that attend to every position and take a mask; by others,
    in one pass for each length.

    Args:
        model: an id or a path for `from_pretrained`, or a model.
        tokenizer: the same for the tokenizer; the model's own by default.
        device: where to run; by default a GPU for a model that is loaded here, if there is one.
        dtype: of the weights; by default as they are stored.
        cache_bytes: the most memory to keep keys and values, or states, in, between calls.

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
        self._cache_argument = "cache_params" if "cache_params" in accepted else "past_key_values"
        self._cache: PrefixCache | None = None
        self._states: StateCache | None = None
        self._reads_on = 0
        if getattr(model, "_is_stateful", False):
            self._reads_on = goes_on_by(model, self._cache_argument)
            self._states = StateCache(cache_bytes) if self._reads_on else None
        elif "past_key_values" in accepted:
            self._cache = PrefixCache(cache_bytes)
        self._sees_trees = self._cache is not None and sees_trees(model, accepted)

    def logprobs(self, prefixes: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """As `LanguageModel.logprobs`, in float32; an empty prefix is the beginning of a text.

        Equal prefixes and beginnings of other prefixes are read once; prefixes of equal length
        with equally long known beginnings are read in one batch, others as trees side by side.
        """
        rows = self._rows(prefixes)
        result = np.empty((len(prefixes), self.vocabulary.size), np.float32)
        if self._states:
            self._read_beginnings(rows, result)
        self._find(rows)
        trees = defaultdict(list)
        for row in rows:
            trees[row.origin].append(row)
        groups = _groups(rows)
        if self._sees_trees and _are_trees(list(trees.values()), len(groups)):
            self._read_trees(list(trees.values()), result)
        else:
            for group in groups:
                self._read(group, result)
        return result

    @property
    def scores_guesses(self) -> bool:
        """Whether a text with guesses after it is read about as fast as the text alone."""
        return self._reads_on != 1

    def encode_prompt(self, prompt: Prompt | None, schema_text: str | None = None) -> list[int]:
        """Token ids to put before the output: by the chat template, if the tokenizer has one.

        Args:
            prompt: a text (of the user, in a chat), or the messages of a chat.
            schema_text: the text of a JSON Schema to tell the model of, at the end of the prompt.

        Raises:
            GenerationError: messages, but no chat template.
            ConstraintError: the prompt holds a lone surrogate.
        """
        if not (getattr(self.tokenizer, "chat_template", None) and (prompt or schema_text)):
            return self._encode(plain_text(prompt, schema_text))
        text = self.tokenizer.apply_chat_template(
            _messages(prompt, schema_text), add_generation_prompt=True, tokenize=False
        )
        refuse_surrogates(text, "the prompt")
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    def _encode(self, text: str) -> list[int]:
        """Token ids of the beginning of a plain text, with one BOS if the tokenizer puts any."""
        refuse_surrogates(text, "the prompt")
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

    def _find(self, rows: Sequence[_Row]) -> None:
        """Set where the reading of rows can start."""
        for row in rows:
            if self._cache:
                row.match = self._cache.match(row.tokens)
            elif self._states:
                match = self._states.match(row.tokens, row.shortest - 1)
                if match and self._reads_on == 1:  # token by token, or anew
                    left = len(row.tokens) - match.length
                    match = match if left <= max(1, len(row.tokens) // _STEPS) else None
                row.match = match

    def _read_beginnings(self, rows: Sequence[_Row], result: NDArray[np.float32]) -> None:
        """Read what stands before guesses, and what several texts begin with, where that is much:
        so that its state is there if the guesses do not come true."""
        if self._reads_on == 1:
            return
        self._find(rows)
        trees = defaultdict(list)
        for row in rows:
            trees[row.origin].append(row)
        beginnings = []
        for tree in trees.values():
            shared = min(
                common_length([row.tokens for row in tree]), *(row.shortest - 1 for row in tree)
            )
            goes_on = len(tree) > 1 or len(tree[0].tokens) > tree[0].shortest
            if goes_on and shared - tree[0].start > FAR:
                beginnings.append(_Row(tree[0].tokens[:shared], {}, tree[0].match))
        for group in _groups(beginnings):
            self._read(group, result)

    def _read(self, group: Sequence[_Row], result: NDArray[np.float32]) -> None:
        """One pass over rows of one length, from one place on; fills their `result`s."""
        start, length = group[0].start, len(group[0].tokens)
        shortest = min(row.shortest for row in group)
        ids = [row.tokens[start:] for row in group]
        matches = [row.match for row in group if row.match]
        known = None
        if start:
            known = assemble_states(matches) if self._states else assemble(matches, start)
        read = self._step if start and self._reads_on == 1 else self._pass
        logprobs, cache = read(ids, known, length - shortest + 1)
        kept = self._cache or self._states
        if kept:
            kept.add(Block(tuple(row.tokens for row in group), cache))
        for row, values in zip(group, logprobs, strict=True):
            for i, asked in row.asked.items():
                result[i] = values[asked - shortest]

    def _read_trees(self, trees: Sequence[Sequence[_Row]], result: NDArray[np.float32]) -> None:
        """One pass over trees, each of rows of one origin; fills their `result`s."""
        assert self._cache
        matches = []
        packings = []
        for tree in trees:
            texts = [row.tokens for row in tree]
            match, start = tree[0].match, min(row.start for row in tree)
            shared = min(common_length(texts), *(row.shortest - 1 for row in tree))
            if shared - start > MOST_PLACES:  # a prompt that is new: read it without a mask
                prompt = _Row(texts[0][:shared], {}, match)
                self._read([prompt], result)
                match = self._cache.match(prompt.tokens)
                start = match.length if match else 0  # none where the cache has no room
            matches.append(match)
            packings.append(Packing.of(texts, start))
        lanes = Lanes.of(packings)
        device = self.model.device
        logprobs, cache = self._pass(
            lanes.tokens(),
            assemble_lanes(matches, [p.start for p in packings]) if lanes.known else None,
            lanes.width,
            attention_mask=lanes.mask(self.model.dtype, device),
            position_ids=torch.tensor(lanes.positions(), device=device),
        )
        rows = tuple(row.tokens for tree in trees for row in tree)
        self._cache.add(Block(rows, cache, lanes.places()))
        for values, tree, packing in zip(logprobs, trees, packings, strict=True):
            for row, path in zip(tree, packing.paths, strict=True):
                for i, asked in row.asked.items():
                    result[i] = values[path[asked - packing.start - 1]]

    def _step(
        self, ids: Sequence[Sequence[int]], known: Any, last: int
    ) -> tuple[NDArray[np.float32], Any]:
        """As `_pass`, a token of each row at a time."""
        found = []
        for tokens in zip(*ids, strict=True):
            logprobs, known = self._pass([[token] for token in tokens], known, 1)
            found.append(logprobs)
        return np.concatenate(found[-last:], axis=1), known

    @torch.inference_mode()
    def _pass(
        self, ids: Sequence[Sequence[int]], known: Any, last: int, **options: Any
    ) -> tuple[NDArray[np.float32], Any]:
        """Ask the model once.

        Args:
            ids: tokens of equally many positions for each row, after those known.
            known: the keys and values of those; None where there are none.
            last: of how many of the last positions to return distributions.
            options: of the model.

        Returns:
            Log-probabilities [rows, last, V], and the new keys and values.
        """
        options["use_cache"] = bool(self._cache or self._states)
        if self._states:
            options[self._cache_argument] = empty_state(self.model) if known is None else known
        elif self._cache:
            options["past_key_values"] = DynamicCache() if known is None else known
        if self._keeps_last_logits:
            options["logits_to_keep"] = last
        output = self.model(input_ids=torch.tensor(ids, device=self.model.device), **options)
        logits = output.logits[:, -last:]
        if logits.shape[-1] != self.vocabulary.size:
            raise VocabularyError(
                f"the model gives {logits.shape[-1]} logits, but the vocabulary has "
                f"{self.vocabulary.size} tokens"
            )
        logprobs = logits.float().log_softmax(-1).cpu().numpy()
        if np.isnan(logprobs).any():
            raise GenerationError("the model gives NaN logits, or none that is finite")
        return logprobs, output[self._cache_argument] if options["use_cache"] else None


def _groups(rows: Sequence[_Row]) -> list[list[_Row]]:
    """Return rows by where their reading starts and ends."""
    groups = defaultdict(list)
    for row in rows:
        groups[row.start, len(row.tokens)].append(row)
    return list(groups.values())


def _are_trees(trees: Sequence[Sequence[_Row]], groups: int) -> bool:
    """Return whether to read rows as trees, those of one origin together, or in so many groups.

    Texts that go on side by side by a token each are better kept as rows, and so are new prompts.
    Where texts differ in length, one pass under a mask is faster than several (`bench.packing`).
    """
    if groups <= 1 and (
        all(len(tree) == 1 for tree in trees)
        or all(len(row.tokens) == row.start + 1 for tree in trees for row in tree)
    ):
        return False
    for tree in trees:
        common = common_length([row.tokens for row in tree])
        if sum(len(row.tokens) - common for row in tree) > MOST_PLACES:
            return False
        if len(trees) > 1 and common - min(row.start for row in tree) > MOST_PLACES:
            return False
    return True


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
