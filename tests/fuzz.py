"""Fuzz for hours: `python -m tests.fuzz --minutes 60`, or `make fuzz MINUTES=60`.

Each round runs the tests with random schemas on new examples. What fails is printed with a test
that shows it, to be pasted beside the others; the run goes on until its time is over.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).resolve().parents[1]
TESTS = (
    "tests/schema/test_fuzz.py",
    "tests/schema/test_lenient_fuzz.py",
    "tests/engine/test_exactness.py",
)


def main() -> int:
    """Run rounds. Returns 1 where a test failed in one of them, else 0."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="(default: %(default)g)")
    parser.add_argument("--examples", type=int, default=1000, help="of each test in a round")
    arguments = parser.parse_args()
    deadline = monotonic() + 60 * arguments.minutes
    rounds = failed = 0
    while monotonic() < deadline:
        seed = secrets.randbelow(2**32)
        command = ["pytest", "-q", "--tb=short", f"--hypothesis-seed={seed}", *TESTS]
        run = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**os.environ, "CONSTRAIN_FUZZ": str(arguments.examples)},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        rounds += 1
        if run.returncode:
            failed += 1
            print(run.stdout, flush=True)
        left = max(0.0, deadline - monotonic()) / 60
        state = f"{rounds} rounds, {failed} with failures, {left:.0f} minutes left"
        print(f"seed {seed}: {state}", file=sys.stderr, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
