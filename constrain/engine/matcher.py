"""Matcher: one sequence under a constraint."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from constrain.engine import kernels, layout
from constrain.engine.bitmask import INT32, writable_row
from constrain.engine.graph import PLACE_BITS, Graph, Node
from constrain.engine.plans import Planner
from constrain.engine.tables import address
from constrain.errors import ConstraintError, GenerationError

if TYPE_CHECKING:
    from constrain.engine.constraint import Constraint


class Alternative(NamedTuple):
    """One way to understand the text so far."""

    node: Node
    state: int
    captured: bytes
    """The text of the lexeme under way, if the control may want it; else empty."""


class _Step(NamedTuple):
    """What the matcher knows after a token. A graph keeps those that it alone decides."""

    node: Node
    state: int
    captured: bytes
    others: tuple[Alternative, ...]
    """All ways but the first, which is the step's own node, state and captured text."""
    graph: Graph | None
    """The graph, where it is another one than before."""
    finished: bool

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """All ways to understand the text."""
        return (Alternative(self.node, self.state, self.captured), *self.others)


class Matcher:
    """Follows one sequence of tokens. Made by `Constraint.matcher`; not for several threads.

    A fork costs next to nothing: it copies eight bytes for each token read.
    """

    __slots__ = (
        "_constraint",
        "_eos",
        "_graphs",
        "_history",
        "_planner",
        "_step",
        "_tables",
        "_words",
    )

    _step: _Step
    _history: list[_Step]
    """The steps before."""
    _graphs: tuple[Graph, ...]
    """The graphs of all steps, the present one last: a node does not keep its own."""

    def __init__(self, constraint: Constraint, planner: Planner) -> None:
        self._constraint = constraint
        self._planner = planner
        self._words = constraint.vocabulary.bitmask_words
        self._eos = constraint.vocabulary.eos_token_ids
        self._tables = constraint.masks.tables
        self.reset()

    def __repr__(self) -> str:
        read = len(self._history)
        place = "finished" if self.is_finished() else "accepting" if self.is_accepting() else "open"
        return f"<Matcher after {read} tokens, {place}>"

    @property
    def constraint(self) -> Constraint:
        """The constraint that this matcher follows."""
        return self._constraint

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """The ways to understand the text so far; several where a lexeme may or may not end."""
        return self._step.alternatives

    @property
    def place(self) -> object:
        """Where the text stands; equal places have the same future. Hashable."""
        return self._step.alternatives

    # -- masks ---------------------------------------------------------------------------------

    def fill_bitmask(self, row: NDArray[np.int32], budget: int | None = None) -> None:
        """Write the mask of the next token into `row`.

        Args:
            row: int32[ceil(V / 32)], contiguous, a numpy array or a torch tensor on the CPU; bit
                t % 32 of word t // 32 is set iff token t is allowed. EOS tokens are allowed exactly
                where `is_accepting()`; after one, nothing is.
            budget: tokens left, EOS included. Only tokens are allowed after which the rest of the
                budget suffices for a valid ending.

        Raises:
            ConstraintError: `row` cannot be written to, or has another dtype or shape.
        """
        try:
            fits = row.dtype is INT32 and row.flags.carray and row.shape == (self._words,)
        except AttributeError:
            fits = False
        if not fits:
            row = writable_row(row, self._words)
        step = self._step
        if step.finished:
            row[:] = 0
            return
        if budget is not None:
            self._constraint.budget.fill(self, row, budget)
            return
        plan = step.node.plans.get(step.state)
        if plan is None:
            plan = self._planner.plan(step.node, step.state)
        kernels.write_mask(row, plan.dense, plan.tokens)
        if not step.others and not len(plan.suspects):
            return
        suspects = plan.suspects.tolist()
        for other in step.others:
            plan = self._planner.plan(other.node, other.state)
            if len(plan.dense):
                row |= plan.dense
            kernels.set_bits(row, plan.tokens)
            suspects += plan.suspects.tolist()
        if suspects:
            passed = [token for token in suspects if self._after_token(token) is not None]
            kernels.set_bits(row, np.array(passed, np.int32))

    def is_accepting(self) -> bool:
        """Return whether the text so far is complete and valid."""
        return not self._step.finished and any(
            self._accepts(alternative) for alternative in self._step.alternatives
        )

    def is_finished(self) -> bool:
        """Return whether an EOS token was accepted."""
        return self._step.finished

    def _accepts(self, alternative: Alternative) -> bool:
        node, state, _ = alternative
        if state == node.start and node.accepting:
            return True
        automaton = node.automaton
        ended = automaton.ended(state)
        if ended == layout.NO_LEXEME or automaton.captures(state):
            return False
        target = self._graphs[-1].follow(node, ended)
        return target is not None and target.accepting

    # -- moving --------------------------------------------------------------------------------

    def accept(self, token_id: int) -> bool:
        """Append a token. Return False, and change nothing, where it is not allowed.

        Raises:
            ConstraintError: it is no integer.
        """
        if type(token_id) is not int:
            token_id = _integer(token_id)
        step = self._step
        if step.finished:
            return False
        if token_id in self._eos:
            if not self.is_accepting():
                return False
            self._move(step._replace(finished=True))
            return True
        after = self._after_token(token_id)
        if after is None:
            return False
        self._move(after)
        return True

    def accept_bytes(self, data: bytes) -> bool:
        """Append bytes. Return False, and change nothing, where they are not allowed.

        For `rollback` they count as one token.

        Raises:
            ConstraintError: they are no bytes.
        """
        if not isinstance(data, bytes):
            data = _bytes(data)
        step = self._step
        if step.finished:
            return False
        if data:
            text = np.frombuffer(data, np.uint8)
            after = self._run(address(text), 0, len(data), data)
            if after is None:
                return False
        else:
            after = step
        self._move(after)
        return True

    def _move(self, after: _Step) -> None:
        self._history.append(self._step)
        self._step = after
        if after.graph is not None and after.graph is not self._graphs[-1]:
            self._graphs = (*self._graphs, after.graph)

    def rollback(self, n_tokens: int) -> None:
        """Take back the last `n_tokens` tokens.

        Raises:
            ConstraintError: fewer have been accepted, or the number is negative.
        """
        if n_tokens < 0:
            raise ConstraintError(f"cannot roll back {n_tokens} tokens")
        history = self._history
        if n_tokens > len(history):
            raise ConstraintError(
                f"cannot roll back {n_tokens} tokens: only {len(history)} were accepted"
            )
        if n_tokens:
            self._step = history[-n_tokens]
            del history[-n_tokens:]
            graph = self._step.node.graph
            while self._graphs[-1] is not graph:
                self._graphs = self._graphs[:-1]

    def __copy__(self) -> Matcher:
        return self.fork()

    def __deepcopy__(self, memo: dict[int, Any]) -> Matcher:
        return self.fork()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a matcher cannot be pickled; compile its constraint in each process")

    def fork(self) -> Matcher:
        """Return an independent matcher at the same place."""
        other = Matcher.__new__(Matcher)
        other._constraint = self._constraint
        other._planner = self._planner
        other._words = self._words
        other._eos = self._eos
        other._tables = self._tables
        other._step = self._step
        other._history = self._history.copy()
        other._graphs = self._graphs
        return other

    def reset(self) -> None:
        """Go back to the start."""
        graph, root = self._planner.root()
        self._step = _Step(root, root.start, b"", (), graph, False)
        self._history = []
        self._graphs = (graph,)

    def _after_token(self, token_id: int) -> _Step | None:
        tables = self._tables
        offsets = tables.offsets
        if not 0 <= token_id < len(offsets) - 1:
            return None
        begin, end = offsets[token_id], offsets[token_id + 1]
        if begin == end:
            return None
        return self._run(tables.blob_address, begin, end, None, token_id)

    def _run(
        self, text: int, begin: int, end: int, data: bytes | None, token_id: int = -1
    ) -> _Step | None:
        """Return the step after the bytes [begin, end) at address `text`, if they are allowed."""
        node, state, captured, others, _, _ = self._step
        graph = self._graphs[-1]
        is_newest = graph is self._planner.graph
        status = layout.FORKS
        if not others:
            status, place, state, began = graph.advance(node, state, text, begin, end)
        if status == layout.DEAD:
            return None
        if status == layout.OK:
            step: _Step | None = graph.steps.get(state << PLACE_BITS | place)
            if step is not None and is_newest:
                return step
            node = graph.at(place)
            if node.captures:
                if data is None:
                    data = self._constraint.vocabulary.token_bytes(token_id) or b""
                captured = captured + data if began < 0 else data[began:]
            else:
                captured = b""
        else:
            found = self._run_apart(text, begin, end, data, token_id)
            if not found:
                return None
            (node, state, captured), *rest = found
            others = tuple(rest)
        if not is_newest and state == node.start and not others:
            graph = self._planner.graph
            node = graph.node(node.config)
            return _Step(node, node.start, captured, (), graph, False)
        step = tuple.__new__(_Step, (node, state, captured, others, None, False))
        if not others and not node.captures:
            graph.steps[state << PLACE_BITS | node.place] = step
        return step

    def _run_apart(
        self, text: int, begin: int, end: int, data: bytes | None, token_id: int
    ) -> tuple[Alternative, ...]:
        """Do the same where there are several ways on, or where a captured text ends."""
        found: list[Alternative] = []
        follow = self._graphs[-1].follow
        pending = [(*alternative, begin) for alternative in self._step.alternatives]
        for node, state, _ in self._step.alternatives:
            ended = node.automaton.ended(state)
            if ended != layout.NO_LEXEME and not node.automaton.captures(state):
                target = follow(node, ended)
                if target is not None:
                    pending.append((target, target.start, b"", begin))
        while pending:
            node, state, captured, position = pending.pop()
            automaton = node.automaton
            status, stop, reached = automaton.scan(text, position, end, state)
            if status == layout.DEAD:
                continue
            if node.captures:
                if data is None:
                    data = self._constraint.vocabulary.token_bytes(token_id) or b""
                captured += data[position - begin : stop - begin]
            ended = automaton.ended(reached)
            if ended != layout.NO_LEXEME:
                eager = automaton.captures(reached)
                stays = automaton.is_open(reached)
                if status == layout.ENDS or eager or not stays:
                    target = follow(node, ended, captured if eager else None)
                    if target is not None:
                        if status == layout.ENDS:
                            pending.append((target, target.start, b"", stop))
                        else:
                            found.append(Alternative(target, target.start, b""))
                if not stays:
                    continue
            if status == layout.ENDS:
                pending.append((node, reached, captured, stop))
            else:
                found.append(Alternative(node, reached, captured))
        if len(found) > 1:
            return tuple(dict.fromkeys(found))
        return tuple(found)

    # -- looking ahead -------------------------------------------------------------------------

    def forced_tokens(self) -> list[int]:
        """Return the tokens, in the vocabulary's own tokenization, of the bytes that must come.

        Empty where more than one byte, or the end, is possible next.
        """
        forced = self._constraint.budget.forced_bytes(self)
        return self._constraint.vocabulary.encode(forced) if forced else []

    def dead_end(self, token_ids: tuple[int, ...] = ()) -> ConstraintError:
        """Return the error that says why nothing can follow, or no ending is found.

        Args:
            token_ids: what has been generated.
        """
        return GenerationError(
            "no token of the vocabulary can follow; its tokens cannot spell what the constraint "
            "asks for",
            token_ids,
        )

    def tokens_to_finish(self) -> int:
        """Return the fewest tokens, EOS included, that spell the least valid ending; 0 if finished.

        The least ending is the shortest in bytes.
        """
        return 0 if self._step.finished else self._constraint.budget.cost(self)


def _integer(token_id: Any) -> int:
    try:
        return index(token_id)
    except TypeError:
        kind = type(token_id).__name__
        raise ConstraintError(f"a token id is an integer; {token_id!r} is of type {kind}") from None


def _bytes(data: Any) -> bytes:
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    hint = "; encode the text" if isinstance(data, str) else ""
    raise ConstraintError(f"bytes are expected, not {type(data).__name__}{hint}")
