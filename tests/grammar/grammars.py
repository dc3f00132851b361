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


def texts(grammar: str, most: int) -> list[str]:
    """All texts up to a length over the letters that matter to a grammar."""
    letters = "ab #" if "%ignore" in grammar else "ab"
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
