"""What is shared per vocabulary: the trie and the interiors, within a bound on memory.

The *interior* of a lexer state is the set of tokens that stay alive in it, with the *portals*:
the trie nodes at which a lexeme ends inside a token. It depends on the lexer state alone, so
constraints share it: the inside of a plain JSON string is the same everywhere.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from constrain.engine import kernels, layout
from constrain.engine.automaton import Automaton, Member
from constrain.engine.counted import PlainString
from constrain.engine.escapes import after, spell, spelt_once
from constrain.engine.listed import list_of, listed, rests
from constrain.engine.tables import NOTHING, Doors, TrieTables, address
from constrain.lexing.cofinite import apart, open_ended
from constrain.lexing.lexeme import JSONString, Part, Spelling, lexeme
from constrain.lexing.nodes import Extent, Regex
from constrain.lexing.regex import ANYTHING, arcs
from constrain.vocabulary import Vocabulary

DEFAULT_CACHE_BYTES = 256 << 20

_SPARSE_LIMIT = 512
"""Up to this many tokens a mask is kept as a list rather than as a bitmask."""

_MAX_OUTCOMES = 256
_MOST_INTERIORS = 4096
"""Interiors that are kept; more would mostly be of schemas that have gone."""
_DOORS = 5
"""What a portal and its children are taken to cost, in portals."""
_FEW_WALKS = 3
"""Walks over all tokens for one mask that are not worth being put together."""
_MANY_WALKS = 16
"""Walks for one mask that are not worth being made one by one."""
_MOST_MET = 10_000
"""Names of members that have been met, but not walked from alone."""

_STRINGS_BYTES = 8 << 20
"""Beyond this, the automaton of strings without words left out is begun afresh."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The tokens that lead from one lexer state to the same other one.

    Attributes:
        example: one of them.
        dense: bitmask of them, int32[words], or None where they are few.
        tokens: the tokens, int32[n]; empty where `dense` holds them.
    """

    example: int
    dense: NDArray[np.int32] | None
    tokens: NDArray[np.int32]


@dataclass(slots=True, eq=False)
class Interior:
    """The tokens alive in a member of a lexer state, and where its lexeme ends within tokens.

    Attributes:
        dense: bitmask of the tokens, int32[words], or None where they are few.
        tokens: the tokens, int32[n]; empty where `dense` holds them.
        nodes: the portals, inner trie nodes at which the lexeme ends, int32[m]; or minus children
            of these, where those alone may lead to tokens that are not alive.
        doors: their children by bytes, once they are known (see `Masks.doors`).
        partial: `nodes` leaves children out.
    """

    dense: NDArray[np.int32] | None
    tokens: NDArray[np.int32]
    nodes: NDArray[np.int32]
    doors: Doors | None = None
    partial: bool = False

    @property
    def nbytes(self) -> int:
        """Memory, in bytes (estimated)."""
        dense = 0 if self.dense is None else self.dense.nbytes
        return 1000 + dense + self.tokens.nbytes + _DOORS * self.nodes.nbytes


class Tenant(Protocol):
    """A constraint, as far as memory is concerned."""

    @property
    def nbytes(self) -> int:
        """Memory of its caches, in bytes."""

    def drop_caches(self) -> None:
        """Forget what can be worked out again."""


class Masks:
    """The shared caches of one vocabulary. One object per vocabulary and process: `of`.

    Attributes:
        tables: the trie for the kernels.
        words: int32 words in a bitmask.
        limit: bound on the memory of all caches of the vocabulary, in bytes.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.tables = TrieTables(vocabulary)
        self.words = vocabulary.bitmask_words
        self.limit = DEFAULT_CACHE_BYTES
        self._interiors: OrderedDict[object, Interior] = OrderedDict()
        self._strings = Automaton(self.tables.longest)
        self._plain: dict[tuple[Part, ...], Interior] = {}
        self._plain_strings: dict[tuple[Spelling, tuple[Part, ...]], PlainString] = {}
        self._outcomes: dict[object, tuple[Outcome, ...]] = {}
        self._rests: dict[object, Mapping[bytes, Outcome]] = {}
        self._met: set[object] = set()
        self._bytes = 0
        self._unchecked = 0
        self._tenants: weakref.WeakSet[Tenant] = weakref.WeakSet()
        self._lock = threading.Lock()

    @staticmethod
    def of(vocabulary: Vocabulary) -> Masks:
        """Return the caches that all constraints over an equal vocabulary share."""
        with _registry_lock:
            found = _registry.get(vocabulary)
            if found is None:
                found = _registry[vocabulary] = Masks(vocabulary)
            return found

    def join(self, tenant: Tenant) -> None:
        """Count a constraint's caches within the bound."""
        self._tenants.add(tenant)

    def divide(self, members: list[Member]) -> tuple[list[Member], list[Member]]:
        """Return members that are worth an interior each, and those to be walked from together.

        Where many are met for the first time, or very many are not known, one walk over all tokens
        from all of these takes less time than one for each.
        """
        if len(members) <= _FEW_WALKS:
            return members, []
        names = [m.name(self.tables.longest) for m in members]
        new = {
            name
            for name, m in zip(names, members, strict=True)
            if m.kind != layout.EXCEPT and name not in self._interiors and list_of(m) is None
        }
        if len(new) <= _MANY_WALKS:
            fresh = new - self._met
            if len(fresh) <= _FEW_WALKS:
                return members, []
            if len(self._met) > _MOST_MET:
                self._met.clear()
            self._met |= fresh
        apart = [m for name, m in zip(names, members, strict=True) if name not in new]
        return apart, [m for name, m in zip(names, members, strict=True) if name in new]

    def interior(self, automaton: Automaton, member: Member) -> Interior:
        """Return the interior of a member of a lexer state."""
        return self.own(automaton, member) or self.known(automaton, member)

    def own(self, automaton: Automaton, member: Member) -> Interior | None:
        """Return the interior of a string that is not to be some words, None of other members.

        It is not kept here: those of other constraints are to be other words.
        """
        if member.kind == layout.EXCEPT:
            _, words, rest = member.origin
            rests = automaton.rests_of_words(words, member.counter)
            if rests is None:
                return self._compute(automaton, member.state)
            return self._without(rest, rests)
        return self._less(member)

    def doors(self, interior: Interior) -> Doors:
        """Return the children of an interior's portals by their bytes."""
        if interior.doors is None:
            interior.doors = self.tables.doors(interior.nodes)
        return interior.doors

    def known(self, automaton: Automaton, member: Member) -> Interior:
        """Return the interior of a member, kept for all that match the same."""
        key = member.name(self.tables.longest)
        with self._lock:
            known = self._interiors.get(key)
            if known is not None:
                self._interiors.move_to_end(key)
                return known
        found = self._derived(automaton, member) or self._compute(automaton, member.state)
        with self._lock:
            if key not in self._interiors:
                self._interiors[key] = found
                self._bytes += found.nbytes
                if len(self._interiors) > _MOST_INTERIORS:
                    self._bytes -= self._interiors.popitem(last=False)[1].nbytes
        self.spend(found.nbytes)
        return found

    def _compute(self, automaton: Automaton, state: int) -> Interior:
        scratch = self.tables.scratch()
        scratch.clear()
        automaton.walk(ROOT, state, scratch)
        portals = scratch.take_portals()
        nodes = portals[0][1] if portals else NOTHING
        return Interior(*self.pack(scratch.tokens_found()), nodes)

    def _without(self, rest: tuple[Part, ...], words: list[bytes]) -> Interior:
        """Return the interior of a plain string less the words that it may not be.

        Only tokens that close the string after such a word are not alive.
        """
        plain = self._plain.get(rest)
        if plain is None:
            automaton = Automaton()
            start = automaton.start((lexeme(JSONString(ANYTHING), *rest),))
            state = automaton.run(address(_QUOTE), 0, 1, start)
            found = self._compute(automaton, state)
            dense = np.zeros(self.words, np.int32) if found.dense is None else found.dense
            kernels.set_bits(dense, found.tokens)
            plain = self._plain[rest] = Interior(dense, NOTHING, found.nodes)
        if not words:
            return plain
        assert plain.dense is not None
        paths = [word + b'"' for word in words]
        dense, nodes = self.tables.leave_out(paths, plain.dense, plain.nodes)
        return Interior(dense, NOTHING, nodes)

    def _less(self, member: Member) -> Interior | None:
        """Return the interior of a string that may not be some words; None where it is no such.

        It is that of the string that may be them, which many share, less the tokens that close it
        after such a word. For that, what begins such a word has to lead on to others.
        """
        if member.origin[0] not in ("content", "quote") or member.origin[2] != "minimal":
            return None
        what, regex, spelling = member.origin[:3]
        whole, words = apart(regex)
        room = member.bounds(self.tables.longest)[1]
        if not words or not all(_leads_on(whole, word, room) for word in words):
            return None
        if self._strings.nbytes > _STRINGS_BYTES:
            self._strings = Automaton(self.tables.longest)
        automaton, rest = self._strings, member.origin[-1]
        high = None if room < 0 else room
        state = automaton.start((lexeme(JSONString(whole, spelling, 0, high), *rest),))
        opening = b'"'
        if what == "content":
            state = automaton.run(address(_QUOTE), 0, 1, state)
            opening = b""
        (alone,), _ = automaton.parts(state)
        found = self.known(automaton, alone)
        dense = np.zeros(self.words, np.int32) if found.dense is None else found.dense
        kernels.set_bits(dense, found.tokens)
        paths = [b'%b%b"' % (opening, spell(word)) for word in words]
        dense, nodes = self.tables.leave_out(paths, dense, found.nodes)
        return Interior(dense, NOTHING, nodes)

    def _derived(self, automaton: Automaton, member: Member) -> Interior | None:
        """Return an interior that a list or a plain string's gives, None if there is none."""
        texts = list_of(member)
        if texts is not None:
            tokens, doors = listed(self.tables, texts)
            return Interior(*self.pack(tokens), -doors.nodes, doors, partial=True)
        if member.kind == layout.STRING:
            if member.phase != layout.BODY:
                return None
            need, room = member.bounds(self.tables.longest)
            if need == 0 and room < 0:
                return None
            _, spelling, rest = member.origin
            found = self._plain_string(spelling, rest).select(need, room)
        elif member.origin[0] == "content" and member.high < 0:
            _, regex, spelling, rest = member.origin
            if spelling != "minimal" or not open_ended(regex):
                return None
            found = self._plain_string(spelling, rest).select_open(automaton, member.state)
        else:
            return None
        return Interior(*self.pack(found[0]), found[1])

    def _plain_string(self, spelling: Spelling, rest: tuple[Part, ...]) -> PlainString:
        found = self._plain_strings.get((spelling, rest))
        if found is None:
            found = PlainString(self.tables, spelling, rest)
            self._plain_strings[spelling, rest] = found
        return found

    def pack(self, tokens: NDArray[np.int32]) -> tuple[NDArray[np.int32] | None, NDArray[np.int32]]:
        """Return tokens as a bitmask int32[words] and none, or None and them where they are few."""
        if len(tokens) <= _SPARSE_LIMIT:
            return None, tokens.copy()
        dense = np.zeros(self.words, np.int32)
        kernels.set_bits(dense, tokens)
        return dense, NOTHING

    def rests(self, member: Member) -> Mapping[bytes, Outcome] | None:
        """Return the tokens alive in a long list of texts, by the least text that ends it then.

        None where a member of a lexer state is in no such list.
        """
        texts = list_of(member)
        if texts is None:
            return None
        key = member.name(self.tables.longest)
        found = self._rests.get(key)
        if found is None:
            groups = rests(self.tables, texts)
            found = {
                rest: Outcome(int(tokens[0]), *self.pack(tokens)) for rest, tokens in groups.items()
            }
            with self._lock:
                self._rests[key] = found
            self.spend(sum(200 + x.tokens.nbytes + 4 * self.words for x in found.values()))
        return found

    def outcomes(self, automaton: Automaton, member: Member) -> tuple[Outcome, ...]:
        """Return the tokens alive in a member of a lexer state, by the state that they lead to."""
        key = None if member.kind == layout.EXCEPT else member.name(self.tables.longest)
        found = self._outcomes.get(key)
        if found is None:
            scratch = self.tables.scratch()
            scratch.clear()
            automaton.walk(ROOT, member.state, scratch)
            scratch.take_portals()
            found = self._by_state(scratch.tokens_found(), scratch.states_found())
            if key is not None:
                with self._lock:
                    self._outcomes[key] = found
            self.spend(sum(200 + x.tokens.nbytes + 4 * self.words for x in found))
        return found

    def _by_state(
        self, tokens: NDArray[np.int32], states: NDArray[np.int32]
    ) -> tuple[Outcome, ...]:
        """Group tokens by the state that each leads to."""
        present = np.flatnonzero(np.bincount(states))
        groups = [tokens[states == state] for state in present.tolist()]
        return tuple(Outcome(int(group[0]), *self.pack(group)) for group in groups)

    def spend(self, n_bytes: int) -> None:
        """Note that caches have grown; evict where the bound is passed."""
        self._unchecked += n_bytes
        if self._unchecked * 16 < self.limit:
            return
        self._unchecked = 0
        tenants = sorted(self._tenants, key=lambda tenant: tenant.nbytes, reverse=True)
        total = self._bytes + sum(tenant.nbytes for tenant in tenants)
        for tenant in tenants:
            if total <= self.limit // 2 or total - self._bytes <= self.limit // 4:
                break
            total -= tenant.nbytes
            tenant.drop_caches()
            total += tenant.nbytes
        with self._lock:
            while self._interiors and total > self.limit // 2:
                _, oldest = self._interiors.popitem(last=False)
                self._bytes -= oldest.nbytes
                total -= oldest.nbytes
            if total > self.limit // 2 or len(self._outcomes) + len(self._rests) > _MAX_OUTCOMES:
                self._outcomes.clear()
                self._rests.clear()

    @property
    def nbytes(self) -> int:
        """Memory of all caches of this vocabulary, in bytes, constraints included."""
        return self._bytes + sum(tenant.nbytes for tenant in self._tenants)


@lru_cache(1024)
def _leads_on(regex: Regex, word: str, room: int) -> bool:
    """Return whether a string that begins like a word can always turn out to be many others.

    A word with several spellings is said not to.

    Args:
        regex: what the string matches, that word included.
        room: how many characters there is room for; -1: any number.
    """
    if not spelt_once(word):
        return False
    if regex.extent is Extent.COFINITE:
        return room < 0 or room >= len(word) + 2
    if room >= 0:
        return False
    for character in word:
        target = after(regex, ord(character))
        if target is None:
            return False
        regex = target
    return regex.extent >= Extent.ENDLESS or any(
        target.extent >= Extent.ENDLESS for _, target in arcs(regex)
    )


_QUOTE = np.frombuffer(b'"', np.uint8)
ROOT = np.zeros(1, np.int32)
_registry: weakref.WeakKeyDictionary[Vocabulary, Masks] = weakref.WeakKeyDictionary()
_registry_lock = threading.Lock()


def set_cache_limit(vocabulary: Vocabulary, n_bytes: int) -> None:
    """Bound the caches of a vocabulary, its constraints included, in bytes.

    What is evicted is worked out again when needed; results do not change. The default is
    256 MB.
    """
    Masks.of(vocabulary).limit = n_bytes
