"""Internet addresses and names as regular expressions."""

from __future__ import annotations

from functools import cache
from unicodedata import bidirectional, normalize

from constrain.lexing.regex import (
    ANY,
    EPSILON,
    Regex,
    arcs,
    char_class,
    concat,
    intersect,
    literal,
    optional,
    repeat,
    star,
    union,
)
from constrain.lexing.syntax import parse

_HOSTNAME_LENGTH = 253
_ENCODED_LETTERS = 9  # so few that their encoded form has room in a label, whatever they are
_NON_ASCII = r"\x80-\uD7FF\uE000-\u{10FFFF}"


def ecma(pattern: str) -> Regex:
    """Return what a regular expression of ECMA-262 matches in full."""
    return parse(pattern, "ecma")


@cache
def ipv4() -> Regex:
    """Return the addresses in dotted decimal, as in RFC 3986, 3.2.2."""
    octet = ecma("25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9]")
    return concat(octet, repeat(concat(literal("."), octet), 3, 3))


@cache
def ipv6(omitted: int = 1) -> Regex:
    """Return the addresses of RFC 4291, 2.2, as in RFC 3986, 3.2.2.

    Args:
        omitted: the number of groups that `::` stands for at least.
    """
    group = ecma("[0-9A-Fa-f]{1,4}")
    behind = concat(group, literal(":"))
    last = union(concat(behind, group), ipv4())  # the last two groups
    forms = [concat(repeat(behind, 6, 6), last)]
    for after in range(9 - omitted):
        before = 8 - omitted - after
        head = optional(concat(repeat(behind, 0, before - 1), group)) if before else EPSILON
        tail = (
            concat(repeat(behind, after - 2, after - 2), last)
            if after > 1
            else repeat(group, after, after)
        )
        forms.append(concat(head, literal("::"), tail))
    return union(*forms)


@cache
def hostname(encoded: bool) -> Regex:
    """Return the names of RFC 1123, 2.1, without the dot of the root.

    Args:
        encoded: read labels with hyphens at the third and the fourth place as RFC 5890, 2.3.1,
            does: they are reserved but for the encoded forms of international labels. No regular
            expression can tell those from broken ones, so all such labels are left out.
    """
    end, middle = "[A-Za-z0-9]", "[A-Za-z0-9-]"
    longer = f"{middle}({end}{middle}|-{end}){middle}{{0,58}}" if encoded else f"{middle}{{3,61}}"
    label = ecma(f"{end}(({middle}{{0,2}}|{longer}){end})?")
    return intersect(_dotted(label), repeat(ANY, 1, _HOSTNAME_LENGTH))


@cache
def international_hostname() -> Regex:
    """Return names of RFC 5890, of labels in small ASCII or of a few letters of other scripts.

    The whole language is not regular: the length of a label is that of its encoded form, and some
    characters depend on others. Encoded labels, marks, joiners and what is written from right to
    left are left out.
    """
    end, middle = "[a-z0-9]", "[a-z0-9-]"
    longer = f"{middle}({end}{middle}|-{end}){middle}{{0,58}}"
    plain = ecma(f"{end}(({middle}{{0,2}}|{longer}){end})?")
    label = union(plain, repeat(_stable_letters(), 1, _ENCODED_LETTERS))
    names = concat(label, star(concat(ecma(r"[.\u3002\uFF0E\uFF61]"), label)))
    return intersect(names, repeat(ANY, 1, _HOSTNAME_LENGTH))


def _stable_letters() -> Regex:
    """Return letters of RFC 5892, 2.1, written from left to right, but for old Hangul."""

    def stable(letter: str) -> bool:
        folded = normalize("NFKC", normalize("NFKC", letter).casefold())
        return folded == letter and bidirectional(letter) == "L"

    letters = ecma(r"(?![\u1100-\u11FF\uA960-\uA97C\uD7B0-\uD7FB])[\p{Ll}\p{Lo}]")
    return char_class(
        (point, point)
        for ranges, _ in arcs(letters)
        for low, high in ranges
        for point in range(low, high + 1)
        if stable(chr(point))
    )


@cache
def mailbox(international: bool) -> Regex:
    """Return a `Mailbox` of RFC 5321, 4.1.2, or an international one of RFC 6531, 3.3."""
    more = _NON_ASCII if international else ""
    atom = ecma(f"[{more}A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+")
    quoted = ecma(rf'"([{more} !#-\[\]-~]|\\[ -~])*"')
    end = f"[{more}A-Za-z0-9]"
    label = ecma(f"{end}([{more}A-Za-z0-9-]*{end})?")
    address = union(ipv4(), concat(ecma("[Ii][Pp][Vv]6:"), ipv6(omitted=2)))
    return concat(
        union(_dotted(atom), quoted),
        literal("@"),
        union(_dotted(label), concat(literal("["), address, literal("]"))),
    )


def _dotted(part: Regex) -> Regex:
    return concat(part, star(concat(literal("."), part)))
