"""Whole statements that are written in the place of true ones, in a file, and their verdicts."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from bench.monitor_judges import Judge, Verdict
from bench.monitor_points import Point

_TOLD = 10
"""Statements after which it is said how far judging is."""


@dataclass
class Statement:
    """Ends of the line of a point, of which the first is the true one.

    Attributes:
        verdict: what its judge finds wrong; None where that is not known, or not yet.
    """

    point: Point
    texts: list[str]
    verdict: Verdict = None


@dataclass
class Statements:
    """Those of a language, in a file from when they are written on.

    Attributes:
        path: of the file, a line of JSON for each.
        found: all of them.
        judge: who has judged them; "" before.
    """

    path: Path
    found: list[Statement] = field(default_factory=list)
    judge: str = ""

    def add(self, point: Point, texts: list[str]) -> None:
        """Add one."""
        self.found.append(Statement(point, texts))
        self._save()

    def be_judged(self, judge: Judge, console: Console) -> None:
        """Have all of them judged."""
        self.judge = judge.name
        count, started = len(self.found), time.perf_counter()
        console.print(f"{judge.name} judges {count} statements", style="dim")
        cases = [(statement.point, statement.texts) for statement in self.found]
        for number, (index, verdict) in enumerate(judge.verdicts(cases), 1):
            self.found[index].verdict = verdict
            self._save()
            if number % _TOLD == 0:
                spent = time.perf_counter() - started
                console.print(f"{number} of {count} judged, {spent:.0f} s", style="dim")

    @property
    def unjudged(self) -> int:
        """How many have no verdict."""
        return sum(statement.verdict is None for statement in self.found)

    @property
    def right(self) -> list[list[str]]:
        """The verdicts on the other texts, where the true one is accepted."""
        verdicts = [statement.verdict for statement in self.found]
        return [verdict[1:] for verdict in verdicts if verdict and not verdict[0]]

    def accepted(self, index: int) -> int:
        """Return how many of a text, counted from the one after the true one, are accepted."""
        return sum(not verdict[index] for verdict in self.right)

    def _save(self) -> None:
        lines = [
            json.dumps(
                {
                    "file": str(statement.point.place.path),
                    "line": statement.point.place.before.count("\n") + 1,
                    "texts": statement.texts,
                    "complaints": statement.verdict,
                }
            )
            for statement in self.found
        ]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
