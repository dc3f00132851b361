"""Lexemes as NFA states: literals, white space and plain strings natively, the rest on demand.

A part of a lexeme that holds a regular expression becomes *lazy* states: each is the expression
that is left to match, and its transitions are worked out when the automaton first leaves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from constrain.engine import layout
from constrain.engine.escapes import (
    EVERY,
    HIGH_SURROGATES,
    LONG_ESCAPES,
    MUST_ESCAPE,
    SHORT_ESCAPES,
    Hex,
    after,
    meet,
    meets,
    possible,
    raw,
    spell,
    spelt_once,
)
from constrain.engine.least import QUOTES_TO_COME
from constrain.engine.spelt import is_spelt
from constrain.engine.strings import LEADS, SPELLINGS
from constrain.lexing.cofinite import left_out
from constrain.lexing.derivatives import Budget
from constrain.lexing.lengths import Lengths, fewest
from constrain.lexing.lexeme import (
    INDENT_LIMIT,
    JSONString,
    Lexeme,
    Literal,
    Part,
    Space,
    Spelling,
    Text,
)
from constrain.lexing.nodes import Extent, Words, the_word
from constrain.lexing.regex import (
    ANY,
    ANYTHING,
    EPSILON,
    Regex,
    arcs,
    intersect,
    repeat,
)
from constrain.lexing.utf8 import Branches, Ranges, utf8_parts

Transition = tuple[int, int, int, int]
"""Low byte, high byte, NFA state, counter."""

_MOST_WORK = 500_000
"""Most nodes that searches for matches visit for one mask, or one run over bytes."""
_MOST_DERIVED = 1_000_000
"""Most nodes of which derivatives are taken for one of these: two or three seconds of work."""
_FEW_WORDS = 16
"""So many words that a string may be are followed apart."""


def _is_vast(regex: Any, high: int) -> bool:
    if high < 0:
        return bool(regex.extent >= Extent.ENDLESS)
    return regex.extent is Extent.COFINITE and left_out(regex) is not None


class States(Protocol):
    """What fragments need of the automaton that they build in."""

    def add_state(
        self,
        lexeme: int,
        kind: int,
        origin: tuple[object, ...],
        *,
        a: int = 0,
        b: int = 0,
        following: int = -1,
        accept: int = -1,
        low: int = 0,
        high: int = -1,
        vast: bool = False,
    ) -> int:
        """Add an NFA state of a lexeme, given by number, and return the state's number.

        `vast`: so many texts lead on that there are others than any few (see `layout.CAPTURING`).
        """

    def add_bytes(self, data: bytes) -> int:
        """Keep the bytes of a literal and return where they begin."""

    def number_words(self, words: tuple[bytes, ...]) -> list[int]:
        """Return the numbers of words that strings may not be, in the trie of words."""

    def add_numbers(self, numbers: list[int]) -> int:
        """Keep numbers among the transitions and return where they begin."""

    def origin(self, q: int) -> tuple[object, ...]:
        """Return what state `q` matches, in terms that hold for every automaton."""

    def shortest(self, q: int) -> int:
        """Return the characters that have to come after state `q` of a string with a bound."""


class Place(NamedTuple):
    """Where a part stands: what follows it in its lexeme."""

    lexeme: int
    rest: tuple[Part, ...]
    following: int
    """The state of the next part, or that of the lexeme's end."""
    high: int = -1
    """The most characters of a string with an expression; -1: any number."""

    @property
    def accept(self) -> int:
        """The lexeme's number if this is its last part, else -1."""
        return -1 if self.rest else self.lexeme


Expansion = tuple[list[Transition], bool]
"""The transitions of a lazy state, and whether the part may end there."""


