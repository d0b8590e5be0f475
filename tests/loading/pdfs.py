"""Builds small PDFs for tests from positioned text, without a PDF library, so that none is tested against itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

BEES = (
    "The bees left the hive in the early morning, while the dew was still on",
    "the clover, and did not come back before the bells of the village rang",
    "for noon. Nobody had expected them to stay away for so long, least of",
    "all the old beekeeper, who had counted them one by one and written the",
    "number on the door.",
)
"""Lines of a paragraph that fill their column."""
_CODE = "<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>"


@dataclass(frozen=True, slots=True)
class Printed:
    """Words at a position, in points from the lower left corner; `upward` makes them run up the page.

    `code` sets them in a typewriter font, whose declared height is a sixth lower than that of the other font.
    """

    x: float
    y: float
    words: str
    size: float = 11
    bold: bool = False
    upward: bool = False
    code: bool = False

    def operators(self) -> bytes:
        escaped = self.words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        matrix = f"0 1 -1 0 {self.x} {self.y}" if self.upward else f"1 0 0 1 {self.x} {self.y}"
        font = "F3" if self.code else "F2" if self.bold else "F1"
        return f"BT /{font} {self.size} Tf {matrix} Tm ({escaped}) Tj ET\n".encode("cp1252")


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight rule from one point to another, in points from the lower left corner."""

    x: float
    y: float
    to_x: float
    to_y: float

    def operators(self) -> bytes:
        return f"0.5 w {self.x} {self.y} m {self.to_x} {self.to_y} l S\n".encode()


@dataclass(frozen=True, slots=True)
class Box:
    """A filled box; it is a rule if it is thin."""

    x: float
    y: float
    width: float
    height: float
    grey: float = 0.0

    def operators(self) -> bytes:
        return f"{self.grey} g {self.x} {self.y} {self.width} {self.height} re f 0 g\n".encode()


def cells(
    rows: Sequence[Sequence[str]], lefts: Sequence[float], *, top: float = 700, pitch: float = 14
) -> list[Printed]:
    """Return the cells of a table, without empty ones; a newline in a cell begins a line 11 points below."""
    return [
        Printed(left, top - number * pitch - 11 * below, line)
        for number, row in enumerate(rows)
        for left, cell in zip(lefts, row, strict=False)
        for below, line in enumerate(cell.split("\n"))
        if line
    ]


def grid_rules(xs: Sequence[float], ys: Sequence[float]) -> list[Rule]:
    """Return the rules of a grid between these places, from the first to the last."""
    across = [Rule(xs[0], y, xs[-1], y) for y in ys]
    return across + [Rule(x, ys[0], x, ys[-1]) for x in xs]


def column(
    lines: Sequence[str], *, x: float = 72, top: float = 700, size: float = 11, pitch: float = 13
) -> list[Printed]:
    """Return lines below each other; each leading space of a line indents it by half a letter."""
    return [
        Printed(x + (len(line) - len(line.lstrip())) * size / 2, top - number * pitch, line.strip(), size)
        for number, line in enumerate(lines)
    ]


def build(
    pages: Sequence[Sequence[Printed | Rule | Box]],
    *,
    information: dict[str, str] | None = None,
    outline: Sequence[tuple[str, int]] = (),
    labels: str = "",
    rotate: int = 0,
    crop: str = "0 0 612 792",
    picture: bool = False,
) -> bytes:
    """Build a PDF of these pages.

    `outline` gives titles and page indices, `labels` the content of a /PageLabels array, `crop` the visible area.
    """
    bodies: list[bytes] = [b"", b"", _font("Helvetica"), _font("Helvetica-Bold")]
    kids: list[int] = []
    image = _image(bodies) if picture else 0
    for printed in pages:
        stream = b"".join(item.operators() for item in printed)
        if image:
            stream += b"q 500 0 0 500 50 100 cm /Im Do Q\n"
        bodies.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        pictures = f"/XObject << /Im {image} 0 R >>" if image else ""
        bodies.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /CropBox [{crop}] /Rotate {rotate} "
            f"/Contents {len(bodies)} 0 R "
            f"/Resources << /Font << /F1 3 0 R /F2 4 0 R /F3 {_CODE} >> {pictures} >> >>".encode()
        )
        kids.append(len(bodies))
    bodies[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>".encode()
    extras = f"/PageLabels << /Nums [{labels}] >> " if labels else ""
    if outline:
        extras += f"/Outlines {_outline(bodies, outline, kids)} 0 R "
    bodies[0] = f"<< /Type /Catalog /Pages 2 0 R {extras}>>".encode()
    stated = "".join(f"/{key} ({value}) " for key, value in (information or {}).items())
    bodies.append(f"<< {stated}>>".encode("cp1252"))
    return _file(bodies)


def _font(name: str) -> bytes:
    return f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>".encode()


def _image(bodies: list[bytes]) -> int:
    bodies.append(
        b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray "
        b"/BitsPerComponent 8 /Length 1 >>\n"
        b"stream\n\x80\nendstream"
    )
    return len(bodies)


def _outline(bodies: list[bytes], entries: Sequence[tuple[str, int]], kids: Sequence[int]) -> int:
    root = len(bodies) + 1
    first, last = root + 1, root + len(entries)
    bodies.append(f"<< /Type /Outlines /First {first} 0 R /Last {last} 0 R /Count {len(entries)} >>".encode())
    for number, (title, page) in enumerate(entries):
        before = f"/Prev {first + number - 1} 0 R " if number else ""
        after = f"/Next {first + number + 1} 0 R " if number + 1 < len(entries) else ""
        target = f"/Dest [{kids[page]} 0 R /Fit]"
        bodies.append(f"<< /Title ({title}) /Parent {root} 0 R {before}{after}{target} >>".encode("cp1252"))
    return root


def _file(bodies: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.5\n")
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (len(bodies) + 1, len(bodies))
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)
