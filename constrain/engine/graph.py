"""The graph of a control over one automaton: its configurations, and the edges between them."""

from __future__ import annotations

import weakref
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from constrain.engine import crossings, edges, layout, shifts, walks
from constrain.engine.automaton import Automaton
from constrain.engine.control import Control
from constrain.engine.pushdown import Stacks, as_pushdown
from constrain.engine.tables import Doors, Scratch, address, doubled
from constrain.lexing.lexeme import any_captures

if TYPE_CHECKING:
    from constrain.engine.budget import Ending, Spending
    from constrain.engine.masks import Interior
    from constrain.engine.plans import Plan

PLACE_BITS = 24
"""A place is less than 2 to this."""
_NODE_BYTES, _STEP_BYTES = 1500, 250
"""What a node, and what a matcher knows at a place, are taken to hold on to."""
_NO_KEYS = np.full(256, -1, np.int64)
_NO_VALUES = np.full(256, layout.UNRESOLVED_EDGE, np.int32)
"""The edges at first."""


class Node:
    """A configuration of the control, with what has been worked out about it.

    Attributes:
        place: its number in the graph.
        automaton: the lexer that `start` belongs to.
        start: lexer state before any lexeme of the configuration.
        captures: whether one of its lexemes captures its text.
        accepting: whether the output may end here.
    """

    __slots__ = (
        "_config",
        "_endings",
        "_graph",
        "_spendings",
        "accepting",
        "automaton",
        "captures",
        "place",
        "plans",
        "start",
    )

    def __init__(
        self,
        config: Hashable | None,
        place: int,
        start: int,
        captures: bool,
        accepting: bool,
        graph: Graph,
    ) -> None:
        self._graph = graph.reference
        self._config = config
        self.place = place
        self.automaton = graph.automaton
        self.start = start
        self.captures = captures
        self.accepting = accepting
        self.plans: dict[int, Plan] = {}
        self._endings: dict[int, Ending] | None = None
        self._spendings: dict[int, Spending] | None = None

    @property
    def config(self) -> Hashable:
        """The configuration."""
        if self._config is None:
            self._config = self.graph.config(self.place)
        return self._config

    @property
    def endings(self) -> dict[int, Ending]:
        """The least endings from states of the lexer that are known."""
        if self._endings is None:
            self._endings = {}
        return self._endings

    @property
    def spendings(self) -> dict[int, Spending]:
        """What tokens cost in states of the lexer, as far as it is known."""
        if self._spendings is None:
            self._spendings = {}
        return self._spendings

    @property
    def graph(self) -> Graph:
        """The graph that the node belongs to; whoever holds a node holds its graph too."""
        graph = self._graph()
        assert graph is not None
        return graph


