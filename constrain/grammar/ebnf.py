"""Grammars whose rules are expressions over characters, as rules over terminals.

Without a lexer, terminals may be cut at will: a text is derived from the characters whichever of
them are taken together. So whatever is regular becomes one terminal, as large as it can be, and
the parser sees only what is left: rules that contain themselves in the middle of something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

from constrain.errors import GrammarSyntaxError
from constrain.grammar.cfg import Grammar, Opaque, Rule, Terminal
from constrain.grammar.terminals import text_lexeme
from constrain.lexing.lexeme import Literal, lexeme
from constrain.lexing.regex import (
    EMPTY,
    EPSILON,
    Regex,
    concat,
    difference,
    is_finite,
    repeat,
    star,
    union,
)
from constrain.special import SpecialToken

_MOST_PARTS = 1000
"""Parts of one terminal: rules can double a text with each line."""
_LONGEST = 10_000
"""The shortest text of one terminal, in bytes."""
_MOST_RULES = 100_000


@dataclass(frozen=True, slots=True)
class Match:
    """The texts of a regular expression."""

    regex: Regex


@dataclass(frozen=True, slots=True)
class Reference:
    """The texts of a rule."""

    name: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part after the other; nothing at all where there is none."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several ways."""

    ways: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Repetition:
    """At least `low` and at most `high` times (None: any number); written at `offset`."""

    body: Expression
    low: int
    high: int | None
    offset: int


