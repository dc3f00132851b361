"""Drafts of one text as a tree, and the shapes that trees grow in."""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from constrain.errors import ConstraintError
from constrain.sampling.base import Particle
from constrain.sampling.cursor import Cursor
from constrain.speculation.account import Account
from constrain.speculation.forced import Forced
from constrain.speculation.rules import Distribution, Rule


class Node:
    """A place in a text that the drafts reach.

    Attributes:
        prefix: prompt, text and the drafts that lead here.
        cursor: where the constraint is; that of the place before where nobody has looked.
        depth: how many of these drafts were chosen from several tokens.
        count: how many drafts of the place before are the token that leads here; `width` of the
            shape at the root, and the same as before after a forced token.
        value: estimated probability that all drafts that lead here are accepted, by the draft.
        tokens: [K] the tokens that the constraint allows next, ascending; empty where nobody has
            looked.
        draft: [K] the distribution of the first draft; empty while it is not known.
        drafter: who has given that distribution.
        drafts: indices of the drafts in `tokens`, in the order of drawing.
        children: index of a draft -> the place that it leads to.
    """

    __slots__ = (
        *("_rest", "children", "count", "cursor", "depth", "draft", "drafter", "drafts"),
        *("prefix", "tokens", "value"),
    )

    def __init__(self, prefix: tuple[int, ...], cursor: Cursor, depth: int, value: float) -> None:
        self.prefix = prefix
        self.cursor = cursor
        self.depth = depth
        self.count = 1
        self.value = value
        self.tokens: NDArray[np.intp] = np.empty(0, np.intp)
        self.draft: Distribution = np.empty(0)
        self.drafter = ""
        self.drafts: list[int] = []
        self.children: dict[int, Node] = {}
        self._rest = self.draft

    def forced(self) -> Sequence[int]:
        """Return the vocabulary's own tokens of the bytes that must come next."""
        return self.cursor.forced()

    @property
    def is_known(self) -> bool:
        """Whether somebody has looked."""
        return len(self.tokens) > 0

    @property
    def is_forced(self) -> bool:
        """Whether the constraint leaves a single token."""
        return len(self.tokens) == 1

    @property
    def remaining(self) -> float:
        """Estimated probability that the text comes here and all drafts so far are rejected."""
        return self.value * (1 - float(self.draft[list(self.children)].sum()))

    def expect(self, draft: Distribution, drafter: str) -> None:
        """Set the distribution of the drafts, and whose it is."""
        self.draft = self._rest = draft
        self.drafter = drafter

    def grow(self, rule: Rule, uniform: float) -> Node | None:
        """Draw another draft. Returns the place that it leads to; None if it is known already."""
        drawn = rule.draw(self._rest, uniform)
        self._rest = rule.without(self._rest, drawn)
        self.drafts.append(drawn)
        known = self.children.get(drawn)
        if known is not None:
            known.count += 1
            return None
        prefix = (*self.prefix, int(self.tokens[drawn]))
        depth = self.depth + (not self.is_forced)
        value = self.value * float(self.draft[drawn])
        child = self.children[drawn] = Node(prefix, self.cursor, depth, value)
        if self.is_forced:
            child.count = self.count
        return child

    @property
    def is_exhausted(self) -> bool:
        """Whether no draft is left to draw."""
        return not self._rest.any()


class Shape(ABC):
    """Where a tree has how many drafts.

    Attributes:
        width: the most drafts at one place.
        fixed: whether the number of drafts at a place is known before the first is drawn.
    """

    width: int
    fixed: bool = True

    @abstractmethod
    def another(self, node: Node, size: int) -> bool:
        """Return whether to draw another draft at a place, in a tree of `size` places so far."""


@dataclass(frozen=True)
class Chains(Shape):
    """Independent continuations of one length; where they agree, they share their places.

    Attributes:
        length: tokens of each.
        width: how many.
    """

    length: int = 4
    width: int = 1

    def __post_init__(self) -> None:
        _check(length=self.length, width=self.width)

    def another(self, node: Node, size: int) -> bool:
        """See `Shape.another`."""
        return node.depth < self.length and len(node.drafts) < node.count


@dataclass(frozen=True)
class Branching(Shape):
    """Trees with a number of drafts for each depth (Jeon et al. 2024, RSD-C).

    Attributes:
        widths: drafts at the first place, at each place after one of these, and so on.
    """

    widths: tuple[int, ...] = (3, 2, 1, 1)

    def __post_init__(self) -> None:
        _check(**{f"widths[{i}]": width for i, width in enumerate(self.widths)})

    @property
    def width(self) -> int:  # type: ignore[override]
        """See `Shape`."""
        return max(self.widths, default=1)

    def another(self, node: Node, size: int) -> bool:
        """See `Shape.another`."""
        return node.depth < len(self.widths) and len(node.drafts) < self.widths[node.depth]