class Graph:
    """Nodes, made when first reached, and edges in a table that kernels follow by themselves.

    An edge leads from a node by the number of what ends there (see `layout.ENDED`). The kernels add
    places and edges where the control runs a parser (see `pushdown`); else the control is asked.
    Safe for many threads.

    Args:
        reach: bytes in the longest token.

    Attributes:
        control: the control.
        automaton: the lexer of all nodes.
        reference: a weak reference to the graph.
        parses: whether the control runs a parser.
        interiors: interiors of lexer states with one member that no other constraint has.
        steps: what matchers know of a state of a place, by state << PLACE_BITS | place.
    """

    def __init__(self, control: Control[Any], reach: int = 0) -> None:
        self.automaton = Automaton(reach)
        self.reference = weakref.ref(self)
        self.control = control
        self.interiors: dict[int, Interior] = {}
        self.steps: dict[int, Any] = {}
        self._nodes: dict[Hashable, Node] = {}
        self._by_place: dict[int, Node] = {}
        self._places = np.zeros((64, layout.PLACE_WIDTH), np.int32)
        self._keys = _NO_KEYS.copy()
        self._values = _NO_VALUES.copy()
        self._lows = np.empty(256, np.int32)
        self._slots = np.zeros(128, np.int32)
        self._walks = np.zeros((64, layout.WALK_WIDTH), np.int32)
        self._walked = np.empty(4096, np.int32)
        self._classes: dict[tuple[Hashable, ...], int] = {}
        self._kinds: dict[tuple[Hashable, ...], tuple[int, int, bool]] = {}
        self._accepting: list[bool] = [False]
        pushdown = as_pushdown(control)
        self._stacks = None if pushdown is None else Stacks(pushdown)
        self.parses = pushdown is not None
        self.automaton.handle[layout.N_PLACES] = 1
        self._refresh()

    def __del__(self) -> None:
        # What stands in circles would wait for the garbage collector, with all its tables.
        self.automaton.close()

    @property
    def nbytes(self) -> int:
        """Memory of the automaton, the nodes and the edges, in bytes (estimated)."""
        tables = self._places.nbytes + self._keys.nbytes + self._values.nbytes
        tables += self._lows.nbytes + self._walks.nbytes + self._walked.nbytes
        stacks = 0 if self._stacks is None else self._stacks.nbytes + self._slots.nbytes
        interiors = sum(interior.nbytes for interior in tuple(self.interiors.values()))
        nodes = _NODE_BYTES * len(self._by_place) + _STEP_BYTES * len(self.steps)
        return self.automaton.nbytes + tables + stacks + interiors + nodes

    def node(self, config: Hashable) -> Node:
        """Return the node of a configuration."""
        found = self._nodes.get(config)
        if found is None:
            with self.automaton.lock:
                if self._stacks is None:
                    found = self._nodes.get(config) or self._add(config)
                else:
                    found = self.at(self._settle(*self._stacks.numbers(config)))
        return found

    def at(self, place: int) -> Node:
        """Return the node with a number."""
        node = self._by_place.get(place)
        if node is None:
            with self.automaton.lock:
                start, captures, kind = self._places[place, : layout.CLASS + 1].tolist()
                accepting = self._accepting[kind]
                node = Node(None, place, start, bool(captures), accepting, self)
                node = self._by_place.setdefault(place, node)
        return node

    def config(self, place: int) -> Hashable:
        """Return the configuration of a place that kernels have added."""
        assert self._stacks is not None
        stack, mode = self._places[place, layout.STACK_OF : layout.MODE + 1].tolist()
        return self._stacks.config(stack, mode)

    def stack_of(self, node: Node) -> tuple[int, int]:
        """Return the class of a node (0: none), and how many states are below the one on top."""
        kind, stack = self._places[node.place, layout.CLASS : layout.STACK_OF + 1].tolist()
        return kind, 0 if self._stacks is None or not kind else self._stacks.depth(stack)

    def states_on_top(self, node: Node, count: int) -> bytes:
        """Return the states of a node's stack, from the one on top down, `count` at most."""
        states = np.empty(count, np.int32)
        found = shifts.states_on_top(self.automaton.handle, node.place, states)
        return states[:found].tobytes()

    def look(self, node: Node, ended: int, target: Node, scratch: Scratch) -> None:
        """Note in `scratch` what has been looked at of stacks for the edge from a node."""
        if self._stacks is not None:
            handle = self.automaton.handle
            crossings.look(handle, scratch.handle, node.place, ended, target.place << 1)

    def _add(self, config: Hashable) -> Node:
        """Add the place of a configuration that is no stack."""
        place = self.automaton.handle.item(layout.N_PLACES)
        lexemes = tuple(self.control.lexemes(config))
        accepting = self.control.accepting(config)
        start, captures = self.automaton.start(lexemes, accepting), any_captures(lexemes)
        if place == len(self._places):
            self._grow_places()
        self._places[place, layout.START] = start
        self._places[place, layout.CAPTURES] = captures
        self.automaton.handle[layout.N_PLACES] = place + 1
        node = Node(config, place, start, captures, accepting, self)
        self._by_place[place] = node
        self._nodes[config] = node
        return node

    def _settle(self, stack: int, mode: int) -> int:
        """Return the place of a stack and a mode."""
        assert self._stacks is not None
        while (place := int(shifts.place_of(self.automaton.handle, stack, mode))) < 0:
            if place == layout.NEED_KIND or place == layout.NEED_PLACE:
                return self._add_stack(stack, mode)
            self._mend(place)
        return place

    def _add_stack(self, stack: int, mode: int) -> int:
        """Add the place of a stack and a mode that is the first of its kind, or unlike others."""
        stacks, handle = self._stacks, self.automaton.handle
        assert stacks is not None
        control = stacks.control
        config = stacks.config(stack, mode)
        sight = control.sight(config)
        kind = mode, stacks.top(stack), sight
        known = self._kinds.get(kind)
        if known is None:
            lexemes = tuple(control.lexemes(config))
            accepting = control.accepting(config)
            start, captures = self.automaton.start(lexemes, accepting), any_captures(lexemes)
            alike = mode, accepting, control.moves(config), *lexemes
            number = self._classes.setdefault(alike, len(self._accepting))
            if number == len(self._accepting):
                self._accepting.append(accepting)
            known = number, start, captures
            regular = control.is_regular(config)
            if regular:
                self._kinds[kind] = known
            if shifts.place_of(handle, stack, mode) == layout.NEED_KIND:
                by_kernels = regular and sight == ()
                stacks.add_kind(stack, mode, number if by_kernels else 0, start, captures)
        number, start, captures = known
        low = stacks.low(stack) if sight == () and kind in self._kinds else layout.ALL_OF_IT
        found = number, start, int(captures), low
        while (place := shifts.add_place(handle, stack, mode, *found)) < 0:
            self._mend(place)
        return int(place)

    def follow(self, node: Node, ended: int, text: bytes | None = None) -> Node | None:
        """Return the node after the lexemes `ended`, or None if the control refuses it.

        `text` is theirs where it is known and they capture it.
        """
        automaton = self.automaton
        if text is not None:
            config = self.control.advance(node.config, automaton.lexemes_of(ended), text)
            return None if config is None else self.node(config)
        edge = edges.edge(automaton.handle, node.place, ended)
        if edge == layout.UNRESOLVED_EDGE:
            edge = self._resolve(node.place, ended)
        return self.at(edge >> 1) if edge != layout.REFUSED else None

    def _resolve(self, place: int, ended: int) -> int:
        """Add the edge from a place and return its value."""
        automaton, stacks = self.automaton, self._stacks
        handle = automaton.handle
        with automaton.lock:
            if stacks is None:
                return self._ask(place, ended)
            while (edge := int(shifts.step(handle, place, ended))) < 0:
                if edge == layout.NEED_CONTROL:
                    return self._ask(place, ended)
                if edge == layout.NEED_MOVE:
                    (lexeme,) = automaton.lexemes_of(ended)
                    kind = self._places.item(place, layout.CLASS)
                    stacks.add_move(kind, ended, self.at(place).config, lexeme)
                elif edge == layout.NEED_KIND or edge == layout.NEED_PLACE:
                    stack = stacks.handle.item(layout.FAULT_STACK)
                    self._add_stack(stack, stacks.handle.item(layout.FAULT_MODE))
                else:
                    self._mend(edge)
        return edge

    def _ask(self, place: int, ended: int) -> int:
        automaton = self.automaton
        lexemes = automaton.lexemes_of(ended)
        config = self.control.advance(self.at(place).config, lexemes, None)
        value = layout.REFUSED
        if config is not None:
            target = self._nodes.get(config) or self.node(config)
            value = target.place << 1 | any_captures(lexemes)
        handle = automaton.handle
        count = handle[layout.N_EDGES] = handle.item(layout.N_EDGES) + 1
        if 2 * count > len(self._keys):
            self._grow_edges()
        edges.add_edge(handle, place, ended, value, layout.ALL_OF_IT)
        return value

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
            if status != layout.OK:
                self._go_on(status, scratch)
        return True

    def cross(self, node: Node, state: int, scratch: Scratch) -> None:
        """Add to `scratch` the tokens alive in a state of a node (0: none), and beyond portals.

        The portals that `scratch` has are crossed as well.
        """
        with self.automaton.lock:
            handle = self.automaton.handle
            status = crossings.cross(handle, scratch.handle, state, node.place)
            if status != layout.OK:
                self._go_on(status, scratch)

    def add_doors(self, node: Node, ended: int, doors: Doors, scratch: Scratch) -> None:
        """Give `scratch` as portals the trie nodes through which tokens lead on after `ended`."""
        target = self.follow(node, ended)
        if target is None:
            return
        self.look(node, ended, target, scratch)
        if not target.start:
            return
        with self.automaton.lock:
            lexer, trie = self.automaton.handle, scratch.handle
            start = target.start
            while status := crossings.add_doors(lexer, trie, *doors, ended, node.place, start):
                if status == layout.FULL:
                    scratch.grow_portals()
                else:
                    self.automaton.mend(status)

    def _go_on(self, status: int, scratch: Scratch) -> None:
        handle = self.automaton.handle
        while status != layout.OK:
            if status == layout.UNRESOLVED:
                resolve = self._resolve if self.parses else self._ask
                resolve(handle.item(layout.FAULT), handle.item(layout.FAULT_ENDED))
            elif status == layout.FULL:
                scratch.grow()
            elif status == layout.CROWDED:
                self._grow_walks()
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
        mended = False
        with automaton.lock:
            while True:
                packed = crossings.advance(automaton.handle, text, begin, end, state, node.place)
                status = packed & 7
                if status != layout.EXPAND and status != layout.GROW:
                    began = (packed >> 3 & 0xFFF) - 1
                    return status, packed >> 15 & 0xFFFFFF, packed >> 39, began
                if not mended:
                    automaton.renew()
                    mended = True
                automaton.mend(status)

    # -- growing -------------------------------------------------------------------------------

    def _mend(self, status: int) -> None:
        """Give a kernel what it needs: NEED_STATE or NEED_ROOM."""
        assert self._stacks is not None
        if status == layout.NEED_ROOM:
            if self.automaton.handle.item(layout.N_PLACES) == len(self._places):
                self._grow_places()
            if 2 * self.automaton.handle.item(layout.N_EDGES) + 2 >= len(self._keys):
                self._grow_edges()
        self._stacks.mend(status)

    def _grow_places(self) -> None:
        used = self.automaton.handle.item(layout.N_PLACES)
        self._places = doubled(self._places, used)
        self._places[used:] = 0
        self._slots = np.zeros(2 * len(self._places), np.int32)
        self._refresh()
        if self._stacks is not None:
            shifts.rehash_places(self.automaton.handle, 1)

    def _grow_edges(self) -> None:
        keys, values, lows = self._keys, self._values, self._lows
        self._keys = np.full(2 * len(keys), -1, np.int64)
        self._values = np.full(2 * len(values), layout.UNRESOLVED_EDGE, np.int32)
        self._lows = np.empty(2 * len(values), np.int32)
        self._refresh()
        edges.move_edges(self.automaton.handle, keys, values, lows)

    def _grow_walks(self) -> None:
        handle, known = self.automaton.handle, self._walks
        if 2 * handle.item(layout.N_WALKS) >= len(known):
            self._walks = np.zeros((2 * len(known), layout.WALK_WIDTH), np.int32)
            self._refresh()
            walks.move_walks(handle, known)
        else:
            self._walked = doubled(self._walked, handle.item(layout.N_WALKED))
            self._refresh()

    def _refresh(self) -> None:
        handle = self.automaton.handle
        edges.note(
            handle,
            self._places,
            self._keys,
            self._values,
            self._lows,
            self._walks,
            self._walked,
        )
        if self._stacks is not None:
            handle[layout.PARSER] = address(self._stacks.handle)
            self._stacks.handle[layout.PLACE_SLOTS] = address(self._slots)
            self._stacks.handle[layout.PLACE_MASK] = len(self._slots) - 1
