"""`python -m constrain.models.training --out DIR --seed 0`: make the bundled models.

The main model takes about three quarters of an hour on one CPU core, the draft model ten minutes.
The large one, which does not ship, is the bundled one with four times as many layers, trained on
for some minutes.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(
        prog="python -m constrain.models.training", description=__doc__
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for model and tokenizer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", choices=("main", "draft", "large"), default="main")
    parser.add_argument(
        "--quick", action="store_true", help="a useless model in seconds, for tests"
    )
    arguments = parser.parse_args()

    from .train import RECIPES, train

    recipe = RECIPES["quick" if arguments.quick else arguments.size]
    train(recipe, arguments.out, arguments.seed, report=lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()
