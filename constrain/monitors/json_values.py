"""Values in JSON texts that functions have a say in, in view of what is written before them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any
from warnings import warn

from constrain.engine import Control, Matcher
from constrain.engine.beginnings import Beginnings
from constrain.engine.combining import choice
from constrain.engine.single import RegexControl
from constrain.errors import MonitorError, MonitorWarning
from constrain.lexing.regex import literal
from constrain.monitors.answers import Answer, Expected, NothingAgreesError
from constrain.monitors.following import Following
from constrain.monitors.json_checks import Checked, FewValues
from constrain.monitors.json_places import SPACE, Paths, document_of, pointer_parts, trigger
from constrain.monitors.monitor import Monitor, Otherwise
from constrain.schema import JSONOptions, schema_control


class _AtPointer(Monitor):
    """Has a say in the values at a JSON pointer.

    Args:
        pointer: a JSON pointer (RFC 6901); `*` stands for any key and any index.
        otherwise: see `Monitor.otherwise`.

    Raises:
        ConstraintError: it is no pointer.
    """

    def __init__(self, pointer: str, otherwise: Otherwise) -> None:
        self._parts = pointer_parts(pointer)
        self.trigger, self.ahead = trigger(self._parts)
        self.otherwise = otherwise
        self._paths = Paths()

    @staticmethod
    def may_end(text: str) -> bool:
        """Whether an array begins where a text ends, which may be empty."""
        return text.endswith("[")

    def is_at(self, text: str) -> bool:
        """Whether a value at the pointer is about to be written."""
        return self._paths.of(text).is_at(text, self._parts)


class JSONValue(_AtPointer):
    """At a place in a JSON text stands one of the values that a function gives.

        JSONValue("/user/id", lambda document: ids_of(document["user"]["name"]))

    The function is called when the value is about to be written, with what is written before it. A
    value that is not among those that it gives cannot be written, so nothing is tried twice. Values
    are compared as JSON Schema does, and spelt as the constraint spells them, if it is a schema.

    Args:
        pointer: a JSON pointer (RFC 6901); `*` stands for any key and any index.
        allowed: from the document so far, without what is not complete, to the values.
        otherwise: what follows where the function gives no value, or fails.

    Raises:
        ConstraintError: it is no pointer.
    """

    def __init__(
        self,
        pointer: str,
        allowed: Callable[[Any], Iterable[Any]],
        otherwise: Otherwise = "error",
    ) -> None:
        super().__init__(pointer, otherwise)
        self._allowed = allowed

    def suggest(self, text: str) -> Answer | list[str] | None:
        """See `Monitor.suggest`."""
        if not self.is_at(text):
            return None
        values = list(self._allowed(document_of(text)))
        may_end = self.may_end(text)
        return Values(values, may_end=may_end) if values or may_end else []


class Values(Answer):
    """One of some values, spelt as the constraint beside the monitor spells values.

    Args:
        values: the values.
        may_end: whether `]` may stand in the place of a value.

    Raises:
        TypeError, ValueError: one is no JSON.
    """

    looks_beside = True

    def __init__(self, values: list[Any], *, may_end: bool) -> None:
        self._may_end = may_end
        texts = [json.dumps(value, ensure_ascii=False, allow_nan=False) for value in values]
        self._values = [json.loads(text) for text in texts]
        self._texts = [text.encode(errors="replace") for text in texts]
        self._known: dict[object, Answer] = {}
        self._at: dict[object, Answer] = {}

    def begin(self, beginnings: Beginnings, base: Matcher | None) -> Expected:
        """See `Answer.begin`."""
        place = base.alternatives if type(base) is Matcher else None
        if place not in self._at:
            self._at[place] = self._answer(base)
        return self._at[place].begin(beginnings, base)

    def _answer(self, base: Matcher | None) -> Answer:
        """The answer that what can be written of the values follows.

        Raises:
            NothingAgreesError: none can be.
        """
        options, possible = JSONOptions(), tuple(range(len(self._values)))
        if type(base) is Matcher:
            options = getattr(base.constraint.control, "options", options)
            possible = tuple(i for i in possible if self._is_writable(i, base))
        if not possible and not self._may_end:
            raise NothingAgreesError("the constraint allows none of the values")
        if (options, possible) not in self._known:
            control: Control[Any] = RegexControl(literal("]"))
            if possible:
                schema = {"enum": [self._values[i] for i in possible]}
                values = schema_control(schema, replace(options, formats={}))
                control = choice(values, control) if self._may_end else values
            texts = [self._texts[i] for i in possible]
            followed = Following(control, rf"[{SPACE}]*", rf"[{SPACE},\]}}]", texts)
            self._known[options, possible] = followed
        return self._known[options, possible]

    def _is_writable(self, number: int, base: Matcher) -> bool:
        """Whether a value may be written.

        Containers, and numbers with exponents, which may be written in many ways, are taken to.
        """
        value, text = self._values[number], self._texts[number]
        if isinstance(value, (dict, list)) or (isinstance(value, float) and b"e" in text):
            return True
        if not base.accept_bytes(text):
            return False
        base.rollback(1)
        return True


class JSONCheck(_AtPointer):
    """At a place in a JSON text stands a value that a function accepts.

        JSONCheck("/user/id", lambda value, document: value in table)

    The function is called when a value could end, and a token that would end it with a value that
    is refused is not allowed. Where the constraint leaves few values, the function is asked about
    all of them when the value is about to be written, and masks lead to those that it accepts. Else
    the writer may come to a place where every way to end is refused; give the values with
    `JSONValue` where they are known.

    Args:
        pointer: a JSON pointer (RFC 6901); `*` stands for any key and any index.
        accepts: from a value, and the document so far without what is not complete, to whether the
            value may stand there. A pure function.
        otherwise: what follows where the function refuses all of few values, or fails.

    Raises:
        ConstraintError: it is no pointer.
    """

    judges = True

    def __init__(
        self,
        pointer: str,
        accepts: Callable[[Any, Any], bool],
        otherwise: Otherwise = "error",
    ) -> None:
        super().__init__(pointer, otherwise)
        self._accepts = accepts
        self._few_values = FewValues()

    def suggest(self, text: str) -> Answer | None:
        """See `Monitor.suggest`."""
        if not self.is_at(text):
            return None
        document = document_of(text)
        may_end = self.may_end(text)
        return Checked(
            lambda value: self._verdict(value, document, text),
            lambda values: Values(values, may_end=may_end),
            self._few_values,
            may_end=may_end,
        )

    def _verdict(self, value: Any, document: Any, text: str) -> bool:
        try:
            return bool(self._accepts(value, document))
        except Exception as error:
            reason = f"asked about {value!r}: {type(error).__name__}: {error}"
            event = MonitorError(type(self).__name__, "failed", reason, text)
            if self.otherwise != "ignore":
                raise event from error
            warn(MonitorWarning(event, self.otherwise), stacklevel=2)
            return True
