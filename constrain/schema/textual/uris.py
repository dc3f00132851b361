"""URIs (RFC 3986), IRIs (RFC 3987) and URI templates (RFC 6570) as regular expressions."""

from __future__ import annotations

from functools import cache

from constrain.lexing.regex import (
    EPSILON,
    Regex,
    concat,
    literal,
    optional,
    plus,
    star,
    union,
)
from constrain.schema.textual.addresses import ecma, ipv6

_UCSCHAR = (
    r"\xA0-\uD7FF\uF900-\uFDCF\uFDF0-\uFFEF"
    + "".join(rf"\u{{{plane:X}0000}}-\u{{{plane:X}FFFD}}" for plane in range(1, 14))
    + r"\u{E1000}-\u{EFFFD}"
)
_IPRIVATE = r"\uE000-\uF8FF\u{F0000}-\u{FFFFD}\u{100000}-\u{10FFFD}"
_ENCODED = "%[0-9A-Fa-f]{2}"
_UNRESERVED = "A-Za-z0-9._~-"
_DELIMITERS = "!$&'()*+,;="


@cache
def reference(international: bool, absolute: bool, portable: bool) -> Regex:
    """Return the URIs or IRIs, or (where not `absolute`) the references to them.

    The portable ones have a small `v` in addresses of a future version of IP.
    """
    letters = (_UCSCHAR if international else "") + _DELIMITERS + _UNRESERVED
    private = _IPRIVATE if international else ""

    def character(allowed: str) -> Regex:
        return ecma(f"[{allowed}{letters}]|{_ENCODED}")

    future = ecma(f"{'v' if portable else '[vV]'}[0-9A-Fa-f]+\\.[:{_DELIMITERS}{_UNRESERVED}]+")
    host = union(
        concat(literal("["), union(ipv6(), future), literal("]")),
        star(character("")),
    )
    authority = concat(
        optional(concat(star(character(":")), literal("@"))), host, optional(ecma(":[0-9]*"))
    )
    segment = character(":@")
    rest = star(concat(literal("/"), star(segment)))
    tail = concat(
        optional(concat(literal("?"), star(character(private + ":@/?")))),
        optional(concat(literal("#"), star(character(":@/?")))),
    )

    def path(first_segment: Regex) -> Regex:
        return union(
            concat(literal("//"), authority, rest),
            concat(literal("/"), optional(concat(plus(segment), rest))),
            concat(plus(first_segment), rest),
            EPSILON,
        )

    whole = concat(ecma("[A-Za-z][A-Za-z0-9+.-]*:"), path(segment), tail)
    return whole if absolute else union(whole, concat(path(character("@")), tail))


@cache
def template(portable: bool) -> Regex:
    """Return the URI templates.

    The portable ones have no operator that is but reserved, no variable whose name begins with
    an encoded character, and no prefix of four digits.
    """
    literals = ecma(f"[!#$&-;=?-\\[\\]_a-z~{_UCSCHAR}{_IPRIVATE}]|{_ENCODED}")
    first = ecma("[A-Za-z0-9_]" if portable else f"[A-Za-z0-9_]|{_ENCODED}")
    more = ecma(rf"(\.?([A-Za-z0-9_]|{_ENCODED}))*")
    modifier = ecma(rf"(\*|:[1-9][0-9]{{0,{2 if portable else 3}}})?")
    variable = concat(first, more, modifier)
    operator = ecma("[+#./;?&]?" if portable else "[+#./;?&=,!@|]?")
    expression = concat(
        literal("{"), operator, variable, star(concat(literal(","), variable)), literal("}")
    )
    return star(union(literals, expression))
