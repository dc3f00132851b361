"""Guesses for texts under way: how far to guess, and what has come of it."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from math import prod
from typing import Any, TypeAlias

from numpy.typing import NDArray

from constrain.errors import ConstraintError, SpeculationWarning
from constrain.models.lookahead import Drawn, Lookahead
from constrain.speculation.calibration import Calibration
from constrain.speculation.drafter import Drafter, Said, admitted, ask
from constrain.speculation.rest import Rest
from constrain.speculation.statistics import Tally
from constrain.vocabulary import Vocabulary

_UNREAD = 256
"""Answers of the target that wait at most until they are learnt from; together they take less."""
_GOOD = 0.5
"""Where a guess has this chance, drafters that cost something are not asked."""
_ALLOWANCE = 0.01
"""What drafting may lose, as a share of what the calls of the target would cost without it."""
_ASKING, _DRAWING, _TAKING = 0.01, 0.035, 0.025
"""What it takes to ask a drafter about a text, to draw from what it offers, and to follow the
guess, in calls of a small target: the bundled one."""

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
        chance: that all guesses looked at so far come true.
        sure: the text with the first `kept` of the guesses, the others being tried.
        kept: see above.
    """

    text: Lookahead
    asked: Tokens
    steps: deque[_Step] = field(default_factory=deque)
    ended: bool = False
    chance: float = 1.0
    sure: Lookahead | None = None
    kept: int = 0

    def start_again(self) -> None:
        """Forget about a last guess that was not sent, and about `chance`; what is appended from
        here on can be taken back."""
        if self.steps and self.steps[-1].prefix is None and not self.ended:
            self.steps.pop()
        self.chance = 1.0
        self.sure, self.kept = None, len(self.steps)

    def reach(self, depth: int) -> bool:
        """Come to a depth, those before it done. Returns whether a guess is missing there."""
        if depth < len(self.steps):
            self.chance *= self.steps[depth].guess.chance
            return False
        return not self.ended

    def fresh(self) -> list[_Step]:
        """Return the guesses since `start_again` that the target is to score."""
        return [step for step in islice(self.steps, self.kept, None) if step.prefix is not None]

    def moving(self) -> Lookahead:
        """Return the text, as a copy that may be moved."""
        if self.sure is None:
            self.sure, self.text = self.text, self.text.fork()
        return self.text

    def take_back(self) -> None:
        """Take back what was appended, but for the first of it, which stays as one not sent."""
        if self.sure is not None:
            first = self.steps[self.kept]
            while len(self.steps) > self.kept:
                self.steps.pop()
            self.steps.append(replace(first, prefix=None))
            self.text, self.sure, self.ended = self.sure, None, False


