"""What the commands of the benchmarks share: how they end, and the tokenizer."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from rich.console import Console

from bench.data import data_folder
from bench.errors import BenchmarkError

_EXIT_INPUT = 2
_EXIT_STOPPED = 130


def run_command(run: Callable[[Console], int]) -> int:
    """Run a benchmark. Returns its exit code, 2 for wrong arguments or data, 130 where stopped."""
    for stop in (signal.SIGINT, signal.SIGTERM):  # either way the workers end too
        signal.signal(stop, signal.default_int_handler)
    console = Console(stderr=True)
    try:
        return run(console)
    except BenchmarkError as error:
        console.print(f"error: {error}", style="red", markup=False, highlight=False)
        return _EXIT_INPUT
    except ModuleNotFoundError as error:
        console.print(f"error: {error}; pip install 'constrain[bench]'", style="red", markup=False)
        return _EXIT_INPUT
    except KeyboardInterrupt:
        console.print("stopped; the same command goes on from here")
        return _EXIT_STOPPED


def load_tokenizer(name: str | None) -> Any:
    """Return the tokenizer of a folder, or of a name on the hub; by default Llama 3, shared.

    Raises:
        BenchmarkError: there is none.
    """
    from transformers import AutoTokenizer

    name = name or str(data_folder() / "tokenizers" / "llama3")
    try:
        return AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        first = str(error).partition("\n")[0]
        raise BenchmarkError(f"no tokenizer at {name} ({first}); pass --tokenizer") from None
