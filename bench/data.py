"""The cases of JSONSchemaBench: a schema and the instances that it must accept or refuse."""

from __future__ import annotations

import json
import lzma
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.errors import BenchmarkError

HUB_NAME = "epfl-dlab/JSONSchemaBench"
"""The data set on the Hugging Face hub: schemas without instances."""

_DEV_FILE = "maskbench-dev.jsonl.xz"


@dataclass(frozen=True, slots=True)
class Instance:
    """A JSON text and whether it satisfies its schema."""

    text: str
    valid: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A schema of the benchmark with its instances."""

    id: str
    schema: Any
    instances: tuple[Instance, ...]


def data_folder() -> Path:
    """The folder of shared data: $CONSTRAIN_DATA, or ../shared/data next to the project."""
    named = os.environ.get("CONSTRAIN_DATA")
    return Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"


def load_cases(source: str | None = None) -> list[Case]:
    """Read all cases of a source.

    Args:
        source: a `.jsonl` or `.jsonl.xz` file with an object {id, schema, tests} on each line, a
            folder of MaskBench's `.json` files, or `HUB_NAME`; by default the file
            `maskbench-dev.jsonl.xz` in `data_folder()`.

    Raises:
        BenchmarkError: the source is not there, holds no case, or needs a package that is missing.
    """
    if source == HUB_NAME:
        cases = list(_from_hub())
    else:
        path = Path(source) if source else data_folder() / _DEV_FILE
        if not path.exists():
            raise BenchmarkError(
                f"no benchmark data at {path}; pass --data with a MaskBench file or folder, "
                f"or --data {HUB_NAME}"
            )
        cases = list(_from_folder(path) if path.is_dir() else _from_lines(path))
    if not cases:
        raise BenchmarkError(f"{source} holds no schema with a {{schema, tests}} object")
    return cases


def select(
    cases: Sequence[Case],
    *,
    sample: int | None = None,
    seed: int = 0,
    ids: Sequence[str] | None = None,
) -> list[Case]:
    """The named cases; or the first `sample` of them (default all) in an order drawn from `seed`.

    The order depends on the ids alone, so a smaller sample is a part of a larger one, and a run
    that is stopped early has seen a fair sample.

    Raises:
        BenchmarkError: a named case does not exist.
    """
    if ids is not None:
        by_id = {case.id: case for case in cases}
        missing = [name for name in ids if name not in by_id]
        if missing:
            raise BenchmarkError(f"no case named {', '.join(missing)}")
        return [by_id[name] for name in ids]
    shuffled = sorted(cases, key=lambda case: sha256(f"{seed}:{case.id}".encode()).digest())
    return shuffled[:sample]


def _from_lines(path: Path) -> Iterator[Case]:
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                record = json.loads(line)
                yield _case(record["id"], record)


def _from_folder(folder: Path) -> Iterator[Case]:
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(record, dict) and "schema" in record:
            yield _case(path.stem, record)


def _from_hub() -> Iterator[Case]:
    try:
        datasets = import_module("datasets")
    except ImportError:
        raise BenchmarkError(
            f"{HUB_NAME} is read with the package `datasets`: pip install datasets"
        ) from None
    for config in datasets.get_dataset_config_names(HUB_NAME):
        if config == "default":  # the other configurations once more
            continue
        for rows in datasets.load_dataset(HUB_NAME, config).values():
            for row in rows:
                schema = json.loads(row["json_schema"])
                yield Case(f"{config}---{row['unique_id']}", schema, ())


def _case(name: str, record: dict[str, Any]) -> Case:
    instances = tuple(
        Instance(json.dumps(test["data"], ensure_ascii=False), bool(test["valid"]))
        for test in record.get("tests", ())
    )
    return Case(name, record["schema"], instances)
