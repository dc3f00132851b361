"""Constraints for `model.generate` of Hugging Face transformers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import LogitsProcessor

from constrain.engine import Constraint, Matcher, apply_bitmask
from constrain.errors import ConstraintError, GenerationError, VocabularyError
from constrain.texts import shown


class ConstraintLogitsProcessor(LogitsProcessor):
    """Masks the tokens that a constraint does not allow, in any mode of `generate`.

        model.generate(**inputs, logits_processor=[ConstraintLogitsProcessor(constraint)])

    What was generated is read from the tokens themselves at each call, so beams may be reordered
    and drafts rejected. It serves greedy decoding, sampling, beam search, several sequences for
    each prompt, prompts padded on the left, and assisted generation by a model with the same
    tokenizer.

    One processor may serve one call of `generate` after another, not several at a time. A call is
    taken for a new one where other prompts stand at the beginning, or more tokens have come than
    `generate` adds.

    In beam search a prompt with fewer valid outputs than beams fills its last beams with outputs
    of score -inf, which are not valid.

    Args:
        constraints: one for all prompts, or one for each prompt of the batch, in order. The
            vocabulary may be smaller than the model's logits: the rest is never allowed.
        max_new_tokens: what `generate` is told too; every output then ends, valid, within so many
            tokens. Without it `generate` may cut outputs off.

    Raises:
        ConstraintError: there is no constraint, or what is given is none.
        GenerationError: a shortest output does not fit into `max_new_tokens`.
    """

    def __init__(
        self,
        constraints: Constraint | Sequence[Constraint],
        *,
        max_new_tokens: int | None = None,
    ) -> None:
        if isinstance(constraints, (Constraint, str)) or not isinstance(constraints, Sequence):
            constraints = [constraints]
        if not constraints:
            raise ConstraintError("there is no constraint; give one, or one for each prompt")
        for constraint in constraints:
            if not isinstance(constraint, Constraint):
                raise ConstraintError(
                    f"{shown(constraint)} is no constraint; compile it: "
                    "compile_json_schema(schema, Vocabulary.from_tokenizer(tokenizer))"
                )
            fewest = constraint.matcher().tokens_to_finish()
            if max_new_tokens is not None and fewest > max_new_tokens:
                raise GenerationError(
                    f"the shortest output takes {fewest} tokens, end of text included, but "
                    f"max_new_tokens is {max_new_tokens}"
                )
        self._followers = [_Follower(constraint) for constraint in constraints]
        self._size = max(constraint.vocabulary.size for constraint in constraints)
        self._max_new_tokens = max_new_tokens
        self._prompts: torch.Tensor | None = None
        self._widest = 0

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return scores with -inf for what is not allowed.

        Args:
            input_ids: [rows, length] prompts and what was generated; prompts all of one width,
                the rows of a prompt one after the other.
            scores: [rows, V] of any floating type, on any device.

        Returns:
            [rows, V], a new tensor.

        Raises:
            ConstraintError: the rows do not divide among the constraints.
            VocabularyError: there are fewer scores than tokens.
            GenerationError: no allowed token has a finite score, or no row follows its constraint.
        """
        if scores.shape[-1] < self._size:
            raise VocabularyError(
                f"the model gives {scores.shape[-1]} logits, but the vocabulary has {self._size} "
                "tokens; use the vocabulary of the model's own tokenizer"
            )
        rows = input_ids.shape[0]
        if rows % len(self._followers):
            raise ConstraintError(
                f"{len(self._followers)} constraints do not divide {rows} rows; give one for "
                "each prompt of the batch"
            )
        generated = self._generated(input_ids)
        mask = np.zeros((rows, (self._size + 31) // 32), np.int32)
        followed, unfinished = 0, []
        for i, tokens in enumerate(generated):
            follower = self._followers[i * len(self._followers) // rows]
            matcher = follower.after(tokens, keep=4 * rows + 128)
            followed += matcher is not None
            if matcher is None or matcher.is_finished():
                # What comes next here is padding, or is never chosen; EOS is safe for both.
                follower.fill_with_eos(mask[i])
            else:
                unfinished.append(i)
                follower.fill(mask[i], matcher, self._budget(tokens))
        if not followed:
            raise GenerationError(
                "no row follows its constraint; make a new ConstraintLogitsProcessor for each "
                "call of generate",
                generated[0],
            )
        masked = scores.clone()
        apply_bitmask(masked, mask)
        finite = masked.amax(-1).isfinite().tolist()
        for i in unfinished:
            if not finite[i]:
                raise GenerationError(
                    "the model, or another logits processor, gives NaN or no finite score to "
                    "what the constraint allows",
                    generated[i],
                )
        return masked

    def _generated(self, input_ids: torch.Tensor) -> list[tuple[int, ...]]:
        """Return the tokens of each row after its prompt."""
        ids = input_ids.cpu()
        if self._prompts is None or self._is_new_call(self._prompts, ids):
            self._prompts, self._widest = ids, ids.shape[1]
        self._widest = max(self._widest, ids.shape[1])
        return list(map(tuple, ids[:, self._prompts.shape[1] :].tolist()))

    def _is_new_call(self, prompts: torch.Tensor, ids: torch.Tensor) -> bool:
        width, length = prompts.shape[1], ids.shape[1]
        return not width < length <= self._widest + 1 or not torch.equal(ids[:, :width], prompts)

    def _budget(self, tokens: tuple[int, ...]) -> int | None:
        return None if self._max_new_tokens is None else self._max_new_tokens - len(tokens)


class _Follower:
    """Matchers of one constraint, by the tokens that led to them; None where they are refused."""

    def __init__(self, constraint: Constraint) -> None:
        self._start = constraint.matcher()
        self._known: OrderedDict[tuple[int, ...], Matcher | None] = OrderedDict()
        self._words = constraint.vocabulary.bitmask_words
        self._eos = _bitmask(constraint.vocabulary.eos_token_ids, self._words)

    def after(self, tokens: tuple[int, ...], keep: int) -> Matcher | None:
        """Return a matcher that has read `tokens`, up to the end of text; None if not allowed.

        Args:
            keep: how many matchers to remember at most, the latest used.
        """
        length = len(tokens)
        while length and tokens[:length] not in self._known:
            length -= 1
        matcher = self._known[tokens[:length]] if length else self._start
        if length < len(tokens):
            matcher = _read(matcher, tokens[length:])
            self._known[tokens] = matcher
        if tokens:
            self._known.move_to_end(tokens)
        while len(self._known) > keep:
            self._known.popitem(last=False)
        return matcher

    def fill(self, row: NDArray[np.int32], matcher: Matcher, budget: int | None) -> None:
        """Write the mask of the next token into a row that may be longer than it has to be."""
        matcher.fill_bitmask(row[: self._words], budget=budget)

    def fill_with_eos(self, row: NDArray[np.int32]) -> None:
        """Allow the tokens that end a text."""
        row[: self._words] = self._eos


def _bitmask(tokens: Sequence[int], words: int) -> NDArray[np.int32]:
    mask = np.zeros(words, np.uint32)
    for token in tokens:
        mask[token // 32] |= np.uint32(1 << token % 32)
    return mask.view(np.int32)


def _read(matcher: Matcher | None, tokens: Sequence[int]) -> Matcher | None:
    """Return a matcher that has read more tokens; None if one of them is not allowed."""
    if matcher is None:
        return None
    matcher = matcher.fork()
    for token in tokens:
        if not matcher.is_finished() and not matcher.accept(token):
            return None
    return matcher
