"""The graph of a control over one automaton: its configurations, and the edges between them."""

from __future__ import annotations

import weakref
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from constrain.engine import crossings, layout
from constrain.engine.automaton import Automaton
from constrain.engine.control import Control
from constrain.engine.tables import Scratch, address
from constrain.lexing.lexeme import Lexeme, any_captures

if TYPE_CHECKING:
    from constrain.engine.budget import Ending, Spending
    from constrain.engine.plans import Plan

_NODE_BYTES = 1500
"""What a node is taken to hold on to."""


class Node:
    """A configuration of the control, with what has been worked out about it.

    Attributes:
        config: the configuration.
        place: its number in the graph.
        automaton: the lexer that `start` belongs to.
        start: lexer state before any lexeme of the configuration.
        captures: whether one of its lexemes captures its text.
        accepting: whether the output may end here.
    """

    __slots__ = (
        "_graph",
        "accepting",
        "automaton",
        "captures",
        "config",
        "endings",
        "place",
        "plans",
        "spendings",
        "start",
    )

    def __init__(
        self,
        config: Hashable,
        lexemes: tuple[Lexeme, ...],
        accepting: bool,
        place: int,
        graph: Graph,
    ) -> None:
        self._graph = graph.reference
        self.config = config
        self.place = place
        self.automaton = graph.automaton
        self.start = graph.automaton.start(lexemes, accepting)
        self.captures = any_captures(lexemes)
        self.accepting = accepting
        self.plans: dict[int, Plan] = {}
        self.endings: dict[int, Ending] = {}
        self.spendings: dict[int, Spending] = {}

    @property
    def graph(self) -> Graph:
        """The graph that the node belongs to; whoever holds a node holds its graph too."""
        graph = self._graph()
        assert graph is not None
        return graph


