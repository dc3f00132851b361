"""Grammars of Lark in the dialects of other engines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from bench.errors import BenchmarkError
from constrain.grammar.cfg import Grammar, Terminal

try:
    from re import _constants as ops  # type: ignore[attr-defined]
    from re import _parser as reader  # type: ignore[attr-defined]
except ImportError:  # Python 3.10
    import sre_constants as ops
    import sre_parse as reader


def to_llguidance(grammar: Grammar) -> str:
    """The same rules and terminals in llguidance's dialect of Lark."""
    names = _names(grammar, "n{}", "T{}")
    lines = [f"start: {names[grammar.start]}"]
    for origin, rules in grammar.rules_of.items():
        ways = [" ".join(names[part] for part in rule.expansion) or '""' for rule in rules]
        lines.append(f"{names[origin]}: {' | '.join(ways)}")
    for name, terminal in grammar.terminals.items():
        lines.append(f"{names[name]}: {_expression(terminal)}")
    lines += [f"%ignore {names[name]}" for name in grammar.ignored]
    return "\n".join(lines) + "\n"


def to_ebnf(grammar: Grammar) -> str:
    """The same language in the EBNF of XGrammar: rules down to characters.

    What is ignored is written out after each terminal.
    """
    names = _names(grammar, "n{}", "t{}")
    space = " ws" if grammar.ignored else ""
    lines = [f"root ::={space} {names[grammar.start]}"]
    for origin, rules in grammar.rules_of.items():
        ways = [
            " ".join(names[part] + space * (part in grammar.terminals) for part in rule.expansion)
            for rule in rules
        ]
        lines.append(f"{names[origin]} ::= {' | '.join(way or chr(34) * 2 for way in ways)}")
    for name, terminal in grammar.terminals.items():
        lines.append(f"{names[name]} ::= {_characters(terminal)}")
    if grammar.ignored:
        lines.append(f"ws ::= ({' | '.join(names[name] for name in grammar.ignored)})*")
    return "\n".join(lines) + "\n"


def _names(grammar: Grammar, rule: str, terminal: str) -> dict[str, str]:
    names = {name: rule.format(n) for n, name in enumerate(grammar.rules_of)}
    return names | {name: terminal.format(n) for n, name in enumerate(grammar.terminals)}


def _expression(terminal: Terminal) -> str:
    if terminal.text is not None:
        return json.dumps(terminal.text, ensure_ascii=False)
    if terminal.string:
        return json.dumps(terminal.pattern, ensure_ascii=False) + "".join(terminal.flags)
    pattern = re.sub(r"\\.|/|[\x00-\x1f]", _escaped, terminal.pattern.replace("(?ai:", "(?i:"))
    flags = "".join(sorted(terminal.flags))
    return f"/(?{flags}:{pattern})/" if flags else f"/{pattern}/"


def _escaped(match: re.Match[str]) -> str:
    found = match[0]
    if found < " ":
        return f"\\x{ord(found):02x}"
    return "\\/" if found == "/" else found


def _characters(terminal: Terminal) -> str:
    if terminal.text is not None:
        return _quoted(terminal.text)
    pattern = terminal.pattern
    if terminal.string:
        return _sequence([(ops.LITERAL, ord(char)) for char in pattern], "i" in terminal.flags)
    return _sequence(reader.parse(pattern), "i" in terminal.flags)


def _sequence(items: Iterable[tuple[Any, Any]], folded: bool) -> str:
    return " ".join(_item(op, argument, folded) for op, argument in items) or '""'


def _item(op: Any, argument: Any, folded: bool) -> str:
    if op is ops.LITERAL:
        if folded and chr(argument).isalpha():
            return _class(_folded([(argument, argument)]), False)
        return _quoted(chr(argument))
    if op is ops.IN:
        negated = argument[0][0] is ops.NEGATE
        members = argument[1:] if negated else argument
        ranges = [(m, m) if kind is ops.LITERAL else m for kind, m in members]
        return _class(_folded(ranges) if folded else ranges, negated)
    if op is ops.NOT_LITERAL:
        return _class([(argument, argument)], True)
    if op is ops.ANY:
        return "[^\\n]"
    if op is ops.BRANCH:
        return f"({' | '.join(_sequence(branch, folded) for branch in argument[1])})"
    if op is ops.SUBPATTERN:
        return f"({_sequence(argument[3], folded or bool(argument[1] & 2))})"
    if op in (ops.MAX_REPEAT, ops.MIN_REPEAT):
        low, high, body = argument
        most = "" if high is ops.MAXREPEAT else int(high)
        return f"({_sequence(body, folded)}){{{low},{most}}}"
    raise BenchmarkError(f"cannot write {op} in EBNF")


def _folded(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """With the other case of ASCII letters."""
    chars = {char for low, high in ranges for char in range(low, min(high, 127) + 1)}
    other = {ord(chr(char).swapcase()) for char in chars if chr(char).isalpha()}
    return [*ranges, *((char, char) for char in sorted(other - chars))]


def _class(ranges: Iterable[tuple[int, int]], negated: bool) -> str:
    inner = "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)
    return f"[{'^' * negated}{inner}]"


def _quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(char):08x}" for char in text) + '"'
