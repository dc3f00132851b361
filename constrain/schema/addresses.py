"""Internet names and addresses as patterns."""

from __future__ import annotations

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
"""Dotted decimal, as in RFC 3986, 3.2.2."""

_GROUP = "[0-9A-Fa-f]{1,4}"
_TAIL = f"(?:{_GROUP}:{_GROUP}|{IPV4})"


def _ipv6(omitted: int) -> str:
    """Return the pattern of IPv6 addresses whose `::` stands for `omitted` groups at least."""
    forms = [f"(?:{_GROUP}:){{6}}{_TAIL}"]
    for after in range(9 - omitted):
        before = 8 - omitted - after
        head = f"(?:(?:{_GROUP}:){{0,{before - 1}}}{_GROUP})?" if before else ""
        tail = f"(?:{_GROUP}:){{{after - 2}}}{_TAIL}" if after > 1 else _GROUP * after
        forms.append(f"{head}::{tail}")
    return f"(?:{'|'.join(forms)})"


IPV6 = _ipv6(omitted=1)
"""RFC 4291, 2.2, as in RFC 3986, 3.2.2."""

_END = "[A-Za-z0-9]"
_MIDDLE = "[A-Za-z0-9-]"
_LABEL = (
    f"{_END}(?:{_MIDDLE}{{0,2}}{_END}|{_MIDDLE}(?:{_END}{_MIDDLE}|-{_END}){_MIDDLE}{{0,58}}{_END})?"
)
HOSTNAME = rf"{_LABEL}(?:\.{_LABEL})*"
"""RFC 1123, 2.1, but for the length of the whole, which is at most `HOSTNAME_LENGTH`.

Labels with hyphens at the third and the fourth place are left out: they are reserved (RFC 5890,
2.3.1) but for the encoded forms of international labels, and no regular expression can tell those
from broken ones.
"""

HOSTNAME_LENGTH = 253

_NON_ASCII = r"\x80-\uD7FF\uE000-\u{10FFFF}"


def mailbox(*, international: bool) -> str:
    """Return the pattern of a `Mailbox` of RFC 5321, 4.1.2, or of RFC 6531, 3.3."""
    more = _NON_ASCII if international else ""
    atom = f"[{more}A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+"
    quoted = rf'"(?:[{more} !#-\[\]-~]|\\[ -~])*"'
    end = f"[{more}A-Za-z0-9]"
    label = f"{end}(?:[{more}A-Za-z0-9-]*{end})?"
    literal = rf"\[(?:{IPV4}|[Ii][Pp][Vv]6:{_ipv6(omitted=2)})\]"
    return rf"(?:{atom}(?:\.{atom})*|{quoted})@(?:{label}(?:\.{label})*|{literal})"
