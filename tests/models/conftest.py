"""Small models with random weights, and one tokenizer for them all: a token for each byte."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    LlamaConfig,
    Mamba2Config,
    MambaConfig,
    MistralConfig,
    PreTrainedTokenizerFast,
)

torch.set_num_threads(1)

WIDTH = 264  # 256 bytes, BOS, EOS, and six logits that no token has

CONFIGS: dict[str, Any] = {
    "llama": LlamaConfig(
        vocab_size=WIDTH,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
    ),
    "gpt2": GPT2Config(vocab_size=WIDTH, n_embd=32, n_layer=2, n_head=2, n_positions=64),
    "mistral": MistralConfig(
        vocab_size=WIDTH,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=64,
        sliding_window=6,
    ),
    "mamba": MambaConfig(vocab_size=WIDTH, hidden_size=16, num_hidden_layers=2, state_size=4),
    "mamba2": Mamba2Config(
        vocab_size=WIDTH,
        hidden_size=16,
        num_hidden_layers=2,
        state_size=4,
        num_heads=4,
        head_dim=8,
        n_groups=2,
        chunk_size=8,
    ),
}


def make_tokenizer(**options: Any) -> Any:
    """A byte-level tokenizer with a token for each byte, BOS 256 and EOS 257."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(BPE({c: i for i, c in enumerate(alphabet)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<s>", eos_token="</s>", **options
    )


def make_model(kind: str, **changes: Any) -> Any:
    """A model with random weights of some size, so that its distributions are not flat."""
    torch.manual_seed(0)
    ids = {"bos_token_id": 256, "eos_token_id": 257, "pad_token_id": None}
    config = type(CONFIGS[kind]).from_dict({**CONFIGS[kind].to_dict(), **ids, **changes})
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3.0 if parameter.ndim == 2 else 1.0)
    return model


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    return make_tokenizer()


@pytest.fixture(scope="session", params=list(CONFIGS))
def any_model(request: pytest.FixtureRequest) -> Any:
    return make_model(request.param)
