"""A slow interpreter of controls, byte by byte: the oracle for masks and for controls.

It shares nothing with the engine: lexemes are run as sets of states over bytes, straight from the
definitions in `constrain.lexing.lexeme`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from constrain.lexing.lexeme import INDENT_LIMIT, JSONString, Lexeme, Literal, Part, Space, Text
from constrain.lexing.regex import ANY, ANYTHING, Regex, arcs, derive, intersect, is_empty, repeat

if TYPE_CHECKING:
    from constrain.engine.control import Control

State = tuple[Any, ...]
"""The state of a part: its kind, then what the kind needs."""
States = frozenset[tuple[int, State]]
"""States of a lexeme: index of the part, and the state of the part."""

SHORT_ESCAPES = {0x22: '"', 0x5C: "\\", 8: "b", 12: "f", 10: "n", 13: "r", 9: "t"}


def accepts(control: Control, text: bytes) -> bool:
    """Return whether the control's language has this text."""
    return any(t.accepting for t in run(control, text))


def viable(control: Control, prefix: bytes) -> bool:
    """Return whether some text of the language begins so."""
    return bool(run(control, prefix))


def allowed_next(control: Control, prefix: bytes) -> set[int]:
    """Return the bytes that may follow a prefix."""
    threads = run(control, prefix)
    return {byte for byte in range(256) if any(True for t in threads for _ in t.step(byte))}


def run(control: Control, text: bytes) -> list[Thread]:
    """Return the ways to understand a text, none where it cannot be continued."""
    threads = [Thread.at(control, control.start())]
    for byte in text:
        threads = _distinct(after for t in threads for after in t.step(byte))
    return threads


class Thread:
    """One way to understand a text: a configuration, and the lexemes running since it."""

    def __init__(
        self, control: Control, config: Any, text: bytes, running: tuple[tuple[Lexeme, States], ...]
    ) -> None:
        self.control = control
        self.config = config
        self.text = text
        self.running = running

    @classmethod
    def at(cls, control: Control, config: Any) -> Thread:
        starts = tuple((item, start_states(item)) for item in control.lexemes(config))
        return cls(control, config, b"", starts)

    @property
    def accepting(self) -> bool:
        return not self.text and self.control.accepting(self.config)

    @property
    def key(self) -> tuple[Any, ...]:
        return self.config, self.text

    def step(self, byte: int) -> Iterator[Thread]:
        stepped = ((item, step_states(item, states, byte)) for item, states in self.running)
        running = tuple((item, states) for item, states in stepped if states)
        if not running:
            return
        text = self.text + bytes([byte])
        yield Thread(self.control, self.config, text, running)
        ended = tuple(item for item, states in running if is_complete(item, states))
        if ended:
            known = text if any(item.captures for item in ended) else None
            config = self.control.advance(self.config, ended, known)
            if config is not None:
                yield Thread.at(self.control, config)


def _distinct(threads: Iterator[Thread]) -> list[Thread]:
    return list({thread.key: thread for thread in threads}.values())


def start_states(item: Lexeme) -> States:
    return frozenset(_closure(item, 0, _start(item.parts[0])))


def step_states(item: Lexeme, states: States, byte: int) -> States:
    return frozenset(
        reached
        for index, state in states
        for after in _step(item.parts[index], state, byte)
        for reached in _closure(item, index, after)
    )


def is_complete(item: Lexeme, states: States) -> bool:
    last = len(item.parts) - 1
    return any(index == last and _done(item.parts[index], state) for index, state in states)


def _closure(item: Lexeme, index: int, state: State) -> Iterator[tuple[int, State]]:
    yield index, state
    if _done(item.parts[index], state) and index + 1 < len(item.parts):
        yield from _closure(item, index + 1, _start(item.parts[index + 1]))


def _start(part: Part) -> State:
    if isinstance(part, Literal):
        return ("literal", 0)
    if isinstance(part, Text):
        return ("text", part.regex, b"")
    if isinstance(part, Space):
        return ("space", "empty", 0)
    return ("quote",)


def _done(part: Part, state: State) -> bool:
    if isinstance(part, Literal):
        return bool(state[1] == len(part.data))
    if isinstance(part, Text):
        return not state[2] and state[1].nullable
    return state[0] in ("space", "end")


@lru_cache(200_000)
def _step(part: Part, state: State, byte: int) -> list[State]:
    if isinstance(part, Literal):
        return (
            [("literal", state[1] + 1)]
            if part.data[state[1] : state[1] + 1] == bytes([byte])
            else []
        )
    if isinstance(part, Text):
        _, regex, partial = state
        return [
            ("text", after, left) for after, left in _characters(regex, partial + bytes([byte]))
        ]
    if isinstance(part, Space):
        return _space(part, state, byte)
    return list(_string(part, state, byte))


def _space(part: Space, state: State, byte: int) -> list[State]:
    if part.kind == "any":
        return [state] if byte in b" \t\n\r" else []
    _, kind, count = state
    if kind == "empty" and byte in b" \n":
        return [("space", "one" if byte == 0x20 else "line", 0)]
    if kind == "line" and byte in b" \t" and count < INDENT_LIMIT:
        return [("space", "line", count + 1)]
    return []


