"""Names that are defined, exceptions where one is due, members of enums to match."""

from __future__ import annotations

import builtins
import re
from functools import lru_cache
from typing import Any

from constrain.lexing.regex import Regex, concat, union, words
from constrain.lexing.syntax import parse
from constrain.monitors.answers import Suggestions
from constrain.monitors.place import Place, is_code
from constrain.monitors.python_code import PythonMonitor
from constrain.monitors.statements import value_at

_MATCH = re.compile(r"(?m)^(?P<indent>[ \t]*)match[ \t]+(?P<subject>[^\n]*):[ \t]*(?:#[^\n]*)?$")
_CASE = re.compile(r"(?:\A|\n)(?P<indent>[ \t]*)case[ \t]\Z")


def _python(pattern: str) -> Regex:
    return parse(pattern, "python")


_OTHER = _python(r"(?:[^\w \t]|[0-9])(?s:.)*")
"""Values that do not begin with a name."""
KEYWORDS = ["await", "lambda", "not", "yield", "None", "True", "False"]
_PREFIXES = ["".join(two) for two in ("b", "f", "r", "u", "br", "rb", "fr", "rf")]
_STRING = concat(words([*_PREFIXES, *map(str.upper, _PREFIXES)]), _python(r"""["'](?s:.)*"""))
VALUE = concat(_python(r"[ \t]*"), union(_STRING, _OTHER))
ARGUMENT = union(VALUE, _python(r"[ \t]*[^\W\d]\w*[ \t]*=[^=](?s:.)*"))
"""What may stand for an argument instead of a name: one that is given by name, too."""
_SEVERAL = _python(r"\((?s:.)*")


class Names(PythonMonitor):
    """A name with which a value begins is defined where it stands.

    Values begin after `=`, an operator or a comma, each with a space behind it, after `return`,
    `in` and the like, and after the `[` of a subscript. Nothing is said where a name may be bound
    there or later: in the first item of other brackets (`[x for x in y]`), among targets and
    parameters, and after commas that may stand among the targets of an assignment.
    """

    trigger = (
        r"(?:[^=!<>:]=|[-+*/%@&|^<>]=?|[=!:]=|,|\b(?:return|assert|while|if|elif|else|yield|await|"
        r"not|and|or|in|is))[ \t]|[\w)\]]\["
    )
    ahead = (" ", "[")

    def __init__(self, place: Place, timeout: float = 10.0) -> None:
        super().__init__(place, timeout)
        self._names = lru_cache(16)(self._known)

    def _known(self, text: str) -> list[str]:
        """The names that a statement may use which begins where a text ends.

        Within an open bracket, or a function without a body, Jedi would know fewer.
        """
        found = self.ask(f"{text}_", lambda script, line, column: script.complete(line, column - 1))
        return [completion.name for completion in found]

    def suggest(self, text: str) -> Suggestions | None:
        """See `Monitor.suggest`."""
        value = value_at(text) if is_code(text) else None
        if value is None:
            return None
        names = self._names(text[: value.begin])
        other = ARGUMENT if value.is_argument else VALUE
        return Suggestions([*names, *value.bound, *KEYWORDS], lead=" \t", other=other)


class Exceptions(PythonMonitor):
    """After `raise` and `except` come exceptions, or names that may stand for some."""

    trigger = r"\b(?:raise|except)[ \t]"
    ahead = (" ",)

    def suggest(self, text: str) -> Suggestions | list[str] | None:
        """See `Monitor.suggest`."""
        if not is_code(text):
            return None
        names = [c.name for c in self.completions(text) if self._is_due(c)]
        return Suggestions(names, other=_SEVERAL) if names else []

    def _is_due(self, completion: Any) -> bool:
        if completion.type in ("keyword", "path"):
            return False
        known = getattr(builtins, completion.name, None)
        if completion.module_name != "builtins" or not isinstance(known, type):
            return completion.module_name != "builtins"
        return issubclass(known, BaseException)


class EnumMembers(PythonMonitor):
    """After `case` come members of the enum that is matched, those that no case has had, or `_`."""

    trigger = r"(?:\A|\n)[ \t]*case[ \t]"
    ahead = (" ",)

    def suggest(self, text: str) -> list[str] | None:
        """See `Monitor.suggest`."""
        case = _CASE.search(text)
        if case is None or not is_code(text):
            return None
        found = [m for m in _MATCH.finditer(text) if len(m["indent"]) < len(case["indent"])]
        if not found:
            return None
        subject = found[-1]
        members = self._members(text, subject.end("subject"))
        had = text[subject.end() :]
        left = [m for m in members if not re.search(rf"\b{re.escape(m)}\b", had)]
        return [*left, "_"] if members else None

    def _members(self, text: str, end: int) -> list[str]:
        """The members of the enum whose member stands before `end`, as they are written."""
        line, column = text.count("\n", 0, end) + 1, end - text.rfind("\n", 0, end) - 1
        found = self.ask(text, lambda script, *_: script.infer(line, column))
        members = []
        for owner in sorted({name.name for name in found if name.type == "instance"}):
            known = self.completions(f"{text}{owner}.")
            if any(completion.name == "_missing_" for completion in known):
                kinds = ("instance", "statement")
                public = [c.name for c in known if c.type in kinds and c.name[0] != "_"]
                members += [f"{owner}.{name}" for name in public]
        return members
