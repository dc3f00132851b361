"""One monitor along one text: its state, and how a piece of text moves it."""

from __future__ import annotations

from codecs import getincrementaldecoder
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from constrain.engine import Matcher
from constrain.engine.beginnings import Beginnings
from constrain.lexing.regex import (
    ANY,
    ANYTHING,
    EPSILON,
    Regex,
    complement,
    concat,
    derive,
    difference,
)
from constrain.lexing.syntax import parse
from constrain.monitors.answers import FREE, NEVER, Answer, Expected, NothingAgreesError
from constrain.monitors.monitor import Analysis, Monitor
from constrain.vocabulary import Vocabulary


class State(NamedTuple):
    """Where a monitor stands in a text.

    Attributes:
        text: what stands before and what is written, in whole characters.
        rest: the bytes of a character that is not whole yet.
        scan: what would end with a trigger, in view of the text since the last one.
        expected: what the text has still to agree with.
        is_answered: the last of that has just come.
    """

    text: str
    rest: bytes
    scan: Regex
    expected: tuple[Expected, ...]
    is_answered: bool = False


class _Head(NamedTuple):
    """A beginning of tokens that may end a trigger, see `Monitor.ahead`.

    Attributes:
        chars: the beginning.
        data: the same in UTF-8.
        node: the trie node that it leads to.
        tokens: those that begin so, and do not run past another trigger: a bitmask int32[words].
    """

    chars: str
    data: bytes
    node: int
    tokens: NDArray[np.int32]


