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
from dataclasses import replace
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Literal
from warnings import warn

from constrain.engine import Constraint
from constrain.errors import MonitorError, MonitorKind, MonitorWarning
from constrain.lexing.regex import ANYTHING, Regex, concat, whole
from constrain.lexing.syntax import parse
from constrain.monitors.answers import END, FREE, NEVER, Answer, Expression, Listed, Suggestions

if TYPE_CHECKING:
    from constrain.monitors.monitored import MonitoredConstraint

Otherwise = Literal["ignore", "stop", "error"]
"""What follows where a monitor has no suggestion, or fails: anything; the end; a `MonitorError`."""

_KEPT = 1000
"""Answers that a monitor remembers."""
_KEPT_NAMES = 1_000_000
"""Names in all answers that a monitor remembers."""
_MOST_NAMES = 1_000_000
"""Names in one answer."""


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
            One that matches the empty text (`\\A`) is met before anything is written.
        ahead: beginnings of tokens that may end a trigger.
        word: the class of characters that a suggestion may not be extended by.
        before: the text that stands before what is written.
        enclosing: so many of the last triggers in `before` may still have a say.
        otherwise: what follows where there is no suggestion, or the analysis fails.
        timeout: the most seconds that an answer may take; None: any. A thread that takes longer is
            left to itself.
        judges: whether an answer may rule out tokens in view of the constraint beside it.
        refuses: whether an answer may be that the trigger cannot stand where it stands. Then a
            token may end a trigger only with what is in `ahead`.
    """

    trigger: str
    ahead: tuple[str, ...] = ()
    word: str = r"\w"
    before: str = ""
    enclosing: int = 1
    otherwise: Otherwise = "ignore"
    timeout: float | None = None
    judges: bool = False
    refuses: bool = False

    @abstractmethod
    def suggest(self, text: str) -> Iterable[str] | Suggestions | Regex | Answer | None:
        """Return what may follow `text`, which ends with a trigger.

        Texts, one of which has to follow; the same with what may stand around them, see
        `Suggestions`; or all that may follow, as an expression (see `pattern`); or None, where the
        analysis has nothing to say; or `EMPTY`, where the trigger itself cannot be written, see
        `refuses`. A pure function: the answer is remembered. What it raises is
        told as a `MonitorWarning`, or as `otherwise` says.

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
        self._answers: OrderedDict[str, Answer | MonitorError] = OrderedDict()
        self._names = 0
        self._lock = threading.Lock()

    def after(self, text: str) -> Answer:
        """Return what may follow a text, which ends with a trigger.

        Raises:
            MonitorError: there is no suggestion, or the analysis fails, and that is an error.
        """
        answer = self._asked(text)
        return self.tell(answer) if isinstance(answer, MonitorError) else answer

    def ahead(self, text: str) -> Answer:
        """Return the same for a text that is not written yet. Nothing is told, nothing raised."""
        answer = self._asked(text)
        return self.instead if isinstance(answer, MonitorError) else answer

    def tell(self, event: MonitorError) -> Answer:
        """Tell that there is no answer, and return what stands for one.

        Raises:
            MonitorError: that is an error.
        """
        if self.monitor.otherwise == "error":
            raise event
        warn(MonitorWarning(event, self.monitor.otherwise), stacklevel=2)
        return self.instead

    def event(self, kind: MonitorKind, reason: str, text: str) -> MonitorError:
        """Return what is to be told."""
        return MonitorError(type(self.monitor).__name__, kind, reason, text)

    @property
    def instead(self) -> Answer:
        """What stands for an answer where there is none."""
        return FREE if self.monitor.otherwise == "ignore" else END

    def _asked(self, text: str) -> Answer | MonitorError:
        with self._lock:
            known = self._answers.get(text)
            if known is None:
                known = self._answers[text] = self._ask(text)
                self._names += _size(known)
                while len(self._answers) > _KEPT or (
                    self._names > _KEPT_NAMES and len(self._answers) > 1
                ):
                    _, oldest = self._answers.popitem(last=False)
                    self._names -= _size(oldest)
            else:
                self._answers.move_to_end(text)
        return known

    def _ask(self, text: str) -> Answer | MonitorError:
        try:
            answer = self._understood(self._found(text))
        except TimeoutError as error:
            event = self.event("late", str(error), text)
            event.__cause__ = error
        except Exception as error:
            event = self.event("failed", f"{type(error).__name__}: {error}", text)
            event.__cause__ = error
        else:
            is_empty = isinstance(answer, Listed) and answer.is_empty
            if not is_empty and (answer != NEVER or self.monitor.refuses):
                return answer
            event = self.event("empty", "there is no suggestion", text)
        return event

    def _found(self, text: str) -> Any:
        """What the monitor suggests.

        Raises:
            TimeoutError: it takes too long.
        """
        limit = self.monitor.timeout
        if limit is None:
            return self.monitor.suggest(text)
        answers: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

        def ask() -> None:
            try:
                answers.put((self.monitor.suggest(text), None))
            except BaseException as error:
                answers.put((None, error))

        threading.Thread(target=ask, daemon=True).start()
        try:
            found, error = answers.get(timeout=limit)
        except Empty:
            raise TimeoutError(f"there is no answer within {limit:g} s") from None
        if error is not None:
            raise error
        return found

    def _understood(self, found: Any) -> Answer:
        if found is None:
            return FREE
        if isinstance(found, Answer):
            return found
        if isinstance(found, Regex):
            return Expression(found)
        if isinstance(found, (str, bytes)):
            raise TypeError(f"suggest has to return a list of texts, not {found!r}")
        if not isinstance(found, Suggestions):
            found = Suggestions(found)
        names = tuple(islice(found.names, _MOST_NAMES + 1))
        if len(names) > _MOST_NAMES:
            raise ValueError(f"more than {_MOST_NAMES:,} suggestions")
        return Listed(replace(found, names=names), self.monitor.word)


def _size(answer: Answer | MonitorError) -> int:
    """How many names an answer has."""
    return len(answer.texts.items) if isinstance(answer, Listed) else 0