def _characters(regex: Regex, partial: bytes) -> Iterator[tuple[Regex, bytes]]:
    """Read raw UTF-8: the expression after a whole character, or the bytes of one begun."""
    try:
        character = partial.decode()
    except UnicodeDecodeError:
        if _overlaps(regex, _utf8_range(partial)):
            yield regex, partial
        return
    after = derive(regex, ord(character))
    if not is_empty(after):
        yield after, b""


def _string(part: JSONString, state: State, byte: int) -> Iterator[State]:
    if state[0] == "quote":
        if byte == 0x22:
            bounds = repeat(ANY, part.low, part.high)
            plain = part.regex is ANYTHING
            yield ("body", ANYTHING if plain else intersect(part.regex, bounds), 0, b"")
        return
    if state[0] == "end":
        return
    _, regex, count, partial = state
    text = partial + bytes([byte])
    if not partial and byte == 0x22:
        if regex.nullable and count >= part.low:
            yield ("end",)
        return
    if not partial and byte < 0x20:
        return
    full = part.high is not None and count >= part.high
    if text[0] != 0x5C:
        if not full:
            for after, left in _characters(regex, text):
                yield ("body", after, count + (not left), left)
        return
    if not full:
        yield from _escape(part, regex, count, text)


def _escape(part: JSONString, regex: Regex, count: int, text: bytes) -> Iterator[State]:
    """Read an escape where the value must match an expression, and holds no lone surrogate."""
    found = list(_meanings(part.spelling, text))
    whole = [low for low, high, complete in found if complete]
    if whole:
        after = derive(regex, whole[0])
        if not is_empty(after):
            yield ("body", after, count + 1, b"")
    elif _overlaps(regex, [(low, high) for low, high, _ in found]):
        yield ("body", regex, count, text)


def _meanings(spelling: str, text: bytes) -> Iterator[tuple[int, int, bool]]:
    """The code points (first, last) that an escape begun so can stand for; whether it is whole."""
    for point, letter in SHORT_ESCAPES.items():
        if b"\\" + letter.encode() == text:
            yield point, point, True
        elif text == b"\\":
            yield point, point, False
    if spelling == "any" and text in (b"\\", b"\\/"):
        yield 0x2F, 0x2F, text == b"\\/"
    if text != b"\\" and text[1:2] != b"u":
        return
    if spelling == "minimal":
        for point in range(0x20):
            spelled = b"\\u%04x" % point
            if point not in SHORT_ESCAPES and spelled.startswith(text.lower()):
                yield point, point, len(text) == 6
        return
    digits = text[2:6].decode("latin-1")
    if not all(digit in "0123456789abcdefABCDEF" for digit in digits):
        return
    first, last = int(digits.ljust(4, "0"), 16), int(digits.ljust(4, "f"), 16)
    for low, high in ((0, 0xD7FF), (0xE000, 0xFFFF)):
        if max(low, first) <= min(high, last):
            yield max(low, first), min(high, last), len(digits) == 4
    first, last = max(first, 0xD800), min(last, 0xDBFF)
    if first > last:
        return
    half = text[6:]
    if not b"\\u".startswith(half[:2]):
        return
    digits = half[2:].decode("latin-1")
    if not all(digit in "0123456789abcdefABCDEF" for digit in digits):
        return
    low = max(0xDC00, int(digits.ljust(4, "0"), 16))
    high = min(0xDFFF, int(digits.ljust(4, "f"), 16))
    if low <= high:
        start, end = first - 0xD800 << 10, last - 0xD800 << 10
        if first == last:
            yield 0x10000 + start + low - 0xDC00, 0x10000 + start + high - 0xDC00, len(digits) == 4
        else:
            yield 0x10000 + start, 0x10000 + end + 0x3FF, False


def _utf8_range(partial: bytes) -> list[tuple[int, int]]:
    """The code points whose UTF-8 form begins with these bytes."""
    lead = partial[0]
    kinds = ((2, 0xC2, 0xDF, 0x80), (3, 0xE0, 0xEF, 0x800), (4, 0xF0, 0xF4, 0x10000))
    fitting = [(length, floor) for length, low, high, floor in kinds if low <= lead <= high]
    if not fitting or len(partial) >= fitting[0][0]:
        return []
    length, floor = fitting[0]
    if any(not 0x80 <= byte <= 0xBF for byte in partial[1:]):
        return []
    value = lead & (0x7F >> length)
    for byte in partial[1:]:
        value = value << 6 | byte & 0x3F
    left = 6 * (length - len(partial))
    first, last = value << left, (value + 1 << left) - 1
    first, last = max(first, floor), min(last, 0x10FFFF)
    ranges = [(first, min(last, 0xD7FF)), (max(first, 0xE000), last)]
    return [(low, high) for low, high in ranges if low <= high]


def _overlaps(regex: Regex, ranges: list[tuple[int, int]]) -> bool:
    return any(
        low <= last and first <= high
        for arc, _ in arcs(regex)
        for first, last in arc
        for low, high in ranges
    )
