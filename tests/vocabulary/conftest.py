"""The real tokenizer that is not part of the project."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast


@pytest.fixture(scope="session")
def llama_3(data: Path) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast.from_pretrained(data / "tokenizers" / "llama3")
