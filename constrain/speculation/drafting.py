"""Guesses for texts under way: how far to guess, and what has come of it."""

from __future__ import annotations

import warnings
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import prod
from time import perf_counter
from typing import Any, TypeAlias

from numpy.typing import NDArray

from constrain.errors import ConstraintError, SpeculationWarning
from constrain.models.lookahead import Drawn, Lookahead
from constrain.speculation.calibration import Calibration
from constrain.speculation.drafter import Drafter, Likely, check_vocabulary, likeliest
from constrain.speculation.statistics import Tally
from constrain.vocabulary import Vocabulary

_GOOD = 0.5
"""Where a guess has this chance, drafters that cost something are not asked."""
_CREDIT = 0.5
"""Calls of the target that a drafter may waste before it has to rest."""
_MOST_CREDIT = 2.0
"""The most that it can put by."""
_ASKING = 0.05
"""What it takes to ask a drafter and to draw its guess, in calls of the target."""
_SHORTEST_REST, _LONGEST_REST = 4, 64
"""Drafts in a row that begin without a drafter."""
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
        credit: what it has saved less what it has cost, in calls of the target.
        length: of its next rest, in drafts.
        left: of its present rest.
    """

    credit: float = _CREDIT
    length: int = _SHORTEST_REST
    left: int = 0

    def book(self, saved: float) -> None:
        """Book what was saved, or spent, which may send the drafter to rest."""
        self.credit = min(self.credit + saved, _MOST_CREDIT)
        if saved > 0:
            self.length = max(self.length // 2, _SHORTEST_REST)
        elif self.credit < 0 and not self.left:
            self.credit, self.left = _CREDIT, self.length
            self.length = min(2 * self.length, _LONGEST_REST)


class Drafting:
    """Drafts of texts that are written together.

    Such texts wait for each other. So they are drafted to the same depth, and a guess more for each
    is worth sending if it saves more than it costs:

        (1 - c) product of q_i  >  c sum of (1 - q_i)  +  what the drafters take,

    with q_i the chance that all guesses of text i come true (`Calibration`) and c the cost of a
    position in a call of the target, if a call with one position costs 1. For one text this is to
    stop when the chance of a rejection passes a threshold (Huang et al. 2024, "SpecDec++",
    theorem 1). A guess that is not sent is held against what is drawn nevertheless. A drafter that
    costs more than it saves rests, longer and longer; one that fails is left out from then on,
    with a `SpeculationWarning`.

    Args:
        drafters: one, or several.
        vocabulary: the tokens of the target.
        most: the most guesses for a text.
        position_cost: see c above, 0 < c < 1.
        context_length: of the target.

    Raises:
        VocabularyError: the tokens of a drafter are not those of the target.
        ConstraintError: a setting is out of its range.

    Attributes:
        tally: what has happened so far.
    """

    def __init__(
        self,
        drafters: Drafter | Iterable[Drafter],
        vocabulary: Vocabulary,
        *,
        most: int,
        position_cost: float,
        context_length: int | None,
    ) -> None:
        if most < 1:
            raise ConstraintError(f"most must be >= 1, not {most}")
        if not 0 < position_cost < 1:
            raise ConstraintError(f"position_cost must be > 0 and < 1, not {position_cost}")
        self.tally = Tally()
        self._size = vocabulary.size
        self._most = most
        self._position_cost = position_cost
        self._context_length = context_length
        self._rests: dict[Drafter, _Rest] = {}
        for drafter in [drafters] if isinstance(drafters, Drafter) else drafters:
            check_vocabulary(drafter, vocabulary)
            self._rests[drafter] = _Rest()
        self._drafts: list[_Draft] = []
        self._calibration = Calibration()

    def follow(self, texts: Sequence[Lookahead]) -> None:
        """Take the texts that the target is asked about now, and see which guesses have come
        true."""
        known = {draft.text.number: draft for draft in self._drafts}
        self._drafts = [self._decide(known.get(text.number), text) for text in texts]

    def learn(self, prefix: Tokens, row: NDArray[Any]) -> None:
        """Learn what the target says, log-probabilities [V] after a prefix; drafters that rest do
        not."""
        awake = [drafter for drafter, rest in self._rests.items() if not rest.left]
        if not awake:
            return
        said = likeliest(row)
        for drafter in awake:
            try:
                drafter.learn(prefix, said)
            except Exception as error:
                self._dismiss(drafter, error)

    def stop(self) -> None:
        """Guess no more."""
        self._rests.clear()

    def extend(self) -> list[Tokens]:
        """Add guesses as long as it is worth it. Returns what to ask the target for."""
        started = perf_counter()
        drafts = self._drafts
        wanted: list[Tokens] = []
        awake = [drafter for drafter, rest in self._rests.items() if not rest.left]
        asked: Counter[Drafter] = Counter()
        for draft in drafts:
            draft.start_again()
        for depth in range(self._most if awake else 0):
            growing = []
            for draft in drafts:
                if depth < len(draft.steps):
                    draft.chance *= draft.steps[depth].guess.chance
                elif not draft.ended:
                    growing.append(draft)
            guesses = self._guess(growing, awake)
            asked.update({guess.drafter for guess in guesses if guess})
            if growing and self._is_worth(drafts, growing, guesses):
                for draft, guess in zip(growing, guesses, strict=True):
                    assert guess is not None
                    prefix = self._take(draft, guess)
                    if prefix is not None:
                        wanted.append(prefix)
                        self.tally.sent[guess.drafter.name, depth + 1] += 1
            elif growing:
                for draft, guess in zip(growing, guesses, strict=True):
                    if guess is not None:
                        draft.steps.append(_Step(guess, depth + 1, None))
                break
        for drafter, rest in self._rests.items():
            if drafter in asked:
                rest.book(-asked[drafter] * (_ASKING + drafter.cost))
            elif rest.left:
                rest.left -= 1
        self.tally.draft_seconds += perf_counter() - started
        return wanted

    def _decide(self, draft: _Draft | None, text: Lookahead) -> _Draft:
        """Return the draft of a text, less the guesses that have come true; a new one where one
        has not."""
        prefix = text.prefix
        while draft and draft.steps and draft.asked != prefix:
            size = len(draft.asked)
            if len(prefix) <= size or prefix[:size] != draft.asked:
                break
            step = draft.steps.popleft()
            drawn, name = step.guess.drawn, step.guess.drafter.name
            right = prefix[size] == drawn.token
            self._calibration.learn(name, drawn.probability, drawn.width, right)
            if step.prefix is None or not right or prefix[: len(step.prefix)] != step.prefix:
                self._account([step, *draft.steps], -self._position_cost)
                break
            self._account([step], 1 - self._position_cost)
            self.tally.accepted[name, step.place] += 1
            draft.asked = step.prefix
        return draft if draft and draft.asked == prefix else _Draft(text, prefix)

    def _account(self, steps: Iterable[_Step], saved: float) -> None:
        """Let drafters know what their guesses, if they were sent, have saved a text each."""
        for step in steps:
            rest = self._rests.get(step.guess.drafter)
            if rest and step.prefix is not None:
                rest.book(saved / len(self._drafts))

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
        if tokens[0] < 0 or tokens[-1] >= self._size:
            raise ValueError(f"guesses {tokens[[0, -1]]}, of {self._size} tokens")
        if not logprobs.max() <= _ROUNDING:
            raise ValueError("gives NaN, or more than the logarithms of probabilities")
        return text.draw(tokens, logprobs)

    def _is_worth(
        self, drafts: Sequence[_Draft], growing: Sequence[_Draft], guesses: Sequence[_Guess | None]
    ) -> bool:
        """Return whether to send a guess more for each text that is growing."""
        saved, wasted = 1 - self._position_cost, 0.0
        busy: set[Drafter] = set()
        for draft, guess in zip(growing, guesses, strict=True):
            if guess is None:
                return False
            chance = draft.chance * guess.chance
            saved *= chance
            wasted += self._position_cost * (1 - chance)
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
        if prefix is None or (self._context_length and len(prefix) > self._context_length):
            prefix, draft.ended = None, True
        draft.chance *= guess.chance
        draft.steps.append(_Step(guess, len(draft.steps) + 1, prefix))
        return prefix

    def _dismiss(self, drafter: Drafter, error: Exception) -> None:
        del self._rests[drafter]
        warnings.warn(SpeculationWarning(drafter.name, error), stacklevel=2)
