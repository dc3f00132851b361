"""Every error of the library, as values with data, and warnings.

All errors derive from `ConstraintError`. The message is for people; the attributes are for
programs.
"""

from __future__ import annotations

from typing import Any, Literal


class ConstraintError(ValueError):
    """Base of all errors that this library raises about its input."""


class InvalidSchemaError(ConstraintError):
    """The schema is not a JSON Schema: not JSON, a keyword of the wrong type, a `$ref` to nowhere.

    Attributes:
        pointer: JSON pointer to the offending place in the schema.
        reason: what is wrong there.
    """

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(f"invalid schema at {pointer or '(root)'}: {reason}")
        self.pointer = pointer
        self.reason = reason


class UnsupportedSchemaError(ConstraintError):
    """The schema uses a keyword that cannot be enforced.

    Attributes:
        keyword: the keyword.
        pointer: JSON pointer to it in the schema.
        reason: why it cannot be enforced there.
    """

    def __init__(self, keyword: str, pointer: str, reason: str = "") -> None:
        detail = f": {reason}" if reason else ""
        super().__init__(
            f"cannot enforce {keyword!r} at {pointer or '(root)'}{detail}; "
            "remove it or rewrite the schema without it"
        )
        self.keyword = keyword
        self.pointer = pointer
        self.reason = reason


class SchemaWarning(UserWarning):
    """A part of a schema says nothing: as the specification has it, or as `lenient` asks.

    Attributes:
        keyword: the keyword.
        pointer: JSON pointer to it in the schema.
        reason: what is wrong with it.
    """

    def __init__(self, keyword: str, pointer: str, reason: str) -> None:
        super().__init__(f"ignored {keyword!r} at {pointer}: {reason}")
        self.keyword = keyword
        self.pointer = pointer
        self.reason = reason


class UnsatisfiableSchemaError(ConstraintError):
    """No JSON value satisfies the schema.

    Attributes:
        pointer: JSON pointer to the place that rules every value out: the least schema with all
            that contradicts itself.
        reason: which keywords, by the ways to them from there, cannot all be satisfied.
    """

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(f"no value satisfies the schema at {pointer or '(root)'}: {reason}")
        self.pointer = pointer
        self.reason = reason


class SchemaTooComplexError(ConstraintError):
    """Compiling the schema would pass a bound on time or size.

    Attributes:
        pointer: JSON pointer to the place where the bound was met ("" where unknown).
        limit: the bound, in words.
    """

    def __init__(self, pointer: str, limit: str) -> None:
        super().__init__(f"schema too complex at {pointer or '(root)'}: {limit}")
        self.pointer = pointer
        self.limit = limit


class _RegexError(ConstraintError):
    pointer: str | None = None

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.pointer is None else f"at {self.pointer or '(root)'}: {text}"


class RegexSyntaxError(_RegexError):
    """The regular expression is malformed, or uses syntax that is not regular.

    Attributes:
        pattern: the expression.
        position: index into it, in characters.
        reason: what is wrong there.
        pointer: JSON pointer to the expression in a schema; None where it stands in none.
    """

    def __init__(self, pattern: str, position: int, reason: str) -> None:
        shown = pattern if len(pattern) <= 80 else f"{pattern[:77]}..."
        super().__init__(f"regular expression {shown!r}, position {position}: {reason}")
        self.pattern = pattern
        self.position = position
        self.reason = reason


class RegexTooComplexError(_RegexError):
    """The automaton of a regular expression would pass a bound on its size.

    Attributes:
        limit: the bound, in words.
        pointer: JSON pointer to the expression in a schema; None where it is not known.
    """

    def __init__(self, limit: str) -> None:
        super().__init__(f"regular expression too complex: {limit}")
        self.limit = limit


class GrammarSyntaxError(ConstraintError):
    """The grammar text is malformed, or stands for no text at all.

    Attributes:
        line: line in the text, from 1.
        column: column in the line, from 1.
        reason: what is wrong there.
        file: the file that the text is from; None where it was not read from one.
    """

    def __init__(self, line: int, column: int, reason: str, file: str | None = None) -> None:
        super().__init__(f"{_place(file, line, column)}: {reason}")
        self.line = line
        self.column = column
        self.reason = reason
        self.file = file


