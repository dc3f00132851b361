"""The official JSON-Schema-Test-Suite: every required case, and every optional one but some."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import referencing

from bench.suite_data import DRAFTS, Suite, SuiteCase, load_suite
from constrain.errors import UnsatisfiableSchemaError
from constrain.schema import JSONOptions, schema_control
from tests.reference import accepts

LEFT = {
    ("draft4", "optional/zeroTerminatedFloats"),  # numbers are values, not spellings
    ("draft7", "optional/content"),  # content keywords are annotations
}


@pytest.fixture(scope="module")
def suite(data: Path) -> Suite:
    return load_suite(data / "json-schema-test-suite.tar.xz")


@pytest.fixture(scope="module")
def registry(suite: Suite) -> referencing.Registry[Any]:
    return suite.registry()


@pytest.mark.parametrize("kind", ["required", "optional"])
@pytest.mark.parametrize("draft", DRAFTS)
def test_cases(draft: str, kind: str, suite: Suite, registry: referencing.Registry[Any]) -> None:
    wrong: list[str] = []
    decided = 0
    for case in suite.cases:
        if (case.draft, case.kind) != (draft, kind) or (draft, case.file) in LEFT:
            continue
        verdicts = _verdicts(case, registry)
        decided += len(verdicts)
        for test, instance, accepted in zip(case.tests, case.instances, verdicts, strict=True):
            if accepted != instance.valid:
                wrong.append(f"{case.file}: {case.description}: {test}")
    assert wrong == []
    assert decided > (600 if kind == "required" else 90)


def _verdicts(case: SuiteCase, registry: referencing.Registry[Any]) -> list[bool]:
    annotated = case.file.endswith("format-annotation")
    options = JSONOptions.specification(format="annotate" if annotated else "dialect")
    try:
        control = schema_control(case.schema, options, registry=registry, draft=case.draft)
    except UnsatisfiableSchemaError:
        return [False] * len(case.instances)
    return [accepts(control, instance.text.encode()) for instance in case.instances]
