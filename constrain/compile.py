"""From a schema, a grammar, a pattern or other constraints, and a vocabulary, to a constraint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from constrain.engine import Constraint
from constrain.errors import ConstraintError
from constrain.special import SpecialToken
from constrain.texts import refuse_surrogates, shown
from constrain.vocabulary import Vocabulary, check_vocabulary

if TYPE_CHECKING:
    from os import PathLike

    from lark.indenter import Indenter
    from referencing import Registry

    from constrain.engine import Control
    from constrain.engine.combining.triggered import Trigger
    from constrain.grammar.compile import Lexer, Syntax
    from constrain.grammar.indentation import Indentation
    from constrain.schema.options import JSONOptions


def compile_json_schema(
    schema: Any,
    vocabulary: Vocabulary,
    options: JSONOptions | None = None,
    registry: Registry[Any] | None = None,
    draft: str | int | None = None,
    retrieve: Callable[[str], Any] | None = None,
    lenient: bool = False,
) -> Constraint:
    """Return the constraint that allows the JSON texts whose value satisfies a JSON Schema.

    Args:
        schema: a JSON Schema as parsed JSON, as text, or as a path; or a Pydantic model class, a
            dataclass, a TypedDict or a `TypeAdapter` (these need Pydantic).
        vocabulary: the tokens of the model.
        options: the language; default `JSONOptions()`, the one for generation.
        registry: remote documents that `$ref` may name.
        draft: the dialect of a schema without "$schema": "draft4", "draft6", "draft7",
            "draft2019-09", "draft2020-12" (the default) or "v1"; "2019-09", 7 and the like as well.
        retrieve: gives remote documents that are not in the registry: from a URI to the JSON
            contents or a `referencing.Resource`, raising `LookupError` where there is none.
            Without it nothing is fetched from anywhere.
        lenient: ignore what is not understood in a schema that is only almost valid (a keyword
            with a wrong value, an unknown type, a reference that leads nowhere, a broken pattern)
            and report each as a `SchemaWarning` with its keyword and its JSON pointer.

    Raises:
        InvalidSchemaError: the schema breaks the rules of JSON Schema.
        UnsupportedSchemaError: a draft or vocabulary is not known, or a format cannot be enforced.
        UnsatisfiableSchemaError: no value satisfies the schema.
        SchemaTooComplexError: compiling would take too long.
        RegexSyntaxError: a `pattern` is malformed.
        ConstraintError: a file cannot be read, a type has no schema, or another argument is wrong.
    """
    from constrain.schema import schema_control
    from constrain.schema_sources import read_schema

    check_vocabulary(vocabulary)
    control = schema_control(
        read_schema(schema).schema,
        options,
        registry=registry,
        draft=draft,
        retrieve=retrieve,
        lenient=lenient,
    )
    return Constraint(control, vocabulary)


def compile_grammar(
    text: str,
    vocabulary: Vocabulary,
    syntax: Syntax = "lark",
    start: str | None = None,
    lexer: Lexer | None = None,
    path: str | PathLike[str] | None = None,
    indentation: Indentation | Indenter | type[Indenter] | None = None,
    rules: Mapping[str, Constraint | SpecialToken] | None = None,
) -> Constraint:
    """Return the constraint that allows the texts of a context-free grammar.

    A grammar in Lark's language may have special tokens of the vocabulary among its symbols, by
    name (`<|tool_call|>`), and JSON Schemas (`%json {"type": "object"}`). What such a schema or
    another constraint allows may end wherever it is complete; the grammar's own terminals are
    matched without regard to it. In GBNF tokens also have numbers (`<[1000]>`) and stand for
    their texts, and `!</think>` is any token but that one.

    Args:
        text: the grammar, or the name of a ready-made one (see `constrain.grammars`).
        vocabulary: the tokens of the model.
        syntax: the language that it is written in: "lark", or "gbnf" of llama.cpp.
        start: the rule that stands for whole texts; None: "start", in GBNF "root".
        lexer: how a text is divided into terminals. "dynamic": in every way, a terminal may end
            wherever its expression matches, as in Lark's Earley parser with the lexer
            "dynamic_complete". "contextual": in one way, the longest match of the first terminal
            that the parser could use, as in Lark's LALR parser. None: "contextual" where the
            grammar is LALR(1), else "dynamic"; `constraint.control.lexer` says which. A GBNF
            grammar is always "dynamic".
        path: the file that the text is from, which imports of files beside it start from.
        indentation: the terminals that stand for the indentation of lines, or a Lark `Indenter`;
            the lexer is the contextual one then. None: as in Python (`Indentation()`) where the
            grammar declares `_INDENT` and `_DEDENT`.
        rules: what stands for rules (in lower case) and terminals that the grammar uses, but does
            not define: constraints, special tokens. In Lark's language only.

    Raises:
        ConstraintError: the grammar is no text, or does not use a rule of `rules`.
        VocabularyError: the vocabulary lacks a special token.
        GrammarSyntaxError: the grammar is malformed, stands for no text, or is not LALR(1) where
            `lexer` is "contextual", or asks for indents where there can be none.
        ConstraintError: an `Indenter` does something of its own.
        RegexTooComplexError: a terminal passes a bound on its size.
    """
    from constrain.grammar.compile import grammar_control

    check_vocabulary(vocabulary)
    _check_text(text, "grammar")
    bound = {
        name: rule if isinstance(rule, SpecialToken) else rule.control
        for name, rule in (rules or {}).items()
    }
    control = grammar_control(text, syntax, start, lexer, path, indentation, bound, vocabulary)
    return Constraint(control, vocabulary)


def compile_triggered(
    constraints: Mapping[Trigger, Constraint] | Mapping[str, Constraint],
    vocabulary: Vocabulary,
    *,
    end: Trigger | None = None,
    at_least: int = 0,
    at_most: int | None = None,
) -> Constraint:
    """Return the constraint that allows free text with structure after each trigger in it.

        compile_triggered({"<tool=add>": add, "<tool=find>": find}, vocabulary, end="</tool>")

    A trigger is a text, or a special token of the vocabulary (`SpecialToken`); a text that is the
    name of a special token stands for both. Where it appears, a text of its constraint follows,
    then free text again. Free text is any text without a trigger.

    Args:
        constraints: what follows each trigger.
        vocabulary: the tokens of the model.
        end: what has to come after each structure.
        at_least: structures that there have to be.
        at_most: structures that there may be; afterwards no trigger may appear.

    Raises:
        ConstraintError: there is no trigger, one is empty or part of another, or the numbers are
            not possible.
        VocabularyError: the vocabulary lacks a special token.
    """
    from constrain.engine.combining import sequence
    from constrain.engine.combining.triggered import TriggeredControl, mark
    from constrain.engine.parted import Opaque, PartedConstraint
    from constrain.engine.triggered_parts import TriggeredParts

    check_vocabulary(vocabulary)
    if not constraints:
        raise ConstraintError("there is no trigger; give at least one")
    if at_least < 0 or (at_most is not None and at_most < max(at_least, 1)):
        raise ConstraintError(
            f"at_least={at_least} and at_most={at_most}: it has to be 0 <= at_least <= at_most, "
            "and at_most at least 1"
        )
    ends = None if end is None else mark(_ways(end, vocabulary))
    controls: dict[Trigger, Control[Any]] = {}
    structures: dict[Trigger, Constraint] = {}
    for trigger, constraint in constraints.items():
        control = constraint.outer.control
        ways = _ways(trigger, vocabulary)
        controls |= dict.fromkeys(ways, control if ends is None else sequence(control, ends))
        structures |= dict.fromkeys(ways, constraint)
    outer = Constraint(TriggeredControl(controls, at_least, at_most), vocabulary)
    if not any(isinstance(constraint, Opaque) for constraint in constraints.values()):
        return outer
    parts = TriggeredParts(structures, ends, at_least, at_most, vocabulary)
    return PartedConstraint(parts, outer)


def think_first(constraint: Constraint, end: Trigger = "</think>") -> Constraint:
    """Return the constraint that allows free text up to `end`, then a text of `constraint`.

    `end` is a text or a special token; a text that is the name of a special token stands for both.

    Raises:
        ConstraintError: `end` is empty.
        VocabularyError: the vocabulary lacks the special token.
    """
    from constrain.engine.combining.triggered import until

    thought = until(_ways(end, constraint.vocabulary))
    return Constraint(thought, constraint.vocabulary) + constraint


def _ways(trigger: Trigger, vocabulary: Vocabulary) -> list[Trigger]:
    """A trigger in all of its forms."""
    if isinstance(trigger, str) and trigger in vocabulary.special_tokens:
        return [trigger, SpecialToken(trigger)]
    return [trigger]


def compile_regex(pattern: str, vocabulary: Vocabulary) -> Constraint:
    """Return the constraint that allows the texts that `pattern` matches in full.

    The pattern is in the dialect of Python's `re`, without what is not regular (backreferences,
    conditionals).

    Raises:
        RegexSyntaxError: the pattern is malformed or not regular.
        ConstraintError: it is no text, or nothing matches it.
    """
    from constrain.engine.single import RegexControl
    from constrain.lexing.syntax import parse

    check_vocabulary(vocabulary)
    _check_text(pattern, "pattern")
    return Constraint(RegexControl(parse(pattern, "python")), vocabulary)


def _check_text(given: object, kind: str) -> None:
    if not isinstance(given, str):
        raise ConstraintError(f"the {kind} must be a text (a str), not {shown(given)}")
    refuse_surrogates(given, f"the {kind}")
