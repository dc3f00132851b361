"""The matches that Python's `re` prefers, as a language.

`re.match` tries alternatives in order and stops at the first way that leads to a match: `a|ab`
never matches "ab", and a lazy quantifier stops as early as it can. A *preferred* text is one that
the search comes to a match with if it sees that much of the input and no more. A scanner that sees
all of the input finds the longest preferred text at its place.

The search is followed by an ordered list of threads, as in Pike's machine (Cox, "Regular
Expression Matching: the Virtual Machine Approach", 2009): once one of them matches, all that come
after it are given up.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from constrain.errors import RegexSyntaxError, RegexTooComplexError
from constrain.lexing.algebra import concat, difference, intersect, machine, plus, union
from constrain.lexing.charset import overlay
from constrain.lexing.derivatives import Budget, steps
from constrain.lexing.nodes import ANY, ANYTHING, EMPTY, EPSILON, Chars, Machine, Ranges, Regex
from constrain.lexing.program import Again, Char, Look, Program, Split, compile_program
from constrain.lexing.regex import is_empty
from constrain.lexing.syntax import parse

_FEW_STATES = 200
"""States that are looked at to see whether order matters at all."""
_MOST_STATES = 20_000
"""States that are looked at to find those that cannot reach a match."""

_QUICK = 20_000
"""Nodes visited to see whether a match can begin with another."""

_MATCHED = -1

Pending = frozenset[Regex]
"""What the rest of the text has to match, for the lookaheads of a thread."""
Thread = tuple[int, Pending]
"""An instruction that reads a character, and what is pending there; or _MATCHED and what pending
lookaheads may still undo a match with."""


@lru_cache(maxsize=4096)
def preferred(pattern: str) -> Regex:
    """The texts that `re.match` finds when it sees no more of the input.

    Lookbehinds see no farther back than the match, lookaheads no farther than its end.

    Args:
        pattern: an expression in the syntax of `re`.

    Raises:
        RegexSyntaxError: the pattern is malformed, not regular, or matches nothing.
        RegexTooComplexError: its automaton passes a bound on its size.
    """
    everything = parse(pattern)
    search = _Search(compile_program(pattern))
    if not search.program.looks and _is_prefix_free(everything):
        return everything
    start = search.start()
    if search.program.looks and not search.prune(start):
        raise RegexSyntaxError(pattern, 0, "it matches nothing")
    return everything if search.is_orderly(start) else machine(start)


def search(pattern: str) -> State:
    """The search for a pattern before the first character.

    Raises:
        RegexSyntaxError: the pattern is malformed or not regular.
        RegexTooComplexError: it has too many instructions.
    """
    parse(pattern)
    return _Search(compile_program(pattern)).start()


def _is_prefix_free(r: Regex) -> bool:
    """Whether no match begins with another, as far as a quick look tells."""
    try:
        return is_empty(intersect(r, concat(r, plus(ANY))), Budget(_QUICK))
    except RegexTooComplexError:
        return False


class _Search:
    """One pattern's search; makes the states."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._live: frozenset[State] | None = None

    def start(self) -> State:
        return self._state([(0, frozenset())], self.program.behinds)[0]

    def arcs(self, state: State) -> Iterator[tuple[Ranges, State, bool]]:
        """The steps of a state, and whether threads were given up on the way."""
        code = self.program.code
        followed = {regex for _, pending in state.threads for regex in pending}
        languages = [*followed.union(state.behinds)]
        sources: list[Thread | Regex] = []
        targets: list[Regex] = []
        classes: list[Chars] = []
        for thread in state.threads:
            instruction = None if thread[0] == _MATCHED else code[thread[0]]
            if isinstance(instruction, Char) and isinstance(instruction.chars, Chars):
                sources.append(thread)
                targets.append(EMPTY)
                classes.append(instruction.chars)
        for regex in languages:
            for chars, target in steps(regex):
                sources.append(regex)
                targets.append(target)
                classes.append(chars)
        for cell, owners in overlay(tuple(classes)) if classes else ():
            reading = {sources[k] for k in owners}
            after = {sources[k]: targets[k] for k in owners}
            threads: list[Thread] = []
            certain = False
            for thread in state.threads:
                position, pending = thread
                moved = frozenset(after.get(regex, EMPTY) for regex in pending) - {ANYTHING}
                if EMPTY in moved:
                    continue
                if position != _MATCHED:
                    if thread in reading:
                        instruction = code[position]
                        assert isinstance(instruction, Char)
                        threads.append((instruction.following, moved))
                elif moved:
                    threads.append((position, moved))
                else:
                    certain = True
                    break
            behinds = tuple(after.get(regex, EMPTY) for regex in state.behinds)
            reached, cut = self._state(threads, behinds)
            if (reached.threads or reached.nullable) and self._is_live(reached):
                yield cell.ranges, reached, cut or certain

    def _state(self, threads: list[Thread], behinds: tuple[Regex, ...]) -> tuple[State, bool]:
        """The state with these threads, and whether some of them were given up."""
        code = self.program.code
        found: dict[Thread, None] = {}
        seen: set[tuple[int, Pending, frozenset[int]]] = set()
        matched = cut = certain = holds = False
        rest = kept = EMPTY
        stack = []
        for position, pending in reversed(threads):
            stack.append((position, pending, frozenset[int]()))
        while stack:
            place = stack.pop()
            if place in seen:
                continue
            seen.add(place)
            position, pending, entered = place
            instruction = None if position == _MATCHED else code[position]
            if instruction is None or isinstance(instruction, Char):
                if certain:
                    cut = True
                    break
                found[position, pending] = None
                if instruction is None:
                    holds = holds or _nullable(pending)
                    kept = union(kept, intersect(*pending))
            elif isinstance(instruction, Split):
                entered |= {position}
                stack += [(after, pending, entered) for after in reversed(instruction.following)]
            elif isinstance(instruction, Again):
                back = instruction.following if instruction.loop in entered else instruction.loop
                stack.append((back, pending, entered))
            elif isinstance(instruction, Look):
                if instruction.behind is None:
                    more = (pending | {instruction.ahead}) - {ANYTHING}
                    stack.append((instruction.following, more, entered))
                elif behinds[instruction.behind].nullable is not instruction.negated:
                    stack.append((instruction.following, pending, entered))
            elif not certain:
                matched = matched or (not holds and _nullable(pending))
                rest = union(rest, difference(intersect(*pending), kept))
                if pending:
                    found[_MATCHED, pending] = None
                else:
                    certain = True
        return State(self, tuple(found), behinds, matched, rest), cut or holds

    def _is_live(self, state: State) -> bool:
        return self._live is None or state in self._live

    def is_orderly(self, start: State) -> bool:
        """Whether no thread is ever given up, so that all matches are preferred."""
        seen = {start}
        stack = [start]
        if start.nullable:
            return False
        while stack:
            for _, target, cut in self.arcs(stack.pop()):
                if cut or len(seen) > _FEW_STATES:
                    return False
                if target not in seen:
                    seen.add(target)
                    stack.append(target)
        return True

    def prune(self, start: State) -> bool:
        """Leave out the states that reach no match; return whether the start does."""
        sources: dict[State, list[State]] = {start: []}
        stack = [start]
        while stack:
            state = stack.pop()
            for _, target, _ in self.arcs(state):
                if target not in sources:
                    if len(sources) == _MOST_STATES:
                        raise RegexTooComplexError(f"more than {_MOST_STATES:,} states")
                    sources[target] = []
                    stack.append(target)
                sources[target].append(state)
        live = {state for state in sources if state.nullable}
        stack = list(live)
        while stack:
            for source in sources[stack.pop()]:
                if source not in live:
                    live.add(source)
                    stack.append(source)
        self._live = frozenset(live)
        return start in live


