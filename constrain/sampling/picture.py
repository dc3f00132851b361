"""A picture of a run of sequential Monte Carlo, as SVG."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from constrain.sampling.smc import Run

_COLUMN, _ROW = 26, 16
_LEFT, _TOP, _STRIP, _TEXTS = 60, 34, 56, 420
_SHOWN = 60
"""Characters of a text that are shown at the right."""

_STYLE = """
text { font: 11px system-ui, sans-serif; fill: #333 }
.title { font-weight: 600; font-size: 13px }
.way { stroke: #9ab; fill: none }
.chosen { stroke: #d95f02; fill: none }
.alive { fill: #1b6ca8 }
.dead { stroke: #c00; stroke-width: 1.5 }
.resampled { fill: #fdf0e3 }
.curve { stroke: #1b6ca8; fill: none; stroke-width: 1.5 }
.code { font: 11px ui-monospace, monospace }
"""


def svg(run: Run) -> str:
    """Draw particles from left to right, a column for each step.

    The area of a dot is the particle's share of the weight; a cross is a death; lines lead to
    what continues a particle, in orange where it was drawn by resampling (shaded columns). Above
    is the effective sample size; at the right stand the texts with their shares.
    """
    n, steps = len(run.samples), run.steps
    width = _LEFT + _COLUMN * len(steps) + _TEXTS
    height = _TOP + _STRIP + _ROW * (n + 2)
    top = _TOP + _STRIP

    def x(step: int) -> float:
        return _LEFT + _COLUMN * (step + 0.5)

    def y(particle: int) -> float:
        return top + _ROW * (particle + 0.5)

    shares = [_shares(step.log_weights) for step in steps]
    parts = [
        f'<text class="title" x="8" y="18">{n} particles, {len(steps)} steps, '
        f"log evidence {run.log_evidence:.3f}</text>",
        f'<text x="8" y="{_TOP + 12}">ESS</text><text x="8" y="{_TOP + 26}">of {n}</text>',
    ]
    for i, step in enumerate(steps):
        if step.resampled:
            parts.append(
                f'<rect class="resampled" x="{x(i) - _COLUMN / 2}" y="{_TOP}" '
                f'width="{_COLUMN}" height="{height - _TOP}"/>'
            )
    curve = " ".join(
        f"{x(i):.1f},{_TOP + _STRIP - 10 - (_STRIP - 16) * step.effective / n:.1f}"
        for i, step in enumerate(steps)
    )
    parts.append(f'<polyline class="curve" points="{curve}"/>')
    for i, step in enumerate(steps[1:], 1):
        for particle, parent in enumerate(step.parents):
            if shares[i - 1][parent] > 0:
                kind = "chosen" if step.resampled else "way"
                parts.append(
                    f'<path class="{kind}" d="M{x(i - 1)} {y(parent)}L{x(i)} {y(particle)}"/>'
                )
    for i, step in enumerate(steps):
        before = shares[i - 1] if i else np.ones(n)
        for particle, share in enumerate(shares[i].tolist()):
            label = f"<title>{escape(_plain(step.texts[particle]))} ({share:.1%})</title>"
            if share > 0:
                radius = max(1.0, min(0.5 * _ROW, 0.3 * _ROW * (share * n) ** 0.5))
                parts.append(
                    f'<circle class="alive" cx="{x(i)}" cy="{y(particle)}" r="{radius:.1f}">'
                    f"{label}</circle>"
                )
            elif before[step.parents[particle]] > 0:
                cross = f"M{x(i) - 3} {y(particle) - 3}l6 6m0 -6l-6 6"
                parts.append(f'<path class="dead" d="{cross}">{label}</path>')
    final = _shares(np.array([sample.log_weight for sample in run.samples]))
    for particle, sample in enumerate(run.samples):
        said = _plain(sample.text.encode())
        if len(said) > _SHOWN:
            said = said[: _SHOWN - 1] + "…"
        note = f"{final[particle]:.1%}" if not sample.reason else "dead"
        parts.append(
            f'<text class="code" x="{x(len(steps))}" y="{y(particle) + 4}">'
            f"{note:>6}  {escape(said)}</text>"
        )
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">\n<style>{_STYLE}</style>\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def html(run: Run) -> str:
    """The same as a page; pointing at a particle shows its text."""
    head = '<!doctype html>\n<html lang="en"><meta charset="utf-8">\n<title>SMC run</title>\n'
    return f"{head}<body>\n{svg(run)}</body></html>\n"


def _shares(log_weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights that sum to 1, or all zero."""
    top = log_weights.max()
    if top == -np.inf:
        return np.zeros(len(log_weights))
    weights = np.exp(log_weights - top)
    return weights / weights.sum()


def _plain(text: bytes) -> str:
    """A text on one line, without control characters, which XML cannot hold."""
    decoded = text.decode(errors="replace")
    return "".join(c if c.isprintable() else " " for c in decoded)
