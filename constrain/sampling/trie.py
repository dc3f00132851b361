"""What has been learnt of a model under a constraint: a trie of the prefixes that were seen."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from os import PathLike
from typing import Any, TypeAlias
from zipfile import BadZipFile

import numpy as np

from constrain.errors import ConstraintError
from constrain.sampling.cursor import AnyConstraint
from constrain.sampling.fingerprint import fingerprint
from constrain.vocabulary import Vocabulary

Key: TypeAlias = tuple[tuple[int, ...], int]
"""A prompt, and the most tokens of a text after it."""
_DAMAGE = EOFError, IndexError, KeyError, TypeError, ValueError, BadZipFile, zlib.error
"""What reading a file raises that is no saved trie, or half of one."""


class Node:
    """A prefix.

    Attributes:
        p: probability of its last token after the others.
        future: an upper bound on the probability that a text that begins so is valid; 1 while
            nothing is known. The expected future grammaticality of Park et al. 2024, section 3.
        rest: probability of the next tokens that are neither ruled out nor children; None while
            the prefix has not been looked into. Then `future` = rest + sum of p * future of the
            children, all of them positive, so that no digits are lost where `future` is small.
        children: by their last token.
        stamp: when it was last on the way of a text.
    """

    __slots__ = ("children", "future", "p", "rest", "stamp")

    def __init__(self, p: float, future: float = 1.0) -> None:
        self.p = p
        self.future = future
        self.rest: float | None = None
        self.children: dict[int, Node] = {}
        self.stamp = 0

    def refresh(self) -> None:
        """Work out `future` from what is below."""
        if self.rest is not None:
            known = sum(child.p * child.future for child in self.children.values())
            self.future = min(1.0, self.rest + known)


@dataclass(frozen=True, slots=True)
class Visit:
    """A look into a prefix.

    Attributes:
        token: the token drawn there; None for one that a mask rules out, and so leaves no trace.
        p: its probability.
        rest: probability of the tokens that are not ruled out, without the children that the
            prefix had, `token` and `refused`.
        known: how many children the prefix had.
        refused: other tokens that turned out not to be allowed, with their probabilities; none
            where a mask has told before.
    """

    token: int | None
    p: float
    rest: float
    known: int
    refused: tuple[tuple[int, float], ...] = ()


class Trie:
    """Bounds on the probability of a valid end, for the prefixes seen of one model under one
    constraint, by prompt and length limit. Lives as long as its user wants; what is forgotten to
    stay within `max_nodes` only makes bounds looser.

    It belongs to the constraint and the vocabulary of the sampler that first takes it, and
    refuses others, also after `save` and `load`. That the model or its temperature is another
    one, samplers notice by the probabilities that prefixes had.

    Args:
        max_nodes: prefixes to remember; of more, those seen longest ago are forgotten.
    """

    def __init__(self, max_nodes: int = 1_000_000) -> None:
        if max_nodes < 1:
            raise ConstraintError(f"max_nodes must be >= 1, not {max_nodes}")
        self.max_nodes = max_nodes
        self._roots: dict[Key, Node] = {}
        self._size = 0
        self._now = 0
        self._owner: tuple[AnyConstraint, Vocabulary] | None = None
        self._fingerprint = ""

    @property
    def fingerprint(self) -> str:
        """The name of the constraint and vocabulary that it belongs to; empty while to none."""
        if not self._fingerprint and self._owner:
            self._fingerprint = fingerprint(*self._owner)
        return self._fingerprint

    def claim(self, constraint: AnyConstraint, vocabulary: Vocabulary) -> None:
        """Take it for a constraint and a vocabulary.

        Raises:
            ConstraintError: it belongs to others.
        """
        if self._owner is None and not self._fingerprint:
            self._owner = constraint, vocabulary
        elif (
            self._owner != (constraint, vocabulary)
            and fingerprint(constraint, vocabulary) != self.fingerprint
        ):
            raise ConstraintError(
                "the trie was learnt under another constraint or over another vocabulary; take a "
                "new Trie for each"
            )

    def __len__(self) -> int:
        """The number of prefixes."""
        return self._size

    def root(self, prompt: Sequence[int], room: int) -> Node:
        """Return the node before any output, for a prompt and the most tokens after it."""
        key = tuple(map(int, prompt)), room
        if key not in self._roots:
            self._roots[key] = Node(1.0)
            self._size += 1
        return self._roots[key]

    def record(self, root: Node, visits: Sequence[Visit], valid: bool) -> None:
        """Learn from a text: the prefixes it went through, and whether it was valid in the end."""
        self._now += 1
        path = [root]
        for visit in visits:
            self._look(path[-1], visit)
            if visit.token is not None:
                path.append(path[-1].children[visit.token])
        if not valid and not (visits and visits[-1].token is None):
            path[-1].future = 0.0
            path[-1].rest = 0.0
        for node in reversed(path):
            node.stamp = self._now
            node.refresh()

    def _look(self, node: Node, visit: Visit) -> None:
        """Learn from a visit; other texts of its round may have added children since."""
        own = {visit.token, *(token for token, _ in visit.refused)}
        later = islice(node.children.items(), visit.known, None)
        taken = sum(child.p for token, child in later if token not in own)
        node.rest = max(0.0, visit.rest - taken)
        for token, p in visit.refused:
            if token not in node.children:
                self._add(node, token, Node(p, 0.0))
        if visit.token is not None and visit.token not in node.children:
            self._add(node, visit.token, Node(visit.p))

    def _add(self, node: Node, token: int, child: Node) -> None:
        child.stamp = self._now
        node.children[token] = child
        self._size += 1

    # -- bounds on memory ----------------------------------------------------------------------

    def trim(self) -> None:
        """Forget what was seen longest ago, half of the prefixes, if there are too many."""
        if self._size <= self.max_nodes:
            return
        stamps = np.sort([node.stamp for _, node in self._nodes()])
        oldest = stamps[-1 - self.max_nodes // 2]
        self._roots = {key: root for key, root in self._roots.items() if root.stamp > oldest}
        for _, node in self._nodes():
            gone = [token for token, child in node.children.items() if child.stamp <= oldest]
            for token in gone:
                node.rest = (node.rest or 0.0) + node.children.pop(token).p
        nodes = [node for _, node in self._nodes()]
        for node in reversed(nodes):
            node.refresh()
        self._size = len(nodes)

    def _nodes(self) -> Iterator[tuple[Key, Node]]:
        """Every node, parents before their children."""
        for key, root in self._roots.items():
            pending = [root]
            while pending:
                node = pending.pop()
                yield key, node
                pending += node.children.values()

    # -- keeping -------------------------------------------------------------------------------

    def merge(self, other: Trie) -> None:
        """Learn all that another trie, of the same model, knows.

        Raises:
            ConstraintError: it is of another constraint or vocabulary.
        """
        if other.fingerprint and self.fingerprint not in ("", other.fingerprint):
            raise ConstraintError(
                "the tries were learnt under different constraints or over different vocabularies"
            )
        self._fingerprint = self.fingerprint or other.fingerprint
        for (prompt, room), theirs in other._roots.items():
            pending = [(self.root(prompt, room), theirs)]
            merged = []
            while pending:
                mine, node = pending.pop()
                merged.append(mine)
                mine.stamp = max(mine.stamp, self._now)
                if node.rest is None:
                    continue
                if mine.rest is None:
                    mine.rest, mine.future = node.rest, node.future
                else:
                    new = (c.p for token, c in node.children.items() if token not in mine.children)
                    mine.rest = max(0.0, mine.rest - sum(new))
                for token, child in node.children.items():
                    if token not in mine.children:
                        self._add(mine, token, Node(child.p, child.future))
                    elif child.future == 0.0:
                        mine.children[token].future = 0.0
                    pending.append((mine.children[token], child))
            for node in reversed(merged):
                node.refresh()
        self.trim()

    def save(self, path: str | PathLike[str]) -> None:
        """Write it to a file, in the format of `numpy.savez`."""
        keys = list(self._roots)
        rows: list[tuple[float, ...]] = []
        for number, key in enumerate(keys):
            pending = [(self._roots[key], -1 - number, -1)]
            while pending:
                node, parent, token = pending.pop()
                index = len(rows)
                rest = np.nan if node.rest is None else node.rest
                rows.append((parent, token, node.p, node.future, rest, node.stamp))
                pending += [(child, index, t) for t, child in node.children.items()]
        table = np.array(rows, np.float64).reshape(-1, 6)
        with open(path, "wb") as file:
            np.savez_compressed(
                file,
                nodes=table,
                keys=np.array(json.dumps(keys)),
                fingerprint=np.array(self.fingerprint),
            )

    @classmethod
    def load(cls, path: str | PathLike[str], max_nodes: int = 1_000_000) -> Trie:
        """Read what `save` has written.

        Raises:
            ConstraintError: the file holds no trie, or is damaged.
            OSError: it cannot be read.
        """
        trie = cls(max_nodes)
        try:
            with np.load(path, allow_pickle=False) as file:
                table, keys = file["nodes"].tolist(), json.loads(str(file["keys"]))
                trie._fingerprint = str(file["fingerprint"])
            trie._restore(table, keys)
        except _DAMAGE as error:
            raise ConstraintError(f"{path} holds no trie, or is damaged: {error}") from error
        trie.trim()
        return trie

    def _restore(self, table: list[list[float]], keys: list[Any]) -> None:
        nodes: list[Node] = []
        for parent, token, p, future, rest, stamp in table:
            if parent < 0:
                prompt, room = keys[-1 - int(parent)]
                node = self.root(prompt, room)
            else:
                node = Node(p)
                self._add(nodes[int(parent)], int(token), node)
            node.p, node.future, node.stamp = p, future, int(stamp)
            node.rest = None if np.isnan(rest) else rest
            nodes.append(node)
            self._now = max(self._now, node.stamp)
