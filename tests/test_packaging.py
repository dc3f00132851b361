"""What `import constrain` costs, what it offers, and what an installed copy contains."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest

import constrain

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"numba", "numpy", "torch", "transformers", "jsonschema", "lark", "rich", "typer"}
TOP_FOLDERS = ("grammars", "integrations", "schemas")


def _run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout


def test_import_loads_nothing_heavy():
    loaded = json.loads(_run("import constrain, json, sys; print(json.dumps(list(sys.modules)))"))
    assert HEAVY.isdisjoint(loaded)


def test_import_takes_at_most_a_third_of_a_second():
    code = "import time; t = time.process_time(); import constrain; print(time.process_time() - t)"
    assert min(float(_run(code)) for _ in range(3)) <= 0.3


def test_every_public_name_is_there():
    for name in constrain.__all__:
        assert getattr(constrain, name) is not None
    assert set(constrain.__all__) <= set(dir(constrain))


def test_names_for_type_checkers_are_the_public_names():
    tree = ast.parse((ROOT / "constrain" / "__init__.py").read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {a.name for node in block.body if isinstance(node, ast.ImportFrom) for a in node.names}
    assert typed | {"__version__"} == set(constrain.__all__)


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = constrain.nonsense


def _packages_on_disk() -> set[str]:
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "constrain").rglob("__init__.py")
    }
    return found | {f"constrain.{name}" for name in TOP_FOLDERS}


def test_every_package_is_named_in_pyproject():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    block = re.search(r"^packages = \[(.*?)^\]", text, re.DOTALL | re.MULTILINE)
    assert block
    assert sorted(re.findall(r'"([\w.]+)"', block[1])) == sorted(_packages_on_disk())


def test_top_folders_are_packages_of_constrain():
    names = {f.name for f in files("constrain.schemas").iterdir() if f.name.endswith(".json")}
    assert names == {path.name for path in (ROOT / "schemas").glob("*.json")}


def _files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a wheel of the project installs."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for name in ("constrain", *TOP_FOLDERS):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("LICENSE", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, source)
    wheel = [sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps", "--no-build-isolation"]
    subprocess.run([*wheel, "--wheel-dir", str(target), str(source)], check=True)
    with zipfile.ZipFile(next(target.glob("*.whl"))) as archive:
        archive.extractall(target)
    return target


def test_a_wheel_contains_all_code_and_data(installed: Path):
    assert _files(installed / "constrain") == _files(ROOT / "constrain").union(
        *({f"{name}/{file}" for file in _files(ROOT / name)} for name in TOP_FOLDERS)
    )


def test_an_installed_copy_finds_its_samples(installed: Path):
    code = "import constrain.cli.inputs as c; print(c.__file__, *c.sample_names())"
    env = {**os.environ, "PYTHONPATH": str(installed)}
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, capture_output=True, text=True, check=True, cwd=installed, env=env)
    path, *names = out.stdout.split()
    assert Path(path).is_relative_to(installed)
    assert "person" in names
