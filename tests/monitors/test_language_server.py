"""Language servers: a real one, and one that misbehaves."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from constrain import ConstraintError, MonitorWarning
from constrain.monitors import LanguageServer, Place, ServerMembers, monitored
from tests.monitors.repository import place
from tests.monitors.test_python import BOOK, FINE, accepts, public

FAKE = str(Path(__file__).with_name("fake_server.py"))


@pytest.fixture
def fake(tmp_path):
    servers = []

    def start(how: str, timeout: float = 30) -> LanguageServer:
        command = [sys.executable, FAKE, how, str(tmp_path / "log")]
        servers.append(LanguageServer(command, "python", tmp_path, timeout))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def matcher_of(server: LanguageServer, folder: Path):
    return monitored(FINE, ServerMembers(server, place(folder, "x = 1\n"))).matcher()


@pytest.mark.skipif(find_spec("basedpyright") is None, reason="basedpyright is not installed")
def test_basedpyright(tmp_path):
    where = place(tmp_path, BOOK, "\n\nprint(1)\n")
    command = [str(Path(sys.executable).with_name("basedpyright-langserver")), "--stdio"]
    server = LanguageServer(command, "python", tmp_path, timeout=60)
    monitor = ServerMembers(server, where)
    assert public(monitor.suggest(BOOK + "shelf.")) == {"width", "books", "tallest"}
    assert public(monitor.suggest(BOOK + "'é𝔸'; shelf.tallest().")) == {"title", "colour", "open"}
    matcher = monitored(FINE, monitor).matcher()
    assert accepts(matcher, "shelf.tallest().title")
    assert not accepts(matcher, "shelf.tallest().width")
    server.close()


def test_a_server_that_dies_once_is_started_again(fake, tmp_path):
    assert accepts(matcher_of(fake("dies once"), tmp_path), "x.name")
    assert (tmp_path / "log").read_text().split() == ["started"] * 2


@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [
        ("dies", "failed", "has ended"),
        ("late", "late", "within 3 s"),
        ("fails", "failed", "it went wrong"),
        ("none", "empty", "no suggestion"),
    ],
)
def test_servers_that_do_not_answer(fake, tmp_path, how, kind, said):
    matcher = matcher_of(fake(how, timeout=3 if how == "late" else 30), tmp_path)
    with pytest.warns(MonitorWarning, match=said) as told:
        assert accepts(matcher, "x.anything")
    assert told[0].message.error.kind == kind


def test_a_server_that_cannot_be_started(tmp_path):
    matcher = matcher_of(LanguageServer(["no-such-server"], "python", tmp_path), tmp_path)
    with pytest.warns(MonitorWarning, match="cannot start no-such-server"):
        assert accepts(matcher, "x.anything")


def test_a_server_with_very_many_answers(fake, tmp_path):
    matcher = matcher_of(fake("many"), tmp_path)
    assert accepts(matcher, "x.name_99999")
    assert not accepts(matcher, "x.name_100000")


def test_a_file_without_a_path(tmp_path):
    with pytest.raises(ConstraintError, match="path"):
        ServerMembers(LanguageServer(["server"], "python", tmp_path), Place())
