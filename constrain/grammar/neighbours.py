"""Which terminals stand side by side in the texts of a grammar."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from constrain.grammar.cfg import Grammar
from constrain.grammar.lalr import END


def followers(grammar: Grammar) -> dict[str, set[str]]:
    """Of each terminal, those that can stand directly behind it, and END where the text may end."""
    found: dict[str, set[str]] = {}
    for name, others in predecessors(grammar).items():
        for other in others:
            found.setdefault(other, set()).add(name)
    for name in _edges(grammar, lambda expansion: expansion[::-1])[grammar.start]:
        found.setdefault(name, set()).add(END)
    return found


def predecessors(grammar: Grammar) -> dict[str, set[str]]:
    """Of each terminal, those that can stand directly before it, if any."""
    firsts = _edges(grammar, lambda expansion: expansion)
    lasts = _edges(grammar, lambda expansion: expansion[::-1])
    found: dict[str, set[str]] = {}
    for rule in grammar.rules:
        before: set[str] = set()
        for name in rule.expansion:
            for first in firsts.get(name, {name}):
                found.setdefault(first, set()).update(before)
            own = lasts.get(name, {name})
            before = before | own if name in grammar.nullable else set(own)
    return found


def _edges(
    grammar: Grammar, ordered: Callable[[tuple[str, ...]], Iterable[str]]
) -> dict[str, set[str]]:
    """The terminals at one end of each nonterminal."""
    found: dict[str, set[str]] = {name: set() for name in grammar.rules_of}
    changed = True
    while changed:
        changed = False
        for rule in grammar.rules:
            own = found[rule.origin]
            size = len(own)
            for name in ordered(rule.expansion):
                own |= found.get(name, {name})
                if name not in grammar.nullable:
                    break
            changed = changed or len(own) > size
    return found
