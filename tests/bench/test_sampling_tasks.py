"""The tasks are what they are said to be: true queries answer, wrong ones are refused early."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from random import Random
from typing import Any

import numpy as np
import pytest

from bench.sampling_tasks import GRAMMAR, Counted, Prepares, agrees, compare
from bench.sql_shop import database, questions
from constrain import Vocabulary, compile_grammar, compile_regex
from constrain.models import LanguageModel, TableModel
from constrain.sampling import SMC, Critic, MaskedSampler

BYTES = Vocabulary.from_bytes([*(bytes([i]) for i in range(256)), None], [256])


@pytest.fixture(scope="module")
def prepares() -> Prepares:
    return Prepares(compile_grammar(GRAMMAR, BYTES), database())


@pytest.mark.parametrize("unseen", [False, True])
def test_true_queries_are_queries(prepares: Prepares, unseen: bool) -> None:
    for question in islice(questions(3, unseen), 30):
        query = question.query.encode()
        assert prepares.complete(query), query
        assert all(prepares.allows(query[:i]) for i in range(len(query) + 1)), query


def test_seen_and_unseen_are_apart() -> None:
    def heads(unseen: bool) -> set[str]:
        return {q.query.partition("'")[0] for q in islice(questions(5, unseen), 400)}

    assert len(heads(True) & heads(False)) < len(heads(True)) / 2


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ("SELECT price FROM customers WHERE city = 'Oslo'", "SELECT price FROM c"),
        ("SELECT city, AVG(salary) FROM employees", "SELECT city, AVG(s"),
        ("SELECT name FROM clients ORDER BY age", "SELECT name FROM cl"),
        ("SELECT name, FROM customers", "SELECT name, F"),
        (
            "SELECT AVG(age) FROM customers GROUP BY town",
            "SELECT AVG(age) FROM customers GROUP BY to",
        ),
        ("SELECT name FROM customers WHERE salary < 3", "SELECT name FROM customers WHERE s"),
        ("SELECT name FROM customers WHERE nam < 3", "SELECT name FROM customers WHERE nam "),
        ("SELECT name FROM custom", ""),
    ],
)
def test_wrong_queries_are_refused_with_the_letter_that_makes_them_so(
    prepares: Prepares, query: str, refused: str
) -> None:
    assert not prepares.complete(query.encode())
    for i in range(len(query) + 1):
        assert prepares.allows(query[:i].encode()) == (not refused or i < len(refused)), query[:i]


def test_what_the_database_prepares_is_never_refused_before(prepares: Prepares) -> None:
    """Queries put together at random from all words, right and wrong."""
    rng = Random(1)
    words = ["name", "city", "age", "town", "salary", "rowid", "oid", "null", "true", "id", "x"]
    prepared = 0
    for _ in range(3000):
        item, other = (
            rng.choice((word, f"AVG({word})", "COUNT(*)")) for word in rng.choices(words, k=2)
        )
        query = f"SELECT {item}, {other} FROM {rng.choice(('customers', 'employees', 'town'))}"
        value = rng.choice(("3", "'Oslo'"))
        query += rng.choice(("", f" WHERE {rng.choice(words)} = {value}"))
        query += rng.choice(("", f" GROUP BY {rng.choice(words)}"))
        query += rng.choice(("", f" ORDER BY {rng.choice(words)} LIMIT 2"))
        if prepares._ask(query):
            prepared += 1
            assert prepares.complete(query.encode()), query
            assert all(prepares.allows(query[:i].encode()) for i in range(len(query))), query
    assert prepared > 100


def test_what_the_critic_wants() -> None:
    record = '{"first_name": "Ada", "last_name": "Keller", "email": "'
    for text in (record, record + "ad", record + "ada.k", record + 'ada@x.org"}', record[:20]):
        assert agrees(text)
    for text in (record + "b", record + "ad@", record + 'bo.ada@x.org"}'):
        assert not agrees(text)


class Stub(LanguageModel):
    """Writes `a` or `b`, twice as often the latter."""

    vocabulary = Vocabulary.from_bytes([b"a", b"b", None], [2])

    def logprobs(self, prefixes: Sequence[Sequence[int]]) -> Any:
        rows = [[1, 2, 0] if not prefix else [0, 0, 1] for prefix in prefixes]
        with np.errstate(divide="ignore"):
            return np.log(np.array(rows) / np.sum(rows, axis=1, keepdims=True))


def test_accuracy_is_by_weight_where_weights_count() -> None:
    model = Counted(Stub())
    either = compile_regex("a|b", model.vocabulary)
    never_b = Critic(lambda texts: [-np.inf if text == "b" else 0.0 for text in texts])

    def methods(seed: int) -> Any:
        smc = SMC(MaskedSampler(model, either, seed=seed), ess_threshold=0, potential=never_b)
        return {"by number": (smc, False), "by weight": (smc, True)}

    head, number, weight = compare(
        model, methods, [()] * 8, 40, 2, str, lambda _, said: said == "a", lambda said: None
    )
    assert head[1:4] == ["draws right", "s.e.", "more than by weight"]
    assert head[5:] == ["answers right", "prefixes asked", "texts"]
    assert number[1] == pytest.approx(1 / 3, abs=0.08)
    assert number[3] == pytest.approx(number[1] - 1)
    assert (weight[1], weight[5]) == pytest.approx((1, 1))
    assert weight[6:] == number[6:] == [3, 40]


def test_methods_are_compared_at_equal_calls() -> None:
    model = Counted(TableModel(Stub.vocabulary, lambda prefix: [1, 1, 1]))
    short, long = (compile_regex(f"[ab]{{{n}}}", model.vocabulary) for n in (8, 24))

    def methods(seed: int) -> Any:
        made = (SMC(MaskedSampler(model, c, seed=seed), ess_threshold=0) for c in (short, long))
        return dict(zip(("short", "long"), ((smc, True) for smc in made), strict=True))

    _, few, many = compare(
        model, methods, [()] * 30, 40, 30, str, lambda _, said: True, lambda said: None
    )
    assert few[7] == 40
    assert many[7] < 20
    assert many[6] == pytest.approx(few[6], rel=0.2)
