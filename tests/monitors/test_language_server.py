"""Language servers that misbehave: bounded waits, typed events, no wrong text."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from constrain import ConstraintError, MonitorError, MonitorWarning
from constrain.monitors import Language, LanguageServer, Place, ServerMembers, monitored
from tests.monitors.repository import place
from tests.monitors.test_python import FINE, accepts

FAKE = str(Path(__file__).with_name("fake_server.py"))


@pytest.fixture
def fake(tmp_path):
    servers = []

    def start(how: str, timeout: float = 30, language: str | Language = "python"):
        command = [sys.executable, FAKE, how, str(tmp_path / "log")]
        servers.append(LanguageServer(command, language, tmp_path, timeout))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def matcher_of(server: LanguageServer, folder: Path, **settings):
    monitor = ServerMembers(server, place(folder, "x = 1\n"))
    for name, value in settings.items():
        setattr(monitor, name, value)
    return monitored(FINE, monitor).matcher()


def processes(folder: Path) -> list[int]:
    """The servers that have been started."""
    return [int(number) for number in (folder / "log").read_text().split()]


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return not Path("/proc/self").exists()
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("how", ["dies once", "complains", "other number"])
def test_servers_that_answer_in_the_end(fake, tmp_path, how):
    matcher = matcher_of(fake(how), tmp_path)
    assert accepts(matcher, "x.name")
    assert not accepts(matcher, "x.wrong")
    assert len(processes(tmp_path)) == 1 + (how == "dies once")


@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [
        ("dies", "failed", "has ended: it went away; given up after 3 starts"),
        ("dies at once", "failed", "has ended: cannot begin; given up after 3 starts"),
        ("says nothing", "failed", "does not say what it can do"),
        ("late", "late", "within 1 s"),
        ("no header", "late", "within 1 s"),
        ("no end", "late", "within 1 s"),
        ("no lines", "failed", "given up after 3 starts"),
        ("fails", "failed", "it went wrong"),
        ("fails oddly", "failed", "it went wrong"),
        ("no JSON", "failed", "cannot be read"),
        ("no object", "failed", "cannot be read"),
        ("no UTF-8", "failed", "cannot be read"),
        ("no list", "failed", "no list"),
        ("no labels", "failed", "no label"),
        ("no text", "failed", "malformed"),
        ("none", "empty", "no suggestion"),
    ],
)
def test_servers_that_do_not_answer(fake, tmp_path, how, kind, said):
    server = fake(how, timeout=1 if kind == "late" else 30)
    started = time.monotonic()
    with pytest.warns(MonitorWarning, match=said) as told:
        assert accepts(matcher_of(server, tmp_path), "x.anything")
    assert told[0].message.error.kind == kind
    strict = matcher_of(server, tmp_path, otherwise="error")
    with pytest.raises(MonitorError, match="no answer"):
        strict.accept_bytes(b"x.anything")
    assert strict.accept_bytes(b"y")
    with pytest.warns(MonitorWarning, match="stopping here"):
        stopped = matcher_of(server, tmp_path, otherwise="stop")
        assert stopped.accept_bytes(b"x.")
    assert not stopped.accept_bytes(b"a")
    assert stopped.is_accepting()
    assert time.monotonic() - started < 25


def test_a_server_that_hangs_is_started_again(fake, tmp_path):
    server = fake("late twice", timeout=2)
    for code in ("x.", "y."):
        with pytest.raises(TimeoutError):
            server.members(tmp_path / "a.py", code)
    assert server.members(tmp_path / "a.py", "z.") == {"name", "names", "size"}
    first, _ = processes(tmp_path)
    assert not runs(first)


def test_a_server_that_answers_is_not_given_up(fake, tmp_path):
    server = fake("well")
    for number in range(5):
        assert server.errors(tmp_path / "x.py", f"x = {number}\n") == []
        os.kill(processes(tmp_path)[-1], signal.SIGKILL)
    assert len(processes(tmp_path)) == 5


def test_a_dead_server_costs_no_more_time(fake, tmp_path):
    server = fake("dies at once")
    for code in ("x.", "y.", "z."):
        with pytest.raises(ConnectionError):
            server.members(tmp_path / "a.py", code)
    assert len(processes(tmp_path)) == 3


def test_a_server_that_cannot_be_started(tmp_path):
    matcher = matcher_of(LanguageServer(["no-such-server"], "python", tmp_path), tmp_path)
    with pytest.warns(MonitorWarning, match="cannot start no-such-server"):
        assert accepts(matcher, "x.anything")


def test_a_server_with_very_many_answers(fake, tmp_path):
    matcher = matcher_of(fake("many"), tmp_path)
    assert accepts(matcher, "x.name_99999")
    assert not accepts(matcher, "x.name_100000")
    assert not accepts(matcher, "x.1")


def test_answers_that_are_cut_short(fake, tmp_path):
    names = {f"{a}{b}_name" for a in "abc" for b in "defgh"}
    language = Language("other", (".x",), trigger=r"\w\.")
    assert fake("cut", language=language).members(tmp_path / "a.x", "x.") == names
    believed = fake("cut", language="python").members(tmp_path / "a.py", "x.")
    assert len(believed) == 3


def test_columns_are_those_of_utf_16(fake, tmp_path):
    found = fake("where").members(tmp_path / "a.py", "'ab'; y\n'é𝔸😀'; x.", "\nprint(1)")
    assert found == {"column_11", "x_name"}


def test_several_threads_ask(fake, tmp_path):
    server = fake("where")

    def owner(number: int) -> bool:
        found = server.members(tmp_path / "a.py", f"owner{number}.")
        return f"owner{number}_name" in found

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(owner, range(40)))
    assert len(processes(tmp_path)) == 1


def test_the_first_question_is_asked_ahead(fake, tmp_path):
    where = place(tmp_path, "x.", "\n")
    monitor = ServerMembers(fake("slow"), where)
    time.sleep(3)
    started = time.monotonic()
    assert monitor.suggest("x.") == ["name", "size"]
    assert time.monotonic() - started < 0.4
    assert monitor.suggest("y = x.") == ["name", "size"]
    assert time.monotonic() - started > 0.5


@pytest.mark.parametrize("how", ["answers", "stays", "late"])
def test_no_server_outlives_the_interpreter(tmp_path, how):
    script = f"""
