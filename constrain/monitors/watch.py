"""One monitor along one text: its state, and how a piece of text moves it."""

from __future__ import annotations

import threading
from codecs import getincrementaldecoder
from collections import OrderedDict
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from constrain.engine import Constraint, Matcher
from constrain.engine.single import RegexControl
from constrain.lexing.regex import (
    ANY,
    ANYTHING,
    Regex,
    complement,
    concat,
    derive,
    intersect,
    literal,
    whole,
)
from constrain.lexing.syntax import parse
from constrain.monitors.monitor import FREE, Analysis, Answer, Monitor
from constrain.vocabulary import Vocabulary

_KEPT = 256
"""Constraints, and masks, that are remembered for one monitor."""


class Obligation(NamedTuple):
    """An answer that the text has still to agree with.

    Attributes:
        answer: the answer.
        left: what is left of it.
        begin: where in the text it begins.
        matcher: has read that text.
    """

    answer: Answer
    left: Regex
    begin: int
    matcher: Matcher


class State(NamedTuple):
    """Where a monitor stands in a text.

    Attributes:
        text: what stands before and what is written, in whole characters.
        rest: the bytes of a character that is not whole yet.
        scan: what would end with a trigger, in view of the text since the last one.
        obligations: what the text has still to agree with.
    """

    text: str
    rest: bytes
    scan: Regex
    obligations: tuple[Obligation, ...]


