"""A process for each engine, so that a crash, a hang or a memory leak costs one schema."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

import psutil

from bench.engines import load_engine
from bench.errors import BenchmarkError
from bench.measure import Result, Tokens, measure

_SETUP_LIMIT_S = 300.0
"""An engine may compile its own code when it is first set up."""
_POLL_S = 0.02

_WARM_UP_SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "count": {"type": "integer"}},
    "required": ["name"],
}
_WARM_UP_TEXT = '{"name": "warm", "count": 1}'


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """What a worker needs to set its engine up.

    Attributes:
        path: the engine's class, `module:Class`.
        tokenizer: folder or hub name of the tokenizer.
        log: file for what the engine prints.
        options: keyword arguments of the class.
    """

    path: str
    tokenizer: str
    log: Path
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one schema may cost.

    Attributes:
        time_s: seconds for compilation and all instances.
        memory_mb: resident memory of the worker, MB.
    """

    time_s: float
    memory_mb: float


@dataclass(frozen=True, slots=True)
class Setup:
    """What setting an engine up took: seconds, and the worker's peak memory after it in MB."""

    seconds: float
    peak_mb: float


class Worker:
    """Runs schemas on one engine in a process of its own, replaced when it dies."""

    def __init__(self, spec: EngineSpec, limits: Limits) -> None:
        """Start the process and set the engine up.

        Raises:
            BenchmarkError: the engine failed before its first schema.
        """
        self._spec = spec
        self._limits = limits
        self.setup = self._start()

    def run(self, name: str, schema: Any, instances: Sequence[Tokens]) -> Result:
        """Measure one schema. A worker that dies of it is replaced."""
        with suppress(BrokenPipeError):  # a worker that died meanwhile shows below
            self._connection.send((name, schema, list(instances)))
        answer = self._receive(self._limits.time_s, self._limits.memory_mb)
        if isinstance(answer, Result):
            return answer
        outcome, reason, peak_mb = answer
        self.close()
        self._start()
        return Result(name, outcome, reason, peak_mb=peak_mb)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._connection.close()

    def _start(self) -> Setup:
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._spec), daemon=True)
        self._process.start()
        theirs.close()
        answer = self._receive(_SETUP_LIMIT_S, float("inf"))
        if isinstance(answer, Setup):
            return answer
        self.close()
        message = answer if isinstance(answer, str) else f"{answer[0]} {answer[1]}"
        raise BenchmarkError(f"{self._spec.path} could not be set up: {message}")

    def _receive(self, time_s: float, memory_mb: float) -> Any:
        """The worker's answer, or (outcome, reason, peak MB) where it must be given up."""
        deadline = monotonic() + time_s
        process = psutil.Process(self._process.pid)
        peak_mb = 0.0
        while not self._connection.poll(_POLL_S):
            try:
                peak_mb = max(peak_mb, process.memory_info().rss / 1e6)
            except psutil.Error:  # it has just died, and the pipe will say so
                continue
            if peak_mb > memory_mb:
                return "out of memory", f"over {memory_mb:g} MB", peak_mb
            if monotonic() > deadline:
                return "timeout", f"over {time_s:g} s", peak_mb
        try:
            return self._connection.recv()
        except EOFError:
            self._process.join()
            return "crash", _exit_reason(self._process.exitcode), peak_mb


def _exit_reason(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return signal.Signals(-exit_code).name
    return f"exit code {exit_code}"


def _serve(connection: Connection, spec: EngineSpec) -> None:
    """The worker's side: set the engine up, warm it up, then answer schema by schema."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the run
    os.environ.update(RAYON_NUM_THREADS="1", OMP_NUM_THREADS="1")
    with spec.log.open("a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    try:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(spec.tokenizer)
        eos_token_id = tokenizer.eos_token_id
        started = perf_counter()
        engine = load_engine(spec.path, tokenizer, spec.options)
        seconds = perf_counter() - started
        warm_up = Tokens(tokenizer.encode(_WARM_UP_TEXT, add_special_tokens=False), True)
        measure(engine, "warm-up", _WARM_UP_SCHEMA, [warm_up], eos_token_id)
        # As servers do: full collections would walk all that the imports have made, at random.
        gc.collect()
        gc.freeze()
        del tokenizer
    except Exception as error:
        connection.send(f"{type(error).__name__}: {error}")
        return
    connection.send(Setup(seconds, _peak_mb()))
    while True:
        try:
            name, schema, instances = connection.recv()
        except EOFError:
            return
        result = measure(engine, name, schema, instances, eos_token_id)
        connection.send(replace(result, peak_mb=_peak_mb()))


def _peak_mb() -> float:
    """The peak resident memory of this process, MB."""
    status = Path("/proc/self/status")
    if status.exists():  # there, getrusage would count what the parent held before the start
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(fields["VmHWM"].split()[0]) / 1e3
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3
