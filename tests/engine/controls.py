"""Small hand-written controls, to test the engine without schemas."""

from __future__ import annotations

from constrain.engine.single import RegexControl
from constrain.lexing.lexeme import JSONString, Lexeme, Literal, Space, Text, lexeme
from constrain.lexing.regex import (
    ANY,
    ANYTHING,
    char_class,
    complement,
    concat,
    difference,
    intersect,
    literal,
    optional,
    plus,
    repeat,
    star,
    union,
    words,
)

DIGITS = plus(char_class([(ord("0"), ord("9"))]))


class Sequence:
    """One lexeme after the other; the last may repeat."""

    def __init__(self, *items: Lexeme, ending: list[bytes]) -> None:
        self._items = items
        self._endings = ending

    def start(self) -> int:
        return 0

    def lexemes(self, config: int) -> tuple[Lexeme, ...]:
        return self._items[config : config + 1]

    def advance(self, config: int, lexemes: tuple[Lexeme, ...], text: bytes | None) -> int:
        return config + 1

    def accepting(self, config: int) -> bool:
        return config == len(self._items)

    def ending(self, config: int) -> bytes:
        return b"".join(self._endings[config:])


class Lines:
    """Any number of lexemes, where the text may end after each."""

    def __init__(self, item: Lexeme) -> None:
        self._item = item

    def start(self) -> int:
        return 0

    def lexemes(self, config: int) -> tuple[Lexeme, ...]:
        return (self._item,)

    def advance(self, config: int, lexemes: tuple[Lexeme, ...], text: bytes | None) -> int:
        return 0

    def accepting(self, config: int) -> bool:
        return True

    def ending(self, config: int) -> bytes:
        return b""


class UniqueKeys:
    """`{"k": 1, ...}` with white space; keys are strings over a regex and never repeat.

    Configurations: (phase, keys seen), phases "open", "first", "value", "after", "next", "end".
    """

    def __init__(self, keys=ANYTHING) -> None:
        self._keys = keys
        self._space = Space("bounded")

    def _key(self, seen: frozenset[str]) -> Lexeme:
        language = difference(self._keys, words(sorted(seen))) if seen else self._keys
        return lexeme(JSONString(language), Literal(b":"), self._space, captures=True)

    def start(self):
        return ("open", frozenset())

    def lexemes(self, config):
        phase, seen = config
        close = lexeme(self._space, Literal(b"}"))
        return {
            "open": (lexeme(Literal(b"{"), self._space),),
            "first": (self._key(seen), lexeme(Literal(b"}"))),
            "value": (lexeme(Text(DIGITS)),),
            "after": (lexeme(Literal(b","), self._space), close),
            "next": (self._key(seen),),
            "end": (),
        }[phase]

    def advance(self, config, lexemes, text):
        import json

        phase, seen = config
        if phase in ("first", "next"):
            if lexemes[0].captures:
                if text is not None:
                    seen = seen | {json.JSONDecoder().raw_decode(text.decode())[0]}
                return ("value", seen)
            return ("end", frozenset())
        if phase == "after" and lexemes[0].parts[0] == self._space:
            return ("end", frozenset())
        return ({"open": "first", "value": "after", "after": "next"}[phase], seen)

    def accepting(self, config):
        return config[0] == "end"

    def ending(self, config):
        phase, _ = config
        least = {"open": b"{}", "first": b"}", "value": b"0}", "after": b"}", "end": b""}
        return least[phase] if phase != "next" else b'"":0}'


AB = char_class([(ord("a"), ord("b"))])

CONTROLS = {
    "finite": RegexControl(words(["a", "ab", "abba", "ba", "c"])),
    "nullable": RegexControl(star(literal("ab"))),
    "union": RegexControl(concat(plus(union(literal("ab"), literal("c"))), literal("b"))),
    "intersection": RegexControl(
        intersect(star(union(AB, literal("é"))), concat(ANYTHING, literal("é"), ANYTHING))
    ),
    "complement": RegexControl(
        intersect(repeat(AB, 2, 4), complement(concat(ANYTHING, literal("aa"), ANYTHING)))
    ),
    "number": RegexControl(concat(optional(literal("-")), DIGITS)),
    "string": Sequence(lexeme(JSONString(ANYTHING)), ending=[b'""']),
    "short string": Sequence(lexeme(JSONString(ANYTHING, "minimal", 1, 3)), ending=[b'"a"']),
    "any spelling": Sequence(lexeme(JSONString(ANYTHING, "any", 1, 2)), ending=[b'"a"']),
    "bounded pattern": Sequence(
        lexeme(JSONString(concat(star(concat(plus(AB), literal(" "))), plus(AB)), "minimal", 2, 6)),
        ending=[b'"aa"'],
    ),
    "bounded pattern in any spelling": Sequence(
        lexeme(JSONString(star(union(literal("ab"), literal("é"), literal("😀"))), "any", 0, 3)),
        ending=[b'""'],
    ),
    "pattern": Sequence(lexeme(JSONString(repeat(union(AB, literal('"')), 1, 2))), ending=[b'"a"']),
    "pattern in any spelling": Sequence(
        lexeme(JSONString(concat(ANY, union(literal("😀"), literal("a"))), "any")), ending=[b'" a"']
    ),
    "one word": Sequence(lexeme(JSONString(literal("abb 1"))), ending=[b'"abb 1"']),
    "few words": Sequence(
        lexeme(JSONString(words(["", "a", "ab", "abé", 'a"b', "\\", "\n", "😀"])), Literal(b",")),
        ending=[b'"",'],
    ),
    "few words with a bound": Sequence(
        lexeme(JSONString(words(["ab", "aab", "b"]), "minimal", 2, 2)), ending=[b'"ab"']
    ),
    "many words": Sequence(
        lexeme(
            JSONString(words(first + last for first in "abc1é" for last in ("", "a", "b1", " ")))
        ),
        ending=[b'"1"'],
    ),
    "a pattern, or another, but for words": Sequence(
        lexeme(JSONString(intersect(complement(plus(AB)), complement(words(["c", "1b", "a1b"]))))),
        ending=[b'""'],
    ),
    "all but what begins so, and but for words": Sequence(
        lexeme(
            JSONString(
                intersect(
                    complement(concat(literal("c"), ANYTHING)), complement(words(["ab", "1", "é"]))
                )
            )
        ),
        ending=[b'""'],
    ),
    "two numbers": Sequence(
        lexeme(Text(DIGITS)),
        lexeme(Space("bounded"), Literal(b",")),
        lexeme(Text(DIGITS)),
        ending=[b"0", b",", b"0"],
    ),
    "lexemes that come back to their beginning": Lines(
        lexeme(Text(concat(star(AB), literal(","))))
    ),
    "white space that comes back": Lines(lexeme(Space("any"), Literal(b","))),
    "unique keys": UniqueKeys(),
    "unique keys of a finite set": UniqueKeys(star(AB)),
}

LONG = {
    "few words of several spellings": Sequence(
        lexeme(JSONString(words(["ab", "a\x1f", "b"]))), ending=[b'"b"']
    ),
}
"""Controls whose least endings are too long to be found by trying all texts."""
