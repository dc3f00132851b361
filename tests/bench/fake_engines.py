"""Engines that misbehave when a schema tells them to. A schema here is {"do": action}."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.engines import CompileError


class FakeMatcher:
    """Allows every token below 2**16 except `refuse`; EOS always."""

    def __init__(self, row: np.ndarray, schema: dict[str, Any]) -> None:
        self._row = row
        self._schema = schema
        self.accepted: list[int] = []

    def mask(self) -> None:
        self._row[:] = -1
        refused = self._schema.get("refuse")
        if refused is not None:
            self._row.view(np.uint32)[refused >> 5] &= ~np.uint32(1 << (refused & 31))

    def accept(self, token_id: int) -> None:
        if self._schema.get("do") == "raise":
            raise RuntimeError("gave up")
        self.accepted.append(token_id)

    def error(self) -> str | None:
        return None


class FakeEngine:
    """Does to its process what the schema asks for."""

    def __init__(self, tokenizer: Any, *, fail: bool = False) -> None:
        if fail:
            raise RuntimeError("no such thing")
        self.row = np.zeros((len(tokenizer) + 31) // 32, dtype=np.int32)

    def compile(self, schema: dict[str, Any]) -> Callable[[], FakeMatcher]:
        match schema.get("do"):
            case "segfault":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "exit":
                os._exit(3)
            case "sleep":
                time.sleep(60)
            case "eat":
                hoard = []
                while True:
                    hoard.append(bytearray(b"x") * (1 << 26))
            case "refuse":
                raise CompileError("not here", "not here, and this is why")
            case "bug":
                raise KeyError("oops")
            case "print":
                print("a word of the engine", flush=True)
        return lambda: FakeMatcher(self.row, schema)
