"""The control of a schema: a stack of frames, shared between all ways to understand the text."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Collection

from constrain.lexing.lexeme import Lexeme
from constrain.schema.facts import Atom
from constrain.schema.frames import End, Frame, Frames, Margin, Push
from constrain.schema.language import by_length, language
from constrain.schema.normal import Node, Normaliser
from constrain.schema.options import JSONOptions
from constrain.schema.positions import Atoms
from constrain.schema.solve import Solver


class Configuration:
    """A set of stacks: each top frame with what is below it, a configuration itself.

    Stacks that differ only in their tops share what is below them, and stacks with the same top
    are one top over several (a graph-structured stack: Tomita 1985). Equality is identity.

    Attributes:
        tops: the top frames and what is below each; None: nothing.
        lexemes: what may come next.
        accepting: whether the text may end here.
    """

    __slots__ = ("__weakref__", "_ending", "_lexemes", "accepting", "tops")

    def __init__(self, tops: Tops) -> None:
        self.tops = tops
        self.accepting = any(frame.accepting for frame, _ in tops)
        self._lexemes: tuple[Lexeme, ...] | None = None
        self._ending: bytes | None = None

    @property
    def lexemes(self) -> tuple[Lexeme, ...]:
        if self._lexemes is None:
            if len(self.tops) == 1:
                self._lexemes = tuple(self.tops[0][0].moves)
            else:
                found = (lexeme for frame, _ in self.tops for lexeme in frame.moves)
                self._lexemes = tuple(dict.fromkeys(found))
        return self._lexemes

    def ending(self) -> bytes:
        """Return the least text, by length, then bytes, that empties one of the stacks."""
        order: list[Configuration] = []
        pending = [self]
        while pending:
            configuration = pending.pop()
            if configuration._ending is None:
                order.append(configuration)
                pending.extend(below for _, below in configuration.tops if below is not None)
        for configuration in reversed(order):
            if configuration._ending is None:
                configuration._ending = min(
                    (
                        frame.least() + (below._ending or b"" if below is not None else b"")
                        for frame, below in configuration.tops
                    ),
                    key=by_length,
                )
        assert self._ending is not None
        return self._ending


Tops = tuple[tuple[Frame, "Configuration | None"], ...]


class SchemaControl:
    """The texts of the values that satisfy a schema, as a `Control`. Safe for many threads."""

    def __init__(self, atoms: Atoms, options: JSONOptions) -> None:
        self.atoms = atoms
        spoken = language(options)
        self._normaliser = Normaliser(atoms)
        self._solver = Solver(self._normaliser, spoken, options.property_order == "any")
        self.root = self._normaliser.root
        frames = self._frames = Frames(self._normaliser, self._solver, spoken)
        self._lock = threading.RLock()
        self._configurations: weakref.WeakValueDictionary[Tops, Configuration]
        self._configurations = weakref.WeakValueDictionary()
        root = frames.value(self.root)
        bottom = self._configuration(((End(frames, spoken.margin), None),))
        tops: list[tuple[Frame, Configuration | None]] = [(root, bottom)]
        if spoken.margin is not None:
            tops.append((Margin(frames, root, spoken.margin), bottom))
        self._start = self._configuration(tuple(tops))

    def __del__(self) -> None:
        # Frames and nodes of a schema stand in circles; let them go without the garbage collector.
        if hasattr(self, "_frames"):
            self._frames.close()
            self._solver.close()
            self._normaliser.close()

    def possible(self, node: Node) -> bool:
        """Return whether any value is in the set of a node."""
        with self._lock:
            self._normaliser.begin()
            return self._solver.possible(node)

    def examine(self, atom: Atom) -> None:
        """Work an atom out, so that it is known not to be too complex."""
        with self._lock:
            self._normaliser.begin()
            self._normaliser.alternatives(self._normaliser.node((atom,)))

    def disjoint(self, *atoms: Atom) -> bool:
        """Return whether no value is in the sets of all atoms."""
        return not self.possible(self._normaliser.node(atoms))

    def start(self) -> Configuration:
        """Return the configuration before any output."""
        return self._start

    def accepting(self, config: Configuration) -> bool:
        """Return whether the output may end here."""
        return config.accepting

    def lexemes(self, config: Configuration) -> Collection[Lexeme]:
        """Return the lexemes that may come next; empty where nothing may follow."""
        with self._lock:
            self._normaliser.begin()
            return config.lexemes

    def advance(
        self, config: Configuration, lexemes: tuple[Lexeme, ...], text: bytes | None
    ) -> Configuration | None:
        """Return the configuration after a text that all of `lexemes`, and no other, match."""
        with self._lock:
            self._normaliser.begin()
            reached: list[Configuration] = []
            for frame, below in config.tops:
                moves = frame.moves
                for lexeme in lexemes:
                    pushes = moves.get(lexeme, ())
                    if pushes and lexeme.captures and text is not None:
                        pushes = frame.read(lexeme, text)
                    reached += [self._pushed(push, below) for push in pushes]
            return self._union(reached) if reached else None

    def ending(self, config: Configuration) -> bytes:
        """Return the least text (by length, then bytes) that completes the output from here."""
        with self._lock:
            self._normaliser.begin()
            return config.ending()

    def _pushed(self, push: Push, below: Configuration | None) -> Configuration:
        for frame in push:
            below = self._configuration(((frame, below),))
        assert below is not None, "the lowest frame is never left"
        return below

    def _union(self, parts: Collection[Configuration]) -> Configuration:
        """Return all the stacks of several configurations, those with the same top made one."""
        if len(parts) == 1:
            return next(iter(parts))
        groups: dict[Frame, dict[Configuration, None]] = {}
        lowest: list[Frame] = []
        for part in parts:
            for frame, below in part.tops:
                if below is None:
                    lowest.append(frame)
                else:
                    groups.setdefault(frame, {})[below] = None
        tops: list[tuple[Frame, Configuration | None]]
        tops = [(frame, self._union(belows)) for frame, belows in groups.items()]
        tops += ((frame, None) for frame in dict.fromkeys(lowest))
        tops.sort(key=lambda top: top[0].serial)
        return self._configuration(tuple(tops))

    def _configuration(self, tops: Tops) -> Configuration:
        found = self._configurations.get(tops)
        if found is None:
            found = self._configurations[tops] = Configuration(tops)
        return found
