"""What monitors have to know of a programming language: its strings, its comments, its dots."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from constrain.errors import ConstraintError

_NEAR = 4096
"""Characters before a trigger in which something may silence it."""


@dataclass(frozen=True)
class Quote:
    """A kind of string or comment. All are patterns of Python's `re`.

    Attributes:
        opening: what it begins with.
        closing: what it ends with.
        escape: what is passed over inside.
        code: what code inside begins with, up to the brace that closes it; "": there is none.
        formatted: a colon ends that code before its brace, and begins how it is shown.
    """

    opening: str
    closing: str
    escape: str = r"\\."
    code: str = r"(?!)"
    formatted: bool = False

    @cached_property
    def inside(self) -> re.Pattern[str]:
        """What may come next inside: groups "escape", "closing", "code"."""
        return re.compile(
            rf"(?s)(?P<escape>{self.escape})|(?P<closing>{self.closing})|(?P<code>{self.code})"
        )


@dataclass(frozen=True)
class Language:
    """A programming language, as monitors of members see it.

    Attributes:
        name: what LSP calls it.
        suffixes: those of its files.
        trigger: ends where a member is due, in the dialect of `Monitor.trigger`.
        ahead: see `Monitor.ahead`.
        word: see `Monitor.word`.
        member: what a member is called.
        quotes: strings and comments; earlier ones first.
        silent: ends where a trigger asks for no member after all.
        whole: tokens with quotes in them that open nothing.
        beside: what else may follow a text with this end, in Python's dialect.
        command: a language server.
        install: how to get it.
        options: what the server is told when it starts.
        includes: names come from files that are included. The server may offer to include one for a
            name that is in sight; it knows those that are from the file alone that it is shown.
        among: keywords that the server may offer among members.
        cuts: an answer that the server calls incomplete is; False: it calls all of them that.
        misplaced: codes of the errors by which the server says that what is like a dot cannot stand
            where it stands. It has to publish what it finds wrong.
        doubtful: ends after which the server knows names even so.
    """

    name: str
    suffixes: tuple[str, ...]
    trigger: str
    ahead: tuple[str, ...] = (".",)
    word: str = r"\w"
    member: str = r"[^\W\d]\w*"
    quotes: tuple[Quote, ...] = ()
    silent: str = r"(?!)"
    whole: str = r"(?!)"
    beside: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    install: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    includes: bool = False
    among: frozenset[str] = frozenset()
    cuts: bool = True
    misplaced: frozenset[str] = frozenset()
    doubtful: str = r"(?!)"

    @cached_property
    def _code(self) -> re.Pattern[str]:
        openings = (f"(?P<q{i}>{quote.opening})" for i, quote in enumerate(self.quotes))
        return re.compile("|".join([rf"(?m)(?P<whole>{self.whole})", *openings]))

    @cached_property
    def _enclosed(self) -> re.Pattern[str]:
        return re.compile(
            rf"{self._code.pattern}|(?P<deeper>[(\[{{])|(?P<back>[)\]}}])|(?P<colon>:)"
        )

    @cached_property
    def _silent(self) -> re.Pattern[str]:
        return re.compile(rf"(?s)(?:{self.silent})\Z")

    def is_code(self, text: str) -> bool:
        """Return whether a text ends in code: not in a comment, nor in the text of a string."""
        return self._open(text)[-1][0] is None

    def closed(self, text: str) -> str:
        """Return a text that ends in code with what closes the strings that the code is in."""
        ends = []
        for quote, _ in reversed(self._open(text)[1:]):
            if quote is None:
                ends.append("}")
            elif quote is not _FORMAT:
                ends.append(quote.closing.partition("|")[0])
        return text + "".join(ends)

    @cached_property
    def _settled(self) -> list[str]:
        """Beginnings of the latest texts that end in code, whatever follows."""
        return []

    def _open(self, text: str) -> list[tuple[Quote | None, int]]:
        """Return the strings and comments that are open, and the code in them, outermost first.

        Code has no quote, and so many brackets that are open.
        """
        modes: list[tuple[Quote | None, int]] = [(None, 0)]
        begin = max((len(head) for head in self._settled if text.startswith(head)), default=0)
        at = settled = begin
        last_line = text.rfind("\n")
        while at <= len(text):
            if len(modes) == 1 and at <= last_line:
                settled = at
            quote, depth = modes[-1]
            if quote is not None:
                found = quote.inside.search(text, at)
            else:
                found = (self._code if len(modes) == 1 else self._enclosed).search(text, at)
            if found is None:
                break
            kind = found.lastgroup or ""
            at = found.end() + (found.end() == at and kind != "closing")
            if kind == "code":
                modes.append((None, 0))
            elif kind == "closing" or (kind == "back" and depth == 0):
                modes.pop()
            elif kind in ("deeper", "back"):
                modes[-1] = (None, depth + (1 if kind == "deeper" else -1))
            elif kind == "colon":
                outer = modes[-2][0]
                if depth == 0 and outer is not None and outer.formatted:
                    modes.append((_FORMAT, 0))
            elif kind.startswith("q"):
                modes.append((self.quotes[int(kind[1:])], 0))
        if settled > begin:
            self._settled[:] = [*self._settled[-7:], text[:settled]]
        return modes

    def asks(self, text: str) -> bool:
        """Return whether a member is due after a text that ends with a trigger."""
        begin = max(0, len(text) - _NEAR)
        return not self._silent.search(text, begin) and self.is_code(text)


def language_of(path: Path | None) -> Language | None:
    """Return the language of a file by its suffix; None where it is not known."""
    suffix = path.suffix.lower() if path else ""
    return next((known for known in LANGUAGES if suffix in known.suffixes), None)


def language_named(name: str) -> Language:
    """Return a language by what LSP calls it.

    Raises:
        ConstraintError: it is not known.
    """
    for known in LANGUAGES:
        if known.name == name:
            return known
    names = ", ".join(known.name for known in LANGUAGES)
    raise ConstraintError(
        f"no language {name!r}; there are {names}; describe others with a Language of your own"
    )


_NOTHING = r"(?!)"
_FORMAT = Quote("", r"(?=\})", _NOTHING, code=r"\{")


def _comment(opening: str, closing: str = r"\n") -> Quote:
    return Quote(opening, closing, _NOTHING)


def _after(keywords: str, *signs: str) -> str:
    """Where a sign follows a keyword, or a number."""
    return rf"(?<![\w.])(?:{'|'.join(keywords.split())}|\d[\w']*)\s*(?:{'|'.join(signs)})"


_TRIPLE = ('"""', "'''")
_SINGLE = ('"', "'")

