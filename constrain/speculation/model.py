"""A model that answers before it is asked."""

from __future__ import annotations

import warnings
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import prod
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from constrain.errors import ConstraintError, SpeculationWarning, VocabularyError
from constrain.models import LanguageModel
from constrain.models.base import Prompt
from constrain.models.lookahead import Drawn, Lookahead
from constrain.speculation.calibration import Calibration
from constrain.speculation.drafter import Drafter, Likely, check_vocabulary, likeliest
from constrain.speculation.statistics import Statistics, Tally
from constrain.speculation.unguided import Unguided

_GOOD = 0.5
"""Where a guess has this chance, drafters that cost something are not asked."""
_PATIENCE = 4
"""Drafts that a drafter may begin in vain before it has to rest."""
_LONGEST_REST = 64
"""Most drafts in a row that begin without a drafter."""

_ROUNDING = 1e-3
"""How far above 0 a logarithm of a probability may be."""

Tokens: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Guess:
    """A guess for one text.

    Attributes:
        drawn: the token.
        drafter: whose it is.
        chance: that it comes true, if all before it do.
    """

    drawn: Drawn
    drafter: Drafter
    chance: float


@dataclass(frozen=True, slots=True)
class _Step:
    """A guess on its way.

    Attributes:
        guess: the guess.
        place: its place in the draft, from 1.
        prefix: what the target was asked for after it; None where it was not asked.
    """

    guess: _Guess
    place: int
    prefix: Tokens | None


@dataclass(slots=True, eq=False)
class _Draft:
    """The guesses that one text has before it.

    Attributes:
        text: the text, with all guesses.
        asked: what the model was asked for last.
        steps: the guesses that are not decided yet, in order.
        ended: whether the text would end with the last of them.
        is_copy: whether `text` is a copy that may be moved.
        chance: that all guesses looked at so far come true.
    """

    text: Lookahead
    asked: Tokens
    steps: deque[_Step] = field(default_factory=deque)
    ended: bool = False
    is_copy: bool = False
    chance: float = 1.0

    def start_again(self) -> None:
        """Forget about a last guess that was not sent, and about `chance`."""
        if self.steps and self.steps[-1].prefix is None and not self.ended:
            self.steps.pop()
        self.chance = 1.0


@dataclass(slots=True)
class _Rest:
    """When to ask a drafter again.

    Attributes:
        vain: drafts in a row in which no guess of it was sent, though it had one.
        length: of its next rest, in drafts.
        left: of its present rest.
    """

    vain: int = 0
    length: int = _PATIENCE
    left: int = 0


