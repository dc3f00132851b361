"""Plans: the mask of a (configuration, lexer state), worked out once and then only written."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from constrain.engine import layout
from constrain.engine.control import Control
from constrain.engine.graph import Graph, Node
from constrain.engine.masks import Masks
from constrain.engine.tables import NOTHING

_PLAN_BYTES = 500
"""What a plan is taken to cost beside its tokens."""
_ACCOUNTED_TOGETHER = 32
"""Plans that are made between two looks at the memory."""


class Plan:
    """A mask in the form in which it is written.

    Attributes:
        dense: bitmask int32[words], or empty.
        tokens: tokens to add to it, int32[n].
        suspects: tokens whose fate depends on text that the plan does not know, int32[n]; each has
            to be tried on the matcher at hand.
    """

    __slots__ = ("dense", "suspects", "tokens")

    def __init__(
        self,
        dense: NDArray[np.int32],
        tokens: NDArray[np.int32],
        suspects: NDArray[np.int32],
    ) -> None:
        self.dense = dense
        self.tokens = tokens
        self.suspects = suspects


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
        if found is None:
            found = self._make(node, state)
            node.plans[state] = found
            self._plan_bytes += found.tokens.nbytes + _PLAN_BYTES
            self._unaccounted += 1
            if self._unaccounted == _ACCOUNTED_TOGETHER:
                self._account()
        return found

    def _account(self) -> None:
        """Tell the vocabulary's caches by how much this one has grown."""
        before, self._counted, self._unaccounted = self._counted, self.nbytes, 0
        if self._counted > before:
            self._masks.spend(self._counted - before)

    def _make(self, node: Node, state: int) -> Plan:
        automaton, graph = node.automaton, node.graph
        scratch = self._masks.tables.scratch()
        dense = NOTHING
        sparse: list[NDArray[np.int32]] = []
        if not graph.cross_narrow(node, state, scratch):
            wide, narrow = automaton.parts(state)
            wide, others = self._masks.divide(wide)
            if others:
                narrow = automaton.joined([narrow, *[member.state for member in others]])
            interiors = [self._masks.interior(automaton, member) for member in wide]
            scratch.clear()
            for member, interior in zip(wide, interiors, strict=True):
                if interior.dense is not None:
                    dense = interior.dense if dense is NOTHING else dense | interior.dense
                elif len(interior.tokens):
                    sparse.append(interior.tokens)
                if len(interior.nodes):
                    graph.add_doors(node, member.number, self._masks.doors(interior), scratch)
            graph.cross(node, narrow, scratch)
        tokens, suspects = scratch.found()
        walked, tokens = self._masks.pack(tokens)
        if walked is not None:
            dense = walked if dense is NOTHING else dense | walked
        ended = automaton.ended(state)
        accepting = state == node.start and node.accepting
        if ended != layout.NO_LEXEME and not automaton.captures(state):
            target = graph.follow(node, ended)
            if target is not None:
                after = self.plan(target, target.start)
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
        return Plan(dense, tokens, np.unique(suspects) if len(suspects) else NOTHING)
