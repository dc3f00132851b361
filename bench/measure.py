"""What MaskBench measures of one schema on one engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import inf
from time import perf_counter_ns
from typing import Any

from bench.engines import CompileError, Engine

OUTCOMES = (
    "passing",
    "compile error",
    "wrong accept",
    "wrong reject",
    "run-time error",
    "timeout",
    "out of memory",
    "crash",
)
"""What can become of a schema. It passes if all its instances are judged rightly; if several
things go wrong, a wrong accept counts before a wrong reject, and that before an error."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """An instance as token ids, and whether it satisfies the schema."""

    token_ids: list[int]
    valid: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an engine made of one instance.

    Attributes:
        valid: whether the instance satisfies the schema.
        accepted: every token was allowed, and EOS after the last.
        position: tokens accepted; where the instance was refused, the index of the refused token
            (the number of tokens where EOS was refused).
        error: why the engine gave up, or None.
    """

    valid: bool
    accepted: bool
    position: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What one engine made of one schema.

    Attributes:
        id: the schema's name.
        outcome: one of `OUTCOMES`.
        reason: why, in a few words to count by; "" where it passes or misjudges.
        detail: the whole message, if any.
        ttfm_us: time to first mask (compilation and the first mask), microseconds, or None.
        tbm_us: for each token of each instance, mask and accept, microseconds.
        verdicts: one for each instance.
        peak_mb: the worker's peak memory so far, MB.
    """

    id: str
    outcome: str
    reason: str = ""
    detail: str = ""
    ttfm_us: float | None = None
    tbm_us: tuple[float, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    peak_mb: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(record: dict[str, Any]) -> Result:
        verdicts = tuple(Verdict(**verdict) for verdict in record["verdicts"])
        return Result(**{**record, "verdicts": verdicts, "tbm_us": tuple(record["tbm_us"])})


def measure(
    engine: Engine,
    name: str,
    schema: Any,
    instances: Sequence[Tokens],
    eos_token_id: int,
    limit_s: float = inf,
    clock: Callable[[], int] = perf_counter_ns,
) -> Result:
    """Compile a schema and replay its instances, token by token.

    The time of a token is that of its mask, of the look whether the mask allows it, and of the
    step to the next state; it ends with the first token that is not allowed. The look at EOS
    after the last token is not timed. Once `limit_s` seconds have passed, no instance is begun.
    `clock` gives nanoseconds.
    """
    started = clock()
    try:
        start = engine.compile(schema)
        start().mask()
    except CompileError as error:
        return Result(name, "compile error", error.reason, str(error))
    except Exception as error:  # a bug in the engine costs one schema, not the run
        reason = f"internal {type(error).__name__}"
        return Result(name, "compile error", reason, f"{type(error).__name__}: {error}")
    ttfm_us = round((clock() - started) / 1000, 1)

    times: list[int] = []
    verdicts = []
    for instance in instances:
        if clock() - started > limit_s * 1e9:
            break
        try:
            verdict = _replay(engine, start(), instance, eos_token_id, times, clock)
        except Exception as error:
            verdict = Verdict(instance.valid, False, 0, f"{type(error).__name__}: {error}")
        verdicts.append(verdict)
    outcome, reason = judge(verdicts)
    return Result(
        name,
        outcome,
        reason,
        ttfm_us=ttfm_us,
        tbm_us=tuple(round(ns / 1000, 1) for ns in times),
        verdicts=tuple(verdicts),
    )


def judge(verdicts: Sequence[Verdict]) -> tuple[str, str]:
    """The outcome of a schema that compiled, and the reason."""
    if any(verdict.accepted and not verdict.valid for verdict in verdicts):
        return "wrong accept", ""
    if any(verdict.valid and not verdict.accepted and not verdict.error for verdict in verdicts):
        return "wrong reject", ""
    for verdict in verdicts:
        if verdict.error:
            return "run-time error", verdict.error.partition("\n")[0][:80]
    return "passing", ""


def _replay(
    engine: Engine,
    matcher: Any,
    instance: Tokens,
    eos_token_id: int,
    times: list[int],
    clock: Callable[[], int],
) -> Verdict:
    words = engine.row.data
    for position, token_id in enumerate(instance.token_ids):
        before = clock()
        matcher.mask()
        allowed = words[token_id >> 5] >> (token_id & 31) & 1
        if allowed:
            matcher.accept(token_id)
        times.append(clock() - before)
        if not allowed:
            return Verdict(instance.valid, False, position, matcher.error())
    matcher.mask()
    ended = bool(words[eos_token_id >> 5] >> (eos_token_id & 31) & 1)
    error = matcher.error()
    return Verdict(instance.valid, ended and not error, len(instance.token_ids), error)
