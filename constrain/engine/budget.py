"""What it takes to end: least endings, their cost in tokens, and masks that leave room for them.

The *least ending* of a place is the shortest text, in bytes and then in byte order, that completes
the output from there. Its *cost* is the fewest tokens that spell it, and one for EOS. Along a
least ending the cost falls by one with each of those tokens, so a budget that suffices once can be
kept to the end.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import lru_cache
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from constrain.engine import kernels, layout
from constrain.engine.automaton import Member
from constrain.engine.bitmask import allowed
from constrain.engine.escapes import spell
from constrain.engine.graph import Node
from constrain.engine.masks import ROOT, Interior, Masks
from constrain.engine.plans import Planner
from constrain.engine.tables import NOTHING, address
from constrain.errors import RegexTooComplexError, VocabularyError
from constrain.lexing.lexeme import JSONString, Lexeme, Literal, Text, any_captures
from constrain.lexing.regex import shortest
from constrain.special import whole
from constrain.vocabulary import Vocabulary

if TYPE_CHECKING:
    from constrain.engine.matcher import Matcher

_SEARCH_LIMIT = 50_000
"""Most lexer states that a search for an ending looks at."""
_FORCED_LIMIT = 4096
"""Most bytes that are looked ahead at once."""

Group = tuple[int, NDArray[np.int32] | None, NDArray[np.int32]]
"""Cost after any of some tokens; the tokens as a bitmask int32[words] or None; as a list."""


class Ending(NamedTuple):
    """The rest of a text from some byte on, and what it takes to spell it.

    Attributes:
        whole: the text.
        costs: the fewest tokens that spell it from each byte on, -1 where none do: int32[n + 1].
        begin: that byte.
    """

    whole: bytes
    costs: NDArray[np.int32]
    begin: int = 0

    @property
    def text(self) -> bytes:
        """The ending."""
        return self.whole[self.begin :]

    @property
    def cost(self) -> int:
        """The fewest tokens that spell it, EOS included.

        Raises:
            VocabularyError: no tokens do.
        """
        fewest = self.costs.item(self.begin)
        if fewest < 0:
            raise VocabularyError(f"no tokens spell the ending {self.text[:60]!r}")
        return fewest + 1


def by_length(text: bytes) -> tuple[int, bytes]:
    """Order texts by their length, and those of the same length by their bytes."""
    return len(text), text


class Spending:
    """The mask of a (configuration, lexer state) by what each token leaves to be paid.

    Attributes:
        most: the highest cost after any allowed token.
        groups: the tokens, by cost.
        suspects: tokens to be tried on the matcher at hand.
        partial: some tokens may cost less than the groups say.
    """

    __slots__ = ("groups", "most", "partial", "suspects")

    def __init__(self, groups: list[Group], suspects: tuple[int, ...], partial: bool) -> None:
        self.groups = groups
        self.suspects = suspects
        self.partial = partial
        self.most = max([cost for cost, _, _ in groups], default=0)


@lru_cache(maxsize=1024)
def _length(lexeme: Lexeme) -> int | None:
    """The bytes of a short text of a lexeme; None where there is none at hand."""
    length = 0
    for part in lexeme.parts:
        if isinstance(part, Literal):
            length += len(part.data)
        elif isinstance(part, (Text, JSONString)):
            if not part.regex.simple or (isinstance(part, JSONString) and (part.low or part.high)):
                return None
            text = shortest(part.regex)
            length += 2 + len(spell(text or ""))
    return length


class Budget:
    """Endings and costs for one constraint."""

    def __init__(self, planner: Planner, vocabulary: Vocabulary, masks: Masks) -> None:
        self._planner = planner
        self._vocabulary = vocabulary
        self._masks = masks

    # -- endings -------------------------------------------------------------------------------

    def ending(self, matcher: Matcher) -> bytes:
        """Return the least ending of the text so far."""
        return self._least_ending(matcher).text

    def cost(self, matcher: Matcher) -> int:
        """Return the fewest tokens, EOS included, that spell the least ending."""
        return self._least_ending(matcher).cost

    def fewest(self, text: bytes) -> int:
        """Return the fewest tokens that spell a text.

        Raises:
            VocabularyError: no tokens do.
        """
        return self._priced(text).cost - 1

    def _least_ending(self, matcher: Matcher) -> Ending:
        found = [self._ending(x.node, x.state) for x in matcher.alternatives]
        return found[0] if len(found) == 1 else min(found, key=lambda end: by_length(end.text))

    def _ending(self, node: Node, state: int) -> Ending:
        known = node.endings.get(state)
        if known is None:
            known = self._least(node, state)
            node.endings[state] = known
        return known

    def _least(self, node: Node, state: int) -> Ending:
        if state == node.start:
            return self._priced(node.graph.ending(node))
        rest = node.automaton.rest(state)
        target = None if rest is None else node.graph.follow(node, rest[0])
        if rest is not None and target is not None:
            return self._priced(rest[1] + node.graph.ending(target))
        texts = node.automaton.texts(state)
        if texts is None:
            return self._search(node, state)
        found = []
        for number, regex in texts:
            target, text = node.graph.follow(node, number), shortest(regex)
            if target is not None and text is not None:
                found.append(text.encode() + node.graph.ending(target))
        return self._priced(min(found, key=by_length))

    def _priced(self, text: bytes) -> Ending:
        costs = np.zeros(len(text) + 1, np.int32)
        if text:
            handle = self._masks.tables.scratch().handle
            kernels.fewest_tokens(handle, address(np.frombuffer(text, np.uint8)), costs)
        return Ending(text, costs)

    def _search(self, node: Node, state: int) -> Ending:
        """Search the lexer best first for the end of a lexeme that ends the output least.

        A path is rated by its length and a lower bound of what has to follow (A*), at first one
        that is soon found; paths of equal rating come in byte order. What is found for a state
        holds for all states on the way, and is kept: a search ends where it comes upon one of them.

        Raises:
            RegexTooComplexError: that takes too many steps.
        """
        automaton, graph = node.automaton, node.graph
        automaton.renew()
        beyond: dict[int, int] = {}
        floors: dict[int, int] = {}
        whole = len(graph.ending(node))

        def at_least(lexeme: int) -> int:
            """A lower bound, soon found, of the bytes after a lexeme."""
            if lexeme not in floors:
                length = _length(*automaton.lexemes_of(lexeme))
                floors[lexeme] = 0 if length is None else max(whole - length, 0)
            return floors[lexeme]

        def members(state: int) -> list[tuple[int, int, int]]:
            return [
                (inside + at_least(lexeme), inside, lexeme)
                for lexeme, inside in automaton.distances(state)
            ]

        def bound(state: int) -> int:
            least = sys.maxsize
            for rating, inside, lexeme in sorted(members(state)):
                if rating >= least:
                    break
                if lexeme not in beyond:
                    target = graph.follow(node, lexeme)
                    beyond[lexeme] = 0 if target is None else len(graph.ending(target))
                least = min(least, inside + beyond[lexeme])
            return least

        best, before = {state: b""}, {state: state}
        bounds: dict[int, int] = {}
        heap: list[tuple[int, bytes, int, bool]] = [(0, b"", state, False)]
        while heap:
            rating, path, here, done = heappop(heap)
            if done:
                return self._keep(node, path, here, best, before)
            if len(best) > _SEARCH_LIMIT:
                raise RegexTooComplexError(
                    f"more than {_SEARCH_LIMIT:,} states looked at for the shortest way to end"
                )
            if best[here] != path:
                continue
            known = node.endings.get(here)
            if known is not None:
                text = path + known.text
                heappush(heap, (len(text), text, here, True))
                continue
            if here not in bounds:
                bounds[here] = bound(here)
            if len(path) + bounds[here] > rating:
                heappush(heap, (len(path) + bounds[here], path, here, False))
                continue
            ended = automaton.ended(here)
            target = graph.follow(node, ended) if ended != layout.NO_LEXEME else None
            if target is not None:
                text = path + graph.ending(target)
                heappush(heap, (len(text), text, here, True))
            for step, to in automaton.steps(here):
                longer = path + step
                if to not in best or by_length(longer) < by_length(best[to]):
                    best[to], before[to] = longer, here
                    soon = min(members(to))[0]
                    heappush(heap, (len(longer) + soon, longer, to, False))
        raise AssertionError("a control offered a lexeme that cannot be completed")

    def _keep(
        self, node: Node, text: bytes, here: int, best: dict[int, bytes], before: dict[int, int]
    ) -> Ending:
        """Note the least ending that was found for all states on the way, back from the last."""
        found = self._priced(text)
        while text.startswith(best[here]):
            node.endings.setdefault(here, Ending(text, found.costs, len(best[here])))
            if not best[here]:
                break
            here = before[here]
        return found

    # -- masks ---------------------------------------------------------------------------------

    def fill(self, matcher: Matcher, row: NDArray[np.int32], budget: int) -> None:
        """Write the mask of the tokens after which `budget - 1` tokens suffice to end."""
        spendings = [self._spending(x.node, x.state) for x in matcher.alternatives]
        if all(spending.most < budget for spending in spendings):
            matcher.fill_bitmask(row)
            return
        row[:] = 0
        for spending in spendings:
            for cost, dense, tokens in spending.groups:
                if cost < budget:
                    if dense is not None:
                        row |= dense
                    kernels.set_bits(row, tokens)
            for token in spending.suspects:
                trial = matcher.fork()
                if trial.accept(token) and self.cost(trial) < budget:
                    kernels.set_bits(row, np.array([token], np.int32))

        for x, spending in zip(matcher.alternatives, spendings, strict=True):
            if spending.partial:
                ending = self._ending(x.node, x.state)
                if ending.text and ending.cost <= budget:
                    kernels.set_bits(row, self._first(ending))

    def _first(self, ending: Ending) -> NDArray[np.int32]:
        """Return the tokens that an ending begins with where it is spelt with the fewest."""
        costs, begin, tables = ending.costs, ending.begin, self._masks.tables
        cheaper = np.flatnonzero(costs[begin:] == costs.item(begin) - 1)
        nodes = [tables.node(ending.whole[begin : begin + n]) for n in cheaper.tolist()]
        tokens = tables.trie.token[[node for node in nodes if node]]
        return tokens[tokens >= 0]

    def _spending(self, node: Node, state: int) -> Spending:
        found = node.spendings.get(state)
        if found is None:
            found = node.spendings[state] = self._spend(node, state)
        return found

    def _spend(self, node: Node, state: int) -> Spending:
        graph, automaton = node.graph, node.automaton
        groups: list[Group] = []
        suspects = self._planner.plan(node, state).suspects.tolist()
        wide, narrow = automaton.parts(state)
        partial = False
        if narrow:
            self._cross(node, ROOT, narrow, False, groups, suspects)
        for member in wide:
            rests = self._masks.rests(member)
            interior = self._masks.interior(automaton, member)
            nodes, partial = interior.nodes, partial or interior.partial
            target = None
            if len(nodes) or rests is not None:
                target = graph.follow(node, member.number)
            if rests is None:
                groups += self._by_outcome(node, member)
            elif target is not None:
                for rest, outcome in rests.items():
                    cost = self._priced(rest + graph.ending(target)).cost
                    groups.append((cost, outcome.dense, outcome.tokens))
            if len(nodes) and target is not None:
                unknown = any_captures(automaton.lexemes_of(member.number))
                priced = self._tokens(interior) if interior.partial else NOTHING
                self._cross(target, nodes, target.start, unknown, groups, suspects, priced)
        ended = automaton.ended(state)
        accepting = state == node.start and node.accepting
        if ended != layout.NO_LEXEME and not automaton.captures(state):
            target = graph.follow(node, ended)
            if target is not None:
                accepting = accepting or target.accepting
                after = self._spending(target, target.start)
                groups += after.groups
                suspects += after.suspects
                partial = partial or after.partial
        if accepting:
            eos = np.array(self._vocabulary.eos_token_ids, np.int32)
            groups.append((0, None, eos))
        if suspects:
            groups = [
                (cost, dense, tokens[~np.isin(tokens, suspects)]) for cost, dense, tokens in groups
            ]
        return Spending(groups, tuple(suspects), partial)

    def _tokens(self, interior: Interior) -> NDArray[np.int32]:
        if interior.dense is None:
            return interior.tokens
        return np.flatnonzero(allowed(interior.dense, self._vocabulary.size)).astype(np.int32)

    def _by_outcome(self, node: Node, member: Member) -> Iterator[Group]:
        for outcome in self._masks.outcomes(node.automaton, member):
            place = self._masks.tables.place_of(outcome.example)
            reached = node.automaton.run(*place, member.state)
            yield self._ending(node, reached).cost, outcome.dense, outcome.tokens

    def _cross(
        self,
        node: Node,
        nodes: NDArray[np.int32],
        state: int,
        unknown: bool,
        groups: list[Group],
        suspects: list[int],
        priced: NDArray[np.int32] = NOTHING,
    ) -> None:
        """Add the tokens that run on into a node, but those that are priced already.

        Where a text not known (`unknown`) may matter, to their cost at least, they are suspects.
        """
        if state == 0:
            return
        scratch = self._masks.tables.scratch()
        waiting = {(node, unknown): nodes}
        walked: dict[tuple[Node, bool], NDArray[np.int32]] = {}
        while waiting:
            node, unknown = key = next(iter(waiting))
            scratch.clear()
            node.automaton.walk(waiting.pop(key), state or node.start, scratch)
            state = 0
            portals = scratch.take_portals()
            tokens, states = scratch.tokens_found().copy(), scratch.states_found().copy()
            if len(priced):
                new = ~np.isin(tokens, priced)
                tokens, states = tokens[new], states[new]
            if unknown and node.captures:
                suspects += tokens.tolist()
            else:
                for end in np.unique(states).tolist():
                    groups.append((self._ending(node, end).cost, None, tokens[states == end]))
            for ended, below in portals:
                target = node.graph.follow(node, ended)
                if target is None or not target.start:
                    continue
                key = target, unknown or any_captures(node.automaton.lexemes_of(ended))
                before = walked.get(key, NOTHING)
                below = np.setdiff1d(below, before)
                if len(below):
                    walked[key] = np.union1d(before, below)
                    waiting[key] = np.union1d(waiting.get(key, NOTHING), below)

    # -- forced bytes --------------------------------------------------------------------------

    def forced_bytes(self, matcher: Matcher) -> bytes:
        """Return the bytes that must come next, at most some thousands of them."""
        if matcher.is_finished() or len(matcher.alternatives) != 1:
            return b""
        node, state, captured = matcher.alternatives[0]
        forced = b""
        while len(forced) < _FORCED_LIMIT:
            if state == node.start and node.accepting:
                break
            if node.automaton.ended(state) != layout.NO_LEXEME:
                break
            run, ends, state = node.automaton.forced(state, _FORCED_LIMIT)
            forced += run
            captured += run
            if not ends or node.automaton.is_open(state):
                break
            ended = node.automaton.ended(state)
            captures = node.automaton.captures(state)
            target = node.graph.follow(node, ended, captured if captures else None)
            if target is None:
                break
            node, state, captured = target, target.start, b""
        return whole(forced)
