"""What all tests share: reproducible examples, one thread, no network, the shared data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

settings.register_profile("constrain", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("constrain")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of benchmark schemas and real tokenizers, which is not part of the project."""
    here = Path(__file__).resolve().parent.parent
    folder = Path(os.environ.get("CONSTRAIN_DATA", here.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"needs the shared data: {folder} (set CONSTRAIN_DATA)")
    return folder
