"""Names of members in what a language server completes with (`textDocument/completion`)."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from constrain.monitors.failure import ServerError
from constrain.monitors.languages import Language

_NO_MEMBERS = frozenset({1, 15, 16, 17, 19})
"""`CompletionItemKind`: Text (words of the file), Snippet, Color, File, Folder."""
_KEYWORD = 14
_SNIPPET = 2
"""`InsertTextFormat`."""


class Completions(NamedTuple):
    """An answer.

    Attributes:
        names: members; None where the place is not one for members.
        is_incomplete: the server has more.
    """

    names: frozenset[str] | None
    is_incomplete: bool


def completions(answer: Any, language: Language, line: str, typed: int) -> Completions:
    """Read an answer.

    An item is a member if it leaves what stands before it as it is: those that would change an
    operator, add an import or put something around the expression are none. Of `maybe?.name` for
    `maybe.` the name is taken.

    Args:
        answer: the result.
        language: of the file.
        line: the text before the cursor in its line.
        typed: so many characters of it are the beginning of a member.

    Raises:
        ServerError: it is malformed.
    """
    is_incomplete = False
    if isinstance(answer, dict):
        is_incomplete = language.cuts and answer.get("isIncomplete") is True
        answer = answer.get("items")
    if answer is None:
        answer = []
    if not isinstance(answer, list):
        raise ServerError("completions are no list")
    before = line[: len(line) - typed]
    member = re.compile(rf"(?s)({language.member})(?:\s?[(<:?!].*)?")
    names: set[str] = set()
    for item in answer:
        if not isinstance(item, dict) or not isinstance(item.get("label"), str):
            raise ServerError(f"a completion has no label: {str(item)[:80]}")
        kind = item.get("kind")
        if kind == _KEYWORD:
            if item["label"].strip() in language.among:
                continue
            return Completions(None, is_incomplete)
        if kind in (*_NO_MEMBERS, _KEYWORD) or (
            item.get("additionalTextEdits") and not language.includes
        ):
            continue
        found = member.fullmatch(_inserted(item, before, line))
        if found:
            names.add(found[1])
    return Completions(frozenset(names), is_incomplete)


def _inserted(item: dict[str, Any], before: str, line: str) -> str:
    """What an item would have stand after `before`; "" if it would change that.

    Raises:
        ServerError: it is malformed.
    """
    edit = item.get("textEdit")
    try:
        if edit is None:
            text = (item.get("insertText") or item["label"]).strip()
        else:
            begin = (edit.get("range") or edit["insert"])["start"]["character"]
            text = line.encode("utf-16-le")[: 2 * begin].decode("utf-16-le") + edit["newText"]
            if text.startswith(before):
                text = text.removeprefix(before)
            elif before.endswith(".") and text.startswith(f"{before[:-1]}?."):
                text = text[len(before) + 1 :]
            else:
                text = ""
    except (AttributeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise ServerError(f"a completion is malformed: {str(item)[:80]}") from error
    return text.partition("$")[0] if item.get("insertTextFormat") == _SNIPPET else text
