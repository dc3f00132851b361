"""The engines under test, each behind the same small interface and on one thread.

A peer is used as its documentation says for a JSON Schema taken literally: any whitespace that
JSON allows, and properties that a schema does not name are allowed unless it forbids them.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from hashlib import blake2b
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchmarkError

if TYPE_CHECKING:
    from constrain import Constraint


class CompileError(Exception):
    """An engine refuses a schema.

    Attributes:
        reason: the message without its details, to count refusals by.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Matcher(Protocol):
    """One sequence under a compiled schema."""

    def mask(self) -> None:
        """Write the mask of the next token into the engine's `row`."""

    def accept(self, token_id: int) -> None:
        """Advance by a token that the mask allows."""

    def error(self) -> str | None:
        """Why the matcher gave up (a limit that it met, say), or None where it did not."""


class Engine(Protocol):
    """An engine set up for one tokenizer.

    Attributes:
        row: int32[ceil(V/32)], bit t % 32 of word t // 32 set where token t is allowed.
    """

    row: NDArray[np.int32]

    def compile(self, schema: Any) -> Callable[[], Matcher]:
        """A function that starts a sequence under the schema.

        Raises:
            CompileError: the engine refuses the schema.
        """


class Constrain:
    """This project, by its public contract and with its defaults."""

    def __init__(self, tokenizer: Any, *, any_order: bool = False) -> None:
        from constrain import (
            ConstraintError,
            JSONOptions,
            SchemaWarning,
            Vocabulary,
            compile_json_schema,
        )

        warnings.simplefilter("ignore", SchemaWarning)
        self.row = _new_row(tokenizer)
        self.vocabulary = Vocabulary.from_tokenizer(tokenizer)
        self._options = JSONOptions(property_order="any") if any_order else JSONOptions()
        self._compile = compile_json_schema
        self._refusal = ConstraintError

    def compile(self, schema: Any) -> Callable[[], Matcher]:
        return self.compile_with(schema, options=self._options)

    def compile_with(self, schema: Any, **arguments: Any) -> Callable[[], Matcher]:
        """The same with arguments of `compile_json_schema`."""
        try:
            constraint = self._compile(schema, self.vocabulary, **arguments)
        except self._refusal as error:
            reason = type(error).__name__
            keyword = getattr(error, "keyword", None)
            raise CompileError(f"{reason}: {keyword}" if keyword else reason, str(error)) from None
        return self.start(constraint)

    def start(self, constraint: Constraint) -> Callable[[], Matcher]:
        """A function that starts a sequence under a constraint."""
        return lambda: _ConstrainMatcher(constraint.matcher(), self.row)


class _ConstrainMatcher:
    def __init__(self, matcher: Any, row: NDArray[np.int32]) -> None:
        self._matcher = matcher
        self._row = row

    def mask(self) -> None:
        self._matcher.fill_bitmask(self._row)

    def accept(self, token_id: int) -> None:
        self._matcher.accept(token_id)

    def error(self) -> str | None:
        return None


class LLGuidance:
    """llguidance with its defaults, which are those of MaskBench.

    The mask is written by the call behind `llguidance.numpy.fill_next_token_bitmask`, without
    that function's checks in Python.
    """

    def __init__(self, tokenizer: Any) -> None:
        from llguidance import LLMatcher
        from llguidance.hf import from_tokenizer

        self.row = _new_row(tokenizer)
        self._target = (self.row.ctypes.data, self.row.nbytes)
        self._tokenizer = from_tokenizer(tokenizer, n_vocab=len(tokenizer))
        self._matcher = LLMatcher

    def compile(self, schema: Any) -> Callable[[], Matcher]:
        try:
            grammar = self._matcher.grammar_from_json_schema(schema)
        except ValueError as error:
            raise CompileError(_first_line(str(error)), str(error)) from None
        return self.start(grammar)

    def start(self, grammar: str) -> Callable[[], Matcher]:
        """A function that starts a sequence under a grammar in llguidance's own form.

        Raises:
            CompileError: llguidance refuses the grammar.
        """
        first = self._matcher(self._tokenizer, grammar, log_level=0)
        if first.is_error():
            raise CompileError(_first_line(first.get_error()), first.get_error())
        return lambda: _LLGuidanceMatcher(first.deep_copy(), self._target)


class _LLGuidanceMatcher:
    def __init__(self, matcher: Any, target: tuple[int, int]) -> None:
        self._matcher = matcher
        self._target = target

    def mask(self) -> None:
        self._matcher.unsafe_compute_mask_ptr(*self._target)

    def accept(self, token_id: int) -> None:
        self._matcher.consume_token(token_id)

    def error(self) -> str | None:
        return self._matcher.get_error() or None


