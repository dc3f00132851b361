"""Results on disk: JSON lines, written as they come; a run that is stopped goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.errors import BenchmarkError
from bench.measure import Result


@dataclass(frozen=True, slots=True)
class Header:
    """What all results of a file have in common.

    Attributes:
        engine: the engine's name.
        version: its version.
        settings: everything else that a result depends on.
        setup_s: seconds that setting the engine up took.
        setup_mb: the worker's peak memory after that, MB.
    """

    engine: str
    version: str
    settings: dict[str, Any]
    setup_s: float
    setup_mb: float


class Journal:
    """A file of JSON lines: a header, then a record for each schema."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def whole(self) -> list[Any]:
        """The header and the records; a torn last line, which a killed run leaves, is cut off."""
        if not self.path.exists():
            return []
        with self.path.open(encoding="utf-8") as lines:
            found = [line for line in lines if line.endswith("\n")]
        self.path.write_text("".join(found), encoding="utf-8")
        return [json.loads(line) for line in found]

    def write(self, mode: str, record: dict[str, Any]) -> None:
        """Write a line: the first (`w`) or one more (`a`)."""
        with self.path.open(mode, encoding="utf-8") as lines:
            lines.write(json.dumps(record, separators=(",", ":")) + "\n")


class ResultFile(Journal):
    """The results of one engine."""

    def __init__(self, folder: Path, engine: str) -> None:
        super().__init__(folder / f"{engine}.jsonl")

    def resume(self, version: str, settings: dict[str, Any]) -> set[str]:
        """The names of the schemas whose results are here already.

        Raises:
            BenchmarkError: they are of another version or of other settings.
        """
        found = self.whole()
        if not found:
            return set()
        header = Header(**found[0])
        if (header.version, header.settings) != (version, settings):
            raise BenchmarkError(
                f"{self.path} holds results of another version or of other settings; "
                "pass --fresh to replace them, or another --out"
            )
        return {record["id"] for record in found[1:]}

    def begin(self, header: Header) -> None:
        """Begin the file anew."""
        self.write("w", asdict(header))

    def append(self, result: Result) -> None:
        """Add a line."""
        self.write("a", result.to_json())

    def header(self) -> Header:
        """The first line."""
        with self.path.open(encoding="utf-8") as lines:
            return Header(**json.loads(next(lines)))

    def results(self) -> Iterator[Result]:
        """All results, in the order in which they came."""
        with self.path.open(encoding="utf-8") as lines:
            next(lines)
            for line in lines:
                yield Result.from_json(json.loads(line))
