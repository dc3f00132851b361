"""Whether a grammar asks only for indents, dedents and newlines that can be.

A post-lexer makes an indent only behind a newline, dedents only behind a newline or at the end of
the text, as many as indents, and none of them between parentheses. A grammar that asks for others
has texts that no parse comes to, which nothing later would notice.
"""

from __future__ import annotations

from collections.abc import Mapping

from constrain.errors import GrammarSyntaxError
from constrain.grammar.cfg import Grammar
from constrain.grammar.indentation import Indentation
from constrain.grammar.neighbours import predecessors


def check_indentation(grammar: Grammar, indentation: Indentation) -> None:
    """Refuse a grammar that asks for indents, dedents or newlines where none can be.

    Raises:
        GrammarSyntaxError: the grammar is one.
    """
    newline, indent, dedent = indentation.newline, indentation.indent, indentation.dedent
    if newline not in grammar.terminals:
        raise _fault(f"there is no newline terminal {newline}")
    blocks = {indent: 1, dedent: -1}
    _check_nesting(grammar, blocks, f"{indent} and {dedent}")
    levels = dict.fromkeys(indentation.open, 1) | dict.fromkeys(indentation.close, -1)
    heights = _check_nesting(grammar, levels, "opening and closing parentheses")
    for name in _inside(grammar, levels | heights) & {newline, indent, dedent}:
        raise _fault(f"there is no {name} between parentheses, but a rule has one there")
    behind = predecessors(grammar)
    for name, before in ((indent, {newline}), (dedent, {newline, dedent})):
        for other in behind.get(name, set()) - before:
            raise _fault(f"{name} stands behind a newline only, but a rule has it behind {other}")


def _fault(reason: str) -> GrammarSyntaxError:
    return GrammarSyntaxError(1, 1, reason)


def _check_nesting(grammar: Grammar, steps: Mapping[str, int], what: str) -> dict[str, int]:
    """How much higher each nonterminal ends than it begins; the start comes back to where it was.

    Raises:
        GrammarSyntaxError: that depends on the text, or some text ends before it begins.
    """
    heights: dict[str, int] = {}
    pending = list(grammar.rules)
    while pending:
        left = []
        for rule in pending:
            if any(name in grammar.rules_of and name not in heights for name in rule.expansion):
                left.append(rule)
                continue
            height = sum(heights.get(name, steps.get(name, 0)) for name in rule.expansion)
            if heights.setdefault(rule.origin, height) != height:
                raise _fault(f"{what} do not pair up in rule {rule.origin!r}")
        pending = left
    lowest = dict.fromkeys(grammar.rules_of, 0)
    for _ in grammar.rules_of:
        before = dict(lowest)
        for rule in grammar.rules:
            height = 0
            for name in rule.expansion:
                lowest[rule.origin] = min(
                    lowest[rule.origin], height + lowest.get(name, steps.get(name, 0))
                )
                height += heights.get(name, steps.get(name, 0))
        if lowest == before:
            break
    if heights[grammar.start] or lowest[grammar.start]:
        raise _fault(f"{what} do not pair up in rule {grammar.start!r}")
    return heights


def _inside(grammar: Grammar, heights: Mapping[str, int]) -> set[str]:
    """The symbols that stand between parentheses somewhere."""
    found: set[str] = set()
    for rule in grammar.rules:
        level = 0
        for name in rule.expansion:
            after = level + heights.get(name, 0)
            if min(level, after) > 0:
                found.add(name)
            level = after
    pending = [*found]
    while pending:
        for rule in grammar.rules_of.get(pending.pop(), ()):
            pending += {*rule.expansion} - found
            found.update(rule.expansion)
    return found