import sys
from pathlib import Path
from constrain.monitors import LanguageServer
folder = Path({str(tmp_path)!r})
server = LanguageServer([sys.executable, {FAKE!r}, {how!r}, str(folder / "log")], "python", folder)
if {how!r} == "late":
    server.expect(folder / "a.py", "x.")
    while not (folder / "log").exists(): pass
else:
    print(sorted(server.members(folder / "a.py", "x.")))
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    deadline = time.monotonic() + 10
    while any(map(runs, processes(tmp_path))) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(runs, processes(tmp_path)))


def test_a_server_that_nobody_has_is_ended(tmp_path):
    command = [sys.executable, FAKE, "answers", str(tmp_path / "log")]
    server = LanguageServer(command, "python", tmp_path)
    server.members(tmp_path / "a.py", "x.")
    del server
    deadline = time.monotonic() + 10
    while any(map(runs, processes(tmp_path))) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(runs, processes(tmp_path)))


def test_closing_and_asking_again(fake, tmp_path):
    with fake("answers") as server:
        assert server.members(tmp_path / "a.py", "x.")
    assert not any(map(runs, processes(tmp_path)))
    assert server.members(tmp_path / "a.py", "y.")
    assert len(processes(tmp_path)) == 2


def test_bad_arguments(tmp_path):
    with pytest.raises(ConstraintError, match="path"):
        ServerMembers(LanguageServer(["server"], "python", tmp_path), Place())
    with pytest.raises(ConstraintError, match="no language 'cobol'; there are python"):
        LanguageServer(["server"], "cobol", tmp_path)
