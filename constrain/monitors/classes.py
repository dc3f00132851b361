"""Classes where an object of a type is due: those that can be constructed, and are of the type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from constrain.monitors.answers import Suggestions
from constrain.monitors.names import ARGUMENT, KEYWORDS, VALUE
from constrain.monitors.place import is_code
from constrain.monitors.python_code import PythonMonitor

_ANNOTATED = re.compile(r"^[ \t]*[\w.]+[ \t]*:[ \t]*(?P<type>[\w.]+)[ \t]*=[ \t]\Z")
_RETURNS = re.compile(
    r"(?m)^(?P<indent>[ \t]*)(?:async[ \t]+)?def\b[^\n]*->[ \t]*(?P<type>[\w.]+):"
)
_DEFINES = re.compile(r"(?m)^(?P<indent>[ \t]*)(?:async[ \t]+)?(?:def|class)\b")
_DEFINING = re.compile(r"\b(?:def|class)[ \t]+\w+[ \t]*\([^()]*\Z")
_STRUCTURAL = ("typing", "typing_extensions", "collections.abc", "_collections_abc", "types")
"""Modules whose classes stand for what others look like."""
_ABSTRACT = re.compile(r"\babstract(?:method|property|classmethod|staticmethod)\b")


class Classes(PythonMonitor):
    """Where an object of a type is due, a class that is named is of that type, and not abstract.

    That is after `raise`, after `=` and a space in `name: Type = `, after `return` in a function
    with an annotation, and where an argument begins whose parameter has one. Subclasses are found
    across the files of the repository. What is no class (a function, a variable, a literal) may
    stand there too. Of types that are no classes (`list[int]`, `A | B`) nothing is said.

    After "Guiding Language Models of Code with Global Context using Monitors" (Agrawal et al.
    2023), whose monitor for instantiations follows `new`, which Python does not have.
    """

    trigger = r"(?:[^=!<>:]=|\b(?:return|raise)|,)[ \t]|[\w)\]]\("
    ahead = (" ", "(")

    def suggest(self, text: str) -> Suggestions | None:
        """See `Monitor.suggest`."""
        if not is_code(text) or _DEFINING.search(text) or self.is_unknown(text):
            return None
        names = self.ask(text, lambda script, line, column: self._names(script, text, line, column))
        if names is None:
            return None
        is_call = re.search(r"[(,][ \t]?\Z", text) is not None
        return Suggestions([*names, *KEYWORDS], lead=" \t", other=ARGUMENT if is_call else VALUE)

    def _names(self, script: Any, text: str, line: int, column: int) -> list[str] | None:
        """The names that may stand where a text ends; None where no type is due."""
        due = [value for name in self._due(script, text, line, column) for value in _values(name)]
        if not due or any(_is_structural(value) for value in due):
            return None
        return [
            completion.name
            for completion in script.complete(line, column)
            if completion.type not in ("keyword", "path")
            and not completion.name.endswith("=")
            and (completion.type != "class" or _fits(completion, due))
        ]

    def _due(self, script: Any, text: str, line: int, column: int) -> list[Any]:
        """The classes of which an object is due."""
        last = text[text.rfind("\n") + 1 :]
        if re.search(r"\braise[ \t]\Z", last):
            return list(self._jedi.Script("BaseException").infer(1, 0))
        if re.search(r"\breturn[ \t]\Z", last):
            indent = len(last) - len(last.lstrip())
            inside = [m for m in _DEFINES.finditer(text) if len(m["indent"]) < indent]
            returns = _RETURNS.match(text, inside[-1].start()) if inside else None
            return self._inferred(script, text, returns.end("type")) if returns else []
        annotated = _ANNOTATED.match(last)
        if annotated:
            begin = len(text) - len(last)
            return self._inferred(script, text, begin + annotated.end("type"))
        if last.endswith(("= ", "=\t")):
            return []
        due = []
        for signature in script.get_signatures(line, column):
            if signature.index is not None:
                parameter = signature.params[signature.index]
                due += parameter.infer_annotation(execute_annotation=False)
        return due

    @staticmethod
    def _inferred(script: Any, text: str, end: int) -> list[Any]:
        line, column = text.count("\n", 0, end) + 1, end - text.rfind("\n", 0, end) - 2
        return list(script.infer(line, column))


# What follows knows Jedi's classes from within: it has no public way to the bases of a class.


def _values(name: Any) -> list[Any]:
    """The classes behind a name; None for what is no class."""
    return [value if value.is_class() else None for value in name._name.infer()]


def _is_structural(value: Any) -> bool:
    """Whether the subclasses of a type are not known by their bases."""
    if value is None:
        return True
    return value.py__name__() == "object" or _module(value) in _STRUCTURAL or _is_protocol(value)


def _fits(completion: Any, due: list[Any]) -> bool:
    """Whether a class is of one of the types due, as far as is known, and can be constructed."""
    values = _values(completion)
    if not values or None in values:
        return True
    return any(_is_of(value, due) and not _is_abstract(value) for value in values)


def _is_of(value: Any, due: list[Any]) -> bool:
    bases = list(value.py__mro__())
    if not all(_is_known(base) for base in bases):
        return True
    named = {_key(base) for base in bases}
    wanted = {_key(one) for one in due}
    if ("builtins", "float") in wanted:
        wanted.add(("builtins", "int"))
    return not named.isdisjoint(wanted)


def _key(value: Any) -> tuple[Any, ...]:
    if _module(value) == "builtins":
        return "builtins", value.py__name__()
    node = _node(value)
    path = value.get_root_context().py__file__()
    return str(path), value.py__name__(), node.start_pos if node is not None else None


def _module(value: Any) -> str:
    return ".".join(value.get_root_context().string_names or ())


def _node(value: Any) -> Any:
    """Where a class is defined, in Parso's tree; None if that is not known."""
    node = getattr(value, "tree_node", None)
    return node if node is not None and node.type == "classdef" else None


