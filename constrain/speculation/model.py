"""A model that answers before it is asked."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from math import inf
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from constrain.errors import GenerationError, SpeculationWarning, VocabularyError
from constrain.models import LanguageModel
from constrain.models.base import Prompt
from constrain.models.lookahead import Lookahead
from constrain.speculation.drafter import Drafter
from constrain.speculation.drafting import Drafting, Tokens
from constrain.speculation.statistics import Statistics
from constrain.speculation.unguided import Unguided

_FUTILE = 0.03
"""What a question may take beside the call of the target, as a share of it."""
_LEAST_REST = 1e-5
"""What it takes at least, in seconds."""
_MEASURED = 3
"""After so many questions it is known."""


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

    How far to draft is `Drafting`'s business. Where a drafter fails, it is left out from then on,
    with a `SpeculationWarning`; where the target fails to score guesses, it is asked without, with
    the same warning. Without a loan, the target alone is asked at first, and from then on where it
    answers so fast that looking for guesses would take long beside it.

    Not for several threads at once.

    Args:
        target: the model to speak for.
        drafters: one, or several, the first to be asked first.
        most: the most guesses for a text in a call.
        position_cost: what a guess in a call costs, as a share of a call without any: next to
            nothing on a GPU (0.01), more on a CPU (0.03).
        first_cost: what a call with guesses costs besides. On a CPU, products of matrices and
            vectors become such of matrices (0.3); on a GPU it is little (0.02).
        loan: calls that drafting may lose before it has shown that it saves any. Beyond them, it
            costs at most 1 % of what the calls would cost without it.
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
        position_cost: float = 0.03,
        first_cost: float = 0.3,
        loan: float = 4.0,
        cache_bytes: int = 1 << 28,
    ) -> None:
        self.target = target
        self.vocabulary = target.vocabulary
        self.context_length = target.context_length
        self._drafting = Drafting(
            drafters,
            target.vocabulary,
            most=most,
            position_cost=position_cost,
            first_cost=first_cost,
            loan=loan,
            context_length=target.context_length,
        )
        self._lends = loan > 0
        self._least_call = self._least_rest = inf
        self._measured = 0
        self._room = cache_bytes
        self._rows: OrderedDict[Tokens, NDArray[Any]] = OrderedDict()

    @property
    def statistics(self) -> Statistics:
        """What has happened so far."""
        return self._drafting.tally.statistics()

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
        if self._needs_no_guesses:
            return self._pass_on(prefixes)
        started, tally = perf_counter(), self._drafting.tally
        before = tally.target_seconds
        asked = [p if isinstance(p, tuple) else tuple(map(int, p)) for p in prefixes]
        self._drafting.follow(texts)
        rows = {prefix: self._known(prefix) for prefix in asked}
        missing = [prefix for prefix, row in rows.items() if row is None]
        if missing:
            scored, given = self._score(missing, self._drafting.extend())
            rows.update(zip(scored, given, strict=True))
            self._keep(scored, given)
        else:
            self._drafting.book_saved_calls(1)
        call = tally.target_seconds - before
        rest = perf_counter() - started - call
        tally.draft_seconds += rest
        if missing:
            self._least_call = min(call, self._least_call)
            self._least_rest = min(rest, self._least_rest)
            self._measured += 1
        if not asked:
            return np.empty((0, self.vocabulary.size), np.float32)
        if missing and scored == asked:
            return given
        return np.array([rows[prefix] for prefix in asked])

    @property
    def _needs_no_guesses(self) -> bool:
        """Whether guesses are no use: at first, and by the least times, which what else runs does
        not change."""
        if self._lends:
            return False
        rest = self._least_rest if self._measured >= _MEASURED else _LEAST_REST
        return self._least_call == inf or rest > _FUTILE * self._least_call

    def _pass_on(self, prefixes: Sequence[Sequence[int]]) -> NDArray[Any]:
        """Ask the target, and nothing else."""
        started, tally = perf_counter(), self._drafting.tally
        rows = self._ask(prefixes)
        tally.questions += 1
        tally.calls += 1
        tally.positions += len(prefixes)
        call = perf_counter() - started
        tally.target_seconds += call
        self._least_call = min(call, self._least_call)
        return rows

    def _known(self, prefix: Tokens) -> NDArray[Any] | None:
        """Return the row of a prefix, if it is known. One that is no distribution is not: if
        somebody asks for it in the end, the target is asked again."""
        row = self._rows.get(prefix)
        return row if row is not None and _are_distributions(row[None]) else None

    def _score(
        self, missing: list[Tokens], wanted: Iterable[Tokens]
    ) -> tuple[list[Tokens], NDArray[Any]]:
        """Return the target's rows for what is missing and, where it gives them, for guesses."""
        started = perf_counter()
        prefixes = missing + [p for p in dict.fromkeys(wanted) if p not in self._rows]
        try:
            rows = self._ask(prefixes)
            if len(prefixes) > len(missing) and not _are_distributions(rows[: len(missing)]):
                raise GenerationError("NaN or infinite log-probabilities")
        except Exception as error:
            if len(prefixes) == len(missing):
                raise
            prefixes, rows = missing, self._ask(missing)
            self._drafting.stop()
            if _are_distributions(rows):  # else somebody will say so
                warnings.warn(SpeculationWarning("target", error), stacklevel=2)
        tally = self._drafting.tally
        tally.calls += 1
        tally.positions += len(prefixes)
        tally.target_seconds += perf_counter() - started
        return prefixes, rows

    def _ask(self, prefixes: Sequence[Sequence[int]]) -> NDArray[Any]:
        """Return the target's rows.

        Raises:
            VocabularyError: they are not over the vocabulary.
        """
        rows = self.target.logprobs(prefixes)
        if rows.shape != (len(prefixes), self.vocabulary.size):
            raise VocabularyError(
                f"the target gives log-probabilities of shape {rows.shape}, not "
                f"{(len(prefixes), self.vocabulary.size)}: a row for each prefix and a column for "
                "each token of its vocabulary"
            )
        return rows

    def _keep(self, prefixes: Sequence[Tokens], rows: NDArray[Any]) -> None:
        """Learn from new rows, and keep them: as a copy, as the target may write to its own again,
        and they may be a small part of what it holds."""
        rows = np.array(rows, order="C")
        rows.flags.writeable = False
        self._rows.update(zip(prefixes, rows, strict=True))
        self._drafting.learn(prefixes, rows)
        while self._rows and len(self._rows) * next(iter(self._rows.values())).nbytes > self._room:
            self._rows.popitem(last=False)


def _are_distributions(rows: NDArray[Any]) -> bool:
    """Return whether no row has NaN, or no finite number, or +inf."""
    return bool(np.isfinite(rows.max(axis=1)).all())
