"""A picture of a run of sequential Monte Carlo, as SVG."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html import escape
from textwrap import wrap

import numpy as np
from numpy.typing import NDArray

from constrain.sampling.base import shares_of
from constrain.sampling.smc import Run, Step

_ROW = 16
_LEFT, _RIGHT, _TOP, _CURVE, _GAP, _LINE = 64, 96, 58, 56, 22, 16
_MOST_WIDE, _WIDTH = 40, 1500
"""Of a column; of all columns, where there are many."""
_TEXTS, _HINT = 12, 40
"""Texts listed below the picture; characters of a text that a hint shows."""
_LETTER = 6.7
"""Width of a character of the listed texts."""

_STYLE = """
text { font: 11px system-ui, sans-serif; fill: #444 }
.title { font-weight: 600; font-size: 14px; fill: #111 }
.number { text-anchor: end }
.tick { text-anchor: middle }
.code { font: 11px ui-monospace, monospace; fill: #111 }
.line { stroke: #ddd }
.way { stroke: #b9c6d2; fill: none }
.chosen { stroke: #e9a15b; fill: none }
.way.lasting { stroke: #1b6ca8; stroke-width: 1.6 }
.chosen.lasting { stroke: #d95f02; stroke-width: 1.6 }
.alive { fill: #a9b8c6; stroke: #a9b8c6 }
.alive.lasting { fill: #1b6ca8; stroke: #1b6ca8 }
.alive.ended { fill: #fff; stroke-width: 1.6 }
.dead { stroke: #c00; stroke-width: 1.8; fill: none }
.resampled { fill: #fdf3e7 }
.curve { stroke: #1b6ca8; fill: #e3eef6; stroke-width: 1.5 }
.share { fill: #1b6ca8 }
"""


def svg(run: Run) -> str:
    """Draw the particles from left to right, a column for each step.

    The area of a dot is the particle's share of the weight; it is hollow once its text has ended,
    and a cross is a death. Lines lead to what continues a particle, in orange where that was drawn
    by resampling (shaded columns). What the samples in the end descend from is dark, the rest pale.
    Above is the effective sample size, at the right are the shares, below the likeliest texts.
    """
    n, steps = len(run.samples), run.steps
    column = min(_MOST_WIDE, max(12, _WIDTH / max(1, len(steps))))
    top = _TOP + _CURVE + _GAP
    bottom = top + _ROW * n
    middles = [_LEFT + column * (i + 0.5) for i in range(len(steps))]
    rows = [top + _ROW * (i + 0.5) for i in range(n)]
    width = max(_LEFT + column * len(steps) + _RIGHT, 760)
    came = (
        f"log evidence {run.log_evidence:.3f}, effective sample size {run.effective:.1f}"
        if run.effective
        else "all have died"
    )
    parts = [
        f'<text class="title" x="8" y="20">{n} particles, {len(steps)} steps, {came}</text>',
        *_legend(),
    ]
    for i, step in enumerate(steps):
        if step.resampled:
            parts.append(
                f'<rect class="resampled" x="{middles[i] - column / 2:.1f}" y="{_TOP}" '
                f'width="{column:.1f}" height="{bottom - _TOP}"/>'
            )
    parts += _axes(n, middles, bottom)
    parts += _curve(run, middles)
    parts += _particles(steps, middles, rows)
    parts += _final(run, _LEFT + column * len(steps) + 8, rows)
    below = list(_texts(run, bottom + 48, int((width - 80) / _LETTER)))
    height = bottom + 60 + _LINE * len(below)
    body = "\n".join([*parts, *below])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}">\n<style>{_STYLE}</style>\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def html(run: Run) -> str:
    """The same as a page; pointing at a particle shows the end of its text."""
    head = '<!doctype html>\n<html lang="en"><meta charset="utf-8">\n<title>SMC run</title>\n'
    return f"{head}<body>\n{svg(run)}</body></html>\n"


def _legend() -> Iterator[str]:
    y = 38
    signs = (
        ('<circle class="alive lasting" cx="14" cy="{y}" r="4.5"/>', 14, "share of the weight"),
        ('<circle class="alive lasting ended" cx="156" cy="{y}" r="4"/>', 156, "text has ended"),
        ('<path class="dead" d="M267 {y}m-3 -3l6 6m0 -6l-6 6"/>', 267, "died"),
        ('<path class="chosen lasting" d="M312 {y}h14"/>', 322, "drawn by resampling"),
        ('<circle class="alive" cx="476" cy="{y}" r="4.5"/>', 476, "has no descendants in the end"),
    )
    for sign, x, meaning in signs:
        yield sign.format(y=y) + f'<text x="{x + 12}" y="{y + 4}">{meaning}</text>'


def _axes(n: int, middles: list[float], bottom: int) -> Iterator[str]:
    floor = _TOP + _CURVE
    right = middles[-1] + 8 if middles else _LEFT
    for share in (0, 0.5, 1):
        y = floor - _CURVE * share
        yield f'<path class="line" d="M{_LEFT} {y}H{right:.1f}"/>'
        yield f'<text class="number" x="{_LEFT - 8}" y="{y + 4}">{n * share:g}</text>'
    yield f'<text x="8" y="{floor - _CURVE / 2 + 4}">ESS</text>'
    apart = next(a for a in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if len(middles) / a <= 25)
    for i in range(apart - 1, len(middles), apart):
        yield f'<text class="tick" x="{middles[i]:.1f}" y="{bottom + 14}">{i + 1}</text>'
    if middles:
        yield f'<text x="8" y="{bottom + 14}">token</text>'


def _curve(run: Run, middles: list[float]) -> Iterator[str]:
    if middles:
        floor, n = _TOP + _CURVE, len(run.samples)
        points = " ".join(
            f"{x:.1f},{floor - _CURVE * step.effective / n:.1f}"
            for x, step in zip(middles, run.steps, strict=True)
        )
        ends = f"{middles[0]:.1f},{floor} {points} {middles[-1]:.1f},{floor}"
        yield f'<polygon class="curve" points="{ends}"/>'


def _particles(steps: tuple[Step, ...], middles: list[float], rows: list[float]) -> Iterator[str]:
    shares = [shares_of(step.log_weights) for step in steps]
    lasting = _lasting(steps, shares)
    for i, step in enumerate(steps[1:], 1):
        kind = "chosen" if step.resampled else "way"
        for particle, parent in enumerate(step.parents):
            if shares[i - 1][parent] > 0:
                last = " lasting" if lasting[i][particle] else ""
                yield (
                    f'<path class="{kind}{last}" d="M{middles[i - 1]:.1f} {rows[parent]}'
                    f'L{middles[i]:.1f} {rows[particle]}"/>'
                )
    n = len(rows)
    ends = [b""] * n
    for i, step in enumerate(steps):
        whole = zip(step.parents, step.added, strict=True)
        ends = [(ends[parent] + added)[-4 * _HINT :] for parent, added in whole]
        for particle, share in enumerate(shares[i].tolist()):
            x, y, parent = middles[i], rows[particle], step.parents[particle]
            hint = f"<title>…{escape(_plain(ends[particle])[-_HINT:])} ({share:.1%})</title>"
            if share > 0:
                kind = "alive lasting" if lasting[i][particle] else "alive"
                if i and not step.added[particle]:
                    kind += " ended"
                radius = min(0.55 * _ROW, max(1.0, 0.28 * _ROW * (share * n) ** 0.5))
                dot = f'class="{kind}" cx="{x:.1f}" cy="{y}" r="{radius:.1f}"'
                yield f"<circle {dot}>{hint}</circle>"
            elif not i or shares[i - 1][parent] > 0:
                cross = f"M{x:.1f} {y}m-3 -3l6 6m0 -6l-6 6"
                yield f'<path class="dead" d="{cross}">{hint}</path>'


def _lasting(steps: tuple[Step, ...], shares: list[NDArray[np.float64]]) -> list[NDArray[np.bool_]]:
    """Of each step, the particles that the living ones of the last step descend from."""
    if not steps:
        return []
    found = [shares[-1] > 0]
    for step in reversed(steps[1:]):
        before = np.zeros(len(found[-1]), bool)
        before[[parent for parent, last in zip(step.parents, found[-1], strict=True) if last]] = (
            True
        )
        found.append(before)
    return found[::-1]


def _final(run: Run, x: float, rows: list[float]) -> Iterator[str]:
    """The shares of the samples, as bars."""
    shares = shares_of(np.array([sample.log_weight for sample in run.samples]))
    widest = max(float(shares.max()), 1e-9)
    for sample, share, y in zip(run.samples, shares.tolist(), rows, strict=True):
        if sample.reason:
            yield f'<text x="{x:.1f}" y="{y + 4}">dead</text>'
            continue
        bar = 36 * share / widest
        yield f'<rect class="share" x="{x:.1f}" y="{y - 4}" width="{bar:.1f}" height="8"/>'
        yield f'<text x="{x + 42:.1f}" y="{y + 4}">{share:.1%}</text>'


def _texts(run: Run, y: float, columns: int) -> Iterator[str]:
    """The likeliest texts with their shares, and what the dead died of, line by line."""
    entries: list[tuple[str, str]] = []
    if run.effective:
        posterior = list(run.posterior().items())
        entries += [(f"{share:.1%}", text) for text, share in posterior[:_TEXTS]]
        if len(posterior) > _TEXTS:
            rest = sum(share for _, share in posterior[_TEXTS:])
            entries.append((f"{rest:.1%}", f"({len(posterior) - _TEXTS} other texts)"))
    reasons = Counter(sample.reason for sample in run.samples if sample.reason)
    entries += [(f"{count} died", reason) for reason, count in reasons.most_common()]
    for label, text in entries:
        lines = wrap(_plain(text.encode()), columns, drop_whitespace=False) or [""]
        for i, line in enumerate(lines):
            shown = f'<text class="number" x="{_LEFT - 8}" y="{y}">{label}</text>' if not i else ""
            yield f'{shown}<text class="code" x="{_LEFT}" y="{y}">{escape(line)}</text>'
            y += _LINE


def _plain(text: bytes) -> str:
    """A text on one line, without control characters, which XML cannot hold."""
    decoded = text.decode(errors="replace")
    return "".join(c if c.isprintable() else " " for c in decoded)
