"""The cases of the official JSON-Schema-Test-Suite: schemas with the instances they are to judge.

See https://github.com/json-schema-org/JSON-Schema-Test-Suite.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.data import Instance, data_folder
from bench.errors import BenchmarkError

if TYPE_CHECKING:
    from referencing import Registry, Specification

DRAFTS = ("draft4", "draft6", "draft7", "draft2019-09", "draft2020-12", "v1")
KINDS = ("required", "optional", "format")

_ARCHIVE = "json-schema-test-suite.tar.xz"
_SERVER = "http://localhost:1234/"  # where the suite expects its remote documents to be


@dataclass(frozen=True, slots=True)
class SuiteCase:
    """A schema of the suite with its instances.

    Attributes:
        draft: the folder of the draft, one of `DRAFTS`.
        file: the file below that folder, without its suffix: "optional/bignum".
        description: what the suite says of the schema.
        schema: the schema.
        tests: what the suite says of each instance.
        instances: the instances, one for each of `tests`.
    """

    draft: str
    file: str
    description: str
    schema: Any
    tests: tuple[str, ...]
    instances: tuple[Instance, ...]

    @property
    def kind(self) -> str:
        """One of `KINDS`: whether the specification asks for it, or it is about a format."""
        if self.file.startswith(("format/", "optional/format/")):
            return "format"
        return "optional" if self.file.startswith("optional/") else "required"


@dataclass(frozen=True, slots=True)
class Suite:
    """The suite.

    Attributes:
        cases: all cases of `DRAFTS`.
        remotes: the remote documents, by their URIs.
    """

    cases: Sequence[SuiteCase]
    remotes: dict[str, Any]

    def registry(self) -> Registry[Any]:
        """The remote documents, each of the draft in whose folder it is."""
        from referencing import Registry, Resource

        resources = (
            (uri, Resource.from_contents(contents, default_specification=_specification(uri)))
            for uri, contents in self.remotes.items()
        )
        return Registry().with_resources(resources)


def load_suite(path: Path | None = None) -> Suite:
    """Read the suite.

    Args:
        path: a checkout, or a tar archive of one; default the archive in `data_folder()`.

    Raises:
        BenchmarkError: there is none.
    """
    path = data_folder() / _ARCHIVE if path is None else path
    if not path.exists():
        raise BenchmarkError(f"no test suite at {path}; pass --path with a checkout of it")
    documents = dict(_from_folder(path) if path.is_dir() else _from_archive(path))
    cases = [case for name in sorted(documents) for case in _cases(name, documents[name])]
    if not cases:
        raise BenchmarkError(f"{path} holds no tests/draft2020-12/*.json or the like")
    remotes = {
        _SERVER + name.removeprefix("remotes/"): contents
        for name, contents in documents.items()
        if name.startswith("remotes/")
    }
    return Suite(sorted(cases, key=lambda case: DRAFTS.index(case.draft)), remotes)


def _specification(uri: str) -> Specification[Any]:
    from referencing.jsonschema import DRAFT202012, specification_with

    for draft in DRAFTS[:-2]:
        if uri.startswith(f"{_SERVER}{draft}/"):
            version = draft.removeprefix("draft")
            if version.isdigit():
                return specification_with(f"http://json-schema.org/draft-0{version}/schema")
            return specification_with(f"https://json-schema.org/draft/{version}/schema")
    return DRAFT202012


def _from_folder(folder: Path) -> Iterator[tuple[str, Any]]:
    for path in folder.rglob("*.json"):
        name = path.relative_to(folder).as_posix()
        if name.startswith(("tests/", "remotes/")):
            yield name, json.loads(path.read_text(encoding="utf-8"))


def _from_archive(path: Path) -> Iterator[tuple[str, Any]]:
    with tarfile.open(path) as archive:
        for member in archive:
            if member.name.endswith(".json") and (file := archive.extractfile(member)):
                yield member.name.removeprefix("./"), json.load(file)


def _cases(name: str, groups: Any) -> Iterator[SuiteCase]:
    folder, _, rest = name.partition("/")
    draft, _, file = rest.partition("/")
    if folder != "tests" or draft not in DRAFTS or file.startswith("proposals/"):
        return
    for group in groups:
        yield SuiteCase(
            draft,
            file.removesuffix(".json"),
            group["description"],
            group["schema"],
            tuple(test["description"] for test in group["tests"]),
            tuple(
                Instance(json.dumps(test["data"], ensure_ascii=False), test["valid"])
                for test in group["tests"]
            ),
        )