class Graph:
    """Nodes, made when first reached, and edges in a table that kernels follow by themselves.

    An edge leads from a node by the number of what ends there (see `layout.ENDED`). Safe for many
    threads.

    Args:
        reach: bytes in the longest token.

    Attributes:
        control: the control.
        automaton: the lexer of all nodes.
        reference: a weak reference to the graph.
    """

    def __init__(self, control: Control[Any], reach: int = 0) -> None:
        self.automaton = Automaton(reach)
        self.reference = weakref.ref(self)
        self.control = control
        self._nodes: dict[Hashable, Node] = {}
        self._by_place: list[Node | None] = [None]
        self._places = np.zeros((64, layout.PLACE_WIDTH), np.int32)
        self._keys = np.full(256, -1, np.int64)
        self._values = np.full(256, layout.UNRESOLVED_EDGE, np.int32)
        self._n_edges = 0
        self._refresh()

    def __del__(self) -> None:
        # What stands in circles would wait for the garbage collector, with all its tables.
        self.automaton.close()

    @property
    def nbytes(self) -> int:
        """Memory of the automaton, the nodes and the edges, in bytes (estimated)."""
        tables = self._places.nbytes + self._keys.nbytes + self._values.nbytes
        return self.automaton.nbytes + tables + _NODE_BYTES * len(self._nodes)

    def node(self, config: Hashable) -> Node:
        """Return the node of a configuration."""
        found = self._nodes.get(config)
        if found is None:
            with self.automaton.lock:
                found = self._nodes.get(config) or self._add(config)
        return found

    def at(self, place: int) -> Node:
        """Return the node with a number."""
        node = self._by_place[place]
        assert node is not None
        return node

    def _add(self, config: Hashable) -> Node:
        control, place = self.control, len(self._by_place)
        lexemes = control.lexemes(config)
        node = Node(config, tuple(lexemes), control.accepting(config), place, self)
        if place == len(self._places):
            self._places = np.concatenate([self._places, np.zeros_like(self._places)])
            self.automaton.handle[layout.PLACES] = address(self._places)
        self._places[place] = node.start, node.captures
        self._by_place.append(node)
        self._nodes[config] = node
        return node

    def follow(self, node: Node, ended: int, text: bytes | None = None) -> Node | None:
        """Return the node after the lexemes `ended`, or None if the control refuses it.

        `text` is theirs where it is known and they capture it.
        """
        automaton = self.automaton
        if text is not None:
            config = self.control.advance(node.config, automaton.lexemes_of(ended), text)
            return None if config is None else self.node(config)
        edge = crossings.edge(automaton.handle, node.place, ended)
        if edge == layout.UNRESOLVED_EDGE:
            return self._resolve(node, ended)
        return self._by_place[edge >> 1] if edge != layout.REFUSED else None

    def _resolve(self, node: Node, ended: int) -> Node | None:
        automaton = self.automaton
        lexemes = automaton.lexemes_of(ended)
        with automaton.lock:
            config = self.control.advance(node.config, lexemes, None)
            target = None if config is None else self.node(config)
            value = layout.REFUSED
            if target is not None:
                value = target.place << 1 | any_captures(lexemes)
            self._n_edges += 1
            if 2 * self._n_edges > len(self._keys):
                self._grow()
            crossings.add_edge(automaton.handle, node.place, ended, value)
        return target

    def ending(self, node: Node) -> bytes:
        """Return the least text that completes the output from a node (see `Control.ending`)."""
        return self.control.ending(node.config)

    # -- kernels -------------------------------------------------------------------------------

    def cross_narrow(self, node: Node, state: int, scratch: Scratch) -> bool:
        """Put the tokens alive in a state of a node, and beyond portals, into `scratch`.

        Returns False, and does nothing, where many tokens fit the state.
        """
        with self.automaton.lock:
            handle = self.automaton.handle
            status = crossings.cross_narrow(handle, scratch.handle, state, node.place)
            if status == layout.WIDE:
                return False
            self._go_on(status, scratch)
        return True

    def cross(self, node: Node, state: int, scratch: Scratch) -> None:
        """Add to `scratch` the tokens alive in a state of a node (0: none), and beyond portals.

        The portals that `scratch` has are crossed as well.
        """
        with self.automaton.lock:
            handle = self.automaton.handle
            self._go_on(crossings.cross(handle, scratch.handle, state, node.place), scratch)

    def _go_on(self, status: int, scratch: Scratch) -> None:
        handle = self.automaton.handle
        while status != layout.OK:
            if status == layout.UNRESOLVED:
                source = self.at(handle.item(layout.FAULT))
                self._resolve(source, handle.item(layout.FAULT_ENDED))
            elif status == layout.FULL:
                scratch.grow()
            else:
                self.automaton.mend(status)
            status = crossings.cross(handle, scratch.handle, 0, 0)

    def advance(
        self, node: Node, state: int, text: int, begin: int, end: int
    ) -> tuple[int, int, int, int]:
        """Run the bytes [begin, end) at address `text` from a state of a node, over lexemes' ends.

        Returns the status, OK, DEAD or FORKS (see `crossings.advance`), the place and the state
        reached, and how many bytes stand before the lexeme under way, -1 if it is the same as at
        first.
        """
        automaton = self.automaton
        with automaton.lock:
            while True:
                packed = crossings.advance(automaton.handle, text, begin, end, state, node.place)
                status = packed & 7
                if status != layout.EXPAND and status != layout.GROW:
                    began = (packed >> 3 & 0xFFF) - 1
                    return status, packed >> 15 & 0xFFFFFF, packed >> 39, began
                automaton.mend(status)

    def _grow(self) -> None:
        keys, values = self._keys, self._values
        self._keys = np.full(2 * len(keys), -1, np.int64)
        self._values = np.full(2 * len(values), layout.UNRESOLVED_EDGE, np.int32)
        self._refresh()
        crossings.move_edges(self.automaton.handle, keys, values)

    def _refresh(self) -> None:
        handle = self.automaton.handle
        handle[layout.PLACES] = address(self._places)
        handle[layout.EDGE_KEYS] = address(self._keys)
        handle[layout.EDGE_VALUES] = address(self._values)
        handle[layout.EDGE_MASK] = len(self._keys) - 1
