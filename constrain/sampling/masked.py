"""Masked decoding: at each step the model's distribution over the tokens that are allowed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from time import perf_counter
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from constrain.engine import Constraint, Matcher
from constrain.engine.bitmask import allowed
from constrain.errors import (
    ConstraintError,
    GenerationError,
    RegexTooComplexError,
    SchemaTooComplexError,
)
from constrain.models import LanguageModel
from constrain.models.lookahead import Drawn
from constrain.sampling.ahead import Offer
from constrain.sampling.base import Observer, Progress, check_shape, room_after
from constrain.sampling.clock import Clock
from constrain.sampling.cursor import AnyConstraint
from constrain.sampling.forced import certain_tokens
from constrain.sampling.noise import Stream
from constrain.sampling.warp import Warp

P = ParamSpec("P")
T = TypeVar("T")

NEEDS_MASKS = (
    "local masking needs masks, and this constraint can only be asked; take the sampler awrs, smc, "
    "cars or rejection"
)


@dataclass(frozen=True, slots=True)
class Output:
    """A finished text.

    Attributes:
        token_ids: its tokens, the last one ends the text.
        forced_tokens: how many of them were taken without asking the model.
        model_calls: how many were chosen by a distribution of the model.
        logprob: log-probability of the chosen tokens under the model without any mask.
        model_seconds: time spent in those calls, which a batch shares.
        mask_seconds: time spent in masks, for all texts together, guesses included.
    """

    token_ids: tuple[int, ...]
    forced_tokens: int
    model_calls: int
    logprob: float
    model_seconds: float
    mask_seconds: float


def decode(
    model: LanguageModel,
    constraint: AnyConstraint,
    prompt: Sequence[int],
    *,
    n: int,
    max_tokens: int,
    warp: Warp,
    seed: int,
    observe: Observer | None = None,
) -> list[Output]:
    """Draw `n` texts from the model under a constraint, token by token.

    Text i is a function of the prompt, the seed and i alone, up to rounding in the model. At each
    step, one call of the model answers for all texts that are not finished.

    Args:
        model: a model over the vocabulary of the constraint.
        constraint: what may be written; it must have masks.
        prompt: token ids that stand before each text.
        n: how many texts.
        max_tokens: the most tokens of a text, end of text included; where the context of the
            model leaves less room after the prompt, so many.
        warp: what is done to the distribution over the allowed tokens before drawing.
        seed: key of the noise.
        observe: is called after each step.

    Raises:
        ConstraintError: the constraint has no masks.
        GenerationError: the shortest text does not fit, the model gives no distribution over
            what is allowed, or the constraint turns out too complex in the middle of a text.
            `token_ids` is the text where it happened, or the first unfinished.
        SchemaTooComplexError, RegexTooComplexError: it is too complex before anything is written.
        VocabularyError: the model's distributions are not over the vocabulary, or its tokens
            cannot spell what is asked for.
    """
    if not isinstance(constraint, Constraint):
        raise ConstraintError(NEEDS_MASKS)
    room = room_for(model, constraint, prompt, max_tokens)
    masks = Clock()
    texts = [
        _Text(Stream(seed, i), constraint.matcher(), prompt, room, warp, masks) for i in range(n)
    ]
    while True:
        asked = [text for text in texts if _kept(text, text.go_on)]
        if observe is not None:
            longest, finished = max(len(text.token_ids) for text in texts), n - len(asked)
            observe(Progress(longest, finished, n, finished))
        if not asked:
            return [text.output() for text in texts]
        started = perf_counter()
        logprobs = _ask(model, asked)
        seconds = perf_counter() - started
        for text, row in zip(asked, logprobs, strict=True):
            text.seconds += seconds
            _kept(text, text.choose, row)


def room_for(
    model: LanguageModel, constraint: Constraint, prompt: Sequence[int], max_tokens: int
) -> int:
    """Return the most tokens that a text can have; the model need not read its last one.

    Raises:
        GenerationError: the prompt is too long, or even the shortest text; or there is none.
    """
    limit, room = model.context_length, room_after(model, prompt, max_tokens)
    matcher = constraint.matcher()
    fewest = matcher.tokens_to_finish()
    if fewest == sys.maxsize:
        raise matcher.dead_end()
    if fewest > room:
        raise GenerationError(
            f"the shortest output takes {fewest} tokens, end of text included, but "
            + (
                f"max_tokens is {max_tokens}"
                if room == max_tokens
                else f"a context of {limit} has room for {room} after a prompt of {len(prompt)}"
            )
        )
    return room


def _ask(model: LanguageModel, texts: Sequence[_Text]) -> NDArray[Any]:
    """Return log-probabilities [n, V] of the next token of each text."""
    try:
        logprobs = model.logprobs_ahead([text.prefix for text in texts], texts)
    except GenerationError as error:
        raise GenerationError(str(error), error.token_ids or texts[0].token_ids) from error
    check_shape(model, logprobs, len(texts))
    return logprobs


def _kept(text: _Text, step: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Take a step of a text; where the constraint turns out too complex, tell what is written."""
    try:
        return step(*arguments, **named)
    except (SchemaTooComplexError, RegexTooComplexError) as error:
        if not text.token_ids:
            raise
        raise GenerationError(
            f"what may follow cannot be worked out: {error}", text.token_ids
        ) from error