class XGrammar:
    """XGrammar in the settings that MaskBench calls compliant.

    Strict mode, its default, forbids every property and item that a schema does not name, which
    JSON Schema allows; `strict_mode=False` takes the schema at its word. The compiler's cache
    across schemas is on, as by default.
    """

    def __init__(self, tokenizer: Any) -> None:
        import xgrammar

        info = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=len(tokenizer))
        self.row = _new_row(tokenizer)
        self._rows = self.row.reshape(1, -1)
        self._compiler = xgrammar.GrammarCompiler(info, max_threads=1)
        self._matcher = xgrammar.GrammarMatcher

    def compile(self, schema: Any) -> Callable[[], Matcher]:
        text = json.dumps(schema)
        return self.start(
            lambda compiler: compiler.compile_json_schema(
                text, any_whitespace=True, strict_mode=False
            )
        )

    def start(self, compiled: Callable[[Any], Any]) -> Callable[[], Matcher]:
        """A function that starts a sequence under what is compiled with XGrammar's compiler.

        Raises:
            CompileError: XGrammar refuses it.
        """
        try:
            grammar = compiled(self._compiler)
        except RuntimeError as error:
            message = re.sub(r"^\[[\d:]+\] \S+: ", "", str(error))  # time and place in its source
            raise CompileError(_first_line(message), message) from None
        return lambda: _XGrammarMatcher(self._matcher(grammar), self._rows)


class _XGrammarMatcher:
    def __init__(self, matcher: Any, rows: NDArray[np.int32]) -> None:
        self._matcher = matcher
        self._rows = rows

    def mask(self) -> None:
        self._matcher.fill_next_token_bitmask(self._rows)

    def accept(self, token_id: int) -> None:
        self._matcher.accept_token(token_id)

    def error(self) -> str | None:
        return None


class OutlinesCore:
    """outlines-core: the schema as a regular expression, indexed over the whole vocabulary.

    Its own reader of tokenizers needs the hub, so the bytes of the tokens come from
    `constrain.Vocabulary`.
    """

    def __init__(self, tokenizer: Any) -> None:
        import outlines_core

        from constrain import Vocabulary

        vocabulary = Vocabulary.from_tokenizer(tokenizer)
        tokens: dict[bytes, list[int]] = {}
        for token_id in range(vocabulary.size):
            token = vocabulary.token_bytes(token_id)
            if token:
                tokens.setdefault(token, []).append(token_id)
        self.row = _new_row(tokenizer)
        self._target = (self.row.ctypes.data, self.row.size, self.row.itemsize)
        self._vocabulary = outlines_core.Vocabulary(tokenizer.eos_token_id, tokens)
        self._index = outlines_core.Index
        self._guide = outlines_core.Guide
        self._to_regex = outlines_core.json_schema.build_regex_from_schema

    def compile(self, schema: Any) -> Callable[[], Matcher]:
        try:
            index = self._index(self._to_regex(json.dumps(schema)), self._vocabulary)
        except (ValueError, TypeError) as error:
            raise CompileError(_first_line(str(error)), str(error)) from None
        return lambda: _OutlinesCoreMatcher(self._guide(index), self._target)


class _OutlinesCoreMatcher:
    def __init__(self, guide: Any, target: tuple[int, int, int]) -> None:
        self._guide = guide
        self._target = target

    def mask(self) -> None:
        self._guide.write_mask_into(*self._target)

    def accept(self, token_id: int) -> None:
        self._guide.advance(token_id, False)

    def error(self) -> str | None:
        return None


ENGINES: dict[str, tuple[str, str]] = {
    "constrain": ("Constrain", "constrain"),
    "llguidance": ("LLGuidance", "llguidance"),
    "xgrammar": ("XGrammar", "xgrammar"),
    "outlines-core": ("OutlinesCore", "outlines_core"),
}
"""The class of each engine, by its name on the command line, and the module that it needs."""


def engine_path(name: str) -> str:
    """Where the engine's class is, as `module:Class`.

    Raises:
        BenchmarkError: there is no such engine, or its package is not installed.
    """
    if name not in ENGINES:
        raise BenchmarkError(f"no engine named {name!r}; there are {', '.join(ENGINES)}")
    class_name, module = ENGINES[name]
    if find_spec(module) is None:
        raise BenchmarkError(f"{name} is not installed; pip install {name}, or leave it out")
    return f"{__name__}:{class_name}"


def load_engine(path: str, tokenizer: Any, options: dict[str, Any]) -> Engine:
    """Set up the engine whose class is at `module:Class`."""
    module, _, class_name = path.partition(":")
    engine: Engine = getattr(import_module(module), class_name)(tokenizer, **options)
    return engine


def engine_version(name: str) -> str:
    """The version that a run measures; for this project with a digest of its sources."""
    if name != "constrain":
        return version(name)
    import constrain

    sources = sorted(Path(constrain.__file__).parent.rglob("*.py"))
    digest = blake2b(b"".join(path.read_bytes() for path in sources), digest_size=4)
    return f"{constrain.__version__}+{digest.hexdigest()}"


def _new_row(tokenizer: Any) -> NDArray[np.int32]:
    return np.zeros((len(tokenizer) + 31) // 32, dtype=np.int32)


def _first_line(message: str) -> str:
    line = message.strip().partition("\n")[0]
    return line if len(line) <= 80 else f"{line[:77]}..."
