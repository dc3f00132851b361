"""URIs (RFC 3986), IRIs (RFC 3987) and URI templates (RFC 6570) as regular expressions."""

from __future__ import annotations

from constrain.schema.addresses import IPV6

_UCSCHAR = (
    r"\xA0-\uD7FF\uF900-\uFDCF\uFDF0-\uFFEF"
    + "".join(rf"\u{{{plane:X}0000}}-\u{{{plane:X}FFFD}}" for plane in range(1, 14))
    + r"\u{E1000}-\u{EFFFD}"
)
_IPRIVATE = r"\uE000-\uF8FF\u{F0000}-\u{FFFFD}\u{100000}-\u{10FFFD}"

_ENCODED = "%[0-9A-Fa-f]{2}"
_UNRESERVED = "A-Za-z0-9._~-"
_DELIMITERS = "!$&'()*+,;="


def _characters(allowed: str) -> str:
    return f"(?:[{allowed}]|{_ENCODED})"


def reference(*, international: bool, absolute: bool) -> str:
    """Return the pattern of a URI or IRI, or (where not `absolute`) of a reference to one."""
    letters = (_UCSCHAR if international else "") + _DELIMITERS + _UNRESERVED
    private = _IPRIVATE if international else ""
    future = f"[vV][0-9A-Fa-f]+\\.[{_DELIMITERS}:{_UNRESERVED}]+"
    host = f"(?:\\[(?:{IPV6}|{future})\\]|{_characters(letters)}*)"
    authority = f"(?:{_characters(':' + letters)}*@)?{host}(?::[0-9]*)?"
    segment = _characters(":@" + letters)
    rest = f"(?:/{segment}*)*"
    tail = (
        f"(?:\\?{_characters(private + ':@/?' + letters)}*)?(?:#{_characters(':@/?' + letters)}*)?"
    )

    def path(first_segment: str) -> str:
        return f"(?://{authority}{rest}|/(?:{segment}+{rest})?|(?:{first_segment}+{rest})?)"

    whole = f"[A-Za-z][A-Za-z0-9+.-]*:{path(segment)}{tail}"
    if absolute:
        return whole
    return f"(?:{whole}|{path(_characters('@' + letters))}{tail})"


def template(*, portable: bool) -> str:
    """Return the pattern of a URI template; a portable one has no operator that is reserved."""
    literals = f"(?:[!#$&-;=?-\\[\\]_a-z~{_UCSCHAR}{_IPRIVATE}]|{_ENCODED})"
    character = f"(?:[A-Za-z0-9_]|{_ENCODED})"
    variable = rf"{character}(?:\.?{character})*(?:\*|:[1-9][0-9]{{0,3}})?"
    operator = "[+#./;?&]" if portable else "[+#./;?&=,!@|]"
    return f"(?:{literals}|\\{{{operator}?{variable}(?:,{variable})*\\}})*"
