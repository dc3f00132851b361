"""What samplers are worth in a task: answers that are right, with as many calls of the model."""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bench.sql_model import sql_model
from bench.sql_shop import database, questions
from constrain import Constraint, compile_grammar, compile_json_schema
from constrain.models import BundledModel, LanguageModel
from constrain.sampling import SMC, AWRSSampler, Critic, MaskedSampler, Run
from constrain.sampling.base import shares_of

GRAMMAR = r"""
start: "SELECT " item (", " item)* " FROM " NAME where? group? order?
item: NAME | "COUNT(*)" | FUNCTION "(" NAME ")"
where: " WHERE " condition (" AND " condition)*
condition: NAME " " OPERATOR " " value
value: NUMBER | TEXT
group: " GROUP BY " NAME
order: " ORDER BY " NAME (" ASC" | " DESC")? (" LIMIT " NUMBER)?
FUNCTION: "AVG" | "MAX" | "MIN" | "SUM"
OPERATOR: "=" | "<" | ">"
NAME: /[a-z]{1,16}/
NUMBER: /0|[1-9][0-9]{0,3}/
TEXT: /'[A-Z][a-z]{1,15}'/
"""
_QUOTED = re.compile(r"'[^']*'?")
_FROM = re.compile(r" FROM ([a-z]*)")
_NAME = re.compile(r"\b[a-z]+")
_BESIDES = ("rowid", "oid", "null", "true", "false")
"""What SQLite reads where a column stands."""
_REFUSALS = 100
"""Tokens to refuse before a text is given up, where the constraint can only be asked."""

_CONTACT = {
    "type": "object",
    "properties": {
        "first_name": {"type": "string", "pattern": "^[A-Z][a-z]{1,11}$"},
        "last_name": {"type": "string", "pattern": "^[A-Z][a-z]{1,11}$"},
        "email": {"type": "string", "pattern": "^[a-z.]{3,24}@[a-z]{2,12}\\.(com|org|net)$"},
    },
    "required": ["first_name", "last_name", "email"],
    "additionalProperties": False,
}
_NAMED = re.compile(r'"first_name":\s*"(\w+)",[^@]*"email":\s*"([^"@]*)(@?)')
_SURE = 6.0
"""What the critic takes off, in logarithms, for the address of somebody else."""


class Prepares:
    """The queries of a grammar that a database can prepare: a constraint that can only be asked.

    A query may begin so if the database prepares the columns that have been written, the last one
    completed, from one of its tables that may be meant. So a column is refused with the letter
    after which there is none.
    """

    def __init__(self, grammar: Constraint, connection: sqlite3.Connection) -> None:
        self._grammar = grammar
        self._connection = connection
        found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        self._columns: dict[str, list[str]] = {}
        for (table,) in found:
            known = connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
            self._columns[table] = [name for (name,) in known] + [*_BESIDES]
        self._prepares = lru_cache(1 << 14)(self._ask)

    def allows(self, prefix: bytes) -> bool:
        """Return whether a query may begin so."""
        return self._grammar.matcher().accept_bytes(prefix) and self._may_begin(prefix.decode())

    def complete(self, prefix: bytes) -> bool:
        """Return whether it is a query."""
        matcher = self._grammar.matcher()
        if not matcher.accept_bytes(prefix) or not matcher.is_accepting():
            return False
        return self._may_begin(prefix.decode()) and self._prepares(prefix.decode())

    def _may_begin(self, prefix: str) -> bool:
        text = _QUOTED.sub("", prefix)
        source = _FROM.search(text)
        table = source[1] if source else ""
        written = _NAME.findall(_FROM.sub(" ", text))
        at_table = source is not None and source.end() == len(text)
        last = written.pop() if written and not at_table and text[-1].islower() else ""
        known = source is not None and not at_table
        return any(
            self._prepares(f"SELECT {', '.join((*written, column))} FROM {name}")
            for name, columns in self._columns.items()
            if (name == table if known else name.startswith(table))
            for column in columns
            if column.startswith(last)
        )

    def _ask(self, query: str) -> bool:
        try:
            self._connection.execute(f"EXPLAIN {query}")
        except sqlite3.Error:
            return False
        return True


