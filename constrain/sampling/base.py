"""The one interface of the samplers, and the loop below them all."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from constrain.errors import ConstraintError, GenerationError, VocabularyError
from constrain.models import LanguageModel
from constrain.sampling.ahead import Ahead
from constrain.sampling.clock import Clock
from constrain.sampling.cursor import AnyConstraint, Cursor, cursor_maker
from constrain.sampling.noise import Stream

OUT_OF_TOKENS = "max_tokens reached before the end of the text"


@dataclass(frozen=True, slots=True)
class Sample:
    """A text with a weight.

    Attributes:
        token_ids: its tokens, the end-of-text token included where it is finished.
        text: their bytes, decoded.
        log_weight: natural logarithm of its weight; -inf where it is not finished.
        logprob: log-probability of the tokens under the model, without any constraint.
        finished: whether it is complete and valid.
        reason: why it is not finished; empty where it is.
    """

    token_ids: tuple[int, ...]
    text: str
    log_weight: float
    logprob: float
    finished: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; what `observe` of a sampler gets after each step.

    Attributes:
        tokens: tokens of the longest text under way.
        finished: texts finished.
        attempts: texts begun.
        effective: effective sample size of the texts under way and finished, (sum w)^2 / sum w^2;
            of samplers without weights, the texts finished.
    """

    tokens: int
    finished: int
    attempts: int
    effective: float


Observer: TypeAlias = Callable[[Progress], None]


class Draw(NamedTuple):
    """A token and the logarithm of the weight of drawing it; None where no token can follow."""

    token: int | None
    log_weight: float


class Particle:
    """A text under way.

    Attributes:
        stream: its noise.
        prefix: prompt and tokens.
        cursor: its place under the constraint.
        log_weight: as of a `Sample`, so far.
        logprob: as of a `Sample`, so far.
        reason: why it has been given up; empty while it is not.
        data: its bytes.
        memory: what the sampler remembers of it.
    """

    __slots__ = (
        *("_begin", "_end", "cursor", "data", "log_weight", "logprob", "memory", "prefix"),
        *("reason", "stream"),
    )

    def __init__(self, stream: Stream, prompt: Sequence[int], room: int, cursor: Cursor) -> None:
        self.stream = stream
        self.prefix = tuple(prompt)
        self.cursor = cursor
        self.log_weight = 0.0
        self.logprob = 0.0
        self.reason = ""
        self.data = b""
        self.memory: Any = None
        self._begin = len(self.prefix)
        self._end = self._begin + room

    @property
    def token_ids(self) -> tuple[int, ...]:
        """The tokens after the prompt."""
        return self.prefix[self._begin :]

    @property
    def position(self) -> int:
        """How many tokens stand after the prompt."""
        return len(self.prefix) - self._begin

    @property
    def end(self) -> int:
        """The most tokens of prompt and text together."""
        return self._end

    @property
    def is_finished(self) -> bool:
        """Whether the text is complete and valid."""
        return self.cursor.finished and not self.reason

    @property
    def is_live(self) -> bool:
        """Whether another token is to be drawn."""
        return not self.cursor.finished and not self.reason

    def append(
        self, draw: Draw, logprob: float, added: bytes, cursor: Cursor | None = None
    ) -> None:
        """Append a token drawn, with its log-probability under the model and its bytes, and the
        place under the constraint after it where that is known."""
        token, log_weight = draw
        self.log_weight += log_weight
        if token is None or self.log_weight == -math.inf:
            self.give_up("no token that the model draws can follow")
            return
        if cursor is None:
            self.cursor.append(token)
        else:
            self.cursor = cursor
        self.prefix = (*self.prefix, token)
        self.logprob += logprob
        self.data += added
        if len(self.prefix) == self._end and not self.cursor.finished:
            self.give_up(OUT_OF_TOKENS)

    def give_up(self, reason: str) -> None:
        """Set the weight to zero."""
        self.reason = reason
        self.log_weight = -math.inf

    def fork(self, stream: Stream) -> Particle:
        """Return an independent copy with other noise from here on."""
        other = Particle.__new__(Particle)
        for name in Particle.__slots__:
            setattr(other, name, getattr(self, name))
        other.stream = stream
        other.cursor = self.cursor.fork()
        return other

    def sample(self) -> Sample:
        """Return it as a result."""
        return Sample(
            self.token_ids,
            self.data.decode(errors="replace"),
            self.log_weight,
            self.logprob,
            self.is_finished,
            self.reason,
        )