class Watch:
    """Follows texts for one monitor, over one vocabulary.

    Raises:
        RegexSyntaxError: the trigger is malformed, or not regular.
    """

    def __init__(self, monitor: Monitor, vocabulary: Vocabulary) -> None:
        self.monitor = monitor
        self._analysis = Analysis(monitor)
        scan = _scanning(monitor.trigger)
        self._from_start = scan.nullable
        self._scan = difference(scan, EPSILON)
        self._beginnings = Beginnings(vocabulary)
        self._within: dict[Regex, Regex] = {}

    # -- moving --------------------------------------------------------------------------------

    @cached_property
    def start(self) -> State:
        """The state before anything is written.

        The text before may disagree with the analysis; those answers have no say.

        Raises:
            MonitorError: there is no answer where the text before ends, and that is an error.
        """
        before, scan = self.monitor.before, self._scan
        ends = [0] if self._from_start else []
        for end, char in enumerate(before, 1):
            scan = derive(scan, ord(char))
            if scan.nullable:
                ends.append(end)
                scan = self._scan
        expected: tuple[Expected, ...] = ()
        for end in ends[-self.monitor.enclosing :]:
            quiet = end < len(before)
            ask = self._analysis.ahead if quiet else self._analysis.after
            answer = ask(before[:end])
            if answer == NEVER:
                event = self._analysis.event("empty", "nothing can follow", before[:end])
                answer = self._analysis.instead if quiet else self._analysis.tell(event)
            due = self._due(answer, before[:end], None, quiet=quiet)
            expected += _moved(due, before[end:].encode(), before[end:], b"") or ()
        return State(before, b"", scan, expected)

    def after(
        self, state: State, data: bytes, base: Matcher, *, is_token: bool, quiet: bool = False
    ) -> State | None:
        """Return the state after some bytes, or None where they do not agree with the analysis.

        A token may not run on past a trigger that it has no right to, see `Monitor.ahead`.

        Args:
            state: the state.
            data: the bytes.
            base: where the text stands before them, under the constraint beside the monitor.
            is_token: whether they are a token.
            quiet: tell nothing.

        Raises:
            MonitorError: see `Monitor.otherwise`.
        """
        try:
            chars, rest = _decoded(state.rest + data)
        except UnicodeDecodeError:
            return None
        text, _, scan, expected, _ = state
        begin, known, used = 0, len(state.rest), 0
        for end, char in enumerate(chars, 1):
            scan = derive(scan, ord(char))
            if not scan.nullable:
                continue
            piece = chars[begin:end]
            runs_on = is_token and (end < len(chars) or bool(rest))
            is_bound = runs_on or (is_token and self.monitor.refuses)
            if is_bound and (begin or known or piece not in self.monitor.ahead):
                return None
            added = piece.encode()[known:]
            moved = _moved(expected, added, piece, b"")
            if moved is None:
                return None
            text += piece
            used += len(added)
            silent = quiet or (runs_on and self.monitor.otherwise != "ignore")
            ask = self._analysis.ahead if silent else self._analysis.after
            answer = ask(text)
            if answer == NEVER:
                return None
            at = _at(base, data[:used]) if answer.looks_beside else None
            expected = moved + self._due(answer, text, at, quiet=silent)
            scan, begin, known = self._scan, end, 0
        piece = chars[begin:]
        moved = _moved(expected, (piece.encode() + rest)[known:], piece, rest)
        if moved is None:
            return None
        is_answered = bool(begin) and not piece and not rest and bool(moved)
        return State(text + piece, rest, scan, moved, is_answered)

    def without_last(self, state: State, *, quiet: bool) -> State:
        """Return a state without the answer that has just come, which nothing agrees with.

        Args:
            state: the state.
            quiet: do not warn.

        Raises:
            MonitorError: see `Monitor.otherwise`.
        """
        reason = "the constraint, and the other monitors, allow none of what it suggests"
        event = self._analysis.event("empty", reason, state.text)
        is_told = not quiet or self.monitor.otherwise == "error"
        instead = self._analysis.tell(event) if is_told else self._analysis.instead
        due = self._due(instead, state.text, None, quiet=quiet)
        return state._replace(expected=state.expected[:-1] + due, is_answered=False)

    def cuts(self, state: State, data: bytes) -> set[int]:
        """Return where triggers end in bytes that the state may be followed by.

        Also where the signs begin that end them, if tokens have to end there.
        """
        chars, _ = _decoded(state.rest + data)
        scan, place, found = state.scan, -len(state.rest), set()
        for end, char in enumerate(chars, 1):
            place += len(char.encode())
            scan = derive(scan, ord(char))
            if scan.nullable:
                found.add(place)
                scan = self._scan
                if self.monitor.refuses:
                    signs = (sign for sign in self.monitor.ahead if chars.endswith(sign, 0, end))
                    found.add(max(0, place - max(map(len, signs), default=0)))
        return found

    def _due(
        self, answer: Answer, text: str, base: Matcher | None, *, quiet: bool
    ) -> tuple[Expected, ...]:
        """What is expected after an answer."""
        if answer is FREE:
            return ()
        try:
            return (answer.begin(self._beginnings, base),)
        except NothingAgreesError as error:
            event = self._analysis.event("empty", str(error), text)
            instead = self._analysis.instead if quiet else self._analysis.tell(event)
        return self._due(instead, text, base, quiet=quiet)

    # -- masks ---------------------------------------------------------------------------------

    def restrict(self, row: NDArray[np.int32], state: State, base: Matcher) -> None:
        """Leave in a bitmask (int32[words]) only the tokens that agree with the analysis."""
        found = self._beginnings.mask(self._up_to_trigger(state.scan), state.rest)
        heads = () if state.rest else self._heads
        for head in heads:
            if self._is_trigger(state, head):
                part = row & head.tokens
                if part.any():
                    text = state.text + head.chars
                    answer = self._analysis.ahead(text)
                    if answer == NEVER:
                        continue
                    at = _at(base, head.data) if answer.looks_beside else None
                    for expected in self._due(answer, text, at, quiet=True):
                        expected.fill_below(part, head.data, head.node, base)
                    found = found | part
        row &= found
        for expected in state.expected:
            expected.fill(row, state.rest, base)

    @cached_property
    def _heads(self) -> tuple[_Head, ...]:
        """Those of `ahead` that some token runs on past, or ends with if that may be refused."""
        heads = []
        for chars in self.monitor.ahead:
            data = chars.encode()
            node = self._beginnings.node(data)
            if node is not None:
                row = np.zeros(self._beginnings.words, np.int32)
                if self.monitor.refuses:
                    self._beginnings.add_token(row, node)
                self._beginnings.add_below(row, self._up_to_trigger(self._scan), node)
                if row.any():
                    heads.append(_Head(chars, data, node, row))
        return tuple(heads)

    def _is_trigger(self, state: State, head: _Head) -> bool:
        """Whether a trigger ends with `head`, and nothing forbids it."""
        scan = state.scan
        for char in head.chars:
            if scan.nullable:
                return False
            scan = derive(scan, ord(char))
        moved = scan.nullable and _moved(state.expected, head.data, head.chars, b"")
        return moved is not None and moved is not False

    def _up_to_trigger(self, scan: Regex) -> Regex:
        """The texts that do not go on after a trigger, nor end with one if that may be refused."""
        found = self._within.get(scan)
        if found is None:
            more = ANYTHING if self.monitor.refuses else concat(ANY, ANYTHING)
            found = self._within[scan] = complement(concat(scan, more))
        return found


@lru_cache(64)
def _scanning(trigger: str) -> Regex:
    """The texts that end with a trigger."""
    return parse(rf"(?s:.)*(?:{trigger})", "python")


def _at(base: Matcher, data: bytes) -> Matcher | None:
    """Where a text stands after some bytes."""
    at = base.fork()
    return at if at.accept_bytes(data) else None


def _moved(
    expected: tuple[Expected, ...], data: bytes, chars: str, rest: bytes
) -> tuple[Expected, ...] | None:
    """Return what is expected after some bytes, without what is met; None if something is not.

    `chars` are the characters that end in `data`, `rest` the beginning of one after them.
    """
    if not data or not expected:
        return expected
    found = []
    for one in expected:
        after = one.after(data, chars, rest)
        if after is None:
            return None
        if not after.is_met:
            found.append(after)
    return tuple(found)


def _decoded(data: bytes) -> tuple[str, bytes]:
    """Divide bytes into characters and the beginning of one.

    Raises:
        UnicodeDecodeError: they are not the beginning of any text.
    """
    decoder = getincrementaldecoder("utf-8")()
    chars = decoder.decode(data)
    return chars, decoder.getstate()[0]
