"""Texts as people write them, for each ready-made grammar; drawn with a seed."""

from __future__ import annotations

import json
import random
import sysconfig
from collections.abc import Callable
from pathlib import Path

_NAMES = "id name age city country price title owner created_at total status email note".split()
_TABLES = "people pets orders items cities visits".split()
_WORDS = "river bread window seven quiet orange ladder north paper é 日本 it's never".split()
_TAGS = "document section title list item text".split()
_MOLECULES = """CCO CC(=O)O c1ccccc1 CC(=O)Oc1ccccc1C(=O)O CN1C=NC2=C1C(=O)N(C(=O)N2C)C
C1CCCCC1 N[C@@H](C)C(=O)O OC[C@H]1OC(O)[C@H](O)[C@@H](O)[C@@H]1O CC(C)Cc1ccc(cc1)C(C)C(=O)O
[Na+].[Cl-] F/C=C/F C#N O=C=O [13CH4] [NH4+].[O-]S(=O)(=O)[O-].[NH4+] Brc1ccc(Cl)cc1
CCN(CC)CCNC(=O)c1ccc(N)cc1 C%12CCCCC%12 [Fe+2] CC1(C)S[C@@H]2[C@H](NC(=O)Cc3ccccc3)C(=O)N2[C@H]1
""".split()
_PATTERNS = [
    r"^[A-Za-z_][A-Za-z0-9_]*$",
    r"(?:\+\d{1,3} )?\d{2,4}[ -]\d{4,9}",
    r"\b(?:[01]?\d|2[0-3]):[0-5]\d\b",
    r"^(?=.*\d)(?=.*[a-z]).{8,64}$",
    r"(https?|ftp):\/\/[^ ]+\.(?:com|org|net)(\/[a-z0-9_]*)*\/?",
    r"<[a-z]+?>.*?<\/[a-z]+>",
    r"[+\-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+\-]?[0-9]+)?",
    r"#(?:[0-9a-fA-F]{3}){1,2}",
]
_GRAMMARS = [
    'start: sum\n?sum: product\n    | sum "+" product -> add\n?product: atom ("*" atom)*\n'
    '?atom: NUMBER | "(" sum ")"\n%import common.NUMBER\n%ignore " "\n',
    "// Lists.\nstart: _separated{item, comma}\n_separated{x, by}: x (by x)*\nitem: WORD+\n"
    'comma: ","\nWORD.2: /[a-z]+/i\nTAG: "a".."z"\n%ignore /[ \\t]+/\n',
    '!start: "{" [pair ("," pair)*] "}"\npair: STRING ":" value~1..3\nvalue: STRING | start\n'
    "%import common (ESCAPED_STRING, WS)\n%extend value: A?\nA: ESCAPED_STRING\n%declare _DEDENT\n",
]
Draw = random.Random


def texts(name: str, count: int, seed: int = 0) -> list[str]:
    """Texts of a grammar: `count`, or as many as there are.

    For "python" they are modules of the standard library of at most 20,000 characters.
    """
    rng = random.Random(f"{seed}:{name}")
    if name == "python":
        return _modules(count, rng)
    kept = {"smiles": _MOLECULES, "regex": _PATTERNS, "lark": _GRAMMARS}.get(name)
    if kept is not None:
        return kept[:count]
    return [_WRITERS[name](rng) for _ in range(count)]


def _modules(count: int, rng: Draw) -> list[str]:
    paths = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
    rng.shuffle(paths)
    found: list[str] = []
    for path in paths:
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        if len(text) <= 20_000 and len(found) < count:
            found.append(text)
    return found


def _number(rng: Draw) -> str:
    return rng.choice([str(rng.randint(0, 9999)), f"{rng.uniform(0, 100):.2f}", "0", "1.5e3"])


def _value(rng: Draw, depth: int) -> object:
    kind = rng.randrange(7 if depth else 4)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return float(_number(rng)) * rng.choice([1, -1])
    if kind < 4:
        return " ".join(rng.choices(_WORDS, k=rng.randint(1, 6)))
    if kind == 4:
        return [_value(rng, depth - 1) for _ in range(rng.randint(0, 6))]
    return {name: _value(rng, depth - 1) for name in rng.sample(_NAMES, rng.randint(1, 6))}


def _json(rng: Draw) -> str:
    value = {name: _value(rng, 4) for name in rng.sample(_NAMES, 6)}
    return json.dumps(value, indent=rng.choice([None, 2, 4]), ensure_ascii=rng.random() < 0.3)


