"""The small models that ship with the package, for demonstrations and tests."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from constrain.errors import GenerationError

from .base import Prompt
from .hf import HFModel
from .prompt import format_prompt

FOLDER = Path(__file__).parent / "bundled"
SIZES = {"main": FOLDER, "draft": FOLDER / "draft"}


class BundledModel(HFModel):
    """A Llama of 2.4 million parameters that writes small JSON documents.

    It was trained by `python -m constrain.models.training` on made-up records (people, orders,
    events, ...), each after a JSON Schema or an English request. It knows nothing else.

    Args:
        size: "main", or "draft" for one of 0.5 million parameters over the same vocabulary, which
            guesses what the main one will say.
        device: where to run.

    Raises:
        GenerationError: there is no model of that size.
    """

    def __init__(self, size: str = "main", *, device: str | torch.device = "cpu") -> None:
        if size not in SIZES:
            raise GenerationError(f"size must be one of {', '.join(SIZES)}, not {size!r}")
        folder = SIZES[size]
        tokenizer = PreTrainedTokenizerFast.from_pretrained(FOLDER)
        model = LlamaForCausalLM(LlamaConfig.from_pretrained(folder))
        model.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
        super().__init__(model, tokenizer, device=device, dtype=torch.float32)

    def encode_prompt(self, prompt: Prompt | None, schema_text: str | None = None) -> list[int]:
        """Token ids of prompt and schema in the layout of the training documents.

        A schema that would fill more than half of the context is left out.
        """
        if prompt is not None and not isinstance(prompt, str):
            raise GenerationError("the bundled model is none for chats; give the prompt as a text")
        if schema_text is not None:
            schema_text = json.dumps(json.loads(schema_text), ensure_ascii=False)
        ids = self._encode(format_prompt(prompt, schema_text))
        if schema_text and self.context_length and len(ids) > self.context_length // 2:
            return self._encode(format_prompt(prompt, None))
        return ids