@dataclass(frozen=True)
class Dynamic(Shape):
    """Trees that grow where drafts are likely to be accepted (Xiong et al. 2024, "DySpec", the
    construction by threshold).

    A draft is drawn while the estimated probability that it will be looked at is high enough: that
    of coming to its place, by the draft model, and of rejecting all drafts before it.

    Attributes:
        size: the most drafts of a tree.
        threshold: the least estimated probability of being looked at.
        length: the most tokens on a way through the tree.
        width: the most drafts at one place.
    """

    size: int = 24
    threshold: float = 0.03
    length: int = 8
    width: int = 4
    fixed = False

    def __post_init__(self) -> None:
        _check(size=self.size, length=self.length, width=self.width)
        if not 0 < self.threshold <= 1:
            raise ConstraintError(f"threshold must be > 0 and <= 1, not {self.threshold}")

    def another(self, node: Node, size: int) -> bool:
        """See `Shape.another`."""
        return (
            size < self.size
            and node.depth < self.length
            and len(node.drafts) < self.width
            and (node.value if not node.drafts else node.remaining) >= self.threshold
        )


class Tree:
    """The drafts of one text, level by level: `waiting`, `Node.expect` for each, `grow`.

    Args:
        particle: the text, which is not changed.
        rule, shape: how drafts are drawn, and where.
        ends: the tokens that end a text.
        account: where to count the time that masks take.

    Attributes:
        root: where the text is.
        nodes: the places where it can go on, each after those that lead to it.
    """

    def __init__(
        self,
        particle: Particle,
        rule: Rule,
        shape: Shape,
        ends: Collection[int],
        account: Account,
    ) -> None:
        self._ends = ends
        self._account = account
        self._particle = particle
        self._rule = rule
        self._shape = shape
        self._begin = len(particle.prefix) - particle.position
        self._numbers: dict[int, NDArray[np.float64]] = {}
        self._size = 0
        self.root = Node(particle.prefix, particle.cursor, 0, 1.0)
        self.root.count = shape.width
        self.nodes: list[Node] = []
        self._level: list[Node] = []
        self._open(self.root)

    def waiting(self) -> list[Node]:
        """Return the places that are to have drafts, and do not know their distribution."""
        self._level = [node for node in self._level if self._shape.another(node, self._size)]
        with self._account.time("mask"):
            for node in self._level:
                self._look(node)
        return [node for node in self._level if len(node.tokens) > 1]

    def grow(self) -> bool:
        """Draw drafts at the places of the last level. Returns whether there is another level."""
        order = enumerate(self._level)
        heap = [(-node.value, i, node) for i, node in order if not node.is_exhausted]
        heapq.heapify(heap)
        self._level = []
        while heap:
            _, i, node = heap[0]
            if not self._is_wanted(node):
                heapq.heappop(heap)
                continue
            child = node.grow(self._rule, self._number(node, 1 + 2 * len(node.drafts)))
            if child is not None:
                self._size += not node.is_forced
                if child.prefix[-1] not in self._ends and len(child.prefix) < self._particle.end:
                    self._open(child)
            if node.is_exhausted:
                heapq.heappop(heap)
            else:
                heapq.heapreplace(heap, (-node.remaining, i, node))
        return bool(self._level)

    def uniforms(self, node: Node) -> list[float]:
        """Return the numbers that the rule needs at a place, independent of those of its drafts."""
        return [self._number(node, 2 * i) for i in range(len(node.drafts) + 1)]

    def _is_wanted(self, node: Node) -> bool:
        if node.is_forced:
            return not node.drafts
        return self._shape.another(node, self._size)

    def _open(self, node: Node) -> None:
        """Add a place where the text can go on."""
        self.nodes.append(node)
        self._level.append(node)

    def _look(self, node: Node) -> None:
        """See what can come next at a place."""
        if node is not self.root:
            node.cursor = node.cursor.fork()
            node.cursor.append(node.prefix[-1])
        mask = node.cursor.mask()
        assert mask is not None
        node.tokens = np.flatnonzero(mask)
        if node.is_forced:
            node.expect(np.ones(1), Forced.name)

    def _number(self, node: Node, index: int) -> float:
        """Numbers with an even index are the rule's, the others the drafts'."""
        position = len(node.prefix) - self._begin
        numbers = self._numbers.get(position)
        if numbers is None:
            numbers = self._particle.stream.spare(position, 2 * self._shape.width + 1)
            self._numbers[position] = numbers
        return float(numbers[index])


def _check(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise ConstraintError(f"{name} must be >= 1, not {count}")
