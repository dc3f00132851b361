"""Members of what stands before a dot; modules, and what they export."""

from __future__ import annotations

import re
from collections.abc import Iterable

from constrain.lexing.regex import (
    ANYTHING,
    Regex,
    concat,
    literal,
    optional,
    star,
    union,
    whole,
    words,
)
from constrain.lexing.syntax import parse
from constrain.monitors.languages import PYTHON
from constrain.monitors.place import is_code
from constrain.monitors.python_code import PythonMonitor

_IMPORT = re.compile(r"(?:\A|[\n;])[ \t]*(?P<what>import|from)[ \t](?P<rest>[^\n;]*)\Z")
_ALIAS = r"(?:[ \t]+as[ \t]+\w+)?"


class Dereference(PythonMonitor):
    """After the dot of an expression come members of its type: fields, methods, what a module has.

    Types are followed through all files of the repository. Where Jedi does not know the type,
    there is no suggestion.
    """

    trigger = PYTHON.trigger
    ahead = PYTHON.ahead

    def suggest(self, text: str) -> list[str] | None:
        """See `Monitor.suggest`."""
        if not PYTHON.asks(text):
            return None
        if self.is_unknown(text):
            return []
        return [completion.name for completion in self.completions(text)]


class Imports(PythonMonitor):
    """What is imported exists: modules after `import` and `from`, then what the module exports."""

    trigger = r"\b(?:import|from)[ \t]|\."
    ahead = (" ", ".")

    def suggest(self, text: str) -> Regex | list[str] | None:
        """See `Monitor.suggest`."""
        statement = _IMPORT.search(text)
        if statement is None or not is_code(text):
            return None
        names, rest = self._names(text), statement["rest"]
        dots = not rest.strip(".")
        if not names and not dots:
            return names
        if statement["what"] == "import":
            return _modules(names, self._names(text[: statement.start("rest")]))
        if re.search(r"\bimport[ \t]+\Z", rest):
            return _exports([*names, "*"])
        return union(_source(names), _RELATIVE) if dots else _source(names)

    def _names(self, text: str) -> list[str]:
        return [found.name for found in self.completions(text) if found.name != "import"]


def _python(pattern: str) -> Regex:
    return whole(parse(pattern, "python"))


_RELATIVE = _python(r"(?:\.|[ \t]*import\b)(?s:.)*")
"""What may follow the dots of a relative import instead of a name."""
_END = _python(r"[ \t]*(?:[;#\n](?s:.)*)?")
"""What may stand behind a statement."""


def _list(first: Iterable[str], others: Iterable[str], space: str) -> Regex:
    one, other = (concat(words(names), _python(_ALIAS)) for names in (first, others))
    return concat(one, star(concat(_python(rf"{space}*,{space}*"), other)))


def _modules(names: list[str], others: list[str]) -> Regex:
    deeper = concat(literal("."), ANYTHING)
    return concat(_list(names, others, r"[ \t]"), union(_END, deeper))


def _source(names: list[str]) -> Regex:
    return concat(words(names), optional(_python(r"(?:\.|[ \t]+import\b)(?s:.)*")))


def _exports(names: list[str]) -> Regex:
    enclosed = concat(_python(r"\(\s*"), _list(names, names, r"\s"), _python(r"\s*,?\s*\)"))
    return concat(union(_list(names, names, r"[ \t]"), enclosed), _END)