PYTHON = Language(
    "python",
    (".py", ".pyi"),
    trigger=r"""[\w)\]}"']\s*\.""",
    quotes=(
        _comment("#"),
        *(
            Quote(rf"(?<!\w)(?i:fr?|rf){mark}", closing, r"\\.|\{\{", code=r"\{", formatted=True)
            for mark, closing in (
                *((mark, mark) for mark in _TRIPLE),
                *((mark, rf"{mark}|\n") for mark in _SINGLE),
            )
        ),
        *(Quote(mark, mark) for mark in _TRIPLE),
        *(Quote(mark, rf"{mark}|\n") for mark in _SINGLE),
    ),
    silent=_after(
        "and as assert async await break class continue def del elif else except finally for from "
        "global if import in is lambda nonlocal not or pass raise return try while with yield",
        r"\.",
    ),
    command=("basedpyright-langserver", "--stdio"),
    install="pip install basedpyright",
    cuts=False,
)

TYPESCRIPT = Language(
    "typescript",
    (".ts", ".mts", ".cts"),
    trigger=r"""[\w$)\]}"'`!]\s*\??\.""",
    ahead=(".", "?."),
    word=r"[\w$]",
    member=r"#?(?:[^\W\d]|\$)[\w$]*",
    quotes=(
        _comment("//"),
        _comment(r"/\*", r"\*/"),
        Quote("`", "`", code=r"\$\{"),
        *(Quote(mark, rf"{mark}|\n") for mark in _SINGLE),
        Quote(
            r"(?:^|(?<=[(,=:\[!&|?{};+\-*%<>~])|(?<=\breturn))\s*/(?![/*])",
            r"/|\n",
            r"\\.|\[(?:\\.|[^\]\\\n])*\]",
        ),
    ),
    silent=_after("case default delete else in of return throw typeof void yield", r"\.", r"\?\."),
    beside={"?.": r"(?:\((?s:.)*\)|\[(?s:.)+\])(?s:.)*"},
    command=("typescript-language-server", "--stdio"),
    install="npm install -g typescript-language-server@5 typescript@6",
    # The server for syntax alone, which answers while the other one starts, knows no types.
    options={
        "tsserver": {"useSyntaxServer": "never"},
        "disableAutomaticTypingAcquisition": True,
    },
)

CPP = Language(
    "cpp",
    (".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx", ".h"),
    trigger=r"""[\w)\]}"']\s*(?:\.|->)|[\w>)\]]\s*::""",
    ahead=(".", "->", "::", ">", ":"),
    member=r"(?!operator\b)~?[^\W\d]\w*",
    quotes=(
        _comment("//"),
        _comment(r"/\*", r"\*/"),
        _comment(r"^[ \t]*#[ \t]*include\b"),
        _comment(r'(?<!\w)(?:u8|[uUL])?R"', _NOTHING),
        *(Quote(mark, rf"{mark}|\n") for mark in _SINGLE),
    ),
    silent="|".join(
        [
            _after(
                "auto case class const constexpr delete do else enum extern friend inline new "
                "operator private protected public return sizeof static struct template throw "
                "typename using virtual",
                r"\.",
                "->",
                "::",
            ),
            r"\.\.\.\s*(\w+)\b.*(?<!\w)\1\s*\.",  # a pack, which dots may follow
        ]
    ),
    whole=r'''(?<!\w)\d(?:'?[\w.])*|(?<!\w)(?:u8|[uUL])?R"(?P<delimiter>[^\s()\\]*)\((?s:.*?)\)(?P=delimiter)"''',
    # Answers are whole, come from the parser, and wait for what is known of included files.
    command=(
        "clangd",
        "--limit-results=0",
        "--completion-parse=always",
        "--background-index=false",
        "--sync",
        "--log=error",
    ),
    install="apt install clangd",
    includes=True,
    among=frozenset({"template"}),
    doubtful=r"[)\]]\s*::",
    misplaced=frozenset(
        {
            "typecheck_member_reference_struct_union",
            "typecheck_member_reference_suggestion",
            "typecheck_member_reference_arrow",
            "expected_class_or_namespace",
            "bound_member_function",
            "typecheck_call_not_function",
            "expected_semi_declaration",
            "expected_semi_after_expr",
            "invalid_non_static_member_use",
            "member_call_without_object",
            "ovl_no_oper",
        }
    ),
)

LANGUAGES = (
    PYTHON,
    TYPESCRIPT,
    replace(TYPESCRIPT, name="typescriptreact", suffixes=(".tsx",)),
    replace(TYPESCRIPT, name="javascript", suffixes=(".js", ".mjs", ".cjs")),
    replace(TYPESCRIPT, name="javascriptreact", suffixes=(".jsx",)),
    CPP,
    replace(CPP, name="c", suffixes=(".c",)),
)
