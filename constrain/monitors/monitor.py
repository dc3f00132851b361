"""What a monitor is: an analysis that says, at the right moments, what may come next.

After "Guiding Language Models of Code with Global Context using Monitors" (Agrawal et al. 2023):
a static analysis, a trigger on the text so far, and a mask that keeps the text consistent with
what the analysis suggests. The state, its updates and the masks are in `watch` and `monitored`.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple
from warnings import warn

from constrain.engine import Constraint
from constrain.errors import MonitorError, MonitorKind, MonitorWarning
from constrain.lexing.regex import (
    ANY,
    ANYTHING,
    EMPTY,
    EPSILON,
    Regex,
    concat,
    difference,
    optional,
    whole,
    words,
)
from constrain.lexing.syntax import parse

if TYPE_CHECKING:
    from constrain.monitors.monitored import MonitoredConstraint

Otherwise = Literal["ignore", "stop", "error"]
"""What follows where a monitor has no suggestion, or fails: anything; the end; a `MonitorError`."""

_KEPT = 1000
"""Answers that a monitor remembers."""


class Answer(NamedTuple):
    """What may follow a text.

    Attributes:
        rest: all that may follow, as an expression.
        names: the suggestions, one of which has to follow, by length; empty if they are not known.
    """

    rest: Regex
    names: tuple[str, ...] = ()


FREE = Answer(ANYTHING)
END = Answer(EPSILON)


class Monitor(ABC):
    """An analysis that watches a text and says what may follow where a trigger ends.

        class Colours(Monitor):
            trigger = "colour="

            def suggest(self, text):
                return ["red", "green", "grey"]

        constraint & Colours()

    A token may end inside, at or beyond the end of a suggestion; beyond it, it may not go on with
    a character of `word`. A token may end where a trigger ends, and not run on past it, unless what
    it has up to there is in `ahead`: then the rest of it is held against the analysis too, which is
    asked before the trigger is written. So every text that the analysis agrees with can be written,
    though not in every division into tokens.

    Attributes:
        trigger: a pattern, in Python's dialect; it is looked for in the text since the last one.
        ahead: beginnings of tokens that may end a trigger.
        word: the class of characters that a suggestion may not be extended by.
        before: the text that stands before what is written.
        enclosing: so many of the last triggers in `before` may still have a say.
        otherwise: what follows where there is no suggestion, or the analysis fails.
    """

    trigger: str
    ahead: tuple[str, ...] = ()
    word: str = r"\w"
    before: str = ""
    enclosing: int = 1
    otherwise: Otherwise = "ignore"

    @abstractmethod
    def suggest(self, text: str) -> Iterable[str] | Regex | None:
        """Return what may follow `text`, which ends with a trigger.

        Texts, one of which has to follow; or all that may follow, as an expression (see
        `pattern`); or None, where the analysis has nothing to say. A pure function: the answer is
        remembered. What it raises is told as a `MonitorWarning`, or as `otherwise` says.

        Args:
            text: `before`, and what is written after it.
        """

    def __rand__(self, constraint: Constraint) -> MonitoredConstraint:
        """The texts of a constraint that the monitor agrees with."""
        from constrain.monitors.monitored import MonitoredConstraint

        return MonitoredConstraint(constraint, (self,))


def pattern(text: str) -> Regex:
    """The texts that begin with a match of a pattern, in Python's dialect.

    Raises:
        RegexSyntaxError: the pattern is malformed or not regular.
    """
    return concat(whole(parse(text, "python")), ANYTHING)


class Analysis:
    """The answers of one monitor. Safe for many threads; the monitor is asked by one at a time."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        beyond = difference(ANY, whole(parse(monitor.word, "python")))
        self._boundary = optional(concat(beyond, ANYTHING))
        self._answers: OrderedDict[str, Answer | MonitorError] = OrderedDict()
        self._lock = threading.Lock()

    def after(self, text: str) -> Answer:
        """Return what may follow a text, which ends with a trigger.

        Raises:
            MonitorError: there is no suggestion, or the analysis fails, and that is an error.
        """
        answer = self._asked(text)
        if isinstance(answer, MonitorError):
            if self.monitor.otherwise == "error":
                raise answer
            warn(MonitorWarning(answer, self.monitor.otherwise), stacklevel=2)
        return self._instead(answer)

    def ahead(self, text: str) -> Answer:
        """Return the same for a text that is not written yet. Nothing is told, nothing raised."""
        return self._instead(self._asked(text))

    def _instead(self, answer: Answer | MonitorError) -> Answer:
        if isinstance(answer, MonitorError):
            return FREE if self.monitor.otherwise == "ignore" else END
        return answer

    def _asked(self, text: str) -> Answer | MonitorError:
        with self._lock:
            known = self._answers.get(text)
            if known is None:
                known = self._answers[text] = self._ask(text)
                if len(self._answers) > _KEPT:
                    self._answers.popitem(last=False)
            else:
                self._answers.move_to_end(text)
        return known

    def _ask(self, text: str) -> Answer | MonitorError:
        kind: MonitorKind
        cause: Exception | None = None
        try:
            found = self.monitor.suggest(text)
            if found is None:
                return FREE
            if isinstance(found, Regex):
                return Answer(found)
            names = tuple(sorted(set(found), key=lambda name: (len(name), name)))
            suggested = words(names)
            if suggested is not EMPTY:
                return Answer(concat(suggested, self._boundary), names)
            kind, reason = "empty", "there is no suggestion"
        except TimeoutError as error:
            kind, reason, cause = "late", str(error), error
        except Exception as error:
            kind, reason, cause = "failed", f"{type(error).__name__}: {error}", error
        event = MonitorError(type(self.monitor).__name__, kind, reason, text)
        event.__cause__ = cause
        return event
