"""Guesses under a constraint for assisted generation of Hugging Face transformers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers.generation.candidate_generator import CandidateGenerator

from constrain.engine import Constraint, Matcher
from constrain.speculation import Drafter, Statistics
from constrain.speculation.auto import free_drafters
from constrain.speculation.drafting import Drafting
from constrain.speculation.unguided import Unguided


class ConstraintCandidates(CandidateGenerator):
    """Guesses tokens that a constraint allows, for `generate` of a causal language model.

        candidates = ConstraintCandidates(constraint)
        processor = ConstraintLogitsProcessor(constraint)
        with candidates.serving(model):
            model.generate(**inputs, logits_processor=[processor], prompt_lookup_num_tokens=1)

    `generate` has no argument for a candidate generator; so `serving` puts this one in the place
    of the one for prompt lookup, which any `prompt_lookup_num_tokens` asks for. The logits
    processor has to be there too: it decides what is written, the candidates only how fast.

    Greedy decoding writes the same as without candidates, up to rounding in the model. Sampling
    keeps its distribution, but `generate` draws without an address (see `sampling.noise`): guesses
    are the likeliest tokens, and with the same seed of torch the text is another one. As in all
    assisted generation of transformers, one prompt at a time.

    Args:
        constraint: the one of the logits processor.
        drafters: who guesses; by default those of `generate_json(..., draft="auto")`.
        most: the most guesses for a call of the model.
        position_cost, first_cost, loan: see `SpeculativeModel`.
    """

    def __init__(
        self,
        constraint: Constraint,
        drafters: Drafter | Iterable[Drafter] | None = None,
        *,
        most: int = 16,
        position_cost: float = 0.03,
        first_cost: float = 0.3,
        loan: float = 4.0,
    ) -> None:
        self._constraint = constraint
        self._drafting = Drafting(
            free_drafters() if drafters is None else drafters,
            constraint.vocabulary,
            most=most,
            position_cost=position_cost,
            first_cost=first_cost,
            loan=loan,
            context_length=None,
        )
        self._matcher: Matcher | None = None
        self._read: tuple[int, ...] = ()
        self._came_true = 0

    @property
    def statistics(self) -> Statistics:
        """What has happened so far; the time in the model is not known here."""
        return self._drafting.tally.statistics()

    @contextmanager
    def serving(self, model: Any) -> Iterator[None]:
        """Let `model.generate` ask this for candidates where it would look them up in the
        prompt. Each call of `generate` begins a new text."""

        def begin(**_: Any) -> ConstraintCandidates:
            self._matcher = None
            return self

        before = vars(model).get("_get_candidate_generator")
        model._get_candidate_generator = begin
        try:
            yield
        finally:
            if before is None:
                del model._get_candidate_generator
            else:
                model._get_candidate_generator = before

    def get_candidates(self, input_ids: torch.Tensor, **_: Any) -> tuple[Any, Any]:
        """Return the tokens so far with guesses after them, [1, length], and no logits.

        Args:
            input_ids: [1, length] the tokens so far; at the first call the prompt.
        """
        prefix = tuple(input_ids[0].tolist())
        if self._matcher is None:
            self._matcher = self._constraint.matcher()
            self._read = prefix
            self._came_true = 0
        matcher = self._matcher
        followed = all(matcher.accept(token) for token in prefix[len(self._read) :])
        self._read = prefix
        eos = self._constraint.vocabulary.eos_token_ids
        self._drafting.follow([Unguided(0, prefix, eos, matcher)])
        self._drafting.book_saved_calls(self._came_true)
        guessed = prefix
        if followed and not matcher.is_finished():
            guessed = max(self._drafting.extend(), key=len, default=prefix)
        self._drafting.tally.calls += 1
        self._drafting.tally.positions += 1 + len(guessed) - len(prefix)
        return input_ids.new_tensor([guessed]), None

    def update_candidate_strategy(
        self, input_ids: torch.Tensor, scores: torch.Tensor, num_matches: int
    ) -> None:
        """Learn from what the model has said.

        Args:
            input_ids: [1, length] the tokens so far, the new ones included.
            scores: [1, guesses + 1, V] scores for the guesses and the token after them.
            num_matches: how many guesses came true.
        """
        tokens = tuple(input_ids[0].tolist())
        rows = scores[0, : num_matches + 1].float().log_softmax(-1).cpu().numpy()
        first = len(tokens) - len(rows)
        self._drafting.tally.questions += num_matches
        self._came_true = num_matches
        prefixes = [tokens[: first + i] for i in range(len(rows))]
        self._drafting.learn(prefixes, rows[:, : self._constraint.vocabulary.size])
