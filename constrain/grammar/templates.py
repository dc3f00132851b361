"""Whether the templates of a grammar in Lark's language come to an end.

Lark makes a rule for each template with each list of arguments. A template that calls itself with
ever other arguments, as `t{x}: t{u{x}}` does, would have it make rules for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lark import Tree

from constrain.errors import GrammarSyntaxError

_MOST_RULES = 5000
_LONGEST_NAME = 5000


def check_templates(
    definitions: Mapping[str, Any], at: Callable[[str, str], GrammarSyntaxError]
) -> None:
    """Refuse templates that make too many rules, or rules with too long names.

    Args:
        definitions: the definitions of the grammar, as Lark's builder has them.
        at: makes the error with a reason where a rule is defined.

    Raises:
        GrammarSyntaxError: there are such templates.
    """
    templates = {name: rule for name, rule in definitions.items() if rule.params}
    made: set[str] = set()
    pending: list[tuple[Any, Mapping[str, str]]] = [
        (rule.tree, {}) for rule in definitions.values() if not rule.params and rule.tree
    ]

    def name_of(node: Any, arguments: Mapping[str, str]) -> str:
        """The name of what stands in the place of an argument."""
        if not isinstance(node, Tree):
            name = str(getattr(node, "name", node))
            return arguments.get(name, name)
        if node.data != "template_usage":
            return ",".join(name_of(child, arguments) for child in node.children)
        called: Any = node.children[0]
        template = str(called.name)
        given = [name_of(child, arguments) for child in node.children[1:]]
        name = f"{template}{{{','.join(given)}}}"
        if name not in made:
            made.add(name)
            if len(made) > _MOST_RULES or len(name) > _LONGEST_NAME:
                raise at(f"template {template!r} is used with ever other arguments", template)
            rule = templates.get(template)
            if rule is not None:
                pending.append((rule.tree, dict(zip(rule.params, given, strict=True))))
        return name

    for rule in definitions.values() if templates else ():
        for value in rule.tree.find_data("value") if rule.tree else ():
            name = str(getattr(value.children[0], "name", ""))
            if name in templates and name not in rule.params:
                raise at(f"template {name!r} is used without its arguments", name)
    while templates and pending:
        tree, arguments = pending.pop()
        for usage in tree.find_data("template_usage"):
            name_of(usage, arguments)
