"""Values that a function judges when they end."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from constrain.engine import Matcher, kernels
from constrain.engine.beginnings import Beginnings
from constrain.monitors.answers import FREE, Answer, Expected, NothingAgreesError
from constrain.monitors.json_places import SPACE, Within

_MOST_VALUES = 1000
"""Values that a function is asked about ahead of need."""
_KEPT = 64
"""Places of constraints whose few values are remembered."""
_MOST_PLACES = 200
"""Places with several ways on, that a search for values looks at."""
_WIDEST = 40
"""Bytes that may come next at one of them."""
_LONG = b"1" * 30
"""Digits that go beyond most bounds."""
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_ENDS = [b"", *(b"%d" % digit for digit in range(10)), b"a", b"b", b"A", b"-", b" "]
"""What a value may end with."""
_LITERALS = ("true", "false", "null")
_LEADS = (b"", b" ", b"\n", b"\t")
_VALUES = [b"0", b'""', b'"a"', b"true", b"null", b"[", b"{", b",", b"1", b'"0"', b"]", b"}"]
"""What a value, or the next in it, may begin with."""


class Checked(Answer):
    """A value that a function accepts.

    Args:
        accepts: the function.
        listed: from values to the answer that one of them follows.
        few: the values that may come next under a constraint, or None where they are not few.
        may_end: whether `]` may stand in the place of the value.
    """

    looks_beside = True

    def __init__(
        self,
        accepts: Callable[[Any], bool],
        listed: Callable[[list[Any]], Answer],
        few: Callable[[Matcher], list[Any] | None],
        *,
        may_end: bool,
    ) -> None:
        self._accepts = accepts
        self._listed = listed
        self._few_values = few
        self._may_end = may_end
        self._verdicts: dict[str, bool] = {}
        self._few: dict[object, Answer | None] = {}

    def begin(self, beginnings: Beginnings, base: Matcher | None) -> Expected:
        """See `Answer.begin`."""
        answer = self._among_few(base) if type(base) is Matcher else None
        if answer is not None:
            return answer.begin(beginnings, base)
        return _Begun(self, "", Within(), beginnings)

    def _among_few(self, base: Matcher) -> Answer | None:
        """The answer where the constraint leaves few values; None where it leaves many."""
        key = base.alternatives
        if key not in self._few:
            values = self._few_values(base)
            answer = None
            if values is not None:
                accepted = [value for value in values if self.allows(json.dumps(value))]
                if not accepted and not self._may_end:
                    raise NothingAgreesError(f"all {len(values)} possible values are refused")
                answer = self._listed(accepted)
            self._few[key] = answer
        return self._few[key]

    def allows(self, text: str) -> bool:
        """Return whether a value is accepted, given as JSON text."""
        found = self._verdicts.get(text)
        if found is None and text.strip(SPACE) == "]":
            return self._may_end
        if found is None:
            try:
                value = json.loads(text)
            except ValueError:
                found = False
            else:
                found = self._accepts(value)
            if len(self._verdicts) > 100_000:
                self._verdicts.clear()
            self._verdicts[text] = found
        return found


@dataclass(frozen=True, slots=True)
class _Begun(Expected):
    """A value under way.

    Attributes:
        check: what it has to pass.
        said: its beginning.
        within: where it stands.
    """

    check: Checked
    said: str
    within: Within
    beginnings: Beginnings

    @property
    def is_open(self) -> bool:
        """See `Expected.is_open`."""
        return True

    def after(self, data: bytes, chars: str, rest: bytes) -> Expected | None:
        """See `Expected.after`."""
        end, within = self.within.end(chars)
        if end is None:
            return replace(self, said=self.said + chars, within=within)
        if not self.check.allows(self.said + chars[:end]):
            return None
        return FREE.begin(self.beginnings, None)

    def fill(self, row: NDArray[np.int32], rest: bytes, base: Matcher) -> None:
        """See `Expected.fill`."""
        self._leave(row, rest, 0)
        self._leave_open(row, b"", base)
        self._leave_literals(row, b"", base)

    def fill_below(self, row: NDArray[np.int32], head: bytes, node: int, base: Matcher) -> None:
        """See `Expected.fill_below`."""
        below = np.zeros_like(row)
        self.beginnings.add_all_below(below, node)
        row &= below
        self._leave(row, b"", len(head))
        self._leave_open(row, head, base)
        self._leave_literals(row, head, base)

    def _leave(self, row: NDArray[np.int32], rest: bytes, skipped: int) -> None:
        """Take the tokens out of a mask that end the value with one that is refused.

        Tokens that end it with the same characters are decided together.
        """
        suspects = self.beginnings.with_bytes(self.within.ends_with)
        vocabulary, refused = self.beginnings.vocabulary, []
        verdicts: dict[str, bool] = {}
        for token in suspects[_bits(row, suspects)].tolist():
            data = rest + (vocabulary.token_bytes(token) or b"")[skipped:]
            chars = data.decode(errors="ignore")
            end, _ = self.within.end(chars)
            if end is None:
                continue
            ending = chars[:end]
            verdict = verdicts.get(ending)
            if verdict is None:
                verdict = verdicts[ending] = self.check.allows(self.said + ending)
            if not verdict:
                refused.append(token)
        _take_out(row, refused)

    def _leave_open(self, row: NDArray[np.int32], head: bytes, base: Matcher) -> None:
        """Take the tokens out of a mask after which a number is refused, and cannot go on."""
        if self.within.kind not in ("", "plain"):
            return
        digits, refused = self.beginnings.with_bytes(b"0123456789"), []
        endless = _may_follow(base, head + _LONG)
        for token in digits[_bits(row, digits)].tolist():
            data = (self.beginnings.vocabulary.token_bytes(token) or b"")[len(head) :]
            number = (self.said + data.decode(errors="ignore")).strip(SPACE)
            if endless and number not in ("0", "-0"):
                continue
            if not _NUMBER.fullmatch(number) or self.check.allows(number):
                continue
            after = base.fork()
            if after.accept(token) and not any(_may_follow(after, way) for way in _DIGITS):
                refused.append(token)
        _take_out(row, refused)

    def _leave_literals(self, row: NDArray[np.int32], head: bytes, base: Matcher) -> None:
        """Take the tokens out of a mask that lead to `true`, `false` or `null` if that is refused.

        These are known by their first letters.
        """
        if self.within.kind not in ("", "plain"):
            return
        said, out = self.said.strip(SPACE), np.zeros_like(row)
        for text in _LITERALS:
            if not text.startswith(said):
                continue
            rest = text[len(said) :].encode()
            leads = [head + lead for lead in (_LEADS if not said else (b"",))]
            possible = [lead for lead in leads if _may_follow(base, lead + rest)]
            if possible and not self.check.allows(text):
                for begun in (lead + rest[:end] for lead in possible for end in _lengths(rest)):
                    node = self.beginnings.node(begun)
                    if node is not None:
                        self.beginnings.add_token(out, node)
        row &= ~out

    @property
    def is_accepting(self) -> bool:
        """See `Expected.is_accepting`."""
        return self.within.kind == "plain" and self.check.allows(self.said)

    def endings(self) -> Iterator[bytes]:
        """See `Expected.endings`."""
        if self.within.kind in ("plain", "string"):
            quote = b'"' if self.within.kind == "string" else b""
            yield from (end + quote for end in _ENDS)
        else:
            yield from _VALUES


def _lengths(text: bytes) -> range:
    return range(1, len(text) + 1)


def _bits(row: NDArray[np.int32], tokens: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether a mask has some tokens."""
    return (row[tokens >> 5] >> (tokens & 31)) & 1 != 0


