"""GBNF over tokens, by the definition: which texts are spelt by tokens that a grammar accepts.

A grammar is a tree, as in `gbnf_oracle`, here of characters and tokens. A text is followed in all
ways to divide it into tokens at once: a place is how much of it is read, and where the token that
is being read ends. A special token is one capital letter of the text.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Tree = tuple[Any, ...]
"""("text", text), ("token", numbers, spelling), ("all", trees), ("any", trees) or
("times", tree, low, high)."""
Place = tuple[int, int]


class Reader:
    """A text under a grammar.

    Args:
        tokens: the texts of the tokens, by number; None for one that ends a text.
    """

    def __init__(self, tokens: Sequence[str | None], text: str) -> None:
        self.tokens = tokens
        self.text = text

    def accepts(self, tree: Tree) -> bool:
        """Return whether tokens that the grammar accepts spell the text."""
        return (len(self.text), len(self.text)) in self._after(tree, {(0, 0)})

    def _after(self, tree: Tree, places: Iterable[Place]) -> set[Place]:
        kind = tree[0]
        found = set(places)
        if kind == "text":
            for char in tree[1]:
                found = {after for place in found for after in self._char(char, place)}
            return found
        if kind == "token":
            return {
                (begin + len(token), begin + len(token))
                for begin, end in found
                for number in tree[1]
                if begin == end
                and (token := self.tokens[number]) is not None
                and self.text.startswith(token, begin)
            }
        if kind == "all":
            for part in tree[1]:
                found = self._after(part, found)
            return found
        if kind == "any":
            return set().union(*(self._after(way, found) for way in tree[1]))
        return self._times(lambda places: self._after(tree[1], places), found, *tree[2:])

    def _times(
        self,
        once: Callable[[set[Place]], set[Place]],
        places: set[Place],
        low: int,
        high: int | None,
    ) -> set[Place]:
        for _ in range(low):
            places = once(places)
        found, fresh, times = set(places), set(places), low
        while fresh and (high is None or times < high):
            fresh = once(fresh) - found
            found |= fresh
            times += 1
        return found

    def _char(self, char: str, place: Place) -> Iterable[Place]:
        at, end = place
        if not self.text.startswith(char, at):
            return
        if at < end:
            yield at + 1, end
            return
        for token in set(self.tokens):
            if token is not None and self.text.startswith(token, at):
                yield at + 1, at + len(token)


def at_random(rng: random.Random, tokens: Sequence[str | None], depth: int) -> Tree:
    """A tree whose tokens are named by their numbers."""
    kind = rng.choice(["text", "token", "token", "all", "all", "any", "times", "times"])
    if depth == 0 or kind in ("text", "token"):
        if kind == "text":
            return ("text", rng.choice(["a", "b", "ab"]))
        number = rng.choice([n for n, token in enumerate(tokens) if token and token.isalpha()])
        if rng.random() < 0.3:
            return ("token", (number,), f"<[{number}]>")
        others = [n for n, token in enumerate(tokens) if token is not None and n != number]
        return ("token", tuple(others), f"!<[{number}]>")
    if kind == "times":
        low = rng.choice([0, 1, 2])
        return ("times", at_random(rng, tokens, depth - 1), low, rng.choice([None, low, low + 1]))
    return (kind, [at_random(rng, tokens, depth - 1) for _ in range(rng.randint(1, 3))])


def spelled(tree: Tree) -> str:
    """The tree in GBNF."""
    if tree[0] == "text":
        return f'"{tree[1]}"'
    if tree[0] == "token":
        return str(tree[2])
    if tree[0] == "times":
        _, body, low, high = tree
        marks = {(0, None): "*", (1, None): "+", (0, 1): "?"}
        counts = f"{{{low},{'' if high is None else high}}}"
        return spelled(body) + marks.get((low, high), counts)
    between = " " if tree[0] == "all" else " | "
    return f"({between.join(map(spelled, tree[1]))})"
