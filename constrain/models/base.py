"""What a language model is to this library."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from numpy.typing import NDArray

from constrain.errors import GenerationError
from constrain.texts import refuse_surrogates
from constrain.vocabulary import Vocabulary

from .lookahead import Lookahead

Message: TypeAlias = Mapping[str, str]  # {"role": ..., "content": ...}
Prompt: TypeAlias = "str | Sequence[Message]"


class LanguageModel(ABC):
    """A distribution over the next token, given those before it.

    To bring your own model, set `vocabulary` and implement `logprobs`.

    Attributes:
        vocabulary: the tokens; its size is the width of what `logprobs` returns.
        context_length: the longest prefix the model takes, in tokens; None for no limit.
    """

    vocabulary: Vocabulary
    context_length: int | None = None

    @abstractmethod
    def logprobs(self, prefixes: Sequence[Sequence[int]]) -> NDArray[Any]:
        """Log-probabilities of the next token.

        Whatever can be kept between calls (a KV cache, say) is the model's own business; results
        depend on the prefixes alone, up to rounding. Prefixes that begin one another, as those
        along one guessed continuation, cost little more than the longest of them.

        Args:
            prefixes: n sequences of token ids, prompt included, of any lengths; none may be longer
                than `context_length`.

        Returns:
            [n, V] float32 or float64: the natural logarithm of p(token | prefix), end-of-text
            tokens included; `exp` of a row sums to 1.

        Raises:
            GenerationError: a prefix is too long, or the model gives no distribution after it.
        """

    def logprobs_ahead(
        self, prefixes: Sequence[Sequence[int]], texts: Sequence[Lookahead]
    ) -> NDArray[Any]:
        """As `logprobs`, with a view of the texts that are going to be continued.

        This is what samplers call. Only a model that guesses what comes next
        (`constrain.speculation`) makes use of the texts.

        Args:
            prefixes: as of `logprobs`.
            texts: each with its `prefix` among these.
        """
        return self.logprobs(prefixes)

    def encode_prompt(self, prompt: Prompt | None, schema_text: str | None = None) -> list[int]:
        """Token ids to put before the output.

        Args:
            prompt: a text, or the messages of a chat where the model is one for chats.
            schema_text: the text of a JSON Schema to tell the model of, or None to tell nothing.
        """
        return self.vocabulary.encode(plain_text(prompt, schema_text).encode())


def schema_instruction(schema_text: str) -> str:
    """What to say to a model that is to follow a JSON Schema."""
    return f"Answer with JSON only, valid under this JSON Schema:\n{schema_text}"


def plain_text(prompt: Prompt | None, schema_text: str | None) -> str:
    """Prompt and schema for a model that continues plain text.

    Raises:
        GenerationError: the prompt is messages.
        ConstraintError: it holds a lone surrogate.
    """
    if prompt is not None and not isinstance(prompt, str):
        raise GenerationError("this model has no chat template; give the prompt as one text")
    parts = [prompt, schema_text and schema_instruction(schema_text)]
    text = "\n\n".join(part for part in parts if part)
    refuse_surrogates(text, "the prompt")
    return f"{text}\n" if schema_text else text
