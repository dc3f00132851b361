"""The nodes of regular expressions: immutable, and hash-consed, so they compare by identity.

Nothing here simplifies; expressions are built with the functions of `algebra`.

Texts are sequences of Unicode scalar values; a surrogate has no UTF-8 form and is in no class.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, ClassVar

from constrain.interned import Interned

Ranges = tuple[tuple[int, int], ...]

UNMEASURED = -1
"""A length that has not been asked for."""
_FEW_TEXTS = 16

Flat = tuple["Chars | Regex", ...]
"""Classes of code points and what each leads to, in turn: pairs would be many more objects."""

_NO_BEHINDS: frozenset[Behind] = frozenset()
_table: Interned[Any] = Interned()


class Extent(IntEnum):
    """How many texts match: it is not known, finitely many, infinitely many, or all but few."""

    UNKNOWN = 0
    FINITE = 1
    ENDLESS = 2
    COFINITE = 3


class Regex:
    """A regular expression over Unicode code points. Build it with the functions of `regex`.

    Attributes:
        nullable: the empty text matches. (With assertions: here, at the end of the text.)
        least: lower bound on the UTF-8 length of a match, in bytes.
        effort: an estimate for searches: the same, but what parts of intersections need adds up.
        size: number of nodes that taking one derivative visits.
        live: known, without a search, to match some text.
        simple: built without intersection, complement, assertions and machines.
        open: an assertion in it looks over the ends of the expression.
        behinds: the lookbehinds in it; they follow the text before the expression is reached.
        pure: neither open nor with lookbehinds; what it matches does not depend on its context.
        extent: how many texts match, as far as it is known without a search.
    """

    __slots__ = (
        "__weakref__",
        "_alternatives",
        "_arcs",
        "_breadth",
        "_digest",
        "_distance",
        "_empty",
        "_fewest",
        "_near",
        "_steps",
        "_unfolded",
        "_updates",
        "behinds",
        "effort",
        "extent",
        "least",
        "live",
        "nullable",
        "open",
        "pure",
        "simple",
        "size",
    )

    def _describe(
        self,
        *,
        nullable: bool,
        least: int,
        effort: int | None = None,
        size: int = 1,
        live: bool = True,
        simple: bool = False,
        open: bool = False,
        behinds: frozenset[Behind] = _NO_BEHINDS,
        extent: Extent = Extent.UNKNOWN,
    ) -> None:
        self.nullable = nullable
        self.least = least
        self.effort = least if effort is None else effort
        self.size = size
        self.open = open
        self.behinds = behinds
        self.pure = pure = not (open or behinds)
        self.extent = extent = extent if pure else Extent.UNKNOWN
        self.live = live or (nullable and pure) or extent >= Extent.ENDLESS
        self.simple = simple
        self._steps: Flat | None = None
        self._arcs: Flat | None = None
        self._alternatives: tuple[Regex, ...] | None = None
        self._updates: tuple[tuple[Chars, Regex], ...] | None = None
        self._unfolded: Regex | None = None
        self._digest: bytes | None = None
        self._near: bytes | None = None
        self._empty: bool | None = None
        self._fewest = UNMEASURED
        self._breadth: int | None = UNMEASURED
        self._distance: int | None = None

    def __copy__(self) -> Regex:
        return self

    def __deepcopy__(self, memo: object) -> Regex:
        return self


class Empty(Regex):
    """Matches nothing."""

    __slots__ = ()

    def __init__(self) -> None:
        self._describe(nullable=False, least=0, live=False, simple=True, extent=Extent.FINITE)


class Epsilon(Regex):
    """Matches the empty text."""

    __slots__ = ()

    def __init__(self) -> None:
        self._describe(nullable=True, least=0, simple=True, extent=Extent.FINITE)


class Chars(Regex):
    """Matches one code point out of `ranges`: sorted, disjoint, not adjacent, not empty."""

    __slots__ = ("ranges",)

    def __init__(self, ranges: Ranges) -> None:
        self.ranges = ranges
        first = ranges[0][0]
        least = utf8_length(first)
        self._describe(nullable=False, least=least, simple=True, extent=Extent.FINITE)


class Words(Regex):
    """Matches `texts[i][depth:]` for `low <= i < high`; these texts agree up to `depth`."""

    __slots__ = ("depth", "high", "lexicon", "low")

    def __init__(self, lexicon: Lexicon, low: int, high: int, depth: int) -> None:
        self.lexicon, self.low, self.high, self.depth = lexicon, low, high, depth
        nullable = len(lexicon.texts[low]) == depth
        if high - low <= _FEW_TEXTS:
            least = min(map(len, lexicon.texts[low:high])) - depth
        else:
            least = 0 if nullable else max(1, lexicon.least - depth)
        self._describe(nullable=nullable, least=least, simple=True, extent=Extent.FINITE)

    @property
    def texts(self) -> list[str]:
        """The texts that match, sorted."""
        return [text[self.depth :] for text in self.lexicon.texts[self.low : self.high]]


def the_word(regex: Regex) -> str | None:
    """Return the one text that matches, where that is plain to see."""
    if isinstance(regex, Epsilon):
        return ""
    if isinstance(regex, Words) and regex.high == regex.low + 1:
        return regex.lexicon.texts[regex.low][regex.depth :]
    if isinstance(regex, Chars) and regex.ranges[0][0] == regex.ranges[-1][1]:
        return chr(regex.ranges[0][0])
    return None


class Lexicon:
    """Sorted distinct texts, shared by the `Words` over them.

    Attributes:
        texts: the texts.
        least: the length of the shortest.
        digest: what stands for them (see `digest`), once it is known.
    """

    __slots__ = ("__weakref__", "digest", "least", "texts")

    def __init__(self, texts: tuple[str, ...]) -> None:
        self.texts = texts
        self.least = min(map(len, texts))
        self.digest: bytes | None = None


class Machine:
    """One state of a hand-written deterministic automaton; subclass it, hashable and immutable.

    Only states from which acceptance can be reached may be given.
    """

    __slots__ = ()

    nullable: bool
    """The state accepts."""

    letters: ClassVar[Ranges | None] = None
    """The only code points that it and all states after it read; None for any."""

    @property
    def least(self) -> int:
        """Lower bound on the UTF-8 length, in bytes, of what is accepted from here."""
        return 0 if self.nullable else 1

    def ending(self) -> str | None:
        """The least text, by length, then as text, from here on; None: a search finds it soon."""
        return None

    def arcs(self) -> tuple[tuple[Ranges, Machine | Regex], ...]:
        """Disjoint code point ranges and the state that each leads to; missing ones are dead.

        From an expression instead of a state, the automaton goes on as that expression.
        """
        raise NotImplementedError


class Leaf(Regex):
    """Matches what a machine accepts from `state`."""

    __slots__ = ("state",)

    def __init__(self, state: Machine) -> None:
        self.state = state
        self._describe(nullable=state.nullable, least=state.least)


class Concat(Regex):
    """Matches `head` and then `tail`; `head` is no `Concat`."""

    __slots__ = ("head", "tail")

    def __init__(self, head: Regex, tail: Regex) -> None:
        self.head, self.tail = head, tail
        pure = head.pure and tail.pure
        self._describe(
            nullable=head.nullable and tail.nullable,
            least=head.least + tail.least,
            effort=head.effort + tail.effort,
            size=head.size + (tail.size if head.nullable else 1),
            live=pure and head.live and tail.live,
            simple=head.simple and tail.simple,
            open=head.open or tail.open,
            behinds=_together((head, tail)),
            extent=_of_concat(head, tail),
        )


class Union(Regex):
    """Matches what one of `parts` matches."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Regex, ...]) -> None:
        self.parts = parts
        self._describe(
            nullable=any(part.nullable for part in parts),
            least=min(part.least for part in parts),
            effort=min(part.effort for part in parts),
            size=sum(part.size for part in parts) + 1,
            live=any(part.live for part in parts),
            simple=all(part.simple for part in parts),
            open=any(part.open for part in parts),
            behinds=_together(parts),
            extent=_of_union([part.extent for part in parts]),
        )


