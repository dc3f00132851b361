"""Members after a dot in real Python code, with and without the monitor.

    python -m bench.monitors --points 200 --seed 1
    python -m bench.monitors --model HF_MODEL_ID

Points are dereferences in the packages of the standard library and of the environment, chosen by a
seed: `owner.name` in code, outside of imports. The name and what follows it on its line are hidden.
Where Jedi knows the name, the model writes a name, with the monitor and without, at equal
seeds. What is reported:

- *known*: points where Jedi finds, in the file as it is, what the name stands for;
- *true name allowed*: of these, how many allow the name that was hidden;
- *valid*: names written that are among the suggestions; *same name*: that are the hidden one;
- *analyser*: seconds for a question;
- *monitor*: milliseconds for a token, of masks and of steps, without questions.
"""

from __future__ import annotations

import argparse
import io
import random
import re
import sysconfig
import time
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from constrain import Constraint, compile_regex, generate
from constrain.models import BundledModel, HFModel, LanguageModel
from constrain.monitors import Dereference, Place

_LARGEST = 60_000
"""Bytes of the largest file that is looked at."""
_NAME = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Point:
    """A dereference.

    Attributes:
        place: right after its dot.
        name: the name that was hidden.
        rest: what followed it on its line.
    """

    place: Place
    name: str
    rest: str


class Timed(Dereference):
    """The monitor, with the time of its questions.

    Attributes:
        seconds: of each question.
        names: the latest answer.
    """

    def __init__(self, place: Place) -> None:
        super().__init__(place, timeout=60)
        self.seconds: list[float] = []
        self.names: list[str] = []

    def suggest(self, text: str) -> list[str] | None:
        """See `Monitor.suggest`."""
        started = time.perf_counter()
        found = super().suggest(text)
        self.seconds.append(time.perf_counter() - started)
        self.names = found or []
        return found


def knows(point: Point) -> bool:
    """Whether Jedi finds out, in the file as it is, where the hidden name is defined elsewhere."""
    place = Place("", f"{point.rest}{point.place.after}", point.place.path, point.place.repository)
    whole = Dereference(place, timeout=60)
    text = point.place.before + point.name
    line = text.count("\n") + 1
    found = whole.ask(text, lambda script, row, column: script.goto(row, column))
    return any(name.module_path != place.path or name.line != line for name in found)


def points(count: int, seed: int) -> Iterator[Point]:
    """Yield points of different files, half of them of the standard library."""
    chosen = random.Random(seed)
    library, packages = (Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib"))
    known = [
        sorted(path for path in library.rglob("*.py") if "site-packages" not in path.parts),
        sorted(packages.rglob("*.py")),
    ]
    for files in known:
        chosen.shuffle(files)
    for number, path in enumerate(path for pair in zip(*known, strict=False) for path in pair):
        if count == 0:
            return
        point = _point(path, library if number % 2 == 0 else packages, chosen)
        if point is not None:
            count -= 1
            yield point


def _point(path: Path, root: Path, chosen: random.Random) -> Point | None:
    if not 0 < path.stat().st_size <= _LARGEST or "test" in str(path):
        return None
    try:
        text = path.read_text("utf-8")
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (UnicodeDecodeError, SyntaxError, tokenize.TokenError):
        return None
    found = [
        name
        for owner, dot, name in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if (owner.type == tokenize.NAME or owner.string in ")]")
        and (dot.string, name.type) == (".", tokenize.NAME)
        and not re.match(r"\s*(?:import|from)\b", dot.line)
    ]
    if not found:
        return None
    name = chosen.choice(found)
    line, column = name.start
    lines = text.splitlines(keepends=True)
    before = "".join(lines[: line - 1]) + lines[line - 1][:column]
    return Point(
        Place(before, "".join(lines[line:]), path, root),
        name.string,
        lines[line - 1][name.end[1] :],
    )


def overhead(constraint: Constraint, tokens: tuple[int, ...]) -> float:
    """Return the seconds of a mask and a step, the median over the tokens of a text."""
    matcher = constraint.matcher()
    row = np.empty(constraint.vocabulary.bitmask_words, np.int32)
    spent = []
    for token in tokens:
        matcher.fill_bitmask(row)  # the analyser is asked here, if at all
        started = time.perf_counter()
        matcher.fill_bitmask(row)
        accepted = matcher.accept(token)
        spent.append(time.perf_counter() - started)
        assert accepted
    return median(spent)


def main() -> None:
    """Run the benchmark and print its table."""
    layout = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", default="bundled")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    name = arguments.model
    model: LanguageModel = BundledModel() if name == "bundled" else HFModel(name)
    free = compile_regex(r"[A-Za-z_]\w{0,40}", model.vocabulary)
    known = allowed = 0
    valid, same = [0, 0], [0, 0]
    questions: list[float] = []
    spent: list[float] = []
    for number, point in enumerate(points(arguments.points, arguments.seed)):
        monitor = Timed(point.place)
        constraint = free & monitor
        matcher = constraint.matcher()
        names = set(monitor.names)
        questions += monitor.seconds
        if not names or not knows(point):
            continue
        known += 1
        allowed += matcher.accept_bytes(point.name.encode()) and matcher.is_accepting()
        prompt = point.place.before[-400:]
        for index, used in enumerate((constraint, free)):
            text = generate(used, model, prompt, seed=number, max_tokens=48, return_details=True)
            valid[index] += text.value in names
            same[index] += text.value == point.name
            if index == 0:
                spent.append(overhead(constraint, text.token_ids))
    print(f"points {arguments.points}, known {known}")
    print(f"true name allowed  {allowed / known:8.2%}")
    for label, counts in (("valid", valid), ("same name", same)):
        print(f"{label:18} {counts[0] / known:8.2%} with, {counts[1] / known:.2%} without")
    print(f"analyser           {median(questions):8.3f} s a question, at most {max(questions):.2f}")
    print(f"monitor            {1000 * median(spent):8.3f} ms a token")


if __name__ == "__main__":
    main()
