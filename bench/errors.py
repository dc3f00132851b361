"""What keeps a benchmark from running."""

from __future__ import annotations


class BenchmarkError(Exception):
    """The run cannot start or go on; the message says why and what to do."""