class Intersect(Regex):
    """Matches what all of `parts` match; assertions in them see no farther than the match."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Regex, ...]) -> None:
        self.parts = parts
        self._describe(
            nullable=all(part.nullable for part in parts),
            least=max(part.least for part in parts),
            effort=sum(part.effort for part in parts),
            # Each of its classes of code points asks all parts, and they may be as many.
            size=sum(part.size for part in parts) + 1 + len(parts) ** 2 // 20,
            live=False,
            behinds=_together(parts),
            extent=_of_intersect([part.extent for part in parts]),
        )


class Complement(Regex):
    """Matches what `body` does not; assertions in it see no farther than the match."""

    __slots__ = ("body",)

    def __init__(self, body: Regex) -> None:
        self.body = body
        nullable = not body.nullable
        self._describe(
            nullable=nullable,
            least=0 if nullable else 1,
            size=body.size + 1,
            live=False,
            behinds=body.behinds,
            extent=_OPPOSITE.get(body.extent, Extent.UNKNOWN) if body.pure else Extent.UNKNOWN,
        )


class Repeat(Regex):
    """Matches `low` to `high` times `body`; no upper bound where `high` is None."""

    __slots__ = ("body", "high", "low")

    def __init__(self, body: Regex, low: int, high: int | None) -> None:
        self.body, self.low, self.high = body, low, high
        self._describe(
            nullable=low == 0 or body.nullable,
            least=low * body.least,
            effort=low * body.effort,
            size=body.size + 1,
            live=body.pure and (body.live or low == 0),
            simple=body.simple,
            open=body.open,
            behinds=body.behinds,
            extent=_of_repeat(body, low, high),
        )


class Ahead(Regex):
    """Matches the empty text where the rest of the text is in `language`."""

    __slots__ = ("language",)

    def __init__(self, language: Regex) -> None:
        self.language = language
        self._describe(
            nullable=language.nullable,
            least=0,
            size=language.size,
            live=False,
            open=True,
            behinds=language.behinds,
        )


class Behind(Regex):
    """Matches the empty text where the text since this state, to here, is in `language`."""

    __slots__ = ("language",)

    def __init__(self, language: Regex) -> None:
        self.language = language
        self._describe(
            nullable=language.nullable,
            least=0,
            size=language.size,
            live=False,
            open=True,
            behinds=frozenset((self,)),
        )


class Whole(Regex):
    """Matches what `body` matches as a text of its own: its assertions see nothing outside."""

    __slots__ = ("body",)

    def __init__(self, body: Regex) -> None:
        self.body = body
        self._describe(
            nullable=body.nullable,
            least=body.least,
            effort=body.effort,
            size=body.size + 1,
            live=False,
        )


def intern_node(kind: Any, key: tuple[Any, ...], *fields: Any) -> Any:
    """The one node of a kind with this key, made of the fields.

    The key holds the identities of nodes, not the nodes: nodes remember their derivatives, so a
    table that held the parts of live nodes would keep every cycle of derivatives alive. The
    identities are good as long as the node lives, since it holds its parts. A key out of numbers
    and texts alone is nothing that the garbage collector has to look at.
    """
    full_key = (kind.__name__, *key)
    node = _table.get(full_key)
    if node is None:
        node = _table.add(full_key, kind(*fields))
    return node


def _together(parts: Iterable[Regex]) -> frozenset[Behind]:
    """The lookbehinds in all parts."""
    found = [part.behinds for part in parts if part.behinds]
    return _NO_BEHINDS.union(*found) if found else _NO_BEHINDS


_OPPOSITE = {Extent.FINITE: Extent.COFINITE, Extent.COFINITE: Extent.FINITE}
_EVERY_CHARACTER: Ranges = ((0, 0xD7FF), (0xE000, 0x10FFFF))


def _of_concat(head: Regex, tail: Regex) -> Extent:
    if head.extent == tail.extent == Extent.FINITE:
        return Extent.FINITE
    endless = max(head.extent, tail.extent) >= Extent.ENDLESS and head.live and tail.live
    return Extent.ENDLESS if endless else Extent.UNKNOWN


def _of_union(parts: Sequence[Extent]) -> Extent:
    most, least = max(parts), min(parts)
    return most if most >= Extent.ENDLESS or least == Extent.FINITE else Extent.UNKNOWN


def _of_intersect(parts: Sequence[Extent]) -> Extent:
    if Extent.FINITE in parts:
        return Extent.FINITE
    others = [part for part in parts if part != Extent.COFINITE]
    if len(others) > 1:
        return Extent.UNKNOWN
    return others[0] if others else Extent.COFINITE


def _of_repeat(body: Regex, low: int, high: int | None) -> Extent:
    if high is not None:
        return min(body.extent, Extent.ENDLESS)
    if isinstance(body, Chars) and body.ranges == _EVERY_CHARACTER:
        return Extent.COFINITE
    return Extent.ENDLESS if body.live and body.least > 0 else Extent.UNKNOWN


def utf8_length(codepoint: int) -> int:
    """Bytes of a code point in UTF-8."""
    return 1 + (codepoint > 0x7F) + (codepoint > 0x7FF) + (codepoint > 0xFFFF)


def chars(ranges: Ranges) -> Chars:
    """The class of ranges that are already sorted, disjoint, not adjacent and not empty."""
    node: Chars = intern_node(Chars, ranges, ranges)
    return node


EMPTY: Regex = intern_node(Empty, ())
EPSILON: Regex = intern_node(Epsilon, ())
ANY: Chars = chars(((0, 0xD7FF), (0xE000, 0x10FFFF)))
ANYTHING: Regex = intern_node(Repeat, (id(ANY), 0, None), ANY, 0, None)
