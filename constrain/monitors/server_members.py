"""Members as a language server knows them."""

from __future__ import annotations

import re
from pathlib import Path

from constrain.errors import ConstraintError
from constrain.lexing.regex import EMPTY, Regex, whole
from constrain.lexing.syntax import parse
from constrain.monitors.answers import Suggestions
from constrain.monitors.language_server import LanguageServer
from constrain.monitors.monitor import Monitor
from constrain.monitors.place import Place


class ServerMembers(Monitor):
    """After the dot of an expression come members of its type, as a language server knows them.

    What is like a dot (`->`, `::`, `?.`) is a matter of the language. In C++ it cannot be written
    where the server says that it cannot stand there (`number.`, `pointer.`, `object->`).

    The server starts at once, in the background, and is asked what may follow the place if a member
    is due there.

    Args:
        server: the server; several monitors may have the same one.
        place: where the code is written; its path has to be known.

    Raises:
        ConstraintError: the place has no path.
    """

    def __init__(self, server: LanguageServer, place: Place) -> None:
        if place.path is None:
            raise ConstraintError("a language server has to know the path of the file; give one")
        language = server.language
        self.trigger = language.trigger
        self.ahead = language.ahead
        self.word = language.word
        self.refuses = bool(language.misplaced)
        self.before = place.before
        self._language = language
        self._server = server
        self._path = place.path
        self._after = place.after
        if re.search(rf"(?:{self.trigger})\Z", place.before) and language.asks(place.before):
            server.expect(place.path, place.before, place.after)
        else:
            server.prepare(place.path, place.before + place.after)

    def suggest(self, text: str) -> list[str] | Suggestions | Regex | None:
        """See `Monitor.suggest`."""
        if not self._language.asks(text):
            return None
        names = self._server.members(*self._at(text))
        if names is None:
            return None
        is_doubtful = not names or re.search(rf"(?:{self._language.doubtful})\Z", text)
        if is_doubtful and self.refuses and self._server.is_misplaced(*self._at(text)):
            return EMPTY
        for end, others in self._language.beside.items():
            if names and text.endswith(end):
                return Suggestions(sorted(names), other=whole(parse(others, "python")))
        return sorted(names)

    def _at(self, text: str) -> tuple[Path, str, str]:
        return self._path, text, self._after
