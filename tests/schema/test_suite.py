"""The official JSON-Schema-Test-Suite: what compiles must decide every required case rightly."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import referencing
from referencing.jsonschema import DRAFT202012, specification_with

from constrain.errors import UnsatisfiableSchemaError
from constrain.schema import JSONOptions, schema_control
from tests.reference import accepts

DRAFTS = ("draft4", "draft6", "draft7", "draft2019-09", "draft2020-12")


@pytest.fixture(scope="module")
def suite(data: Path) -> dict[str, Any]:
    with tarfile.open(data / "json-schema-test-suite.tar.xz") as archive:
        return {
            member.name.removeprefix("./"): json.load(file)
            for member in archive
            if member.name.endswith(".json") and (file := archive.extractfile(member))
        }


@pytest.fixture(scope="module")
def registry(suite: dict[str, Any]) -> referencing.Registry[Any]:
    remotes = (
        (
            "http://localhost:1234/" + name.removeprefix("remotes/"),
            referencing.Resource.from_contents(contents, default_specification=_dialect(name)),
        )
        for name, contents in suite.items()
        if name.startswith("remotes/")
    )
    return referencing.Registry().with_resources(remotes)


def _dialect(name: str) -> Any:
    for draft, uri in (
        ("draft4", "http://json-schema.org/draft-04/schema#"),
        ("draft6", "http://json-schema.org/draft-06/schema#"),
        ("draft7", "http://json-schema.org/draft-07/schema#"),
        ("draft2019-09", "https://json-schema.org/draft/2019-09/schema"),
    ):
        if name.startswith(f"remotes/{draft}/"):
            return specification_with(uri)
    return DRAFT202012


@pytest.mark.parametrize("draft", DRAFTS)
def test_required_cases(
    draft: str, suite: dict[str, Any], registry: referencing.Registry[Any]
) -> None:
    wrong: list[str] = []
    decided = 0
    for name, case in _cases(suite, draft):
        try:
            control = schema_control(
                case["schema"], JSONOptions.specification(), registry=registry, draft=draft
            )
        except UnsatisfiableSchemaError:
            control = None
        for test in case["tests"]:
            text = json.dumps(test["data"]).encode()
            decided += 1
            if (control is not None and accepts(control, text)) != test["valid"]:
                wrong.append(f"{name}: {case['description']}: {test['description']}")
    assert wrong == []
    assert decided > 400


def _cases(suite: dict[str, Any], draft: str) -> Iterator[tuple[str, Any]]:
    for path, cases in suite.items():
        folder, _, name = path.rpartition("/")
        if folder == f"tests/{draft}":
            for case in cases:
                yield name, case
