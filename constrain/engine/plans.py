"""Plans: the mask of a (configuration, lexer state), worked out once and then only written."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from constrain.engine import layout
from constrain.engine.automaton import Member
from constrain.engine.control import Control
from constrain.engine.graph import Graph, Node
from constrain.engine.masks import Interior, Masks
from constrain.engine.tables import NOTHING

_PLAN_BYTES = 500
"""What a plan is taken to cost beside its tokens."""
_MOST_STATES = 200
"""Of plans that depend on more states of a stack, each node has its own."""
_MOST_REACHES = 8
"""So many different numbers of states are tried, at most, to find a plan."""
_MOST_INTERIORS = 32
"""Interiors of its own that a graph keeps."""
_ACCOUNTED_TOGETHER = 32
"""Plans that are made between two looks at the memory."""


class Plan:
    """A mask in the form in which it is written.

    Attributes:
        dense: bitmask int32[words], or empty.
        tokens: tokens to add to it, int32[n].
        suspects: tokens whose fate depends on text that the plan does not know, int32[n]; each has
            to be tried on the matcher at hand.
        reach: how many states on top of a parser's stack have been looked at; -1: all.
    """

    __slots__ = ("dense", "reach", "suspects", "tokens")

    def __init__(
        self,
        dense: NDArray[np.int32],
        tokens: NDArray[np.int32],
        suspects: NDArray[np.int32],
        reach: int,
    ) -> None:
        self.dense = dense
        self.reach = reach
        self.tokens = tokens
        self.suspects = suspects


class _Shared:
    """Plans of one graph by what they depend on: where a parser's stack is only looked at so far,
    what is below does not matter. Safe for many threads: what is replaced is replaced at once.
    """

    def __init__(self) -> None:
        self._reaches: dict[tuple[int, int], tuple[int, ...]] = {}
        self._plans: dict[tuple[int, int, bytes], Plan] = {}

    def get(self, graph: Graph, node: Node, state: int) -> Plan | None:
        """Return the plan of a node and a lexer state, if it is known from another node."""
        kind, _ = graph.stack_of(node)
        reaches = self._reaches.get((kind, state))
        if reaches is None:
            return None
        states = graph.states_on_top(node, max(reaches))
        for place, reach in enumerate(reaches):
            if 4 * reach <= len(states):
                found = self._plans.get((kind, state, states[: 4 * reach]))
                if found is not None:
                    if place:
                        self._put_first(kind, state, reach)
                    return found
        return None

    def add(self, graph: Graph, node: Node, state: int, plan: Plan) -> None:
        """Keep a plan for other nodes."""
        kind, _ = graph.stack_of(node)
        if not kind or not 0 <= plan.reach <= _MOST_STATES:
            return
        self._plans[kind, state, graph.states_on_top(node, plan.reach)] = plan
        self._put_first(kind, state, plan.reach)

    def _put_first(self, kind: int, state: int, reach: int) -> None:
        """Let a reach be tried first from now on."""
        # Near its bottom, much of a stack is looked at to its end: such numbers come and go.
        others = [other for other in self._reaches.get((kind, state), ()) if other != reach]
        self._reaches[kind, state] = (reach, *others[: _MOST_REACHES - 1])


class Planner:
    """Makes plans for one control over one vocabulary.

    Attributes:
        graph: the nodes of the control. Matchers that follow an older graph change to this one at
            the end of a lexeme.
    """

    def __init__(self, control: Control[Any], masks: Masks, eos: tuple[int, ...]) -> None:
        self._control = control
        self._masks = masks
        self._eos = np.array(eos, np.int32)
        self.drop_caches()

    @property
    def nbytes(self) -> int:
        """Memory of the graph and of plans, in bytes (estimated)."""
        return self.graph.nbytes + self._plan_bytes

    def drop_caches(self) -> None:
        """Start afresh."""
        self._plan_bytes = self._counted = self._unaccounted = 0
        self.graph = Graph(self._control, self._masks.tables.longest)
        self._shared = _Shared()

    def root(self) -> tuple[Graph, Node]:
        """Return the graph and the node before any output."""
        graph = self.graph
        return graph, graph.node(self._control.start())

    def plan(self, node: Node, state: int) -> Plan:
        """Return the plan of a node and a state of its lexer.

        Where a capturing lexeme ends exactly in `state`, what comes after it is not in the plan:
        the matcher knows the text and keeps that alternative beside this one.
        """
        found = node.plans.get(state)
        if found is not None:
            return found
        graph, shared = node.graph, self._shared
        is_shared = graph.parses and graph is self.graph
        found = shared.get(graph, node, state) if is_shared else None
        if found is None:
            found = self._make(graph, node, state)
            if is_shared:
                shared.add(graph, node, state, found)
            self._plan_bytes += found.tokens.nbytes + _PLAN_BYTES
            self._unaccounted += 1
            if self._unaccounted == _ACCOUNTED_TOGETHER:
                self._account()
        node.plans[state] = found
        return found

    def _account(self) -> None:
        """Tell the vocabulary's caches by how much this one has grown."""
        before, self._counted, self._unaccounted = self._counted, self.nbytes, 0
        if self._counted > before:
            self._masks.spend(self._counted - before)

    def _interior(self, graph: Graph, member: Member) -> Interior:
        """Return the interior of a member; one that only this constraint has, for all its nodes."""
        found = graph.interiors.get(member.state)
        if found is None:
            found = self._masks.own(graph.automaton, member)
            if found is None:
                return self._masks.known(graph.automaton, member)
            if len(graph.interiors) == _MOST_INTERIORS:
                graph.interiors.clear()
            graph.interiors[member.state] = found
        return found

    def _make(self, graph: Graph, node: Node, state: int) -> Plan:
        automaton = graph.automaton
        automaton.renew()
        scratch = self._masks.tables.scratch()
        dense = NOTHING
        sparse: list[NDArray[np.int32]] = []
        if not graph.cross_narrow(node, state, scratch):
            wide, narrow = automaton.parts(state)
            wide, others = self._masks.divide(wide)
            if others:
                narrow = automaton.joined([narrow, *[member.state for member in others]])
            interiors = [self._interior(graph, member) for member in wide]
            scratch.clear()
            for member, interior in zip(wide, interiors, strict=True):
                if interior.dense is not None:
                    dense = interior.dense if dense is NOTHING else dense | interior.dense
                elif len(interior.tokens):
                    sparse.append(interior.tokens)
                if len(interior.nodes):
                    graph.add_doors(node, member.number, self._masks.doors(interior), scratch)
            graph.cross(node, narrow, scratch)
        walked, tokens = self._masks.pack(scratch.tokens_found())
        suspects = scratch.suspects_found()
        if walked is not None:
            dense = walked if dense is NOTHING else dense | walked
        low = scratch.handle.item(layout.LOWEST)
        ended = automaton.ended(state)
        accepting = state == node.start and node.accepting
        if ended != layout.NO_LEXEME and not automaton.captures(state):
            target = graph.follow(node, ended)
            if target is not None:
                graph.look(node, ended, target, scratch)
                low = scratch.handle.item(layout.LOWEST)
                after = self.plan(target, target.start)
                if graph.parses:
                    low = min(low, _low(graph, target, after))
                accepting = accepting or target.accepting
                sparse.append(after.tokens)
                if len(after.suspects):
                    suspects = np.concatenate([suspects, after.suspects])
                if after.dense is not NOTHING:
                    dense = after.dense if dense is NOTHING else dense | after.dense
        if accepting:
            sparse.append(self._eos)
        if sparse:
            tokens = np.concatenate([tokens, *sparse])
        reach = 0
        if graph.parses:
            reach = -1 if low < 0 else max(0, graph.stack_of(node)[1] - low + 1)
        return Plan(dense, tokens, np.unique(suspects) if len(suspects) else NOTHING, reach)


def _low(graph: Graph, node: Node, plan: Plan) -> int:
    """Return how far down a node's stack has been looked at for its plan, see `layout.LOW`."""
    return layout.ALL_OF_IT if plan.reach < 0 else graph.stack_of(node)[1] - plan.reach + 1