class Drafting:
    """Drafts of texts that are written together.

    Such texts wait for each other, so they are drafted to the same depth. With q_i the chance that
    all guesses of text i so far come true (`Calibration`), guesses to depth d save

        product of q_i at depth 1  +  ...  +  product of q_i at depth d

    calls of the target, and cost a + c per guess + what the drafters take, in units of a call
    without guesses: `first_cost` a and `position_cost` c. Another level is added as long as it is
    worth c for each text; for one text this is to stop when the chance of a rejection passes a
    threshold (Huang et al. 2024, "SpecDec++", theorem 1). It all is sent if it saves more than it
    costs. A guess that is not sent is held against what is drawn nevertheless.

    Chances may be wrong. So drafting may never have cost more than it has saved, but for a share of
    1 % of the calls that the texts would have taken without it, and a `loan` of some calls: where
    there is none, nothing is tried until something is put by. A drafter that costs more than it
    saves rests (`Rest`); one that fails is left out from then on, with a `SpeculationWarning`.

    Args:
        drafters: one, or several.
        vocabulary: the tokens of the target.
        most: the most guesses for a text.
        position_cost: c, 0 < c < 1.
        first_cost: a, 0 <= a < 1.
        loan: calls that may be lost besides.
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
        first_cost: float,
        loan: float,
        context_length: int | None,
    ) -> None:
        if most < 1:
            raise ConstraintError(f"most must be >= 1, not {most}")
        if not 0 < position_cost < 1:
            raise ConstraintError(f"position_cost must be > 0 and < 1, not {position_cost}")
        if not 0 <= first_cost < 1:
            raise ConstraintError(f"first_cost must be >= 0 and < 1, not {first_cost}")
        if loan < 0:
            raise ConstraintError(f"loan must be >= 0, not {loan}")
        self.tally = Tally()
        self._size = vocabulary.size
        self._most = most
        self._position_cost = position_cost
        self._first_cost = first_cost
        self._context_length = context_length
        self._rests = {drafter: Rest() for drafter in admitted(drafters, vocabulary)}
        self._drafts: list[_Draft] = []
        self._unread: list[tuple[Tokens, NDArray[Any]]] = []
        self._calibration = Calibration()
        self._confirmed: list[Drafter] = []
        self._loan = loan
        self._spent = 0.0

    def follow(self, texts: Sequence[Lookahead]) -> None:
        """Take the texts that the target is asked about now, unless there is nothing to guess with,
        and see which guesses have come true."""
        self.tally.questions += 1
        self._confirmed.clear()
        known = {draft.text.key: draft for draft in self._drafts if draft.steps}
        if not known and not self._can_afford(self._first_cost, len(texts)):
            self._drafts = []
            return
        self._drafts = [self._decide(known.get(text.key), text) for text in texts]

    def book_saved_calls(self, count: int) -> None:
        """Book that the target was not called so often, to those whose guesses have come true."""
        for drafter in self._confirmed:
            if drafter in self._rests:
                self._rests[drafter].save(count / len(self._confirmed))

    def learn(self, prefixes: Sequence[Tokens], rows: NDArray[Any]) -> None:
        """Learn what the target says, log-probabilities [n, V] after prefixes, before the next
        guess; drafters that rest do not. Nobody may write to the rows from here on."""
        if self._learners():
            self._unread += zip(prefixes, rows, strict=True)
        if len(self._unread) > _UNREAD:
            self._read()

    def _learners(self) -> list[Drafter]:
        """Return the drafters that learn and do not rest."""
        return [
            drafter
            for drafter, rest in self._rests.items()
            if not rest.left and type(drafter).learn is not Drafter.learn
        ]

    def _read(self) -> None:
        """Learn what the target has said since the last guess."""
        awake = self._learners()
        said = [(prefix, Said(row)) for prefix, row in self._unread] if awake else []
        self._unread.clear()
        for drafter in awake:
            try:
                for prefix, each in said:
                    drafter.learn(prefix, each)
            except Exception as error:
                self._dismiss(drafter, error)

    def stop(self) -> None:
        """Guess no more."""
        self._rests.clear()

    def extend(self) -> list[Tokens]:
        """Guess as far as it is worth it. Returns what to ask the target for."""
        drafts = self._drafts
        awake = [drafter for drafter, rest in self._rests.items() if rest.is_over()]
        if not awake or not drafts or not self._can_afford(self._first_cost, len(drafts)):
            return []
        self._read()
        awake = [drafter for drafter in awake if drafter in self._rests]
        for draft in drafts:
            draft.start_again()
        saved, cost = 0.0, self._first_cost
        for depth in range(self._most):
            growing = [draft for draft in drafts if draft.reach(depth)]
            if not growing:
                continue
            if not self._can_afford(cost, len(growing)):
                break
            guesses = self._guess(growing, awake)
            chance = prod(draft.chance for draft in drafts)
            chance *= prod(guess.chance if guess else 0 for guess in guesses)
            if chance <= self._cost(guesses):
                for draft, guess in zip(growing, guesses, strict=True):
                    if guess is not None:
                        draft.steps.append(_Step(guess, depth + 1, None))
                break
            for draft, guess in zip(growing, guesses, strict=True):
                assert guess is not None
                self._take(draft, guess)
            saved += chance
            cost += self._position_cost * len(growing)
        if saved <= cost:
            for draft in drafts:
                draft.take_back()
        return self._send([step for draft in drafts for step in draft.fresh()])

    def _send(self, steps: Sequence[_Step]) -> list[Tokens]:
        """Book guesses that the target is to score."""
        for step in steps:
            drafter = step.guess.drafter
            self.tally.sent[drafter.name, step.place] += 1
            self._book(drafter, self._position_cost + self._first_cost / len(steps))
        return [step.prefix for step in steps if step.prefix is not None]

    def _book(self, drafter: Drafter, cost: float) -> None:
        self._spent += cost
        if drafter in self._rests:
            self._rests[drafter].spend(cost)

    def _can_afford(self, cost: float, texts: int) -> bool:
        """Return whether so much can be spent, and what another guess for some texts costs."""
        tally = self.tally
        saved = tally.questions - 1 - tally.calls
        most = saved + self._loan + _ALLOWANCE * tally.questions
        return self._spent + cost + texts * self._each <= most

    def _cost(self, guesses: Sequence[_Guess | None]) -> float:
        """Return what the guesses of another level cost."""
        busy = {guess.drafter for guess in guesses if guess}
        return len(guesses) * self._each + sum(drafter.cost for drafter in busy)

    @property
    def _each(self) -> float:
        """What a guess costs, from asking for it to scoring it."""
        return self._position_cost + _ASKING + _DRAWING + _TAKING

    def _decide(self, draft: _Draft | None, text: Lookahead) -> _Draft:
        """Return the draft of a text, less the guesses that have come true; a new one where one
        has not, or where the text begins again, maybe under another constraint."""
        prefix = text.prefix
        if draft and draft.asked == prefix:
            draft = None
        while draft and draft.steps and draft.asked != prefix:
            size = len(draft.asked)
            if len(prefix) <= size or prefix[:size] != draft.asked:
                break
            step = draft.steps.popleft()
            drawn, drafter = step.guess.drawn, step.guess.drafter
            right = prefix[size] == drawn.token
            self._calibration.learn(drafter.name, drawn.probability, drawn.width, right)
            if step.prefix is None or not right or prefix[: len(step.prefix)] != step.prefix:
                break
            self.tally.accepted[drafter.name, step.place] += 1
            self._confirmed.append(drafter)
            draft.asked = step.prefix
        return draft if draft and draft.asked == prefix else _Draft(text, prefix)

    def _guess(self, drafts: Sequence[_Draft], awake: list[Drafter]) -> list[_Guess | None]:
        """Return the best guess for each draft."""
        best: list[_Guess | None] = [None] * len(drafts)
        for drafter in list(awake):
            open_ = [
                i
                for i, guess in enumerate(best)
                if not drafter.cost or not guess or guess.chance < _GOOD
            ]
            if not open_:
                continue
            texts = [drafts[i].text for i in open_]
            try:
                offers = ask(drafter, texts, self._size)
                drawing = _DRAWING * sum(offer is not None for offer in offers)
                self._book(drafter, drafter.cost + _ASKING * len(texts) + drawing)
                for i, text, offer in zip(open_, texts, offers, strict=True):
                    drawn = text.draw(*offer) if offer is not None else None
                    if drawn is None:
                        continue
                    chance = self._calibration.chance(drafter.name, drawn.probability, drawn.width)
                    if (known := best[i]) is None or chance > known.chance:
                        best[i] = _Guess(drawn, drafter, chance)
            except Exception as error:
                awake.remove(drafter)
                self._dismiss(drafter, error)
        return best

    def _take(self, draft: _Draft, guess: _Guess) -> None:
        """Append a guess to a draft, with what to ask the target for after it, if anything."""
        text = draft.moving()
        prefix: Tokens | None = None
        try:
            if text.take(guess.drawn.token):
                prefix = text.prefix
        except ConstraintError:
            pass  # the constraint leads nowhere; the sampler will say so if it comes here
        if prefix is None or (self._context_length and len(prefix) > self._context_length):
            prefix, draft.ended = None, True
        self._book(guess.drafter, _TAKING)
        draft.chance *= guess.chance
        draft.steps.append(_Step(guess, len(draft.steps) + 1, prefix))

    def _dismiss(self, drafter: Drafter, error: Exception) -> None:
        del self._rests[drafter]
        warnings.warn(SpeculationWarning(drafter.name, error), stacklevel=2)