def _take_out(row: NDArray[np.int32], tokens: list[int]) -> None:
    if tokens:
        out = np.zeros_like(row)
        kernels.set_bits(out, np.array(tokens, np.int32))
        row &= ~out


class FewValues:
    """The values that may come next under a constraint; the latest are remembered."""

    def __init__(self) -> None:
        self._known: OrderedDict[object, list[Any] | None] = OrderedDict()

    def __call__(self, base: Matcher) -> list[Any] | None:
        """Return the values; None if they are not few. See `few_values`."""
        key = base.alternatives
        if key not in self._known:
            self._known[key] = few_values(base)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return self._known[key]


def few_values(base: Matcher) -> list[Any] | None:
    """Return the values that may come next under a constraint; None if they are not few.

    Of all spellings of a value the plainest is looked at.
    """
    found: dict[str, Any] = {}
    pending, places = [(base.fork(), "")], 0
    while pending:
        here, said = pending.pop()
        ways, places = _ways(here, said), places + 1
        if len(ways) > _WIDEST or places > _MOST_PLACES or len(found) > _MOST_VALUES:
            return None
        for data in ways:
            after = here.fork()
            if not after.accept_bytes(data):
                continue
            forced = after.constraint.budget.forced_bytes(after)
            after.accept_bytes(forced)
            text = (said.encode(errors="surrogateescape") + data + forced).decode(
                errors="surrogateescape"
            )
            end, within = Within().end(text)
            ended = text if end is None else text[:end]
            if end is not None or (within.kind == "plain" and after.is_accepting()):
                try:
                    found[ended] = json.loads(ended)
                except ValueError:
                    return None
            if end is None:
                pending.append((after, text))
    return list({json.dumps(value): value for value in found.values()}.values())


def _ways(here: Matcher, said: str) -> list[bytes]:
    """The bytes that may come next, as far as they make a difference to the value."""
    _, within = Within().end(said)
    ways = [data for data in _BYTES if _may_follow(here, data)]
    if not said:
        ways = [way for way in ways if way not in b"]},"]
    if not within.quoted:
        return [way for way in ways if way.decode("latin1") not in SPACE] or ways
    if within.escaped:
        return [way for way in ways if way != b"/"]
    # Only control characters are spelt by their number.
    return [way for way in ways if way in b"01"] if said.endswith(_NUMBERED) else ways


def _may_follow(here: Matcher, data: bytes) -> bool:
    if not here.accept_bytes(data):
        return False
    here.rollback(1)
    return True


_BYTES = [bytes([byte]) for byte in range(256)]
_DIGITS = [bytes([byte]) for byte in b"0123456789.eE"]
_NUMBERED = ("\\u", "\\u0", "\\u00")
