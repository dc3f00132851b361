"""Protocols of method calls: what may be called on an object in the state that it is in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from constrain.errors import ConstraintError
from constrain.monitors.monitor import Monitor
from constrain.monitors.place import is_code


class Typestate(Monitor):
    """After `name.` come the methods that a protocol allows in the state of the object.

        Typestate({"closed": {"open": "open"}, "open": {"read": "open", "close": "closed"}},
                  start="closed", objects=["file"])

    The state is that after the calls on the object that stand before in the text, from the last
    assignment to its name on, in the order of the text; branches and loops are not followed.

    Args:
        protocol: for each state the methods that may be called, and the state after each.
        start: the state of a new object.
        objects: the names of the objects.
        before: the text before the cursor.

    Raises:
        ConstraintError: the protocol leads to a state that it does not have.
    """

    trigger = r"\b\w+\."
    ahead = (".",)

    def __init__(
        self,
        protocol: Mapping[str, Mapping[str, str]],
        start: str,
        objects: list[str],
        before: str = "",
    ) -> None:
        for state in (start, *(after for moves in protocol.values() for after in moves.values())):
            if state not in protocol:
                raise ConstraintError(f"the protocol has no state {state!r}")
        self.before = before
        self._protocol = protocol
        self._start = start
        names = "|".join(map(re.escape, objects))
        self._object = re.compile(rf"(?<![\w.])({names})\.\Z")
        self._event = r"(?<![\w.]){}(?:\.(\w+)[ \t]*\(|[ \t]*=(?!=))"

    def suggest(self, text: str) -> list[str] | None:
        """See `Monitor.suggest`."""
        called = self._object.search(text)
        if called is None or not is_code(text):
            return None
        state = self._start
        for event in re.finditer(self._event.format(re.escape(called[1])), text):
            if event[1] is None:
                state = self._start
            elif is_code(text[: event.start()]):
                state = self._protocol[state].get(event[1], state)
        return list(self._protocol[state])
