"""The optimal rule for drafts with replacement: an optimal transport from drafts to tokens.

A rule couples the drafts with a token y drawn from p. The most probable that y can be among the
drafts is the value of a linear programme (Sun et al. 2023, "SpecTr", section 3): a mass P(D) of
each set D of drafted tokens is to be carried to tokens of D, at most p(y) to token y, and as much
as possible in all. That is a maximal flow.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from itertools import combinations_with_replacement, pairwise

import numpy as np

from constrain.speculation.rules import Distribution, KSequential, Rule, Trials

_MOST = 1024
"""Multisets of drafts to carry; where there are more, the rule is k-sequential."""
_EPSILON = 1e-15
"""A flow that is nothing but rounding."""


class Transport(Rule):
    """Accepts drafts as an optimal transport does, where the tokens and the drafts are few.

    The flow f(D, y) is followed: y in D is the answer with probability f(D, y) / P(D), and else
    comes from the residual p(y) - sum over D of f(D, y). Where there are more than 1,024 multisets
    of k of the tokens that can be drafted, `KSequential` decides instead.
    """

    one_by_one = False

    def trials(self, target: Distribution, draft: Distribution, drafts: Sequence[int]) -> Trials:
        """See `Rule.trials`."""
        k = len(drafts)
        if math.comb(np.count_nonzero(draft) + k - 1, k) > _MOST:
            return (yield from KSequential().trials(target, draft, drafts))
        masses = set_masses(draft, k)
        flow = carry(masses, target)
        drawn = frozenset(drafts)
        left = masses[drawn]
        tried: set[int] = set()
        for drafted in drafts:
            share = 0.0 if drafted in tried else flow.get((drawn, drafted), 0.0)
            tried.add(drafted)
            yield min(1.0, share / left) if share > _EPSILON else 0.0
            left -= share
        residual = target.copy()
        for (_, token), share in flow.items():
            residual[token] -= share
        residual = np.maximum(residual, 0)
        return residual if residual.any() else target


def set_masses(draft: Distribution, k: int) -> dict[frozenset[int], float]:
    """Return P(D): how likely k drafts with replacement are the tokens of D and no others."""
    masses: dict[frozenset[int], float] = defaultdict(float)
    for drafts in combinations_with_replacement(np.flatnonzero(draft).tolist(), k):
        ways = math.factorial(k)
        for count in Counter(drafts).values():
            ways //= math.factorial(count)
        masses[frozenset(drafts)] += ways * math.prod(float(draft[token]) for token in drafts)
    return dict(masses)


def carry(
    masses: dict[frozenset[int], float], target: Distribution
) -> dict[tuple[frozenset[int], int], float]:
    """Return a maximal flow from sets to their tokens, at most p(y) to token y.

    Each set first fills its tokens in turn; then shortest augmenting paths move what stands in
    the way (Edmonds and Karp 1972), until no set that has mass left reaches a token with room.
    """
    flow: dict[tuple[frozenset[int], int], float] = defaultdict(float)
    left, room = dict(masses), dict(enumerate(target.tolist()))
    fillers: dict[int, set[frozenset[int]]] = defaultdict(set)

    def move(items: frozenset[int], token: int, amount: float) -> None:
        flow[items, token] += amount
        (fillers[token].add if flow[items, token] > _EPSILON else fillers[token].discard)(items)

    for items in sorted(masses, key=len):
        for token in items:
            amount = min(left[items], room[token])
            left[items] -= amount
            room[token] -= amount
            move(items, token, amount)
    while path := _augmenting_path(left, room, fillers):
        amount = min(
            left[path[0][0]],
            room[path[-1][1]],
            *(flow[after, token] for (_, token), (after, _) in pairwise(path)),
        )
        left[path[0][0]] -= amount
        room[path[-1][1]] -= amount
        for place, (items, token) in enumerate(path):
            move(items, token, amount)
            if place:
                move(items, path[place - 1][1], -amount)
    return dict(flow)


def _augmenting_path(
    left: dict[frozenset[int], float],
    room: dict[int, float],
    fillers: dict[int, set[frozenset[int]]],
) -> list[tuple[frozenset[int], int]]:
    """Return the shortest way from a set with mass left to a token with room, as (set, token)
    pairs: each set gives to its token, and takes as much back from the token before."""
    queue = deque(items for items, mass in left.items() if mass > _EPSILON)
    came: dict[frozenset[int], int | None] = dict.fromkeys(queue)
    giver: dict[int, frozenset[int]] = {}
    while queue:
        items = queue.popleft()
        for token in items:
            if token in giver:
                continue
            giver[token] = items
            if room[token] > _EPSILON:
                path = []
                at: int | None = token
                while at is not None:
                    path.append((giver[at], at))
                    at = came[giver[at]]
                return path[::-1]
            for other in fillers[token]:
                if other not in came:
                    came[other] = token
                    queue.append(other)
    return []
