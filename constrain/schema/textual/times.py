"""Dates, times and durations of RFC 3339 as regular expressions."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache

from constrain.lexing.regex import Machine, Ranges, Regex, concat, difference, machine, union
from constrain.schema.textual.addresses import ecma

_DATE = (
    "[0-9]{4}-(?:"
    "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29"
)
_OFFSET = "(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_TIME = rf"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?{_OFFSET}"

_OF_DAY = "T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)"
_OF_DAYS = "(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)"


@cache
def date(portable: bool) -> Regex:
    """Return `full-date`: the days of the calendar, from the year 0 or (portable) 1 on."""
    dates = ecma(_DATE)
    return difference(dates, ecma("0000-[^]*")) if portable else dates


@cache
def time(portable: bool) -> Regex:
    """Return `full-time`: times of the day with an offset; leap seconds only if not portable."""
    times = ecma(_TIME)
    return times if portable else union(times, machine(_LeapSecond()))


@cache
def date_time(portable: bool) -> Regex:
    """Return `date-time`."""
    return concat(date(portable), ecma("[Tt]"), time(portable))


@cache
def duration() -> Regex:
    """Return `duration` of appendix A."""
    return ecma(f"P(?:[0-9]+W|{_OF_DAYS}(?:{_OF_DAY})?|{_OF_DAY})")


@cache
def _leap_seconds() -> list[str]:
    """Return the texts of the last second before midnight, UTC, when it is the 60th: sorted."""
    texts = ["23:59:60Z", "23:59:60z"]
    for minute in range(1440):
        ahead, behind = (minute + 1) % 1440, 1439 - minute
        for sign, offset in (("+", ahead), ("-", behind)):
            texts.append(
                f"{minute // 60:02}:{minute % 60:02}:60{sign}{offset // 60:02}:{offset % 60:02}"
            )
    return sorted(texts)


@dataclass(frozen=True, slots=True)
class _LeapSecond(Machine):
    """What has been read of a time whose second is 60.

    Attributes:
        read: the text without the fraction.
        digits: of the fraction: None without a point, else whether there are any.
    """

    read: str = ""
    digits: bool | None = None

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        return self.read in _leap_seconds()

    def arcs(self) -> tuple[tuple[Ranges, Machine], ...]:
        digit = ((ord("0"), ord("9")),)
        if self.digits is False:
            return ((digit, _LeapSecond(self.read, True)),)
        texts, place = _leap_seconds(), len(self.read)
        low = bisect_left(texts, self.read)
        high = bisect_left(texts, self.read + "~")
        found: list[tuple[Ranges, Machine]] = [
            (((ord(char), ord(char)),), _LeapSecond(self.read + char))
            for char in sorted({text[place] for text in texts[low:high] if len(text) > place})
        ]
        if place == len("23:59:60"):
            found.append(
                (digit, _LeapSecond(self.read, True))
                if self.digits
                else (((ord("."), ord(".")),), _LeapSecond(self.read, False))
            )
        return tuple(found)
