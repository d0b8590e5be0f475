"""Draws a risk-coverage curve as SVG without a plotting library: two axes, one line, a few labelled points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float64]]

WIDTH, HEIGHT, LEFT, BOTTOM = 560, 320, 56, 44
_TOP, _RIGHT = 16, 20
NAMED = (0.2, 0.4, 0.6, 0.8)
STEPS = 200
MOST_RISK = 0.2


def risk_coverage(own: Floats, foreign: Floats) -> str:
    """Return the curve; for each bar, coverage is the answered share of own questions, risk that of foreign ones."""
    points = [
        (float((own >= bar).mean()), float((foreign >= bar).mean())) for bar in (n / STEPS for n in range(1, STEPS))
    ]
    line = " ".join(f"{_x(coverage):.1f},{_y(risk):.1f}" for coverage, risk in points if risk <= MOST_RISK)
    marks = [_mark(bar, float((own >= bar).mean()), float((foreign >= bar).mean())) for bar in NAMED]
    ticks = [_tick_x(share) for share in (0.6, 0.7, 0.8, 0.9, 1.0)] + [_tick_y(n / 20) for n in range(5)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
            ' font-family="sans-serif" font-size="12" fill="#555">',
            "<title>Foreign questions answered against answerable questions answered, by the bar</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fcfbf8"/>',
            *ticks,
            f'<polyline points="{line}" fill="none" stroke="#1d5b79" stroke-width="2"/>',
            *marks,
            f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 8}" text-anchor="middle">'
            "answerable questions answered</text>",
            f'<text transform="translate(14 {(HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
            "foreign questions answered</text>",
            "</svg>\n",
        ]
    )


def _x(coverage: float) -> float:
    return LEFT + (max(coverage, 0.6) - 0.6) / 0.4 * (WIDTH - LEFT - _RIGHT)


def _y(risk: float) -> float:
    return HEIGHT - BOTTOM - risk / MOST_RISK * (HEIGHT - BOTTOM - _TOP)


def _mark(bar: float, coverage: float, risk: float) -> str:
    x, y = _x(coverage), _y(min(risk, MOST_RISK))
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#1d5b79"/>'
        f'<text x="{x - 8:.1f}" y="{y - 6:.1f}" text-anchor="end" fill="#1d5b79">bar {bar}</text>'
    )


def _tick_x(share: float) -> str:
    return (
        f'<line x1="{_x(share):.1f}" x2="{_x(share):.1f}" y1="{_TOP}" y2="{HEIGHT - BOTTOM}" stroke="#ddd"/>'
        f'<text x="{_x(share):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{share:.0%}</text>'
    )


def _tick_y(share: float) -> str:
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - _RIGHT}" y1="{_y(share):.1f}" y2="{_y(share):.1f}" stroke="#ddd"/>'
        f'<text x="{LEFT - 8}" y="{_y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>'
    )
