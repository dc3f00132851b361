"""Values in JSON texts that depend on what is written before them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from constrain.lexing.regex import Regex, concat, optional, whole, words
from constrain.lexing.syntax import parse
from constrain.monitors.monitor import Monitor

_TOKEN = re.compile(r"""\s*(?:("(?:[^"\\]|\\.)*")|([{}\[\]:,])|([^\s{}\[\]:,"]+))""")
_SPACE = whole(parse(r"[ \t\r\n]*", "python"))
_BEYOND = optional(whole(parse(r"[ \t\r\n,\]}](?s:.)*", "python")))


class JSONValue(Monitor):
    """At a place in a JSON text stands one of the values that a function gives.

        JSONValue("/user/id", lambda document: ids_of(document["user"]["name"]))

    The function is called when the value is about to be written, with what is written before it. A
    value that is not among those that it gives cannot be written, so nothing is tried twice.

    Args:
        pointer: a JSON pointer; `*` stands for any key and any index.
        allowed: from the document so far, without what is not complete, to the values.
    """

    trigger = r"[:\[,]"
    ahead = ('":', ":", "[", ",")

    def __init__(self, pointer: str, allowed: Callable[[Any], Iterable[Any]]) -> None:
        self._pointer = pointer.split("/")[1:]
        self._allowed = allowed

    def suggest(self, text: str) -> Regex | list[str] | None:
        """See `Monitor.suggest`."""
        reader = _Reader()
        if not reader.read(text) or not reader.is_at(self._pointer):
            return None
        values = [json.dumps(x, ensure_ascii=False) for x in self._allowed(reader.document)]
        return concat(_SPACE, words(values), _BEYOND) if values else []


@dataclass
class _Reader:
    """Reads the beginning of a JSON text.

    Attributes:
        document: what is complete.
        open: the containers that are open; the key or index that is written in each.
    """

    document: Any = None
    open: list[tuple[Any, Any]] = field(default_factory=list)
    awaits: bool = True

    def is_at(self, pointer: list[str]) -> bool:
        """Whether a value is about to be written at a pointer."""
        if not self.awaits or len(self.open) != len(pointer):
            return False
        keys = (str(key).replace("~", "~0").replace("/", "~1") for _, key in self.open)
        return all(part in ("*", key) for part, key in zip(pointer, keys, strict=True))

    def read(self, text: str) -> bool:
        """Read on; False where the text ends within a string."""
        end = 0
        while (token := _TOKEN.match(text, end)) is not None:
            end = token.end()
            string, sign, other = token.groups()
            if sign:
                self._sign(sign)
            elif string and self.open and self.open[-1][1] is None:
                self.open[-1] = self.open[-1][0], json.loads(string)
                self.awaits = False
            else:
                self._put(json.loads(string or other))
                self.awaits = False
        return not text[end:].strip()

    def _sign(self, sign: str) -> None:
        if sign in "{[":
            container: Any = {} if sign == "{" else []
            self._put(container)
            self.open.append((container, None if sign == "{" else 0))
            self.awaits = sign == "["
        elif sign in "}]":
            self.open.pop()
            self.awaits = False
        elif sign == ":":
            self.awaits = True
        else:
            container, key = self.open[-1]
            is_array = isinstance(container, list)
            self.open[-1] = container, key + 1 if is_array else None
            self.awaits = is_array

    def _put(self, value: Any) -> None:
        if not self.open:
            self.document = value
        elif isinstance(self.open[-1][0], list):
            self.open[-1][0].append(value)
        else:
            self.open[-1][0][self.open[-1][1]] = value
