"""The control of a schema: a stack of frames, shared between all ways to understand the text."""

from __future__ import annotations

import threading
from collections.abc import Collection

from constrain.errors import SchemaTooComplexError
from constrain.lexing.lexeme import Lexeme
from constrain.schema.facts import Atom
from constrain.schema.frame import Frame
from constrain.schema.frames import End, Frames, Margin
from constrain.schema.language import language
from constrain.schema.normal import Node, Normaliser
from constrain.schema.options import JSONOptions
from constrain.schema.positions import Atoms
from constrain.schema.solve import Solver
from constrain.schema.stacks import Configuration


class SchemaControl:
    """The texts of the values that satisfy a schema, as a `Control`. Safe for many threads.

    Attributes:
        atoms: what is known of the schema.
        options: how its values are spelt.
    """

    def __init__(self, atoms: Atoms, options: JSONOptions) -> None:
        self.atoms = atoms
        self.options = options
        spoken = language(options)
        self._normaliser = Normaliser(atoms)
        self._solver = Solver(self._normaliser, spoken, options.property_order == "any")
        self.root = self._normaliser.root
        frames = self._frames = Frames(self._normaliser, self._solver, spoken)
        self._lock = threading.RLock()
        self._stacks = frames.stacks
        root = frames.value(self.root)
        bottom = self._stacks.configuration((End(frames, spoken.margin), None))
        tops: list[Frame | Configuration] = [root, bottom]
        if spoken.margin is not None:
            tops += [Margin(frames, root, spoken.margin), bottom]
        self._start = self._stacks.configuration(tuple(tops))

    def __del__(self) -> None:
        # What belongs to a schema stands in circles; let it go without the garbage collector.
        if hasattr(self, "_frames"):
            self._frames.close()
            self._solver.close()
            self._normaliser.close()
            self.atoms.close()

    def possible(self, node: Node) -> bool:
        """Return whether any value is in the set of a node."""
        with self._lock:
            return self._solver.possible(node)

    def examine(self, atom: Atom) -> None:
        """Work an atom out, so that it is known not to be too complex."""
        with self._lock:
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
            self._normaliser.work = 0
            try:
                return config.lexemes
            except RecursionError:
                raise _too_deep() from None

    def advance(
        self, config: Configuration, lexemes: tuple[Lexeme, ...], text: bytes | None
    ) -> Configuration | None:
        """Return the configuration after a text that all of `lexemes`, and no other, match."""
        with self._lock:
            self._normaliser.work = 0
            try:
                return self._stacks.advance(config, lexemes, text)
            except RecursionError:
                raise _too_deep() from None

    def ending(self, config: Configuration) -> bytes:
        """Return the least text (by length, then bytes) that completes the output from here."""
        with self._lock:
            self._normaliser.work = 0
            return config.ending()


def _too_deep() -> SchemaTooComplexError:
    return SchemaTooComplexError("", "arrays whose items are compared nest too deeply")