@dataclass(frozen=True, slots=True)
class Special:
    """One out of some special tokens."""

    tokens: tuple[SpecialToken, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Apart:
    """The texts of a regular expression that is a terminal of its own.

    It is made when it is needed, and matches so many texts that it is joined with no other.
    """

    make: Callable[[], Regex]


Expression = Match | Apart | Reference | Special | Sequence | Choice | Repetition


def references(expression: Expression) -> set[str]:
    """The rules that an expression names."""
    if isinstance(expression, Reference):
        return {expression.name}
    return set().union(*map(references, _children(expression)))


def flatten(
    rules: Mapping[str, Expression], start: str, fault: Callable[[int, str], GrammarSyntaxError]
) -> Grammar:
    """Return the grammar of some rules, each reference to one of them.

    Args:
        rules: the rules, by name.
        start: the rule that stands for whole texts.
        fault: makes the error for an offset and a reason.

    Raises:
        GrammarSyntaxError: what is repeated is too much to be written out.
    """
    return _Flattener(_regular(rules), fault).grammar(rules, start)


class _Piece(NamedTuple):
    """Something regular: its texts, and of how many parts they are written."""

    regex: Regex
    parts: int


_NONE, _NOTHING = _Piece(EMPTY, 0), _Piece(EPSILON, 0)
_Pieces = Mapping[str, _Piece]


def _bounded(regex: Regex, parts: int) -> _Piece | None:
    return _Piece(regex, parts) if regex.least <= _LONGEST else None


def _join(
    pieces: Iterable[_Piece | None], build: Callable[[Regex, Regex], Regex], unit: _Piece
) -> _Piece | None:
    """Join pieces into one; None where one of them is not regular, or all are too much."""
    found = []
    for piece in pieces:
        if piece is None:
            return None
        found.append(piece)
    parts = sum(piece.parts for piece in found)
    if parts > _MOST_PARTS:
        return None
    return _bounded(reduce(build, [piece.regex for piece in reversed(found)], unit.regex), parts)


def _in_turn(pieces: Iterable[_Piece | None]) -> _Piece | None:
    return _join(pieces, lambda tail, head: concat(head, tail), _NOTHING)


def _any_of(pieces: Iterable[_Piece | None]) -> _Piece | None:
    return _join(pieces, union, _NONE)


def _piece(expression: Expression, known: _Pieces) -> _Piece | None:
    """The texts of an expression over rules that are known to be regular; None if it is not."""
    if isinstance(expression, Match):
        return _bounded(expression.regex, 1)
    if isinstance(expression, Reference):
        return known.get(expression.name)
    if isinstance(expression, (Special, Apart)):
        return None
    if isinstance(expression, Sequence):
        return _in_turn(_piece(part, known) for part in expression.parts)
    if isinstance(expression, Choice):
        return _any_of(_piece(way, known) for way in expression.ways)
    body = _piece(expression.body, known)
    if body is None:
        return None
    return _bounded(repeat(body.regex, expression.low, expression.high), body.parts)


def _regular(rules: Mapping[str, Expression]) -> dict[str, _Piece]:
    """The rules that are regular: those over regular ones, and those that end in themselves."""
    named = {name: references(expression) for name, expression in rules.items()}
    missing = {name: len(names - {name}) for name, names in named.items()}
    users: dict[str, list[str]] = {}
    for name, names in named.items():
        for other in names - {name}:
            users.setdefault(other, []).append(name)
    known: dict[str, _Piece] = {}
    pending = [name for name, count in missing.items() if not count]
    while pending:
        name = pending.pop()
        expression = rules[name]
        if name in named[name]:
            piece = _repeated(expression, name, known)
        else:
            piece = _piece(expression, known)
        if piece is None or piece.regex is EMPTY:
            continue
        known[name] = piece
        for user in users.get(name, ()):
            missing[user] -= 1
            if not missing[user]:
                pending.append(user)
    return known


def _repeated(expression: Expression, name: str, known: _Pieces) -> _Piece | None:
    """The texts of a rule that contains itself only at the ends of its ways, or at their starts.

    X = A X | B stands for A* B, and X = X A | B for B A* (Arden 1961).
    """
    for at_end in (True, False):
        found = _split(expression, name, known, at_end)
        if found is not None:
            again, last = found
            again = _Piece(star(again.regex), again.parts)
            return _in_turn([again, last] if at_end else [last, again])
    return None


def _split(
    expression: Expression, name: str, known: _Pieces, at_end: bool
) -> tuple[_Piece, _Piece] | None:
    """A and B of an expression A X | B (X A | B, where X stands first)."""
    if name not in references(expression):
        piece = _piece(expression, known)
        return None if piece is None else (_NONE, piece)
    if isinstance(expression, Reference):
        return _NOTHING, _NONE
    if isinstance(expression, Repetition):
        if (expression.low, expression.high) != (0, 1):
            return None
        ways: tuple[Expression, ...] = (expression.body, Sequence(()))
        return _split(Choice(ways), name, known, at_end)
    if isinstance(expression, Sequence):
        *rest, own = expression.parts if at_end else reversed(expression.parts)
        sides = _split(own, name, known, at_end)
        around = _piece(Sequence(tuple(rest if at_end else reversed(rest))), known)
        if sides is None or around is None:
            return None
        joined = [_in_turn([around, side] if at_end else [side, around]) for side in sides]
    else:
        assert isinstance(expression, Choice)
        found = [_split(way, name, known, at_end) for way in expression.ways]
        whole = [sides for sides in found if sides is not None]
        if len(whole) < len(found):
            return None
        joined = [_any_of(sides) for sides in zip(*whole, strict=True)]
    again, last = joined
    return None if again is None or last is None else (again, last)


class _Flattener:
    """Writes rules over terminals. Names with a # are made up here; #nothing stands for no text."""

    def __init__(self, known: _Pieces, fault: Callable[[int, str], GrammarSyntaxError]) -> None:
        self._known = known
        self._fault = fault
        self._rules: list[Rule] = []
        self._terminals: dict[str, Terminal] = {}
        self._opaque: dict[str, Opaque] = {}
        self._symbols_of: dict[Regex, tuple[str, ...]] = {EPSILON: (), EMPTY: ("#nothing",)}
        self._made = 0

    def grammar(self, rules: Mapping[str, Expression], start: str) -> Grammar:
        for name, expression in rules.items():
            if name == start or name not in self._known:
                self._define(name, expression)
        return Grammar(start, tuple(self._rules), self._terminals, opaque=self._opaque)

    def _define(self, name: str, expression: Expression) -> None:
        for way in self._ways(name, expression):
            self._rules.append(Rule(name, way))

    def _new(self, name: str) -> str:
        self._made += 1
        return f"{name.partition('#')[0]}#{self._made}"

    def _ways(self, name: str, expression: Expression) -> list[tuple[str, ...]]:
        ways = expression.ways if isinstance(expression, Choice) else (expression,)
        regular: list[_Piece] = []
        found = []
        for way in ways:
            piece = _piece(way, self._known)
            if piece is None:
                found.append(self._symbols(name, way))
            elif (joined := _any_of([*regular[-1:], piece])) is None:
                regular.append(piece)
            else:
                regular[-1:] = [joined]
        return [*map(self._terminal, regular), *found]

    def _symbols(self, name: str, expression: Expression) -> tuple[str, ...]:
        """The symbols that stand for an expression within a rule."""
        piece = _piece(expression, self._known)
        if piece is not None:
            return self._terminal(piece)
        if isinstance(expression, Reference):
            return (expression.name,)
        if isinstance(expression, Special):
            return self._special(expression.tokens)
        if isinstance(expression, Apart):
            return self._terminal(_Piece(expression.make(), 1))
        if isinstance(expression, Sequence):
            return self._sequence(name, expression.parts)
        if isinstance(expression, Repetition):
            return self._repetition(name, expression)
        made = self._new(name)
        self._define(made, expression)
        return (made,)

    def _special(self, tokens: tuple[SpecialToken, ...]) -> tuple[str, ...]:
        symbol = "|".join(f"#{token.name}" for token in tokens)
        if len(tokens) == 1:
            self._opaque[symbol] = Opaque.special(tokens[0])
        else:
            self._opaque[symbol] = Opaque.one_of(tokens)
        return (symbol,)

    def _sequence(self, name: str, parts: Iterable[Expression]) -> tuple[str, ...]:
        symbols: tuple[str, ...] = ()
        run = _NOTHING
        for part in parts:
            piece = _piece(part, self._known)
            if piece is None:
                symbols += self._terminal(run) + self._symbols(name, part)
                run = _NOTHING
            elif (joined := _in_turn([run, piece])) is None:
                symbols += self._terminal(run)
                run = piece
            else:
                run = joined
        return symbols + self._terminal(run)

    def _repetition(self, name: str, repetition: Repetition) -> tuple[str, ...]:
        body = self._symbols(name, repetition.body)
        low, high = repetition.low, repetition.high
        if len(body) > 1 and (high or low) > 1:
            made = self._new(name)
            self._rules.append(Rule(made, body))
            body = (made,)
        if len(self._rules) + (high or low) > _MOST_RULES:
            raise self._fault(repetition.offset, "too much is repeated; use smaller numbers")
        if high is None:
            more = self._new(name)
            once = body if low else ()
            self._rules += [Rule(more, once), Rule(more, (more, *body))]
            return body * (low - 1) + (more,)
        rest: tuple[str, ...] = ()
        for _ in range(high - low):
            made = self._new(name)
            self._rules += [Rule(made, (*body, *rest)), Rule(made, ())]
            rest = (made,)
        return body * low + rest

    def _terminal(self, piece: _Piece) -> tuple[str, ...]:
        """The terminal of what is regular; where that may be empty, a nonterminal."""
        regex = piece.regex
        found = self._symbols_of.get(regex)
        if found is None:
            name = f"#T{len(self._symbols_of)}"
            found = (name,)
            self._symbols_of[regex] = found
            if regex.nullable:
                full = self._terminal(_Piece(difference(regex, EPSILON), piece.parts))
                self._rules += [Rule(name, full), Rule(name, ())]
            else:
                self._terminals[name] = _terminal(name, regex)
        return found


def _terminal(name: str, regex: Regex) -> Terminal:
    texts = is_finite(regex, 1)
    text = texts[0] if texts else None
    return Terminal(
        name,
        regex,
        text,
        pattern="",
        string=False,
        flags=frozenset(),
        lexeme=text_lexeme(regex) if text is None else lexeme(Literal(text.encode())),
    )


def _children(expression: Expression) -> tuple[Expression, ...]:
    if isinstance(expression, Sequence):
        return expression.parts
    if isinstance(expression, Choice):
        return expression.ways
    return (expression.body,) if isinstance(expression, Repetition) else ()
