"""What every constraint with monitors has to agree with: the answers, and divisions of texts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from constrain.engine.bitmask import allowed
from constrain.monitors import Monitor, MonitoredConstraint
from constrain.vocabulary import Vocabulary

BYTES = [bytes([byte]) for byte in range(256)]


def vocabulary(*tokens: str) -> Vocabulary:
    """All bytes, some longer tokens, and one that ends a text."""
    table = [*BYTES, *(token.encode() for token in tokens), None]
    return Vocabulary.from_bytes(table, eos_token_ids=[len(table) - 1])


def allowed_tokens(matcher) -> set[int]:
    row = np.empty(matcher.constraint.vocabulary.bitmask_words, np.int32)
    matcher.fill_bitmask(row)
    return set(np.flatnonzero(allowed(row, matcher.constraint.vocabulary.size)).tolist())


def walk_all_splits(matcher, text: bytes, limit: int = 300) -> int:
    """Walk every division of `text` into tokens, masks and `accept` alike; return how many."""
    vocabulary = matcher.constraint.vocabulary
    table = [vocabulary.token_bytes(token) for token in range(vocabulary.size)]
    walked = 0

    def walk(rest: bytes) -> None:
        nonlocal walked
        if not rest:
            walked += 1
            return
        found = allowed_tokens(matcher)
        for token, data in enumerate(table):
            if data and rest.startswith(data) and walked < limit:
                assert token in found, (text, rest, data)
                assert matcher.accept(token)
                walk(rest[len(data) :])
                matcher.rollback(1)

    walk(text)
    assert walked
    return walked


def agrees(
    matcher,
    is_begun: Callable[[str], bool],
    tokens: list[int],
) -> None:
    """Compare the mask, and `accept`, with a judgement of texts, for some tokens of ASCII."""
    vocabulary = matcher.constraint.vocabulary
    found = allowed_tokens(matcher)
    before = matcher.tokens_to_finish()
    for token in tokens:
        data = vocabulary.token_bytes(token)
        expected = is_begun(data.decode())
        assert (token in found) == expected, data
        assert matcher.accept(token) == expected, data
        if expected:
            matcher.rollback(1)
    assert matcher.tokens_to_finish() == before


def check_suggestions(
    constraint: MonitoredConstraint, before: bytes, names: set[str], after: str = " "
) -> None:
    """Hold what may follow `before`, which ends with a trigger, against the suggestions.

    Every division of every suggestion is walked; at every place on the way the mask has the tokens
    that stay within the suggestions or leave them at their end, and no others.
    """
    matcher = constraint.matcher()
    assert matcher.accept_bytes(before)
    vocabulary = constraint.vocabulary
    table = {token: vocabulary.token_bytes(token) or b"" for token in range(vocabulary.size)}
    plain = [i for i, data in table.items() if data.isascii() and data.decode().isidentifier()]

    def begun(text: str) -> bool:
        return any(name.startswith(text) for name in names)

    for name in sorted(names):
        walk_all_splits(matcher, (name + after).encode())
        for end in range(len(name) + 1):
            said = name[:end]
            assert matcher.accept_bytes(said.encode())
            agrees(matcher, lambda text, said=said: begun(said + text), plain)
            assert matcher.is_accepting() == (said in names)
            matcher.rollback(1)


class Fixed(Monitor):
    """Suggests what it is given, after a dot."""

    trigger = r"\."
    ahead = (".",)

    def __init__(self, names, **settings) -> None:
        self.names = names
        self.asked: list[str] = []
        for name, value in settings.items():
            setattr(self, name, value)

    def suggest(self, text):
        self.asked.append(text)
        return self.names(text) if callable(self.names) else self.names