class Watch:
    """Follows texts for one monitor, over one vocabulary.

    Raises:
        RegexSyntaxError: the trigger is malformed, or not regular.
    """

    def __init__(self, monitor: Monitor, vocabulary: Vocabulary) -> None:
        self.monitor = monitor
        self._vocabulary = vocabulary
        self._analysis = Analysis(monitor)
        self._scan = whole(concat(ANYTHING, parse(monitor.trigger, "python")))
        self._compiled: OrderedDict[Regex, Constraint] = OrderedDict()
        self._masks: OrderedDict[tuple[Regex, bytes], NDArray[np.int32]] = OrderedDict()
        self._lock = threading.Lock()

    # -- moving --------------------------------------------------------------------------------

    @cached_property
    def start(self) -> State:
        """The state before anything is written.

        The text before may disagree with the analysis; those answers have no say.

        Raises:
            MonitorError: there is no answer where the text before ends, and that is an error.
        """
        before, scan = self.monitor.before, self._scan
        ends = []
        for end, char in enumerate(before, 1):
            scan = derive(scan, ord(char))
            if scan.nullable:
                ends.append(end)
                scan = self._scan
        obligations: tuple[Obligation, ...] = ()
        for end in ends[-self.monitor.enclosing :]:
            ask = self._analysis.after if end == len(before) else self._analysis.ahead
            due = self._due(ask(before[:end]), end)
            obligations += _moved(due, before[end:].encode(), before[end:]) or ()
        return State(before, b"", scan, obligations)

    def after(self, state: State, data: bytes, *, is_token: bool) -> State | None:
        """Return the state after some bytes, or None where they do not agree with the analysis.

        A token may not run on past a trigger that it has no right to, see `Monitor.ahead`.

        Raises:
            MonitorError: see `Monitor.otherwise`.
        """
        try:
            chars, rest = _decoded(state.rest + data)
        except UnicodeDecodeError:
            return None
        text, _, scan, obligations = state
        begin, known = 0, len(state.rest)
        for end, char in enumerate(chars, 1):
            scan = derive(scan, ord(char))
            if not scan.nullable:
                continue
            piece = chars[begin:end]
            runs_on = is_token and (end < len(chars) or bool(rest))
            if runs_on and (begin or known or piece not in self.monitor.ahead):
                return None
            moved = _moved(obligations, piece.encode()[known:], piece)
            if moved is None:
                return None
            text += piece
            quiet = runs_on and self.monitor.otherwise != "ignore"
            ask = self._analysis.ahead if quiet else self._analysis.after
            obligations = moved + self._due(ask(text), len(text))
            scan, begin, known = self._scan, end, 0
        piece = chars[begin:]
        moved = _moved(obligations, (piece.encode() + rest)[known:], piece)
        return None if moved is None else State(text + piece, rest, scan, moved)

    def cuts(self, state: State, data: bytes) -> set[int]:
        """Return where triggers end in bytes that the state may be followed by."""
        chars, _ = _decoded(state.rest + data)
        scan, place, found = state.scan, -len(state.rest), set()
        for char in chars:
            place += len(char.encode())
            scan = derive(scan, ord(char))
            if scan.nullable:
                found.add(place)
                scan = self._scan
        return found

    def _due(self, answer: Answer, begin: int) -> tuple[Obligation, ...]:
        if answer is FREE:
            return ()
        return (Obligation(answer, answer.rest, begin, self._constraint(answer.rest).matcher()),)

    # -- masks ---------------------------------------------------------------------------------

    def mask(self, state: State) -> NDArray[np.int32]:
        """Return the tokens that agree with the analysis, as a bitmask int32[words]."""
        row = self._begun(self._up_to_trigger(state.scan), state.rest).copy()
        if not state.rest:
            for head in self.monitor.ahead:
                if self._is_trigger(state, head):
                    answer = self._analysis.ahead(state.text + head)
                    after = intersect(answer.rest, self._up_to_trigger(self._scan))
                    row |= self._begun(concat(literal(head), after), b"")
        asked = np.empty_like(row)
        for obligation in state.obligations:
            obligation.matcher.fill_bitmask(asked)
            row &= asked
        return row

    def _is_trigger(self, state: State, head: str) -> bool:
        """Whether a trigger ends with `head`, and nothing forbids it."""
        scan = state.scan
        for char in head:
            if scan.nullable:
                return False
            scan = derive(scan, ord(char))
        return scan.nullable and _moved(state.obligations, head.encode(), head) is not None

    def _up_to_trigger(self, scan: Regex) -> Regex:
        """The texts that do not go on after a trigger."""
        return complement(concat(scan, ANY, ANYTHING))

    def _begun(self, regex: Regex, rest: bytes) -> NDArray[np.int32]:
        """The tokens that a text may go on with after `rest`."""
        with self._lock:
            found = self._masks.get((regex, rest))
            if found is None:
                found = np.empty(self._vocabulary.bitmask_words, np.int32)
                matcher = Constraint(RegexControl(regex), self._vocabulary).matcher()
                matcher.accept_bytes(rest)
                matcher.fill_bitmask(found)
                _keep(self._masks, (regex, rest), found)
            return found

    def _constraint(self, regex: Regex) -> Constraint:
        with self._lock:
            found = self._compiled.get(regex)
            if found is None:
                found = Constraint(RegexControl(regex), self._vocabulary)
                _keep(self._compiled, regex, found)
            return found


def _moved(
    obligations: tuple[Obligation, ...], data: bytes, chars: str
) -> tuple[Obligation, ...] | None:
    """Return the obligations after some bytes, without those that are met; None if one is not.

    `chars` are the characters that end in `data`.
    """
    if not data:
        return obligations
    found = []
    for answer, left, begin, matcher in obligations:
        for char in chars:
            left = derive(left, ord(char))
        if left is ANYTHING:
            continue
        after = matcher.fork()
        if not after.accept_bytes(data):
            return None
        found.append(Obligation(answer, left, begin, after))
    return tuple(found)


def _decoded(data: bytes) -> tuple[str, bytes]:
    """Divide bytes into characters and the beginning of one.

    Raises:
        UnicodeDecodeError: they are not the beginning of any text.
    """
    decoder = getincrementaldecoder("utf-8")()
    chars = decoder.decode(data)
    return chars, decoder.getstate()[0]


Key = TypeVar("Key")
Value = TypeVar("Value")


def _keep(known: OrderedDict[Key, Value], key: Key, value: Value) -> Value:
    """Remember the latest."""
    known[key] = value
    if len(known) > _KEPT:
        known.popitem(last=False)
    return value