class Counted(LanguageModel):
    """A model, and how many prefixes it has been asked about."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.vocabulary = model.vocabulary
        self.context_length = model.context_length
        self.asked = 0

    def logprobs(self, prefixes: Sequence[Sequence[int]]) -> NDArray[Any]:
        """See `LanguageModel.logprobs`."""
        self.asked += len(prefixes)
        return self._model.logprobs(prefixes)


Methods: TypeAlias = "dict[str, tuple[SMC, bool]]"
"""By name: how to write texts, and whether their weights count."""


def sql(out: Path, particles: int, count: int, report: Callable[[str], None]) -> dict[str, Any]:
    """Answers to questions about a database; right are those that give what the true one gives."""
    trained = sql_model(out, report)
    model = Counted(trained)
    connection = database()
    grammar = compile_grammar(GRAMMAR, model.vocabulary)
    prepares = Prepares(grammar, connection)
    judge = Critic(
        lambda texts: [0.0 if prepares.complete(text.encode()) else -math.inf for text in texts]
    )

    def methods(seed: int) -> Methods:
        masked = MaskedSampler(model, grammar, seed=seed)
        asked = AWRSSampler(model, prepares, seed=seed, max_rejects=_REFUSALS)
        return {
            "masked": (SMC(masked, ess_threshold=0), False),
            "masked, weighted": (SMC(masked, ess_threshold=0, potential=judge), True),
            "AWRS": (SMC(asked, ess_threshold=0), True),
            "AWRS-SMC": (SMC(asked), True),
        }

    def answer(query: str) -> str:
        try:
            return repr(connection.execute(query).fetchall())
        except sqlite3.Error as error:
            return repr(error)

    found = (q for q in questions(1, unseen=True) if answer(q.query) != "[]")
    asked = list(islice(found, count))
    truth = [answer(question.query) for question in asked]
    prompts = [trained.encode_prompt(question.text) for question in asked]
    rows = compare(
        *(model, methods, prompts, particles, 64),
        answer,
        lambda number, said: said == truth[number],
        report,
    )
    note = (
        f"{count} questions about a SQLite database, of kinds that the model was not trained on, "
        f"{particles} texts for each by masking, by the others as many as the model reads as many "
        "prefixes for, at most 64 tokens. The model is the bundled one after a "
        "short training (`bench/sql_model.py`). Masks come from a grammar; weights are zero where "
        "the query cannot be prepared; AWRS asks the database about every beginning. Right: the "
        "query gives what the true one gives."
    )
    return {"rows": rows, "note": note}


def critic(particles: int, count: int, report: Callable[[str], None]) -> dict[str, Any]:
    """Contacts as JSON, with a critic who wants the address to begin with the person's name."""
    bundled = BundledModel()
    model = Counted(bundled)
    constraint = compile_json_schema(_CONTACT, model.vocabulary)

    def judge(texts: list[str]) -> list[float]:
        return [0.0 if agrees(text) else -_SURE for text in texts]

    def methods(seed: int) -> Methods:
        masked = MaskedSampler(model, constraint, seed=seed)
        asked = AWRSSampler(model, constraint, seed=seed)
        at_the_end, on_the_way = Critic(judge), Critic(judge, judge)
        return {
            "masked": (SMC(masked, ess_threshold=0), False),
            "masked, weighted": (SMC(masked, ess_threshold=0, potential=at_the_end), True),
            "AWRS": (SMC(asked, ess_threshold=0, potential=at_the_end), True),
            "AWRS-SMC": (SMC(asked, potential=on_the_way), True),
        }

    prompts = [bundled.encode_prompt("Write a contact.", json.dumps(_CONTACT))] * count
    rows = compare(
        *(model, methods, prompts, particles, 80),
        str,
        lambda number, said: agrees(said),
        report,
    )
    note = (
        f"Contacts by the bundled model, {count} runs of {particles} texts by masking, by the "
        "others as many as the model reads as many prefixes for, at most 80 tokens; a "
        f"critic takes {_SURE:g} off the logarithm where the address does not begin with the first "
        "name. Right: it does."
    )
    return {"rows": rows, "note": note}


def agrees(text: str) -> bool:
    """Whether the address, as far as it goes, begins with the first name."""
    found = _NAMED.search(text)
    if found is None:
        return True
    name, local, complete = found[1].lower(), found[2], bool(found[3])
    return local.startswith(name) or (not complete and name.startswith(local))


def compare(
    model: Counted,
    methods: Callable[[int], Methods],
    prompts: Sequence[Sequence[int]],
    particles: int,
    max_tokens: int,
    answer: Callable[[str], str],
    right: Callable[[int, str], bool],
    report: Callable[[str], None],
) -> list[list[Any]]:
    """How often a text drawn by weight has the right answer, and how often the answer with most
    of the weight is right; and the former less that of the second method, prompt by prompt.

    The first method writes so many texts for each prompt; the others as many as make the model
    read as many prefixes, by what texts have cost over the prompts before.
    """
    found: dict[str, list[tuple[float, bool, int, int]]] = {}
    for number, prompt in enumerate(prompts):
        for name, (smc, weighted) in methods(number).items():
            first, *_ = found or [name]
            texts = particles
            if number and name != first:
                texts = max(1, round(particles * _cost(found[first]) / _cost(found[name])))
            before = model.asked
            run = smc.run(prompt, texts, max_tokens)
            shares: dict[str, float] = {}
            for sample, share in zip(run.samples, _shares(run, weighted), strict=True):
                if share:
                    said = answer(sample.text)
                    shares[said] = shares.get(said, 0.0) + share
            drawn = sum(share for said, share in shares.items() if right(number, said))
            voted = bool(shares) and right(number, max(shares, key=shares.__getitem__))
            found.setdefault(name, []).append((drawn, voted, model.asked - before, texts))
        report(f"{number + 1} of {len(prompts)}")
    second = [*found][1]
    head = ["", "draws right", "s.e.", f"more than {second}", "s.e."]
    rows: list[list[Any]] = [[*head, "answers right", "prefixes asked", "texts"]]
    base = np.array([drawn for drawn, *_ in found[second]])
    for name, results in found.items():
        drawn, voted, asked, texts = np.array(results, float).T
        told = [
            *_mean(drawn),
            *_mean(drawn - base),
            *(float(x.mean()) for x in (voted, asked, texts)),
        ]
        rows.append([name, *told])
    return rows


def _cost(results: Sequence[tuple[float, bool, int, int]]) -> float:
    """Prefixes that the model was asked about for each text."""
    return sum(asked for *_, asked, _ in results) / sum(texts for *_, texts in results)


def _mean(values: NDArray[Any]) -> tuple[float, float]:
    """The mean, and its standard error."""
    return float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values))


def _shares(run: Run, weighted: bool) -> list[float]:
    """Of each sample: by weight, or of the number."""
    if not weighted:
        return [sample.finished / len(run.samples) for sample in run.samples]
    return [float(share) for share in shares_of(np.array([s.log_weight for s in run.samples]))]
