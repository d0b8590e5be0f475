"""Presentations are read slide by slide, in reading order, with tables, charts and notes."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import pptx
import pytest
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from index.errors import DamagedFile
from index.loading.loader import load_bytes
from index.loading.slides import Box, shapes_in_reading_order
from tests.cases import cases
from tests.loading.archives import repacked, zipped
from tests.loading.office import bytes_of, pptx_of
from tests.loading.tables import places, quotation

if TYPE_CHECKING:
    from index.records import Document

TITLE_ONLY, BULLETS, BLANK = 5, 1, 6


class Slides:
    """A presentation in the making."""

    def __init__(self) -> None:
        self.made = pptx.Presentation()

    def add(self, layout: int, title: str = "", body: str = "") -> Any:
        """Add a slide, perhaps with a title and a text in its second placeholder."""
        slide = self.made.slides.add_slide(self.made.slide_layouts[layout])
        if title:
            slide.shapes.title.text = title
        if body:
            slide.placeholders[1].text = body
        return slide

    def read(self, name: str = "/talk.pptx") -> Document:
        """Save and load it."""
        return load_bytes(bytes_of(self.made), source=name)


def box(shapes: Any, left: float, top: float, words: str, width: float = 3) -> Any:
    """Add a text box; lengths are in inches."""
    made = shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(1))
    made.text_frame.text = words
    return made


def test_texts_come_in_reading_order() -> None:
    """Slides are places, whose titles are headings; rows from the top, columns from the left, groups together."""
    slides = Slides()
    slides.add(BULLETS, "Ships of the north", "Terns\nSkuas").placeholders[1].text_frame.paragraphs[1].level = 1
    box(slides.add(BLANK).shapes, 1, 1, "No title here.")
    document = slides.read()
    assert document.text == "Ships of the north\n\n- Terns\n  - Skuas\n\nNo title here."
    assert places(document) == ["slide 1, “Ships of the north”", "slide 2"]
    assert [(mark.label, mark.level) for mark in document.landmarks if mark.kind == "heading"] == [
        ("Ships of the north", 1)
    ]
    assert document.title == "Ships of the north"
    shapes = Slides()
    slide = shapes.add(TITLE_ONLY, "Order")
    box(slide.shapes, 5, 3, "right, second")
    box(slide.shapes, 5, 1.5, "right, first")
    box(slide.shapes, 1, 5, "below all", width=8)
    group = slide.shapes.add_group_shape()
    box(group.shapes, 1, 3.2, "left, second")
    box(group.shapes, 1, 1.6, "left, first")
    assert shapes.read().text.split("\n\n") == [
        "Order", "left, first", "left, second", "right, first", "right, second", "below all"
    ]  # fmt: skip


ORDERS = {
    "rows": ({"a": Box(0, 0, 9, 1), "b": Box(0, 2, 4, 3), "c": Box(5, 2, 9, 3)}, "abc"),
    "columns": ({"c": Box(5, 0, 9, 1), "b": Box(0, 2, 4, 3), "a": Box(0, 0, 4, 1.5), "d": Box(5, 1.2, 9, 3)}, "abcd"),
    "boxes upon each other": ({"b": Box(1, 1, 4, 4), "a": Box(0, 0, 9, 9)}, "ab"),
    "a small overlap": ({"b": Box(0, 1.95, 9, 3), "a": Box(0, 0, 9, 2)}, "ab"),
    "boxes without size": ({"a": Box(0, 0, 0, 0), "b": Box(0, 0, 0, 0)}, "ab"),
}


@cases(("boxes", "expected"), ORDERS.values(), ids=ORDERS.keys())
def test_boxes_are_ordered_by_the_gaps_between_them(boxes: dict[str, Box], expected: str) -> None:
    """A gap across the slide divides rows, else a gap from top to bottom divides columns."""
    assert "".join(shapes_in_reading_order(boxes, boxes.__getitem__)) == expected


def test_tables_of_slides_are_tables() -> None:
    """A merged header stands for its columns; a slide that is no XML is damage."""
    slides = Slides()
    table = slides.add(TITLE_ONLY, "Cups").shapes.add_table(3, 3, 0, Inches(2), Inches(6), Inches(2)).table
    for n, words in enumerate(["Team", "Cups", "", "", "won", "lost", "Blues", "1", "2"]):
        table.cell(n // 3, n % 3).text = words
    table.cell(0, 1).merge(table.cell(0, 2))
    document = slides.read()
    assert document.text == "Cups\n\nTeam | Cups\n| won | lost\nBlues | 1 | 2"
    assert quotation(document, "2") == "Cups, lost · Blues"
    slides = Slides()
    slides.add(TITLE_ONLY, "Ships")
    broken = repacked(bytes_of(slides.made), lambda name, part: b"<p:sld" if name == "ppt/slides/slide1.xml" else part)
    with pytest.raises(DamagedFile, match=r"talk\.pptx is a presentation that cannot be opened"):
        load_bytes(broken, source="/talk.pptx")


def test_charts_are_tables_of_their_values() -> None:
    """A row a category, a column a series, also in three dimensions, of points, and with levels of categories."""
    slides = Slides()
    chart_data: Any = CategoryChartData  # its class has no types
    data = chart_data()
    data.categories = ["North", "South"]
    data.add_series("1911", (12.5, None))
    data.add_series("1912", (13.0, 4.0))
    frame = slides.add(BLANK).shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, 0, 0, Inches(4), Inches(3), data)
    frame.chart.has_title = True
    frame.chart.chart_title.text_frame.text = "Ships by coast"
    document = slides.read()
    assert document.text == "Ships by coast\n\n| 1911 | 1912\nNorth | 12.5 | 13\nSouth |  | 4"
    assert quotation(document, "13") == "1912 · North"
    assert document.tables[0].caption == "Ships by coast"
    slides = Slides()
    bars: Any = CategoryChartData()  # type: ignore[no-untyped-call]
    bars.categories = ["North", "South"]
    bars.add_series("1911", (12.5, 4))
    points: Any = XyChartData()  # type: ignore[no-untyped-call]
    sailed = points.add_series("Miles")
    sailed.add_data_point(1.5, 20)
    sailed.add_data_point(3, 44)
    where = (0, 0, Inches(4), Inches(3))
    solid = slides.add(TITLE_ONLY, "Solid").shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *where, bars)
    plot = solid.chart._chartSpace.find(".//{*}barChart")
    plot.tag = plot.tag.replace("barChart", "bar3DChart")
    slides.add(TITLE_ONLY, "Points").shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, *where, points)
    document = slides.read()
    assert document.text == "Solid\n\n| 1911\nNorth | 12.5\nSouth | 4\n\nPoints\n\n| Miles\n1.5 | 20\n3 | 44"
    assert quotation(document, "44") == "Miles · 3"
    slides = Slides()
    nested: Any = CategoryChartData()  # type: ignore[no-untyped-call]
    year = nested.add_category("1911")
    year.add_sub_category("May")
    year.add_sub_category("June")
    nested.add_series("Ships", (3, 5))
    slides.add(BLANK).shapes.add_chart(XL_CHART_TYPE.LINE, 0, 0, Inches(4), Inches(3), nested)
    assert slides.read().text == "| Ships\nMay | 3\nJune | 5"


SHOWS = {
    ".ppsx": "application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml",
    ".potx": "application/vnd.openxmlformats-officedocument.presentationml.template.main+xml",
    ".pptm": "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml",
    ".ppsm": "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
    ".potm": "application/vnd.ms-powerpoint.template.macroEnabled.main+xml",
}


@cases(("ending", "kind"), SHOWS.items(), ids=SHOWS.keys())
def test_slide_shows_and_templates_are_read(ending: str, kind: str) -> None:
    """They are presentations whose main part is of another type."""
    plain = b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
    data = repacked(pptx_of(("Ships", "The Tern")), lambda _, part: part.replace(plain, kind.encode()))
    document = load_bytes(data, source=f"talk{ending}")
    assert places(document)[0] == "slide 1, “Ships”"
    assert "The Tern" in document.text


def test_texts_of_a_diagram_are_lines() -> None:
    """A SmartArt diagram has its texts in a part of its own."""
    slides = Slides()
    slide = slides.add(BLANK)
    frame = slide.shapes.add_table(1, 1, 0, 0, Inches(1), Inches(1))
    data = slide.part.package
    from pptx.opc.package import Part
    from pptx.opc.packuri import PackURI

    points = "".join(
        f"<dgm:pt><dgm:t><a:p><a:r><a:t>{words}</a:t></a:r></a:p></dgm:t></dgm:pt>" for words in ("Plan", "Sail")
    )
    space = "http://schemas.openxmlformats.org/drawingml/2006"
    spaces = f'xmlns:dgm="{space}/diagram" xmlns:a="{space}/main"'
    xml = f"<dgm:dataModel {spaces}><dgm:ptLst>{points}</dgm:ptLst></dgm:dataModel>"
    part = Part(PackURI("/ppt/diagrams/data1.xml"), "application/xml", data, xml.encode())
    number = slide.part.relate_to(
        part, "http://schemas.openxmlformats.org/officeDocument/2006/relationships/diagramData"
    )
    graphic = frame._element.graphic.graphicData
    graphic.set("uri", f"{space}/diagram")
    graphic.remove(graphic[0])
    from lxml import etree

    ids = etree.SubElement(graphic, f"{{{space}/diagram}}relIds")
    ids.set("{http://schemas.openxmlformats.org/officeDocument/2006/relationships}dm", number)
    assert slides.read().text == "- Plan\n- Sail"


def test_notes_and_hidden_slides_are_read() -> None:
    """Notes are a place of their own, whose name has the slide; the receipt has the numbers of hidden slides."""
    slides = Slides()
    slide = slides.add(TITLE_ONLY, "Ships")
    slide.notes_slide.notes_text_frame.text = "Mention the Tern."
    slides.add(TITLE_ONLY, "Ports")
    document = slides.read()
    assert document.text == "Ships\n\nMention the Tern.\n\nPorts"
    assert places(document) == ["slide 1, “Ships”", "slide 1, “Ships”, notes", "slide 2, “Ports”"]
    slides = Slides()
    slides.add(TITLE_ONLY, "Shown")
    slides.add(TITLE_ONLY, "Hidden")._element.set("show", "0")
    assert slides.read().notes == ("Hidden slides are read, too: 2.",)


def test_properties_of_a_presentation_are_stated_by_it() -> None:
    """A title, an author and a date, unless the template of a program left them."""
    slides = Slides()
    slides.add(TITLE_ONLY, "Ships")
    properties = slides.made.core_properties
    properties.title = "PowerPoint Presentation"
    assert slides.read().title == "Ships"
    properties.title, properties.author, properties.created = "On ships", "K. Varde", datetime.datetime(2020, 12, 5)
    properties.last_modified_by = "K. Varde"
    properties.comments = ""
    document = slides.read()
    assert (document.title, document.author, document.date) == ("On ships", "K. Varde", "2020-12-05")


R = "xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'"


def shape(words: str, x: float, y: float, inner: str = "") -> str:
    """Return the markup of a shape in Visio."""
    cells = "".join(f"<Cell N='{name}' V='{value}'/>" for name, value in (("PinX", x), ("PinY", y), ("Height", 1)))
    within = f"<Shapes>{inner}</Shapes>" if inner else ""
    return f"<Shape>{cells}<Text><cp IX='0'/>{words}</Text>{within}</Shape>"


def links(kinds: dict[str, str]) -> str:
    """Return the relationships of a part: targets with their kinds, numbered from 1."""
    each = (f"<Relationship Id='rId{n}' Type='x/{kinds[part]}' Target='{part}'/>" for n, part in enumerate(kinds, 1))
    return f"<Relationships>{''.join(each)}</Relationships>"


def page_of(*shapes: str) -> str:
    """Return the part of a page in Visio."""
    return f"<PageContents><Shapes>{''.join(shapes)}</Shapes></PageContents>"


VISIO: dict[str, str | bytes] = {
    "[Content_Types].xml": "<Types/>",
    "_rels/.rels": links({"visio/document.xml": "document"}),
    "visio/document.xml": "<VisioDocument/>",
    "visio/_rels/document.xml.rels": links({"pages/pages.xml": "pages"}),
    "visio/pages/pages.xml": (
        f"<Pages {R}><Page Name='Quays'><Rel r:id='rId2'/></Page><Page Name='Ships'><Rel r:id='rId1'/></Page></Pages>"
    ),
    "visio/pages/_rels/pages.xml.rels": links({"page1.xml": "page", "page2.xml": "page"}),
    "visio/pages/page1.xml": page_of(shape("The Tern", 1, 1)),
    "visio/pages/page2.xml": page_of(shape("below", 1, 1), shape("above", 1, 9, shape("inner", 0, 0))),
}


def test_visio_drawings_are_read_page_by_page() -> None:
    """Texts come from the top, where Visio's measures end; those of a group stay with it."""
    document = load_bytes(zipped(VISIO), source="harbour.vsdx")
    assert document.text == "above\n\ninner\n\nbelow\n\nThe Tern"
    assert places(document) == ["page “Quays”", "page “Ships”"]
    with pytest.raises(DamagedFile, match=r"harbour\.vsdx cannot be opened: its part visio/pages/page1\.xml"):
        load_bytes(zipped(VISIO | {"visio/pages/page1.xml": "<PageContents>"}), source="harbour.vsdx")
    with pytest.raises(DamagedFile, match="which of its parts is the document"):
        load_bytes(zipped(VISIO | {"_rels/.rels": "<Relationships/>"}), source="harbour.vsdx")