class Sampler(ABC):
    """Draws texts from a model under a constraint.

    Contract. Let p(x) be the model's probability of the tokens x after the prompt, end of text
    included, and let V be the valid texts of at most `max_tokens` tokens (fewer where the context
    of the model is shorter). A sample (x, w) is *properly weighted* for p restricted to V:

        E[w f(x)] = sum over x in V of p(x) f(x)   for every function f,

    where an unfinished sample counts as w = 0 (Liu 2001, "Monte Carlo Strategies in Scientific
    Computing", section 2.5). So w estimates Z = p(V) without bias, and sums of w f(x) over
    sums of w converge to expectations under p(x | V). Samplers that draw from p(x | V) itself give
    the weight 1 instead; they, and what else a sampler promises, say so at their class.

    Sample i is a function of the prompt, the settings and (seed, i), up to rounding in the model;
    it does not depend on n. Each step asks the model once, for all texts under way, each different
    prefix once. Rows of the model that do not sum to one are unnormalised weights, which stand for
    p(x) as their product.

    Args:
        model: the model.
        constraint: a compiled constraint over the vocabulary of the model, or one that can only
            be asked (`YesNo`).
        seed: key of all noise.
        observe: is called after each step.

    Attributes:
        constraint_clock: the time spent in masks and in checks of tokens, guesses included.
    """

    def __init__(
        self,
        model: LanguageModel,
        constraint: AnyConstraint,
        *,
        seed: int = 0,
        observe: Observer | None = None,
    ) -> None:
        self.model = model
        self.constraint = constraint
        self.seed = seed
        self.observe = observe
        self.constraint_clock = Clock()
        self._cursor = cursor_maker(constraint, model.vocabulary, self.constraint_clock)

    @abstractmethod
    def draw(self, particle: Particle, logprobs: NDArray[Any]) -> Draw:
        """Draw the next token of a text, given the model's [V] log-probabilities.

        Contract: E[w f(token)] over the draw is the sum of p(token) f(token) over the tokens that
        the constraint allows. `particle` is not changed, but for its `memory`.
        """

    def scores(
        self, particle: Particle, tokens: NDArray[np.intp], logprobs: NDArray[Any]
    ) -> NDArray[Any]:
        """Unnormalised log-probabilities [K] by which `draw` would race some tokens.

        Guesses are drawn by it. Where it is wrong, fewer of them come true.

        Args:
            particle: the text.
            tokens: [K] ids; the allowed ones where there is a mask.
            logprobs: [K] the model's log-probabilities.
        """
        return logprobs

    def follow(self, particle: Particle, token: int) -> None:
        """Append a guess to a copy of a text."""
        particle.append(Draw(token, 0.0), 0.0, b"")

    def sample(self, prompt_ids: Sequence[int], n: int, max_tokens: int) -> list[Sample]:
        """Draw `n` texts.

        Args:
            prompt_ids: the tokens that stand before each text.
            n: how many.
            max_tokens: the most tokens of a text, end of text included.

        Returns:
            `n` samples; one that is not finished says why and has weight zero.

        Raises:
            GenerationError: the prompt does not fit, the model gives no distribution, or the
                constraint contradicts itself.
            VocabularyError: the model's rows are not over its vocabulary.
        """
        self.check(n, max_tokens)
        particles = [self.begin(prompt_ids, max_tokens, i) for i in range(n)]
        while self.advance(particles):
            self.report(particles, n)
        return [particle.sample() for particle in particles]

    def begin(
        self, prompt_ids: Sequence[int], max_tokens: int, particle: int, attempt: int = 0
    ) -> Particle:
        """Return a text with nothing in it yet."""
        room = room_after(self.model, prompt_ids, max_tokens)
        stream = Stream(self.seed, particle, attempt)
        return Particle(stream, prompt_ids, room, self._cursor())

    def advance(self, particles: Iterable[Particle]) -> bool:
        """Append a token to each live text. Returns False where there is none."""
        live = [particle for particle in particles if particle.is_live]
        if not live:
            return False
        vocabulary = self.model.vocabulary
        for particle, row in zip(live, ask(self.model, live, self), strict=True):
            drawn = self.draw(particle, row)
            token = drawn.token
            if token is None:
                particle.append(drawn, 0.0, b"")
            else:
                added = vocabulary.shown(token)
                particle.append(drawn, float(row[token]), added)
        return True

    def report(self, particles: Sequence[Particle], attempts: int, finished: int = 0) -> None:
        """Tell the observer how far the run is; `finished` are those before these particles."""
        if self.observe is not None:
            weights = np.array([particle.log_weight for particle in particles])
            self.observe(
                Progress(
                    max(particle.position for particle in particles),
                    finished + sum(particle.is_finished for particle in particles),
                    attempts,
                    effective_sample_size(weights),
                )
            )

    def check(self, n: int, max_tokens: int) -> None:
        """Refuse what cannot be drawn.

        Raises:
            ConstraintError: n or max_tokens is below 1.
        """
        if n < 1:
            raise ConstraintError(f"n must be >= 1, not {n}")
        if max_tokens < 1:
            raise ConstraintError(f"max_tokens must be >= 1, not {max_tokens}")


