"""Kernels are compiled, or loaded, ahead of need."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from constrain.engine import crossings, edges, kernels, rows, shifts, stamp, walks
from constrain.engine.warm import warmup

MODULES = (kernels, rows, edges, shifts, walks, crossings, stamp)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_kernels_that_are_called_from_outside_are_loaded(module) -> None:
    warmup()
    folder = Path(module.__file__).parent
    name = module.__name__.rpartition(".")[2]
    called = {
        kernel
        for file in folder.glob("*.py")
        for kernel in re.findall(rf"\b{name}\.(\w+)\(", file.read_text("utf-8"))
        if hasattr(module, kernel)
    }
    assert called
    for kernel in called:
        assert getattr(module, kernel).signatures, kernel
