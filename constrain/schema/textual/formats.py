"""The formats of JSON Schema as regular expressions over the values of strings.

Each comes in two widths. The *specified* language is that of the RFC which the specification
names, as its official test suite reads it. The *portable* one leaves out what common validators
refuse all the same (leap seconds, the year 0), so that what is generated passes everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

from constrain.lexing.regex import Regex, matches
from constrain.schema.options import Judge
from constrain.schema.textual.addresses import (
    ecma,
    hostname,
    international_hostname,
    ipv4,
    ipv6,
    mailbox,
)
from constrain.schema.textual.expressions import regular_expressions
from constrain.schema.textual.times import date, date_time, duration, time
from constrain.schema.textual.uris import reference, template


class Format(NamedTuple):
    """The strings of a format.

    Attributes:
        regex: those that may be of it.
        judge: returns whether one of them is; None: all are.
    """

    regex: Regex
    judge: Judge | None = None

    def allows(self, value: str) -> bool:
        """Return whether a string is of the format."""
        return matches(self.regex, value) and (self.judge is None or bool(self.judge(value)))


@lru_cache(64)
def format_regex(name: str, draft: str = "draft2020-12", portable: bool = True) -> Regex | None:
    """Return the values of a format; None: the name is unknown and constrains nothing.

    Every format is known in every draft: schemas in use name formats, and mean them, whatever
    dialect they declare.

    Args:
        name: the format.
        draft: of the schema; up to draft 6, host names know nothing of encoded labels.
        portable: leave out what common validators refuse.
    """
    if name == "hostname":
        return hostname(encoded=draft not in ("draft4", "draft6"))
    build = _FORMATS.get(name)
    return None if build is None else build(portable)


_POINTER = "(?:/(?:[^~/]|~[01])*)*"


def _relative_pointer(portable: bool) -> Regex:
    # jsonschema refuses prefixes in which a digit follows a zero.
    prefix = "[1-9]+0?" if portable else "[1-9][0-9]*"
    return ecma(f"(0|{prefix})(#|{_POINTER})")


_FORMATS: dict[str, Callable[[bool], Regex]] = {
    "date": date,
    "time": time,
    "date-time": date_time,
    "duration": lambda portable: duration(),
    "email": lambda portable: mailbox(international=False),
    "idn-email": lambda portable: mailbox(international=True),
    "idn-hostname": lambda portable: international_hostname(),
    "ipv4": lambda portable: ipv4(),
    "ipv6": lambda portable: ipv6(),
    "uuid": lambda portable: ecma("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
    "uri": partial(reference, False, True),
    "uri-reference": partial(reference, False, False),
    "iri": partial(reference, True, True),
    "iri-reference": partial(reference, True, False),
    "uri-template": template,
    "json-pointer": lambda portable: ecma(_POINTER),
    "relative-json-pointer": _relative_pointer,
    "regex": regular_expressions,
}

FORMATS = ("hostname", *_FORMATS)
"""The formats of the specification."""
