"""The formats of JSON Schema as regular expressions over the values of strings.

Each comes in two widths. The *specified* language is that of the RFC which the specification
names, as its official test suite reads it. The *portable* one leaves out what common validators
refuse all the same (leap seconds, the year 0), so that what is generated passes everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from constrain.lexing import regex as rx
from constrain.lexing.regex import Regex
from constrain.lexing.syntax import parse
from constrain.schema.addresses import HOSTNAME, HOSTNAME_LENGTH, IPV4, IPV6, mailbox
from constrain.schema.uris import reference, template


@lru_cache(64)
def format_regex(name: str, portable: bool = True) -> Regex | None:
    """Return the values of a format; None: the name is unknown and constrains nothing.

    Formats mean the same in all drafts, those that a draft does not define included: schemas in
    use name them, and expect them, whatever dialect they declare.
    """
    build = _FORMATS.get(name)
    return None if build is None else build(portable)


_MONTH_DAY = (
    "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DATE = f"(?:[0-9]{{4}}-{_MONTH_DAY}|{_LEAP_YEAR}-02-29)"
_FRACTION = r"(?:\.[0-9]+)?"
_OFFSET = "(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_TIME = f"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]{_FRACTION}{_OFFSET}"

_TIME_PART = "T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)"
_DATE_PART = "(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)"
_DURATION = f"P(?:[0-9]+W|{_DATE_PART}(?:{_TIME_PART})?|{_TIME_PART})"

_UUID = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_POINTER = "(?:/(?:[^~/]|~[01])*)*"


def _date(portable: bool) -> Regex:
    date = parse(_DATE, "ecma")
    return rx.difference(date, parse("0000-[^]*", "ecma")) if portable else date


def _time(portable: bool) -> Regex:
    time = parse(_TIME, "ecma")
    return time if portable else rx.union(time, parse(_leap_second(), "ecma"))


def _leap_second() -> str:
    """Return the pattern of the times whose second is 60: in UTC, the last before midnight."""
    hours = "|".join(
        rf"{hour:02}:..:60{_FRACTION}(?:\+{hour:02}|-{23 - hour:02}):.." for hour in range(24)
    )
    minutes = "|".join(
        rf"..:{minute:02}:60{_FRACTION}(?:\+..:{minute + 1:02}|-..:{59 - minute:02})"
        for minute in range(59)
    )
    carried = "|".join(
        rf"{hour:02}:59:60{_FRACTION}\+{(hour + 1) % 24:02}:00" for hour in range(24)
    )
    minutes += f"|..:59:60{_FRACTION}-..:00"
    return f"(?=(?:{hours})$)(?:{minutes})|{carried}|23:59:60{_FRACTION}[Zz]"


def _date_time(portable: bool) -> Regex:
    return rx.concat(_date(portable), parse("[Tt]", "ecma"), _time(portable))


def _hostname(portable: bool) -> Regex:
    return rx.intersect(parse(HOSTNAME, "ecma"), rx.repeat(rx.ANY, 1, HOSTNAME_LENGTH))


def _relative_pointer(portable: bool) -> str:
    """Return the pattern; jsonschema refuses prefixes in which a digit follows a zero."""
    prefix = "[1-9]+0?" if portable else "[1-9][0-9]*"
    return f"(?:0|{prefix})(?:#|{_POINTER})"


def _pattern(text: str) -> Callable[[bool], Regex]:
    return lambda portable: parse(text, "ecma")


_FORMATS: dict[str, Callable[[bool], Regex]] = {
    "date": _date,
    "time": _time,
    "date-time": _date_time,
    "duration": _pattern(_DURATION),
    "email": _pattern(mailbox(international=False)),
    "idn-email": _pattern(mailbox(international=True)),
    "hostname": _hostname,
    "ipv4": _pattern(IPV4),
    "ipv6": _pattern(IPV6),
    "uuid": _pattern(_UUID),
    "uri": _pattern(reference(international=False, absolute=True)),
    "uri-reference": _pattern(reference(international=False, absolute=False)),
    "iri": _pattern(reference(international=True, absolute=True)),
    "iri-reference": _pattern(reference(international=True, absolute=False)),
    "uri-template": lambda portable: parse(template(portable=portable), "ecma"),
    "json-pointer": _pattern(_POINTER),
    "relative-json-pointer": lambda portable: parse(_relative_pointer(portable), "ecma"),
}
