"""Controls that run a parser: their configurations as stacks of its states, for the kernels."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from constrain.engine import layout, shifts
from constrain.engine.control import Config, Control
from constrain.engine.tables import address, doubled
from constrain.lexing.lexeme import Lexeme


class Stack(Protocol):
    """The states of a parse. Equal ones are one object."""

    @property
    def state(self) -> int:
        """The state on top."""

    @property
    def below(self) -> Stack | None:
        """The rest; None under the first state."""


class Row(NamedTuple):
    """What a parser does in one state. Symbols are numbers; those of terminals come first.

    Attributes:
        shifts: the states that lie on top after each symbol, nonterminals included.
        reductions: the reductions that can be made: how many symbols are taken off the stack, the
            nonterminal in their place, and the terminals before which that is done.
        ends: a symbol that is no terminal's, and stands for the end of the text, may come.
    """

    shifts: Mapping[int, int]
    reductions: Sequence[tuple[int, int, Iterable[int]]]
    ends: bool


class Parser(Protocol):
    """An LR(1) parser."""

    @property
    def n_states(self) -> int:
        """How many states it has."""

    @property
    def n_terminals(self) -> int:
        """How many terminals it has, the end of the text included, which is the last of them."""

    @property
    def tails(self) -> Collection[int]:
        """The states that are put on themselves only once."""

    def row(self, state: int) -> Row:
        """What it does in a state."""

    def push(self, state: int, below: Any) -> Any:
        """The stack with a state on another."""


class Pushdown(Control[Config], Protocol[Config]):
    """A control whose configurations are stacks of a parser, each with a *mode* beside it.

    Kernels go from one to the next by themselves: a lexeme says which terminals are shifted, and
    the mode after it.
    """

    @property
    def parser(self) -> Parser:
        """The parser."""

    def divide(self, config: Config) -> tuple[Any, Hashable]:
        """Return the stack and the mode of a configuration."""

    def unite(self, stack: Any, mode: Any) -> Config:
        """Return the configuration of a stack and a mode."""

    def sight(self, config: Config) -> Hashable:
        """Return what the control looks at of a stack, beside the state on top and the terminals
        that can be shifted; an empty tuple where there is nothing else."""

    def is_regular(self, config: Config) -> bool:
        """Whether all configurations of the same mode, with the same in sight, have the same
        lexemes and accept alike."""

    def moves(self, config: Config) -> Hashable:
        """Return what tells configurations of the same mode and with the same lexemes apart by
        their moves."""

    def move(self, config: Config, lexeme: Lexeme) -> tuple[Sequence[int], Hashable]:
        """Return the terminals that a lexeme shifts, and the mode after it."""


def as_pushdown(control: Control[Any]) -> Pushdown[Any] | None:
    """Return a control as one that runs a parser, None if it does not."""
    found: Any = control
    return found if hasattr(control, "parser") else None


class Stacks:
    """The parser and its stacks, behind the parser handle (see `layout`).

    Attributes:
        control: the control.
        handle: the parser handle.
    """

    def __init__(self, control: Pushdown[Any]) -> None:
        self.control = control
        self._parser = control.parser
        words = -(-self._parser.n_terminals // 64)
        self._states = np.full((self._parser.n_states, layout.LR_WIDTH), -1, np.int32)
        self._states[list(self._parser.tails), layout.ONCE] = 1
        self._actions = np.empty((1024, 2), np.int32)
        self._reductions = np.empty((256, 3), np.int32)
        self._sets = np.empty((256, words), np.int64)
        self._stacks = np.empty((256, layout.STACK_WIDTH), np.int32)
        self._kinds = np.empty((128, layout.KIND_WIDTH), np.int32)
        self._moves = np.empty(512, np.int32)
        self._set_slots = np.zeros(512, np.int32)
        self._stack_slots = np.zeros(512, np.int32)
        self._kind_slots = np.zeros(256, np.int32)
        self._move_keys = np.full(512, -1, np.int64)
        self._move_values = np.empty(512, np.int32)
        self._n_actions = self._n_reductions = self._n_moves = 0
        self._n_move_keys = 0
        self._objects: dict[int, Any] = {}
        self._numbers: dict[Any, int] = {}
        self._modes: list[Hashable] = []
        self._mode_numbers: dict[Hashable, int] = {}
        self.handle = np.zeros(layout.PARSER_HANDLE_SIZE, np.int64)
        self.handle[layout.SET_WORDS] = words
        self._refresh()

    @property
    def nbytes(self) -> int:
        """Memory of all tables, in bytes (estimated)."""
        tables = (self._actions, self._sets, self._stacks, self._kinds, self._moves)
        slots = (self._stack_slots, self._move_keys, self._move_values)
        return sum(x.nbytes for x in (*tables, *slots)) + 300 * len(self._objects)

    # -- configurations ------------------------------------------------------------------------

    def numbers(self, config: Hashable) -> tuple[int, int]:
        """Return the numbers of the stack and the mode of a configuration."""
        stack, mode = self.control.divide(config)
        number = self._mode_numbers.get(mode)
        if number is None:
            number = self._mode_numbers[mode] = len(self._modes)
            self._modes.append(mode)
        return self._number(stack), number

    def config(self, stack: int, mode: int) -> Hashable:
        """Return the configuration of a stack and a mode."""
        config: Hashable = self.control.unite(self._object(stack), self._modes[mode])
        return config

    def top(self, stack: int) -> tuple[int, int]:
        """Return the state on top of a stack, and the number of the set of the terminals that can
        be shifted."""
        while (terminals := shifts.usable(self.handle, stack)) < 0:
            self.mend(terminals)
        return self._stacks.item(stack, layout.LR_STATE), int(terminals)

    def depth(self, stack: int) -> int:
        """Return how many states are below the one on top of a stack."""
        return self._stacks.item(stack, layout.STACK_DEPTH)

    def low(self, stack: int) -> int:
        """Return how far down a stack is looked at for `top`, see `layout.LOW`."""
        return self._stacks.item(stack, layout.USABLE_LOW)

    def _number(self, stack: Any) -> int:
        missing = []
        while stack is not None and stack not in self._numbers:
            missing.append(stack)
            stack = stack.below
        number = -1 if stack is None else self._numbers[stack]
        for above in reversed(missing):
            number = self._push(above.state, number)
            self._keep(above, number)
        return number

    def _push(self, state: int, below: int) -> int:
        while (number := shifts.push(self.handle, state, below)) < 0:
            self.grow()
        return int(number)

    def _object(self, number: int) -> Any:
        missing = []
        while number >= 0 and number not in self._objects:
            missing.append(number)
            number = self._stacks.item(number, layout.BELOW)
        stack = self._objects[number] if number >= 0 else None
        for above in reversed(missing):
            stack = self._parser.push(self._stacks.item(above, layout.LR_STATE), stack)
            self._keep(stack, above)
        return stack

    def _keep(self, stack: Any, number: int) -> None:
        self._objects[number] = stack
        self._numbers[stack] = number

    # -- what the kernels ask for --------------------------------------------------------------

    def add_kind(self, stack: int, mode: int, kind: int, start: int, captures: bool) -> None:
        """Say of which class the configurations like one are; 0 where they differ."""
        if self.handle.item(layout.N_KINDS) == len(self._kinds):
            self._grow_kinds()
        state, terminals = self.top(stack)
        shifts.add_kind(self.handle, state, terminals, mode, kind, start, int(captures))

    def add_move(self, kind: int, ended: int, config: Hashable, lexeme: Lexeme) -> None:
        """Enter what a class does after a lexeme, as in one of its configurations."""
        terminals, mode = self.control.move(config, lexeme)
        number = self._mode_numbers.setdefault(mode, len(self._modes))
        if number == len(self._modes):
            self._modes.append(mode)
        begin = self._n_moves
        self._n_moves = end = begin + 2 + len(terminals)
        while end > len(self._moves):
            self._moves = doubled(self._moves, begin)
        self._moves[begin:end] = (number, len(terminals), *terminals)
        self._n_move_keys += 1
        if 2 * self._n_move_keys > len(self._move_keys):
            self._grow_moves()
        self._refresh()
        shifts.add_move(self.handle, kind, ended, begin)

    def mend(self, status: int) -> None:
        """Give a kernel what it needs: NEED_STATE or NEED_ROOM."""
        if status == layout.NEED_STATE:
            self._add_row(self.handle.item(layout.FAULT_STATE))
        else:
            self.grow()

    def _add_row(self, state: int) -> None:
        row = self._parser.row(state)
        first = self._n_reductions
        self._n_reductions += len(row.reductions)
        while self._n_reductions > len(self._reductions):
            self._reductions = doubled(self._reductions, first)
        actions = {symbol: to + 1 for symbol, to in row.shifts.items()}
        for number, (size, origin, terminals) in enumerate(row.reductions, first):
            known = frozenset(terminals)
            self._reductions[number] = size, origin, self._set(known)
            actions |= dict.fromkeys(known, -1 - number)
        begin = self._n_actions
        self._n_actions = end = begin + len(actions)
        while end > len(self._actions):
            self._actions = doubled(self._actions, begin)
        if actions:
            self._actions[begin:end] = sorted(actions.items())
        count = self._parser.n_terminals
        terminals = {symbol for symbol in row.shifts if symbol < count}
        if row.ends:
            terminals.add(count - 1)
        shiftable = self._set(terminals)
        found = begin, end, first, self._n_reductions, shiftable
        self._states[state, : layout.SHIFTABLE + 1] = found
        self._refresh()

    def _set(self, symbols: Iterable[int]) -> int:
        bits = sum(1 << symbol for symbol in symbols)
        data = bits.to_bytes(8 * self._sets.shape[1], "little")
        words = np.frombuffer(data, np.int64).copy()
        while (number := shifts.add_set(self.handle, words)) < 0:
            self._grow_sets()
        return int(number)

    # -- growing -------------------------------------------------------------------------------

    def grow(self) -> None:
        """Double the tables that are half full."""
        h = self.handle
        if 2 * h.item(layout.N_SETS_USED) >= len(self._sets):
            self._grow_sets()
        if 2 * h.item(layout.N_STACKS) >= len(self._stacks):
            self._stacks = doubled(self._stacks, h.item(layout.N_STACKS))
            self._stack_slots = np.zeros(2 * len(self._stacks), np.int32)
            self._refresh()
            shifts.rehash_stacks(h)

    def _grow_sets(self) -> None:
        known = self._sets[: self.handle.item(layout.N_SETS_USED)]
        self._sets = np.empty((2 * len(self._sets), known.shape[1]), np.int64)
        self._set_slots = np.zeros(2 * len(self._sets), np.int32)
        self.handle[layout.N_SETS_USED] = 0
        self._refresh()
        for words in known:
            shifts.add_set(self.handle, words)

    def _grow_kinds(self) -> None:
        known = self._kinds
        self._kinds = np.empty((2 * len(known), layout.KIND_WIDTH), np.int32)
        self._kind_slots = np.zeros(2 * len(self._kinds), np.int32)
        self.handle[layout.N_KINDS] = 0
        self._refresh()
        for row in known.tolist():
            shifts.add_kind(self.handle, *row)

    def _grow_moves(self) -> None:
        keys, values = self._move_keys, self._move_values
        self._move_keys = np.full(2 * len(keys), -1, np.int64)
        self._move_values = np.empty(2 * len(values), np.int32)
        self._refresh()
        for key, value in zip(keys.tolist(), values.tolist(), strict=True):
            if key >= 0:
                shifts.add_move(self.handle, key >> 32, _signed(key), value)

    def _refresh(self) -> None:
        h = self.handle
        tables: tuple[tuple[int, NDArray[Any]], ...] = (
            (layout.LR_STATES, self._states),
            (layout.ACTIONS, self._actions),
            (layout.REDUCTIONS, self._reductions),
            (layout.SYMBOL_SETS, self._sets),
            (layout.STACKS, self._stacks),
            (layout.KINDS, self._kinds),
            (layout.MOVES, self._moves),
            (layout.SET_SLOTS, self._set_slots),
            (layout.STACK_SLOTS, self._stack_slots),
            (layout.KIND_SLOTS, self._kind_slots),
            (layout.MOVE_KEYS, self._move_keys),
            (layout.MOVE_VALUES, self._move_values),
        )
        for slot, array in tables:
            h[slot] = address(array)
        h[layout.CAP_SYMBOL_SETS] = len(self._sets)
        h[layout.CAP_STACKS] = len(self._stacks)
        h[layout.CAP_KINDS] = len(self._kinds)
        h[layout.MOVE_MASK] = len(self._move_keys) - 1


def _signed(key: int) -> int:
    """Return the low half of a key as a signed number."""
    low = key & 0xFFFFFFFF
    return low - (1 << 32) if low >> 31 else low
