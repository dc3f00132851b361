"""Monitors that say that a trigger cannot stand where it stands."""

from __future__ import annotations

from itertools import product

import pytest

from constrain import ConstraintError, MonitorWarning, compile_regex, generate
from constrain.lexing.regex import EMPTY
from constrain.models import LanguageModel
from constrain.monitors import Monitor, MonitoredConstraint, monitored
from tests.monitors.walks import allowed_tokens, vocabulary

TOKENS = vocabulary(".x", "a.", "->z", "a-", "b->", ">z", "a", "ab", "x.", ".xy", "-", "b.", "x->")
MEMBERS = {"a.": ["x", "xy"], "b->": ["z"], "x->": ["z"]}


class Signs(Monitor):
    """After `a` stands a dot, after `b` an arrow; other names are not known."""

    trigger = r"\w(?:\.|->)"
    ahead = (".", "->", ">")
    refuses = True

    def suggest(self, text):
        for end, names in MEMBERS.items():
            if text.endswith(end):
                return names
        return EMPTY if text.endswith(("a->", "b.", "x.")) else None


def is_right(text: str) -> bool:
    """Whether a text of `abxyz.->` is a beginning that the analysis agrees with."""
    for place in range(1, len(text)):
        for end in (".", "->"):
            if text.startswith(end, place) and text[place - 1].isalpha():
                sign, rest = text[place - 1] + end, text[place + len(end) :]
                if sign in ("a->", "b.", "x."):
                    return False
                said = rest[: next((i for i, c in enumerate(rest) if not c.isalpha()), len(rest))]
                names = MEMBERS.get(sign)
                if names is None:
                    continue
                if said == rest and not any(name.startswith(said) for name in names):
                    return False
                if said != rest and said not in names:
                    return False
    return True


def test_masks_of_all_short_texts():
    matcher = monitored(TOKENS, Signs()).matcher()
    some = [token for token in range(TOKENS.size) if TOKENS.token_bytes(token)]
    some = [t for t in some if set(TOKENS.token_bytes(t)) <= set(b"abxyz.->")]
    refused = 0
    for length in range(4):
        for chars in product("abx.->", repeat=length):
            text = "".join(chars)
            accepted = not text or matcher.accept_bytes(text.encode())
            assert accepted == is_right(text), text
            if not accepted:
                continue
            found = allowed_tokens(matcher)
            for token in some:
                data = TOKENS.token_bytes(token).decode()
                taken = matcher.accept(token)
                assert (token in found) == taken, (text, data)
                if taken:
                    matcher.rollback(1)
                    assert is_right(text + data), (text, data)
                elif is_right(text + data):
                    refused += 1
                    assert data.rstrip(".->") and ("." in data or "->" in data), (text, data)
                if len(data) == 1:
                    assert taken == is_right(text + data), (text, data)
            matcher.rollback(1 if text else 0)
    assert refused


def test_what_stands_before_is_an_event():
    class After(Signs):
        before = "a->"

    with pytest.warns(MonitorWarning, match="nothing can follow"):
        assert monitored(TOKENS, After()).matcher().accept_bytes(b"anything")
    After.otherwise = "stop"
    with pytest.warns(MonitorWarning):
        matcher = monitored(TOKENS, After()).matcher()
        assert matcher.is_accepting() and not matcher.accept_bytes(b"a")


def test_without_the_right_to_refuse_it_is_an_event():
    class Plain(Signs):
        refuses = False
        otherwise = "error"

    matcher = monitored(TOKENS, Plain()).matcher()
    with pytest.raises(ConstraintError):
        matcher.accept_bytes(b"a->")


class _Even(LanguageModel):
    """All tokens are alike."""

    vocabulary = TOKENS

    def logprobs(self, prefixes):
        import numpy as np

        return np.full((len(prefixes), TOKENS.size), -np.log(TOKENS.size))


def test_texts_end_within_their_budget():
    plain = compile_regex(r"[abx](?:(?:\.|->)[xyzab]{1,2}){0,3};", TOKENS)
    for seed in range(60):
        text = generate(
            MonitoredConstraint(plain, [Signs()]), _Even(), "", seed=seed, max_tokens=14
        )
        assert is_right(text) and text.endswith(";")
