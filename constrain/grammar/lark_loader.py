"""Grammars in Lark's language, read by Lark's own loader."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lark import exceptions as lark_errors
from lark import load_grammar as loader
from lark.grammar import Rule as LarkRule
from lark.lexer import Pattern, PatternStr, TerminalDef

from constrain.errors import (
    ConstraintError,
    GrammarSyntaxError,
    RegexSyntaxError,
    RegexTooComplexError,
)
from constrain.grammar.cfg import Grammar, Opaque, Rule, Terminal, checked
from constrain.grammar.embedded import Foreign, LarkText, NotJSONError, place_of
from constrain.grammar.guests import Guests
from constrain.grammar.templates import check_templates
from constrain.grammar.terminals import text_lexeme
from constrain.lexing.lexeme import Literal, lexeme
from constrain.lexing.preferred import preferred
from constrain.lexing.regex import literal
from constrain.lexing.sight import sight

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXPRESSION = re.compile(r"/(?!/)(?:\\/|\\\\|[^/\n])*?/")
_QUOTED = re.compile(
    r"(?<!\w)'([^']+)'|(\"[^\"]*\")|(\d+\.\.\d+)"
    r"|(?:rule|terminal|in template) (\w+)|in (?!rule|terminal|template)(\w+)\)"
)
_RANGE = re.compile(r"\[(.)-(.)\]")
_LONG_RANGE = re.compile(r'"[^"\n]{2,}"\s*\.\.|"\s*\.\.\s*"[^"\n]{2,}"')
_ALIAS = re.compile(r"^_?[A-Z]\w*(?:\.\d+)?\s*:[^\n]*?(->)", re.MULTILINE)


def read_lark(
    text: str,
    start: str = "start",
    path: str | os.PathLike[str] | None = None,
    always: tuple[str, ...] = (),
    guests: Guests | None = None,
) -> Grammar:
    """Read a grammar and leave out what no text needs.

    Args:
        text: the grammar.
        start: the rule that stands for whole texts.
        path: the file that the text is from; imports of files beside it start there.
        always: names of terminals that are looked for everywhere.
        guests: the languages in it that are no Lark; those in the text are added.

    Raises:
        GrammarSyntaxError: the grammar is malformed, or its start stands for no text.
        ConstraintError: it does not use a rule that `guests` binds.

    Warns:
        GrammarWarning: a rule stands for no text, and is left out.
    """
    guests = Guests() if guests is None else guests
    source = _Source("<string>" if path is None else os.fspath(path), text, guests.bound)
    builder = _Builder(source)
    try:
        builder.load_grammar(source.text, source.name)
        loaded = builder.build()
        check_templates(builder._definitions, builder.at)
        terminals, rules, ignored = loaded.compile([start], set(always))
    except GrammarSyntaxError:
        raise
    except _LARK_FAILS as error:
        raise builder.error(error) from error
    if not any(rule.origin.name == start for rule in rules):
        raise source.at(f"there is no rule {start!r} to start from", start)
    undefined = {str(x.name) for rule in rules for x in rule.expansion if x.is_term}
    undefined -= {str(definition.name) for definition in terminals}
    opaque = {
        name: builder.opaque(name, guests) for name in undefined.intersection(builder.foreign)
    }
    guests.check_use()
    grammar = Grammar(
        start,
        tuple(map(_rule, rules)),
        {str(definition.name): _terminal(definition, builder.at) for definition in terminals},
        tuple(dict.fromkeys(map(str, ignored))),
        frozenset(undefined.difference(opaque)),
        tuple(always),
        opaque,
    )
    # Lark makes rules of its own, whose names begin so.
    names = [name for name in grammar.rules_of if not name.startswith("__")]
    return checked(grammar, names, builder.at)


def _rule(rule: LarkRule) -> Rule:
    expansion = tuple(str(symbol.name) for symbol in rule.expansion)
    priority = rule.options.priority if rule.options else None
    return Rule(str(rule.origin.name), expansion, priority or 0)


def _terminal(definition: TerminalDef, at: Callable[..., GrammarSyntaxError]) -> Terminal:
    pattern = definition.pattern
    text = pattern.value if isinstance(pattern, PatternStr) and not pattern.flags else None
    expression = pattern.to_regexp()
    try:
        re.compile(expression)
        widest = pattern.max_width
        seen = sight(expression) if text is None else None
        if text is not None:
            regex = literal(text)
        else:
            regex = preferred(expression) if seen is None else seen.texts
    except (RegexSyntaxError, RegexTooComplexError, re.error, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error)
        raise at(
            f"terminal {definition.name}: {reason}", *_spellings(pattern), definition.name
        ) from error
    if regex.nullable:
        raise at(
            f"terminal {definition.name} matches the empty text; make it longer, "
            "or optional where it is used",
            *_spellings(pattern),
            definition.name,
        )
    return Terminal(
        str(definition.name),
        regex,
        text,
        pattern.value,
        isinstance(pattern, PatternStr),
        frozenset(pattern.flags),
        text_lexeme(regex) if text is None else lexeme(Literal(text.encode())),
        definition.priority,
        widest,
        seen,
    )


def _spellings(pattern: Pattern) -> tuple[str, ...]:
    """How a pattern may be written."""
    ends = _RANGE.fullmatch(pattern.value)
    return (pattern.raw or pattern.value, *([f'"{ends[1]}".."{ends[2]}"'] if ends else []))


class _Source:
    """A file of the grammar, for messages."""

    def __init__(self, name: str, written: str, bound: Mapping[str, Foreign]) -> None:
        self.name = name
        try:
            self._lark = LarkText(written, bound)
        except NotJSONError as error:
            place = place_of(written, error.offset)
            raise GrammarSyntaxError(*place, error.reason, self._file) from error
        self.text = self._lark.lark
        self.foreign = self._lark.foreign

    def at(self, reason: str, *snippets: str) -> GrammarSyntaxError:
        """An error where the first of some snippets that is found stands."""
        found = next((m for m in map(self.find, snippets) if m is not None), None)
        return self._fault(0 if found is None else found, reason)

    def of(self, foreign: str, reason: str) -> GrammarSyntaxError:
        """An error where what is no Lark stands."""
        _, offset = self.foreign[foreign]
        return GrammarSyntaxError(*place_of(self._lark.written, offset), reason, self._file)

    def _fault(self, offset: int, reason: str) -> GrammarSyntaxError:
        return GrammarSyntaxError(*self._lark.place(offset), reason, self._file)

    @property
    def _file(self) -> str | None:
        return None if self.name == "<string>" else self.name

    def find(self, snippet: str) -> int | None:
        """Where a name is defined, or else used; or where a text stands."""
        if _NAME.fullmatch(snippet):
            for pattern in (rf"^(?:%\w+ +)?[?!]*{snippet}\b", rf"(?<![\w\"/]){snippet}\b"):
                found = re.search(pattern, self.text, re.MULTILINE)
                if found:
                    return found.end() - len(snippet)
            return None
        offset = self.text.find(snippet)
        return offset if offset >= 0 else None

    def error(self, error: BaseException, builder: _Builder) -> GrammarSyntaxError:
        """What Lark says, with the place where it stands."""
        if isinstance(error, lark_errors.VisitError):
            error = error.orig_exc
        if isinstance(error, RecursionError):
            return self._fault(0, "groups are nested too deep")
        reason = str(error.args[0] if error.args else error).strip().split("\n")[0]
        snippet = reason
        if " " not in reason:
            reason = f"this cannot be read: {reason}"
        place: Any = error if hasattr(error, "line") else error.__context__
        if isinstance(place, lark_errors.UnexpectedInput):
            if isinstance(place, lark_errors.UnexpectedToken) and place is error:
                reason = f"unexpected {str(place.token)!r}"
            reason = re.sub(r",? at line \d+,? column \d+.*", "", reason)
            if place.line < 1:
                return self._fault(len(self.text), reason)
            before = self.text.split("\n")[: place.line - 1]
            return self._fault(len("\n".join([*before, ""])) + place.column - 1, reason)
        if isinstance(error, AssertionError) and (long := _LONG_RANGE.search(self.text)):
            return self._fault(long.start(), "a range goes from one character to another")
        if not isinstance(error, lark_errors.LarkError):
            texts = [
                text for source in builder.sources for text in _EXPRESSION.findall(source.text)
            ]
            return builder.at(reason, *filter(_is_broken, texts), snippet)
        if "Aliasing not allowed" in reason and (alias := _ALIAS.search(self.text)):
            return self._fault(alias.start(1), reason)
        quoted = [part for match in _QUOTED.findall(reason) for part in match if part]
        if "more than once" in reason:
            again = self._again(quoted[0])
            return self.at(reason, quoted[0] if again is None else self.text[again:])
        return builder.at(reason, *quoted, snippet)

    def _again(self, name: str) -> int | None:
        """Where a name is defined for the second time."""
        found = [m.start() for m in re.finditer(rf"^[?!]*{name}\b", self.text, re.MULTILINE)]
        return found[1] if len(found) > 1 else None


def _is_broken(expression: str) -> bool:
    try:
        re.compile(expression.strip("/"))
    except re.error:
        return True
    return False


class _Builder(loader.GrammarBuilder):
    """Lark's builder, with the files under way known, so that circles and errors are told.

    Attributes:
        foreign: the terminals that are no Lark: their names in the file, and the file.
        sources: the files that have been read.
    """

    def __init__(
        self,
        source: _Source,
        importing: tuple[_Source, ...] = (),
        mangle: Callable[[str], str] = str,
    ) -> None:
        super().__init__(False, [])
        self._source = source
        self._importing = (*importing, source)
        self.foreign = {mangle(name): (name, source) for name in source.foreign}
        self._origins: dict[str, tuple[_Source, str]] = {}
        self.sources = [source]

    def at(self, reason: str, *snippets: str) -> GrammarSyntaxError:
        """An error where the first of some snippets that is found stands, in whatever file."""
        for mangled, (_, name) in self._origins.items():
            reason = re.sub(rf"\b{mangled}\b", name, reason)
        for snippet in snippets:
            if snippet in self._origins:
                source, name = self._origins[snippet]
                return source.at(reason, name)
            for source in self.sources:
                if source.find(snippet) is not None:
                    return source.at(reason, snippet)
        return self._source.at(reason)

    def error(self, error: BaseException) -> GrammarSyntaxError:
        """What Lark says, with the place where it stands, in whatever file."""
        return self._source.error(error, self)

    def opaque(self, name: str, guests: Guests) -> Opaque:
        """The terminal of what is no Lark."""
        written, source = self.foreign[name]
        value, _ = source.foreign[written]
        try:
            return guests.opaque(name, value)
        except ConstraintError as error:
            raise source.of(written, str(error)) from error

    def do_import(
        self,
        dotted_path: tuple[str, ...],
        base_path: Any,
        aliases: dict[str, str],
        base_mangle: Callable[[str], str] | None = None,
    ) -> None:
        """Import names from another grammar: from beside this one, else from Lark's library."""
        source = _found(dotted_path, base_path)
        name = ".".join(dotted_path)
        if source is None:
            raise self._source.at(f"there is no grammar {name!r} to import", dotted_path[-1])
        if any(source.name == other.name for other in self._importing):
            raise self._source.at(f"grammar {name!r} imports itself", dotted_path[-1])
        mangled = loader._get_mangle("__".join(dotted_path), aliases, base_mangle)  # type: ignore[no-untyped-call]

        def mangle(symbol: str) -> str:
            name = str(mangled(symbol))
            self._origins.setdefault(name, (source, str(symbol)))
            return name

        builder = _Builder(source, self._importing, mangle)
        try:
            builder.load_grammar(source.text, source.name, mangle)
        except GrammarSyntaxError:
            raise
        except _LARK_FAILS as error:
            raise builder.error(error) from error
        for alias in aliases:
            if mangle(alias) not in builder._definitions:
                raise self._source.at(f"grammar {name!r} defines no {str(alias)!r}", str(alias))
        builder._remove_unused(map(mangle, aliases))  # type: ignore[no-untyped-call]
        for symbol in builder._definitions:
            if symbol in self._definitions:
                raise self._source.at(f"{symbol!r} is imported, but already defined", symbol)
        self.foreign |= builder.foreign
        self._origins |= builder._origins
        self.sources += builder.sources
        self._definitions.update(**builder._definitions)


def _found(dotted_path: tuple[str, ...], base_path: Any) -> _Source | None:
    relative = os.path.join(*dotted_path) + loader.EXT
    folders = [] if base_path is None else [Path(base_path)]
    folders.append(Path(loader.__file__).parent / "grammars")
    for folder in folders:
        file = folder / relative
        if file.is_file():
            name = str(file.resolve())
            try:
                return _Source(name, file.read_text(encoding="utf-8"), {})
            except UnicodeDecodeError as error:
                before = file.read_bytes()[: error.start].decode()
                raise GrammarSyntaxError(
                    *place_of(before, len(before)), "the file is not in UTF-8", name
                ) from error
    return None


_LARK_FAILS = (
    lark_errors.LarkError,
    re.error,
    ValueError,
    AssertionError,
    KeyError,
    RecursionError,
    AttributeError,
)
"""What Lark's loader raises about grammars; not all of it is meant for users."""
