"""Code written with a language server: samplers, speculation, the command."""

from __future__ import annotations

import json
import sys

import pytest
from typer.testing import CliRunner

from constrain import compile_regex, generate, generate_code
from constrain.cli import app
from constrain.models import BundledModel
from constrain.monitors import LanguageServer, Place, ServerMembers
from constrain.monitors.languages import CPP
from tests.monitors.test_language_server import FAKE
from tests.monitors.test_servers import LATER_CPP, SHELF_CPP, STOCK_H, TILL_CPP, installed

NAMES = ("name", "names", "size")


@pytest.fixture(scope="module")
def model():
    return BundledModel()


@pytest.fixture(scope="module")
def constraint(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fake")
    command = [sys.executable, FAKE, "answers", str(folder / "log")]
    with LanguageServer(command, "python", folder) as server:
        members = ServerMembers(server, Place(path=folder / "a.py"))
        yield compile_regex(r"[a-z]{1,4}\.[a-z]{1,8}(\.[a-z ]{1,8})?", model.vocabulary) & members


@pytest.mark.parametrize("sampler", ["masked", "awrs", "smc"])
def test_speculation_writes_the_same(model, constraint, sampler):
    plain, drafted = (
        generate(
            constraint,
            model,
            n=4,
            seed=3,
            max_tokens=25,
            sampler=sampler,
            particles=4,
            draft=draft,
            return_details=True,
        )
        for draft in (None, "auto")
    )
    assert [text.token_ids for text in plain] == [text.token_ids for text in drafted]
    for text in plain:
        first, *members = text.value.split(".")
        assert first
        assert members[0] in NAMES
        assert members[1:] == [] or members[1].split(" ")[0] in (*NAMES, "")


def test_the_command(tmp_path):
    file = tmp_path / "till.ts"
    file.write_text("function sell(shelf) {\n  return shelf.\n}\n")
    fake = f"{sys.executable} {FAKE} answers {tmp_path / 'log'}"
    arguments = ["code", str(file), "--line", "2", "-s", "1", "--pattern", "[a-z]{3,}"]
    result = CliRunner().invoke(app, [*arguments, "--server", fake, "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["results"][0]["value"] in NAMES
    for wrong, said in (
        (["--server", fake, "--monitor", "imports"], "a language server has 'dereference'"),
        (["--server", fake, "--monitor", "members"], "no monitor 'members'"),
        (["--server", "no-such-server"], "there is no no-such-server to ask about typescript"),
        (["--server", "'"], "No closing quotation"),
        (["--server", " "], "--server has no command"),
    ):
        refused = CliRunner().invoke(app, [*arguments, *wrong])
        assert (refused.exit_code, said in refused.stderr) == (2, True), refused.output


@pytest.mark.parametrize(
    ("otherwise", "code", "said"),
    [
        ("ignore", 0, "going on without"),
        ("error", 2, "it went wrong"),
        ("stop", 0, "stopping here"),
    ],
)
def test_the_command_without_an_answer(tmp_path, otherwise, code, said):
    file = tmp_path / "till.cpp"
    file.write_text("int sell(Shelf& shelf) {\n  return shelf.\n}\n")
    fake = f"{sys.executable} {FAKE} fails {tmp_path / 'log'}"
    arguments = ["code", str(file), "--line", "2", "-s", "1", "--pattern", "[a-z]{0,3}"]
    result = CliRunner().invoke(app, [*arguments, "--server", fake, "--otherwise", otherwise])
    assert result.exit_code == code, result.output
    assert said in " ".join(result.stderr.split())
    assert (result.stdout.strip() == "") == (otherwise != "ignore")


def test_encodings_of_files(tmp_path):
    file = tmp_path / "till.cpp"
    file.write_bytes(b"\xef\xbb\xbfint x;\r\n")
    assert Place.in_file(file, 1).before == "int x;"
    file.write_bytes("// é\nint x;\n".encode("latin-1"))
    refused = CliRunner().invoke(app, ["code", str(file), "--line", "2"])
    assert refused.exit_code == 2
    assert "cannot read" in refused.stderr
    assert "utf-8" in refused.stderr


@installed(CPP)
def test_members_by_suffix(tmp_path, model):
    (tmp_path / "stock.h").write_text(STOCK_H)
    where = Place(TILL_CPP + "return shelf.", LATER_CPP, tmp_path / "till.cpp")
    texts = generate_code(where, model, n=4, seed=1, pattern="[a-z]+", max_tokens=20)
    assert set(texts) <= SHELF_CPP