def effective_sample_size(log_weights: NDArray[np.float64]) -> float:
    """(sum w)^2 / sum w^2 of weights given by logarithms [n]; 0 where all are zero.

    Kong, Liu and Wong 1994, "Sequential Imputations and Bayesian Missing Data Problems".
    """
    top = log_weights.max(initial=-np.inf)
    if top == -np.inf:
        return 0.0
    weights = np.exp(log_weights - top)
    return float(weights.sum() ** 2 / (weights**2).sum())


def log_sum(log_weights: NDArray[Any]) -> float:
    """Logarithm of the sum of exponentials; -inf where all are -inf."""
    top = float(log_weights.max(initial=-np.inf))
    if top == -math.inf:
        return top
    return top + math.log(float(np.exp(log_weights - top).sum(dtype=np.float64)))


def shares_of(log_weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights [n] given by logarithms, so that they sum to 1; zeros where all are zero."""
    top = log_weights.max(initial=-np.inf)
    if top == -np.inf:
        return np.zeros(len(log_weights))
    weights = np.exp(log_weights - top)
    return weights / weights.sum()


def room_after(model: LanguageModel, prompt: Sequence[int], max_tokens: int) -> int:
    """Return the most tokens that a text can have; the model need not read its last one.

    Raises:
        GenerationError: the prompt is longer than the context of the model.
    """
    limit = model.context_length
    if limit is None:
        return max_tokens
    if len(prompt) > limit:
        raise GenerationError(
            f"the prompt has {len(prompt)} tokens, but the context of the model is {limit}; "
            "shorten the prompt"
        )
    return min(max_tokens, limit - len(prompt) + 1)


def ask(
    model: LanguageModel, particles: Sequence[Particle], sampler: Sampler
) -> list[NDArray[Any]]:
    """Return log-probabilities [V] of the next token of each text; equal texts share a row.

    The model is shown how the sampler will go on from there.

    Raises:
        GenerationError: a row has NaN, is nowhere finite, or +inf.
        VocabularyError: the rows are not over the vocabulary.
    """
    prefixes = list(dict.fromkeys(particle.prefix for particle in particles))
    logprobs = model.logprobs_ahead(prefixes, [Ahead(sampler, p) for p in particles])
    check_shape(model, logprobs, len(prefixes))
    rows = dict(zip(prefixes, logprobs, strict=True))
    for particle in particles:
        check_row(rows[particle.prefix], particle.token_ids)
    return [rows[particle.prefix] for particle in particles]


def check_shape(model: LanguageModel, logprobs: NDArray[Any], count: int) -> None:
    """Refuse what is not a row for each prefix.

    Raises:
        VocabularyError: the shape is not [count, V].
    """
    expected = count, model.vocabulary.size
    if logprobs.shape != expected:
        raise VocabularyError(
            f"the model gives log-probabilities of shape {logprobs.shape}, not {expected}: a row "
            "for each prefix and a column for each token of its vocabulary"
        )


def check_row(row: NDArray[Any], token_ids: tuple[int, ...]) -> None:
    """Refuse a row [V] that is no distribution; `token_ids` is the text before it.

    Raises:
        GenerationError: it has NaN, is nowhere finite, or +inf.
    """
    top = row.max()
    if not np.isfinite(top):
        raise GenerationError(
            "the model gives no token any probability"
            if top == -np.inf
            else "the model gives NaN or infinite log-probabilities",
            token_ids,
        )
