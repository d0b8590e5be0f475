"""Reads Visio drawings (.vsdx and its templates and stencils): each page is a place, with the texts of its shapes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from index.loading import metadata
from index.loading.draft import Block, Draft, field, paragraph
from index.loading.slides import Box, shapes_in_reading_order
from index.loading.xml_parts import RELATED, OfficePackage, local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.loading.draft import Content


def read(content: Content, name: str) -> Draft:
    """Return the pages of a drawing in their order. Raises DamagedFile.

    Words that a shape takes over from its stencil are not read.
    """
    blocks: list[Block] = []
    with OfficePackage(content.data, name) as package:
        for pages in package.related(package.main(), "pages"):
            for page in package.root(pages):
                number = next((link.get(f"{RELATED}id", "") for link in page.iter("{*}Rel")), "")
                if part := package.target(pages, number):
                    blocks += _page(package.root(part), page.get("Name") or page.get("NameU") or "")
    title, author, date = metadata.of_package(content.data)
    return Draft(blocks, title, author, date)


def _page(root: Any, name: str) -> list[Block]:
    blocks = [block for block in _texts(root) if block.text]
    return [replace(blocks[0], places=((0, f"page “{field(name)}”", 1),)), *blocks[1:]] if blocks else []


def _texts(parent: Any) -> Iterator[Block]:
    """Yield the texts of the shapes below an element in reading order; those of a group stay together."""
    shapes = [shape for group in parent if local(group) == "Shapes" for shape in group if local(shape) == "Shape"]
    for shape in shapes_in_reading_order(shapes, _box):
        yield from (paragraph("".join(text.itertext())) for text in shape if local(text) == "Text")
        yield from _texts(shape)


def _box(shape: Any) -> Box:
    """Return the box of a shape; Visio measures upwards, and states the middle."""
    cells = {cell.get("N", ""): cell.get("V", "") for cell in shape if local(cell) == "Cell"}
    x, y, width, height = (_number(cells.get(name, "")) for name in ("PinX", "PinY", "Width", "Height"))
    return Box(x - width / 2, -y - height / 2, x + width / 2, -y + height / 2)


def _number(stated: str) -> float:
    try:
        return float(stated)
    except ValueError:
        return 0.0