def _nullable(pending: Pending) -> bool:
    return all(regex.nullable for regex in pending)


class State(Machine):
    """The threads of a search after some text, the most preferred first.

    Attributes:
        threads: the threads.
        behinds: what is left of the lookbehinds.
        rest: the rests of the input before which the text is matched.
    """

    __slots__ = ("_hash", "_search", "behinds", "nullable", "rest", "threads")

    def __init__(
        self,
        search: _Search,
        threads: tuple[Thread, ...],
        behinds: tuple[Regex, ...],
        nullable: bool,
        rest: Regex,
    ) -> None:
        self._search = search
        self.threads = threads
        self.behinds = behinds
        self.nullable = nullable
        self.rest = rest
        self._hash = hash((threads, behinds, rest))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is type(self)  # also while the interpreter shuts down
            and self._search is other._search
            and self.threads == other.threads
            and self.behinds == other.behinds
            and self.rest is other.rest
        )

    def arcs(self) -> tuple[tuple[Ranges, State | Regex], ...]:
        """See `Machine.arcs`."""
        return tuple(
            (ranges, EPSILON if target.ends_here else target)
            for ranges, target, _ in self._search.arcs(self)
        )

    def steps(self) -> Iterator[tuple[Ranges, State]]:
        """The steps, also to where only what follows can undo a match."""
        for ranges, target, _ in self._search.arcs(self):
            yield ranges, target

    @property
    def looks_ahead(self) -> bool:
        """Whether the pattern has a lookahead."""
        code = self._search.program.code
        return any(isinstance(step, Look) and step.behind is None for step in code)

    @property
    def ends_here(self) -> bool:
        """Nothing follows."""
        return all(position == _MATCHED for position, _ in self.threads)
