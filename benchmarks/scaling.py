"""Plots the costs of a library against its size: `python -m benchmarks.scaling FILE … --svg FILE`.

The files are the output of `benchmarks.search --json` and `benchmarks.update --json`. Both axes are logarithmic: a cost
that is proportional to the size rises like the dashed line, and a cost that does not depend on the size is horizontal.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Points = list[tuple[float, float]]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 420, 64, 210, 16, 44
INKS = ("#1d5b79", "#a6432d", "#4f7a3a", "#7a4f8c", "#9a7420", "#3f3f3f", "#2f8f8a", "#c2477f")
LINE = 15
"""The minimum distance of two labels, so that both are readable."""
_SEARCH = {"search": "search", "ask": "ask", "dense side": "dense side alone", "lexical side": "lexical side alone"}
_BEYOND = {"add 20 passages": "add*", "replace 20 passages": "replace*", "remove 20 passages": "remove"}
_OPENED = "open, first answer"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", help="files that the other benchmarks wrote with --json")
    parser.add_argument("--svg", type=Path, required=True)
    options = parser.parse_args()
    rows = [
        row
        for file in options.files
        for table in json.loads(file.read_text())["tables"].values()
        for row in table
        if "passages" in row
    ]
    options.svg.write_text(picture(series(rows)), encoding="utf-8")


def series(rows: Iterable[Mapping[str, Any]]) -> dict[str, Points]:
    """Return the points (passages, median milliseconds) of each line; a cost with a single size has no line."""
    found: dict[str, Points] = defaultdict(list)
    for row in rows:
        size = float(row["passages"])
        if row.get("clients") == "one" and row.get("way to ask") in _SEARCH:
            found[_SEARCH[row["way to ask"]]].append((size, row["p50 ms"]))
        elif row.get("change") in _BEYOND:
            found[_BEYOND[row["change"]]].append((size, row["beyond encoding"]))
        elif row.get("change") == _OPENED:
            found[_OPENED].append((size, row["ms (median)"]))
    return {name: sorted(points) for name, points in found.items() if len(points) > 1}


def picture(lines: Mapping[str, Points]) -> str:
    """Draw the lines on two logarithmic axes, each with its name at its end."""
    everything = [point for points in lines.values() for point in points]
    sizes, costs = zip(*everything, strict=True)
    x = _Axis(min(sizes), max(sizes), LEFT, WIDTH - RIGHT)
    y = _Axis(10 ** math.floor(math.log10(min(costs))), 10 ** math.ceil(math.log10(max(costs))), HEIGHT - BOTTOM, TOP)
    ends = _apart({name: y.at(points[-1][1]) for name, points in lines.items()})
    drawn = [
        _line(name, points, ink, x, y, ends[name])
        for (name, points), ink in zip(lines.items(), INKS * len(lines), strict=False)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
            ' font-family="sans-serif" font-size="12" fill="#555">',
            "<title>Milliseconds against passages, both axes logarithmic</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fcfbf8"/>',
            *(_upright(x.at(size), f"{size:,.0f}") for size in x.decades()),
            *(_level(y.at(cost), f"{cost:,g}") for cost in y.decades()),
            _proportional(x, y),
            *drawn,
            f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">passages</text>',
            f'<text transform="translate(14 {(HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
            "milliseconds (median)</text>",
            f'<text x="{WIDTH - 8}" y="{HEIGHT - 8}" text-anchor="end" font-size="10">* beyond its encoding</text>',
            "</svg>\n",
        ]
    )


class _Axis:
    """A logarithmic axis between two positions in the picture."""

    def __init__(self, least: float, most: float, begin: float, end: float) -> None:
        self.least, self.most, self.begin, self.end = least, most, begin, end

    def at(self, value: float) -> float:
        share = math.log(value / self.least) / math.log(self.most / self.least)
        return self.begin + share * (self.end - self.begin)

    def decades(self) -> list[float]:
        first, last = math.ceil(math.log10(self.least) - 1e-9), math.floor(math.log10(self.most) + 1e-9)
        return [10.0**n for n in range(first, last + 1)]


def _line(name: str, points: Sequence[tuple[float, float]], ink: str, x: _Axis, y: _Axis, end: float) -> str:
    places = [(x.at(size), y.at(cost)) for size, cost in points]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
    dots = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.5" fill="{ink}"/>' for a, b in places)
    label = f'<text x="{WIDTH - RIGHT + 12}" y="{end + 4:.1f}" fill="{ink}">{name}: {_rounded(points[-1][1])} ms</text>'
    return f'<polyline points="{path}" fill="none" stroke="{ink}" stroke-width="2"/>{dots}{label}'


def _rounded(value: float) -> str:
    return f"{value:.2g}" if value < 100 else f"{value:,.0f}"


def _proportional(x: _Axis, y: _Axis) -> str:
    """Draw a cost proportional to the size, from the middle of the left axis."""
    begin = math.sqrt(y.least * y.most) / math.sqrt(x.most / x.least)
    ends = [(x.at(size), y.at(begin * size / x.least)) for size in (x.least, x.most)]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in ends)
    return f'<polyline points="{path}" fill="none" stroke="#bbb" stroke-width="1.5" stroke-dasharray="5 4"/>'


def _apart(places: Mapping[str, float]) -> dict[str, float]:
    """Return the positions of labels, moved down if two are too close, and up again at the lower edge."""
    found: dict[str, float] = {}
    below = float(TOP - LINE)
    for name, place in sorted(places.items(), key=lambda item: item[1]):
        below = found[name] = max(place, below + LINE)
    above = float(HEIGHT - BOTTOM + LINE)
    for name in reversed(found):
        above = found[name] = min(found[name], above - LINE)
    return found


def _upright(at: float, label: str) -> str:
    return (
        f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#ddd"/>'
        f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{label}</text>'
    )


def _level(at: float, label: str) -> str:
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>'
        f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{label}</text>'
    )


if __name__ == "__main__":
    main()
