"""What engines make of the JSON-Schema-Test-Suite, as numbers and as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.suite_data import DRAFTS, KINDS

OUTCOMES = ("right", "wrong accept", "wrong reject", "not decided")
"""What can become of a test; it is not decided where the schema does not compile, or the engine
gives up or dies."""

_LEFT_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an engine made of one test.

    Attributes:
        draft, kind, file, case, test: where the test stands.
        outcome: one of `OUTCOMES`.
        reason: why it is not decided; "" where it is.
        detail: the whole message, if any.
    """

    draft: str
    kind: str
    file: str
    case: str
    test: str
    outcome: str
    reason: str = ""
    detail: str = ""


def summarise(judgements: Mapping[str, Sequence[Judgement]]) -> dict[str, Any]:
    """All numbers, for each engine by name: counts by draft and kind, by file, and what is left."""
    return {name: _engine(found) for name, found in judgements.items()}


def _engine(judgements: Sequence[Judgement]) -> dict[str, Any]:
    drafts: dict[str, Any] = {}
    for draft in DRAFTS:
        for kind in KINDS:
            group = [j for j in judgements if (j.draft, j.kind) == (draft, kind)]
            if group:
                files = {
                    file: _counts(j for j in group if j.file == file) for file in _files(group)
                }
                drafts.setdefault(draft, {})[kind] = {**_counts(group), "files": files}
    reasons = Counter(j.reason for j in judgements if j.reason)
    left = [asdict(j) for j in judgements if j.outcome != "right"]
    return {"drafts": drafts, "reasons": dict(reasons.most_common()), "left": left}


def _files(judgements: Sequence[Judgement]) -> list[str]:
    return list(dict.fromkeys(j.file for j in judgements))


def _counts(judgements: Any) -> dict[str, int]:
    counts = Counter(judgement.outcome for judgement in judgements)
    return {outcome: counts[outcome] for outcome in OUTCOMES}


def markdown(summary: Mapping[str, Any]) -> str:
    """The tables: counts by draft, what is left, and why."""
    parts = []
    for name, engine in summary.items():
        parts += [f"## {name}", _table(_count_rows(engine["drafts"]))]
        if engine["reasons"]:
            rows = [["tests", "not decided because"], ["---:", "---"]]
            rows += [[f"{n:,}", _cell(reason)] for reason, n in engine["reasons"].items()]
            parts.append(_table(rows))
        if engine["left"]:
            parts.append(_table(_left_rows(engine["left"])))
    return "\n\n".join(parts) + "\n"


def _count_rows(drafts: Mapping[str, Any]) -> list[list[str]]:
    rows = [["draft", "tests", "", *OUTCOMES], ["---", "---", *["---:"] * 5]]
    for draft, kinds in drafts.items():
        for kind, counts in kinds.items():
            total = sum(counts[outcome] for outcome in OUTCOMES)
            rows.append([draft, kind, f"{total:,}", *(f"{counts[o]:,}" for o in OUTCOMES)])
    return rows


def _left_rows(left: Sequence[Mapping[str, str]]) -> list[list[str]]:
    """What is left; a test that stands in several drafts once."""
    drafts: dict[tuple[str, ...], list[str]] = {}
    for j in left:
        file = j["file"].removeprefix("optional/")
        key = j["kind"], file, j["case"], j["test"], j["outcome"], j["reason"]
        drafts.setdefault(key, []).append(j["draft"].removeprefix("draft"))
    rows = [["file", "case", "test", "outcome", "drafts"], ["---"] * 5]
    for (kind, file, case, test, outcome, reason), where in list(drafts.items())[:_LEFT_SHOWN]:
        name = f"{file} ({kind})" if kind == "optional" else file
        said = f"{outcome}: {reason}" if reason else outcome
        rows.append([*map(_cell, (name, case, test, said)), ", ".join(where)])
    if len(drafts) > _LEFT_SHOWN:
        rows.append([f"{len(drafts) - _LEFT_SHOWN:,} more", "", "", "", ""])
    return rows


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