def _arithmetic(rng: Draw, depth: int = 6) -> str:
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(["", "", "-"]) + _number(rng)
    mark = rng.choice([" + ", " - ", "*", " / ", " // ", "**", " % "])
    inner = f"{_arithmetic(rng, depth - 1)}{mark}{_arithmetic(rng, depth - 1)}"
    return f"({inner})" if rng.random() < 0.5 else inner


def _operand(rng: Draw) -> str:
    text = "'" + rng.choice(_WORDS).replace("'", "''") + "'"
    call = f"{rng.choice(['length', 'upper', 'abs'])}({rng.choice(_NAMES)})"
    return rng.choice(
        [rng.choice(_NAMES), rng.choice(_NAMES), str(rng.randint(0, 999)), text, call]
    )


def _condition(rng: Draw, depth: int) -> str:
    name = rng.choice(_NAMES)
    kind = rng.randrange(8 if depth else 5)
    if kind < 2:
        return f"{name} {rng.choice(['=', '<', '>=', '<>'])} {_operand(rng)}"
    if kind == 2:
        return f"{name} LIKE '%{rng.choice(_WORDS[:6])}%'"
    if kind == 3:
        return f"{name} IS {rng.choice(['', 'NOT '])}NULL"
    if kind == 4:
        return f"{name} BETWEEN {rng.randint(0, 9)} AND {rng.randint(10, 99)}"
    if kind == 5:
        return f"{name} IN (SELECT {name} FROM {rng.choice(_TABLES)})"
    inner = f"{_condition(rng, depth - 1)} {rng.choice(['AND', 'OR'])} {_condition(rng, depth - 1)}"
    return f"({inner})" if kind == 6 else inner


def _sql(rng: Draw) -> str:
    one, other = rng.sample(_TABLES, 2)
    columns = rng.sample(_NAMES, rng.randint(1, 4))
    outputs = rng.choice(["*", ", ".join(columns), f"{columns[0]}, COUNT(*) AS n, AVG(price)"])
    lines = [f"SELECT {outputs}", f"FROM {one}"]
    if rng.random() < 0.4:
        lines[1] += f" JOIN {other} ON {one}.id = {other}.owner_id"
    if rng.random() < 0.8:
        lines.append(f"WHERE {_condition(rng, 2)}")
    if "COUNT" in outputs:
        lines.append(f"GROUP BY {columns[0]}")
    if rng.random() < 0.5:
        lines.append(f"ORDER BY {columns[0]} {rng.choice(['ASC', 'DESC'])}")
    if rng.random() < 0.5:
        lines.append(f"LIMIT {rng.randint(1, 100)}")
    return rng.choice([" ", "\n"]).join(lines) + rng.choice(["", ";"])


def _csv(rng: Draw) -> str:
    fields = [*_WORDS, "12.5", "", '"a, ""b"""', '"two\nlines"']
    rows = [rng.choices(fields, k=5) for _ in range(rng.randint(2, 12))]
    return "\r\n".join(",".join(row) for row in rows)


def _iso_date(rng: Draw) -> str:
    date = f"{rng.randint(1900, 2100)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    time = f"T{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}"
    zone = rng.choice(["", "Z", "+01:00", "-05:30"])
    return rng.choice([date, date + time + zone, f"{date}{time}.{rng.randint(0, 999):03}{zone}"])


def _xml(rng: Draw, depth: int = 4) -> str:
    tag = rng.choice(_TAGS)
    attributes = rng.choice(["", f' id="{rng.choice(_NAMES)}"', ' class="a b" href="#top"'])
    if depth == 0 or rng.random() < 0.1:
        return f"<{tag}{attributes}/>"
    parts = [_xml(rng, depth - 1) for _ in range(rng.randint(0, 3))]
    return f"<{tag}{attributes}>{f' {rng.choice(_WORDS)} &amp; '.join(['', *parts, ''])}</{tag}>"


def _dot(rng: Draw) -> str:
    names = rng.sample(_NAMES, 6)
    lines = [
        f'  {name} [label="{rng.choice(_WORDS)}", weight={rng.randint(1, 9)}.5];' for name in names
    ]
    lines += [f"  {' -> '.join(rng.choices(names, k=rng.randint(2, 4)))};" for _ in names]
    return "\n".join([f"digraph {rng.choice(_NAMES)} {{", "  node [shape=box];", *lines, "}"])


_WRITERS: dict[str, Callable[[Draw], str]] = {
    "arithmetic": _arithmetic,
    "csv": _csv,
    "dot": _dot,
    "iso_dates": _iso_date,
    "json": _json,
    "sql": _sql,
    "xml": _xml,
}
