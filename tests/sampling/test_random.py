"""The contracts of the samplers over random models under random constraints of every kind, and
samplers that are wrong on purpose, which must not pass."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from random import Random
from typing import Any

import jsonschema
import numpy as np
import pytest
from lark import Lark
from lark.exceptions import LarkError
from numpy.typing import NDArray

from constrain import Vocabulary, compile_grammar, compile_json_schema, compile_regex
from constrain.models import TableModel
from constrain.sampling import (
    ASApSampler,
    AWRSSampler,
    CARSSampler,
    MaskedSampler,
    RejectionSampler,
    Sample,
    Sampler,
)
from constrain.sampling import awrs as estimators
from constrain.sampling.base import Draw, Particle

from .exact import (
    LETTERS,
    PROMPT,
    Asked,
    Exact,
    chi_square,
    enumerate_texts,
    standard_score,
    weights,
)

JSON = Vocabulary.from_bytes([b"[", b"]", b",", b"1", b"1]", None], [5])
MOST, CASES, DRAWS = 5, 3, 500


@dataclass(frozen=True)
class Case:
    """A model, a constraint, and what the model writes under it."""

    model: TableModel
    constraint: Any
    truth: Exact


def regexes(rng: Random) -> tuple[Any, Callable[[bytes], bool]]:
    def expression(depth: int) -> str:
        if not depth:
            return rng.choice(("a", "b", "0", "[ab]", "[b0]", "ab"))
        left, right = expression(depth - 1), expression(depth - 1)
        return rng.choice((f"({left}|{right})", left + right, f"({left}){{1,3}}", f"({left})?b*"))

    pattern = expression(3)
    return compile_regex(pattern, LETTERS), lambda text: bool(
        re.fullmatch(pattern, text.decode("latin-1"))
    )


def schemas(rng: Random) -> tuple[Any, Callable[[bytes], bool]]:
    def schema() -> dict[str, Any]:
        least = rng.choice((0, 1))
        items = {"enum": rng.sample([1, 11, 111, [1], []], rng.choice((2, 3, 4)))}
        found = {"type": "array", "items": items, "minItems": least, "maxItems": least + 2}
        return {**found, "uniqueItems": True} if rng.random() < 0.4 else found

    either = {"anyOf": [schema(), {"enum": rng.sample([1, 11, 111], 2)}]}
    judge = jsonschema.Draft202012Validator(either)

    def valid(text: bytes) -> bool:
        try:
            return judge.is_valid(json.loads(text))
        except ValueError:
            return False

    return compile_json_schema(either, JSON), valid


def grammars(rng: Random) -> tuple[Any, Callable[[bytes], bool]]:
    def word() -> str:
        return f'"{"".join(rng.choices("ab0", k=rng.choice((1, 1, 2))))}"'

    rules = [f"start: {word()} start {word()} | x start? | {word()}", f"x: {word()} | {word()} x"]
    text = "\n".join(rules)
    judge = Lark(text, parser="earley", lexer="dynamic_complete")

    def valid(text: bytes) -> bool:
        try:
            judge.parse(text.decode())
        except LarkError:
            return False
        return True

    return compile_grammar(text, LETTERS, lexer="dynamic"), valid


def questions(rng: Random) -> tuple[Any, Callable[[bytes], bool]]:
    texts = {
        "".join(rng.choices("ab0", k=rng.randrange(6))).encode()
        for _ in range(rng.randrange(4, 40))
    }
    return Asked(texts), texts.__contains__


KINDS = {"regex": regexes, "schema": schemas, "grammar": grammars, "question": questions}


@cache
def cases(kind: str) -> tuple[Case, ...]:
    """Those under which some, but not all, of what the model writes is valid."""
    found: list[Case] = []
    seed = 0
    while len(found) < CASES:
        seed += 1
        rng = Random(f"{kind} {seed}")
        constraint, valid = KINDS[kind](rng)
        flat = TableModel(JSON if kind == "schema" else LETTERS, seed)
        model = TableModel(flat.vocabulary, partial(tempered, flat, rng.uniform(0.5, 2.5)))
        truth = enumerate_texts(model, valid, MOST)
        shares = sorted(truth.conditional.values())
        if 0.04 < truth.z < 0.7 and len(shares) > 2 and shares[-2] > 0.1:
            found.append(Case(model, constraint, truth))
    return tuple(found)


def tempered(flat: TableModel, power: float, prefix: tuple[int, ...]) -> NDArray[Any]:
    return np.exp(power * flat.logprobs([prefix])[0])


def surprise(samples: list[Sample], truth: Exact, exact: bool) -> float:
    """How far from the contract, in standard errors: the worst of several statistics."""
    if exact:
        return chi_square([sample.token_ids for sample in samples], truth.conditional)
    if not {sample.token_ids for sample in samples if sample.finished} <= truth.texts.keys():
        return math.inf
    w = weights(samples)
    scores = [standard_score(w, truth.z)]
    for text in sorted(truth.texts, key=truth.texts.__getitem__)[-3:]:
        hits = np.array([sample.token_ids == text for sample in samples])
        if hits.sum() >= 10:
            scores.append(standard_score(w * hits, truth.texts[text]))
    return max(map(abs, scores))


def draw(make: Callable[..., Sampler], case: Case) -> list[Sample]:
    return make(case.model, case.constraint, seed=3).sample(PROMPT, DRAWS, MOST)


WEIGHTED: dict[str, Callable[..., Sampler]] = {
    "masked": MaskedSampler,
    "awrs": AWRSSampler,
    "awrs, recursive": partial(AWRSSampler, estimator="recursive"),
    "awrs, geometric": partial(AWRSSampler, estimator="geometric", max_accepts=3),
    "awrs, averaged": partial(AWRSSampler, estimator="averaged", max_accepts=3),
    "awrs, few rejects": partial(AWRSSampler, max_rejects=2),
    "asap": partial(ASApSampler, round_size=10),
}
EXACT: dict[str, Callable[..., Sampler]] = {"rejection": RejectionSampler, "cars": CARSSampler}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*WEIGHTED, *EXACT])
def test_contracts(name: str, kind: str) -> None:
    if (name, kind) == ("masked", "question"):
        pytest.skip("local masking needs masks")
    for case in cases(kind):
        samples = draw((WEIGHTED | EXACT)[name], case)
        assert surprise(samples, case.truth, name in EXACT) < 4.5


class Unweighted(MaskedSampler):
    """Local masking taken for the model's own distribution."""

    def draw(self, particle: Particle, logprobs: NDArray[Any]) -> Draw:
        return super().draw(particle, logprobs)._replace(log_weight=0.0)


