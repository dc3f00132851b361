"""Small grammars for the tests, written by hand and at random, and Lark as their judge."""

from __future__ import annotations

import random
from functools import lru_cache
from itertools import product

from lark import Lark
from lark.exceptions import GrammarError, LarkError

BY_HAND = {
    "star": 'start: "a"* "b"',
    "right recursion": 'start: "a" start | "b"',
    "left recursion": 'start: start "a" | "b"',
    "middle recursion": 'start: "a" start "b" |',
    "hidden left recursion": 'start: x start "a" | "b"\nx: "b"?',
    "hidden right recursion": 'start: "a" start x | "b"\nx: "b"?',
    "nullables": 'start: x y x\nx: "a"?\ny: x | "b" y',
    "ambiguity": 'start: start start | "a" |',
    "cycle": 'start: a "b"?\na: b\nb: a | "a"',
    "palindromes": 'start: "a" start "a" | "b" start "b" | "a" | "b"',
    "overlap": "start: A B\nA: /a+/\nB: /ab?/",
    "two names for one text": 'start: A "a" | B "b"\nA: "b"\nB: "b"',
    "lazy": "start: A A\nA: /b.*?b/",
    "templates": 'start: _sep{x, "b"}\nx: "a"~1..2\n_sep{item, by}: item (by item)*',
    "case": 'start: "a"i+ "B"i',
    "ignored spaces": 'start: "a" "b"\n%ignore / +/\n%ignore /#[^\\n]*/',
    "ignored and used": 'start: "a"+ NL\nNL: /\\n/\n%ignore /[ \\n]+/',
    "ignored in pieces": 'start: "a" /#b/\n%ignore /#b?#?/',
    "ignored prefix": 'start: "a" " b" | "a" "b"\n%ignore " "\n%ignore "  #"',
    "nullable start": 'start: x*\nx: "a" "b"?\n%ignore " "',
}

_PATTERNS = ['"a"', '"b"', '"ab"', "/a+/", "/ab?/", "/a|ab/", "/b*a/", "/a.*?b/", '"a"i']
_IGNORED = ['" "', "/ +/", "/ #?/", "/#[^\\n]*/", "/#.*?#/", "/b /"]


def at_random(seed: int) -> str:
    """A grammar of two to four rules; nothing keeps it from being odd."""
    rng = random.Random(seed)
    rules = ["start", "x", "y", "z"][: rng.randint(2, 4)]
    lines = []
    for name in rules:
        ways = []
        for _ in range(rng.randint(1, 3)):
            symbols = []
            for _ in range(rng.choice([0, 1, 1, 2, 2, 3])):
                symbol = rng.choice([*rules[1:], rules[0], *_PATTERNS[: rng.choice([2, 9])]])
                symbols.append(symbol + rng.choice(["", "", "", "?", "*", "+"]))
            ways.append(" ".join(symbols))
        lines.append(f"{name}: {' | '.join(dict.fromkeys(ways))}")
    for _ in range(rng.choice([0, 0, 1, 2])):
        lines.append(f"%ignore {rng.choice(_IGNORED)}")
    return "\n".join(lines)


_TERMINALS = [
    "/a/",
    '"b"',
    "/a+/",
    '"ab"',
    '"a"i',
    "/b/i",
    "/ab?/i",
    '"a".."b"',
    "/a./s",
    '"a" "b"?',
]
_IMPORTS = ["WS_INLINE", "LCASE_LETTER", "SH_COMMENT"]


def of_all_kinds(seed: int) -> str:
    """A grammar with what Lark offers beside rules: templates, priorities, flags, imports, ..."""
    rng = random.Random(seed)
    names = ["A", "B", "C"][: rng.randint(1, 3)]
    terminals = {name: rng.choice(_TERMINALS) for name in names}
    imported = rng.sample(_IMPORTS, rng.choice([0, 0, 1]))
    lines = []
    for name in imported:
        alias = rng.choice(["", f" -> {name[0]}_"])
        lines.append(f"%import common.{name}{alias}")
        names.append(f"{name[0]}_" if alias else name)
    for name, pattern in terminals.items():
        if rng.random() < 0.3 and names.index(name):
            pattern += rng.choice([" | ", " "]) + rng.choice(names[: names.index(name)])
        if rng.random() < 0.2:
            pattern = f"({pattern})" + rng.choice("?+") + ' "#"'
        lines.append(f"{name}{rng.choice(['', '', '.1', '.2', '.-1'])}: {pattern}")
    symbols = [*names, *names, '"a"', '"b"', '"#"', "x", "_y", "z"]
    quantifiers = ["", "", "", "", "?", "*", "+", "~2", "~0..2", "~1..3"]

    def way(depth: int = 0, more: tuple[str, ...] = ()) -> str:
        found = []
        for _ in range(rng.choice([1, 1, 2, 3])):
            kind = rng.random()
            if kind < 0.15 and depth < 1:
                found.append(f"[{ways(depth + 1, more)}]")
            elif kind < 0.3 and depth < 1:
                found.append(f"({ways(depth + 1, more)}){rng.choice(['', '?', '*', '+'])}")
            elif kind < 0.4 and not more:
                found.append(f"_t{{{rng.choice(symbols)}, {rng.choice(symbols)}}}")
            else:
                found.append(rng.choice([*symbols, *more, *more]) + rng.choice(quantifiers))
        return " ".join(found)

    def ways(depth: int, more: tuple[str, ...] = ()) -> str:
        return " | ".join(way(depth, more) for _ in range(rng.choice([1, 1, 2])))

    def rule(name: str) -> str:
        prefix = rng.choice(["", "", "!", "?" if name[0] != "_" else ""])
        priority = rng.choice(["", "", "", ".2"])
        told = [way() for _ in range(rng.randint(1, 2))]
        if name[0] != "_":
            told = [one + rng.choice(["", f" -> of_{index}"]) for index, one in enumerate(told)]
        return f"{prefix}{name}{priority}: {' | '.join(told)}"

    lines += [rule(name) for name in ("start", "x", "_y", "z")]
    lines.append(f"_t{{p, q}}: {ways(1, ('p', 'q'))}")
    kind = rng.random()
    if kind < 0.15:
        lines.append(f"%extend x: {way()}")
    elif kind < 0.3:
        lines.append(f"%override z: {way()}")
    for _ in range(rng.choice([0, 0, 1])):
        lines.append(f"%ignore {rng.choice([*_IGNORED[:4], *names])}")
    return "\n".join(lines)


def texts(grammar: str, most: int) -> list[str]:
    """All texts up to a length over the letters that matter to a grammar."""
    letters = "ab #" if "%ignore" in grammar or "#" in grammar else "ab"
    if '"i' in grammar or "/i" in grammar:
        letters += "A"
    if "\\n" in grammar:
        letters += "\n"
    longest = most - (len(letters) - 2) if len(letters) > 2 else most
    return ["".join(word) for n in range(longest + 1) for word in product(letters, repeat=n)]


@lru_cache(maxsize=64)
def _parser(grammar: str, lexer: str) -> Lark:
    if lexer == "dynamic":
        return Lark(grammar, parser="earley", lexer="dynamic_complete", ambiguity="forest")
    return Lark(grammar, parser="lalr", lexer="contextual")


def lark_accepts(grammar: str, text: str, lexer: str = "dynamic") -> bool:
    """Whether Lark parses a text."""
    try:
        _parser(grammar, lexer).parse(text)
    except GrammarError:
        raise
    except LarkError:
        return False
    except RuntimeError as error:
        # It has parsed the text, but stumbles over its own result.
        assert "multiple start symbol items" in str(error)
    return True