class SpeculativeModel(LanguageModel):
    """A model that scores guessed tokens together with those it is asked for.

    Contract. It gives the distributions of its target, in which drafters have no part: `logprobs`
    is that of the target, up to rounding where the target rounds otherwise in larger calls. So
    whatever a sampler writes, it writes the same over this model and over the target, seed for
    seed.

    Drafts are coupled to the sampler (Daliri, Musco and Suresh 2024, "Coupling without
    Communication and Drafter-Invariant Speculative Decoding"). Samplers draw token t at a position
    by the noise at (seed, particle, position, t), as the winner of a race; a guess is the winner
    of the same race, under the same mask, with the drafter's probabilities in place of the
    target's. A guess comes true where they agree about the winner, be they right about the rest or
    not. One call of the target then scores the text and all guesses, and the sampler goes through
    the answers; where it draws another token than was guessed, the model is asked anew.

    Texts that are written together wait for each other. So they are drafted to the same depth,
    and a guess more for each is worth sending if it saves more than it costs:

        (1 - c) product of q_i  >  c sum of (1 - q_i)  +  what the drafters take,

    with q_i the chance that all guesses of text i come true (`Calibration`) and c the cost of a
    position in a call of the target, if a call with one position costs 1. For one text this is to
    stop when the chance of a rejection passes a threshold (Huang et al. 2024, "SpecDec++",
    theorem 1). A drafter whose guesses are not worth sending rests, longer and longer.

    Where a drafter fails, it is left out from then on, with a `SpeculationWarning`; where the
    target fails to score guesses, it is asked without, with the same warning.

    Not for several threads at once.

    Args:
        target: the model to speak for.
        drafters: one, or several, the first to be asked first.
        most: the most guesses for a text in a call.
        position_cost: the cost c of a position: 0 < c < 1. What a few more positions cost depends
            on the machine: next to nothing on a GPU, more on a CPU.
        cache_bytes: the most memory for answers.

    Raises:
        VocabularyError: the tokens of a drafter are not those of the target.
        ConstraintError: a setting is out of its range.
    """

    def __init__(
        self,
        target: LanguageModel,
        drafters: Drafter | Iterable[Drafter],
        *,
        most: int = 16,
        position_cost: float = 0.1,
        cache_bytes: int = 1 << 28,
    ) -> None:
        if most < 1:
            raise ConstraintError(f"most must be >= 1, not {most}")
        if not 0 < position_cost < 1:
            raise ConstraintError(f"position_cost must be > 0 and < 1, not {position_cost}")
        self.target = target
        self.vocabulary = target.vocabulary
        self.context_length = target.context_length
        self.most = most
        self.position_cost = position_cost
        self._room = cache_bytes
        self._rests: dict[Drafter, _Rest] = {}
        for drafter in [drafters] if isinstance(drafters, Drafter) else drafters:
            check_vocabulary(drafter, target.vocabulary)
            self._rests[drafter] = _Rest()
        self._rows: OrderedDict[Tokens, NDArray[Any]] = OrderedDict()
        self._drafts: dict[int, _Draft] = {}
        self._calibration = Calibration()
        self._tally = Tally()

    @property
    def statistics(self) -> Statistics:
        """What has happened so far."""
        return self._tally.statistics()

    def encode_prompt(self, prompt: Prompt | None, schema_text: str | None = None) -> list[int]:
        """See `LanguageModel.encode_prompt`; the target's."""
        return self.target.encode_prompt(prompt, schema_text)

    def logprobs(self, prefixes: Sequence[Sequence[int]]) -> NDArray[Any]:
        """See `LanguageModel.logprobs`. Whoever asks this is taken to go on with the likeliest
        tokens."""
        asked = dict.fromkeys(tuple(map(int, prefix)) for prefix in prefixes)
        eos = self.vocabulary.eos_token_ids
        return self.logprobs_ahead(prefixes, [Unguided(i, p, eos) for i, p in enumerate(asked)])

    def logprobs_ahead(
        self, prefixes: Sequence[Sequence[int]], texts: Sequence[Lookahead]
    ) -> NDArray[Any]:
        """See `LanguageModel.logprobs_ahead`."""
        asked = [tuple(map(int, prefix)) for prefix in prefixes]
        self._tally.questions += 1
        drafts = [self._decide(text) for text in texts]
        self._drafts = {draft.text.number: draft for draft in drafts}
        missing = [prefix for prefix in dict.fromkeys(asked) if prefix not in self._rows]
        fresh: dict[Tokens, NDArray[Any]] = {}
        if missing:
            fresh = self._score(missing, self._extend(drafts))
        rows = [fresh[prefix] if prefix in fresh else self._rows[prefix] for prefix in asked]
        self._keep(fresh)
        return np.stack(rows) if rows else np.empty((0, self.vocabulary.size), np.float32)

    # -- what has come of guesses --------------------------------------------------------------

    def _decide(self, text: Lookahead) -> _Draft:
        """Return the draft of a text, after a look at whether its first guess has come true."""
        prefix = text.prefix
        draft = self._drafts.get(text.number)
        if draft is None or not draft.steps:
            return _Draft(text, prefix)
        size = len(draft.asked)
        if len(prefix) <= size or prefix[:size] != draft.asked:
            return draft if prefix == draft.asked else _Draft(text, prefix)
        step = draft.steps.popleft()
        drawn, name = step.guess.drawn, step.guess.drafter.name
        right = prefix[size] == drawn.token
        self._calibration.learn(name, drawn.probability, drawn.width, right)
        if right and step.prefix is not None:
            self._tally.accepted[name, step.place] += 1
        if not right or step.prefix != prefix:
            return _Draft(text, prefix)
        draft.asked = prefix
        return draft

    # -- guessing ------------------------------------------------------------------------------

    def _extend(self, drafts: Sequence[_Draft]) -> list[Tokens]:
        """Add guesses to drafts as long as it is worth it. Returns what to ask the target for."""
        started = perf_counter()
        wanted: list[Tokens] = []
        awake = [drafter for drafter, rest in self._rests.items() if not rest.left]
        asked: set[Drafter] = set()
        sent: set[Drafter] = set()
        for draft in drafts:
            draft.start_again()
        for depth in range(self.most if awake else 0):
            growing = []
            for draft in drafts:
                if depth < len(draft.steps):
                    draft.chance *= draft.steps[depth].guess.chance
                elif not draft.ended:
                    growing.append(draft)
            guesses = self._guess(growing, awake)
            asked.update(guess.drafter for guess in guesses if guess)
            if growing and self._is_worth(drafts, growing, guesses):
                for draft, guess in zip(growing, guesses, strict=True):
                    assert guess is not None
                    sent.add(guess.drafter)
                    prefix = self._take(draft, guess)
                    if prefix is not None:
                        wanted.append(prefix)
                        self._tally.sent[guess.drafter.name, depth + 1] += 1
            elif growing:
                for draft, guess in zip(growing, guesses, strict=True):
                    if guess is not None:
                        draft.steps.append(_Step(guess, depth + 1, None))
                break
        self._put_to_rest(asked, sent)
        self._tally.draft_seconds += perf_counter() - started
        return wanted

    def _guess(self, drafts: Sequence[_Draft], awake: list[Drafter]) -> list[_Guess | None]:
        """Return the best guess for each draft."""
        best: list[_Guess | None] = [None] * len(drafts)
        for drafter in list(awake):
            open_ = [
                i
                for i, guess in enumerate(best)
                if not drafter.cost or not guess or guess.chance < _GOOD
            ]
            texts = [drafts[i].text for i in open_]
            try:
                offers = drafter.guess(texts) if texts else ()
                for i, text, offer in zip(open_, texts, offers, strict=True):
                    drawn = self._draw(text, offer) if offer is not None else None
                    if drawn is None:
                        continue
                    chance = self._calibration.chance(drafter.name, drawn.probability, drawn.width)
                    if (known := best[i]) is None or chance > known.chance:
                        best[i] = _Guess(drawn, drafter, chance)
            except Exception as error:
                awake.remove(drafter)
                self._dismiss(drafter, error)
        return best

    def _draw(self, text: Lookahead, offer: Likely) -> Drawn | None:
        """Draw from an offer.

        Raises:
            ValueError: it is none over the vocabulary.
        """
        tokens, logprobs = offer
        if not len(tokens):
            return None
        if tokens[0] < 0 or tokens[-1] >= self.vocabulary.size:
            raise ValueError(f"guesses {tokens[[0, -1]]}, of {self.vocabulary.size} tokens")
        if not logprobs.max() <= _ROUNDING:
            raise ValueError("gives NaN, or more than the logarithms of probabilities")
        return text.draw(tokens, logprobs)

    def _is_worth(
        self, drafts: Sequence[_Draft], growing: Sequence[_Draft], guesses: Sequence[_Guess | None]
    ) -> bool:
        """Return whether to send a guess more for each text that is growing."""
        saved, wasted = 1 - self.position_cost, 0.0
        busy: set[Drafter] = set()
        for draft, guess in zip(growing, guesses, strict=True):
            if guess is None:
                return False
            chance = draft.chance * guess.chance
            saved *= chance
            wasted += self.position_cost * (1 - chance)
            busy.add(guess.drafter)
        saved *= prod(draft.chance for draft in drafts if draft not in growing)
        return saved > wasted + sum(drafter.cost for drafter in busy)

    def _take(self, draft: _Draft, guess: _Guess) -> Tokens | None:
        """Append a guess to a draft. Returns what to ask the target for after it, if anything."""
        if not draft.is_copy:
            draft.text, draft.is_copy = draft.text.fork(), True
        prefix: Tokens | None = None
        try:
            if draft.text.take(guess.drawn.token):
                prefix = draft.text.prefix
        except ConstraintError:
            pass  # the constraint leads nowhere; the sampler will say so if it comes here
        if prefix is None or (self.context_length and len(prefix) > self.context_length):
            prefix, draft.ended = None, True
        draft.chance *= guess.chance
        draft.steps.append(_Step(guess, len(draft.steps) + 1, prefix))
        return prefix

    def _put_to_rest(self, asked: set[Drafter], sent: set[Drafter]) -> None:
        """Let drafters rest that were asked, but none of whose guesses was worth sending."""
        for drafter, rest in self._rests.items():
            if rest.left:
                rest.left -= 1
            elif drafter in sent:
                rest.vain, rest.length = 0, _PATIENCE
            elif drafter in asked:
                rest.vain += 1
                if rest.vain == _PATIENCE:
                    rest.vain, rest.left = 0, rest.length
                    rest.length = min(2 * rest.length, _LONGEST_REST)

    def _dismiss(self, drafter: Drafter, error: Exception) -> None:
        del self._rests[drafter]
        warnings.warn(SpeculationWarning(drafter.name, error), stacklevel=2)

    # -- the target ----------------------------------------------------------------------------

    def _score(self, missing: list[Tokens], wanted: Iterable[Tokens]) -> dict[Tokens, NDArray[Any]]:
        """Return the target's rows for what is missing and, where it gives them, for guesses."""
        started = perf_counter()
        prefixes = missing + [p for p in dict.fromkeys(wanted) if p not in self._rows]
        try:
            rows = self.target.logprobs(prefixes)
        except Exception as error:
            if len(prefixes) == len(missing):
                raise
            prefixes = missing
            rows = self.target.logprobs(missing)
            self._rests.clear()
            warnings.warn(SpeculationWarning("target", error), stacklevel=2)
        self._tally.calls += 1
        self._tally.positions += len(prefixes)
        self._tally.target_seconds += perf_counter() - started
        if rows.shape != (len(prefixes), self.vocabulary.size):
            raise VocabularyError(
                f"the target gives log-probabilities of shape {rows.shape}, not "
                f"{(len(prefixes), self.vocabulary.size)}: a row for each prefix and a column for "
                "each token of its vocabulary"
            )
        return dict(zip(prefixes, rows, strict=True))

    def _keep(self, fresh: dict[Tokens, NDArray[Any]]) -> None:
        """Learn from new rows, and keep them. Those that are no distributions are passed on to
        whoever asked, but not kept: nobody may ask for them in the end."""
        started = perf_counter()
        for prefix, row in fresh.items():
            if not np.isfinite(row.max()):
                continue
            self._rows[prefix] = row
            said = likeliest(row)
            for drafter in list(self._rests):
                try:
                    drafter.learn(prefix, said)
                except Exception as error:
                    self._dismiss(drafter, error)
        while self._rows and len(self._rows) * next(iter(self._rows.values())).nbytes > self._room:
            self._rows.popitem(last=False)
        self._tally.draft_seconds += perf_counter() - started