class Fragments:
    """Builds the states of lexemes, and expands the lazy ones.

    Attributes:
        budget: what searches for matches may still cost.
        work: what derivatives may still cost.
    """

    def __init__(self, states: States) -> None:
        self.budget = Budget(_MOST_WORK)
        self.work = Budget(_MOST_DERIVED, "what is derived for one mask")
        self._states = states
        self._known: dict[tuple[object, ...], int] = {}
        self._pending: dict[int, tuple[Place, Callable[..., Expansion], tuple[Any, ...]]] = {}
        self._lengths = Lengths()

    def close(self) -> None:
        """Forget the states that were never left."""
        self._pending.clear()

    def build(self, lexeme: Lexeme, number: int) -> int:
        """Add the states of a lexeme and return the first."""
        following = self._states.add_state(number, layout.END, ("end",), accept=number)
        rest: tuple[Part, ...] = ()
        for part in reversed(lexeme.parts):
            place = Place(number, rest, following)
            following = self._part(part, place)
            rest = (part, *rest)
        return following

    def expand(self, q: int) -> tuple[list[Transition], int, int]:
        """Return the transitions of lazy state `q`, the state to go on in or -1, and its kind."""
        place, expand, arguments = self._pending[q]
        transitions, may_end = expand(place, *arguments)
        del self._pending[q]
        counts = place.high >= 0 and self._states.origin(q)[0] == "content"
        following = place.following if may_end and place.accept < 0 else -1
        return transitions, following, layout.COUNTING if counts else layout.RANGES

    def _part(self, part: Part, place: Place) -> int:
        add = self._states.add_state
        if isinstance(part, Literal):
            return self._literal(part.data, place)
        if isinstance(part, Space):
            accept = place.accept
            return add(
                place.lexeme,
                layout.SPACE,
                ("space", part.kind, place.rest),
                a=int(part.kind == "any"),
                b=place.following,
                following=-1 if accept >= 0 else place.following,
                accept=accept,
                high=INDENT_LIMIT,
            )
        if isinstance(part, Text):
            return self._text(part.regex, place)
        return self._string(part, place)

    def _literal(self, data: bytes, place: Place) -> int:
        return self._states.add_state(
            place.lexeme,
            layout.LITERAL,
            ("literal", data, place.rest),
            a=self._states.add_bytes(data),
            b=len(data),
            following=place.following,
        )

    def _string(self, part: JSONString, place: Place) -> int:
        if part.regex is ANYTHING:
            return self._plain_string(part, place)
        regex = part.regex
        if part.low > fewest(regex):
            regex = intersect(regex, repeat(ANY, part.low, None))
        if part.high is not None:
            place = place._replace(high=min(part.high, layout.MAX_COUNT))
        if part.spelling == "any" and part.low == 0 and part.high is None:
            word = the_word(regex)
            if word is not None and is_spelt(word):
                return self._spelt(word, place)
        what = ("quote", regex, part.spelling, place.high)
        return self._lazy(what, place, self._expand_quote, part, regex)

    def _rest_of_string(self, spelling: Spelling, place: Place) -> tuple[int, int]:
        """Return state and counter in a string whose rest may be anything."""
        high = None if place.high < 0 else place.high
        return self._plain_string(JSONString(ANYTHING, spelling, 0, high), place), layout.BODY

    def _plain_string(self, part: JSONString, place: Place) -> int:
        key = (place.following, "plain", part.spelling, part.low, part.high)
        q = self._known.get(key)
        if q is None:
            high = -1 if part.high is None else min(part.high, layout.MAX_COUNT)
            q = self._known[key] = self._states.add_state(
                place.lexeme,
                layout.STRING,
                ("string", part.spelling, place.rest),
                a=SPELLINGS.index(part.spelling),
                following=place.following,
                low=min(part.low, layout.MAX_COUNT),
                high=high,
                vast=True,
            )
        return q

    def _spelt(self, text: str, place: Place) -> int:
        """Return the state before a string that is this text, in every spelling."""
        quoted = f'"{text}"'.encode()
        return self._states.add_state(
            place.lexeme,
            layout.SPELT,
            ("spelt", text, place.rest),
            a=self._states.add_bytes(quoted),
            b=len(quoted),
            following=place.following,
        )

    def _all_but(self, words: tuple[bytes, ...], place: Place) -> tuple[int, int]:
        """Return state and counter in a string that is to be none of `words` (sorted)."""
        begin = self._states.add_numbers(self._states.number_words(words))
        q = self._states.add_state(
            place.lexeme,
            layout.EXCEPT,
            ("all but", words, place.rest),
            a=begin,
            b=len(words),
            following=place.following,
            low=self._plain_string(JSONString(ANYTHING), place),
            vast=True,
        )
        return q, 0

    def _lazy(
        self,
        what: tuple[object, ...],
        place: Place,
        expand: Callable[..., Expansion],
        *arguments: Any,
        nullable: bool = False,
        shortest: int = 0,
    ) -> int:
        """Return a state that `expand` gives the transitions of, when it is first left.

        In a string with a bound, `shortest` is the least number of characters to come after the
        one under way.
        """
        key = (place.following, place.high, *what)
        q = self._known.get(key)
        if q is None:
            q = self._states.add_state(
                place.lexeme,
                layout.LAZY,
                (*what, place.rest),
                accept=place.accept if nullable else -1,
                low=shortest,
                high=place.high,
                vast=what[0] in QUOTES_TO_COME and _is_vast(what[1], place.high),
            )
            self._known[key] = q
            self._pending[q] = (place, expand, arguments)
        return q

    def _shortest(self, regex: Regex, place: Place) -> int:
        """Return the least number of characters of a match, as far as a bound makes it matter."""
        return 0 if place.high < 0 else self._lengths.least(regex, place.high)

    def _shortest_after(self, regex: Regex, wanted: Ranges, place: Place) -> int:
        """Return the least number of characters after one out of `wanted`."""
        if place.high < 0:
            return 0
        return min(
            (
                self._shortest(target, place)
                for ranges, target in arcs(regex)
                if meet(ranges, wanted)
            ),
            default=place.high + 1,
        )

    # -- texts ---------------------------------------------------------------------------------

    def _text(self, regex: Regex, place: Place) -> int:
        if regex is EPSILON:
            return place.following
        return self._lazy(("text", regex), place, self._expand_text, regex, nullable=regex.nullable)

    def _expand_text(self, place: Place, regex: Regex) -> Expansion:
        transitions: list[Transition] = []
        for ranges, target in arcs(regex, self.budget, self.work):
            transitions += self._characters(ranges, (self._text(target, place), 0), place)
        return transitions, regex.nullable

    def _characters(
        self, ranges: Ranges, to: tuple[int, int], place: Place
    ) -> Iterator[Transition]:
        """Lead over the code points of `ranges`, in UTF-8, to a state and its counter."""
        ascii_part, branches = utf8_parts(ranges)
        for low, high in ascii_part:
            yield (low, high, *to)
        if branches is None:
            what = ("tail", self._states.origin(to[0]), to[1])
            key = (place.following, place.high, "tail", to)
            q = self._known.get(key)
            if q is None:
                q = self._known[key] = self._states.add_state(
                    place.lexeme,
                    layout.TAIL,
                    (*what, place.rest),
                    b=to[1],
                    following=to[0],
                    low=self._states.shortest(to[0]),
                    high=place.high,
                )
            for low, high, phase in LEADS:
                yield low, high, q, phase
        else:
            yield from self._encoded(branches, to, place)

    def _encoded(
        self, branches: Branches, to: tuple[int, int], place: Place
    ) -> Iterator[Transition]:
        for low, high, tail in branches:
            yield (low, high, *(self._tail(tail, to, place) if tail else to))

    def _tail(self, branches: Branches, to: tuple[int, int], place: Place) -> tuple[int, int]:
        what = ("utf-8", branches, self._states.origin(to[0]), to[1])
        shortest = self._states.shortest(to[0])
        return self._lazy(what, place, self._expand_tail, branches, to, shortest=shortest), 0

    def _expand_tail(self, place: Place, branches: Branches, to: tuple[int, int]) -> Expansion:
        return list(self._encoded(branches, to, place)), False

    # -- strings with an expression ------------------------------------------------------------

    def _expand_quote(self, place: Place, part: JSONString, regex: Regex) -> Expansion:
        quote = ord('"')
        return [(quote, quote, *to) for to in self._contents(part, regex, place)], False

    def _contents(self, part: JSONString, regex: Regex, place: Place) -> list[tuple[int, int]]:
        """Return states and counters behind the quote, where a string is to match `regex`."""
        if part.low == 0 and part.high is None and part.spelling != "any":
            if isinstance(regex, Words) and regex.high - regex.low <= _FEW_WORDS:
                texts = regex.texts
                if part.spelling == "minimal" and all(map(spelt_once, texts)):
                    return [(self._rest_of_word(text, place), 0) for text in texts]
            words = left_out(regex)
            if words and all(map(spelt_once, words)):
                return [self._all_but(tuple(sorted(map(spell, words))), place)]
        return [self._content(regex, part.spelling, place)]

    def _content(self, regex: Regex, spelling: Spelling, place: Place) -> tuple[int, int]:
        """Return state and counter where the rest of a string's value is to match `regex`."""
        if regex is ANYTHING:
            return self._rest_of_string(spelling, place)
        word = the_word(regex)
        if word is not None and spelling == "minimal" and place.high < 0 and spelt_once(word):
            return self._rest_of_word(word, place), 0
        what, shortest = ("content", regex, spelling), self._shortest(regex, place)
        return self._lazy(what, place, self._expand_content, regex, spelling, shortest=shortest), 0

    def _rest_of_word(self, word: str, place: Place) -> int:
        key = (place.following, "word", word)
        q = self._known.get(key)
        if q is None:
            q = self._known[key] = self._literal(spell(word) + b'"', place)
        return q

    def _expand_content(self, place: Place, regex: Regex, spelling: Spelling) -> Expansion:
        transitions: list[Transition] = []
        if regex.nullable:
            transitions.append((ord('"'), ord('"'), place.following, 0))
        for ranges, target in arcs(regex, self.budget, self.work):
            unescaped = raw(ranges)
            if unescaped:
                to = self._content(target, spelling, place)
                transitions += self._characters(unescaped, to, place)
        if spelling == "any" or meets(regex, MUST_ESCAPE):
            wanted = MUST_ESCAPE if spelling == "minimal" else EVERY
            escape = self._lazy(
                ("escape", regex, spelling),
                place,
                self._expand_escape,
                regex,
                spelling,
                shortest=self._shortest_after(regex, wanted, place),
            )
            if spelling == "minimal" or arcs(regex):
                transitions.append((ord("\\"), ord("\\"), escape, 0))
        return transitions, False

    def _expand_escape(self, place: Place, regex: Regex, spelling: Spelling) -> Expansion:
        transitions: list[Transition] = []
        for code, letter in SHORT_ESCAPES.items():
            target = after(regex, code) if letter != "/" or spelling == "any" else None
            if target is not None:
                to = self._content(target, spelling, place)
                transitions.append((ord(letter), ord(letter), *to))
        if spelling == "any" or meets(regex, LONG_ESCAPES):
            to_hex = self._hex(Hex(regex, spelling, 0, 4, 0), place)
            transitions.append((ord("u"), ord("u"), to_hex, 0))
        return transitions, False

    def _hex(self, at: Hex, place: Place) -> int:
        scale = 4 * at.digits
        meant = possible(at, at.value << scale, (at.value + 1 << scale) - 1)
        shortest = self._shortest_after(at.regex, meant, place)
        return self._lazy(("hex", at), place, self._expand_hex, at, shortest=shortest)

    def _expand_hex(self, place: Place, at: Hex) -> Expansion:
        transitions = []
        for digit in range(16):
            to = self._after_digit(at, at.value << 4 | digit, place)
            if to is not None:
                for character in {f"{digit:x}", f"{digit:X}"}:
                    transitions.append((ord(character), ord(character), *to))
        return transitions, False

    def _after_digit(self, at: Hex, value: int, place: Place) -> tuple[int, int] | None:
        digits = at.digits - 1
        first, last = value << 4 * digits, ((value + 1) << 4 * digits) - 1
        meant = possible(at, first, last)
        if not meets(at.regex, meant):
            return None
        if digits:
            return self._hex(replace(at, value=value, digits=digits), place), 0
        if not at.high and value in HIGH_SURROGATES:
            return self._pair(replace(at, value=0, digits=4, high=value), place), 0
        target = after(at.regex, meant[0][0])
        return None if target is None else self._content(target, at.spelling, place)

    def _pair(self, at: Hex, place: Place) -> int:
        """Return the state after a high surrogate, whose low surrogate must follow."""

        shortest = self._shortest_after(at.regex, possible(at, 0, 0xFFFF), place)
        letter = self._lazy(("pair-u", at), place, self._expand_u, at, shortest=shortest)
        return self._lazy(("pair", at), place, self._expand_pair, letter, shortest=shortest)

    def _expand_pair(self, place: Place, letter: int) -> Expansion:
        return [(ord("\\"), ord("\\"), letter, 0)], False

    def _expand_u(self, place: Place, at: Hex) -> Expansion:
        return [(ord("u"), ord("u"), self._hex(at, place), 0)], False