class Optimist(AWRSSampler):
    """Takes the share of allowed tokens among those drawn for their probability."""

    def draw(self, particle: Particle, logprobs: NDArray[Any]) -> Draw:
        allowed, before = particle.cursor.allows, self.checks
        token, _ = super().draw(particle, logprobs)
        particle.cursor.allows = allowed  # type: ignore[method-assign]
        return Draw(token, -math.log(self.checks - before) if token is not None else -math.inf)


class Truncated(AWRSSampler):
    """Gives up after a refusal, and leaves that out of the estimate."""

    def draw(self, particle: Particle, logprobs: NDArray[Any]) -> Draw:
        race = estimators.Race(logprobs, particle.stream.uniforms(particle.position, len(logprobs)))
        trial = estimators.recursive(race, particle.cursor.allows)
        if trial.token is None or trial.refused:
            return Draw(None, -math.inf)
        return Draw(trial.token, math.log(trial.estimate))


class Forgetful(ASApSampler):
    """Proposes by what has been learnt, and weighs as if nothing had been."""

    def draw(self, particle: Particle, logprobs: NDArray[Any]) -> Draw:
        token, _ = super().draw(particle, logprobs)
        mask = particle.cursor.mask()
        if token is None or mask is None:
            return Draw(None, -math.inf)
        return Draw(token, float(np.log(np.exp(logprobs[mask]).sum())))


class Impatient(RejectionSampler):
    """Draws the refused token again, not the text."""

    def draw(self, particle: Particle, logprobs: NDArray[Any]) -> Draw:
        race = estimators.Race(logprobs, particle.stream.uniforms(particle.position, len(logprobs)))
        for token, _ in race:
            if particle.cursor.allows(token):
                return Draw(token, 0.0)
        return Draw(None, -math.inf)


class Masking(CARSSampler):
    """Draws the refused token again, and learns nothing from it."""

    def choose(self, race: estimators.Race, particle: Particle, masked: bool) -> Any:
        for token, _ in race:
            if particle.cursor.allows(token):
                return token, 0.0, ()
        return super().choose(race, particle, masked)

    def learn(self, particles: Any) -> None:
        pass


WRONG: dict[str, tuple[Any, bool]] = {
    "unweighted": (Unweighted, False),
    "optimist": (Optimist, False),
    "truncated": (Truncated, False),
    "forgetful": (Forgetful, False),
    "impatient": (Impatient, True),
    "masking": (Masking, True),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_out(name: str) -> None:
    make, exact = WRONG[name]
    some = cases("regex") + cases("grammar")
    assert max(surprise(draw(make, case), case.truth, exact) for case in some) > 6
