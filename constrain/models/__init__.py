"""Language models: Hugging Face's, the bundled one, and tables for tests.

Importing this package loads neither torch nor transformers; the names below load on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .base import LanguageModel

if TYPE_CHECKING:
    from .bundled import BundledModel
    from .hf import HFModel
    from .table import TableModel

__all__ = ["BundledModel", "HFModel", "LanguageModel", "TableModel"]

_HOMES = {"BundledModel": "bundled", "HFModel": "hf", "TableModel": "table"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
