"""Plans: the mask of a (configuration, lexer state), worked out once and then only written."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from constrain.engine import layout
from constrain.engine.automaton import Automaton
from constrain.engine.control import Control
from constrain.engine.masks import NOTHING, ROOT, Masks
from constrain.engine.tables import Scratch
from constrain.lexing.lexeme import Lexeme, any_captures

if TYPE_CHECKING:
    from constrain.engine.budget import Spending


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


class Node:
    """A configuration of the control, with what has been worked out about it.

    Attributes:
        config: the configuration.
        automaton: the lexer that `start` belongs to.
        start: lexer state before any lexeme of the configuration.
        captures: whether one of its lexemes captures its text.
        accepting: whether the output may end here.
    """

    __slots__ = (
        "accepting",
        "automaton",
        "captures",
        "config",
        "endings",
        "follows",
        "plans",
        "spendings",
        "start",
    )

    def __init__(
        self, config: Hashable, lexemes: tuple[Lexeme, ...], accepting: bool, automaton: Automaton
    ) -> None:
        self.config = config
        self.automaton = automaton
        self.start = automaton.start(lexemes)
        self.captures = any_captures(lexemes)
        self.accepting = accepting
        self.follows: dict[tuple[Lexeme, ...], Node | None] = {}
        self.plans: dict[int, Plan] = {}
        self.endings: dict[int, tuple[bytes, int]] = {}
        self.spendings: dict[int, Spending] = {}


class Planner:
    """Makes nodes and plans for one control over one vocabulary."""

    def __init__(self, control: Control[Any], masks: Masks, eos: tuple[int, ...]) -> None:
        self._control = control
        self._masks = masks
        self._eos = np.array(eos, np.int32)
        self._nodes: dict[Hashable, Node] = {}
        self._automaton = Automaton()
        self._plan_bytes = self._counted = 0
        self.root = self.node(control.start())

    @property
    def nbytes(self) -> int:
        """Memory of the automaton, nodes and plans, in bytes (estimated)."""
        return self._automaton.nbytes + self._plan_bytes + 1500 * len(self._nodes)

    def __del__(self) -> None:
        # What stands in circles would wait for the garbage collector, with all its tables.
        for node in self._nodes.values():
            node.follows.clear()
            node.plans.clear()
        self._automaton.close()

    def drop_caches(self) -> None:
        """Start afresh. Matchers go on with what they hold until they reach a new lexeme."""
        self._nodes = {}
        self._automaton = Automaton()
        self._plan_bytes = self._counted = 0
        self.root = self.node(self.root.config)

    def node(self, config: Hashable) -> Node:
        """Return the node of a configuration."""
        found = self._nodes.get(config)
        if found is None:
            lexemes = self._control.lexemes(config)
            found = Node(
                config,
                lexemes if type(lexemes) is tuple else tuple(lexemes),
                self._control.accepting(config),
                self._automaton,
            )
            self._nodes[config] = found
        return found

    def follow(
        self, node: Node, lexemes: tuple[Lexeme, ...], text: bytes | None = None
    ) -> Node | None:
        """Return the node after a text that `lexemes` match, or None if the control refuses it."""
        if text is not None:
            config = self._control.advance(node.config, lexemes, text)
            return None if config is None else self.node(config)
        try:
            return node.follows[lexemes]
        except KeyError:
            config = self._control.advance(node.config, lexemes, None)
            found = None if config is None else self.node(config)
            node.follows[lexemes] = found
            return found

    def ending(self, node: Node) -> bytes:
        """Return the least text that completes the output from a node (see `Control.ending`)."""
        return self._control.ending(node.config)

    def plan(self, node: Node, state: int) -> Plan:
        """Return the plan of a node and a state of its lexer.

        Where a capturing lexeme ends exactly in `state`, what comes after it is not in the plan:
        the matcher knows the text and keeps that alternative beside this one.
        """
        found = node.plans.get(state)
        if found is None:
            found = self._make(node, state)
            node.plans[state] = found
            before = self._counted
            self._plan_bytes += found.tokens.nbytes + 500
            self._counted = self.nbytes
            if self._counted > before:
                self._masks.spend(self._counted - before)
        return found

    def _make(self, node: Node, state: int) -> Plan:
        automaton = node.automaton
        dense = NOTHING
        sparse: list[NDArray[np.int32]] = []
        suspects: list[NDArray[np.int32]] = []
        wide, narrow = automaton.parts(state)
        interiors = [self._masks.interior(automaton, member) for member in wide]
        scratch = self._masks.tables.scratch()
        scratch.clear()
        if narrow:
            self._cross(node, ROOT, narrow, False, False, scratch, suspects)
        for member, interior in zip(wide, interiors, strict=True):
            if interior.dense is not None:
                dense = interior.dense if dense is NOTHING else dense | interior.dense
            elif len(interior.tokens):
                sparse.append(interior.tokens)
            if len(interior.nodes):
                target = self.follow(node, (member.lexeme,))
                if target is not None:
                    unknown = member.lexeme.captures
                    self._cross(
                        target, interior.nodes, target.start, unknown, False, scratch, suspects
                    )
        if scratch.handle[layout.N_TOKENS_OUT]:
            sparse.append(scratch.tokens_found().copy())
        ended = automaton.accepts(state)
        accepting = state == node.start and node.accepting
        if ended and not any_captures(ended):
            target = self.follow(node, ended)
            if target is not None:
                after = self.plan(target, target.start)
                accepting = accepting or target.accepting
                sparse.append(after.tokens)
                if len(after.suspects):
                    suspects.append(after.suspects)
                if after.dense is not NOTHING:
                    dense = after.dense if dense is NOTHING else dense | after.dense
        if accepting:
            sparse.append(self._eos)
        doubted = np.unique(np.concatenate(suspects)) if suspects else NOTHING
        return Plan(dense, _joined(sparse), doubted)

    def _cross(
        self,
        node: Node,
        nodes: NDArray[np.int32],
        state: int,
        unknown: bool,
        doubtful: bool,
        scratch: Scratch,
        suspects: list[NDArray[np.int32]],
    ) -> None:
        """Add to `scratch` the tokens below trie nodes that are alive in a state of a node.

        `unknown` says that a captured text on the way here is not known, `doubtful` that it may
        matter to whatever comes now: then the tokens are suspects.
        """
        if state == 0:
            return
        before = int(scratch.handle[layout.N_TOKENS_OUT])
        node.automaton.walk(nodes, state, scratch)
        if doubtful or (unknown and node.captures):
            tokens = scratch.tokens_found()[before:].copy()
            if doubtful:
                doubted = np.ones(len(tokens), np.bool_)
            else:
                ends = scratch.states_found()[before:].tolist()
                doubted = np.array([not node.automaton.is_free(end) for end in ends], np.bool_)
            if doubted.any():
                suspects.append(tokens[doubted])
            scratch.keep(before, tokens[~doubted])
        for accepts, below in scratch.take_portals():
            lexemes = node.automaton.lexemes_of(accepts)
            target = self.follow(node, lexemes)
            if target is not None:
                captured = any_captures(lexemes)
                beyond = doubtful or (unknown and captured)
                self._cross(
                    target, below, target.start, unknown or captured, beyond, scratch, suspects
                )


def _joined(parts: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else NOTHING
