"""Small repositories of TypeScript and C++, made by a seed, with statements that dereference."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from bench.monitor_points import Point
from constrain.monitors import Place

_NOUNS = (
    "book shelf ledger ticket engine sensor bridge garden hotel island journal kitchen lantern "
    "market needle orchard parcel quarry river signal tunnel valley window anchor basket candle"
).split()
_QUALITIES = (
    "width height weight title label colour price count origin target status level owner "
    "region sector volume margin length depth serial batch series number legend"
).split()
_PLAIN = ("number", "text")


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a class.

    Attributes:
        name: what it is called.
        kind: of its value: a class, "number" or "text".
        is_method: it is called, with a number or nothing.
        argument: it takes a number.
        is_pointer: in C++, the value is a pointer; only classes are.
    """

    name: str
    kind: str
    is_method: bool = False
    argument: bool = False
    is_pointer: bool = False


Classes = dict[str, list[Member]]


def classes(seed: int, count: int = 10) -> Classes:
    """Return classes with their members; those of a class are of kinds before it, or plain."""
    chosen = random.Random(seed)
    found: Classes = {}
    for noun in chosen.sample(_NOUNS, count):
        names = chosen.sample(_QUALITIES, 6)
        members = []
        for index, name in enumerate(names):
            kinds = list(found) if index < 4 and found else []
            kind = chosen.choice(kinds or _PLAIN)
            members.append(
                Member(
                    name,
                    kind,
                    is_method := chosen.random() < 0.5,
                    is_method and chosen.random() < 0.5,
                    kind not in _PLAIN and chosen.random() < 0.5,
                )
            )
        found[noun.capitalize()] = members
    return found


def _chain(known: Classes, chosen: random.Random) -> tuple[str, list[Member]]:
    """Return a class and members that follow one after the other from it."""
    owner = here = chosen.choice(list(known)[3:])
    chain: list[Member] = []
    while here in known and len(chain) < 4:
        inner = [m for m in known[here] if m.kind in known]
        member = chosen.choice(inner if inner and chosen.random() < 0.6 else known[here])
        chain.append(member)
        here = member.kind
    return owner, chain


def typescript(folder: Path, count: int, seed: int) -> list[Point]:
    """Write a repository of TypeScript and return places in a file of it."""
    known, chosen = classes(seed), random.Random(seed + 1)
    plain = {"number": "number", "text": "string"}
    for name, members in known.items():
        lines = [
            f'import {{ {kind} }} from "./{kind.lower()}";'
            for kind in sorted({m.kind for m in members if m.kind in known})
        ]
        lines.append(f"export class {name} {{")
        for m in members:
            kind = plain.get(m.kind, m.kind)
            argument = "at: number" if m.argument else ""
            lines.append(
                f"  {m.name}({argument}): {kind} {{ throw new Error(); }}"
                if m.is_method
                else f"  {m.name}!: {kind};"
            )
        lines.append(f"  private hidden{name} = 1;\n}}\n")
        (folder / f"{name.lower()}.ts").write_text("\n".join(lines))
    (folder / "tsconfig.json").write_text(
        '{"compilerOptions": {"strict": true, "target": "es2022", "module": "es2022", '
        '"moduleResolution": "bundler", "noEmit": true, "types": []}}'
    )
    imports = "".join(f'import {{ {name} }} from "./{name.lower()}";\n' for name in known)
    statements = []
    for number in range(count):
        owner, chain = _chain(known, chosen)
        pieces = [("", f"const value{number} = {owner.lower()}")]
        pieces += [
            (".", m.name + ("(1)" if m.argument else "()" if m.is_method else "")) for m in chain
        ]
        statements.append((f"export function use{number}({owner.lower()}: {owner}) {{\n", pieces))
    return _points(folder / "till.ts", imports, statements, chosen)


def cpp(folder: Path, count: int, seed: int) -> list[Point]:
    """Write a repository of C++ and return places in a file of it."""
    known, chosen = classes(seed), random.Random(seed + 1)
    plain = {"number": "int", "text": "std::string"}
    for name, members in known.items():
        lines = ["#pragma once", "#include <string>"]
        lines += [
            f'#include "{kind.lower()}.h"' for kind in sorted({m.kind for m in members} & {*known})
        ]
        lines += ["namespace shop {", f"class {name} {{", f"  int hidden{name};", "public:"]
        for m in members:
            kind = plain.get(m.kind, f"{m.kind}{'*' if m.is_pointer else '&'}")
            argument = "int at" if m.argument else ""
            lines.append(f"  {kind} {m.name}{f'({argument})' if m.is_method else ''};")
        lines += [f"  static {name}& instance();", "};", "}", ""]
        (folder / f"{name.lower()}.h").write_text("\n".join(lines))
    imports = "".join(f'#include "{name.lower()}.h"\n' for name in known)
    statements = []
    for number in range(count):
        owner, chain = _chain(known, chosen)
        if chosen.random() < 0.3:
            pieces, sign = [("", f"auto&& value{number} = shop"), ("::", owner)], "::"
            pieces.append(("::", "instance()"))
            sign = "."
        else:
            pieces, sign = [("", f"auto&& value{number} = {owner.lower()}")], "."
        for m in chain:
            called = "(1)" if m.argument else "()" if m.is_method else ""
            pieces.append((sign, m.name + called))
            sign = "->" if m.is_pointer else "."
        statements.append((f"void use{number}(shop::{owner}& {owner.lower()}) {{\n", pieces))
    return _points(folder / "till.cpp", imports, statements, chosen)


def _points(
    path: Path,
    imports: str,
    statements: list[tuple[str, list[tuple[str, str]]]],
    chosen: random.Random,
) -> list[Point]:
    """Write a file of functions with a statement each; hide a piece, and what follows, of each."""
    functions = [
        (head, [*pieces[:-1], (pieces[-1][0], f"{pieces[-1][1]};")]) for head, pieces in statements
    ]
    whole = [
        f"{head}  {''.join(sign + piece for sign, piece in pieces)}\n}}\n"
        for head, pieces in functions
    ]
    path.write_text(imports + "".join(whole))
    found = []
    for number, (head, pieces) in enumerate(functions):
        cut = chosen.randrange(1, len(pieces))
        sign, piece = pieces[cut]
        before = f"{head}  {''.join(s + p for s, p in pieces[:cut])}{sign}"
        name = piece.rstrip(";").partition("(")[0]
        rest = piece[len(name) :] + "".join(s + p for s, p in pieces[cut + 1 :]) + "\n"
        text = "".join(whole[:number])
        after = "}\n" + "".join(whole[number + 1 :])
        place = Place(f"{imports}{text}{before}", after, path, path.parent)
        found.append(Point(place, name, rest, is_statement=True))
    return found