class _Text:
    """A text under way; a copy of it is its own `Lookahead`."""

    def __init__(
        self,
        stream: Stream,
        matcher: Matcher,
        prompt: Sequence[int],
        room: int,
        warp: Warp,
        masks: Clock,
    ) -> None:
        self._stream = stream
        self.prefix = tuple(prompt)
        self.calls = 0
        self.seconds = 0.0
        self.logprob = 0.0
        self._matcher = matcher
        self._warp = warp
        self._masks = masks
        self._begin = len(self.prefix)
        self._end = self._begin + room
        vocabulary = matcher.constraint.vocabulary
        self._size = vocabulary.size
        self._eos = frozenset(vocabulary.eos_token_ids)
        self._mask = np.empty(vocabulary.bitmask_words, np.int32)
        self._choices = np.empty(0, np.intp)

    @property
    def token_ids(self) -> tuple[int, ...]:
        return self.prefix[self._begin :]

    def go_on(self) -> bool:
        """Append the tokens that are forced. Returns whether one is left to choose."""
        while not self._matcher.is_finished():
            self._append_certain_tokens()
            tokens = self._allowed()
            if not len(tokens):
                raise self._matcher.dead_end(self.token_ids)
            if len(tokens) > 1 and not self._eos.issuperset(tokens[: len(self._eos) + 1].tolist()):
                self._choices = tokens
                return True
            self._append(int(tokens[0]))
        return False

    def choose(self, logprobs: NDArray[Any]) -> None:
        """Append a token, given the model's [V] log-probabilities.

        Where the one drawn leaves no room to end, it is drawn again, with the same noise, from
        those that do. So the budget is felt only when it runs out.
        """
        token = self._pick(self._choices, logprobs)
        self._append(token)
        if not self._can_end():
            self._take_back(1)
            tokens = self._allowed(budget=self._end - len(self.prefix))
            if not len(tokens):
                raise self._matcher.dead_end(self.token_ids)
            token = self._pick(tokens, logprobs)
            self._append(token)
        self.calls += 1
        self.logprob += float(logprobs[token])

    def output(self) -> Output:
        token_ids = self.token_ids
        return Output(
            token_ids,
            len(token_ids) - self.calls,
            self.calls,
            self.logprob,
            self.seconds,
            self._masks.seconds,
        )

    # -- as a `Lookahead` ----------------------------------------------------------------------

    @property
    def key(self) -> Stream:
        return self._stream

    def fork(self) -> _Text:
        other = copy(self)
        other._matcher = self._matcher.fork()
        return other

    def draw(self, tokens: NDArray[np.intp], logprobs: NDArray[Any]) -> Drawn | None:
        mask = np.zeros(self._size, np.bool_)
        mask[self._choices] = True
        offer = Offer(tokens, logprobs)
        offer.keep(mask)
        if not len(offer.tokens):
            return None
        noise = self._stream.gumbel(len(self.prefix) - self._begin, offer.tokens)
        order, sure = offer.race(self._warp(offer.logprobs), noise)
        return Drawn(int(order[0]), sure, len(self._choices))

    def take(self, token: int) -> bool:
        self._append(token)
        return self._can_end() and self.go_on()

    def forced(self) -> Sequence[int]:
        return ()  # what is certain has been appended, and models seldom spell the rest like that

    # ------------------------------------------------------------------------------------------

    def _append(self, token: int) -> None:
        if not self._matcher.accept(token):
            raise AssertionError(f"the mask allows token {token}, but the matcher does not")
        self.prefix = (*self.prefix, token)

    def _append_certain_tokens(self) -> None:
        """Append the tokens of forced bytes, unless fewer but shorter ones are needed to end."""
        tokens = certain_tokens(self._matcher)
        for token in tokens:
            self._append(token)
        if not self._can_end():
            self._take_back(len(tokens))

    def _take_back(self, count: int) -> None:
        self._matcher.rollback(count)
        self.prefix = self.prefix[: len(self.prefix) - count]

    def _can_end(self) -> bool:
        """Return whether there is room for an ending."""
        return len(self.prefix) + self._matcher.tokens_to_finish() <= self._end

    def _allowed(self, budget: int | None = None) -> NDArray[np.intp]:
        """Return the tokens that may come next, ascending."""
        with self._masks:
            self._matcher.fill_bitmask(self._mask, budget=budget)
            return np.flatnonzero(allowed(self._mask, self._size))

    def _pick(self, tokens: NDArray[np.intp], logprobs: NDArray[Any]) -> int:
        among = logprobs[tokens]
        if not np.isfinite(among.max()):
            raise GenerationError(
                "the model gives NaN or infinite log-probabilities"
                if np.isnan(among).any() or (among > 0).any()
                else "the model gives no probability to any token that the constraint allows",
                self.token_ids,
            )
        scores = self._warp(among)
        kept = np.flatnonzero(scores > -np.inf)
        tokens = tokens[kept]
        if len(tokens) == 1:
            return int(tokens[0])
        noise = self._stream.gumbel(len(self.prefix) - self._begin, tokens)
        return int(tokens[np.argmax(scores[kept] + noise)])
