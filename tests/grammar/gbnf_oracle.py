"""Random grammars in GBNF, with their languages written out by the definition.

A grammar is made as a tree, from which come both its text, in some layout, and all its texts up to
a length. Nothing here reads GBNF.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import product
from typing import Any

Tree = tuple[Any, ...]
"""("text", spelling, texts), ("rule", name), ("all", trees), ("any", trees) or
("times", tree, low, high)."""

LONGEST = 9
_TEXTS: list[tuple[str, set[str]]] = [
    ('"a"', {"a"}),
    ('"b"', {"b"}),
    ('"ab"', {"ab"}),
    ('"\\x61\\u0062"', {"ab"}),
    ('""', {""}),
    ("[ab]", {"a", "b"}),
    ("[a-b]", {"a", "b"}),
    ("[^\\x00-`c-\\U0010ffff]", {"a", "b"}),
    ("[^\\x00-ac-\\U0010ffff]", {"b"}),
]


@dataclass(frozen=True)
class Sample:
    """A grammar and all its texts of at most `LONGEST` letters."""

    text: str
    language: frozenset[str]

    def accepts(self, text: str) -> bool:
        """Whether the text is in the language, as far as is known."""
        return len(text) > LONGEST or text in self.language


def at_random(seed: int) -> Sample:
    """A grammar of one to four rules; nothing keeps it from being odd."""
    rng = random.Random(seed)
    names = ["root", "x", "y-1", "z_z"][: rng.randint(1, 4)]
    rules = {name: _tree(rng, names, 3) for name in names}
    lines = [f"{name} ::={_space(rng, True)}{_spelled(rng, rules[name], 0)}" for name in names]
    rng.shuffle(lines)
    return Sample("\n".join(lines), frozenset(_language(rules)))


def universe(most: int) -> list[str]:
    """All texts of the letters a and b up to a length."""
    return ["".join(word) for n in range(most + 1) for word in product("ab", repeat=n)]


def _tree(rng: random.Random, names: list[str], depth: int) -> Tree:
    kind = rng.choice(
        ["text", "text", "rule", "all", "any", "times"] if depth else ["text", "rule"]
    )
    if kind == "text":
        return ("text", *rng.choice(_TEXTS))
    if kind == "rule":
        return ("rule", rng.choice(names))
    if kind == "times":
        low = rng.choice([0, 0, 1, 2])
        high = rng.choice([None, low, low + 1, low + 2])
        return ("times", _tree(rng, names, depth - 1), low, high)
    return (kind, [_tree(rng, names, depth - 1) for _ in range(rng.randint(1, 3))])


def _space(rng: random.Random, lines: bool) -> str:
    return rng.choice([" ", "  ", "\t", *(["\n", " # a | b\n\t", "\r\n"] if lines else [])])


def _spelled(rng: random.Random, tree: Tree, depth: int) -> str:
    """The text of a tree; parentheses around all that has parts, except at the top of a rule."""
    if tree[0] in ("text", "rule"):
        return str(tree[1])
    if tree[0] == "times":
        _, body, low, high = tree
        marks = {(0, None): "*", (1, None): "+", (0, 1): "?"}
        counts = f"{{ {low} , {'' if high is None else high}}}"
        mark = f"{{{low}}}" if low == high else marks.get((low, high), counts)
        return _spelled(rng, body, depth + 1) + rng.choice(["", " "]) + mark
    between = " " if tree[0] == "all" else f" |{_space(rng, True)}"
    inner = between.join(_spelled(rng, part, depth + 1) for part in tree[1])
    if depth == 0:
        return inner
    return f"({_space(rng, True)}{inner}{_space(rng, True)})"


def _language(rules: dict[str, Tree]) -> set[str]:
    """Kleene's iteration: the texts of the rules, from nothing at all until no more come."""
    known: dict[str, set[str]] = {name: set() for name in rules}
    while True:
        found = {name: _texts(tree, known) for name, tree in rules.items()}
        if found == known:
            return known["root"]
        known = found


def _texts(tree: Tree, known: dict[str, set[str]]) -> set[str]:
    if tree[0] == "text":
        return set(tree[2])
    if tree[0] == "rule":
        return known[tree[1]]
    if tree[0] == "any":
        return set().union(*(_texts(part, known) for part in tree[1]))
    if tree[0] == "all":
        found = {""}
        for part in tree[1]:
            found = _after(found, _texts(part, known))
        return found
    _, body, low, high = tree
    once = _texts(body, known)
    power, found = {""}, set()
    for times in range(LONGEST + low + 1 if high is None else high + 1):
        if times >= low:
            found |= power
        power = _after(power, once)
    return found


def _after(heads: set[str], tails: set[str]) -> set[str]:
    return {head + tail for head in heads for tail in tails if len(head) + len(tail) <= LONGEST}
