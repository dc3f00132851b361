"""Masked decoding with drafts that a rule verifies: several tokens for each call of the target."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from constrain.engine import Constraint
from constrain.errors import (
    ConstraintError,
    SpeculationWarning,
)
from constrain.models import LanguageModel
from constrain.sampling.base import Draw, Observer, Particle, check_row, check_shape
from constrain.sampling.local import MaskedSampler
from constrain.sampling.warp import Warp
from constrain.speculation.account import Account
from constrain.speculation.drafter import Drafter, Likely, Said, admitted, ask
from constrain.speculation.rules import Distribution, Greedy, KSequential, Rejection, Rule
from constrain.speculation.smaller import DraftModel
from constrain.speculation.transport import Transport
from constrain.speculation.trees import Chains, Node, Shape, Tree

RULES: dict[str, Rule] = {
    "greedy": Greedy(),
    "rejection": Rejection(replacement=True),
    "distinct": Rejection(),
    "spectr": KSequential(),
    "transport": Transport(),
}
"""The rules by name."""


class VerifiedSampler(MaskedSampler):
    """Draws as `MaskedSampler` does, with drafts that a rule verifies.

    Contract: the distribution of the samples, weights included, is that of `MaskedSampler` with
    the same warp, whatever the drafters, the rule and the shape (see `Rule`); the samples
    themselves differ, as they take other noise. With the rule "greedy" the output is that of
    greedy decoding.

    Each step drafts a tree for each text, asks the target once for all places of all trees, and
    goes down each tree as far as the rule says. Where the constraint leaves a single token the
    draft is free.

    Args:
        model, constraint, seed, warp, observe: see `MaskedSampler`.
        draft: who says what is likely: a cheaper model, a `Drafter`, or several, the first to be
            asked first; what they do not offer is not drafted. One that fails is left out from
            then on, with a `SpeculationWarning`.
        rule: a `Rule`, or the name of one: "greedy"; "rejection" and "distinct" (`Rejection` with
            and without replacement), with one draft the maximal coupling; "spectr"
            (`KSequential`); "transport" (`Transport`).
        shape: how many drafts there are where.

    Attributes:
        account: what drafting has brought and cost.

    Raises:
        VocabularyError: the tokens of a drafter are not those of the model.
        ConstraintError: as `MaskedSampler`, or the settings do not go together.
    """

    def __init__(
        self,
        model: LanguageModel,
        constraint: Constraint,
        *,
        draft: LanguageModel | Drafter | Iterable[Drafter],
        rule: Rule | str = "distinct",
        shape: Shape | None = None,
        seed: int = 0,
        warp: Warp | None = None,
        observe: Observer | None = None,
    ) -> None:
        if isinstance(rule, str):
            if rule not in RULES:
                raise ConstraintError(f"rule must be one of {', '.join(RULES)}, not {rule!r}")
            rule = RULES[rule]
        shape = shape or Chains()
        if not (shape.fixed or rule.one_by_one):
            raise ConstraintError(
                f"{type(rule).__name__} must know how many drafts there are before it sees one; "
                f"take Chains or Branching instead of {type(shape).__name__}, or another rule"
            )
        self._draft_warp = warp or Warp()
        if isinstance(rule, Greedy):
            if warp is not None and warp.temperature != 0:
                raise ConstraintError('the rule "greedy" is for temperature 0; take another rule')
            self._draft_warp, warp = Warp(), Warp(temperature=0)
        super().__init__(model, constraint, seed=seed, warp=warp, observe=observe)
        if isinstance(draft, LanguageModel):
            draft = DraftModel(draft, vocabulary=model.vocabulary)
        self._drafters = admitted(draft, model.vocabulary)
        self.rule = rule
        self.shape = shape
        self.account = Account()

    def advance(self, particles: Iterable[Particle]) -> bool:
        """Append tokens to each live text, one at least. Returns False where there is none."""
        live = [particle for particle in particles if particle.is_live]
        if not live:
            return False
        account = self.account
        with account.time("drafting"):
            ends = self.model.vocabulary.eos_token_ids
            growing = trees = [Tree(p, self.rule, self.shape, ends, account) for p in live]
        while growing:
            with account.time("drafting"):
                waiting = [node for tree in growing for node in tree.waiting()]
            self._expect(waiting)
            with account.time("drafting"):
                growing = [tree for tree in growing if tree.grow()]
        with account.time("target"):
            prefixes = list(dict.fromkeys(n.prefix for tree in trees for n in tree.nodes))
            logprobs = self.model.logprobs(prefixes)
        check_shape(self.model, logprobs, len(prefixes))
        rows = dict(zip(prefixes, logprobs, strict=True))
        account.target_calls += 1
        account.steps += len(live)
        with account.time("choosing"):
            for particle, tree in zip(live, trees, strict=True):
                self._follow(particle, tree, rows)
        return True

    def _expect(self, nodes: Sequence[Node]) -> None:
        """Tell places what drafts to expect there, where a drafter has an idea."""
        for drafter in list(self._drafters):
            texts = {node.prefix: node for node in nodes}
            if not texts:
                return
            try:
                self.account.draft_calls += 1
                with self.account.time("draft"):
                    offers = ask(drafter, list(texts.values()), self.model.vocabulary.size)
                with self.account.time("drafting"):
                    found = dict(zip(texts, offers, strict=True))
                    for node in nodes:
                        self._offer(node, found[node.prefix], drafter.name)
            except Exception as error:
                self._dismiss(drafter, error)
            nodes = [node for node in nodes if node.is_exhausted]

    def _offer(self, node: Node, offer: Likely | None, drafter: str) -> None:
        if offer is None:
            return
        last = len(offer.tokens) - 1
        all_of_them = offer.tokens[-1] == last  # that is 0, 1, 2, ...
        places = node.tokens if all_of_them else np.searchsorted(offer.tokens, node.tokens)
        places = places.clip(max=last)
        among = np.where(
            offer.tokens[places] == node.tokens, offer.logprobs[places].astype(np.float64), -np.inf
        )
        if among.max() > -np.inf:
            node.expect(_probabilities(self._draft_warp(among)), drafter)

    def _dismiss(self, drafter: Drafter, error: Exception) -> None:
        self._drafters.remove(drafter)
        warnings.warn(SpeculationWarning(drafter.name, error), stacklevel=2)

    def _follow(
        self, particle: Particle, tree: Tree, rows: Mapping[tuple[int, ...], NDArray[Any]]
    ) -> None:
        """Go down a tree as far as the rule says, and one token further."""
        vocabulary, account = self.model.vocabulary, self.account
        depth, node = 0, tree.root
        while True:
            row = rows[node.prefix]
            check_row(row, particle.token_ids)
            self._learn(node.prefix, row)
            tokens = node.tokens if node.is_known else self._allowed(particle)
            among = row[tokens].astype(np.float64)
            if among.max(initial=-np.inf) == -np.inf:
                particle.append(Draw(None, -np.inf), 0.0, b"")
                return
            target = _probabilities(self.warp(among))
            chosen = self.rule.choose(target, node.draft, node.drafts, tree.uniforms(node))
            token = int(tokens[chosen])
            log_weight = float(among[chosen]) - math.log(target[chosen])
            added = vocabulary.shown(token)
            child = node.children.get(chosen)
            there = child.cursor if child and child.is_known else None
            particle.append(Draw(token, log_weight), float(row[token]), added, there)
            account.tokens += 1
            if node.drafts:
                account.offered[depth] += 1
                account.accepted[depth] += child is not None
                account.offered_by[node.drafter] += 1
                account.accepted_by[node.drafter] += child is not None
            if child is None or not particle.is_live:
                return
            depth, node = depth + 1, child

    def _allowed(self, particle: Particle) -> NDArray[np.intp]:
        with self.account.time("mask"):
            mask = particle.cursor.mask()
        assert mask is not None
        return np.flatnonzero(mask)

    def _learn(self, prefix: tuple[int, ...], row: NDArray[Any]) -> None:
        said = Said(row.copy())  # the target may write to its own again
        for drafter in list(self._drafters):
            try:
                drafter.learn(prefix, said)
            except Exception as error:
                self._dismiss(drafter, error)


def _probabilities(scores: NDArray[np.float64]) -> Distribution:
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()
