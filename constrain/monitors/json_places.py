"""Places in a JSON text that is being written: pointers, and where a value ends."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from constrain.errors import ConstraintError

SPACE = " \t\r\n"
_TOKEN = re.compile(r"""\s*(?:("(?:[^"\\]|\\.)*")|([{}\[\]:,])|([^\s{}\[\]:,"]+))""")
_SHORT = {'"': r"\"", "\\": r"\\", "/": r"\/", "\b": r"\b", "\f": r"\f", "\n": r"\n"}
_SHORT |= {"\r": r"\r", "\t": r"\t"}


def pointer_parts(pointer: str) -> tuple[str, ...]:
    """Return the keys of a JSON pointer (RFC 6901), in which `*` stands for any.

    Raises:
        ConstraintError: it is none.
    """
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        raise ConstraintError(f"a JSON pointer is empty or begins with a slash, unlike {pointer!r}")
    if re.search(r"~(?![01])", pointer):
        raise ConstraintError(f"in a JSON pointer a ~ is followed by 0 or 1, unlike {pointer!r}")
    return tuple(pointer.split("/")[1:])


def trigger(parts: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return a pattern of what stands before a value at a pointer, and the ends of tokens there.

    See `Monitor.trigger` and `Monitor.ahead`.
    """
    if not parts:
        return r"\A", ()
    last = parts[-1]
    if last == "*" or last.isdecimal():
        closers = ("", '"', "}", "]", '"}', '"]', "}]", "]]", "}}", "]}")
        return r"[:\[,]", ('":', ":", "[", *(f"{closer}," for closer in closers))
    key = "".join(map(_spellings, last.replace("~1", "/").replace("~0", "~")))
    return rf'"{key}"[ \t\r\n]*:', ('":', ":")


def _spellings(char: str) -> str:
    """A pattern of all ways in which a character of a JSON string is written."""
    units = re.findall("..", char.encode("utf-16-be").hex(), re.DOTALL)
    codes = ["".join(units[i : i + 2]) for i in range(0, len(units), 2)]
    ways = ["".join(rf"\\u(?i:{code})" for code in codes)]
    ways += [re.escape(char)] if char not in '"\\' and char >= " " else []
    ways += [re.escape(_SHORT[char])] if char in _SHORT else []
    return f"(?:{'|'.join(ways)})"


class Path(NamedTuple):
    """Where a JSON text stands, as far as it is made of whole tokens.

    Attributes:
        end: of the last token.
        keys: for each container that is open the key or index that is written, None before a key.
        kinds: for each of them "{" or "[".
        awaits: whether a value is about to be written.
    """

    end: int = 0
    keys: tuple[str | int | None, ...] = ()
    kinds: str = ""
    awaits: bool = True

    def read(self, text: str) -> Path:
        """Return where the text stands, of which this is a beginning."""
        end, keys, kinds, awaits = self
        while (token := _TOKEN.match(text, end)) is not None:
            string, sign, _ = token.groups()
            if not sign and token.end() == len(text) and not string:
                break  # a number may go on
            end = token.end()
            if not sign:
                if kinds.endswith("{") and keys[-1] is None and string:
                    keys = (*keys[:-1], _loaded(string))
                awaits = False
            elif sign in "{[":
                keys, kinds = (*keys, None if sign == "{" else 0), kinds + sign
                awaits = sign == "["
            elif sign in "}]":
                keys, kinds, awaits = keys[:-1], kinds[:-1], False
            elif sign == ":":
                awaits = True
            elif kinds:
                key = keys[-1]
                is_array = kinds[-1] == "["
                after = key + 1 if is_array and isinstance(key, int) else None
                keys, awaits = (*keys[:-1], after), is_array
        return Path(end, keys, kinds, awaits)

    def is_at(self, text: str, parts: tuple[str, ...]) -> bool:
        """Whether a value at a pointer is about to be written where a text ends."""
        if not self.awaits or len(self.keys) != len(parts) or text[self.end :].strip(SPACE):
            return False
        keys = (str(key).replace("~", "~0").replace("/", "~1") for key in self.keys)
        return all(part in ("*", key) for part, key in zip(parts, keys, strict=True))


def _loaded(string: str) -> str:
    try:
        return str(json.loads(string))
    except ValueError:
        return string


class Paths:
    """Finds where texts stand, each of which goes on from one before as a rule."""

    def __init__(self) -> None:
        self._latest: list[tuple[str, Path]] = []

    def of(self, text: str) -> Path:
        """Return where a text stands."""
        begun = [known for known in self._latest if text.startswith(known[0])]
        path = max(begun, key=lambda known: len(known[0]), default=("", Path()))[1].read(text)
        self._latest = [*self._latest[-7:], (text, path)]
        return path


def document_of(text: str) -> Any:
    """Return what is complete of a JSON text."""
    reader = _Reader()
    reader.read(text)
    return reader.document


class _Reader:
    """Builds what is complete of a JSON text."""

    def __init__(self) -> None:
        self.document: Any = None
        self._open: list[tuple[Any, Any]] = []

    def read(self, text: str) -> None:
        """Read a text."""
        end = 0
        while (token := _TOKEN.match(text, end)) is not None:
            end = token.end()
            string, sign, other = token.groups()
            if sign:
                self._sign(sign)
            elif string and self._open and self._open[-1][1] is None:
                self._open[-1] = self._open[-1][0], json.loads(string)
            elif string or end < len(text):
                self._put(json.loads(string or other))

    def _sign(self, sign: str) -> None:
        if sign in "{[":
            container: Any = {} if sign == "{" else []
            self._put(container)
            self._open.append((container, None if sign == "{" else 0))
        elif sign in "}]":
            self._open.pop()
        elif sign == "," and isinstance(self._open[-1][0], dict):
            self._open[-1] = self._open[-1][0], None

    def _put(self, value: Any) -> None:
        if not self._open:
            self.document = value
        elif isinstance(self._open[-1][0], list):
            self._open[-1][0].append(value)
        else:
            self._open[-1][0][self._open[-1][1]] = value


@dataclass(frozen=True, slots=True)
class Within:
    """A place within a JSON value, and before it.

    Attributes:
        kind: "" before the value, "string", "container", "plain" (a number, true, false, null).
        depth: containers that are open.
        quoted: within a string.
        escaped: after a backslash in it.
    """

    kind: str = ""
    depth: int = 0
    quoted: bool = False
    escaped: bool = False

    def end(self, text: str) -> tuple[int | None, Within]:
        """Return where in a text the value ends, None if not there, and the place behind it.

        A number, true, false and null end before the character that cannot go on with them.
        """
        kind, depth, quoted, escaped = self.kind, self.depth, self.quoted, self.escaped
        for place, char in enumerate(text):
            if quoted:
                if escaped:
                    escaped = False
                elif char == "\\":
                    escaped = True
                elif char == '"':
                    quoted = False
                    if depth == 0:
                        return place + 1, self
            elif kind == "plain":
                if char in SPACE or char in ",]}":
                    return place, self
            elif char == '"':
                kind, quoted = kind or "string", True
            elif char in "[{":
                kind, depth = "container", depth + 1
            elif char in "]}":
                depth -= 1
                if depth <= 0:
                    return place + 1, self
            elif not kind and char not in SPACE:
                kind = "plain"
        return None, Within(kind, depth, quoted, escaped)

    @property
    def ends_with(self) -> bytes:
        """Characters one of which the end of the value takes."""
        if self.kind == "string":
            return b'"'
        if self.kind == "container":
            return b"]}"
        return b" \t\r\n,]}" if self.kind == "plain" else b' \t\r\n,]}"'