class GrammarWarning(UserWarning):
    """A rule of a grammar is left out.

    Attributes:
        file, line, column: where it stands, as in `GrammarSyntaxError`.
        reason: why.
    """

    def __init__(self, file: str | None, line: int, column: int, reason: str) -> None:
        super().__init__(f"{_place(file, line, column)}: {reason}")
        self.file = file
        self.line = line
        self.column = column
        self.reason = reason


def _place(file: str | None, line: int, column: int) -> str:
    return f"{file or 'grammar'}, line {line}, column {column}"


class VocabularyError(ConstraintError):
    """The tokenizer or token table cannot be used, or does not fit the model."""


class GenerationError(ConstraintError):
    """Generation cannot go on: no budget for a valid ending, logits without a finite value, ...

    Attributes:
        token_ids: what had been generated when it stopped; nothing produced is lost.
    """

    def __init__(self, reason: str, token_ids: tuple[int, ...] = ()) -> None:
        super().__init__(reason)
        self.token_ids = token_ids


class AcceptanceError(GenerationError):
    """A sampler that tries until a text is valid has given up.

    Attributes:
        attempts: texts tried.
        samples: those that were accepted, `Sample`s; nothing produced is lost.
    """

    def __init__(self, reason: str, attempts: int, samples: tuple[Any, ...]) -> None:
        super().__init__(reason)
        self.attempts = attempts
        self.samples = samples


class ExtinctionError(GenerationError):
    """All weighted texts have died, so there is none to give.

    Attributes:
        run: what happened until then, a `Run`; `constrain.sampling.picture` draws it.
    """

    def __init__(self, reason: str, token_ids: tuple[int, ...], run: Any) -> None:
        super().__init__(reason, token_ids)
        self.run = run


class SpeculationWarning(UserWarning):
    """Looking ahead has failed, and generation goes on without; what is written stays the same.

    Attributes:
        culprit: the name of the drafter that has failed, or "target".
        error: what it has raised.
    """

    def __init__(self, culprit: str, error: Exception) -> None:
        super().__init__(
            f"the {culprit} has failed to look ahead with {type(error).__name__}: {error}; "
            "going on without"
        )
        self.culprit = culprit
        self.error = error


MonitorKind = Literal["empty", "late", "failed", "stuck"]
"""Why a monitor has no answer: nothing to suggest, not in time, or the analysis failed."""


class MonitorError(ConstraintError):
    """A monitor has no answer where one is due.

    Attributes:
        monitor: the name of its class.
        kind: "empty", "late", "failed" or, of a `StuckError`, "stuck".
        reason: why, in words.
        text: what is written so far.
    """

    def __init__(self, monitor: str, kind: MonitorKind, reason: str, text: str) -> None:
        super().__init__(f"{monitor} has no answer: {reason}")
        self.monitor = monitor
        self.kind = kind
        self.reason = reason
        self.text = text


class StuckError(MonitorError, GenerationError):
    """Nothing can be written that monitors and the constraint beside them agree with.

    The `kind` is "stuck".

    Attributes:
        token_ids: what had been generated when it stopped, as far as known.
    """

    def __init__(
        self, monitor: str, reason: str, text: str, token_ids: tuple[int, ...] = ()
    ) -> None:
        MonitorError.__init__(self, monitor, "stuck", reason, text)
        self.args = (f"nothing can follow under {monitor}: {reason}",)
        self.token_ids = token_ids


class MonitorWarning(UserWarning):
    """A monitor has no answer where one is due, and generation goes on or stops, as it is set.

    Attributes:
        error: what it would be as an error.
    """

    def __init__(self, error: MonitorError, otherwise: str) -> None:
        goes_on = "going on without" if otherwise == "ignore" else "stopping here"
        super().__init__(f"{error}; {goes_on}")
        self.error = error
