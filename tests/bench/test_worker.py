"""A schema that kills its engine costs that schema and no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.errors import BenchmarkError
from bench.measure import Tokens
from bench.worker import EngineSpec, Limits, Worker


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "fake.log"


@pytest.fixture(scope="module")
def worker(fakes: str, tokenizer_folder: Path, log: Path) -> Iterator[Worker]:
    spec = EngineSpec(f"{fakes}:FakeEngine", str(tokenizer_folder), log)
    worker = Worker(spec, Limits(time_s=60, memory_mb=1000))
    yield worker
    worker.close()


@pytest.mark.parametrize(
    ("action", "outcome", "reason"),
    [
        ("segfault", "crash", "SIGSEGV"),
        ("exit", "crash", "exit code 3"),
        ("eat", "out of memory", "over 1000 MB"),
    ],
)
def test_a_death_costs_one_schema(worker: Worker, action: str, outcome: str, reason: str) -> None:
    instances = [Tokens([5, 6, 7], True)]
    before = worker.run("before", {}, instances)
    died = worker.run("died", {"do": action}, instances)
    after = worker.run("after", {}, instances)

    assert (died.id, died.outcome, died.reason) == ("died", outcome, reason)
    assert died.ttfm_us is None
    assert died.tbm_us == ()
    assert (before.outcome, after.outcome) == ("passing", "passing")
    assert len(after.tbm_us) == 3


def test_a_hang_costs_one_schema(fakes: str, tokenizer_folder: Path, log: Path) -> None:
    spec = EngineSpec(f"{fakes}:FakeEngine", str(tokenizer_folder), log)
    worker = Worker(spec, Limits(time_s=3, memory_mb=1000))
    hung = worker.run("hung", {"do": "sleep"}, [])
    after = worker.run("after", {}, [])
    worker.close()
    assert (hung.outcome, hung.reason) == ("timeout", "over 3 s")
    assert after.outcome == "passing"


def test_memory_is_that_of_the_worker_alone(worker: Worker) -> None:
    ballast = bytearray(200_000_000)
    ballast[::4096] = b"x" * len(ballast[::4096])
    first = worker.run("first", {}, [])
    second = worker.run("second", {}, [])
    assert 20 < worker.setup.peak_mb <= first.peak_mb + 1
    assert second.peak_mb - worker.setup.peak_mb < 100


def test_what_an_engine_prints_goes_to_its_log(
    worker: Worker, log: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    worker.run("chatty", {"do": "print"}, [])
    assert "a word of the engine" in log.read_text()
    assert capfd.readouterr().out == ""


def test_an_engine_that_cannot_be_set_up_is_named(
    fakes: str, tokenizer_folder: Path, tmp_path: Path
) -> None:
    spec = EngineSpec(
        f"{fakes}:FakeEngine", str(tokenizer_folder), tmp_path / "fake.log", {"fail": True}
    )
    with pytest.raises(BenchmarkError, match=r"FakeEngine could not be set up.*no such thing"):
        Worker(spec, Limits(time_s=5, memory_mb=1500))