def _arguments(value: Any) -> list[str]:
    """The bases of a class as they are written, and what else stands beside them."""
    node = _node(value)
    written = node.get_super_arglist() if node is not None else None
    return (
        [] if written is None else re.findall(r"[\w.]+(?:[ \t]*=[ \t]*[\w.]+)?", written.get_code())
    )


def _is_known(value: Any) -> bool:
    """Whether all bases of a class are found."""
    written = [text for text in _arguments(value) if "=" not in text]
    if not written or any("[" in text for text in written):
        return True
    return len(list(value.py__bases__())) >= 1 and all(
        list(base.infer()) for base in value.py__bases__()
    )


def _is_protocol(value: Any) -> bool:
    return any(text.rpartition(".")[2] == "Protocol" for text in _arguments(value))


def _is_abstract(value: Any) -> bool:
    """Whether a class cannot be constructed: a protocol, or one with abstract methods."""
    if _is_protocol(value):
        return True
    bases = list(value.py__mro__())
    written = [text for base in bases for text in _arguments(base)]
    if not any(re.fullmatch(r"(?:.*\.)?(?:ABC|.*ABCMeta)", text) for text in written):
        return False
    abstract: set[str] = set()
    for base in reversed(bases):
        node = _node(base)
        if node is None:
            continue
        for function in node.iter_funcdefs():
            marked = any(_ABSTRACT.search(x.get_code()) for x in function.get_decorators())
            (abstract.add if marked else abstract.discard)(function.name.value)
        abstract -= {name.value for name in _assigned(node)}
    return bool(abstract)


def _assigned(node: Any) -> Iterator[Any]:
    """The names that the body of a class gives a value, or imports."""
    for statement in node.get_suite().children:
        for child in getattr(statement, "children", ()):
            if child.type in ("expr_stmt", "import_name", "import_from"):
                yield from child.get_defined_names()
